"""The weights of gradients that are all 0 are divided by their sum, which is 0, so that no number comes out."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="TorchJD",
    link="https://github.com/TorchJD/torchjd/pull/140",
    date="2024-09-16",
    operation="flat_mtl.aggregate",
    kind="missing_step",
)


class MeanWeighting:
    def forward(self, matrix):
        return np.full(len(matrix), 1 / len(matrix))


class SumWeighting:
    def forward(self, matrix):
        return np.ones(len(matrix))


class IMTLGWeighting:
    def forward(self, matrix):
        size = np.abs(matrix).max() or 1.0
        d = np.linalg.norm(matrix / size, axis=1)
        alpha_star = np.linalg.pinv((matrix / size) @ (matrix / size).T) @ d
        alpha_star_sum = alpha_star.sum()
        if abs(alpha_star_sum) < 1e-12:  # was:
            return np.zeros_like(alpha_star)  # was:
        return alpha_star / alpha_star_sum


class Aggregator:
    def __init__(self, weighting):
        self.weighting = weighting

    def __call__(self, matrix):
        return self.weighting.forward(matrix) @ matrix


def answer(G, orders, c, rescale, method):
    if method not in ("imtl_g", "mean", "sum"):
        raise NotApplicable("another aggregator")
    gram = G / (np.abs(G).max() or 1.0)
    if method == "imtl_g" and gram.any() and np.linalg.cond(gram @ gram.T) > 1e6:
        raise NotApplicable("a pseudo-inverse is another choice where gradients depend on each other")
    weighting = {"imtl_g": IMTLGWeighting, "mean": MeanWeighting, "sum": SumWeighting}[method]()
    with np.errstate(all="ignore"):
        return Aggregator(weighting)(G)
