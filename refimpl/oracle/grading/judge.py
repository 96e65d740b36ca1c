"""The judging of submissions: a command `refimpl check` for each, so many at a time, within limits."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from refimpl.core import disk
from refimpl.oracle import ending
from refimpl.oracle.candidates.fence import FENCE
from refimpl.oracle.grading import strays
from refimpl.oracle.judging import kept
from refimpl.oracle.output.reportfile import ReportError
from refimpl.oracle.output.results import read_report
from refimpl.oracle.output.words import cause, sentence
from refimpl.oracle.texts import printable

GRACE = 10.0  # seconds that a command has to end its candidate and to write down how far it came
LOOK = 0.05  # seconds between two looks
LONGEST = 2**30  # bytes of a file that a submission writes
SAID = 2000  # characters of what it said when it could not judge
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}


@dataclass(frozen=True)
class Grade:
    """What came out of one submission."""

    key: str  # of the submission
    name: str
    stamp: str  # of what it depends on
    verdict: str  # as of a report; "not judged" where there is none
    sentence: str  # the verdict with what there is to say, or why there is none
    passed: int
    planned: int
    names: tuple[str, ...] = ()  # mistakes, variants
    why: str = ""  # the cause, in one sentence
    note: str = ""  # what there is to know beside: that it imports what it is compared with

    @property
    def share(self):
        """Of the checks, those that passed."""
        return self.passed / self.planned if self.planned else 0.0


class Class:
    """Submissions, and the folder in which their results are kept.

    Parameters
    ----------
    folder : path
        Of the results: ``submissions/KEY/`` of each.
    words : sequence of str
        Of `refimpl check`, in which ``{file}`` stands for the file of the submission.
    stamp : str
        Of all that the results depend on but for the submissions.
    seconds : float
        For a submission, in all.
    memory : float
        GiB that a process of it may take; 0 for no limit.
    """

    def __init__(self, folder, words, stamp, *, seconds, memory):
        self.folder, self.words, self.stamp = Path(folder), words, stamp
        self.seconds, self.memory = seconds, memory
        self.places = {kept.VARIABLE: str(kept.folder() or "")}  # a relative one would be where submissions write

    def place(self, submission):
        """The folder of its results."""
        return self.folder / "submissions" / submission.key

    def cleared(self, submission):
        """The folder of its results, without those of an earlier run."""
        place = self.place(submission)
        place.mkdir(parents=True, exist_ok=True)
        for name in ("grade.json", "report.jsonl", "answer.png"):
            (place / name).unlink(missing_ok=True)
        return place

    def kept(self, submission):
        """The grade of an earlier run, if nothing has changed that it depends on; else None."""
        try:
            found = json.loads((self.place(submission) / "grade.json").read_text(encoding="utf-8"))
            grade = Grade(**{**found, "names": tuple(found["names"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return grade if grade.stamp == self._stamp(submission) else None

    def _stamp(self, submission):
        return f"{self.stamp} {submission.digest}"

    def judge(self, submissions, jobs, done):
        """Judge them, `jobs` at a time; ``done(submission, grade)`` is called as each is graded."""
        waiting, running = list(submissions), list[_Run]()
        before = strays.children()
        strays.adopt()
        try:
            while waiting or running:
                while waiting and len(running) < jobs:
                    submission = waiting.pop(0)
                    if submission.refused:
                        self.cleared(submission)
                        self._keep(submission, grade := self._not_judged(submission, submission.refused))
                        done(submission, grade)
                        continue
                    with ending.held():
                        running.append(_Run(self, submission))
                for run in [run for run in running if run.over()]:
                    running.remove(run)
                    with ending.held():
                        run.close()
                        strays.end(os.getpid(), before | {other.process.pid for other in running})
                        self._keep(run.submission, grade := self._graded(run))
                        run.forget()
                    done(run.submission, grade)
                time.sleep(LOOK if running else 0.0)
        finally:
            for run in running:
                run.close()
                run.forget()
            strays.end(os.getpid(), before)
            strays.adopt(yes=False)

    def _keep(self, submission, grade):
        disk.write(self.place(submission) / "grade.json", json.dumps(asdict(grade)) + "\n")

    def _not_judged(self, submission, why):
        common = {"key": submission.key, "name": submission.name, "stamp": self._stamp(submission)}
        return Grade(**common, verdict="not judged", sentence=why, passed=0, planned=0, why=why)

    def _graded(self, run):
        place, submission = self.place(run.submission), run.submission
        try:
            report = read_report(place / "report.jsonl")
        except (OSError, ReportError):
            said = printable(run.said.removeprefix("refimpl check: ").replace(f"{run.work}/", ""), SAID)
            why = f"no verdict within {self.seconds:g} s" if run.late else said or "the run ended without a verdict"
            return self._not_judged(submission, why)
        told, right = report.diagnosis, report.verdict.startswith("conforms")
        late = f"no more answers within {self.seconds:g} s" if report.interrupted else ""
        said = late or sentence(report)
        why = late or ((told.hint if told.names else cause(told)) if told else "") or ("" if right else said)
        return Grade(
            key=submission.key,
            name=submission.name,
            stamp=self._stamp(submission),
            verdict=report.verdict,
            sentence=said,
            passed=report.counts["passed"] + report.counts["variant"],
            planned=report.planned,
            names=told.names if told else (),
            why=why,
            note=report.candidate.get("note", ""),
        )


def _ending(path):
    """The ending of a file's name, if it is one that a language has."""
    return path.suffix if path.suffix[1:].isalnum() and path.suffix.isascii() else ""


class _Run:
    """One command that judges one submission, in a folder of its own."""

    def __init__(self, whole, submission):
        self.whole, self.submission, self.late = whole, submission, False
        place = whole.cleared(submission)
        self.home = tempfile.TemporaryDirectory(prefix="refimpl-grade-", ignore_cleanup_errors=True)
        self.work, file = Path(self.home.name, "work"), f"submission{_ending(submission.path)}"  # a name of ours
        self.work.mkdir()
        disk.write(self.work / file, submission.content)
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        words = [word.replace("{file}", file) for word in whole.words]
        files = ["--report", str(place.resolve() / "report.jsonl"), "--plot", str(place.resolve() / "answer.png")]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "refimpl", "check", *words, *files, "--format", "json"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.errors, cwd=self.work,
            env={**os.environ, **ONE_THREAD, **whole.places, FENCE: str(self.work), "TMPDIR": str(self.work)},
            start_new_session=True, preexec_fn=self._limit(whole.memory),
        )  # fmt: skip
        self.deadline = time.monotonic() + whole.seconds

    @staticmethod
    def _limit(memory):
        import resource

        limits = {resource.RLIMIT_FSIZE: LONGEST} | ({resource.RLIMIT_AS: int(memory * 2**30)} if memory else {})

        def limit():
            strays.adopt(dies_with_parent=True)
            for kind, size in limits.items():
                resource.setrlimit(kind, (size, size))

        return limit

    @property
    def said(self):
        """What the command said on standard error."""
        self.errors.seek(0)
        return self.errors.read(4 * SAID).decode("utf-8", "replace")

    def over(self):
        """Whether it has ended; one that is late is told to, and then made to."""
        if self.process.poll() is not None:
            return True
        now = time.monotonic()
        if now > self.deadline + GRACE:
            self._kill()
        elif now > self.deadline and not self.late:
            self.late = True
            self.process.terminate()
        return False

    def _kill(self):
        if self.process.poll() is None:
            strays.end(self.process.pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def close(self):
        """End what is left of it."""
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(GRACE)
        self._kill()
        self.process.wait()

    def forget(self):
        """Remove its folder."""
        self.errors.close()
        self.home.cleanup()
