"""Right answers of the operations, and how far rounding alone drives an honest candidate away from them."""

from functools import partial
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from refimpl.oracle.judging import cases, tolerance
from refimpl.specs.base import Case, Law, Operation

_known: dict[tuple[str, str, str], tuple[Any, Any]] = {}  # answers are dear, and asked for by every mistake
_known_of_laws: dict[tuple[str, Law, str, str], Any] = {}  # likewise
FEW = 3  # noisy runs of a long or large case
NEAR = 16  # steps before and after, whose tolerances make up for the luck of so few runs
OF_A_LAW = 6


def trials(case):
    """Number of noisy runs from which the tolerances of a case come."""
    return FEW if {"long", "large"} & set(case.flags) and not case.alike else tolerance.TRIALS


def expected(operation: Operation, case: Case, dtype: str):
    """Exact answers and their tolerances, as two dicts by output, for the inputs of a case in `dtype`.

    Examples
    --------
    >>> from refimpl.oracle import catalog
    >>> op = catalog.operation("lion.trajectory")
    >>> answers, tolerances = expected(op, op.cases[0], "float64")
    >>> answers["thetas"][-1].tolist(), bool((tolerances["thetas"] < 1e-13).all())
    ([-2.0, -4.0], True)
    """
    key = (operation.name, cases.digest_of(case), dtype)
    if key not in _known:
        _known[key] = _large(operation, case, dtype) if case.derived else _small(operation, case, dtype)
    return _known[key]


def _small(operation, case, dtype):
    inputs = cases.rounded(case.inputs, dtype)
    exact = tolerance.outputs_of(operation.exact(**inputs))
    allowed = _allowed(operation, inputs, exact, dtype, trials(case))
    return _by_output(operation, exact), _by_output(operation, allowed)


def _large(operation, case, dtype):
    """Made of the answers of the small case; the tolerances too where each entry is treated by itself."""
    answers, tolerances = expected(operation, case.small, dtype)
    large = case.derived(answers)
    if case.alike:
        return large, case.derived(tolerances)
    exact = tuple(large[entry.name] for entry in operation.outputs)
    return large, _by_output(
        operation, _allowed(operation, cases.rounded(case.inputs, dtype), exact, dtype, trials(case))
    )


def _allowed(operation, inputs, exact, dtype, count):
    allowed = tolerance.spread(tolerance.noisy_runs(operation.reference, inputs, dtype, trials=count), exact, dtype)
    if count == FEW:
        allowed = tuple(
            _largest_nearby(x) if f.steps else x
            for f, x in zip(operation.outputs, allowed, strict=True)
        )
    largest = [np.abs(x).max(initial=0.0) for x in exact]
    floors = [f.ulps * tolerance.unit(dtype) * x for f, x in zip(operation.outputs, largest, strict=True)]
    return tuple(map(np.fmax, allowed, floors))


def _largest_nearby(x):
    """Of each step the largest entry among `NEAR` before and after it (scipy.ndimage takes 0.1 s to import)."""
    ends = [(NEAR, NEAR)] + [(0, 0)] * (x.ndim - 1)
    return sliding_window_view(np.pad(x, ends, mode="edge"), 2 * NEAR + 1, axis=0).max(axis=-1)


def _by_output(operation, values):
    return dict(zip((f.name for f in operation.outputs), values, strict=True))


def by_name(operation, **arguments):
    """What the reference answers, by output."""
    result = operation.reference(**arguments)
    return _by_output(operation, result if isinstance(result, tuple) else (result,))


def law_tolerances(operation, law, case, dtype):
    """Per pair of a law, how far rounding alone drives its two sides apart on the reference."""
    key = (operation.name, law, cases.digest_of(case), dtype)
    if key not in _known_of_laws:
        _known_of_laws[key] = _law_tolerances(operation, law, cases.rounded(case.inputs, dtype), dtype)
    return _known_of_laws[key]


def _law_tolerances(operation, law, inputs, dtype):
    wide = {k: v.astype(np.float64) if isinstance(v, np.ndarray) else v for k, v in inputs.items()}
    reference = partial(by_name, operation)

    def gaps(**arguments):
        return tuple(x for got, wanted in law.pairs(reference, arguments) for x in (got - wanted, wanted))

    runs = list(tolerance.noisy_runs(gaps, wide, dtype, trials=OF_A_LAW))
    zeros = [np.zeros_like(x) for x in runs[0][0::2]]
    widest = tolerance.spread((run[0::2] for run in runs), zeros, dtype)
    scales = [np.max([np.abs(run[1::2][i]) for run in runs], axis=0) for i in range(len(zeros))]
    ulps, unit = max(f.ulps for f in operation.outputs), tolerance.unit(dtype)
    return [
        np.fmax(w + 2 * unit * s, ulps * unit * np.max(s, initial=0.0)) for w, s in zip(widest, scales, strict=True)
    ]
