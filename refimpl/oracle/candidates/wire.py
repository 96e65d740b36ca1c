"""Values on the wire: JSON that any language reads, and that brings every float back as it was.

An array is ``{"dtype": "float64", "shape": [2, 3], "data": [...]}`` with its data in row-major order; NaN and the
infinities, which JSON lacks, are the strings "NaN", "Infinity", "-Infinity". Floats print with the fewest digits
that read back to the same double. A candidate may also answer with plain nested lists.
"""

import math

import numpy as np

MAX_DIMENSIONS = 32
_NAMES = {math.inf: "Infinity", -math.inf: "-Infinity"}
_VALUES = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class WireError(ValueError):
    """A value that is not what the wire format says; the message tells where."""


def encode(value):
    """`value` (array, number, string) as plain JSON data.

    Examples
    --------
    >>> encode(np.array([[1.0, np.nan]]))
    {'dtype': 'float64', 'shape': [1, 2], 'data': [1.0, 'NaN']}
    >>> encode(0.1), encode(3), encode("isotropic")
    (0.1, 3, 'isotropic')
    """
    if isinstance(value, np.ndarray):
        # A float32 is sent as the double that it is: exact, and the same digits in every language.
        data = [encode(x) for x in value.ravel().tolist()]
        return {"dtype": value.dtype.name, "shape": list(value.shape), "data": data}
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else _NAMES.get(value, value)
    return value


def decode(value, where="value"):
    """NumPy array of what `encode` wrote, or of plain nested lists of numbers.

    Parameters
    ----------
    value : dict, list, float, int or str
        From JSON.
    where : str
        What to call it in an error.

    Returns
    -------
    numpy.ndarray
        With the dtype given, else float64.

    Raises
    ------
    WireError
        If it is no array of numbers, or shape and data do not fit.

    Examples
    --------
    >>> decode({"dtype": "float64", "shape": [2], "data": [1, "NaN"]})
    array([ 1., nan])
    >>> decode([[1, 2], [3]])
    Traceback (most recent call last):
    refimpl.oracle.candidates.wire.WireError: value is ragged: rows of 2 and 1 entries
    """
    if isinstance(value, dict):
        missing = {"shape", "data"} - value.keys()
        if missing:
            raise WireError(f"{where} lacks {' and '.join(sorted(missing))}; an array has dtype, shape and data")
        shape, data, name = value["shape"], value["data"], value.get("dtype", "float64")
        if name not in ("float64", "float32", "int64", "int32", "bool"):
            raise WireError(f"{where} has dtype {name!r}; expected float64, float32, int64, int32 or bool")
        if not isinstance(shape, list) or any(type(n) is not int or not 0 <= n < 2**63 for n in shape):
            raise WireError(f"{where} has shape {_short(shape)}; expected a list of integers >= 0")
        if len(shape) > MAX_DIMENSIONS:
            raise WireError(f"{where} has more than {MAX_DIMENSIONS} dimensions")
        if not isinstance(data, list) or len(data) != math.prod(shape):
            count = f"{len(data)} entries" if isinstance(data, list) else _short(data)
            raise WireError(f"{where} has {count}; its shape {shape} asks for a flat list of {math.prod(shape)}")
        numbers = [_number(x, where) for x in data]
        if name.startswith("int") and any(isinstance(x, float) and not x.is_integer() for x in numbers):
            raise WireError(f"{where} holds a number that does not fit {name}")
        try:
            with np.errstate(over="raise"):
                return np.array(numbers, dtype=name).reshape(shape)
        except (OverflowError, ValueError, FloatingPointError) as error:
            raise WireError(f"{where} holds a number, or has a size, that does not fit {name}") from error
    if isinstance(value, list):
        return _nested(value, where)
    try:
        return np.asarray(float(_number(value, where)))
    except OverflowError as error:
        raise WireError(f"{where} holds a number that does not fit float64") from error


def _nested(value, where):
    """Array of nested lists, taken apart depth by depth."""
    shape: list[int] = []
    level = [value]
    while level and isinstance(level[0], list):
        sizes = {len(part) if isinstance(part, list) else -1 for part in level}
        if len(sizes) > 1:
            rows = " and ".join("single" if n < 0 else str(n) for n in sorted(sizes, reverse=True)[:2])
            raise WireError(f"{where} is ragged: rows of {rows} entries")
        shape += sizes
        if len(shape) > MAX_DIMENSIONS:
            raise WireError(f"{where} has more than {MAX_DIMENSIONS} dimensions")
        level = [x for part in level for x in part]
    try:
        return np.array([_number(x, where) for x in level], dtype=np.float64).reshape(shape)
    except OverflowError as error:
        raise WireError(f"{where} holds a number that does not fit float64") from error


def _number(value, where):
    if isinstance(value, str) and value in _VALUES:
        return _VALUES[value]
    if isinstance(value, int | float):  # booleans too: an array of them is data like any other
        if value in _NAMES:  # JSON's 1e999; what was meant is not known
            raise WireError(f'{where} holds a number beyond the largest double; write "Infinity" if it is meant')
        return value
    raise WireError(f"{where} holds {_short(value)}, which is no number; write NaN and infinities as strings")


def _short(value):
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
