"""Inputs of the operations of Adaptive Guidance under permanent names, and random ones."""

import numpy as np

from refimpl.core.random import stream
from refimpl.generative import _adaptive_guidance_models as models
from refimpl.generative import adaptive_guidance
from refimpl.specs.base import Case
from refimpl.specs.sizes import large


def _some(name, *shape):
    """Normal numbers in two digits."""
    return stream(0, "adaptive_guidance-case", name).standard_normal(shape).round(2)


def _rows(*rows):
    return np.array(rows, dtype=float)


# Guidance ------------------------------------------------------------------------------------------------------------

_C, _U = _some("c", 3, 5), _some("u", 3, 5)
GUIDE = (
    Case("three-samples", ("basic",), "the difference is weighed, not the sum", {"eps_c": _C, "eps_u": _U, "s": 3.0},
         equations=("adaptive_guidance-6", "adaptive_guidance-7")),
    Case("three-four-five", ("basic",), "to be worked by hand: a cosine of 24 / 25",
         {"eps_c": _rows([3, 4]), "eps_u": _rows([4, 3]), "s": 2.0},
         answer={"eps": _rows([2, 5]), "cosine": np.array([0.96])}, source="closed form"),
    Case("unconditional", ("boundary", "wrong_constant"), "s = 0 is the unconditional prediction, not the conditional",
         {"eps_c": _C, "eps_u": _U, "s": 0.0}, equations=("adaptive_guidance-6",)),
    Case("conditional", ("boundary", "wrong_constant"), "s = 1 is the conditional prediction",
         {"eps_c": _C, "eps_u": _U, "s": 1.0}, equations=("adaptive_guidance-6",)),
    Case("away", ("edge_case",), "a negative weight pushes away from the prompt",
         {"eps_c": _C, "eps_u": _U, "s": -0.5}, equations=("adaptive_guidance-6",)),
    Case("no-direction", ("edge_case", "numerics"), "a prediction of 0 has the cosine 0, and no NaN",
         {"eps_c": _rows([0, 0], [1, 2], [0, 0]), "eps_u": _rows([1, 3], [0, 0], [0, 0]), "s": 2.0},
         equations=("adaptive_guidance-7",)),
    Case("one-coordinate", ("boundary",), "in one dimension the cosine is a sign",
         {"eps_c": _rows([2], [0.5]), "eps_u": _rows([0.25], [-3]), "s": 3.0},
         answer={"eps": _rows([5.5], [7.5]), "cosine": np.array([1.0, -1.0])}, source="closed form"),
    Case("huge-and-tiny", ("numerics",), "lengths of 1e6 and 1e-6 leave the cosine what it is",
         {"eps_c": np.stack([1e6 * _C[0], 1e-6 * _C[1]]), "eps_u": np.stack([1e6 * _U[0], 1e-6 * _U[1]]), "s": 3.0},
         equations=("adaptive_guidance-7",)),
    Case("huge-and-negative", ("numerics",), "the largest magnitude is a negative entry's: its square is no float",
         {"eps_c": _rows([-1e200, 1]), "eps_u": _rows([-1e200, 2]), "s": 3.0}, dtypes=("float64",),
         answer={"eps": _rows([-1e200, -1]), "cosine": np.array([1.0])}, source="closed form"),
    large("many-coordinates", "three-samples", "D", balanced=True, dtypes=("float64",)),
)  # fmt: skip


def sample_guide(rng):
    n, D = rng.integers(1, 5, 2)
    return {"eps_c": rng.standard_normal((n, D)), "eps_u": rng.standard_normal((n, D)), "s": float(rng.uniform(-1, 8))}


# One step ------------------------------------------------------------------------------------------------------------

_AT = np.array([[1.0, 0.5, -2.0], [0.25, 1.5, 1.0], [-1.0, 2.0, 0.5], [2.0, -0.75, 0.5]])
_SAID = np.array([[1.0, 2.0, -1.0], [0.5, -1.0, 1.5], [2.0, 1.0, 0.5], [-1.0, 0.5, 2.0]])
# cosines .70, .985, .98, .38
_OTHER = _SAID + np.array([[1.0, -1.5, 0.5], [0.25, 0.25, 0.25], [-0.25, 0.25, -0.25], [2.0, -1.0, -1.5]])


def _step(**settings):
    inputs = {
        "x": _AT, "eps_c": _SAID, "eps_u": _OTHER, "done": np.array([0.0, 0.0, 1.0, 1.0]),
        "s": 3.0, "gamma_bar": 0.95, "ab": 0.25, "ab_next": 0.5,
    }  # fmt: skip
    return inputs | settings


_NOBODY, _EVERYBODY = np.zeros(4), np.ones(4)
_STEP_TAGS = tuple(f"adaptive_guidance-{i}" for i in (8, 9, 10))
AG_STEP = (
    Case("mixed", ("basic", "missing_step"),
         "one sample is guided on, one crosses here (and is still guided), one has stopped, and one has stopped though "
         "its cosine is low again", _step(), equations=_STEP_TAGS),
    Case("nobody-done", ("basic",), "all are guided", _step(done=_NOBODY), equations=_STEP_TAGS),
    Case("all-done", ("edge_case", "missing_step"), "none is guided, whatever its cosine", _step(done=_EVERYBODY),
         equations=_STEP_TAGS),
    Case("crossing", ("wrong_order",), "the step in which a sample crosses is guided, and costs 2",
         _step(x=_AT[1:3], eps_c=_SAID[1:3], eps_u=_OTHER[1:3], done=np.zeros(2)), equations=_STEP_TAGS),
    Case("at-the-threshold", ("edge_case", "variant"), "a cosine of exactly the threshold is not above it: guide on",
         _step(x=_AT[:2, :2], eps_c=_rows([2, 0], [0, 3]), eps_u=_rows([0, 1], [4, 0]), done=np.zeros(2),
               gamma_bar=0.0), equations=_STEP_TAGS),
    Case("no-direction", ("edge_case", "numerics"), "a prediction of 0 has the cosine 0, above a threshold of -0.5",
         _step(eps_c=_rows([0, 0, 0], [1, 0, 1], [0, 0, 0], [1, 1, 1]), done=_NOBODY, gamma_bar=-0.5,
               eps_u=_rows([1, 2, 1], [0, 0, 0], [0, 0, 0], [-1, -1, 0])), equations=_STEP_TAGS),
    Case("unread", ("edge_case",), "what the second prediction says of samples that have stopped is not used",
         _step(eps_u=np.where(_step()["done"][:, None] > 0, 1e6, _OTHER)), equations=_STEP_TAGS),
    Case("above-one", ("boundary",), "above 1 no cosine stops guidance", _step(gamma_bar=2.0, done=_NOBODY),
         equations=_STEP_TAGS),
    Case("below-minus-one", ("boundary",), "below -1 every cosine does, from the next step on",
         _step(gamma_bar=-2.0, done=_NOBODY), equations=_STEP_TAGS),
    Case("last-step", ("boundary",), "at the level 1 there is no noise left",
         _step(ab=0.9, ab_next=1.0), equations=("adaptive_guidance-3", "adaptive_guidance-5")),
    Case("no-step", ("boundary",), "between equal levels nothing moves", _step(ab_next=0.25),
         answer={"eps": np.stack([3 * _SAID[0] - 2 * _OTHER[0], 3 * _SAID[1] - 2 * _OTHER[1], *_SAID[2:]]),
                 "new_done": np.array([0.0, 1.0, 1.0, 1.0]), "nfe": np.array([2.0, 2.0, 1.0, 1.0]), "new_x": _AT},
         source="closed form"),
    Case("from-noise", ("numerics",), "a first step from a low level, at the usual weight",
         _step(s=7.5, ab=0.0047, ab_next=0.0091), equations=("adaptive_guidance-4", "adaptive_guidance-5")),
    large("many-samples", "mixed", "n"),
)  # fmt: skip


def sample_ag_step(rng):
    n, D = rng.integers(1, 6), rng.integers(2, 5)
    eps_c = rng.standard_normal((n, D))
    ab, ab_next = np.sort(rng.uniform(0.05, 1, 2))
    return {
        "x": rng.standard_normal((n, D)),
        "eps_c": eps_c,
        "eps_u": eps_c + rng.uniform(0.1, 2) * rng.standard_normal((n, D)),
        "done": rng.integers(0, 2, n).astype(bool),
        "s": float(rng.uniform(0, 8)),
        "gamma_bar": float(rng.uniform(-0.9, 0.99)),
        "ab": float(ab),
        "ab_next": float(ab_next),
    }


# Runs on mixtures ----------------------------------------------------------------------------------------------------

_LEVELS = np.array([0.1, 0.25, 0.5, 0.75, 0.9, 1.0])
_BED = {
    "means": _rows([2.0, 0.5], [-1.5, 1.0], [0.5, -2.0], [-0.5, 1.75]),
    "var": np.array([0.25, 0.5, 0.125, 0.25]),
    "class_of_component": np.array([0.0, 1.0, 2.0, 1.0]),
}
_RUN = {
    "x0": _rows([0.5, -1.0], [-0.75, 0.25], [1.25, 1.5]), "ab": _LEVELS, **_BED,
    "label": np.array([0.0, 1.0, 2.0]), "s": 3.0, "gamma_bar": 0.9,
}  # fmt: skip
_FAR = np.array([0.0047, 0.03, 0.2, 0.6, 1.0])
AG_SAMPLE = (
    Case("three-classes", ("basic",), "each sample stops in its own time", _RUN),
    Case("never", ("boundary",), "a threshold above 1 is guidance throughout, 2T evaluations",
         _RUN | {"gamma_bar": 2.0}),
    Case("at-once", ("boundary",), "a threshold below -1 is one guided step, then none: T + 1 evaluations",
         _RUN | {"gamma_bar": -2.0}),
    Case("falls-again", ("edge_case", "missing_step"),
         "at a low level both predictions are nearly the iterate: the cosine is high, then falls; guidance stays off",
         _RUN | {"ab": _FAR, "gamma_bar": 0.99}),
    Case("equal-weights", ("boundary",), "s = 1 is no guidance, whenever it stops", _RUN | {"s": 1.0}),
    Case("unguided", ("boundary",), "s = 0 is the unconditional prediction until it stops", _RUN | {"s": 0.0}),
    Case("one-step", ("boundary",), "one step to the data", _RUN | {"ab": np.array([0.5, 1.0])}),
    Case("one-class", ("edge_case",), "with one class both predictions are one, and the cosine is 1",
         _RUN | {"class_of_component": np.zeros(4), "label": np.zeros(3)}),
    Case("far-from-the-class", ("numerics",),
         "the start lies in another class: the density of its own is no float, which must not count",
         _RUN | {"x0": _rows([0, 0], [100, 100]), "ab": np.array([0.999, 1.0]), "means": _rows([0, 0], [100, 100]),
                 "var": np.array([0.01, 0.01]), "class_of_component": np.array([0, 1]), "label": np.array([1, 0])}),
    Case("three-hundred-steps", ("long",), "300 steps: the count passes 255, and small steps add up",
         _RUN | {"x0": _RUN["x0"][:1], "label": np.array([1.0]), "ab": np.append(np.arange(1, 301) / 301, 1.0),
                 "gamma_bar": 0.9999}, dtypes=("float64",)),
    large("many-samples", "three-classes", "n", size=20_001),
)  # fmt: skip


def _random_bed(rng, n, D=2):
    K = int(rng.integers(3, 6))
    return {
        "x0": rng.standard_normal((n, D)),
        "means": 2 * rng.standard_normal((K, D)),
        "var": rng.uniform(0.1, 1, K),
        "class_of_component": np.append([0, 1], rng.integers(0, 2, K - 2)),
        "label": rng.integers(0, 2, n),
        "s": float(rng.uniform(1.5, 4)),
    }


def _random_levels(rng, T):
    return np.append(np.sort(rng.uniform(0.05, 0.95, T)), 1.0)


def sample_ag_sample(rng):
    levels = _random_levels(rng, int(rng.integers(2, 6)))
    return _random_bed(rng, int(rng.integers(1, 5))) | {"ab": levels, "gamma_bar": float(rng.uniform(0.3, 0.99))}


# LinearAG ------------------------------------------------------------------------------------------------------------

_E_C, _E_U = _some("E_c", 3, 4, 3), _some("E_u", 3, 4, 3)


def _alike(T, n, D, apart):
    """Predictions of late steps: curves in the step that both kinds nearly share, and a little of their own."""
    t = (np.arange(T) / 8)[:, None, None]
    curve = lambda name: _some(f"{name} 0", n, D) + t * _some(f"{name} 1", n, D) + t * t * _some(f"{name} 2", n, D)
    both, own = curve("both"), curve("own")
    E_c, E_u = (part + apart * _some(name, T, n, D) for part, name in ((both, "late c"), (both + own / 64, "late u")))
    E_u[-1] += _some("left", n, D) / 2**10  # a residual that keeps some digits
    return {"E_c": E_c, "E_u": E_u, "k": T - 1}


FIT_LINEAR = (
    Case("last-step", ("basic",), "the own conditional prediction is known, the own unconditional one is not",
         {"E_c": _E_C, "E_u": _E_U, "k": 2}),
    Case("middle-step", ("basic", "missing_step"), "what comes later is not known yet",
         {"E_c": _E_C, "E_u": _E_U, "k": 1}),
    Case("first-step", ("boundary",), "one regressor", {"E_c": _E_C, "E_u": _E_U, "k": 0}),
    Case("by-hand", ("basic",), "to be worked by hand: a third of three, pooled over both samples",
         {"E_c": _rows([[1, 1], [1, 0]]), "E_u": _rows([[1, 0], [0, 5]]), "k": 0},
         answer={"fitted": _rows([1 / 3, 1 / 3], [1 / 3, 0]), "residual": np.array((26 - 1 / 3) ** 0.5 / 26**0.5)},
         source="closed form"),
    Case("shifted", ("variant",), "no intercept: a shift of the target is not fitted for nothing",
         {"E_c": _E_C, "E_u": _E_U + 2.0, "k": 1}),
    Case("nothing-to-fit", ("edge_case", "numerics"), "a target of 0: no residual, and no NaN",
         {"E_c": _E_C, "E_u": 0 * _E_U, "k": 0},
         answer={"fitted": np.zeros((4, 3)), "residual": np.array(0.0)}, source="closed form"),
    Case("tenth-step", ("basic", "numerics"), "late predictions are nearly collinear: the method's ordinary case",
         _alike(10, 5, 8, 1 / 2**10), dtypes=("float64",)),
    Case("late-step", ("numerics",), "39 regressors that six curves tell, but for parts of 1e-4",
         _alike(20, 6, 10, 1 / 2**14), dtypes=("float64",)),
    large("many-samples", "middle-step", "n", balanced=True, dtypes=("float64",)),
)  # fmt: skip


def sample_fit_linear(rng):
    T = int(rng.integers(1, 4))
    shape = (T, int(rng.integers(4, 7)), int(rng.integers(3, 5)))
    return {"E_c": rng.standard_normal(shape), "E_u": rng.standard_normal(shape), "k": int(rng.integers(0, T))}


def _linear(**settings):
    inputs = {
        "x": _some("lx", 3, 2), "E_c": _some("lc", 3, 3, 2), "E_u": _some("lu", 2, 3, 2),
        "beta": np.array([0.25, -0.5, 1.25, -0.75, 0.5]), "s": 3.0, "ab": 0.25, "ab_next": 0.5,
    }  # fmt: skip
    return inputs | settings


LINEAR_STEP = (
    Case("two-before", ("basic",), "conditional coefficients come first, each kind from the noisiest step on",
         _linear()),
    Case("one-before", ("boundary",), "the first step that can be estimated",
         _linear(E_c=_some("lc", 3, 3, 2)[:2], E_u=_some("lu", 2, 3, 2)[:1], beta=np.array([0.5, -1.0, 1.5]))),
    Case("no-coefficients", ("edge_case",), "an estimate of 0", _linear(beta=np.zeros(5))),
    Case("last-step", ("boundary",), "at the level 1 there is no noise left", _linear(ab=0.9, ab_next=1.0)),
    Case("equal-weights", ("boundary",), "s = 1 does without the estimate", _linear(s=1.0)),
    large("many-samples", "two-before", "n"),
)  # fmt: skip


def sample_linear_step(rng):
    k, n, D = (int(v) for v in rng.integers(1, 4, 3))
    ab, ab_next = np.sort(rng.uniform(0.05, 1, 2))
    draw = rng.standard_normal
    return {
        "x": draw((n, D)), "E_c": draw((k + 1, n, D)), "E_u": draw((k, n, D)), "beta": draw(2 * k + 1),
        "s": float(rng.uniform(0, 8)), "ab": float(ab), "ab_next": float(ab_next),
    }  # fmt: skip


_BETAS = np.zeros((4, 7))
_BETAS[1, :3], _BETAS[3] = (-0.5, 0.75, 0.75), (0.25, -0.5, 0.25, 0.5, -0.25, 0.5, 0.25)
_LINEAR_RUN = {key: _RUN[key] for key in ("x0", "means", "var", "class_of_component", "label", "s")} | {
    "ab": np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0]), "betas": _BETAS,
}  # fmt: skip
LINEAR_SAMPLE = (
    Case("eight-steps", ("basic", "missing_step"), "the second estimate builds on the first, not on what was true",
         _LINEAR_RUN),
    Case("five-steps", ("boundary",), "half of an odd number is rounded down: one estimate",
         _LINEAR_RUN | {"ab": _LEVELS, "betas": _BETAS[:2, :3]}),
    Case("two-steps", ("boundary",), "no step for an estimate",
         _LINEAR_RUN | {"ab": np.array([0.25, 0.5, 1.0]), "betas": _BETAS[:1, :1]}),
    Case("equal-weights", ("boundary",), "s = 1 does without estimates", _LINEAR_RUN | {"s": 1.0}),
    large("many-samples", "eight-steps", "n", size=10_001),
)  # fmt: skip


def sample_linear_sample(rng):
    T = int(rng.integers(2, 9))
    half = T // 2
    betas = rng.uniform(-0.5, 0.5, (half, 2 * half - 1))
    return _random_bed(rng, int(rng.integers(1, 4))) | {"ab": _random_levels(rng, T), "betas": betas}


# Policy search -------------------------------------------------------------------------------------------------------

_POLICY = {
    "logits": _rows([0.5, -0.25, 1.0], [-0.5, 0.75, 0.25]), "x0": _RUN["x0"][:2], "ab": np.array([0.1, 0.5, 1.0]),
    "means": _BED["means"][:3], "var": _BED["var"][:3], "class_of_component": np.array([0.0, 1.0, 1.0]),
    "label": np.array([0.0, 1.0]), "s": 3.0, "price": 0.05,
}  # fmt: skip
POLICY_LOSS = (
    Case("two-steps", ("basic",), "what a step does to the next one counts", _POLICY),
    Case("three-steps", ("basic",), "the gradient goes through the whole path",
         _POLICY | {"logits": _rows([0.5, -0.25, 1.0], [-0.5, 0.75, 0.25], [0.0, 0.5, -1.0]),
                    "x0": _RUN["x0"][:1], "label": np.array([0.0]), "ab": np.array([0.1, 0.3, 0.7, 1.0])}),
    Case("one-step", ("boundary",), "a single step, no path to go through",
         _POLICY | {"logits": _POLICY["logits"][:1], "ab": np.array([0.5, 1.0]), "s": 2.0}),
    Case("equal-weights", ("edge_case",), "where the search begins", _POLICY | {"logits": np.zeros((2, 3))}),
    Case("free", ("boundary", "missing_step"), "without a price the error alone", _POLICY | {"price": 0.0}),
    Case("dear", ("boundary",), "the price of an evaluation is a mean over the steps", _POLICY | {"price": 4.0}),
    Case("far-logits", ("numerics",), "logits of 200: the softmax does not overflow",
         _POLICY | {"logits": 200 + _POLICY["logits"]}),
    large("many-samples", "two-steps", "n", balanced=True, size=2**12, dtypes=("float64",)),
)  # fmt: skip


FAR = 1e-8  # squared distance of samples with and without guidance: in single precision it is no rounding


def ends(x0, ab, cond, uncond, s):
    """Samples of guidance at all steps, and at none."""
    policies = (adaptive_guidance.front_loaded(ab.shape[0] - 1, m) for m in (ab.shape[0] - 1, 0))
    return tuple(adaptive_guidance.follow(x0, ab, cond.eps, uncond.eps, policy, s=s).x for policy in policies)


def sample_policy_loss(rng):
    while True:  # where a class is all but certain guidance changes nothing, and there is no unit of error
        T = int(rng.integers(1, 3))
        drawn = _random_bed(rng, int(rng.integers(1, 3))) | {
            "logits": rng.standard_normal((T, 3)),
            "ab": _random_levels(rng, T),
            "price": float(rng.uniform(0, 1)),
        }
        bed = models.Bed(*(drawn[name] for name in ("means", "var", "class_of_component")))
        cond, uncond = models.denoisers(bed, drawn["label"])
        target, plain = ends(drawn["x0"], drawn["ab"], cond, uncond, drawn["s"])
        if np.sum((target - plain) ** 2) > FAR:
            return drawn
