"""The fit of a block beside scikit-learn's, on the same rows; and how the cost of a network grows with its units."""

import warnings

import numpy as np

from benchmarks import _measure
from refimpl.core.random import stream
from refimpl.training import _gbnn_rivals as rivals
from refimpl.training import gbnn

ROWS, ITERATIONS = 500, 50


def _data(N):
    X, Y = rivals.friedman(stream(0, "gbnn-benchmark"), N, like=np.zeros(1))
    return (X - X.mean(axis=0)) / X.std(axis=0), (Y - Y.mean()) / Y.std()


def ours(N, J=2):
    """One block, checks included."""
    X, R = _data(N)
    rng = stream(0, "gbnn-benchmark-start")
    start = gbnn.initial_block(gbnn.Block(*(rng.uniform(size=s) for s in ((10, J), (J,), (J, 1), (1,)))))
    return lambda: gbnn.fit_block(X, R, start, iterations=ITERATIONS)


def sklearn(N, J=2):
    """scikit-learn's, if it is installed."""
    from sklearn.neural_network import MLPRegressor

    X, R = _data(N)
    net = MLPRegressor(hidden_layer_sizes=(J,), activation="logistic", solver="lbfgs", alpha=1e-4, tol=0.0,
                       max_iter=ITERATIONS, random_state=0)  # fmt: skip

    def step():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it did not converge, as it was told
            return net.fit(X, R[:, 0])

    return step


def whole(T):
    """A network of T units."""
    X, Y = _data(ROWS)
    return lambda: gbnn.fit(stream(0, "gbnn-benchmark"), X, Y, task="regression", T=T, eta=0.1, iterations=ITERATIONS)


def run():
    """One workload."""
    theirs, missing = _measure.peers({"scikit-learn, MLPRegressor": lambda: sklearn(ROWS)})
    table = [*_measure.rows({"refimpl": ours(ROWS)} | theirs, 5), *missing]
    return [
        _measure.Workload(
            f"A block of 2 units: {ROWS} rows of 10 columns, {ITERATIONS} iterations of L-BFGS, float64",
            table,
            [
                _measure.growth("N", [1000, 4000, 16000, 64000], ours, 1.0),
                _measure.growth("T", [5, 10, 20], whole, 1.0),
            ],
            "Both call SciPy's L-BFGS; starts differ, and so do the numbers of evaluations. No limit of the "
            "hardware: at this size it is Python that is measured.",
        )
    ]
