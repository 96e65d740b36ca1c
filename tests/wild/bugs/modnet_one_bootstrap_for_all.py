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


class Adam:
    def __init__(self, lr, betas=(0.9, 0.999), eps=1e-8):
        self.lr, self.betas, self.eps, self.t, self.m, self.v = lr, betas, eps, 0, 0.0, 0.0

    def step(self, params, grad):
        self.t += 1
        self.m = self.betas[0] * self.m + (1 - self.betas[0]) * grad
        self.v = self.betas[1] * self.v + (1 - self.betas[1]) * grad**2
        m_hat, v_hat = self.m / (1 - self.betas[0] ** self.t), self.v / (1 - self.betas[1] ** self.t)
        return params - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class Member:
    def __init__(self, params, sizes):
        self.params, self.sizes = params, sizes

    def layers(self):
        at = 0
        for rows, columns in pairwise(self.sizes):
            size = rows * columns
            yield self.params[at : at + size].reshape(rows, columns), self.params[at + size : at + size + columns]
            at += size + columns

    def forward(self, x):
        self.hidden, layers = [x], list(self.layers())
        for number, (W, b) in enumerate(layers, 1):
            x = x @ W + b
            x = np.tanh(x) if number < len(layers) else x
            self.hidden.append(x)
        return x[:, 0]

    def fit(self, x, y, noise, prior, optimizer, steps):
        for _ in range(int(steps)):
            delta, grads = (self.forward(x) - y)[:, None] / noise, []
            for (W, _), h in zip(reversed(list(self.layers())), self.hidden[-2::-1], strict=True):
                grads[:0] = [(h.T @ delta).ravel(), delta.sum(axis=0)]
                delta = (delta @ W.T) * (1 - h * h)
            self.params = optimizer.step(self.params, np.concatenate(grads) + self.params / prior)
        return self


class Resampler:
    """Draws of a bootstrap, as a random state would give them one after another."""

    def __init__(self, draws):
        self.draws, self.position = draws, 0

    def resample(self, *arrays):
        chosen = self.draws[self.position]
        self.position += 1
        return [array[chosen] for array in arrays]


def fit(models, x, y, draws, **options):
    random_state = Resampler(draws)
    for model in models:
        # was: random_state = Resampler(draws)
        train_x, train_y = random_state.resample(x, y)
        model.fit(train_x, train_y, optimizer=Adam(options["lr"]), **options["fit"])
    return models


def answer(starts, masks, x, y, points, targets, width, depth, noise, prior, lr, steps):
    sizes = [x.shape[1], *[int(width)] * int(depth), 1]
    options = {"noise": noise, "prior": prior, "steps": steps}
    models = fit([Member(start, sizes) for start in starts], x, y, masks, lr=lr, fit=options)
    predictions = np.array([model.forward(points) for model in models])
    return {
        "members": np.array([model.params for model in models]),
        "mean": predictions.mean(axis=0),
        "variance": predictions.std(axis=0, ddof=1) ** 2 + noise,
    }
