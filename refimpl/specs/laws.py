"""Laws that many operations share: how an answer must move when the inputs are scaled, reordered, turned or cut.

Each function makes a line of an operation's `laws`. Axes are named as in the fields of the operation, "d" in "T d", so
that no law says where they stand. Factors are powers of two: then floating-point arithmetic adds no error of its own.
"""

from collections.abc import Mapping
from functools import partial

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law


def related(slug, statement, change, expect, *cases):
    """Inputs changed in one way change the outputs in another.

    Parameters
    ----------
    slug, statement : str
        As of `Law`.
    change : callable
        ``change(inputs) -> dict`` of the inputs that differ.
    expect : callable
        ``expect(outputs) -> dict`` of the outputs that differ, from those of the unchanged inputs; the others stay.
    *cases : str
        Slugs of the cases on whose inputs it is checked.

    Returns
    -------
    Law
        See there.

    Examples
    --------
    >>> law = related("shift", "moves along", lambda i: {"x": i["x"] + 8}, lambda o: {"y": o["y"] + 8}, "ordinary")
    >>> list(law.pairs(lambda x: {"y": 2 + x}, {"x": 1}))
    [(11, 11)]
    """

    def pairs(run, inputs):
        before = run(**inputs)
        after = run(**inputs | change(inputs))
        expected = before | expect(before)
        for name in before:
            yield after[name], expected[name]

    return Law(slug, statement, pairs, cases)


def scaled(slug, statement, by, inputs: Mapping[str, int], outputs: Mapping[str, int], *cases):
    """Inputs times a number give outputs times a power of it; outputs that are not named stay.

    Parameters
    ----------
    slug, statement, *cases
        As for `related`.
    by : float
        A power of two, or -1 for what is odd or even.
    inputs, outputs : mapping of str to int
        Name -> power of `by` that it is multiplied with.

    Returns
    -------
    Law
        See there.

    Examples
    --------
    >>> law = scaled("square", "x times 4 gives 16 times x squared", 4.0, {"x": 1}, {"y": 2}, "ordinary")
    >>> list(law.pairs(lambda x: {"y": x * x}, {"x": 3.0}))
    [(144.0, 144.0)]
    """

    def times(powers, values):
        return {name: values[name] * float(by) ** power for name, power in powers.items()}

    return related(slug, statement, partial(times, inputs), partial(times, outputs), *cases)


REACH = {"float32": 96, "float64": 900}  # powers of two by which entries of size 1 can be multiplied and divided


def scales(inputs: Mapping[str, int], outputs: Mapping[str, int], *cases, inside=1, slug="scales"):
    """Inputs times 2**k give outputs times a power of it, to the same digits, at both ends of the range of the dtype.

    Our sources keep it. Other code may have the rule right and overflow there: it is asked with `--errors` alone.

    Parameters
    ----------
    inputs, outputs : mapping of str to int
        Name -> power of 2**k that it is multiplied with; outputs that are not named stay.
    *cases : str
        Slugs of the cases on whose inputs it is checked: entries of about size 1.
    inside : int, default: 1
        The largest power of the inputs that the rule has as a value of its own, such as 2 where a state holds squares:
        those must be in the range too.
    slug : str, default: "scales"
        Of the law.

    Returns
    -------
    Law
        See there.

    Examples
    --------
    >>> import numpy as np
    >>> law = scales({"x": 1}, {"length": 1}, "ordinary")
    >>> x = np.array([3.0, 4.0], dtype=np.float32)
    >>> plain, careful = lambda x: np.sqrt(np.sum(x * x)), lambda x: np.hypot(*x)
    >>> with np.errstate(over="ignore"):
    ...     found = [[*law.pairs(lambda x: {"length": f(x)}, {"x": x})] for f in (plain, careful)]
    >>> [[float(got) for got, _ in pairs] for pairs in found]
    [[inf, 0.0], [5.0, 5.0]]
    """
    most = max(inside, *map(abs, (*inputs.values(), *outputs.values())))

    def pairs(run, values):
        before = run(**values)
        single = any(getattr(x, "dtype", None) is not None and "float32" in str(x.dtype) for x in values.values())
        reach = REACH["float32" if single else "float64"] // most
        for k in (reach, -reach):
            after = run(**values | {name: values[name] * 2.0 ** (k * power) for name, power in inputs.items()})
            for name in before:
                yield after[name] * 2.0 ** (-k * outputs.get(name, 0)), before[name]

    named = " and ".join(inputs)
    statement = f"{named} may be of any scale: the answer has the same digits at both ends of the range"
    return Law(slug, statement, pairs, cases, extreme=True)


def of_all_but(law, *outputs):
    """A law that some of the outputs do not keep.

    Examples
    --------
    >>> law = of_all_but(scaled("scale", "...", 2.0, {"x": 1}, {"y": 1}, "ordinary"), "log_density")
    >>> list(law.pairs(lambda x: {"y": x, "log_density": 0.5}, {"x": 3.0}))
    [(6.0, 6.0)]
    """

    def pairs(run, inputs):
        others = lambda **asked: {name: value for name, value in run(**asked).items() if name not in outputs}
        yield from law.pairs(others, inputs)

    return Law(law.slug, f"{law.statement}, but for {' and '.join(outputs)}", pairs, law.cases, law.extreme)


def odd(*cases, inputs=None, outputs=None):
    """All arrays negated (or those `inputs`) negate all outputs (or those `outputs`; the others stay).

    Examples
    --------
    >>> callable(odd("ordinary"))
    True
    """

    def make(operation):
        arrays = tuple(f.name for f in operation.inputs if f.kind == "array") if inputs is None else inputs
        answers = tuple(f.name for f in operation.outputs) if outputs is None else outputs
        statement = f"{' and '.join(inputs) if inputs else 'all arrays'} negated negate the answer"
        return scaled("odd", statement, -1.0, dict.fromkeys(arrays, 1), dict.fromkeys(answers, 1), *cases)

    return make


def _along(fields, axis):
    """Name -> position of a named axis, of the arrays that have it."""
    return {f.name: f.axes.split().index(axis) for f in fields if axis in f.axes.split()}


def _taken(x, position, key):
    return x[(*(slice(None),) * position, key, ...)]


def _law_of_axis(slug, statement, axis, move, cases):
    """A law that moves everything along an axis in the same way: `move(xp, array, positions)`, two for a matrix."""

    def every(fields):
        at = {f.name: tuple(i for i, name in enumerate(f.axes.split()) if name == axis) for f in fields}
        return {name: positions for name, positions in at.items() if positions}

    def make(operation):
        inputs, outputs = every(operation.inputs), every(operation.outputs)

        def moved(where, values):
            return {name: move(array_namespace(values[name]), values[name], at) for name, at in where.items()}

        return related(slug, statement, partial(moved, inputs), partial(moved, outputs), *cases)

    return make


def reversed_along(axis, *cases, slug="reordered"):
    """What stands along an axis comes in any order: reversed inputs give reversed outputs, a matrix in both directions.

    Examples
    --------
    >>> callable(reversed_along("d", "ordinary"))
    True
    """
    statement = f"inputs reversed along {axis} reverse the answer along {axis}, and change nothing else"
    return _law_of_axis(slug, statement, axis, lambda xp, x, at: xp.flip(x, axis=at), cases)


def doubled_along(axis, *cases, slug="doubled"):
    """Everything along an axis twice changes nothing but the length of what has that axis.

    Examples
    --------
    >>> callable(doubled_along("N", "ordinary"))
    True
    """
    statement = f"everything along {axis} twice doubles the answer along {axis}, and changes nothing else"
    return _law_of_axis(slug, statement, axis, lambda xp, x, at: xp.concat([x, x], axis=at[0]), cases)


def turned_along(axis, *cases, slug="turned", inputs=None, outputs=None):
    """No direction is special: inputs reflected along an axis reflect the outputs.

    Parameters
    ----------
    axis : str
        Of the coordinates that are reflected, by I - 2 v v^T / |v|^2 with v = (1, 2, ...).
    *cases : str
        Slugs of the cases on whose inputs it is checked.
    slug : str, default: "turned"
        Of the law.
    inputs, outputs : sequence of str, optional
        What is reflected; default: all that have the axis. A matrix is reflected along every axis of this name.

    Returns
    -------
    callable
        An entry of `Operation.laws`.

    Examples
    --------
    >>> callable(turned_along("d", "ordinary"))
    True
    """

    def reflected(axes, x):
        xp = array_namespace(x)
        square = axes.split()[-2:] == [axis, axis]
        mirrored = square and bool(xp.all(x == xp.matrix_transpose(x)))
        for position, name in enumerate(axes.split()):
            if name == axis:
                moved = xp.moveaxis(x, position, -1)
                v = xp.asarray([float(i) for i in range(1, x.shape[position] + 1)], dtype=moved.dtype)
                along = xp.sum(moved * v, axis=-1)[..., None]
                x = xp.moveaxis(moved - along * (2.0 * v / xp.sum(v * v)), -1, position)
        if mirrored:  # but for rounding, which a domain would not take
            x = (x + xp.matrix_transpose(x)) / 2
        return x

    def make(operation):
        def chosen(fields, names):
            return {f.name: f.axes for f in fields if axis in f.axes.split() and (names is None or f.name in names)}

        def moved(axes, values):
            return {name: reflected(axes[name], values[name]) for name in axes}

        statement = f"inputs reflected along {axis} reflect the answer"
        change = partial(moved, chosen(operation.inputs, inputs))
        return related(slug, statement, change, partial(moved, chosen(operation.outputs, outputs)), *cases)

    return make


def apart(axis, *cases, slug="coordinates-apart"):
    """Each entry along an axis is treated by itself: asked alone, it has the same answer.

    Examples
    --------
    >>> callable(apart("d", "ordinary"))
    True
    """

    def make(operation):
        inputs, outputs = _along(operation.inputs, axis), _along(operation.outputs, axis)

        def pairs(run, values):
            whole = run(**values)
            name, position = next(iter(inputs.items()))
            for i in range(values[name].shape[position]):
                alone = run(**values | {n: _taken(values[n], p, slice(i, i + 1)) for n, p in inputs.items()})
                for output, p in outputs.items():
                    yield alone[output], _taken(whole[output], p, slice(i, i + 1))

        return Law(slug, f"each entry along {axis} by itself has the same answer", pairs, cases)

    return make


def causal(axis, *cases, slug="causal"):
    """A shorter run is the beginning of a longer one: what comes later changes nothing before it.

    Examples
    --------
    >>> callable(causal("T", "ordinary"))
    True
    """

    def make(operation):
        inputs = _along(operation.inputs, axis)
        outputs = [f.name for f in operation.outputs if f.steps]

        def pairs(run, values):
            whole = run(**values)
            shorter = run(**values | {name: _taken(values[name], p, slice(None, -1)) for name, p in inputs.items()})
            for name in outputs:
                yield shorter[name], whole[name][: shorter[name].shape[0], ...]

        return Law(slug, f"without the last of {axis} the run is the same up to there", pairs, cases)

    return make
