"""Programs in any language: JSON Lines on standard input and output, in a process of their own.

The conversation is told in `docs/oracle/protocol.rst`. The first request is `start`. A program that answers it with
its `protocol` number says who it is and what it can do, and is asked for nothing else. Any other program is in the
*bare mode*: for each case one line goes in,

    {"cmd": "run", "seq": 3, "operation": "lion.trajectory", "inputs": {"theta0": {...}, "lr": 0.1, ...}}

and one line must come out, ``{"seq": 3, "outputs": {"thetas": {...}}}``.
"""

import shlex
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from refimpl.core import check
from refimpl.oracle.candidates import protocol
from refimpl.oracle.candidates.base import CandidateError, NotApplicable, Skipped, named_outputs
from refimpl.oracle.candidates.protocol import ProtocolError
from refimpl.oracle.candidates.restarted import Restarted
from refimpl.oracle.texts import printable

TIMEOUT = 10.0  # seconds for an answer
START_TIMEOUT = 60.0  # seconds for the first answer of a process, which has much to load on a machine that may be busy
LISTEN = 2.0  # seconds for an answer to `start` before the input is closed, which makes a silent program end
SENTENCE = 400  # characters of a sentence that a program has written


class Program(Restarted):
    """A program that is started once, and again after a crash, and asked case by case.

    Parameters
    ----------
    command : str or list of str
        What to run; a string is split as the shell would, but no shell is started.
    timeout : float, optional
        Seconds for one answer; default: 10.
    start_timeout : float, optional
        Seconds for the first answer of a process; default: `timeout` where that is given, else 60.
    name : str, optional
        How reports call it; by default as it calls itself, or else the command.
    path : sequence of str, optional
        Folders put in front of its PYTHONPATH.

    Raises
    ------
    ValueError
        If there is no such program, or a time is not positive.

    Examples
    --------
    >>> import sys
    >>> from refimpl.oracle.catalog import operation
    >>> code = '''import json, sys
    ... for line in sys.stdin:
    ...     print(json.dumps({"seq": json.loads(line)["seq"], "skipped": "not yet"}), flush=True)'''
    >>> program = Program([sys.executable, "-c", code])
    >>> lion = operation("lion.trajectory")
    >>> program.run(lion, lion.cases[0].inputs)
    Traceback (most recent call last):
    refimpl.oracle.candidates.base.Skipped: not yet
    >>> program.note
    'asked in the bare mode: its answer to `start` has no protocol number'
    >>> program.close()
    """

    language = "any (program)"
    longest = SENTENCE

    def __init__(self, command, *, timeout=None, start_timeout=None, name=None, path=()):
        super().__init__()
        self._command = shlex.split(command) if isinstance(command, str) else list(command)
        if not self._command:
            raise ValueError("command must name a program, got an empty string")
        if shutil.which(self._command[0]) is None:
            raise ValueError(f"command must name a program, and there is no {self._command[0]!r}")
        self._timeout = check.positive(timeout=TIMEOUT if timeout is None else timeout)
        first = timeout or START_TIMEOUT if start_timeout is None else start_timeout
        self._start_timeout = check.positive(start_timeout=first)
        self._path = [str(Path(folder).resolve()) for folder in path]
        self._files = tuple(word for word in self._command if word.endswith(".py"))
        self._named = name is not None
        self.name = name or shlex.join(self._command)
        self.repro = ("--exec", shlex.join(self._command))
        if timeout is not None:
            self.repro += ("--timeout", f"{timeout:g}")
        self._declared: Any = None  # its answer to `start`; None while unknown, and in the bare mode
        self._bare = ""  # why it is in the bare mode
        self._probed = False
        self._revived = 0

    def offers(self, operation):
        """See `Candidate`; true of all, for what the program does not declare is counted as not applicable."""
        return True

    @property
    def note(self):
        """What the owner should know about how the program was asked; complete when it has run."""
        parts = [self.kinship] * bool(self.kinship)
        parts += [f"asked in the bare mode: {self._bare}"] * bool(self._bare)
        if self._revived:
            times = "once" if self._revived == 1 else f"{self._revived} times"
            parts.append(f"it ended {times} before it had answered, and answered when it was started again")
        return "; ".join(parts)

    def run(self, operation, inputs):
        """See `Candidate`; a program that crashes is started again and asked once more."""
        try:
            return self._outputs(operation, inputs)
        except CandidateError as error:
            if error.kind != "crash" or self._hopeless:
                raise
        outputs = self._outputs(operation, inputs)
        self._revived += 1
        return outputs

    def close(self):
        """End the program and whatever it has started."""
        process, self._process = self._process, None
        if process is not None:
            process.end(protocol.write(protocol.STOP) if self._declared else b"")
            self._imported |= dict.fromkeys(process.imported)

    # One case ------------------------------------------------------------------------------------------------

    def _outputs(self, operation, inputs):
        """What the program answers to one case."""
        self._systems.add(operation.name.partition(".")[0])
        if not (self._declared or self._bare):
            self._start()
        if self._declared:
            _require(self._declared, operation, inputs)
        if self._process is None:
            self._start()
        slow = self._bare and self._fruitless  # its first answer has to wait for all that it loads
        precision = "float32" if any(getattr(x, "dtype", None) == np.float32 for x in inputs.values()) else "float64"
        try:
            request = protocol.run(self._next(), operation.name, inputs)
            answer = self._ask(request, self._start_timeout if slow else self._timeout)
            outputs = protocol.arrays(answer.get("outputs", {}), precision)
        except ProtocolError as error:
            self._fruitless = 0
            raise self._error(str(error), "garbage") from error
        self._fruitless = 0
        if "outputs" in answer:
            try:
                return named_outputs(operation, outputs)
            except CandidateError as error:  # it holds names that the program has chosen
                raise self._error(str(error), error.kind) from error
        if "error" in answer:
            trace = "\n".join(printable(line, 400) for line in answer.get("traceback", "").splitlines()[-60:])
            raise self._error(answer["error"] or "no reason given", "error", trace)
        if "skipped" in answer:
            link = f" ({answer['issue']})" if "issue" in answer else ""
            raise Skipped(printable((answer["skipped"] or "no reason given") + link, SENTENCE))
        raise NotApplicable(printable(answer["not_applicable"] or "no reason given", SENTENCE))

    def _next(self):
        self._seq += 1
        return self._seq

    def _ask(self, request, seconds, schema="answer-run.json"):
        """The answer to a request; a program that crashes, is silent or gets out of step is ended."""
        try:
            line = protocol.write(request)
        except (ProtocolError, TypeError) as error:  # an error case, whose inputs can be of a strange type
            raise NotApplicable(f"this input cannot be sent to a program: {printable(str(error), 200)}") from error
        try:
            return protocol.read(self._process.ask(line, seconds), request["seq"], schema)
        except CandidateError as error:
            raise self._end(str(error), error.kind) from error
        except ProtocolError as error:
            if error.in_step:
                raise
            raise self._end(str(error), "garbage") from error

    def _error(self, message, kind, trace=""):
        """An error of a program that goes on."""
        stderr = self._process.stderr if self._process else ""
        return CandidateError(printable(message, SENTENCE), kind, trace, stderr)

    # The start -----------------------------------------------------------------------------------------------

    def _start(self):
        """Start the program: meet it the first time, greet it later; probe the wire once."""
        self._may_start()
        if not (self._declared or self._bare):
            self._meet()
        try:
            if self._process is None:
                self._start_process(self._command, self._path)
                if self._declared:
                    self._greet()
            if self._declared and self._declared.get("probe") and not self._probed:
                self._probe()
        except ProtocolError as error:
            raise self._give_up(str(error), "garbage") from error

    def _meet(self):
        """Send `start` to a program that we do not know: it answers, or it is in the bare mode."""
        self._start_process(self._command, self._path)
        request = protocol.start(self._next())
        try:
            line, can_go_on = self._first_line(protocol.write(request))
            answer = protocol.read_start(line, request["seq"])
        except CandidateError as silence:
            self._bare = f"no answer to `start`: {self._end(str(silence), silence.kind)}"
            answer, can_go_on = None, False
        except ProtocolError as error:
            raise self._give_up(str(error), "garbage") from error
        if answer is not None:
            self._know(answer)
        elif not self._bare:
            self._bare = "its answer to `start` has no protocol number"
        if self._bare or not can_go_on:
            self.close()
            self._fruitless = 0  # that one was to get acquainted

    def _first_line(self, request):
        """The first line of output, and whether the program can be asked on.

        One that is silent for `LISTEN` seconds is slow, or waits for a `run`. The end of its input tells which: the
        first answers all the same, the second ends.
        """
        listen = min(LISTEN, self._start_timeout / 2)
        try:
            return self._process.ask(request, listen), True
        except CandidateError as error:
            if error.kind != "timeout":
                raise
        self._process.close_input()
        return self._process.ask(b"", self._start_timeout - listen), False

    def _know(self, answer):
        """Take over what a program says of itself."""
        self._declared = {key: value for key, value in answer.items() if key != "seq"}
        told = {key: printable(value, 100) for key, value in answer["implementation"].items()}
        self.name = self.name if self._named else told["name"]
        self.version, self.language = told["version"], told["language"]
        self.source, self.issues = told.get("source", ""), told.get("issues", "")

    def _greet(self):
        """The handshake of a process after the first."""
        answer = self._ask(protocol.start(self._next()), self._start_timeout, "answer-start.json")
        if {key: value for key, value in answer.items() if key != "seq"} != self._declared:
            raise ProtocolError("the program says something else of itself when it is started again")

    def _probe(self):
        """Have arrays sent back, before numbers that were changed on the way are taken for mistakes."""
        dtypes = self._declared["dtypes"]
        answer = self._ask(protocol.probe(self._next(), dtypes), self._start_timeout)
        if "outputs" not in answer:
            raise ProtocolError("the program declares that it answers a probe, and does not")
        if found := protocol.changes(protocol.specimens(dtypes), protocol.arrays(answer["outputs"])):
            raise ProtocolError(f"numbers change on the way, so nothing was judged: {found}")
        self._probed = True


def _require(declared, operation, inputs):
    """Raise `NotApplicable` for what a program does not declare."""

    def only(what, options):
        raise NotApplicable(printable(f"the program {what} {', '.join(map(str, options))} only", SENTENCE))

    if operation.name not in declared["operations"]:
        only("does", declared["operations"])
    for name, value in inputs.items():
        is_array = isinstance(value, np.ndarray)
        if is_array and value.dtype.kind == "f" and value.dtype.name not in declared["dtypes"]:
            only("takes", declared["dtypes"])
        values = declared.get("accepts", {}).get(name)
        if values == []:
            raise NotApplicable(printable(f"the program cannot be given {name}", SENTENCE))
        if values and (is_array or value not in values):
            only(f"takes {name} =", values)
