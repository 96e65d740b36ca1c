"""Each member draws its sample anew from the same random state, so that all members see the same examples."""

from itertools import pairwise

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="MODNet",
    link="https://github.com/ppdebreuck/modnet/issues/231",
    date="2024-10-26",
    operation="bnn_surrogates.ensemble",
    kind="wrong_order",
)


def forward(w, sizes, x):
    layers, hidden, at = [], [x], 0
    for n_in, n_out in pairwise(sizes):
        end = at + n_in * n_out
        layers.append((w[at:end].reshape(n_in, n_out), w[end : end + n_out]))
        at = end + n_out
    for W, b in layers:
        hidden.append(np.tanh(hidden[-1] @ W + b))
    hidden[-1] = hidden[-2] @ W + b
    return layers, hidden


def adam(w, sizes, x, y, noise, prior, lr, steps):
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t in range(1, int(steps) + 1):
        layers, hidden = forward(w, sizes, x)
        delta, grads = (hidden[-1] - y[:, None]) / noise, []
        for (W, _), h in zip(layers[::-1], hidden[-2::-1], strict=True):
            grads[:0] = [(h.T @ delta).ravel(), delta.sum(axis=0)]
            delta = (delta @ W.T) * (1 - h * h)
        grad = np.concatenate(grads) + w / prior
        m, v = 0.9 * m + 0.1 * grad, 0.999 * v + 0.001 * grad**2
        w = w - lr * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return w


class Resampler:
    """Draws of a bootstrap, as a random state would give them one after another."""

    def __init__(self, draws):
        self.draws, self.position = draws, 0

    def resample(self, *arrays):
        chosen = self.draws[self.position]
        self.position += 1
        return [array[chosen] for array in arrays]


def fit_ensemble(starts, x, y, draws, train):
    models, random_state = [], Resampler(draws)
    for start in starts:
        # was: random_state = Resampler(draws)
        models.append(train(start, *random_state.resample(x, y)))
    return models


def answer(starts, masks, x, y, points, targets, width, depth, noise, prior, lr, steps):
    sizes = [x.shape[1], *[int(width)] * int(depth), 1]
    train = lambda start, inputs, outputs: adam(start, sizes, inputs, outputs, noise, prior, lr, steps)
    models = fit_ensemble(starts, x, y, masks, train)
    predictions = np.array([forward(model, sizes, points)[1][-1][:, 0] for model in models])
    variance = predictions.std(axis=0, ddof=1) ** 2 + noise
    return {"members": np.array(models), "mean": predictions.mean(axis=0), "variance": variance}
