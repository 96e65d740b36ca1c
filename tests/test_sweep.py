"""Hostile arguments: every public function of the library, one argument replaced at a time, from a call that works.

The calls that work are those of the examples in the docstrings, written down while they run; so nothing here knows a
function by name, and a new one is swept as soon as its docstring has an example. What may come out: a ValueError or
TypeError that a check raised and that names an argument, or an answer without NaN, if the value can be meant. A string,
a masked or complex array, an array of strings or objects, another kind of generator, a NaN for a number: never.

Inside an argument too: each field of a state, a law or a problem is replaced in the same way (`core.check.fields`
checks them in a line), and what a function that is handed over returns.

`make test` tries every eighth of the calls, and every fortieth inside an argument, `make alarms` all.
``python -m tests.test_sweep`` counts them; with parts of the names of modules, in these alone.
"""

import contextlib
import copy
import dataclasses
import doctest
import importlib
import inspect
import io
import linecache
import math
import os
import pkgutil
import re
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from functools import cache, partial, wraps
from itertools import count
from numbers import Real
from pathlib import Path

import numpy as np
import pytest

import refimpl
from refimpl.convex import convex_relu, sdl
from refimpl.convex._sdl_model import activations
from refimpl.core import random
from refimpl.core.line_search import backtrack
from refimpl.core.loop import iterate
from refimpl.models import losses
from refimpl.optimizers import (
    adadagrad,
    adahessian,
    adamw,
    diffgrad,
    lion,
    rmt_learning_rates,
    sophia,
    sso,
)
from refimpl.problems.functions import quadratic
from tests.thorough import THOROUGH

ROOT = str(Path(refimpl.__file__).parent)
DOOR = "refimpl.core.check"  # what is handed to a check is what it is about; tests/core/test_check.py has it
SHARE = 1 if THOROUGH else 8
INSIDE = 40  # as many of those inside an argument
WHOLE = ("refimpl.distributed._one_byte_network",)  # inside: machines that fail are waited for, a minute each


def modules():
    """Those of the library: not the oracle, nor what it knows."""
    for found in pkgutil.walk_packages(refimpl.__path__, "refimpl."):
        room = found.name.split(".")[1]
        if not found.ispkg and room not in ("oracle", "specs", "__main__") and found.name != DOOR:
            yield found.name


def functions(module):
    """Public functions, and public methods of public classes: where each hangs, its name there, itself."""
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(thing):
            yield module, name, thing
        elif inspect.isclass(thing) and not hasattr(thing, "get_params"):  # scikit-learn words refusals of estimators
            for method, function in vars(thing).items():
                own = inspect.isfunction(function) and function.__qualname__ == f"{name}.{method}"
                if own and not method.startswith("_"):
                    yield thing, method, function


@cache
def recorded(module):
    """Function -> arguments of the first call of it that works in the examples of its module; None if there is none."""
    found = list(functions(module))
    calls = dict.fromkeys(function for _, _, function in found)
    wanted = set(calls)

    def recorder(function):
        @wraps(function)
        def run(*args, **kwargs):
            if function not in wanted:
                return function(*args, **kwargs)
            wanted.discard(function)
            given = None
            with contextlib.suppress(Exception):  # what holds a module, say a traced value, has no copy
                given = copy.deepcopy((args, kwargs))
            try:
                result = function(*args, **kwargs)
            except Exception:
                wanted.add(function)  # a call that is refused works for nobody
                raise
            calls[function] = given
            return result

        return run

    for home, name, function in found:
        setattr(home, name, recorder(function))
    linecache.clearcache()  # a doctest looks at first whether a file in there has changed
    try:
        runner = doctest.DocTestRunner(verbose=False)
        for example in doctest.DocTestFinder().find(module):
            runner.run(example, out=lambda text: None, clear_globs=False)  # functions that were recorded need them
    finally:
        for home, name, function in found:
            setattr(home, name, function)
    return calls


def hostile(value):
    """What may stand in the place of `value`: pairs of a label and a value."""
    if isinstance(value, np.random.Generator):
        yield from (("None", None), ("a number", 0), ("a string", "seed"))
        yield from (("RandomState", np.random.RandomState(0)), ("a module", np.random))
    elif isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        yield from (("None", None), ("a string", "0.5"), ("list of strings", ["a"]), ("a number", 0.5))
        yield from (("strings", value.astype(str)), ("objects", value.astype(object)), ("complex", value * 1j))
        yield "masked", np.ma.masked_array(value, mask=np.ones(value.shape, bool))
        yield from (("empty", value[:0] if value.ndim else np.zeros(0)), ("more axes", value[None, None]))
        if value.dtype.kind == "f" and value.size:
            for bad in (math.nan, math.inf):
                broken = value.copy()
                broken.reshape(-1)[-1] = bad
                yield f"an entry {bad}", broken
        if value.dtype.kind in "iu":
            yield from (("floats", value + 0.5), ("too large", value + 10**6), ("negative", value.astype(int) - 10**6))
    elif isinstance(value, Real) and not isinstance(value, bool):
        yield from (("nan", math.nan), ("inf", math.inf), ("-0.5", -0.5), ("huge", 10**400), ("-huge", -(10**400)))
        yield from (("a bool", True), ("None", None), ("a string", "0.5"), ("complex", 1j), ("empty", np.zeros(0)))
        yield from (("an array", np.ones((2, 3))), ("strings", np.array("1")), ("objects", np.array(1, dtype=object)))
        yield "masked", np.ma.masked_array(1.0, mask=True)
    elif isinstance(value, str):
        yield from (("None", None), ("a string", "hostile"), ("a number", 0.5), ("an array", np.ones(2)))
    elif callable(value):
        yield from (("None", None), ("a string", "f"), ("a number", 0.5))
    elif isinstance(value, tuple | list | dict):
        yield from (("None", None), ("a string", "0.5"), ("a number", 0.5), ("huge", 10**400), ("empty", ()))
    elif isinstance(value, bool):
        yield from (("None", None), ("a string", "False"), ("a number", 0), ("an array", np.ones(2, dtype=bool)))
    elif value is not None:
        yield from (("None", None), ("a string", "0.5"), ("a number", 0.5))


def answering(function, change):
    """A function whose answers are changed: the first array, or number, of each."""

    def bent(answer):
        if isinstance(answer, tuple | list) and answer:
            first = next((i for i, x in enumerate(answer) if isinstance(x, np.ndarray | float)), 0)
            parts = [change(x) if i == first else x for i, x in enumerate(answer)]
            return type(answer)(*parts) if hasattr(answer, "_fields") else type(answer)(parts)
        return change(answer)

    def run(*args, **kwargs):
        answer = function(*args, **kwargs)
        if answer is None or isinstance(answer, dict):  # a check, or notes for a history
            return answer
        ASKED.append(function)
        return bent(answer)

    return wraps(function)(run)


ASKED: list = []  # functions whose answers were changed
ANSWERS = {
    "None": lambda x: None,
    "a string": lambda x: "0.5",
    "an entry nan": lambda x: np.full_like(x, math.nan),
    "strings": lambda x: np.asarray(x).astype(str),
    "complex": lambda x: np.asarray(x) * 1j,
    "more axes": lambda x: np.asarray(x)[None, None],
}


def inside(value, path=""):
    """What may stand in the place of `value` with one of its parts replaced: where, a label, and a value."""
    fields = getattr(value, "_fields", None) or tuple(
        f.name for f in (dataclasses.fields(value) if dataclasses.is_dataclass(value) else ()) if f.init
    )
    if isinstance(value, type):
        return
    for name in fields:
        part = getattr(value, name)
        put = (lambda x, n=name: value._replace(**{n: x})) if hasattr(value, "_replace") else (
            lambda x, n=name: dataclasses.replace(value, **{n: x})
        )  # fmt: skip
        for label, bad in hostile(part):
            yield f"{path}.{name}", label, partial(put, bad)
        for where, label, make in inside(part, f"{path}.{name}"):
            yield where, label, lambda put=put, make=make: put(make())
    if not fields and isinstance(value, tuple | list) and value:
        for where, label, make in inside(value[0], f"{path}[0]"):
            yield where, label, lambda make=make: type(value)([make(), *value[1:]])
    if inspect.isfunction(value) or isinstance(value, partial):
        for label, change in ANSWERS.items():
            yield f"{path}(...)", label, partial(answering, value, change)


SHAPES = {"empty", "more axes", "floats", "too large", "negative"}
NEVER = {"strings", "objects", "complex", "masked", "RandomState", "a module", "list of strings", "a bool", "nan"}


def documented(function):
    """Parameter -> what the docstring says of it, with its type in the first line."""
    text = re.split(r"\n(?:Returns|Raises|Examples)\n", inspect.getdoc(function) or "")[0]
    found = re.findall(r"^((?:\*{0,2}\w+, )*\*{0,2}\w+) : (.*(?:\n +.*)*)", text, re.MULTILINE)
    return {name.lstrip("*"): kind for names, kind in found for name in names.split(", ")}


def meant(label, told, function):
    """Whether what an argument is documented to be lets a value be taken, or a NaN come out of it."""
    kind = told.partition("\n")[0]
    if re.search(r"\bany\b(?! shape)", kind):
        return True
    if label in ("None", "a string"):
        return bool(re.search({"None": "optional|None", "a string": r"str|\{"}[label], kind))
    if label == "empty":
        return "no entries" in told
    if label.startswith("an entry"):  # core, models and a system's own ones are functions like NumPy's: NaN in, NaN out
        mathematics = function.__module__.startswith(("refimpl.core", "refimpl.models")) or "._" in function.__module__
        return mathematics or {"an entry nan": "NaN stays", "an entry inf": "inf"}[label] in told
    return False


def nonsense(value):
    """Whether there is a NaN or an infinity in a result."""
    if isinstance(value, tuple | list | dict):
        return any(map(nonsense, value.values() if isinstance(value, dict) else value))
    if isinstance(value, np.ndarray | np.generic | float):
        value = np.asarray(value)
        return value.dtype.kind in "fc" and not np.isfinite(value).all()
    return False


def places(function, args, kwargs):
    """Arguments of a call: the parameter, where its value stands, the value; not `self`."""
    parameters = inspect.signature(function).parameters
    names = [*parameters.values()]
    for i, value in enumerate(args):
        if names[min(i, len(names) - 1)].name != "self":
            yield names[min(i, len(names) - 1)], i, value
    for name, value in kwargs.items():
        yield parameters.get(name, inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY)), name, value


def called(function, args, kwargs):
    """The result; of a generator function, which checks when it is asked, the first; of a context what it yields."""
    result = function(*args, **kwargs)
    if isinstance(result, contextlib._GeneratorContextManager):
        with result as found:
            return found
    return next(result) if inspect.isgenerator(result) else result


def verdicts(function, call, turn, share):
    """What each hostile call comes to: what was tried, and what is wrong with it, if anything."""
    args, kwargs = call
    spots = list(places(function, args, kwargs))
    names = {parameter.name for parameter, _, _ in spots}
    names |= {field for _, _, value in spots for field in getattr(value, "_fields", ())}
    companion = "._" in function.__module__  # of a shape they need not say what is wrong with it
    told = documented(function)
    for parameter, place, value in spots:
        text = told.get(parameter.name, "") or ("optional" if parameter.default is None else "")
        bends = [("", label, bad, share) for label, bad in hostile(value)]
        handed_on = callable(value) and function.__module__.startswith("refimpl.core")  # whatever comes back
        parts = inside(value) if function.__module__ not in WHOLE and not handed_on else ()
        bends += [(where, label, make, 1 if share == 1 else INSIDE) for where, label, make in parts]
        for where, label, bad, one_in in bends:
            if next(turn) % one_in or (companion and label in SHAPES):
                continue
            now, keywords = (list(x) if isinstance(x, tuple) else x for x in copy.deepcopy(call))
            try:
                broken = bad() if where else bad if label == "a module" else copy.deepcopy(bad)
            except (ValueError, TypeError):  # a class that checks what it is made of
                continue
            (now if isinstance(place, int) else keywords)[place] = broken
            fine = meant(label, text, function)
            ASKED.clear()
            wrong = ""
            try:
                result = called(function, now, keywords)
            except (Exception, SystemExit) as error:
                frames = traceback.extract_tb(error.__traceback__)
                if not any(
                    frame.filename.startswith("<doctest") for frame in frames
                ):  # else the example's own function
                    raised = frames[-1].filename.startswith(ROOT) and (frames[-1].line or "").startswith("raise ")
                    known = names | set(re.findall(r"\w+", where))
                    named = label in SHAPES or known & set(re.findall(r"\w+", str(error)))
                    if not isinstance(error, ValueError | TypeError):
                        wrong = f"wrong type of exception: {error!r}"
                    elif not (fine or (raised and named) or (companion and where)):
                        wrong = f"names no argument: {error!r}"
            else:
                if (companion and where) or (where.endswith("(...)") and (callable(result) or not ASKED)):
                    pass  # what a system hands on to itself, or was not asked yet
                elif not fine and (label in NEVER or (label in ("None", "a string") and value is not None)):
                    wrong = "taken"
                elif not fine and nonsense(result) and not nonsense(called(function, *copy.deepcopy(call))):
                    wrong = "NaN or infinity came out"
            yield f"{function.__module__}.{function.__qualname__}: {parameter.name}{where} = {label}", wrong


each_module = pytest.mark.parametrize(  # both tests of a module in one process, where its examples have run
    "name", [pytest.param(name, marks=pytest.mark.xdist_group(f"sweep-{name}")) for name in modules()]
)


def sweep(name, share):
    """Verdicts on all functions of a module; the functions that have no example come with it alone."""
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        pytest.skip(str(error))
    turn = count(share // 2)
    for function, call in recorded(module).items():
        if call is not None:
            yield from verdicts(function, call, turn, share)
        elif "._" not in name and "." not in function.__qualname__:
            yield f"{name}.{function.__qualname__}", "no example calls it"


@pytest.mark.filterwarnings("ignore")
@each_module
def test_hostile_arguments_are_refused_by_name(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["sweep"])
    assert "\n".join(f"{what}: {wrong}" for what, wrong in sweep(name, SHARE) if wrong) == ""


def single(value, number):
    """A value with its arrays in single precision, and its floats made by `number`."""
    if isinstance(value, np.ndarray):
        return value.astype(np.float32) if value.dtype == np.float64 else value
    if type(value) is float:
        return number(value)
    if isinstance(value, tuple | list):
        parts = [single(part, number) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return {key: single(part, number) for key, part in value.items()} if isinstance(value, dict) else value


def double(value):
    """Whether there is an array in double precision."""
    if isinstance(value, tuple | list | dict):
        return any(map(double, value.values() if isinstance(value, dict) else value))
    return isinstance(value, np.ndarray) and value.dtype == np.float64


@pytest.mark.filterwarnings("ignore")
@each_module
def test_numpy_scalars_leave_single_precision(name, tmp_path, monkeypatch):
    """What keeps float32 with Python's numbers keeps it with NumPy's, in arguments, states and laws."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["sweep"])
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        pytest.skip(str(error))
    wrong = []
    for function, call in recorded(module).items():
        if call is None or not double([*call[0], *call[1].values()]):
            continue
        try:
            args, kwargs = (single(copy.deepcopy(part), float) for part in call)
            plain = function(*args, **kwargs)
        except (TypeError, ValueError):  # an example with a part that has another precision
            continue
        if not double(plain):
            try:
                found = double(
                    function(*single(list(call[0]), np.float64), **single(copy.deepcopy(call[1]), np.float64))
                )
            except (TypeError, ValueError) as error:
                found = error
            wrong += [f"{function.__qualname__}: {found}"] * bool(found)
    assert wrong == []


ONE, TWO = np.ones(1), np.array([1.0, 2.0])
STRANGE = {"strings": TWO.astype(str), "complex": TWO * 1j, "objects": TWO.astype(object), "masked": np.ma.array(TWO)}
FOUND_BY_HAND = {
    "a NaN logit": (lambda: losses.accuracy(np.array([[math.nan, 1.0]]), np.array([0])), "logits"),
    "no margins": (lambda: losses.logistic(np.zeros(0)), "margins"),
    "a negative factor": (lambda: backtrack(lambda s: 1.0, 1.0, 1.0, 1.0, c=0.5, shrink=-0.5), "shrink"),
    "a NaN threshold": (lambda: convex_relu.shrink(np.ones((2, 1, 1)), math.nan), "threshold"),
    "a NaN constant": (lambda: sdl.step_sizes(math.nan, 1.0), "mu"),
    "a negative constant": (lambda: sdl.step_sizes(1.0, -1.0), "L"),
    "a rate that is a string": (lambda: sso.schedule("0.1", 1), "eta"),
    "a length that is a string": (lambda: sso.schedule(0.1, 1, total="9"), "total"),
    "strings in lists": (lambda: quadratic([["1"]], [0.0]), "matrix"),
    "complex numbers in lists": (lambda: quadratic([[1.0]], [1j]), "minimizer"),
    "a seed for a generator": (lambda: random.normal(0, (2,), like=ONE), "rng"),
    "a generator of another kind": (lambda: random.signs(np.random.RandomState(0), (2,), like=ONE), "rng"),
    "a rate past all floats": (lambda: lion.update(ONE, lion.init(ONE), ONE, lr=10**400), "lr"),
    "more steps than there are": (lambda: iterate(lambda x, k: x, 0, steps=10**400), "steps"),
    **{f"params of {k}": (lambda x=x: lion.update(x, lion.init(TWO), TWO), "params") for k, x in STRANGE.items()},
    **{f"a matrix of {k}": (lambda x=x: activations(x[None], TWO[None], TWO[None], ONE[None]), "A")
       for k, x in STRANGE.items()},
}  # fmt: skip


@pytest.mark.parametrize("case", FOUND_BY_HAND)
def test_what_was_found_by_hand(case):
    call, name = FOUND_BY_HAND[case]
    with pytest.raises((ValueError, TypeError), match=rf"\b{name}\b must "):
        call()


UPDATES = {
    "lion": (lion.init, lion.update), "adamw": (adamw.init, adamw.update), "adam": (adamw.init, adamw.adam),
    "amsgrad": (adamw.amsgrad_init, adamw.amsgrad), "diffgrad": (diffgrad.init, diffgrad.update),
    "adagrad": (adadagrad.init, partial(adadagrad.update, alpha=1.0)),
    "sophia": (sophia.init, partial(sophia.update, lr=0.1)),
    "adagrad-norm": (adadagrad.norm_init, partial(adadagrad.norm_update, alpha=1.0)),
    "polyak": (rmt_learning_rates.init, rmt_learning_rates.update),
    "adahessian": (adahessian.init, partial(adahessian.update, diagonal=TWO)),
}  # fmt: skip


@pytest.mark.parametrize("name", UPDATES)
def test_one_rule_for_all_updates(name):
    """Whatever array is handed in, parameters, gradient or a part of the state, it is finite."""
    init, update = UPDATES[name]
    bad = np.array([1.0, math.nan])
    state = init(TWO)
    update(TWO, state, TWO)
    for given in (bad, state, TWO), (TWO, state, bad):
        with pytest.raises(ValueError, match="must be finite"):
            update(*given)
    for field, value in state._asdict().items():
        if isinstance(value, np.ndarray):
            with pytest.raises(ValueError, match=f"{field} must be (finite|a finite number)"):
                update(TWO, state._replace(**{field: np.full_like(value, math.nan)}), TWO)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    parts, sys.argv = sys.argv[1:] or [""], ["sweep"]
    os.chdir(tempfile.mkdtemp())
    found: list[tuple[str, str]] = []
    for name in [name for name in modules() if any(part in name for part in parts)]:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(pytest.skip.Exception):
            found += sweep(name, 1)
    for what, wrong in found:
        if wrong:
            print(f"{what}: {wrong}")
    print(f"{len(found)} calls:", dict(Counter(wrong.partition(":")[0] or "as it should be" for _, wrong in found)))
