"""dataflex 1.1.0, LossWeighter: the strategy "uniform" gives the largest loss the most weight."""

import sys
from importlib.util import find_spec, module_from_spec
from unittest.mock import MagicMock

import torch

sys.path[:0] = sys.argv[1:] or [".peers/dataflex-1.1.0"]
for name in ("dataflex", "dataflex.train", "dataflex.train.weighter"):  # without what they import
    sys.modules[name] = module_from_spec(find_spec(name))
for name in ("apex", "accelerate", "accelerate.utils", *(f"transformers{x}" for x in ("", ".training_args", ".utils"))):
    sys.modules[name] = MagicMock()  # which the rule does not use
from dataflex.train.weighter.loss_weighter import LossWeighter  # noqa: E402 - the folder comes first

losses = torch.tensor([1.0, 2.0, 3.0, 6.0], requires_grad=True)
LossWeighter(strategy="uniform").get_weighted_loss(losses).backward()  # of which the weights are the derivatives
print(f"weights of losses 1, 2, 3, 6: formula 0.25 each, release {[round(w, 3) for w in losses.grad.tolist()]}")
sys.exit(int(bool(torch.allclose(losses.grad, torch.full((4,), 0.25)))))
