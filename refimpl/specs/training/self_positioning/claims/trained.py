"""Models of a world, trained once and used by several claims."""

from contextlib import suppress
from functools import cache

import numpy as np

from refimpl.core.random import stream
from refimpl.training import _self_positioning_baselines as baselines
from refimpl.training import _self_positioning_worlds as worlds
from refimpl.training import self_positioning as sp

LIKE = np.zeros(1)
STEP = {"made up": worlds.LR, "text": 5.0}
SHARES = {"3:1": 3 / 4, "3:2": 3 / 5, "1:1": 1 / 2, "2:3": 2 / 5, "1:3": 1 / 4}  # of the similarity task to the other
BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#777777"  # Okabe and Ito


class Trained:
    """A world, its start model, models of single tasks, the joint one, and where Self Positioning ends."""

    def __init__(self, kind, seed):
        self.kind, self.seed, self.lr = kind, seed, STEP[kind]
        rng = stream(seed, "self_positioning", kind)
        self.world = (worlds.made_up if kind == "made up" else worlds.real_text)(rng, like=LIKE)
        self.start, self.loss = self.world.theta_0, worlds.probe_loss(self.world)
        self.data = worlds.merged([self.world.retrieval, self.world.similarity])
        self.counts = len(self.world.retrieval.X), len(self.world.similarity.X)
        self.single = [self.train(part) for part in (self.world.retrieval, self.world.similarity)]
        self.joint = self.train(self.data, rng.permutation(sum(self.counts)))
        self.V = sp.task_vectors(self.start.ravel(), np.stack([model.ravel() for model in self.single]))
        self.run = sp.position(self.start.ravel(), self.V, self.loss)
        self.found = self.moved(sp.chain(self.V, self.run.state.a, lam=self.run.state.lam))

    def train(self, pairs, order=None):
        """From the start."""
        return worlds.train(self.start, pairs, order=order, lr=self.lr)

    def moved(self, vector):
        """The start model and a merged vector."""
        return self.start + vector.reshape(self.start.shape)

    def resampled(self, share):
        """Joint training on as many minibatches, with a share of the similarity task."""
        many, few = self.counts
        total, rng = many + few, stream(self.seed, "self_positioning", self.kind, "resampled", str(share))
        scarce = round(share * total)
        drawn = [rng.integers(0, many, total - scarce), many + rng.integers(0, few, scarce)]
        return self.train(self.data, rng.permutation(np.concatenate(drawn)))

    def score(self, theta):
        """Mean of both scores."""
        return float(np.mean(worlds.score(theta, self.world.test)))

    def probed(self, theta):
        """Loss of the whole probe set."""
        return float(np.mean([self.loss(theta.ravel(), k)[0] for k in range(1, 17)]))

    def merges(self):
        """Merges with their default settings."""
        F = np.stack([self._information(part) for part in (self.world.retrieval, self.world.similarity)])
        W = np.stack([model.T for model in self.single])
        G = np.stack([self._gram(part) for part in (self.world.retrieval, self.world.similarity)])
        found = {
            "average": baselines.average(self.V),
            "SLERP 1:1": sp.chain(self.V, np.ones(2)),
            "sum × 0.4": baselines.task_arithmetic(self.V),
            "sum": baselines.task_arithmetic(self.V, lam=1.0),
            "TIES": baselines.ties(self.V).merged,
            "Fisher": baselines.fisher(self.V, F),
        }
        models = {name: self.moved(vector) for name, vector in found.items()}
        with suppress(ValueError):  # some word is in no text of the training, and its Gram matrices singular
            models["RegMean"] = baselines.regmean(W, G).T
        return models

    def _information(self, pairs):
        """Mean of squared gradients, of minibatches in place of instances, which have no loss alone."""
        taken = range(min(10, len(pairs.X)))
        grads = [worlds.encoder_loss(self.start, pairs.X[k], pairs.Y[k], tau=worlds.TAU)[1].ravel() for k in taken]
        return np.mean(np.square(grads), axis=0)

    def _gram(self, pairs):
        texts = np.concatenate([part.reshape(-1, part.shape[2]) for part in pairs])
        return texts.T @ texts / len(texts)

    def cosine(self, theta):
        """Of the gradients of both tasks on probe minibatches taken together, and of two halves of one task."""
        halves = [
            [self._gradient(theta, part, rows) for rows in (slice(0, 8), slice(8, 16))] for part in self.world.probe
        ]
        tasks = [sum(pair) for pair in halves]
        return _cosine(*tasks), [_cosine(*pair) for pair in halves]

    def _gradient(self, theta, pairs, rows):
        batches = zip(pairs.X[rows], pairs.Y[rows], strict=True)
        return sum(worlds.encoder_loss(theta, X, Y, tau=worlds.TAU)[1] for X, Y in batches)


def _cosine(u, v):
    return float(np.sum(u * v) / np.sqrt(np.sum(u * u) * np.sum(v * v)))


@cache
def trained(kind, seed):
    """The same for every claim of a seed."""
    return Trained(kind, seed)
