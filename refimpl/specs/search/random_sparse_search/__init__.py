"""What the oracle knows of random search for sparse sub-networks."""

import numpy as np

from refimpl.core.arrays import array_namespace, device, to_numpy
from refimpl.models.mlp import Layer
from refimpl.search import random_sparse_search as rss
from refimpl.specs import refusals, sizes
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, integer, number, tags
from refimpl.specs.domains import COUNT, FRACTION, PERMUTATION, POSITIVE, Relation, below, whole
from refimpl.specs.search.random_sparse_search import cases, exact, laws
from refimpl.specs.search.random_sparse_search.claims import CLAIMS
from refimpl.specs.search.random_sparse_search.mistakes import ALTERNATIVES


def _net(W1, b1, W2, b2, W3, b3):
    return [Layer(W1, b1), Layer(W2, b2), Layer(W3, b3)]


def _arrays(params):
    """Weights and biases in turn."""
    return tuple(x for layer in params for x in layer)


def masks(perms1, perms2, keep1, keep2):
    """Masks of two hidden layers."""
    return rss.masks_from_permutations(perms1, keep1), rss.masks_from_permutations(perms2, keep2)


def search(W1, b1, W2, b2, W3, b3, mask1, mask2, X, y, scaling):
    """Losses of sub-networks, and which one is selected."""
    found = rss.search(_net(W1, b1, W2, b2, W3, b3), [mask1, mask2], X, y, rescale=scaling == "rescaled")
    return found.losses, found.selected


def select(losses):
    """Which one is selected."""
    return rss.select(losses)


def extract(W1, b1, W2, b2, W3, b3, mask1, mask2, scaling):
    """A sub-network."""
    return _arrays(rss.extract(_net(W1, b1, W2, b2, W3, b3), [mask1, mask2], rescale=scaling == "rescaled"))


def masked(W1, b1, W2, b2, W3, b3, mask1, mask2, X):
    """Logits of the parent with nodes switched off."""
    return rss.masked_forward(_net(W1, b1, W2, b2, W3, b3), [mask1, mask2], X)


def trajectory(W1, b1, W2, b2, W3, b3, mask1, mask2, X, y, batches, lr, momentum):
    """Losses of a sub-network in training, and what it ends as."""
    parent, mask = _net(W1, b1, W2, b2, W3, b3), [mask1, mask2]
    small = rss.extract(parent, mask)
    run = rss.train(small, X, y, batches, lr=lr, momentum=momentum)
    final = run.state.params
    return array_namespace(X).stack(run.history["loss"]), *_arrays(final)


def parameter_share(widths, keep):
    """Share of the parameters."""
    share = rss.parameter_share(to_numpy(widths).tolist(), to_numpy(keep).tolist())
    xp = array_namespace(widths)
    return xp.asarray(share, dtype=xp.float64, device=device(widths))


_DOC = "weights of layer {l}, node i of layer {k} to node j of layer {l}", "biases of layer {l}"
_PARENT = tuple(
    array(name, axes, doc.format(l=l, k=l - 1))
    for l, sides in enumerate(("d0 w1", "w1 w2", "w2 C"), 1)
    for name, axes, doc in ((f"W{l}", sides, _DOC[0]), (f"b{l}", sides.split()[1], _DOC[1]))
)
_SMALL = tuple(
    array(name, axes, f"{what} of layer {l} of the sub-network")
    for l, sides in enumerate(("d0 k1", "k1 k2", "k2 C"), 1)
    for name, axes, what in ((f"V{l}", sides, "weights"), (f"c{l}", sides.split()[1], "biases"))
)
_MASK = tuple(
    array(f"mask{l}", f"k{l}", f"kept nodes of hidden layer {l}", below(f"w{l}").that("rising")) for l in (1, 2)
)
_MASKS = tuple(
    array(f"mask{l}", f"R k{l}", f"kept nodes of hidden layer {l}, a mask in each row", below(f"w{l}").that("rising"))
    for l in (1, 2)
)
_X = array("X", "n d0", "inputs")
_DATA = _X, array("y", "n", "classes", below("C"))
_SCALING = choice(
    "scaling",
    ("inherited", "rescaled"),
    "whether the weights are those of the parent, or those that come from hidden nodes (W2 and W3) are multiplied by "
    "sqrt(w / k) of the layer that they come from; biases are not",
)
_NET = "logits relu(relu(X W1 + b1) W2 + b2) W3 + b3, loss the mean of -log softmax(logits)[y] in nats"
_REALS = "mpmath with 50 digits, on the parent with its other nodes switched off, written apart from the source"
_BAD_NET = (
    *refusals.arrays(W2="W")[:1],
    *refusals.arrays(b1="b")[:1],
    ErrorCase("other-width", "layer 2 comes from the nodes of layer 1", {"W2": np.ones((9, 3))}, ValueError, "W"),
)
_BAD_DATA = (
    *refusals.arrays(X="X"),
    ErrorCase("no-class", "there are no more classes than outputs", {"y": np.full(2, 7)}, ValueError, "y"),
)
_BAD_MASK = (
    ErrorCase("no-node", "a node that is not there", {"mask1": np.array([0, 9])}, ValueError, "mask"),
    ErrorCase("node-twice", "a node is kept once", {"mask2": np.array([1, 1])}, ValueError, "mask"),
    ErrorCase("no-nodes", "a layer without nodes", {"mask1": np.zeros(0, int)}, ValueError, "mask"),
)
_NO_STEPS = {"long": "it has no steps"}

TRAJECTORY = Operation(
    name="random_sparse_search.trajectory",
    summary="training of a sub-network: it takes its weights from the parent, then T steps v <- momentum v - lr g, "
    f"theta <- theta + v with v = 0 at first, g the gradient of the loss of a minibatch; {_NET}; the derivative of "
    "relu at 0 is 0",
    inputs=(
        *_PARENT,
        *_MASK,
        *_DATA,
        array("batches", "T B", "rows of X and y of the minibatch of each step; a row may come twice", below("n")),
        number("lr", "step size", POSITIVE),
        number("momentum", "share of the velocity that is kept", FRACTION),
    ),
    outputs=(
        array("losses", "T+1", "loss of all n samples before the first and after each step", steps=True, first=0),
        *_SMALL,
    ),
    reference=trajectory,
    exact=exact.trajectory,
    exact_source=_REALS,
    cases=(*cases.TRAJECTORY, sizes.one_step),
    sample=cases.sample_trajectory,
    laws=laws.TRAJECTORY,
    errors=(
        *_BAD_NET,
        *_BAD_DATA,
        *_BAD_MASK,
        ErrorCase("no-sample", "a sample that is not there", {"batches": np.array([[2], [0]])}, ValueError, "batches"),
        refusals.numbers("lr", "momentum"),
    ),
)

SEARCH = Operation(
    name="random_sparse_search.search",
    summary=f"losses of sub-networks that have not been trained, and the index of the least one; {_NET}",
    inputs=(*_PARENT, *_MASKS, *_DATA, _SCALING),
    outputs=(
        array("losses", "R", "loss of each sub-network"),
        array("selected", "", "index of the least loss, from 0"),
    ),
    reference=search,
    exact=exact.search,
    exact_source=_REALS,
    cases=cases.SEARCH,
    sample=cases.sample_search,
    laws=laws.SEARCH,
    errors=(
        *_BAD_NET,
        *_BAD_DATA,
        ErrorCase("no-node", "a node that is not there", {"mask1": np.full((8, 1), 9)}, ValueError, "mask"),
        ErrorCase("other-count", "as many masks for each layer", {"mask2": np.zeros((3, 1))}, ValueError, "mask"),
    ),
    without=_NO_STEPS,
)

SELECT = Operation(
    name="random_sparse_search.select",
    summary="the index of the least loss, of tied ones the first",
    inputs=(array("losses", "R", "losses of sub-networks"),),
    outputs=(array("selected", "", "index of the least loss, from 0"),),
    reference=select,
    exact=exact.select,
    exact_source="a sorted list of pairs of loss and index",
    cases=cases.SELECT,
    sample=cases.sample_select,
    laws=laws.SELECT,
    errors=(
        ErrorCase("nan-in-losses", "NaN is no loss", {"losses": np.array([1.0, np.nan])}, ValueError, "losses"),
        ErrorCase("no-losses", "there is nothing to select", {"losses": np.zeros(0)}, ValueError, "losses"),
    ),
    without=_NO_STEPS,
)

EXTRACT = Operation(
    name="random_sparse_search.extract",
    summary="the sub-network of the kept nodes, with the weights and biases that it inherits",
    inputs=(*_PARENT, *_MASK, _SCALING),
    outputs=_SMALL,
    reference=extract,
    exact=exact.extract,
    exact_source="entry by entry, roots in 50 digits",
    cases=cases.EXTRACT,
    sample=cases.sample_extract,
    laws=laws.EXTRACT,
    errors=(*_BAD_NET, *_BAD_MASK),
    without=_NO_STEPS,
)

MASKED = Operation(
    name="random_sparse_search.masked",
    summary="logits of the parent with all nodes switched off that are not kept: what a hidden node says after its "
    "relu is set to 0, its bias notwithstanding",
    inputs=(*_PARENT, *_MASK, _X),
    outputs=(array("logits", "n C", "outputs"),),
    reference=masked,
    exact=exact.masked,
    exact_source="rational arithmetic on the sub-network, node by node",
    cases=cases.MASKED,
    sample=cases.sample_masked,
    laws=laws.MASKED,
    errors=(*_BAD_NET, *_BAD_DATA[:2], *_BAD_MASK),
    without=_NO_STEPS,
)

MASKS = Operation(
    name="random_sparse_search.masks",
    summary="random masks of two hidden layers: the first entries of each permutation, sorted",
    inputs=(
        *(array(f"perms{l}", f"R w{l}", f"permutations of the nodes of hidden layer {l}", PERMUTATION) for l in (1, 2)),
        *(integer(f"keep{l}", f"how many nodes of hidden layer {l} are kept", whole(1, f"w{l}")) for l in (1, 2)),
    ),
    outputs=tuple(array(f"mask{l}", f"R k{l}", f"kept nodes of hidden layer {l}, rising") for l in (1, 2)),
    reference=masks,
    exact=exact.masks,
    exact_source="node by node, by its place in the permutation",
    cases=cases.MASKS,
    sample=cases.sample_masks,
    laws=laws.MASKS,
    errors=(
        refusals.numbers(keep1="keep", keep2="keep"),
        ErrorCase("no-permutation", "a node comes once", {"perms1": np.zeros((2, 4))}, ValueError, "perms"),
    ),
    without=_NO_STEPS,
)

SHARE = Operation(
    name="random_sparse_search.parameter_share",
    summary="share of the parameters, weights and biases, that a sub-network has",
    inputs=(
        array("widths", "H+2", "nodes of each layer of the parent, inputs and outputs included", COUNT),
        array("keep", "H", "kept nodes of each hidden layer", COUNT),
    ),
    outputs=(array("share", "", "parameters of the sub-network over those of the parent"),),
    reference=parameter_share,
    exact=exact.parameter_share,
    exact_source="counting in rational numbers",
    cases=cases.SHARE,
    sample=cases.sample_share,
    laws=laws.SHARE,
    relations=(
        Relation(
            "no more nodes are kept than there are",
            ("widths", "keep"),
            lambda i: bool(np.all(i["keep"] <= i["widths"][1:-1])),
        ),
    ),
    errors=(
        ErrorCase(
            "too-many", "no more nodes are kept than there are", {"keep": np.array([300, 2])}, ValueError, "keep"
        ),
        ErrorCase("no-nodes", "a layer without nodes", {"keep": np.array([0, 128])}, ValueError, "keep"),
        ErrorCase("too-few-counts", "a count for each hidden layer", {"keep": np.array([1])}, ValueError, "keep"),
    ),
    without=_NO_STEPS,
)

SYSTEM = System(
    name="random_sparse_search",
    chapter="search",
    summary="keep the random set of nodes whose untrained network has the least loss, then train it: a baseline",
    paper=Paper(
        title="Random Search as a Baseline for Sparse Neural Network Architecture Search",
        authors="Farahani",
        arxiv="2403.08265",
        year=2024,
        key="farahani2024random",
    ),
    operations=(TRAJECTORY, SEARCH, SELECT, EXTRACT, MASKED, MASKS, SHARE),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations=dict(
        zip(
            tags("random_sparse_search", *range(1, 16)),
            (
                "abstract, random configurations; ours: how they are drawn",
                "abstract, sub-networks of nodes",
                "abstract, sub-networks of nodes",
                "ours: an option",
                "ours: the same function without cutting",
                "ours: counted",
                "ours: relu networks",
                "ours: the criterion is the loss of the training set",
                "abstract, the best initialised sub-network",
                "ours: what a search of R looks is worth",
                "ours: softmax and cross-entropy",
                "ours: the chain rule",
                "ours: the chain rule",
                "ours: gradient descent with momentum",
                "ours: gradient descent with momentum",
            ),
            strict=True,
        )
    ),
)
