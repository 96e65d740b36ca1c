"""Arrays of any library: their namespace, dtype and device, and the one door to the host.

Systems are written to the Python array API standard, so one source runs on NumPy, CuPy, PyTorch, JAX and on
the wrapped arrays of this package (traced values of `core.autodiff`, noisy values of the oracle).
"""

from importlib import import_module
from operator import attrgetter
from typing import Any, TypeAlias

import array_api_compat
import array_api_compat.numpy
import numpy as np

_PLAIN = {np.ndarray, float, int, bool, type(None)}
_NAMESPACES: dict[frozenset[type], Any] = {}  # every function asks, and some libraries search for long
_FLOATING: dict[Any, bool] = {}  # dtype -> whether real floating; array-api-strict compares with each that there is

Array: TypeAlias = Any  # "an array of any library": the standard has no type for it yet


def array_namespace(*arrays):
    """Namespace that serves all of `arrays`.

    Wrapped arrays (a class with an attribute `namespace_priority`) win over plain ones, so that code may mix
    a traced parameter with plain data; Python scalars and None are passed over.

    Parameters
    ----------
    *arrays : array
        At least one array.

    Returns
    -------
    module
        What the code calls `xp`.

    Raises
    ------
    TypeError
        If there is no array, or if plain arrays come from different libraries.

    Examples
    --------
    >>> import numpy as np
    >>> array_namespace(np.zeros(2), 3.0).__name__
    'array_api_compat.numpy'
    """
    kinds = frozenset(map(type, arrays))
    if kinds in _NAMESPACES:
        return _NAMESPACES[kinds]
    if kinds <= _PLAIN and np.ndarray in kinds:
        found = array_api_compat.numpy
    elif wrapped := [x for x in arrays if hasattr(x, "namespace_priority")]:
        return max(wrapped, key=attrgetter("namespace_priority")).__array_namespace__()  # each may have its own
    elif any(kind.__module__.startswith("cupy._core.fusion") for kind in kinds):
        found = import_module("array_api_compat.cupy")  # inside cupy.fuse the arguments are symbols, not arrays
    else:
        found = array_api_compat.array_namespace(*arrays)
    return _NAMESPACES.setdefault(kinds, found)


def is_array(x):
    """Whether `x` is an array of some library (Python and NumPy scalars are not).

    Examples
    --------
    >>> is_array(np.zeros(2)), is_array(np.float64(0)), is_array([0.0])
    (True, False, False)
    """
    return hasattr(x, "namespace_priority") or (array_api_compat.is_array_api_obj(x) and not isinstance(x, np.generic))


def device(x):
    """Device of `x`, in the words of its own library.

    Examples
    --------
    >>> device(np.zeros(2))
    'cpu'
    """
    return x.device if hasattr(x, "namespace_priority") else array_api_compat.device(x)


def to_numpy(x):
    """The values of `x` as a NumPy array: the one place where data leaves a device.

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
    if array_api_compat.is_torch_array(x):
        return x.detach().cpu().numpy()
    if array_api_compat.is_cupy_array(x):
        return x.get()
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
    if dtype is None and np.issubdtype(x.dtype, np.floating):
        dtype = like.dtype
    return xp.asarray(x, dtype=dtype, device=device(like))


def is_floating(x):
    """Whether `x` is an array of real floating-point numbers.

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
