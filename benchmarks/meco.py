"""A step of MECO in multiples of a plain SGD step on the same model, and what its own part of it costs."""

import numpy as np

from benchmarks import _measure
from refimpl.core.random import stream
from refimpl.nested import _meco_baselines as baselines
from refimpl.nested import _meco_models as models
from refimpl.nested import meco

DIMENSION, UNITS, BATCH = 64, 256, 256


def problem(units, batch):
    """An energy model, its parameters, a batch of data and one of noise."""
    rng, like = stream(0, "meco-benchmark"), np.zeros(1)
    noise = models.Gaussian(np.zeros(DIMENSION), np.full(DIMENSION, 1.1))
    model = models.SoftplusModel(DIMENSION, units, 1.1**-2)
    x, z = rng.standard_normal((batch, DIMENSION)), noise.sample(rng, (batch,))
    return model, model.init(rng, like=like), x, z, noise


def plain(units, batch):
    """SGD with momentum on a loss that needs no log Z: the mean gradient at the data, and the step."""
    model, params, x, _, _ = problem(units, batch)
    last = [params, None]

    def step():
        gradient = -np.mean(model.grads(params, x), axis=0)
        last[:] = meco.descend(*last, gradient, lr=1e-6)

    return step


def ours(units, batch):
    """A step of MECO: gradients at data and noise, weights, running averages, checks."""
    model, params, x, z, noise = problem(units, batch)
    log_q, state = noise.log_density(z), [params, meco.init()]

    def step():
        log_ratio = model.log_density(params, z) - log_q
        state[:] = meco.update(*state, model.grads(params, x), log_ratio, model.grads(params, z), lr=1e-6)[:2]

    return step


def weights_alone(units, batch):
    """The running average and the weights: what MECO adds to two batches of gradients."""
    model, params, _, z, noise = problem(units, batch)
    log_ratio, log_u = model.log_density(params, z) - noise.log_density(z), np.array(0.0)
    return lambda: meco.track(log_u, log_ratio)


def nce(units, batch):
    """A step of NCE on the same batches."""
    model, params, x, z, noise = problem(units, batch)
    log_q_x, log_q_z, last, c = noise.log_density(x), noise.log_density(z), [params, None], np.array(0.0)

    def step():
        ratios = model.log_density(params, x) - log_q_x, model.log_density(params, z) - log_q_z
        out = baselines.nce(c, ratios[0], model.grads(params, x), ratios[1], model.grads(params, z))
        last[:] = meco.descend(*last, out.grad, lr=1e-6)

    return step


def chains(units, batch, steps=5):
    """A step of maximum likelihood with short Langevin chains, as many as there are draws of noise."""
    model, params, x, _, noise = problem(units, batch)
    rates = {"chains": batch, "steps": steps, "step": 0.01, "rng": stream(0, "meco-benchmark", "chains")}
    expected, last = baselines.short_run(model, noise, **rates), [params, None]

    def step():
        gradient = expected(params) - np.mean(model.grads(params, x), axis=0)
        last[:] = meco.descend(*last, gradient, lr=1e-6)

    return step


def run():
    size = UNITS, BATCH
    steps = {
        "a plain SGD step, data alone": plain(*size),
        "MECO": ours(*size),
        "MECO, running average and weights alone": weights_alone(*size),
        "NCE": nce(*size),
        "short chains, 5 Langevin steps": chains(*size),
    }
    parameters = 2 * DIMENSION + DIMENSION * UNITS + UNITS
    moved = 8 * parameters * BATCH * 2  # a gradient per draw, written once and read once
    return [
        _measure.Workload(
            f"MECO, {parameters:,} parameters, {BATCH} data and {BATCH} draws of noise, float64",
            [*_measure.rows(steps, 15), _measure.limit(moved, "one batch of gradients written and read")],
            [
                _measure.growth("B", [64, 128, 256, 512], lambda b: ours(UNITS, b), 1.0),
                _measure.growth("units", [64, 128, 256, 512], lambda units: ours(units, BATCH), 1.0),
            ],
            "The ratio is the cost in multiples of a plain SGD step, which sees no noise: a step of MECO takes "
            "gradients at twice as many points. Its own part, the running average, costs next to nothing.",
        )
    ]
