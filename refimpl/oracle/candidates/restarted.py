"""What candidates in another process have in common: it is started again when it has ended, but not for ever."""

from typing import Any

from refimpl.oracle.candidates.base import MESSAGE, Candidate, CandidateError
from refimpl.oracle.candidates.copies import copied
from refimpl.oracle.candidates.process import Process
from refimpl.oracle.texts import printable

RESTARTS = 10  # processes after the first
FRUITLESS = 4  # processes without a single answer, one after the other: two cases with two crashes each


class Restarted(Candidate):
    """A candidate that is asked in a process; whoever gets an answer sets `_fruitless` to 0."""

    longest = MESSAGE  # characters of a sentence about it
    elsewhere = True

    def __init__(self):
        self._process: Any = None  # Process, while one runs
        self._hopeless: tuple[str, ...] = ()  # of the error that every case will get
        self._seq = self._starts = self._fruitless = 0
        self._last_error = ("", "")
        self._systems: set[str] = set()  # whose operations it was asked for
        self._files: tuple[str, ...] = ()  # of Python, in which it stands
        self._imported: dict[str, None] = {}

    @property
    def kinship(self):
        """What it has in common with what it is compared with; "" if nothing is seen."""
        self._note_imports()
        own = f"it imports {', '.join([*self._imported][:3])}" * bool(self._imported)
        found = own or next(filter(None, (copied(system, self._files) for system in sorted(self._systems))), "")
        return f"{found}: part of what it is compared with" * bool(found)

    def _note_imports(self):
        if self._process is not None:
            self._imported |= dict.fromkeys(self._process.imported)

    def _may_start(self):
        """Raise the error that every case will get, if there is nothing more to hope for."""
        if self._hopeless:
            raise CandidateError(*self._hopeless)
        if self._starts > RESTARTS or self._fruitless >= FRUITLESS:
            raise self._give_up(f"{self._last_error[0]}; not started again after {self._starts} starts", "crash")

    def _start_process(self, command, path, *, apart=False):
        self._starts += 1
        self._fruitless += 1
        try:
            self._process = Process(command, path, apart=apart)
        except CandidateError as error:
            raise self._give_up(str(error), error.kind) from error

    def _end(self, message, kind):
        """End a process that cannot be asked on; returns the error to raise."""
        process, self._process = self._process, None
        process.end(patience=0)
        self._imported |= dict.fromkeys(process.imported)
        self._last_error = (message, process.stderr)
        return CandidateError(printable(message, self.longest), kind, stderr=process.stderr)

    def _give_up(self, message, kind):
        """Nothing more will be asked; returns the error to raise, now and for every case to come."""
        if self._process is not None:
            self._end(message, kind)
        self._hopeless = (printable(message, self.longest), kind, "", self._last_error[1])
        return CandidateError(*self._hopeless)
