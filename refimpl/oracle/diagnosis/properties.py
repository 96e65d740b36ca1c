"""What inputs may have, and changes that give it to them: what may separate right answers from wrong ones."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from refimpl.oracle.diagnosis.trials import axis_size, defaults


class Property(NamedTuple):
    """Something that inputs may have, and a change that gives it to them."""

    words: str  # goes on after "right where"
    other: str  # the same for inputs without it, after "wrong only where"
    holds: Callable[..., bool]
    make: Callable[..., Any]


def properties(operation):
    """Everything that is tried, the plainest first."""
    return (
        *_of_choices(operation),
        *_of_axes(operation),
        *_of_numbers(operation),
        *_of_all_arrays(operation),
        *_of_arrays(operation),
    )


def both(a, b):
    """Two properties as one."""
    return Property(
        f"{a.words} and {b.words}",
        f"{a.other} or {b.other}",
        lambda inputs: a.holds(inputs) and b.holds(inputs),
        lambda inputs: b.make(a.make(inputs)),
    )


def _equal(name, value, said):
    """That an input has one value."""
    return Property(
        f"{name} = {said}", f"{name} is not {said}", lambda i: i[name] == value, lambda i: i | {name: value}
    )


def _other(name, value, options):
    """That a choice is not one of three or more."""
    instead = next(option for option in options if option != value)
    return Property(
        f"{name} is not {value!r}",
        f"{name} = {value!r}",
        lambda i: i[name] != value,
        lambda i: i | {name: instead if i[name] == value else i[name]},
    )


def _of_numbers(operation):
    numbers = [f.name for f in operation.inputs if f.kind == "float"]
    own = defaults(operation)
    for name in numbers:
        yield from (_equal(name, value, f"{value:g}") for value in (0.0, 1.0))
        yield Property(
            f"{name} is not 0",
            f"{name} = 0",
            lambda i, n=name: i[n] != 0,
            lambda i, n=name: i | {n: i[n] or max(own.get(n, {0.5})) or 0.5},
        )
        yield Property(
            f"{name} <= 1",
            f"{name} > 1",
            lambda i, n=name: i[n] <= 1,
            lambda i, n=name: i | {n: min(i[n], 0.75)},
        )
        yield from (_equal(name, v, f"{v:g}, its default") for v in sorted(own.get(name, set()) - {0.0, 1.0}))
    for k, a in enumerate(numbers):
        for b in numbers[:k]:
            words = f"{a} = {b}"
            yield Property(
                words, f"{a} is not {b}", lambda i, a=a, b=b: i[a] == i[b], lambda i, a=a, b=b: i | {a: i[b]}
            )


def _of_choices(operation):
    for entry in operation.inputs:
        if entry.kind == "choice":
            for option in entry.options:
                rest = " or ".join(repr(other) for other in entry.options if other != option)
                yield _equal(entry.name, option, repr(option))._replace(other=f"{entry.name} = {rest}")
            if len(entry.options) > 2:
                yield from (_other(entry.name, option, entry.options) for option in entry.options)
        elif entry.kind == "int":
            yield from (_equal(entry.name, value, str(value)) for value in (0, 1))
            yield Property(
                f"{entry.name} is even",
                f"{entry.name} is odd",
                lambda i, n=entry.name: i[n] % 2 == 0,
                lambda i, n=entry.name: i | {n: i[n] + i[n] % 2},
            )


def cut(operation, inputs, symbol, length, start=0):
    """Inputs with the axes of a symbol cut to some length; those named "K+1" keep one more."""
    changed = {}
    for entry in operation.inputs:
        value = inputs[entry.name]
        if entry.kind == "array":
            for axis, name in enumerate(entry.axes.split()):
                more = int(name.removeprefix(f"{symbol}+")) if name.startswith(f"{symbol}+") else 0
                if name == symbol or more:
                    value = np.take(value, range(start, start + length + more), axis=axis)
        changed[entry.name] = value
    return changed


def symbols(operation):
    """Names of the axes of the inputs, in order."""
    found = [s for f in operation.inputs if f.kind == "array" for s in f.axes.split() if s.isidentifier()]
    return list(dict.fromkeys(found))


def steps_of(operation):
    """Symbols that count steps: the first axis of each output that has them."""
    return {entry.axes.split()[0].partition("+")[0] for entry in operation.outputs if entry.steps}


def _of_axes(operation):
    for symbol in symbols(operation):
        what = "there is a single step" if symbol in steps_of(operation) else f"{symbol} = 1"
        other = "there is more than one step" if symbol in steps_of(operation) else f"{symbol} > 1"
        yield Property(
            what,
            other,
            lambda i, s=symbol: axis_size(operation, i, s) == 1,
            lambda i, s=symbol: cut(operation, i, s, 1),
        )
        yield Property(
            f"{symbol} is even",
            f"{symbol} is odd",
            lambda i, s=symbol: axis_size(operation, i, s) % 2 == 0,
            lambda i, s=symbol: cut(operation, i, s, axis_size(operation, i, s) // 2 * 2),
        )


def _rows(x):
    return np.sqrt(np.sum(x * x, axis=-1)) if x.ndim else np.abs(x)


def _apart(x):
    """Entries moved until no two are the same."""
    return x + 1e-3 * np.arange(1, x.size + 1).reshape(x.shape) * (1 + np.max(np.abs(x), initial=0.0)) / x.size


ARRAYS = {
    "no entry of {0} is 0": (
        "an entry of {0} is 0",
        lambda x: bool(np.all(x != 0)),
        lambda x: np.where(x == 0, 0.37 * (1 + np.arange(x.size).reshape(x.shape)) / x.size, x),
    ),
    "{0} has no negative entry": ("an entry of {0} is negative", lambda x: bool(np.all(x >= 0)), np.abs),
    "{0} has no positive entry": ("an entry of {0} is positive", lambda x: bool(np.all(x <= 0)), lambda x: -np.abs(x)),
    "all entries of {0} lie in [-1, 1]": (
        "an entry of {0} is beyond 1 in size",
        lambda x: bool(np.all(np.abs(x) <= 1)),
        lambda x: x / max(1.0, float(np.max(np.abs(x), initial=0.0))),
    ),
    "{0} has norm <= 1": (
        "the norm of {0} is above 1",
        lambda x: bool(np.sqrt(np.sum(x * x)) <= 1),
        lambda x: x / max(1.0, 1.01 * float(np.sqrt(np.sum(x * x)))),
    ),
    "every row of {0} has norm <= 1": (
        "a row of {0} has a norm above 1",
        lambda x: bool(np.all(_rows(x) <= 1)),
        lambda x: x / max(1.0, 1.01 * float(np.max(_rows(x), initial=0.0))),
    ),
    "the entries of {0} are of size 1 or more": (
        "an entry of {0} is smaller than 1 in size",
        lambda x: bool(np.all(np.abs(x) >= 1)),
        lambda x: np.where(np.abs(x) < 1, np.copysign(1.0, x) + x, x),
    ),
    "all rows of {0} are the same": (
        "the rows of {0} differ",
        lambda x: bool(np.all(x == x[:1])),
        lambda x: np.broadcast_to(x[:1], x.shape).copy(),
    ),
    "all entries of {0} are the same": (
        "the entries of {0} differ",
        lambda x: bool(np.all(x == x.flat[0])),
        lambda x: np.full_like(x, x.flat[0]),
    ),
    "no two entries of {0} are the same": (
        "two entries of {0} are the same",
        lambda x: np.unique(x).size == x.size,
        _apart,
    ),
    "no two rows of {0} are the same": (
        "two rows of {0} are the same",
        lambda x: x.ndim < 2 or np.unique(x, axis=0).shape[0] == x.shape[0],
        _apart,
    ),
    "{0} is sorted along its last axis": (
        "{0} is not sorted along its last axis",
        lambda x: bool(np.all(np.diff(x, axis=-1) >= 0)),
        lambda x: np.sort(x, axis=-1),
    ),
    "{0} is symmetric": (
        "{0} is not symmetric",
        lambda x: x.shape[-1] == x.shape[-2] and bool(np.all(x == np.swapaxes(x, -1, -2))),
        lambda x: (x + np.swapaxes(x, -1, -2)) / 2,
    ),
    "{0} is diagonal": (
        "{0} is not diagonal",
        lambda x: x.shape[-1] == x.shape[-2] and bool(np.all(x == x * np.eye(x.shape[-1]))),
        lambda x: x * np.eye(x.shape[-1]),
    ),
    "{0} has mean 0": (
        "the mean of {0} is not 0",
        lambda x: bool(abs(np.mean(x)) <= 1e-12 * np.max(np.abs(x), initial=0.0)),
        lambda x: x - np.mean(x),
    ),
    "all entries of {0} are whole numbers": (
        "an entry of {0} is no whole number",
        lambda x: bool(np.all(x == np.round(x))),
        lambda x: np.where(np.round(x) == 0, np.copysign(1.0, x) * (x != 0), np.round(x)),
    ),
    "{0} is small (all entries below 0.01 in size)": (
        "{0} has an entry of 0.01 or more in size",
        lambda x: bool(np.max(np.abs(x), initial=0.0) < 0.01),
        lambda x: x * 0.009 / max(0.009, float(np.max(np.abs(x), initial=0.0))),
    ),
}


FOR_WHOLE = ("no two entries of {0} are the same", "all entries of {0} are the same", "all rows of {0} are the same")


def _whole(operation):
    """Arrays of whole numbers or masks: what counts or points has no sign and no size."""
    return {f.name for f in operation.inputs if f.domain.dtype != "float64"}


def _of_all_arrays(operation):
    """Of several arrays together: what is capped, or overflows, may be made of all of them."""
    names = [f.name for f in operation.inputs if f.kind == "array" and f.name not in _whole(operation)]

    def largest(inputs):
        return max((float(np.max(np.abs(inputs[n]), initial=0.0)) for n in names), default=0.0)

    for most in (1.0, 1e-3) if len(names) > 1 else ():
        yield Property(
            f"no entry of any array is above {most:g} in size",
            f"an entry of an array is above {most:g} in size",
            lambda i, most=most: largest(i) <= most,
            lambda i, most=most: i | {n: i[n] * min(1.0, most / (largest(i) or 1.0)) for n in names},
        )


def _of_arrays(operation):
    whole = _whole(operation)
    for words, (other, holds, make) in ARRAYS.items():
        for entry in operation.inputs:
            if entry.kind == "array" and (entry.name not in whole or words in FOR_WHOLE):
                n = entry.name
                yield Property(
                    words.format(n),
                    other.format(n),
                    lambda i, n=n, f=holds: f(i[n]),
                    lambda i, n=n, f=make: i | {n: np.asarray(f(i[n]), dtype=i[n].dtype)},
                )
