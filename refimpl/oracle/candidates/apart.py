"""Python candidates in a process of their own, which may end, hang, print and patch as it likes."""

import base64
import json
import math
import os
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np

from refimpl import __file__ as package
from refimpl.core import check
from refimpl.oracle import catalog
from refimpl.oracle.candidates.base import MESSAGE, CandidateError, NotApplicable, Skipped
from refimpl.oracle.candidates.copies import FILES
from refimpl.oracle.candidates.host import ADAPTERS, contract, named
from refimpl.oracle.candidates.restarted import Restarted
from refimpl.oracle.candidates.watch import SAID
from refimpl.oracle.texts import printable

TIMEOUT = 60.0  # seconds for an answer: compilers of array libraries take their time on a busy machine
LOADING = 300.0  # seconds for the candidate and all that it imports
BOOT = "import sys; sys.path.append(sys.argv[1]); from refimpl.oracle.candidates import host; host.main()"


class Apart(Restarted):
    """A Python candidate that is loaded, and asked, in another process.

    Parameters
    ----------
    kind : str
        A key of `host.ADAPTERS`.
    place : str
        "package.module:name" or "path/to/file.py:name".
    operation : str
        The target; a function serves this operation, or the first of this system.
    arrays : str, default: "numpy"
        What a function is fed with.
    settings : dict, optional
        Constructor arguments of the other kinds.
    path : sequence of str, optional
        Folders put in front of its PYTHONPATH.
    timeout : float, default: 60
        Seconds for one answer. The process is ended then, and another one is asked the next question.

    Raises
    ------
    ValueError
        If `timeout` is not positive; by `offers`, if the candidate cannot be loaded.

    Examples
    --------
    >>> from refimpl.oracle.catalog import operation
    >>> lion = operation("lion.step")
    >>> candidate = Apart("python", "os:_exit", operation=lion.name)
    >>> candidate.offers(lion)
    True
    >>> candidate.run(lion, {})
    Traceback (most recent call last):
    refimpl.oracle.candidates.base.CandidateError: TypeError: _exit() missing required argument 'status' (pos 1)
    >>> candidate.close()
    """

    language = "Python"

    def __init__(self, kind, place, *, operation, arrays="numpy", settings=None, path=(), timeout=TIMEOUT):
        super().__init__()
        self._words = {"kind": kind, "place": place, "arrays": arrays, "settings": settings}
        self._target, self._known = operation, False
        self._systems.add(operation.partition(".")[0])
        self._timeout = check.positive(timeout=timeout)
        self._path = [str(Path(folder).resolve()) for folder in path]
        self.name = place
        self.repro = named(kind, place, arrays=arrays, settings=settings)
        self.repro += () if timeout == TIMEOUT else ("--timeout", f"{timeout:g}")
        self.watch: Any = None  # what looks on (`Watch`), and is told what was seen there
        self._offered: dict[str, Any] = {}  # operation -> arguments that the candidate names, or None
        self._printed = ""
        self._launch()  # it loads while we do

    @property
    def note(self):
        """What its owner should know about how it was asked."""
        printed = f"it printed {self._printed!r}; see it all with --in-process" * bool(self._printed)
        return "; ".join(filter(None, (self.kinship, printed)))

    def lacks(self, names):
        """See `Candidate`."""
        return ADAPTERS[self._words["kind"]].lacks(names)

    def offers(self, operation):
        """See `Candidate`; the candidate is loaded by now. One that does not tell is asked: its cases show why."""
        if operation.name not in self._offered:
            question = {"ask": "offers", "operations": [contract(operation)]}
            try:
                self._begin()
                told = self._ask(question, max(self._timeout, TIMEOUT)).get("offers")
                named = told.get(operation.name) if isinstance(told, dict) else []
            except CandidateError:
                named = []
            self._offered[operation.name] = named if isinstance(named, list | None) else []
        return self._offered[operation.name] is not None

    def takes(self, operation, name):
        """See `Candidate`."""
        return name in (self._offered.get(operation.name) or ())

    def run(self, operation, inputs):
        """See `Candidate`; a process that ends without an answer is not asked the same again."""
        question = {"ask": "run", "operation": contract(operation), "inputs": inputs, "watch": self.watch is not None}
        answer = self._ask(question, self._timeout)
        for kind, message in _pairs(answer.get("slips")):
            if self.watch and kind in {*SAID, "inputs", "buffer"}:
                self.watch.note(kind, printable(message, MESSAGE))
        if "outputs" in answer:
            return _arrays(answer["outputs"], [entry.name for entry in operation.outputs])
        for key, kind in (("skipped", Skipped), ("not_applicable", NotApplicable)):
            if key in answer:
                raise kind(printable(str(answer[key]), MESSAGE))
        message, kind, trace = (str(answer.get(key, "")) for key in ("error", "kind", "traceback"))
        raise CandidateError(message[:MESSAGE], kind, trace[-MESSAGE:], self._process.stderr)

    def close(self):
        """End the process and whatever it has started."""
        process, self._process = self._process, None
        if process is not None:
            self._look_at(process)
            process.end()
            self._imported |= dict.fromkeys(process.imported)

    def _begin(self):
        """A process that has loaded the candidate."""
        if self._process is None:
            self._launch()
        if self._first:
            self._meet()

    def _launch(self):
        """Start a process, and have it load the candidate."""
        self._may_start()
        command = [sys.executable, "-P", "-c", BOOT, str(Path(package).parent.parent), str(os.getpid())]
        try:
            self._start_process(command, self._path, apart=True)
        except CandidateError as error:
            if self._known:
                raise
            raise ValueError(str(error)) from error
        self._first = True

    def _meet(self):
        """The first answer of a process: what the candidate says of itself."""
        self._first = False
        target = catalog.operation(self._target).name if self._words["kind"] == "python" else self._target
        try:
            told = self._ask({"ask": "load", "operation": target, **self._words}, LOADING)
        except CandidateError as error:
            told = {"error": f"cannot load {self._words['place']!r}: {error}"}
        about = {key: told.get(key) for key in ("name", "version", "language")}
        if not all(isinstance(text, str) for text in about.values()):
            said = told.get("error", f"cannot load {self._words['place']!r}: something else than an answer came back")
            failure = self._give_up(str(said), "crash")
            raise failure if self._known else ValueError(str(failure))
        self._known = True
        self.name, self.version, self.language = (printable(text, 100) for text in about.values())
        self.refuses = bool(told.get("refuses"))

    def _ask(self, question, seconds):
        """The answer, as a dict of plain data that nobody has looked at."""
        self._begin()
        self._seq += 1
        try:
            line = base64.b64encode(pickle.dumps((self._seq, question))) + b"\n"
        except (pickle.PicklingError, AttributeError, TypeError) as error:  # an error case of a strange type
            raise NotApplicable(f"this input cannot be sent to another process: {error}") from error
        try:
            answer = json.loads(self._process.ask(line, seconds))
            if not isinstance(answer, dict) or answer.get("seq") != self._seq:
                raise ValueError(answer)
        except CandidateError as error:
            raise self._end(self._told(error, seconds), error.kind) from error
        except (ValueError, RecursionError) as error:
            raise self._end("something else than an answer came back", "garbage") from error
        self._fruitless *= question["ask"] != "run"
        if isinstance(files := answer.get("files"), list):
            self._files = tuple(path for path in files[:FILES] if isinstance(path, str))
        return answer

    def _told(self, error, seconds):
        """What became of a question, in the words of this conversation."""
        if error.kind == "timeout":
            return f"no answer within {seconds:g} s"
        if error.kind == "crash":
            return f"its process ended in the call ({self._process.fate or 'it closed the pipe of its answers'})"
        return str(error)

    def _end(self, message, kind):
        """See `Restarted`."""
        self._look_at(self._process)
        return super()._end(message, kind)

    def _look_at(self, process):
        """Keep the last line that was printed."""
        lines = process.stderr.split("\n")
        self._printed = printable(next((line for line in reversed(lines) if line.strip()), self._printed), 60)


def _pairs(slips):
    """Pairs of strings, out of whatever came."""
    for pair in slips if isinstance(slips, list) else ():
        if isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) for text in pair):
            yield pair


def _arrays(outputs, names):
    """The arrays of an answer, by name."""
    found = {}
    if not isinstance(outputs, dict) or not set(names) & outputs.keys():
        raise CandidateError("an answer without an output came back", "garbage")
    for name in filter(outputs.__contains__, names):
        try:
            shape, data = outputs[name]["shape"], base64.b64decode(outputs[name]["data"], validate=True)
            if any(type(n) is not int or n < 0 for n in shape) or math.prod(shape) * 8 != len(data):
                raise ValueError(shape)
            found[name] = np.frombuffer(data).reshape(shape).copy()
        except (LookupError, TypeError, ValueError) as error:
            raise CandidateError(f"the array {name} came back damaged", "garbage") from error
    return found
