"""Checks of the operations of Hessian alignment that need no answer."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, causal, related, reversed_along, scaled, scales, turned_along


def _same(outputs):
    return {}


def _twice(inputs, names, axes):
    return {
        name: array_namespace(inputs[name]).concat([inputs[name]] * 2, axis=axis)
        for name, axis in zip(names, axes, strict=True)
    }


def _doubled(*cases, names=("z", "y"), axes=(1, 1), shared=("dz",), slug="doubled"):
    """Every sample twice: the means stay, and each copy has half of the gradient."""

    def halves(outputs):
        found = {name: outputs[name] / 2 for name in shared}
        return _twice(found, shared, axes[: len(shared)])

    return related(slug, "every sample twice changes no mean", lambda i: _twice(i, names, axes), halves, *cases)


def _every_class_moved(inputs):
    W = inputs["W"]
    xp = array_namespace(W)
    return {"W": W + xp.astype(xp.arange(1, W.shape[1] + 1), W.dtype)[None, :] / 4}


def _moved_together(*cases):
    """The softmax sees differences of classes only."""
    return related("classes-moved", "the same added to the weights of every class changes nothing", _every_class_moved,
                   _same, *cases)  # fmt: skip


def _parts_of_the_hessian(run, inputs):
    out = run(**inputs)
    xp, (C, q) = array_namespace(inputs["W"]), inputs["W"].shape
    H, flat = xp.reshape(out["H"], (C * q, C * q)), lambda x: xp.reshape(x, (-1,))
    yield flat(out["Hg"]), H @ flat(out["g"])
    yield flat(out["D"]), xp.linalg.diagonal(H)
    yield H, xp.matrix_transpose(H)


HEAD_STATS = (
    Law("one-hessian", "product and diagonal are those of the Hessian, which is symmetric", _parts_of_the_hessian,
        ("three-classes", "two-classes-one-row")),
    _moved_together("three-classes", "two-rows"),
    reversed_along("N", "three-classes"),
    _doubled("three-classes", axes=(0, 0), shared=()),
)  # fmt: skip

HUTCHINSON = (
    related("even", "signs negated change nothing", lambda i: {"signs": -i["signs"]}, _same, "two-steps"),
    reversed_along("K", "two-steps", slug="draws-reordered"),
    reversed_along("T", "two-steps", slug="steps-apart"),
    reversed_along("N", "three-classes"),
    causal("T", "two-steps"),
)

_LINEAR = {"value": 1, "dW": 1, "dz": 1}


def _weighed(*cases, names=("alpha", "beta")):
    """Penalties are linear in their weights."""
    return scales(dict.fromkeys(names, 1), _LINEAR, *cases, slug="weights")


def _classes_cancel(run, inputs):
    """Moved together, the classes do not change the penalty: gradients in W add up to 0 over them."""
    out = run(**inputs)
    along = array_namespace(out["dW"]).sum(out["dW"], axis=0)
    yield along, 0.0 * along


_CANCEL = Law("classes-cancel", "the gradients of the classes add up to 0", _classes_cancel, ("three-domains",))
PENALTY = (
    _weighed("two-domains", "exact-diagonals"),
    reversed_along("n", "three-domains", "mean-of-products", slug="domains-reordered"),
    reversed_along("N", "two-domains"),
    _doubled("two-domains", "exact-diagonals"),
    _moved_together("two-domains"),
    _CANCEL,
)
HUTCHINSON_PENALTY = (
    _weighed("shared-draws", "draws-of-their-own"),
    related("even", "signs negated change nothing", lambda i: {"signs": -i["signs"]}, _same, "draws-of-their-own"),
    reversed_along("K", "draws-of-their-own", slug="draws-reordered"),
    reversed_along("n", "shared-draws", slug="domains-reordered"),
    reversed_along("N", "draws-of-their-own"),
    _doubled("shared-draws"),
    _CANCEL,
)
BASELINE = (
    _weighed("vrex", "irm", "coral", names=("lam",)),
    reversed_along("n", "vrex-three", "coral-three", slug="domains-reordered"),
    reversed_along("N", "vrex", "irm", "coral"),
    _doubled("vrex", "irm"),
    Law("classes-cancel", "the gradients of the classes add up to 0", _classes_cancel, ("vrex-three", "coral-three")),
)
FISHR = (
    _weighed("variances", "three-smoothed-steps", names=("lam",)),
    reversed_along("n", "variances", "three-smoothed-steps", slug="domains-reordered"),
    reversed_along("N", "variances", "three-smoothed-steps"),
    _doubled("variances", axes=(2, 2)),
    causal("T", "three-smoothed-steps"),
)


def _units_exchanged(inputs):
    """The hidden units in another order."""
    xp, W = array_namespace(inputs["W"]), inputs["W"]
    turned = xp.concat([xp.flip(W[:, :-1], axis=1), W[:, -1:]], axis=1)
    return {"U": xp.flip(inputs["U"], axis=1), "c": xp.flip(inputs["c"], axis=0), "W": turned}


def _gradients_exchanged(outputs):
    found = _units_exchanged({"U": outputs["dU"], "c": outputs["dc"], "W": outputs["dW"]})
    return {f"d{name}": x for name, x in found.items()}


NETWORK = (
    related("units-exchanged", "hidden units in another order have their gradients in that order", _units_exchanged,
            _gradients_exchanged, "hgp", "exact", "iga"),
    reversed_along("n", "hgp", "iga", slug="domains-reordered"),
    reversed_along("N", "exact"),
    _doubled("hgp", names=("x", "y"), shared=()),
    scales({"alpha": 1, "beta": 1, "lam": -1}, {"value": 1}, "hgp", "exact"),
)  # fmt: skip


def _divided(inputs):
    """What the division by a weight above 1 comes to."""
    return {"grads": inputs["grads"] / inputs["lam"], "l2": inputs["l2"] / inputs["lam"], "lam": 1.0}


SCHEDULE = (
    causal("T", "five-steps"),
    apart("P", "five-steps"),
    scaled("odd", "start and gradients negated negate the parameters", -1.0,
           {"theta0": 1, "grads": 1, "penalties": 1}, {"thetas": 1}, "five-steps"),
    related("divided", "a heavy penalty is a light loss: both over the weight give the same", _divided, _same,
            "heavy-at-once"),
    scales({"grads": 1, "penalties": 1, "l2": 1, "eps": 1}, {}, "five-steps", inside=2),
)  # fmt: skip


def _part_of_the_way(run, inputs):
    """Twice the part of the way is twice the step."""
    near, far = run(**inputs), run(**{**inputs, "epsilon": 2 * inputs["epsilon"]})
    yield far["next"] - inputs["theta"], 2 * (near["next"] - inputs["theta"])


FISH = (
    scales({"theta": 1, "b": 1}, {"next": 1}, "three-domains"),
    turned_along("P", "three-domains"),
    Law("part-of-the-way", "twice epsilon is twice the step", _part_of_the_way, ("three-domains",)),
)  # fmt: skip


def _turned(inputs):
    """Both Hessians reflected by I - 2 v v^T / |v|^2 with v = (1, 2, ...), symmetric to the last digit."""
    found = {}
    for name in ("H_source", "H_target"):
        xp, H = array_namespace(inputs[name]), inputs[name]
        v = xp.asarray([float(i) for i in range(1, H.shape[0] + 1)], dtype=H.dtype)
        H = H - 2 * v[:, None] * (v @ H)[None, :] / xp.sum(v * v)
        H = H - 2 * (H @ v)[:, None] * v[None, :] / xp.sum(v * v)
        found[name] = (H + xp.matrix_transpose(H)) / 2
    return found


TRANSFER = (
    related("turned", "inputs reflected along P change nothing", _turned, _same, "two-by-two", "four-by-four"),
    scales({"delta": 1}, {"exact": 1, "bound": 1}, "four-by-four", slug="deltas"),
    scales({"H_source": 1, "H_target": 1}, {}, "two-by-two", "four-by-four"),
)
