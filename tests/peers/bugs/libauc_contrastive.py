"""LibAUC, contrastive losses: first visits are those of whole batches; the gradient of `GCLoss_v2` grows with it.

Shown on a batch of four, without any other library than PyTorch.

`python tests/peers/bugs/libauc_contrastive.py [FOLDER]`, the folder into which libauc was installed.
"""

import contextlib
import io
import sys

import torch

sys.path[:0] = sys.argv[1:] or [".peers/libauc-2.0.1"]
from libauc.losses.contrastive import GCLoss_v1, GCLoss_v2  # noqa: E402 - the folder comes first

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
n, k = 4, 3


def made(kind, **settings):
    with contextlib.redirect_stdout(io.StringIO()):
        return kind(N=8, device="cpu", tau=0.5, gamma=0.25, **settings)


# 1. A new sample in a batch with known ones: its first estimate is multiplied with gamma.
first, second = torch.randn(n, k), torch.randn(n, k)
alone, mixed = made(GCLoss_v1), made(GCLoss_v1)
mixed.u[1:4] = 1.0  # three samples of the batch have been seen, sample 0 has not
for loss in (alone, mixed):
    loss(first, second, torch.arange(n))
print("GCLoss_v1, s of sample 0 after its first batch, in which all are new: ", alone.u[0].item())
print("the same batch, but the three others are known:                      ", mixed.u[0].item())
quotient = (mixed.u[0] / alone.u[0]).item()
print("their quotient, which should be 1 and is gamma = 0.25:               ", quotient)

# 2. GCLoss_v2 on first visits: the partner of an anchor should be pulled by -1 / B on each side, whatever B.
scales = []
for size in (2, 4, 8):
    S = torch.zeros(size, size, requires_grad=True)  # beside the identity: rows that are their own similarities
    value, _ = made(GCLoss_v2, enable_isogclr=True)(S, torch.eye(size), torch.arange(size))
    value.backward()
    scales.append(S.grad[0, 0].item() / (-2 / size))
    print(f"GCLoss_v2, derivative in S_00 for B = {size}: {S.grad[0, 0]:.4f}; expected: {-2 / size:.4f}")
print("their quotients, (B - 1) / 2:", scales)
wrong = [abs(quotient - 1) > 1e-6, max(abs(scale - 1) for scale in scales) > 1e-6]
sys.exit(0 if all(wrong) else 2 if any(wrong) else 1)
