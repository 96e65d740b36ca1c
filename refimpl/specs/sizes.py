"""Large cases at the price of small ones: what an answer is where inputs are picked or repeated from a small case."""

from collections.abc import Mapping
from functools import lru_cache, partial

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case

LARGE = 70_001  # beyond the sizes at which code goes blockwise, and no multiple of a block


class Picked(Mapping):
    """Inputs whose entries are those of a small case, picked when they are asked for: all of them take half a GiB.

    Parameters
    ----------
    small : mapping of str to object
        The inputs of the small case.
    axes : dict of str to int
        Name -> axis along which its entries are picked.
    picks : callable
        ``picks()``, the indices.
    """

    def __init__(self, small, axes, picks):
        self._small, self._axes, self._picks = small, axes, picks

    def __getitem__(self, name):
        value = self._small[name]
        return np.take(value, self._picks(), axis=self._axes[name]) if name in self._axes else value

    def __iter__(self):
        return iter(self._small)

    def __len__(self):
        return len(self._small)

    def __or__(self, others):
        return {**self, **others}

    def __ror__(self, others):
        return {**others, **self}


@lru_cache(maxsize=4)
def _picks(operation, slug, count, size, balanced):
    """`size` indices below `count`, the same ones for ever."""
    rng = stream(0, operation, slug)
    if balanced:
        return rng.permutation(np.repeat(np.arange(count), size // count))
    return rng.integers(0, count, size)


def large(slug, of, axis, *, size=LARGE, balanced=False, flags=(), answers=None, dtypes=None):
    """A case of many entries along an axis, each one of those of a small case, in random order.

    Parameters
    ----------
    slug : str
        Of the new case.
    of : str
        Slug of the small case, which must stand before it.
    axis : str
        Along which entries are picked, such as "d".
    size : int, default: 70001
        How many are picked; with `balanced` the next multiple of the small case's.
    balanced : bool, default: False
        False where each entry along the axis is treated by itself (as the law `apart` says). True where the operation
        takes means over the axis, which stay if each entry comes equally often.
    flags : sequence of str
        Beside "large".
    answers : callable, optional
        ``answers(small, times)``, those outputs that change otherwise, such as a sum: from the answers of the small
        case, and how often each entry comes (with `balanced`).
    dtypes : sequence of str, optional
        Default: those of the small case. A sum over so many numbers, added one by one in float32, loses more than
        rounding explains.

    Returns
    -------
    callable
        An entry of `Operation.cases`: operation -> Case. Its right answer is made of that of the small case.

    Examples
    --------
    >>> callable(large("many-coordinates", "two-rates", "d"))
    True
    """

    def make(operation, before):
        small = before[of]
        inputs = {f.name: f.axes.split().index(axis) for f in operation.inputs if axis in f.axes.split()}
        outputs = {f.name: f.axes.split().index(axis) for f in operation.outputs if axis in f.axes.split()}
        if not inputs:
            raise ValueError(f"{slug}: axis must be one of an input of {operation.name}, got {axis!r}")
        name, position = next(iter(inputs.items()))
        count = small.inputs[name].shape[position]
        times = -(-size // count)
        whole = count * times if balanced else size
        picks = partial(_picks, operation.name, slug, count, whole, balanced)

        def derived(values):
            taken = dict(Picked(values, outputs, picks))
            return taken | (answers(values, times) if answers else {})

        return Case(
            slug,
            ("large", *flags),
            f"{whole} entries along {axis}, each one of those of {of}: no block is left out, none done twice",
            Picked(small.inputs, inputs, picks),
            dtypes=dtypes or small.dtypes,
            equations=small.equations,
            source=f"the answer of {of}",
            small=small,
            derived=derived,
            recipe=f"{of}/{axis}/{whole}/{'balanced' if balanced else 'picked'}",
            alike=not balanced,
        )

    return make


def one_step(operation, cases):
    """The first step alone of the first case in which every other axis is longer than 1.

    Parameters
    ----------
    operation : Operation
        One with an output that counts steps by an axis of its inputs.
    cases : dict of str to Case
        Those before it.

    Returns
    -------
    Case
        Its slug is "one-step-of-" and that of the case.
    """
    (steps,) = {entry.axes.split()[0].partition("+")[0] for entry in operation.outputs if entry.steps}

    def first(entry, value):
        axes = entry.axes.split()
        return (
            value[tuple(slice(1) if axis == steps else slice(None) for axis in axes)]
            if entry.kind == "array"
            else value
        )

    for case in cases.values():
        axes = [
            (axis, n)
            for entry in operation.inputs
            if entry.kind == "array"
            for axis, n in zip(entry.axes.split(), case.inputs[entry.name].shape, strict=True)
        ]
        if case.small is None and all(n > 1 for _, n in axes):
            inputs = {entry.name: first(entry, case.inputs[entry.name]) for entry in operation.inputs}
            why = "a single step, several coordinates: no axis of length 1 is taken away"
            return Case(f"one-step-of-{case.slug}", ("boundary",), why, inputs, dtypes=case.dtypes)
    raise ValueError(f"{operation.name} has no case in which every axis is longer than 1")
