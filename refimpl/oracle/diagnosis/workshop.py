"""The functions that an operation runs, opened for edits: syntax trees, values in them, a quick exchange of code.

An edit replaces one node of a function's tree. Only that function is compiled, its code object is put into the living
function, run, and taken back. While a workshop is open every loop counts its rounds, so that an edited one ends.
"""

import ast
import contextlib
import gc
import inspect
import sys
import time
import types
from typing import Any

import numpy as np

from refimpl.oracle.candidates.base import named_outputs
from refimpl.oracle.candidates.limit import memory_limited
from refimpl.oracle.diagnosis.looking import at_first, kind_of, noting
from refimpl.oracle.diagnosis.nodes import helper, lent
from refimpl.oracle.diagnosis.trials import tried
from refimpl.oracle.diagnosis.unchecked import unchecked
from refimpl.oracle.diagnosis.units import based, units
from refimpl.oracle.judging.noise import bare

HELPERS = (
    *("_tick", "_turn", "_around", "_value", "_beside"),
    *("_previous", "_delayed", "_first", "_summed"),  # what a place keeps
)
MEMORY = 2**30  # bytes: an elementwise product in place of one of matrices takes the square of a large case
MOST = 10**7  # rounds of loops that anything may make
FEW = 1000  # rounds after which it is asked how many the right source makes
ROUNDS = 20  # times as many rounds of loops as the right source makes, an edited one may make
HASTY = 6  # the same, while it is in haste
YOUNG = 50_000  # objects that are made between two looks of the collector
LOOKED = 3  # inputs on which kinds of value are looked at
OFTEN = 1000  # values of one expression that are looked at
PATIENCE = 2.0  # seconds more, for rounds that grow long


class EndlessError(BaseException):
    """An edited loop made too many rounds."""


@contextlib.contextmanager
def collected_rarely():
    """While the body runs the collector leaves old objects alone: edits have some 400,000 nodes, which stay."""
    before = gc.get_threshold()
    gc.set_threshold(YOUNG, 20, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextlib.contextmanager
def bounded():
    """In the body an edited line takes no more than `MEMORY`, and its call of NumPy's SVD ends.

    That refuses an infinity, with which LAPACK may never come back (numpy issue 32591).
    """

    def svd(a, *args, **kwargs):
        if not np.isfinite(a).all():
            raise np.linalg.LinAlgError("the matrix is not finite")
        return plain(a, *args, **kwargs)

    plain = np.linalg.svd
    homes = vars(np.linalg), inspect.unwrap(np.linalg.pinv).__globals__  # `pinv` and the norms call the second one
    for home in homes:
        home["svd"] = svd
    try:
        with memory_limited(MEMORY):
            yield
    finally:
        for home in homes:
            home["svd"] = plain


class Workshop:
    """The source of an operation while it is open for edits; a context manager.

    Parameters
    ----------
    operation : Operation
        Whose reference is run.
    base : mapping of str to str, optional
        Edits, as of a listed mistake, that are made first.
    values : dict, optional
        Kinds of value that are known already, by id of the expression; gets what `look` finds.
    known : list of units.Unit, optional
        The units of an earlier workshop without edits, whose edits are to be made here.
    """

    def __init__(self, operation, base=None, values=None, known=None):
        self.operation = operation
        self.units = known or units(operation)
        if base:
            self.units = list(based(operation.system, self.units, base))
        if values is not None:
            for unit in self.units:
                unit.values = values
        self.limit = self._left = FEW
        self.patience = self._end = np.inf
        self._haste, self.cut = 1.0, False
        self._longer: dict[int, tuple[Any, int, float]] = {}  # id of inputs -> those, their own limit and patience
        self._last: dict[int, object] = {}
        self._turns: dict[int, int] = {}
        self.beside = lambda old, made: old()
        self._looked = {u: LOOKED for u in self.units if values and any(id(n) in values for n in ast.walk(u.node))}

    def __enter__(self):
        self._bounds = contextlib.ExitStack()
        self._before: list[tuple[types.FunctionType, types.CodeType]] = []
        self._globals: list[dict[str, Any]] = []
        self._caches: list[Any] = []
        try:
            self._open()
        except BaseException:  # Ctrl-C, say in a notebook, whose process goes on
            self.__exit__()
            raise
        return self

    def _open(self):
        self._bounds.enter_context(bounded())
        self._bounds.enter_context(collected_rarely())
        self._bounds.enter_context(unchecked(self.units))
        self._before = [(unit.function, unit.function.__code__) for unit in self.units]
        self._globals = list({id(unit.function.__globals__): unit.function.__globals__ for unit in self.units}.values())
        for space in self._globals:
            space.update({lent(name): getattr(self, name) for name in HELPERS} | {lent("_np"): np})
        caches = {
            id(value): value
            for space in self._globals
            for value in space.values()
            if hasattr(value, "cache_clear") and hasattr(value, "__wrapped__")
        }
        self._caches = list(caches.values())
        self.number = 1.0
        self._plain = {}
        self._heard = {}
        for unit in self.units:
            with contextlib.suppress(SyntaxError, ValueError):
                unit.function.__code__ = self._plain[unit] = _counting(unit)

    def __exit__(self, *error):
        self._bounds.close()
        for function, code in self._before:
            function.__code__ = code
        for space in self._globals:
            for name in (*HELPERS, "_np"):
                space.pop(lent(name), None)
        self._forget()

    def _forget(self):
        for value in self._caches:
            value.cache_clear()

    def _tick(self):
        self._left -= 1
        if self._left < 0 or time.monotonic() > self._end:
            raise EndlessError

    def _previous(self, number, value):
        """What an expression gave the last time."""
        last = self._last.get(number, value)
        self._last[number] = value
        return last

    def _delayed(self, number, value):
        """The same, and 0 the first time."""
        self._last.setdefault(number, 0 * value)
        return self._previous(number, value)

    def _first(self, number, value):
        """What an expression gave the first time."""
        return self._last.setdefault(number, value)

    def _summed(self, number, value):
        """What an expression gave so far, added up."""
        self._last[number] = value = self._last[number] + value if number in self._last else value
        return value

    def _turn(self, number):
        """How often a place has been come to, counted from 1."""
        self._turns[number] = self._turns.get(number, 0) + 1
        return self._turns[number]

    @staticmethod
    def _around(function, name):
        """What a name stands for in the nearest function of a name that is being run."""
        frame = sys._getframe(1).f_back
        while frame and not (frame.f_code.co_name == function and name in frame.f_locals):
            frame = frame.f_back
        if frame is None:
            raise NameError(name)
        return frame.f_locals[name]

    def _value(self):
        """A number that is being looked for."""
        return self.number

    def _beside(self, old, made):
        """What `beside` makes of an expression and of others that may stand in its place, all still to be evaluated."""
        return self.beside(old, made)

    def run(self, inputs):
        """Outputs by name of the source as it is now; None if it raises, or runs on where the right one ends."""
        _, rounds, patience = self._longer.get(id(inputs), (None, self.limit, self.patience))
        self._left, self._end = round(rounds * self._haste), time.monotonic() + patience
        self._last.clear()
        self._turns.clear()
        if self._caches:
            self._forget()
        try:
            return named_outputs(self.operation, bare(self.operation.reference(**inputs)))
        except Exception:
            return None
        except EndlessError:
            if self._lengthened(inputs):
                return self.run(inputs)
            self.cut = True
            return None

    @contextlib.contextmanager
    def in_haste(self, haste):
        """In the body loops may make, in haste, `HASTY` times as many rounds; `cut` tells whether a run was ended."""
        self._haste, self.cut = HASTY / ROUNDS if haste else 1.0, False
        try:
            yield
        finally:
            self._haste = 1.0

    def calibrate(self, inputs):
        """Allow loops so many rounds, and so much time, as the right source takes on some inputs, times `ROUNDS`."""
        self.limit, self.patience, start = MOST, np.inf, time.monotonic()
        haste, self._haste = self._haste, 1.0
        self.run(inputs)
        self._haste = haste
        self.limit = (MOST - self._left) * ROUNDS + 1000
        self.patience = ROUNDS * (time.monotonic() - start) + PATIENCE

    def _lengthened(self, inputs):
        """Whether inputs get a limit of their own: they take the right source longer than those of `calibrate`."""
        if id(inputs) in self._longer or self.limit == MOST:  # the second: `calibrate` is running
            return False
        now, before = {f: f.__code__ for f in (unit.function for unit in self._plain)}, (self.limit, self.patience)
        try:
            for unit, code in self._plain.items():
                unit.function.__code__ = code
            self.calibrate(inputs)
            self._longer[id(inputs)] = (inputs, self.limit, self.patience)
        finally:
            self.limit, self.patience = before
            for function, code in now.items():
                function.__code__ = code
        return self._longer[id(inputs)][1] > before[0]

    @contextlib.contextmanager
    def edited(self, edit):
        """With one edit made; raises SyntaxError if it does not compile."""
        unit = edit.unit
        code = edit.code()
        unit.function.__code__ = code
        try:
            yield self
        finally:
            unit.function.__code__ = self._plain[unit]

    @contextlib.contextmanager
    def kept(self, edit):
        """With one edit made, to which others are added; raises SyntaxError if it does not compile."""
        unit = edit.unit
        plain, heard, code = self._plain[unit], dict(self._heard), edit.code()
        edit.make()
        try:
            self._plain[unit] = unit.function.__code__ = code
            self._heard[unit] = noting(unit)
            self._looked.pop(unit, None)
            yield self
        finally:
            edit.unmake()
            self._plain[unit] = unit.function.__code__ = plain
            self._heard = heard

    def both(self, *changes):
        """Changes at once, edits or trials, as a function of the inputs; None if they do not go together."""
        changed: dict[types.FunctionType, list] = {}
        run = self.run
        for change in changes:
            if hasattr(change, "unit"):  # of another workshop, with the same trees, it may be
                changed.setdefault(change.unit.function, []).append(change)
            else:
                run = tried(run, change)
        codes = []
        try:
            for function, (*first, last) in changed.items():
                for edit in first:
                    edit.make()
                try:
                    codes.append((function, last.code()))
                finally:
                    for edit in reversed(first):
                        edit.unmake()
        except (SyntaxError, IndexError):
            return None

        def answer(inputs):
            before = [(function, function.__code__) for function, _ in codes]
            try:
                for function, code in codes:
                    function.__code__ = code
                return run(inputs)
            finally:
                for function, code in before:
                    function.__code__ = code

        return answer

    def look(self, inputs):
        """Note what kinds of value the expressions of the units take on some inputs."""
        new = [unit for unit in self.units if unit in self._plain and self._looked.get(unit, 0) < LOOKED]
        if not new:
            return
        seen: dict[int, set] = {}

        def note(number, value):
            seen.setdefault(number, set()).add(kind_of(value))
            return value

        with np.errstate(all="ignore"), self.heard(note, often=OFTEN):
            self.run(inputs)
        for unit in new:
            self._looked[unit] = self._looked.get(unit, 0) + 1
            for node in ast.walk(unit.node):
                if id(node) in seen:
                    unit.values.setdefault(id(node), set()).update(seen[id(node)])

    @contextlib.contextmanager
    def heard(self, note, one=None, often=None):
        """With every value of an expression handed to ``note(id of the expression, value)``, which answers with it.

        What it answers stands in its place. `one` is the unit that is listened to, by default all are; `often` how many
        values of each expression are handed on, by default all.
        """
        note = note if often is None else at_first(note, often)
        done = []
        try:
            for unit in self.units:
                here = unit in self._plain and (one is None or one.function is unit.function)
                code = (self._heard[unit] if unit in self._heard else _noting(unit)) if here else None
                if code is not None:
                    unit.function.__globals__[lent("_note")] = note
                    unit.function.__code__ = code
                    done.append(unit)
            yield self
        finally:
            for unit in done:
                unit.function.__code__ = self._plain[unit]
                unit.function.__globals__.pop(lent("_note"), None)


_counted: dict[int, tuple[ast.AST, types.CodeType]] = {}  # id of a node -> the node, its code


def _counting(unit):
    """Code of a unit that counts the rounds of its loops; what they are kept by stays alive beside it."""
    if id(unit.node) not in _counted:
        _count_rounds(unit.node)
        _counted[id(unit.node)] = (unit.node, unit.compiled())
    return _counted[id(unit.node)][1]


_noted: dict[int, tuple[ast.AST, types.CodeType | None]] = {}  # the same of code that hands its values on


def _noting(unit):
    """Code of a unit that hands every value to `_note`; None if it does not compile."""
    if id(unit.node) not in _noted:
        _noted[id(unit.node)] = (unit.node, noting(unit))
    return _noted[id(unit.node)][1]


def _count_rounds(function):
    """Let every loop of a function count its rounds; made once, as the trees are shared."""
    for node in ast.walk(function):
        if isinstance(node, ast.For | ast.While):
            first = node.body[0]
            if isinstance(first, ast.Expr) and ast.unparse(first) == f"{lent('_tick')}()":
                continue
            call = ast.Expr(helper("_tick"))
            node.body.insert(0, ast.fix_missing_locations(ast.copy_location(call, first)))
