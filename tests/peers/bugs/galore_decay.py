"""galore-torch 1.0 and apollo-torch 1.0.3, AdamW: the decay sees the parameters that Adam's step has already moved.

galore_torch/adamw.py and apollo_torch/apollo.py, end of `step`: `p.add_(p, alpha=-lr * weight_decay)` comes after the
step. Their docstring names the paper (arXiv:1711.05101), whose Algorithm 2, line 12, subtracts lr * weight_decay times
the parameters before the step. Moving these two lines before `p.add_(norm_grad, alpha=-step_size)` mends it. They come
from Transformers, where the class was deprecated for PyTorch's.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / ".peers/galore-torch-1.0"))
sys.path.insert(1, str(Path(__file__).parents[3] / ".peers/apollo-torch-1.0.3"))
sys.path.insert(2, str(Path(__file__).parents[3] / ".peers/transformers-4.55.4"))
import torch
from apollo_torch import APOLLOAdamW
from galore_torch import GaLoreAdamW

right, wrong = 1 - 0.5 * (1 + 0.2 * 1), []  # the first step of Adam has the length lr
for kind in (GaLoreAdamW, APOLLOAdamW):
    parameter = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
    rule = kind([parameter], lr=0.5, eps=1e-12, weight_decay=0.2, no_deprecation_warning=True)
    parameter.grad = torch.ones_like(parameter)
    rule.step()
    print(f"{kind.__module__}: formula {right:.6f}, release {parameter.item():.6f}")
    wrong.append(abs(parameter.item() - right) > 1e-6)
sys.exit(int(not all(wrong)))
