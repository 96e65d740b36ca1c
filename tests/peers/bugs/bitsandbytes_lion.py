"""bitsandbytes 0.49.2, default backend, Lion: the decay is added to the gradient and vanishes in the sign."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / ".peers/bitsandbytes-0.49.2"))
import bitsandbytes  # noqa: F401  (it registers the operator)
import torch

torch.compiler.set_stance("force_eager")
lr, decay = 0.1, 0.5
theta, momentum = torch.tensor([2.0, 2.0]), torch.zeros(2)
grad = torch.tensor([1.0, -0.5])
right = theta - lr * (torch.sign(grad) + decay * theta)
torch.ops.bitsandbytes.optimizer_update_32bit(
    "lion", grad, theta, momentum, None, None, 0.0, 0.0, 0.9, 0.99, 0.0, 0.0, 0.0, decay, 1, lr, 1.0
)
print(f"formula {right.tolist()}\nrelease {theta.tolist()}")
sys.exit(int(bool(torch.allclose(right, theta))))
