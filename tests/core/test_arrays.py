"""`core.arrays` and the table of backends, on every library."""

import subprocess
import sys

import numpy as np
import pytest
from array_api_extra import at

from refimpl.core import arrays
from refimpl.core.arrays import (
    array_namespace,
    crossings,
    describe,
    device,
    from_numpy,
    is_array,
    is_floating,
    to_numpy,
)
from refimpl.core.backends import BACKENDS, Backend

VALUES = np.array([[1.0, 2.0, 0.5], [-3.0, np.inf, 0.0]])


class Wrapped:
    """A wrapped array, as `core.autodiff` and the oracle have them."""

    def __init__(self, value, priority):
        self.value, self.namespace_priority = value, priority
        self.dtype, self.shape, self.device = value.dtype, value.shape, value.device

    def __array_namespace__(self):
        return f"namespace of priority {self.namespace_priority}"

    def unwrap(self):
        return self.value


def test_there_and_back(backend):
    x = backend.asarray(VALUES)
    back = to_numpy(x)
    assert type(back) is np.ndarray
    assert back.dtype == backend.precision
    np.testing.assert_array_equal(back, VALUES)


def test_namespace_and_device(backend):
    x = backend.asarray(VALUES)
    assert array_namespace(x) is backend.xp
    assert array_namespace(None, x, 3.0) is backend.xp
    assert device(x) == x.device


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1.0, 2.0], "floating"),
        (np.array([1.0], np.float64), "floating"),
        (np.float64(1.5), "floating"),
        ([1, 2], "int64"),
        ([True, False], "bool"),
        (np.zeros((0, 3)), "floating"),
    ],
)
def test_from_numpy_takes_library_device_and_floating_dtype(values, kind, backend):
    like = backend.asarray(VALUES)
    x = from_numpy(values, like=like)
    assert array_namespace(x) is backend.xp
    assert device(x) == device(like)
    assert x.dtype == (backend.dtype if kind == "floating" else getattr(backend.xp, kind))
    np.testing.assert_array_equal(to_numpy(x), values)


def test_from_numpy_takes_a_given_dtype(backend):
    x = from_numpy([1.0, 2.0], like=backend.asarray(VALUES), dtype=backend.xp.float32)
    assert x.dtype == backend.xp.float32


def test_what_is_an_array(backend):
    xp = backend.xp
    x = backend.asarray([1.0, 2.0])
    assert is_array(x)
    assert is_floating(x)
    assert not is_floating(xp.astype(x, xp.int64))
    assert is_array(xp.astype(x, xp.int64))
    assert not is_floating(x > 0)


@pytest.mark.parametrize("value", [1.0, 1, True, None, [1.0], "text", np.float64(1.0), np.float32(1.0)])
def test_what_is_no_array(value):
    assert not is_array(value)
    assert not is_floating(value)


def test_wrapped_arrays_lead(backend):
    x = backend.asarray(VALUES)
    low, high = Wrapped(x, 1), Wrapped(x, 2)
    assert array_namespace(x, low) == "namespace of priority 1"
    assert array_namespace(low, x, high, 1.0) == "namespace of priority 2"
    assert is_array(low)
    assert device(low) == x.device
    np.testing.assert_array_equal(to_numpy(Wrapped(high, 3)), VALUES)


def test_no_array_and_mixed_libraries_are_refused():
    with pytest.raises(TypeError):
        array_namespace(1.0, None)
    with pytest.raises(TypeError):
        array_namespace()
    with pytest.raises(TypeError):
        array_namespace(BACKENDS["strict"].asarray([1.0]), np.ones(1))


def test_host_values_pass_through():
    x = np.ones(2)
    assert to_numpy(x) is x
    assert to_numpy([1.0, 2.0]).tolist() == [1.0, 2.0]
    assert to_numpy(2.5).shape == ()


@pytest.mark.torch
def test_torch_parameters_come_down_without_their_gradient():
    torch = pytest.importorskip("torch")
    assert to_numpy(torch.ones(2, requires_grad=True)).tolist() == [1.0, 1.0]


def test_strict_backend_would_catch_a_silent_way_to_the_host():
    x = BACKENDS["strict"].asarray([1.0])
    with pytest.raises((RuntimeError, TypeError)):
        np.asarray(x)


def test_strict_arrays_are_not_written_to_and_changed_copies_are_made():
    x = BACKENDS["strict"].asarray([1.0, 2.0])
    with pytest.raises(TypeError, match="JAX, cannot be written to"):
        x[0] = 3.0
    assert to_numpy(at(x)[0].set(3.0)).tolist() == [3.0, 2.0]


def test_a_symbol_of_cupy_fuse_gets_cupys_namespace(monkeypatch):
    symbol = type("_FusionVarArray", (), {"__module__": "cupy._core.fusion"})()
    monkeypatch.setattr(arrays, "import_module", lambda name: name)
    assert array_namespace(symbol, 0.5) == "array_api_compat.cupy"


def test_a_missing_backend_says_why():
    assert Backend("none", "", "no_such_library", "no_such_library").missing() == "no_such_library is not installed"
    assert Backend("broken", "", "numpy", "numpy", usable=lambda: "no driver").missing() == "no driver"
    assert BACKENDS["numpy"].missing() is None


def test_backend_arrays_are_copies_in_the_dtype_asked_for():
    x = np.ones(2)
    y = BACKENDS["numpy"].asarray(x)
    y[0] = 5.0
    assert x[0] == 1.0
    assert BACKENDS["numpy"].asarray([1], dtype="float32").dtype == np.int64
    assert BACKENDS["numpy"].asarray(x, dtype="float32").dtype == np.float32


def test_what_has_a_shape_and_no_dtype_is_described_as_it_prints():
    assert describe(memoryview(b"ab")).endswith("(memoryview)")
    with pytest.raises(TypeError, match=r"x must be an array of real numbers, got <memory at .*> \(memoryview\)"):
        (lambda x: array_namespace(x))(memoryview(b"ab"))


def test_crossings_are_counted(backend):
    x = backend.asarray([1.0, 2.0])
    with crossings() as outer:
        to_numpy(x)
        with crossings() as inner:
            to_numpy(x)
            to_numpy(np.ones(2))
            float(backend.xp.sum(x))
    to_numpy(x)
    each = [] if backend.name == "numpy" else ["test_crossings_are_counted (2,)"]
    assert (outer, inner) == (2 * each, each)


@pytest.mark.parametrize(
    ("before", "heavy"),
    [
        ("import refimpl.core.arrays, numpy, scipy.special", ("numpy.f2py.crackfortran", "numpy.testing._private")),
        ("from refimpl.oracle.cli import _parser; from refimpl.oracle.output import terminal", ("numpy",)),
        ("import refimpl.oracle.commands.check", ("scipy.special", "scipy.stats")),
    ],
)
def test_a_start_waits_for_nothing_that_it_does_not_need(before, heavy):
    code = f"""{before}
import sys
assert not {set(heavy)} & set(sys.modules), sys.modules.keys()
import numpy
numpy.testing.assert_equal(numpy.f2py.crackfortran.__name__, "numpy.f2py.crackfortran")
from numpy.testing import assert_allclose
import numpy.testing.overrides
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
