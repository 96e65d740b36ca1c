"""Programs in any language: JSON Lines on standard input and output, in a process of their own.

The bare mode: for each case one line goes in,

    {"cmd": "run", "seq": 3, "operation": "lion.trajectory", "inputs": {"theta0": {...}, "lr": 0.1, ...}}

and one line must come out, ``{"seq": 3, "outputs": {"thetas": {...}}}``, or ``{"seq": 3, "skipped": "why"}``, or
``{"seq": 3, "error": "what went wrong"}``. The expected answer and the name of the case are never sent. Standard
error is kept (its tail goes into the record) and is no verdict.
"""

import contextlib
import json
import os
import queue
import shlex
import signal
import subprocess
import threading

from refimpl.oracle.candidates.base import Candidate, CandidateError, Skipped, named_outputs
from refimpl.oracle.wire import WireError, decode, encode

MAX_LINE = 64 * 2**20  # bytes of one answer
STDERR_TAIL = 4000  # characters kept
RESTARTS = 10


class Program(Candidate):
    """A program started once and asked case by case.

    Parameters
    ----------
    command : str or list of str
        What to run; a string is split as the shell would, but no shell is started.
    timeout : float, default: 10
        Seconds for one answer (and for the start, with the first one).
    name : str, optional
        How reports call it.

    Examples
    --------
    >>> import sys
    >>> from refimpl.oracle.catalog import operation
    >>> answer = 'import sys; [print(\\'{"seq": 1, "skipped": "not yet"}\\', flush=True) for _ in sys.stdin]'
    >>> program = Program([sys.executable, "-c", answer])
    >>> lion = operation("lion.trajectory")
    >>> program.run(lion, lion.cases[0].inputs)
    Traceback (most recent call last):
    refimpl.oracle.candidates.base.Skipped: not yet
    >>> program.close()
    """

    language = "any (program)"

    def __init__(self, command, *, timeout=10.0, name=None):
        self._command = shlex.split(command) if isinstance(command, str) else list(command)
        if not self._command:
            raise ValueError("command must name a program, got an empty string")
        self._timeout = timeout
        self.name = name or shlex.join(self._command)
        self.repro = ("--exec", shlex.join(self._command))
        self._process: subprocess.Popen | None = None
        self._seq = self._starts = 0

    def offers(self, operation):
        """See `Candidate`: a bare program does not say, so it is asked."""
        return True

    def _start(self):
        if self._starts > RESTARTS:
            raise CandidateError(f"the program crashed {self._starts} times; it is not started again", "crash")
        self._starts += 1
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # a group of its own, so that its children end with it
            )
        except OSError as error:
            raise CandidateError(f"cannot start {self._command[0]!r}: {error.strerror}", "crash") from error
        self._lines: queue.Queue[bytes | None] = queue.Queue(maxsize=64)
        self._stderr = ""
        self._readers = [
            threading.Thread(target=target, args=(self._process, self._lines), daemon=True)
            for target in (self._read_answers, self._read_stderr)
        ]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _read_answers(process, lines):
        """Pass lines on until the program closes its output; the queue's bound holds back a flood."""
        while line := process.stdout.readline(MAX_LINE + 1):
            lines.put(line)
            if len(line) > MAX_LINE:
                break
        lines.put(None)

    def _read_stderr(self, process, _):
        while chunk := process.stderr.read1(65536):
            self._stderr = (self._stderr + chunk.decode("utf-8", "replace"))[-STDERR_TAIL:]

    def _fail(self, message, kind):
        """End the program and raise."""
        self.close()
        raise CandidateError(message, kind, stderr=self._stderr)

    def run(self, operation, inputs):
        """See `Candidate`."""
        if self._process is None:
            self._start()
        process = self._process
        assert process is not None
        self._seq += 1
        request = {
            "cmd": "run",
            "seq": self._seq,
            "operation": operation.name,
            "inputs": {name: encode(value) for name, value in inputs.items()},
        }
        sender = threading.Thread(target=self._send, args=(process, json.dumps(request) + "\n"), daemon=True)
        sender.start()  # apart, for a program that does not read must not hold us up
        try:
            line = self._lines.get(timeout=self._timeout)
        except queue.Empty:
            self._fail(f"no answer within {self._timeout:g} s", "timeout")
        if line is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=1)
            for reader in self._readers:
                reader.join(timeout=1)
            self._fail(f"the program ended without an answer (exit status {process.poll()})", "crash")
        if len(line) > MAX_LINE:
            self._fail(f"an answer of more than {MAX_LINE >> 20} MiB", "garbage")
        return self._understand(operation, line)

    @staticmethod
    def _send(process, text):
        with contextlib.suppress(OSError, ValueError):  # a program that has gone is noticed at its output
            process.stdin.write(text.encode())
            process.stdin.flush()

    def _understand(self, operation, line):
        """Outputs from a line of answer."""
        try:
            answer = json.loads(line)
        except ValueError:  # includes invalid UTF-8
            self._fail(f"not a line of JSON: {line[:60]!r}", "garbage")
        if not isinstance(answer, dict):
            self._fail(f"an answer must be a JSON object, got {str(answer)[:60]}", "garbage")
        if answer.get("seq") != self._seq:
            self._fail(f"answered seq {answer.get('seq')!r}; asked was {self._seq}", "garbage")
        if "skipped" in answer:
            raise Skipped(str(answer["skipped"]) or "no reason given")
        if "error" in answer:
            raise CandidateError(str(answer["error"]), traceback=str(answer.get("traceback", "")), stderr=self._stderr)
        outputs = answer.get("outputs")
        if not isinstance(outputs, dict):
            self._fail("an answer must have outputs, skipped or error", "garbage")
        try:
            return named_outputs(operation, {name: decode(value, name) for name, value in outputs.items()})
        except WireError as error:
            raise CandidateError(str(error), "garbage", stderr=self._stderr) from error

    def close(self):
        """End the program and whatever it has started."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(OSError):
            process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        while any(reader.is_alive() for reader in self._readers):  # a full queue holds the reader
            with contextlib.suppress(queue.Empty):
                self._lines.get_nowait()
            self._readers[0].join(timeout=0.01)
            self._readers[1].join(timeout=0.01)
        process.stdout.close()
        process.stderr.close()
