"""Inputs of the operations of weights from losses under permanent names, and random ones."""

import math
from dataclasses import replace

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case, tags
from refimpl.specs.sizes import large

STRATEGIES = "linupper", "quadratic", "extremes", "upper", "uniform"
FOUR = np.array([1.0, 2.0, 3.0, 5.0])  # the worked example of the docs page: h = -1, -1/2, 0, 1
FAR = 1e6 + np.array([0.0, 0.25, 1.5, 2.0])
TINY = [0.0, 1e-7, 2e-7, 5e-8]
HAND = "worked by hand"
E = math.e


def _tags(*numbers):
    return tags("loss_reweighting", *numbers)


def _normal(slug, *shape):
    return stream(0, "loss_reweighting-case", slug).standard_normal(shape).round(6)


def _shared(slug, of, axis, why=""):
    """A large case: each sample of a small one as often as any other, so that it shares its weight."""

    def make(operation, before):
        case = large(slug, of, axis, balanced=True, dtypes=("float64",))(operation, before)
        name, position = next((f.name, f.axes.split().index(axis)) for f in operation.inputs if axis in f.axes.split())
        times = case.inputs[name].shape[position] // before[of].inputs[name].shape[position]
        picked = case.derived

        def derived(values):
            found = picked(values)
            return {k: x / times if k in ("w", "combined") else x for k, x in found.items()}

        return replace(case, derived=derived)

    return make


def _settings(strategy="linupper", delta=1.0, r=0.4):
    return {"strategy": strategy, "delta": delta, "r": r}


def _inputs(losses, *args, **kwargs):
    return {"losses": np.array(losses, dtype=float), **_settings(*args, **kwargs)}


def _batch(slug, b, *args, **kwargs):
    """Losses of size about 2, of which the first is 0."""
    losses = np.abs(_normal(slug, b)) * 2
    return _inputs(np.where(np.arange(b) == 0, 0.0, losses), *args, **kwargs)


WEIGHTS = (
    Case("fixture", ("basic", "missing_step", "wrong_constant", "wrong_order"),
         "the worked example: small losses are down-weighted, the upper half counts the same", _inputs(FOUR),
         equations=_tags(4, 5, 6, 11, 12, 13)),
    Case("quadratic", ("basic", "wrong_order"),
         "the middle of the range counts most, both ends the same", _inputs(FOUR, "quadratic"), equations=_tags(7)),
    Case("extremes", ("basic", "wrong_order"),
         "both ends of the range count most", _inputs(FOUR, "extremes"), equations=_tags(8)),
    Case("upper", ("basic", "variant"),
         "a line over the whole range, half as steep as the capped one", _inputs(FOUR, "upper"), equations=_tags(9)),
    Case("uniform", ("basic", "known_bug"),
         "uniform weights are 1/b, whatever the losses", _inputs(FOUR, "uniform"), equations=_tags(10),
         answer={"h": np.array([-1.0, -0.5, 0.0, 1.0]), "s": np.zeros(4), "w": np.full(4, 0.25)}, source=HAND),
    Case("two-losses", ("basic", "boundary"),
         "of two losses the larger has e times the weight at r = 1", _inputs([7.0, 3.0], r=1.0),
         equations=_tags(5, 6, 12, 13), source=HAND,
         answer={"h": np.array([1.0, -1.0]), "s": np.array([1.0, 0.0]), "w": np.array([E, 1.0]) / (1 + E)}),
    *(Case(f"batch-{strategy}", ("basic", "wrong_constant"),
           f"an ordinary batch of 12 samples, delta = 1.5, {strategy}", _batch("batch", 12, strategy, 1.5, 0.7))
      for strategy in STRATEGIES),
    *(Case(f"half-delta-{strategy}", ("boundary", "wrong_constant"),
           f"delta = 1/2, {strategy}: what lies in [0, delta] is half as large, but Quadratic reaches 1",
           _batch("half", 7, strategy, 0.5, 0.3)) for strategy in ("linupper", "quadratic", "extremes", "upper")),
    Case("one-sample", ("boundary",), "a single sample has weight 1", _inputs([0.00001]), equations=_tags(4, 13),
         answer={"h": np.zeros(1), "s": np.ones(1), "w": np.ones(1)}, source=HAND),
    Case("all-equal", ("edge_case", "numerics", "known_bug"),
         "losses that are all the same have no range: h = 0 and equal weights, not 0 / 0", _inputs([1.0] * 5),
         dtypes=("float64",),
         equations=_tags(4), answer={"h": np.zeros(5), "s": np.ones(5), "w": np.full(5, 0.2)}, source=HAND),
    Case("all-equal-small", ("edge_case", "numerics"), "the same at 0.00001", _inputs([0.00001] * 3, "extremes"),
         equations=_tags(4, 5), answer={"h": np.zeros(3), "s": np.zeros(3), "w": np.full(3, 1 / 3)}, source=HAND),
    Case("two-equal-maxima", ("edge_case",),
         "ties have equal weights", _inputs([1.0, 4.0, 2.0, 4.0], "upper"), equations=_tags(5)),
    Case("range-below-the-floor", ("edge_case", "numerics"),
         "a range of 2e-7 is divided by 1e-6 and not by itself: h stays within 0.2",
         _inputs(TINY, r=0.1), equations=_tags(4)),
    Case("offset", ("numerics",),
         "losses about 1e6: a difference of two large quotients would lose them",
         _inputs(FAR), dtypes=("float64",), equations=_tags(5)),
    Case("offset-thousand", ("numerics",),
         "losses about 1000, a thousandth apart", dtypes=("float64",), inputs=
         _inputs([1000 + x / 1024 for x in (0.0, 3.0, 9.0, 16.0)], "quadratic"), equations=_tags(5)),
    Case("cold", ("numerics", "boundary"),
         "r = 0.001: weights underflow to 0, and those of the largest s share everything", _inputs(FOUR, r=1e-3),
         dtypes=("float64",), equations=_tags(11, 12), source=HAND,
         answer={"h": np.array([-1.0, -0.5, 0.0, 1.0]), "s": np.array([0.0, 0.5, 1.0, 1.0]),
                 "w": np.array([0.0, 0.0, 0.5, 0.5])}),
    Case("colder", ("numerics", "boundary"),
         "r = 1e-300: the quotient overflows, the weights do not", _inputs(FOUR, "quadratic", r=1e-300),
         dtypes=("float64",), equations=_tags(11, 12), source=HAND,
         answer={"h": np.array([-1.0, -0.5, 0.0, 1.0]), "s": np.array([0.0, 0.75, 1.0, 0.0]),
                 "w": np.array([0.0, 0.0, 1.0, 0.0])}),
    Case("hot", ("boundary", "wrong_constant"), "r = 50: nearly equal weights", _inputs(FOUR, r=50.0),
         equations=_tags(12)),
    Case("infinitely-hot", ("boundary",),
         "r = infinity: equal weights", _inputs(FOUR, r=math.inf), equations=_tags(12), source=HAND,
         answer={"h": np.array([-1.0, -0.5, 0.0, 1.0]), "s": np.array([0.0, 0.5, 1.0, 1.0]), "w": np.full(4, 0.25)}),
    Case("below-zero", ("edge_case",),
         "losses may be negative, as those of densities are", _inputs([-4.0, -1.5, 0.5, -2.0], "extremes", r=1.0)),
    Case("tiny", ("numerics",),
         "losses of about 0.001", _inputs([0.001, 0.0035, 0.0015, 0.002], "upper", 1.0, 1.0)),
    Case("gross", ("numerics", "edge_case"),
         "one loss of 1e6 pushes all others to the lower end", _inputs([0.5, 1.0, 2.0, 1e6], r=1.0)),
    _shared("many-samples", "batch-quadratic", "b"),
)  # fmt: skip


def _ranged(inputs, low, high):
    return {**inputs, "low": low, "high": high}


FIXED_RANGE = (
    Case("fixture", ("basic", "missing_step", "wrong_constant"),
         "the worked example in [0, 4]: 5 lies outside, and is not clipped before the cap",
         _ranged(_inputs(FOUR), 0.0, 4.0), equations=_tags(5, 6)),
    Case("quadratic", ("basic",),
         "outside of the range Quadratic is negative",
         _ranged(_inputs(FOUR, "quadratic", 1.5, 0.7), 1.5, 4.0), equations=_tags(7)),
    Case("extremes", ("basic",), "outside of the range the size of h is above delta",
         _ranged(_inputs(FOUR, "extremes", 1.5, 0.7), 1.0, 4.0), equations=_tags(8)),
    Case("upper", ("basic",), "below the range the line goes below 0",
         _ranged(_inputs(FOUR, "upper", 1.5, 0.7), 2.0, 4.0),
         equations=_tags(9)),
    Case("uniform", ("basic",), "uniform weights know no range", _ranged(_inputs(FOUR, "uniform"), 0.75, 1.75),
         equations=_tags(10)),
    Case("defaults-of-the-trainer", ("known_bug",),
         "0.75 and 1.8 as they stand in the signature of the authors' function",
         _ranged(_batch("ranged", 8, "linupper", 1.5, 0.7), 0.75, 1.8)),
    Case("that-of-the-batch", ("boundary",),
         "the range of the batch itself", _ranged(_inputs(FOUR), 1.0, 5.0), equations=_tags(5)),
    Case("one-sample", ("boundary",), "a single sample has weight 1, and an h of its own",
         _ranged(_inputs([3.0], "upper"), 0.0, 4.0), source=HAND,
         answer={"h": np.array([0.5]), "s": np.array([0.75]), "w": np.ones(1)}),
    Case("range-below-the-floor", ("edge_case", "numerics"),
         "a range of 5e-7 counts as 1e-6", _ranged(_inputs([0.0, 1e-7, 2e-7], r=0.1), 0.0, 5e-7), equations=_tags(4)),
    Case("cold", ("numerics", "boundary"), "r = 0.001: weights underflow to 0",
         _ranged(_inputs(FOUR, r=1e-3), 1.0, 4.0),
         equations=_tags(11, 12)),
    Case("offset", ("numerics",), "losses about 1e6, and their range",
         _ranged(_inputs(FAR), 1e6, 1e6 + 2.0), dtypes=("float64",), equations=_tags(5)),
    _shared("many-samples", "defaults-of-the-trainer", "b"),
)  # fmt: skip


def sample_fixed_range(rng):
    b, low = int(rng.integers(1, 6)), float(rng.standard_normal())
    inputs = _inputs(rng.standard_normal(b), str(rng.choice(STRATEGIES)), rng.uniform(0.3, 2), rng.uniform(0.3, 2))
    return _ranged(inputs, low, low + float(rng.uniform(0.5, 3)))


def _text(logits, labels):
    return {"logits": np.array(logits, dtype=float), "labels": np.array(labels)}


_RAGGED = np.array([[2, 0, 1, 1, 3], [0, 3, 3, -1, -1], [-1, 1, -1, 2, -1], [1, -1, -1, -1, 0]])

SEQUENCE_LOSSES = (
    Case("by-hand", ("basic", "wrong_order"),
         "equal logits of three tokens: each costs log 3, and the last place predicts nothing",
         _text([[[0, 0, 0], [4, 4, 4], [9, 0, 0]]], [[0, 1, 2]]), equations=_tags(2, 3), source=HAND,
         answer={"losses": np.array([math.log(3)]), "counts": np.array([2])}),
    Case("ragged", ("basic", "missing_step", "known_bug"),
         "sequences of other lengths: each is divided by its own number of tokens that count, the first never does",
         _text(_normal("ragged", 4, 5, 4), _RAGGED), equations=_tags(1, 2, 3)),
    Case("all-count", ("basic", "wrong_order", "known_bug"),
         "a full batch: logits at place t are about token t + 1, once",
         _text(_normal("full", 3, 6, 5), stream(0, "loss_reweighting-case", "labels").integers(0, 5, (3, 6))),
         equations=_tags(2, 3)),
    Case("two-tokens", ("boundary",), "the shortest text: one token is predicted",
         _text([[[1.0, -1.0], [5.0, 0.0]], [[0.5, 2.0], [0.0, 0.0]]], [[0, 1], [1, 1]]), equations=_tags(3)),
    Case("one-word", ("boundary",), "a vocabulary of one: certain, and loss 0",
         _text(np.ones((2, 3, 1)), [[0, 0, 0], [0, -1, 0]]), source=HAND,
         answer={"losses": np.zeros(2), "counts": np.array([2, 1])}),
    Case("first-does-not-count", ("edge_case",),
         "a first token that does not count is none of those that are left out",
         _text(_normal("first", 2, 4, 3), [[-1, 2, 1, 0], [-1, 0, -1, 2]]), equations=_tags(1)),
    Case("large-logits", ("numerics",), "logits of 1000: exponentials overflow, losses do not",
         _text([[[1000.0, 990.0, 0.0], [-10.0, -10.0, -990.0], [0.0, 0.0, 0.0]]], [[2, 1, 0]])),
    Case("sure", ("numerics",), "a token of probability 1 - 5e-5: its loss is small, and has its digits",
         _text([[[10.0, 0.0], [0.0, 10.0], [0.0, 0.0]]], [[0, 0, 1]]), dtypes=("float64",)),
    large("many-sequences", "ragged", "b"),
)  # fmt: skip


def sample_sequences(rng):
    b, n, V = int(rng.integers(1, 4)), int(rng.integers(2, 5)), int(rng.integers(1, 5))
    labels = rng.integers(0, V, (b, n))
    ignored = rng.random((b, n)) < 0.3
    ignored[:, -1] = False
    return {"logits": rng.standard_normal((b, n, V)), "labels": np.where(ignored, -1, labels)}


def _rows(inputs, D):
    return {**inputs, "losses": inputs["losses"].reshape(D, -1)}


SHARDED_WEIGHTS = (
    Case("fixture", ("basic", "missing_step", "known_bug"),
         "the worked example on two devices: smallest, largest and sum are those of the whole batch",
         _rows(_inputs(FOUR), 2), equations=_tags(19, 20)),
    *(Case(name, ("basic",), f"two devices, {name}", _rows(_inputs(FOUR[::-1], name, 1.5, 0.7), 2), equations=_tags(19))
      for name in ("quadratic", "extremes", "upper")),
    Case("uniform", ("basic", "known_bug"), "uniform weights: each device hands on the mean of its losses",
         _rows(_inputs(FOUR, "uniform"), 2), source=HAND,
         answer={"w": np.full((2, 2), 0.25), "local": np.array([1.5, 4.0])}),
    Case("one-device", ("boundary",), "a single device hands on the weighted loss", _rows(_batch("alone", 5), 1),
         equations=_tags(20)),
    Case("one-sample-each", ("boundary", "known_bug"),
         "with one sample on each device a range of its own would be 0", _rows(_batch("each", 4, r=1.0), 4)),
    Case("three-devices", ("basic", "wrong_constant"), "three devices of four samples",
         _rows(_batch("three", 12, "linupper", 1.5, 0.7), 3), equations=_tags(20)),
    Case("equal-losses", ("edge_case",), "equal losses: all devices hand on the same",
         _rows(_inputs([1.0] * 6), 3), dtypes=("float64",), source=HAND,
         answer={"w": np.full((3, 2), 1 / 6), "local": np.full(3, 1.0)}),
    Case("cold", ("numerics", "boundary"), "r = 0.001: weights underflow to 0", _rows(_inputs(FOUR, r=1e-3), 2),
         dtypes=("float64",)),
    Case("offset", ("numerics",), "losses about 1e6", _rows(_inputs(FAR), 2), dtypes=("float64",)),
    Case("range-below-the-floor", ("edge_case", "numerics"), "a range of 2e-7 counts as 1e-6",
         _rows(_inputs(TINY, r=0.1), 2), equations=_tags(4)),
    _shared("many-devices", "fixture", "D"),
)  # fmt: skip


def _with_grads(slug, inputs, d):
    return {**inputs, "grads": _normal(slug, len(inputs["losses"]), d)}


GRADIENT = (
    Case("fixture", ("basic", "missing_step", "known_bug"),
         "the worked example: weights are constants, no gradient flows through them",
         {**_inputs(FOUR), "grads": np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [-1.0, 2.0]])},
         equations=_tags(17, 18)),
    *(Case(name, ("basic",), f"four samples, three parameters, {name}",
           _with_grads(name, _inputs(FOUR, name, 1.5, 0.7), 3), equations=_tags(17, 18))
      for name in ("quadratic", "extremes", "upper")),
    Case("uniform", ("basic",), "the plain mean", {**_inputs(FOUR, "uniform"), "grads": np.eye(4)}, source=HAND,
         answer={"loss": np.array(2.75), "g": np.full(4, 0.25)}),
    Case("one-sample", ("boundary",), "a single sample", {**_inputs([0.00001]), "grads": np.array([[3.0, -1.0]])},
         source=HAND, answer={"loss": np.array(0.00001), "g": np.array([3.0, -1.0])}),
    Case("one-parameter", ("boundary",), "one parameter", _with_grads("single", _batch("single", 6), 1)),
    Case("batch", ("basic", "wrong_constant"), "an ordinary batch of 12 samples",
         _with_grads("batch-grads", _batch("batch", 12, "linupper", 1.5, 0.7), 4), equations=_tags(18)),
    Case("two-equal-maxima", ("edge_case",), "two samples share the largest loss",
         _with_grads("ties", _inputs([1.0, 4.0, 2.0, 4.0], r=1.0), 2)),
    Case("cold-batch", ("numerics", "boundary"), "r = 0.02: two samples share everything",
         _with_grads("cold", _inputs(FOUR, r=0.02), 2)),
    Case("colder-batch", ("numerics", "boundary"), "r = 0.001: and exponentials overflow in double precision too",
         _with_grads("cold", _inputs(FOUR, r=1e-3), 2), dtypes=("float64",)),
    Case("offset", ("numerics",), "losses about 1e6", _with_grads("offset", _inputs(FAR), 2), dtypes=("float64",)),
    Case("all-equal", ("edge_case", "numerics"), "equal losses: the plain mean",
         {**_inputs([1.0] * 4), "grads": np.eye(4)}, dtypes=("float64",), source=HAND,
         answer={"loss": np.array(1.0), "g": np.full(4, 0.25)}),
    Case("range-below-the-floor", ("edge_case", "numerics"), "a range of 2e-7 counts as 1e-6",
         _with_grads("floor", _inputs(TINY, r=0.1), 2), equations=_tags(4)),
    large("many-parameters", "fixture", "d"),
)  # fmt: skip


def _run(slug, T, b, d, eta, *args, warm=0, noise=0.5, **kwargs):
    """Least squares with answers that no theta meets."""
    A, star = _normal(slug, T, b, d), np.round(np.linspace(-1.0, 1.5, d), 3)
    y = np.round(np.sum(A * star, axis=2) + noise * _normal(slug + "-y", T, b), 6)
    return {"A": A, "y": y, "theta0": np.zeros(d), "eta": eta, **_settings(*args, **kwargs), "warm": warm}


_AT_REST = {"A": np.array([[[1.0], [2.0]]]), "y": np.array([[1.0, 2.0]]), "theta0": np.ones(1), "eta": 0.25,
            **_settings(), "warm": 0}  # fmt: skip

REGRESSION_STEPS = (
    Case("fixture", ("basic", "missing_step", "wrong_order", "known_bug"),
         "three steps: weights are those of the batch and the parameters of that step", _run("run", 3, 4, 2, 0.1),
         equations=_tags(21, 22, 23)),
    Case("warm", ("basic", "wrong_constant", "known_bug"),
         "two steps with equal weights, then two with others", _run("warm", 4, 4, 3, 0.1, warm=2), equations=_tags(16)),
    *(Case(name, ("basic",), f"three steps, {name}", _run(name, 3, 5, 2, 0.1, name, 1.5, 0.7), equations=_tags(22, 23))
      for name in ("quadratic", "extremes", "upper", "uniform")),
    Case("one-sample", ("boundary",), "batches of one: plain gradient descent", _run("single", 3, 1, 2, 0.2)),
    Case("one-parameter", ("boundary",), "one parameter", _run("line", 3, 4, 1, 0.1, delta=1.5, r=1.0)),
    Case("at-rest", ("edge_case",), "a start that solves the problem stays, with equal weights", _AT_REST, source=HAND,
         answer={"thetas": np.ones((1, 1)), "w": np.full((1, 2), 0.5)}),
    Case("always-warm", ("boundary",), "warm beyond the last step", _run("always", 2, 3, 2, 0.1, warm=9),
         equations=_tags(16)),
    Case("cold", ("numerics", "boundary"), "r = 0.001: the upper half alone moves the parameters",
         _run("cold", 3, 5, 2, 0.1, r=1e-3)),
    Case("cold-once", ("numerics", "boundary"), "one step at r = 0.001", _run("once", 1, 5, 2, 0.1, r=1e-3)),
    Case("range-below-the-floor", ("edge_case", "numerics"), "losses of 1e-7: their range counts as 1e-6",
         {**_run("floor", 3, 4, 2, 0.1, r=0.1), "y": np.round(5e-4 * _normal("floor-y", 3, 4), 8)}, equations=_tags(4)),
    Case("three-hundred-steps", ("long",), "the 300th step follows the rule of the first",
         _run("long", 300, 3, 1, 0.1, r=1.0, warm=10)),
    _shared("many-samples", "fixture", "b"),
)  # fmt: skip


def sample_regression(rng):
    T, b, d = (int(rng.integers(1, 5)) for _ in range(3))
    A = rng.standard_normal((T, b, d))
    settings = _settings(str(rng.choice(STRATEGIES)), float(rng.uniform(0.3, 2)), float(rng.uniform(0.3, 2)))
    return {"A": A, "y": rng.standard_normal((T, b)), "theta0": rng.standard_normal(d),
            "eta": float(rng.uniform(0.02, 0.3)), **settings, "warm": int(rng.integers(0, 3))}  # fmt: skip


def _problem(slug, n, d, T, *args, share=0.5, **kwargs):
    return {"A": _normal(slug, n, d), "theta0": np.zeros(d), "theta_star": np.round(np.linspace(1.0, -2.0, d), 3),
            "share": share, "T": T, **_settings(*args, **kwargs)}  # fmt: skip


BOUND = (
    Case("fixture", ("basic", "missing_step", "wrong_constant"),
         "three samples, three steps", {**_problem("none", 1, 2, 3), "theta_star": np.array([1.0, -1.0]),
         "A": np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])}, equations=_tags(24, 25, 26, 27)),
    *(Case(name, ("basic", "wrong_constant"), f"six samples, five steps, {name}",
           _problem(name, 6, 3, 5, name, 1.5, 0.7, share=0.3), equations=_tags(26)) for name in STRATEGIES[1:4]),
    Case("uniform", ("basic",), "with equal weights both losses are the same", _problem("equal", 5, 2, 4, "uniform"),
         equations=_tags(24, 25)),
    Case("other-delta", ("basic", "wrong_constant"), "delta = 2, r = 1.5",
         _problem("other", 5, 2, 3, "linupper", 2.0, 1.5)),
    Case("one-sample", ("boundary",), "one sample: all of L, and half of the step", {**_problem("none", 1, 1, 3),
         "A": np.array([[2.0]]), "theta_star": np.array([1.0])}, source=HAND,
         answer={"gaps": np.array([2.0, 0.5, 0.125]), "base": np.array(8 / 3),
                 "weighted": np.array([2.0, 0.5, 0.125])}),
    Case("one-step", ("boundary",), "one step: the loss at the start", _problem("single", 4, 3, 1)),
    Case("solved", ("edge_case",), "a start that solves the problem: nothing is left",
         {**_problem("solved", 4, 2, 2), "theta_star": np.zeros(2)}, source=HAND,
         answer={"gaps": np.zeros(2), "base": np.array(0.0), "weighted": np.zeros(2)}),
    *(Case(slug, ("numerics", "boundary"), "r = 0.001", _problem(slug, 4, 2, T, r=1e-3))
      for slug, T in (("cold", 3), ("cold-once", 1))),
    Case("range-below-the-floor", ("edge_case", "numerics"), "losses of 1e-7: their range counts as 1e-6",
         {**_problem("floor", 4, 2, 3, r=0.1), "theta_star": np.array([0.0003, -0.0005])}, equations=_tags(4)),
    Case("a-row-of-zeros", ("edge_case",), "a sample whose loss is always 0",
         {**_problem("none", 1, 2, 3), "A": np.array([[0.0, 0.0], [0.0, 2.0], [1.0, 1.0]])}),
    Case("three-hundred-steps", ("long",), "mean and weighted losses fall by many orders",
         _problem("long", 3, 1, 300, share=0.125, r=1.0)),
    large("many-samples", "fixture", "n", balanced=True, dtypes=("float64",)),
)  # fmt: skip


def _plain(losses, r):
    return {"losses": np.array(losses, dtype=float), "r": r}


DRO = (
    Case("fixture", ("basic", "missing_step"), "losses 1, 2, 3, 5 at r = 1", _plain(FOUR, 1.0), equations=_tags(14)),
    Case("cold", ("basic", "wrong_constant"), "r = 0.4: temperature divides", _plain([1.0, 2.0, 2.5, 0.0], 0.4),
         equations=_tags(14)),
    Case("two-losses", ("boundary",), "a difference of 2 at r = 2: odds of e", _plain([5.0, 3.0], 2.0), source=HAND,
         answer={"w": np.array([E, 1.0]) / (1 + E)}),
    Case("one-sample", ("boundary",), "a single sample", _plain([-7.0], 0.1), source=HAND, answer={"w": np.ones(1)}),
    Case("equal", ("edge_case",), "equal losses", _plain([4.0] * 4, 0.1), source=HAND, answer={"w": np.full(4, 0.25)}),
    Case("large-losses", ("numerics",), "losses of 1000: exponentials overflow, weights do not",
         _plain([1000.0, 999.0, 998.5], 0.5)),
    Case("gross", ("numerics",), "one gross loss takes everything", _plain([0.5, 1.0, 1e6], 1.0), source=HAND,
         answer={"w": np.array([0.0, 0.0, 1.0])}),
    Case("infinitely-hot", ("boundary",), "r = infinity", _plain(FOUR, math.inf), source=HAND,
         answer={"w": np.full(4, 0.25)}),
    _shared("many-samples", "fixture", "b"),
)  # fmt: skip


def _groups(w, groups, alpha):
    return {"w": np.array(w, dtype=float), "groups": np.array(groups), "alpha": np.array(alpha, dtype=float)}


COMBINE = (
    Case("by-hand", ("basic", "missing_step"), "two groups: products, divided by their sum",
         _groups([0.25, 0.25, 0.5], [0, 1, 1], [0.8, 0.2]), equations=_tags(15), source=HAND,
         answer={"combined": np.array([4.0, 1.0, 2.0]) / 7}),
    Case("three-groups", ("basic",), "a group that no sample belongs to, and weights that do not sum to 1",
         _groups([0.1, 0.3, 0.2, 0.4, 0.7], [2, 0, 0, 2, 0], [0.5, 4.0, 0.2]), equations=_tags(15)),
    Case("one-sample", ("boundary",), "a single sample", _groups([0.3], [1], [0.9, 0.1]), source=HAND,
         answer={"combined": np.ones(1)}),
    Case("one-group", ("boundary",), "one group: the weights themselves", _groups([0.25, 0.5, 0.25], [0, 0, 0], [3.0]),
         source=HAND, answer={"combined": np.array([0.25, 0.5, 0.25])}),
    Case("group-left-out", ("edge_case",), "a group of weight 0 leaves the batch",
         _groups([0.5, 0.25, 0.25], [0, 1, 0], [0.0, 0.5]), source=HAND,
         answer={"combined": np.array([0.0, 1.0, 0.0])}),
    _shared("many-samples", "three-groups", "b"),
)  # fmt: skip
