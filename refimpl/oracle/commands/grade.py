"""`refimpl grade`: many submissions to one operation; a table, feedback for each, and what is wrong how often."""

import hashlib
import json
import os
from pathlib import Path

from refimpl import __version__
from refimpl.core import check, disk
from refimpl.oracle import catalog, ending
from refimpl.oracle.candidates import fence
from refimpl.oracle.candidates.named import Named
from refimpl.oracle.edits import short
from refimpl.oracle.grading import groups, pages
from refimpl.oracle.grading.judge import Class
from refimpl.oracle.grading.submissions import collect
from refimpl.oracle.judging.plans import Settings
from refimpl.oracle.output import progress, terminal
from refimpl.oracle.request import Request

MARK = "refimpl-grade.json"  # stands in each folder of results


def add_arguments(parser):
    """Arguments of `refimpl grade`."""
    parser.add_argument("operation", metavar="OPERATION", help="<system>.<operation>")
    text = "submissions, or folders of them; with --file, folders of folders that hold that file"
    parser.add_argument("places", metavar="FILE", nargs="+", help=text)
    text = "folder of the results; of an earlier run, what has not changed is kept"
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help=text)
    parser.add_argument("--file", metavar="NAME", default="", help="file that is judged, where each has a folder")
    who = parser.add_mutually_exclusive_group()
    text = "the function in each file (default: the name of the operation)"
    who.add_argument("--function", metavar="NAME", help=text)
    who.add_argument("--torch", metavar="CLASS", help="a PyTorch optimizer in each file, in place of a function")
    text = "a program in any language: a command in which {file} stands for the submission"
    who.add_argument("--exec", metavar="COMMAND", help=text)
    parser.add_argument("--dtype", default="float64", help="as for check (default: float64)")
    parser.add_argument("--fuzz", metavar="N", type=int, default=0, help="so many random cases more")
    text = "a word that only the teacher knows: other random cases than those that everybody can make"
    parser.add_argument("--seed", metavar="WORD", default="", help=text)
    parser.add_argument("--jobs", metavar="N", type=int, default=os.cpu_count() or 1, help="at a time (default: cores)")
    parser.add_argument("--limit", metavar="S", type=float, default=120.0, help="seconds for each (default: 120)")
    text = "GiB of memory for each process, 0 for no limit (default: 4); not kept on all systems"
    parser.add_argument("--memory", metavar="GIB", type=float, default=4.0, help=text)
    text = "seconds in which to look for the cause of each deviation (default: 2)"
    parser.add_argument("--explain", metavar="S", type=float, default=2.0, help=text)
    text = "points for all checks (default: 100); each gets the share of those that passed"
    parser.add_argument("--points", metavar="P", type=float, default=100.0, help=text)
    parser.add_argument("--assignment", metavar="NAME", help="its name in the gradebook (default: the operation)")


def main(options):
    """`refimpl grade`."""
    operation = catalog.operation(options.operation)
    most = check.positive(points=options.points)
    seconds, memory = check.positive(limit=options.limit), check.nonnegative(memory=options.memory)
    explain, jobs = check.nonnegative(explain=options.explain), check.integer(jobs=options.jobs, minimum=1)
    if options.seed and not options.fuzz:
        raise ValueError("--seed goes with --fuzz")
    if os.name != "posix":
        raise ValueError("submissions are judged in processes of their own, which needs a POSIX system")
    submissions = collect(options.places, options.file)
    checks = Settings(tuple(options.dtype.split(",")), fuzz=options.fuzz, seed=options.seed)
    words = Request((operation.name,), checks, _candidate(options, operation), explain).words
    stamp = hashlib.sha256(json.dumps([__version__, words, seconds, memory]).encode()).hexdigest()[:16]
    options.out.mkdir(parents=True, exist_ok=True)
    if any(options.out.iterdir()) and not (options.out / MARK).is_file():
        raise ValueError(f"--out must be new, empty or a folder of results, and {options.out} holds something else")
    with disk.alone_in(options.out):
        disk.write(options.out / MARK, json.dumps({"refimpl": __version__, "operation": operation.name}) + "\n")
        if not fence.version():
            terminal.say("this system cannot keep a submission from writing where you may write: use a container")
        whole = Class(options.out, words, stamp, seconds=seconds, memory=memory)
        grades = {s.key: grade for s in submissions if (grade := whole.kept(s))}
        left = [s for s in submissions if s.key not in grades]
        for submission in (s for s in submissions if s.key in grades):
            _write(whole.place(submission), grades[submission.key], operation, most)
        if grades:
            terminal.say(f"{len(grades)} of {len(submissions)} kept from an earlier run")
        try:
            with progress.bar(f"grading {operation.name}", len(left)) as advance:

                def done(submission, grade):
                    _write(whole.place(submission), grade, operation, most)
                    grades[submission.key] = grade
                    advance()

                whole.judge(left, jobs, done)
        finally:
            with ending.held():
                _tell(options, operation, [grades[s.key] for s in submissions if s.key in grades], most)
                if len(grades) < len(submissions):
                    terminal.say(f"{len(grades)} of {len(submissions)} graded; the same command goes on")
    return 0


def _write(place, grade, operation, most):
    disk.write(place / "feedback.html", pages.feedback(grade, place, operation.name, most))
    disk.write(place / "gradescope.json", pages.gradescope(grade, place, most))


def _candidate(options, operation):
    if options.exec:
        if "{file}" not in options.exec:
            raise ValueError(f"--exec must hold {{file}}, where the submission lies, got {options.exec!r}")
        return Named("exec", options.exec)
    if options.torch:
        return Named("torch", f"{{file}}:{options.torch}")
    return Named("python", f"{{file}}:{options.function or short(operation)}")


def _tell(options, operation, grades, most):
    """Write the tables and the overview, and print the groups."""
    if not grades:
        return
    found = groups.grouped(grades)
    drawn = groups.picture(found)
    disk.write(options.out / "grades.csv", pages.table(grades, most))
    name = options.assignment or operation.name
    disk.write(options.out / "gradebook.csv", pages.gradebook(grades, most, name))
    disk.write(options.out / "groups.png", drawn)
    disk.write(options.out / "index.html", pages.overview(grades, found, drawn, operation.name, most))
    for group in found:
        why = f": {group.why}" if group.why else ""
        print(f"{len(group.members)} of {len(grades)} {group.what}{why}")
    for grade in grades:
        if grade.note:
            print(f"{grade.name}: {grade.note}")
    print(f"{options.out / 'index.html'} written")
