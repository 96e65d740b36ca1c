"""Causes read with levers: one value of the rule is let go, and what it should have been is read off the answers.

An expression of the rule becomes c times its value, its value plus c, or its value to the power c; c is solved for on
each input, so that the answers are the candidate's, and read as a product of powers of sizes, rates and numbers that
the rule itself computes. No list has to know the factor, and all outputs, states and later steps follow by themselves.
"""

import ast
import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from refimpl.oracle.diagnosis.factors import FEWEST, Factor, factors, quantities
from refimpl.oracle.diagnosis.nodes import binary
from refimpl.oracle.diagnosis.properties import cut, steps_of, symbols
from refimpl.oracle.diagnosis.standing import explains
from refimpl.oracle.diagnosis.trials import axis_size
from refimpl.oracle.diagnosis.units import units
from refimpl.oracle.diagnosis.vocabulary import Edit, expressions, statements
from refimpl.oracle.diagnosis.workshop import Workshop
from refimpl.oracle.judging.tolerance import wide

SIGHTS = 12  # on which c is solved for
CLEAR = 20  # deviating entries that tell most levers apart
LARGEST = 2000  # entries of their inputs
ROUNDS = 12  # of the secant
UNSOLVED = 4  # one sight of so many may have no solution: where things saturate
LOOSE = 1e-6  # relative error of c; what is read is asked of all answers again
ALIKE = 9  # readings of c that are tried: at the first step 1 - beta is 1 - beta**t
LOOPED = 0.8  # share of the calls
SHORT = 40  # characters of an expression that has a name


class Form(NamedTuple):
    """What a lever makes of a value."""

    of: Callable[[Any, float], Any]
    neutral: float | None  # the c that changes nothing, if there is one
    new: Callable[[Any, str], Any]  # expression and c as a source has it -> expression


def _node(words):
    return ast.parse(words, mode="eval").body


def _plus(old, words):
    less = words.startswith("-")
    return binary(old, ast.Sub if less else ast.Add, _node(words.removeprefix("-")))


FORMS = {
    "times": Form(lambda x, c: x * c, 1.0, lambda old, words: binary(_node(words), ast.Mult, old)),
    "plus": Form(lambda x, c: x + c, 0.0, _plus),
    "power": Form(lambda x, c: np.sign(x) * np.abs(x) ** c, 1.0, lambda old, words: binary(old, ast.Pow, _node(words))),
    "is": Form(lambda x, c: c, None, lambda old, words: _node(words)),
}


@dataclass(frozen=True, eq=False)
class Lever:
    """An expression, in a form."""

    edit: Edit  # of its place; the new node is there once c is read
    form: Form

    @property
    def node(self):
        """The expression."""
        return self.edit.there

    def pulled(self, shop, inputs, c):
        """Outputs of the rule with the lever at c."""
        number, form = id(self.node), self.form

        def note(here, value):
            return form.of(value, c) if here == number and numeric(value) else value

        with np.errstate(all="ignore"), shop.heard(note, self.edit.unit):
            return shop.run(inputs)

    def followed(self, shop, inputs, factor, told, guarded):
        """Outputs of the rule with the lever where a factor of what the rule has computed last puts it.

        Where that is not finite, as n/(n - 1) at 1, guarded code follows the rule.
        """
        number, form, last = id(self.node), self.form, dict(told)
        wanted = set(factor.names) - set(told)
        names = {here: name for here, name in _named(shop).items() if name in wanted} if wanted else {}

        def note(here, value):
            if here in names and numeric(value) and np.size(value) == 1:
                last[names[here]] = float(np.reshape(value, ()))
            if here != number or not numeric(value):
                return value
            c = factor.of(last)
            return value if guarded and not math.isfinite(c) else form.of(value, c)

        with np.errstate(all="ignore"), shop.heard(note, None if wanted else self.edit.unit):
            return shop.run(inputs)

    def said(self, words):
        """The edit that says what was read."""
        return self.edit.like(self.form.new(deepcopy(self.node), words))


def _numbers(kind):
    return kind[0] in ("float", "int") or (kind[0] == "array" and kind[2] in "fi")


def numeric(value):
    """Whether a value is of numbers."""
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind in "fi"
    return isinstance(value, int | float) and not isinstance(value, bool)


def levers(shop):
    """Every lever of a rule, those of tagged lines and of short expressions first.

    A factor of a product is no other lever than the product, nor is a summand than the sum.
    """
    same: dict[str, tuple] = {"times": (ast.Mult, ast.Div), "plus": (ast.Add, ast.Sub)}
    found = []
    for unit, edit, node in places(shop):
        kinds = unit.values.get(id(node), ())
        if constant(node) or not any(map(_numbers, kinds)):
            continue
        for rank, (name, form) in enumerate(FORMS.items()):
            if name == "is" and not all(kind[0] in ("float", "int") or kind[1:2] == ((),) for kind in kinds):
                continue
            if not (isinstance(edit.parent, ast.BinOp) and isinstance(edit.parent.op, same.get(name, ()))):
                found.append(((edit.rank, rank, len(ast.unparse(node))), Lever(edit, form)))
    return [lever for _, lever in sorted(found, key=lambda row: row[0])]


def places(shop):
    """Expressions of the source, each with an edit of its place."""
    for unit in shop.units:
        for statement, *_ in statements(unit.node) if not unit.spec else ():
            for node, parent, field, index in expressions(statement):
                rank = 2 * (not unit.tags.get(statement.lineno)) + (not unit.own)
                yield unit, Edit(unit, statement, parent, field, index, None, 3 + rank), node


def computed(shop, inputs):
    """Numbers that the rule computes once, by their expressions."""
    seen: dict[int, list] = {}

    def note(number, value):
        seen.setdefault(number, []).append(value)
        return value

    with np.errstate(all="ignore"), shop.heard(note, often=2):
        shop.run(inputs)
    found: dict[str, float] = {}
    for number, name in _named(shop).items():
        value = seen.get(number, ())
        if len(value) == 1 and numeric(value[0]) and np.size(value[0]) == 1:
            found.setdefault(name, float(np.reshape(value[0], ())))
    return found


def _named(shop):
    """Expressions that are short enough to be said, by id."""
    return {number: name for unit in shop.units if not unit.spec for number, name in _names(unit.node).items()}


@cache
def _names(function):
    found = {}
    for statement, *_ in statements(function):
        for node, *_ in expressions(statement):
            text = ast.unparse(node)
            if not constant(node) and len(text) <= SHORT:
                found[id(node)] = f"({text})" if isinstance(node, ast.BinOp | ast.UnaryOp | ast.IfExp) else text
    return found


def constant(node):
    """Whether an expression is a number that is written out."""
    return isinstance(node.operand if isinstance(node, ast.UnaryOp) else node, ast.Constant)


def told(shop, operation, inputs):
    """What an input tells: sizes and rates, then what the rule computes."""
    found = quantities(operation, inputs)
    return found | {n: v for n, v in computed(shop, wide(inputs)).items() if n not in found}


def read(shop, evidence, clock, blame, alone=False):
    """Levers that are read off the deviating answers: first, or alone, of the places to blame, last of innocent ones.

    Yields
    ------
    tuple
        The edit that says it, and its answer: inputs -> outputs by name.
    """
    for sights in chosen(evidence):
        if len(sights) >= FEWEST and not clock.over:
            yield from _read(shop, evidence.operation, sights, clock, blame, alone)


def _read(shop, operation, sights, clock, blame, alone):
    first = max(sights, key=lambda s: (min(sum(s.deviating(n).sum() for n in s.right), CLEAR), -s.size))
    table, near = list[Any](), blame.near
    for lever in sorted(levers(shop), key=lambda lever: (id(lever.node) in blame.innocent) - (id(lever.node) in near)):
        if clock.over or (alone and id(lever.node) not in near):
            return
        start = (1.0 if lever.form.neutral is None else lever.form.neutral) + 0.125
        c = solved(shop, lever, first, start)
        if c is None:
            continue
        values: list = []
        for sight in sights:
            values.append(c if sight is first else solved(shop, lever, sight, c, start))
            if values.count(None) > len(sights) // UNSOLVED:
                break
        if len(values) < len(sights) or values.count(None) > len(sights) // UNSOLVED:
            continue
        table = table or [told(shop, operation, s.inputs) for s in sights]
        for factor in _made(table, values, lever.form, ALIKE if steps_of(operation) else 1):
            for guarded in (True, False):
                how = (lever, factor, guarded, operation)
                yield lever.said(factor.code), partial(_answer, shop, *how), partial(_anew, *how[:-1])


def _made(table, values, form, most):
    """What c is made of; what is added may be a logarithm."""
    found = list(factors(table, values, LOOSE, form.neutral, most))
    if not found and form is FORMS["plus"]:
        with np.errstate(all="ignore"):
            powers = [None if v is None else np.exp(v) for v in values]
        for factor in factors(table, powers, LOOSE) if all(v is None or np.isfinite(v) for v in powers) else ():
            found.append(Factor(_log(factor.words), partial(_logarithm, factor), factor.names, _log(factor.code)))
    return found


def _logarithm(factor, row):
    return float(np.log(factor.of(row)))


def _log(words):
    below = words.removeprefix("1/").removeprefix("1 / ")
    return f"log({words})" if below == words else f"-log({below})"


def _answer(shop, lever, factor, guarded, operation, inputs):
    found = quantities(operation, inputs)
    return lever.followed(shop, wide(inputs), factor, found, guarded)


def _anew(lever, factor, guarded, operation):
    """The same as a function of an operation, once the workshop is closed."""
    if all(unit.function is not lever.edit.unit.function for unit in units(operation)):
        return None

    def answer(inputs):
        with Workshop(operation) as shop:
            try:
                return _answer(shop, lever, factor, guarded, operation, inputs)
            except KeyError:  # another operation has no such quantity
                return None

    return answer


def chosen(evidence):
    """Deviating answers off which is read: small ones, of cases and of further inputs, as sizes must vary.

    Where the rule makes steps, or goes through layers, first those of a single one, if they deviate: what is wrong in
    each of them differs.
    """
    operation = evidence.operation
    steps = steps_of(operation) & set(symbols(operation)) or set(_looped(evidence))
    for symbol in steps:
        for sight in _mixed(_readable(evidence)):
            evidence.ask(cut(operation, sight.inputs, symbol, 1))
    good = _readable(evidence)
    single = [s for s in good if all(axis_size(operation, s.inputs, symbol) == 1 for symbol in steps)]
    return [_mixed(single), _mixed(good)] if FEWEST <= len(single) < len(good) else [_mixed(good)]


def _looped(evidence):
    """Symbols of axes along which the rule goes in a loop: of a single entry it makes clearly fewer calls."""
    operation = evidence.operation
    for symbol in symbols(operation):
        sizes = ((axis_size(operation, s.inputs, symbol), s) for s in _readable(evidence))
        sight = next((s for size, s in sizes if size > 1), None)
        single = sight and evidence.ask(cut(operation, sight.inputs, symbol, 1))
        if single and evidence.price(single) < LOOPED * evidence.price(sight):
            yield symbol


def _readable(evidence):
    return [
        s
        for s in evidence.wrong
        if s.readable and s.size <= LARGEST and clear(s)  # else c is vague
    ]


def clear(sight):
    """Whether an answer deviates by so much more than rounding that what is solved for is known to `LOOSE`."""
    return any(np.any(np.abs(sight.got[n] - x) * LOOSE > sight.tolerance[n]) for n, x in sight.right.items())


def _mixed(sights):
    """Half of them cases, the smallest, half further inputs of all sizes."""
    fresh = [s for s in sights if not s.case]
    few = [s for s in sights if s.case][: max(SIGHTS // 2, SIGHTS - len(fresh))]
    spread = np.linspace(0, len(fresh) - 1, min(len(fresh), SIGHTS - len(few))).astype(int)
    return sorted([*few, *(fresh[k] for k in spread)], key=lambda s: s.size)


def solved(shop, lever, sight, *starts):
    """The c at which a lever explains a deviating answer, looked for from some starts; None if there is none."""
    inputs, seen = wide(sight.inputs), Seen(sight)
    for start in starts:
        x0, r0, x1 = lever.form.neutral, seen.missing(sight.right), start
        if x0 is None:
            out = lever.pulled(shop, inputs, x0 := 1.0)
            if out is None or (r0 := seen.missing(out)) is None:
                return None
            if explains(out, sight):
                return x0
        for number in range(ROUNDS):
            out = lever.pulled(shop, inputs, x1)
            r1 = None if out is None else seen.missing(out)
            if r1 is None or not np.isfinite(r1).all():
                if number > 0 and abs(x1 - x0) < 1e-3 * abs(x0):
                    return None
                x1 = (x0 + x1) / 2 if number else 2 * x0 - x1  # it may stand under a root
                continue
            change = r1 - r0
            slope = float(change @ change)
            if slope == 0 or (
                number == 0 and lever.form.neutral is not None and seen.spoilt(out, abs(float(change @ r0)) / slope)
            ):
                return None
            if explains(out, sight):
                return x1
            step = float(change @ r1) / slope * (x1 - x0)
            if number > 0 and r1 @ r1 > 4 * r0 @ r0:  # too far
                x1 = x0 + (x1 - x0) / 4
                continue
            x0, r0, x1 = x1, r1, x1 - step
            if not abs(x1) < 1e6 or x1 == x0:
                break
    return None


class Seen:
    """Where an answer deviates; of steps the first row that does so clearly, as later ones are bent, unless `whole`."""

    def __init__(self, sight, whole=False):
        self.sight, self.where = sight, {}
        for n, right in sight.right.items():
            if sight.got[n].shape != right.shape:
                continue
            with np.errstate(all="ignore"):
                gap = np.nan_to_num(np.abs(sight.got[n] - right) / np.maximum(sight.tolerance[n], 1e-300))
            where = sight.deviating(n)
            if gap.ndim and gap.max(initial=0.0) > 1e3 and not whole:
                rows = gap.reshape(len(gap), -1).max(axis=1)
                where[int(np.argmax(rows > 1e3)) + 1 :] = False
            if where.any():
                self.where[n] = where, float(np.max(np.abs(sight.got[n] - right)[where]))

    def missing(self, out):
        """What an answer lacks there, for each output beside its largest deviation."""
        if not self.where or any(out[n].shape != x.shape for n, x in self.sight.right.items()):
            return None
        return np.concatenate([(out[n] - self.sight.got[n])[where] / size for n, (where, size) in self.where.items()])

    def spoilt(self, out, share):
        """Whether a lever that is pulled so many times as far changes clearly what does not deviate."""
        for n, right in self.sight.right.items():
            with np.errstate(all="ignore"):
                changed = share * np.abs(out[n] - right) > 1e4 * self.sight.tolerance[n]
            if np.any(changed & ~self.sight.deviating(n)):
                return True
        return False
