"""What moves what: outputs that move with a part of the inputs in the candidate and not in the rule, or the reverse.

A part of an input is drawn anew, and both are asked again. What a factor or another formula has done to the numbers
plays no part here: that one row of an answer follows another row of the inputs is seen all the same.
"""

from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from refimpl.core.random import stream
from refimpl.oracle.diagnosis.evidence import fresh
from refimpl.oracle.diagnosis.sights import SMALL, astray
from refimpl.specs.domains import known, moved

ASKED = 30  # random inputs, of which
SIGHTS = 8  # deviating ones are taken, and parts of them moved;
CONFIRMED = 3  # on so many of them at least what is said was seen
ENTRIES = 4  # along an axis that are moved
MOVES = 3  # of each part
MOVED = {"float64": 1e-6, "float32": 1e-3}  # of the largest number: what is clearly more than rounding
STILL = {"float64": 1e-12, "float32": 1e-6}  # what is nothing
NAMED = 3  # parts that are named together
SAID = 2  # sentences


class Part(NamedTuple):
    """A part of an input or an output: all of it, or one index along an axis."""

    name: str
    axis: int = -1
    at: int = 0

    def __str__(self):
        return self.name if self.axis < 0 else f"{self.name}[{':, ' * self.axis}{self.at}]"

    @property
    def where(self):
        """As an index of the array."""
        return (slice(None),) * self.axis + (self.at,) if self.axis >= 0 else ()

    def covers(self, other):
        """Whether it is the other one, or the whole of it."""
        return self == other or self == Part(other.name)


class Moves(NamedTuple):
    """Of an output with some part of the inputs: where it moves, and where it stays, in the candidate and the rule."""

    got: Any  # bool arrays, or one of each
    got_still: Any
    right: Any
    right_still: Any

    def of(self, part):
        """Whether anything of a part moves, and all of it stays, in either."""
        return Moves(*(f(x[part.where]) for f, x in zip((np.any, np.all) * 2, self, strict=True)))

    @property
    def differ(self):
        """1 where the candidate alone moves, -1 where the rule alone does, else 0."""
        return int(self.got and self.right_still) - int(self.right and self.got_still)

    def against(self, sign):
        """Whether that contradicts a difference of some sign: what shall stay moves."""
        return bool(self.right if sign > 0 else self.got)


def influences(evidence, clock):
    """Sentences on what moves what in the candidate and not in the rule, or the reverse; the widest first.

    Parameters
    ----------
    evidence : Evidence
        Is asked further questions.
    clock : Clock
        Time for it.

    Returns
    -------
    list of str
        What an input that was moved contradicts is left out.
    """
    rows: list[dict[tuple[Part, Part], Moves]] = []
    wrong = (s for s in fresh(evidence, "moves", ASKED, clock.part(0.2)) if s.readable and s.size <= SMALL)
    sights = list(islice(wrong, SIGHTS))
    for number, sight in enumerate(sights):
        rows.append(dict(_moves(evidence, sight, clock.part(1 / (len(sights) - number)))))
    found: dict[tuple[Part, Part], int] = {}
    for pair in dict.fromkeys(pair for row in rows for pair in row):
        seen = [row[pair] for row in rows if pair in row]
        signs = {moves.differ for moves in seen} - {0}
        if len(signs) == 1 and sum(moves.differ != 0 for moves in seen) >= CONFIRMED:
            (sign,) = signs
            if not any(moves.against(sign) for moves in seen):
                found[pair] = sign
    widest = {p: sign for p, sign in found.items() if not any(_covers(q, p) for q in found if found[q] == sign)}
    return _said(widest)[:SAID]


def _covers(wide, pair):
    return wide != pair and all(w.covers(p) for w, p in zip(wide, pair, strict=True))


def _parts(name, x):
    yield Part(name)
    for axis, n in enumerate(np.shape(x)):
        if n > 1:
            yield from (Part(name, axis, index) for index in range(min(n, ENTRIES)))


def _moves(evidence, sight, clock):
    """What moves with each part of the inputs of a sight."""
    operation = evidence.operation
    numbers = [entry for entry in operation.inputs if entry.kind in ("array", "float")]
    anew = {entry.name: list(_anew(operation, sight.inputs, entry)) for entry in numbers}
    parts = [part for name in anew for part in _parts(name, sight.inputs[name])]
    for part in sorted(parts, key=lambda part: part.axis >= 0):  # what is whole takes least
        if clock.over:
            return
        others = [other for new in anew[part.name] if (other := _asked(evidence, sight, part, new))]
        for name in sorted(astray(sight)) if others else ():
            moves = _of_output(evidence.dtype, name, sight, others)
            whole = not np.any(sight.right[name] % 1)  # what is chosen jumps
            outs = [Part(name)] if whole else _parts(name, sight.right[name])
            yield from (((out, part), moves.of(out)) for out in outs)


def _anew(operation, inputs, entry):
    """Other values of an input: once it is moved a little, else drawn."""
    rngs = [stream(number, operation.name, "influence") for number in range(MOVES)]
    yield moved(operation, inputs, rngs[0])[entry.name]
    for rng in rngs[1:]:
        yield entry.domain.drawn(rng, np.shape(inputs[entry.name]), known(operation, inputs))


def _asked(evidence, sight, part, new):
    """The sight with a part of an input that is another; None if that is no question."""
    changed = np.array(sight.inputs[part.name])
    changed[part.where] = np.asarray(new)[part.where]
    other = evidence.ask(sight.inputs | {part.name: changed if changed.ndim else changed.item()}, keep=False)
    same = other and other.got is not None and all(other.got[n].shape == x.shape for n, x in sight.got.items())
    return other if same and all(other.right[n].shape == x.shape for n, x in sight.right.items()) else None


def _of_output(dtype, name, sight, others):
    """Where an output has moved at all."""
    found = []
    for answer in ("got", "right"):
        before = getattr(sight, answer)[name].astype(float)
        with np.errstate(all="ignore"):
            by = np.max([np.abs(getattr(other, answer)[name] - before) for other in others], axis=0)
        scale = np.max(np.abs(before), initial=0.0) or 1.0
        found += [by > MOVED[dtype] * scale, by <= STILL[dtype] * scale]
    return Moves(*found)


def _said(pairs):
    """A sentence for what differs in nothing but the index, the widest first."""
    table: dict[tuple, list[tuple[Part, Part]]] = {}
    for (out, part), sign in pairs.items():
        table.setdefault(((out.axis >= 0) + (part.axis >= 0), sign, out[:2], part[:2]), []).append((out, part))
    said = []
    for (_, sign, *_), several in sorted(table.items(), key=lambda row: row[0][0]):
        outs, parts = (list(dict.fromkeys(map(str, side))) for side in zip(*several, strict=True))
        like = len(outs) == 1 or len(parts) == 1
        out, part = (" and ".join(side[: NAMED if like else 1]) for side in (outs, parts))
        many = len(outs) > 1 and like
        does = ("move with" if many else "moves with") if sign > 0 else f"{'do' if many else 'does'} not move with"
        rule = f"{'they do' if many else 'it does'}{' not' * (sign > 0)}"
        more = "" if like else f" (one of {len(several)} such pairs)"
        said.append(f"{out} {does} {part}, in the rule {rule}{more}")
    return said
