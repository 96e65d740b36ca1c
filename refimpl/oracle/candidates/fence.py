"""What a candidate must leave alone, if a fence is asked for: the kernel keeps it, by Landlock (Linux 5.13 and later).

A candidate behind the fence writes in one folder and nowhere else, makes no TCP connection (since Linux 6.7), and
signals no process but those that it has started (6.12). It may read what its user may read. `FENCE` in the environment
names the folder; where the kernel has no Landlock, nothing is kept.
"""

import ctypes
import os
import struct
import sys
from functools import cache

FENCE = "REFIMPL_FENCE"
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # system calls, of the same number on every processor
VERSION, PATH_BENEATH = 1, 1
WRITE_FILE, TRUNCATE, REFER = 1 << 1, 1 << 14, 1 << 13  # rights; a link or move to another folder is to refer
CHANGES = sum(1 << bit for bit in range(4, 13))  # to remove, and to make anything new
TCP, SCOPES = 0b11, 0b11  # to bind and to connect; abstract sockets and signals
PR_SET_NO_NEW_PRIVS = 38


@cache
def version():
    """Of Landlock; 0 where there is none."""
    if not sys.platform.startswith("linux"):
        return 0
    return max(0, _libc().syscall(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION))


def keeper():
    """What a new process is to call before it becomes the candidate; None if no fence is asked for, or there is none.

    Examples
    --------
    >>> keeper() is None
    True
    """
    folder = os.environ.get(FENCE)
    if not (folder and version()):
        return None
    libc = _libc()

    def keep():
        here = version()
        file = WRITE_FILE | TRUNCATE * (here >= 3)
        rights = file | CHANGES | REFER * (here >= 2)
        asked = struct.pack("=QQQ", rights, TCP * (here >= 4), SCOPES * (here >= 6))
        rules = _done(libc.syscall(CREATE_RULESET, asked, ctypes.c_size_t(len(asked)), 0))
        for path, allowed in ((folder, rights), (os.devnull, file)):
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            _done(libc.syscall(ADD_RULE, rules, PATH_BENEATH, struct.pack("=Qi", allowed, place), 0))
            os.close(place)
        _done(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        _done(libc.syscall(RESTRICT_SELF, rules, 0))
        os.close(rules)

    return keep


@cache
def _libc():
    return ctypes.CDLL(None, use_errno=True)


def _done(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
