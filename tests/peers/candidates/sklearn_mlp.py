"""scikit-learn's MLPClassifier on random sparse search: one step after the other, from weights that are set by hand."""

import numpy as np
from scipy.special import log_softmax
from sklearn.neural_network import MLPClassifier

from refimpl.oracle.candidates import NotApplicable


def _run(nesterov, W1, b1, W2, b2, W3, b3, mask1, mask2, X, y, batches, lr, momentum):
    """`partial_fit` with each minibatch; the optimizer's velocity is kept between them."""
    classes = len(b3)
    if classes < 3:
        raise NotApplicable("with two classes it has one output and the logistic loss")
    net = MLPClassifier(
        (len(mask1), len(mask2)),
        solver="sgd",
        alpha=0.0,
        learning_rate_init=lr,
        momentum=momentum,
        nesterovs_momentum=nesterov,
        shuffle=False,
        batch_size=batches.shape[1],
        random_state=0,
    )
    net.partial_fit(X[batches[0]], y[batches[0]], classes=np.arange(classes))  # makes the arrays, which are set now
    kept = W1[:, mask1], W2[np.ix_(mask1, mask2)], W3[mask2]
    for place, array in zip((*net.coefs_, *net.intercepts_), (*kept, b1[mask1], b2[mask2], b3), strict=True):
        place[...] = array
    for velocity in net._optimizer.velocities:
        velocity[...] = 0.0
    losses = [_loss(net, X, y)]
    for rows in batches:
        net.partial_fit(X[rows], y[rows])
        losses.append(_loss(net, X, y))
    pairs = zip(net.coefs_, net.intercepts_, strict=True)
    return np.array(losses, dtype=X.dtype), *(array for pair in pairs for array in pair)


def _loss(net, X, y):
    """Of its weights, in logarithms: its own loss cuts probabilities at the smallest number."""
    for W, b in zip(net.coefs_[:-1], net.intercepts_[:-1], strict=True):
        X = np.maximum(X @ W + b, 0.0)
    return -np.mean(log_softmax(X @ net.coefs_[-1] + net.intercepts_[-1], axis=1)[np.arange(len(y)), y])


def trajectory(W1, b1, W2, b2, W3, b3, mask1, mask2, X, y, batches, lr, momentum):
    """With `nesterovs_momentum=False`."""
    return _run(False, W1, b1, W2, b2, W3, b3, mask1, mask2, X, y, batches, lr, momentum)


def nesterov(W1, b1, W2, b2, W3, b3, mask1, mask2, X, y, batches, lr, momentum):
    """As it comes."""
    return _run(True, W1, b1, W2, b2, W3, b3, mask1, mask2, X, y, batches, lr, momentum)
