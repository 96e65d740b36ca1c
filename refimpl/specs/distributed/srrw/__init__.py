"""What the oracle knows of the self-repellent random walk."""

import numpy as np

from refimpl.core import check
from refimpl.core.arrays import array_namespace
from refimpl.distributed import _srrw_models as models
from refimpl.distributed import srrw
from refimpl.specs import refusals, sizes
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, integer, number
from refimpl.specs.distributed.srrw import cases, exact, laws
from refimpl.specs.distributed.srrw.claims import CLAIMS
from refimpl.specs.distributed.srrw.mistakes import ALTERNATIVES
from refimpl.specs.domains import (
    FRACTION,
    NONNEGATIVE,
    POSITIVE,
    SHARE,
    SIMPLEX,
    Relation,
    below,
    one_of,
    real,
)


def kernel_row(P_row, x, mu, alpha):
    """Probabilities of the next node."""
    return srrw.kernel_row(P_row, x, mu, alpha=alpha)


def srrw_steps(P, mu, alpha, x0, node0, u, gamma):
    """Nodes and frequencies of a walk, from given draws."""
    base = srrw.chain(P, mu)
    state, nodes, xs = srrw.init(base, node0, x0), [], []
    for n in range(u.shape[0]):
        state = srrw.step(state, u[n, ...], base, alpha=alpha, gamma=gamma[n, ...])
        nodes.append(state.node)
        xs.append(state.x)
    xp = array_namespace(x0)
    return xp.astype(xp.stack(nodes), x0.dtype), xp.stack(xs)


def sa_srrw(P, mu, alpha, x0, node0, u, gamma, theta0, H, beta):
    """The same with a learner that is pulled towards the rows of H."""
    base = srrw.chain(P, mu)
    check.shapes(mu=(mu, "N"), theta0=(theta0, "d"), H=(H, "N d"))
    local, state, theta = models.Quadratic(H).local, srrw.init(base, node0, x0), theta0
    thetas, nodes, xs = [], [], []
    for n in range(u.shape[0]):
        rates = {"alpha": alpha, "gamma": gamma[n, ...], "beta": beta[n, ...]}
        theta, state = srrw.sa_step(theta, state, u[n, ...], base, local, **rates)
        thetas.append(theta)
        nodes.append(state.node)
        xs.append(state.x)
    xp = array_namespace(x0)
    return xp.stack(thetas), xp.astype(xp.stack(nodes), x0.dtype), xp.stack(xs)


def base_chain(adjacency, kind):
    """Transition probabilities and law of a walk on a graph."""
    return tuple({"metropolis": srrw.metropolis, "simple": srrw.simple_walk}[kind](adjacency))


def covariance_x(P, mu, alpha, a):
    """Limit covariance of the frequencies."""
    return srrw.covariance_x(srrw.chain(P, mu), alpha=alpha, a=a)


def covariance_theta(P, mu, alpha, H, J, a, b):
    """Limit covariance of the learner."""
    return srrw.covariance_theta(srrw.chain(P, mu), H, J, alpha=alpha, a=a, b=b)


def predict(P, mu, alpha, H, J, gamma, beta):
    """Covariances after each step."""
    return tuple(srrw.predict(srrw.chain(P, mu), H, J, gamma, beta, alpha=alpha))


_NAN = float("nan")
_STEP = real(0, 1, open="(")
_LAW = array("mu", "N", "law for which P is reversible, up to a factor", POSITIVE)
_ALPHA = number("alpha", "strength of the repulsion", NONNEGATIVE)
_CHAIN = (array("P", "N N", "base chain", SIMPLEX), _LAW, _ALPHA)


def _reversible(i):
    flow = i["mu"][:, None] * i["P"]
    return bool(np.max(np.abs(flow - flow.T)) <= srrw.SLACK * np.max(flow))


def _irreducible(i):
    return bool(np.all(np.linalg.matrix_power(np.eye(len(i["P"])) + (i["P"] > 0), len(i["P"])) > 0))


def _stable(J, b=0.0):
    return bool(np.max(np.linalg.eigvals(J).real) < (-0.5 if b == 1 else 0.0))


_REVERSIBLE = Relation("P is reversible for mu: mu_i P_ij = mu_j P_ji", ("P", "mu"), _reversible)
_CONNECTED = _REVERSIBLE, Relation("every node can be reached from every other one", ("P",), _irreducible)
_FLAT = np.full((4, 4), 0.25)
_BAD_CHAIN = (
    refusals.numbers("alpha"),
    ErrorCase(
        "not-reversible",
        "the theory is that of reversible chains",
        {"P": np.roll(np.eye(4), 1, axis=1), "mu": np.ones(4)},
        ValueError,
        "P must be reversible",
    ),
    ErrorCase("rows-off", "rows are probabilities", {"P": 1.5 * _FLAT, "mu": np.ones(4)}, ValueError, "P"),
    ErrorCase("negative-entry", "rows are probabilities", {"P": _FLAT - np.eye(4)}, ValueError, "P"),
    ErrorCase("law-of-zero", "a node that is never to be visited", {"mu": np.array([1.0, 2, 0, 1])}, ValueError, "mu"),
    ErrorCase("law-of-five", "as many nodes as rows", {"mu": np.ones(5)}, ValueError, "mu"),
)
_START = (
    *_CHAIN,
    array("x0", "N", "frequencies at the start", _STEP.that("simplex")),
    integer("node0", "where the token starts", below("N")),
    array("u", "n", "a uniform draw of each step", SHARE),
    array("gamma", "n", "step size of x in each step", FRACTION),
)
_BAD_START = (
    *_BAD_CHAIN,
    ErrorCase("on-the-face", "a node of frequency 0", {"x0": np.array([0.5, 0.5, 0.0, 0.0])}, ValueError, "interior"),
    ErrorCase("no-law", "frequencies sum to 1", {"x0": np.full(4, 0.5)}, ValueError, "x"),
    ErrorCase("x-of-five", "a frequency for each node", {"x0": np.full(5, 0.2)}, ValueError, "x"),
    refusals.numbers(node0="node"),
    ErrorCase("draw-of-two", "a draw is in [0, 1)", {"u": np.full(10, 2.0)}, ValueError, "u"),
    ErrorCase("nan-draw", "a draw is in [0, 1)", {"u": np.full(10, _NAN)}, ValueError, "u"),
    ErrorCase("step-of-one", "gamma = 1 puts x on a vertex", {"gamma": np.ones(10)}, ValueError, "gamma"),
    ErrorCase("negative-gamma", "x would leave the simplex", {"gamma": -np.ones(10)}, ValueError, "gamma"),
)
_WALK = (
    array("nodes", "n", "the node after each step", steps=True),
    array("x", "n N", "frequencies after each step", steps=True),
)
_CONVENTION = (
    "from given uniform draws: the next node is the first one, in the order of their numbers, at which the cumulative "
    "sum of the weights exceeds u times their total"
)
_MPMATH = "mpmath with 50 digits, {}"
_LEARNER = (
    array("H", "N d", "update H(theta*, i) of each node at the optimum"),
    array("J", "d d", "Jacobian of the mean update there"),
)
_EXPONENT = real(0.5, 1, open="(")
_EXPONENT_A = number("a", "exponent of gamma_n = (n + 1)^(-a)", _EXPONENT)
_BAD_LEARNER = (
    ErrorCase("not-stable", "a learner that runs away", {"J": np.eye(2)}, ValueError, "J"),
    ErrorCase("H-of-five", "a row for each node", {"H": np.ones((5, 2))}, ValueError, "H"),
    ErrorCase("nan-in-H", "NaN is no update", {"H": np.full((4, 2), _NAN)}, ValueError, "H"),
    ErrorCase("two-parts", "the chain must be irreducible", {"P": np.eye(4)}, ValueError, "P"),
)

KERNEL_ROW = Operation(
    name="srrw.kernel_row",
    summary="where the token goes: a row of the self-repellent kernel, P_j (x_j / mu_j)^(-alpha) over its sum",
    inputs=(
        array("P_row", "N", "row of the base chain, up to a factor", NONNEGATIVE.that("not all zero")),
        array("x", "N", "frequencies of the visits, up to a factor", POSITIVE),
        array("mu", "N", "target law, up to a factor", POSITIVE),
        _ALPHA,
    ),
    outputs=(array("row", "N", "probability of each node"),),
    reference=kernel_row,
    exact=exact.kernel_row,
    exact_source=_MPMATH.format("the powers themselves, without logarithms"),
    cases=cases.KERNEL,
    sample=cases.sample_kernel,
    laws=laws.KERNEL,
    errors=(
        refusals.numbers("alpha"),
        ErrorCase("zero-frequency", "infinite repulsion", {"x": np.array([0.5, 0.5, 0.0])}, ValueError, "interior"),
        ErrorCase("zero-law", "a node that is never to be visited", {"mu": np.array([1.0, 0, 1])}, ValueError, "mu"),
        ErrorCase("no-way-out", "a row of zeros", {"P_row": np.zeros(3)}, ValueError, "row"),
        ErrorCase("negative-entry", "no probability", {"P_row": np.array([1.0, -0.5, 0.5])}, ValueError, "row"),
        ErrorCase("law-of-four", "as many nodes as in the row", {"mu": np.ones(4)}, ValueError, "mu"),
        ErrorCase("x-of-four", "as many nodes as in the row", {"x": np.ones(4)}, ValueError, "x"),
    ),
    without={"long": "it has no steps"},
)

STEPS = Operation(
    name="srrw.srrw_steps",
    summary=f"a walk of a token and its frequencies, {_CONVENTION}",
    inputs=_START,
    outputs=_WALK,
    reference=srrw_steps,
    exact=exact.srrw_steps,
    exact_source=_MPMATH.format("counters that do not decay in place of averages"),
    cases=(*cases.STEPS, sizes.one_step),
    sample=cases.sample_steps,
    laws=laws.STEPS,
    relations=(_REVERSIBLE,),
    errors=_BAD_START,
)

LEARN = Operation(
    name="srrw.sa_srrw",
    summary=f"the walk of srrw_steps with a learner, H(theta, i) = H_i - theta at the new node i, {_CONVENTION}",
    inputs=(
        *_START,
        array("theta0", "d", "parameters at the start"),
        array("H", "N d", "where each node pulls theta to"),
        array("beta", "n", "step size of theta in each step", POSITIVE),
    ),
    outputs=(array("thetas", "n d", "parameters after each step", steps=True), *_WALK),
    reference=sa_srrw,
    exact=exact.sa_srrw,
    exact_source=_MPMATH.format("counters in place of averages"),
    cases=(*cases.LEARN, sizes.one_step),
    sample=cases.sample_learn,
    laws=laws.LEARN,
    relations=(_REVERSIBLE,),
    errors=(
        *_BAD_START,
        ErrorCase("beta-of-zero", "theta would not move", {"beta": np.zeros(10)}, ValueError, "beta"),
        ErrorCase("nan-in-H", "NaN is no update", {"H": np.full((4, 2), _NAN)}, ValueError, "update"),
        ErrorCase("H-of-three", "as many coordinates as theta", {"H": np.ones((4, 3))}, ValueError, "H"),
    ),
    without={"long": "its walk is that of srrw_steps, which has a long one"},
)

BASE = Operation(
    name="srrw.base_chain",
    summary="base chain of a graph: Metropolis-Hastings for the uniform law, or the simple random walk",
    inputs=(
        array(
            "adjacency",
            "N N",
            "1 where an edge is",
            one_of(0.0, 1.0).that("symmetric", "zero diagonal", "nonzero rows"),
        ),
        choice("kind", ("metropolis", "simple"), "which walk"),
    ),
    outputs=(array("P", "N N", "transition probabilities"), array("mu", "N", "their law, sum 1")),
    reference=base_chain,
    exact=exact.base_chain,
    exact_source="fractions, edge by edge",
    cases=cases.BASE,
    sample=cases.sample_base,
    laws=laws.BASE,
    errors=(
        ErrorCase("one-way", "edges have no direction", {"adjacency": np.eye(4, k=1)}, ValueError, "adjacency"),
        ErrorCase("loop", "no edge from a node to itself", {"adjacency": np.ones((4, 4))}, ValueError, "adjacency"),
        ErrorCase("weights", "an edge is there or not", {"adjacency": 2 - 2 * np.eye(4)}, ValueError, "adjacency"),
        ErrorCase("hermit", "a node without a neighbour", {"adjacency": np.zeros((4, 4))}, ValueError, "adjacency"),
        ErrorCase("not-square", "a row and a column per node", {"adjacency": np.ones((4, 3))}, ValueError, "adjacency"),
    ),
    without={"long": "it has no steps"},
)

COVARIANCE_X = Operation(
    name="srrw.covariance_x",
    summary="limit covariance of (x_n - mu) / sqrt(gamma_n)",
    inputs=(*_CHAIN, _EXPONENT_A),
    outputs=(array("V", "N N", "V_x"),),
    reference=covariance_x,
    exact=exact.covariance_x,
    exact_source=_MPMATH.format("linear systems in P in place of eigenvectors"),
    cases=cases.COVARIANCE_X,
    sample=cases.sample_cov_x,
    laws=laws.COVARIANCE_X,
    relations=_CONNECTED,
    errors=(*_BAD_CHAIN, _BAD_LEARNER[-1], refusals.numbers("a")),
    without={"long": "it has no steps", "large": "eigenvectors of a few nodes are what it is about"},
)

COVARIANCE_THETA = Operation(
    name="srrw.covariance_theta",
    summary="limit covariance of (theta_n - theta*) / sqrt(beta_n): slow learner a < b, equal pace a = b, fast a > b",
    inputs=(
        *_CHAIN,
        *_LEARNER,
        _EXPONENT_A,
        number("b", "exponent of beta_n = (n + 1)^(-b)", _EXPONENT),
    ),
    outputs=(array("V", "d d", "V_theta"),),
    reference=covariance_theta,
    exact=exact.covariance_theta,
    exact_source=_MPMATH.format("linear systems in P; Lyapunov and Sylvester equations entry by entry, block by block"),
    cases=cases.COVARIANCE_THETA,
    sample=cases.sample_cov_theta,
    laws=laws.COVARIANCE_THETA,
    relations=(
        *_CONNECTED,
        Relation(
            "the eigenvalues of J have real parts < 0, and < -1/2 where b = 1",
            ("J", "b"),
            lambda i: _stable(i["J"], i["b"]),
        ),
    ),
    errors=(
        *_BAD_CHAIN,
        *_BAD_LEARNER,
        refusals.numbers("a", "b"),
        ErrorCase("too-flat", "b = 1 asks for more than 1/2", {"J": -0.5 * np.eye(2), "b": 1.0}, ValueError, "J"),
    ),
    without={"long": "it has no steps", "large": "eigenvectors of a few nodes are what it is about"},
)

PREDICT = Operation(
    name="srrw.predict",
    summary="covariances of theta and x after each step by the linearized recursions, with steps cut at "
    "1 / max(1 + 2 alpha, |J|) in the drift",
    inputs=(
        *_CHAIN,
        *_LEARNER,
        array("gamma", "n", "step size of x in each step", _STEP),
        array("beta", "n", "step size of theta in each step", _STEP),
    ),
    outputs=(
        array("theta", "n d d", "covariance of theta after each step", steps=True),
        array("x", "n N N", "covariance of x after each step", steps=True),
    ),
    reference=predict,
    exact=exact.predict,
    exact_source=_MPMATH.format("a recursion for each block, and linear systems in P"),
    cases=(*cases.PREDICT, sizes.one_step),
    sample=cases.sample_predict,
    laws=laws.PREDICT,
    relations=(*_CONNECTED, Relation("the eigenvalues of J have real parts < 0", ("J",), lambda i: _stable(i["J"]))),
    errors=(
        *_BAD_CHAIN,
        *_BAD_LEARNER,
        ErrorCase("step-of-two", "steps are at most 1", {"gamma": np.full(6, 2.0)}, ValueError, "gamma"),
        ErrorCase("beta-of-zero", "steps are > 0", {"beta": np.zeros(6)}, ValueError, "beta"),
        ErrorCase("beta-of-five", "as many as gamma", {"beta": np.full(5, 0.1)}, ValueError, "beta"),
    ),
    without={"large": "eigenvectors of a few nodes are what it is about"},
)

SYSTEM = System(
    name="srrw",
    chapter="distributed",
    summary="a token walks over a network and avoids nodes that it has seen too often, which calms the SGD on its way",
    paper=Paper(
        title="Accelerating Distributed Stochastic Optimization via Self-Repellent Random Walks",
        authors="Hu, Doshi, Eun",
        arxiv="2401.09665",
        year=2024,
        key="hu2024accelerating",
    ),
    operations=(KERNEL_ROW, STEPS, LEARN, BASE, COVARIANCE_X, COVARIANCE_THETA, PREDICT),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "srrw-1": "experiments: the Metropolis-Hastings walk with uniform target",
        "srrw-2": "the simple random walk",
        "srrw-3": "definition of the kernel; ours: on logarithms",
        "srrw-4": "definition of the kernel; ours: the largest power taken off",
        "srrw-5": "the recursion, first line; ours: how the draw is made",
        "srrw-6": "the recursion, second line",
        "srrw-7": "the recursion, third line",
        "srrw-8": "step sizes of the experiments",
        "srrw-9": "notation of the central limit theorem",
        "srrw-10": "central limit theorem, V_x",
        "srrw-11": "central limit theorem, case (i), U_theta",
        "srrw-12": "the same for independent nodes",
        "srrw-13": "ours: from which alpha on each mode is at most that of independent nodes",
        "srrw-14": "proof of the central limit theorem, derivative of pi[x] at mu",
        "srrw-15": "proof of the central limit theorem, joint linearization",
        "srrw-16": "proof of the central limit theorem, noise of the base chain",
        "srrw-17": "central limit theorem, Lyapunov equations",
        "srrw-18": "ours: the linearized recursions, step by step",
    },
)
