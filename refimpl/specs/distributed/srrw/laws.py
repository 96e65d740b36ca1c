"""Checks of the operations of the self-repellent walk that need no answer."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, causal, related, reversed_along, scales, turned_along


def _flip(x, *axes):
    xp = array_namespace(x)
    for axis in axes:
        x = xp.flip(x, axis=axis)
    return x


def _renamed(**axes):
    """Nodes called N - 1, ..., 0: these axes of these arrays are reversed."""
    return lambda values: {name: _flip(values[name], *where) for name, where in axes.items()}


def _strengths_add_up(run, inputs):
    half = run(**{**inputs, "alpha": inputs["alpha"] / 2})["row"]
    half = array_namespace(half).astype(half, inputs["P_row"].dtype)
    yield run(**{**inputs, "P_row": half, "alpha": inputs["alpha"] / 2})["row"], run(**inputs)["row"]


def _sums_to_one(run, inputs):
    row = run(**inputs)["row"]
    xp = array_namespace(row)
    yield xp.sum(row), 0 * xp.sum(row) + 1


KERNEL = (
    Law("probabilities", "the row sums to 1", _sums_to_one, ("ordinary", "any-scale")),
    Law("strengths-add-up", "alpha is alpha / 2, and alpha / 2 again on the row that this gave", _strengths_add_up,
        ("ordinary", "any-scale")),
    scales({"x": 1, "mu": 1, "P_row": 1}, {}, "ordinary"),
    reversed_along("N", "ordinary", "any-scale"),
)  # fmt: skip


def _mirrored_inputs(inputs):
    moved = _renamed(P=(0, 1), mu=(0,), x0=(0,))(inputs)
    if "H" in inputs:
        moved["H"] = _flip(inputs["H"], 0)
    return {**moved, "node0": inputs["mu"].shape[0] - 1 - inputs["node0"], "u": 1 - inputs["u"]}


def _mirrored(run, inputs):
    """Nodes renamed in reverse, and draws 1 - u: the same walk."""
    plain, other = run(**inputs), run(**{**inputs, **_mirrored_inputs(inputs)})
    yield other["nodes"], inputs["mu"].shape[0] - 1 - plain["nodes"]
    yield other["x"], _flip(plain["x"], 1)
    if "thetas" in plain:
        yield other["thetas"], plain["thetas"]


def _counted(run, inputs):
    """x moves towards the node that was drawn, by gamma."""
    out = run(**inputs)
    xp = array_namespace(out["x"])
    before = xp.concat([inputs["x0"][None, :], out["x"][:-1, :]], axis=0)
    names = xp.asarray(list(range(inputs["mu"].shape[0])))
    visit = xp.astype(out["nodes"][:, None] == names[None, :], out["x"].dtype)
    yield out["x"], (1 - inputs["gamma"][:, None]) * before + inputs["gamma"][:, None] * visit


def _forgotten(run, inputs):
    """With alpha = 0 the path does not depend on x."""
    xp = array_namespace(inputs["mu"])
    other = {"x0": xp.flip(inputs["x0"], axis=0), "alpha": 0.0}
    yield run(**{**inputs, **other})["nodes"], run(**{**inputs, "alpha": 0.0})["nodes"]


_WALKS = "path-of-four", "ring"
STEPS = (
    causal("n", *_WALKS),
    Law("mirrored", "nodes renamed in reverse and draws 1 - u give the same walk", _mirrored, _WALKS),
    Law("counted", "x moves by gamma towards the node that was drawn", _counted, (*_WALKS, "plain-counts")),
    Law("forgotten", "alpha = 0: the path does not depend on x", _forgotten, ("alpha-zero",)),
    scales({"mu": 1}, {}, *_WALKS),
)  # fmt: skip


def _learned(run, inputs):
    """theta is a weighted mean of where it was and of H at the new node."""
    out = run(**inputs)
    xp, N = array_namespace(out["thetas"]), inputs["mu"].shape[0]
    before = xp.concat([inputs["theta0"][None, :], out["thetas"][:-1, :]], axis=0)
    visit = xp.astype(out["nodes"][:, None] == xp.asarray(list(range(N)))[None, :], out["x"].dtype)
    rate = inputs["beta"][:, None]
    yield out["thetas"], (1 - rate) * before + rate * (visit @ inputs["H"])


LEARN = (
    causal("n", *_WALKS),
    Law("mirrored", "nodes renamed in reverse and draws 1 - u give the same walk", _mirrored, _WALKS),
    Law("counted", "x moves by gamma towards the node that was drawn", _counted, _WALKS),
    Law("learned", "theta moves by beta towards H of the node that was drawn", _learned, _WALKS),
    related("moved", "the start and all H moved by 2 move theta by 2",
            lambda i: {"theta0": i["theta0"] + 2.0, "H": i["H"] + 2.0}, lambda o: {"thetas": o["thetas"] + 2.0},
            *_WALKS),
    apart("d", *_WALKS),
    scales({"mu": 1, "theta0": 1, "H": 1}, {"thetas": 1}, *_WALKS),
)  # fmt: skip


def _balanced(run, inputs):
    out = run(**inputs)
    xp = array_namespace(out["P"])
    flow = out["mu"][:, None] * out["P"]
    yield flow, xp.matrix_transpose(flow)
    yield xp.sum(out["P"], axis=1), 0 * out["mu"] + 1
    yield xp.sum(out["mu"]), 0 * xp.sum(out["mu"]) + 1


_GRAPHS = "kite-metropolis", "star-simple", "star-metropolis", "grid-simple"
BASE = (
    Law("reversible", "flows are balanced, rows and law sum to 1", _balanced, _GRAPHS),
    related("renamed", "nodes renamed in reverse rename the chain", _renamed(adjacency=(0, 1)),
            _renamed(P=(0, 1), mu=(0,)), *_GRAPHS),
)  # fmt: skip


def _no_total(run, inputs):
    """Frequencies sum to 1: their covariance has no part along 1."""
    V = run(**inputs)["V"]
    xp = array_namespace(V)
    yield xp.sum(V, axis=1), 0 * inputs["mu"]
    yield V, xp.matrix_transpose(V)


_RENAMED_CHAIN = {"P": (0, 1), "mu": (0,)}
COVARIANCE_X = (
    Law("no-total", "V is symmetric, and its rows sum to 0", _no_total, ("path-of-four", "eight-nodes")),
    related("renamed", "nodes renamed in reverse rename the answer", _renamed(**_RENAMED_CHAIN), _renamed(V=(0, 1)),
            "path-of-four", "strong"),
    related("half-the-strength", "a = 1 with half of alpha gives twice the covariance of a < 1",
            lambda i: {"a": 1.0, "alpha": i["alpha"] / 2}, lambda o: {"V": 2 * o["V"]}, "path-of-four", "eight-nodes"),
    scales({"mu": 1}, {}, "path-of-four"),
)  # fmt: skip

_PACES = "slow-learner", "same-pace", "fast-learner"
COVARIANCE_THETA = (
    scales({"H": 1}, {"V": 2}, *_PACES),
    turned_along("d", *_PACES),
    related("renamed", "nodes can have any names", _renamed(H=(0,), **_RENAMED_CHAIN), lambda o: {}, *_PACES),
    related("of-no-use", "alpha does not matter to a fast learner", lambda i: {"alpha": 0.0}, lambda o: {},
            "fast-learner", "fast-learner-plain-counts"),
    related("centred", "the same vector added to all H changes nothing", lambda i: {"H": i["H"] + 2.0}, lambda o: {},
            *_PACES),
    scales({"mu": 1}, {}, "slow-learner", slug="scales-of-mu"),
)  # fmt: skip


def _no_part(run, inputs):
    x = run(**inputs)["x"]
    xp = array_namespace(x)
    yield xp.sum(x, axis=2), 0 * xp.sum(x, axis=2)
    yield x, xp.matrix_transpose(x)


_RUNS = "path-of-four", "cut-steps"
PREDICT = (
    causal("n", *_RUNS),
    scales({"H": 1}, {"theta": 2}, *_RUNS),
    turned_along("d", *_RUNS),
    related("renamed", "nodes renamed in reverse rename the answer", _renamed(H=(0,), **_RENAMED_CHAIN),
            _renamed(x=(1, 2)), *_RUNS),
    Law("no-total", "the covariance of x is symmetric, and its rows sum to 0", _no_part, _RUNS),
)  # fmt: skip
