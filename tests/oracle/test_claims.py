"""The claims runner, on claims that are made up."""

import argparse
import base64
import contextlib
import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from functools import partial

import matplotlib.image
import numpy as np
import pytest

from refimpl.oracle import catalog
from refimpl.oracle.claims import command as claims
from refimpl.oracle.claims import report, runs
from refimpl.oracle.claims.experiment import run_claim
from refimpl.oracle.claims.report import read_report, save_ledger
from refimpl.oracle.claims.runs import run_claims
from refimpl.oracle.ending import Ended
from refimpl.oracle.output.reportfile import ReportError, header
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported

# Workers are other processes: what they run must be a module that they can import.
FAKES = '''
import os, sys, time, warnings
import numpy as np
from refimpl.core.random import stream
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported


def wave(seed):
    x = stream(seed, "wave").standard_normal(50)
    plot = lambda figure: figure.subplots().plot(x)
    return Outcome([at_most("mean", x.mean(), 1), reported("nothing", np.nan if seed == 7 else 0)], plot, "noted")


def styled(seed):
    """Leaves a style behind, as a careless experiment does."""
    import matplotlib
    def plot(figure):
        matplotlib.rcParams["axes.facecolor"] = "red"
        figure.subplots().plot([0, 1])
    print("printed"), warnings.warn("careful")
    return Outcome([at_most("one", 1, 1)], plot)


def sleeper(seed):
    with open(os.environ["PIDS"], "a") as file:
        print(os.getpid(), file=file, flush=True)
    time.sleep(300)  # whoever waits for it is found out


def environment(seed):
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "REFIMPL_THREADS")
    return Outcome([at_most(name, float(os.environ[name]), 1) for name in names])


def raises(seed):
    raise ArithmeticError("<b>no & never</b>")


ALL = (
    Claim("fake.C1", "waves are small", "Theorem 1", wave),
    Claim("fake.C2", "style does not leak", "Figure 2", styled, proxy="a toy"),
    Claim("fake.C3", "waves are small again", "Figure 3", wave, tier="full"),
    Claim("fake.false", "one is two", "abstract", lambda seed: Outcome([at_least("one", 1, 2)])),
    Claim("fake.raises", "it works", "abstract", raises),
    Claim("fake.dies", "it lives", "abstract", lambda seed: os._exit(3)),
    Claim("fake.leaves", "it stays", "abstract", lambda seed: sys.exit("gone")),
    Claim("fake.threads", "one thread each", "here", environment),
    Claim("fake.even", "even seeds", "here", lambda seed: Outcome([at_most("odd", seed % 2, 0)])),
    Claim("fake.odd", "odd seeds", "here", lambda seed: Outcome([at_least("odd", seed % 2, 1)]), kind="behaviour"),
    Claim("fake.later", "no later", "here", lambda seed: Outcome([at_most("one", 1 / (1 - seed // 2), 1)]), proxy="p"),
    Claim("fake.second", "it ends", "here", lambda seed: sleeper(seed) if seed else Outcome([at_most("a", 1, 1)])),
    *(Claim(f"fake.sleep{i}", "it ends", "abstract", sleeper) for i in range(5)),
)


def claims(names=("fake",)):
    if "fake.missing" in names:
        raise ImportError("the spec does not load")
    return [claim for claim in ALL if "fake" in names or claim.id in names]
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("fakes")
    (path / "fake_claims.py").write_text(FAKES)
    return path


@pytest.fixture
def fakes(folder, monkeypatch):
    """Runs the named fake claims (under the prefix "fake.")."""
    monkeypatch.syspath_prepend(str(folder))
    import fake_claims

    def claim(name):
        return fake_claims.claims([f"fake.{name}"])[0]

    def run(*names, **settings):
        return run_claims([*map(claim, names)], find="fake_claims:claims", **{"progress": False, "jobs": 1, **settings})

    run.claim = claim
    return run


def claim(experiment, **more):
    return Claim("doc.C1", "a statement", "Theorem 1", experiment, **more)


# One claim ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measured", "proxy", "status"),
    [
        ([at_most("a", 1, 1), reported("b", 5)], "", "reproduced"),
        ([at_most("a", 1, 1)], "smaller", "proxy"),
        ([at_most("a", 1, 1), at_least("b", 1, 2)], "", "not reproduced"),
        ([at_most("a", 2, 1)], "smaller", "not reproduced"),
        ([at_most("a", float("nan"), 1)], "", "not reproduced"),
        ([reported("a", 1)], "", "error"),
        ([], "", "error"),
    ],
)
def test_status(measured, proxy, status):
    record = run_claim(claim(lambda seed: Outcome(measured), proxy=proxy))
    assert record["status"] == status
    assert (record["traceback"] != "") == (status == "error")


def test_experiment_must_return_an_outcome():
    assert "must return an Outcome, got float" in run_claim(claim(lambda seed: 1.0))["traceback"]


def test_figure_is_a_png_without_metadata():
    record = run_claim(claim(lambda seed: Outcome([at_most("a", 1, 1)], lambda figure: figure.subplots().plot([0]))))
    png = base64.b64decode(record["figure"])
    assert png.startswith(b"\x89PNG")
    assert b"tEXt" not in png
    assert b"tIME" not in png


def test_a_long_title_of_a_figure_is_not_cut_off():
    def plot(figure):
        figure.subplots().set_title("a title that is wider than the figure " * 4)

    record = run_claim(claim(lambda seed: Outcome([at_most("a", 1, 1)], plot)))
    image = matplotlib.image.imread(io.BytesIO(base64.b64decode(record["figure"])))[..., :3]
    assert (image[:60] < 0.5).any(), "there it is"
    assert (image[:60, [0, -1]] == 1).all()


# The pool -----------------------------------------------------------------------------------------------------


def test_same_seed_same_records_whatever_the_jobs(fakes, tmp_path):
    names = ("C1", "C2", "C3", "raises", "threads")
    runs = [fakes(*names, tier="full", seed=7, jobs=jobs, out=tmp_path / str(jobs)) for jobs in (1, 2)]
    for records in runs:
        for record in records:
            assert record.pop("seconds") >= 0
    assert repr(runs[0]) == repr(runs[1])  # NaN is there, and differs from itself
    wave, styled, again, raises, threads = runs[0]
    assert [record["id"] for record in runs[0]] == [f"fake.{name}" for name in names]
    assert wave["status"] == "not reproduced", "a quantity that is NaN is none"
    assert wave["figure"] == again["figure"] != styled["figure"]
    assert styled["status"] == "proxy"
    assert "printed" in styled["output"]
    assert "careful" in styled["output"]
    assert "ArithmeticError" in raises["traceback"]
    assert threads["status"] == "reproduced"
    assert (tmp_path / "1" / "fake.C1.png").read_bytes() == base64.b64decode(wave["figure"])
    header, records, footer = read_report(tmp_path / "2" / "claims.jsonl")
    assert sorted(r["id"] for r in records) == sorted(header["planned"])
    assert footer["counts"] == {"reproduced": 1, "proxy": 1, "not reproduced": 2, "error": 1, "not run": 0}


def test_a_worker_that_dies_costs_its_claim_alone(fakes, capfd):
    monitor = threading.active_count()
    dead, left, fine, lost = fakes("dies", "leaves", "C1", "false", progress=True)
    assert dead["status"] == left["status"] == "error"
    assert dead["traceback"] == "the worker process died: exit code 3"
    assert left["traceback"] == "the worker process died: exit code 1"
    assert (fine["status"], lost["status"]) == ("reproduced", "not reproduced")
    assert threading.active_count() == monitor
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("[")]
    assert [line.split(" ")[:2] for line in lines] == [
        [f"[{i}/4]", f"fake.{name}"] for i, name in enumerate(("dies", "leaves", "C1", "false"), start=1)
    ], "not a terminal: a plain line per claim"


def test_a_spec_that_does_not_load_is_an_error(fakes, folder):
    missing = Claim("fake.missing", "a statement", "Theorem 1", lambda seed: None)
    (record,) = run_claims([missing], jobs=1, progress=False, find="fake_claims:claims")
    assert record["status"] == "error"
    assert "the spec does not load" in record["traceback"]


# Seeds --------------------------------------------------------------------------------------------------------


def test_each_claim_runs_at_each_seed(fakes, tmp_path, capfd):
    records = fakes("C1", "even", "odd", "later", "dies", seeds=3, jobs=2, out=tmp_path, progress=True)
    wave, even, odd, later, dies = records
    assert wave["seeds"] == {"0": "reproduced", "1": "reproduced", "2": "reproduced"}
    assert even["seeds"] == {"0": "reproduced", "1": "not reproduced", "2": "reproduced"}
    assert odd["seeds"] == {"0": "not reproduced", "1": "reproduced", "2": "not reproduced"}
    assert later["seeds"] == {"0": "proxy", "1": "proxy", "2": "error"}
    assert dies["seeds"] == dict.fromkeys("012", "error")
    for record in records:
        assert (record["seed"], record["status"]) == (0, record["seeds"]["0"])
    alone = run_claim(fakes.claim("C1"))
    for key in ("measurements", "figure", "note"):
        assert wave[key] == alone[key], "the figures are those of the first seed"
    header, lines, footer = read_report(tmp_path / "claims.jsonl")
    assert (header["seed"], header["seeds"], len(header["planned"])) == (0, 3, 15)
    assert header["planned"][5:7] == ["fake.C1@1", "fake.even@1"]
    assert {(line["id"], str(line["seed"])): line["status"] for line in lines} == {
        (record["id"], seed): status for record in records for seed, status in record["seeds"].items()
    }
    assert {line["seed"] for line in lines if line["figure"]} == {0}
    assert sum(footer["counts"].values()) == 15
    told = [line.split(" ")[0] for line in capfd.readouterr().err.splitlines() if line.startswith("[")]
    assert told == [f"[{i}/15]" for i in range(1, 16)]


def test_seeds_begin_where_they_are_told_to(fakes):
    (record,) = fakes("odd", seed=5, seeds=2)
    assert (record["seed"], record["status"]) == (5, "reproduced")
    assert record["seeds"] == {"5": "reproduced", "6": "not reproduced"}


def test_an_interruption_tells_which_seeds_had_finished(fakes, tmp_path, monkeypatch):
    pids = tmp_path / "pids"
    monkeypatch.setenv("PIDS", str(pids))

    def strike():
        while not pids.exists():
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    striker = threading.Thread(target=strike, daemon=True)
    striker.start()
    with pytest.raises(Ended) as caught:
        fakes("even", "odd", "second", seeds=3, out=tmp_path)
    striker.join()
    assert [(record["id"], record["seeds"]) for record in caught.value.result] == [
        ("fake.even", {"0": "reproduced", "1": "not reproduced", "2": "not run"}),
        ("fake.odd", {"0": "not reproduced", "1": "reproduced", "2": "not run"}),
        ("fake.second", {"0": "reproduced", "1": "not run", "2": "not run"}),
    ]
    assert not is_alive(int(pids.read_text()))
    footer = read_report(tmp_path / "claims.jsonl").footer
    assert footer["interrupted"]
    assert footer["counts"]["not run"] == 4


def test_the_callers_environment_stays(fakes, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    assert fakes("threads")[0]["status"] == "reproduced"
    assert os.environ["OMP_NUM_THREADS"] == "5"
    assert "MKL_NUM_THREADS" not in os.environ


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"tier": "slow"}, "tier"), ({"jobs": 0}, "jobs"), ({"seed": -1}, "seed"), ({"seeds": 0}, "seeds")],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        run_claims([], **settings)


def test_a_claim_given_twice_is_refused():
    with pytest.raises(ValueError, match="once"):
        run_claims([claim(None), claim(None)])


# Interruption -------------------------------------------------------------------------------------------------

SCRIPT = """
import sys
from functools import partial
sys.path.insert(0, sys.argv[1])
import fake_claims
from refimpl.oracle import catalog, cli
from refimpl.oracle.claims import command as claims
catalog.claims = fake_claims.claims
claims.run_claims = partial(claims.run_claims, find="fake_claims:claims")
names = [sys.argv[2], *(f"fake.sleep{i}" for i in range(5))]
sys.exit(cli.main(["claims", *names, "--jobs", "2", "--out", "report"]))
"""


def is_alive(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


@pytest.mark.usefixtures("hangs_up")
@pytest.mark.parametrize(
    ("number", "done", "figures"),
    [
        (signal.SIGINT, "fake.C1", {"fake.C1.png"}),
        (signal.SIGTERM, "fake.even", set()),
        (signal.SIGHUP, "fake.even", set()),
    ],
)
def test_interruption_leaves_a_valid_report_and_no_process(folder, tmp_path, number, done, figures):
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder), done],
        cwd=tmp_path,
        env={**os.environ, "PIDS": "pids"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    report, pids = tmp_path / "report" / "claims.jsonl", tmp_path / "pids"
    part = report.with_suffix(".jsonl.part")
    pids.touch()
    while process.poll() is None and not (
        part.exists() and '"kind": "claim"' in part.read_text() and len(pids.read_text().split()) == 2
    ):
        time.sleep(0.02)
    # A terminal sends Ctrl-C to the whole group, workers included; `kill` goes to the one process.
    os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
    out, err = process.communicate()
    assert process.returncode == 128 + number
    assert {file.name for file in report.parent.iterdir()} == {"claims.jsonl"} | figures
    assert "6 planned = 1 reproduced + 0 proxy + 0 not reproduced + 0 error + 5 not run" in out
    assert "Traceback" not in err
    assert not any(is_alive(int(pid)) for pid in pids.read_text().split())
    header, records, footer = read_report(report)
    assert footer["interrupted"]
    assert [record["id"] for record in records] == [done]
    assert footer["counts"]["not run"] == 5
    assert sum(footer["counts"].values()) == len(header["planned"]) == 6


# Reports ------------------------------------------------------------------------------------------------------


def lines_of_a_report():
    records = [run_claim(claim(lambda seed: Outcome([reported("inf", float("inf")), at_most("a", 0.1, 1)])))]
    records.append(records[0] | {"id": "doc.C2"})
    planned = ["doc.C1", "doc.C2"]
    return [
        header(planned),
        *(report.entry(record["id"], record) for record in records),
        report.footer_of(planned, records, False, 1.0),
    ]


def written(path, entries, cut=0):
    text = "".join(json.dumps(entry) + "\n" for entry in entries)
    path.write_text(text[: len(text) - cut])
    return path


def test_report_comes_back(tmp_path):
    report = read_report(written(tmp_path / "r", lines_of_a_report()))
    assert report.records[0]["measurements"][0]["value"] == float("inf")
    assert report.footer["counts"]["reproduced"] == 2


def swapped_count(entries):
    entries[-1]["counts"]["error"] = 1
    return entries


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda lines: [], "empty"),
        (lambda lines: lines[1:], "first line must be the header"),
        (lambda lines: lines[:-1], "no footer; the report is truncated after 2 of 2 claims"),
        (lambda lines: lines[:1], "no footer"),
        (lambda lines: [*lines[:2], *lines[1:]], "doc.C1 is there 2 times"),
        (lambda lines: [*lines[:2], lines[1] | {"name": "doc.C9"}, lines[3]], "doc.C9 .* planned 0 times"),
        (lambda lines: [*lines[:2], lines[-1]], "the footer counts"),
        (swapped_count, "the footer counts"),
        (lambda lines: [*lines, lines[1], lines[-1]], "claims alone"),
        (
            lambda lines: [*lines[:2], {"kind": "claim", "name": "doc.C2"}, lines[-1]],
            "line 3 lacks .record.",
        ),
        (
            lambda lines: [lines[0], lines[1], report.footer_of(["a", "b"], [lines[1]["record"]], False, 1.0)],
            "1 planned",
        ),
    ],
)
def test_damaged_reports_are_refused(tmp_path, damage, message):
    with pytest.raises(ReportError, match=message):
        read_report(written(tmp_path / "r", damage(lines_of_a_report())))


def test_a_folder_that_is_removed_meanwhile_loses_no_record(command, capsys, tmp_path, monkeypatch):
    out = tmp_path / "out"

    def gone(*arguments):
        shutil.rmtree(out)
        return footer(*arguments)

    footer = runs.footer_of
    monkeypatch.setattr(runs, "footer_of", gone)
    with pytest.raises(report.Unwritten, match=r"claims\.jsonl\.part was removed while it was written"):
        command("fake.C1", "fake.false", "--out", str(out))
    assert "2 planned = 1 reproduced + 0 proxy + 1 not reproduced" in capsys.readouterr().out


@pytest.mark.parametrize("cut", [2, 10, 300])
def test_truncation_in_the_middle_of_a_line_is_noticed(tmp_path, cut):
    with pytest.raises(ReportError, match=r"no JSON|no footer"):
        read_report(written(tmp_path / "r", lines_of_a_report(), cut=cut))


def test_a_full_disk_loses_no_record_and_keeps_what_fits(command, capsys, tmp_path):
    (tmp_path / "claims.jsonl").write_text("old")
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, most))
    try:
        with pytest.raises(report.Unwritten, match=r"File too large; 1 of 2 records are in .*claims\.jsonl\.part"):
            command("fake.C1", "fake.false", "--out", str(tmp_path), "--force")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    assert "2 planned = 1 reproduced + 0 proxy + 1 not reproduced" in capsys.readouterr().out
    assert (tmp_path / "claims.jsonl").read_text() == "old"
    kept = [json.loads(line) for line in (tmp_path / "claims.jsonl.part").read_text().splitlines()]
    assert [line.get("name") for line in kept] == [None, "fake.false"], "the line with a figure is too long"
    assert {file.name for file in tmp_path.iterdir()} == {"claims.jsonl", "claims.jsonl.part"}


def test_ledger_is_stable_and_merges(tmp_path):
    path = tmp_path / "data" / "claims.json"
    record = run_claim(claim(lambda seed: Outcome([at_most("third", seed / 3, 1), reported("nan", float("nan"))])), 1)
    save_ledger(path, [record | {"id": "b.C1"}, record | {"id": "gone.C1"}], {"b.C1", "gone.C1"})
    save_ledger(path, [record | {"id": "a.C1", "seconds": 9.0}], {"a.C1", "b.C1"})
    ledger = json.loads(path.read_text())
    assert list(ledger) == ["a.C1", "b.C1"]
    assert ledger["a.C1"] == ledger["b.C1"]
    assert [m["value"] for m in ledger["a.C1"]["measurements"]] == [0.333333, "NaN"]
    assert not {"seconds", "traceback", "output"} & ledger["a.C1"].keys()
    assert ledger["a.C1"]["seeds"] == {"1": "not reproduced"}
    assert not ledger["a.C1"]["figure"]


def test_the_ledger_has_its_figures_beside_it(tmp_path):
    path, figures = tmp_path / "claims.json", tmp_path / "figures"

    def noisy(figure):
        figure.subplots().imshow(np.random.default_rng(0).random((120, 120)), aspect="auto")

    drawn = run_claim(claim(lambda seed: Outcome([at_most("a", 1, 1)], noisy)))
    plain = run_claim(claim(lambda seed: Outcome([at_most("a", 1, 1)], lambda figure: figure.subplots().plot([0, 1]))))
    save_ledger(path, [(drawn if n == "b" else plain) | {"id": f"{n}.C1"} for n in "abc"], {"a.C1", "b.C1", "c.C1"})
    first = (figures / "b.C1.png").read_bytes()
    assert len(base64.b64decode(drawn["figure"])) > 70_000 > 40_000 >= len(first)
    save_ledger(path, [plain | {"id": "a.C1"}, drawn | {"id": "b.C1", "figure": ""}], {"a.C1", "b.C1"})
    assert [(name, entry["figure"]) for name, entry in json.loads(path.read_text()).items()] == [
        ("a.C1", True),
        ("b.C1", False),
    ]
    assert [file.name for file in figures.iterdir()] == ["a.C1.png"], "neither of one without a figure nor of one gone"
    image = matplotlib.image.imread(figures / "a.C1.png")
    original = matplotlib.image.imread(io.BytesIO(base64.b64decode(plain["figure"])))
    np.testing.assert_allclose(image[..., :3], original[..., :3], atol=0.02)  # fewer colors, the same picture


# The command --------------------------------------------------------------------------------------------------


KNOWN = ("fake.C1", "fake.false", "fake.even", "fake.odd")


@pytest.fixture
def command(fakes, monkeypatch):
    import fake_claims

    monkeypatch.setattr(catalog, "claims", lambda names=KNOWN: fake_claims.claims(names))
    monkeypatch.setattr(claims, "run_claims", partial(run_claims, find="fake_claims:claims"))
    parser = argparse.ArgumentParser()
    claims.add_arguments(parser)
    return lambda *words: claims.main(parser.parse_args([*words, "--jobs", "1"]))


def test_command_prints_counts_that_add_up(command, capsys, tmp_path):
    status = command("fake.even", "fake.false", "fake.even", "--out", str(tmp_path), "--save", str(tmp_path / "s.json"))
    assert status == 0, "not reproduced is a finding"
    out = capsys.readouterr().out
    assert "2 planned = 1 reproduced + 0 proxy + 1 not reproduced + 0 error + 0 not run" in out
    assert "one: 1, not >= 2" in out
    assert read_report(tmp_path / "claims.jsonl").footer["counts"]["reproduced"] == 1
    assert set(json.loads((tmp_path / "s.json").read_text())) == {"fake.even", "fake.false"}


def test_command_tells_at_how_many_seeds_a_claim_holds(command, capsys, tmp_path):
    words = ("fake.C1", "fake.even", "fake.odd", "--seeds", "5", "--format", "markdown", "--save", str(tmp_path / "s"))
    assert command(*words) == 0
    out = capsys.readouterr().out
    for standing in ("reproduced, holds at 5 of 5 seeds", "reproduced, at 3 of 5", "not reproduced, holds at 2 of 5"):
        assert f"| {standing}" in out
    assert "3 planned = 2 reproduced + 0 proxy + 1 not reproduced + 0 error + 0 not run" in out
    assert out.endswith("at seeds 0 to 4: 1 hold at each, 2 at some, 0 at none\n")
    ledger = json.loads((tmp_path / "s").read_text())
    assert ledger["fake.even"]["seeds"] == {str(i): ("reproduced", "not reproduced")[i % 2] for i in range(5)}
    assert ledger["fake.odd"]["kind"] == "behaviour"
    assert command("fake.even", "--seeds", "2") == 0
    assert "reproduced, at 1 of 2" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("words", "status"),
    [(("fake.even", "--strict"), 0), (("fake.even", "--strict", "--seeds", "2"), 1), (("fake.later",), 0),
     (("fake.later", "--seeds", "3"), 1)],
)  # fmt: skip
def test_exit_status_at_several_seeds(command, capsys, words, status):
    assert command(*words, "--quiet") == status


@pytest.mark.parametrize(
    ("words", "status"),
    [(("fake.false", "--strict"), 1), (("fake.raises",), 1), (("fake.C3",), 2)],
)
def test_exit_status(command, capsys, words, status):
    assert command(*words, "--quiet") == status
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_command_refuses_bad_numbers(command, capsys):
    with pytest.raises(SystemExit):
        command("--seed", "-1")
    assert "--seed" in capsys.readouterr().err
