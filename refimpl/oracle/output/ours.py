"""Files that are there already: those that this package has written are replaced, those of others are not, unasked."""

import json
import os
import stat

HEAD = 2**20  # bytes in which it stands whose a file is
DRAWN = "drawn by refimpl"
MARKS = {  # kind of file -> what stands in it
    "report": b'{"kind": "header", "refimpl": ',
    "badge": json.dumps({"schemaVersion": 1, "label": "refimpl "})[:-2].encode(),
    "plot": DRAWN.encode(),
    "page": b'<meta name="generator" content="refimpl',
    "vectors": b'"schema": "urn:refimpl:vectors:',
    "archive": b"refimpl-vectors/README.txt",  # the first of its names, which are in alphabetical order
}
WORDS = {"vectors": "file of vectors", "archive": "archive of vectors", "page": "report page"}


def refuse_foreign(kind, *paths, force=False):
    """Refuse to write over a file that is not ours; one that is empty, a pipe or a device is nobody's.

    Parameters
    ----------
    kind : str
        A key of `MARKS`.
    *paths : path
        To be written.
    force : bool, default: False
        Whether to write over it all the same.

    Raises
    ------
    ValueError
        That names the file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp(), "thesis.txt")
    >>> refuse_foreign("report", path), path.write_text("chapter 1")
    (None, 9)
    >>> refuse_foreign("report", path)
    Traceback (most recent call last):
    ValueError: ...thesis.txt is there, and is no report of refimpl: name another file, or take --force to write over it
    """
    for path in () if force else paths:
        try:
            if not stat.S_ISREG(os.stat(path).st_mode):
                continue
        except OSError:  # it is not there
            continue
        try:
            with open(path, "rb") as file:
                head = file.read(HEAD)
        except OSError:  # what cannot be read is somebody else's
            head = b"?"
        if head and MARKS[kind] not in head:
            said = f"is there, and is no {WORDS.get(kind, kind)} of refimpl"
            raise ValueError(f"{path} {said}: name another file, or take --force to write over it")
