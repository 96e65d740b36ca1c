"""Right answers of the operations, and how far rounding alone drives an honest candidate away from them."""

from functools import partial
from typing import Any

import numpy as np

from refimpl.oracle.judging import cases, tolerance
from refimpl.specs.base import Operation

_known: dict[tuple[str, str, str], tuple[Any, Any]] = {}  # answers are dear, and asked for by every mutant


def expected(operation: Operation, inputs: dict[str, Any], dtype: str):
    """Exact answers and their tolerances, as two dicts by output, for inputs already in `dtype`.

    Examples
    --------
    >>> from refimpl.oracle import catalog
    >>> op = catalog.operation("lion.trajectory")
    >>> answers, tolerances = expected(op, dict(op.cases[0].inputs), "float64")
    >>> answers["thetas"][-1].tolist(), bool((tolerances["thetas"] < 1e-13).all())
    ([-2.0, -4.0], True)
    """
    key = (operation.name, cases.digest(inputs), dtype)
    if key not in _known:
        names = [f.name for f in operation.outputs]
        exact = tolerance.outputs_of(operation.exact(**inputs))
        allowed = tolerance.spread(tolerance.noisy_runs(operation.reference, inputs, dtype), exact, dtype)
        largest = [np.abs(x).max(initial=0.0) for x in exact]
        floors = [f.ulps * tolerance.unit(dtype) * x for f, x in zip(operation.outputs, largest, strict=True)]
        allowed = map(np.fmax, allowed, floors)
        _known[key] = dict(zip(names, exact, strict=True)), dict(zip(names, allowed, strict=True))
    return _known[key]


def by_name(operation, **arguments):
    """What the reference answers, by output."""
    result = operation.reference(**arguments)
    names = (entry.name for entry in operation.outputs)
    return dict(zip(names, result if isinstance(result, tuple) else (result,), strict=True))


def law_tolerances(operation, law, inputs, dtype):
    """Per pair of a law, how far rounding alone drives its two sides apart on the reference."""
    wide = {k: v.astype(np.float64) if isinstance(v, np.ndarray) else v for k, v in inputs.items()}
    reference = partial(by_name, operation)

    def gaps(**arguments):
        return tuple(x for got, wanted in law.pairs(reference, arguments) for x in (got - wanted, wanted))

    runs = list(tolerance.noisy_runs(gaps, wide, dtype))
    zeros = [np.zeros_like(x) for x in runs[0][0::2]]
    widest = tolerance.spread((run[0::2] for run in runs), zeros, dtype)
    scales = [np.max([np.abs(run[1::2][i]) for run in runs], axis=0) for i in range(len(zeros))]
    ulps, unit = max(f.ulps for f in operation.outputs), tolerance.unit(dtype)
    return [
        np.fmax(w + 2 * unit * s, ulps * unit * np.max(s, initial=0.0)) for w, s in zip(widest, scales, strict=True)
    ]
