"""An explanation that nothing contradicts, and how it answers for an operation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from refimpl.oracle import edits
from refimpl.oracle.diagnosis.evidence import called
from refimpl.oracle.diagnosis.workshop import Workshop
from refimpl.oracle.judging.tolerance import wide


@dataclass(eq=False)
class Found:
    """An explanation that no sight contradicts."""

    rank: int  # the plainest has the lowest
    on: Callable[[Any], Callable[[dict[str, Any]], Any] | None]  # operation -> (inputs -> outputs by name, or None)
    words: str = ""  # of a trial: what the candidate does
    lines: tuple[
        tuple[str, str, str], ...
    ] = ()  # (tag or function, line as it is, line that the candidate behaves like)
    listed: tuple[str, ...] = ()  # slugs of listed mistakes in it
    leaves: bool = False  # whether it leaves roundings of the candidate's own
    form: str = ""  # how lines are written in which, or beside which, the slip stands
    place: int = 0  # above 0: of places in which the same slip answers alike, not the shortest


def here(where, answer, operation):
    """An answer, for the operation of which it was found alone."""
    return answer if operation.name == where.name else None


def together(changes, operation):
    """Changes at once, edits or trials, as a function of the inputs."""

    def answer(inputs):
        with np.errstate(all="ignore"), Workshop(operation) as shop:
            run = shop.both(*changes)
            return run and run(wide(inputs))

    return answer


def two_listed(changes, operation):
    """The edits of two listed mistakes at once, as a function of the inputs."""

    def answer(inputs):
        with np.errstate(all="ignore"), edits.edited(operation.system, changes):
            return called(operation, operation.reference, wide(inputs))

    return answer
