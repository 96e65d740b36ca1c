"""What the oracle knows of Hessian alignment."""

from functools import partial

import numpy as np

from refimpl.core.arrays import array_namespace
from refimpl.landscape import _hessian_alignment_baselines as baselines
from refimpl.landscape import _hessian_alignment_models as models
from refimpl.landscape import hessian_alignment
from refimpl.specs import refusals
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, integer, number
from refimpl.specs.domains import (
    DEFINITE,
    FRACTION,
    NONNEGATIVE,
    POSITIVE,
    REAL,
    SIGNS,
    SYMMETRIC,
    WHOLE,
    Relation,
)
from refimpl.specs.landscape.hessian_alignment import cases, exact, laws
from refimpl.specs.landscape.hessian_alignment.claims import CLAIMS
from refimpl.specs.landscape.hessian_alignment.mistakes import ALTERNATIVES
from refimpl.specs.loops import trajectory


def _domains(z, y):
    return [(z[e, ...], y[e, ...]) for e in range(z.shape[0])]


def _told(found):
    return found.value, found.dW, array_namespace(*found.dz).stack(found.dz)


def head_stats(W, z, y):
    """Loss, gradient, Hessian times gradient, diagonal, Hessian."""
    at = hessian_alignment.head(W, z, y)
    g = hessian_alignment.gradient(at)
    Hg, D = hessian_alignment.product(at, g), hessian_alignment.diagonal(at)
    return at.loss, g, Hg, D, hessian_alignment.hessian(at)


def hutchinson(W, z, y, signs):
    """Estimates with the draws of each step."""
    at, found = hessian_alignment.head(W, z, y), []
    for t in range(signs.shape[0]):
        draws = signs[t, ...]
        found.append(hessian_alignment.hutchinson(at, draws))
    return array_namespace(W).stack(found)


def penalty(W, z, y, alpha, beta, kind, mean_rule):
    """HGP, or exact diagonals."""
    if kind == "hgp":
        return _told(hessian_alignment.hgp(W, _domains(z, y), alpha=alpha, beta=beta, mean_rule=mean_rule))
    return _told(hessian_alignment.exact_penalty(W, _domains(z, y), alpha=alpha, beta=beta))


def hutchinson_penalty(W, z, y, signs, alpha, beta):
    """Estimated diagonals."""
    return _told(hessian_alignment.hutchinson_penalty(W, _domains(z, y), signs, alpha=alpha, beta=beta))


def baseline(W, z, y, lam, kind):
    """V-REx, IRM in two forms, CORAL."""
    if kind.startswith("irm"):
        return _told(baselines.irm(W, _domains(z, y), lam=lam, halves=kind == "irm_halves"))
    rule = baselines.vrex if kind == "vrex" else baselines.coral
    return _told(rule(W, _domains(z, y), lam=lam))


def fishr(W, z, y, lam, decay, reduction, smoothing):
    """Step by step, with the memory of the last one."""
    xp, n, found = array_namespace(W, z), z.shape[1], []
    memory = [xp.zeros_like(W)] * n if smoothing == "yes" else None
    for t in range(z.shape[0]):
        rates = {"lam": lam, "decay": decay, "reduction": reduction, "memory": memory}
        told, kept = baselines.fishr(W, _domains(z[t, ...], y[t, ...]), **rates)
        memory = kept if smoothing == "yes" else None
        found.append(_told(told))
    return tuple(xp.stack(rows) for rows in zip(*found, strict=True))


def network(U, c, W, x, y, alpha, beta, lam, kind):
    """Mean loss, penalty, and the gradient of the one plus lam times the other."""
    net, domains = models.Network(U, c, W), _domains(x, y)
    rule = hessian_alignment.exact_penalty if kind == "exact" else hessian_alignment.hgp
    aligned = partial(rule, alpha=alpha, beta=beta) if kind != "iga" else None
    loss, value, d_loss, d_penalty = models.gradients(net, domains, aligned)
    if kind == "iga":
        value, d_penalty = models.iga(net, domains, lam=1.0)
    return loss, value, *(a + lam * b for a, b in zip(d_loss, d_penalty, strict=True))


def schedule(theta0, grads, penalties, warm, **rates):
    """Parameters after each step, for given gradients."""
    return trajectory(models.schedule_init, models.schedule_step, theta0, grads, penalties, warm=warm, **rates)


def fish(theta, A, b, lr, epsilon):
    """A step on quadratics, whose gradients are A theta + b."""
    grads = [lambda x, e=e: A[e, ...] @ x + b[e, ...] for e in range(A.shape[0])]
    return baselines.fish_step(theta, grads, lr=lr, epsilon=epsilon)


def transfer(H_source, H_target, delta):
    """Exact measure and bound."""
    return tuple(hessian_alignment.transfer(H_source, H_target, delta=delta))


_W = array("W", "C h+1", "head: weights, and the bias in the last column; one row for two classes, with a sigmoid")
_Y = "labels", WHOLE
_ONE = (_W, array("z", "N h", "features of one domain"), array("y", "N", *_Y))
_MANY = (_W, array("z", "n N h", "features of n domains"), array("y", "n N", *_Y))
_CLASSES = Relation("y < C, or < 2 where W has one row", ("W", "y"), lambda i: i["y"].max() < max(2, len(i["W"])))
_AT_LEAST_TWO = Relation("there are at least two domains", ("y",), lambda i: i["y"].shape[-2] > 1)
_ALL_SIGNS = Relation("P = C (h + 1)", ("W", "signs"), lambda i: i["signs"].shape[-1] == i["W"].size)
_PENALTY = (
    array("value", "", "penalty"),
    array("dW", "C h+1", "gradient in W"),
    array("dz", "n N h", "gradient in z"),
)
_WEIGHTS = (
    number("alpha", "weight of what is made of the Hessian", NONNEGATIVE),
    number("beta", "weight of the gradients", NONNEGATIVE),
)
_DIGITS = "mpmath with 50 digits, {}, written apart from the source"
_BAD_LABELS = (
    ErrorCase("label-out-of-range", "there is no such class", {"y": np.full((2, 3), 7)}, ValueError, "y"),
    ErrorCase("negative-label", "there is no such class", {"y": np.full((2, 3), -1)}, ValueError, "y"),
    *refusals.arrays(W="W", z="z"),
)
_ALONE = ErrorCase(
    "one-domain",
    "a domain alone has nothing to be aligned with",
    {"z": np.ones((1, 3, 2)), "y": np.zeros((1, 3), int)},
    ValueError,
    "domains",
)
_NO_STEPS = {"long": "it has no steps"}

HEAD_STATS = Operation(
    name="hessian_alignment.head_stats",
    summary="mean loss of a linear head, and its gradient, Hessian times gradient, diagonal of the Hessian, Hessian",
    inputs=_ONE,
    outputs=(
        array("loss", "", "mean cross-entropy in nats"),
        array("g", "C h+1", "gradient in W"),
        array("Hg", "C h+1", "Hessian times gradient"),
        array("D", "C h+1", "diagonal of the Hessian"),
        array("H", "C h+1 C h+1", "Hessian"),
    ),
    reference=head_stats,
    exact=exact.head_stats,
    exact_source=_DIGITS.format("differences of the loss and of its gradient"),
    cases=cases.HEAD_STATS,
    sample=cases.sample_head,
    laws=laws.HEAD_STATS,
    relations=(_CLASSES,),
    errors=(
        ErrorCase("label-out-of-range", "there is no such class", {"y": np.full(5, 3)}, ValueError, "y"),
        *refusals.arrays(W="W", z="z"),
    ),
    without=_NO_STEPS,
)

HUTCHINSON = Operation(
    name="hessian_alignment.hutchinson",
    summary="estimates of the diagonal of the Hessian from given signs, anew in each of T steps",
    inputs=(
        *_ONE,
        array("signs", "T K P", "draws: for all weights row by row, then for the biases", SIGNS),
    ),
    outputs=(array("D", "T C h+1", "mean over the draws of signs times Hessian times signs", steps=True),),
    reference=hutchinson,
    exact=exact.hutchinson,
    exact_source=_DIGITS.format("differences of the gradient along the signs"),
    cases=cases.HUTCHINSON,
    sample=cases.sample_hutchinson,
    laws=laws.HUTCHINSON,
    relations=(_CLASSES, _ALL_SIGNS),
    errors=(
        ErrorCase(
            "gaussian-draws",
            "normal draws have another variance: each must be -1 or 1",
            {"signs": np.full((1, 2, 6), 0.7)},
            ValueError,
            "signs",
        ),
        ErrorCase("too-few-signs", "one for each entry of W", {"signs": np.ones((1, 2, 5))}, ValueError, "signs"),
    ),
)

PENALTY = Operation(
    name="hessian_alignment.penalty",
    summary="mean over domains of alpha |v - v mean|^2 + beta |g - g mean|^2, v being the Hessian times the gradient "
    "(hgp) or the diagonal of the Hessian (exact), with gradients in which the means are constants",
    inputs=(
        *_MANY,
        *_WEIGHTS,
        choice("kind", ("hgp", "exact"), "what v is"),
        choice("mean_rule", ("code", "paper"), "of hgp: mean Hessian times mean gradient, or the mean of the products"),
    ),
    outputs=_PENALTY,
    reference=penalty,
    exact=exact.penalty,
    exact_source=_DIGITS.format("differences of differences"),
    cases=cases.PENALTY,
    sample=cases.sample_penalty,
    laws=laws.PENALTY,
    relations=(_CLASSES, _AT_LEAST_TWO),
    errors=(*_BAD_LABELS, _ALONE, refusals.numbers("alpha", "beta")),
    without=_NO_STEPS,
)

HUTCHINSON_PENALTY = Operation(
    name="hessian_alignment.hutchinson_penalty",
    summary="the same with estimates of the diagonals for v, whose draws all domains share, or which are drawn for the "
    "mean first and then for each domain",
    inputs=(
        *_MANY,
        array(
            "signs", "m K P", "draws as in hessian_alignment.hutchinson; m = 1: shared, m = n + 1: of their own", SIGNS
        ),
        *_WEIGHTS,
    ),
    outputs=_PENALTY,
    reference=hutchinson_penalty,
    exact=exact.hutchinson_penalty,
    exact_source=_DIGITS.format("differences of differences"),
    cases=cases.HUTCHINSON_PENALTY,
    sample=cases.sample_hutchinson_penalty,
    laws=laws.HUTCHINSON_PENALTY,
    relations=(
        _CLASSES,
        _AT_LEAST_TWO,
        _ALL_SIGNS,
        Relation("m = 1 or n + 1", ("signs", "y"), lambda i: len(i["signs"]) in (1, len(i["y"]) + 1)),
    ),
    errors=(
        *_BAD_LABELS,
        _ALONE,
        refusals.numbers("alpha", "beta"),
        ErrorCase("two-sets", "one set, or three for two domains", {"signs": np.ones((2, 2, 6))}, ValueError, "signs"),
    ),
    without=_NO_STEPS,
)

BASELINE = Operation(
    name="hessian_alignment.baseline",
    summary="what others match: variance of the losses (vrex), derivative in the scale of the logits, squared (irm) or "
    "as a product over two halves of the samples (irm_halves), means and covariances of the features (coral)",
    inputs=(
        *_MANY,
        number("lam", "weight", NONNEGATIVE),
        choice("kind", ("vrex", "irm", "irm_halves", "coral"), "which one"),
    ),
    outputs=_PENALTY,
    reference=baseline,
    exact=exact.baseline,
    exact_source=_DIGITS.format("differences of the definitions"),
    cases=cases.BASELINE,
    sample=cases.sample_baseline,
    laws=laws.BASELINE,
    relations=(
        _CLASSES,
        _AT_LEAST_TWO,
        Relation(
            "N > 1 where kind = irm_halves or coral",
            ("kind", "y"),
            lambda i: i["kind"] in ("vrex", "irm") or i["y"].shape[1] > 1,
        ),
    ),
    errors=(*_BAD_LABELS, _ALONE, refusals.numbers("lam")),
    without=_NO_STEPS,
)

FISHR = Operation(
    name="hessian_alignment.fishr",
    summary="T steps of Fishr at a fixed head: distances of the variances of the samples' gradients, smoothed from "
    "step to step or not",
    inputs=(
        _W,
        array("z", "T n N h", "features of n domains, step by step"),
        array("y", "T n N", *_Y),
        number("lam", "weight", NONNEGATIVE),
        number("decay", "what is kept of the running averages", FRACTION),
        choice("reduction", ("norm", "cmnist", "domainbed"), "mean over domains, sum, or mean over entries too"),
        choice("smoothing", ("no", "yes"), "whether averages run, from 0, and are divided by 1 - decay at every step"),
    ),
    outputs=(
        array("value", "T", "penalty", steps=True),
        array("dW", "T C h+1", "gradient in W", steps=True),
        array("dz", "T n N h", "gradient in z", steps=True),
    ),
    reference=fishr,
    exact=exact.fishr,
    exact_source=_DIGITS.format("sample by sample, and differences"),
    cases=cases.FISHR,
    sample=cases.sample_fishr,
    laws=laws.FISHR,
    relations=(_CLASSES, _AT_LEAST_TWO),
    errors=(
        *refusals.arrays(W="W", z="z"),
        refusals.numbers("lam", "decay"),
        ErrorCase(
            "one-domain",
            "a domain alone has nothing to be aligned with",
            {"z": np.ones((1, 1, 4, 2)), "y": np.zeros((1, 1, 4), int)},
            ValueError,
            "domains",
        ),
    ),
)

NETWORK = Operation(
    name="hessian_alignment.network",
    summary="a network with one hidden layer of ReLU: mean loss, penalty (hgp or exact on the head as in "
    "hessian_alignment.penalty, or iga, the sum of squared distances of the gradients in all parameters), and the "
    "gradient of loss + lam penalty in all parameters",
    inputs=(
        array("U", "d h", "weights of the featuriser"),
        array("c", "h", "its biases"),
        _W,
        array("x", "n N d", "inputs of n domains"),
        array("y", "n N", *_Y),
        *_WEIGHTS,
        number("lam", "weight of the penalty", REAL),
        choice("kind", ("hgp", "exact", "iga"), "which penalty; iga has no weights alpha, beta"),
    ),
    outputs=(
        array("loss", "", "mean loss"),
        array("value", "", "penalty"),
        array("dU", "d h", "gradient in U"),
        array("dc", "h", "gradient in c"),
        array("dW", "C h+1", "gradient in W"),
    ),
    reference=network,
    exact=exact.network,
    exact_source=_DIGITS.format("differences in every parameter"),
    cases=cases.NETWORK,
    sample=cases.sample_network,
    laws=laws.NETWORK,
    relations=(_CLASSES, _AT_LEAST_TWO),
    errors=(
        refusals.numbers("alpha"),
        ErrorCase("label-out-of-range", "there is no such class", {"y": np.full((2, 3), 7)}, ValueError, "y"),
    ),
    without=_NO_STEPS,
)

SCHEDULE = Operation(
    name="hessian_alignment.schedule",
    summary="training of Colored MNIST with given gradients: the weight of the penalty is 1 in the first steps, then "
    "lam, by which the whole objective is divided if it is above 1; Adam",
    inputs=(
        array("theta0", "P", "the start"),
        array("grads", "T P", "gradients of the mean loss"),
        array("penalties", "T P", "gradients of the penalty"),
        number("lam", "weight of the penalty after the first steps", NONNEGATIVE),
        integer("warm", "number of the first steps", WHOLE),
        number("lr", "step size", POSITIVE),
        number("l2", "weight of the sum of squared parameters, without 1/2", NONNEGATIVE),
        number("beta1", "rate of the first average", FRACTION),
        number("beta2", "rate of the second average", FRACTION),
        number("eps", "beside the root", POSITIVE),
    ),
    outputs=(array("thetas", "T P", "parameters after each step", steps=True),),
    reference=schedule,
    exact=exact.schedule,
    exact_source=_DIGITS.format("averages as weighted means"),
    cases=cases.SCHEDULE,
    sample=cases.sample_schedule,
    laws=laws.SCHEDULE,
    errors=(
        *refusals.arrays(grads="grad", penalties="penalty"),
        refusals.numbers("lam", "warm", "lr", "l2", "beta1", "beta2", "eps"),
    ),
)

FISH = Operation(
    name="hessian_alignment.fish",
    summary="a step of Fish on quadratics: gradient descent through the domains in turn, and part of the way there",
    inputs=(
        array("theta", "P", "parameters"),
        array("A", "n P P", "the gradient of domain e is A theta + b"),
        array("b", "n P", "see A"),
        number("lr", "step size of the walk", POSITIVE),
        number("epsilon", "part of the way", POSITIVE),
    ),
    outputs=(array("next", "P", "next parameters"),),
    reference=fish,
    exact=exact.fish,
    exact_source=_DIGITS.format("the walk as one affine map"),
    cases=cases.FISH,
    sample=cases.sample_fish,
    laws=laws.FISH,
    relations=(Relation("there are at least two domains", ("b",), lambda i: len(i["b"]) > 1),),
    errors=(
        refusals.numbers("lr", "epsilon"),
        ErrorCase("one-domain", "no walk", {"A": np.ones((1, 2, 2)), "b": np.ones((1, 2))}, ValueError, "grads"),
    ),
    without={
        "long": "it is one step",
        "large": "its matrices would be; hessian_alignment.schedule has many coordinates",
    },
)

TRANSFER = Operation(
    name="hessian_alignment.transfer",
    summary="how much worse a head can be on the target than at its minimum if it is within delta of it on the source, "
    "for two quadratics with one minimizer, and the paper's bound on that",
    inputs=(
        array("H_source", "P P", "Hessian", DEFINITE),
        array("H_target", "P P", "Hessian", SYMMETRIC),
        number("delta", "what the source loss may have above its minimum", POSITIVE),
    ),
    outputs=(array("exact", "", "transfer measure"), array("bound", "", "delta / mu times the spectral distance")),
    reference=transfer,
    exact=exact.transfer,
    exact_source=_DIGITS.format("eigenvectors"),
    cases=cases.TRANSFER,
    sample=cases.sample_transfer,
    laws=laws.TRANSFER,
    errors=(
        refusals.numbers("delta"),
        *refusals.arrays(H_target="H_target"),
        ErrorCase("flat", "no strong convexity, no bound", {"H_source": np.zeros((2, 2))}, ValueError, "H_source"),
        ErrorCase(
            "asymmetric",
            "a Hessian is symmetric",
            {"H_target": np.array([[1.0, 2.0], [0.0, 1.0]])},
            ValueError,
            "H_target",
        ),
    ),
    without={"long": "it has no steps", "large": "eigenvalues of large matrices are the library's affair"},
)

SYSTEM = System(
    name="hessian_alignment",
    chapter="landscape",
    summary="training on several domains so that gradients and Hessians of the classifier's head agree",
    paper=Paper(
        title="Understanding Hessian Alignment for Domain Generalization",
        authors="Hemati, Zhang, Estiri, Chen",
        arxiv="2308.11778",
        year=2023,
        key="hemati2023understanding",
    ),
    operations=(
        HEAD_STATS,
        HUTCHINSON,
        PENALTY,
        HUTCHINSON_PENALTY,
        BASELINE,
        FISHR,
        NETWORK,
        SCHEDULE,
        FISH,
        TRANSFER,
    ),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "hessian_alignment-1": "the setting: cross-entropy of a linear head",
        "hessian_alignment-2": "the proposition on gradient and Hessian of the head",
        "hessian_alignment-3": "Jacobian of softmax; ours, in the form that needs no matrix",
        "hessian_alignment-4": "closed form for the head; ours",
        "hessian_alignment-5": "closed form for the head; ours",
        "hessian_alignment-6": "the proposition on gradient and Hessian of the head",
        "hessian_alignment-7": "transfer measure of two quadratics; ours",
        "hessian_alignment-8": "the theorem on the transfer measure, its leading term",
        "hessian_alignment-9": "Section 4, HGP; ours: without the norm trick",
        "hessian_alignment-10": "Section 4, Hutchinson's method",
        "hessian_alignment-11": "the authors' code, class HGP; the paper has the mean of the products",
        "hessian_alignment-12": "Section 4, the regularizers of HGP and Hutchinson",
        "hessian_alignment-13": "chain rule, ours",
        "hessian_alignment-14": "chain rule, ours",
        "hessian_alignment-15": "chain rule, ours",
        "hessian_alignment-16": "chain rule, ours",
        "hessian_alignment-17": "chain rule, ours",
        "hessian_alignment-18": "the authors' code for Colored MNIST, from that of IRM",
        "hessian_alignment-19": "the authors' code for Colored MNIST, from that of IRM",
        "hessian_alignment-20": "Kingma and Ba (2015), Algorithm 1",
        "hessian_alignment-21": "Krueger et al. (2021, arXiv:2003.00688)",
        "hessian_alignment-22": "Arjovsky et al. (2019, arXiv:1907.02893), IRMv1",
        "hessian_alignment-23": "DomainBed (Gulrajani and Lopez-Paz, 2021, arXiv:2007.01434), class IRM",
        "hessian_alignment-24": "ours: the derivative in the scale, written out",
        "hessian_alignment-25": "Sun and Saenko (2016, arXiv:1607.01719), as in DomainBed",
        "hessian_alignment-26": "Rame et al. (2022, arXiv:2109.02934)",
        "hessian_alignment-27": "DomainBed, class Fishr",
        "hessian_alignment-28": "Rame et al. (2022, arXiv:2109.02934)",
        "hessian_alignment-29": "Koyama and Yamaguchi (2020, arXiv:2008.01883), as in DomainBed",
        "hessian_alignment-30": "Shi et al. (2022, arXiv:2104.09937), Algorithm 1",
        "hessian_alignment-31": "Shi et al. (2022, arXiv:2104.09937), Algorithm 1",
    },
)
