"""What was handed in: files, or folders with a file of one name. Nothing of them is run or read as markup here.

All are read before the first one runs, so that none can change another.
"""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

from refimpl.oracle.texts import printable, slug

NAME = 80  # characters of a name that are shown
SLUG = 40  # of it, in the name of a folder
MOST = 16  # MiB of a file that is judged


class Submission(NamedTuple):
    """What one student has handed in."""

    name: str  # as it is shown: of the file or of its folder
    key: str  # name of the folder of results: letters, digits and dashes, whatever the file is called
    path: Path  # of the file
    content: bytes = b""  # of the file
    refused: str = ""  # why it is not judged

    @property
    def digest(self):
        """Of what is in it."""
        return hashlib.sha256(self.content + self.refused.encode()).hexdigest()


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
        By name; hidden files are left out. What is no ordinary file, or too large, is there with the reason why it is
        not judged: links are not followed, for they may lead to the answer key.

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
        if not os.path.lexists(place):
            raise ValueError(f"no such file or folder: {place}")
        found += _below(place, file)
    if not found:
        wanted = f"a file {file!r}" if file else "a file"
        raise ValueError(f"no submission: none of the places holds {wanted}")
    found = [(name, path.parent.resolve() / path.name) for name, path in found]
    paths = [path for _, path in found]
    if len(set(paths)) < len(paths):
        raise ValueError("a submission is named twice")
    return sorted(_submission(name, path) for name, path in found)


def _below(place, file):
    """Pairs of name and path."""
    if not place.is_dir():
        return [(place.stem, place)]
    if file and os.path.lexists(place / file):
        return [(place.resolve().name, place / file)]
    inside = sorted(path for path in place.iterdir() if not path.name.startswith("."))
    if file:
        links = [(path.name, path) for path in inside if path.is_symlink()]
        return links + [(p.name, p / file) for p in inside if not p.is_symlink() and os.path.lexists(p / file)]
    return [(path.stem, path) for path in inside if path.is_symlink() or not path.is_dir()]


def _content(path):
    """What is in a file, and why it is not judged."""
    if path.is_symlink():
        return b"", "it is a link, which is not followed"
    if not path.is_file():
        return b"", "it is no ordinary file"
    try:
        with path.open("rb") as file:
            content = file.read(MOST * 2**20 + 1)
    except OSError as error:
        return b"", f"it cannot be read: {error.strerror}"
    if len(content) > MOST * 2**20:
        return b"", f"it has more than {MOST} MiB"
    return content, ""


def _submission(name, path):
    key = f"{slug(name)[:SLUG] or 'submission'}-{hashlib.sha256(os.fsencode(path)).hexdigest()[:8]}"
    return Submission(printable(name, NAME), key, path, *_content(path))
