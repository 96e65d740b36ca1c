"""pip fairseq: the steps of its beam searches, on a table; what comes after the end of a sequence is not asked."""

import numpy as np
import torch
from parts import bare

bare("fairseq")

from fairseq import search as rules  # noqa: E402

from refimpl.oracle.candidates import NotApplicable  # noqa: E402


class _Words(dict):
    """As many words as there are tokens and one more for padding, which is never likely."""

    def pad(self):
        return len(self) - 1

    unk = eos = pad


def _decoded(make, first, table, length, width, *settings):
    """Of its candidates, twice as many, the first ones go on, as in its generator."""
    if np.isinf(first).any() or np.isinf(table).any():
        raise NotApplicable("it takes as many as there are beams, whether they can be or not")
    words = _Words.fromkeys(range(len(first) + 1))
    rule = make(words, *settings)
    rows = torch.tensor(np.pad(np.vstack([table, first]), ((0, 0), (0, 1)), constant_values=-np.inf))
    tokens, scores = torch.full((width, 1), len(first)), torch.zeros(1, width, 0, dtype=rows.dtype)
    for step in range(length):
        given = scores if step else None
        found = [part[:, :width] for part in rule.step(step, rows[tokens[:, -1]][None], given)]
        if found[0].shape[1] < width or not torch.isfinite(found[0]).all():
            raise NotApplicable("it always takes as many as there are beams")
        score, token, beam = found
        tokens = torch.cat([tokens[beam[0]], token.T], dim=1)
        scores = torch.cat([scores[:, beam[0]], score[..., None]], dim=2)
    return tokens[:, 1:].numpy(), scores[0, :, -1].numpy()


def search(first, table, vectors, length, width, groups, strength, kind, temperature, n, eos):
    """`DiverseBeamSearch`, whose groups take turns in the rows."""
    if kind != "hamming" or eos >= 0:
        raise NotApplicable("it has the Hamming form alone, and its steps do not know the end")
    make = rules.DiverseBeamSearch
    tokens, score = _decoded(make, first, table, length, width, groups, float(strength))
    order = np.arange(width).reshape(-1, groups).T.ravel()
    return {"tokens": tokens[order], "score": score[order]}


def sibling_rank(first, table, length, width, strength, eos):
    """`DiverseSiblingsSearch`."""
    if eos >= 0:
        raise NotApplicable("its steps do not know the end")
    if 2 * width > len(first) + 1:
        raise NotApplicable(
            "it asks each beam for twice as many tokens as there are beams, and raises where there are not"
        )
    tokens, score = _decoded(rules.DiverseSiblingsSearch, first, table, length, width, float(strength))
    return {"tokens": tokens, "score": score}
