"""What was handed in: files, or folders with a file of one name. Nothing of them is run or read as markup here."""

import hashlib
import re
from pathlib import Path
from typing import NamedTuple

from refimpl.oracle.texts import printable

NAME = 80  # characters of a name that are shown
SLUG = 40  # of it, in the name of a folder


class Submission(NamedTuple):
    """What one student has handed in."""

    name: str  # as it is shown: of the file or of its folder
    key: str  # name of the folder of results: letters, digits and dashes, whatever the file is called
    path: Path  # of the file
    digest: str  # of what is in it


def collect(places, file=""):
    """The submissions below some files and folders.

    Parameters
    ----------
    places : sequence of path
        Without `file`, files, or folders whose files are the submissions. With `file`, folders that hold it, or folders
        of such folders.
    file : str, default: ""
        Name of the file that each student was asked for, if each has a folder.

    Returns
    -------
    list of Submission
        By name; hidden files are left out.

    Raises
    ------
    ValueError
        If a place is not there, or there is no submission, or two of them are one file.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "ada").mkdir(), (folder / "ada" / "lion.py").write_text("x = 1")
    (None, 5)
    >>> [(s.name, s.key) for s in collect([folder], file="lion.py")]
    [('ada', 'ada-...')]
    """
    if "/" in file or file in (".", ".."):
        raise ValueError(f"--file must be the name of a file, got {file!r}")
    found = []
    for place in map(Path, places):
        if not place.exists():
            raise ValueError(f"no such file or folder: {place}")
        found += _below(place, file)
    if not found:
        wanted = f"a file {file!r}" if file else "a file"
        raise ValueError(f"no submission: none of the places holds {wanted}")
    paths = [path.resolve() for _, path in found]
    if len(set(paths)) < len(paths):
        raise ValueError("a submission is named twice")
    return sorted(_submission(name, path) for name, path in found)


def _below(place, file):
    """Pairs of name and path."""
    if place.is_file():
        return [(place.stem, place)]
    if file and (place / file).is_file():
        return [(place.resolve().name, place / file)]
    inside = sorted(path for path in place.iterdir() if not path.name.startswith("."))
    if file:
        return [(path.name, path / file) for path in inside if (path / file).is_file()]
    return [(path.stem, path) for path in inside if path.is_file()]


def _submission(name, path):
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:SLUG] or "submission"
    key = f"{slug}-{hashlib.sha256(str(path.resolve()).encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
    return Submission(printable(name, NAME), key, path, hashlib.sha256(path.read_bytes()).hexdigest())
