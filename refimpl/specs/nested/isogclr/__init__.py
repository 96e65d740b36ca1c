"""What the oracle knows of iSogCLR."""

import numpy as np

from refimpl.core.arrays import array_namespace, device
from refimpl.nested import _isogclr_baselines as baselines
from refimpl.nested import isogclr
from refimpl.specs import refusals
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, number
from refimpl.specs.domains import MASK, NONNEGATIVE, POSITIVE, REAL, Relation, below, real
from refimpl.specs.nested.isogclr import cases, exact, laws
from refimpl.specs.nested.isogclr.claims import CLAIMS
from refimpl.specs.nested.isogclr.mistakes import ALTERNATIVES


def _gradients(C, U1, U2):
    """Gradients in rows of any length."""
    (Z1, length1), (Z2, length2) = isogclr.unit(U1), isogclr.unit(U2)
    dZ1, dZ2 = isogclr.pull(C, Z1, Z2)
    return isogclr.unit_back(Z1, length1, dZ1), isogclr.unit_back(Z2, length2, dZ2)


def _units(U1, U2):
    return isogclr.unit(U1)[0], isogclr.unit(U2)[0]


def step(U1, U2, idx, log_s, tau, u, seen, **rates):
    """One step from given normalisers and temperatures."""
    (Z1, Z2), state = _units(U1, U2), isogclr.ISogCLRState(log_s, tau, u, seen)
    found, state = isogclr.update(Z1, Z2, idx, state, **rates)
    return found.loss, *_gradients(found.C, U1, U2), state.log_s, state.tau, state.u


def steps(U1, U2, idx, tau0, **rates):
    """Temperatures and loss of each batch, from samples that nobody has seen."""
    xp, state, taus, losses = array_namespace(tau0), isogclr.init(tau0.shape[0], like=tau0), [], []
    state = state._replace(tau=tau0)
    for t in range(U1.shape[0]):
        Z1, Z2 = _units(U1[t, ...], U2[t, ...])
        found, state = isogclr.update(Z1, Z2, idx[t, :], state, **rates)
        taus.append(state.tau)
        losses.append(found.loss)
    return xp.stack(taus), xp.stack(losses)


def bimodal_step(U1, U2, idx, log_s1, tau1, u1, seen1, log_s2, tau2, u2, seen2, **rates):
    """One step on pairs."""
    first = isogclr.ISogCLRState(log_s1, tau1, u1, seen1)
    second = isogclr.ISogCLRState(log_s2, tau2, u2, seen2)
    Z1, Z2 = _units(U1, U2)
    found, *states = isogclr.update_bimodal(Z1, Z2, idx, first, second, **rates)
    after = (x for state in states for x in (state.log_s, state.tau, state.u))
    return found.loss, *_gradients(found.C, U1, U2), *after


def tau_star(h, rho, lo, hi):
    """The best temperature for given gaps."""
    return isogclr.tau_star(h, rho=rho, lo=lo, hi=hi)


def rgcl(U1, U2, tau, rho):
    """The full objective and its gradients."""
    Z1, Z2 = _units(U1, U2)
    found = isogclr.rgcl(Z1, Z2, tau, rho=rho)
    return found.loss, *_gradients(found.C, U1, U2), found.slope


def nt_xent(U1, U2, tau):
    """The loss of SimCLR and its gradients."""
    Z1, Z2 = _units(U1, U2)
    loss, C = baselines.nt_xent(Z1, Z2, tau=tau)
    return loss, *_gradients(C, U1, U2)


def clip(U1, U2, tau):
    """The loss of CLIP and its gradients."""
    (Z1, Z2), xp = _units(U1, U2), array_namespace(U1)
    found = baselines.clip(Z1, Z2, xp.asarray(tau, dtype=U1.dtype, device=device(U1)))
    return found.loss, *_gradients(found.C, U1, U2), found.slope


_NAN = float("nan")
_BAD_ROWS = (*refusals.arrays(U1="U")[:1], *refusals.arrays(U2="Z2")[1:])


_WEIGHT = real(0, 1, open="(")  # of what is new in an average
_TWO = Relation("at least two samples", ("U1", "U2"), lambda i: i["U1"].shape[-2] >= 2)


def _rows(axes, what="embeddings of the {} view of each sample: only the directions of the rows count"):
    return tuple(
        array(name, axes, what.format(side), REAL.that("nonzero rows"))
        for name, side in (("U1", "first"), ("U2", "second"))
    )


_PAIR = "embeddings of the {} side of each pair: only the directions of the rows count"
_GRADS = (array("grad1", "B k", "gradient in U1"), array("grad2", "B k", "gradient in U2"))
_IDX = "which samples", below("n").that("different")
_RATES = (
    number("gamma", "weight of the new batch in s", _WEIGHT),
    number("beta", "weight of what is new in u", _WEIGHT),
    number("eta", "step size of tau", NONNEGATIVE),
    number("rho", "radius of the KL ball", NONNEGATIVE),
    number("tau_min", "lower bound of tau", POSITIVE),
    number("tau_max", "upper bound of tau", POSITIVE),
    number("clip", "bound on the derivative in tau", real(0, open="(", infinite=True)),
)
_EXPONENT = choice("exponent", ("S", "h"), "similarities, or gaps to the positive, in the exponent")
_BAD_RATES = (
    refusals.numbers("gamma", "beta", "eta", "rho", "tau_min", "tau_max", "clip"),
    ErrorCase("bounds-exchanged", "no temperature is between them", {"tau_max": 0.01}, ValueError, "tau_min"),
)
_STEP_RELATIONS = _TWO, Relation("tau_min <= tau_max", ("tau_min", "tau_max"), lambda i: i["tau_min"] <= i["tau_max"])
_TWICE, _OUTSIDE = np.array([4.0, 0.0, 4.0]), np.array([4.0, 0.0, 6.0])
_ALONE = {"U1": np.ones((1, 4)), "U2": np.ones((1, 4)), "idx": np.zeros(1)}
_MPMATH = "mpmath with 50 digits, {}, written apart from the source"
_ONE_STEP = {"long": "it is one step"}


def _kept(side=""):
    return (
        array(f"log_s{side}", "n", "logarithm of the running normaliser; of no meaning where seen is false"),
        array(f"tau{side}", "n", "temperatures", POSITIVE),
        array(f"u{side}", "n", "running averages of the derivative in tau"),
        array(f"seen{side}", "n", "whether a sample has been in a batch", MASK),
    )


def _renewed(side=""):
    return (
        array(f"new_log_s{side}", "n", "logarithm of the running normaliser; as it was, where no batch has been"),
        array(f"new_tau{side}", "n", "temperatures"),
        array(f"new_u{side}", "n", "running averages of the derivative in tau"),
    )


STEP = Operation(
    name="isogclr.step",
    summary="one step of iSogCLR but for the network: the gradient of the sum over both views, a mean over the batch, "
    "and what is kept of each sample afterwards; a sample that is new takes its batch in full",
    inputs=(*_rows("B k"), array("idx", "B", *_IDX), *_kept(), *_RATES, _EXPONENT),
    outputs=(
        array("loss", "", "sum of weights times similarities less that of the positives, whose gradient is meant"),
        *_GRADS,
        *_renewed(),
    ),
    reference=step,
    exact=exact.step,
    exact_source=_MPMATH.format("anchor by anchor, gradients by differences"),
    cases=cases.STEP,
    sample=cases.sample_step,
    laws=laws.STEP,
    relations=_STEP_RELATIONS,
    errors=(
        *_BAD_RATES,
        *_BAD_ROWS,
        ErrorCase("cold-sample", "tau = 0 divides by 0", {"tau": np.zeros(6)}, ValueError, "tau"),
        ErrorCase("negative-tau", "tau must be > 0", {"tau": np.full(6, -0.1)}, ValueError, "tau"),
        ErrorCase("sample-twice", "one sample cannot be stored twice", {"idx": _TWICE}, ValueError, "idx"),
        ErrorCase("no-such-sample", "there are six samples", {"idx": _OUTSIDE}, ValueError, "idx"),
        ErrorCase("batch-of-one", "a sample alone has no negatives", _ALONE, ValueError, "Z1"),
        ErrorCase("no-direction", "a row of zeros has no direction", {"U1": np.zeros((3, 4))}, ValueError, "U"),
        ErrorCase("short-state", "as many u as temperatures", {"u": np.zeros(5)}, ValueError, "u"),
    ),
    without=_ONE_STEP,
)

STEPS = Operation(
    name="isogclr.steps",
    summary="T batches of iSogCLR with given embeddings, from samples that nobody has seen",
    inputs=(
        *_rows("T B k"),
        array("idx", "T B", *_IDX),
        array("tau0", "n", "first temperatures", POSITIVE),
        *_RATES,
        _EXPONENT,
    ),
    outputs=(
        array("taus", "T n", "temperatures after each batch", steps=True),
        array("losses", "T", "loss of each batch, as in isogclr.step", steps=True),
    ),
    reference=steps,
    exact=exact.steps,
    exact_source=_MPMATH.format("anchor by anchor, on s itself"),
    cases=cases.STEPS,
    sample=cases.sample_steps,
    laws=laws.STEPS,
    relations=_STEP_RELATIONS,
    errors=(
        *_BAD_RATES,
        ErrorCase("cold-start", "tau = 0 divides by 0", {"tau0": np.zeros(5)}, ValueError, "tau"),
        ErrorCase("sample-twice", "one sample cannot be stored twice", {"idx": np.ones((6, 3))}, ValueError, "idx"),
    ),
    without={"large": "isogclr.step has cases of many samples and many coordinates"},
)

BIMODAL = Operation(
    name="isogclr.bimodal_step",
    summary="one step of iSogCLR on pairs of two kinds: each anchor has the B - 1 others of the other kind for "
    "negatives, the exponent is the gap to its partner, and the mean losses of the two sides are added",
    inputs=(*_rows("B k", _PAIR), array("idx", "B", *_IDX), *_kept(1), *_kept(2), *_RATES),
    outputs=(
        array("loss", "", "sum of weights times gaps, whose gradient is meant"),
        *_GRADS,
        *_renewed(1),
        *_renewed(2),
    ),
    reference=bimodal_step,
    exact=exact.bimodal_step,
    exact_source=_MPMATH.format("side by side on s itself, gradients by differences"),
    cases=cases.BIMODAL,
    sample=cases.sample_bimodal,
    laws=laws.BIMODAL,
    relations=_STEP_RELATIONS,
    errors=(
        *_BAD_RATES,
        *_BAD_ROWS,
        ErrorCase("cold-side", "tau = 0 divides by 0", {"tau2": np.zeros(6)}, ValueError, "tau"),
        ErrorCase("pair-twice", "one pair cannot be stored twice", {"idx": np.zeros(4)}, ValueError, "idx"),
        ErrorCase(
            "batch-of-one",
            "a pair alone has no negatives",
            {"U1": np.ones((1, 3)), "U2": np.ones((1, 3)), "idx": np.zeros(1)},
            ValueError,
            "Z1",
        ),
    ),
    without=_ONE_STEP,
)

TAU_STAR = Operation(
    name="isogclr.tau_star",
    summary="the temperature at which the weights exp(h / tau), made a distribution, have the Kullback-Leibler "
    "divergence rho from the uniform one; the bound nearest to it if that is not between the bounds",
    inputs=(
        array("h", "m", "gaps of the negatives"),
        _RATES[3],
        number("lo", "lower bound", POSITIVE),
        number("hi", "upper bound", POSITIVE),
    ),
    outputs=(array("tau", "", "the best temperature"),),
    reference=tau_star,
    exact=exact.tau_star,
    exact_source=_MPMATH.format("the minimum of the dual"),
    cases=cases.TAU_STAR,
    sample=cases.sample_tau_star,
    laws=laws.TAU_STAR,
    relations=(Relation("lo <= hi", ("lo", "hi"), lambda i: i["lo"] <= i["hi"]),),
    errors=(
        refusals.numbers("rho", "lo", "hi"),
        ErrorCase("nan-gap", "NaN is no number to compute with", {"h": np.array([0.0, _NAN])}, ValueError, "h"),
        ErrorCase("bounds-exchanged", "no temperature is between them", {"lo": 4.0}, ValueError, "lo"),
    ),
    without={"long": "it has no steps"},
)

RGCL = Operation(
    name="isogclr.rgcl",
    summary="the robust global contrastive loss over all the data, sum over both views and mean over the samples, with "
    "its gradients",
    inputs=(*_rows("n k"), array("tau", "n", "temperatures", POSITIVE), _RATES[3]),
    outputs=(
        array("loss", "", "objective"),
        array("grad1", "n k", "gradient in U1"),
        array("grad2", "n k", "gradient in U2"),
        array("slope", "n", "gradient in tau"),
    ),
    reference=rgcl,
    exact=exact.rgcl,
    exact_source=_MPMATH.format("its definition and differences"),
    cases=cases.RGCL,
    sample=cases.sample_rgcl,
    laws=laws.RGCL,
    relations=(_TWO,),
    errors=(
        refusals.numbers("rho"),
        *_BAD_ROWS,
        ErrorCase("cold-sample", "tau = 0 divides by 0", {"tau": np.zeros(3)}, ValueError, "tau"),
        ErrorCase("few-temperatures", "one for each sample", {"tau": np.ones(2)}, ValueError, "tau"),
        ErrorCase(
            "one-sample",
            "a sample alone has no negatives",
            {"U1": np.ones((1, 3)), "U2": np.ones((1, 3)), "tau": np.ones(1)},
            ValueError,
            "Z1",
        ),
    ),
    without={"long": "it has no steps"},
)

_NO_STEPS = {"long": "it has no steps"}
_ONE_TAU = number("tau", "temperature of all", POSITIVE)
_BAD_RIVAL = (refusals.numbers("tau"), *_BAD_ROWS)

NT_XENT = Operation(
    name="isogclr.nt_xent",
    summary="the loss of SimCLR, mean over the 2B anchors of minus the log probability of the positive among all other "
    "views, with its gradients",
    inputs=(*_rows("B k"), _ONE_TAU),
    outputs=(array("loss", "", "loss, in nats"), *_GRADS),
    reference=nt_xent,
    exact=exact.nt_xent,
    exact_source=_MPMATH.format("probabilities and differences"),
    cases=cases.NT_XENT,
    sample=cases.sample_rival,
    laws=laws.NT_XENT,
    errors=_BAD_RIVAL,
    without=_NO_STEPS,
)

CLIP = Operation(
    name="isogclr.clip",
    summary="the loss of CLIP, mean of the cross-entropies of both sides with one temperature, with its gradients",
    inputs=(*_rows("B k", _PAIR), _ONE_TAU),
    outputs=(array("loss", "", "loss, in nats"), *_GRADS, array("slope", "", "derivative in tau")),
    reference=clip,
    exact=exact.clip,
    exact_source=_MPMATH.format("probabilities and differences"),
    cases=cases.CLIP,
    sample=cases.sample_rival,
    laws=laws.CLIP,
    errors=_BAD_RIVAL,
    without=_NO_STEPS,
)

SYSTEM = System(
    name="isogclr",
    chapter="nested",
    summary="contrastive learning with a running normaliser and a temperature for each sample",
    paper=Paper(
        title="Not All Semantics are Created Equal: Contrastive Self-supervised Learning with Automatic Temperature "
        "Individualization",
        authors="Qiu, Hu, Yuan, Zhou, Zhang, Yang",
        arxiv="2305.11965",
        year=2023,
        key="qiu2023not",
    ),
    operations=(STEP, STEPS, BIMODAL, TAU_STAR, RGCL, NT_XENT, CLIP),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "isogclr-1": "Equation 6, both views",
        "isogclr-2": "optimality of the multiplier, from Equation 6",
        "isogclr-3": "gradient of Equation 6; ours, written out",
        "isogclr-4": "Algorithm 1, estimate on the batch; ours: on logarithms",
        "isogclr-5": "Algorithm 1, running normaliser; ours: on logarithms",
        "isogclr-6": "Algorithm 1, weights; the fresh normaliser as in the authors' code",
        "isogclr-7": "Algorithm 1, gradient estimate for the network",
        "isogclr-8": "chain rule, ours",
        "isogclr-9": "the authors' code: both views share one normaliser",
        "isogclr-10": "Algorithm 1, gradient estimate for the temperatures",
        "isogclr-11": "the authors' code, not in the paper",
        "isogclr-12": "Algorithm 1, running average for the temperatures",
        "isogclr-13": "Algorithm 1, projected step of the temperatures",
        "isogclr-14": "chain rule, ours",
        "isogclr-15": "Algorithm 1, step of the network",
        "isogclr-16": "the bimodal form of the gap",
        "isogclr-17": "the authors' bimodal code",
        "isogclr-18": "Chen et al. (2020, arXiv:2002.05709)",
        "isogclr-19": "its gradient; ours, written out",
        "isogclr-20": "Radford et al. (2021, arXiv:2103.00020)",
        "isogclr-21": "its gradient; ours, written out",
        "isogclr-22": "its derivative in the temperature; ours",
    },
)
