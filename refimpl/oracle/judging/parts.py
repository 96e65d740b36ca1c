"""Answers in part: what a candidate leaves out of an operation's outputs is not judged, and is said.

Laws and the search for a cause look at all outputs. What is not there is filled in for them, by what shows that it
is no answer.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from refimpl.oracle.candidates import Candidate, NotApplicable
from refimpl.oracle.judging import tolerance
from refimpl.oracle.judging.answers import right


def missing(operation, got):
    """Names of the outputs that an answer leaves out.

    Examples
    --------
    >>> from refimpl.oracle import catalog
    >>> missing(catalog.operation("lion.step"), {"new_theta": 0.0})
    ('new_momentum',)
    """
    return tuple(entry.name for entry in operation.outputs if entry.name not in got)


def _rule(operation, inputs):
    """What the reference answers to inputs in full precision, by output."""
    with np.errstate(all="ignore"):
        outputs = tolerance.outputs_of(operation.reference(**tolerance.wide(inputs)))
    return dict(zip((entry.name for entry in operation.outputs), map(np.asarray, outputs), strict=True))


# Laws -----------------------------------------------------------------------------------------------------------------


def law_pairs(law, operation, ask: Callable[..., dict[str, np.ndarray]], inputs):
    """The pairs of a law, and the outputs that the candidate left out on the way.

    In place of what is left out stands the answer of the rule, and in a second round, on the same answers of the
    candidate, another number. A pair that is not the same in both is about what is left out: None stands for it.

    Parameters
    ----------
    law : Law
        What is checked.
    operation : Operation
        Of the law.
    ask : callable
        ``ask(**inputs)``, what the candidate answers.
    inputs : dict
        Of the case.

    Returns
    -------
    pairs : list
        Of arrays, or None.
    without : tuple of str
        See `missing`.

    Raises
    ------
    NotApplicable
        If the law goes on from what is left out to inputs that the rule refuses.
    """
    kept: list[tuple[dict, dict]] = []
    gone: dict[str, None] = {}

    def first(**arguments):
        got = ask(**arguments)
        left = missing(operation, got)
        gone.update(dict.fromkeys(left))
        try:
            filled = _rule(operation, arguments) if left else {}
        except Exception as error:  # it goes on from what the candidate has answered
            raise NotApplicable(f"it needs {', '.join(left)}, which the answer leaves out") from error
        kept.append((got, filled))
        return {entry.name: (filled | got)[entry.name] for entry in operation.outputs}

    pairs: list[Any] = [tuple(np.asarray(x, dtype=np.float64) for x in pair) for pair in law.pairs(first, inputs)]
    if not gone:
        return pairs, ()
    again = iter(kept)

    def second(**arguments):
        got, filled = next(again)
        other = {name: np.flip(x) if x.dtype.kind != "f" else 1.25 * x + 1.0 for name, x in filled.items()}
        return {entry.name: (other | got)[entry.name] for entry in operation.outputs}

    try:
        others = [tuple(np.asarray(x, dtype=np.float64) for x in pair) for pair in law.pairs(second, inputs)]
    except Exception:  # what is left out decides how the law goes on
        others = []
    if len(others) != len(pairs):
        return [None] * len(pairs), tuple(gone)
    return [pair if _same(pair, other) else None for pair, other in zip(pairs, others, strict=True)], tuple(gone)


def _same(pair, other):
    return all(x.shape == y.shape and np.array_equal(x, y, equal_nan=True) for x, y in zip(pair, other, strict=True))


# The search for a cause -----------------------------------------------------------------------------------------------


class Unanswered(np.ndarray):
    """An output that a candidate left out: it is the same as whatever it is compared with.

    Examples
    --------
    >>> x = np.array([1.0, 2.0]).view(Unanswered)
    >>> (x == 7.0).all(), np.abs(x - 7.0).max(), x.sum()
    (np.True_, np.float64(0.0), np.float64(3.0))
    """

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **more):
        """See NumPy."""
        plain = [x.view(np.ndarray) if isinstance(x, Unanswered) else x for x in inputs]
        found = getattr(ufunc, method)(*plain, **more)
        return np.full_like(found, SAME[ufunc]) if method == "__call__" and ufunc in SAME else found


SAME: dict[Any, Any] = {np.equal: True, np.not_equal: False, np.subtract: 0}


def whole(operation, got, answers):
    """An answer with all outputs: those that are left out agree with everything.

    Parameters
    ----------
    operation : Operation
        What was asked.
    got : dict or None
        The answer.
    answers : dict
        The right ones, of which the shapes are taken.

    Returns
    -------
    dict or None
        In the order of the outputs.
    """
    if got is None or not missing(operation, got):
        return got
    names = [entry.name for entry in operation.outputs]
    return {name: got[name] if name in got else np.array(answers[name]).view(Unanswered) for name in names}


def completed(done):
    """A run, or what looks like one, in which every answer has all outputs."""
    outputs = [
        whole(plan.operation, got, right(plan.operation, plan.case, plan.dtype).answers) if got and plan.case else got
        for plan, got in zip(done.planned, done.outputs, strict=True)
    ]
    return done._replace(outputs=outputs)


class Whole(Candidate):
    """A candidate whose answers have all outputs.

    Parameters
    ----------
    candidate : Candidate
        Who is asked.
    """

    def __init__(self, candidate):
        self._candidate = candidate

    def __getattr__(self, name):
        """What there is beside is that of the candidate."""
        return getattr(self._candidate, name)

    def offers(self, operation):
        """See `Candidate`."""
        return self._candidate.offers(operation)

    def run(self, operation, inputs):
        """See `Candidate`."""
        got = self._candidate.run(operation, inputs)
        if not missing(operation, got):
            return got
        try:
            return whole(operation, got, _rule(operation, inputs))
        except Exception as error:  # there is no right answer
            raise NotApplicable("the rule has no answer to these inputs") from error
