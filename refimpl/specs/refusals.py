"""What every operation must refuse: rates out of range, gradients that are no numbers, arrays of another size."""

import math

import numpy as np

from refimpl.specs.base import ErrorCase
from refimpl.specs.domains import known


def numbers(*names, **called):
    """Error cases of numbers outside their domains.

    Parameters
    ----------
    *names : str
        Inputs of one number.
    **called : str
        Inputs that the message calls otherwise -> what it calls them.

    Returns
    -------
    callable
        An entry of `Operation.errors`: operation -> tuple of ErrorCase, "<what>-<input>" for each way to be outside.

    Examples
    --------
    >>> callable(numbers("lr", beta="momentum"))
    True
    """

    def make(operation):
        fields = {f.name: f for f in operation.inputs}
        sizes = known(operation, operation.cases[0].inputs)
        return tuple(
            ErrorCase(f"{word}-{name.replace('_', '-')}", why, {name: value}, kinds, message)
            for name, message in {**{name: name for name in names}, **called}.items()
            for word, value, why, kinds in _outside(fields[name], sizes)
        )

    return make


def _outside(entry, sizes):
    """Ways in which a number is outside its domain: a word, the value, why, and what must be raised."""
    domain = entry.domain
    low, high = domain.bounds(sizes)
    if domain.whole:
        if math.isfinite(low):
            yield {0: "negative", 1: "zero"}.get(low, "small"), int(low) - 1, f"it must be >= {low:g}", ValueError
        if math.isfinite(high):
            yield "large", int(high) + (")" not in domain.open), f"it must be {domain.words}", ValueError
        return
    if math.isfinite(low):
        yield ("negative" if low == 0 else "small"), low - 0.1, f"it must be {domain.words}", ValueError
        if "(" in domain.open:
            yield ("zero" if low == 0 else "lowest"), float(low), f"it must be {domain.words}", ValueError
    if math.isfinite(high):
        word = "one" if high == 1 else "highest"
        yield (
            (word, float(high), f"it must be {domain.words}", ValueError)
            if ")" in domain.open
            else ("large", high + 0.5, f"it must be {domain.words}", ValueError)
        )
    yield "nan", math.nan, "NaN is no number to compute with", ValueError


def arrays(**names):
    """Error cases of arrays with a NaN, and of arrays one longer than the others.

    Parameters
    ----------
    **names : str
        Input -> what the message calls it.

    Returns
    -------
    tuple of callable
        Entries of `Operation.errors`: operation -> ErrorCase, on the inputs of its first case.

    Examples
    --------
    >>> len(arrays(grads="grad"))
    2
    """

    def nan(name, called):
        def make(operation):
            bad = np.full(operation.cases[0].inputs[name].shape, np.nan)
            return ErrorCase(f"nan-in-{name}", "NaN is no number to compute with", {name: bad}, ValueError, called)

        return make

    def misshapen(name, called):
        def make(operation):
            value = operation.cases[0].inputs[name]
            bad = np.concatenate([value, value[..., :1]], axis=-1)
            return ErrorCase(f"misshapen-{name}", "the sizes of the arrays do not fit", {name: bad}, ValueError, called)

        return make

    return tuple(make(name, called) for name, called in names.items() for make in (nan, misshapen))
