"""A program in a process of its own, asked line by line; nothing that it does holds us up or fills our memory.

One loop over the three pipes, without threads: it writes what the program takes, reads what it gives, and looks at
the clock. What nobody has asked for stays in the pipe, whose size bounds it.

For POSIX systems. The program leads a process group, which is killed as a whole at its end; on Linux, processes that
have left the group are found by a variable that they inherit in their environment. One that leaves the group and
also wipes its environment, or that runs as another user, is not found; nor is one that left the group elsewhere
than on Linux.
"""

import contextlib
import os
import re
import selectors
import signal
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from refimpl.core.imported import WHERE
from refimpl.oracle import ending
from refimpl.oracle.candidates import fence
from refimpl.oracle.candidates.base import CandidateError

MAX_LINE = 16 * 2**20  # bytes of one answer; a test asks that every right one fits
MAX_OUTPUT = 256 * 2**20  # bytes on both streams until an answer is there
TAIL = 4000  # characters of standard error that are kept
PATIENCE = 0.5  # seconds between asking a program to end, terminating it, and killing it
END = 2.0  # seconds for a program to be gone that has closed its output
LOOK = 0.2  # seconds between two looks at whether it is still there
CHUNK = 65536
MARK = "REFIMPL_CANDIDATE"
PART = re.compile(r"refimpl(\.\w{1,60}){1,6}", re.ASCII)
PR_SET_DUMPABLE = 4
ROUNDS, PAUSE = 100, 0.01  # of `kill`, and seconds between them


class Process:
    """A running program.

    Parameters
    ----------
    command : list of str
        What to run; no shell is started.
    path : list of str, optional
        Folders put in front of its PYTHONPATH.
    apart : bool, default: False
        Whether the conversation has two pipes of its own, whose descriptors are the last two words of the command:
        what it prints is then no answer, but kept with what it writes to standard error.

    Raises
    ------
    CandidateError
        Of kind "crash", if it cannot be started.

    Examples
    --------
    >>> cat = Process(["cat"])
    >>> cat.ask(b"hello\\n", seconds=5)
    b'hello'
    >>> cat.end()
    """

    def __init__(self, command, path=(), *, apart=False):
        self._mark = f"{MARK}={uuid.uuid4().hex}"
        name, _, value = self._mark.partition("=")
        self._imports = _file()
        self._imported: tuple[str, ...] = ()
        more = {"PYTHONPATH": os.pathsep.join([*path, *filter(None, [os.environ.get("PYTHONPATH")])])} if path else {}
        with ending.held():  # started and not known as running, it would be left behind
            ending.running.add(self)
            _hide()
            try:
                self._begin(command, {**os.environ, **more, name: value, WHERE: self._imports}, apart)
            except CandidateError:
                self._forget()
                ending.running.discard(self)
                _hide()
                raise

    def _begin(self, command, environment, apart):
        ours, theirs = _channels() if apart else ((), ())
        streams: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        if apart:
            streams |= {"stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "pass_fds": theirs}
        try:
            self._popen = subprocess.Popen(
                [*command, *map(str, theirs)],
                bufsize=0,
                start_new_session=True,
                preexec_fn=fence.keeper(),
                env=environment,
                **streams,
            )
        except (OSError, subprocess.SubprocessError) as error:
            for stream in ours:
                stream.close()
            why = getattr(error, "strerror", None) or "its fence cannot be set up"
            raise CandidateError(f"cannot start {command[0]!r}: {why}", "crash") from error
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        self._selector = selectors.DefaultSelector()
        pipes: Any = self._popen
        self._stdin, self._stdout = ours or (pipes.stdin, pipes.stdout)
        self._stderr = pipes.stdout if apart else pipes.stderr
        for stream in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(stream.fileno(), False)
        for stream in (self._stdout, self._stderr):
            self._selector.register(stream, selectors.EVENT_READ)
        self._unsent = b""
        self._said_all = False
        self._answers = bytearray()
        self._errors = b""
        self._total = 0

    @property
    def stderr(self):
        """The end of what it has written to standard error, so far as we have read it."""
        return self._errors.decode("utf-8", "replace")[-TAIL:]

    @property
    def imported(self):
        """Parts of this package that it has imported, or a process that it has started, so far."""
        with contextlib.suppress(OSError):
            with open(self._imports, "rb") as file:
                names = file.read(CHUNK).decode("ascii", "replace").split("\n")
            self._imported = tuple(dict.fromkeys(name for name in names if PART.fullmatch(name)))
        return self._imported

    @property
    def fate(self):
        """How it ended, in words; "" while it runs."""
        status = self._popen.poll()
        if status is None:
            return ""
        return f"signal {-status}, {signal.strsignal(-status)}" if status < 0 else f"exit status {status}"

    def ask(self, line, seconds):
        """Send a line, and return the next line of output without its end.

        Parameters
        ----------
        line : bytes
            With its newline; empty to go on waiting for the last one's answer.
        seconds : float
            How long to wait.

        Returns
        -------
        bytes
            The line.

        Raises
        ------
        CandidateError
            Of kind "timeout", "crash" or "garbage".
        """
        deadline = time.monotonic() + seconds
        self._pump(0)
        self._total = 0
        if line and self._answers:
            start = bytes(self._answers[:60])
            raise CandidateError(f"wrote {start!r} without being asked; each request has one answer", "garbage")
        self._send(line)
        read = 0  # what of it has no end of a line
        while (end := self._answers.find(b"\n", read)) < 0 and (read := len(self._answers)) <= MAX_LINE:
            if self._total > MAX_OUTPUT:
                raise CandidateError(f"more than {MAX_OUTPUT >> 20} MiB of output", "garbage")
            left = deadline - time.monotonic()
            if left <= 0:
                raise CandidateError(self._silence(seconds), "timeout")
            if not self._pump(min(left, LOOK)) and self._is_over():
                raise CandidateError(self._how_it_ended(), "crash")
        if not 0 <= end <= MAX_LINE:
            raise CandidateError(f"an answer of more than {MAX_LINE >> 20} MiB", "garbage")
        answer = bytes(self._answers[:end])
        del self._answers[: end + 1]
        return answer

    def close_input(self):
        """Tell the program that nothing more will come."""
        self._said_all = True
        self._drop(self._stdin)

    def end(self, last_line=b"", *, patience=PATIENCE):
        """End it: say so and wait, then terminate, then kill it and all that it has started.

        Parameters
        ----------
        last_line : bytes
            To send before its input is closed.
        patience : float
            Seconds to wait before it is terminated.
        """
        self._pump(0)
        self._send(last_line)
        self.close_input()
        if not self._wait(patience):
            self._signal_group(signal.SIGTERM)
            self._wait(PATIENCE)
        self._signal_group(signal.SIGKILL)
        kill(lambda: list(_marked(self._mark)))
        with contextlib.suppress(subprocess.TimeoutExpired):  # one that runs as another user cannot be killed
            self._popen.wait(PATIENCE)
        self._wait(0)
        for stream in (self._stdin, self._stdout, self._stderr):
            self._drop(stream)
        self._selector.close()
        self._imported = self.imported  # for the file goes
        self._forget()
        ending.running.discard(self)
        _hide()

    def _forget(self):
        """Remove the file of imports."""
        if self._imports != os.devnull:
            Path(self._imports).unlink(missing_ok=True)

    def _is_over(self):
        """Whether no more answers can come; its children may hold the pipe open when it is gone."""
        return self._stdout.closed or (self._popen.poll() is not None and not self._pump(0))

    def _drop(self, stream):
        """Close our end of a pipe."""
        if not stream.closed:
            with contextlib.suppress(KeyError):
                self._selector.unregister(stream)
            stream.close()

    def _send(self, line):
        if line and not self._stdin.closed:
            if not self._unsent:
                self._selector.register(self._stdin, selectors.EVENT_WRITE)
            self._unsent += line
            self._pump(0)

    def _pump(self, seconds):
        """Wait so long for a pipe that is ready, then write or read once; returns how many bytes were read."""
        before = self._total
        for key, _ in self._selector.select(seconds):
            stream = key.fileobj
            try:
                if stream is self._stdin:
                    self._unsent = self._unsent[os.write(key.fd, self._unsent[:CHUNK]) :]
                    if not self._unsent:
                        self._selector.unregister(stream)
                    continue
                chunk = os.read(key.fd, CHUNK)
            except BlockingIOError:
                continue
            except OSError:  # a program that has closed its input is noticed at its output
                chunk = b""
            if not chunk:
                self._drop(stream)
            elif stream is self._stdout:
                self._answers += chunk
            else:
                self._errors = (self._errors + chunk)[-4 * TAIL :]  # up to 4 bytes make a character
            self._total += len(chunk)
        return self._total - before

    def _wait(self, seconds):
        """Whether it ends within some seconds; what it writes meanwhile is thrown away."""
        deadline = time.monotonic() + seconds
        while self._popen.poll() is None and time.monotonic() < deadline:
            self._pump(0.01)
            self._answers.clear()
        self._pump(0)
        return self._popen.poll() is not None

    def _signal_group(self, number):
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: for a group of zombies
            os.killpg(self._popen.pid, number)

    def _how_it_ended(self):
        """Sentence about a program whose output has ended."""
        middle = ", in the middle of a line" if self._answers else ""
        if not self._wait(END):
            return f"the program closed its standard output without an answer{middle}, and runs on"
        how = self.fate
        if how == "exit status 0" and not self._said_all:
            how += "; it must go on until its input ends"
        return f"the program ended without an answer{middle} ({how})"

    def _silence(self, seconds):
        """Sentence about a program that did not answer in time."""
        if self._unsent:
            why = "it has not read the request"
        elif self._answers:
            why = f"it wrote {bytes(self._answers[:60])!r} without an end of line"
        else:
            why = "does it flush its output after each line?"
        return f"no answer within {seconds:g} s; {why}"


def _file():
    """An empty file in which a program's imports are told; where there is no place for one, none are."""
    try:
        number, path = tempfile.mkstemp(prefix="refimpl-", suffix=".imported")
    except OSError:
        return os.devnull
    os.close(number)
    return path


def _channels():
    """Two pipes: the ends to write questions into and read answers from, and the descriptors of the other ends."""
    (asked, asking), (told, telling) = os.pipe(), os.pipe()
    return (open(asking, "wb", buffering=0), open(told, "rb", buffering=0)), (asked, telling)


def _hide():
    """On Linux no process of the user may read the memory of ours, where the answers are, while a candidate runs."""
    runs = any(isinstance(thing, Process) for thing in ending.running)
    with contextlib.suppress(OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, int(not runs), 0, 0, 0)


def kill(found):
    """Kill the processes that ``found()`` lists until it lists none: what forks while we look is in the next round."""
    for _ in range(ROUNDS):
        left = found()
        if not left:
            return
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(PAUSE)


def _marked(mark):
    """Processes with an entry in their environment; none where there is no /proc."""
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if mark.encode() in path.read_bytes():
                yield int(path.parent.name)
