"""The smallest input that still shows a difference: few steps, few coordinates, round numbers, defaults."""

from typing import Any

import numpy as np

from refimpl.oracle.diagnosis.evidence import Evidence, size
from refimpl.oracle.diagnosis.properties import cut, symbols
from refimpl.oracle.diagnosis.trials import axis_size
from refimpl.oracle.judging.records import Smallest
from refimpl.specs.domains import known

PLAIN = (0.0, 1.0, 0.5, 0.1)
MOST = 1000  # numbers of an input that anybody reads: what is wrong in large arrays alone has none so small


def _cost(inputs):
    """Size, then number of digits: what shrinking makes less."""
    numbers = np.concatenate([np.ravel(v).astype(float) for v in inputs.values() if not isinstance(v, str)])
    digits = sum(len(f"{x:.15g}") for x in numbers[:500])
    return size(inputs), digits + int(np.sum(numbers < 0))


def shrunk(evidence: Evidence, clock):
    """The smallest sight that is reached from a failing one, deviating in the same way: with an answer, or raising."""
    wrong = evidence.wrong
    raises = wrong[0].got is None
    finite = lambda x: x[np.isfinite(x)]
    ordinary = {name: max(_largest(finite(seen.right[name])) for seen in wrong) for name in wrong[0].right}

    def share(seen):
        """The largest error, beside what is right; where that is 0, beside what it is elsewhere."""
        return max(_gap(seen, name) / (_largest(right) or ordinary[name] or 1) for name, right in seen.right.items())

    sight = wrong[0] if raises else next((seen for seen in wrong if not share(seen) < 1e-3), wrong[0])
    least = 0.0 if raises else min(1e-3, 0.1 * share(sight))

    def shows(inputs):
        found = evidence.ask(inputs, keep=False)
        if found is None or not found.wrong or (found.got is None) != raises:
            return None
        return None if least and share(found) < least else found  # by much, so that it is seen by eye

    best = sight
    progress = True
    while progress and not clock.over:
        progress = False
        for inputs in _smaller(evidence.operation, best.inputs):
            if clock.over:
                break
            if _cost(inputs) < _cost(best.inputs) and (found := shows(inputs)):
                best = found
                progress = True
                break
    return best


def _largest(x):
    return float(np.max(np.abs(x), initial=0.0))


def _gap(sight, name):
    """The largest error of an output that is no rounding."""
    got, right = sight.got[name], sight.right[name]
    if got.shape != right.shape or not np.isfinite(got).all():
        return np.inf
    with np.errstate(all="ignore"):
        return _largest(np.where(np.abs(got - right) > sight.tolerance[name], got - right, 0.0))


def _smaller(operation, inputs):
    """Inputs one step smaller or plainer, the largest steps first."""
    for symbol in symbols(operation):
        length = axis_size(operation, inputs, symbol)
        for target in dict.fromkeys((1, 2, length // 2, length - 1)):
            if 0 < target < length:
                yield cut(operation, inputs, symbol, target)
                yield cut(operation, inputs, symbol, target, start=length - target)
    for name, value in inputs.items():
        if isinstance(value, np.ndarray):
            plainer: list[Any] = [np.zeros_like, np.ones_like]
            if value.dtype != bool:
                plainer += [_near_one, np.abs, np.round, lambda x: np.round(x, 1), lambda x: np.round(x, 2)]
            for change in plainer:
                yield inputs | {name: change(value)}
        elif isinstance(value, float):
            for plain in (*PLAIN, round(value, 1), round(value, 2), float(f"{value:.1g}")):
                yield inputs | {name: plain}
        elif isinstance(value, int) and not isinstance(value, bool):
            for plain in (0, 1, 2, value // 2, value - 1):
                if 0 <= plain < value:
                    yield inputs | {name: plain}
    for name, value in inputs.items():
        if isinstance(value, np.ndarray) and value.size <= 12:
            for k in range(value.size):
                for plain in (0.0, 1.0):
                    changed = value.copy()
                    changed.flat[k] = plain
                    yield inputs | {name: changed}


def _near_one(x):
    """An array divided by a power of ten, so that its largest entry is about 1."""
    largest = _largest(x)
    return x / 10.0 ** np.floor(np.log10(largest)) if 0 < largest < np.inf else x


def smallest(evidence: Evidence, clock, equation=""):
    """The smallest input on which a candidate deviates, as plain data; None if there is none to read."""
    if not evidence.wrong:
        return None
    sight = shrunk(evidence, clock)
    if sum(map(np.size, sight.inputs.values())) > MOST:
        return None
    free = tuple(name for name in sight.inputs if not clock.over and _is_free(evidence, sight, name))
    free = () if len(free) == len(sight.inputs) else free  # it fails everywhere
    inputs = {n: v.tolist() if isinstance(v, np.ndarray) else v for n, v in sight.inputs.items()}
    name = upstream(evidence.operation, sight)
    expected = sight.right[name].tolist()
    got = None if sight.got is None else sight.got[name].tolist()
    return Smallest(evidence.operation.name, inputs, name, expected, got, sight.message, equation, free)


def _is_free(evidence, sight, name):
    """Whether the difference shows whatever an input is (tried with several values)."""
    value = sight.inputs[name]
    domain = next(f.domain for f in evidence.operation.inputs if f.name == name)
    if isinstance(value, np.ndarray):
        sizes, rng = known(evidence.operation, sight.inputs), np.random.Generator(np.random.Philox(0))
        others: list[Any] = [domain.drawn(rng, value.shape, sizes) for _ in range(2)]
        if domain.dtype == "float64":
            others += [value * 0.5 + 0.25, -value, value * 3 + 1, value * 0]
    elif isinstance(value, float):
        others = [0.0, 0.25, 0.75, 0.9, 1.0, *(v for v in sight.inputs.values() if isinstance(v, float))]
    else:
        return False
    answers = [evidence.ask(sight.inputs | {name: other}, keep=False) for other in others]
    answered = [answer for answer in answers if answer is not None]
    return len(answered) >= 2 and all(answer.wrong for answer in answered)


def upstream(operation, sight):
    """The output that differs first: at the earliest step, then in the order in which they are computed."""
    first = None
    for entry in reversed(
        operation.outputs
    ):  # what is remembered is computed before, or from the same, as what is shown
        if sight.got is None:
            return entry.name
        if sight.got[entry.name].shape != sight.right[entry.name].shape:
            return entry.name
        mask = sight.deviating(entry.name)
        if mask.any():
            step = int(np.argmax(mask.reshape(len(mask), -1).any(axis=1))) + entry.first if entry.steps else 0
            if first is None or step < first[0]:
                first = (step, entry.name)
    return first[1] if first else operation.outputs[0].name
