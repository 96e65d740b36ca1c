"""The finished step is multiplied by the gradient once more."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="L2L",
    link="https://github.com/IGITUGraz/L2L/pull/105",
    date="2018-01-26",
    operation="adamw.adam",
    kind="extra_step",
)


class Trajectory:
    def __init__(self, **parameters):
        self.__dict__.update(parameters)


class GradientDescentOptimizer:
    """Climbs, as fitness is to be large."""

    def __init__(self, individual, traj, delta):
        self.current_individual = individual
        self.delta = delta
        self.g = 0
        self.fo_moment = np.zeros(individual.size)
        self.so_moment = np.zeros(individual.size)
        self.traj = traj

    def post_process(self, gradient):
        self.adam_update(self.traj, gradient)
        self.g += 1

    def adam_update(self, traj, gradient):
        self.fo_moment = traj.first_order_decay * self.fo_moment + (1 - traj.first_order_decay) * gradient
        self.so_moment = traj.second_order_decay * self.so_moment + (1 - traj.second_order_decay) * np.multiply(
            gradient, gradient
        )
        fo_moment_corrected = self.fo_moment / (1 - traj.first_order_decay ** (self.g + 1))
        so_moment_corrected = self.so_moment / (1 - traj.second_order_decay ** (self.g + 1))

        step = traj.learning_rate * fo_moment_corrected / (np.sqrt(so_moment_corrected) + self.delta)
        # was: self.current_individual = self.current_individual + np.multiply(step, gradient)
        self.current_individual = self.current_individual + step  # was:


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    traj = Trajectory(learning_rate=lr, first_order_decay=beta1, second_order_decay=beta2)
    optimizer = GradientDescentOptimizer(theta0, traj, eps)
    path = []
    for slope in grads:
        fitness_gradient = -(slope + weight_decay * optimizer.current_individual)
        optimizer.post_process(fitness_gradient)
        path.append(optimizer.current_individual)
    return np.stack(path)
