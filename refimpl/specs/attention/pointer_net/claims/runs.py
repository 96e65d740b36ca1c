"""Data, training runs and rivals without a network, of the experiments with pointer networks."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from refimpl.attention import _pointer_net_tasks as tasks
from refimpl.attention import pointer_net as pn
from refimpl.core.random import stream

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#777777"  # Okabe and Ito
LIKE = np.zeros(1, dtype=np.float32)
H, BATCH, STEPS, TESTED = 48, 64, 2000, 500
TARGETS = {
    "hull": tasks.hull_target,
    "tour": lambda P: tasks.tour_target(P).C,
    "delaunay": lambda P: tasks.delaunay_target(P).C,
}


class Data(NamedTuple):
    """Inputs of one length, and their answers."""

    P: np.ndarray  # [S, n, 2] float32
    C: np.ndarray  # [S, m]


@lru_cache(maxsize=8)
def data(task, seed, name, n, count):
    """Uniform points and their answers."""
    P = stream(seed, "pointer_net", "data", name, n).uniform(size=(count, n, 2)).astype(np.float32)
    return Data(P, TARGETS[task](P))


def tested(task, seed, n):
    """Inputs that no training has seen."""
    return data(task, seed, "test", n, TESTED)


@lru_cache(maxsize=4)
def trained(
    task, seed, *, lengths=(4, 5, 6), count=8000, steps=STEPS, lr=0.01, scale=None, dictionary=0, attention=True
):
    """A network, and the losses of its training, each batch of one length."""
    sets = [data(task, seed, "train", n, count) for n in lengths]
    draw = stream(seed, "pointer_net", "batches", steps)

    def batch(k):
        points, targets = sets[draw.integers(len(sets))]
        rows = draw.integers(0, count, BATCH)
        return points[rows], targets[rows]

    w = pn.init(
        stream(seed, "pointer_net", "weights"), H, like=LIKE, scale=scale, dictionary=dictionary, attention=attention
    )
    w, _, losses = pn.fit(w, batch, steps=steps, lr=lambda k, n: pn.schedule(k, n, lr=lr)).state
    return w, losses


def hull_score(params, seed, n):
    """How good the greedy answers of a network are on unseen inputs of n points."""
    P, _ = tested("hull", seed, n)
    return shares(tasks.hull_score(P, pn.decode(params, P).indices))


def shares(score):
    """A score as numbers."""
    return tuple(float(x) for x in score)


# Rivals without a network --------------------------------------------------------------------------------------------


def around(P):
    """All points in the order of their angle around the mean, counter-clockwise, the first one first."""
    x, y = np.moveaxis(P - np.mean(P, axis=1, keepdims=True), -1, 0)
    order = np.argsort(np.arctan2(y, x), axis=1)
    first = np.argmin(order, axis=1)[:, None]
    return np.take_along_axis(order, (np.arange(P.shape[1]) + first) % P.shape[1], axis=1) + 1


def neighbours(P, known):
    """Answers of the nearest known input, all points sorted by x: indices are copied by rank."""
    ranks = lambda P: np.argsort(P[..., 0], axis=1)
    mine, theirs = ranks(P), ranks(known.P)
    flat = lambda P, order: np.take_along_axis(P, order[..., None], axis=1).reshape(len(P), -1)
    a, b = flat(P, mine), flat(known.P, theirs)
    nearest = np.argmin(np.sum(b * b, axis=1) - 2 * a @ b.T, axis=1)
    C = known.C[nearest]
    place = np.argsort(theirs[nearest], axis=1)  # rank of each of its points
    rank = np.take_along_axis(place, np.clip(C - 1, 0, None), axis=1)
    return np.where(C > 0, np.take_along_axis(mine, rank, axis=1) + 1, C)


def random_tours(rng, P):
    """Cities in any order."""
    order = rng.permuted(np.broadcast_to(np.arange(1, P.shape[1]), (len(P), P.shape[1] - 1)), axis=1)
    return np.concatenate([np.ones((len(P), 1), dtype=int), order + 1], axis=1)
