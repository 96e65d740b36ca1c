"""What the oracle knows of Self Positioning."""

import numpy as np

from refimpl.core.arrays import array_namespace
from refimpl.specs import refusals
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, number, tags
from refimpl.specs.domains import MASK, NONNEGATIVE, POSITIVE, REAL, Relation, real
from refimpl.specs.training.self_positioning import cases, exact, laws
from refimpl.specs.training.self_positioning.claims import CLAIMS
from refimpl.specs.training.self_positioning.mistakes import ALTERNATIVES
from refimpl.training import _self_positioning_baselines as baselines
from refimpl.training import self_positioning as source


def slerp(U, W, a_i, a_j):
    """Two vectors."""
    return source.slerp(U, W, a_i=a_i, a_j=a_j)


def chain(V, a, lam):
    """Several."""
    return source.chain(V, a, lam=lam)


def chain_gradient(V, a, lam, g):
    """Back through the chain."""
    return source.chain_gradient(V, a, g, lam=lam)


def position_steps(V, grads, mu, eta_a, eta_lam):
    """With given gradients of the model."""
    state, path = source.init(V), []
    for t in range(grads.shape[0]):
        state = source.update(state, V, grads[t, :], mu=mu, eta_a=eta_a, eta_lam=eta_lam)
        path.append(state)
    xp = array_namespace(V)
    return xp.stack([state.a for state in path]), xp.stack([state.lam for state in path])


def info_nce(Q, D, tau):
    """Loss and gradients."""
    return source.info_nce(Q, D, tau=tau)


def position_run(theta0, V, X, Y, tau, mu, eta_a, eta_lam):
    """With a linear encoder."""
    xp, losses = array_namespace(theta0), []

    def loss(theta, k):
        batch = X[k - 1, ...], Y[k - 1, ...]
        value, gradient = source.encoder_loss(xp.reshape(theta, theta0.shape), *batch, tau=tau)
        losses.append(value)
        return value, xp.reshape(gradient, (-1,))

    settings = {"steps": X.shape[0], "mu": mu, "eta_a": eta_a, "eta_lam": eta_lam}
    run = source.position(xp.reshape(theta0, (-1,)), V, loss, **settings)
    return *(xp.stack(run.history[name][1:]) for name in ("a", "lam")), xp.stack(losses)


def average(V, weights):
    """Weighted."""
    return baselines.average(V, weights)


def task_arithmetic(V, lam):
    """A multiple of the sum."""
    return baselines.task_arithmetic(V, lam=lam)


def ties(V, density, lam):
    """Merged vector and mask."""
    return tuple(baselines.ties(V, density=density, lam=lam))


def fisher(V, F, weights):
    """Weighted by coordinates."""
    return baselines.fisher(V, F, weights)


def regmean(W, G):
    """Linear layers."""
    return baselines.regmean(W, G)


def _embedded(i):
    """No text becomes 0 where the search starts."""
    theta = i["theta0"] + source.chain(i["V"], np.ones(len(i["V"]), i["V"].dtype)).reshape(i["theta0"].shape)
    return all(bool(np.all(np.any(texts @ theta.T != 0, axis=-1))) for texts in (i["X"], i["Y"]))


_NAME = "self_positioning"
_NO_STEPS = {"long": "it has no steps"}
_V = array("V", "N P", "task vectors")
_A = array("a", "N", "weights; only their ratios count", POSITIVE)
_LAM = number("lam", "length", REAL)
_G = array("g", "P", "gradient of the loss at the merged model")
_MERGED = array("merged", "P", "merged vector")
_COUNTED = array("weights", "N", "how much each counts", NONNEGATIVE.that("not all zero"))
_RATES = (number("mu", "penalty on the length", NONNEGATIVE), number("eta_a", "step size of the weights", NONNEGATIVE),
          number("eta_lam", "step size of the length", NONNEGATIVE))  # fmt: skip
_PATH = (array("a", "T N", "weights after each step", steps=True),
         array("lam", "T", "length after each step", steps=True))  # fmt: skip
_ROWS = REAL.that("nonzero rows")
_TAU = number("tau", "temperature", POSITIVE)
_DIGITS = "50 digits"
_NAN_V = refusals.arrays(V="V")[0]
_BAD_A = (*refusals.arrays(a="a"), ErrorCase("zero-weight", "weights are > 0", {"a": np.zeros(2)}, ValueError, "a"))
_NO_WEIGHT = ErrorCase("no-weight", "some weight is > 0", {"weights": np.zeros(2)}, ValueError, "weights")
_NO_TASK = ErrorCase("no-task", "there is a task vector", {"V": np.zeros((0, 2))}, ValueError, "V")
_LESS = ErrorCase("negative-weight", "weights are >= 0", {"weights": np.array([-1.0, 2.0])}, ValueError, "weights")

SLERP = Operation(
    name="self_positioning.slerp",
    summary="spherical interpolation of two vectors of any length",
    inputs=(array("U", "P", "vector"), array("W", "P", "another one"), number("a_i", "weight of U", POSITIVE),
            number("a_j", "weight of W", POSITIVE)),
    outputs=(_MERGED,),
    reference=slerp,
    exact=exact.slerp,
    exact_source=f"{_DIGITS}, a rotation in the plane of both vectors",
    cases=cases.SLERP,
    sample=None,
    laws=laws.SLERP,
    errors=(refusals.arrays(U="U")[0], *refusals.arrays(W="W"), refusals.numbers("a_i", "a_j")),
    without=_NO_STEPS,
)  # fmt: skip

CHAIN = Operation(
    name="self_positioning.chain",
    summary="task vectors merged one after the other along arcs, times a length",
    inputs=(_V, _A, _LAM),
    outputs=(_MERGED,),
    reference=chain,
    exact=exact.chain,
    exact_source=f"{_DIGITS}, one rotation after the other",
    cases=cases.CHAIN,
    sample=None,
    laws=laws.CHAIN,
    errors=(_NAN_V, _NO_TASK, *_BAD_A, refusals.numbers("lam")),
    without=_NO_STEPS,
)

CHAIN_GRADIENT = Operation(
    name="self_positioning.chain_gradient",
    summary="gradient of the loss in weights and length, from that in the parameters of the merged model",
    inputs=(_V, _A, _LAM, _G),
    outputs=(array("grad_a", "N", "in the weights"), array("grad_lam", "", "in the length, without penalty")),
    reference=chain_gradient,
    exact=exact.chain_gradient,
    exact_source=f"{_DIGITS}, central differences of a chain of rotations",
    cases=cases.CHAIN_GRADIENT,
    sample=None,
    laws=laws.CHAIN_GRADIENT,
    errors=(_NAN_V, *_BAD_A, refusals.numbers("lam"), *refusals.arrays(g="g")),
    without=_NO_STEPS,
)

POSITION_STEPS = Operation(
    name="self_positioning.position_steps",
    summary="the search for weights and length from 1, with given gradients of the model",
    inputs=(_V, array("grads", "T P", "gradient of the loss in the parameters, of each step"), *_RATES),
    outputs=_PATH,
    reference=position_steps,
    exact=exact.position_steps,
    exact_source=f"{_DIGITS}, central differences of what is minimised",
    cases=cases.POSITION_STEPS,
    sample=None,
    laws=laws.POSITION_STEPS,
    errors=(_NAN_V, *refusals.arrays(grads="g"), refusals.numbers("mu", "eta_a", "eta_lam")),
)

INFO_NCE = Operation(
    name="self_positioning.info_nce",
    summary="the contrastive loss: each query's document is told among those of the batch, by cosines",
    inputs=(array("Q", "n d", "embeddings of queries", _ROWS), array("D", "n d", "of their documents", _ROWS), _TAU),
    outputs=(array("loss", "", "in nats, a mean over the queries"), array("grad_Q", "n d", "gradient in Q"),
             array("grad_D", "n d", "gradient in D")),
    reference=info_nce,
    exact=exact.info_nce,
    exact_source=f"{_DIGITS}, logarithms of probabilities and their central differences",
    cases=cases.INFO_NCE,
    sample=None,
    laws=laws.INFO_NCE,
    errors=(
        refusals.arrays(Q="Q")[0], *refusals.arrays(D="D"),
        refusals.numbers("tau"),
        ErrorCase("zero-row", "0 has no direction", {"D": np.array([[1.0, 0.0], [0.0, 0.0]])}, ValueError, "D"),
    ),
    without=_NO_STEPS,
)  # fmt: skip

POSITION_RUN = Operation(
    name="self_positioning.position_run",
    summary="the search on minibatches of pairs, for a linear encoder",
    inputs=(array("theta0", "p d", "start model: x is embedded as theta0 x"),
            array("V", "N q", "task vectors, row after row of the encoder"),
            array("X", "T n d", "queries of the minibatch of each step"), array("Y", "T n d", "their documents"), _TAU,
            *_RATES),
    outputs=(*_PATH, array("loss", "T", "loss of each minibatch before the step", steps=True)),
    reference=position_run,
    exact=exact.position_run,
    exact_source=f"{_DIGITS}, central differences of loss and penalty of the merged encoder",
    cases=cases.POSITION_RUN,
    sample=cases.sample_run,
    laws=laws.POSITION_RUN,
    errors=(refusals.arrays(theta0="theta_0")[0], _NAN_V, *refusals.arrays(X="X", Y="Y"),
            refusals.numbers("tau", "mu", "eta_a", "eta_lam")),
    relations=(
        Relation("q = p d", ("theta0", "V"), lambda i: i["V"].shape[1] == i["theta0"].size),
        Relation("no text is embedded as 0 where the search starts", ("theta0", "V", "X", "Y"), _embedded),
    ),
    without={"long": "its steps are those of position_steps, which has three hundred"},
)  # fmt: skip

AVERAGE = Operation(
    name="self_positioning.average",
    summary="weighted mean of task vectors",
    inputs=(_V, _COUNTED),
    outputs=(_MERGED,),
    reference=average,
    exact=exact.average,
    exact_source="rational numbers",
    cases=cases.AVERAGE,
    sample=None,
    laws=laws.AVERAGE,
    errors=(_NAN_V, *refusals.arrays(weights="weights"), _NO_WEIGHT, _LESS),
    without=_NO_STEPS,
)

TASK_ARITHMETIC = Operation(
    name="self_positioning.task_arithmetic",
    summary="sum of task vectors times a number",
    inputs=(_V, number("lam", "what the sum is multiplied with", REAL)),
    outputs=(_MERGED,),
    reference=task_arithmetic,
    exact=exact.task_arithmetic,
    exact_source="rational numbers",
    cases=cases.TASK_ARITHMETIC,
    sample=None,
    laws=laws.TASK_ARITHMETIC,
    errors=(_NAN_V, _NO_TASK, refusals.numbers("lam")),
    without=_NO_STEPS,
)

TIES = Operation(
    name="self_positioning.ties",
    summary="TIES: the largest entries of each task vector, a sign for each coordinate, the mean of what has it",
    inputs=(_V, number("density", "share of the entries that is kept", real(0, 1, open="(")), _LAM),
    outputs=(_MERGED, array("kept", "N P", "which entries are kept", MASK)),
    reference=ties,
    exact=exact.ties,
    exact_source="sorting and counting, in rational numbers",
    cases=cases.TIES,
    sample=None,
    laws=laws.TIES,
    errors=(_NAN_V, _NO_TASK, refusals.numbers("density", "lam")),
    without=_NO_STEPS,
)

FISHER = Operation(
    name="self_positioning.fisher",
    summary="mean of task vectors, each coordinate weighted by Fisher information",
    inputs=(_V, array("F", "N P", "diagonals of Fisher information matrices", NONNEGATIVE), _COUNTED),
    outputs=(_MERGED,),
    reference=fisher,
    exact=exact.fisher,
    exact_source="rational numbers",
    cases=cases.FISHER,
    sample=None,
    laws=laws.FISHER,
    errors=(_NAN_V, *refusals.arrays(F="F", weights="weights"), _NO_WEIGHT, _LESS,
            ErrorCase("negative-information", "it is a mean of squares", {"F": -np.ones((2, 2))}, ValueError, "F")),
    without=_NO_STEPS,
)  # fmt: skip

REGMEAN = Operation(
    name="self_positioning.regmean",
    summary="RegMean: the linear layer nearest to several ones, each on its own inputs",
    inputs=(array("W", "N d p", "weights, inputs in front: x W"),
            array("G", "N d d", "Gram matrices of the inputs", REAL.that("definite"))),
    outputs=(array("merged", "d p", "merged weights"),),
    reference=regmean,
    exact=exact.regmean,
    exact_source=f"{_DIGITS}, one linear system",
    cases=cases.REGMEAN,
    sample=None,
    laws=laws.REGMEAN,
    errors=(
        refusals.arrays(W="W")[0], *refusals.arrays(G="G"),
        ErrorCase("singular", "some direction has no inputs", {"G": np.ones((2, 2, 2))}, ValueError, "G"),
        ErrorCase("not-symmetric", "a Gram matrix is symmetric",
        {"G": np.tile(np.array([[2.0, 1.0], [0.0, 2.0]]), (2, 1, 1))}, ValueError, "G"),
    ),
    without=_NO_STEPS,
)  # fmt: skip

SYSTEM = System(
    name="self_positioning",
    chapter="training",
    summary="models of single tasks merged along an arc whose weights are learned on a few probes",
    paper=Paper(
        title="Improving General Text Embedding Model: Tackling Task Conflict and Data Imbalance through Model Merging",
        authors="Li, Nie, Zhang, Long, Zhang, Xie",
        arxiv="2410.15035",
        year=2024,
        key="li2024selfpositioning",
    ),
    operations=(
        SLERP, CHAIN, CHAIN_GRADIENT, POSITION_STEPS, INFO_NCE, POSITION_RUN, AVERAGE, TASK_ARITHMETIC, TIES, FISHER,
        REGMEAN,
    ),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        **dict.fromkeys(tags(_NAME, 1), "Section on task vectors (from a reading note)"),
        **dict.fromkeys(tags(_NAME, *range(2, 11)), "Section on merging (from a reading note)"),
        **dict.fromkeys(tags(_NAME, *range(11, 21)), "ours: the chain rule"),
        **dict.fromkeys(tags(_NAME, *range(21, 24)), "Section on Self Positioning (from a reading note)"),
        **dict.fromkeys(tags(_NAME, 24, 25, 26), "the contrastive loss (from a reading note)"),
        **dict.fromkeys(tags(_NAME, *range(27, 32)), "ours: its gradient"),
        **dict.fromkeys(tags(_NAME, 32), "baseline (from a reading note)"),
        **dict.fromkeys(tags(_NAME, 33), "Ilharco et al. (2023)"),
        **dict.fromkeys(tags(_NAME, *range(34, 40)), "Yadav et al. (2023)"),
        **dict.fromkeys(tags(_NAME, 40, 41), "Matena and Raffel (2022)"),
        **dict.fromkeys(tags(_NAME, 42), "Jin et al. (2023)"),
    },
)  # fmt: skip
