"""In the move of velocity Verlet the half stands with the speed and not with the acceleration."""

from itertools import pairwise

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="odeint",
    language="C++",
    link="https://github.com/headmyshoulder/odeint-v2/issues/150",
    date="2015-01-29",
    operation="bnn_surrogates.hmc",
    kind="wrong_constant",
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


def scale_sum3(a1, a2, a3):
    return lambda t2, t3, t4: a1 * t2 + a2 * t3 + a3 * t4


class VelocityVerlet:
    one, one_half = 1.0, 0.5

    def __init__(self, system):
        self.system = system

    def initialize(self, qin):
        self.ain = self.system(qin)

    def do_step(self, qin, pin, dt):
        one, one_half = self.one, self.one_half
        # was: qout = scale_sum3(one, one_half * dt, one * dt * dt)(qin, pin, self.ain)
        qout = scale_sum3(one, one * dt, one_half * dt * dt)(qin, pin, self.ain)  # was:
        aout = self.system(qout)
        pout = scale_sum3(one, one_half * dt, one_half * dt)(pin, self.ain, aout)
        self.ain = aout
        return qout, pout


def answer(w, momenta, uniforms, steps, x, y, width, depth, noise, prior, step):
    sizes = [x.shape[1], *[int(width)] * int(depth), 1]
    data = (x, y, sizes, noise, prior)
    stepper, rows = VelocityVerlet(lambda q: -potential(q, *data)[1]), []
    with np.errstate(all="ignore"):
        for p0, u, count in zip(momenta, uniforms, steps, strict=True):
            q, p = w, p0
            stepper.initialize(q)
            for _ in range(int(count)):
                q, p = stepper.do_step(q, p, step)
            before = potential(w, *data)[0] + p0 @ p0 / 2
            accept = u < np.exp(before - potential(q, *data)[0] - p @ p / 2)
            w = q if accept else w
            rows.append((w, float(accept), potential(w, *data)[0]))
    states, accepted, energies = zip(*rows, strict=True)
    return np.stack(states), np.array(accepted), np.array(energies)
