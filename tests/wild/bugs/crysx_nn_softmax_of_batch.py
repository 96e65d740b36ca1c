"""The softmax subtracts the largest score of the whole batch, so that rows far below it are 0 / 0."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="crysx_nn",
    link="https://github.com/manassharma07/crysx_nn/commit/c0fedc7df84ead8c1e3f2234f572aa8f25a8e017",
    date="2022-01-15",
    operation="sdl.predict",
    kind="numerics",
)


def Identity(x):
    return x


def Softmax(x):
    """(N, k) activations, N samples and k nodes."""
    # was: e_x = np.exp(x - np.max(x))
    max_x = np.zeros((x.shape[0], 1), dtype=x.dtype)  # was:
    for i in range(x.shape[0]):  # was:
        max_x[i, 0] = np.max(x[i, :])  # was:
    e_x = np.exp(x - max_x)  # was:
    return e_x / e_x.sum(axis=1).reshape((-1, 1))


act_func_dict = {"Identity": Identity, "Softmax": Softmax}


def forward_feed(x, nLayers, weights, activationFunc):
    a = [None] * (nLayers + 1)
    z = [None] * nLayers
    a[0] = x
    for l in range(1, nLayers + 1):
        z[l - 1] = np.dot(a[l - 1], weights[l - 1].T)
        a[l] = act_func_dict[activationFunc[l - 1]](z[l - 1])
    return a, z


def answer(x, covariates, W, beta, gamma, kind):
    p, r = W.shape
    q = gamma.shape[0]
    first = np.zeros((r + q, p + q))
    first[:r, :p] = W.T if kind == "filter" else np.linalg.pinv(W)
    first[r:, p:] = np.eye(q)
    # the first class is the one of reference
    second = np.vstack([np.zeros(r + q), np.hstack([beta.T, gamma.T])])
    inputs = np.vstack([x, covariates]).T
    a, _ = forward_feed(inputs, 2, [first, second], ["Identity", "Softmax"])
    return a[2].T
