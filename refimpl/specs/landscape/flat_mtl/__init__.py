"""What the oracle knows of F-MTL."""

import math

import numpy as np

from refimpl.core.arrays import array_namespace
from refimpl.landscape import _flat_mtl_models as models
from refimpl.landscape import flat_mtl
from refimpl.models.mlp import Layer
from refimpl.specs import refusals
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, integer, number
from refimpl.specs.domains import NONNEGATIVE, POSITIVE, SYMMETRIC, Relation, below, whole
from refimpl.specs.landscape.flat_mtl import cases, exact, laws
from refimpl.specs.landscape.flat_mtl.claims import CLAIMS
from refimpl.specs.landscape.flat_mtl.mistakes import ALTERNATIVES

SOLVED = 100  # units in the last place in which solvers of the small systems for the weights may differ: they square M


def perturb(grad1, grad2, theta1, theta2, rho, kind):
    """The perturbation of one group of two tensors."""
    theta = (theta1, theta2) if kind == "adaptive" else None
    return flat_mtl.perturb((grad1, grad2), rho=rho, theta=theta)


def aggregate(G, orders, c, rescale, method):
    """One direction for the gradients of m tasks."""
    return flat_mtl.aggregate(method, G, orders=orders, c=c, rescale=rescale).direction


def combine(loss, sam, orders, c, rescale, method, variant):
    """The direction for the shared parameters."""
    return flat_mtl.combine(variant, method, loss, sam, orders=orders, c=c, rescale=rescale)


def quadratic_step(shared, heads, matrices, vectors, orders, rho_sh, rho_ns, eta, c, method):
    """A step on quadratic losses."""
    slope, xp = models.quadratics(matrices, vectors), array_namespace(shared)
    at = slope, shared, [heads[i, :] for i in range(heads.shape[0])]
    radii = {"rho_sh": rho_sh, "rho_ns": rho_ns}
    found = flat_mtl.task_gradients(*at, 0, **radii)
    shared, after = flat_mtl.step(*at, 0, eta=eta, method=method, c=c, orders=orders, **radii)
    return found.loss, xp.stack(found.head_loss), found.sam, xp.stack(found.head_sam), shared, xp.stack(after)


def network_step(W, b, V, v, X, Y, rho_sh, rho_ns, eta):
    """A step on a tanh network with a head for each task; `batch` counts minibatches."""
    xp = array_namespace(W)

    def slope(i, shared, head, batch):
        return models.gradient(shared, head, X[batch, ...], Y[batch, :, i : i + 1], activation="tanh")

    heads = [Layer(V[i, :, None], v[i : i + 1]) for i in range(V.shape[0])]
    at, radii = (slope, [Layer(W, b)], heads), {"rho_sh": rho_sh, "rho_ns": rho_ns}
    found = flat_mtl.task_gradients(*at, 0, **radii)
    (layer,), after = flat_mtl.step(*at, 0, eta=eta, method="mean", **radii)
    rows = lambda layers: xp.stack([xp.concat([g.W[:, 0], g.b]) for g in layers])
    new = layer.W, layer.b, xp.stack([head.W[:, 0] for head in after]), xp.concat([head.b for head in after])
    return found.loss, rows(found.head_loss), found.sam, rows(found.head_sam), *new


_NAN = float("nan")
_METHOD = choice(
    "method",
    flat_mtl.METHODS,
    "mgda: the shortest convex combination; pcgrad: gradients without what conflicts with others, summed; cagrad: the "
    "best worst descent near the mean; imtl_g: equally long along all; mean; sum",
)
_C = number("c", "of cagrad: distance from the mean, in its lengths; else without effect", NONNEGATIVE)
_RESCALE = integer(
    "rescale", "of cagrad: 1 divides by 1 + c^2, 0 by nothing, 2 by 1 + c; else without effect", whole(0, 2)
)
_ORDERS = "of pcgrad, row i: the other tasks, counted from 0, in the order in which gradient i meets them{}"
_OTHERS = Relation("row i of orders has each task but i once", ("orders",), lambda i: _others(i["orders"]))
_RADII = (
    number("rho_sh", "length of the perturbation of the shared parameters", NONNEGATIVE),
    number("rho_ns", "length of the perturbation of each head, with a norm of its own", NONNEGATIVE),
    number("eta", "step size of gradient descent", POSITIVE),
)
_BAD_RADII = refusals.numbers("eta", rho_sh="rho", rho_ns="rho")
_BAD_C = (refusals.numbers("c", "rescale"),)


def _others(orders):
    """Whether row i has each task but i."""
    *stack, m, _ = orders.shape
    rows = orders.reshape(math.prod(stack) * m, -1).tolist()
    return all(sorted([*row, i % m]) == list(range(m)) for i, row in enumerate(rows))


_MPMATH = "mpmath with 50 digits, {}, written apart from the source"
_NO_STEPS, _ONE_STEP = {"long": "it has no steps"}, {"long": "it is one step"}

PERTURB = Operation(
    name="flat_mtl.perturb",
    summary="the perturbation of sharpness-aware minimization for one group of two tensors, which have one norm: rho g "
    "/ (|g| + 1e-12); adaptive: rho theta^2 g / (|theta g| + 1e-12), entry by entry",
    inputs=(
        array("grad1", "a b", "gradient in the first tensor of the group"),
        array("grad2", "q", "gradient in the second"),
        array("theta1", "a b", "the first tensor; read if adaptive"),
        array("theta2", "q", "the second"),
        number("rho", "length", NONNEGATIVE),
        choice("kind", ("plain", "adaptive"), "whether lengths are in units of the parameters"),
    ),
    outputs=(array("eps1", "a b", "what is added to the first tensor"), array("eps2", "q", "... to the second")),
    reference=perturb,
    exact=exact.perturb,
    exact_source=_MPMATH.format("its definition"),
    cases=cases.PERTURB,
    sample=cases.sample_perturb,
    laws=laws.PERTURB,
    errors=(
        refusals.numbers("rho"),
        ErrorCase("nan-in-grad2", "NaN is no number to compute with", {"grad2": np.full(2, _NAN)}, ValueError, "grad"),
        ErrorCase(
            "misshapen-theta2",
            "as many parameters as gradients",
            {"theta2": np.ones(3), "kind": "adaptive"},
            ValueError,
            "theta",
        ),
    ),
    without=_NO_STEPS,
)

AGGREGATE = Operation(
    name="flat_mtl.aggregate",
    summary="one direction for the gradients of m tasks, by one of four rules for gradients that conflict, or plainly",
    inputs=(
        array("G", "m d", "a gradient in each row; may be 0"),
        array("orders", "m o", _ORDERS.format(""), below("m")),
        _C,
        _RESCALE,
        _METHOD,
    ),
    outputs=(array("direction", "d", "to be subtracted", ulps=SOLVED),),
    reference=aggregate,
    exact=exact.aggregate,
    exact_source=_MPMATH.format("all faces of the simplex, vectors in place of inner products"),
    cases=cases.AGGREGATE,
    sample=cases.sample_aggregate,
    laws=laws.AGGREGATE,
    relations=(_OTHERS,),
    errors=(
        *_BAD_C,
        *refusals.arrays(G="G")[:1],
        ErrorCase(
            "meets-itself", "gradient 0 does not meet itself", {"orders": np.array([[0], [1]])}, ValueError, "order"
        ),
        ErrorCase("short-orders", "an order for each task", {"orders": np.array([[1]])}, ValueError, "orders"),
    ),
    without=_NO_STEPS,
)

COMBINE = Operation(
    name="flat_mtl.combine",
    summary="the direction for the shared parameters, from the gradients of m tasks at the point and at their "
    "perturbed points; their difference is the flat part",
    inputs=(
        array("loss", "m d", "gradients at the point"),
        array("sam", "m d", "gradients at the perturbed points"),
        array(
            "orders",
            "2 m o",
            _ORDERS.format("; of the loss parts (in direct and each: of all), and of the flat"),
            below("m"),
        ),
        _C,
        _RESCALE,
        _METHOD,
        choice(
            "variant",
            flat_mtl.VARIANTS,
            "flat: both parts are aggregated, and added; direct: sam is aggregated; second: the two aggregates are "
            "aggregated; each: the two parts of each task, then the tasks; erm: loss alone",
        ),
    ),
    outputs=(array("direction", "d", "to be subtracted", ulps=SOLVED),),
    reference=combine,
    exact=exact.combine,
    exact_source=_MPMATH.format("its definition on aggregates as in flat_mtl.aggregate"),
    cases=cases.COMBINE,
    sample=cases.sample_combine,
    laws=laws.COMBINE,
    relations=(_OTHERS,),
    errors=(
        *_BAD_C,
        *refusals.arrays(sam="sam"),
        ErrorCase("short-orders", "an order for each task", {"orders": np.ones((2, 1, 2), int)}, ValueError, "orders"),
    ),
    without=_NO_STEPS,
)

QUADRATIC = Operation(
    name="flat_mtl.quadratic_step",
    summary="a step of gradient descent on m losses z^T A z / 2 - b^T z, z the shared parameters and behind them the "
    "head of the task; variant flat, rescale 1",
    inputs=(
        array("shared", "d", "shared parameters"),
        array("heads", "m k", "of each task"),
        array("matrices", "m n n", "A of each task", SYMMETRIC),
        array("vectors", "m n", "b of each task"),
        array("orders", "2 m o", _ORDERS.format("; of the loss parts, and of the flat"), below("m")),
        *_RADII,
        _C,
        _METHOD,
    ),
    outputs=(
        array("loss_sh", "m d", "gradients in the shared parameters, at the point"),
        array("loss_ns", "m k", "gradients in the heads, at the point"),
        array("sam_sh", "m d", "the same at each task's perturbed point"),
        array("sam_ns", "m k", "the same at each task's perturbed point"),
        array("new_shared", "d", "next shared parameters", ulps=SOLVED),
        array("new_heads", "m k", "next heads"),
    ),
    reference=quadratic_step,
    exact=exact.quadratic_step,
    exact_source=_MPMATH.format("flat parts as products with the Hessian"),
    cases=cases.QUADRATIC,
    sample=cases.sample_quadratic,
    laws=laws.QUADRATIC,
    relations=(
        _OTHERS,
        Relation(
            "n = d + k",
            ("shared", "heads", "vectors"),
            lambda i: i["vectors"].shape[1] == len(i["shared"]) + i["heads"].shape[1],
        ),
    ),
    errors=(
        _BAD_RADII,
        refusals.numbers("c"),
        ErrorCase("not-symmetric", "a Hessian is", {"matrices": np.triu(np.ones((2, 3, 3)))}, ValueError, "matrices"),
        ErrorCase("nan-in-vectors", "NaN is no number", {"vectors": np.full((2, 3), _NAN)}, ValueError, "vectors"),
    ),
    without=_ONE_STEP | {"large": "a Hessian grows with the square of the size"},
)

_LOSS = "of the mean squared error, W row by row and behind it b"
NETWORK = Operation(
    name="flat_mtl.network_step",
    summary="a step of gradient descent on m regressions, v_i + V_i . tanh(x W + b) with W and b shared, mean squared "
    "errors, plain mean of the tasks; on one minibatch",
    inputs=(
        array("W", "p h", "shared weights"),
        array("b", "h", "shared biases; one group with W"),
        array("V", "m h", "weights of the heads"),
        array("v", "m", "their biases; one group with its row of V"),
        array("X", "2 B p", "the minibatch of this step, and the next one, which this step does not see"),
        array("Y", "2 B m", "their targets"),
        *_RADII,
    ),
    outputs=(
        array("loss_sh", "m e", f"gradients {_LOSS}"),
        array("loss_ns", "m f", "gradients in the heads, V_i and behind it v_i"),
        array("sam_sh", "m e", "the same as loss_sh at each task's perturbed point"),
        array("sam_ns", "m f", "the same as loss_ns at each task's perturbed point"),
        array("new_W", "p h", "next W"),
        array("new_b", "h", "next b"),
        array("new_V", "m h", "next V"),
        array("new_v", "m", "next v"),
    ),
    reference=network_step,
    exact=exact.network_step,
    exact_source=_MPMATH.format("gradients by differences"),
    cases=cases.NETWORK,
    sample=cases.sample_network,
    laws=laws.NETWORK,
    errors=(_BAD_RADII,),
    without=_ONE_STEP,
)

SYSTEM = System(
    name="flat_mtl",
    chapter="landscape",
    summary="sharpness-aware minimization for each task, loss parts and flat parts of the gradients aggregated apart",
    paper=Paper(
        title="Improving Multi-task Learning via Seeking Task-based Flat Regions",
        authors="Phan, Tran, Tran, Tran, Truong, Lei, Ho, Phung, Le",
        arxiv="2211.13723",
        year=2022,
        key="phan2022improving",
    ),
    operations=(PERTURB, AGGREGATE, COMBINE, QUADRATIC, NETWORK),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "flat_mtl-1": "Algorithm 1, gradients of each task",
        "flat_mtl-2": "Algorithm 1, perturbations; 1e-12 as in the authors' code",
        "flat_mtl-3": "the authors' code, adaptive perturbation; Kwon et al. (2021, arXiv:2102.11600)",
        "flat_mtl-4": "Algorithm 1, gradients at the perturbed point",
        "flat_mtl-5": "Algorithm 1, flat part",
        "flat_mtl-6": "Algorithm 1, both families aggregated",
        "flat_mtl-7": "Algorithm 1, step of the shared parameters",
        "flat_mtl-8": "Algorithm 1, step of the heads",
        "flat_mtl-9": "ours: MGDA, PCGrad and CAGrad need the inner products alone",
        "flat_mtl-10": "ours",
        "flat_mtl-11": "Désidéri (2012); Sener and Koltun (2018, arXiv:1810.04650)",
        "flat_mtl-12": "Yu et al. (2020, arXiv:2001.06782), Algorithm 1",
        "flat_mtl-13": "Yu et al. (2020), Algorithm 1: the sum",
        "flat_mtl-14": "Liu et al. (2021, arXiv:2110.14048), the dual; ours: as a nearest point",
        "flat_mtl-15": "Liu et al. (2021), the direction; scaled as in their code",
        "flat_mtl-16": "Liu et al. (2021, IMTL), the closed form",
    },
)
