"""Groups of beams are penalised for all candidates that earlier groups put forward, not for those they keep."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="fairseq",
    link="https://github.com/facebookresearch/fairseq/pull/5069",
    date="2023-04-11",
    operation="diverse_beam.search",
    kind="wrong_constant",
)


class BeamSearch:
    def step(self, step, lprobs, scores, candidate_multiple):
        beam_size, vocab_size = lprobs.shape
        lprobs = lprobs[:1] if step == 0 else lprobs + scores[:, None]
        found = np.argsort(-lprobs, axis=None, kind="stable")[: candidate_multiple * beam_size]
        return lprobs.ravel()[found], found % vocab_size, found // vocab_size


class DiverseBeamSearch:
    def __init__(self, num_groups, diversity_strength):
        self.num_groups = num_groups
        self.diversity_strength = diversity_strength
        self.candidate_multiple = 1  # was: self.candidate_multiple = 2
        self.beam = BeamSearch()

    def step(self, step, lprobs, scores):
        size = len(lprobs) // self.num_groups
        diversity, kept = np.zeros(lprobs.shape[1]), []
        for first in range(0, len(lprobs), size):
            own = slice(first, first + size)
            penalised = lprobs[own] - self.diversity_strength * diversity
            found = self.beam.step(step, penalised, scores[own], self.candidate_multiple)
            np.add.at(diversity, found[1], 1.0)
            kept.append((found[0][:size], found[1][:size], found[2][:size] + first))
        return [np.concatenate(parts) for parts in zip(*kept, strict=True)]


def answer(first, table, vectors, length, width, groups, strength, kind, temperature, n, eos):
    impossible = np.isinf(first).any() or np.isinf(table).any() or width // groups > len(first)
    if kind != "hamming" or eos >= 0 or impossible:
        raise NotApplicable("the Hamming form, without an end, with tokens enough")
    search = DiverseBeamSearch(groups, strength)
    tokens, scores = np.zeros((width, 0), int), np.zeros(width)
    for step in range(length):
        lprobs = np.tile(first, (width, 1)) if step == 0 else table[tokens[:, -1]]
        scores, words, beams = search.step(step, lprobs, scores)
        tokens = np.concatenate([tokens[beams], words[:, None]], axis=1)
    raw = first[tokens[:, 0]] + table[tokens[:, :-1], tokens[:, 1:]].sum(axis=1)
    return tokens, scores, raw, length * width
