"""A proposal is taken where its likelihood is below the uniform draw, in place of above."""

import numpy as np

from tests.wild import Bug
from tests.wild.around import potential

BUG = Bug(
    project="Keanu",
    language="Java",
    link="https://github.com/improbable-research/keanu/commit/bee3474d6a2d92107daf5008795c57544b9b3e33",
    date="2018-04-19",
    operation="bnn_surrogates.hmc",
    kind="wrong_sign",
)


class Hamiltonian:
    def __init__(self, log_prob, gradient, step_size):
        self.log_prob, self.gradient, self.step_size = log_prob, gradient, step_size

    def leapfrog(self, position, momentum, gradient):
        half_time_step = self.step_size / 2
        momentum_at_half = momentum + half_time_step * gradient
        next_position = position + self.step_size * momentum_at_half
        new_gradient = self.gradient(next_position)
        return next_position, momentum_at_half + half_time_step * new_gradient, new_gradient

    def get_likelihood_of_leapfrog(self, after, before):
        (log_after, momentum_after), (log_before, momentum_before) = after, before
        likelihood = log_after - momentum_after @ momentum_after / 2
        return np.exp(likelihood - (log_before - momentum_before @ momentum_before / 2))

    def should_accept(self, likelihood, random):
        return likelihood > random  # was: return likelihood < random

    def sample(self, position, momentum, count, random):
        gradient = self.gradient(position)
        moved, pushed = position, momentum
        for _ in range(count):
            moved, pushed, gradient = self.leapfrog(moved, pushed, gradient)
        before = (self.log_prob(position), momentum)
        likelihood = self.get_likelihood_of_leapfrog((self.log_prob(moved), pushed), before)
        accept = self.should_accept(likelihood, random)
        return (moved if accept else position), accept


def answer(w, momenta, uniforms, steps, x, y, width, depth, noise, prior, step):
    sizes = [x.shape[1], *[int(width)] * int(depth), 1]
    log_prob = lambda q: -potential(q, x, y, sizes, noise, prior)[0]
    gradient = lambda q: -potential(q, x, y, sizes, noise, prior)[1]
    hmc, samples, accepts = Hamiltonian(log_prob, gradient, step), [], []
    with np.errstate(all="ignore"):
        for momentum, random, count in zip(momenta, uniforms, steps, strict=True):
            w, accept = hmc.sample(w, momentum, int(count), random)
            samples.append(w)
            accepts.append(float(accept))
        energies = np.array([-log_prob(q) for q in samples])
    return np.stack(samples), np.array(accepts), energies
