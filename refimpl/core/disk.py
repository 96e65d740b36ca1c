"""Every file that the package writes: whole or not at all, and a folder written to by one run at a time."""

import contextlib
import errno
import os
import select
import stat
import time
import uuid
from pathlib import Path

POLL = 0.05  # seconds between two looks at whether somebody reads

_held: set[tuple[int, int]] = set()  # device and inode of the folders that this process has to itself


def write(path, content, *, new=False, waiting=lambda: None):
    """Write a file beside its place and put it there when it is whole, so that a full disk leaves the old one as it is.

    Parameters
    ----------
    path : str or path
        Of the file; folders that are missing are made. What is no plain file, such as ``/dev/stdout``, is written to.
    content : str or bytes
        All of it; text in UTF-8.
    new : bool, default: False
        Whether to refuse where there is a file already.
    waiting : callable, optional
        Is called again and again while nobody reads the pipe that is written to; it may raise.

    Raises
    ------
    OSError
        If it cannot be written; `filename` is `path`. Nothing else is left behind.
    TypeError
        If `content` is neither text nor bytes, or `path` no path.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "deep", "note.txt")
    >>> write(path, "one"), write(path, "two"), path.read_text(), len(list(path.parent.iterdir()))
    (None, None, 'two', 1)
    """
    if not isinstance(content, str | bytes):
        raise TypeError(f"content must be text or bytes, got {type(content).__name__}")
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be a string or a path, got {type(path).__name__}")
    data = content.encode() if isinstance(content, str) else content
    place = Path(os.path.realpath(path))  # a link stays, and what it leads to is written
    beside = place.with_name(f".{uuid.uuid4().hex}.part")
    try:
        mode = os.stat(path).st_mode if os.path.exists(path) else None  # of "/dev/fd/63" there is no such place
        if mode is not None and new:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        if mode is not None and not stat.S_ISREG(mode):
            _write_along(path, mode, data, waiting)
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_bytes(data)
            if mode is not None:
                beside.chmod(stat.S_IMODE(mode))
            beside.replace(place)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from error


def _write_along(path, mode, data, waiting):
    """Write to a pipe or a device, which takes as much at a time as somebody reads."""
    number = None
    while number is None:
        try:
            number = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0))
        except OSError as error:
            if error.errno != errno.ENXIO or not stat.S_ISFIFO(mode):
                raise
            waiting()
            time.sleep(POLL)
    try:
        while data:
            if os.name != "posix" or select.select([], [number], [], POLL)[1]:
                with contextlib.suppress(BlockingIOError):
                    data = data[os.write(number, data) :]
                    continue
            waiting()
    finally:
        os.close(number)


@contextlib.contextmanager
def alone_in(folder, *, wait=False):
    """Have a folder to oneself, among the runs of this package; the hold ends with the process, however that ends.

    Parameters
    ----------
    folder : str or path
        Made if it is not there.
    wait : bool, default: False
        Whether to wait for another run to end.

    Yields
    ------
    None
        While it is held. Where the system has no such locks, it is not.

    Raises
    ------
    BlockingIOError
        If another run has it; `filename` is `folder`.

    Examples
    --------
    >>> import tempfile
    >>> with alone_in(tempfile.mkdtemp()):
    ...     pass
    """
    try:
        import fcntl
    except ImportError:  # not a POSIX system
        yield
        return
    if not isinstance(folder, str | os.PathLike):
        raise TypeError(f"folder must be a string or a path, got {type(folder).__name__}")
    if not Path(folder).is_dir():
        Path(folder).mkdir(parents=True)
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        status = os.fstat(number)
        key = status.st_dev, status.st_ino
        mine = key not in _held
        if mine:
            try:
                fcntl.flock(number, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError as error:
                said = "another run of refimpl is writing there; wait for it, or name another folder"
                raise BlockingIOError(error.errno, said, str(folder)) from error
            except OSError:  # a file system without locks
                pass
            _held.add(key)
        try:
            yield
        finally:
            if mine:
                _held.discard(key)
    finally:
        os.close(number)
