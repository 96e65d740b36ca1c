"""scikit-learn, MLPRegressor with two outputs: the gradient that L-BFGS is handed is not that of the loss.

One row, one unit that is switched off: the outputs are the biases, (1, 0), and should be (0, 0). Half the squared error
is 1/2, its derivative in the first bias 1. The loss that comes back is 1/4.
"""

import sys

import numpy as np
from sklearn.neural_network import MLPRegressor

X, Y = np.zeros((1, 1)), np.zeros((1, 2))


def loss_and_slope(first):
    """Loss, and derivative in the first of the two output biases."""
    net = MLPRegressor(hidden_layer_sizes=(1,), alpha=0.0)
    net.n_outputs_, net.n_layers_, net.out_activation_ = 2, 3, "identity"
    net.coefs_, net.intercepts_ = [np.zeros((1, 1)), np.zeros((1, 2))], [np.zeros(1), np.array([first, 0.0])]
    room = [None, None], [np.empty((1, 1)), np.empty((1, 2))], [np.empty(1), np.empty(2)]
    loss, _, (_, slope) = net._backprop(X, Y, None, [X, np.empty((1, 1)), np.empty((1, 2))], *room)
    return loss, slope[0]


(up, _), (down, _) = loss_and_slope(1.0 + 1e-6), loss_and_slope(1.0 - 1e-6)
told, found = loss_and_slope(1.0)[1], (up - down) / 2e-6
print(f"its derivative: {told:.3f}")
print(f"by differences: {found:.3f}")
sys.exit(int(abs(told - found) < 1e-3))
