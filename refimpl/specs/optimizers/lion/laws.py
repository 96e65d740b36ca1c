"""Checks of Lion's operations that need no answer."""

from refimpl.core.arrays import array_namespace, device
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, causal, odd, reversed_along, scales
from refimpl.specs.optimizers.lion.exact import SCALE


def _constant_gradient(run, inputs):
    xp = array_namespace(inputs["theta0"])
    steps, wd, lr = inputs["grads"].shape[0], 0.5, inputs["lr"]
    grad = inputs["theta0"] * 0.0 + 2.5
    got = run(**{**inputs, "grads": xp.stack([grad] * steps), "weight_decay": wd})["thetas"]
    yield got, xp.stack([(inputs["theta0"] + 1 / wd) * (1 - lr * wd) ** t - 1 / wd for t in range(1, steps + 1)])


def _momentum_is_mean(run, inputs):
    rest = {**inputs, "momentum": inputs["grad"]}
    yield run(**rest)["new_momentum"], inputs["grad"]


TRAJECTORY = (
    scales({"grads": 1}, {}, "two-rates", "decay-and-zero"),
    scales({"theta0": 1, "lr": 1, "weight_decay": -1}, {"thetas": 1}, "strong-decay", slug="scales-with-lr"),
    odd("two-rates", "decay-and-zero"),
    apart("d", "decay-and-zero"),
    causal("T", "gaussian-long"),
    Law(
        "constant-gradient",
        "a constant gradient g gives theta_t = -s/wd + (theta_0 + s/wd)(1 - lr wd)^t with s = sign(g)",
        _constant_gradient,
        ("decay-and-zero", "gaussian-long"),
    ),
)
STEP = (
    Law("fixed-momentum", "a momentum equal to the gradient stays", _momentum_is_mean, ("both-agree", "zeros")),
    odd("both-agree", "momentum-wins"),
    scales({"momentum": 1, "grad": 1}, {"new_momentum": 1}, "beside-the-ratios", "zeros"),
)


def _from_zero(run, inputs):
    grads = inputs["grads"][:1, :]
    got = run(theta0=0 * inputs["theta0"], grads=grads, lr=inputs["lr"])["thetas"]
    yield got, -SCALE * inputs["lr"] * array_namespace(grads).sign(grads)


def _clipped(run, inputs):
    long = inputs["grads"] * 1e3
    yield run(**{**inputs, "grads": 2.0**100 * long})["thetas"], run(**{**inputs, "grads": long})["thetas"]


FOUND = (
    reversed_along("d", "ten-steps", "forty-steps"),
    Law("from-zero", "one step from 0 has the size 0.0002 lr", _from_zero, ("ten-steps", "first-step")),
    Law(
        "clipped",
        "gradients that are clipped anyway may have any length: no square of it overflows",
        _clipped,
        ("ten-steps", "small-learning-rate"),
    ),
)


def _alone(run, inputs):
    parents = run(**{**inputs, "population": 1})["parents"]
    xp = array_namespace(parents)
    yield parents, xp.asarray(range(parents.shape[0]), dtype=parents.dtype, device=device(parents))


AGEING = (
    scales({"start_fitness": 1, "child_fitness": 1}, {}, "few", "equals"),
    Law("alone", "in a population of one each child is the parent of the next", _alone, ("few", "alone")),
)
