"""All groups of beams put what they finish into one pool, which the first groups fill: the others are not heard."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="transformers",
    link="https://github.com/huggingface/transformers/pull/24407",
    date="2023-06",
    operation="diverse_beam.search",
    kind="wrong_output",
    skip={"ties": "which of equal candidates comes first is up to the sorting"},
)


class BeamHypotheses:
    def __init__(self, num_beams):
        self.num_beams, self.beams = num_beams, []

    def add(self, hyp, score):
        self.beams = sorted([*self.beams, (score, hyp)], key=lambda beam: -beam[0])[: self.num_beams]

    def is_done(self, best_score):
        return len(self.beams) == self.num_beams and self.beams[-1][0] >= best_score


class BeamSearchScorer:
    def __init__(self, num_beams, num_groups, eos_token_id):
        self.group_size, self.eos_token_id = num_beams // num_groups, eos_token_id
        size, pools = self.group_size, num_groups  # was: size, pools = num_beams, 1
        self.hyps = ([BeamHypotheses(size) for _ in range(pools)] * num_groups)[:num_groups]
        self.done = [False] * num_groups

    def process(self, group, beams, candidates):
        running = []
        for rank, (score, beam, token) in enumerate(candidates):
            hyp = (*beams[beam][1], token)
            if token != self.eos_token_id:
                running.append((score, hyp))
            elif rank < self.group_size:
                self.hyps[group].add(hyp, score)
        self.done[group] = self.hyps[group].is_done(candidates[0][0])
        return running[: self.group_size]

    def finalize(self, groups):
        for group, beams in enumerate(groups):
            for score, hyp in beams if not self.done[group] else []:
                self.hyps[group].add(hyp, score)
        pools = {id(pool): pool for pool in self.hyps}.values()
        return sorted((beam for pool in pools for beam in pool.beams), key=lambda beam: -beam[0])


def answer(first, table, vectors, length, width, groups, strength, kind, temperature, n, eos):
    size = width // groups
    if kind != "hamming" or np.isinf(first).any() or np.isinf(table).any() or 2 * size > len(first):
        raise NotApplicable("the Hamming form, with tokens enough")
    scorer, state, rows = BeamSearchScorer(width, groups, eos), [[(0.0, ())]] * groups, 0
    for _ in range(length):
        taken = np.zeros(len(first))
        for group in range(groups):
            if scorer.done[group]:
                taken[eos] += size
                continue
            every, rows = [], rows + size
            for beam, (score, hyp) in enumerate(state[group]):
                logp = (table[hyp[-1]] if hyp else first) - strength * taken
                every += [(score + x, beam, token) for token, x in enumerate(logp)]
            candidates = sorted(every, key=lambda candidate: -candidate[0])[: 2 * size]
            state[group] = scorer.process(group, state[group], candidates)
            np.add.at(taken, [hyp[-1] for _, hyp in state[group]], 1.0)
    found = scorer.finalize(state)
    tokens, scores, raw = np.full((width, length), -1), np.full(width, -np.inf), np.full(width, -np.inf)
    for row, (score, hyp) in enumerate(found):
        tokens[row, : len(hyp)], scores[row] = hyp, score
        raw[row] = first[hyp[0]] + table[list(hyp[:-1]), list(hyp[1:])].sum()
    return tokens, scores, raw, rows
