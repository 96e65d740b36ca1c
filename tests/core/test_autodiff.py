"""Autodiff against central differences, closed forms and itself; on NumPy, float32 and a strict non-CPU device."""

import gc
import itertools
import math
import operator
from typing import NamedTuple

import array_api_strict as xs
import numpy as np
import pytest

from refimpl.core import autodiff, random, tree
from refimpl.core.arrays import array_namespace, device, from_numpy, to_numpy
from refimpl.core.autodiff import grad, hvp, jacobian, stop_gradient, value_and_grad, vjp

ANY, POSITIVE, UNIT, ABOVE_ONE = (-1.5, 1.5), (0.3, 2.0), (-0.9, 0.9), (1.2, 3.0)


def case(f, *shapes, domain=ANY):
    """``f(xp, *arrays)`` on arrays of these shapes with entries in `domain`."""
    return f, shapes, domain


def unary(name, domain=ANY):
    return [case(lambda xp, x: getattr(xp, name)(x), (3, 2), domain=domain)]


def binary(name, domain=ANY):
    function = lambda xp, a, b: getattr(xp, name)(a, b)
    scalar = lambda xp, a: a * getattr(xp, name)(a, 0.7) + getattr(xp, name)(0.7, a)
    return [
        case(function, (3, 2), (3, 2), domain=domain),
        case(function, (4, 1, 2), (3, 1), domain=domain),
        case(function, (), (2, 3), domain=domain),
        case(lambda xp, a: getattr(xp, name)(a, a * a), (4,), domain=domain),
        case(scalar, (9,), domain=domain),
    ]


def ints(xp, x, values):
    return xp.asarray(values, dtype=xp.int64, device=device(x))


def ours(xp):
    """The transposes of indexing are in no library but ours."""
    return xp if isinstance(xp, autodiff.Namespace) else autodiff._namespace(xp)


def reduction(name):
    return [
        case(lambda xp, x: getattr(xp, name)(x), (3, 2)),
        case(lambda xp, x: getattr(xp, name)(x, axis=-1), (3, 2)),
        case(lambda xp, x: getattr(xp, name)(x, axis=(0, -1)), (3, 2, 2)),
        case(lambda xp, x: getattr(xp, name)(x, axis=0, keepdims=True) - x, (3, 2)),
    ]


REPEATED = [2, 0, 2, 2, 1, 0, 2, 2]
CASES = {
    **{name: binary(name) for name in ("add", "subtract", "multiply", "maximum", "minimum", "logaddexp")},
    **{name: binary(name, POSITIVE) for name in ("divide", "atan2", "hypot")},
    **{name: unary(name) for name in ("negative", "abs", "square", "exp", "expm1", "sin", "cos", "tan", "atan")},
    **{name: unary(name) for name in ("sinh", "cosh", "tanh", "asinh")},
    **{name: unary(name, POSITIVE) for name in ("sqrt", "reciprocal", "log", "log1p", "log2", "log10")},
    **{name: unary(name, UNIT) for name in ("asin", "acos", "atanh")},
    **{name: reduction(name) for name in ("sum", "max", "min", "mean", "var", "std")},
    "acosh": unary("acosh", ABOVE_ONE),
    "pow": [
        *binary("pow", POSITIVE),
        case(lambda xp, x: x**2 + x**3 - x**-1 + x**0 + x**0.5, (3, 2), domain=POSITIVE),
        case(lambda xp, x: x**2 + x**3, (3, 2)),
    ],
    "where": [
        case(lambda xp, a, b: xp.where(a > b, a * a, b), (3, 2), (2,)),
        case(lambda xp, a: xp.where(a > 0, a, 0.0) + xp.where(a > 0, -1.0, xp.sin(a)), (4,)),
    ],
    "astype": [case(lambda xp, x: xp.astype(x, x.dtype) * x, (3,))],
    "asarray": [case(lambda xp, x: xp.asarray(x, dtype=x.dtype) * xp.asarray(x), (3,))],
    "clip": [case(lambda xp, x: xp.clip(x, -0.5, 0.7) * xp.clip(x, max=x * x), (9,))],
    "cumulative_sum": [
        case(lambda xp, x: xp.cumulative_sum(x), (4,)),
        case(lambda xp, x: xp.cumulative_sum(x, axis=-2), (3, 2)),
        case(lambda xp, x: xp.cumulative_sum(x, axis=1, include_initial=True), (3, 2)),
    ],
    "reshape": [case(lambda xp, x: xp.reshape(x, (3, -1)), (2, 3))],
    "expand_dims": [case(lambda xp, x: xp.expand_dims(x, axis=1), (2, 3))],
    "squeeze": [case(lambda xp, x: xp.squeeze(x, axis=-1), (2, 3, 1))],
    "broadcast_to": [case(lambda xp, x: xp.broadcast_to(x, (4, 2, 3)), (2, 1))],
    "matrix_transpose": [
        case(lambda xp, x: xp.matrix_transpose(x) * x.mT, (2, 2, 3)),
        case(lambda xp, x: x.T, (2, 3)),
        case(lambda xp, x: xp.linalg.matrix_transpose(x), (2, 3)),
    ],
    "permute_dims": [case(lambda xp, x: xp.permute_dims(x, (2, 0, -2)), (2, 3, 4))],
    "moveaxis": [case(lambda xp, x: xp.moveaxis(x, 0, -1), (2, 3, 2))],
    "flip": [case(lambda xp, x: xp.flip(x, axis=0) * xp.flip(x), (2, 3))],
    "tril": [case(lambda xp, x: xp.tril(x) + xp.tril(x, k=1), (2, 3, 3))],
    "triu": [case(lambda xp, x: xp.triu(x) + xp.triu(x, k=-1), (3, 3))],
    "concat": [
        case(lambda xp, a, b: xp.concat([a, b, a * b[:2, :]], axis=-2), (2, 2), (3, 2)),
        case(lambda xp, a, b: xp.concat([a, b], axis=None), (2, 2), (3,)),
        case(lambda xp, a: xp.concat([xp.ones_like(a), a]), (2, 2)),
    ],
    "stack": [
        case(lambda xp, a, b: xp.stack([a, b, a]), (2, 3), (2, 3)),
        case(lambda xp, a, b: xp.stack([a, b], axis=-1), (2, 3), (2, 3)),
    ],
    "sort": [case(lambda xp, x: xp.sort(x, axis=0, descending=True), (4, 2))],
    "matmul": [
        case(lambda xp, a, b: a @ b, (2, 3), (3, 2)),
        case(lambda xp, a, b: a @ b, (3,), (3,)),
        case(lambda xp, a, b: a @ b, (2, 3), (3,)),
        case(lambda xp, a, b: a @ b, (3,), (3, 2)),
        case(lambda xp, a, b: a @ b, (2, 2, 3), (3, 2)),
        case(lambda xp, a, b: a @ b, (2, 3), (2, 3, 2)),
        case(lambda xp, a, b: xp.linalg.matmul(a, b), (2, 1, 2, 3), (2, 3, 2)),
        case(lambda xp, a, b: a @ b, (2, 2, 3), (3,)),
    ],
    "vecdot": [case(lambda xp, a, b: xp.vecdot(a, b) + xp.linalg.vecdot(a, b), (2, 3), (3,))],
    "outer": [case(lambda xp, a, b: xp.linalg.outer(a, b), (2,), (3,))],
    "diagonal": [
        case(lambda xp, x: xp.linalg.diagonal(x), (2, 3, 4)),
        case(lambda xp, x: xp.linalg.diagonal(x, offset=1) + xp.linalg.diagonal(x, offset=-1), (3, 3)),
    ],
    "trace": [case(lambda xp, x: xp.linalg.trace(x) * xp.linalg.trace(x, offset=1), (2, 3, 3))],
    "getitem": [
        case(lambda xp, x: x[1:, None, 0] * x[-1, ...], (3, 2)),
        case(lambda xp, x: x[ints(xp, x, REPEATED)] ** 2, (3,)),
        case(lambda xp, x: x[ints(xp, x, [[0, -1], [2, 2]])], (3,)),
        case(lambda xp, x: x[ints(xp, x, [0, 2, 0]), ints(xp, x, [1, 1, 1])], (3, 2)),
        case(lambda xp, x: x[ints(xp, x, 1)] * x, (3,)),
        case(lambda xp, x: x[x < 100] * 2, (3, 2)),
        case(lambda xp, x: x[::2, ::-1], (3, 2)),
    ],
    "embed": [
        case(lambda xp, g: ours(xp).embed(g, (slice(1, 3), None, 0), (3, 2)), (2, 1)),
        case(lambda xp, g: ours(xp).embed(g, (1, ...), (3, 2)), (2,)),
    ],
    "scatter": [
        case(lambda xp, g: ours(xp).scatter(g, ints(xp, g, REPEATED), 4), (8,)),
        case(lambda xp, g: ours(xp).scatter(g, ints(xp, g, [0, -1, 0]), 3), (3, 2)),
    ],
    "take": [
        case(lambda xp, x: xp.take(x, ints(xp, x, REPEATED), axis=-1), (2, 3)),
        case(lambda xp, x: xp.take(x, ints(xp, x, REPEATED), axis=0), (3, 2)),
    ],
    "take_along_axis": [
        case(lambda xp, x: xp.take_along_axis(x, ints(xp, x, [[0, 1, 1], [2, 2, 2]]), axis=1), (2, 3)),
        case(lambda xp, x: xp.take_along_axis(x, ints(xp, x, [[1, 0, 1]]), axis=0), (2, 3)),
    ],
}
PARAMS = [pytest.param(*c, id=f"{name}-{i}") for name, cases in CASES.items() for i, c in enumerate(cases)]
over_cases = pytest.mark.parametrize(("f", "shapes", "domain"), PARAMS)


def draws(shapes, domain, like, name="x"):
    rng = random.stream(1, name, *shapes)
    return tuple(random.uniform(rng, shape, like=like, low=domain[0], high=domain[1]) for shape in shapes)


def scalar_function(f, like):
    """Tuple of arrays -> sum of w (f + f^2 / 2), so that linear functions too have second derivatives."""

    def total(args):
        xp = array_namespace(*args)
        y = f(xp, *args)
        w = from_numpy(np.cos(np.arange(math.prod(y.shape), dtype=np.float64)).reshape(y.shape), like=like)
        return xp.sum(w * (y + y * y / 2))

    return total


def central(f, x, h=6e-6):
    """Central differences of a scalar function with respect to every entry of a tuple of arrays."""
    out = []
    for i, a in enumerate(x):
        g = np.zeros(a.shape)
        for at in np.ndindex(*a.shape):
            e = np.zeros(a.shape)
            e[at] = h
            up, down = (f((*x[:i], a + s * e, *x[i + 1 :])) for s in (1, -1))
            g[at] = (up - down) / (2 * h)
        out.append(g)
    return out


def flat(arrays):
    return np.concatenate([to_numpy(a).ravel() for a in arrays])


def relative_error(got, expected):
    return np.linalg.norm(flat(got) - flat(expected)) / np.linalg.norm(flat(expected))


def strict(x):
    """On a device that is not the CPU."""
    return xs.asarray(x, device=xs.Device("device1"))


F64 = np.zeros(1)


def test_every_primitive_and_composition_has_a_case():
    composed = [n for c in (autodiff.Namespace, autodiff._Linalg) for n in vars(c) if not n.startswith("_")]
    special = {"digamma", "erf", "erfcx", "gamma_quantile", "gammaln", "log_ndtr", "ndtr"}
    elsewhere = {*special, "lower_cholesky", "solve_triangular", "cbrt"}  # in test_linalg_special; in a docstring
    assert set(CASES) == (set(autodiff.PRIMITIVES) | set(composed)) - elsewhere


@over_cases
def test_first_derivative_is_the_central_difference(f, shapes, domain):
    total, x = scalar_function(f, F64), draws(shapes, domain, F64)
    got = grad(total)(x)
    assert relative_error(got, central(total, x)) < 1e-6
    assert [(type(g), g.dtype, g.shape) for g in got] == [(np.ndarray, a.dtype, a.shape) for a in x]


@over_cases
def test_second_derivative_is_the_central_difference_of_the_first(f, shapes, domain):
    total, x, h = scalar_function(f, F64), draws(shapes, domain, F64), 6e-6
    v = draws(shapes, ANY, F64, name="v")
    up, down = (grad(total)(tuple(a + s * h * b for a, b in zip(x, v, strict=True))) for s in (1, -1))
    expected = [(a - b) / (2 * h) for a, b in zip(up, down, strict=True)]
    assert relative_error(hvp(total, x, v), expected) < 1e-6


@over_cases
def test_float32_in_float32_out(f, shapes, domain):
    like = F64.astype(np.float32)
    total, x, v = scalar_function(f, like), draws(shapes, domain, like), draws(shapes, ANY, like, name="v")
    value, first = value_and_grad(total)(x)
    second = hvp(total, x, v)
    assert {a.dtype for a in (value, *first, *second)} == {np.dtype(np.float32)}
    wide = tuple(a.astype(np.float64) for a in x)
    assert relative_error(first, grad(scalar_function(f, F64))(wide)) < 1e-4


@over_cases
def test_gradients_land_on_a_strict_device(f, shapes, domain):
    x, v = draws(shapes, domain, F64), draws(shapes, ANY, F64, name="v")
    moved, moved_v = (tuple(strict(a) for a in arrays) for arrays in (x, v))
    total = scalar_function(f, moved[0])
    for got, expected in (
        (grad(total)(moved), grad(scalar_function(f, F64))(x)),
        (hvp(total, moved, moved_v), hvp(scalar_function(f, F64), x, v)),
    ):
        assert all(type(a) is type(moved[0]) and a.device == moved[0].device for a in got)
        assert relative_error(got, expected) < 1e-12


@pytest.mark.gpu
def test_gradients_land_on_the_gpu():
    cupy = pytest.importorskip("cupy")
    for f, shapes, domain in itertools.chain.from_iterable(CASES.values()):
        x = draws(shapes, domain, F64)
        moved = tuple(cupy.asarray(a) for a in x)
        got = grad(scalar_function(f, moved[0]))(moved)
        assert all(isinstance(a, cupy.ndarray) for a in got)
        assert relative_error(got, grad(scalar_function(f, F64))(x)) < 1e-10


@pytest.mark.parametrize(
    ("f", "third"),
    [
        (lambda xp, x: x**5, lambda x: 60 * x**2),
        (lambda xp, x: 1 / x, lambda x: -6 / x**4),
        (lambda xp, x: xp.log(x), lambda x: 2 / x**3),
        (lambda xp, x: xp.sin(2 * x), lambda x: -8 * np.cos(2 * x)),
        (lambda xp, x: xp.exp(-x), lambda x: -np.exp(-x)),
        (lambda xp, x: xp.tanh(x), lambda x: (6 * np.tanh(x) ** 2 - 2) * (1 - np.tanh(x) ** 2)),
        (lambda xp, x: xp.stack([x, x])[1] * xp.sum(xp.stack([x, x])), lambda x: 0 * x),
    ],
)
def test_third_derivatives_are_the_closed_forms(f, third):
    x = np.array(0.7)
    got = grad(grad(grad(lambda x: f(array_namespace(x), x))))(x)
    np.testing.assert_allclose(got, third(x), rtol=1e-12, atol=1e-13)


def test_hvp_of_an_mlp_is_its_hessian_times_the_vector():
    rng, sizes = random.stream(3, "mlp"), (3, 4, 4, 2)
    x, targets = random.normal(rng, (5, 3), like=F64), random.normal(rng, (5, 2), like=F64)
    weights = [random.normal(rng, shape, like=F64) for shape in itertools.pairwise(sizes)]

    def loss(weights):
        xp, h = array_namespace(weights[0]), x
        for W in weights[:-1]:
            h = xp.tanh(h @ W)
        return xp.mean(xp.square(h @ weights[-1] - targets))

    theta, unravel = tree.ravel(weights)
    v = random.normal(rng, theta.shape, like=F64)
    hessian = jacobian(grad(lambda theta: loss(unravel(theta))))(theta)
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-12)
    np.testing.assert_allclose(flat(hvp(loss, weights, unravel(v))), hessian @ v, rtol=1e-10, atol=1e-12)


def test_perturbations_are_not_confused():
    one, two = np.array(1.0), np.array(2.0)
    assert grad(lambda x: x * grad(lambda y: x + y)(one))(one) == 1  # 2 if both traces share one tag
    assert grad(lambda x: x * grad(lambda y: x * y)(two))(np.array(3.0)) == 6
    assert grad(lambda x: grad(lambda y: x * y * y)(x))(two) == 8  # of 2 x^2
    assert grad(lambda x: x * vjp(lambda y: x * y, two)[1](one)[0])(np.array(3.0)) == 6


def test_deep_graphs_need_no_stack():
    def chain(x):
        for _ in range(3_000):
            x = array_namespace(x).sin(x)
        return x

    x, expected, y = np.array(0.9), 1.0, 0.9
    for _ in range(3_000):
        expected, y = expected * math.cos(y), math.sin(y)
    np.testing.assert_allclose(grad(chain)(x), expected, rtol=1e-10)
    h = 1e-5
    np.testing.assert_allclose(grad(grad(chain))(x), (grad(chain)(x + h) - grad(chain)(x - h)) / (2 * h), rtol=1e-6)


def test_long_chains_are_freed_without_recursion():
    def count(x):
        for _ in range(100_000):
            x = x + 1.0
        return x

    assert grad(count)(np.array(0.0)) == 1
    gc.collect()


def test_traces_leave_no_reference_cycles():
    tapes = lambda: sum(type(o) is autodiff.Tape for o in gc.get_objects())
    gc.collect()
    before = tapes()
    gc.disable()
    try:
        hvp(lambda x: x @ x, np.ones(3), np.ones(3))
        assert tapes() == before
    finally:
        gc.enable()


# ---- Gather and scatter -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 2, 7, 100, 1000])
def test_repeated_indices_accumulate(n):
    rng = random.stream(5, "scatter", n)
    indices = rng.integers(-20, 20, n)
    g = rng.standard_normal((n, 3))
    expected = np.zeros((20, 3))
    np.add.at(expected, indices, g)
    got = vjp(lambda x: x[indices, ...], np.zeros((20, 3)))[1](g)[0]
    np.testing.assert_allclose(got, expected, atol=1e-12)


def test_accumulation_rounds_like_a_pairwise_sum():
    g = np.full(100_000, 0.1, dtype=np.float32)
    got = vjp(lambda x: x[np.zeros(100_000, dtype=np.int64)], np.zeros(1, dtype=np.float32))[1](g)[0]
    np.testing.assert_allclose(got, [100_000 * float(g[0])], rtol=3e-7)


def test_accumulation_keeps_infinite_rows_apart():
    g = np.array([np.inf, 1.0, 2.0, np.nan])
    got = vjp(lambda x: x[np.array([0, 1, 1, 3])], np.zeros(4))[1](g)[0]
    np.testing.assert_array_equal(got, [np.inf, 3.0, 0.0, np.nan])


@pytest.mark.parametrize(
    "key",
    [
        (slice(None), np.array([0, 0, 2])),
        (np.array([1, 1]), None, slice(0, 2)),
        (np.array([[0], [1]]), np.array([0, 0, 2])),
        (np.array([1, 1, -1]), ...),
        np.array([[1, 0], [-1, 1]]),
        np.array(1),
        [1, 1, 0],
        np.array([True, False]),
        np.int64(1),
        (0, 1),
        (),
    ],
    ids=str,
)
def test_numpy_keys_beyond_the_standard(key):
    x = random.normal(random.stream(6, "key"), (2, 3), like=F64)
    g = random.normal(random.stream(6, "g"), x[key].shape, like=F64)
    expected = np.zeros_like(x)
    np.add.at(expected, key, g)
    np.testing.assert_allclose(vjp(lambda x: x[key], x)[1](g)[0], expected, atol=1e-15)
    second = np.zeros_like(x)
    np.add.at(second, key, 6 * x[key])
    cubes = lambda x: array_namespace(x).sum(x[key] ** 3)
    np.testing.assert_allclose(hvp(cubes, x, np.ones_like(x)), second, atol=1e-14)


# ---- Conventions ------------------------------------------------------------------------------------------------


def test_ties_share_the_gradient_equally():
    x = np.array([1.0, 3.0, 3.0, 3.0])
    np.testing.assert_allclose(grad(lambda x: array_namespace(x).max(x))(x), [0, 1 / 3, 1 / 3, 1 / 3])
    np.testing.assert_allclose(grad(lambda x: array_namespace(x).min(-x))(x), [0, -1 / 3, -1 / 3, -1 / 3])
    for name in ("maximum", "minimum"):
        got = grad(lambda a, b: getattr(array_namespace(a), name)(a, b), argnums=(0, 1))(1.0, 1.0)
        assert got == (0.5, 0.5)
    assert grad(lambda x: array_namespace(x).maximum(x, 0.0))(0.0) == 0.5
    assert grad(lambda x: array_namespace(x).abs(x))(0.0) == 0


def test_powers_at_zero_are_finite():
    zero = np.array(0.0)
    assert grad(lambda x: x**2)(zero) == 0
    assert grad(lambda x: x**1)(zero) == 1
    assert grad(lambda x: x**0)(zero) == 0
    assert grad(lambda x: x ** np.array(0.0))(zero) == 0
    assert grad(grad(lambda x: x**2))(zero) == 2
    assert grad(lambda b: zero**b)(np.array(2.0)) == 0
    assert grad(lambda b: 0.0**b)(np.array(2.0)) == 0


OPERATORS = (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.matmul)


@pytest.mark.parametrize("move", [np.asarray, strict], ids=["numpy", "strict"])
@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.__name__)
def test_plain_arrays_mix_on_either_side(op, move):
    a, b = draws(((2, 2), (2, 2)), POSITIVE, move(F64))
    total = lambda x: array_namespace(x).sum(x)
    both = grad(lambda a, b: total(op(a, b)), argnums=(0, 1))(a, b)
    np.testing.assert_array_equal(to_numpy(grad(lambda a: total(op(a, b)))(a)), to_numpy(both[0]))
    np.testing.assert_array_equal(to_numpy(grad(lambda b: total(op(a, b)))(b)), to_numpy(both[1]))

    def assigned(a):
        old, a = a, operator_in_place(a, b)
        assert old is not a
        return total(a)

    operator_in_place = getattr(operator, f"i{op.__name__}")
    np.testing.assert_array_equal(to_numpy(grad(assigned)(a)), to_numpy(both[0]))


@pytest.mark.parametrize("move", [np.asarray, strict], ids=["numpy", "strict"])
def test_what_has_no_derivative_is_plain(move):
    x = move(np.array([-1.5, 0.5, 2.0]))
    seen = []

    def f(t):
        xp = array_namespace(t)
        seen.extend([t > x, x >= t, t == x, t != 0.5, t <= 1.0, x < t])
        seen.extend(getattr(xp, n)(t) for n in ("sign", "floor", "ceil", "round", "trunc", "isfinite", "argmax"))
        seen.extend([xp.zeros_like(t), xp.ones_like(t), xp.argsort(t), xp.astype(t, xp.int64), xp.any(t > 1)])
        assert bool(t[0] < 0)
        assert (float(t[2]), int(t[2])) == (2.0, 2)
        return xp.sum(xp.sign(t) * t)

    np.testing.assert_array_equal(to_numpy(grad(f)(x)), [-1, 1, 1])
    assert not any(isinstance(s, autodiff.Traced) for s in seen)
    assert all(type(s) is type(x) or isinstance(s, np.generic) for s in seen)
    with pytest.raises(TypeError):
        hash(autodiff.Traced(x, None, 0))


def test_the_namespace_passes_on_constants_dtypes_and_creation():
    def f(x):
        xp = array_namespace(x)
        assert (xp.pi, xp.e, xp.inf, xp.newaxis) == (np.pi, np.e, np.inf, None)
        assert xp.float32 is np.float32
        assert xp.isdtype(x.dtype, "real floating")
        assert xp.finfo(x.dtype).eps == np.finfo(np.float64).eps
        assert xp.result_type(x, np.ones(1)) == np.float64
        assert (x.ndim, x.size, x.shape, x.dtype, x.device) == (2, 6, (2, 3), np.float64, "cpu")
        assert repr(x[0, 0]) == "Traced(np.float64(1.0))"
        assert x.unwrap() is plain
        made = xp.eye(2, dtype=x.dtype) + xp.zeros((2, 2)) + xp.full((2, 2), 1.0) + xp.arange(2.0)
        return xp.sum(made @ +x) + 0 * abs(-x)[0, 0] + xp.linspace(0.0, 1.0, 3)[0]

    plain = np.ones((2, 3))
    assert grad(f)(plain).shape == (2, 3)


def test_iteration_and_transposes_are_those_of_numpy():
    x = random.normal(random.stream(8, "iteration"), (2, 3, 4), like=F64)
    y, pullback = vjp(lambda x: ([row * 2 for row in x], x.T, x.mT), x)
    np.testing.assert_array_equal(y[0], 2 * x)
    for got, expected in ((y[1], x.T), (y[2], x.mT)):
        np.testing.assert_array_equal(got, expected)
    np.testing.assert_allclose(pullback(y)[0], 6 * x)
    with pytest.raises(IndexError):
        grad(lambda x: sum(x))(1.0)  # as a 0-d array has no parts


def test_gradients_keep_the_dtype_of_their_argument_beside_wider_data():
    data = np.ones(3)
    value, g = value_and_grad(lambda w: array_namespace(w).sum(w * data))(np.ones(3, dtype=np.float32))
    assert (value.dtype, g.dtype) == (np.float64, np.float32)


def test_inputs_are_never_written_to():
    x = np.arange(6.0).reshape(2, 3)
    x.flags.writeable = False
    grad(lambda x: array_namespace(x).sum(x[0, ...] * x[np.array([0, 0]), ...]))(x)


class Net(NamedTuple):
    W: np.ndarray
    b: dict


def test_trees_of_arguments_and_results():
    net = Net(np.ones((2, 3)), {"bias": [np.zeros(3), None], "unused": np.ones(2)})
    f = lambda x, net, scale=1.0: scale * array_namespace(net.W).sum(x @ net.W + net.b["bias"][0])
    value, g = value_and_grad(f, argnums=1)(np.ones((4, 2)), net, scale=2.0)
    assert value == 48
    assert isinstance(g, Net)
    np.testing.assert_array_equal(g.W, np.full((2, 3), 8.0))
    np.testing.assert_array_equal(g.b["bias"][0], np.full(3, 8.0))
    assert g.b["bias"][1] is None
    np.testing.assert_array_equal(g.b["unused"], [0, 0])

    y, pullback = vjp(lambda p: {"sum": p[0] + p[1], "plain": np.ones(1), "first": p[0]}, (np.ones(2), np.ones(2)))
    assert not any(isinstance(leaf, autodiff.Traced) for leaf in tree.leaves(y))
    ((first, second),) = pullback({"sum": np.array([1.0, 2.0]), "plain": np.ones(1), "first": np.ones(2)})
    np.testing.assert_array_equal(first, [2, 3])
    np.testing.assert_array_equal(second, [1, 2])

    J = jacobian(lambda p: p["a"] * p["b"])({"a": np.array([1.0, 2.0]), "b": np.array(3.0)})
    np.testing.assert_array_equal(J["a"], [[3, 0], [0, 3]])
    np.testing.assert_array_equal(J["b"], [1, 2])


def test_argnums_aux_and_constants():
    a, b = np.array(2.0), np.array(3.0)
    assert grad(lambda a, b: a * b, argnums=1)(a, b) == 2
    assert grad(lambda a, b: a * b, argnums=(1, 0))(a, b) == (2, 3)
    assert grad(lambda a, b: b * np.array(1.0))(a, b) == 0
    (value, aux), g = value_and_grad(lambda x: (x * x, {"twice": 2 * x}), has_aux=True)(a)
    assert (float(value), aux, float(g)) == (4, {"twice": 4}, 4)
    assert not isinstance(aux["twice"], autodiff.Traced)
    assert grad(lambda x: x * stop_gradient({"x": x})["x"])(b) == 3
    assert grad(grad(lambda x: stop_gradient(x) * x * x))(b) == 6
    assert type(grad(lambda x: x * x)(1.5)) is np.ndarray
    np.testing.assert_array_equal(jacobian(lambda x: array_namespace(x).sum(x))(np.ones(2)), [1, 1])
    assert vjp(lambda x: x * x, a)[1](1.0)[0].dtype == np.float64


def test_gradients_pass_through_a_jacobian():
    x = np.array([1.0, 2.0])
    f = lambda x: array_namespace(x).sum(jacobian(lambda y: y * y * x)(x) ** 2)  # d/dy = 2 y x = 2 x^2 on the diagonal
    np.testing.assert_allclose(grad(f)(x), 16 * x**3)


# ---- What is refused --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: grad(lambda x: x * x)(x), ValueError, r"f must return a scalar.* shape \(\), got shape \(2,\)"),
        (lambda x: grad(lambda x: (x, x))(x), TypeError, "f must return one array .*has_aux.*got tuple"),
        (lambda x: grad(lambda x: None)(x), TypeError, "f must return one array .*got NoneType"),
        (lambda x: grad(lambda x: x)(3), TypeError, r"argument 0 of f must be .* floating-point .*got 3 \(int\)"),
        (lambda x: grad(lambda a, b: b, 1)(x, np.arange(2)), TypeError, "argument .* of f .*int64"),
        (lambda x: grad(lambda a: a, argnums=1)(x), ValueError, "argnums must name positional .*got 1"),
        (lambda x: grad(lambda a: a, argnums=0.5), TypeError, "argnums must be an integer"),
        (lambda x: grad(lambda a: a, argnums=-1), ValueError, "argnums must be an integer >= 0"),
        (lambda x: grad(lambda a: a, argnums=())(x), ValueError, "at least one array"),
        (lambda x: grad(lambda a: a)([]), ValueError, "at least one array"),
        (lambda x: vjp(lambda x: x, x)[1](np.ones(3)), ValueError, r"cotangent must have .*\(2,\), got \(3,\)"),
        (lambda x: vjp(lambda x: [x], x)[1](x), ValueError, "tree and others must be alike"),
        (lambda x: hvp(lambda x: x @ x, x, np.ones(3)), ValueError, r"cotangent must have .*\(2,\), got \(3,\)"),
        (lambda x: vjp(lambda x: x, x)[1](1.0), ValueError, r"cotangent must have .*\(2,\), got \(\)"),
        (lambda x: value_and_grad(lambda x: x[0], has_aux=True)(x), TypeError, "f must return a pair .*got Traced"),
        (lambda x: jacobian(lambda x: (x, x))(x), TypeError, "f must return one array"),
        (lambda x: jacobian(lambda x: x[:0])(x), ValueError, r"at least one component, got shape \(0,\)"),
        (lambda x: grad(lambda x: np.sum(np.exp(x)))(x), TypeError, "does not support ufuncs"),
        (lambda x: grad(lambda x: np.asarray(x))(x), TypeError, "traced value is no NumPy array"),
    ],
)
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call(np.ones(2))


@pytest.mark.parametrize("name", ["cumulative_prod", "linalg.inv", "no_such_function"])
def test_a_missing_primitive_is_named(name):
    with pytest.raises(autodiff.MissingPrimitive, match=f"no derivative for '{name}'.*primitive.*stop_gradient"):
        grad(lambda x: operator.attrgetter(name)(array_namespace(x))(x))(np.eye(2))
    with pytest.raises(autodiff.MissingPrimitive, match="'full'"):  # would lose the gradient of its fill value
        grad(lambda x: array_namespace(x).sum(array_namespace(x).full((2,), x)))(1.0)


def test_a_primitive_can_be_added(monkeypatch):
    monkeypatch.setattr(autodiff, "PRIMITIVES", dict(autodiff.PRIMITIVES))
    inverse = lambda xp, g, y, x: -y.mT @ g @ y.mT
    autodiff.primitive("linalg.inv", inverse)
    A = np.eye(3) + 0.1 * random.normal(random.stream(7, "inv"), (3, 3), like=F64)
    f = lambda A: array_namespace(A).linalg.trace(array_namespace(A).linalg.inv(A))
    B = np.linalg.inv(A)
    np.testing.assert_allclose(grad(f)(A), -(B @ B).T, rtol=1e-12)
    np.testing.assert_allclose(hvp(f, A, A), 2 * (B @ B).T, rtol=1e-11)


@pytest.mark.parametrize(
    ("name", "at", "expected"),
    [
        ("asin", 1 - 2.0**-40, 1 / math.sqrt(2.0**-40 * (2 - 2.0**-40))),
        ("acos", 1 - 2.0**-40, -1 / math.sqrt(2.0**-40 * (2 - 2.0**-40))),
        ("atanh", 1 - 2.0**-40, 1 / (2.0**-40 * (2 - 2.0**-40))),
        ("acosh", 1e200, 1e-200),
        ("asinh", 1e200, 1e-200),
    ],
)
def test_derivatives_where_squares_lose_digits_or_overflow(name, at, expected):
    slope = grad(lambda x: getattr(array_namespace(x), name)(x))(np.array(at))
    assert float(slope) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_the_angle_of_a_vector_has_a_derivative_at_every_length(size):
    slopes = grad(lambda a, b: array_namespace(a).atan2(a, b), (0, 1))(np.array(3.0 * size), np.array(4.0 * size))
    assert [float(slope) * size for slope in slopes] == pytest.approx([4 / 25, -3 / 25], rel=1e-14)
