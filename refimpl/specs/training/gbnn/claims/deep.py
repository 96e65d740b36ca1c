"""On top of a deep network: C7."""

import numpy as np

from refimpl.core.autodiff import value_and_grad
from refimpl.core.random import indices, stream
from refimpl.models import adam, losses, mlp
from refimpl.specs.base import Claim, Outcome, at_most, reported
from refimpl.specs.training.gbnn.claims.tasks import COLORS, LIKE, load
from refimpl.training import _gbnn_rivals as rivals
from refimpl.training import gbnn


def _deep(rng, X, labels, epochs=60, batch=60):
    """A network of 32 and 16 hidden units, by Adam."""
    params = mlp.init(rng, (X.shape[1], 32, 16, 10), like=LIKE, scheme="he")
    state = adam.init(params)
    loss = value_and_grad(lambda p, x, y: losses.softmax_cross_entropy(mlp.apply(p, x, activation="relu"), y))
    for _ in range(epochs):
        order = indices(rng, len(X), (len(X),), like=LIKE, replace=False)
        for start in range(0, len(X), batch):
            rows = order[start : start + batch]
            params, state = adam.update(params, state, loss(params, X[rows], labels[rows])[1], lr=3e-3)
    return params


def on_top(seed):
    """Boosting on the last hidden layer."""
    runs = []
    for draw in range(2):
        data, rng = load("digits", seed, draw), stream(seed, "gbnn.C7", draw)
        score = lambda F, data=data: rivals.error(data.Y_test, F, task="multiclass")
        params = _deep(rng, data.X, np.argmax(data.Y, axis=1))
        own = score(mlp.apply(params, data.X_test, activation="relu"))
        X, X_test = (mlp.hidden(params, x, activation="relu")[-1] for x in (data.X, data.X_test))
        size = np.where(X.std(axis=0) > 0, X.std(axis=0), 1.0)
        X, X_test = (X - X.mean(axis=0)) / size, (X_test - X.mean(axis=0)) / size
        settings = {"task": "multiclass", "T": 40, "J": 2, "eta": 0.3, "share": 0.75, "iterations": 60}
        stages = gbnn.staged(X_test, gbnn.fit(rng, X, data.Y, **settings).model)
        V, c = rivals.linear(X, data.Y, task="multiclass")
        wide = rivals.train(rng, X, data.Y, task="multiclass", units=80, solver="adam")
        pixels = gbnn.fit(rng, data.X, data.Y, **settings).model
        runs.append({
            "boosted": score(stages[-1]), "last half off": score(stages[19]), "own head": own,
            "logistic": score(X_test @ V + c), "wide Adam": score(gbnn.outputs(X_test, wide)),
            "boosted pixels": score(gbnn.staged(data.X_test, pixels)[-1]),
        })  # fmt: skip
    mean = {name: float(np.mean([run[name] for run in runs])) for name in runs[0]}

    def plot(figure):
        axes = figure.subplots()
        colors = [COLORS["gbnn"]] * 2 + [COLORS["adam"], COLORS["linear"], COLORS["adam"], COLORS["gbnn"]]
        bars = axes.bar(list(mean), list(mean.values()), color=colors)
        axes.bar_label(bars, fmt="%.3f", padding=2, fontsize=8)
        axes.tick_params(axis="x", labelsize=7)
        axes.set(ylabel="test error, digits", title="On top of a deep network: as good as its own head")

    return Outcome(
        [
            at_most("boosted - own head", mean["boosted"] - mean["own head"], 0.02),
            *(reported(name, value) for name, value in mean.items()),
        ],
        plot,
        "Means of 2 splits, 420 digits for training. Boosting on pixels needs no deep network, and does as well.",
    )


CLAIMS = (
    Claim(
        "gbnn.C7",
        "The method works in combination with deep networks",
        "abstract",
        on_top,
        tier="full",
        kind="superiority",
        control="The network's own head, logistic regression and a wide network on the same features, and boosting on "
        "the pixels: as good.",
        showed="as good",
        proxy="A network with three layers on small digits for convolutional networks on images.",
    ),
)
