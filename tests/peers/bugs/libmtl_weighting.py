"""LibMTL, CAGrad, IMTL: CAGrad raises for any number of tasks but three, IMTL gives NaN where a gradient is 0.

Shown without any other library than PyTorch and SciPy.

`python tests/peers/bugs/libmtl_weighting.py [FOLDER]`, the folder into which LibMTL was installed.
"""

import sys
from importlib.util import find_spec, module_from_spec

import torch

sys.path[:0] = sys.argv[1:] or [".peers/LibMTL-1.1.5"]
sys.modules["LibMTL"] = module_from_spec(find_spec("LibMTL"))  # itself it asks for an old torchvision
from LibMTL.weighting.CAGrad import CAGrad  # noqa: E402 - the folder comes first
from LibMTL.weighting.IMTL import IMTL  # noqa: E402


def direction(kind, gradients, **settings):
    """What is left in the gradient of the shared parameters."""
    shared = torch.nn.Parameter(torch.zeros(gradients.shape[1]))
    rule = kind()
    rule.task_num, rule.device, rule.rep_grad = len(gradients), torch.device("cpu"), False
    rule.get_share_params = lambda: [shared]
    rule.zero_grad_share_params = lambda: shared.grad.zero_()
    rule.init_param()
    rule.backward(gradients @ shared, **settings)
    return shared.grad.tolist()


print("CAGrad, three tasks:", direction(CAGrad, torch.eye(3), calpha=0.4, rescale=1))
wrong = []
try:
    print("CAGrad, two tasks:  ", direction(CAGrad, torch.eye(2), calpha=0.4, rescale=1))
    wrong.append(False)
except ValueError as error:  # the number of tasks is written into its code
    print("CAGrad, two tasks:  ", error)
    wrong.append(True)
print("IMTL, gradients (1, 0) and (0, 1):", direction(IMTL, torch.eye(2)))
found = direction(IMTL, torch.tensor([[1.0, 0.0], [0.0, 0.0]]))
print("IMTL, gradients (1, 0) and (0, 0):", found)
wrong.append(found[0] != found[0])
sys.exit(0 if all(wrong) else 2 if any(wrong) else 1)
