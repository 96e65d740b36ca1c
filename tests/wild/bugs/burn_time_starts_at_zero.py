"""The time of a fresh state is 0, and so the first correction divides 0 by 0."""

from dataclasses import dataclass

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Burn",
    language="Rust",
    link="https://github.com/tracel-ai/burn/pull/630",
    date="2023-08-14",
    operation="adamw.adam",
    kind="wrong_constant",
)


@dataclass
class AdaptiveMomentumState:
    time: int
    moment_1: np.ndarray
    moment_2: np.ndarray


@dataclass
class AdaptiveMomentum:
    beta_1: float
    beta_2: float
    epsilon: float

    def transform(self, grad, momentum_state=None):
        factor_1, factor_2 = 1.0 - self.beta_1, 1.0 - self.beta_2
        if momentum_state is not None:
            state = momentum_state
            state.moment_1 = state.moment_1 * self.beta_1 + grad * factor_1
            state.moment_2 = state.moment_2 * self.beta_2 + grad**2 * factor_2
            state.time += 1
        else:
            time = 1  # was: time = 0
            state = AdaptiveMomentumState(time, grad * factor_1, grad**2 * factor_2)
        with np.errstate(divide="ignore", invalid="ignore"):
            moment_1_corrected = state.moment_1 / (1.0 - self.beta_1**state.time)
            moment_2_corrected = state.moment_2 / (1.0 - self.beta_2**state.time)
            grad = moment_1_corrected / (np.sqrt(moment_2_corrected) + self.epsilon)
        return grad, state


class Adam:
    def __init__(self, momentum, weight_decay):
        self.momentum, self.weight_decay = momentum, weight_decay

    def step(self, lr, tensor, grad, state):
        grad = grad + self.weight_decay * tensor
        grad, state = self.momentum.transform(grad, state)
        return tensor - lr * grad, state


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    optim = Adam(AdaptiveMomentum(beta1, beta2, eps), weight_decay)
    tensor, state, out = theta0, None, []
    for grad in grads:
        tensor, state = optim.step(lr, tensor, grad, state)
        out.append(tensor)
    return np.stack(out)
