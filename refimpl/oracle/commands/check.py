"""`refimpl check`: what is judged, on what, and how the verdict is told."""

import argparse
import contextlib
import json
import os
import sys
import tomllib
from pathlib import Path

from rich.markup import escape

from refimpl.core import disk
from refimpl.core.backends import BACKENDS
from refimpl.core.check import positive
from refimpl.oracle import catalog, ending
from refimpl.oracle.candidates import Apart, Candidate, Function, Program, reference
from refimpl.oracle.candidates.host import ADAPTERS, build
from refimpl.oracle.candidates.limit import enforced
from refimpl.oracle.commands import mutants, watch
from refimpl.oracle.commands.spread import each
from refimpl.oracle.judging.plans import Settings, known_dtypes, with_reasons
from refimpl.oracle.judging.records import Report
from refimpl.oracle.output import data, documents, plot, progress, results, terminal
from refimpl.oracle.output.ours import refuse_foreign
from refimpl.oracle.verdict import check, merged

SEPARATE = os.name == "posix"  # whether a Python candidate can have a process of its own


def add_arguments(parser):
    """Arguments of `refimpl check`."""
    text = "<system> or <system>.<operation>; several of our own reference, or with --mutants"
    parser.add_argument("targets", metavar="TARGET", nargs="+", help=text)
    text = "an operation a task, on the workers of this Dask scheduler (our own reference, or --mutants)"
    parser.add_argument("--dask", metavar="ADDRESS", help=text)
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--python", metavar="MODULE:NAME", help="a Python function (or path/to/file.py:name)")
    who.add_argument("--exec", metavar="COMMAND", help="a program in any language that answers lines of JSON")
    who.add_argument("--torch", metavar="MODULE:CLASS", help="a PyTorch optimizer class")
    who.add_argument("--optax", metavar="MODULE:NAME", help="a function that makes an Optax transformation")
    who.add_argument("--keras", metavar="MODULE:NAME", help="a Keras 3 optimizer, class or object")
    who.add_argument("--estimator", metavar="MODULE:CLASS", help="an estimator class, as in scikit-learn")
    who.add_argument("--scheduler", metavar="MODULE:CLASS", help="a scheduler class, as in diffusers")
    text = "a class or function that makes a model with fit and predict, as packages of Gaussian processes do"
    who.add_argument("--surrogate", metavar="MODULE:NAME", help=text)
    who.add_argument("--kernel", metavar="MODULE:NAME", help="a sampler's transition kernel: one step")
    who.add_argument("--mutants", action="store_true", help="every known mistake, as a test of the oracle itself")
    text = "folder put in front of Python's path, for a release installed beside with `pip install --target FOLDER`"
    parser.add_argument("--path", metavar="FOLDER", action="append", default=[], help=text)
    text = "an argument beside those of the case (all of these but --python and --exec)"
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help=text)
    parser.add_argument("--arrays", choices=tuple(BACKENDS), help="what a Python function is fed with (default: numpy)")
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
    text = "the function (--python) draws its own noise: judge the law of its answers (it may take a seed)"
    parser.add_argument("--own-draws", action="store_true", help=text)
    parser.add_argument("--samples", metavar="N", type=int, help="answers to each case (--own-draws)")
    text = "seconds for an answer (default: 60; with --exec 10, and 60 for the first one; none with --in-process)"
    parser.add_argument("--timeout", metavar="S", type=float, help=text)
    text = "ask a Python candidate in this process, for a debugger: what it does to the process, it does to the oracle"
    parser.add_argument("--in-process", action="store_true", help=text)
    text = "check again, in a fresh process, whenever the candidate's file has changed; Ctrl-C ends it"
    parser.add_argument("--watch", action="store_true", help=text)
    text = "seconds in which to look for the cause of a deviation (default: 10); 0: name listed mistakes only"
    parser.add_argument("--explain", metavar="SECONDS", type=float, help=text)
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


def main(options):
    """`refimpl check`."""
    if options.watch:
        return watch.main(options, options.words)
    for name in ("report", "badge", "plot"):  # before a candidate can change the folder
        if getattr(options, name):
            setattr(options, name, os.path.abspath(getattr(options, name)))
            refuse_foreign(name, getattr(options, name), force=options.force)
    options.target, options.told = " ".join(options.targets), False
    try:
        if ending.told():
            raise ending.Ended(ending.told())
        return _main(options)
    except ending.Ended:
        if options.report and not options.told:  # nothing had run by then
            about = {"name": options.python or options.exec or options.target, "version": ""}
            nothing = Report.of((), target=options.target, candidate=about, interrupted=ending.told())
            results.write_report(options.report, nothing, waiting=ending.waiting())
        raise


def _main(options):
    dtypes = tuple(options.dtype.split(","))
    for name in (*ADAPTERS, "exec", "report", "badge", "plot", "expect", "dask"):
        if getattr(options, name) == "":  # such as a variable of the shell that is not set
            raise ValueError(f"--{name} must name something, got ''")
    own = options.exec is None and not any(getattr(options, kind) for kind in ADAPTERS)
    many = len(options.targets) > 1 or options.dask
    if many and (options.own_draws or not own):
        raise ValueError("a candidate is judged on one target, here; several targets and --dask are for our reference")
    if many and options.max_fail is not None:
        raise ValueError("--fail-fast and --max-fail stop a run in its order; several targets and --dask have none")
    if many and (options.timeout is not None or options.path):
        raise ValueError("--timeout and --path are for a candidate that is judged on one target, here")
    if options.mutants:
        others = (options.only, options.skip, options.fuzz, options.no_laws, options.errors, options.expect,
                  options.own_draws, options.set, options.arrays, options.timeout, options.path, options.report,
                  options.badge, options.plot, options.explain is not None)  # fmt: skip
        if any(others) or options.format not in ("rich", "json"):
            raise ValueError("--mutants goes with --dtype, --dask and --format rich or json")
        return mutants.main(options, dtypes)
    if options.explain is not None and not 0 <= options.explain < float("inf"):
        raise ValueError(f"--explain must be >= 0 seconds, got {options.explain:g}")
    if (options.explain is not None or options.plot) and (many or options.own_draws):
        raise ValueError("--explain and --plot are for a candidate that is judged on one target, with the given draws")
    if options.own_draws:
        return _check_own_draws(options)
    if options.samples is not None:
        raise ValueError("--samples goes with --own-draws")
    if options.arrays and not (options.python or own):
        raise ValueError("--arrays goes with --python")
    if options.plot:
        plot.known(options.plot)
    expected = _table(options.expect) if options.expect else None
    settings = {
        "dtypes": dtypes,
        "only": options.only,
        "skip": dict(_reason(text) for text in options.skip),
        "fuzz": options.fuzz,
        "seed": options.seed,
        "laws": not options.no_laws,
        "errors": options.errors,
        "expected_failures": expected,
    }
    with contextlib.ExitStack() as stack:
        if many:
            if options.set:
                raise ValueError("--set goes with --torch, --optax, --estimator and --scheduler")
            known_dtypes(dtypes), with_reasons(skip=settings["skip"]), with_reasons(expected_failures=expected)
            report = merged(options.target, each(options, check_reference, options.arrays or "numpy", settings))
            stack.enter_context(ending.held())  # what was found is told in any case
            return _tell(options, report)
        candidate, picture = _candidate(options), None
        try:
            settings |= {"max_fail": options.max_fail}
            operations = catalog.operations(options.target)
            candidate.offers(operations[0])  # it is loaded by now, or refused
            planned = len(Settings(**settings).plans(operations))
            searching = progress.searching("looking for the cause")
            with progress.bar(f"checking {candidate.name}", planned) as advance, searching as note:
                given = {"explain": options.explain, "note": note}
                try:
                    report = check(candidate, options.target, **settings, callback=advance, **given)
                except ending.Ended as stop:
                    if stop.result is None:
                        raise
                    report = stop.result
            stack.enter_context(ending.held())
            if options.plot and not report.interrupted:
                picture = plot.main(options.plot, candidate, report)
                if picture is None:
                    terminal.say("note: --plot drew nothing: no case fails with an answer")
        finally:
            candidate.close()
        if candidate.note:
            terminal.say(f"note: {candidate.note}")
        return _tell(options, report, picture)


def check_reference(operation, arrays, settings):
    """Judge our own source on one operation; with `check_mutants`, what is done on a cluster.

    Examples
    --------
    >>> check_reference("lion.step", "numpy", {"only": ["both-agree"]}).verdict
    'conforms in part'
    """
    return check(reference(operation, arrays), operation, **settings)


def _check_own_draws(options):
    from refimpl.oracle.judging import statistics  # scipy.stats takes most of a second, which nothing else needs

    others = (options.exec, *(getattr(options, kind) for kind in ADAPTERS if kind != "python"), options.only,
              options.skip, options.set, options.max_fail, options.fuzz, options.no_laws, options.errors,
              options.expect, options.report, options.dtype != "float64", options.timeout is not None)  # fmt: skip
    if any(others):
        raise ValueError("--own-draws goes with --python, --arrays, --samples, --format, --verbose and --badge")
    operation = catalog.operation(options.target)
    candidate: Candidate
    if options.python:
        candidate = _candidate(options)
    elif options.arrays:
        raise ValueError("--own-draws needs --python for --arrays")
    else:  # our own source
        drawing = statistics.with_own_draws(operation, operation.reference) if operation.draws else operation.reference
        candidate = Function(drawing, operation=operation.name, name="refimpl", repro=())
    try:
        with terminal.console(stderr=True).status(escape(f"checking {candidate.name}")):
            report = statistics.check_draws(candidate, operation.name, samples=options.samples)
    finally:
        candidate.close()
    terminal.say(f"note: {report.candidate['note']}")
    return _tell(options, report)


def _tell(options, report, picture=None):
    """Print a report, then write what is to be written; returns the exit status."""
    if options.format == "rich":
        terminal.console().print(terminal.rich_report(report, verbose=options.verbose), crop=False)
    elif options.format == "junit":
        print(documents.junit_report(report, strict=options.strict, complete=options.complete))
    else:
        print({"json": data.json_report, "markdown": documents.markdown_report}[options.format](report))
    sys.stdout.flush()
    options.told = True
    status = report.exit_code(strict=options.strict, complete=options.complete)
    badge = "" if report.interrupted else options.badge
    for path, write in (
        (options.report, lambda path, **more: results.write_report(path, report, **more)),
        (badge, lambda path, **more: disk.write(path, json.dumps(data.badge(report)) + "\n", **more)),
        (picture and options.plot, lambda path, **more: disk.write(path, picture, **more)),
    ):
        try:
            if path:
                write(path, waiting=ending.waiting())
        except OSError as error:
            terminal.say(f"refimpl check: {path}: {error.strerror}", style="red")
            status = 2
    return status


def _candidate(options):
    """The candidate that is named, with its time limit; the words that name it again are told it too."""
    for folder in options.path:
        if not Path(folder).is_dir():
            raise ValueError(f"--path must name a folder, and there is no {folder!r}")
    kind = next((kind for kind in ADAPTERS if getattr(options, kind)), None)
    settings = dict(_setting(text) for text in options.set)
    if settings and kind in (None, "python"):
        raise ValueError("--set goes with --torch, --optax, --estimator and --scheduler")
    if options.in_process and kind is None:
        raise ValueError("--in-process goes with --python, --torch, --optax, --estimator and --scheduler")
    times = {} if options.timeout is None else {"timeout": positive(timeout=options.timeout)}
    if options.exec is not None:
        candidate: Candidate = Program(options.exec, path=options.path, **times)
    elif kind is None:
        candidate = reference(options.target, options.arrays or "numpy")
        candidate.limit = times.get("timeout")
    elif options.in_process or not SEPARATE:
        sys.path[:0] = [str(Path(folder).resolve()) for folder in options.path]
        words = {"operation": catalog.operation(options.target).name if kind == "python" else options.target}
        words |= {"arrays": options.arrays or "numpy", "settings": settings or None}
        candidate = build(kind, getattr(options, kind), **words)
        candidate.limit = times.get("timeout")
        if times and not enforced():
            terminal.say("note: --timeout is not kept here: it needs a POSIX system, and the main thread")
    else:
        words = {"arrays": options.arrays or "numpy", "settings": settings or None, "path": options.path}
        candidate = Apart(kind, getattr(options, kind), operation=options.target, **words, **times)
    more = [word for folder in options.path for word in ("--path", folder)]
    more += ["--in-process"] * options.in_process
    if candidate.limit is not None:
        more += ["--timeout", f"{options.timeout:g}"]
    candidate.repro = (*(candidate.repro or ()), *more)
    return candidate


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
