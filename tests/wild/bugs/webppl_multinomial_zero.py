"""A draw of 0 finds the first item though its probability is 0, as the sum must reach the draw and not exceed it."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="webppl",
    link="https://github.com/probmods/webppl/pull/229",
    date="2015-10-01",
    operation="wta_crs.rows",
    kind="wrong_order",
    language="JavaScript",
    skip={"copies": "its loop takes half a minute for 24,576 draws in Python"},
)


def multinomial_sample(theta, x):
    x = x * np.sum(theta)
    prob_accum = 0.0
    for i, mass in enumerate(theta):
        prob_accum += mass
        if x < prob_accum:  # was: if prob_accum >= x:
            return i
    return len(theta) - 1  # was: return len(theta)


def answer(p, u, kind):
    k, m = len(u), len(p)
    falling = np.argsort(-p, kind="stable")
    if k >= m:
        found, weights = np.arange(m), np.ones(m)
    elif kind == "topk":
        found, weights = np.sort(falling[:k]), np.ones(k)
    else:
        left = np.cumsum(p[falling][::-1])[::-1]
        count = 0 if kind == "crs" else int(np.argmin(left[:k] / np.arange(k, 0, -1)))
        sure, theta = np.sort(falling[:count]), p.copy()
        theta[sure] = 0
        draws = k - count if theta.any() else 0
        drawn = np.array([multinomial_sample(theta, x) for x in u[:draws]], dtype=int)
        found = np.concatenate([sure, drawn])
        with np.errstate(divide="ignore"):
            weights = np.concatenate([np.ones(count), theta.sum() / (max(draws, 1) * p[drawn])])
    rest = k - len(found)
    return np.append(found, [-1] * rest), np.append(weights, [0] * rest), len(found)
