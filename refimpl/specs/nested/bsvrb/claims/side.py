"""Many runs on quadratics at once: as one problem with the blocks of all, whose steps sample blocks of each."""

from typing import NamedTuple

import numpy as np

from refimpl.core.random import stream
from refimpl.nested import _bsvrb_baselines as baselines
from refimpl.nested import _bsvrb_models as models
from refimpl.nested import bsvrb

TAU, MU = 0.1, 0.5
BLUE, ORANGE, GREEN, PINK, GREY = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#888888"


class Side(NamedTuple):
    """R problems of m blocks each. Block i of run r has the number r m + i; sampled rows are sorted by i first."""

    all: models.Quadratics
    runs: int

    @property
    def blocks(self):
        """R m."""
        return self.all.c.shape[0]

    def _rows(self, ask, blocks, batch, x, y, *more):
        """Asked with the x of each row's run."""
        xs = x.reshape(self.runs, -1)[blocks // (self.blocks // self.runs)]
        return ask(blocks, batch, xs, y, *more)

    def grad_y_g(self, *at):
        """As that of the problems."""
        return self._rows(self.all.grad_y_g, *at)

    def grad_y_f(self, *at):
        """As that of the problems."""
        return self._rows(self.all.grad_y_f, *at)

    def hess_yy_g(self, *at):
        """As that of the problems."""
        return self._rows(self.all.hess_yy_g, *at)

    def hess_xy_g(self, *at):
        """As that of the problems."""
        return self._rows(self.all.hess_xy_g, *at)

    def hvp_yy_g(self, *at):
        """As that of the problems."""
        return self._rows(self.all.hvp_yy_g, *at)

    def cross_xy_g(self, blocks, batch, x, y, w):
        """Side by side, [I, R e]: the mean over rows is then that over the blocks of each run."""
        return self._rows(self.all.cross_xy_g, blocks, batch, x, y, w).reshape(-1, x.shape[0])

    def grad_x_f(self, blocks, batch, x, y):
        """Side by side, [I, R e]."""
        return self._rows(self.all.grad_x_f, blocks, batch, x, y).reshape(-1, x.shape[0])


def problems(seed, claim, count, **sizes):
    """Random quadratics of the claim."""
    return [models.quadratics(stream(seed, claim, "problem", k), like=np.zeros(1), **sizes) for k in range(count)]


def _joined(states):
    """States of all runs as one."""
    first = states[0]
    if first is None or isinstance(first, tuple):
        return None if first is None else type(first)(*map(_joined, zip(*states, strict=True)))
    return np.concatenate(states)


def gradients(given, xs):
    """Norms [K, R] of the exact hyper-gradients at xs [K, R, e]."""
    zero, eye = np.zeros(xs.shape[-1]), np.eye(xs.shape[-1])
    bare = [problem._replace(r=0.0) for problem in given]
    at_zero = np.stack([problem.hypergradient(zero) for problem in bare])
    M = np.stack([np.stack([problem.hypergradient(e) for e in eye], axis=1) for problem in bare]) - at_zero[:, :, None]
    found = np.einsum("rij,krj->kri", M, xs) + at_zero + 2 * given[0].r * xs / (1 + xs * xs) ** 2
    return np.linalg.norm(found, axis=2)


def run(method, given, rng, *, steps, eta, alpha, beta, tau=TAU, I=3, B=2, decaying=True, every=25):
    """Norms of the hyper-gradient [1 + steps / every, R] of "v1", "v2", "SGD" or "RSVRB", eta and beta of each run.

    Of RSVRB, beta is one number, and alpha is not used. Where rates decay, all those of "SGD" fall like t^(-1/2).
    """
    R, (m, n, d, e) = len(given), given[0].B.shape
    field = lambda name: np.concatenate([getattr(problem, name) for problem in given])
    side = Side(models.Quadratics(field("A"), field("B"), field("b"), field("c"), given[0].r), R)
    init = (
        baselines.rsvrb_init if method == "RSVRB" else lambda *at: bsvrb.init(*at, version=2 if method == "v2" else 1)
    )
    state = _joined([init(problem, np.full(e, 2.0), np.zeros((m, d))) for problem in given])
    eta, beta = (np.repeat(np.broadcast_to(rate, (R,)), e) for rate in (eta, beta))
    first, xs, chunk = m * np.arange(R), [np.full((R, e), 2.0)], 100
    for t in range(steps):
        if t % chunk == 0:
            order = rng.permuted(np.broadcast_to(np.arange(m), (2, chunk, R, m)), axis=3)[..., :I]
            blocks = np.swapaxes(order + first[:, None], 2, 3).reshape(2, chunk, I * R)
            batches = rng.integers(0, n, (2, chunk, I * R, B))
        slow = 2 * ((1 + t / 100) ** -0.5,) if method == "SGD" else bsvrb.decay(t)
        lengths, weights = slow if decaying else (1.0, 1.0)
        at = side, blocks[0, t % chunk], batches[0, t % chunk], batches[1, t % chunk]
        if method == "RSVRB":
            moved = eta * lengths, tau * lengths, beta[0] * weights, MU
            state = baselines._rsvrb(state, *at[:2], blocks[1, t % chunk], *at[2:], *moved)
            x = state.x
        else:
            plain, share = method == "SGD", alpha * weights
            gamma = 0.0 if plain else bsvrb.msvr_gamma(m, I, share)
            rates = eta * lengths, tau * lengths, tau * lengths, share, 1.0 if plain else beta * weights, gamma
            fresh = bsvrb._rule(state, *at, *rates, MU, np.inf, "full")
            state = baselines._averaged(state, fresh, eta * lengths, beta * weights) if plain else fresh
            x = state.now.x
        if (t + 1) % every == 0:
            xs.append(x.reshape(R, e))
    return gradients(given, np.stack(xs))


def last_quarter(norms, steps=None, every=25):
    """Mean over the last quarter of the first `steps` steps, of each run."""
    end = len(norms) if steps is None else steps // every + 1
    return norms[end - max(1, (end - 1) // 4) : end].mean(axis=0)
