"""Claims and checks on a Dask cluster of two processes: the same as here, whatever happens to its workers."""

import contextlib
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from refimpl.oracle.claims import cluster
from refimpl.oracle.claims.report import read_report
from refimpl.oracle.claims.runs import run_claims
from refimpl.oracle.cli import main
from refimpl.oracle.ending import Ended

# What distributed itself does under Python's development warnings, none of it ours.
pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore::ResourceWarning")]

FAKES = '''
import os, signal, sys, time
import numpy as np
from refimpl.core.random import stream
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported

NAMES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "REFIMPL_THREADS")
FINE = Outcome([at_most("one", 1, 1)])


def wave(seed):
    x = stream(seed, "wave").standard_normal((60, 60))
    print("printed")
    plot = lambda figure: figure.subplots().plot(x[0])
    return Outcome([at_most("mean", (x @ x).mean(), 1), reported("something", x[0, 0])], plot, "noted")


def raises(seed):
    raise ArithmeticError("never")


def environment(seed):
    return Outcome([at_most(name, float(os.environ[name]), 1) for name in NAMES])


def tell():
    """Ids of this process and of the Dask worker that started it."""
    with open(os.environ["REFIMPL_PIDS"], "a") as file:
        print(os.getpid(), os.getppid(), file=file, flush=True)


def once(seed):
    """The first time it waits for ever, so that its worker can be killed."""
    again = os.path.exists(os.environ["REFIMPL_PIDS"])
    tell()
    if not again:
        time.sleep(300)
    return FINE


def murder(seed):
    tell()
    if os.getppid() > 1:
        os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(300)


def sleep(seed):
    tell()
    time.sleep(300)


ALL = (
    *(Claim(f"dfake.C{i}", "waves are small", "Theorem 1", wave, proxy="a toy" * (i % 2)) for i in range(4)),
    Claim("dfake.slow", "waves are small again", "Figure 3", wave, tier="full"),
    Claim("dfake.false", "one is two", "abstract", lambda seed: Outcome([at_least("one", 1, 2)])),
    Claim("dfake.raises", "it works", "abstract", raises),
    Claim("dfake.dies", "it lives", "abstract", lambda seed: os._exit(3)),
    Claim("dfake.leaves", "it stays", "abstract", lambda seed: sys.exit("gone")),
    Claim("dfake.threads", "one thread each", "here", environment),
    Claim("dfake.once", "it is done again", "here", once),
    Claim("dfake.murder", "it lets live", "here", murder),
    *(Claim(f"dfake.sleep{i}", "it ends", "here", sleep) for i in range(3)),
)


def claims(names):
    return [claim for claim in ALL if claim.id in names]
'''
FIND = "dask_fakes:claims"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("dask")
    (path / "dask_fakes.py").write_text(FAKES)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(path))
        patch.setenv("PYTHONPATH", str(path))  # of the workers
        patch.setenv("REFIMPL_PIDS", str(path / "pids"))
        yield path


@pytest.fixture(scope="module")
def workers(folder):
    """Two workers, on loopback alone, whose scheduler gives a task up once it has lost two of them."""
    dask = pytest.importorskip("dask", reason="needs Dask (`make peers`)")
    distributed = pytest.importorskip("distributed", reason="needs Dask (`make peers`)")
    settings = {"distributed.scheduler.allowed-failures": 1, "distributed.logging.distributed": "critical"}
    busy = ("comm.timeouts.connect", "comm.timeouts.tcp", "deploy.lost-worker-timeout")  # killed workers come back late
    settings |= {f"distributed.{name}": "600s" for name in busy}
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",  # a free port: another test process may have a cluster too
            silence_logs=50,
            local_directory=str(folder),
        ) as pair,
    ):
        yield pair


@pytest.fixture
def address(workers):
    """Of the scheduler, once both workers are there: the test before may have killed some."""
    workers.wait_for_workers(2, timeout=600)
    return workers.scheduler_address


@pytest.fixture
def pids(folder):
    """Function that reads the ids of process and worker of each experiment that told them."""
    path = folder / "pids"
    path.unlink(missing_ok=True)

    def read():
        return [tuple(map(int, line.split())) for line in path.read_text().splitlines()] if path.exists() else []

    return read


@pytest.fixture
def fakes(folder):
    import dask_fakes

    def run(*names, **settings):
        chosen = [claim for name in names for claim in dask_fakes.claims([f"dfake.{name}"])]
        return run_claims(chosen, find=FIND, **{"progress": False} | settings)

    return run


def is_running(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"
    return False


def wait_until(condition):
    for _ in range(15000):  # five minutes and more: only what never comes is given up
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it never came")


def all_gone(pids):
    wait_until(lambda: not any(is_running(process) for process, _ in pids()))


# Claims -------------------------------------------------------------------------------------------------------


def test_the_records_are_those_of_the_local_pool(address, fakes, tmp_path, capfd):
    names = ("C0", "C1", "slow", "false", "raises", "dies", "leaves", "threads")
    settings = {"tier": "full", "seed": 3, "seeds": 2}
    here = fakes(*names, jobs=2, out=tmp_path / "here", **settings)
    there = fakes(*names, dask=address, out=tmp_path / "there", progress=True, **settings)
    for record in (*here, *there):
        assert record.pop("seconds") > 0
    assert repr(here) == repr(there)
    statuses = [record["status"] for record in there]
    assert statuses == ["reproduced", "proxy", "reproduced", "not reproduced", *["error"] * 3, "reproduced"]
    assert there[5]["traceback"] == "the worker process died: exit code 3"
    pictures = [sorted((path.name, path.read_bytes()) for path in (tmp_path / d).glob("*.png")) for d in
                ("here", "there")]  # fmt: skip
    assert pictures[0] == pictures[1]
    assert len(pictures[0]) == 3
    reports = [read_report(tmp_path / d / "claims.jsonl") for d in ("here", "there")]
    assert reports[0].footer["counts"] == reports[1].footer["counts"]
    assert sum(reports[1].footer["counts"].values()) == 2 * len(names)
    assert [record["seeds"].keys() for record in there] == [{"3": "", "4": ""}.keys()] * len(names)
    lines = [line.split()[0] for line in capfd.readouterr().err.splitlines() if line.startswith("[")]
    assert lines == [f"[{i}/16]" for i in range(1, 17)]


def test_a_worker_killed_half_way_loses_nothing(address, fakes, pids, tmp_path):
    def kill():
        wait_until(pids)
        os.kill(pids()[0][1], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    records = fakes("once", "C0", "C1", "C2", "C3", dask=address, out=tmp_path)
    killer.join()
    assert [record["status"] for record in records] == ["reproduced", "reproduced", "proxy", "reproduced", "proxy"]
    assert len(pids()) == 2
    assert pids()[0][1] != pids()[1][1], "on another worker"
    assert read_report(tmp_path / "claims.jsonl").footer["counts"]["not run"] == 0
    all_gone(pids)


def test_a_claim_that_kills_its_workers_costs_itself_alone(address, fakes, pids):
    first, *others = fakes("murder", "C0", "C1", "C2", "C3", dask=address)
    assert first["status"] == "error"
    assert first["traceback"] == "its Dask workers died of it, again and again: KilledWorker"
    assert [record["status"] for record in others] == ["reproduced", "proxy", "reproduced", "proxy"]
    assert len(pids()) == 4, "given up twice: once beside others, once alone"
    all_gone(pids)


def test_interruption_leaves_a_valid_report_and_no_process(address, fakes, pids, tmp_path):
    def strike():
        with contextlib.suppress(AssertionError):
            wait_until(lambda: len(pids()) == 2)
        os.kill(os.getpid(), signal.SIGINT)

    striker = threading.Thread(target=strike)
    striker.start()
    with pytest.raises(Ended) as caught:
        fakes("C0", "sleep0", "sleep1", "sleep2", dask=address, out=tmp_path)
    striker.join()
    assert [record["id"] for record in caught.value.result] == ["dfake.C0"]
    _, _, footer = read_report(tmp_path / "claims.jsonl")
    assert footer["interrupted"]
    assert footer["counts"] == {"reproduced": 1, "proxy": 0, "not reproduced": 0, "error": 0, "not run": 3}
    all_gone(pids)
    assert fakes("C0", dask=address)[0]["status"] == "reproduced", "the cluster is as good as before"


def test_the_command_runs_real_claims(address, tmp_path, capsys):
    for name, words in (("here", ["--jobs", "1"]), ("there", ["--dask", address])):
        words = ["claims", "lion.C1", *words, "--out", str(tmp_path / name), "--quiet"]
        assert main(words) == 0
    here, there = (read_report(tmp_path / name / "claims.jsonl").records for name in ("here", "there"))
    assert [r | {"seconds": 0} for r in here] == [r | {"seconds": 0} for r in there]
    out = capsys.readouterr().out.splitlines()
    assert out[0] == out[1]


# Checks -------------------------------------------------------------------------------------------------------


def without_times(out):
    report = json.loads(out)
    for record in (*report["records"], *report["advice"]):
        assert record.pop("seconds") >= 0
    return report


def test_check_of_one_system_is_that_of_one_run(address, capsys):
    words = ["check", "lion", "--format", "json", "--dtype", "float64,float32", "--errors"]
    words += ["--skip", "law:*=slow", "--only", "*"]
    assert main(words) == main([*words, "--dask", address]) == 0
    here, there = map(without_times, capsys.readouterr().out.splitlines())
    assert here == there


def test_check_of_many_systems(address, capsys):
    words = ["check", "lion.step", "cbo.consensus", "sso", "--format", "json", "--no-laws", "--only", "[ab]*"]
    assert main(words) == main([*words, "--dask", address]) == 0
    here, there = map(without_times, capsys.readouterr().out.splitlines())
    assert here == there
    assert sum(here["counts"].values()) == here["planned"] == len(here["records"])
    assert {record["operation"].partition(".")[0] for record in here["records"]} == {"lion", "cbo", "sso"}


def test_mutants_of_many_systems(address, capsys):
    words = ["check", "cbo.consensus", "lion.step", "--mutants", "--format", "json"]
    assert main(words) == main([*words, "--dask", address]) == 0
    here, there = capsys.readouterr().out.splitlines()
    assert here == there


# What is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["claims", "check"])
def test_an_address_where_nobody_answers_is_one_sentence(command):
    pytest.importorskip("distributed", reason="needs Dask (`make peers`)")
    words = [sys.executable, "-m", "refimpl", command, "lion", "--dask", "tcp://127.0.0.1:9"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == f"refimpl {command}: no Dask scheduler answers at tcp://127.0.0.1:9\n"


@pytest.mark.parametrize("scheme", ["http", "https", "ucx", "inproc", "file", "ws", "ftp"])
def test_what_is_no_address_of_a_scheduler_is_refused_at_once(scheme, capsys):
    pytest.importorskip("distributed", reason="needs Dask (`make peers`)")
    assert main(["check", "lion", "--dask", f"{scheme}://127.0.0.1:8787"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "--dask takes the address of a scheduler, tcp://HOST:PORT or tls://HOST:PORT" in said
    assert ("not that of its dashboard" in said) == scheme.startswith("http")


@pytest.mark.parametrize("scheme", ["tcp", "tls"])
def test_the_port_of_the_dashboard_is_told_apart(scheme, monkeypatch, capsys):
    pytest.importorskip("distributed", reason="needs Dask (`make peers`)")
    monkeypatch.setattr(cluster, "GREETING", 60.0)
    waited = iter([[], [1]])  # it says nothing by itself, and answers when it is asked
    monkeypatch.setattr(cluster.connection, "wait", lambda *_: next(waited))
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    with contextlib.closing(server.socket):
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        address = f"{scheme}://127.0.0.1:{server.server_port}"
        assert main(["claims", "lion", "--dask", address]) == 2
        thread.join(60)
    said = " ".join(capsys.readouterr().err.split())
    assert f"a web server answers at {address}: the dashboard is not the scheduler" in said


def test_workers_of_another_version_are_refused(address, monkeypatch):
    monkeypatch.setattr(cluster.refimpl, "__version__", "9.9")
    with (
        pytest.raises(cluster.ClusterError, match=r"workers at .* have refimpl .*, not 9\.9"),
        cluster.connected(address),
    ):
        pass
