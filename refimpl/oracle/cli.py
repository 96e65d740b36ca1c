"""The command line: `refimpl list | show | check | diff | vectors | claims | report | oracle`."""

import argparse
import contextlib
import io
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from refimpl import __version__
from refimpl.core.backends import BACKENDS
from refimpl.oracle import catalog, claims, cluster, mainjob, render, results, scaffold, vectors
from refimpl.oracle.candidates import Estimator, Function, OptaxTransform, Program, TorchOptimizer, load
from refimpl.oracle.judge import check, check_mutants, known_dtypes, merged, with_reasons

console, errors = render.console(), render.console(stderr=True)


def main(arguments=None):
    """Run the command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):  # in an ASCII locale, a question mark for what it cannot write
        sys.stdout.reconfigure(errors="replace")
    try:
        return options.command(options)
    except (catalog.UnknownNameError, ValueError, OSError) as error:
        errors.print(f"refimpl {options.name}: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        return 2
    except KeyboardInterrupt:
        errors.print(f"refimpl {options.name}: interrupted")
        return 130
    except BrokenPipeError:  # the reader of our output has seen enough
        return 0


def _parser():
    parser = argparse.ArgumentParser(prog="refimpl", description="Reference implementations with a test oracle.")
    parser.add_argument("--version", action="version", version=f"refimpl {__version__}")
    commands = parser.add_subparsers(dest="name", required=True, metavar="COMMAND")

    def command(name, function, text):
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=function)
        return sub

    sub = command("list", list_systems, "List the systems, and the papers still to come.")
    sub.add_argument("--format", choices=("rich", "json", "markdown"), default="rich")

    sub = command("show", show, "Show a system: its operations, inputs, outputs, cases, laws and mistakes.")
    sub.add_argument("target", help="<system> or <system>.<operation>")
    sub.add_argument("--case", metavar="SLUG", help="print the inputs and the expected answer of one case, as JSON")

    sub = command("check", check_candidate, "Judge an implementation.")
    text = "<system> or <system>.<operation>; several of our own reference, or with --mutants"
    sub.add_argument("targets", metavar="TARGET", nargs="+", help=text)
    text = "an operation a task, on the workers of this Dask scheduler (our own reference, or --mutants)"
    sub.add_argument("--dask", metavar="ADDRESS", help=text)
    who = sub.add_mutually_exclusive_group()
    who.add_argument("--python", metavar="MODULE:NAME", help="a Python function (or path/to/file.py:name)")
    who.add_argument("--exec", metavar="COMMAND", help="a program in any language that answers lines of JSON")
    who.add_argument("--torch", metavar="MODULE:CLASS", help="a PyTorch optimizer class")
    who.add_argument("--optax", metavar="MODULE:NAME", help="a function that makes an Optax transformation")
    who.add_argument("--estimator", metavar="MODULE:CLASS", help="an estimator class, as in scikit-learn")
    who.add_argument("--mutants", action="store_true", help="every known mistake, as a test of the oracle itself")
    text = "constructor argument (--torch, --optax, --estimator)"
    sub.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help=text)
    sub.add_argument("--arrays", choices=tuple(BACKENDS), help="what a Python function is fed with (default: numpy)")
    sub.add_argument("--dtype", default="float64", help="float64, float32 or both with a comma (default: float64)")
    sub.add_argument("--only", metavar="PATTERN", action="append", default=[], help="cases to run")
    text = "cases to leave out, and why"
    sub.add_argument("--skip", metavar="PATTERN=REASON", action="append", default=[], help=text)
    sub.add_argument("--fail-fast", dest="max_fail", action="store_const", const=1, help="stop after the first failure")
    sub.add_argument("--max-fail", metavar="N", type=int, help="stop after N failures")
    sub.add_argument("--fuzz", metavar="N", type=int, default=0, help="so many random cases more")
    sub.add_argument("--no-laws", action="store_true", help="leave the laws out")
    sub.add_argument("--errors", action="store_true", help="input that must be refused counts")
    sub.add_argument("--expect", metavar="FILE", help='TOML table of expected failures: "case" = "reason"')
    text = "the function (--python) draws its own noise: judge the law of its answers (it may take a seed)"
    sub.add_argument("--own-draws", action="store_true", help=text)
    sub.add_argument("--samples", metavar="N", type=int, help="answers to each case (--own-draws)")
    text = "seconds for an answer (--exec; default: 10); the first answer of a process may take 20 s"
    sub.add_argument("--timeout", metavar="S", type=float, help=text)
    sub.add_argument("--strict", action="store_true", help="a variant is not good enough")
    sub.add_argument("--format", choices=("rich", "json", "junit", "markdown"), default="rich")
    sub.add_argument("--verbose", action="store_true", help="list what passed as well")
    sub.add_argument("--report", metavar="FILE", help="write a report file as well, for `refimpl diff`")
    sub.add_argument("--badge", metavar="FILE", help="write the data of a badge as well (JSON)")

    sub = command("diff", diff_reports, "Compare two report files of `refimpl check --report`.")
    sub.add_argument("before", metavar="A")
    sub.add_argument("after", metavar="B")
    sub.add_argument("--format", choices=("rich", "json"), default="rich")

    sub = command("vectors", vectors.main, "Write cases and expected answers as JSON files, for tests in any language.")
    vectors.add_arguments(sub)

    sub = command("claims", claims.main, "Check the claims of the papers.")
    claims.add_arguments(sub)

    sub = command("new", scaffold.main, "Scaffold the five rooms of a new system.")
    scaffold.add_arguments(sub)

    for name, text in (
        ("oracle", "The main job: references, mutants, claims (quick tier), public implementations, report page."),
        ("report", "Write the report page (the same as `oracle`, without its tables)."),
    ):
        sub = command(name, mainjob.main, text)
        sub.add_argument("--out", metavar="DIR", default="build/report", help="folder (default: build/report)")
        sub.set_defaults(quiet=name == "report")
    return parser


def list_systems(options):
    """`refimpl list`."""
    systems = catalog.systems()
    rows = [
        {
            "system": entry.name,
            "chapter": entry.chapter,
            "paper": entry.title,
            "arxiv": entry.arxiv,
            "operations": [op.name for op in systems[entry.name].operations] if entry.name in systems else [],
            "to_come": systems[entry.name].to_come if entry.name in systems else "everything",
            "baseline": entry.name in catalog.baselines(),
        }
        for entry in (*catalog.roadmap(), *catalog.baselines().values())
    ]
    if options.format == "json":
        print(json.dumps(rows, indent=1))
        return 0
    if options.format == "markdown":  # the table of the README
        print("| system | chapter | paper | status |\n|---|---|---|---|")
        for row in rows:
            paper = f"[{row['paper']}](https://arxiv.org/abs/{row['arxiv']})"
            status = "to come" if not row["operations"] else "done, as a baseline" if row["baseline"] else "done"
            status += f", without {row['to_come']}" if row["operations"] and row["to_come"] else ""
            print(f"| `{row['system']}` | {row['chapter']} | {paper} | {status} |")
        return 0
    table = Table("system", "chapter", "paper", "operations", box=None, pad_edge=False)
    for row in rows:
        there = bool(row["operations"])
        operations = ", ".join(name.partition(".")[2] for name in row["operations"]) or "to come"
        operations += " (a baseline)" if row["baseline"] else ""
        table.add_row(row["system"], row["chapter"], row["paper"], operations, style="" if there else "dim")
    console.print(table)
    return 0


def show(options):
    """`refimpl show`."""
    from refimpl.oracle.cases import case_id
    from refimpl.oracle.judge import expected
    from refimpl.oracle.wire import encode

    if options.case:
        operation = catalog.operation(options.target)
        case = next((c for c in operation.cases if options.case in (c.slug, case_id(operation, c))), None)
        if case is None:
            raise ValueError(f"{operation.name} has no case {options.case!r}; it has "
                             f"{', '.join(c.slug for c in operation.cases)}")  # fmt: skip
        answers, tolerances = expected(operation, dict(case.inputs), "float64")
        print(
            json.dumps(
                {
                    "case": case_id(operation, case),
                    "flags": case.flags,
                    "why": case.why,
                    "source": case.source or operation.exact_source,
                    "inputs": {name: encode(value) for name, value in case.inputs.items()},
                    "outputs": {name: encode(value) for name, value in answers.items()},
                    "tolerances": {name: encode(value) for name, value in tolerances.items()},
                },
                indent=1,
            )
        )
        return 0
    system = catalog.system(options.target.partition(".")[0])
    paper = system.paper
    console.print(f"[bold]{system.name}[/] ({system.chapter}): {system.summary}", highlight=False)
    console.print(f"{paper.title}. {paper.authors}. {paper.year}, arXiv:{paper.arxiv}", highlight=False)
    for operation in catalog.operations(options.target):
        signature = ", ".join(_field(f) for f in operation.inputs)
        answer = ", ".join(_field(f) for f in operation.outputs)
        console.print(f"\n[bold]{operation.name}[/]({escape(signature)}) -> {escape(answer)}", highlight=False)
        console.print(operation.summary, highlight=False)
        for field in (*operation.inputs, *operation.outputs):
            console.print(f"  {field.name}: {field.doc}", highlight=False, markup=False)
        for title, entries, text in (
            ("cases", operation.cases, lambda c: f"{c.why} ({', '.join(c.flags)})"),
            ("laws", operation.laws, lambda law: law.statement),
            ("known mistakes", operation.mutants, lambda m: m.hint + (f" ({m.origin})" if m.origin else "")),
            ("variants", operation.variants, lambda v: f"{v.doc} ({v.source})"),
        ):
            if entries:
                table = Table(title, "", box=None, pad_edge=False)
                for entry in entries:
                    table.add_row(entry.slug, text(entry))
                console.print()
                console.print(table)
    return 0


def _field(field):
    if field.kind == "array":
        return f"{field.name}[{field.axes.replace(' ', ', ')}]"
    return f"{field.name}: {'|'.join(field.options)}" if field.options else field.name


def check_candidate(options):
    """`refimpl check`."""
    dtypes = tuple(options.dtype.split(","))
    options.target = " ".join(options.targets)
    own = not (options.python or options.exec is not None or options.torch or options.optax or options.estimator)
    many = len(options.targets) > 1 or options.dask
    if many and (options.own_draws or not own):
        raise ValueError("a candidate is judged on one target, here; several targets and --dask are for our reference")
    if many and options.max_fail is not None:
        raise ValueError("--fail-fast and --max-fail stop a run in its order; several targets and --dask have none")
    if options.mutants:
        others = (options.only, options.skip, options.fuzz, options.no_laws, options.errors, options.expect,
                  options.own_draws, options.set, options.arrays, options.timeout, options.report,
                  options.badge)  # fmt: skip
        if any(others) or options.format not in ("rich", "json"):
            raise ValueError("--mutants goes with --dtype, --dask and --format rich or json")
        return _check_mutants(options, dtypes)
    if options.own_draws:
        return _check_own_draws(options)
    if options.samples is not None:
        raise ValueError("--samples goes with --own-draws")
    if options.timeout is not None and options.exec is None:
        raise ValueError("--timeout goes with --exec: what runs in this process cannot be stopped from outside")
    if options.arrays and not (options.python or own):
        raise ValueError("--arrays goes with --python")
    expected = _table(options.expect) if options.expect else None
    settings = {
        "dtypes": dtypes,
        "only": options.only,
        "skip": dict(_reason(text) for text in options.skip),
        "fuzz": options.fuzz,
        "laws": not options.no_laws,
        "errors": options.errors,
        "expected_failures": expected,
    }
    if many:
        if options.set:
            raise ValueError("--set goes with --torch, --optax and --estimator")
        known_dtypes(dtypes), with_reasons(skip=settings["skip"]), with_reasons(expected_failures=expected)
        report = merged(options.target, _each(options, check_reference, options.arrays or "numpy", settings))
    else:
        candidate = _candidate(options)
        try:
            with errors.status(f"checking {candidate.name}"):
                report = check(candidate, options.target, **settings, max_fail=options.max_fail)
        finally:
            candidate.close()
        missing = [op.name for op in catalog.operations(options.target) if not candidate.offers(op)]
        not_asked = f"{candidate.name} was not asked for {', '.join(missing)}" if missing else ""
        for note in filter(None, (candidate.note, not_asked)):
            errors.print(f"note: {note}", style="dim", markup=False, highlight=False, soft_wrap=True)
    if options.report:
        results.write_report(options.report, report)
    return _tell(options, report)


def _tell(options, report):
    """Print a report; returns the exit status."""
    if options.badge:
        Path(options.badge).write_text(json.dumps(render.badge(report)) + "\n", encoding="utf-8")
    if options.format == "rich":
        console.print(render.rich_report(report, verbose=options.verbose), crop=False)
    elif options.format == "junit":
        print(render.junit_report(report, strict=options.strict))
    else:
        print({"json": render.json_report, "markdown": render.markdown_report}[options.format](report))
    return report.exit_code(strict=options.strict)


def _check_own_draws(options):
    from refimpl.oracle import statistics  # scipy.stats takes most of a second, which nothing else needs

    others = (options.exec, options.torch, options.optax, options.estimator, options.only, options.skip, options.set,
              options.max_fail, options.fuzz, options.no_laws, options.errors, options.expect, options.report,
              options.dtype != "float64", options.timeout is not None)  # fmt: skip
    if any(others):
        raise ValueError("--own-draws goes with --python, --arrays, --samples, --format, --verbose and --badge")
    operation = catalog.operation(options.target)
    if options.python:
        candidate = _candidate(options)
    elif options.arrays:
        raise ValueError("--own-draws needs --python for --arrays")
    else:  # our own source
        drawing = statistics.with_own_draws(operation, operation.reference) if operation.draws else operation.reference
        candidate = Function(drawing, operation=operation.name, name="refimpl", repro=())
    with errors.status(f"checking {candidate.name}"):
        report = statistics.check_draws(candidate, operation.name, samples=options.samples)
    errors.print(f"note: {report.candidate['note']}", style="dim", markup=False, highlight=False)
    return _tell(options, report)


def _table(path):
    """The TOML table in a file."""
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _reason(text):
    """("pattern", "reason") of "pattern=reason"."""
    pattern, equals, reason = text.partition("=")
    if not equals:
        raise ValueError(f"--skip takes PATTERN=REASON, got {text!r}")
    return pattern, reason


def diff_reports(options):
    """`refimpl diff`: 0 the same, 1 different, 2 (by an exception) unreadable."""
    difference = results.diff(results.read_report(options.before), results.read_report(options.after))
    if options.format == "json":
        print(render.json_difference(difference))
    else:
        console.print(render.rich_difference(difference))
    return int(not difference.same)


def _candidate(options):
    target = catalog.operations(options.target)[0].name
    settings = dict(_setting(text) for text in options.set)
    for adapter, option in ((TorchOptimizer, "torch"), (OptaxTransform, "optax"), (Estimator, "estimator")):
        if place := getattr(options, option):
            words = [word for text in options.set for word in ("--set", text)]
            return adapter(load(place), settings=settings, repro=(f"--{option}", place, *words))
    if settings:
        raise ValueError("--set goes with --torch, --optax and --estimator")
    if options.exec is not None:
        return Program(options.exec, **({} if options.timeout is None else {"timeout": options.timeout}))
    arrays = options.arrays or "numpy"
    if options.python:
        repro = ("--python", options.python, *_arrays(arrays))
        return Function(load(options.python), operation=target, arrays=arrays, name=options.python, repro=repro)
    return Reference(options.target, arrays=arrays, repro=_arrays(arrays))


def Reference(target, *, arrays="numpy", repro=()):
    """Our own source as a candidate: what `refimpl check SYSTEM` judges when it is given nothing else."""
    operations = catalog.operations(target)
    table = type("reference", (), {op.name.partition(".")[2]: staticmethod(op.reference) for op in operations})()
    candidate = Function(table, arrays=arrays, name="refimpl", repro=repro)
    candidate.version = __version__
    return candidate


def check_reference(operation, arrays, settings):
    """Judge our own source on one operation; with `check_mutants`, what is done on a cluster.

    Examples
    --------
    >>> check_reference("lion.step", "numpy", {"only": ["both-agree"]}).verdict
    'conforms'
    """
    return check(Reference(operation, arrays=arrays, repro=_arrays(arrays)), operation, **settings)


def _arrays(name):
    return () if name == "numpy" else ("--arrays", name)


def _each(options, function, *arguments):
    """What a function returns for each operation of the targets, in their order; here, or on the cluster."""
    names = [operation.name for target in options.targets for operation in catalog.operations(target)]
    names = list(dict.fromkeys(names))
    found: dict[str, Any] = {}
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(cluster.connected(options.dask)) if options.dask else None
        status = stack.enter_context(errors.status("checking"))

        def show(running):
            status.update(f"{len(found)} of {len(names)} operations; checking {', '.join(sorted(running))}")

        if client is None:
            for name in names:
                show({name})
                found[name] = function(name, *arguments)
            return list(found.values())
        place = f"{function.__module__}:{function.__name__}"
        jobs = [cluster.Job(name, place, (name, *arguments)) for name in names]
        running = stack.enter_context(contextlib.closing(cluster.finished(client, jobs, show=show)))
        for done in running:
            if done.failure:
                raise cluster.ClusterError(f"{done.name}: {done.failure.strip().rpartition(chr(10))[2]}")
            found[done.name] = done.result
    return [found[name] for name in names]


def _setting(text):
    """("key", value) of "key=value"; the value is JSON, or else a string."""
    key, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"--set takes KEY=VALUE, got {text!r}")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def _check_mutants(options, dtypes):
    rows = [row for rows in _each(options, check_mutants, dtypes) for row in rows]
    if options.format == "json":
        print(json.dumps(rows))
    else:
        table = Table("operation", "mutant", "verdict", "killed by", box=None, pad_edge=False)
        for row in rows:
            word = "equivalent" if row["equivalent"] and row["good"] else "named" if row["good"] else "SURVIVES"
            word = "killed, not named" if not row["good"] and row["killed"] else word
            style = "" if row["good"] else "red"
            table.add_row(row["operation"], row["slug"], word, ", ".join(row["killed_by"]), style=style)
        console.print(table)
    good = sum(row["good"] for row in rows)
    equivalent = sum(bool(row["equivalent"]) for row in rows)
    errors.print(
        f"{len(rows)} mutants = {good - equivalent} killed and named + {equivalent} equivalent"
        + (f" + {len(rows) - good} not as they should be" if good < len(rows) else ""),
        highlight=False,
    )
    return int(good < len(rows) or not rows)


if __name__ == "__main__":
    sys.exit(main())
