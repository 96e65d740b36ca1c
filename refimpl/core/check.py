"""Argument checks, a line each at the call site.

Each check names its argument by keyword, so that the message can: ``check.positive(lr=lr)``. Checks of numbers
return them as Python floats, because a NumPy scalar would promote a float32 array to float64 and a Python one
does not: ``lr, eps = check.positive(lr=lr, eps=eps)``.
"""

import math
from numbers import Integral, Real

from refimpl.core.arrays import array_namespace, device, is_array, is_floating
from refimpl.core.elementwise import all_finite


def _describe(value):
    """`value` in a message: arrays by library, dtype and shape, everything else as it prints."""
    if is_array(value):
        return f"an array of dtype {value.dtype} and shape {tuple(value.shape)}"
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(value).__name__})"


def _numbers(named, expected, accept):
    """Check and convert every number of `named`; one comes back alone, several as a tuple."""
    out = []
    for name, value in named.items():
        if is_array(value) and tuple(value.shape) == () and is_floating(value):
            number = value  # a 0-d array (a traced step size, a schedule on the device) stays what it is
            tested = float(value)
        elif isinstance(value, Real) and not isinstance(value, bool):
            number = tested = float(value)
        else:
            raise TypeError(f"{name} must be {expected}, got {_describe(value)}")
        if not accept(tested):  # written so that NaN is refused
            raise ValueError(f"{name} must be {expected}, got {tested!r}")
        out.append(number)
    return out[0] if len(out) == 1 else tuple(out)


def positive(**named):
    """Finite numbers > 0, as Python floats.

    Examples
    --------
    >>> positive(lr=0.1)
    0.1
    >>> positive(lr=-0.1)
    Traceback (most recent call last):
    ValueError: lr must be a finite number > 0, got -0.1
    """
    return _numbers(named, "a finite number > 0", lambda v: 0 < v < math.inf)


def nonnegative(**named):
    """Finite numbers >= 0, as Python floats.

    Examples
    --------
    >>> nonnegative(weight_decay=0, sigma=1.5)
    (0.0, 1.5)
    """
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


def integer(*, minimum=0, **named):
    """Integers >= `minimum`, as Python ints.

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
            raise TypeError(f"{name} must be an integer >= {minimum}, got {_describe(value)}")
        if value < minimum:
            raise ValueError(f"{name} must be an integer >= {minimum}, got {value}")
        out.append(int(value))
    return out[0] if len(out) == 1 else tuple(out)


def choice(options, **named):
    """Strings that must be one of `options`.

    Examples
    --------
    >>> choice(("old", "drifted"), noise_from="new")
    Traceback (most recent call last):
    ValueError: noise_from must be one of 'old', 'drifted', got 'new' (str)
    """
    for name, value in named.items():
        if value not in options:
            expected = ", ".join(map(repr, options))
            raise ValueError(f"{name} must be one of {expected}, got {_describe(value)}")


def floating(**named):
    """Arrays of real floating-point numbers.

    Examples
    --------
    >>> floating(params=[1.0, 2.0])
    Traceback (most recent call last):
    TypeError: params must be an array of floating-point numbers, got [1.0, 2.0] (list)
    """
    for name, value in named.items():
        if not is_floating(value):
            raise TypeError(f"{name} must be an array of floating-point numbers, got {_describe(value)}")


def finite(**named):
    """Floating-point arrays without NaN or infinity.

    Examples
    --------
    >>> import numpy as np
    >>> finite(grad=np.array([1.0, np.nan, np.inf]))
    Traceback (most recent call last):
    ValueError: grad must be finite, got 2 of 3 entries NaN or infinite
    """
    floating(**named)
    for name, value in named.items():
        if not all_finite(value):
            xp = array_namespace(value)
            size = math.prod(value.shape)
            bad = int(xp.sum(xp.astype(~xp.isfinite(value), xp.int64)))
            raise ValueError(f"{name} must be finite, got {bad} of {size} entries NaN or infinite")


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
            f"got {_describe(reference)}"
        )
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
                f"{name} must have shape {tuple(reference.shape)}, dtype {reference.dtype}, got {_describe(value)}"
            )


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
            raise TypeError(f"{name} must be an array of shape [{axes.replace(' ', ', ')}], got {_describe(value)}")
        symbols = axes.split()
        known = {s: sizes[s] for s in symbols if s in sizes}
        fits = len(symbols) == len(value.shape)
        for symbol, size in zip(symbols, value.shape, strict=False):
            wanted = int(symbol) if symbol.isdigit() else sizes.setdefault(symbol, size)
            fits = fits and size == wanted > 0
        if not fits:
            given = ", ".join(f"{s}={n}" for s, n in known.items())
            raise ValueError(
                f"{name} must have shape [{', '.join(symbols)}]"
                f"{' with ' + given if given else ' with every size >= 1'}, got {tuple(value.shape)}"
            )
    return sizes
