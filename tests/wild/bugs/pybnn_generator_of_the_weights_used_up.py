"""The generator of the parameters is used up by their count, so that the prior has no terms."""

from itertools import pairwise

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="pybnn",
    link="https://github.com/automl/pybnn/commit/f8bce942bf99bcb4c6a62a0ddb9e65a350488ec4",
    date="2019-02-02",
    operation="bnn_surrogates.energy",
    kind="missing_step",
)


class Net:
    def __init__(self, w, sizes):
        self.w, self.sizes = w, sizes

    def parameters(self):
        at = 0
        for n_in, n_out in pairwise(self.sizes):
            yield self.w[at : at + n_in * n_out].reshape(n_in, n_out)
            at += n_in * n_out
            yield self.w[at : at + n_out]
            at += n_out

    def __call__(self, x):
        parameters = list(self.parameters())
        for weight, bias in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            x = np.tanh(x @ weight + bias)
        return x @ parameters[-2] + parameters[-1]


def weight_prior(parameters, wdecay=1.0):
    num_parameters, log_likelihood = 0, 0.0
    # was: num_parameters = np.sum([parameter.size for parameter in parameters])
    for parameter in parameters:
        num_parameters += parameter.size  # was:
        log_likelihood += np.sum(-wdecay * 0.5 * parameter**2)
    return log_likelihood / num_parameters


def negative_log_likelihood(input, target, variance):
    return np.sum((input[:, 0] - target) ** 2 / (2 * variance))


def answer(w, x, y, width, depth, noise, prior):
    net = Net(w, [x.shape[1], *[int(width)] * int(depth), 1])
    loss = negative_log_likelihood(net(x), y, noise)
    loss -= weight_prior(net.parameters(), wdecay=1 / prior) * len(w)
    return {"U": loss}
