"""Random draws: one seed, one trajectory, on every backend.

Draws are made on the host with a counter-based generator (Philox) in float64, then moved to the library,
dtype and device of the arrays that they meet. So a seed gives the same numbers on CPU and GPU, in NumPy and in
PyTorch, and the float32 run sees the rounded draws of the float64 run.
"""

import hashlib
import math
from importlib import import_module

import numpy as np

from refimpl.core import check
from refimpl.core.arrays import array_namespace, from_numpy


def stream(seed, *names):
    """Independent generator for one purpose: ``stream(0, "cbo", "noise")``.

    Parameters
    ----------
    seed : int
        >= 0. The seed of the experiment.
    *names : str, int or any other value that prints
        What the draws are for. Other names, other (independent) draws; adding a stream never changes another.

    Returns
    -------
    numpy.random.Generator
        On the Philox bit generator.

    Raises
    ------
    TypeError, ValueError
        If `seed` is no integer >= 0.

    Examples
    --------
    >>> stream(7, "init").standard_normal() == stream(7, "init").standard_normal()
    True
    >>> stream(7, "init").standard_normal() == stream(7, "noise").standard_normal()
    False
    """
    seed = check.integer(seed=seed, below=math.inf)
    digest = hashlib.sha256(repr(names).encode()).digest()
    key = tuple(int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4))
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=key)))


def counted(key, counter):
    """Generator at a place of a counter-based stream: for draws that others must repeat from public numbers alone.

    Parameters
    ----------
    key : pair of int
        In [0, 2**64): which stream.
    counter : pair of int
        In [0, 2**64): which place of it. These are the high words of Philox's counter; the low words are left to the
        draws, so those of two places never overlap.

    Returns
    -------
    numpy.random.Generator
        On the Philox bit generator.

    Raises
    ------
    TypeError, ValueError
        If a number is no integer in [0, 2**64).

    Examples
    --------
    >>> a, b, again = (counted((7, 0), place).standard_normal() for place in ((0, 0), (1, 0), (0, 0)))
    >>> a == b, a == again
    (False, True)
    """
    check.sequence(key=key, counter=counter)
    words = [
        check.integer(**{name: word}, below=2**64)
        for name, pair in (("key", key), ("counter", counter))
        for word in pair
    ]
    if len(key) != 2 or len(counter) != 2:
        raise ValueError(f"key and counter must be pairs of integers in [0, 2**64), got {key} and {counter}")
    placed = np.array([*words[:2], 0, 0, *words[2:]], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=placed[:2], counter=placed[2:]))


def normal(rng, shape, *, like, native=False):
    """Standard normal draws, as an array like `like`.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `stream`.
    shape : tuple of int
        Shape of the result.
    like : array
        Whose library, dtype and device to take.
    native : bool, default: False
        Draw on the device with CuPy's own Philox generator, seeded from `rng`: no copy from the host, but other
        numbers than on the CPU. Without effect on the other libraries.

    Returns
    -------
    array
        Shape `shape`.

    Raises
    ------
    TypeError, ValueError
        If `rng` is no NumPy generator, `shape` no integer >= 0 or several, or `like` no array.

    Examples
    --------
    >>> import numpy as np
    >>> normal(stream(0, "doc"), (2, 3), like=np.zeros(1, dtype=np.float32)).dtype
    dtype('float32')
    """
    shape = _door(rng, shape, like, native=native)
    check.floating(like=like)
    if native and (device_rng := _cupy_generator(rng, like)) is not None:
        return device_rng.standard_normal(shape, dtype=like.dtype)
    return from_numpy(rng.standard_normal(shape), like=like)


def uniform(rng, shape, *, like, low=0.0, high=1.0, native=False):
    """Uniform draws on [low, high), as an array like `like`; parameters as in `normal`.

    Examples
    --------
    >>> import numpy as np
    >>> bool((uniform(stream(0, "doc"), (9,), like=np.zeros(1), low=-2.0, high=-1.0) < -1).all())
    True
    """
    shape, (low, high) = _door(rng, shape, like, native=native), check.number(low=low, high=high)
    check.floating(like=like)
    if low > high:
        raise ValueError(f"high must be at least low, got {high!r} after {low!r}")
    if native and (device_rng := _cupy_generator(rng, like)) is not None:
        return low + (high - low) * device_rng.random(shape, dtype=like.dtype)
    return from_numpy(rng.uniform(low, high, shape), like=like)


def signs(rng, shape, *, like, native=False):
    """Rademacher draws: -1 or +1 with probability 1/2 each, as an array like `like`.

    Examples
    --------
    >>> import numpy as np
    >>> sorted(set(signs(stream(0, "doc"), (50,), like=np.zeros(1)).tolist()))
    [-1.0, 1.0]
    """
    shape = _door(rng, shape, like, native=native)
    if native and (device_rng := _cupy_generator(rng, like)) is not None:
        return (2 * device_rng.integers(0, 2, shape) - 1).astype(like.dtype)
    return from_numpy(2.0 * rng.integers(0, 2, shape) - 1.0, like=like)


def indices(rng, high, shape, *, like, replace=True):
    """Integers in [0, high), as an int64 array on the library and device of `like`.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `stream`.
    high : int
        >= 1.
    shape : tuple of int
        Shape of the result; one axis if `replace` is False.
    like : array
        Whose library and device to take.
    replace : bool, default: True
        Whether a value may occur twice.

    Returns
    -------
    array
        Shape `shape`, dtype int64.

    Examples
    --------
    >>> import numpy as np
    >>> sorted(indices(stream(0, "doc"), 4, (4,), like=np.zeros(1), replace=False).tolist())
    [0, 1, 2, 3]
    """
    shape, high = _door(rng, shape, like, replace=replace), check.integer(high=high, minimum=1)
    if not replace and (len(shape) != 1 or shape[0] > high):
        raise ValueError(f"shape must be (n,) with n <= {high} to draw without replacement, got {shape}")
    draws = rng.integers(0, high, shape) if replace else rng.permutation(high)[: shape[0]]
    return from_numpy(draws, like=like, dtype=array_namespace(like).int64)


def sobol(rng, shape, *, like):
    """Points that fill the unit cube evenly: the first ones of a scrambled Sobol sequence.

    Parameters
    ----------
    rng : numpy.random.Generator
        Draws the scrambling.
    shape : tuple of int
        Points, 1 to 2^20, and coordinates, 1 to 21,201.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    array
        Shape `shape`, in [0, 1).

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing, or a size is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> points = sobol(stream(0, "doc"), (8, 2), like=np.zeros(1))
    >>> np.sort(np.floor(8 * points[:, 0])).tolist()  # one in each eighth
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    """
    shape = _door(rng, shape, like)
    check.floating(like=like)
    if len(shape) != 2 or not (1 <= shape[0] <= 2**20 and 1 <= shape[1] <= 21_201):
        raise ValueError(f"shape must be (points, coordinates), 1 to 2^20 and 1 to 21,201, got {shape}")
    sequence = import_module("scipy.stats").qmc.Sobol(shape[1], seed=rng)  # slow to import, and few need it
    return from_numpy(sequence.random(1 << (shape[0] - 1).bit_length())[: shape[0]], like=like)


def _door(rng, shape, like, **flags):
    """The shape as a tuple; refuses what no draws can be made with."""
    check.rng(rng=rng), check.array(like=like), check.flag(**flags)
    sizes = shape if isinstance(shape, list | tuple) else (shape,)
    return tuple(check.integer(shape=size) for size in sizes)


def _cupy_generator(rng, like):
    """CuPy's generator seeded from `rng` if `like` lives in CuPy, else None."""
    xp = array_namespace(like)
    if not xp.__name__.endswith("cupy"):
        return None
    import cupy

    return cupy.random.Generator(cupy.random.Philox4x3210(int(rng.integers(2**63))))
