"""Before the first token all beams are alike, and all are expanded, so that one sequence comes back many times."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="ParlAI",
    link="https://github.com/facebookresearch/ParlAI/pull/2047",
    date="2019-10",
    operation="diverse_beam.search",
    kind="missing_step",
)


class BeamSearch:
    def __init__(self, beam_size):
        self.beam_size = beam_size
        self.scores = np.zeros(beam_size)
        self.outputs = np.zeros((beam_size, 0), int)

    def select_paths(self, logprobs):
        beam_scores = logprobs + self.scores[:, None]
        if not self.outputs.shape[1]:  # was:
            beam_scores = beam_scores[:1]  # was:
        best = np.argsort(-beam_scores, axis=None, kind="stable")[: self.beam_size]
        return best // logprobs.shape[1], best % logprobs.shape[1], beam_scores.ravel()[best]

    def advance(self, logprobs):
        hyp_ids, tok_ids, self.scores = self.select_paths(logprobs)
        self.outputs = np.concatenate([self.outputs[hyp_ids], tok_ids[:, None]], axis=1)


def answer(first, table, vectors, length, width, groups, strength, kind, temperature, n, eos):
    if groups > 1 or eos >= 0 or length < 2 or width > len(first):
        raise NotApplicable("one group, without an end, with tokens enough")
    beam = BeamSearch(width)
    for step in range(length):
        beam.advance(table[beam.outputs[:, -1]] if step else np.tile(first, (width, 1)))
    return beam.outputs, beam.scores, beam.scores, length * width
