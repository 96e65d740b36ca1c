"""Candidates by name: what a command line says of one, before anything of it is loaded."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from refimpl.core.check import positive
from refimpl.oracle import catalog
from refimpl.oracle.candidates.apart import Apart
from refimpl.oracle.candidates.base import Candidate
from refimpl.oracle.candidates.host import build, named
from refimpl.oracle.candidates.program import Program
from refimpl.oracle.candidates.python import reference

SEPARATE = os.name == "posix"  # whether a Python candidate can have a process of its own


class Named(NamedTuple):
    """Who is asked, and how it is started; our own source if nobody is named.

    Examples
    --------
    >>> Named("torch", "mine:Lion", settings={"lr": 0.1}, timeout=5).words
    ('--torch', 'mine:Lion', '--set', 'lr=0.1', '--timeout', '5')
    """

    kind: str = ""  # a key of `host.ADAPTERS`, "exec", or "" for our own source
    place: str = ""  # as for `load`; of "exec" the command
    arrays: str = "numpy"  # what a function is fed with
    settings: Mapping[str, Any] | None = None  # constructor arguments of what is no function
    path: tuple[str, ...] = ()  # folders put in front of Python's path
    timeout: float | None = None  # seconds for an answer, where not the usual ones
    in_process: bool = False  # whether a Python candidate is asked here

    @property
    def words(self):
        """The command-line words that name it again."""
        words = ("--arrays", self.arrays) * (self.arrays != "numpy")
        if self.kind:
            words = named(self.kind, self.place, arrays=self.arrays, settings=self.settings)
        folders = (word for folder in self.path for word in ("--path", folder))
        times = () if self.timeout is None else ("--timeout", f"{self.timeout:g}")
        return (*words, *folders, *["--in-process"] * self.in_process, *times)

    def opened(self, target):
        """The candidate, to be asked for a system or an operation, and to be closed.

        Raises
        ------
        ValueError
            If a folder is not there, the time is not positive, or it cannot be loaded.
        """
        for folder in self.path:
            if not Path(folder).is_dir():
                raise ValueError(f"--path must name a folder, and there is no {folder!r}")
        candidate = self._made(target, {} if self.timeout is None else {"timeout": positive(timeout=self.timeout)})
        candidate.repro = self.words
        return candidate

    def _made(self, target, times) -> Candidate:
        how: dict[str, Any] = {"arrays": self.arrays, "settings": self.settings}
        if self.kind == "exec":
            return Program(self.place, path=self.path, **times)
        if self.kind and SEPARATE and not self.in_process:
            return Apart(self.kind, self.place, operation=target, path=self.path, **how, **times)
        if self.kind:
            sys.path[:0] = [str(Path(folder).resolve()) for folder in self.path]
            operation = catalog.operation(target).name if self.kind == "python" else target
            candidate = build(self.kind, self.place, operation=operation, **how)
        else:
            candidate = reference(target, self.arrays)
        candidate.limit = self.timeout
        return candidate
