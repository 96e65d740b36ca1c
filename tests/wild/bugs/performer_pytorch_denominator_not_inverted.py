"""The sum of the weights, by which the causal attention is to be divided, is left uninverted and multiplies it."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="performer-pytorch",
    link="https://github.com/lucidrains/performer-pytorch/issues/40",
    date="2020-12-07",
    operation="genai_engineering.pr_attention",
    kind="wrong_scale",
)


def causal_attention_noncuda(scores, v):
    """For the weights exp(score); -inf where a query does not look."""
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    D_inv = 1.0 / weights.sum(axis=-1)  # was: D_inv = weights.sum(axis=-1)
    context = np.einsum("nm,me->ne", weights, v)
    return np.einsum("ne,n->ne", context, D_inv)


def chances(law, c, count):
    delta = np.arange(count)
    laws = {"harmonic": np.minimum(1.0, c / (1.0 + delta)), "geometric": c**delta * 1.0, "constant": np.full(count, c)}
    return np.concatenate([[1.0], laws[law][1:]])


def answer(q, k, v, slope, u, B, law, c, correct):
    if correct:
        raise NotApplicable("no correction of the scores")
    n, d = q.shape
    count = n // B
    draws = np.broadcast_to(u, (count, count))
    pi = chances(law, c, count)
    visits = np.zeros((count, count), bool)
    for i in range(count):
        for delta in range(i + 1):
            visits[i, i - delta] = draws[i, delta] < pi[delta]
    at = np.arange(n)
    scores = q @ k.T / np.sqrt(d) - slope * (at[:, None] - at[None, :])
    seen = np.kron(visits, np.ones((B, B))) > 0
    scores = np.where(seen & (at[:, None] >= at[None, :]), scores, -np.inf)
    return causal_attention_noncuda(scores, v), visits.sum(axis=1)
