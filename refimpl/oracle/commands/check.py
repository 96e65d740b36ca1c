"""`refimpl check`: the steps that answer a request, and how the verdict is told."""

import contextlib
import json
import sys

from rich.markup import escape

from refimpl.core import disk
from refimpl.oracle import catalog, ending
from refimpl.oracle.candidates import Function, reference
from refimpl.oracle.candidates.limit import enforced
from refimpl.oracle.commands import mutants, watch
from refimpl.oracle.commands.options import add_arguments, asked, named, telling
from refimpl.oracle.commands.spread import each
from refimpl.oracle.judging.records import Report
from refimpl.oracle.output import data, documents, plot, progress, results, terminal
from refimpl.oracle.verdict import judged, merged

__all__ = ["add_arguments", "check_reference", "main"]


def main(options):
    """`refimpl check`."""
    whom = named(options)
    if options.watch:
        return watch.main(whom, options.words)
    told = telling(options)
    with contextlib.ExitStack() as stack:
        try:
            if ending.told():
                raise ending.Ended(ending.told())
            request = asked(options, whom, told)
            if request.by == "mutants":
                return mutants.main(request)
            answer = _by_draws if request.by == "draws" else _by_operation if request.several else _by_cases
            report, picture = answer(request, stack)
        except ending.Ended:
            if told.report:  # nothing had run by then
                target = " ".join(options.targets)
                about = {"name": whom.place or target, "version": ""}
                nothing = Report.of((), target=target, candidate=about, interrupted=ending.told())
                results.write_report(told.report, nothing, waiting=ending.waiting())
            raise
        return _tell(request, report, picture)


def _by_cases(request, stack):
    """A report on one candidate, and the picture that is asked for.

    From here on no signal ends the command before all is told: the stack holds them.
    """
    candidate, picture = _opened(request), None
    try:
        operations = catalog.operations(request.target)
        candidate.offers(operations[0])  # it is loaded by now, or refused
        planned = len(request.checks.plans(operations))
        searching = progress.searching("looking for the cause")
        with progress.bar(f"checking {candidate.name}", planned) as advance, searching as note:
            try:
                report = judged(request, candidate, advance, note)
            except ending.Ended as stop:
                if stop.result is None:
                    raise
                report = stop.result
        stack.enter_context(ending.held())
        if request.told.plot and not report.interrupted:
            picture = plot.main(request.told.plot, candidate, report)
            if picture is None:
                terminal.say("note: --plot drew nothing: no case fails with an answer")
    finally:
        candidate.close()
    if candidate.note:
        terminal.say(f"note: {candidate.note}")
    return report, picture


def _by_operation(request, stack):
    """The same of our own source, operation by operation; of many."""
    report = merged(request.target, each(request, check_reference, request))
    stack.enter_context(ending.held())  # what was found is told in any case
    return report, None


def check_reference(operation, request):
    """Judge our own source on one operation; with `check_mutants`, what is done on a cluster.

    Examples
    --------
    >>> from refimpl.oracle.judging.plans import Settings
    >>> from refimpl.oracle.request import Request
    >>> check_reference("lion.step", Request(("lion",), Settings(only=["both-agree"]))).verdict
    'conforms in part'
    """
    return judged(request._replace(targets=(operation,)), reference(operation, request.whom.arrays))


def _by_draws(request, stack):
    """A report on the law of what a candidate draws."""
    from refimpl.oracle.judging import statistics  # scipy.stats takes most of a second, which nothing else needs

    operation = catalog.operation(request.target)
    if request.whom.kind:
        candidate = _opened(request)
    else:
        drawing = statistics.with_own_draws(operation, operation.reference) if operation.draws else operation.reference
        candidate = Function(drawing, operation=operation.name, name="refimpl", repro=())
    try:
        with terminal.console(stderr=True).status(escape(f"checking {candidate.name}")):
            report = statistics.check_draws(candidate, operation.name, samples=request.samples)
    finally:
        candidate.close()
    terminal.say(f"note: {report.candidate['note']}")
    return report, None


def _opened(request):
    candidate = request.whom.opened(request.target)
    if candidate.limit is not None and not enforced():
        terminal.say("note: --timeout is not kept here: it needs a POSIX system, and the main thread")
    return candidate


def _tell(request, report, picture):
    """Print a report, then write what is to be written; returns the exit status."""
    told = request.told
    if told.format == "rich":
        terminal.console().print(terminal.rich_report(report, verbose=told.verbose), crop=False)
    elif told.format == "junit":
        print(documents.junit_report(report, strict=told.strict, complete=told.complete))
    else:
        print({"json": data.json_report, "markdown": documents.markdown_report}[told.format](report))
    sys.stdout.flush()
    status = report.exit_code(strict=told.strict, complete=told.complete)
    badge = "" if report.interrupted else told.badge
    for path, write in (
        (told.report, lambda path, **more: results.write_report(path, report, **more)),
        (badge, lambda path, **more: disk.write(path, json.dumps(data.badge(report)) + "\n", **more)),
        (picture and told.plot, lambda path, **more: disk.write(path, picture, **more)),
    ):
        try:
            if path:
                write(path, waiting=ending.waiting())
        except OSError as error:
            terminal.say(f"refimpl check: {path}: {error.strerror}", style="red")
            status = 2
    return status
