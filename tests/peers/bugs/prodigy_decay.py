"""prodigyopt 1.1.2 and dadaptation 3.2: with use_bias_correction the decay is multiplied by Adam's correction.

prodigyopt/prodigy.py, `step`: `p.data.add_(p.data, alpha=-decay * dlr)`, in which `dlr` already holds
sqrt(1 - beta2^t) / (1 - beta1^t), 0.32 in the first step with the usual rates. The documentation has decay "in the
style of AdamW", which is lr times weight_decay: `alpha=-decay * d * lr` mends it. DAdaptAdam has the same line.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / ".peers/prodigyopt-1.1.2"))
sys.path.insert(1, str(Path(__file__).parents[3] / ".peers/dadaptation-3.2"))
import torch
from dadaptation import DAdaptAdam
from prodigyopt import Prodigy

wrong = []
for kind, more in ((Prodigy, {"d_coef": 1e-300}), (DAdaptAdam, {"growth_rate": 1.0})):
    parameter = torch.nn.Parameter(torch.tensor([1.0, 5.0], dtype=torch.float64))
    rule = kind([parameter], lr=0.1, weight_decay=0.5, d0=1.0, decouple=True, use_bias_correction=True, **more)
    parameter.grad = torch.tensor([1.0, 0.0], dtype=torch.float64)  # the second parameter has nothing but its decay
    rule.step()
    print(f"{kind.__name__}: formula 5 (1 - lr weight_decay) = {5 * 0.95}, release {parameter[1].item():.6f}")
    wrong.append(abs(parameter[1].item() - 4.75) > 1e-6)
sys.exit(0 if all(wrong) else 2 if any(wrong) else 1)
