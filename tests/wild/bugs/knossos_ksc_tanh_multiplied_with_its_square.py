"""The derivative of tanh multiplies with the square of tanh in place of dividing by that of cosh."""

from itertools import pairwise

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Knossos",
    language="C++",
    link="https://github.com/microsoft/knossos-ksc/commit/0f61858ac346fef8d42d5ad24496ebbabdc56b7e",
    date="2020-12-31",
    operation="bnn_surrogates.energy",
    kind="wrong_scale",
)


def rev_tanh(x, d_dr):
    # was: return np.tanh(x) ** 2 * d_dr
    cosh_x = np.cosh(x)  # was:
    return d_dr / (cosh_x * cosh_x)  # was:


def rev_affine(inputs, weights, d_dr):
    return d_dr @ weights.T, np.concatenate([(inputs.T @ d_dr).ravel(), d_dr.sum(axis=0)])


def unpack(w, sizes):
    layers, rest = [], w
    for n_in, n_out in pairwise(sizes):
        layers.append((rest[: n_in * n_out].reshape(n_in, n_out), rest[n_in * n_out : (n_in + 1) * n_out]))
        rest = rest[(n_in + 1) * n_out :]
    return layers


def answer(w, x, y, width, depth, noise, prior):
    layers = unpack(w, [x.shape[1], *[int(width)] * int(depth), 1])
    tape, h = [], x
    for number, (weights, bias) in enumerate(layers):
        inputs = h if number == 0 else np.tanh(h)
        tape.append((inputs, h))
        h = inputs @ weights + bias
    error = h[:, 0] - y
    U = np.sum(error**2) / (2 * noise) + np.sum(w**2) / (2 * prior)
    d_dr, grads = error[:, np.newaxis] / noise, []
    for number in reversed(range(len(layers))):
        inputs, before = tape[number]
        d_dr, grad = rev_affine(inputs, layers[number][0], d_dr)
        grads.insert(0, grad)
        if number > 0:
            d_dr = rev_tanh(before, d_dr)
    return U, np.concatenate(grads) + w / prior
