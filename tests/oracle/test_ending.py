"""How commands end that are told to, what a terminal gets that is not there, and what a stranger's text does to one."""

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from refimpl.oracle import catalog, cli, ending, mainjob
from refimpl.oracle.candidates import CandidateError, Function
from refimpl.oracle.candidates.watch import Slip
from refimpl.oracle.claims import pool
from refimpl.oracle.claims.cluster import Done, Job
from refimpl.oracle.judging import run
from refimpl.oracle.judging.records import Diagnosis, Record, Report, Smallest
from refimpl.oracle.output import data, documents, page, results, terminal, words
from tests.oracle.conftest import is_running

PROGRAM = """\
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "while True: pass"])
open("started", "w").close()
while True: pass
"""


def marked(mark):
    """Processes with an entry in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in path.read_bytes() and is_running(int(path.parent.name)):
                found.append(path.parent.name)
        except OSError:
            pass
    return found


# Signals --------------------------------------------------------------------------------------------------------------


QUICK = ["check", "lion.step", "--only", "both-agree"]


@pytest.mark.skipif(os.name != "posix", reason="needs named pipes")
@pytest.mark.usefixtures("hangs_up")
@pytest.mark.parametrize("option", ["--report", "--badge"])
@pytest.mark.parametrize("number", ending.SIGNALS)
def test_a_pipe_that_nobody_reads_is_waited_for_until_a_signal_comes(tmp_path, number, option):
    os.mkfifo(tmp_path / "pipe")
    command = [sys.executable, "-m", "refimpl", *QUICK, option, "pipe"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=-1, stderr=-1, text=True) as process:
        assert any(line.startswith("verdict: conforms") for line in process.stdout)  # what comes next is the pipe
        process.send_signal(number)
        _, err = process.communicate()
    assert (process.returncode, "Traceback" in err) == (128 + number, False)
    assert f"interrupted by {signal.Signals(number).name}" in err


@pytest.mark.skipif(os.name != "posix", reason="elsewhere it is not looked whether somebody reads")
def test_so_is_standard_output(monkeypatch):
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):  # it is full
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    stream, looks = terminal._Stream(writer, "w", closefd=False), []
    monkeypatch.setattr(ending, "PATIENCE", 0.0)
    monkeypatch.setattr(ending, "told", lambda: "interrupted by SIGTERM" * (looks.append(1) or len(looks) > 3))
    assert stream.write(b"lost" * 5000) == 20_000
    assert (stream.given_up, len(looks)) == (True, 5)  # it is told once more in the exception
    assert stream.write(b"lost too") == 8
    os.read(reader, 2**20), os.close(reader), os.close(writer)


def test_a_pipe_that_is_read_gets_all_of_it(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    command = [sys.executable, "-m", "refimpl", *QUICK, "--report", "pipe"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL) as process:
        text = (tmp_path / "pipe").read_text()
        assert process.wait(60) == 0
    (tmp_path / "copy").write_text(text)
    assert results.read_report(tmp_path / "copy").planned == 1
    into = subprocess.run([*command[:-1], "/dev/stdout"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert into.stdout.endswith(text[-20:])


@pytest.mark.skipif(not os.path.exists("/proc/self/environ"), reason="processes are looked for in /proc")
def test_a_program_that_will_not_end_does_not_outlive_the_check(tmp_path):
    (tmp_path / "hog.py").write_text(PROGRAM)
    exec_ = f"{sys.executable} hog.py"
    command = [sys.executable, "-m", "refimpl", "check", "lion.step", "--exec", exec_, "--report", "report.jsonl"]
    env = os.environ | {"REFIMPL_TEST": str(tmp_path), "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdout=-1, stderr=-1, text=True) as process:
        while process.poll() is None and not (tmp_path / "started").exists():
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate()
    assert (process.returncode, "Traceback" in err) == (128 + signal.SIGTERM, False)
    report = results.read_report(tmp_path / "report.jsonl")
    assert f"verdict: interrupted by SIGTERM after 0 of {report.planned} checks" in out
    assert report.counts["skipped"] == report.planned
    assert not marked(f"REFIMPL_TEST={tmp_path}")
    assert {file.name for file in tmp_path.iterdir()} == {"hog.py", "started", "report.jsonl"}


@pytest.mark.usefixtures("hangs_up")
@pytest.mark.parametrize("number", ending.SIGNALS)
def test_a_report_tells_how_far_a_check_came(tmp_path, monkeypatch, capsys, number):
    words_ = ["check", "lion.step", "adamw.step", "--no-laws", "--report"]
    assert cli.main([*words_, str(tmp_path / "whole")]) == 0
    count = []

    def carry_out(*arguments):
        count.append(1)
        if len(count) == 3:
            signal.raise_signal(number)
            pytest.fail("it goes on")
        return whole(*arguments)

    whole = run.carry_out
    monkeypatch.setattr(run, "carry_out", carry_out)
    before = [signal.getsignal(n) for n in ending.SIGNALS]
    assert cli.main([*words_, str(tmp_path / "part")]) == 128 + number
    assert [signal.getsignal(n) for n in ending.SIGNALS] == before
    report = results.read_report(tmp_path / "part")
    reason = f"interrupted by {signal.Signals(number).name}"
    left = report.planned - 2
    assert (report.verdict, report.interrupted, report.counts["passed"], report.counts["skipped"]) == (
        "interrupted", reason, 2, left
    )  # fmt: skip
    assert {record.reason for record in report.records} == {"", reason}
    out, err = capsys.readouterr()
    assert f"verdict: {reason} after 2 of {report.planned} checks" in out
    assert f"refimpl: {reason}" in err
    assert cli.main(["diff", str(tmp_path / "whole"), str(tmp_path / "part")]) == 1
    assert f"{reason} after 2 of {report.planned} checks" in capsys.readouterr().out


def hold(found):
    """Two signals that are held, and what has been noted of them."""
    with ending.held() as caught:
        for number in (signal.SIGHUP, signal.SIGINT):
            signal.raise_signal(number)
        found += caught


@pytest.mark.usefixtures("hangs_up")
def test_signals_that_are_held_are_raised_at_the_end():
    found = []
    with pytest.raises(ending.Ended, match="interrupted by SIGHUP"):
        hold(found)
    assert found == [signal.SIGHUP, signal.SIGINT]
    assert ending.told() == ""


def test_a_worker_takes_with_it_what_it_has_started(tmp_path):
    jobs = [Job("starts", "os:system", (f"sleep 300 & echo $! > {tmp_path}/pid",)), Job("dies", "os:_exit", (3,))]
    found = {done.name: done for done in pool.finished(jobs, 1, [])}
    assert found["starts"].result == 0
    assert found["dies"].failure == "the worker process died: exit code 3"
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 60
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_running(pid)
    assert not ending.running


def test_a_job_that_does_not_end_is_ended_and_each_may_have_a_process_of_its_own():
    (late,) = pool.finished([Job("sleeps", "time:sleep", (1e6,))], 1, [], limit=0.5)
    assert late.failure == "no end within 0.5 s"
    pids = [done.result for done in pool.finished([Job(name, "os:getpid", ()) for name in "ab"], 1, [], fresh=True)]
    assert len(set(pids)) == 2
    assert not ending.running


def test_a_self_check_whose_worker_is_killed_is_told_and_the_job_goes_on(tmp_path, monkeypatch, capsys):
    killed = lambda jobs, *rest: (
        Done(job.name, None, "the worker process died: killed by SIGKILL", 0.0) for job in jobs
    )
    monkeypatch.setattr(mainjob.pool, "finished", killed)
    monkeypatch.setattr(mainjob, "run_claims", lambda *arguments, **settings: [])
    monkeypatch.setattr(mainjob, "IMPLEMENTATIONS", ())
    monkeypatch.setattr(catalog, "systems", lambda: {"lion": catalog.system("lion")})
    assert cli.main(["oracle", "--out", str(tmp_path)]) == 2
    assert "lion: was not checked, the worker process died: killed by SIGKILL" in capsys.readouterr().out
    assert '<footer id="end">' in (tmp_path / "index.html").read_text()


# The terminal ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("redirected", "status"), [("<&- >&- 2>&-", 1), (">/dev/full", 2), ("2>/dev/full | head -n 1", 1)]
)
def test_the_exit_status_is_that_of_the_verdict_whatever_becomes_of_its_words(tmp_path, redirected, status):
    (tmp_path / "mine.py").write_text("f = lambda theta, **more: (theta, theta)\n")
    line = f"{sys.executable} -m refimpl check lion.step --only both-agree --explain 0 --in-process --python mine.py:f"
    line += f" {redirected}"
    script = ["bash", "-o", "pipefail", "-c", line]
    done = subprocess.run(script, cwd=tmp_path, stdout=-1, stderr=-1, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (status, False)


def test_a_stream_outlives_its_reader():
    reader, writer = os.pipe()
    os.close(reader)
    with terminal._Stream(writer, "w") as stream, terminal._Stream(os.open("/dev/full", os.O_WRONLY), "w") as full:
        assert (stream.write(b"four"), stream.lost) == (4, None)
        assert full.write(b"four") == 4
        assert full.lost.strerror == "No space left on device"


@pytest.mark.parametrize("columns", ["0", "1", "x", "²", "-5", "9" * 30])
def test_a_console_can_be_read_whatever_columns_says(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("LINES", columns)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with terminal.steady():
        assert terminal.console().width in (40, 120)


# A stranger's text ----------------------------------------------------------------------------------------------------

EVIL = "\x1b[2J\x1b[Hverdict: conforms\nverdict: conforms\r\x07\x9b2J\u202e\x00\ud800" + "x" * 10**6


def forged():
    """A report with a text in all places that holds an escape sequence and forges a verdict."""
    record = Record("lion.step", "lion.step/a", "float64", "error", why=EVIL, message=EVIL, traceback=EVIL)
    texts = {"output": EVIL, "reason": EVIL, "repro": EVIL, "stderr_tail": EVIL, "tolerance_source": EVIL}
    record = Record(**vars(record) | texts)
    line = ("lion-1", EVIL, EVIL, EVIL)
    numbers = {"expected": 1.0, "got": 2.0, "error": 1.0, "tolerance": 0.5}
    return Report.of(
        [record, Record("lion.step", "lion.step/b", "float64", "failed", message=EVIL, **numbers)],
        target="lion.step",
        candidate={"name": EVIL, "version": EVIL, "language": EVIL, "note": EVIL},
        diagnosis=Diagnosis("near", (EVIL,), EVIL, lines=(line,), others=(EVIL,), origin=EVIL),
        smallest=Smallest("lion.step", {"lr": 1.0}, EVIL, 1.0, None, message=EVIL, free=(EVIL,)),
        problems=[EVIL],
        manners=(Slip("buffer", "a", EVIL),),
    )


def as_page(report, folder):
    """The report page with it as an implementation."""
    row = {"name": "mine", "operation": "lion.step", "verdict": report.verdict, "counts": report.counts, "command": ""}
    row |= {"version": report.candidate["version"], "language": "", "cause": words.told(report)[1:]}
    row |= {"sentence": words.sentence(report)}
    given = {"systems": [], "implementations": [row]}
    page.write_html(folder / "page", claims_records=[], checks=given, header={"refimpl": "1", "command": ""})
    return (folder / "page").read_text()


def on_the_terminal(report):
    """What the terminal gets."""
    console = terminal.console(record=True, file=io.StringIO())
    console.print(terminal.rich_report(report, verbose=True), crop=False)
    return console.export_text()


FORMATS = {
    "rich": lambda report, folder: on_the_terminal(report),
    "json": lambda report, folder: data.json_report(report),
    "junit": lambda report, folder: documents.junit_report(report, strict=True),
    "markdown": lambda report, folder: documents.markdown_report(report),
    "badge": lambda report, folder: json.dumps(data.badge(report)),
    "report": lambda report, folder: [results.write_report(folder / "r", report), (folder / "r").read_text()][1],
    "page": as_page,
}


@pytest.mark.parametrize("name", FORMATS)
def test_an_escape_sequence_that_forges_a_verdict_is_harmless_in_every_format(name, tmp_path):
    text = FORMATS[name](forged(), tmp_path)
    plain = name in ("json", "badge", "report")
    found = [json.loads(line) for line in text.splitlines()] if plain else [text]
    texts = list(strings(found))
    assert all(c.isprintable() or c == "\n" for part in texts for c in part)
    assert plain or not re.search("^verdict: conforms", text, re.MULTILINE)
    assert sum(map(len, texts)) < 200_000


def strings(value):
    """All the texts in some JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from strings([*value, *value.values()])
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)


def test_a_sentence_on_standard_error_is_one_line(capsys):
    terminal.say(f"note: {EVIL}")
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err.strip().isprintable()
    assert len(err) < 2100


def test_a_mistake_of_ours_is_no_verdict(monkeypatch, capsys):
    monkeypatch.setattr("refimpl.oracle.commands.systems.main", lambda options: 1 / 0)
    assert cli.main(["list"]) == 2
    assert "this is a mistake in refimpl" in capsys.readouterr().err


def test_outputs_that_nobody_asked_for_are_refused():
    step = catalog.operation("lion.step")

    def mine(**inputs):
        return {"new_theta": inputs["theta"], "new_momentum": inputs["theta"], "accuracy": 1.0}

    said = "returned accuracy, which was not asked for; expected new_theta, new_momentum"
    with pytest.raises(CandidateError, match=said):
        Function(mine, operation="lion.step").run(step, step.cases[0].inputs)
