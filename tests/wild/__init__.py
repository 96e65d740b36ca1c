"""Bugs from the wild: fixed bugs of public implementations, each a small file that runs for ever.

A file of `bugs/` is written afresh, in the style of the project that had the bug; nothing of the project is copied. It
holds the version that was mended. A line that was wrong carries what stood there, so that one file has both versions:

    step = lr * m  # was: step = m                   the line was another one
    m = beta * m  # was:                             the line was missing
    # was: m = m / (1 - beta)                        the line was there, and was taken away

Its docstring says in one sentence what was wrong, `BUG` where that can be read and which operation asks it, `answer` is
asked. What several files need around their bugs stands once, in `around.py`.
"""

import linecache
import re
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from refimpl.oracle.candidates import Function
from refimpl.specs.base import BUG_TYPES

FOLDER = Path(__file__).parent / "bugs"
WAS = re.compile(r"^(?P<indent> *)(?P<right>\S.*?)??(?:  )?# was:(?: (?P<wrong>.*))?$")


class Bug(NamedTuple):
    """Where a bug can be read about, and which operation asks it."""

    project: str
    link: str  # of the issue, the change or the commit that mended it
    date: str  # it was mended, year-month-day or year-month
    operation: str
    kind: str  # a key of BUG_TYPES
    language: str = "Python"  # of the project
    skip: dict[str, str] = {}  # case or law -> why neither version can be asked
    dtype: str = "float64"


class Entry(NamedTuple):
    """A file of the corpus, read."""

    name: str
    text: str  # of the file
    sentence: str  # what was wrong
    bug: Bug

    @property
    def wrong(self):
        """The text with every line as it was."""
        return "".join(_before(line) for line in self.text.splitlines(keepends=True))

    @property
    def right(self):
        """The text as it is, without what was."""
        return "".join(_after(line) for line in self.text.splitlines(keepends=True))

    def candidate(self, text):
        """What the oracle judges: a version, `right`, `wrong` or another one."""
        return Function(_module(self.name, text).answer, operation=self.bug.operation, name=self.name)


def _before(line):
    if (found := WAS.match(line.rstrip("\n"))) is None:
        return line
    return f"{found['indent']}{found['wrong']}\n" if found["wrong"] else ""


def _after(line):
    if (found := WAS.match(line.rstrip("\n"))) is None:
        return line
    return f"{found['indent']}{found['right']}\n" if found["right"] else ""


def _module(name, text):
    """A text as a module of its own; tracebacks show its lines."""
    place = f"<{name}>"
    linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)
    module = ModuleType(name)
    exec(compile(text, place, "exec"), module.__dict__)  # ours, and nothing but the corpus
    return module


def read(path):
    """One file.

    Raises
    ------
    ValueError
        If something is missing in it.
    """
    text = path.read_text(encoding="utf-8")
    module = _module(path.stem, text)
    bug = getattr(module, "BUG", None)
    if not isinstance(bug, Bug) or not callable(getattr(module, "answer", None)) or "# was:" not in text:
        raise ValueError(f"{path} must have a BUG, a function answer and a line with what it was")
    if bug.kind not in BUG_TYPES:
        raise ValueError(f"{path}: kind must be one of {', '.join(BUG_TYPES)}, got {bug.kind!r}")
    return Entry(path.stem, text, " ".join((module.__doc__ or "").split()), bug)


def corpus(names=()):
    """All files, or those of these names, in alphabetical order."""
    return [read(path) for path in sorted(FOLDER.glob("*.py")) if not names or path.stem in names]
