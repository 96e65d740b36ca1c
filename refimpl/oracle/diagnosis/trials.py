"""Arguments and outputs that are treated wrongly: what a candidate may do around a rule that is right.

Each trial answers as the reference would after one change of what goes in or what comes out. Its sentence needs no
source.
"""

import inspect
from collections.abc import Callable
from itertools import combinations, permutations, product
from typing import Any, NamedTuple

import numpy as np
import scipy  # loads its parts when they are asked for, which takes time

from refimpl.oracle.diagnosis.units import units

USUAL = (0.0, 1.0, 0.5, 0.1, 0.01, 1e-3, 1e-4, 1e-8, 0.9, 0.95, 0.99, 0.999, 2.0, -1.0)  # rates that code ships with
SMALLEST = 1e-300  # for a number that has come to be 0


class Trial(NamedTuple):
    """One change of the inputs or the outputs of an operation."""

    words: str  # what the candidate does
    before: Callable[..., Any] | None = None  # inputs -> inputs
    after: Callable[..., Any] | None = None  # (outputs, inputs) -> outputs


def trials(operation):
    """All trials of an operation, the plainest first.

    Examples
    --------
    >>> from refimpl.oracle import catalog
    >>> found = trials(catalog.operation("lion.step"))
    >>> found[0].words, len(found) > 100
    ('does not use lr: answers as for lr = 0', True)
    """
    return (*_of_numbers(operation), *_of_arrays(operation), *_of_outputs(operation))


def _put(name, function):
    return lambda inputs: inputs | {name: function(inputs)}


def defaults(operation):
    """What the functions of the source take where an argument of some name is not given."""
    found: dict[str, set[float]] = {}
    for unit in units(operation):
        function = unit.function
        for name, parameter in inspect.signature(function).parameters.items():
            if isinstance(parameter.default, int | float) and not isinstance(parameter.default, bool):
                found.setdefault(name, set()).add(float(parameter.default))
    return found


def _of_numbers(operation):
    numbers = [f.name for f in operation.inputs if f.kind == "float"]
    whole = [f.name for f in operation.inputs if f.kind == "int"]
    own = defaults(operation)
    for name in numbers:
        for value in sorted({*USUAL, *own.get(name, ())}, key=lambda v: (v not in (0, 1), abs(v))):
            yield Trial(f"does not use {name}: answers as for {name} = {value:g}", _put(name, lambda _, v=value: v))
    for name in numbers:
        for value in sorted({*USUAL[1:], *own.get(name, ())}):
            words = f"takes {name} = 0 for 'not given', and {value:g} in its place ({name} or {value:g})"
            yield Trial(words, _put(name, lambda i, n=name, v=value: i[n] or v))
    for name in whole:
        for shift in (-1, 1):
            yield Trial(f"takes {name} {shift:+d} for {name}", _put(name, lambda i, n=name, s=shift: i[n] + s))
        for value in (0, 1, 2):
            yield Trial(f"does not use {name}: answers as for {name} = {value}", _put(name, lambda _, v=value: v))
    for group in (numbers, whole):
        for a, b in combinations(group, 2):
            words = f"exchanges {a} and {b}"
            yield Trial(words, lambda i, a=a, b=b: i | {a: i[b], b: i[a]})
        for a, b in permutations(group, 2):
            yield Trial(f"takes {b} in place of {a}", _put(a, lambda i, b=b: i[b]))
    for entry in operation.inputs:
        if entry.kind == "choice":
            for option in entry.options:
                words = f"does not use {entry.name}: answers as for {entry.name} = {option!r}"
                yield Trial(words, _put(entry.name, lambda _, o=option: o))
    for a, b in permutations(numbers, 2):
        yield Trial(f"multiplies {a} by {b}", _put(a, lambda i, a=a, b=b: i[a] * i[b]))
        yield Trial(f"divides {a} by {b}", _put(a, lambda i, a=a, b=b: i[a] / i[b]))
        yield Trial(f"adds {b} to {a}", _put(a, lambda i, a=a, b=b: i[a] + i[b]))
    changes = {
        "takes 1 - {0} for {0}": lambda x: 1 - x,
        "takes {0} squared": lambda x: x * x,
        "takes the root of {0}": lambda x: x**0.5,
        "takes -{0} for {0}": lambda x: -x,
        "takes 2 {0} for {0}": lambda x: 2 * x,
        "takes {0} / 2 for {0}": lambda x: x / 2,
        "takes 1 / {0} for {0}": lambda x: 1 / x,
        "rounds {0} to float32": lambda x: float(np.float32(x)),
        "takes {0} for a whole number": lambda x: float(int(x)),
        "cuts {0} at 1": lambda x: min(x, 1.0),
    }
    for name in numbers:
        for words, change in changes.items():
            yield Trial(words.format(name), _put(name, lambda i, n=name, c=change: c(i[n])))


def _unit(x, axis=None):
    norm = np.sqrt(np.sum(x * x, axis=axis, keepdims=True))
    return x / np.maximum(norm, 1.0)


def _late(x):
    return np.concatenate([x[:1], x[:-1]])


ARRAY_CHANGES: dict[str, Callable[..., Any]] = {
    "does not use {0}: answers as for zeros": np.zeros_like,
    "does not use {0}: answers as for ones": np.ones_like,
    "takes the absolute values of {0}": np.abs,
    "takes -{0} for {0}": np.negative,
    "takes the signs of {0}": np.sign,
    "takes entries of {0} below 1e-50 for 0, as where products of them underflow": lambda x: np.where(
        np.abs(x) < 1e-50, 0.0, x
    ),
    "takes {0} in float32": lambda x: x.astype(np.float32).astype(np.float64),
    "takes {0} in float16": lambda x: x.astype(np.float16).astype(np.float64),
    "rounds {0} to whole numbers": np.round,
    "cuts {0} to length 1": _unit,
    "cuts each row of {0} to length 1": lambda x: _unit(x, axis=-1),
    "cuts the entries of {0} to [-1, 1]": lambda x: np.clip(x, -1, 1),
    "cuts the entries of {0} to [0, 1]": lambda x: np.clip(x, 0, 1),
    "takes negative entries of {0} for 0": lambda x: np.maximum(x, 0),
    "takes positive entries of {0} for 0": lambda x: np.minimum(x, 0),
    "takes zeros of {0} for 1": lambda x: np.where(x == 0, 1.0, x),
    "takes zeros of {0} for 1e-8": lambda x: np.where(x == 0, 1e-8, x),
    "scales {0} to length 1": lambda x: x / np.sqrt(np.sum(x * x)),
    "scales {0} to largest entry 1": lambda x: x / np.max(np.abs(x)),
    "takes the mean from {0}": lambda x: x - np.mean(x),
    "takes the mean over the first axis from {0}": lambda x: x - np.mean(x, axis=0),
    "squares {0}": np.square,
    "takes {0} twice as large": lambda x: 2 * x,
    "takes {0} half as large": lambda x: x / 2,
    "reads {0} from its end (first axis reversed)": lambda x: x[::-1],
    "reads the last axis of {0} from its end": lambda x: x[..., ::-1],
    "reads {0} a row late (its first row twice)": _late,
    "reads {0} a row early (its last row twice)": lambda x: np.concatenate([x[1:], x[-1:]]),
    "takes the first row of {0} for all rows": lambda x: np.broadcast_to(x[:1], x.shape).copy(),
    "takes the last row of {0} for all rows": lambda x: np.broadcast_to(x[-1:], x.shape).copy(),
    "takes the first entry of {0} for all entries": lambda x: np.full_like(x, x.flat[0]),
    "takes the first entry of each row of {0} for the whole row": lambda x: np.broadcast_to(x[..., :1], x.shape).copy(),
    "takes the mean of {0} for all entries": lambda x: np.full_like(x, np.mean(x)),
    "takes the mean over the last axis of {0}": lambda x: np.broadcast_to(x.mean(-1, keepdims=True), x.shape).copy(),
    "takes the mean over the first axis of {0}": lambda x: np.broadcast_to(x.mean(0, keepdims=True), x.shape).copy(),
    "adds up the rows of {0}": lambda x: np.cumsum(x, axis=0),
    "takes the running mean of the rows of {0}": lambda x: (
        np.cumsum(x, axis=0) / np.arange(1.0, len(x) + 1).reshape(-1, *[1] * (x.ndim - 1))
    ),
    "sorts {0}": lambda x: np.sort(x, axis=-1),
    "uses the first entry of each row of {0} alone, as if the others were 0": lambda x: np.where(
        np.arange(x.shape[-1]) == 0, x, 0.0
    ),
    "uses the first row of {0} alone, as if the others were 0": lambda x: np.concatenate([x[:1], 0.0 * x[1:]]),
    "leaves out the last row of {0}": lambda x: x[:-1],
    "leaves out the first row of {0}": lambda x: x[1:],
    "takes rows of {0} that occur twice once": lambda x: x[np.sort(np.unique(x, axis=0, return_index=True)[1])],
    "reads {0} in column order": lambda x: x.reshape(x.shape, order="F") if x.ndim < 2 else x.T.reshape(x.shape),
}

# Of a vector some would make a matrix, which may not fit into memory.
MATRIX_CHANGES: dict[str, Callable[..., Any]] = {
    "transposes {0}": lambda x: x.T,
    "transposes the last two axes of {0}": lambda x: np.swapaxes(x, -1, -2),
    "takes {0} for symmetric": lambda x: (x + np.swapaxes(x, -1, -2)) / 2,
    "takes the upper half of {0} for both": lambda x: np.triu(x) + np.swapaxes(np.triu(x, 1), -1, -2),
    "takes the lower half of {0} for both": lambda x: np.tril(x) + np.swapaxes(np.tril(x, -1), -1, -2),
    "uses the diagonal of {0} alone": lambda x: np.triu(np.tril(x)),
}


def _of_arrays(operation):
    arrays = [f for f in operation.inputs if f.kind == "array"]
    numbers = [f.name for f in operation.inputs if f.kind == "float"]
    for a, b in combinations(arrays, 2):
        if a.axes == b.axes:
            yield Trial(f"exchanges {a.name} and {b.name}", lambda i, a=a.name, b=b.name: i | {a: i[b], b: i[a]})
    for a, b in permutations(arrays, 2):
        if a.axes == b.axes:
            yield Trial(f"takes {b.name} in place of {a.name}", _put(a.name, lambda i, b=b.name: i[b]))
    matrices = [f for f in arrays if len(f.axes.split()) > 1]
    for changes, entries in ((ARRAY_CHANGES, arrays), (MATRIX_CHANGES, matrices)):
        for (words, change), entry in product(changes.items(), entries):
            yield Trial(words.format(entry.name), _put(entry.name, lambda i, n=entry.name, c=change: c(i[n])))
    for entry in arrays:
        for b in numbers:
            words = f"multiplies {entry.name} by {b}"
            yield Trial(words, _put(entry.name, lambda i, n=entry.name, b=b: i[n] * i[b]))
            words = f"divides {entry.name} by {b}"
            yield Trial(words, _put(entry.name, lambda i, n=entry.name, b=b: i[n] / i[b]))


OUTPUT_CHANGES: dict[str, Callable[..., Any]] = {
    "returns -{0} for {0}": np.negative,
    "returns the absolute values of {0}": np.abs,
    "returns {0} in float32": lambda x: x.astype(np.float32).astype(np.float64),
    "returns {0} rounded to whole numbers": np.round,
    "returns {0} twice as large": lambda x: 2 * x,
    "returns half of {0}": lambda x: x / 2,
    "returns {0} squared": np.square,
    "returns the root of {0}": np.sqrt,
    "returns the logarithm of {0}": np.log,
    "returns 1 - {0}": lambda x: 1 - x,
    "returns 1 / {0}": lambda x: 1 / x,
    "returns {0} - 1": lambda x: x - 1,
    "returns {0} + 1": lambda x: x + 1,
    "returns {0} with negative entries set to 0": lambda x: np.maximum(x, 0),
    "returns {0} cut to [0, 1]": lambda x: np.clip(x, 0, 1),
    "returns {0} a row late (its first row twice)": _late,
    "returns {0} a row early (its last row twice)": lambda x: np.concatenate([x[1:], x[-1:]]),
    "returns the last row of {0} in every row (one array is handed out again and again)": lambda x: np.broadcast_to(
        x[-1:], x.shape
    ),
    "returns the first row of {0} in every row": lambda x: np.broadcast_to(x[:1], x.shape),
    "returns {0} from its end (first axis reversed)": lambda x: x[::-1],
    "returns {0} with the last axis reversed": lambda x: x[..., ::-1],
    "returns {0} transposed": lambda x: x.T,
    "returns {0} with the last two axes exchanged": lambda x: np.swapaxes(x, -1, -2),
    "returns {0} sorted": lambda x: np.sort(x, axis=-1),
    "returns running sums of {0}": lambda x: np.cumsum(x, axis=0),
    "returns the running mean of {0}": lambda x: (
        np.cumsum(x, axis=0) / np.arange(1.0, len(x) + 1).reshape(-1, *[1] * (x.ndim - 1))
    ),
    "returns the differences of {0} from row to row": lambda x: np.concatenate([x[:1], np.diff(x, axis=0)]),
    "returns the smallest so far of {0}": lambda x: np.minimum.accumulate(x, axis=0),
    "returns {0} without its last row": lambda x: x[:-1],
    "returns {0} without its first row": lambda x: x[1:],
    "returns the mean of {0} over the last axis": lambda x: x.mean(axis=-1),
    "returns the sum of {0} over the last axis": lambda x: x.sum(axis=-1),
    "returns the mean of {0} in every entry": lambda x: np.full_like(x, x.mean()),
    "returns {0} with one axis more": lambda x: x[..., None],
    "returns {0} flat": np.ravel,
    "returns {0} scaled to sum 1": lambda x: x / x.sum(),
    "returns the softmax of {0} (last axis)": lambda x: scipy.special.softmax(x, axis=-1),
    "returns {0} scaled to length 1": lambda x: x / np.sqrt(np.sum(x * x)),
}


def _of_outputs(operation):
    def put(name, function):
        return lambda out, inputs: out | {name: np.asarray(function(out, inputs), dtype=np.float64)}

    outputs = list(operation.outputs)
    for entry in outputs:
        for words, change in OUTPUT_CHANGES.items():
            yield Trial(words.format(entry.name), None, put(entry.name, lambda o, i, n=entry.name, c=change: c(o[n])))
    for a, b in combinations(outputs, 2):
        if a.axes == b.axes:
            words = f"exchanges the outputs {a.name} and {b.name}"
            yield Trial(words, None, lambda o, i, a=a.name, b=b.name: o | {a: o[b], b: o[a]})
            yield Trial(f"returns {b.name} for {a.name}", None, put(a.name, lambda o, i, b=b.name: o[b]))
            yield Trial(f"returns {a.name} for {b.name}", None, put(b.name, lambda o, i, a=a.name: o[a]))
    for entry in outputs:
        for field in operation.inputs:
            n, m = entry.name, field.name
            if field.kind == "array" and field.axes == entry.axes:
                yield Trial(f"returns {m} unchanged for {n}", None, put(n, lambda o, i, m=m: i[m]))
                yield Trial(f"adds {m} to {n}", None, put(n, lambda o, i, n=n, m=m: o[n] + i[m]))
                yield Trial(f"returns {n} less {m}", None, put(n, lambda o, i, n=n, m=m: o[n] - i[m]))
            elif field.kind == "array" and entry.axes.split()[1:] == field.axes.split():
                words = f"returns {n} a row late, with {m} in its first row"
                yield Trial(words, None, put(n, lambda o, i, n=n, m=m: np.concatenate([i[m][None], o[n][:-1]])))
                words = f"returns {n} less {m}"
                yield Trial(words, None, put(n, lambda o, i, n=n, m=m: o[n] - i[m]))
            elif field.kind == "float":
                yield Trial(f"multiplies {n} by {m}", None, put(n, lambda o, i, n=n, m=m: o[n] * i[m]))
                yield Trial(f"divides {n} by {m}", None, put(n, lambda o, i, n=n, m=m: o[n] / i[m]))
        for axis in sorted({s for f in operation.inputs for s in f.axes.split() if s.isidentifier()}):
            n = entry.name
            words = f"multiplies {n} by {axis} (sum for mean)"
            yield Trial(words, None, put(n, lambda o, i, n=n, s=axis: o[n] * axis_size(operation, i, s)))
            words = f"divides {n} by {axis} (mean for sum)"
            yield Trial(words, None, put(n, lambda o, i, n=n, s=axis: o[n] / axis_size(operation, i, s)))


def axis_size(operation, inputs, symbol):
    """Length of the axes of a symbol."""
    for entry in operation.inputs:
        axes = entry.axes.split()
        if entry.kind == "array" and symbol in axes:
            return inputs[entry.name].shape[axes.index(symbol)]
    raise KeyError(symbol)


def tried(run, trial):
    """A trial around a form of the rule: what it answers to some inputs, by output; None if it raises."""

    def answer(inputs):
        try:
            with np.errstate(all="ignore"):
                changed = trial.before(inputs) if trial.before else inputs
                out = run(changed)
                if out is None and (zeros := [n for n, v in changed.items() if isinstance(v, float) and v == 0]):
                    out = run(changed | dict.fromkeys(zeros, SMALLEST))  # the rule wants it positive, others do not
                return trial.after(out, inputs) if trial.after and out is not None else out
        except Exception:  # not every change fits every input
            return None

    return answer
