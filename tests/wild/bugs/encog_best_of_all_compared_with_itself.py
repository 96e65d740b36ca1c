"""A particle is compared with the present best of the best one, and so the best one's own progress goes unseen."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Encog",
    language="Java",
    link="https://github.com/jeffheaton/encog-java-core/pull/227",
    date="2016-06-06",
    operation="claps.pso",
    kind="wrong_order",
)


class PromptPSO:
    def __init__(self, score, init, nu):
        self.score = score
        self.positions = init.copy()
        self.velocities = np.repeat(nu[:, None], init.shape[1], axis=1)
        self.best_vectors = init.copy()
        self.best_scores = np.array([score(row) for row in init])
        self.best_index, self.best_vector, self.error = -1, None, None
        self.update_global_best_position()

    def update_global_best_position(self):
        best_updated = False
        current_best = self.error  # was:
        for i in range(len(self.best_scores)):
            # was: if self.best_index == -1 or self.best_scores[i] > self.best_scores[self.best_index]:
            if self.best_index == -1 or self.best_scores[i] > current_best:  # was:
                self.best_index = i
                best_updated = True
                current_best = self.best_scores[i]  # was:
        if best_updated:
            self.best_vector = self.best_vectors[self.best_index].copy()
            self.error = self.best_scores[self.best_index]

    def update_velocities(self, inertia):
        to = lambda a, b: np.where(a == b, -3.0, 3.0)
        pull = to(self.positions, self.best_vectors) + to(self.positions, self.best_vector)
        self.velocities = inertia * self.velocities + (1 - inertia) * pull
        return 1 / (1 + np.exp(-self.velocities))

    def update_personal_best_positions(self):
        for i, row in enumerate(self.positions):
            value = self.score(row)
            if value > self.best_scores[i]:
                self.best_scores[i] = value
                self.best_vectors[i] = row


def answer(U, Q, vocab, init, nu, gate1, gate2, mut_gate, mut_pos, mut_token, move1, move2):
    places = np.arange(init.shape[1])
    score = lambda row: U[places, vocab[row]].sum() + Q[vocab[row[:-1]], vocab[row[1:]]].sum()
    pso, seen = PromptPSO(score, init, nu), ([], [])
    for i in range(len(gate1)):
        share = i / len(gate1)
        chance = pso.update_velocities(0.6 * (1 - share) + 0.2)
        own = (gate1[i] < 0.8 - 0.6 * share)[:, None] & (move1[i] < chance)
        pso.positions = np.where(own, pso.best_vectors, pso.positions)
        common = (gate2[i] < 0.2 + 0.6 * share)[:, None] & (move2[i] < chance)
        pso.positions = np.where(common, pso.best_vector, pso.positions)
        for n in np.flatnonzero(mut_gate[i] < 0.1):
            pso.positions[n, int(mut_pos[i, n] * len(places))] = int(mut_token[i, n] * len(vocab))
        pso.update_personal_best_positions()
        pso.update_global_best_position()
        seen[0].append(vocab[pso.positions])
        seen[1].append(pso.velocities)
    return np.array(seen[0]), np.array(seen[1]), pso.best_scores, vocab[pso.best_vector], pso.error
