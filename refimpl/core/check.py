"""Argument checks, a line each at the call site.

Each check names its argument by keyword, so that the message can: ``check.positive(lr=lr)``. Checks of numbers
return them as Python floats, because a NumPy scalar would promote a float32 array to float64 and a Python one
does not: ``lr, eps = check.positive(lr=lr, eps=eps)``.
"""

import math
from collections.abc import Callable, Iterable, Sized
from functools import cache
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Annotated, Union, get_args, get_origin, get_type_hints

import numpy as np

from refimpl.core.arrays import Array, array_namespace, describe, device, is_array, is_floating
from refimpl.core.elementwise import all_finite, least


def _numbers(named, expected, accept):
    """Check and convert every number of `named`; one comes back alone, several as a tuple."""
    out = []
    for name, value in named.items():
        if type(value) is float:  # the usual case: a small step should not wait for its checks
            number = tested = value
        elif is_floating(value) and tuple(value.shape) == ():
            number = value  # a 0-d array (a traced step size, a schedule on the device) stays what it is
            tested = float(value)
        elif isinstance(value, Real) and not isinstance(value, bool):
            if isinstance(value, int) and value.bit_length() > 1000:  # near the end of the range, or past it
                raise ValueError(f"{name} must be {expected}, got {describe(value)}")
            number = tested = float(value)
        else:
            raise TypeError(f"{name} must be {expected}, got {describe(value)}")
        if not accept(tested):  # written so that NaN is refused
            raise ValueError(f"{name} must be {expected}, got {tested!r}")
        out.append(number)
    return out[0] if len(out) == 1 else tuple(out)


def positive(*, infinite=False, **named):
    """Finite numbers > 0, as Python floats; if `infinite`, infinity too, which switches a bound off.

    Examples
    --------
    >>> positive(lr=0.1)
    0.1
    >>> positive(lr=-0.1)
    Traceback (most recent call last):
    ValueError: lr must be a finite number > 0, got -0.1
    """
    if infinite:
        return _numbers(named, "a number > 0", lambda v: v > 0)
    return _numbers(named, "a finite number > 0", lambda v: 0 < v < math.inf)


def nonnegative(*, infinite=False, **named):
    """Finite numbers >= 0, as Python floats; if `infinite`, infinity too.

    Examples
    --------
    >>> nonnegative(weight_decay=0, sigma=1.5)
    (0.0, 1.5)
    """
    if infinite:
        return _numbers(named, "a number >= 0", lambda v: v >= 0)
    return _numbers(named, "a finite number >= 0", lambda v: 0 <= v < math.inf)


def fraction(**named):
    """Numbers in [0, 1), as Python floats: decay rates and momenta.

    Examples
    --------
    >>> fraction(beta1=1)
    Traceback (most recent call last):
    ValueError: beta1 must be a number in [0, 1), got 1.0
    """
    return _numbers(named, "a number in [0, 1)", lambda v: 0 <= v < 1)


def share(**named):
    """Numbers in (0, 1], as Python floats: the weight of what is new in an average.

    Examples
    --------
    >>> share(gamma=0)
    Traceback (most recent call last):
    ValueError: gamma must be a number in (0, 1], got 0.0
    """
    return _numbers(named, "a number in (0, 1]", lambda v: 0 < v <= 1)


def number(**named):
    """Finite numbers of any sign, as Python floats.

    Examples
    --------
    >>> number(c=float("nan"))
    Traceback (most recent call last):
    ValueError: c must be a finite number, got nan
    """
    return _numbers(named, "a finite number", math.isfinite)


def integer(*, minimum=0, below=2**63, **named):
    """Integers >= `minimum`, as Python ints; and less than `below`: more than any array or loop can count.

    Examples
    --------
    >>> integer(steps=10, minimum=1)
    10
    >>> integer(steps=1.5)
    Traceback (most recent call last):
    TypeError: steps must be an integer >= 0, got 1.5 (float)
    """
    out = []
    for name, value in named.items():
        if not isinstance(value, Integral) or isinstance(value, bool):
            raise TypeError(f"{name} must be an integer >= {minimum}, got {describe(value)}")
        number = int(value)
        if not minimum <= number < below:
            limit = "" if number < minimum else f" and < {below if below < 2**32 else f'2**{math.log2(below):g}'}"
            got = number if abs(number) < 2**64 else describe(number)
            raise ValueError(f"{name} must be an integer >= {minimum}{limit}, got {got}")
        out.append(number)
    return out[0] if len(out) == 1 else tuple(out)


def _kinds(named, expected, accept):
    """Refuse what is of another kind than `accept` takes."""
    for name, value in named.items():
        if not accept(value):
            raise TypeError(f"{name} must be {expected}, got {describe(value)}")


def flag(**named):
    """Switches, as Python bools: True or False, NumPy's too; no strings, of which every one is true, and no numbers.

    Examples
    --------
    >>> flag(denoise=False)
    False
    >>> flag(denoise="False")
    Traceback (most recent call last):
    TypeError: denoise must be True or False, got 'False' (str)
    """
    _kinds(named, "True or False", lambda value: isinstance(value, bool | np.bool))
    out = tuple(map(bool, named.values()))
    return out[0] if len(out) == 1 else out


def rng(**named):
    """NumPy's generators: not its module, nor the older RandomState, whose methods differ.

    Examples
    --------
    >>> rng(rng=0)
    Traceback (most recent call last):
    TypeError: rng must be a numpy.random.Generator (core.random.stream makes one), got 0 (int)
    """
    expected = "a numpy.random.Generator (core.random.stream makes one)"
    _kinds(named, expected, lambda value: isinstance(value, np.random.Generator))


def function(**named):
    """What can be called.

    Examples
    --------
    >>> function(grad=None)
    Traceback (most recent call last):
    TypeError: grad must be a function, got None (NoneType)
    """
    _kinds(named, "a function", callable)


def instance(kind, **named):
    """Things of one class, or of one of several: a state, a model, a problem.

    Examples
    --------
    >>> instance(dict, params=[1.0])
    Traceback (most recent call last):
    TypeError: params must be of type dict, got [1.0] (list)
    """
    kinds = kind if isinstance(kind, tuple) else (kind,)
    _kinds(named, f"of type {' or '.join(k.__name__ for k in kinds)}", lambda value: isinstance(value, kinds))


def fields(kind, *, infinite=(), **named):
    """States, laws and problems of one class, field by field as the class says what they are: arrays are finite.

    Parameters
    ----------
    kind : type
        A NamedTuple with annotations: Array, float, int, bool, str, other such classes, lists and tuples of these.
    infinite : sequence of str, optional
        Fields that need not be finite.
    **named : kind
        What comes from outside.

    Returns
    -------
    kind, or tuple of them
        The same, with NumPy's scalars as Python numbers where the class has numbers.

    Raises
    ------
    TypeError, ValueError
        If something is of another class, or a field of another kind or not finite.

    Examples
    --------
    >>> from typing import NamedTuple
    >>> from refimpl.core.arrays import Array
    >>> class State(NamedTuple):
    ...     velocity: Array
    ...     steps: int = 0
    >>> fields(State, state=State(np.ones(1), np.int64(3)))
    State(velocity=array([1.]), steps=3)
    >>> fields(State, state=State(np.array([np.inf, 1.0])))
    Traceback (most recent call last):
    ValueError: state.velocity must be finite, got 1 of 2 entries NaN or infinite
    """
    instance(kind, **named)
    out = []
    for name, value in named.items():
        changed = {}
        for field, hint in _hints(kind).items():
            part = getattr(value, field)
            if _usual(hint, part):
                continue
            if (found := _field(f"{name}.{field}", hint, part, field in infinite)) is not part:
                changed[field] = found
        out.append(value._replace(**changed) if changed else value)
    return out[0] if len(out) == 1 else tuple(out)


def _usual(hint, value):
    """Whether a field is a finite array of NumPy's or float of Python's, as nearly all are: in a fifth of the time."""
    return (hint in _ARRAYS and _usual_array(value)) or (hint is float is type(value) and math.isfinite(value))


def _usual_array(value):
    return type(value) is np.ndarray and value.dtype.kind == "f" and all_finite(value)


_ARRAYS = (Array, Array | None)
_hints = cache(lambda kind: {k: v for k, v in get_type_hints(kind, include_extras=True).items() if k in kind._fields})


def _field(name, hint, value, infinite):
    """A field, checked by its annotation and converted; what has none that says anything is taken."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        if value is None and NoneType in parts:
            return value
        hint = next(part for part in parts if part is not NoneType)
        origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated or hint is np.ndarray:
        if not (is_array(value) or (isinstance(value, Real) and not isinstance(value, bool))):
            raise TypeError(f"{name} must be an array of real numbers, got {describe(value)}")
        if is_floating(value) and not infinite:
            finite(**{name: value})
        elif not is_array(value) and not infinite:
            number(**{name: value})
    elif hint is float:
        return _numbers({name: value}, "a number", lambda v: True) if infinite else number(**{name: value})
    elif hint is int:
        return integer(minimum=-(2**63), **{name: value})
    elif hint is bool:
        return flag(**{name: value})
    elif hint is str:
        instance(str, **{name: value})
    elif Callable in (hint, origin):
        function(**{name: value})
    elif origin in (list, tuple):
        instance((list, tuple), **{name: value})
        hints = parts * len(value) if origin is list else parts[:1] * len(value) if parts[1:] == (...,) else parts
        if len(hints) != len(value):
            raise ValueError(f"{name} must have {len(hints)} entries, got {len(value)}")
        found = [_field(f"{name}[{i}]", h, x, infinite) for i, (h, x) in enumerate(zip(hints, value, strict=True))]
        return value if all(a is b for a, b in zip(found, value, strict=True)) else type(value)(found)
    elif isinstance(hint, type) and hasattr(hint, "_fields"):
        return fields(hint, **{name: value})
    return value


def real(**named):
    """A nested list of real numbers, or an array of them, as a new NumPy array of float64.

    Examples
    --------
    >>> real(matrix=[["1"]])
    Traceback (most recent call last):
    TypeError: matrix must be real numbers, got [['1']] (list)
    """
    ((name, value),) = named.items()
    try:
        found = np.array(value)
    except ValueError:  # ragged
        found = np.array(None)
    if found.dtype.kind not in "iuf" or isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} must be real numbers, got {describe(value)}")
    return found.astype(float)


def results(count, **named):
    """What a user's function returns where it should return several things: a tuple or list of so many.

    Examples
    --------
    >>> results(2, gradient=(1.0, 2.0))
    (1.0, 2.0)
    >>> results(2, gradient=None)
    Traceback (most recent call last):
    TypeError: gradient must return a tuple of 2, got None (NoneType)
    """
    ((name, value),) = named.items()
    if not isinstance(value, tuple | list):
        raise TypeError(f"{name} must return a tuple of {count}, got {describe(value)}")
    if len(value) != count:
        raise ValueError(f"{name} must return a tuple of {count}, got {len(value)}")
    return tuple(value)


def provides(*attributes, **named):
    """Things that have what is asked of them: a problem or model of whatever class; if a NamedTuple, see `fields` too.

    Examples
    --------
    >>> provides("keys", "items", table=[1.0])
    Traceback (most recent call last):
    TypeError: table must be something with keys, items, got [1.0] (list)
    """
    expected = f"something with {', '.join(attributes)}"
    _kinds(named, expected, lambda value: all(hasattr(value, attribute) for attribute in attributes))
    for name, value in named.items():
        if hasattr(type(value), "_fields"):
            fields(type(value), **{name: value})


def sequence(**named):
    """Lists and what else can be gone through, with at least one entry; no strings.

    Examples
    --------
    >>> sequence(sizes=[])
    Traceback (most recent call last):
    ValueError: sizes must be a list with at least one entry, got [] (list)
    """
    for name, value in named.items():
        if not isinstance(value, Iterable) or isinstance(value, str | bytes) or getattr(value, "shape", None) == ():
            raise TypeError(f"{name} must be a list with at least one entry, got {describe(value)}")
        if isinstance(value, Sized) and not len(value):
            raise ValueError(f"{name} must be a list with at least one entry, got {describe(value)}")


def broadcast(**named):
    """Arrays and numbers whose shapes go together.

    Examples
    --------
    >>> import numpy as np
    >>> broadcast(x=np.zeros(2), y=np.zeros(3))
    Traceback (most recent call last):
    ValueError: x, y must have shapes that go together, got (2,), (3,)
    """
    shapes = [tuple(getattr(value, "shape", ())) for value in named.values()]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        together = f"{', '.join(named)} must have shapes that go together"
        raise ValueError(f"{together}, got {', '.join(map(str, shapes))}") from None


def choice(options, **named):
    """Strings (or integers) that must be one of `options`.

    Examples
    --------
    >>> choice(("old", "drifted"), noise_from="new")
    Traceback (most recent call last):
    ValueError: noise_from must be one of 'old', 'drifted', got 'new' (str)
    """
    for name, value in named.items():
        if not isinstance(value, str | Integral) or isinstance(value, bool) or value not in options:
            expected = ", ".join(map(repr, options))
            raise ValueError(f"{name} must be one of {expected}, got {describe(value)}")


def array(**named):
    """Arrays of real numbers or booleans, of any library.

    Examples
    --------
    >>> array(like=None)
    Traceback (most recent call last):
    TypeError: like must be an array of real numbers, got None (NoneType)
    """
    _kinds(named, "an array of real numbers", is_array)


def floating(**named):
    """Arrays of real floating-point numbers.

    Examples
    --------
    >>> floating(params=[1.0, 2.0])
    Traceback (most recent call last):
    TypeError: params must be an array of floating-point numbers, got [1.0, 2.0] (list)
    """
    _kinds(named, "an array of floating-point numbers", is_floating)


def integral(**named):
    """Arrays of integers.

    Examples
    --------
    >>> import numpy as np
    >>> integral(labels=np.array([1.0]))
    Traceback (most recent call last):
    TypeError: labels must be an array of integers, got an array of dtype float64 and shape (1,)
    """
    accept = lambda value: is_array(value) and array_namespace(value).isdtype(value.dtype, "integral")
    _kinds(named, "an array of integers", accept)


def indices(size, **named):
    """Arrays of integers from 0 to `size` - 1: labels, row numbers.

    Examples
    --------
    >>> import numpy as np
    >>> indices(3, labels=np.array([0, 3]))
    Traceback (most recent call last):
    ValueError: labels must be in [0, 3), got values from 0 to 3
    """
    integral(**named)
    for name, value in named.items():
        xp = array_namespace(value)
        low, high = (int(xp.min(value)), int(xp.max(value))) if math.prod(value.shape) else (0, -1)
        if low < 0 or high >= size:
            raise ValueError(f"{name} must be in [0, {size}), got values from {low} to {high}")


def finite(**named):
    """Floating-point arrays without NaN or infinity.

    Examples
    --------
    >>> import numpy as np
    >>> finite(grad=np.array([1.0, np.nan, np.inf]))
    Traceback (most recent call last):
    ValueError: grad must be finite, got 2 of 3 entries NaN or infinite
    """
    if all(map(_usual_array, named.values())):
        return
    floating(**named)
    for name, value in named.items():
        if not all_finite(value):
            xp = array_namespace(value)
            size = math.prod(value.shape)
            bad = int(xp.sum(xp.astype(~xp.isfinite(value), xp.int64)))
            raise ValueError(f"{name} must be finite, got {bad} of {size} entries NaN or infinite")


def reached(given, what, answer):
    """An answer without NaN or infinity: finite arguments may still give what their dtype cannot hold.

    Examples
    --------
    >>> import numpy as np
    >>> reached("x", "a square", np.array([4.0]))
    array([4.])
    >>> reached("x", "a square", np.array([np.inf]))
    Traceback (most recent call last):
    ValueError: x must give a square in the range of float64, got others
    """
    if not all_finite(answer):
        raise ValueError(f"{given} must give {what} in the range of {answer.dtype}, got others")
    return answer


def uniforms(*, above=False, **named):
    """Arrays of numbers in [0, 1), as draws are; `above`: above 0 too, as where a quantile is taken.

    Examples
    --------
    >>> import numpy as np
    >>> uniforms(u=np.array([0.0, 0.5, 1.0]))
    Traceback (most recent call last):
    ValueError: u must be in [0, 1), got values from 0.0 to 1.0
    """
    finite(**named)
    for name, value in named.items():
        xp = array_namespace(value)
        low, high = (float(xp.min(value)), float(xp.max(value))) if math.prod(value.shape) else (0.5, 0.5)
        if low < 0 or high >= 1 or (above and low == 0):
            raise ValueError(f"{name} must be in {'(' if above else '['}0, 1), got values from {low} to {high}")


def symmetric(**named):
    """Finite square matrices, or stacks of them, that equal their transposes as far as float32 rounds them.

    Examples
    --------
    >>> import numpy as np
    >>> symmetric(hessian=np.array([[1.0, 0.5], [0.0, 1.0]]))
    Traceback (most recent call last):
    ValueError: hessian must be symmetric, got entries that differ by 0.5
    """
    finite(**named)
    for name, value in named.items():
        if len(value.shape) < 2 or value.shape[-1] != value.shape[-2]:
            raise ValueError(f"{name} must be a square matrix, or a stack of them, got shape {tuple(value.shape)}")
        xp = array_namespace(value)
        skew = float(xp.max(xp.abs(value - xp.matrix_transpose(value))))
        if skew > 1e-5 * float(xp.max(xp.abs(value))):
            raise ValueError(f"{name} must be symmetric, got entries that differ by {skew:.3g}")


def no_negative(**named):
    """Arrays of finite numbers (`alike` or `finite` sees to that) none of which is negative: averages of squares.

    Examples
    --------
    >>> import numpy as np
    >>> no_negative(v=np.array([1.0, -0.5]))
    Traceback (most recent call last):
    ValueError: v must be >= 0 in every entry, got -0.5
    """
    floating(**named)
    for name, value in named.items():
        if (found := least(value)) < 0:
            raise ValueError(f"{name} must be >= 0 in every entry, got {found!r}")


def values(**named):
    """Finite numbers, or floating-point arrays of them.

    Examples
    --------
    >>> values(noise=0.0, scale=None)
    Traceback (most recent call last):
    TypeError: scale must be a finite number, got None (NoneType)
    """
    for name, value in named.items():
        (finite if is_array(value) else number)(**{name: value})


def alike_dtype(**named):
    """Arrays of one dtype, that of the first.

    Examples
    --------
    >>> import numpy as np
    >>> alike_dtype(X=np.zeros(2), y=np.zeros(2, dtype=np.float32))
    Traceback (most recent call last):
    TypeError: y must have dtype float64, that of X, got float32
    """
    (first, reference), *others = named.items()
    for name, value in others:
        if value.dtype != reference.dtype:
            raise TypeError(f"{name} must have dtype {reference.dtype}, that of {first}, got {value.dtype}")


def like(reference, **named):
    """Arrays of the library, shape, dtype and device of `reference` (which must be floating point itself).

    Examples
    --------
    >>> import numpy as np
    >>> like(np.zeros(3), grad=np.zeros(2))
    Traceback (most recent call last):
    ValueError: grad must have shape (3,), dtype float64, got an array of dtype float64 and shape (2,)
    """
    if not is_floating(reference):
        raise TypeError(
            f"what {' and '.join(named)} must be like must be an array of floating-point numbers, "
            f"got {describe(reference)}"
        )
    if type(reference) is np.ndarray and all(
        type(x) is np.ndarray and x.shape == reference.shape and x.dtype == reference.dtype for x in named.values()
    ):
        return  # the usual case, in a fraction of the time
    floating(**named)
    for name, value in named.items():
        same_library = array_namespace(value) is array_namespace(reference) or (
            hasattr(value, "namespace_priority") or hasattr(reference, "namespace_priority")
        )
        if not same_library or device(value) != device(reference):
            raise ValueError(
                f"{name} must be of the same array library and device as its fellow arguments "
                f"({array_namespace(reference).__name__}, {device(reference)}), got "
                f"{array_namespace(value).__name__}, {device(value)}"
            )
        if tuple(value.shape) != tuple(reference.shape) or value.dtype != reference.dtype:
            raise ValueError(
                f"{name} must have shape {tuple(reference.shape)}, dtype {reference.dtype}, got {describe(value)}"
            )


def alike(**named):
    """What a step takes: finite floating-point arrays of one library, shape, dtype and device, those of the first.

    Parameters, gradients and the arrays of a state alike, so that no update returns a NaN that it was handed.

    Examples
    --------
    >>> import numpy as np
    >>> alike(params=np.array([np.nan]), grad=np.zeros(1))
    Traceback (most recent call last):
    ValueError: params must be finite, got 1 of 1 entries NaN or infinite
    """
    first, *_ = arrays = [*named.values()]
    if all(_usual_array(x) and x.shape == first.shape and x.dtype == first.dtype for x in arrays):
        return  # in a tenth of the time that follows, of which a small step would have to wait
    floating(**named), like(first, **named), finite(**named)


def shapes(**named):
    """Arrays whose shapes fit symbols that they share: ``shapes(x=(x, "N d"), energies=(energies, "N"))``.

    Parameters
    ----------
    **named : (array, str)
        The array and its axes: a symbol stands for one size wherever it occurs, a numeral for itself.

    Returns
    -------
    dict of str to int
        The size of each symbol.

    Raises
    ------
    TypeError
        If something is no array.
    ValueError
        If a number of axes or a size is wrong, or a symbol has size 0.

    Examples
    --------
    >>> import numpy as np
    >>> shapes(x=(np.zeros((5, 2)), "N d"), energies=(np.zeros(5), "N"))
    {'N': 5, 'd': 2}
    >>> shapes(x=(np.zeros((5, 2)), "N d"), energies=(np.zeros(4), "N"))
    Traceback (most recent call last):
    ValueError: energies must have shape [N] with N=5, got (4,)
    """
    sizes: dict[str, int] = {}
    for name, (value, axes) in named.items():
        if not is_array(value):
            raise TypeError(f"{name} must be an array of shape [{axes.replace(' ', ', ')}], got {describe(value)}")
        symbols, known = _axes(axes), dict(sizes)
        fits = len(symbols) == len(value.shape)
        for symbol, size in zip(symbols, value.shape, strict=False):
            wanted = int(symbol) if symbol.isdigit() else sizes.setdefault(symbol, size)
            fits = fits and size == wanted > 0
        if not fits:
            given = ", ".join(f"{s}={known[s]}" for s in dict.fromkeys(symbols) if s in known)
            raise ValueError(
                f"{name} must have shape [{', '.join(symbols)}]"
                f"{' with ' + given if given else ' with every size >= 1'}, got {tuple(value.shape)}"
            )
    return sizes


_axes = cache(lambda axes: axes.split())
