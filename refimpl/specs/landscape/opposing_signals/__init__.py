"""What the oracle knows of opposing signals."""

import numpy as np

from refimpl.core.arrays import array_namespace
from refimpl.landscape import opposing_signals
from refimpl.specs import loops, refusals
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, integer, number
from refimpl.specs.domains import (
    COUNT,
    FRACTION,
    NONNEGATIVE,
    POSITIVE,
    REAL,
    SHARE,
    Relation,
    below,
    one_of,
    real,
    whole,
)
from refimpl.specs.landscape.opposing_signals import cases, exact, laws
from refimpl.specs.landscape.opposing_signals.claims import CLAIMS
from refimpl.specs.landscape.opposing_signals.mistakes import ALTERNATIVES


def identify(losses, t, k):
    """Both lists of a step."""
    up, down = opposing_signals.identify(losses, t, k=k)
    xp = array_namespace(losses)
    return xp.astype(up, losses.dtype), xp.astype(down, losses.dtype)


def swap_share(losses, t, k):
    """Shares that have changed roles."""
    return opposing_signals.swap_share(losses, t, k=k)


def opposition(losses, up, down):
    """What two given groups do."""
    gap = opposing_signals.gap(losses, up, down)
    return opposing_signals.activity(losses), gap, opposing_signals.flips(gap)


def crossing(sharpness, eta):
    """Step at which the sharpness passes 2 / eta."""
    return opposing_signals.crossing(sharpness, eta=eta)


def outliers(x, signs, beta, alpha, p, d2):
    """Opposing feature and targets."""
    return opposing_signals.data(x, signs, beta, alpha=alpha, p=p, d2=d2)


def model_step(b, b_o, c, beta, alpha, eta):
    """Loss, slopes and curvature of the population, and a step of gradient descent."""
    model = opposing_signals.init(b, b_o, c)
    loss, gradient = opposing_signals.population(model, beta, alpha=alpha)
    moved = opposing_signals.step(model, gradient, eta=eta)
    return loss, *gradient, opposing_signals.hessian(model, beta, alpha=alpha), *moved


def sample_step(b, b_o, c, x, x_o, y, eta):
    """Losses of given samples, and a step of gradient descent on their mean."""
    model = opposing_signals.init(b, b_o, c)
    losses, gradient = opposing_signals.sample(model, x, x_o, y)
    return losses, *opposing_signals.step(model, gradient, eta=eta)


def group_losses(b, b_o, c, beta, alpha, p):
    """Mean loss of either group."""
    return opposing_signals.group_losses(opposing_signals.init(b, b_o, c), beta, alpha=alpha, p=p)


def valley(c0, s0, alpha, eta, steps):
    """Steps across valleys."""
    c, s, cs, ss = c0, s0, [], []
    for _ in range(steps):
        c, s = opposing_signals.valley(c, s, alpha=alpha, eta=eta)
        cs.append(c)
        ss.append(s)
    xp = array_namespace(c0)
    return xp.stack(cs), xp.stack(ss)


def optimise(kind, theta0, grads, lr, lr_sign, r, beta1, dampening, beta2, eps):
    """Parameters after each step, fed with given gradients."""
    rule, rates = {
        "sgdm": (opposing_signals.sgdm, {"dampening": dampening}),
        "adam": (opposing_signals.adam, {"beta2": beta2, "eps": eps}),
        "splitsgd": (opposing_signals.split_sgd, {"lr_sign": lr_sign, "r": r, "dampening": dampening}),
    }[kind]
    return loops.trajectory(opposing_signals.optimizer_init, rule, theta0, grads, lr=lr, beta1=beta1, **rates)


_LOSSES = array("losses", "T+1 n", "loss of each sample before the first step and after each")
_K = integer("k", "samples in each list", whole(1, "n"))
_PROBABILITY = real(0, 1, open="(")
_NAN_LOSSES = refusals.arrays(losses="losses")[0]
_BAD_LISTS = (
    _NAN_LOSSES,
    refusals.numbers(t="t must", k="k must"),
    ErrorCase("one-row", "a change needs two rows", {"losses": np.ones((1, 4))}, ValueError, "losses"),
)
_MODEL = (
    array("b", "d1", "first layer, ordinary features"),
    array("b_o", "d2", "first layer, opposing feature"),
    number("c", "second layer", REAL),
)
_BETA = array("beta", "d1", "weights of the target")
_MOVED = (
    array("new_b", "d1", "b after the step"),
    array("new_b_o", "d2", "b_o after the step"),
    number("new_c", "c after the step", REAL),
)
_ETA = number("eta", "step size", POSITIVE)
_ONE_STEP = {"long": "it is one step"}
_RATIONAL = "rational arithmetic; {}"
_MPMATH = "50 digits; {}"

IDENTIFY = Operation(
    name="opposing_signals.identify",
    summary="the k samples whose loss rises most in step t, and the k whose loss falls most, in order; of equal "
    "changes the smaller index first, in either list",
    inputs=(_LOSSES, integer("t", "step, counted from 0", below("T")), _K),
    outputs=(array("up", "k", "indices, the largest rise first"), array("down", "k", "the largest fall first")),
    reference=identify,
    exact=exact.identify,
    exact_source=_RATIONAL.format("sorted pairs"),
    cases=cases.IDENTIFY,
    sample=cases.sample_identify,
    laws=laws.IDENTIFY,
    errors=_BAD_LISTS,
)

SWAP = Operation(
    name="opposing_signals.swap_share",
    summary="shares of the two lists of step t that are in the other list of step t + 1",
    inputs=(_LOSSES, integer("t", "step, counted from 0; another one follows it", below("T-1")), _K),
    outputs=(array("shares", "2", "of `up` in the next `down`, and of `down` in the next `up`"),),
    reference=swap_share,
    exact=exact.swap_share,
    exact_source=_RATIONAL.format("common members of sets"),
    cases=cases.SWAP,
    sample=cases.sample_swap,
    laws=laws.SWAP,
    errors=_BAD_LISTS,
)

OPPOSITION = Operation(
    name="opposing_signals.opposition",
    summary="the largest change in each step, the gap between the mean losses of two groups, and the share of steps at "
    "which it turns round",
    inputs=(
        _LOSSES,
        array("up", "k", "samples of one group", below("n")),
        array("down", "l", "samples of the other", below("n")),
    ),
    outputs=(
        array("activity", "T", "largest size of a change in each step", steps=True),
        array("gap", "T+1", "mean loss of `up` less that of `down`", steps=True, first=0),
        number("flips", "share of T - 1 steps", SHARE),
    ),
    reference=opposition,
    exact=exact.opposition,
    exact_source=_RATIONAL.format("turns as values beyond both neighbors"),
    cases=cases.OPPOSITION,
    sample=cases.sample_opposition,
    laws=laws.OPPOSITION,
    relations=(Relation("losses has at least three rows", ("losses",), lambda i: len(i["losses"]) >= 3),),
    errors=(
        _NAN_LOSSES,
        ErrorCase("no-such-sample", "there is no such index", {"up": np.array([6])}, ValueError, "up"),
        ErrorCase("negative-index", "indices count from 0", {"down": np.array([-1])}, ValueError, "down"),
        ErrorCase("one-step", "one step cannot turn round", {"losses": np.ones((2, 6))}, ValueError, "series"),
    ),
)

CROSSING = Operation(
    name="opposing_signals.crossing",
    summary="the first step after the (first) minimum at which the sharpness is above 2 / eta; -1 if there is none",
    inputs=(array("sharpness", "T", "at each step"), _ETA),
    outputs=(integer("step", "counted from 0, or -1", whole(-1)),),
    reference=crossing,
    exact=exact.crossing,
    exact_source=_RATIONAL.format("one look at each value, from the end"),
    cases=cases.CROSSING,
    sample=cases.sample_crossing,
    laws=laws.CROSSING,
    errors=(
        refusals.numbers("eta"),
        ErrorCase("nan", "NaN is no sharpness", {"sharpness": np.full(3, np.nan)}, ValueError, "series"),
        ErrorCase("empty", "there is no minimum", {"sharpness": np.zeros(0)}, ValueError, "series"),
    ),
)

OUTLIERS = Operation(
    name="opposing_signals.outliers",
    summary="the opposing feature, sign times sqrt(alpha / (p d2)) in each coordinate, and the targets, which know its "
    "size and not its sign",
    inputs=(
        array("x", "n d1", "ordinary features"),
        array("signs", "n", "sign of an outlier, 0 for any other sample", one_of(-1.0, 0.0, 1.0)),
        _BETA,
        number("alpha", "power of the feature", POSITIVE),
        number("p", "probability of an outlier", _PROBABILITY),
        integer("d2", "coordinates of the feature", COUNT),
    ),
    outputs=(array("x_o", "n d2", "opposing feature"), array("y", "n", "targets")),
    reference=outliers,
    exact=exact.outliers,
    exact_source=_MPMATH.format("row by row, the target from sqrt(alpha / p)"),
    cases=cases.OUTLIERS,
    sample=cases.sample_outliers,
    laws=laws.OUTLIERS,
    errors=(
        refusals.numbers("alpha", "d2", p="p must"),
        *refusals.arrays(signs="signs", beta="beta"),
        refusals.arrays(x="x")[0],
        ErrorCase("no-sign", "2 is no sign", {"signs": np.full(6, 2.0)}, ValueError, "signs"),
    ),
    without={"long": "it has no steps"},
)

MODEL = Operation(
    name="opposing_signals.model_step",
    summary="the population's loss |c b - beta|^2 / 2 + alpha (c s)^2 / 2 with s = sum(b_o) / sqrt(d2), its gradient "
    "and Hessian in the order b, b_o, c, and a step of gradient descent",
    inputs=(*_MODEL, _BETA, number("alpha", "power of the opposing feature", NONNEGATIVE), _ETA),
    outputs=(
        number("loss", "without its constant alpha / 2", NONNEGATIVE),
        array("grad_b", "d1", "gradient in b"),
        array("grad_b_o", "d2", "gradient in b_o"),
        number("grad_c", "gradient in c", REAL),
        array("hessian", "P P", "Hessian, P = d1 + d2 + 1"),
        *_MOVED,
    ),
    reference=model_step,
    exact=exact.model_step,
    exact_source=_MPMATH.format("averages over a finite data set with the moments of the population"),
    cases=cases.MODEL,
    sample=cases.sample_model,
    laws=laws.MODEL,
    errors=(
        refusals.numbers("alpha", "eta", c="c must"),
        *refusals.arrays(beta="beta"),
        *(refusals.arrays(**{name: name})[0] for name in ("b", "b_o")),
    ),
    without={**_ONE_STEP, "large": "its Hessian is a full matrix"},
)

SAMPLE = Operation(
    name="opposing_signals.sample_step",
    summary="half the squared error of c (b^T x + b_o^T x_o) on each sample, and a step down their mean",
    inputs=(
        *_MODEL,
        array("x", "n d1", "ordinary features"),
        array("x_o", "n d2", "opposing feature"),
        array("y", "n", "targets"),
        _ETA,
    ),
    outputs=(array("losses", "n", "loss of each sample before the step"), *_MOVED),
    reference=sample_step,
    exact=exact.sample_step,
    exact_source=_RATIONAL.format("one sample after the other"),
    cases=cases.SAMPLE,
    sample=cases.sample_samples,
    laws=laws.SAMPLE,
    errors=(
        refusals.numbers("eta", c="c must"),
        *refusals.arrays(x="x", x_o="x_o", y="y"),
    ),
    without=_ONE_STEP,
)

GROUPS = Operation(
    name="opposing_signals.group_losses",
    summary="mean loss over all samples of either sign: |c b - beta|^2 / 2 + alpha (1 -+ c s)^2 / (2 p)",
    inputs=(
        *_MODEL,
        _BETA,
        number("alpha", "power of the feature", POSITIVE),
        number("p", "probability of an outlier", _PROBABILITY),
    ),
    outputs=(array("losses", "2", "of sign +, of sign -"),),
    reference=group_losses,
    exact=exact.group_losses,
    exact_source=_MPMATH.format("means over the samples of a finite data set"),
    cases=cases.GROUPS,
    sample=cases.sample_groups,
    laws=laws.GROUPS,
    errors=(
        refusals.numbers("alpha", p="p must"),
        *refusals.arrays(beta="beta"),
    ),
    without={**_ONE_STEP, "large": "it is a formula of three numbers"},
)

VALLEY = Operation(
    name="opposing_signals.valley",
    summary="gradient descent on alpha (c s)^2 / 2, many valleys side by side",
    inputs=(
        array("c0", "d", "second layer at the start"),
        array("s0", "d", "place across the valley at the start"),
        number("alpha", "power of the feature", POSITIVE),
        _ETA,
        integer("steps", "T", COUNT),
    ),
    outputs=(
        array("cs", "T d", "c after each step", steps=True),
        array("ss", "T d", "s after each step", steps=True),
    ),
    reference=valley,
    exact=exact.valley,
    exact_source=_MPMATH.format("in c + s and c - s, whose rules are products"),
    cases=cases.VALLEY,
    sample=cases.sample_valley,
    laws=laws.VALLEY,
    errors=(refusals.numbers("alpha", "eta"), *refusals.arrays(s0="s")),
)

OPTIMISE = Operation(
    name="opposing_signals.optimise",
    summary="parameters after each step of SGD with momentum, of Adam or of SplitSGD, fed with given gradients; all "
    "follow the average m = beta1 m + (1 - dampening) g, divided by 1 - dampening^t in step t = 1, 2, ...",
    inputs=(
        choice("kind", ("sgdm", "adam", "splitsgd"), "which rule"),
        array("theta0", "P", "start"),
        array("grads", "T P", "gradient of each step"),
        number("lr", "step size", POSITIVE),
        number("lr_sign", "SplitSGD: length of a step where the divided average has at least the size r", POSITIVE),
        number("r", "SplitSGD: threshold", NONNEGATIVE),
        number("beta1", "rate of the first average", FRACTION),
        number("dampening", "a new gradient has the weight 1 - dampening; Adam takes beta1 for it", FRACTION),
        number("beta2", "Adam: rate of the second average, divided by 1 - beta2^t", FRACTION),
        number("eps", "Adam: stands beside the root", POSITIVE),
    ),
    outputs=(array("thetas", "T P", "parameters after each step", steps=True),),
    reference=optimise,
    exact=exact.optimise,
    exact_source=_MPMATH.format("averages as sums over sums of weights"),
    cases=cases.OPTIMISE,
    sample=cases.sample_optimise,
    laws=laws.OPTIMISE,
    errors=(
        refusals.numbers("lr", "beta1", "dampening"),
        *refusals.arrays(grads="grad"),
    ),
)

SYSTEM = System(
    name="opposing_signals",
    chapter="landscape",
    summary="pairs of groups that share a large feature and pull it in opposite ways: how to find them, why they make "
    "the loss spike, and what Adam does about them",
    paper=Paper(
        title="Outliers with Opposing Signals Have an Outsized Effect on Neural Network Optimization",
        authors="Rosenfeld, Risteski",
        arxiv="2311.04163",
        year=2024,
        key="rosenfeld2024outliers",
    ),
    operations=(IDENTIFY, SWAP, OPPOSITION, CROSSING, OUTLIERS, MODEL, SAMPLE, GROUPS, VALLEY, OPTIMISE),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "opposing_signals-1": "about Section 2: change of a loss between two steps",
        "opposing_signals-2": "about Section 2, lists of a fixed length: ours",
        "opposing_signals-3": "about Section 2, lists of a fixed length: ours",
        "opposing_signals-4": "ours: which steps to look at",
        "opposing_signals-5": "ours: the gap as a number",
        "opposing_signals-6": "ours: the see-saw as a number",
        "opposing_signals-7": "ours: the see-saw without groups that are known",
        "opposing_signals-8": "about Section 3, data model, as recalled",
        "opposing_signals-9": "about Section 3, data model, as recalled",
        "opposing_signals-10": "about Section 3, projection on the opposing feature, as recalled",
        "opposing_signals-11": "about Section 3, loss of the two-layer linear network, as recalled",
        "opposing_signals-12": "ours: a derivative of the loss",
        "opposing_signals-13": "ours: a derivative of the loss",
        "opposing_signals-14": "ours: a derivative of the loss",
        "opposing_signals-15": "ours: the second derivatives",
        "opposing_signals-16": "about Section 3, on a finite sample",
        "opposing_signals-17": "ours: derivatives of the mean",
        "opposing_signals-18": "gradient descent",
        "opposing_signals-19": "ours: the loss by groups",
        "opposing_signals-20": "edge of stability: the usual threshold",
        "opposing_signals-21": "about Section 3, one valley, as recalled",
        "opposing_signals-22": "about Section 3, one valley, as recalled",
        "opposing_signals-23": "case study; as Kingma and Ba (2015)",
        "opposing_signals-24": "case study; as Kingma and Ba (2015)",
        "opposing_signals-25": "case study: SGD with momentum",
        "opposing_signals-26": "Kingma and Ba (2015), Algorithm 1",
        "opposing_signals-27": "Kingma and Ba (2015), Algorithm 1",
        "opposing_signals-28": "case study: SplitSGD, the mask, as recalled",
        "opposing_signals-29": "case study: SplitSGD, the step, as recalled",
    },
)
