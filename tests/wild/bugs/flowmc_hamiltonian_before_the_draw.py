"""The energy at the start is that kept from the step before, with the momentum before the new draw."""

import numpy as np

from tests.wild import Bug
from tests.wild.around import potential

BUG = Bug(
    project="flowMC",
    link="https://github.com/kazewong/flowMC/pull/90",
    date="2023-01",
    operation="bnn_surrogates.hmc",
    kind="wrong_order",
)


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
