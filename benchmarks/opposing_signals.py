"""Finding the groups at a step, and the updates of SplitSGD and Adam, beside plain NumPy and the bandwidth limit."""

import numpy as np

from benchmarks import _measure
from refimpl.core import random
from refimpl.landscape import opposing_signals

SAMPLES, PARAMETERS = 1_000_000, 1_000_000


def losses(samples):
    """Losses before and after a step."""
    return random.normal(random.stream(0, "opposing_signals-benchmark"), (2, samples), like=np.zeros(1))


def lists(samples):
    """Both lists of a step, 2 % of the samples each."""
    rows = losses(samples)
    return lambda: opposing_signals.identify(rows, 0)


def partitioned(samples):
    """The same lists in NumPy, by a partition and a sort of what is kept: ties in any order."""
    before, after = losses(samples)
    k = samples // 50

    def find():
        change = after - before
        for signed in (-change, change):
            some = np.argpartition(signed, k)[:k]
            some[np.argsort(signed[some])]

    return find


def update(rule, parameters, **rates):
    """One step of an optimizer."""
    rng = random.stream(0, "opposing_signals-benchmark")
    theta, grad = random.normal(rng, (2, parameters), like=np.zeros(1))
    state = opposing_signals.optimizer_init(theta)
    return lambda: rule(theta, state, grad, **rates)


def run():
    split = {"lr": 0.01, "lr_sign": 0.003, "r": 2.0}
    finding = {
        "both lists, by stable sorts": lists(SAMPLES),
        "NumPy, by partitions": partitioned(SAMPLES),
    }
    steps = {
        "SplitSGD": update(opposing_signals.split_sgd, PARAMETERS, **split),
        "SGD with momentum": update(opposing_signals.sgdm, PARAMETERS, lr=0.01),
        "Adam": update(opposing_signals.adam, PARAMETERS, lr=0.01),
    }
    return [
        _measure.Workload(
            f"opposing groups among {SAMPLES:,} samples, float64",
            [*_measure.rows(finding, 7), _measure.limit(8 * SAMPLES * 3, "two rows read, changes written")],
            [_measure.growth("n", [125_000, 250_000, 500_000, 1_000_000], lists, 1.0)],
            "A stable sort of all changes gives one order to ties on every library; only the two ends are wanted.",
        ),
        _measure.Workload(
            f"one step of {PARAMETERS:,} parameters, float64",
            [*_measure.rows(steps, 15), _measure.limit(8 * PARAMETERS * 5, "three arrays read, two written")],
            [],
            "Adam reads and writes one array more.",
        ),
    ]
