"""Runs of elementwise calls as one compiled loop, where Numba is installed (``pip install numba``).

A loop keeps in registers what ufuncs, each in its turn, write to the cache and read again.
"""

import os
from functools import cache
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

# What Numba computes to NumPy's last bit. Of exp and its like it does not, so these stay calls of their own.
EXACT = {
    np.add: "{0} + {1}",
    np.subtract: "{0} - {1}",
    np.multiply: "{0} * {1}",
    np.divide: "{0} / {1}",
    np.positive: "+{0}",
    np.negative: "-{0}",
    np.absolute: "abs({0})",
    np.square: "{0} * {0}",
    np.sqrt: "sqrt({0})",
    np.sign: "sign({0}) if {0} else abs({0})",  # never -0
    np.maximum: "{0} if {0} > {1} or {0} != {0} else {1}",  # a NaN wins
    np.minimum: "{0} if {0} < {1} or {0} != {0} else {1}",
}


class Step(NamedTuple):
    """One pass over the memory: a call of the tape, or several that are to become a loop."""

    function: Any  # None: a loop
    operands: tuple[int, ...]  # slots that it reads
    outputs: tuple[int, ...]  # slots that it fills
    calls: tuple[Any, ...] = ()


@cache
def numba():
    """Numba, or None where it is not installed, does not fit the NumPy there is, or ``REFIMPL_NUMBA=0`` refuses it."""
    if os.environ.get("REFIMPL_NUMBA") == "0":
        return None
    try:
        import numba
    except ImportError:
        return None
    return numba


def steps(tape, results):
    """The calls of `tape` in passes; `results` are the slots that are wanted at the end."""
    # Loops raise no floating-point errors, so who wants to be told of them gets none.
    compiled = numba() is not None and {"raise", "call", "print", "log"}.isdisjoint(np.geterr().values())
    passes, wanted = [], set(results)
    for exact, run in groupby(reversed(tape.calls), lambda call: compiled and _exact(call, tape.samples)):
        calls = tuple(run)[::-1]
        if exact and len(calls) > 1:
            computed = {slot for _, _, slot in calls}
            read = dict.fromkeys(slot for _, operands, _ in calls for slot in operands if slot not in computed)
            if outputs := tuple(sorted(computed & wanted)):
                passes.append(Step(None, tuple(read), outputs, calls))
        else:
            passes += [Step(function, operands, (slot,)) for function, operands, slot in reversed(calls)]
        wanted.update(slot for _, operands, _ in calls for slot in operands)
    return passes[::-1]


def _exact(call, samples):
    function, operands, slot = call
    dtypes = {getattr(samples[x], "dtype", None) for x in (*operands, slot)}
    return function in EXACT and len(dtypes) == 1 and dtypes <= {np.dtype("float32"), np.dtype("float64")}


def compile_loop(step, arrays, home):
    """The loop of a step, and the slots of its arguments.

    Of ``x + lr * y``, with x, y and lr in slots 0, 1 and 2, this is::

        def loop(a2, a1, a0, a4):
            c2 = a2[()]
            for i in range(a1.size):
                v1 = a1[i]
                v0 = a0[i]
                v3 = c2 * v1
                v4 = v0 + v3
                a4[i] = v4

    Parameters
    ----------
    step : Step
    arrays : container of int
        The slots that hold arrays; the others hold scalars.
    home : dict
        For an output that is written over an operand, that operand's slot. Then the two share a name: of two arrays
        in one place the compiler would fear that they overlap.
    """
    computed = {slot for _, _, slot in step.calls}
    name = {slot: f"v{slot}" if slot in arrays else f"c{slot}" for slot in step.operands}
    name |= {slot: f"v{slot}" for slot in computed}
    place = {slot: home[slot] if home.get(slot) in step.operands else slot for slot in step.outputs}
    arguments = tuple(dict.fromkeys((*step.operands, *place.values())))
    before = [f"c{slot} = a{slot}[()]" for slot in arguments if slot not in arrays]
    first = next(slot for slot in arguments if slot in arrays)
    inside = [f"v{slot} = a{slot}[i]" for slot in step.operands if slot in arrays]
    inside += [f"v{slot} = {EXACT[f].format(*(name[x] for x in operands))}" for f, operands, slot in step.calls]
    inside += [f"a{place[slot]}[i] = v{slot}" for slot in step.outputs]
    lines = [*before, f"for i in range(a{first}.size):", *(f"    {line}" for line in inside)]
    parameters = ", ".join(f"a{slot}" for slot in arguments)
    return _compiled("\n    ".join([f"def loop({parameters}):", *lines])), arguments


@cache
def _compiled(source):
    namespace = {"sqrt": np.sqrt, "sign": np.sign}
    exec(source, namespace)
    return numba().njit(nogil=True, error_model="numpy")(namespace["loop"])
