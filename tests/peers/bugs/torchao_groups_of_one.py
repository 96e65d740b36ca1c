"""torchao 0.18.0, `choose_qparams_affine`: with groups of one number all numbers share one step.

torchao/quantization/quant_primitives.py, line 1544, `_choose_qparams_affine`, and lines 1326, 1397, 1620 alike:
`torch.amin(input, dim=reduction_dims)`. Of groups of one number no axis is reduced, `reduction_dims` is empty, and an
empty list means all axes to PyTorch. `quantize_affine`, handed that step, raises RuntimeError. Each number is its own
minimum: `... if reduction_dims else input` mends it. `python tests/peers/bugs/torchao_groups_of_one.py [FOLDER]`
"""

import sys

sys.path[:0] = sys.argv[1:] or [".peers/torchao-0.18.0"]
import torch  # noqa: E402 - the folder comes first
from torchao.quantization.quant_primitives import MappingType, choose_qparams_affine, quantize_affine  # noqa: E402

x = torch.tensor([[1.0, 2.0, 5.0]])
step, zero = choose_qparams_affine(x, MappingType.ASYMMETRIC, (1, 1), torch.uint8)
print(f"three groups of one number: formula the steps {(x / 255).tolist()}, release {step.tolist()}")
try:
    print("codes:", quantize_affine(x, (1, 1), step, zero, torch.uint8).tolist())
except RuntimeError as error:
    print(f"and its codes: RuntimeError: {error}")
sys.exit(int(step.numel() == x.numel()))
