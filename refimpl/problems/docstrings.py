"""Real text: the docstrings of Python's standard library as a sequence of words."""

from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, from_numpy
from refimpl.problems._data import stored


class Docstrings(NamedTuple):
    """Words by number."""

    words: list  # of str [800]: the most frequent ones, falling; number 800 is any other word
    ids: Array  # [255283] int64: all words, docstring after docstring
    lengths: Array  # [7682] int64: words in each docstring


def docstrings(*, like):
    """The docstrings of the standard library of Python 3.11: lower case, letters alone.

    Parameters
    ----------
    like : array
        Whose library and device to take.

    Returns
    -------
    Docstrings
        See there.

    Raises
    ------
    TypeError
        If `like` is no array.

    Examples
    --------
    >>> import numpy as np
    >>> text = docstrings(like=np.zeros(1))
    >>> " ".join((*text.words, "...")[i] for i in text.ids[:12])
    'record of ... in ... ... changes each line is of the'
    >>> text.ids.shape, text.lengths.shape
    ((255283,), (7682,))
    """
    check.array(like=like)
    found, whole = stored("docstrings"), array_namespace(like).int64
    ids, lengths = (from_numpy(found[name], like=like, dtype=whole) for name in ("ids", "lengths"))
    return Docstrings(found["words"].tolist(), ids, lengths)


class Modules(NamedTuple):
    """Where each docstring comes from."""

    names: list  # of str [186]: modules and packages, in the order of the alphabet
    of: Array  # [7682] int64: the place of each docstring's module in `names`


def modules(*, like):
    """The modules and packages of the docstrings: real text of many domains.

    Parameters
    ----------
    like : array
        Whose library and device to take.

    Returns
    -------
    Modules
        See there.

    Raises
    ------
    TypeError
        If `like` is no array.

    Examples
    --------
    >>> import numpy as np
    >>> found = modules(like=np.zeros(1))
    >>> [found.names[i] for i in found.of[[0, 2000, -1]]], len(found.names)
    (['__future__', 'nntplib', 'zoneinfo'], 186)
    """
    check.array(like=like)
    found = stored("docstring_modules")
    of = from_numpy(found["of"], like=like, dtype=array_namespace(like).int64)
    return Modules(found["modules"].tolist(), of)
