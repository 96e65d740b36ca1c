"""What is written and read back: full disks, two runs at once, damaged files; and a terminal that is not there."""

import json
import math
import resource
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from refimpl.core import disk
from refimpl.oracle import catalog
from refimpl.oracle.candidates.watch import Slip
from refimpl.oracle.claims.experiment import run_claim
from refimpl.oracle.claims.report import entry, footer_of, read_ledger, read_report
from refimpl.oracle.cli import main
from refimpl.oracle.commands.power import figures
from refimpl.oracle.judging.records import Diagnosis, Record, Report, Smallest
from refimpl.oracle.output import page, results, vectors
from refimpl.oracle.output.ours import refuse_foreign
from refimpl.oracle.output.reportfile import ReportError, header
from refimpl.specs.base import Claim, Outcome, at_most

QUICK = ["check", "lion.step", "--only", "both-agree"]


def a_report():
    """A report with something in each of its fields."""
    line = ("lion-1", "Algorithm 2", "c = 1", "c = 2")
    passed = Record("lion.step", "lion.step/a-1", "float64", "passed", ("basic",), "because", digits=15.5)
    failed = replace(passed, case="lion.step/b-2", status="failed", step=1, component=(0, 1), expected=1.0)
    failed = replace(failed, got=math.nan, error=math.inf, tolerance=1e-15, digits_per_step=(15.0, 0.5))
    failed = replace(failed, traceback="one\ntwo")
    return Report.of(
        [failed, passed],
        target="lion.step",
        candidate={"name": "mine", "version": ""},
        diagnosis=Diagnosis("mistake", ("no_decay",), "a hint", lines=(line,), operations=("lion.step",), cases=2),
        findings=(Diagnosis("conditions", (), "wrong only where", others=("one",)),),
        smallest=Smallest("lion.step", {"theta": [1.0], "lr": 0.5}, "new_theta", [0.5], [1.0], free=("lr",)),
        advice=(replace(passed, case="lion.step/refuses:x", status="failed"),),
        problems=["a problem"],
        manners=(Slip("buffer", "lion.step/a-1", "hands out a buffer"),),
    )


def refimpl(*words, folder=None, size=None, **more):
    """The command line in a process of its own, which can write files of so many bytes."""

    def limits():
        if size is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    command = [sys.executable, "-m", "refimpl", *map(str, words)]
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | more
    return subprocess.run(command, cwd=folder, preexec_fn=limits, check=False, **given)


# Writing --------------------------------------------------------------------------------------------------------------


def test_a_file_is_whole_or_as_it_was(tmp_path):
    path, link = tmp_path / "note", tmp_path / "link"
    disk.write(path, "old")
    path.chmod(0o640)
    link.symlink_to(path)
    disk.write(link, b"new")
    assert (path.read_text(), path.stat().st_mode & 0o777, link.is_symlink()) == ("new", 0o640, True)
    with pytest.raises(FileExistsError, match="note"):
        disk.write(path, "again", new=True)
    with pytest.raises(OSError, match="/dev/full") as caught:
        disk.write("/dev/full", "lost")
    assert caught.value.filename == "/dev/full"
    with pytest.raises(OSError, match="below") as caught:
        disk.write(path / "below", "lost")
    with pytest.raises(TypeError, match="content must be text or bytes, got int"):
        disk.write(path, 1)
    assert {file.name for file in tmp_path.iterdir()} == {"note", "link"}


@pytest.mark.usefixtures("hangs_up")
def test_a_write_that_is_interrupted_leaves_the_old_file_alone(tmp_path, monkeypatch):
    path = tmp_path / "note"
    path.write_text("old")
    monkeypatch.setattr(disk.Path, "replace", lambda self, place: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        disk.write(path, "new")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("note", "old")]


def test_the_verdict_is_told_though_nothing_can_be_written(tmp_path):
    for name in ("report", "badge", "plot.png"):
        (tmp_path / name).write_text("old")
    words = ["--report", "report", "--badge", "badge", "--plot", "plot.png", "--force"]
    (tmp_path / "mine.py").write_text("import os\nos.chdir('/')\nf = lambda theta, **more: (theta, theta)\n")
    done = refimpl(*QUICK, "--python", "mine.py:f", *words, folder=tmp_path, size=10, stdout=subprocess.PIPE)
    assert done.returncode == 2
    assert "verdict: deviates" in done.stdout
    for name in ("report", "badge", "plot.png"):
        assert f"{tmp_path / name}: File too large" in done.stderr
        assert (tmp_path / name).read_text() == "old"
    assert {file.name for file in tmp_path.iterdir()} - {"__pycache__"} == {"report", "badge", "plot.png", "mine.py"}


@pytest.mark.parametrize("words", [("claims", "adamw.C7"), ("vectors", "lion.step"), ("oracle",), ("report",)])
def test_a_second_run_is_not_let_into_a_folder(tmp_path, words, capsys):
    program = "import sys; from refimpl.core import disk\nwith disk.alone_in(sys.argv[1]): print(flush=True); input()"
    command = [sys.executable, "-c", program, tmp_path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        first.stdout.readline()
        assert main([*words, "--out", str(tmp_path)]) == 2
        first.kill()  # and what it held is free
    assert f"{tmp_path}: another run of refimpl is writing there" in capsys.readouterr().err.replace("\n", " ")
    assert list(tmp_path.iterdir()) == []
    with disk.alone_in(tmp_path), disk.alone_in(tmp_path):
        pass


# Reading --------------------------------------------------------------------------------------------------------------

STRANGE = (None, True, 2.5, "\x1b[2J", [[]], {"a": 1}, 10**400)


def damaged(line):
    """An object of JSON with each of its members gone, renamed, and in turn of every other kind; also one deeper."""
    for key, value in line.items():
        rest = {k: v for k, v in line.items() if k != key}
        yield rest
        yield rest | {f"{key}s": value}
        for strange in STRANGE:
            if strange != value or type(strange) is not type(value):
                yield line | {key: strange}
        if isinstance(value, dict):
            yield from (line | {key: part} for part in damaged(value))
        if isinstance(value, list) and value:
            yield line | {key: [*value, value[0]]}
            yield line | {key: value[1:]}
            yield from (line | {key: [strange, *value[1:]]} for strange in STRANGE)
            if isinstance(value[0], dict):
                yield from (line | {key: [part, *value[1:]]} for part in damaged(value[0]))


def files_of(lines):
    """Texts of a report file of which one line is damaged, of those in `lines`, and of one that is cut or deep."""
    texts = [json.dumps(line) for line in lines]
    for number in sorted({0, 1, len(lines) - 1}):
        for line in damaged(lines[number]):
            yield "\n".join([*texts[:number], json.dumps(line), *texts[number + 1 :]])
    for number in range(len(lines)):
        yield "\n".join(texts[:number] + texts[number + 1 :])
        yield "\n".join([*texts[: number + 1], *texts[number:]])
        yield "\n".join([*texts[:number], "[" * 10_000, *texts[number + 1 :]])
        yield "\n".join([*texts[:number], texts[number].replace(": ", ": NaN, ", 1), *texts[number + 1 :]])
        yield "\n".join([*texts[:number], "9" * 5000, *texts[number + 1 :]])


@pytest.fixture
def refused(monkeypatch):
    """How many of some texts a reader refuses, and how many it takes; nothing but its own error comes of any."""

    def count(texts, read, error):
        refusals, taken = [], 0
        path = disk.Path(__file__).with_name("damaged")  # it is not there: hundreds of files would take seconds
        monkeypatch.setattr(disk.Path, "is_file", lambda self: True)
        for text in texts:
            found = text if isinstance(text, bytes) else text.encode()
            monkeypatch.setattr(disk.Path, "read_bytes", lambda self, found=found: found)
            try:
                read(path)
                taken += 1
            except error as refusal:
                refusals.append(str(refusal))
        monkeypatch.undo()
        assert all(str(path) in refusal for refusal in refusals)
        return len(refusals), taken

    return count


def test_of_a_damaged_report_nothing_comes_but_a_sentence(tmp_path, refused):
    good = tmp_path / "good.jsonl"
    results.write_report(good, a_report())
    whole = results.read_report(good)
    lines = [json.loads(line) for line in good.read_text().splitlines()]
    read = lambda path: results.diff(results.read_report(path), whole)
    count, taken = refused(files_of(lines), read, ReportError)
    assert count > 500
    assert taken < 0.25 * count  # other words, another number of digits: a report all the same


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda lines: lines[-1].update(verdict="conforms"),
            "line 4: .* 'conforms'; the lines say 'deviates'",
        ),
        (lambda lines: lines[1].update(digits=[1.0]), r"line 2: digits must be a number, got \[1.0\]"),
        (lambda lines: lines[1].update(case="tiger/x"), "line 2"),
        (lambda lines: (lines[1].update(dtype="float16"), lines[0]["planned"].__setitem__(0, "X")), "line 2"),
        (lambda lines: lines[0].update(target="cbo"), "line 2: 'lion.step/.* is no check of 'cbo'"),
    ],
)
def test_a_report_that_does_not_add_up_is_refused_with_the_line(tmp_path, change, message):
    path = tmp_path / "report.jsonl"
    results.write_report(path, a_report())
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    change(lines)
    path.write_text("\n".join(map(json.dumps, lines)))
    with pytest.raises(ReportError, match=message):
        results.read_report(path)


def test_of_other_damaged_files_nothing_comes_but_a_sentence(refused):
    claim = Claim("doc.C1", "a statement", "Theorem 1", lambda seed: Outcome([at_most("a", 0.5, 1)]))
    record = run_claim(claim)
    lines = [header(["doc.C1"]), entry("doc.C1", record), footer_of(["doc.C1"], [record], False, 1.0)]
    assert refused(files_of(lines), read_report, ReportError)[0] > 200
    ledgers = [b"[]", b"{", b'{"a": 1}', b"\xff", b"[" * 10_000, b'{"a": {}, "a": {}}', b"9" * 5000]
    assert refused(ledgers, read_ledger, ReportError) == (7, 0)
    assert refused([*ledgers[1:], b'[{"system": "a"}, {"system": "a"}]', b"[[]]"], figures, ReportError) == (8, 0)
    step = catalog.operation("lion.step")
    data = vectors.vectors(replace(step, cases=step.cases[:1], errors=step.errors[:1]))
    texts = [*map(json.dumps, damaged(data)), "[" * 10_000, '{"cases": ' + "[" * 900 + "]" * 900 + "}"]
    count, taken = refused(texts, vectors.read_vectors, vectors.VectorsError)
    assert count > 200
    assert taken < 0.2 * count


@pytest.mark.parametrize("text", ["a = [", "a = 1", 'a = " "', "a = " + "[" * 5000, '[a]\nb = "c"'])
def test_a_table_of_expected_failures_is_refused_by_name(tmp_path, text, capsys):
    (tmp_path / "expected.toml").write_text(text)
    assert main([*QUICK, "--expect", str(tmp_path / "expected.toml")]) == 2
    assert "expected.toml: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--dtype", "float64,float64"], "each once"),
        (["--fuzz", "100000000"], "fuzz must be from 0 to 10000, got 100000000"),
        (["--dask", "x"], "--dask|no Dask scheduler answers at x"),
    ],
)
def test_what_has_no_bound_is_refused_at_the_door(words, message, capsys):
    assert main(["check", "lion.step", *words]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert any(part in said for part in message.split("|")), said


# Files of others ------------------------------------------------------------------------------------------------------

THESIS = "my thesis, of which there is no copy\n"
HEADER = ("refimpl", "date", "python", "numpy", "machine", "command")
MINE = "f = lambda theta, **more: (theta, theta)\n"


@pytest.mark.parametrize(
    ("words", "name", "what"),
    [
        ([*QUICK, "--report", "thesis"], "thesis", "no report of refimpl"),
        ([*QUICK, "--badge", "thesis"], "thesis", "no badge of refimpl"),
        ([*QUICK, "--python", "mine.py:f", "--plot", "thesis.png"], "thesis.png", "no plot of refimpl"),
        ([*QUICK, "--report", "link"], "thesis", "no report of refimpl"),
        (["vectors", "lion.step", "--out", "."], "lion.step.json", "no file of vectors of refimpl"),
        (["claims", "adamw.C7", "--out", "."], "claims.jsonl", "no report of refimpl"),
        (["claims", "adamw.C7", "--out", "."], "claims.jsonl.part", "no report of refimpl"),
        (["oracle", "--out", "."], "index.html", "no report page of refimpl"),
        (["report", "--out", "."], "claims.jsonl", "no report of refimpl"),
    ],
)
def test_what_others_have_written_is_not_written_over(tmp_path, words, name, what, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(THESIS)
    (tmp_path / "link").symlink_to(tmp_path / "thesis")
    (tmp_path / "mine.py").write_text(MINE)
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert (what in " ".join(err.split()), "--force" in " ".join(err.split()), out) == (True, True, "")
    assert (tmp_path / name).read_text() == THESIS


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ([*QUICK, "--report", "mine"], "mine"),
        ([*QUICK, "--badge", "mine"], "mine"),
        ([*QUICK, "--python", "mine.py:f", "--explain", "0", "--plot", "mine.png"], "mine.png"),
        ([*QUICK, "--python", "mine.py:f", "--explain", "0", "--plot", "mine.svg"], "mine.svg"),
        ([*QUICK, "--python", "mine.py:f", "--explain", "0", "--plot", "mine.pdf"], "mine.pdf"),
        (["vectors", "lion.step", "--out", "."], "lion.step.json"),
        (["claims", "adamw.C7", "--out", "."], "claims.jsonl"),
    ],
)
def test_what_we_have_written_is_and_so_is_anything_by_force(tmp_path, words, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(MINE)
    status = int("mine.py:f" in words)
    (tmp_path / name).touch()  # an empty file, as `mktemp` makes one, is nobody's
    for before in ("", None, THESIS):
        if before:
            (tmp_path / name).write_text(before)
        more = ["--force"] * bool(before)
        assert main([*words, *more]) == status
        assert b"thesis" not in (tmp_path / name).read_bytes()[:10]


def test_a_report_page_says_that_it_is_ours(tmp_path):
    path = tmp_path / "index.html"
    page.write_html(
        path, claims_records=[], checks={"systems": [], "implementations": []}, header=dict.fromkeys(HEADER, "1")
    )
    refuse_foreign("page", path)
    path.write_text("<html>")
    with pytest.raises(ValueError, match="no report page"):
        refuse_foreign("page", path)
