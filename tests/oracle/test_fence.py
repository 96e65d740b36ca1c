"""The fence around a candidate: what the kernel lets it do, and what not."""

import sys

import pytest

from refimpl.oracle.candidates import fence
from refimpl.oracle.candidates.process import Process

TRIES = """
import os, signal, socket, sys
folder, other, parent = sys.argv[1], sys.argv[2], os.getppid()
tries = {
    "write": lambda: open(folder + "/mine", "w").close(),
    "null": lambda: open(os.devnull, "w").close(),
    "read": lambda: open(other).close(),
    "write outside": lambda: open(other, "w").close(),
    "cut outside": lambda: os.truncate(other, 0),
    "remove outside": lambda: os.remove(other),
    "move outside": lambda: os.rename(folder + "/mine", other),
    "connect": lambda: socket.create_connection(("127.0.0.1", 9), 1),
    "signal": lambda: os.kill(parent, 0),
}
said = []
for name, attempt in tries.items():
    try:
        attempt()
    except PermissionError:
        said.append(name)
    except OSError:
        pass
print(said, flush=True)
"""


@pytest.mark.skipif(fence.version() < 6, reason="the kernel's Landlock is none or older than that of Linux 6.12")
def test_a_candidate_writes_in_its_folder_alone(tmp_path, monkeypatch):
    folder, other = tmp_path / "mine", tmp_path / "other"
    folder.mkdir()
    other.write_text("teacher")
    monkeypatch.setenv(fence.FENCE, str(folder))
    candidate = Process([sys.executable, "-c", TRIES, folder, other])
    refused = ["write outside", "cut outside", "remove outside", "move outside", "connect", "signal"]
    assert candidate.ask(b"", 60).decode() == str(refused)
    candidate.end()
    assert other.read_text() == "teacher"


def test_without_being_asked_for_there_is_none(monkeypatch):
    monkeypatch.delenv(fence.FENCE, raising=False)
    assert fence.keeper() is None
