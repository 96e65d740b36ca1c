"""Arrays of any library: their namespace, dtype and device, and the one door to the host.

Systems are written to the Python array API standard, so one source runs on NumPy, CuPy, PyTorch, JAX and on
the wrapped arrays of this package (traced values of `core.autodiff`, noisy values of the oracle).
"""

import sys
from contextlib import contextmanager
from importlib import import_module
from importlib.util import LazyLoader, find_spec, module_from_spec
from operator import attrgetter
from typing import Annotated, Any, TypeAlias

import numpy as np


def _load_when_used(name):
    """Let a part of a package be there, and be loaded when something of it is asked for."""
    package, _, part = name.rpartition(".")
    spec = None if name in sys.modules else find_spec(name)
    if spec and spec.loader:
        spec.loader = LazyLoader(spec.loader)
        module = sys.modules[name] = module_from_spec(spec)
        spec.loader.exec_module(module)
        setattr(sys.modules[package], part, module)


# array_api_compat, and the copy of it in SciPy, say `from numpy import *`: that loads these, half of a short start.
_load_when_used("numpy.f2py")
_load_when_used("numpy.testing")

import array_api_compat  # noqa: E402
import array_api_compat.numpy  # noqa: E402

_SCALARS = {float, int, bool, type(None)}
_PLAIN = {np.ndarray, *_SCALARS}
_REAL = frozenset("biuf")  # kinds of dtype: booleans, integers, floating-point numbers
_NAMESPACES: dict[frozenset[type], Any] = {}  # every function asks, and some libraries search for long
_OPEN: list[list[str]] = []  # what `crossings` counts into
_FLOATING: dict[Any, bool] = {}  # dtype -> whether real floating; array-api-strict compares with each that there is

Array: TypeAlias = Annotated[Any, "array"]  # "an array of any library": the standard has no type for it yet


def array_namespace(*arrays):
    """Namespace that serves all of `arrays`.

    Wrapped arrays (a class with an attribute `namespace_priority`) win over plain ones, so that code may mix
    a traced parameter with plain data; Python scalars and None are passed over.

    Parameters
    ----------
    *arrays : array, or any scalar or None
        At least one array.

    Returns
    -------
    module
        What the code calls `xp`.

    Raises
    ------
    TypeError
        If there is no array, if something is neither array nor scalar, if an array is masked or not of real numbers, or
        if plain arrays come from different libraries. The message names the argument of the function that asked.

    Examples
    --------
    >>> import numpy as np
    >>> array_namespace(np.zeros(2), 3.0).__name__
    'array_api_compat.numpy'
    >>> (lambda weights: array_namespace(weights))(np.array(["heavy"]))
    Traceback (most recent call last):
    TypeError: weights must be an array of real numbers, got an array of dtype <U5 and shape (1,)
    """
    kinds = frozenset(map(type, arrays))
    for x in arrays:
        if type(x) is np.ndarray and x.dtype.kind not in _REAL:
            _refuse(x)
    if kinds in _NAMESPACES:
        return _NAMESPACES[kinds]
    if kinds <= _PLAIN and np.ndarray in kinds:
        found = array_api_compat.numpy
    elif wrapped := [x for x in arrays if hasattr(x, "namespace_priority")]:
        return max(wrapped, key=attrgetter("namespace_priority")).__array_namespace__()  # each may have its own
    elif any(kind.__module__.startswith("cupy._core.fusion") for kind in kinds):
        found = import_module("array_api_compat.cupy")  # inside cupy.fuse the arguments are symbols, not arrays
    else:
        plain = [x for x in arrays if type(x) not in _SCALARS]
        for x in plain or arrays:
            if not (is_array(x) or isinstance(x, np.number | np.bool)):
                _refuse(x)
        found = array_api_compat.array_namespace(*arrays)
    return _NAMESPACES.setdefault(kinds, found)


def _refuse(x):
    """Say that `x` is no array, by its name in the function that asked for the namespace."""
    names = [name for name, value in sys._getframe(2).f_locals.items() if value is x]
    raise TypeError(f"{' or '.join(names) or 'each of arrays'} must be an array of real numbers, got {describe(x)}")


def describe(value):
    """A value in a message: arrays by library, dtype and shape, everything else as it prints.

    Parameters
    ----------
    value : any
        What a message is about.

    Returns
    -------
    str
        At most some 80 characters.

    Examples
    --------
    >>> describe(np.zeros(2)), describe("0.5"), describe(10**400)
    ('an array of dtype float64 and shape (2,)', "'0.5' (str)", 'an integer of 1329 bits')
    """
    if (
        isinstance(getattr(value, "shape", None), tuple)
        and hasattr(value, "dtype")
        and not isinstance(value, np.generic)
    ):
        masked = "a masked array" if isinstance(value, np.ma.MaskedArray) else "an array"
        return f"{masked} of dtype {value.dtype} and shape {tuple(value.shape)}"
    if isinstance(value, int) and value.bit_length() > 1000:  # which may be too long to print
        return f"an integer of {value.bit_length()} bits"
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(value).__name__})"


def is_array(x):
    """Whether `x` is an array of real numbers or booleans of some library (Python and NumPy scalars are not).

    Masked arrays, and NumPy's arrays of complex numbers, strings and objects, are not.

    Parameters
    ----------
    x : any
        An array or not.

    Returns
    -------
    bool
        False, and no error, for whatever else it is.

    Examples
    --------
    >>> is_array(np.zeros(2)), is_array(np.float64(0)), is_array([0.0]), is_array(np.array(["a"]))
    (True, False, False, False)
    """
    if hasattr(x, "namespace_priority"):
        return True
    if isinstance(x, np.ndarray):
        return x.dtype.kind in _REAL and not isinstance(x, np.ma.MaskedArray)
    return array_api_compat.is_array_api_obj(x) and not isinstance(x, np.generic)


def device(x):
    """Device of `x`, in the words of its own library.

    Examples
    --------
    >>> device(np.zeros(2))
    'cpu'
    """
    if not (is_array(x) or isinstance(x, np.number)):
        raise TypeError(f"x must be an array of real numbers, got {describe(x)}")
    return x.device if hasattr(x, "namespace_priority") else array_api_compat.device(x)


@contextmanager
def crossings():
    """Count the arrays that cross to the host while it is open: those of other libraries that `to_numpy` is handed.

    A single number that a check or a test of convergence looks at (``float(x)``, ``bool(x)``) is no such array.

    Yields
    ------
    list of str
        Grows with each: the function that asked, and the shape.

    Examples
    --------
    >>> import array_api_strict as xs
    >>> with crossings() as crossed:
    ...     x = to_numpy(xs.ones((2, 3)))
    ...     y = to_numpy(x)  # is there already
    >>> crossed
    ['<module> (2, 3)']
    """
    crossed: list[str] = []
    _OPEN.append(crossed)
    try:
        yield crossed
    finally:
        _OPEN[:] = [other for other in _OPEN if other is not crossed]


def to_numpy(x):
    """The values of `x` as a NumPy array: the one place where data leaves a device, counted by `crossings`.

    Parameters
    ----------
    x : array
        Any shape, dtype, library and device; a NumPy array comes back as it is.

    Returns
    -------
    numpy.ndarray
        Same shape and dtype.

    Examples
    --------
    >>> import array_api_strict as xs
    >>> to_numpy(xs.ones(2, device=xs.Device("device1")))
    array([1., 1.])
    """
    if hasattr(x, "namespace_priority"):
        return to_numpy(x.unwrap())
    if isinstance(x, np.ndarray | np.generic | float | int | list | tuple):
        return np.asarray(x)
    for crossed in _OPEN:
        crossed.append(f"{sys._getframe(1).f_code.co_name} {tuple(x.shape)}")
    if array_api_compat.is_torch_array(x):
        return x.detach().cpu().numpy()
    if array_api_compat.is_cupy_array(x):
        return x.get()
    if hasattr(x, "asnumpy"):  # dpnp
        return x.asnumpy()
    xp = array_namespace(x)
    if hasattr(xp, "Device"):  # array-api-strict: its CPU is one of several pretended devices
        x = xp.asarray(x, device=xp.Device("CPU_DEVICE"))
    return np.asarray(x)


def from_numpy(x, *, like, dtype=None):
    """`x` as an array of the library, device and (unless `dtype` is given) floating dtype of `like`.

    Parameters
    ----------
    x : numpy.ndarray or nested lists of numbers
        Floating values take the dtype of `like`; integers and booleans keep their kind.
    like : array
        Whose library, device and dtype to take.
    dtype : dtype, optional
        A dtype of that library.

    Returns
    -------
    array
        Same shape as `x`.

    Examples
    --------
    >>> import numpy as np
    >>> from_numpy([1.0, 2.0], like=np.zeros(1, dtype=np.float32)).dtype
    dtype('float32')
    """
    xp = array_namespace(like)
    x = np.asarray(x)
    if x.dtype.kind not in _REAL:
        raise TypeError(f"x must be real numbers, got {describe(x)}")
    if dtype is None and np.issubdtype(x.dtype, np.floating):
        dtype = like.dtype
    return xp.asarray(x, dtype=dtype, device=device(like))


def is_floating(x):
    """Whether `x` is an array of real floating-point numbers.

    Parameters
    ----------
    x : any
        An array or not.

    Returns
    -------
    bool
        False, and no error, for whatever else it is.

    Examples
    --------
    >>> is_floating(np.zeros(2)), is_floating(np.array([1, 2]))
    (True, False)
    """
    if not is_array(x):
        return False
    dtype = x.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "biufc":
        return dtype.kind == "f"  # the usual case
    if dtype not in _FLOATING:
        _FLOATING[dtype] = array_namespace(x).isdtype(dtype, "real floating")
    return _FLOATING[dtype]
