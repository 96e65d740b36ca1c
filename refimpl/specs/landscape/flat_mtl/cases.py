"""Inputs of the operations of F-MTL under permanent names, and random ones."""

import math
from functools import partial

import numpy as np

from refimpl.core.random import stream
from refimpl.landscape.flat_mtl import METHODS, VARIANTS
from refimpl.specs.base import Case
from refimpl.specs.sizes import large

_TIMES = 2**16
_power = partial(math.ldexp, 1.0)  # of two, exactly: not every `**` of floats is


def _some(name, *shape):
    """Normal numbers in two digits."""
    return stream(0, "flat_mtl-case", name).standard_normal(shape).round(2)


def _rows(*rows):
    return np.array(rows, dtype=float)


def _orders(m, *more):
    """0, 1, ... without the own number, for each of `more`."""
    return np.broadcast_to([[j for j in range(m) if j != i] for i in range(m)], (*more, m, m - 1)).copy()


def _wide(of, inputs, outputs, axis=1, factor=1.0):
    """Each coordinate so many times: the same direction, or `factor` times as long."""

    def make(operation, before):
        small = before[of]
        repeat = lambda x: np.concatenate([x] * _TIMES, axis=axis if x.ndim > axis else -1)

        def derived(values):
            return values | {name: factor * repeat(values[name]) for name in outputs}

        return Case(
            "many-coordinates", ("large",),
            f"each coordinate of {of} comes {_TIMES} times: no block of a sum is left out, none done twice",
            small.inputs | {name: repeat(small.inputs[name]) for name in inputs},
            dtypes=("float64",), equations=small.equations, source=f"the answer of {of}",
            small=small, derived=derived, recipe=f"{of}/coordinates/{_TIMES}/tiled",
        )  # fmt: skip

    return make


# Perturbation --------------------------------------------------------------------------------------------------------


def _group(**settings):
    inputs = {
        "grad1": _rows([0.5, -1.0], [2.0, 0.25]),
        "grad2": np.array([-1.5, 3.0]),
        "theta1": _rows([2.0, -0.5], [0.75, 4.0]),
        "theta2": np.array([-1.25, 0.5]),
        "rho": 0.05,
        "kind": "plain",
    }
    return inputs | settings


_ADAPTIVE = _group(kind="adaptive", rho=2.0)
PERTURB = (
    Case("two-tensors", ("basic", "missing_step"),
         "one norm over both tensors, and the length rho", _group(), equations=("flat_mtl-2",)),
    Case("three-four-five", ("basic",), "to be worked by hand: the norm of (3; 4) is 5",
         _group(grad1=_rows([3.0]), theta1=_rows([1.0]), grad2=np.array([4.0]), theta2=np.array([1.0]), rho=0.5),
         equations=("flat_mtl-2",), answer={"eps1": _rows([0.3]), "eps2": np.array([0.4])}, source="closed form"),
    Case("adaptive", ("basic", "variant"), "the square of theta in the numerator, its size in the norm", _ADAPTIVE,
         equations=("flat_mtl-3",)),
    Case("adaptive-at-zero", ("edge_case",), "a parameter that is 0 stays",
         {**_ADAPTIVE, "theta2": np.array([0.0, 0.5])}, equations=("flat_mtl-3",)),
    Case("zero-gradient", ("edge_case", "numerics"), "no direction to go: 0, and no NaN",
         _group(grad1=np.zeros((2, 2)), grad2=np.zeros(2)), equations=("flat_mtl-2",),
         answer={"eps1": np.zeros((2, 2)), "eps2": np.zeros(2)}, source="closed form"),
    Case("zero-radius", ("boundary",), "rho = 0 perturbs nothing", _group(rho=0.0), equations=("flat_mtl-2",),
         answer={"eps1": np.zeros((2, 2)), "eps2": np.zeros(2)}, source="closed form"),
    Case("tiny-gradient", ("numerics", "wrong_constant"), "a gradient of 1e-11: 1e-12 is a tenth of that",
         _group(grad1=1e-11 * _rows([0.6, 0.0], [0.0, 0.0]), grad2=np.array([8e-12, 0.0])), equations=("flat_mtl-2",)),
    Case("huge-gradient", ("numerics",), "gradients of 2^80, whose squares no float32 holds",
         _group(grad1=_power(80) * _rows([0.5, -1.0], [2.0, 0.25]), grad2=_power(80) * np.array([-1.5, 3.0])),
         equations=("flat_mtl-2",)),
    Case("huge-gradient-adaptive", ("numerics",), "gradients and parameters of 2^70, whose products no float32 holds",
         {name: value * _power(70) if name[-1] in "12" else value for name, value in _ADAPTIVE.items()},
         equations=("flat_mtl-3",)),
    _wide("two-tensors", ("grad1", "grad2", "theta1", "theta2"), ("eps1", "eps2"), factor=_TIMES**-0.5),
)  # fmt: skip


def sample_perturb(rng):
    a, b, q = rng.integers(1, 4, 3)
    shapes = {"grad1": (a, b), "grad2": (q,), "theta1": (a, b), "theta2": (q,)}
    drawn = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    return drawn | {"rho": float(rng.uniform(0.01, 1)), "kind": str(rng.choice(["plain", "adaptive"]))}


# Aggregates ----------------------------------------------------------------------------------------------------------

_AROUND = _rows([3.0, 1.0, -0.5], [-1.0, 2.0, 1.0], [0.5, -1.5, 2.0])  # the nearest point is inside the triangle
_BESIDE = _rows([1.0, 0.5, 0.0], [0.5, 1.0, -1.0], [2.0, 2.0, 1.5])
_CROSS = _rows([1.0, -1.0, -2.0], [0.0, 3.0, 3.0], [-3.0, 0.0, 2.0])
_OWN = _rows([2.0, -2.0, 1.0], [2.0, -1.0, 1.0], [-3.0, 2.0, -1.0])
_AGAINST = _rows([2.0, 0.0], [-1.0, 1.0])  # g_1 . g_2 = -2
_MIXED = np.array([[1, 2], [0, 2], [1, 0]])


def _asked(method, G, **settings):
    return {"G": G, "orders": _orders(len(G)), "c": 0.4, "rescale": 1, "method": method} | settings


def _hand(
    slug, why, method, G, direction, equation, *, flags=("edge_case",), dtypes=("float64", "float32"), **settings
):
    answer = {"direction": np.array(direction, dtype=float)}
    return Case(slug, flags, why, _asked(method, _rows(*G), **settings), dtypes=dtypes,
                equations=(f"flat_mtl-{equation}",), answer=answer, source="closed form")  # fmt: skip


_ZEROS, _ONE_ZERO = ([0, 0], [0, 0]), ([0, 0], [1, 2])
AGGREGATE = (
    Case("mgda-three", ("basic",), "all three gradients have a weight", _asked("mgda", _AROUND),
         equations=("flat_mtl-11",)),
    Case("mgda-edge", ("basic", "missing_step"), "one of three has none: weights must not be negative",
         _asked("mgda", _BESIDE), equations=("flat_mtl-11",)),
    _hand("mgda-vertex", "the shorter of two that agree is the shortest of all: its weight is 1, not 0.999", "mgda",
          ([1, 0], [2, 1]), [1, 0], 11, flags=("boundary", "variant")),
    _hand("mgda-two", "worked by hand: 1/5 and 4/5", "mgda", ([2, 0], [0, 1]), [0.4, 0.8], 11, flags=("basic",)),
    _hand("mgda-opposite", "opposite gradients: nothing descends on both", "mgda", ([1, -2], [-2, 4]), [0, 0], 11),
    _hand("mgda-equal", "equal gradients", "mgda", ([1, 2], [1, 2]), [1, 2], 11),
    _hand("mgda-zeros", "all gradients are 0: so is the direction", "mgda", _ZEROS, [0, 0], 11),
    _hand("mgda-one-zero", "one gradient is 0: so is the shortest", "mgda", _ONE_ZERO, [0, 0], 11),
    Case("pcgrad-three", ("basic", "wrong_order"), "the running gradient meets the original others, in given orders",
         _asked("pcgrad", _CROSS, orders=_MIXED), equations=("flat_mtl-12", "flat_mtl-13")),
    Case("pcgrad-own-original", ("edge_case", "variant"),
         "a projected gradient conflicts with its own original, which it does not meet",
         _asked("pcgrad", _OWN, orders=np.array([[1, 2], [2, 0], [1, 0]])), equations=("flat_mtl-12",)),
    _hand("pcgrad-two", "worked by hand: (1, 1) and (0, 1); the second meets the original first", "pcgrad", _AGAINST,
          [1, 2], 12, flags=("basic", "missing_step")),
    _hand("pcgrad-agreeing", "nothing conflicts: the sum", "pcgrad", ([1, 2], [3, -1]), [4, 1], 12,
          flags=("boundary", "missing_step")),
    _hand("pcgrad-opposite", "opposite gradients: both are projected to 0", "pcgrad", ([1, 2], [-2, -4]), [0, 0], 12),
    Case("pcgrad-far-apart", ("numerics",), "a gradient 2^-80 times as long as the other: its square vanishes",
         _asked("pcgrad", _rows([2.0, 1.0], [-1.0, 0.25]) * [[1.0], [_power(-80)]]), equations=("flat_mtl-12",)),
    Case("pcgrad-small", ("numerics", "variant"), "norms near 4e-4: a small number beside their squares counts",
         _asked("pcgrad", _CROSS / 2**13, orders=_MIXED), equations=("flat_mtl-12",)),
    _hand("pcgrad-zeros", "gradients of 0 conflict with nothing", "pcgrad", _ZEROS, [0, 0], 12),
    _hand("pcgrad-one-zero", "a gradient of 0 is passed over", "pcgrad", _ONE_ZERO, [1, 2], 12),
    Case("cagrad-three", ("basic",), "all three gradients have a weight in the dual", _asked("cagrad", _AROUND),
         equations=("flat_mtl-14", "flat_mtl-15")),
    Case("cagrad-two", ("basic", "wrong_constant"), "two conflicting gradients", _asked("cagrad", _AGAINST, c=0.5),
         equations=("flat_mtl-14", "flat_mtl-15")),
    Case("cagrad-edge", ("boundary", "missing_step"), "one of three gradients has no weight in the dual",
         _asked("cagrad", _BESIDE, c=0.8), equations=("flat_mtl-14",)),
    Case("cagrad-unscaled", ("basic", "variant"), "rescale 0: on the sphere itself",
         _asked("cagrad", _AROUND, rescale=0), equations=("flat_mtl-15",)),
    Case("cagrad-wide", ("boundary", "variant"), "c = 2 and rescale 2: division by 1 + c",
         _asked("cagrad", _AROUND, c=2.0, rescale=2), equations=("flat_mtl-15",)),
    Case("cagrad-small", ("numerics", "variant"), "norms near 1e-4: small numbers under roots count",
         _asked("cagrad", _AROUND / 2**14), equations=("flat_mtl-14", "flat_mtl-15")),
    _hand("cagrad-no-radius", "c = 0: the mean", "cagrad", _AGAINST, [0.5, 0.5], 15, flags=("boundary",), c=0.0),
    _hand("cagrad-opposite", "the mean is 0: so is the sphere around it", "cagrad", ([1, 2], [-1, -2]), [0, 0], 15),
    _hand("cagrad-zeros", "all gradients are 0: so is the direction", "cagrad", _ZEROS, [0, 0], 15),
    _hand("cagrad-one-zero", "the weighted sum is 0: the mean is left, divided by 1 + c^2", "cagrad", _ONE_ZERO,
          [0.5 / 1.16, 1 / 1.16], 15),
    Case("imtl-three", ("basic",), "equally long along all three", _asked("imtl_g", _AROUND),
         equations=("flat_mtl-16",)),
    Case("imtl-two", ("basic", "wrong_constant"), "one weight is negative: the long gradient hides the short one",
         _asked("imtl_g", _rows([0.5, 1.0], [2.0, 3.0])), equations=("flat_mtl-16",)),
    _hand("imtl-parallel", "parallel gradients: any weights do; the first is taken", "imtl_g", ([1, 2], [2, 4]), [1, 2],
          16, flags=("edge_case", "variant"), dtypes=("float64",)),
    Case("imtl-parallel-of-three", ("edge_case", "numerics"),
         "short gradients, the second parallel to the first: its weight is 0, and no small number meets the third",
         _asked("imtl_g", _rows([1.0, 0.0], [2.0, 0.0], [0.25, 1.0]) / 2**20), dtypes=("float64",),
         equations=("flat_mtl-16",)),
    Case("imtl-nearly-parallel", ("numerics",), "directions 2^-10 apart: differences of inner products lose digits",
         _asked("imtl_g", _rows([1.0, 2.0, 0.0], [1.0, 2.0, 1 / 512])), dtypes=("float64",),
         equations=("flat_mtl-16",)),
    Case("imtl-far-apart", ("numerics",), "two gradients of three are 2^-30 times as long as the other",
         _asked("imtl_g", _AROUND * [[_power(-30)], [_power(-30)], [1.0]]), equations=("flat_mtl-16",)),
    _hand("imtl-zeros", "all gradients are 0: so is the direction", "imtl_g", _ZEROS, [0, 0], 16),
    _hand("imtl-one-zero", "as long along the other as along the one that is 0", "imtl_g", _ONE_ZERO, [0, 0], 16),
    _hand("mean", "the plain mean", "mean", _AGAINST, [0.5, 0.5], 10, flags=("basic",)),
    _hand("sum", "the plain sum", "sum", _AGAINST, [1, 1], 10, flags=("basic",)),
    _wide("cagrad-three", ("G",), ("direction",)),
)  # fmt: skip


def _drawn_orders(rng, m, *more):
    return np.array([rng.permutation(row) for row in _orders(m, *more).reshape(-1, m - 1)]).reshape(*more, m, m - 1)


def _drawn(rng):
    m = int(rng.integers(2, 4))
    return m, m + int(rng.integers(0, 3)), {
        "c": float(rng.uniform(0.2, 1.5)), "rescale": int(rng.integers(0, 3)), "method": str(rng.choice(METHODS))
    }  # fmt: skip


def sample_aggregate(rng):
    m, d, settings = _drawn(rng)
    return {"G": rng.standard_normal((m, d)), "orders": _drawn_orders(rng, m), **settings}


# Both parts ----------------------------------------------------------------------------------------------------------

_BEND = _rows([0.5, -0.25, 0.75], [-0.5, 0.25, 0.5], [0.25, 0.5, -1.0])


def _parts(method, loss=_AROUND, flat=_BEND, variant="flat", **settings):
    return {
        "loss": loss, "sam": loss + flat, "orders": np.stack([_MIXED, np.array([[2, 1], [2, 0], [0, 1]])]), "c": 0.4,
        "rescale": 1, "method": method, "variant": variant,
    } | settings  # fmt: skip


_BOTH = ("flat_mtl-5", "flat_mtl-6")
_PAIR = {"orders": _orders(2, 2)}
COMBINE = (
    Case("mgda", ("basic",), "loss parts and flat parts are aggregated apart", _parts("mgda"), equations=_BOTH),
    Case("pcgrad", ("basic", "wrong_order"), "each family with its own orders", _parts("pcgrad", _CROSS),
         equations=_BOTH),
    Case("pcgrad-own-original", ("edge_case", "variant"), "a projected gradient conflicts with its own original",
         _parts("pcgrad", _OWN, orders=np.stack([np.array([[1, 2], [2, 0], [1, 0]]), _MIXED])), equations=_BOTH),
    Case("pcgrad-small", ("numerics", "variant"), "norms near 4e-4: a small number beside their squares counts",
         _parts("pcgrad", _CROSS / 2**13, _BEND / 2**13), equations=_BOTH),
    Case("cagrad", ("basic",), "two spheres, around two means", _parts("cagrad", c=0.75, rescale=2),
         equations=_BOTH),
    Case("imtl", ("basic",), "negative weights in either family", _parts("imtl_g"), equations=_BOTH),
    Case("mean", ("basic",), "linear: the mean of the gradients at the perturbed points", _parts("mean"),
         equations=_BOTH),
    Case("two-tasks-mgda", ("boundary", "variant"), "two tasks, one weight 1: the shorter of two that agree",
         _parts("mgda", _rows([1.0, 0.0], [2.0, 1.0]), _rows([0.5, 0.25], [-0.25, 0.5]), **_PAIR), equations=_BOTH),
    Case("two-tasks-pcgrad", ("boundary", "missing_step"), "two tasks in conflict",
         _parts("pcgrad", _AGAINST, _rows([0.5, 0.25], [-0.5, 0.75]), **_PAIR), equations=_BOTH),
    Case("no-flat-part", ("edge_case",), "both gradients are one: what is flat gives 0",
         _parts("cagrad", flat=0 * _BEND), equations=_BOTH),
    *(Case(f"direct-{method}", ("variant",), "the gradients at the perturbed points alone",
           _parts(method, variant="direct"), equations=("flat_mtl-5",)) for method in ("mgda", "pcgrad")),
    *(Case(f"second-{method}", ("variant",), "the two aggregates are aggregated",
           _parts(method, variant="second", rescale=0, c=0.5), equations=("flat_mtl-5",))
      for method in ("mgda", "cagrad")),
    *(Case(f"each-{method}", ("variant",), "the two parts of each task, then the tasks",
           _parts(method, loss, variant="each"), equations=("flat_mtl-5",))
      for method, loss in (("pcgrad", _AROUND), ("imtl_g", _BESIDE))),
    Case("erm", ("variant",), "the loss parts alone", _parts("mgda", variant="erm"), equations=("flat_mtl-6",)),
    _wide("mgda", ("loss", "sam"), ("direction",)),
)  # fmt: skip


def sample_combine(rng):
    m, d, settings = _drawn(rng)
    loss, flat = rng.standard_normal((2, m, d))
    orders, variant = _drawn_orders(rng, m, 2), str(rng.choice(VARIANTS))
    return {"loss": loss, "sam": loss + 0.5 * flat, "orders": orders, **settings, "variant": variant}


# Steps ---------------------------------------------------------------------------------------------------------------

_RADII = {"rho_sh": 0.25, "rho_ns": 0.5, "eta": 0.125}


def _hessians(name, m, n):
    half = _some(name, m, n, n)
    return half + np.swapaxes(half, 1, 2)


def _quadratic(method, gradients=_AROUND, k=2, **settings):
    """The gradients in the shared parameters are those that are given, but for rounding."""
    m, d = gradients.shape
    shared, heads, A = _some("shared", d), _some("heads", m, k), _hessians("quadratic", m, d + k)
    z = np.concatenate([np.broadcast_to(shared, (m, d)), heads], axis=1)
    right = np.concatenate([gradients, _some("slopes", m, k) + 0.5], axis=1)
    b = (np.squeeze(A @ z[:, :, None], axis=2) - right).round(4)
    orders = np.stack([_MIXED, np.array([[2, 1], [2, 0], [0, 1]])]) if m == 3 else _orders(m, 2)
    return {"shared": shared, "heads": heads, "matrices": A, "vectors": b, "orders": orders, **_RADII, "c": 0.4,
            "method": method} | settings  # fmt: skip


_STEP = tuple(f"flat_mtl-{i}" for i in (1, 2, 4, 5, 6, 7, 8))
_BY_HAND = {
    "shared": np.array([1.0]), "heads": _rows([0.0], [0.0]), "matrices": np.array([[[2.0, 1.0], [1.0, 0.0]]] * 2),
    "vectors": np.zeros((2, 2)), "orders": _orders(2, 2), **_RADII, "c": 0.4, "method": "mean",
}  # fmt: skip
QUADRATIC = (
    Case("two-tasks-pcgrad", ("basic",), "two tasks in conflict", _quadratic("pcgrad", _AGAINST, k=1), equations=_STEP),
    Case("by-hand", ("basic", "missing_step"),
         "gradients (2; 1); perturbed by (1/4; 1/2) they gain (2/4 + 1/2; 1/4)",
         _BY_HAND, dtypes=("float64",), equations=_STEP,
         answer={"loss_sh": _rows([2.0], [2.0]), "loss_ns": _rows([1.0], [1.0]), "sam_sh": _rows([3.0], [3.0]),
                 "sam_ns": _rows([1.25], [1.25]), "new_shared": np.array([0.625]),
                 "new_heads": _rows([-0.15625], [-0.15625])}, source="closed form"),
    Case("mgda", ("basic",), "three tasks", _quadratic("mgda"), equations=_STEP),
    Case("pcgrad", ("basic", "wrong_order"), "three tasks in conflict", _quadratic("pcgrad", _CROSS), equations=_STEP),
    Case("pcgrad-own-original", ("edge_case", "variant"), "a projected gradient conflicts with its own original",
         _quadratic("pcgrad", _OWN, orders=np.stack([np.array([[1, 2], [2, 0], [1, 0]]), _MIXED])), equations=_STEP),
    Case("cagrad", ("basic",), "three tasks", _quadratic("cagrad", c=0.75, rho_sh=0.125, rho_ns=0.375, eta=0.25),
         equations=_STEP),
    Case("two-tasks-cagrad", ("boundary", "wrong_constant"), "two tasks in conflict, a small ball",
         _quadratic("cagrad", _AGAINST, k=1, c=0.25), equations=_STEP),
    Case("imtl", ("basic",), "three tasks", _quadratic("imtl_g"), equations=_STEP),
    Case("cagrad-wide", ("basic", "wrong_constant"), "three tasks, a ball wider than the mean is long",
         _quadratic("cagrad", _BESIDE + _BEND, c=1.5), equations=_STEP),
    Case("imtl-other", ("basic",), "three tasks of other lengths", _quadratic("imtl_g", _CROSS * [[1.0], [0.5], [2.0]]),
         equations=_STEP),
    Case("two-tasks-mgda", ("boundary", "variant"), "one weight is 1",
         _quadratic("mgda", _rows([1.0, 0.0], [2.0, 1.0])), equations=_STEP),
    Case("stationary", ("edge_case",), "all gradients are 0: nothing moves",
         {**_BY_HAND, "shared": np.zeros(1), "method": "mgda"}, equations=_STEP,
         answer={"new_shared": np.zeros(1), "new_heads": np.zeros((2, 1))}, source="closed form"),
)  # fmt: skip


def sample_quadratic(rng):
    m, d, settings = _drawn(rng)
    k = int(rng.integers(1, 3))
    half = rng.standard_normal((m, d + k, d + k))
    return {
        "shared": rng.standard_normal(d), "heads": rng.standard_normal((m, k)),
        "matrices": half + np.swapaxes(half, 1, 2), "vectors": rng.standard_normal((m, d + k)),
        "orders": _drawn_orders(rng, m, 2), "rho_sh": float(rng.uniform(0.05, 0.5)),
        "rho_ns": float(rng.uniform(0.05, 0.5)), "eta": float(rng.uniform(0.01, 0.5)), "c": settings["c"],
        "method": settings["method"],
    }  # fmt: skip


def _net(p=2, h=2, m=2, B=3, name="net", **settings):
    inputs = {
        "W": _some(f"{name} W", p, h), "b": _some(f"{name} b", h), "V": _some(f"{name} V", m, h),
        "v": _some(f"{name} v", m), "X": _some(f"{name} X", 2, B, p), "Y": _some(f"{name} Y", 2, B, m), **_RADII,
    }  # fmt: skip
    return inputs | settings


_TWO = _net()
NETWORK = (
    Case("two-tasks", ("basic",), "two minibatches that differ: only the first is seen, in both passes", _TWO,
         equations=_STEP),
    Case("equal-minibatches", ("basic",), "ordinary use", {**_TWO, "X": _TWO["X"][[0, 0]], "Y": _TWO["Y"][[0, 0]]},
         equations=_STEP),
    Case("one-task", ("boundary",), "one task, one hidden unit, one sample: sharpness-aware minimization",
         _net(p=1, h=1, m=1, B=1, name="one", rho_sh=0.125, rho_ns=0.375, eta=0.25), equations=_STEP),
    Case("three-tasks", ("basic",), "three tasks, two samples", _net(m=3, B=2, name="three"),
         equations=_STEP),
    Case("no-radius", ("boundary",), "without perturbation", {**_TWO, "rho_sh": 0.0, "rho_ns": 0.0}, equations=_STEP),
    large("many-samples", "two-tasks", "B", balanced=True, dtypes=("float64",)),
)  # fmt: skip


def sample_network(rng):
    p, h, m, B = (int(x) for x in rng.integers(1, 4, 4))
    shapes = {"W": (p, h), "b": (h,), "V": (m, h), "v": (m,), "X": (2, B, p), "Y": (2, B, m)}
    drawn = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    return drawn | {name: float(rng.uniform(0.05, 0.5)) for name in _RADII}
