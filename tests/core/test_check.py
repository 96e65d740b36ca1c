"""Each check lets good values through, and names argument, expectation and value of bad ones."""

import re

import numpy as np
import pytest

from refimpl.core import check
from refimpl.core.autodiff import grad
from refimpl.core.backends import BACKENDS

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
