"""Elementwise rules at the speed of the memory: the plain source, run in cache-sized blocks over threads.

NumPy runs a rule of ten operations as ten passes over the memory. `elementwise` runs the rule once on symbols,
which write down its ufunc calls, and replays the calls block by block, so that only arguments and results pass
through the memory. Where Numba is installed, runs of additions, roots and their like become one compiled loop.
It is `cupy.fuse` for NumPy, and it calls `cupy.fuse` for CuPy.
"""

import math
import operator
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache, lru_cache, partial, wraps
from inspect import signature
from typing import Any

import array_api_compat
import numpy as np

from refimpl.core import _loops
from refimpl.core.arrays import array_namespace, describe

BLOCK = 2**19  # bytes of an array: what is larger overflows the second-level cache, smaller ones wait for a lock
LARGE = 2**18  # elements from which blocks pay
MOST_THREADS = 8  # more threads only queue


def elementwise(rule):
    """Make an elementwise rule fast on large arrays, with the same bits.

    On NumPy arrays of one shape and dtype, C-contiguous and with at least 2**18 elements, the rule runs in blocks over
    threads (as many as the process may use, at most 8; environment variable ``REFIMPL_THREADS``). With Numba
    (``pip install numba``; ``REFIMPL_NUMBA=0`` leaves it aside) it is compiled at its first call, in about a
    second, and gives no floating-point warnings; under ``np.errstate(all="raise")`` and its like it is not compiled.
    On CuPy arrays it is one kernel (`cupy.fuse`; there a fused multiply-add may change the last bit). In every other
    case, on dpnp too, which cannot make one kernel of several calls, and if the rule does anything but call elementwise
    functions of the standard, it is just called.

    Parameters
    ----------
    rule : callable
        Takes arrays and scalars, returns an array or a plain tuple of arrays, all of the arguments' shape. Must
        be pure: it may run on symbols instead of arrays.

    Returns
    -------
    callable
        Takes what the rule takes, and `donate` (bool, default False): whether the caller gives up the memory of the
        arguments: the first result may then be written over the first array argument, the second over
        the second, and so on, which saves a third of the memory traffic and all allocation. Read only the results
        afterwards; after an exception the arguments may be half overwritten. The undecorated rule is its
        attribute `rule`.

    Examples
    --------
    >>> import numpy as np
    >>> @elementwise
    ... def heavy_ball(params, velocity, grad, lr, momentum):
    ...     velocity = momentum * velocity - lr * grad
    ...     return params + velocity, velocity
    >>> heavy_ball(np.ones(2), np.zeros(2), np.ones(2), lr=0.5, momentum=0.9)
    (array([0.5, 0.5]), array([-0.5, -0.5]))
    """

    if not callable(rule):
        raise TypeError(f"rule must be a function, got {describe(rule)}")

    @wraps(rule)
    def run(*args, donate=False, **kwargs):
        if not isinstance(donate, bool | np.bool):
            raise TypeError(f"donate must be True or False, got {describe(donate)}")
        values = [*args, *kwargs.values()]
        arrays = [x for x in values if getattr(x, "shape", ())]
        if arrays and all(_blockable(x, arrays[0]) for x in arrays):
            plan = _record(rule, args, kwargs, arrays)
            if plan is not None:
                return _replay(plan, arrays, donate)
        elif any(array_api_compat.is_cupy_array(x) for x in values):
            return _fused(rule)(*args, **kwargs)
        return _arrays(rule(*args, **kwargs))

    run.rule = rule  # type: ignore[attr-defined]
    return run


def _arrays(result):
    """What a rule returned, with the scalars that NumPy makes of 0-d results as arrays again."""
    if type(result) is tuple:
        return tuple(map(_arrays, result))
    return np.asarray(result) if isinstance(result, np.generic) else result


def all_finite(x):
    """Whether no entry of a floating-point array is NaN or infinite; large NumPy arrays in blocks over threads.

    Parameters
    ----------
    x : array
        Any shape, real floating point.

    Returns
    -------
    bool
        False for NaN or an infinity anywhere.

    Examples
    --------
    >>> import numpy as np
    >>> all_finite(np.zeros(3)), all_finite(np.array([1.0, np.inf]))
    (True, False)
    """
    if type(x) is np.ndarray and x.dtype.kind == "f" and x.flags.c_contiguous:
        flat = x.reshape(-1)
        if math.isfinite(np.vdot(flat, flat)):  # the fastest look at each entry; warns of nothing, unlike `@`
            return True
    xp = array_namespace(x)
    if not _blockable(x, x):
        return bool(xp.all(xp.isfinite(x)))
    return all(_of_blocks(lambda: lambda block: np.isfinite(block).all(), x, LARGE))


def least(x):
    """The least entry, as a Python number; of large NumPy arrays in blocks over threads.

    Parameters
    ----------
    x : array
        Any shape, finite real floating point; may have no entries.

    Returns
    -------
    float
        Infinity if there are none.

    Examples
    --------
    >>> least(np.array([3.0, -4.0]))
    -4.0
    """
    xp = array_namespace(x)
    if _blockable(x, x):
        return float(min(_of_blocks(lambda: np.min, x, LARGE)))
    if not math.prod(x.shape):
        return math.inf
    return float(x.min() if type(x) is np.ndarray else xp.min(x))


def sum_of_squares(x):
    """The square of the Euclidean norm; of large NumPy arrays in blocks over threads.

    Parameters
    ----------
    x : array
        Any shape, real floating point.

    Returns
    -------
    array of shape ()
        Of the dtype of `x`.

    Examples
    --------
    >>> import numpy as np
    >>> float(sum_of_squares(np.array([3.0, 4.0])))
    25.0
    """
    xp = array_namespace(x)
    if not _blockable(x, x):
        return xp.sum(x * x)

    length = BLOCK // x.dtype.itemsize

    def make():
        squares = _aligned(x.dtype, length)
        return lambda block: np.sum(np.square(block, out=squares[: block.size]))

    return np.sum(np.asarray(_of_blocks(make, x, length)))


def _of_blocks(make, x, length):
    """The values of a function of each block of a large array, in order; each thread makes its own function."""
    flat, values = x.reshape(-1), {}

    def make_work():
        function = make()
        return lambda piece: values.update({piece.start: function(flat[piece])})

    _share(make_work, x.size, length)
    return [values[start] for start in sorted(values)]


def _blockable(x, first):
    """Whether `x` is a large contiguous NumPy array (no subclass) of the shape and dtype of `first`."""
    return (
        type(x) is np.ndarray
        and x.size >= LARGE
        and x.dtype.kind in "biuf"
        and x.flags.c_contiguous
        and (x.shape, x.dtype) == (first.shape, first.dtype)
    )


def threads():
    """Number of threads that share a rule: ``REFIMPL_THREADS``, or the processors of this process, at most 8.

    Raises
    ------
    ValueError
        If ``REFIMPL_THREADS`` is set and no integer >= 1.

    Examples
    --------
    >>> threads() >= 1
    True
    """
    chosen = os.environ.get("REFIMPL_THREADS")
    if chosen is not None:
        if not (chosen.isdecimal() and int(chosen) >= 1):
            raise ValueError(f"REFIMPL_THREADS must be an integer >= 1, got {chosen!r}")
        return int(chosen)
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, MOST_THREADS)


@lru_cache(maxsize=1)
def _pool(workers):
    return ThreadPoolExecutor(workers, thread_name_prefix="refimpl")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a forked child has the pool but not its threads


def _share(make_work, size, block):
    """Call ``work(piece)`` for the slices of `size` elements, over threads; each thread makes its own `work`."""
    starts = deque(range(0, size, block))  # its popleft is atomic

    def drain():
        try:
            work = make_work()
            while True:
                try:
                    start = starts.popleft()
                except IndexError:
                    return
                work(slice(start, min(start + block, size)))
        except BaseException:
            starts.clear()  # the others stop after their block
            raise

    others = threads() - 1
    # A copy of the context takes the caller's np.errstate along.
    helpers = [_pool(others).submit(copy_context().run, drain) for _ in range(min(others, len(starts) - 1))]
    try:
        drain()  # the caller works too, so a busy pool delays nobody
    finally:
        errors = [helper.exception() for helper in helpers if not helper.cancel()]
    for error in filter(None, errors):
        raise error


class _NotElementwise(Exception):
    """The rule does something that cannot be replayed in blocks."""


# Elementwise, but no ufuncs. Not np.clip: array-api-compat feeds it whole arrays, so take minimum and maximum.
_FUNCTIONS = (np.where, np.zeros_like, np.ones_like, np.full_like)
_POWERS = {0.5: np.sqrt, 1: np.positive, 2: np.square}


class _Symbol(np.lib.mixins.NDArrayOperatorsMixin):
    """Stands for an array while a rule is written down."""

    namespace_priority = 1  # `array_namespace` must not look at the class
    device = "cpu"

    def __init__(self, tape, slot, dtype):
        self.tape, self.slot, self.dtype = tape, slot, dtype
        self.shape, self.ndim = tape.shape, len(tape.shape)

    def __array_namespace__(self, api_version=None):
        return array_api_compat.array_namespace(self.tape.samples[0])

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if method != "__call__" or kwargs or ufunc.nout != 1 or ufunc.signature is not None:
            raise _NotElementwise(ufunc)
        return self.tape.call(ufunc, inputs)

    def __array_function__(self, function, types, args, kwargs):
        if function not in _FUNCTIONS or any(isinstance(x, _Symbol) for x in kwargs.values()):
            raise _NotElementwise(function)
        return self.tape.call(partial(function, **kwargs), args)

    def __pow__(self, exponent):  # the operator takes short cuts that the ufunc does not
        plain = type(exponent) in (int, float) and self.dtype.kind == "f"
        short_cut = _POWERS.get(exponent) if plain else None
        return self.tape.call(short_cut or operator.pow, (self,) if short_cut else (self, exponent))

    def astype(self, dtype, copy=True):
        return self.tape.call(partial(np.ndarray.astype, dtype=dtype), (self,))

    def __getitem__(self, key):
        return self if isinstance(key, tuple) and key == () else self._refuse()

    def _refuse(self, *args, **kwargs):
        raise _NotElementwise("values asked for")

    __array__ = __bool__ = __float__ = __int__ = __len__ = __iter__ = __setitem__ = _refuse


class _Tape:
    """The calls that a rule makes: (function, slots of the operands, slot of the result); a slot holds one value."""

    def __init__(self, inputs):
        self.shape = inputs[0].shape
        self.samples: list[Any] = [x.reshape(-1)[:1] for x in inputs]  # per slot: one entry, or the scalar
        self.calls: list[tuple[Any, tuple[int, ...], int]] = []

    def symbol(self, slot):
        return _Symbol(self, slot, self.samples[slot].dtype)

    def call(self, function, operands):
        if set(np.geterr().values()) != {"call"}:  # see `_record`
            raise _NotElementwise("an error state of its own")
        slots = tuple(self.slot(x) for x in operands)
        if isinstance(function, np.ufunc):  # Python numbers as arrays of the right dtype, once and not in each block
            dtypes = function.resolve_dtypes((*(getattr(x, "dtype", type(x)) for x in operands), None))
            for slot, dtype in zip(slots, dtypes, strict=False):
                if type(self.samples[slot]) in (float, int):
                    self.samples[slot] = np.asarray(self.samples[slot], dtype)
        self.samples.append(function(*(self.samples[i] for i in slots)))
        self.calls.append((function, slots, len(self.samples) - 1))
        return self.symbol(len(self.samples) - 1)

    def slot(self, operand):
        if isinstance(operand, _Symbol):
            return operand.slot
        if getattr(operand, "shape", ()):
            raise _NotElementwise("an array that is no argument")
        self.samples.append(np.asarray(operand) if isinstance(operand, np.generic) else operand)
        return len(self.samples) - 1


def _record(rule, args, kwargs, arrays):
    """The calls of `rule`, its results (slots) and whether they are a tuple; None if it is not elementwise."""
    tape = _Tape(arrays)
    symbols = map(tape.symbol, range(len(arrays)))
    as_symbol = lambda x: next(symbols) if getattr(x, "shape", ()) else x
    try:
        with np.errstate(all="call", call=lambda *_: None):  # silent, and told apart from a rule's own state
            args = [as_symbol(x) for x in args]  # before the keywords, as in `arrays`
            result = rule(*args, **{name: as_symbol(x) for name, x in kwargs.items()})
    except Exception:  # whatever it is, the plain call shows it, or succeeds
        return None
    results = result if type(result) is tuple else (result,)
    slots = [x.slot for x in results if isinstance(x, _Symbol)]
    computed = {slot for _, _, slot in tape.calls}
    if len(set(slots) & computed) < len(results):
        return None  # an argument handed through, a constant, one result twice, another container
    return tape, slots, type(result) is tuple


def _replay(plan, arrays, donate):
    """Run the recorded calls block by block and return the results."""
    tape, results, as_tuple = plan
    steps = _loops.steps(tape, results)
    last_read = {slot: when for when, step in enumerate(steps) for slot in step.operands}
    written = {slot: when for when, step in enumerate(steps) for slot in step.outputs}
    streams = {slot: x.reshape(-1) for slot, x in enumerate(arrays)}  # what lives in memory, by slot
    outputs, home = [], {}
    for i, slot in enumerate(results):
        if donate and i < len(arrays) and _reusable(arrays, i, tape.samples[slot].dtype):
            outputs.append(arrays[i])
            if last_read.get(i, -1) > written[slot]:  # too early to overwrite the argument: copy at the end
                last_read[slot] = len(steps)
                steps.append(_loops.Step(lambda block: block, (slot,), (i,)))
                continue
            home[slot] = i
        else:
            outputs.append(np.empty(tape.shape, tape.samples[slot].dtype))
        streams[slot] = outputs[-1].reshape(-1)
    numbers, dtypes = _assign_buffers(tape, steps, streams, last_read)
    length = BLOCK // arrays[0].dtype.itemsize
    program = [_executable(step, streams.keys() | numbers.keys(), home) for step in steps]

    def make_work():
        buffers = [_aligned(dtype, length) for dtype in dtypes]
        values = list(tape.samples)
        for slot, number in numbers.items():
            values[slot] = buffers[number]

        def work(piece):
            for slot, flat in streams.items():
                values[slot] = flat[piece]
            if (size := piece.stop - piece.start) < length:  # the last one
                for slot, number in numbers.items():
                    values[slot] = buffers[number][:size]
            for function, arguments in program:
                function(*[values[slot] for slot in arguments])

        return work

    _share(make_work, arrays[0].size, length)
    return tuple(outputs) if as_tuple else outputs[0]


def _executable(step, arrays, home):
    """A function that writes over some of its arguments, and the slots of these."""
    if step.function is None:
        function, arguments = _loops.compile_loop(step, arrays, home)
    else:
        function, arguments = _writing(step.function), step.operands + step.outputs
    return function, arguments


def _writing(function):
    """`function` with a last argument that the result is written over."""
    is_ufunc = isinstance(function, np.ufunc)

    def run(*arguments):
        *operands, out = arguments
        if is_ufunc:
            function(*operands, out=out)
        else:
            out[...] = function(*operands)

    return run


def _reusable(arrays, i, dtype):
    """Whether a result of `dtype` may be written over argument `i`: nothing else lives there."""
    alone = not any(np.may_share_memory(arrays[i], x) for j, x in enumerate(arrays) if j != i)
    return alone and arrays[i].flags.writeable and arrays[i].dtype == dtype


def _assign_buffers(tape, steps, streams, last_read):
    """A numbered buffer for each result that is not in `streams`; buffers read for the last time are used again.

    Returns the number for each slot and the dtype for each number.
    """
    numbers: dict[int, int] = {}
    dtypes: list[Any] = []
    free: list[int] = []
    for when, step in enumerate(steps):
        for slot in step.outputs:
            if slot not in streams:
                dtype = tape.samples[slot].dtype
                number = next((n for n in free if dtypes[n] == dtype), len(dtypes))
                if number == len(dtypes):
                    dtypes.append(dtype)
                else:
                    free.remove(number)
                numbers[slot] = number
        # After the results have their buffers: not every ufunc is fast in place (np.sign is eight times slower).
        done = {*step.operands, *step.outputs} & numbers.keys()
        free += [numbers[slot] for slot in done if last_read.get(slot, when) <= when]
    return numbers, dtypes


def _aligned(dtype, length):
    """Memory for `length` entries that starts at a cache line: additions then take half the time."""
    raw = np.empty(length * dtype.itemsize + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + length * dtype.itemsize].view(dtype)


@cache
def _fused(rule):
    """`rule` as one CuPy kernel; keyword arguments, which `cupy.fuse` does not take, made positional."""
    from cupy import fuse

    kernel, parameters = fuse(rule), signature(rule)

    def run(*args, **kwargs):
        bound = parameters.bind(*args, **kwargs)
        bound.apply_defaults()
        try:
            return kernel(*bound.args)
        except Exception:  # a rule that branches on a scalar, say, is no single kernel
            return rule(*args, **kwargs)

    return run
