"""Handwritten digits: a real data set small enough to ship and quick enough to train on anywhere."""

import numpy as np

from refimpl.core import check
from refimpl.core.arrays import array_namespace, from_numpy
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
