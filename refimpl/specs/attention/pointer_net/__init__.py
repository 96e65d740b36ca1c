"""What the oracle knows of pointer networks."""

import itertools

import numpy as np

from refimpl.attention import _pointer_net_tasks as tasks
from refimpl.attention import pointer_net as pn
from refimpl.core import tree
from refimpl.core.arrays import array_namespace
from refimpl.specs import refusals
from refimpl.specs.attention.pointer_net import cases, exact, laws
from refimpl.specs.attention.pointer_net.claims import CLAIMS
from refimpl.specs.attention.pointer_net.mistakes import ALTERNATIVES, FORMS
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, integer, number, tags
from refimpl.specs.domains import COUNT, MASK, POSITIVE, Relation, whole

NAMES = pn.Weights._fields


def _weights(given):
    return pn.Weights(*(given[name] for name in NAMES))


def lstm_step(x, h, c, W, b):
    """One step."""
    return pn.lstm_step(x, h, c, W, b)


def pointer_logits(E, d, W1, W2, v, mask):
    """Scores and probabilities."""
    return pn.pointer_logits(E, d, W1, W2, v, mask)


def teacher_forced(P, n_real, C, **weights):
    """Log-probabilities and loss of targets."""
    return tuple(pn.teacher_forced(_weights(weights), P, C, n_real))


def gradients(P, n_real, C, **weights):
    """Nine arrays."""
    return tuple(pn.value_and_gradients(_weights(weights), P, C, n_real)[1])


def seq2seq(P, n_real, C, Wo, bo, **weights):
    """The models with a dictionary, which the shapes tell."""
    forced, grads = pn.value_and_gradients(pn.Seq2Seq(_weights(weights), Wo, bo), P, C, n_real)
    return *forced, *tree.leaves(grads)


def decode(P, n_real, rule, steps, width, **weights):
    """What is written."""
    return tuple(pn.decode(_weights(weights), P, n_real, rule=rule, steps=steps, width=width))


def train(P, C, rates, clip, optimizer, **weights):
    """All weights end to end after each step, and the losses before them."""
    xp = array_namespace(P)
    run = pn.fit(
        _weights(weights),
        lambda k: (P[k - 1, ...], C[k - 1, ...]),
        steps=P.shape[0],
        lr=lambda k, steps: float(rates[k - 1]),
        clip=clip,
        optimizer=optimizer,
        record=lambda w: {"theta": tree.ravel(w)[0]},
    )
    return xp.stack(run.history["theta"][1:]), xp.stack(run.state[2])


def hull_target(P):
    """Hulls."""
    return tasks.hull_target(P)


def delaunay_target(P):
    """Triangulations."""
    return tuple(tasks.delaunay_target(P))


def tour_target(P):
    """Tours."""
    return tuple(tasks.tour_target(P))


def tour_heuristics(P, kind):
    """Tours by rules of thumb."""
    return tuple(tasks.tour_heuristics(P, kind))


def hull_score(P, outputs, orientation):
    """How good hulls are."""
    return tuple(tasks.hull_score(P, outputs, any_orientation=orientation == "any"))


def triangle_score(P, outputs):
    """How good triangulations are."""
    return tuple(tasks.triangle_score(P, outputs))


# What holds between inputs -------------------------------------------------------------------------------------------


def _ends_once(i):
    C, n = i["C"], i["n_real"] if "n_real" in i else np.full(1, i["P"].shape[-2])
    C = C.reshape(-1, C.shape[-1])
    most = np.broadcast_to(n, (len(C),))[:, None]
    return bool(np.all(most >= C) and not np.any((C[:, 1:] >= 0) & (C[:, :-1] <= 0)))


def _some(i):
    C = i["C"].reshape(-1, *i["C"].shape[-2:])
    return bool(np.all(np.any(C >= 0, axis=(1, 2))))


def _sizes(i):
    H = len(i["v"])
    fed = "Wo" in i and i["Wo"].shape[0] == 2 * H and i["Wd"].shape[0] == 2 + 2 * H
    return bool(i["We"].shape == (2 + H, 4 * H) and i["Wd"].shape == (2 + H + fed * H, 4 * H))


def _layer(i):
    H = len(i["v"])
    return bool(i["Wo"].shape[0] in (H, 2 * H) and np.max(i["C"]) < len(i["bo"]))


def _ahead(i):
    return exact.search(**i)[2] > 1e-4


def _turns(P, a, b, c):
    a, b, c = (P[..., k, :] for k in (a, b, c))
    return (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (c[..., 0] - a[..., 0])


def _different(i):
    P = i["P"]
    return P.shape[1] >= 3 and all(len(np.unique(x, axis=0)) == len(x) for x in P)


def _clear_hull(i):
    """Each point is on a side, or off it by more than rounding."""
    if not _different(i):
        return False
    for x in i["P"].astype(float) / np.max(np.abs(i["P"])):
        order = np.lexsort(x.T[::-1])
        far = np.argmax(np.abs(_turns(x, order[0], order[-1], np.arange(len(x)))))
        corners = exact.wrapped(x) if abs(_turns(x, order[0], order[-1], far)) > 1e-5 else []
        for k, corner in enumerate(corners):
            turns = np.abs(_turns(x, corners[k - 1], corner, np.arange(len(x))))
            turns[[corners[k - 1], corner]] = 0
            if np.any((turns > 0) & (turns < 1e-5)):
                return False
        if len(corners) < 3:
            return False
    return True


def _well_placed(i):
    """Of no three points it is a matter of rounding how they turn."""
    P = i["P"].astype(float) / np.max(np.abs(i["P"]))
    if not _clear_hull(i):
        return False
    turns = np.abs(_turns(P, *np.array([*itertools.combinations(range(P.shape[1]), 3)]).T))
    return not np.any((turns > 0) & (turns < 1e-5))


def _one_triangulation(i):
    """No point within rounding of another three's circle, and incenters apart."""
    for x in i["P"].astype(float):
        size = np.max(np.abs(x))
        x = x / size
        found = []
        for triple in itertools.combinations(range(len(x)), 3):
            there = exact.circle(*(x[j] for j in triple))
            if there is None or there[1] > 1e12:
                continue
            others = [j for j in range(len(x)) if j not in triple]
            gaps = np.sum((x[others] - there[0]) ** 2, axis=1) - there[1]
            if np.any(np.abs(gaps) < 1e-4 * there[1]):
                return False
            if np.all(gaps > 0):
                a, b, c = (x[j] for j in triple)
                sides = [np.hypot(*d) for d in (b - c, a - c, a - b)]
                found.append(float((sides[0] * a + sides[1] * b + sides[2] * c)[0] / sum(sides)))
        if np.any(np.diff(np.sort(found)) < 1e-5):
            return False
    return True


def _one_tour(i):
    """The best tour is ahead of all others."""
    n = i["P"].shape[1]
    if n > 8:
        return True
    every = np.array([(0, *t) for t in itertools.permutations(range(1, n)) if t[0] <= t[-1]])
    for x in i["P"].astype(float):
        D = np.hypot(*np.moveaxis(x[:, None] - x, -1, 0))
        order = np.sort(np.sum(D[every, np.roll(every, -1, axis=1)], axis=1))
        if len(order) > 1 and order[1] - order[0] < 1e-5 * order[0]:
            return False
    return True


def _no_close_call(i):
    P = i["P"].astype(float)
    return all(exact.improved(exact.table_of(x / np.max(np.abs(x))), i["kind"])[1] > 1e-5 for x in P)


def _inside(sample, *relations):
    """Random inputs again and again, until they keep the relations."""

    def drawn(rng):
        inputs = sample(rng)
        return inputs if all(relation.holds(inputs) for relation in relations) else drawn(rng)

    return drawn


def _named(fields):
    return tuple(array(f.name, f.axes, f"gradient in {f.name}", ulps=SUMMED) for f in fields)


SUMMED = 32  # terms that cancel, over steps and rows, in any order
_GATES = "blocks of H columns: input, forget and output gate, new content"
WEIGHTS = (
    array("We", "E G", f"encoder, from [x, h]; {_GATES}"),
    array("be", "G", "its biases"),
    array("Wd", "F G", "decoder, from [x, h], in the same order; with an output layer perhaps from [x, context, h]"),
    array("bd", "G", "its biases"),
    array("go", "2", "what the decoder reads first"),
    array("e0", "H", "stands before the states of the encoder, as slot 0: the end"),
    array("W1", "H H", "of the states of the encoder, e W1"),
    array("W2", "H H", "of the state of the decoder, d W2"),
    array("v", "H", "from tanh(e W1 + d W2) to a score"),
)
_LAYER = (
    array("Wo", "D K", "from the state of the decoder, or from [state, context], to the dictionary"),
    array("bo", "K", "its biases"),
)
_P = array("P", "B n 2", "points of B inputs")
_REAL = array("n_real", "B", "how many points each input has; what stands behind them does not count", whole(1, "n"))
_C = array("C", "B m", "targets: points counted from 1, 0 for the end, then -1", whole(-1, "n"))
_FITS = Relation("We is [H + 2, 4H] and Wd too", ("We", "Wd", "v"), _sizes)
_FITS_TOO = Relation("We is [H + 2, 4H] and Wd too, or [2H + 2, 4H]", ("We", "Wd", "v", "Wo"), _sizes)
_ENDS = Relation("targets are points that are there, and only -1 follows a 0 or a -1", ("C", "n_real", "P"), _ends_once)
_ONE = Relation("there is a target", ("C",), _some)
_CELL = "i, f, o = sigmoid and g = tanh of the blocks of [x, h] W + b; c' = f c + i g; h' = o tanh(c')"
_MODEL = (
    f"The encoder, an LSTM ({_CELL}), reads the points from h = c = 0; decoder starts from its last states. It reads "
    "go, "
    "then the points of the targets before"
)
_POINTING = "u_j = v . tanh(e_j W1 + d W2) for slot 0 and the slots of the points that are there; p is their softmax"
_ONE_STEP = {"long": "it is one step"}
_BAD_C = (
    ErrorCase("target-behind-the-points", "there is no such point", {"C": np.array([[4, 1, 0]])}, ValueError, "C"),
    ErrorCase("goes-on-after-the-end", "nothing follows the end", {"C": np.array([[1, 0, 2]])}, ValueError, "C"),
    ErrorCase("no-target", "there is nothing to learn from", {"C": np.array([[-1, -1, -1]])}, ValueError, "C"),
)
_BAD_N = (
    ErrorCase("no-point", "an input has points", {"n_real": np.array([0])}, ValueError, "n_real"),
    ErrorCase("too-many-points", "there are not so many", {"n_real": np.array([4])}, ValueError, "n_real"),
)

LSTM = Operation(
    name="pointer_net.lstm_step",
    summary=f"a step of an LSTM: {_CELL}",
    inputs=(
        array("x", "B d", "what is read"),
        array("h", "B H", "hidden state"),
        array("c", "B H", "cell"),
        array("W", "E G", _GATES),
        array("b", "G", "biases"),
    ),
    outputs=(array("h_new", "B H", "hidden state after it"), array("c_new", "B H", "cell after it")),
    reference=lstm_step,
    exact=exact.lstm_step,
    exact_source="mpmath with 50 digits, sigmoids as hyperbolic tangents",
    cases=cases.LSTM,
    sample=cases.sample_lstm,
    laws=laws.LSTM,
    relations=(
        Relation(
            "W is [d + H, 4H]", ("W", "b", "x", "h"),
            lambda i: i["W"].shape == (i["x"].shape[1] + i["h"].shape[1], 4 * i["h"].shape[1]),
        ),
    ),
    errors=(refusals.arrays(x="x")[0], *refusals.arrays(c="c", W="W", b="b")),
    without=_ONE_STEP,
)  # fmt: skip

POINTER = Operation(
    name="pointer_net.pointer_logits",
    summary="u_j = v . tanh(e_j W1 + d W2) of all slots, and the softmax p over those that there are",
    inputs=(
        array("E", "B s H", "states of the slots"),
        array("d", "B H", "state of the decoder"),
        *(w for w in WEIGHTS if w.name in ("W1", "W2", "v")),
        array("mask", "B s", "which slots there are", MASK),
    ),
    outputs=(array("u", "B s", "scores"), array("p", "B s", "probabilities, 0 where there is no slot", ulps=SUMMED)),
    reference=pointer_logits,
    exact=exact.pointer_logits,
    exact_source="mpmath with 50 digits, slot by slot",
    cases=cases.POINTER,
    sample=cases.sample_pointer,
    laws=laws.POINTER,
    relations=(Relation("each row has a slot", ("mask",), lambda i: bool(np.all(np.any(i["mask"], axis=1)))),),
    errors=(
        *refusals.arrays(d="d", v="v"),
        ErrorCase("no-slot", "0 / 0", {"mask": np.zeros((2, 4), dtype=bool)}, ValueError, "mask"),
    ),
    without=_ONE_STEP,
)

TEACHER = Operation(
    name="pointer_net.teacher_forced",
    summary=f"log-probabilities of targets, each given the true ones before it. {_MODEL}. At each step {_POINTING}. "
    "loss: minus the mean of all log-probabilities of the batch",
    inputs=(*WEIGHTS, _P, _REAL, _C),
    outputs=(array("logp", "B m", "log-probabilities; 0 where C is -1"), array("loss", "", "loss")),
    reference=teacher_forced,
    exact=exact.teacher_forced,
    exact_source="mpmath with 50 digits, one input after the other, without its padding",
    cases=cases.TEACHER,
    sample=cases.sample_targets,
    laws=laws.TEACHER,
    relations=(_FITS, _ENDS, _ONE),
    errors=(*refusals.arrays(P="P", e0="e0"), *_BAD_C, *_BAD_N),
)

GRADIENTS = Operation(
    name="pointer_net.gradients",
    summary=f"gradients of the loss of pointer_net.teacher_forced. {_MODEL}. At each step {_POINTING}",
    inputs=(*WEIGHTS, _P, _REAL, _C),
    outputs=_named(WEIGHTS),
    reference=gradients,
    exact=exact.gradients,
    exact_source="complex steps: each weight moved along the imaginary axis",
    cases=cases.GRADIENTS,
    sample=cases.sample_targets,
    laws=laws.GRADIENTS,
    relations=(_FITS, _ENDS, _ONE),
    errors=(*refusals.arrays(P="P", v="v"), *_BAD_C, *_BAD_N),
)

SEQ2SEQ = Operation(
    name="pointer_net.seq2seq",
    summary="the same with an output layer over a dictionary, 0 to K - 1: its logits are z Wo + bo, with z = d the "
    "state "
    f"of the decoder where Wo has H rows, z = [d, sum_j p_j e_j] where it has 2H, {_POINTING}. Where Wd has 2 + 2H "
    "rows the decoder "
    f"reads this sum of the step before too, at first 0. {_MODEL}",
    inputs=(*WEIGHTS, *_LAYER, _P, _REAL, _C),
    outputs=(
        array("logp", "B m", "log-probabilities; 0 where C is -1"),
        array("loss", "", "minus their mean"),
        *(array(f"d{f.name}", f.axes, f"gradient of the loss in {f.name}", ulps=SUMMED) for f in (*WEIGHTS, *_LAYER)),
    ),
    reference=seq2seq,
    exact=exact.seq2seq,
    exact_source="complex steps: each weight moved along the imaginary axis",
    cases=cases.SEQ2SEQ,
    sample=cases.sample_seq2seq,
    laws=laws.SEQ2SEQ,
    relations=(
        _FITS_TOO,
        _ENDS,
        _ONE,
        Relation("Wo has H or 2H rows, and targets are below K", ("Wo", "bo", "C", "v"), _layer),
    ),
    errors=(
        *refusals.arrays(P="P", bo="bo"),
        ErrorCase("not-in-the-dictionary", "no output", {"bo": np.zeros(3), "Wo": np.zeros((4, 3))}, ValueError, "C"),
    ),
)

DECODE = Operation(
    name="pointer_net.decode",
    summary="what a pointer network writes: in each step the slots of all beams compete, and the `width` of the "
            "largest "
    "sum of log-probabilities stay (equal ones: the earlier beam, then the lower slot); a beam that has chosen slot 0 "
    "has ended and stays as it is. Told is the first beam after the last step. rule free: all points that are there "
    "and "
    "the end may be chosen; tour: city 1 first, each city once, then the end; the softmax is over those that may be "
    f"chosen. {_MODEL.replace('targets', 'choices')}",
    inputs=(
        *WEIGHTS,
        _P,
        _REAL,
        choice("rule", ("free", "tour"), "what may be chosen"),
        integer("steps", "so many choices at most", COUNT),
        integer("width", "beams", COUNT),
    ),
    outputs=(
        array("indices", "B S", "choices, counted from 1, the end 0, then -1"),
        array("logp", "B S", "their log-probabilities; 0 after the end"),
    ),
    reference=decode,
    exact=exact.decode,
    exact_source="a second program in Python: histories in lists, one input after the other",
    cases=cases.DECODE,
    sample=_inside(cases.sample_decode, Relation("", (), _ahead)),
    laws=laws.DECODE,
    relations=(
        _FITS,
        Relation(
            "no two beams are within rounding", (*NAMES, "P", "n_real", "rule", "steps", "width"), _ahead
        ),
    ),
    errors=(*refusals.arrays(P="P"), *_BAD_N, refusals.numbers("steps", "width")),
    without={"large": "it is one choice after another"},
)  # fmt: skip

TRAIN = Operation(
    name="pointer_net.train",
    summary="training by teacher forcing. In each step the gradient of the loss of pointer_net.teacher_forced on this "
    "batch is shortened to the norm clip, over all weights together, if it is longer; then sgd: weights less rate "
    "times "
    "gradient; adam: beta 0.9 and 0.999, corrected means, epsilon 1e-8 beside the root. All points are there",
    inputs=(
        *WEIGHTS,
        array("P", "T B n 2", "points of the batch of each step"),
        array("C", "T B m", "targets: points counted from 1, 0 for the end, then -1", whole(-1, "n")),
        array("rates", "T", "step sizes", POSITIVE),
        number("clip", "longest gradient", POSITIVE),
        choice("optimizer", ("sgd", "adam"), "the rule"),
    ),
    outputs=(
        array("theta", "T q", "after each step all weights end to end, in the order of the inputs", steps=True),
        array("loss", "T", "before each step", steps=True),
    ),
    reference=train,
    exact=exact.train,
    exact_source="complex steps; Adam as weighted means of all gradients so far",
    cases=cases.TRAIN,
    sample=cases.sample_train,
    laws=laws.TRAIN,
    relations=(
        _FITS,
        Relation("targets are points, and only -1 follows a 0 or a -1", ("C", "P"), _ends_once),
        Relation("each batch has a target", ("C",), _some),
    ),
    errors=(refusals.arrays(P="P")[0], refusals.numbers("clip"),
            ErrorCase("rate-of-zero", "a step has a size", {"rates": np.array([0.1, 0.0])}, ValueError, "lr")),
    without={"large": "training is quadratic in the length of the inputs; each part of it is asked alone"},
)  # fmt: skip

_S = array("P", "S n 2", "points of S inputs")
_HULL_CLEAR = Relation(
    "three points or more, different, not on a line, and on the sides of the hull or off them by more than rounding",
    ("P",),
    _clear_hull,
)
_PLACED = Relation(
    "three points or more, all different, not on a line, and how three of them turn is no matter of rounding",
    ("P",),
    _well_placed,
)
_BAD_P = (
    refusals.arrays(P="P")[0],
    ErrorCase(
        "equal-points",
        "no two points are equal",
        {"P": np.array([[[0, 0], [1, 0], [0, 1], [1, 0]]]) / 2},
        ValueError,
        "P",
    ),
    ErrorCase("two-points", "three are needed", {"P": np.array([[[0.0, 0], [1, 0]]])}, ValueError, "P"),
)
_LINE = ErrorCase("on-a-line", "no area", {"P": np.array([[[0.0, 0], [1, 1], [2, 2], [4, 4]]])}, ValueError, "P")
_NO_STEPS = {"long": "there are no steps"}

HULL = Operation(
    name="pointer_net.hull_target",
    summary="corners of the convex hull, counter-clockwise from the lowest index; points on a side are no corners",
    inputs=(_S,),
    outputs=(array("C", "S n+1", "points counted from 1, 0, then -1"),),
    reference=hull_target,
    exact=exact.hull_target,
    exact_source="wrapping, in fractions",
    cases=cases.HULL,
    sample=_inside(cases.sample_points, _HULL_CLEAR),
    laws=laws.HULL,
    relations=(_HULL_CLEAR,),
    errors=(*_BAD_P, _LINE),
    without=_NO_STEPS,
)

_GENERAL = Relation("no point is within rounding of a circle, nor incenters of each other", ("P",), _one_triangulation)
DELAUNAY = Operation(
    name="pointer_net.delaunay_target",
    summary="the triangles whose circle has no point inside, three rising indices each, in the order of their "
    "incenters: "
    "by x, then by y",
    inputs=(_S,),
    outputs=(
        array("C", "S L", "points counted from 1, 0, then -1: 3(2n - 5) + 1 in each row"),
        array("incenters", "S t 2", "where the bisectors meet; 0 behind the last triangle"),
    ),
    reference=delaunay_target,
    exact=exact.delaunay_target,
    exact_source="circles in fractions, incenters in 50 digits",
    cases=cases.DELAUNAY,
    sample=_inside(cases.sample_points, _HULL_CLEAR, _GENERAL),
    laws=laws.DELAUNAY,
    relations=(_HULL_CLEAR, _GENERAL),
    errors=(
        *_BAD_P,
        _LINE,
        ErrorCase("square", "four on a circle", {"P": np.array([[[0.0, 0], [1, 0], [1, 1], [0, 1]]])}, ValueError, "P"),
    ),
    without={**_NO_STEPS, "large": "all triples are tried"},
)

_SHORTEST = Relation("one tour is the shortest", ("P",), _one_tour)
_DIFFERENT = Relation("three points or more, all different", ("P",), _different)
TOUR = Operation(
    name="pointer_net.tour_target",
    summary="the shortest closed tour from city 1, in the direction in which the second city is lower than the last",
    inputs=(_S,),
    outputs=(array("C", "S n+1", "cities counted from 1, then 0"), array("length", "S", "with the way back")),
    reference=tour_target,
    exact=exact.tour_target,
    exact_source="all tours",
    cases=cases.TOUR,
    sample=_inside(cases.sample_points, _SHORTEST),
    laws=laws.TOUR,
    relations=(_DIFFERENT, _SHORTEST),
    errors=_BAD_P,
    without={**_NO_STEPS, "large": "it takes 2^n"},
)

_CLOSE = Relation("no choice is a matter of rounding", ("P", "kind"), _no_close_call)
HEURISTICS = Operation(
    name="pointer_net.tour_heuristics",
    summary="nearest: from city 1 always to the nearest city that is left. two_opt: that tour, then again and again "
    "the "
    "stretch is turned whose turning shortens it most, until none does. Told in the direction in which the second "
    "city is "
    "lower than the last",
    inputs=(_S, choice("kind", ("nearest", "two_opt"), "the rule")),
    outputs=(array("C", "S n+1", "cities counted from 1, then 0"), array("length", "S", "with the way back")),
    reference=tour_heuristics,
    exact=exact.tour_heuristics,
    exact_source="lists; every turned tour is measured whole",
    cases=cases.HEURISTICS,
    sample=_inside(cases.sample_heuristics, _CLOSE),
    laws=laws.HEURISTICS,
    relations=(_DIFFERENT, _CLOSE),
    errors=_BAD_P,
    without={**_NO_STEPS, "large": "a stretch is one of n^2"},
)

_OUTPUTS = array(
    "outputs", "S m", "points counted from 1; what follows the first 0 or -1 does not count", whole(-1, "n")
)
HULL_SCORE = Operation(
    name="pointer_net.hull_score",
    summary="shares of outputs that are the hull, wherever they begin (orientation strict: counter-clockwise; any: "
    "either "
    "way), and that are invalid: fewer than three points, one twice, or sides that meet elsewhere than in the corner "
    "that they share; and the mean over the valid ones of area over area of the hull, 0 if none is",
    inputs=(_S, _OUTPUTS, choice("orientation", ("strict", "any"), "which direction counts")),
    outputs=(
        array("accuracy", "", "share of hulls"),
        array("area", "", "mean share of the area"),
        array("invalid", "", "share of invalid outputs"),
    ),
    reference=hull_score,
    exact=exact.hull_score,
    exact_source="crossings and areas in fractions",
    cases=cases.HULL_SCORE,
    sample=_inside(cases.sample_hull_score, _PLACED),
    laws=laws.HULL_SCORE,
    relations=(_PLACED,),
    errors=(
        *_BAD_P,
        ErrorCase("no-such-point", "there are 4", {"outputs": np.array([[1, 2, 5, 0]])}, ValueError, "outputs"),
    ),
    without=_NO_STEPS,
)

TRIANGLE_SCORE = Operation(
    name="pointer_net.triangle_score",
    summary="share of outputs whose triangles, three indices each in any order, are those of the Delaunay "
    "triangulation, "
    "no index left over; and mean share of the true triangles that are among them",
    inputs=(_S, _OUTPUTS),
    outputs=(array("accuracy", "", "share of triangulations"), array("coverage", "", "mean share of true triangles")),
    reference=triangle_score,
    exact=exact.triangle_score,
    exact_source="triangles counted one by one, circles in fractions",
    cases=cases.TRIANGLE_SCORE,
    sample=_inside(cases.sample_triangle_score, _HULL_CLEAR, _GENERAL),
    laws=laws.TRIANGLE_SCORE,
    relations=(_HULL_CLEAR, _GENERAL),
    errors=(
        *_BAD_P,
        ErrorCase("no-such-point", "there are 4", {"outputs": np.array([[1, 2, 5, 0]])}, ValueError, "outputs"),
    ),
    without=_NO_STEPS,
)
SYSTEM = System(
    name="pointer_net",
    chapter="attention",
    summary="an LSTM that answers with positions of its input: attention as the output distribution, for inputs of any "
    "length",
    paper=Paper(
        title="Pointer Networks",
        authors="Vinyals, Fortunato, Jaitly",
        arxiv="1506.03134",
        year=2015,
        key="vinyals2015pointer",
    ),
    operations=(
        LSTM, POINTER, TEACHER, GRADIENTS, SEQ2SEQ, DECODE, TRAIN, HULL, DELAUNAY, TOUR, HEURISTICS, HULL_SCORE,
        TRIANGLE_SCORE,
    ),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    forms=FORMS,
    equations=dict(
        zip(
            tags("pointer_net", *range(1, 61)),
            (
                "Sec. 2.1, an LSTM; its gates as usual",
                "its gates",
                "its cell",
                "its hidden state",
                "Sec. 2.3; reconstructed: slot 0",
                "ours: padding",
                "ours: padding",
                "Sec. 2.3, inside of Eq. 3",
                "Sec. 2.3, Eq. 3",
                "Sec. 2.2, the blended context",
                "Secs. 2.1 and 2.2, the output",
                "Sec. 2.3, P of C_{i-1}",
                "Sec. 2.2, the context is fed",
                "Sec. 2.3, p(C_i)",
                "Sec. 2.1, Eq. 1, a factor",
                "ours: padding",
                "Sec. 2.1, Eq. 2; reconstructed: a mean over targets",
                *(["the chain rule"] * 14),
                "Sec. 4.4, valid tours",
                "Sec. 4.4, valid tours; reconstructed: the end last",
                "Sec. 2.1, the most probable output",
                "ours: what has ended stays",
                "Sec. 2.1, beam search",
                "Sec. 2.3, P of C_{i-1}",
                "reconstructed: a forget bias of 1",
                "Sec. 4.1, L2 gradient clipping",
                "Sec. 4.1, stochastic gradient descent",
                "Kingma and Ba (2015), the mean",
                "Kingma and Ba (2015), the squares",
                "Kingma and Ba (2015), the step",
                "twice an area",
                "Andrew (1979), a left turn",
                "Sec. 3.1, from the lowest index, counter-clockwise",
                "the shoelace formula",
                "Sec. 4.2; reconstructed: what is invalid",
                "Sec. 4.2, the same polygon",
                "Sec. 4.2, area coverage",
                "the determinant of a circle through three points",
                "Sec. 3.2, an empty circle",
                "Sec. 3.2, incenters",
                "Sec. 3.2, the order of triangles",
                "Sec. 4.3, triangle coverage",
                "Sec. 3.3, a tour",
                "Held and Karp (1962)",
                "reconstructed: one direction",
                "the nearest city; Sec. 4.4 has other rules",
                "Croes (1958), 2-opt",
            ),
            strict=True,
        )
    ),
)  # fmt: skip
