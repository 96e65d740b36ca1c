"""One check: the answer to a case, a law, or a refusal of bad input, as the fields of a record."""

import contextlib
import sys
from functools import partial
from typing import Any

import numpy as np

from refimpl.oracle.candidates import CandidateError, NotApplicable, Skipped
from refimpl.oracle.judging import cases, parts, tolerance
from refimpl.oracle.judging.answers import OF_A_LAW, by_name, of_law, right, source_of

BROKEN = ("crash", "timeout", "garbage")  # kinds of errors that are no exception of the candidate's


def judge_case(operation, case, dtype, candidate):
    """The candidate's outputs, or None, and the fields: how far they are from the right answers."""
    inputs = cases.rounded(case.inputs, dtype)
    wanted = right(operation, case, dtype)
    got, fields = ask(candidate, operation, inputs)
    if got is not None:
        fields = _first_difference(operation, got, wanted) | {"without": parts.missing(operation, got)}
    return got, fields | {
        "tolerance_source": source_of(case),
        "answer_source": case.source or operation.exact_source,
    }


def judge_law(operation, law, case, dtype, candidate):
    """The fields: whether the candidate keeps a law on the inputs of a case."""
    inputs = cases.rounded(case.inputs, dtype)
    allowed = of_law(operation, law, case, dtype)
    asked = []

    def run(**arguments):
        got, fields = ask(candidate, operation, arguments)
        if got is None:
            raise _NoAnswerError(fields)
        asked.append((arguments, got))
        return got

    try:
        with np.errstate(all="ignore"):
            pairs, without = parts.law_pairs(law, operation, run, inputs)
    except _NoAnswerError as stop:
        return stop.fields
    except NotApplicable as reason:
        return {"status": "not_applicable", "reason": str(reason)}
    except Exception as error:  # a law stumbles over an answer of another shape, or goes on from one that leads nowhere
        if not asked:
            raise
        why = f"breaks the law: {law.statement} (it cannot go on from the answers: {type(error).__name__}: {error})"
        return _first_wrong_shape(operation, asked) or {"status": "failed", "message": why}
    if pairs and not any(pairs):
        return {"status": "not_applicable", "reason": f"it is about {', '.join(without)}, which the answer leaves out"}
    passed: dict[str, Any] = {"status": "passed", "tolerance_source": tolerance.source(OF_A_LAW), "without": without}
    keep = partial(_keep, pairs, dtype)
    least = [np.zeros(pair[1].shape) if pair else np.zeros(()) for pair in pairs]
    if keep(least) and _shapes_are_known(operation, case, dtype, asked):
        return passed  # whatever noise allows is more, and takes several runs of the reference
    return passed | _first_breach(operation, law, asked, _bounded(pairs, dtype, allowed.enough(keep)))


def _bounded(pairs, dtype, bounds):
    """The pairs (got, wanted) of a law that there are, each with its bound as a third."""
    few = tolerance.FACTOR * tolerance.unit(dtype)
    for pair, bound in zip(pairs, bounds, strict=True):
        if pair:
            got, wanted = pair
            # Where the reference has 0 a candidate may have a number, which is rounded.
            yield got, wanted, np.fmax(bound, few * np.abs(wanted)) if bound.shape == wanted.shape else bound


def _keep(pairs, dtype, bounds):
    """Whether all pairs of a law are of the same shape, and agree within the bounds."""
    return all(
        got.shape == wanted.shape == bound.shape and tolerance.agrees(got, wanted, bound).all()
        for got, wanted, bound in _bounded(pairs, dtype, bounds)
    )


def _first_breach(operation, law, asked, bounded):
    """Fields of a record for the first pair (got, wanted, bound) that breaks a law, or none."""
    for got, wanted, bound in bounded:
        if not got.shape == wanted.shape == bound.shape:
            differ = {"status": "failed", "message": f"breaks the law: {law.statement} (shapes differ)"}
            return _first_wrong_shape(operation, asked) or differ
        where = _first_outside(got, wanted, bound)
        if where is not None:
            message = f"breaks the law: {law.statement}"
            return {"status": "failed", "message": message, "component": where, **_numbers(where, got, wanted, bound)}
    return {}


class _NoAnswerError(Exception):
    """Inside a law, the candidate gave no outputs."""

    def __init__(self, fields):
        super().__init__(fields)
        self.fields = fields


def judge_refusal(operation, case, candidate):
    """The fields: whether the candidate refuses bad input, naming what is bad."""
    inputs = {**operation.cases[0].inputs, **case.inputs}
    got, fields = ask(candidate, operation, inputs)
    if got is not None:
        return {"status": "failed", "message": f"accepts what must be refused: {case.why}"}
    if fields["status"] != "error":
        return fields
    name = fields["message"].partition(":")[0]
    if not candidate.refuses:  # another language's exceptions have other names
        status = "failed" if name in BROKEN else "passed"
        return fields | {"status": status}
    kinds = case.raises if isinstance(case.raises, tuple) else (case.raises,)
    if name not in {kind.__name__ for kind in kinds}:
        wanted = " or ".join(kind.__name__ for kind in kinds)
        return fields | {"status": "failed", "message": f"refuses with {fields['message']}; expected {wanted}"}
    if case.names not in fields["message"]:
        return fields | {"status": "failed", "message": f"refuses without naming {case.names}: {fields['message']}"}
    return {"status": "passed", "message": fields["message"]}


def ask(candidate, operation, inputs):
    """Outputs, or the fields of a record that say why there are none."""
    try:
        with contextlib.redirect_stdout(sys.stderr):  # ours is for the verdict
            return candidate.run(operation, inputs), {}
    except Skipped as skip:
        return None, {"status": "skipped", "reason": str(skip)}
    except NotApplicable as reason:
        return None, {"status": "not_applicable", "reason": str(reason)}
    except CandidateError as error:
        tail = {"traceback": error.traceback[-4000:], "stderr_tail": error.stderr[-4000:]}
        label = "" if error.kind == "error" else f"{error.kind}: "
        return None, {"status": "error", "message": label + str(error), **tail}


def _first_difference(operation, got, right):
    """Fields of a record that tell where `got` leaves the right answers first, or what agreement there is."""
    answers, fewest = {name: x for name, x in right.answers.items() if name in got}, 17.0
    tolerances = right.tolerances_for(partial(tolerance.close, got, answers))
    for entry in operation.outputs:
        name = entry.name
        if name not in got:
            continue
        if wrong := _wrong_shape(entry, got, answers):
            return wrong
        agreeing = tolerance.digits(got[name], answers[name])
        fewest = min(fewest, float(agreeing.min(initial=17.0)))
        compared = got[name], answers[name], tolerances[name]
        where = _first_outside(*compared)
        if where is None:
            continue
        per_step = agreeing.reshape(agreeing.shape[0], -1).min(axis=1) if entry.steps else ()
        step = where[0] + entry.first if entry.steps else None
        component = where[1:] if entry.steps else where
        place = f"{name}{list(component) if component else ''}"
        return {
            "status": "failed",
            "output": name,
            "step": step,
            "component": component,
            **_numbers(where, *compared),
            "digits": float(agreeing[where]),
            "digits_per_step": tuple(round(float(d), 1) for d in per_step),
            "message": f"{place} differs first" + (f" at step {step}" if step is not None else ""),
        }
    return {"status": "passed", "digits": fewest}


def _first_outside(got, wanted, bound):
    """Index of the first entry that is not within its bound, or None."""
    good = tolerance.agrees(got, wanted, bound)
    return None if good.all() else tuple(int(i) for i in np.argwhere(~good)[0])


def _numbers(where, got, wanted, bound):
    """Fields of a record that tell of an entry."""
    error = abs(got[where] - wanted[where])
    return {
        "expected": float(wanted[where]),
        "got": float(got[where]),
        "error": float(error),
        "tolerance": float(bound[where]),
    }


def _shapes_are_known(operation, case, dtype, asked):
    """Whether some of the answers in `asked` are to arguments of the shapes of a case, and all these of its shapes."""
    answers, alike = right(operation, case, dtype).answers, []
    for arguments, got in asked:
        if all(np.shape(value) == np.shape(case.inputs[name]) for name, value in arguments.items()):
            alike.append(all(np.shape(value) == answers[name].shape for name, value in got.items()))
    return bool(alike) and all(alike)


def _wrong_shape(entry, got, answers):
    """Fields of a record if an output has not the shape of its answer, or None."""
    found, wanted = np.shape(got[entry.name]), np.shape(answers[entry.name])
    if found == wanted:
        return None
    message = f"{entry.name} has shape {found}; expected {wanted} = [{entry.axes}]"
    return {"status": "failed", "output": entry.name, "message": message}


def _first_wrong_shape(operation, asked):
    """Fields of a record for the first answer in `asked`, of (arguments, outputs), that has another shape, or None."""
    for arguments, got in asked:
        answers = by_name(operation, **arguments)
        for entry in operation.outputs:
            if entry.name not in got:
                continue
            if wrong := _wrong_shape(entry, got, answers):
                return wrong
    return None
