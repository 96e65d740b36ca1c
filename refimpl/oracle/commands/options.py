"""The options of `refimpl check`, what does not go together, and the request that they make."""

import argparse
import json
import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from refimpl.core.backends import BACKENDS
from refimpl.oracle.candidates.host import ADAPTERS
from refimpl.oracle.candidates.named import Named
from refimpl.oracle.judging.plans import Settings, with_reasons
from refimpl.oracle.output import plot
from refimpl.oracle.output.ours import refuse_foreign
from refimpl.oracle.request import Request, Telling

DOORS = {  # option that names a candidate -> what it takes, and what that is
    "python": ("MODULE:NAME", "a Python function (or path/to/file.py:name)"),
    "exec": ("COMMAND", "a program in any language that answers lines of JSON"),
    "torch": ("MODULE:CLASS", "a PyTorch optimizer class"),
    "optax": ("MODULE:NAME", "a function that makes an Optax transformation"),
    "keras": ("MODULE:NAME", "a Keras 3 optimizer, class or object"),
    "estimator": ("MODULE:CLASS", "an estimator class, as in scikit-learn"),
    "scheduler": ("MODULE:CLASS", "a scheduler class, as in diffusers"),
    "surrogate": ("MODULE:NAME", "what makes a model with fit and predict, as of Gaussian processes"),
    "kernel": ("MODULE:NAME", "a sampler's transition kernel: one step"),
}
MADE = [kind for kind in ADAPTERS if kind != "python"]  # by a constructor
CHECKS = ("only", "skip", "max_fail", "fuzz", "seed", "no_laws", "errors", "expect")
FILES = ("report", "badge", "plot")  # that are written


def _listed(kinds):
    *first, last = (f"--{kind}" for kind in kinds)
    return f"{', '.join(first)} and {last}"


def add_arguments(parser):
    """Arguments of `refimpl check`."""
    text = "<system> or <system>.<operation>; several of our own reference, or with --mutants"
    parser.add_argument("targets", metavar="TARGET", nargs="+", help=text)
    text = "an operation a task, on the workers of this Dask scheduler (our own reference, or --mutants)"
    parser.add_argument("--dask", metavar="ADDRESS", help=text)
    who = parser.add_mutually_exclusive_group()
    for kind, (takes, text) in DOORS.items():
        who.add_argument(f"--{kind}", metavar=takes, help=text)
    who.add_argument("--mutants", action="store_true", help="every known mistake, as a test of the oracle itself")
    text = "folder put in front of Python's path, for a release installed beside with `pip install --target FOLDER`"
    parser.add_argument("--path", metavar="FOLDER", action="append", default=[], help=text)
    text = "an argument beside those of the case (all of these but --python and --exec)"
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help=text)
    parser.add_argument("--arrays", choices=tuple(BACKENDS), help="what a Python function is fed with (default: numpy)")
    add_checks(parser)
    text = "the function (--python) draws its own noise: judge the law of its answers (it may take a seed)"
    parser.add_argument("--own-draws", action="store_true", help=text)
    parser.add_argument("--samples", metavar="N", type=int, help="answers to each case (--own-draws)")
    text = "seconds for an answer (default: 60; with --exec 10, and 60 for the first one; none with --in-process)"
    parser.add_argument("--timeout", metavar="S", type=float, help=text)
    text = "ask a Python candidate in this process, for a debugger: what it does to the process, it does to the oracle"
    parser.add_argument("--in-process", action="store_true", help=text)
    text = "check again, in a fresh process, whenever the candidate's file has changed; Ctrl-C ends it"
    parser.add_argument("--watch", action="store_true", help=text)
    text = "draw where the answer and the right one part, in the first case that fails"
    parser.add_argument("--plot", metavar="FILE.png", help=text)
    parser.add_argument("--strict", action="store_true", help="a variant is not good enough, nor are bad manners")
    text = "whether a check that is skipped, not applicable or expected to fail makes it fail (default: with --strict)"
    parser.add_argument("--complete", action=argparse.BooleanOptionalAction, help=text)
    parser.add_argument("--format", choices=("rich", "json", "junit", "markdown"), default="rich")
    parser.add_argument("--verbose", action="store_true", help="list what passed as well")
    parser.add_argument("--report", metavar="FILE", help="write a report file as well, for `refimpl diff`")
    parser.add_argument("--badge", metavar="FILE", help="write the data of a badge as well (JSON)")
    text = "write over a file that refimpl has not written (--report, --badge, --plot)"
    parser.add_argument("--force", action="store_true", help=text)

    parser.set_defaults(usual=parser.get_default)


def add_checks(parser):
    """Arguments that choose checks; the cells of a notebook take them too."""
    parser.add_argument("--dtype", default="float64", help="float64, float32 or both with a comma (default: float64)")
    parser.add_argument("--only", metavar="PATTERN", action="append", default=[], help="cases to run")
    text = "cases to leave out, and why"
    parser.add_argument("--skip", metavar="PATTERN=REASON", action="append", default=[], help=text)
    parser.add_argument(
        "--fail-fast", dest="max_fail", action="store_const", const=1, help="stop after the first failure"
    )
    parser.add_argument("--max-fail", metavar="N", type=int, help="stop after N failures")
    parser.add_argument("--fuzz", metavar="N", type=int, default=0, help="so many random cases more")
    text = "a word that makes these random cases others than those that everybody can make"
    parser.add_argument("--seed", metavar="WORD", default="", help=text)
    parser.add_argument("--no-laws", action="store_true", help="leave the laws out")
    parser.add_argument(
        "--errors", action="store_true", help="input that must be refused counts, and laws at the ends of the range"
    )
    parser.add_argument("--expect", metavar="FILE", help='TOML table of expected failures: "case" = "reason"')
    text = "seconds in which to look for the cause of a deviation (default: 10); 0: name listed mistakes only"
    parser.add_argument("--explain", metavar="SECONDS", type=float, help=text)


def _kind(options):
    """The option that names the candidate, or "" for our own source."""
    return next((kind for kind in DOORS if getattr(options, kind) is not None), "")


def _several(options):
    return len(options.targets) > 1 or options.dask is not None


class Conflict(NamedTuple):
    """Options that are refused beside others."""

    options: tuple[str, ...]  # each of them
    when: Callable[[argparse.Namespace], bool]
    message: str


CONFLICTS = (
    Conflict((*DOORS, "own_draws"), _several,
             "a candidate is judged on one target, here; several targets and --dask are for our reference"),
    Conflict(("max_fail",), _several,
             "--fail-fast and --max-fail stop a run in its order; several targets and --dask have none"),
    Conflict(("timeout", "path"), _several,
             "--timeout and --path are for a candidate that is judged on one target, here"),
    Conflict((*CHECKS, "own_draws", "samples", "set", "arrays", "timeout", "path", "in_process", "explain", *FILES),
             lambda options: options.mutants,
             "--mutants goes with --dtype, --dask and --format rich or json"),
    Conflict(("format",), lambda options: options.mutants and options.format != "json",
             "--mutants goes with --dtype, --dask and --format rich or json"),
    Conflict(("explain", "plot"), lambda options: _several(options) or options.own_draws,
             "--explain and --plot are for a candidate that is judged on one target, with the given draws"),
    Conflict(("exec", *MADE, *CHECKS, "dtype", "set", "timeout", "report"), lambda options: options.own_draws,
             "--own-draws goes with --python, --arrays, --samples, --format, --verbose and --badge"),
    Conflict(("arrays",), lambda options: options.own_draws and _kind(options) != "python",
             "--own-draws needs --python for --arrays"),
    Conflict(("samples",), lambda options: not options.own_draws,
             "--samples goes with --own-draws"),
    Conflict(("arrays",), lambda options: _kind(options) not in ("", "python"),
             "--arrays goes with --python"),
    Conflict(("set",), lambda options: _kind(options) not in MADE,
             f"--set goes with {_listed(MADE)}"),
    Conflict(("in_process",), lambda options: _kind(options) not in ADAPTERS,
             f"--in-process goes with {_listed(ADAPTERS)}"),
)  # fmt: skip


def refuse(options):
    """Refuse options that name nothing, or that do not go together.

    Raises
    ------
    ValueError
        With the message of the first of `CONFLICTS`.
    """
    given = {name for name, value in vars(options).items() if value != options.usual(name)}
    for name in (*DOORS, *FILES, "expect", "dask"):
        if getattr(options, name) == "":  # such as a variable of the shell that is not set
            raise ValueError(f"--{name} must name something, got ''")
    for conflict in CONFLICTS:
        if not given.isdisjoint(conflict.options) and conflict.when(options):
            raise ValueError(conflict.message)


# The request ----------------------------------------------------------------------------------------------------------


def asked(options, whom, told):
    """The request that the options of the command line make, of a candidate, told where it is said."""
    refuse(options)
    if options.plot:
        plot.known(options.plot)
    return Request(
        targets=tuple(options.targets),
        checks=checks(options),
        whom=whom,
        explain=seconds(options),
        by="mutants" if options.mutants else "draws" if options.own_draws else "cases",
        samples=options.samples,
        dask=options.dask or "",
        told=told,
    )


def checks(options):
    """Which checks the options of `add_checks` choose."""
    return Settings(
        dtypes=tuple(options.dtype.split(",")),
        only=tuple(options.only),
        skip=dict(_reason(text) for text in options.skip),
        fuzz=options.fuzz,
        seed=options.seed,
        laws=not options.no_laws,
        errors=options.errors,
        expected_failures=_table(options.expect) if options.expect else None,
        max_fail=options.max_fail,
    )


def seconds(options):
    """In which to look for the cause; None if it is not said."""
    if options.explain is not None and not 0 <= options.explain < float("inf"):
        raise ValueError(f"--explain must be >= 0 seconds, got {options.explain:g}")
    return options.explain


def named(options):
    """Who is asked."""
    kind = _kind(options)
    return Named(
        kind,
        getattr(options, kind) if kind else "",
        arrays=options.arrays or "numpy",
        settings=dict(_setting(text) for text in options.set) or None,
        path=tuple(options.path),
        timeout=options.timeout,
        in_process=options.in_process,
    )


def telling(options):
    """Where the answer is told: files that may be written, by paths that hold whatever the candidate does."""
    paths = {name: getattr(options, name) for name in FILES}
    paths = {name: os.path.abspath(path) if path else "" for name, path in paths.items()}
    for name, path in paths.items():
        if path:
            refuse_foreign(name, path, force=options.force)
    return Telling(options.format, options.verbose, **paths, strict=options.strict, complete=options.complete)


def _setting(text):
    """("key", value) of "key=value"; the value is JSON, or else a string."""
    key, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"--set takes KEY=VALUE, got {text!r}")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def _reason(text):
    """("pattern", "reason") of "pattern=reason"."""
    pattern, equals, reason = text.partition("=")
    if not equals:
        raise ValueError(f"--skip takes PATTERN=REASON, got {text!r}")
    return pattern, reason


def _table(path):
    """The TOML table in a file: what is expected to fail -> why."""
    try:
        return with_reasons(expect=tomllib.loads(Path(path).read_text(encoding="utf-8")))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: {error}") from error
