"""The phases of the auction end one too early, at too large an epsilon, and a single person gets nothing."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="AuctionAlgorithmCPP",
    language="C++",
    link="https://github.com/EvanOman/AuctionAlgorithmCPP/issues/2",
    date="2026-07-12",
    operation="weight_matching.visit",
    kind="wrong_order",
)

INF = 2147483647


def auction_round(assignment, prices, C, epsilon):
    N = len(prices)
    bids = {}
    for i in range(N):
        if assignment[i] != INF:
            continue
        best, second, best_object = -np.inf, -np.inf, -1
        for j in range(N):
            value = C[i, j] - prices[j]
            if value > best:
                second = best
                best, best_object = value, j
            elif value > second:
                second = value
        bid = epsilon if second == -np.inf else best - second + epsilon
        if best_object not in bids or bid > bids[best_object][0]:
            bids[best_object] = (bid, i)
    for j, (bid, i) in bids.items():
        assignment[assignment == j] = INF
        assignment[i] = j
        prices[j] += bid


def auction(C):
    """Person i gets object assignment[i], so that the sum of the whole numbers C[i, assignment[i]] is largest."""
    N = len(C)
    assignment = np.full(N, INF)
    prices = np.ones(N)
    epsilon = 1.0
    while True:  # was: while epsilon > 1.0 / N:
        assignment[:] = INF
        while INF in assignment:
            auction_round(assignment, prices, C, epsilon)
        if epsilon < 1.0 / N:  # was:
            break  # was:
        epsilon = epsilon * 0.25
    return assignment


def answer(W1, b1, W2, b2, W3, b3, p1, p2, layer):
    if layer == 0:
        scores = W1[0].T @ W1[1] + np.outer(b1[0], b1[1]) + W2[0] @ W2[1][:, p2].T
    else:
        scores = W2[0].T @ W2[1][p1] + np.outer(b2[0], b2[1]) + W3[0] @ W3[1].T
    if not np.isfinite(scores).all():
        raise ValueError("the auction needs finite values")
    whole = np.rint(scores / max(np.abs(scores).max(), np.finfo(float).tiny) * 1000)
    return scores, auction(whole)
