"""Inputs of SSO's operations under permanent names, and random ones."""

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case

X = np.array([[1.0, 2.0], [0.0, 1.0], [-1.0, 1.0]])
Y = np.array([1.0, -1.0, 1.0])
START = np.array([0.5, -0.5])
SIGMA2 = 6.236067977499791  # of X


def _data(slug, n, d, loss, scales=1.0):
    """Gaussian features, signs or Gaussian numbers as y, and a start."""
    rng = stream(0, "sso-case", slug)
    y = rng.standard_normal(n)
    return rng.standard_normal((n, d)) * scales, np.sign(y) if loss == "logistic" else y, rng.standard_normal(d)


def _random(rng, n, d, loss):
    y = rng.standard_normal(n)
    return {
        "x": rng.standard_normal((n, d)),
        "y": np.sign(y) if loss == "logistic" else y,
        "theta0": rng.standard_normal(d),
    }


def _curvature(x):
    """To six digits, which no other way to the singular value can turn."""
    return float(f"{np.linalg.svd(x, compute_uv=False)[0] ** 2:.6g}")


def _one_over_L(b, loss):
    return b * (4.0 if loss == "logistic" else 1.0)


LARGE = 70_001


def _many_rows(slug, of, rows=(), **numbers):
    """A case of many rows, each one of those of a small case, equally often.

    `rows` are inputs that hold row numbers, which become those of equal rows; `numbers` (input -> its factor, from the
    number of repetitions) make up for a quadratic over so many more rows. Where there is one, float32 is not asked:
    its sums over so many rows lose digits that depend on their order.
    """

    def make(operation, before):
        small = before[of]
        n = len(small.inputs["y"])
        times = -(-LARGE // n)
        picks = stream(0, operation.name, slug).permutation(np.repeat(np.arange(n), times))
        places = np.argsort(picks, kind="stable").reshape(n, times)  # where each small row went

        def derived(values):
            return {f.name: values[f.name][..., picks] if f.axes.endswith("n") else values[f.name]
                    for f in operation.outputs}  # fmt: skip

        changed = {name: places[small.inputs[name], times // 2] for name in rows}
        changed |= {name: small.inputs[name] * factor(times) for name, factor in numbers.items()}
        return Case(
            slug,
            ("large",),
            f"{len(picks)} rows, each one of those of {of}: none is left out, none counts twice",
            small.inputs | {"x": small.inputs["x"][picks], "y": small.inputs["y"][picks]} | changed,
            dtypes=("float64",) if numbers or not rows else small.dtypes,
            equations=small.equations,
            source=f"the answer of {of}",
            small=small,
            derived=derived,
            recipe=f"{of}/n/{len(picks)}",
        )

    return make


def _times(times):
    return float(times)


def _over(times):
    return 1.0 / times


# The surrogate at a point -------------------------------------------------------------------------------------------


def _surrogate(slug, flags, why, *, data=None, eta=None, loss="logistic", model="linear", n=4, d=3, **more):
    x, y, theta_t = data or _data(slug, n, d, loss)
    theta = more.pop("theta", theta_t + stream(1, "sso-case", slug).standard_normal(len(theta_t)))
    eta = eta or _one_over_L(len(y), loss)
    inputs = {"x": x, "y": y, "theta_t": theta_t, "theta": theta, "eta": eta, "loss": loss, "model": model}
    return Case(slug, flags, why, inputs, **more)


SURROGATE = (
    _surrogate("logistic-linear", ("basic", "wrong_constant", "wrong_order"),
               "the quadratic around z_t with the gradient at z_t, pulled back through a linear model",
               equations=("sso-1", "sso-2", "sso-3")),
    _surrogate("squared-tanh", ("basic", "wrong_order"),
               "a model that is not linear: the pullback is the one at theta, the gradient of the loss the one at "
               "theta_t", loss="squared", model="tanh", equations=("sso-3",)),
    _surrogate("logistic-tanh", ("basic",), "the same with the logistic loss", model="tanh", eta=3.0,
               equations=("sso-3",)),
    _surrogate("at-the-start", ("edge_case",), "at theta_t the surrogate is the loss and has its gradient, whatever "
               "eta is", data=(X, Y, START), theta=START, eta=0.5, equations=("sso-2", "sso-3")),
    _surrogate("squared-at-one-over-L", ("edge_case", "wrong_constant"),
               "for the squared loss and eta = 1/L = n the surrogate is the loss itself, everywhere",
               loss="squared", n=3, d=2, equations=("sso-2", "sso-5")),
    _surrogate("one-by-one", ("boundary",), "one row, one parameter",
               data=(np.array([[2.0]]), np.array([-1.0]), np.array([0.75])), theta=np.array([-1.5]), eta=0.75),
    _surrogate("large-margins", ("numerics",), "margins of a thousand: the exponentials must not overflow",
               data=(1000 * X, Y, START), theta=np.array([0.5, 1.5]), eta=1e5),
    _surrogate("far-on-the-right-side", ("numerics",), "targets a thousand on the side of their labels: no loss, "
               "where log(1 + exp(z)) - z is infinite", eta=1.0, theta=np.array([2000.0]),
               data=(np.array([[1.0], [-1.0]]), np.array([1.0, -1.0]), np.array([1000.0]))),
    _surrogate("saturated-units", ("numerics",), "units at the end of tanh, where its derivative is next to 0 (and in "
               "float32 nothing but rounding)", data=(4 * X, Y, START), theta=np.array([1.0, -1.5]), model="tanh",
               loss="squared", dtypes=("float64",)),
    _many_rows("many-rows", "logistic-tanh", eta=_times),
)  # fmt: skip


def sample_surrogate(rng):
    n, d = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    loss, model = str(rng.choice(["squared", "logistic"])), str(rng.choice(["linear", "tanh"]))
    inputs = _random(rng, n, d, loss)
    theta_t = inputs.pop("theta0")
    return inputs | {
        "theta_t": theta_t,
        "theta": theta_t + rng.standard_normal(d),
        "eta": float(10.0 ** rng.uniform(-1, 2)),
        "loss": loss,
        "model": model,
    }


# One outer step -----------------------------------------------------------------------------------------------------


def _outer(slug, flags, why, *, data=None, batch=None, eta=None, loss="logistic", n=5, d=3, **settings):
    model, norm, steps = settings.pop("model", "linear"), settings.pop("norm", "batch"), settings.pop("steps", 4)
    x, y, theta = data or _data(slug, n, d, loss)
    batch = np.arange(len(y)) if batch is None else batch
    eta = eta or _one_over_L(len(batch), loss)
    held = x if norm == "full" else x[np.array(batch)]
    alpha = settings.pop("alpha", None) or eta / _curvature(held)
    inputs = {"x": x, "y": y, "theta": theta, "batch": np.array(batch), "eta": float(eta), "alpha": alpha}
    return Case(slug, flags, why, inputs | {"steps": steps, "loss": loss, "model": model, "norm": norm}, **settings)


OUTER = (
    _outer("fixture", ("basic", "wrong_constant", "wrong_order"),
           "three inner steps on the whole data with eta = 1/L and alpha = eta / sigma^2", data=(X, Y, START),
           eta=12.0, alpha=12 / SIGMA2, steps=3, equations=("sso-1", "sso-3", "sso-4")),
    _outer("two-of-five", ("basic", "wrong_constant", "wrong_order"),
           "a batch: the loss is its mean, and the quadratic holds its targets alone", batch=[3, 1],
           equations=("sso-1", "sso-4")),
    _outer("two-of-five-full-norm", ("basic", "missing_step"), "the loss of a batch, the quadratic over all targets",
           batch=[4, 0], norm="full", equations=("sso-1", "sso-4")),
    _outer("tanh-squared", ("basic", "wrong_order"), "a model whose Jacobian moves with the iterates", loss="squared",
           model="tanh", batch=[0, 2, 4], eta=6.0, alpha=0.5, equations=("sso-4",)),
    _outer("tanh-full-norm", ("basic",), "the same with the quadratic over all targets", model="tanh", norm="full",
           batch=[1, 2], eta=8.0, alpha=1.0),
    _outer("row-twice", ("edge_case",), "a row that is twice in the batch counts twice, in the loss and in the "
           "norm of the batch", batch=[2, 2, 0]),
    _outer("row-twice-full-norm", ("edge_case",), "in the full norm such a row counts twice in the loss and once "
           "in the norm", batch=[2, 2, 0], norm="full"),
    _outer("single-inner-step", ("boundary",),
           "with m = 1 the step is plain gradient descent, which must move", steps=1),
    _outer("wide", ("boundary",), "n < d: the targets of the surrogate can be reached, the "
           "parameters are not determined", n=2, d=4),
    _outer("dependent-features", ("edge_case",),
           "features that are constant or equal make the Jacobian singular, which does no harm",
           data=(np.array([[1.0, 2.0, 2.0], [1.0, 0.5, 0.5], [1.0, -1.0, -1.0]]), Y, np.array([0.1, 0.2, -0.3]))),
    _outer("one-row-one-parameter", ("boundary",), "one row, one parameter",
           data=(np.array([[2.0]]), np.array([-1.0]), np.array([0.75])), alpha=0.3, eta=2.0),
    _outer("feature-scales", ("numerics",), "features of scales from 1e-4 to 1e4",
           data=_data("scales", 4, 3, "squared", np.array([1e-4, 1.0, 1e4])), loss="squared"),
    _outer("margins-of-hundreds", ("numerics",), "margins of hundreds: the exponentials must not overflow",
           data=(500 * X, Y, START)),
    _outer("margins-of-thousands", ("numerics",), "margins of a thousand and more, where exp overflows in float64 too",
           data=(2000 * X, Y, START)),
    _outer("zero-gradient", ("edge_case",), "the first inner step reaches the minimum exactly: the others find a "
           "gradient of 0 and stay, and each is counted", data=(np.ones((1, 1)), np.zeros(1), np.ones(1)),
           loss="squared", eta=1.0, alpha=1.0, steps=3, answer={"thetas": np.zeros((3, 1))}, source="worked by hand"),
    _outer("three-hundred-inner-steps", ("long",), "an inner loop long enough to reach the surrogate's minimum",
           n=2, d=1, steps=300, eta=8.0, alpha=0.5),
    _many_rows("many-rows-full-norm", "two-of-five-full-norm", rows=("batch",), eta=_times),
)  # fmt: skip


def sample_outer(rng):
    n, d = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    loss, model = str(rng.choice(["squared", "logistic"])), str(rng.choice(["linear", "tanh"]))
    inputs, eta = _random(rng, n, d, loss), float(10.0 ** rng.uniform(-1, 1.5))
    theta = inputs.pop("theta0")
    return inputs | {
        "theta": theta,
        "batch": rng.integers(0, n, int(rng.integers(1, n + 1))),
        "eta": eta,
        "alpha": eta / (n * _curvature(inputs["x"])),
        "steps": int(rng.integers(1, 5)),
        "loss": loss,
        "model": model,
        "norm": str(rng.choice(["batch", "full"])),
    }


def _softmax(slug, flags, why, *, n=4, d=2, C=3, batch=None, norm="batch", steps=3, scale=1.0, labels=None, **more):
    rng = stream(0, "sso-softmax", slug)
    x, theta, classes = scale * rng.standard_normal((n, d)), rng.standard_normal((d, C)), rng.integers(0, C, n)
    batch = np.arange(n) if batch is None else np.array(batch)
    eta = more.pop("eta", None) or 2.0 * len(batch)
    inputs = {"x": x, "y": np.eye(C)[classes] if labels is None else np.array(labels), "theta": theta}
    inputs |= {"batch": batch, "eta": float(eta), "alpha": float(eta) / _curvature(x), "steps": steps}
    return Case(slug, flags, why, inputs | {"norm": norm}, **more)


SOFTMAX = (
    _softmax("of-three-classes", ("basic", "wrong_order", "wrong_constant"),
             "the gradient in a row's logits is its softmax minus its label; the loss is a mean over rows alone",
             equations=("sso-1", "sso-3", "sso-4")),
    _softmax("two-of-four", ("basic", "missing_step"), "the mean over the batch, its logits in the quadratic",
             batch=[3, 1], equations=("sso-1",)),
    _softmax("two-of-four-full-norm", ("basic", "missing_step"),
             "the loss of a batch, the quadratic over the logits of all rows",
             batch=[0, 2], norm="full"),
    _softmax("row-twice-full-norm", ("edge_case",), "a row twice in the batch counts twice in the loss, once in "
             "the norm", batch=[2, 2, 0], norm="full"),
    _softmax("probabilities", ("edge_case",), "labels may be probabilities", n=2,
             labels=[[0.5, 0.25, 0.25], [0.0, 0.5, 0.5]]),
    _softmax("single-class", ("boundary",), "with one class the loss is 0 everywhere and nothing moves", n=2, C=1),
    _softmax("single-step", ("boundary",), "one row, one inner step", n=1, steps=1),
    _softmax("huge-logits", ("numerics",), "logits beyond 709 of either sign, where exp overflows", scale=2000.0),
    _softmax("three-hundred-steps", ("long",), "an inner loop long enough to reach the surrogate's minimum",
             n=1, d=1, C=2, steps=300),
    _many_rows("many-rows-full-norm", "two-of-four-full-norm", rows=("batch",), eta=_times),
)  # fmt: skip


def sample_softmax(rng):
    n, d, C = int(rng.integers(1, 5)), int(rng.integers(1, 4)), int(rng.integers(2, 4))
    x, eta = rng.standard_normal((n, d)), float(10.0 ** rng.uniform(-1, 1.5))
    return {
        "x": x,
        "y": np.eye(C)[rng.integers(0, C, n)],
        "theta": rng.standard_normal((d, C)),
        "batch": rng.integers(0, n, int(rng.integers(1, n + 1))),
        "eta": eta,
        "alpha": eta / (n * _curvature(x)),
        "steps": int(rng.integers(1, 4)),
        "norm": str(rng.choice(["batch", "full"])),
    }


# Full batch ---------------------------------------------------------------------------------------------------------


def _majorize(slug, flags, why, *, data=None, loss="logistic", n=5, d=3, inner_steps=3, steps=3, **more):
    x, y, theta0 = data or _data(slug, n, d, loss)
    inputs = {"x": x, "y": y, "theta0": theta0, "inner_steps": inner_steps, "steps": steps, "loss": loss}
    return Case(slug, flags, why, inputs, **more)


MAJORIZE = (
    _majorize("logistic", ("basic", "wrong_constant"),
              "the step sizes follow from the loss (1/L = 4 n) and from the features (sigma^2)",
              equations=("sso-4", "sso-5", "sso-6")),
    _majorize("squared", ("basic", "wrong_constant"), "for the squared loss 1/L = n, and the surrogate is the loss",
              loss="squared", equations=("sso-5",)),
    _majorize("one-inner-step", ("boundary",), "m = 1 is gradient descent on the loss", inner_steps=1),
    _majorize("one-row-one-parameter", ("boundary",),
              "one row, one parameter: one inner step reaches the surrogate's minimum, and the others stay there",
              data=(np.array([[2.0]]), np.array([-1.0]), np.array([0.75]))),
    _majorize("more-features-than-rows", ("boundary",), "n < d, where the loss can be brought to 0", n=2, d=4, steps=3),
    _majorize("ill-conditioned", ("numerics",), "features of scales 1, 1/10 and 1/100",
              data=_data("ill-conditioned", 5, 3, "logistic", np.array([1.0, 0.1, 0.01])), inner_steps=6, steps=2),
    _majorize("saturated", ("numerics",),
              "margins of a thousand and more: exp overflows, the losses are finite, and all digits of the slopes 1 "
              "count", data=(2000 * X, Y, START), steps=2),
    _majorize("three-hundred-steps", ("long",), "thirty answers of the oracle, ten inner steps on each",
              data=(np.array([[1.0], [0.5]]), np.array([1.0, -1.0]), np.array([3.0])), inner_steps=10, steps=30),
    _majorize("two-rows", ("boundary",), "two rows, one outer step of one inner step", n=2, d=1, inner_steps=1,
              steps=1),
    _many_rows("many-rows", "two-rows"),
)  # fmt: skip


def sample_majorize(rng):
    n, d, loss = int(rng.integers(1, 6)), int(rng.integers(1, 4)), str(rng.choice(["squared", "logistic"]))
    return _random(rng, n, d, loss) | {
        "inner_steps": int(rng.integers(1, 4)),
        "steps": int(rng.integers(1, 4)),
        "loss": loss,
    }


# On batches ---------------------------------------------------------------------------------------------------------

BATCHES = ([3, 1], [0, 4], [3, 2])


def _run(slug, flags, why, sizes, *, data=None, batches=BATCHES, loss="logistic", n=5, d=3, inner_steps=3, **more):
    """A case of an operation on batches; `sizes(x, b)` gives its further inputs."""
    x, y, theta0 = data or _data(slug, n, d, loss)
    inputs = {"x": x, "y": y, "theta0": theta0, "batches": np.array(batches), "loss": loss}
    inputs |= ({"inner_steps": inner_steps} if inner_steps else {}) | sizes(x, len(batches[0]))
    return Case(slug, flags, why, inputs, **more)


def _hundreds(slug, why, sizes):
    """Three hundred batches of one row, of two that disagree, in random order."""
    data = np.array([[1.0], [0.5]]), np.array([1.0, -1.0]), np.array([2.0])
    rows = stream(0, "sso-case", "hundreds").integers(0, 2, (300, 1))
    how = {"data": data, "batches": rows, "loss": "squared", "inner_steps": 1}
    return _run(slug, ("long",), why, sizes, **how)


def _random_run(rng, sizes, distinct=False):
    n, d, loss = int(rng.integers(2, 6)), int(rng.integers(1, 4)), str(rng.choice(["squared", "logistic"]))
    inputs, T, b = _random(rng, n, d, loss), int(rng.integers(1, 5)), int(rng.integers(1, n + 1))
    draw = lambda: rng.permutation(n)[:b] if distinct else rng.integers(0, n, b)
    batches = np.stack([draw() for _ in range(T)])
    steps = {"inner_steps": int(rng.integers(1, 4)), "loss": loss}
    return inputs | {"batches": batches} | steps | sizes(inputs["x"], b)


def _scheduled(schedule, norm="batch", eta=None):
    def sizes(x, b):
        return {"eta": eta or 4.0 * b, "ratio": 1 / _curvature(x), "norm": norm, "schedule": schedule}

    return sizes


TRAJECTORY = (
    _run("constant-rate", ("basic", "wrong_order"), "batches of two with a constant step size", _scheduled("constant"),
         equations=("sso-1", "sso-4")),
    _run("root-rate", ("basic", "wrong_order"),
         "eta / sqrt(t) with t from 1", _scheduled("root"), equations=("sso-9",)),
    _run("exponential-rate", ("basic", "wrong_order"), "eta (1/T)^(t/T) with t from 1, which ends at eta / T",
         _scheduled("exponential"), equations=("sso-10",)),
    _run("all-targets", ("basic", "missing_step"), "the quadratic over all targets, in each step",
         _scheduled("constant", norm="full")),
    _run("single-rows", ("basic", "boundary"), "batches of one row and the squared loss",
         _scheduled("root", norm="full", eta=1.0), loss="squared", batches=[[2], [0], [2]]),
    _run("single-step", ("boundary",),
         "one outer step of one inner step on the whole data: with T = 1 every schedule is "
         "constant", _scheduled("exponential"), data=(X, Y, START), batches=[[0, 1, 2]], inner_steps=1),
    _run("row-twice", ("edge_case",), "a row twice in a batch", _scheduled("constant"),
         batches=[[1, 1, 4], [0, 0, 0]]),
    _run("row-twice-full-norm", ("edge_case",),
         "a row that is twice in a batch counts twice in the loss, also where the answer is spread over all rows",
         _scheduled("constant", norm="full"), batches=[[1, 1, 4], [0, 0, 0]]),
    _run("margins-of-thousands", ("numerics",),
         "margins of a thousand and more, where exp overflows and all digits of the slopes "
         "1 count", _scheduled("constant"), data=(2000 * X, Y, START), batches=[[0, 2], [1, 2]]),
    _run("fits-in-between", ("edge_case",), "the second batch fits already and asks for no move; the third does again",
         _scheduled("root", eta=1.0), data=(np.array([[1.0], [0.0]]), np.zeros(2), np.array([2.0])), loss="squared",
         batches=[[0], [1], [0]], inner_steps=2),
    _hundreds("three-hundred-batches", "the 300th step has eta / sqrt(300)", _scheduled("root", eta=0.5)),
    _run("single-outer-step", ("boundary",), "one outer step of one inner step, the quadratic over all targets",
         _scheduled("constant", norm="full"), n=2, d=1, batches=[[1]], inner_steps=1),
    _many_rows("many-rows-all-targets", "single-outer-step", rows=("batches",), eta=_times, ratio=_over),
)  # fmt: skip


def sample_trajectory(rng):
    def sizes(x, b):
        return {
            "eta": float(b * 10.0 ** rng.uniform(-1, 0.5)),
            "ratio": 1 / (b * _curvature(x)),  # a row may be in a batch b times
            "norm": str(rng.choice(["batch", "full"])),
            "schedule": str(rng.choice(["constant", "root", "exponential"])),
        }

    return _random_run(rng, sizes)


def _searching(start, expand="no"):
    return lambda x, b: {"start": start, "ratio": 1 / (b * _curvature(x)), "expand": expand}


SEARCH = (
    _run("fixture", ("basic", "wrong_constant", "variant"),
         "from 100 the search cuts 19 times to 13.5085, and the surrogate takes the step size that was accepted",
         lambda x, b: {"start": 100.0, "ratio": 1 / SIGMA2, "expand": "no"}, data=(X, Y, START), batches=[[0, 1, 2]],
         equations=("sso-11",)),
    _run("each-from-start", ("basic", "wrong_order"),
         "each search starts from the same step size, on the loss of its own "
         "batch", _searching(16.0), equations=("sso-11",)),
    _run("expanding", ("basic", "wrong_order", "missing_step"),
         "each search starts from 1.8 times what the last one accepted, the first from 1.8 times the given start",
         _searching(3.0, "yes"), equations=("sso-11",)),
    _run("no-cut", ("edge_case", "wrong_order"), "a start that needs no cut", _searching(0.5, "yes")),
    _run("clipped-from-above", ("edge_case", "missing_step"),
         "where the loss is nearly 0 the search accepts more than 1e4, which is clipped", _searching(15000.0),
         data=(np.array([[1.0, 0.5], [0.5, 1.0]]), np.array([1.0, -1.0]), np.array([20.0, -20.0])),
         batches=[[0], [1]], inner_steps=2),
    _run("half-squares", ("basic",), "the squared loss, where the search accepts what is at most b", _searching(4.0),
         loss="squared"),
    _run("single-inner-step", ("boundary",), "one row, one parameter, one step", _searching(9.0),
         data=(np.array([[2.0]]), np.array([-1.0]), np.array([0.75])), batches=[[0]], inner_steps=1),
    _run("accepts-more-later", ("wrong_order",),
         "the third batch accepts more than the second: without expansion its search starts from `start` again, not "
         "from what was accepted last", _searching(100.0), data=(4 * X, Y, START), batches=[[0], [1], [2]]),
    _run("beside-the-shares", ("wrong_constant",),
         "half squares accept b at c = 0.5: the first start, 1.9999 b, is accepted if c is 0 but not if it is 1e-4, "
         "and the second search meets 1.017 b, which is accepted if c is 0.49", _searching(3.9998 / 1.8, "yes"),
         loss="squared", batches=[[3, 1], [0, 4]]),
    _run("lifted-to-the-clip", ("edge_case", "missing_step", "wrong_order"),
         "the first search accepts 1.8e-5, which becomes 1e-4; the second starts from 1.8 times that, not from 3.24e-5",
         _searching(1e-5, "yes"), loss="squared", batches=[[3], [0]]),
    _run("down-to-the-clip", ("edge_case", "wrong_constant", "wrong_order"),
         "the first search accepts 2e5, which becomes 1e4 (not 1e5); the second starts from 1.8e4, not from 3.6e5, and "
         "cuts 79 times", _searching(2e5 / 1.8, "yes"),
         data=(np.array([[1.0, 0.5], [1.0, 1.0]]), np.array([1.0, -1.0]), np.array([25.4, -25.0])),
         batches=[[0], [1]], inner_steps=2),
    _run("hundred-cuts", ("edge_case", "wrong_constant"),
         "a start of 1e6, above the clip, is cut as it is: 100 times in the first search, which ends with what is then "
         "left, and more than 50 times in the second", _searching(1e6),
         data=(np.array([[0.5, -1.0], [400.0, 800.0]]), np.array([1.0, 1.0]), START), batches=[[0], [1]]),
    _run("margins-of-thousands", ("numerics",),
         "margins of a thousand on the wrong side, where exp overflows and all digits of the slopes 1 count",
         _searching(5000.0), data=(2000 * X, Y, START), batches=[[0], [2]], inner_steps=2),
    _run("fits-in-between", ("edge_case",),
         "the second batch fits already: its search accepts the start, and the third goes on "
         "from there", _searching(0.25, "yes"), data=(np.array([[1.0], [0.0]]), np.zeros(2), np.array([2.0])),
         loss="squared", batches=[[0], [1], [0]], inner_steps=2),
    _many_rows("many-rows-searched", "each-from-start", rows=("batches",)),
)  # fmt: skip


def _margin(x, y, theta0, batches, start, ratio, inner_steps, loss, expand):
    """How far every test of the searches stays from a tie, relative to the loss."""
    values = lambda z, y: (z - y) ** 2 / 2 if loss == "squared" else np.logaddexp(0, -y * z)
    slope = lambda z, y: z - y if loss == "squared" else -y / (1 + np.exp(y * z))
    margin, theta, last = np.inf, theta0, None
    for batch in batches:
        rows, labels = x[batch], y[batch]
        targets = rows @ theta
        value, slopes = values(targets, labels).mean(), slope(targets, labels) / len(batch)
        last = start if expand == "no" else 1.8 * (start if last is None else last)
        for _ in range(100):
            gap = values(targets - last * slopes, labels).mean() - (value - 0.5 * last * (slopes @ slopes))
            margin = min(margin, abs(gap) / value)
            if gap <= 0:
                break
            last *= 0.9
        last = min(max(last, 1e-4), 1e4)
        for _ in range(inner_steps):
            theta = theta - last * ratio * rows.T @ (slopes + (rows @ theta - targets) / last)
    return margin


def sample_search(rng):
    while True:
        inputs = _random_run(
            rng,
            lambda x, b: {
                "start": float(b * 10.0 ** rng.uniform(-0.5, 1.5)),
                "ratio": 1 / (b * _curvature(x)),
                "expand": str(rng.choice(["yes", "no"])),
            },
        )
        if _margin(**inputs) > 1e-4:
            return inputs


def _adapting(kind, eta=1.0, alpha=0.2):
    return lambda x, b: {"eta": eta, "alpha": alpha, "kind": kind}


ADAGRAD = (
    _run("scalar", ("basic", "wrong_order", "variant"),
         "one step size, eta over the root of all squared gradients so far, the newest included", _adapting("scalar"),
         equations=("sso-12",)),
    _run("diagonal", ("basic", "wrong_order", "missing_step"),
         "a step size for each target, which only its own gradients shrink", _adapting("diagonal"),
         equations=("sso-13",)),
    _run("scalar-squared", ("basic",), "the squared loss, whose gradients are large at first",
         _adapting("scalar", 2.0), loss="squared"),
    _run("diagonal-squared", ("basic",), "the same with a step size for each target", _adapting("diagonal", 2.0),
         loss="squared"),
    _run("short-inner-steps", ("wrong_constant",), "the step size of the inner loop comes from the arguments",
         _adapting("diagonal", alpha=0.05)),
    _run("late-comers", ("edge_case", "missing_step"),
         "the sum of a target that comes late starts from 1e-5, to which the first step clipped it",
         _adapting("diagonal"), data=(4 * X, Y, START), batches=[[0], [1], [2], [1]]),
    _run("one-step", ("boundary",), "one row, one parameter, one step: the gradient cancels in eta g / |g|",
         _adapting("scalar", 0.5), data=(np.array([[2.0]]), np.array([-1.0]), np.array([0.75])), batches=[[0]],
         inner_steps=1),
    _run("large-sums", ("edge_case", "missing_step", "wrong_constant"),
         "sums of 1e6, which the upper clip brings down to 1e5", _adapting("diagonal", 300.0),
         data=(X, np.array([1000.0, -2000.0, 1500.0]), START), batches=[[0], [1], [0]], loss="squared"),
    _run("small-sums", ("edge_case", "missing_step", "wrong_constant"),
         "sums of 1e-6, which the lower clip lifts to 1e-5 when they are used, and in which they are stored",
         _adapting("diagonal", 0.003), data=(X, np.zeros(3), 1e-3 * START), batches=[[0], [1], [0], [2]],
         loss="squared"),
    _run("small-sum", ("edge_case", "wrong_constant"), "with one step size the sum is not clipped, however small it is",
         _adapting("scalar", 0.001), data=(X, np.zeros(3), 1e-3 * START), batches=[[0], [1]], loss="squared"),
    _run("pause", ("edge_case",), "the second batch fits already and adds nothing to the sum; the third moves again",
         _adapting("scalar"), data=(np.array([[1.0], [0.0]]), np.zeros(2), np.array([2.0])), loss="squared",
         batches=[[0], [1], [0]], inner_steps=2),
    _hundreds("three-hundred-steps", "the sum holds all three hundred gradients", _adapting("scalar", 0.5)),
    _many_rows("many-rows", "diagonal", rows=("batches",)),
)  # fmt: skip


def sample_adagrad(rng):
    def sizes(x, b):
        eta = float(10.0 ** rng.uniform(-1, 0.5))
        return {"eta": eta, "alpha": 0.1 * eta / _curvature(x), "kind": str(rng.choice(["scalar", "diagonal"]))}

    return _random_run(rng, sizes, distinct=True)


def _projected(slug, flags, why, eta=1.0, **more):
    return _run(slug, flags, why, lambda x, b: {"eta": float(eta)}, inner_steps=None, **more)


PROJECTION = (
    _projected("logistic", ("basic", "missing_step"), "the nearest targets that the model can reach, in each step", 8.0,
               equations=("sso-1", "sso-7", "sso-8")),
    _projected("squared", ("basic", "wrong_constant"), "batches of one row and eta = 1", loss="squared",
               batches=[[2], [0], [2]], equations=("sso-7", "sso-8")),
    _projected("repeated-rows", ("edge_case",), "a row that is twice in a batch counts twice", 4.0,
               batches=[[1, 1, 4], [0, 3, 3]]),
    _projected("more-features-than-rows", ("boundary",),
               "all targets can be reached: the parameters move as little as they can", 4.0, n=2, d=4,
               batches=[[0], [1]]),
    _projected("duplicate-features", ("edge_case",), "two equal features share the move", 8.0,
               data=(np.array([[1.0, 2.0, 2.0], [1.0, 0.5, 0.5], [1.0, -1.0, -1.0]]), Y, np.array([0.1, 0.2, -0.3])),
               batches=[[0, 2], [1, 2]], dtypes=("float64",)),
    _projected("one-row", ("boundary",), "one row, one parameter: nothing to project", 2.0,
               data=(np.array([[2.0]]), np.array([-1.0]), np.array([0.75])), batches=[[0]]),
    _projected("large-margins", ("numerics",), "margins of a thousand: the exponentials must not overflow", 1e3,
               data=(1000 * X, Y, START), batches=[[0, 1], [2, 1]]),
    _projected("a-thousand-to-one", ("numerics",),
               "singular values of 4 and 0.003 are both there: a pseudoinverse that drops what is below 0.01 of the "
               "largest reaches less", 4.0,
               data=(np.array([[2.0, 2.0], [1.0, 1.00390625], [-2.0, -2.0]]), Y, np.array([0.5, -0.25])),
               batches=[[0, 1], [2, 1]], dtypes=("float64",)),
    _projected("two-rows", ("boundary",), "two rows, one of them in the batch", 4.0, n=2, d=1, batches=[[1]]),
    _many_rows("many-rows", "two-rows", rows=("batches",), eta=_times),
)  # fmt: skip


def sample_projection(rng):
    inputs = _random_run(rng, lambda x, b: {"eta": float(b * 10.0 ** rng.uniform(-1, 0.5))})
    del inputs["inner_steps"]
    return inputs
