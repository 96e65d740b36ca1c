"""A slip in one branch of an option: found on the inputs of that branch alone, and said with it.

Public code is often a class for each kind, where the source has one rule with an option: a slip of such a class is an
edit within the branch, and the rule elsewhere.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from refimpl.core.random import stream
from refimpl.oracle.diagnosis.evidence import ask_more, called
from refimpl.oracle.judging.tolerance import wide

FEWEST = 3  # inputs of other values on which the candidate is right
BEYOND = 60  # random inputs, of which those outside of a branch are asked before it is said


class Branch(NamedTuple):
    """Values of options which all deviating inputs share."""

    values: dict[str, frozenset[Any]]

    def holds(self, inputs):
        """Whether inputs lie in the branch."""
        return all(inputs[name] in values for name, values in self.values.items())

    @property
    def words(self):
        """Such as "kind = 'ddim'"."""
        return " and ".join(
            f"{name} = {' or '.join(map(repr, sorted(values, key=str)))}" for name, values in self.values.items()
        )


def options(operation):
    """Names of the inputs that choose: choices, and numbers that are one of a few."""
    return [f.name for f in operation.inputs if f.kind == "choice" or (f.kind == "int" and f.domain.values)]


def branch(evidence, clock):
    """The branch in which a candidate deviates, if it is right in others; None if it deviates in all.

    Parameters
    ----------
    evidence : Evidence
        Gets further answers of the candidate.
    clock : Clock
        Time for these.

    Returns
    -------
    Branch or None
        Each of its options has other values, with which alone changed the candidate is right `FEWEST` times or more.
    """
    names = options(evidence.operation)
    if not names:
        return None
    ask_more(evidence, clock, samples=20, changes=0)
    wrong = [sight for sight in evidence.every if sight.wrong]
    right = [sight for sight in evidence.every if not sight.wrong]
    shared = {name: frozenset(sight.inputs[name] for sight in wrong) for name in names}

    def others(name):
        rest = Branch({n: v for n, v in shared.items() if n != name})
        return sum(s.inputs[name] not in shared[name] and rest.holds(s.inputs) for s in right)

    while shared:
        weak = min(shared, key=others)
        if others(weak) >= FEWEST:
            return Branch(shared)
        del shared[weak]
    return None


def ask_beyond(evidence, found: Branch, clock):
    """Ask for what lies outside of a branch: where few inputs show a deviation it may be seen in the branch alone."""
    for number in range(BEYOND):
        if clock.over:
            return
        inputs = evidence.operation.drawn(stream(number, evidence.operation.name, "beyond"))
        if not found.holds(inputs):
            evidence.ask(inputs)


def within(found: Branch, answer: Callable[..., Any], operation):
    """What answers as `answer` does in a branch, and by the rule elsewhere."""

    def run(inputs):
        if found.holds(inputs):
            return answer(inputs)
        return called(operation, operation.reference, wide(inputs))

    return run
