"""Texts of strangers, cut and cleaned; nothing else is imported here, for what is to start at once."""

import re
import reprlib


def short(value, size=40):
    """A value, whatever it is, as text of bounded length and printable characters.

    Examples
    --------
    >>> short(list(range(1000)))
    '[0, 1, 2, 3, 4, 5, ...]'
    """
    try:
        return printable(reprlib.repr(value), size)
    except ValueError:  # an integer of thousands of digits
        return "a huge integer"


def slug(text):
    """A text as a part of an address: small letters, figures, and one dash for all else.

    Examples
    --------
    >>> slug("Adam (lr=0.1), C++")
    'adam-lr-0-1-c'
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def printable(text, size, lines=False):
    r"""Text of a stranger, fit for a terminal: no control characters, no lone surrogates, of bounded length.

    Parameters
    ----------
    text : str
        Anything.
    size : int
        Characters of the result, at most.
    lines : bool, default: False
        Whether it may have several lines; otherwise they are put on one.

    Returns
    -------
    str
        The text itself where it is fit already.

    Examples
    --------
    >>> printable("clear \x1b[2J\nverdict: conforms", 30)
    'clear �[2J verdict: conforms'
    """
    if len(text) <= size and text.isprintable():
        return text
    kept = text[: size + 1].replace("\r\n", "\n").replace("\t", "    ")
    parts = kept.splitlines() if lines else [re.sub(r"\s*\n\s*", " ", kept.strip("\n"))]
    kept = "\n".join("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in part) for part in parts)
    return kept if len(text) <= size and len(kept) <= size else kept[: size - 3] + "..."
