"""pip dataflex: `LossWeighter`, whose weights are the derivatives of the loss that it answers."""

import numpy as np
from parts import absent, bare

bare("dataflex", "dataflex.train", "dataflex.train.weighter")
absent("apex", "accelerate", "accelerate.utils", "transformers", "transformers.training_args", "transformers.utils")

import torch  # noqa: E402
from dataflex.train.weighter.loss_weighter import LossWeighter  # noqa: E402

from refimpl.oracle.candidates import NotApplicable  # noqa: E402


def weights(losses, strategy, delta, r):
    """Its temperature is an attribute, which the constructor sets to 1."""
    if strategy == "upper":
        raise NotApplicable("it has no such strategy")
    weighter = LossWeighter(strategy=strategy, delta=delta)
    weighter.r = r
    at = torch.tensor(losses, requires_grad=True)
    weighter.get_weighted_loss(at).backward()
    return {"w": at.grad.numpy()}


def sequence_losses(logits, labels):
    """`_per_sample_loss_from_logits`, with -100 for labels that do not count."""
    weighter, targets = LossWeighter(), torch.tensor(np.where(labels < 0, -100, labels))
    return {"losses": weighter._per_sample_loss_from_logits(torch.tensor(logits), targets).numpy()}
