"""Checks of the operations of F-MTL that need no answer."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import odd, related, reversed_along, scales, turned_along


def _norm(*parts):
    xp = array_namespace(*parts)
    return xp.sqrt(sum(xp.sum(part * part) for part in parts))


def _length(run, inputs):
    """The perturbation has the length rho, over all tensors of the group."""
    out = run(**inputs)
    length = _norm(inputs["grad1"], inputs["grad2"])
    yield _norm(out["eps1"], out["eps2"]), inputs["rho"] * length / (length + 1e-12)


_GRADS, _EPS = {"grad1": 1, "grad2": 1}, {"eps1": 1, "eps2": 1}
PERTURB = (
    Law("length", "the whole group has the length rho", _length, ("two-tensors",)),
    odd("two-tensors", "adaptive", inputs=("grad1", "grad2")),
    scales({"rho": 1}, _EPS, "two-tensors", "adaptive"),
    scales({"theta1": 1, "theta2": 1, "grad1": -1, "grad2": -1}, _EPS, "adaptive", slug="units"),
)  # fmt: skip


def _other_way(inputs):
    """The tasks in the reverse order."""
    xp, last = array_namespace(inputs["orders"]), inputs["orders"].shape[-2] - 1
    rows = {name: xp.flip(inputs[name], axis=0) for name in ("G", "loss", "sam") if name in inputs}
    return rows | {"orders": xp.flip(last - inputs["orders"], axis=-2)}


def _descent(run, inputs):
    """MGDA: the direction is at least as long along each gradient as by itself, and as long along some."""
    g, xp = run(**inputs)["direction"], array_namespace(inputs["G"])
    yield xp.min(inputs["G"] @ g), xp.sum(g * g)


def _radius(run, inputs):
    """CAGrad: the direction lies on a sphere around the mean."""
    xp, c = array_namespace(inputs["G"]), inputs["c"]
    mean = xp.mean(inputs["G"], axis=0)
    yield _norm(run(**inputs)["direction"] * (1 + c * c) - mean), c * _norm(mean)


def _equal(run, inputs):
    """IMTL-G: the direction is equally long along all gradients."""
    G, g = inputs["G"], run(**inputs)["direction"]
    along = G @ g / array_namespace(G).linalg.vector_norm(G, axis=1)
    yield along[1:], along[0] + 0.0 * along[1:]


_THREE = "mgda-three", "pcgrad-three", "cagrad-three", "imtl-three"
AGGREGATE = (
    scales({"G": 1}, {"direction": 1}, *_THREE),
    turned_along("d", *_THREE),
    related("tasks-reversed", "no task comes first", _other_way, lambda out: {}, *_THREE),
    Law("common-descent", "MGDA: no gradient is left behind", _descent, ("mgda-three", "mgda-edge")),
    Law("radius", "CAGrad: within c of the mean", _radius, ("cagrad-three", "cagrad-two")),
    Law("equal-lengths", "IMTL-G: equally long along all gradients", _equal, ("imtl-three", "imtl-two")),
)


def _linear(run, inputs):
    """A mean does not tell the parts apart."""
    for method in ("mean", "sum"):
        one = inputs | {"method": method}
        yield run(**one | {"variant": "flat"})["direction"], run(**one | {"variant": "direct"})["direction"]


_COMBINED = "mgda", "pcgrad", "cagrad", "imtl"
COMBINE = (
    scales({"loss": 1, "sam": 1}, {"direction": 1}, *_COMBINED),
    turned_along("d", *_COMBINED),
    related("tasks-reversed", "no task comes first", _other_way, lambda out: {}, *_COMBINED),
    Law("linear", "with linear rules flat and direct are one", _linear, ("mgda",)),
)  # fmt: skip

_PARTS = "loss_sh", "loss_ns", "sam_sh", "sam_ns"


def _step_size(names, run, inputs):
    """Twice the step size moves twice as far; gradients stay."""
    one, two = run(**inputs), run(**inputs | {"eta": 2 * inputs["eta"]})
    for name in names:
        yield two[f"new_{name}"] - inputs[name], 2 * (one[f"new_{name}"] - inputs[name])
    for name in _PARTS:
        yield two[name], one[name]


def _sized(*names):
    return lambda run, inputs: _step_size(names, run, inputs)


def _no_radius(run, inputs):
    """Without perturbation there is no flat part."""
    out = run(**inputs | {"rho_sh": 0.0, "rho_ns": 0.0})
    yield out["sam_sh"], out["loss_sh"]
    yield out["sam_ns"], out["loss_ns"]


QUADRATIC = (
    Law("step-size", "steps are proportional to eta", _sized("shared", "heads"), ("mgda", "cagrad")),
    Law("no-radius", "without radii both gradients are one", _no_radius, ("mgda", "imtl")),
)


def _unseen_batch(run, inputs):
    """The next minibatch changes nothing."""
    xp, before = array_namespace(inputs["X"]), run(**inputs)
    other = {name: xp.stack([inputs[name][0, ...], inputs[name][1, ...] + 1.0]) for name in ("X", "Y")}
    after = run(**inputs | other)
    for name, value in before.items():
        yield after[name], value


NETWORK = (
    Law("step-size", "steps are proportional to eta", _sized("W", "b", "V", "v"), ("two-tasks",)),
    Law("no-radius", "without radii both gradients are one", _no_radius, ("two-tasks",)),
    Law("one-minibatch", "the next minibatch changes nothing", _unseen_batch, ("two-tasks",)),
    reversed_along("B", "two-tasks"),
)
