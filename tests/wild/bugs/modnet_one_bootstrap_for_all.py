"""Each member draws its sample anew from the same random state, so that all members see the same examples."""

import numpy as np

from tests.wild import Bug
from tests.wild.around import adam, forward

BUG = Bug(
    project="MODNet",
    link="https://github.com/ppdebreuck/modnet/issues/231",
    date="2024-10-26",
    operation="bnn_surrogates.ensemble",
    kind="wrong_order",
)


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
