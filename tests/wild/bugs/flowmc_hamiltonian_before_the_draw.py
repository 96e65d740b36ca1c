"""The energy at the start is that kept from the step before, with the momentum before the new draw."""

from itertools import pairwise

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="flowMC",
    link="https://github.com/kazewong/flowMC/pull/90",
    date="2023-01",
    operation="bnn_surrogates.hmc",
    kind="wrong_order",
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


class HMC:
    def __init__(self, potential, grad_potential, step_size):
        self.potential, self.grad_potential, self.step_size = potential, grad_potential, step_size

    def kinetic(self, momentum):
        return 0.5 * (momentum**2).sum()

    def leapfrog_step(self, position, momentum):
        momentum = momentum - 0.5 * self.step_size * self.grad_potential(position)
        position = position + self.step_size * momentum
        momentum = momentum - 0.5 * self.step_size * self.grad_potential(position)
        return position, momentum

    def kernel(self, position, momentum, n_leapfrog, uniform, H):
        H = self.potential(position) + self.kinetic(momentum)  # was:
        proposal, end = position, momentum
        for _ in range(n_leapfrog):
            proposal, end = self.leapfrog_step(proposal, end)
        proposal_ham = self.potential(proposal) + self.kinetic(end)
        do_accept = np.log(uniform) < H - proposal_ham
        return (proposal, proposal_ham, 1.0) if do_accept else (position, H, 0.0)


def answer(w, momenta, uniforms, steps, x, y, width, depth, noise, prior, step):
    data = (x, y, [x.shape[1], *[int(width)] * int(depth), 1], noise, prior)
    sampler = HMC(lambda q: potential(q, *data)[0], lambda q: potential(q, *data)[1], step)
    states, accepted, H = [], [], sampler.potential(w)
    with np.errstate(all="ignore"):
        for momentum, uniform, n in zip(momenta, uniforms, steps, strict=True):
            w, H, took = sampler.kernel(w, momentum, int(n), uniform, H)
            states.append(w)
            accepted.append(took)
        energies = np.array([sampler.potential(q) for q in states])
    return np.stack(states), np.array(accepted), energies
