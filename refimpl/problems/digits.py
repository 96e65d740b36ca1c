"""Handwritten digits: a real data set small enough to ship and quick enough to train on anywhere."""

import numpy as np

from refimpl.core import check
from refimpl.core.arrays import array_namespace, device, from_numpy
from refimpl.problems._data import stored

PARTS = {
    "all": lambda place: place >= 0,
    "train": lambda place: place % 7 != 6,
    "test": lambda place: place % 7 == 6,
}


def digits(*, like, part="all"):
    """The 1797 images of 8 x 8 pixels from the UCI repository (Alpaydin and Kaynak, 1998), those of scikit-learn.

    Parameters
    ----------
    like : array
        Whose library, floating dtype and device to take.
    part : {"all", "train", "test"}, default: "all"
        The test part is every seventh image (256), the training part is the rest (1541). The file runs through the
        digits in turn, so seven, which shares no factor with ten, takes all of them about equally often.

    Returns
    -------
    images : array [n, 64]
        Rows of pixels, top left first, scaled to [0, 1]: the share of ink in a cell of 4 x 4 dots.
    labels : array [n]
        The digits, int64, on the same device.

    Raises
    ------
    TypeError, ValueError
        If `like` is no floating-point array or `part` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> images, labels = digits(like=np.zeros(1))
    >>> images.shape, labels[:12]
    ((1797, 64), array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]))
    >>> for row in images[2].reshape(8, 8):
    ...     print("".join(" .+#"[round(3 * ink)] for ink in row))
       .#+
      .###
      +++#
       .#+
      ++#
     +##.
     .+##+.
       .+#+
    """
    check.floating(like=like)
    check.choice(PARTS, part=part)
    images, labels = (stored("digits")[name] for name in ("images", "labels"))  # counts of 0 to 16 dots; uint8
    chosen = PARTS[part](np.arange(labels.size))
    return (
        from_numpy(images[chosen] / 16.0, like=like),
        from_numpy(labels[chosen], like=like, dtype=array_namespace(like).int64),
    )


def split(order, train, *, like):
    """All images in an order of the caller's, cut in two.

    Parameters
    ----------
    order : array [1797], integers
        A permutation of 0, ..., 1796, on the library and device of `like`.
    train : int
        How many are for training, 1 to 1796; the others are for the test.
    like : array
        As for `digits`.

    Returns
    -------
    tuple of array
        Images [train, 64] and their digits, then images [1797 - train, 64] and their digits.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Examples
    --------
    >>> import numpy as np
    >>> [part.shape for part in split(np.arange(1797)[::-1], 1500, like=np.zeros(1))]
    [(1500, 64), (1500,), (297, 64), (297,)]
    """
    check.integral(order=order)
    images, labels = digits(like=like)
    xp, n = array_namespace(images), labels.shape[0]
    check.shapes(order=(order, str(n)))
    train = check.integer(train=train, minimum=1, below=n)
    if bool(xp.any(xp.sort(order) != xp.arange(n, dtype=order.dtype, device=device(order)))):
        raise ValueError(f"order must be a permutation of 0, ..., {n - 1}, got another one")
    return tuple(xp.take(part, rows, axis=0) for rows in (order[:train], order[train:]) for part in (images, labels))
