"""Adam of scikit-learn's multilayer perceptrons (`MLPClassifier(solver="adam")`), a private class."""

import numpy as np
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer


def adam(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """Parameters after each step; as in the perceptron the gradients are given with their penalty."""
    theta, thetas = theta0.copy(), []
    optimizer = AdamOptimizer([theta], learning_rate_init=lr, beta_1=beta1, beta_2=beta2, epsilon=eps)
    for grad in grads:
        optimizer.update_params([theta], [grad + weight_decay * theta])
        thetas.append(theta.copy())
    return np.stack(thetas)
