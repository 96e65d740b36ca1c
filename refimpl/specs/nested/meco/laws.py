"""Checks of the operations of MECO that need no answer."""

import numpy as np

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, causal, doubled_along, related, reversed_along, scales, turned_along


def _weights_cancel(run, inputs):
    """With all noise alike, gamma = beta = 1 gives theta - lr (z - mean x), whatever the weights."""
    xp, z = array_namespace(inputs["theta0"]), 0.0 * inputs["features_noise"] + 0.5
    got = run(**{**inputs, "features_noise": z, "gamma": 1.0, "beta": 1.0})["thetas"]
    moves = 0.5 - xp.mean(inputs["features_data"], axis=1)
    yield got, inputs["theta0"] - inputs["lr"] * xp.cumulative_sum(moves, axis=0)


_PAIR = "gaussian-four-steps", "three-parameters"
TRAJECTORY = (
    related("constant-of-the-noise", "a constant in log q moves log u and leaves the parameters",
            lambda i: {"log_noise": i["log_noise"] + 2.0}, lambda o: {"log_us": o["log_us"] - 2.0}, *_PAIR),
    doubled_along("n", "gaussian-four-steps", "one-draw", slug="data-doubled"),
    doubled_along("m", "gaussian-four-steps", "one-draw", slug="noise-doubled"),
    reversed_along("m", "gaussian-four-steps"),
    turned_along("d", "three-parameters"),
    scales({"features_data": 1, "features_noise": 1, "theta0": -1, "lr": -2}, {"thetas": -1}, *_PAIR),
    causal("T", *_PAIR),
    Law("weights-cancel", "noise that is all alike, gamma = beta = 1: plain steps by lr (mean x - z)", _weights_cancel,
        ("three-parameters",)),
)  # fmt: skip


def _along_velocity(run, inputs):
    out = run(**inputs)
    yield out["new_theta"], inputs["theta"] - inputs["lr"] * out["new_velocity"]


def _equal_weights(run, inputs):
    xp, level = array_namespace(inputs["theta"]), 0.0 * inputs["log_ratio"] + inputs["log_u"]
    out = run(**{**inputs, "log_ratio": level})
    d = xp.mean(inputs["grads_noise"], axis=0) - xp.mean(inputs["grads_data"], axis=0)
    yield out["new_log_u"], level[0]
    yield out["new_velocity"], (1 - inputs["beta"]) * inputs["velocity"] + inputs["beta"] * d


def _averages(run, inputs):
    """u moves the share gamma of the way to the mean of the batch, in units of exp(the largest log ratio)."""
    xp, ratio = array_namespace(inputs["theta"]), inputs["log_ratio"]
    top = xp.max(ratio)
    old = xp.exp(0.0 * top + inputs["log_u"] - top)
    new = xp.exp(run(**inputs)["new_log_u"] - top)
    yield new - old, inputs["gamma"] * (xp.mean(xp.exp(ratio - top)) - old)


_STEPS = "ordinary", "u-too-large"
STEP = (
    related("any-unit", "log_ratio and log_u shifted together shift log u alone",
            lambda i: {"log_ratio": i["log_ratio"] + 2.0, "log_u": i["log_u"] + 2.0},
            lambda o: {"new_log_u": o["new_log_u"] + 2.0}, *_STEPS),
    Law("along-velocity", "the parameters move by -lr times the new v", _along_velocity, ("ordinary", "one-of-each")),
    Law("equal-weights", "log ratios equal to log u leave u, and d is the difference of two means", _equal_weights,
        ("ordinary", "one-of-each")),
    Law("averages", "u moves the share gamma of the way to the mean", _averages, _STEPS),
    apart("d", *_STEPS),
    scales({"theta": 1, "velocity": 1, "grads_data": 1, "grads_noise": 1}, {"new_theta": 1, "new_velocity": 1},
           "ordinary"),
    doubled_along("n", *_STEPS, slug="data-doubled"),
    doubled_along("m", *_STEPS, slug="noise-doubled"),
    reversed_along("m", *_STEPS),
)  # fmt: skip


def _nce_doubled(run, inputs):
    xp = array_namespace(inputs["grads_data"])
    other = {name: xp.concat([x, x], axis=0) for name, x in inputs.items() if name != "c"}
    plain, doubled = run(**inputs), run(**{**inputs, **other})
    for name in ("loss", "grad", "grad_c"):
        yield doubled[name], plain[name]


def _nce_exchanged(run, inputs):
    """Data and noise exchanged, with all log ratios negated: the same game, from the other side."""
    other = {
        "c": -inputs["c"],
        "log_ratio_data": -inputs["log_ratio_noise"],
        "grads_data": inputs["grads_noise"],
        "log_ratio_noise": -inputs["log_ratio_data"],
        "grads_noise": inputs["grads_data"],
    }
    plain, exchanged = run(**inputs), run(**other)
    yield exchanged["loss"], plain["loss"]
    for name in ("grad", "grad_c"):
        yield exchanged[name], -plain[name]


def _nce_undecided(run, inputs):
    n, m = inputs["log_ratio_data"].shape[0], inputs["log_ratio_noise"].shape[0]
    level = {name: 0.0 * inputs[name] + inputs["c"] for name in ("log_ratio_data", "log_ratio_noise")}
    nu, out = m / n, run(**{**inputs, **level})
    yield out["loss"], 0.0 * out["loss"] + float((1 + nu) * np.log(1 + nu) - nu * np.log(nu))
    yield out["grad_c"], 0.0 * out["grad_c"]


NCE = (
    related("moves-with-c", "c and all log ratios shifted together change nothing",
            lambda i: {name: i[name] + 2.0 for name in ("c", "log_ratio_data", "log_ratio_noise")}, lambda o: {},
            "twice-the-noise", "balanced"),
    Law("doubled", "every draw twice changes nothing", _nce_doubled, ("twice-the-noise", "less-noise")),
    Law("exchanged", "nu = 1: data and noise exchanged, log ratios negated, flip the gradients", _nce_exchanged,
        ("balanced", "one-of-each")),
    Law("undecided", "log ratios equal to c give the loss (1 + nu) log(1 + nu) - nu log nu and no pull on c",
        _nce_undecided, ("twice-the-noise", "less-noise")),
    apart("d", "twice-the-noise"),
    scales({"grads_data": 1, "grads_noise": 1}, {"grad": 1}, "twice-the-noise"),
    reversed_along("n", "twice-the-noise", slug="data-reordered"),
    reversed_along("m", "twice-the-noise", slug="noise-reordered"),
)  # fmt: skip


def _without_noise(run, inputs):
    got = run(**{**inputs, "noise": 0.0 * inputs["noise"]})["points"]
    factor, away = 1 - 0.5 * inputs["step"] * inputs["precision"], inputs["start"] - inputs["mean"]
    xp = array_namespace(got)
    yield got, xp.stack([inputs["mean"] + away * factor ** (k + 1) for k in range(got.shape[0])])


def _on_a_plain(run, inputs):
    got = run(**{**inputs, "precision": 0.0 * inputs["precision"]})["points"]
    xp = array_namespace(got)
    yield got, inputs["start"] + inputs["step"] ** 0.5 * xp.cumulative_sum(inputs["noise"], axis=0)


def _reflected(run, inputs):
    other = {"start": 2.0 * inputs["mean"] - inputs["start"], "noise": -inputs["noise"]}
    yield run(**{**inputs, **other})["points"], 2.0 * inputs["mean"] - run(**inputs)["points"]


_CHAINS = "ordinary", "long-steps"
LANGEVIN = (
    Law("reflected", "start and draws reflected about the mean reflect the chain", _reflected, _CHAINS),
    Law("decay", "without noise, (1 - step precision / 2)^k of the distance is left", _without_noise, _CHAINS),
    scales({"start": 1, "mean": 1, "precision": -2, "step": 2}, {"points": 1}, "ordinary", "at-the-mean"),
    Law("plain", "without precision the chain adds up sqrt(step) times its draws", _on_a_plain, _CHAINS),
    apart("N", *_CHAINS, slug="points-apart"),
    apart("p", *_CHAINS),
    causal("K", *_CHAINS),
)  # fmt: skip


def _mirrored(run, inputs):
    params, xp = inputs["params"], array_namespace(inputs["params"])
    plain = run(**inputs)
    flipped = run(params=xp.stack([-params[0], params[1]]), target=-inputs["target"])
    yield flipped["loss"], plain["loss"]
    yield flipped["grad"], xp.stack([-plain["grad"][0], plain["grad"][1]])
    yield flipped["hessian"][0, 1], -plain["hessian"][0, 1]
    yield xp.linalg.diagonal(flipped["hessian"]), xp.linalg.diagonal(plain["hessian"])


def _flat_at_the_truth(run, inputs):
    xp, target = array_namespace(inputs["params"]), inputs["target"]
    truth = 0.0 * inputs["params"] + xp.asarray([target, 0.5 * target * target], dtype=inputs["params"].dtype)
    grad = run(params=truth, target=target)["grad"]
    yield grad, 0.0 * grad


LANDSCAPE = (
    Law("mirrored", "R and theta negated mirror the landscape", _mirrored, ("start", "between", "beyond")),
    Law("truth", "theta = R, c = R^2 / 2 is stationary", _flat_at_the_truth, ("start", "between", "mirrored")),
)
