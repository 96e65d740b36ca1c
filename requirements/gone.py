"""Which extras are no longer what their stamps say: `python requirements/gone.py EXTRA...` prints those to make again.

A package counts as gone if pip does not know it any more, or if what it had installed first is not there. Run by the
Python of the environment; it imports nothing of what it looks for.
"""

import re
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from pip._vendor.packaging.markers import Marker

HERE = Path(__file__).parent
FEW = 20  # files of a package that are looked at


def packages(extra):
    """Names that are installed for an extra: those of its lock, or what refimpl itself asks for."""
    lock = HERE / f"{extra}.txt"
    if lock.is_file():
        text = lock.read_text(encoding="utf-8")
        others = re.findall(r"^-r (\w+)\.txt", text, re.MULTILINE)
        lines = re.findall(r"^([A-Za-z0-9][\w.-]*)(?:\[.*\])?==[^ ;]+ *(?:; *(.*?))? *\\?$", text, re.MULTILINE)
        names = [name for name, marker in lines if not marker or Marker(marker).evaluate()]
        return names + [name for other in others for name in packages(other)]
    asked = distribution("refimpl").requires or ()
    needed = [line for line in asked if Marker(line.partition(";")[2] or "extra != '-'").evaluate({"extra": extra})]
    return [name[0] for name in map(re.compile(r"[\w.-]+").match, needed) if name]


def is_gone(name):
    """Whether a package is not there."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return True
    rows = (found.read_text("RECORD") or "").splitlines()
    files = [row.partition(",")[0] for row in rows if ".dist-info/" not in row and not row.startswith("..")]
    return any(not found.locate_file(file).exists() for file in files[:FEW] if not file.endswith((".pyc", '"')))


if __name__ == "__main__":
    known = {}
    for extra in sys.argv[1:]:
        try:
            names = [*packages(extra), "refimpl"]
        except PackageNotFoundError:
            names = ["refimpl"]
        for name in set(names) - known.keys():
            known[name] = is_gone(name)
        if any(known[name] for name in names):
            print(extra)
