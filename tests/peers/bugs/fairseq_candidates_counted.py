"""fairseq 0.12.2, `DiverseBeamSearch`: a group is penalised for all candidates of earlier groups, not for their beams.

fairseq/search.py, line 610: `diversity_buf.scatter_add_(1, indices_buf, ...)` counts the 2 B' candidates that
`BeamSearch.step` returns in case some of them end; B' of them go on. Equation 5 of Vijayakumar et al. (2016) has the
tokens of the earlier groups' beams. `indices_buf[:, : beam_size // self.num_groups]` in its place mends it, where none
ends. Without the rest of the package. `python tests/peers/bugs/fairseq_candidates_counted.py [FOLDER]`
"""

import sys
from importlib.util import find_spec, module_from_spec

sys.path[:0] = sys.argv[1:] or [".peers/fairseq-0.12.2"]
sys.modules["fairseq"] = module_from_spec(find_spec("fairseq"))
import torch  # noqa: E402
from fairseq.search import DiverseBeamSearch  # noqa: E402 - the folder comes first


class Words(dict):
    pad = unk = eos = lambda self: 4


p = torch.tensor([0.4, 0.3, 0.2, 0.1, 0.0])
rule = DiverseBeamSearch(Words.fromkeys(range(5)), num_groups=2, diversity_strength=0.5)
_, tokens, _ = rule.step(0, p.log().expand(1, 2, 5), None)
after_one = p.log() - 0.5 * torch.tensor([1.0, 0, 0, 0, 0])  # the first group has one beam, which takes token 0
print(f"the beam of the second group: formula token {after_one.argmax()}, release token {tokens[0, 1]}")
sys.exit(int(tokens[0, 1] == after_one.argmax()))
