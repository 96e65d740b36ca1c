"""pip tomesd on token reduction: it merges the tokens most like another one; here those with the least attention."""

import numpy as np
import torch
from tomesd.merge import bipartite_soft_matching_random2d

from refimpl.oracle.candidates import NotApplicable


def keep(attention, count):
    """A row of tokens behind one that all may go into; the cosine with it is minus the attention, of size 1 at most."""
    S, N = attention.shape
    if count == N:
        raise NotApplicable("it does nothing where none goes")
    a = torch.from_numpy(attention / max(1.0, np.abs(attention).max()))
    a = torch.nn.functional.pad(a, (1, 0), value=-1.0)
    metric = torch.stack([-a, (1 - a**2).sqrt()], dim=-1)
    merge, _ = bipartite_soft_matching_random2d(metric, N + 1, 1, N + 1, 1, N - count, no_rand=True)
    places = torch.arange(N + 1, dtype=torch.float64)[None, :, None].expand(S, -1, -1)
    return np.sort(merge(places)[:, :count, 0].numpy(), axis=1).astype(int) - 1
