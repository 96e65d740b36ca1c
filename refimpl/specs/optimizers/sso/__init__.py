"""What the oracle knows of SSO."""

from functools import partial

import numpy as np

from refimpl.core.arrays import array_namespace, device
from refimpl.optimizers import _sso_models as models
from refimpl.optimizers import sso
from refimpl.specs import refusals, sizes
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, integer, number
from refimpl.specs.domains import COUNT, POSITIVE, REAL, SIMPLEX, Relation, below
from refimpl.specs.optimizers.sso import cases, exact, laws
from refimpl.specs.optimizers.sso.claims import CLAIMS
from refimpl.specs.optimizers.sso.laws import MODELS
from refimpl.specs.optimizers.sso.mistakes import ALTERNATIVES


def surrogate(x, y, theta_t, theta, eta, loss, model):
    """Value and gradient of the surrogate around theta_t at theta."""
    s = sso.build(theta_t, MODELS[model], models.LOSSES[loss], x, y, eta=eta)
    return sso.value(s, theta), sso.gradient(s, theta)


def _iterates(x, y, theta, batch, eta, alpha, steps, loss, model, norm):
    inner = partial(sso.gradient_descent, alpha=alpha, steps=steps, record=lambda carry: {"theta": carry.theta})
    where = {"eta": eta, "batch": batch, "norm": norm}
    _, info = sso.outer_step(theta, model, loss, x, y, inner=inner, **where)
    return array_namespace(theta).stack(info.inner.history["theta"][1:])


def outer_step(x, y, theta, batch, eta, alpha, steps, loss, model, norm):
    """Parameters after each inner step of one outer step."""
    return _iterates(x, y, theta, batch, eta, alpha, steps, models.LOSSES[loss], MODELS[model], norm)


def softmax_step(x, y, theta, batch, eta, alpha, steps, norm):
    """The same for several outputs: logits, under the cross-entropy."""
    return _iterates(x, y, theta, batch, eta, alpha, steps, models.SOFTMAX, models.linear, norm)


def majorize(x, y, theta0, inner_steps, steps, loss):
    """Parameters and losses of the full-batch method with the step sizes of the theory."""
    loss, xp = models.LOSSES[loss], array_namespace(theta0)
    inner = partial(sso.gradient_descent, curvature=sso.curvature(x), steps=inner_steps)
    run = sso.minimize(
        theta0, models.linear, loss, x, y, steps=steps, inner=inner, record=lambda theta, _: {"theta": theta}
    )
    thetas = run.history["theta"][1:]
    return xp.stack(thetas), xp.stack([xp.mean(loss.values(x @ theta, y)) for theta in thetas])


def _minimize(x, y, theta0, batches, inner, loss, **how):
    """Parameters and step sizes after each outer step on batches of a linear model."""
    note = lambda theta, info: {"theta": theta, "eta": info and info.surrogate.eta}
    how |= {"batches": batches, "steps": batches.shape[0], "record": note}
    history = sso.minimize(theta0, models.linear, models.LOSSES[loss], x, y, inner=inner, **how).history
    return array_namespace(theta0).stack(history["theta"][1:]), history["eta"][1:]


def trajectory(x, y, theta0, batches, eta, ratio, inner_steps, loss, norm, schedule):
    """Parameters after each outer step on given batches."""
    inner = partial(sso.gradient_descent, curvature=1 / ratio, steps=inner_steps)
    return _minimize(x, y, theta0, batches, inner, loss, eta=eta, norm=norm, rule=schedule)[0]


def search(x, y, theta0, batches, start, ratio, inner_steps, loss, expand):
    """Accepted step sizes, and parameters after each outer step, of SSO with a line search in the targets."""
    inner = partial(sso.gradient_descent, curvature=1 / ratio, steps=inner_steps)
    how = {"eta": start, "rule": "search", "expand": expand == "yes"}
    thetas, etas = _minimize(x, y, theta0, batches, inner, loss, **how)
    return array_namespace(theta0).asarray(etas, dtype=theta0.dtype, device=device(theta0)), thetas


def adagrad(x, y, theta0, batches, eta, alpha, inner_steps, loss, kind):
    """Parameters after each outer step of SSO with AdaGrad in the targets."""
    inner = partial(sso.gradient_descent, alpha=alpha, steps=inner_steps)
    rule = "adagrad" if kind == "scalar" else "diagonal"
    return _minimize(x, y, theta0, batches, inner, loss, eta=eta, rule=rule)[0]


def projection(x, y, theta0, batches, eta, loss):
    """Parameters of SSO with the full norm and exact inner minimum, and targets of projected SGD, side by side."""
    xp, loss_of = array_namespace(x), models.LOSSES[loss]
    basis, targets = sso.reachable(x), []
    inner = partial(sso.exact_linear, pseudoinverse=xp.linalg.pinv(x))
    thetas, _ = _minimize(x, y, theta0, batches, inner, loss, eta=eta, norm="full")
    z = x @ theta0
    for t in range(batches.shape[0]):
        batch = batches[t, :]
        rows, labels = xp.take(z, batch), xp.take(y, batch)
        slopes = sso._scatter(loss_of.gradient(rows, labels) / batch.shape[0], batch, y.shape[0])
        z = sso.projected_step(z, slopes, eta=eta, basis=basis)
        targets.append(z)
    return thetas, xp.stack(targets)


_X = array("x", "n d", "features, one row for each example")
_Y = array("y", "n", "labels of the logistic loss, numbers of the squared one")
_LOSS = choice(
    "loss", ("logistic", "squared"), "the mean, not the sum, over the rows asked of log(1 + exp(-y z)) or (z - y)^2 / 2"
)
_MODEL = choice("model", ("linear", "tanh"), "targets x theta, or tanh of them entry by entry")
_NORM = choice(
    "norm",
    ("batch", "full"),
    "whether the quadratic, the sum of (z_i - z_i at theta_t)^2 / (2 eta), runs over the batch's targets or over all n",
)
_ETA = number("eta", "step size in the targets", POSITIVE)
_ALPHA = number("alpha", "step size of the inner gradient descent", POSITIVE)
_THETA0 = array("theta0", "d", "start")
_BATCH = array("batch", "b", "row numbers of the batch", below("n"))
_BATCHES = array("batches", "T b", "row numbers of the batch of each outer step", below("n"))
_STEPS = integer("steps", "inner steps m", COUNT)
_INNER = integer("inner_steps", "inner steps m in each outer step", COUNT)
_RATIO = number("ratio", "alpha / eta_t: the inner steps are alpha = ratio * eta_t", POSITIVE)
_SIGNS = Relation(
    "y is -1 or 1 where loss = logistic", ("y",), lambda i: i["loss"] == "squared" or bool(np.all(abs(i["y"]) == 1))
)
_THETAS = array("thetas", "T d", "parameters after each outer step", steps=True)
_SOURCE = "the definitions of loss and surrogate, differentiated numerically in 50 digits; no pullback is used"


def _beyond(operation):
    """A row number that the data do not have."""
    name = "batch" if "batch" in operation.cases[0].inputs else "batches"
    rows = np.full_like(operation.cases[0].inputs[name], len(operation.cases[0].inputs["y"]))
    return ErrorCase("row-beyond-data", "rows count from 0 to n - 1", {name: rows}, ValueError, "batch")


def _unknown_label(operation):
    labels = np.zeros_like(operation.cases[0].inputs["y"])
    return ErrorCase("unknown-label", "the logistic loss knows -1 and 1", {"y": labels}, ValueError, "y")


_ARRAYS = refusals.arrays(x="x", y="y")
_START = (*_ARRAYS, *refusals.arrays(theta0="theta"), _unknown_label)
_NO_INNER = refusals.numbers(inner_steps="steps")
_STEP_SIZES = refusals.numbers("eta", "alpha")

SURROGATE = Operation(
    name="sso.surrogate",
    summary="value and gradient, in the parameters, of the quadratic around the targets at theta_t",
    inputs=(
        _X,
        _Y,
        array("theta_t", "d", "where the loss was asked"),
        array("theta", "d", "where the surrogate is evaluated"),
        _ETA,
        _LOSS,
        _MODEL,
    ),
    outputs=(number("value", "g_t(theta), with the constant l(z_t)", REAL), array("gradient", "d", "in theta")),
    reference=surrogate,
    exact=exact.surrogate,
    exact_source=_SOURCE,
    cases=cases.SURROGATE,
    sample=cases.sample_surrogate,
    laws=laws.SURROGATE,
    errors=(*_ARRAYS, *refusals.arrays(theta_t="theta"), _unknown_label, refusals.numbers("eta")),
    relations=(_SIGNS,),
    without={"long": "it is one evaluation"},
)

OUTER_STEP = Operation(
    name="sso.outer_step",
    summary="the inner iterates of one outer step: one oracle call for the mean loss, then descent on the surrogate",
    inputs=(_X, _Y, array("theta", "d", "theta_t"), _BATCH, _ETA, _ALPHA, _STEPS, _LOSS, _MODEL, _NORM),
    outputs=(array("thetas", "m d", "omega_1, ..., omega_m; the last one is theta_{t+1}", steps=True),),
    reference=outer_step,
    exact=exact.outer_step,
    exact_source=_SOURCE,
    cases=cases.OUTER,
    sample=cases.sample_outer,
    laws=laws.OUTER,
    errors=(*_ARRAYS, *refusals.arrays(theta="theta"), _unknown_label, _STEP_SIZES, refusals.numbers("steps"), _beyond),
    relations=(_SIGNS,),
)

SOFTMAX_STEP = Operation(
    name="sso.softmax_step",
    summary="the inner iterates of one outer step where the targets are logits under the cross-entropy",
    inputs=(
        _X,
        array("y", "n C", "class probabilities, one-hot for labels", SIMPLEX),
        array("theta", "d C", "theta_t; the logits are x theta"),
        _BATCH,
        _ETA,
        _ALPHA,
        _STEPS,
        _NORM,
    ),
    outputs=(array("thetas", "m d C", "omega_1, ..., omega_m", steps=True),),
    reference=softmax_step,
    exact=exact.softmax_step,
    exact_source=_SOURCE,
    cases=cases.SOFTMAX,
    sample=cases.sample_softmax,
    laws=laws.SOFTMAX,
    errors=(*_ARRAYS, *refusals.arrays(theta="theta")[:1], _STEP_SIZES, refusals.numbers("steps"), _beyond),
)

MAJORIZE = Operation(
    name="sso.majorize",
    summary="the full-batch method on a linear model with the step sizes that the theory gives",
    inputs=(
        array("x", "n d", "features, one row for each example", REAL.that("not all zero")),
        _Y,
        _THETA0,
        _INNER,
        integer("steps", "outer steps T", COUNT),
        _LOSS,
    ),
    outputs=(_THETAS, array("losses", "T", "loss after each outer step", steps=True)),
    reference=majorize,
    exact=exact.majorize,
    exact_source=_SOURCE + "; the largest eigenvalue by the power method",
    cases=cases.MAJORIZE,
    sample=cases.sample_majorize,
    laws=laws.MAJORIZE,
    errors=(*_START, _NO_INNER),
    relations=(_SIGNS,),
)

TRAJECTORY = Operation(
    name="sso.trajectory",
    summary="the parameters after each of T outer steps on given batches, for a linear model",
    inputs=(
        _X,
        _Y,
        _THETA0,
        _BATCHES,
        _ETA,
        _RATIO,
        _INNER,
        _LOSS,
        _NORM,
        choice(
            "schedule", ("constant", "root", "exponential"), "eta_t = eta, eta / sqrt(t) or eta (1/T)^(t/T), t >= 1"
        ),
    ),
    outputs=(_THETAS,),
    reference=trajectory,
    exact=exact.trajectory,
    exact_source=_SOURCE,
    cases=cases.TRAJECTORY,
    sample=cases.sample_trajectory,
    laws=laws.TRAJECTORY,
    errors=(*_START, refusals.numbers("eta"), _NO_INNER, _beyond),
    relations=(_SIGNS,),
)

SEARCH = Operation(
    name="sso.search",
    summary="SSO-SLS: the step size in the targets by line search, c = 0.5, <= 100 cuts of 0.9, clipped to [1e-4, 1e4]",
    inputs=(
        _X,
        _Y,
        _THETA0,
        _BATCHES,
        number(
            "start",
            "step size s at the start of the first search (times 1.8, if it is to expand); what 100 cuts leave of "
            "it is taken untested",
            POSITIVE,
        ),
        _RATIO,
        _INNER,
        _LOSS,
        choice("expand", ("yes", "no"), "start from 1.8 times the last step size, clipped as it was, or from `start`"),
    ),
    outputs=(array("etas", "T", "step size in the surrogate of each outer step", steps=True), _THETAS),
    reference=search,
    exact=exact.search,
    exact_source=_SOURCE,
    cases=cases.SEARCH,
    sample=cases.sample_search,
    laws=laws.SEARCH,
    errors=(*_START, refusals.numbers(start="eta"), _NO_INNER, _beyond),
    relations=(_SIGNS,),
    without={"long": "a step hands on nothing but its last step size, as the cases with two and three searches show"},
)

ADAGRAD = Operation(
    name="sso.adagrad",
    summary="SSO with AdaGrad in the targets, with one step size or with one for each target",
    inputs=(
        _X,
        _Y,
        _THETA0,
        _BATCHES,
        number("eta", "scale of the step sizes", POSITIVE),
        _ALPHA,
        _INNER,
        _LOSS,
        choice("kind", ("scalar", "diagonal"), "eta / sqrt of all squared gradients, or of those of each target"),
    ),
    outputs=(_THETAS,),
    reference=adagrad,
    exact=exact.adagrad,
    exact_source=_SOURCE,
    cases=(*cases.ADAGRAD, sizes.one_step),
    sample=cases.sample_adagrad,
    laws=laws.ADAGRAD,
    errors=(*_START, _STEP_SIZES, _NO_INNER, _beyond),
    relations=(
        _SIGNS,
        Relation(
            "no row is twice in a batch where kind = diagonal",
            ("batches",),
            lambda i: i["kind"] == "scalar" or all(len(set(rows)) == len(rows) for rows in i["batches"].tolist()),
        ),
        Relation(
            "the loss of the first batch has a slope where kind = scalar",
            ("x", "y", "theta0"),
            lambda i: (
                i["kind"] == "diagonal"
                or i["loss"] == "logistic"
                or bool(np.any((i["x"] @ i["theta0"] - i["y"])[i["batches"][0]]))
            ),
        ),
    ),
)

PROJECTION = Operation(
    name="sso.projection",
    summary="SSO with the quadratic over all targets, minimized exactly, beside projected SGD in the targets",
    inputs=(_X, _Y, _THETA0, _BATCHES, _ETA, _LOSS),
    outputs=(
        array("thetas", "T d", "parameters after each outer step, of a linear model; the nearest ones", steps=True),
        array("targets", "T n", "targets after each step of projected SGD from x theta0", steps=True),
    ),
    reference=projection,
    exact=exact.projection,
    exact_source="50 digits: eigenvectors of the Gram matrix, Gram and Schmidt for the projection, slopes by "
    "numerical differentiation",
    cases=(*cases.PROJECTION, sizes.one_step),
    sample=cases.sample_projection,
    laws=laws.PROJECTION,
    errors=(*_START, refusals.numbers("eta"), _beyond),
    relations=(_SIGNS,),
    without={"long": "a step hands on nothing but where it ends; `trajectory` counts to 300"},
)

SYSTEM = System(
    name="sso",
    chapter="optimizers",
    summary="one dear gradient in the model's output buys many cheap steps on a quadratic surrogate",
    paper=Paper(
        title="Target-based Surrogates for Stochastic Optimization",
        authors="Lavington, Vaswani, Babanezhad, Schmidt, Le Roux",
        arxiv="2302.02607",
        year=2023,
        key="lavington2023target",
    ),
    operations=(SURROGATE, OUTER_STEP, SOFTMAX_STEP, MAJORIZE, TRAJECTORY, SEARCH, ADAGRAD, PROJECTION),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "sso-1": "Algorithm 2, gradient at the targets",
        "sso-2": "Section 3, first surrogate",
        "sso-3": "Section 3, by the chain rule",
        "sso-4": "Algorithm 1, inner loop",
        "sso-5": "Section 3, largest eta; ours for a mean of n losses",
        "sso-6": "Algorithm 1, alpha = 1 / beta; ours for a linear model",
        "sso-7": "ours: the inner minimum of a linear model",
        "sso-8": "Section 4, projected SGD",
        "sso-9": "Algorithm 2, step size; authors' code, eta_schedule",
        "sso-10": "Algorithm 2, step size; authors' code, eta_schedule",
        "sso-11": "authors' code, sls_fmdopt.py",
        "sso-12": "authors' code, ada_fmdopt.py",
        "sso-13": "authors' code, diag_ada_fmdopt.py",
        "sso-14": "ours: the units of the authors' code",
    },
)
