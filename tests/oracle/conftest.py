"""What the tests of programs share: candidates that leave nothing behind, and how much memory they took."""

import os
import sys
import time
from pathlib import Path

import pytest

from refimpl.oracle.candidates import Program, process, program

FAKES = Path(__file__).parent / "fakes"
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
    """Makes a `Program` of a fake; at the end of the test it is closed, and all its processes must be gone."""
    programs, processes = [], []

    class Watched(process.Process):
        def __init__(self, command):
            super().__init__(command)
            processes.append((self._popen.pid, self._mark))

    monkeypatch.setattr(program, "Process", Watched)

    def make(script, *words, **settings):
        command = [sys.executable, str(FAKES / f"{script}.py"), *words] if isinstance(script, str) else list(script)
        programs.append(Program(command, **{"timeout": 5.0, **settings}))
        return programs[-1]

    yield make
    for candidate in programs:
        candidate.close()
    deadline = time.monotonic() + 2  # the kernel takes a moment
    left = True
    while left and time.monotonic() < deadline:
        left = [pid for pid, mark in processes if is_running(pid) or list(process._marked(mark))]
    assert not left
