"""The threshold is the exponential draw itself and not its negative, so that next to nothing is accepted."""

from itertools import pairwise

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="fab-jax",
    link="https://github.com/lollcat/fab-jax/pull/14",
    date="2023-04-22",
    operation="bnn_surrogates.hmc",
    kind="wrong_sign",
)


def potential(q, x, y, sizes, noise, prior):
    layers, at = [], 0
    for rows, columns in pairwise(sizes):
        W = q[at : at + rows * columns].reshape(rows, columns)
        at += rows * columns + columns
        layers.append((W, q[at - columns : at]))
    inputs, h = [], x
    for depth, (W, b) in enumerate(layers):
        inputs.append(h)
        h = h @ W + b
        h = np.tanh(h) if depth < len(layers) - 1 else h
    residual = h[:, 0] - y
    delta, grads = residual[:, None] / noise, []
    for h, (W, _) in zip(inputs[::-1], layers[::-1], strict=True):
        grads += [delta.sum(axis=0), (h.T @ delta).ravel()]
        delta = (delta @ W.T) * (1 - h**2)
    gradient = np.concatenate(grads[::-1]) + q / prior
    return residual @ residual / (2 * noise) + q @ q / (2 * prior), gradient


def one_step(q, p, n_outer, step_size, target, exponential):
    log_prob, grad = target(q)
    point, momentum, g = q, p, grad
    for _ in range(n_outer):
        momentum = momentum + 0.5 * step_size * g
        point = point + step_size * momentum
        _, g = target(point)
        momentum = momentum + 0.5 * step_size * g
    new_log_prob, _ = target(point)
    log_p_accept = (new_log_prob - 0.5 * momentum @ momentum) - (log_prob - 0.5 * p @ p)
    log_threshold = -exponential  # was: log_threshold = exponential
    accept = log_p_accept > log_threshold
    return (point, new_log_prob, True) if accept else (q, log_prob, False)


def answer(w, momenta, uniforms, steps, x, y, width, depth, noise, prior, step):
    sizes = [x.shape[1], *[int(width)] * int(depth), 1]

    def target(q):
        energy, gradient = potential(q, x, y, sizes, noise, prior)
        return -energy, -gradient

    states, accepted, energies = [], [], []
    with np.errstate(all="ignore"):
        for p, u, n in zip(momenta, uniforms, steps, strict=True):
            w, log_prob, took = one_step(w, p, int(n), step, target, -np.log(u))
            states.append(w)
            accepted.append(float(took))
            energies.append(-log_prob)
    return np.stack(states), np.array(accepted), np.array(energies)
