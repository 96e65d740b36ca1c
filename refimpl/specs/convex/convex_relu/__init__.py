"""What the oracle knows of convex training of two-layer ReLU networks."""

import numpy as np

from refimpl.convex import _convex_relu_adversarial as adversarial
from refimpl.convex import convex_relu
from refimpl.core.arrays import array_namespace, device
from refimpl.specs import refusals
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, integer, number
from refimpl.specs.convex.convex_relu import cases, exact, laws
from refimpl.specs.convex.convex_relu.claims import CLAIMS
from refimpl.specs.convex.convex_relu.mistakes import ALTERNATIVES
from refimpl.specs.domains import COUNT, MASK, NONNEGATIVE, POSITIVE, REAL, Relation, below

# On the source --------------------------------------------------------------------------------------------------------


def _floats(mask, like):
    """What multiplies floating-point numbers."""
    return array_namespace(like).astype(mask, like.dtype)


def admm(X, y, D, beta, rho, gamma, steps):
    """u and v after each step of ADMM from zero."""
    D = _floats(D, X)
    xp, setup, state, states = array_namespace(X), convex_relu.prepare(X, D, rho=rho), convex_relu.init(X, D), []
    for _ in range(steps):
        state = convex_relu.admm_step(setup, y, state, beta=beta, gamma=gamma)
        states.append(state)
    return xp.stack([state.u for state in states]), xp.stack([state.v for state in states])


def rbcd(X, y, D, blocks, beta, rho, loss):
    """u and v after each outer step, whose u comes from block descent."""
    D = _floats(D, X)
    xp, state, states = array_namespace(X), convex_relu.init(X, D), []
    for k in range(blocks.shape[0]):
        chosen = [int(blocks[k, j]) for j in range(blocks.shape[1])]
        state, _ = convex_relu.block_descent(X, D, y, state, chosen, rho=rho, loss=loss)
        state = convex_relu.settle(X, D, state, beta=beta, rho=rho)
        states.append(state)
    return xp.stack([state.u for state in states]), xp.stack([state.v for state in states])


def all_patterns(X):
    """All activation patterns, as binary numbers in falling order."""
    D, xp = convex_relu.all_patterns(X), array_namespace(X)
    digits = xp.asarray([2.0**-k for k in range(X.shape[0])], dtype=X.dtype, device=device(X))
    return xp.take(D, xp.argsort(digits @ D, descending=True), axis=1)


def values(X, y, D, weights, beta, loss):
    """Value of the program, outputs and value of the network."""
    D = _floats(D, X)
    network = convex_relu.recover(weights)
    program = convex_relu.objective(X, D, y, weights, beta=beta, loss=loss)
    outputs = convex_relu.network_outputs(X, network)
    return program, outputs, convex_relu.network_objective(X, y, network, beta=beta, loss=loss)


def scp(X, y, draws, beta, steps):
    """Second layers after each step of FISTA."""
    _, run = convex_relu.scp(X, y, draws, beta=beta, steps=steps, record=lambda state: {"alpha": state.alpha})
    return array_namespace(X).stack(run.history["alpha"][1:])


def certified(X, y, D, weights, mask, beta, epsilon, loss):
    """Value of the adversarial program and its constraints."""
    D, attack = _floats(D, X), {"epsilon": epsilon, "mask": _floats(mask, X)}
    value = adversarial.robust_objective(X, D, y, weights, beta=beta, loss=loss, **attack)
    return value, adversarial.robust_slacks(X, D, weights, **attack)


def trained(X, y, D, mask, beta, epsilon, size, balance, loss, steps):
    """Weights after each step of the primal-dual method."""
    D, mask = _floats(D, X), _floats(mask, X)
    state, path = adversarial.pdhg_init(X, D), []
    rates = {"beta": beta, "epsilon": epsilon, "size": size, "balance": balance}
    for _ in range(steps):
        state = adversarial.pdhg_step(X, D, y, state, mask=mask, loss=loss, **rates)
        path.append(state.weights)
    return array_namespace(X).stack(path)


# Operations -----------------------------------------------------------------------------------------------------------

_X = array("X", "n d", "data, one point per row; a last column of ones makes a bias")
_Y = array("y", "n", "targets")
_D = array("D", "n P", "activation patterns: whether a neuron sees a point", MASK)
_WEIGHTS = array("weights", "2 d P", "v and w")
_BETA, _RHO = number("beta", "weight decay", POSITIVE), number("rho", "penalty", POSITIVE)
_MASK = array("mask", "d", "which features can be attacked", MASK)
_EPSILON = number("epsilon", "half-width of the boxes", NONNEGATIVE)
_STEPS = integer("steps", "K", COUNT)
_LOSS = choice(
    "loss",
    ("squared", "cross_entropy"),
    "half the squared error, or log(1 + exp(2 yhat)) - 2 y yhat, summed over the points",
)
_ROBUST_LOSS = choice(
    "loss",
    adversarial.LOSSES,
    "hinge: mean of (1 - m)_+; logistic: mean of log(1 + exp(-m)); squared: half the sum of squares",
)
_ITERATES = (
    array("u", "K 2 d P", "weights that fit, after each step; axes half (v, w), feature, pattern", steps=True, ulps=16),
    array("v", "K 2 d P", "sparse weights, after each step", steps=True),
)
_BINARY = array("D", "n P", "1 where x_k^T a >= 0, else 0; a column per distinct pattern")


def _nan(name, *shape):
    return ErrorCase(f"nan-in-{name}", "NaN is no number", {name: np.full(shape, np.nan)}, ValueError, name)


_CLASSES = Relation(
    "y is 0 or 1 where loss = cross_entropy",
    ("y", "loss"),
    lambda i: i["loss"] != "cross_entropy" or bool(np.isin(i["y"], (0, 1)).all()),
)
_SIGNS = Relation(
    "y is -1 or 1 where loss is not squared",
    ("y", "loss"),
    lambda i: i["loss"] == "squared" or bool((np.abs(i["y"]) == 1).all()),
)
_NAN_DATA = _nan("X", 3, 2)
_PATTERN_ERRORS = (
    ErrorCase("signs-for-patterns", "patterns are 0 and 1", {"D": 2 * cases.D3 - 1}, ValueError, "D"),
    ErrorCase("patterns-of-other-data", "a pattern per point", {"D": cases.D3[:2, :]}, ValueError, "D"),
)
_OTHER_CLASS = ErrorCase("other-class", "classes are 0 and 1", {"loss": "cross_entropy"}, ValueError, "y")
_DECAY = refusals.numbers("beta")
_NO_STEPS = {"long": "it takes no steps"}

ADMM = Operation(
    name="convex_relu.admm",
    summary="steps of ADMM on the convex program with squared loss, from zero",
    inputs=(
        _X,
        _Y,
        _D,
        _BETA,
        _RHO,
        number("gamma", "dual step: the scaled duals move by gamma / rho", POSITIVE),
        _STEPS,
    ),
    outputs=_ITERATES,
    reference=admm,
    exact=exact.admm,
    exact_source="the inverse of the dense matrix with 50 digits, written apart from the source",
    cases=cases.ADMM,
    sample=cases.sample_admm,
    laws=laws.ADMM,
    errors=(
        refusals.numbers("beta", "rho", "gamma"),
        *refusals.arrays(y="y"),
        *_PATTERN_ERRORS,
        _NAN_DATA,
        ErrorCase("doubles", "patterns are distinct", {"D": cases.D3[:, [0, 1, 0]]}, ValueError, "D"),
    ),
    relations=(
        Relation(
            "no two columns of D are equal", ("D",), lambda i: len(np.unique(i["D"], axis=1).T) == i["D"].shape[1]
        ),
    ),
)

RBCD = Operation(
    name="convex_relu.rbcd",
    summary="steps of ADMM whose u comes from descent on given blocks, from zero, with gamma = rho",
    inputs=(
        _X,
        _Y,
        _D,
        array("blocks", "K B", "patterns whose weights are moved, in each step", below("P")),
        _BETA,
        _RHO,
        _LOSS,
    ),
    outputs=_ITERATES,
    reference=rbcd,
    exact=exact.rbcd,
    exact_source="the dense function and its gradient with 50 digits, written apart from the source",
    cases=cases.RBCD,
    sample=cases.sample_rbcd,
    laws=laws.RBCD,
    errors=(
        refusals.numbers("beta", "rho"),
        *refusals.arrays(y="y"),
        *_PATTERN_ERRORS,
        _NAN_DATA,
        _OTHER_CLASS,
        ErrorCase("no-such-block", "blocks count from 0 to P - 1", {"blocks": np.array([[3.0]])}, ValueError, "blocks"),
        ErrorCase("unknown-loss", "the loss has a name", {"loss": "hinge"}, ValueError, "loss"),
    ),
    relations=(_CLASSES,),
    without={"long": "its outer steps end like those of admm, which has a long case, and start from given blocks"},
)

PATTERNS = Operation(
    name="convex_relu.patterns",
    summary="the distinct activation patterns of some weight vectors, in order of appearance",
    inputs=(_X, array("draws", "H d", "first-layer weight vectors")),
    outputs=(_BINARY,),
    reference=lambda X, draws: convex_relu.activation_patterns(X, draws),
    exact=exact.patterns,
    exact_source="signs of products in rational arithmetic, written apart from the source",
    cases=cases.PATTERNS,
    sample=cases.sample_patterns,
    laws=laws.PATTERNS,
    errors=(*refusals.arrays(draws="draws"), _NAN_DATA),
    without=_NO_STEPS,
)

ALL_PATTERNS = Operation(
    name="convex_relu.all_patterns",
    summary="every activation pattern of weight vectors that meet no point, as binary numbers in falling order",
    inputs=(_X,),
    outputs=(
        array("D", "n P", "a column per pattern; 1 for a point at the origin; the first point's digit counts most"),
    ),
    reference=all_patterns,
    exact=exact.all_patterns,
    exact_source="which sets of sides leave a cell, by elimination in rational arithmetic",
    cases=cases.ALL_PATTERNS,
    sample=cases.sample_all_patterns,
    laws=laws.ALL_PATTERNS,
    errors=(_NAN_DATA,),
    without={**_NO_STEPS, "large": "the number of patterns grows like a power of the number of points"},
)

ROBUST_PATTERNS = Operation(
    name="convex_relu.robust_patterns",
    summary="the distinct patterns of some weight vectors on the data and on copies at random corners of the boxes",
    inputs=(
        _X,
        array("draws", "H d", "first-layer weight vectors"),
        array("shifts", "H S n d", "of each copy that a weight vector sees; their signs name corners"),
        _EPSILON,
        _MASK,
    ),
    outputs=(_BINARY,),
    reference=lambda X, draws, shifts, epsilon, mask: adversarial.robust_patterns(
        X, draws, shifts, epsilon=epsilon, mask=_floats(mask, X)
    ),
    exact=exact.robust_patterns,
    exact_source="signs of products in rational arithmetic, written apart from the source",
    cases=cases.ROBUST_PATTERNS,
    sample=cases.sample_robust_patterns,
    laws=laws.ROBUST_PATTERNS,
    errors=(
        refusals.numbers("epsilon"),
        *refusals.arrays(draws="draws", shifts="shifts"),
        ErrorCase("mask-of-halves", "a mask is 0 or 1", {"mask": np.full(3, 0.5)}, ValueError, "mask"),
    ),
    without=_NO_STEPS,
)

RECOVER = Operation(
    name="convex_relu.recover",
    summary="the network of a solution, a neuron for each block that is not zero: first those of v, then those of w",
    inputs=(_WEIGHTS,),
    outputs=(array("first", "d m", "first layer, a column per neuron"), array("second", "m", "second layer")),
    reference=lambda weights: tuple(convex_relu.recover(weights)),
    exact=exact.recover,
    exact_source="square roots with 50 digits, written apart from the source",
    cases=cases.RECOVER,
    sample=cases.sample_recover,
    laws=laws.RECOVER,
    errors=(
        _nan("weights", 2, 1, 1),
        ErrorCase("three-halves", "two halves", {"weights": np.ones((3, 2, 1))}, ValueError, "weights"),
    ),
    without=_NO_STEPS,
)

VALUES = Operation(
    name="convex_relu.values",
    summary="value of the convex program at some weights, outputs of the network that they give, and its value",
    inputs=(_X, _Y, _D, _WEIGHTS, _BETA, _LOSS),
    outputs=(
        array("program", "", "loss plus beta times the sum of the norms of all blocks, in their cones or not"),
        array("outputs", "n", "of the network"),
        array("network", "", "its loss plus beta / 2 times the sum of its squared weights"),
    ),
    reference=values,
    exact=exact.values,
    exact_source="block by block with 50 digits, no network in between",
    cases=cases.VALUES,
    sample=cases.sample_values,
    laws=laws.VALUES,
    relations=(_CLASSES,),
    errors=(_DECAY, *refusals.arrays(y="y", weights="weights"), *_PATTERN_ERRORS, _OTHER_CLASS),
    without=_NO_STEPS,
)

SCP = Operation(
    name="convex_relu.scp",
    summary="second layers of the sampled convex program after each step of FISTA from zero, of length 1 / L, L the "
    "largest eigenvalue of Z^T Z; the momentum starts anew where (point - new) . (new - old) > 0",
    inputs=(
        _X,
        _Y,
        array("draws", "N d", "directions of the neurons, of any length", REAL.that("nonzero rows")),
        _BETA,
        _STEPS,
    ),
    outputs=(array("alpha", "K N", "second layer after each step", steps=True),),
    reference=scp,
    exact=exact.scp,
    exact_source="FISTA and the largest eigenvalue with 50 digits, written apart from the source",
    cases=cases.SCP,
    sample=cases.sample_scp,
    laws=laws.SCP,
    errors=(
        _DECAY,
        *refusals.arrays(y="y", draws="draws"),
        _NAN_DATA,
        ErrorCase("no-direction", "a zero vector has no direction", {"draws": np.zeros((4, 2))}, ValueError, "draws"),
    ),
)

CERTIFIED = Operation(
    name="convex_relu.certified",
    summary="value and constraints of the adversarial program: the worst case within boxes of half-width epsilon",
    inputs=(_X, _Y, _D, _WEIGHTS, _MASK, _BETA, _EPSILON, _ROBUST_LOSS),
    outputs=(
        array("value", "", "certified loss plus beta times the sum of the norms"),
        array("slacks", "2 n P", "(2 D - I) X v - epsilon |M v|_1, and the same of w"),
    ),
    reference=certified,
    exact=exact.certified,
    exact_source="the worst of all corners with 50 digits, written apart from the source",
    cases=cases.CERTIFIED,
    sample=cases.sample_certified,
    laws=laws.CERTIFIED,
    relations=(_SIGNS,),
    errors=(
        refusals.numbers("beta", "epsilon"),
        *refusals.arrays(weights="weights"),
        ErrorCase("other-class", "classes are -1 and 1", {"y": np.array([1.0, 0.0, 1.0, 0.0])}, ValueError, "y"),
        ErrorCase("mask-of-halves", "a mask is 0 or 1", {"mask": np.full(3, 0.5)}, ValueError, "mask"),
    ),
    without=_NO_STEPS,
)

CONE = Operation(
    name="convex_relu.cone",
    summary="projection of pairs (a, b) on the cone |phi_j| <= epsilon theta, 0 <= theta <= cap",
    inputs=(
        array("a", "m", "first parts"),
        array("b", "m d", "second parts"),
        number("epsilon", "opening", NONNEGATIVE),
        number("cap", "upper bound", POSITIVE),
    ),
    outputs=(array("theta", "m", "first parts of the nearest points"), array("phi", "m d", "second parts")),
    reference=lambda a, b, epsilon, cap: adversarial.project_cone(a, b, epsilon=epsilon, cap=cap),
    exact=exact.cone,
    exact_source="active entries one by one in rational arithmetic, written apart from the source",
    cases=cases.CONE,
    sample=cases.sample_cone,
    laws=laws.CONE,
    errors=(
        refusals.numbers("epsilon", "cap"),
        _nan("a", 7),
        ErrorCase("one-part", "a second part per first one", {"b": np.ones(7)}, ValueError, "b"),
    ),
    without=_NO_STEPS,
)

ADVERSARIAL = Operation(
    name="convex_relu.adversarial",
    summary="weights of the adversarial program after each step of the primal-dual hybrid gradient method, from zero",
    inputs=(
        _X,
        _Y,
        _D,
        _MASK,
        _BETA,
        _EPSILON,
        number("size", "step size", POSITIVE),
        number("balance", "the primal step is size times it, the dual step size over it", POSITIVE),
        _ROBUST_LOSS,
        _STEPS,
    ),
    outputs=(array("weights", "K 2 d P", "v and w after each step", steps=True),),
    reference=trained,
    exact=exact.adversarial,
    exact_source="dense rows, multipliers one pair after the other, with 50 digits, written apart from the source",
    cases=cases.ADVERSARIAL,
    sample=cases.sample_adversarial,
    laws=laws.ADVERSARIAL,
    errors=(refusals.numbers("beta", "epsilon", "size", "balance"), *refusals.arrays(y="y")),
    relations=(_SIGNS,),
    without={"long": "its steps carry no counter and no sum, and a long run costs more than all other cases"},
)

SYSTEM = System(
    name="convex_relu",
    chapter="convex",
    summary="the global optimum of a two-layer ReLU network, as a group lasso over activation patterns",
    paper=Paper(
        title="Efficient Global Optimization of Two-layer ReLU Networks: Quadratic-time Algorithms and Adversarial "
        "Training",
        authors="Bai, Gautam, Sojoudi",
        arxiv="2201.01965",
        year=2022,
        key="bai2022efficient",
    ),
    operations=(
        ADMM,
        RBCD,
        PATTERNS,
        ALL_PATTERNS,
        ROBUST_PATTERNS,
        RECOVER,
        VALUES,
        SCP,
        CERTIFIED,
        CONE,
        ADVERSARIAL,
    ),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "convex_relu-1": "Section 1, the network",
        "convex_relu-2": "Section 2, the non-convex problem",
        "convex_relu-3": "Section 2, activation patterns",
        "convex_relu-4": "Section 2, constraints of the convex program",
        "convex_relu-5": "Section 2, output of the convex program",
        "convex_relu-6": "Section 2, the convex program",
        "convex_relu-7": "Section 2, recovery of the network",
        "convex_relu-8": "Section 2, theorem on sampled patterns",
        "convex_relu-9": "ours: the small block of the system",
        "convex_relu-10": "ours: Woodbury's identity",
        "convex_relu-11": "Section 3, ADMM, first step",
        "convex_relu-12": "Section 3, ADMM, second step",
        "convex_relu-13": "Section 3, ADMM, second step",
        "convex_relu-14": "Section 3, ADMM, third step",
        "convex_relu-15": "Section 3, ADMM, third step",
        "convex_relu-16": "Section 3, RBCD, gradient of a block",
        "convex_relu-17": "Section 3, RBCD; Armijo's rule is ours",
        "convex_relu-18": "Section on the sampled convex program",
        "convex_relu-19": "ours: FISTA",
        "convex_relu-20": "ours: restart of FISTA",
        "convex_relu-21": "ours: FISTA",
        "convex_relu-22": "Section 4, robust constraints",
        "convex_relu-23": "Section 4, worst case of the output",
        "convex_relu-24": "Section 4, the adversarial programs",
        "convex_relu-25": "Section 4, practical adversarial training",
        "convex_relu-26": "ours: projection on the dual cone",
        "convex_relu-27": "ours: projection on the dual cone",
        "convex_relu-28": "ours: dual of the squared loss",
        "convex_relu-29": "ours: dual of the logistic loss",
        "convex_relu-30": "ours: primal-dual hybrid gradient",
        "convex_relu-31": "ours: primal-dual hybrid gradient",
    },
)
