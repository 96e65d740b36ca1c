"""pip pyswarms on particle swarm search of prompts: its velocity, its sigmoid and its bests, on a loop of ours."""

import logging.config
from unittest import mock

import numpy as np

logging.config.dictConfig = lambda config: None  # each of its objects would open report.log where it is run

from pyswarms.backend import compute_pbest, compute_velocity  # noqa: E402
from pyswarms.backend.handlers import VelocityHandler  # noqa: E402
from pyswarms.backend.swarms import Swarm  # noqa: E402
from pyswarms.backend.topology import Star  # noqa: E402
from pyswarms.discrete import BinaryPSO  # noqa: E402


def _velocity(v, pulls, omega):
    """Its rule with draws of 1: the pulls of the rule stand for the ways to the bests."""
    weights = {"w": omega, "c1": 1 - omega, "c2": 1 - omega}
    swarm = Swarm(position=np.zeros_like(v), velocity=v, options=weights, pbest_pos=pulls[0], best_pos=pulls[1])
    with mock.patch.object(np.random, "uniform", lambda low, high, size: np.ones(size)):
        return compute_velocity(swarm, None, VelocityHandler(strategy="unmodified"))


def pso(U, Q, vocab, init, nu, gate1, gate2, mut_gate, mut_pos, mut_token, move1, move2):
    """Costs are minus the rewards."""
    T, L, star = len(gate1), len(U), Star()

    def cost(x):
        z = vocab[x]
        return -(U[np.arange(L), z].sum(axis=1) + Q[z[:, :-1], z[:, 1:]].sum(axis=1))

    x, v = init, np.repeat(nu[:, None], L, axis=1)
    swarm = Swarm(position=x, velocity=v, pbest_pos=x, pbest_cost=cost(x), best_cost=np.inf)
    swarm.best_pos, swarm.best_cost = star.compute_gbest(swarm)
    positions, velocities = [], []
    for i in range(T):
        done = i / T
        omega, c1, c2 = 0.6 * (T - i) / T + 0.2, 0.8 - 0.6 * done, 0.2 + 0.6 * done
        v = _velocity(v, [np.where(x == best, -3.0, 3.0) for best in (swarm.pbest_pos, swarm.best_pos)], omega)
        chance = BinaryPSO._sigmoid(None, v)
        x = np.where((gate1[i] < c1)[:, None] & (move1[i] < chance), swarm.pbest_pos, x)
        x = np.where((gate2[i] < c2)[:, None] & (move2[i] < chance), swarm.best_pos, x)
        place, token = np.floor(mut_pos[i] * L).astype(int), np.floor(mut_token[i] * len(vocab)).astype(int)
        x = np.where((mut_gate[i] < 0.1)[:, None] & (np.arange(L) == place[:, None]), token[:, None], x)
        swarm.position, swarm.current_cost = x, cost(x)
        swarm.pbest_pos, swarm.pbest_cost = compute_pbest(swarm)
        swarm.best_pos, swarm.best_cost = star.compute_gbest(swarm)
        positions.append(vocab[x])
        velocities.append(v)
    best = vocab[swarm.best_pos], np.asarray(-swarm.best_cost)
    return np.stack(positions), np.stack(velocities), -swarm.pbest_cost, *best
