"""Sophia-Optimizer 0.2.5, SophiaG: a step takes its gradient into the momentum twice, and into the curvature as well.

sophia/sophia.py: `step` calls `update_exp_avg`, and `_single_tensor_sophiag` then averages the same gradient in once
more; it calls `update_hessian` too, with the gradient of the training labels, in each step. The README has
m_t = beta1 m_(t-1) + (1 - beta1) g_t, and takes in an estimate from sampled labels every k steps. Without these two
calls in `step` it is the rule, where the training loop calls `update_hessian` itself.
"""

import sys
from importlib.util import find_spec, module_from_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / ".peers/Sophia-Optimizer-0.2.5"))
import torch

sys.modules["sophia"] = module_from_spec(find_spec("sophia"))  # itself it asks its file for what is not there
from sophia.sophia import SophiaG  # noqa: E402 - the stand-in comes first

parameter = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
rule = SophiaG([parameter], betas=(0.5, 0.9))
parameter.grad = torch.ones_like(parameter)
rule.step(bs=1)
m, h = (rule.state[parameter][name].item() for name in ("exp_avg", "hessian"))
print(f"one gradient of 1, beta1 = 0.5: formula m = 0.5, release {m}")
print(f"no estimate has been asked for: formula h = 0, release {h:.3g}")
wrong = [m != 0.5, h != 0]
sys.exit(0 if all(wrong) else 2 if any(wrong) else 1)
