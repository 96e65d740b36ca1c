"""rotary-embedding-torch 0.9.1 and x-transformers 2.31.10, `RotaryEmbedding`: two coordinates are one pair, and raise.

rotary_embedding_torch/rotary_embedding_torch.py, `__init__`: `theta *= theta_rescale_factor ** (dim / (dim - 2))`,
and x_transformers/x_transformers.py, `__init__`: `base *= base_rescale_factor ** (dim / (dim - 2))`, divide by 0 at
dim = 2, also where the factor is 1 and nothing is rescaled. One pair turns by the position itself, whatever the base:
`if dim > 2:` before the line mends it. `python tests/peers/bugs/rotary_one_pair.py [FOLDER FOLDER]`
"""

import sys

sys.path[:0] = sys.argv[1:] or [".peers/rotary-embedding-torch-0.9.1", ".peers/x-transformers-2.31.10"]
from rotary_embedding_torch import RotaryEmbedding  # noqa: E402 - the folders come first
from x_transformers.x_transformers import RotaryEmbedding as Other  # noqa: E402

wrong = []
for name, cls in (("rotary-embedding-torch", RotaryEmbedding), ("x-transformers", Other)):
    try:
        cls(2)
        print(f"{name}: dim = 2 can be made")
        wrong.append(False)
    except ZeroDivisionError as error:
        print(f"{name}: dim = 2: formula one pair with angles 0, 1, 2, ..., release {type(error).__name__}: {error}")
        wrong.append(True)
sys.exit(0 if all(wrong) else 2 if any(wrong) else 1)
