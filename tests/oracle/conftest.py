"""What the tests share: candidates that leave nothing behind, how much memory they took, the package as it is built."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from refimpl.oracle import catalog, edits
from refimpl.oracle.candidates import Candidate, Function, Program, process, program, restarted
from refimpl.oracle.diagnosis import telling
from refimpl.oracle.diagnosis.clock import Clock
from refimpl.oracle.diagnosis.evidence import ask_more
from refimpl.oracle.diagnosis.explain import evidences
from refimpl.oracle.diagnosis.search import Search
from refimpl.oracle.judging import parts
from refimpl.oracle.judging.plans import Settings
from refimpl.oracle.judging.run import run

ROOT = Path(__file__).parents[2]
FAKES = Path(__file__).parent / "fakes"
ENOUGH = 30.0  # seconds of the processor for a search: three times the usual, in which what the tests ask for is found
collect_ignore = ["fakes"]  # programs, not modules


def is_running(pid):
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Memory:
    """Growth of this process's resident memory, at its peak, since the object was made; in MiB."""

    def __init__(self):
        self._known = os.path.exists("/proc/self/clear_refs")
        if self._known:
            Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from now on
            self._before = self._peak()

    def _peak(self):
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    @property
    def growth(self):
        return self._peak() - self._before if self._known else 0.0


@pytest.fixture
def memory():
    """The class `Memory`."""
    return Memory


@pytest.fixture
def fake(monkeypatch):
    """Makes a `Program` of a fake; at the end of the test it is closed, and all its processes must be gone.

    It is waited for as long as on a busy machine: nothing here is judged by the clock.
    """
    monkeypatch.setattr(program, "LISTEN", 30.0)
    programs, processes = [], []

    class Watched(process.Process):
        def __init__(self, command, path=(), **options):
            super().__init__(command, path, **options)
            processes.append((self._popen.pid, self._mark))

    monkeypatch.setattr(restarted, "Process", Watched)

    def make(script, *words, **settings):
        command = [sys.executable, str(FAKES / f"{script}.py"), *words] if isinstance(script, str) else list(script)
        programs.append(Program(command, **{"timeout": 60.0, "start_timeout": 60.0, **settings}))
        return programs[-1]

    yield make
    for candidate in programs:
        candidate.close()
    deadline = time.monotonic() + 60  # the kernel takes a moment
    left = True
    while left and time.monotonic() < deadline:
        left = [pid for pid, mark in processes if is_running(pid) or list(process._marked(mark))]
        time.sleep(0.01 * bool(left))
    assert not left


# The package ----------------------------------------------------------------------------------------------------------


DIST = os.environ.get("REFIMPL_DIST")  # `make wheel`: the files built there are judged, beside what pip installs


@pytest.fixture(scope="session")
def build():
    """Builds a target ("sdist" or "wheel") from a folder of sources into another, without network; returns the file."""

    def run(source, target, folder):
        command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", folder]
        subprocess.run(command, check=True, capture_output=True, text=True, cwd=source)
        (path,) = folder.glob({"sdist": "*.tar.gz", "wheel": "*.whl"}[target])
        return path

    return run


@pytest.fixture(scope="session")
def sdist(build, tmp_path_factory):
    """The source distribution."""
    return next(Path(DIST).glob("*.tar.gz")) if DIST else build(ROOT, "sdist", tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="session")
def wheel(build, tmp_path_factory):
    """The wheel."""
    return next(Path(DIST).glob("*.whl")) if DIST else build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory):
    """Python and site-packages of an environment that has the wheel and nothing else.

    In `make wheel` it has what the wheel asks for, too.
    """
    folder = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python]
    install = [*pip, "install", "--quiet"]
    if DIST:  # the wheel then finds all that it asks for, or is refused
        subprocess.run([*install, "--require-hashes", "-r", ROOT / "requirements" / "base.txt"], check=True)
    subprocess.run([*install, "--no-index", *([] if DIST else ["--no-deps"]), wheel], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    return python, site


@pytest.fixture
def hangs_up():
    """SIGHUP and SIGINT end processes in this test, also where the tests run under `nohup` or in the background."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL), signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in zip((signal.SIGHUP, signal.SIGINT), before, strict=True):
        signal.signal(number, handler)


def as_if(name, lines):
    """A candidate that is the rule with some lines of it reading otherwise."""
    operation = catalog.operation(name)

    def candidate(**inputs):
        with edits.edited(operation.system, lines):
            return operation.reference(**inputs)

    return candidate


def evidence_of(candidate, operation):
    """What was seen of a candidate."""
    mine = candidate if isinstance(candidate, Candidate) else Function(candidate, operation=operation.name)
    (found,) = evidences(parts.completed(run(mine, [operation], Settings())), parts.Whole(mine))
    return found


def told_by(stage, candidate, name):
    """The plainest cause that one stage of a search finds by itself: for a few seconds nothing else is tried."""
    evidence = evidence_of(candidate, catalog.operation(name))
    ask_more(evidence, Clock(ENOUGH), samples=15, changes=1)
    search = Search(evidence, Clock(ENOUGH))
    stage(search)
    return telling.told(search.evidence, sorted(search.found, key=lambda found: (found.rank, found.place)))


def trials(search):
    """Arguments and outputs treated wrongly, around the rule."""
    search.of_trials(search.evidence.operation.reference, Clock(ENOUGH))
