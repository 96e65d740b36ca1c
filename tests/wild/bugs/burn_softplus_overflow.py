"""The softplus exponentiates before it takes the logarithm: it is infinite for scores that are large."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="burn",
    language="Rust",
    link="https://github.com/tracel-ai/burn/pull/5374",
    date="2026-08-16",
    operation="convex_relu.values",
    kind="numerics",
)


def softplus(tensor, beta=1.0):
    scaled = tensor * beta
    with np.errstate(over="ignore"):
        out = np.maximum(scaled, 0) + np.log1p(np.exp(-np.abs(scaled)))  # was: out = np.log(np.exp(scaled) + 1)
    return out / beta


class SoftMarginLoss:
    """Of labels in {0, 1} or {-1, 1}: log(1 + exp(2 z)) - 2 y z."""

    def forward(self, logits, targets):
        return np.sum(softplus(2 * logits) - 2 * targets * logits)


class MseLoss:
    def forward(self, logits, targets):
        return 0.5 * np.sum((logits - targets) ** 2)


class GatedModel:
    def __init__(self, gates, weights):
        self.gates, self.weights = gates, weights

    def forward(self, x):
        return np.einsum("nd,dp,np->n", x, self.weights[0] - self.weights[1], self.gates.astype(float))


class TwoLayerRelu:
    """With a neuron for each block that is not zero, whose two layers have the same length."""

    def __init__(self, weights):
        columns = np.concatenate([weights[0], weights[1]], axis=1)
        signs = np.repeat([1.0, -1.0], weights.shape[2])
        root = np.sqrt(np.linalg.norm(columns, axis=0))
        kept = root > 0
        self.first = columns[:, kept] / root[kept]
        self.second = signs[kept] * root[kept]

    def forward(self, x):
        return np.maximum(x @ self.first, 0) @ self.second

    def decay(self):
        return np.sum(self.first**2) + np.sum(self.second**2)


def answer(X, y, D, weights, beta, loss):
    criterion = MseLoss() if loss == "squared" else SoftMarginLoss()
    convex, network = GatedModel(D, weights), TwoLayerRelu(weights)
    lengths = np.linalg.norm(weights, axis=1).sum()
    outputs = network.forward(X)
    return (
        criterion.forward(convex.forward(X), y) + beta * lengths,
        outputs,
        criterion.forward(outputs, y) + beta / 2 * network.decay(),
    )
