"""The chances that are compared with the draw are the single ones and not their sums."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Godot Roguelike Tutorial",
    language="GDScript",
    link="https://github.com/SelinaDev/Godot-Roguelike-Tutorial/issues/8",
    date="2023-12-01",
    operation="srrw.srrw_steps",
    kind="missing_step",
)


class DungeonGenerator:
    def __init__(self, randf):
        self.randf = randf

    def pick_weighted(self, weighted_chances):
        keys = []
        cumulative_chances = []
        total = 0.0
        for key in weighted_chances:
            keys.append(key)
            chance = weighted_chances[key]
            total += chance
            cumulative_chances.append(total)  # was: cumulative_chances.append(chance)
        random_chance = self.randf() * total
        selection = keys[-1]
        for i in range(len(cumulative_chances)):
            if cumulative_chances[i] > random_chance:
                selection = keys[i]
                break
        return selection


def pick(weights, draw):
    return DungeonGenerator(lambda: draw).pick_weighted(dict(enumerate(weights)))


def answer(P, mu, alpha, x0, node0, u, gamma):
    node, x = int(node0), x0.astype(float)
    nodes, xs = [], []
    for draw, rate in zip(u, gamma, strict=True):
        log = np.full(len(mu), -np.inf)
        ways = P[node] > 0
        log[ways] = np.log(P[node][ways]) - alpha * (np.log(x[ways]) - np.log(mu[ways]))
        node = pick(np.exp(log - log.max()), draw)
        visit = np.zeros(len(mu))
        visit[node] = 1
        x = x + rate * (visit - x)
        nodes.append(node)
        xs.append(x)
    return np.array(nodes, dtype=float), np.stack(xs)
