"""Each check lets good values through, and names argument, expectation and value of bad ones."""

import math
import re

import numpy as np
import pytest

from refimpl.core import check
from refimpl.core.arrays import array_namespace
from refimpl.core.autodiff import grad
from refimpl.core.backends import BACKENDS
from refimpl.core.elementwise import all_finite

NUMBERS = {
    "positive": ("a finite number > 0", [1, 0.5, np.float32(0.5), np.int64(2)], [0, -1.0, np.inf, np.nan]),
    "nonnegative": ("a finite number >= 0", [0, 0.5, np.float64(0.5)], [-1e-300, np.inf, np.nan]),
    "fraction": ("a number in [0, 1)", [0, 0.999, np.float32(0.5)], [1, -0.1, np.inf, np.nan]),
    "share": ("a number in (0, 1]", [1, 0.001, np.float32(0.5)], [0, 1.001, np.inf, np.nan]),
    "number": ("a finite number", [0, -2.5, 10**6], [np.inf, -np.inf, np.nan]),
}
NO_NUMBERS = ["0.5", None, True, [0.5], 1j, np.ones(1), np.array(1)]


def error(kind, message):
    return pytest.raises(kind, match=f"^{re.escape(message)}")


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers(name):
    expected, good, bad = NUMBERS[name]
    function = getattr(check, name)
    for value in good:
        result = function(lr=value)
        assert type(result) is float
        assert result == value
    assert function(lr=good[0], eps=good[1]) == (good[0], good[1])
    for value in bad:
        with error(ValueError, f"lr must be {expected}, got {float(value)!r}"):
            function(lr=value)
        with error(ValueError, "eps must be"):
            function(lr=good[0], eps=value)
    for value in NO_NUMBERS:
        with error(TypeError, f"lr must be {expected}, got "):
            function(lr=value)


def test_numbers_on_a_device_stay_there(backend):
    lr = backend.asarray(0.5)
    assert check.positive(lr=lr) is lr
    with error(ValueError, "lr must be a finite number > 0, got -0.5"):
        check.positive(lr=-lr)
    with error(TypeError, "lr must be a finite number > 0, got an array of dtype"):
        check.positive(lr=backend.asarray([0.5]))


def test_a_traced_number_keeps_its_trace():
    assert grad(lambda lr: check.positive(lr=lr) ** 2)(np.array(3.0)) == 6.0


def test_integer():
    for value in (3, np.int32(3)):
        result = check.integer(steps=value)
        assert (type(result), result) == (int, 3)
    assert check.integer(a=0, b=2) == (0, 2)
    with error(ValueError, "steps must be an integer >= 1, got 0"):
        check.integer(steps=0, minimum=1)
    for value in (1.0, True, "1", None):
        with error(TypeError, f"steps must be an integer >= 0, got {value!r} ({type(value).__name__})"):
            check.integer(steps=value)


def test_flag():
    for value in (True, np.True_):
        assert check.flag(denoise=value) is True
    assert check.flag(a=np.False_, b=True) == (False, True)
    for value in ("False", "", 0, 1, None, np.array(True), [True]):
        with error(TypeError, "denoise must be True or False, got "):
            check.flag(denoise=value)


def test_numbers_that_no_computer_holds():
    for value in (10**400, -(10**400), 10**5000):
        for name in NUMBERS:
            with error(ValueError, f"lr must be {NUMBERS[name][0]}, got an integer of "):
                getattr(check, name)(lr=value)
        with error(ValueError, "steps must be an integer >= 0"):
            check.integer(steps=value)
    assert check.integer(seed=10**400, below=math.inf) == 10**400
    with error(ValueError, "i must be an integer >= 0 and < 3, got 3"):
        check.integer(i=3, below=3)


@pytest.mark.parametrize("value", [np.ma.array([1.0, 2.0]), np.ones(2) * 1j, np.array(["1"]), np.array([1.0], object)])
def test_what_only_looks_like_an_array(value):
    for function in (check.array, check.floating, check.finite, check.integral, check.values):
        with error(TypeError, "x must be a"):
            function(x=value)
    with error(TypeError, "x must be an array of shape [n]"):
        check.shapes(x=(value, "n"))
    with error(TypeError, "params must be an array of floating-point numbers"):
        check.alike(params=value, grad=np.ones(2))
    with error(TypeError, "lr must be a finite number"):
        check.number(lr=value)


def test_what_is_no_array():
    check.rng(rng=np.random.default_rng(0)), check.function(f=abs), check.instance((list, tuple), rows=[])
    check.provides("keys", table={}), check.sequence(rows=[0], more=iter(())), check.values(x=1.0, y=np.ones(2))
    for rng in (0, None, np.random, np.random.RandomState(0), "seed"):
        with error(TypeError, "rng must be a numpy.random.Generator"):
            check.rng(rng=rng)
    with error(TypeError, "rows must be of type list or tuple, got 'ab' (str)"):
        check.instance((list, tuple), rows="ab")
    for value in ("ab", None, 0.5, np.array(1.0)):
        with error(TypeError, "rows must be a list with at least one entry"):
            check.sequence(rows=value)
    for value in ("1", [["1"]], [1j], np.ma.array([1.0]), [[1.0], [1.0, 2.0]], None, [True]):
        with error(TypeError, "matrix must be real numbers, got"):
            check.real(matrix=value)


def test_alike(backend):
    x = backend.asarray([1.0, 2.0])
    check.alike(params=x, grad=-x), check.alike(params=x)
    with error(ValueError, "m must have shape (2,)"):
        check.alike(params=x, grad=x, m=x[:1])
    infinite = backend.asarray([math.inf, -math.inf])
    for given in ({"params": infinite, "grad": x}, {"grad": x, "params": infinite}):
        with error(ValueError, "params must be finite, got 2 of 2 entries"):
            check.alike(**given)


def test_large_numbers_are_finite_and_nobody_is_warned():
    """The look at all entries is a sum of squares, which may overflow."""
    with np.errstate(all="raise"):
        for dtype in (np.float16, np.float32, np.float64, np.longdouble):
            x = np.full(9, np.finfo(dtype).max, dtype)
            assert all_finite(x)
            assert not all_finite(np.append(x, dtype(np.nan)))


def test_choice():
    check.choice(("a", "b"), mode="b")
    with error(ValueError, "mode must be one of 'a', 'b', got 'c' (str)"):
        check.choice(("a", "b"), mode="c")


def test_long_values_are_cut_short_in_messages():
    with error(TypeError, f"lr must be a finite number, got '{'x' * 56}... (str)"):
        check.number(lr="x" * 100)


def test_floating(backend):
    xp = backend.xp
    check.floating(params=backend.asarray([1.0]))
    for value in (backend.asarray([1]), backend.asarray([True])):
        message = (
            f"params must be an array of floating-point numbers, got an array of dtype {value.dtype} and shape (1,)"
        )
        with error(TypeError, message):
            check.floating(params=value)
    for value in (1.0, [1.0], None, xp):
        with error(TypeError, "params must be an array of floating-point numbers, got "):
            check.floating(params=value)


def test_finite(backend):
    check.finite(grad=backend.asarray(np.ones((2, 3))), params=backend.asarray(0.0))
    check.finite(grad=backend.asarray(np.zeros((0, 3))))
    with error(ValueError, "grad must be finite, got 3 of 4 entries NaN or infinite"):
        check.finite(grad=backend.asarray([[1.0, np.nan], [np.inf, -np.inf]]))
    with error(TypeError, "grad must be an array of floating-point numbers"):
        check.finite(grad=backend.asarray([1, 2]))


def test_finite_in_large_arrays():
    x = np.ones(2**20, np.float32)
    check.finite(grad=x)
    x[-1] = np.nan
    with error(ValueError, "grad must be finite, got 1 of 1048576 entries NaN or infinite"):
        check.finite(grad=x)


def test_indices(backend):
    xp = array_namespace(backend.asarray(0.0))
    check.indices(3, rows=xp.asarray([0, 2]), none=xp.asarray([], dtype=xp.int64))
    for bad, got in (([0, 3], "0 to 3"), ([-1, 2], "-1 to 2")):
        with error(ValueError, f"rows must be in [0, 3), got values from {got}"):
            check.indices(3, rows=xp.asarray(bad))
    with error(TypeError, "rows must be an array of integers, got an array of dtype"):
        check.indices(3, rows=backend.asarray([0.0]))


def test_no_negative(backend):
    check.no_negative(v=backend.asarray([0.0, 2.0]), w=backend.asarray(np.zeros(0)))
    with error(ValueError, "v must be >= 0 in every entry, got -0.5"):
        check.no_negative(w=backend.asarray([1.0]), v=backend.asarray([1.0, -0.5]))
    with error(TypeError, "v must be an array of floating-point numbers, got [1.0] (list)"):
        check.no_negative(v=[1.0])


def test_like(backend):
    x = backend.asarray([1.0, 2.0])
    check.like(x, grad=2 * x, momentum=-x)
    check.like(x)
    for value in (x[:1], backend.asarray([[1.0, 2.0]])):
        message = f"grad must have shape (2,), dtype {x.dtype}, got an array of dtype {x.dtype} and shape "
        with error(ValueError, f"{message}{tuple(value.shape)}"):
            check.like(x, momentum=x, grad=value)
    other = backend.backend.asarray([1.0, 2.0], dtype={"float64": "float32"}.get(backend.precision, "float64"))
    with error(ValueError, f"grad must have shape (2,), dtype {x.dtype}, got an array of dtype {other.dtype}"):
        check.like(x, grad=other)
    with error(TypeError, "grad must be an array of floating-point numbers, got [1.0] (list)"):
        check.like(x, grad=[1.0])
    with error(TypeError, "what grad must be like must be an array of floating-point numbers, got [1.0] (list)"):
        check.like([1.0], grad=x)


def test_like_refuses_other_libraries_and_devices():
    strict, plain = BACKENDS["strict"], np.ones(2)
    elsewhere = strict.xp.asarray([1.0, 2.0], device=strict.xp.Device("device2"))
    for value, reference in (
        (plain, strict.asarray(plain)),
        (strict.asarray(plain), plain),
        (elsewhere, strict.asarray(plain)),
    ):
        with error(ValueError, "grad must be of the same array library and device as its fellow arguments ("):
            check.like(reference, grad=value)


def test_like_lets_traced_and_plain_arrays_meet():
    x = np.ones(2)

    def f(traced):
        check.like(traced, grad=x)
        check.like(x, grad=traced)
        return traced @ x

    assert grad(f)(x).tolist() == [1.0, 1.0]


def test_shapes(backend):
    x, e = backend.asarray(np.ones((5, 2))), backend.asarray(np.ones(5))
    assert check.shapes(x=(x, "N d"), e=(e, "N")) == {"N": 5, "d": 2}
    assert check.shapes(x=(x, "N 2"), scalar=(backend.asarray(1.0), "")) == {"N": 5}
    for named, message in (
        ({"x": (x, "N d"), "e": (e[:4], "N")}, "e must have shape [N] with N=5, got (4,)"),
        ({"x": (x, "N")}, "x must have shape [N] with every size >= 1, got (5, 2)"),
        ({"x": (x, "N N")}, "x must have shape [N, N] with every size >= 1, got (5, 2)"),
        ({"x": (x, "N 3")}, "x must have shape [N, 3] with every size >= 1, got (5, 2)"),
        ({"x": (x[:0, :], "N d")}, "x must have shape [N, d] with every size >= 1, got (0, 2)"),
        ({"e": (e, "N"), "x": (x, "d N")}, "x must have shape [d, N] with N=5, got (5, 2)"),
    ):
        with error(ValueError, message):
            check.shapes(**named)
    with error(TypeError, "x must be an array of shape [N, d], got [[1.0]] (list)"):
        check.shapes(x=([[1.0]], "N d"))
