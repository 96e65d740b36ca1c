"""The energy of the first proposal has the kinetic energy of the position in place of that of the momentum."""

import numpy as np

from tests.wild import Bug
from tests.wild.around import potential

BUG = Bug(
    project="BlackJAX",
    link="https://github.com/blackjax-devs/blackjax/pull/47",
    date="2021-06-08",
    operation="bnn_surrogates.hmc",
    kind="wrong_order",
)


class IntegratorState:
    def __init__(self, position, momentum, potential_fn):
        self.position, self.momentum = position, momentum
        self.potential_energy, self.potential_energy_grad = potential_fn(position)


def kinetic_energy(momentum):
    return 0.5 * np.sum(np.square(momentum))


def new_proposal(state):
    # was: energy = state.potential_energy + kinetic_energy(state.position)
    energy = state.potential_energy + kinetic_energy(state.momentum)  # was:
    return energy, state


def update_proposal(initial_energy, state):
    new_energy = state.potential_energy + kinetic_energy(state.momentum)
    delta_energy = initial_energy - new_energy
    return -np.inf if np.isnan(delta_energy) else delta_energy


def velocity_verlet(state, step_size, potential_fn):
    momentum = state.momentum - 0.5 * step_size * state.potential_energy_grad
    new = IntegratorState(state.position + step_size * momentum, momentum, potential_fn)
    new.momentum = momentum - 0.5 * step_size * new.potential_energy_grad
    return new


def answer(w, momenta, uniforms, steps, x, y, width, depth, noise, prior, step):
    sizes = [x.shape[1], *[int(width)] * int(depth), 1]
    potential_fn = lambda q: potential(q, x, y, sizes, noise, prior)
    states, accepted, energies = [], [], []
    with np.errstate(all="ignore"):
        for momentum, uniform, count in zip(momenta, uniforms, steps, strict=True):
            initial_energy, state = new_proposal(IntegratorState(w, momentum, potential_fn))
            end = state
            for _ in range(int(count)):
                end = velocity_verlet(end, step, potential_fn)
            accepted.append(float(np.log(uniform) < update_proposal(initial_energy, end)))
            state = end if accepted[-1] else state
            w = state.position
            states.append(w)
            energies.append(state.potential_energy)
    return np.stack(states), np.array(accepted), np.array(energies)
