"""The mean score of a child is taken over the visits of its parent."""

import math

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="zxqfl/mcts",
    link="https://github.com/zxqfl/mcts/pull/2",
    date="2019-03",
    operation="deeparchitect.uct_select",
    kind="wrong_constant",
    language="Rust",
)


def choose_child(moves, total_visits, exploration_constant):
    adjusted_total = math.log(total_visits)
    scores = []
    for child_visits, sum_rewards in moves:
        if child_visits == 0:
            scores.append(math.inf)
            continue
        explore_term = exploration_constant * math.sqrt(2 * adjusted_total / child_visits)
        mean_action_value = sum_rewards / child_visits  # was: mean_action_value = sum_rewards / total_visits
        scores.append(explore_term + mean_action_value)
    return scores


def answer(visits, sums, parent, c, r):
    scores = choose_child(list(zip(visits.tolist(), sums.tolist(), strict=True)), parent, c)
    top = max(scores)
    best = [i for i, score in enumerate(scores) if score == top]
    return np.array(scores), best[int(r * len(best))]
