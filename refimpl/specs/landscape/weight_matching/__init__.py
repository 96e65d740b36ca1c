"""What the oracle knows of weight matching."""

import numpy as np

from refimpl.core.arrays import array_namespace, to_numpy
from refimpl.landscape import _weight_matching_models as models
from refimpl.landscape import weight_matching as wm
from refimpl.models.mlp import Layer
from refimpl.specs import refusals
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, integer, number
from refimpl.specs.domains import FRACTION, NEAR, PERMUTATION, POSITIVE, SHARE, Relation, below
from refimpl.specs.landscape.weight_matching import cases, exact, laws
from refimpl.specs.landscape.weight_matching.claims import CLAIMS
from refimpl.specs.landscape.weight_matching.mistakes import ALTERNATIVES

WEIGHTS = ("W1", "b1", "W2", "b2", "W3", "b3")


def _lists(x):
    """Draws, on the host."""
    return to_numpy(x).tolist()


def _nets(W1, b1, W2, b2, W3, b3):
    """Networks of three layers that are stacked along the first axis."""
    return [
        [Layer(W1[i, ...], b1[i, ...]), Layer(W2[i, ...], b2[i, ...]), Layer(W3[i, ...], b3[i, ...])]
        for i in range(W1.shape[0])
    ]


def _stacked(*nets):
    """The way back: six arrays."""
    xp = array_namespace(nets[0][0].b)
    return tuple(xp.stack([net[l][part] for net in nets]) for l in range(3) for part in range(2))


def visit(W1, b1, W2, b2, W3, b3, p1, p2, layer):
    """Scores and best permutation of one hidden layer."""
    a, b = _nets(W1, b1, W2, b2, W3, b3)
    return wm.visit(a, b, [p1, p2], layer)


def match(W1, b1, W2, b2, W3, b3, p1, p2, orders):
    """Coordinate ascent; after its end the inner product stays what it is."""
    a, b = _nets(W1, b1, W2, b2, W3, b3)
    found = wm.match(a, b, _lists(orders), perms=[p1, p2])
    path = found.objective + [found.objective[-1]] * (2 * orders.shape[0] - len(found.objective))
    xp = array_namespace(W1)
    return *found.perms, xp.reshape(xp.stack(path), (-1, 2))


def match_activations(Z1, Z2):
    """Two hidden layers of two networks on the same data."""
    return tuple(wm.match_activations([Z1[0, ...], Z2[0, ...]], [Z1[1, ...], Z2[1, ...]]))


def ste_step(W1, b1, W2, b2, W3, b3, p1, p2, x, labels, orders, lr, momentum):
    """One minibatch, from given free parameters and velocity."""
    a, b, free, velocity = _nets(W1, b1, W2, b2, W3, b3)
    state = wm.ste_init(a, b)._replace(free=free, velocity=velocity, perms=[p1, p2])
    loss = models.loss(x, labels)
    state, value = wm.ste_step(a, b, state, loss, _lists(orders), lr=lr, momentum=momentum)
    return *state.perms, value, *_stacked(state.free, state.velocity)


def ste(W1, b1, W2, b2, W3, b3, x, labels, orders, lr, momentum, start):
    """The whole search."""
    a, b = _nets(W1, b1, W2, b2, W3, b3)
    losses = [models.loss(x[s, ...], labels[s, :]) for s in range(x.shape[0])]
    run = wm.ste(a, b, losses, _lists(orders), lr=lr, momentum=momentum, start=start)
    return *run.state.best, array_namespace(x).stack(run.history["loss"])


def alignment(W1, W2, W3, p1, p2, gamma, normaliser):
    """R of two networks, whose biases do not count."""
    biases = (W[:, 0, :] for W in (W1, W2, W3))
    one, two, three = biases
    a, b = _nets(W1, one, W2, two, W3, three)
    return wm.alignment(a, b, [p1, p2], gamma=gamma, normaliser=normaliser)


def barrier(W1, b1, W2, b2, W3, b3, x, labels, shares):
    """Height of the barrier, and the losses on the line."""
    a, b = _nets(W1, b1, W2, b2, W3, b3)
    return wm.barrier(models.loss(x, labels), a, b, [float(shares[i]) for i in range(shares.shape[0])])


def taylor(W1, b1, W2, b2, W3, b3, x, labels):
    """Estimate of the barrier at the midpoint."""
    a, b = _nets(W1, b1, W2, b2, W3, b3)
    return wm.taylor(models.loss(x, labels), a, b)


def merge_many(W1, b1, W2, b2, W3, b3, rounds, orders):
    """The mean of networks that are matched in turn."""
    found, _ = wm.merge_many(_nets(W1, b1, W2, b2, W3, b3), _lists(rounds), _lists(orders))
    return tuple(x for layer in found for x in layer)


def _full_rank(inputs):
    """Whether all singular values that count are told from 0 in float32."""
    for name in ("W1", "W2", "W3"):
        s = np.linalg.svd(inputs[name].astype(float), compute_uv=False)
        if np.any((s >= inputs["gamma"] * s[:, :1]) & (s <= NEAR * s[:, :1])):
            return False
    return True


def _weights(m, what, biases=True):
    """Three layers of m networks side by side."""
    fields = []
    for l in range(1, 4):
        doc = f"weights of layer {l}, unit i of layer {l - 1} to unit j of layer {l}: {what}"
        fields.append(array(f"W{l}", f"{m} n{l - 1} n{l}".strip(), doc))
        if biases:
            fields.append(array(f"b{l}", f"{m} n{l}".strip(), f"biases of layer {l}"))
    return tuple(fields)


_PAIR = "first A, then B, which is permuted"
_PERMS = tuple(
    array(f"p{l}", f"n{l}", f"of hidden layer {l} of B: its new unit i is the old unit p{l}[i]", PERMUTATION)
    for l in (1, 2)
)
_FOUND = tuple(array(f"new_p{l}", f"n{l}", f"new permutation of hidden layer {l}") for l in (1, 2))
_DATA = array("x", "B n0", "samples"), array("labels", "B", "their classes", below("n3"))
_ORDERS = array("orders", "T 2", "which hidden layer each sweep visits first and second", PERMUTATION)
_RATES = number("lr", "step size", POSITIVE), number("momentum", "what is kept of the velocity", FRACTION)
_NET = "two hidden layers with relu, x -> max(x W1 + b1, 0) and so on, mean cross-entropy of the softmax"
_NO_PERM = ErrorCase("no-permutation", "a unit cannot come twice", {"p1": np.zeros(4)}, ValueError, "perms")
_NO_ORDER = ErrorCase("no-order", "a sweep visits each layer once", {"orders": np.ones((3, 2))}, ValueError, "orders")
_BAD_NETS = (
    *refusals.arrays(W2="W")[:1],
    *refusals.arrays(b1="b")[:1],
    ErrorCase("other-width", "the units of layer 1 must be those that layer 2 comes from",
              {"W2": np.ones((2, 7, 3))}, ValueError, "W"),
)  # fmt: skip
_REALS, _RATIONAL = "mpmath with 50 digits, {}, written apart from the source", "all permutations, in exact fractions"
_NO_STEPS = {"long": "it has no steps"}

VISIT = Operation(
    name="weight_matching.visit",
    summary="scores of one hidden layer, C[i, j] being what the inner product of A and the permuted B gains if the new "
    "unit i is the old unit j while the other layer stays, and the permutation with the largest sum of scores",
    inputs=(*_weights("2", _PAIR), *_PERMS, integer("layer", "which hidden layer", below(2))),
    outputs=(array("C", "k k", "scores"), array("p", "k", "the best permutation")),
    reference=visit,
    exact=exact.visit,
    exact_source=_RATIONAL,
    cases=cases.VISIT,
    sample=cases.sample_visit,
    laws=laws.VISIT,
    errors=(
        *_BAD_NETS,
        _NO_PERM,
        refusals.numbers(layer="l"),
    ),
    without=_NO_STEPS,
)

MATCH = Operation(
    name="weight_matching.match",
    summary="weight matching: sweeps of visits, each of which takes the best permutation of its layer while the other "
    "stays, until no layer of a sweep gains more than 1e-12",
    inputs=(*_weights("2", _PAIR), *_PERMS, _ORDERS),
    outputs=(
        *_FOUND,
        array("objective", "T 2", "inner product after each visit; after the last sweep what it was then", steps=True),
    ),
    reference=match,
    exact=exact.match,
    exact_source=_RATIONAL,
    cases=cases.MATCH,
    sample=cases.sample_match,
    laws=laws.MATCH,
    errors=(*_BAD_NETS, _NO_PERM, _NO_ORDER),
)

ACTIVATIONS = Operation(
    name="weight_matching.match_activations",
    summary="activation matching: for each hidden layer by itself the permutation of B's units with the largest sum of "
    "inner products with A's units over the samples; nothing is centred",
    inputs=(
        array("Z1", "2 N n1", "values of hidden layer 1 on the same samples: A's, then B's"),
        array("Z2", "2 N n2", "values of hidden layer 2"),
    ),
    outputs=_FOUND,
    reference=match_activations,
    exact=exact.match_activations,
    exact_source=_RATIONAL,
    cases=cases.ACTIVATIONS,
    sample=cases.sample_activations,
    laws=laws.ACTIVATIONS,
    errors=refusals.arrays(Z1="Z_a")[:1] + refusals.arrays(Z2="Z_a")[:1],
    without=_NO_STEPS,
)

STE_STEP = Operation(
    name="weight_matching.ste_step",
    summary="one minibatch of the straight-through search: B is matched to the free parameters, the gradient at the "
    f"midpoint of A and B moves the free parameters, times 1/2; {_NET}",
    inputs=(*_weights("4", "A, B, the free parameters, their velocity"), *_PERMS, *_DATA, _ORDERS, *_RATES),
    outputs=(
        *_FOUND,
        array("loss", "", "at the midpoint, before the free parameters move"),
        *(array(f"new_{f.name}", f.axes, f.doc) for f in _weights("2", "the free parameters, their velocity")),
    ),
    reference=ste_step,
    exact=exact.ste_step,
    exact_source=_REALS.format("all permutations, and the gradient by differences"),
    cases=cases.STE_STEP,
    sample=cases.sample_ste_step,
    laws=laws.STE_STEP,
    errors=(*_BAD_NETS[:2], _NO_PERM, _NO_ORDER, refusals.numbers("lr", "momentum")),
    without=_NO_STEPS,
)

STE = Operation(
    name="weight_matching.ste",
    summary="the straight-through search over several minibatches, each matching starting from the last one; the "
    f"answer is that of the step with the least loss; {_NET}",
    inputs=(
        *_weights("2", _PAIR),
        array("x", "S B n0", "samples of each minibatch"),
        array("labels", "S B", "their classes", below("n3")),
        array("orders", "S T 2", "visiting orders of the matching in each step", PERMUTATION),
        *_RATES,
        choice("start", ("a", "b"), "which network the free parameters start from"),
    ),
    outputs=(*_FOUND, array("losses", "S", "at the midpoint of each step", steps=True)),
    reference=ste,
    exact=exact.ste,
    exact_source=_REALS.format("all permutations, and the gradient written out"),
    cases=cases.STE,
    sample=cases.sample_ste,
    laws=laws.STE,
    errors=(*_BAD_NETS[:2], refusals.numbers("lr", "momentum")),
)

ALIGNMENT = Operation(
    name="weight_matching.alignment",
    summary="R: sum over the layers and all pairs of singular vectors whose values are at least gamma times the "
    "largest of their layer, of the products of their inner products on both sides, over the number of vectors; B is "
    "permuted",
    inputs=(
        *_weights("2", _PAIR, biases=False),
        *_PERMS,
        number("gamma", "threshold", SHARE),
        choice("normaliser", ("sqrt", "min", "a"), "number of vectors of a layer: geometric mean, smaller, or A's"),
    ),
    outputs=(array("R", "", "alignment"),),
    reference=alignment,
    exact=exact.alignment,
    exact_source=_REALS.format("by the eigenvectors of W^T W"),
    cases=cases.ALIGNMENT,
    sample=cases.sample_alignment,
    laws=laws.ALIGNMENT,
    relations=(
        Relation("no layer has a singular value of 0 that gamma keeps", ("W1", "W2", "W3", "gamma"), _full_rank),
    ),
    errors=(
        *_BAD_NETS[:1],
        _NO_PERM,
        refusals.numbers("gamma"),
        ErrorCase("no-rank", "any singular vectors belong to 0", {"W1": np.ones((2, 3, 4))}, ValueError, "W"),
    ),
    without=_NO_STEPS,
)

BARRIER = Operation(
    name="weight_matching.barrier",
    summary="the losses on the straight line from A to B, and the largest excess over the chord of the losses of A and "
    f"B; {_NET}",
    inputs=(*_weights("2", "A, B"), *_DATA, array("shares", "G", "places on the line: 0 is A, 1 is B", SHARE)),
    outputs=(array("height", "", "the barrier"), array("line", "G", "losses")),
    reference=barrier,
    exact=exact.barrier,
    exact_source=_REALS.format("sample by sample"),
    cases=cases.BARRIER,
    sample=cases.sample_barrier,
    laws=laws.BARRIER,
    errors=(
        *_BAD_NETS,
        ErrorCase("beyond-the-line", "the line ends at B", {"shares": np.array([0.0, 1.5])}, ValueError, "shares"),
    ),
    without=_NO_STEPS,
)

TAYLOR = Operation(
    name="weight_matching.taylor",
    summary="estimate of the barrier at the midpoint: the mean over both ends of half the slope towards the other end "
    f"and an eighth of the curvature; {_NET}",
    inputs=(*_weights("2", "A, B"), *_DATA),
    outputs=(array("estimate", "", "of the barrier at the midpoint"),),
    reference=taylor,
    exact=exact.taylor,
    exact_source=_REALS.format("by differences along the line"),
    cases=cases.TAYLOR,
    sample=cases.sample_taylor,
    laws=laws.TAYLOR,
    errors=_BAD_NETS,
    without=_NO_STEPS,
)

MERGE = Operation(
    name="weight_matching.merge_many",
    summary="MergeMany: in each round each network in turn is matched with the mean of the others, from the identity, "
    "and replaced by its permuted self, until no distance falls by more than 1e-12; the mean",
    inputs=(
        *_weights("m", "of m networks"),
        array("rounds", "R m", "in which order each round takes the networks", PERMUTATION),
        array(
            "orders", "R m T 2", "visiting orders of the matching at each turn, in the order of the turns", PERMUTATION
        ),
    ),
    outputs=tuple(array(f"mean_{f.name}", f.axes, f.doc) for f in _weights("", "of the mean")),
    reference=merge_many,
    exact=exact.merge_many,
    exact_source=_RATIONAL,
    cases=cases.MERGE,
    sample=cases.sample_merge,
    laws=laws.MERGE,
    relations=(Relation("there are at least two networks", ("rounds",), lambda i: i["rounds"].shape[1] > 1),),
    errors=(
        *_BAD_NETS[:1],
        ErrorCase(
            "no-round", "each network has one turn in a round", {"rounds": np.zeros((3, 3))}, ValueError, "rounds"
        ),
    ),
)

SYSTEM = System(
    name="weight_matching",
    chapter="landscape",
    summary="permute the units of one network so that it can be averaged with another",
    paper=Paper(
        title="Analysis of Linear Mode Connectivity via Permutation-Based Weight Matching: With Insights into Other "
        "Permutation Search Methods",
        authors="Ito, Yamada, Kumagai",
        arxiv="2402.04051",
        year=2025,
        key="ito2025analysis",
    ),
    operations=(VISIT, MATCH, ACTIVATIONS, STE_STEP, STE, ALIGNMENT, BARRIER, TAYLOR, MERGE),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "weight_matching-1": "Section 2, rows of the next layer",
        "weight_matching-2": "Section 2, columns of the own layer",
        "weight_matching-3": "Section 2; Git Re-Basin, Equation 1",
        "weight_matching-4": "Git Re-Basin, Section 3.2, what comes in",
        "weight_matching-5": "Git Re-Basin's code, the biases",
        "weight_matching-6": "Git Re-Basin, Section 3.2, what goes out",
        "weight_matching-7": "Git Re-Basin, Algorithm 1, linear assignment",
        "weight_matching-8": "Section 2, the line",
        "weight_matching-9": "Section 2, the barrier",
        "weight_matching-10": "Git Re-Basin, Section 3.1",
        "weight_matching-11": "Git Re-Basin, Algorithm 2, projection",
        "weight_matching-12": "Git Re-Basin, Algorithm 2, midpoint",
        "weight_matching-13": "Git Re-Basin, Algorithm 2, gradient; momentum as in its code",
        "weight_matching-14": "Git Re-Basin, Algorithm 2, step",
        "weight_matching-15": "Git Re-Basin's code, the best so far",
        "weight_matching-16": "Section 4, threshold",
        "weight_matching-17": "Section 4, R",
        "weight_matching-18": "Section 3; the form is reconstructed",
        "weight_matching-19": "Git Re-Basin, Algorithm 3, the others",
        "weight_matching-20": "Git Re-Basin, Algorithm 3, the turn",
    },
)
