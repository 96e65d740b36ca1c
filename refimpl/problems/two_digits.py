"""Two tasks in one image: two overlapping handwritten digits, each of which is to be named.

MultiMNIST (Sabour, Frosst and Hinton, 2017) in small, from the digits that are shipped.
"""

from typing import NamedTuple

import numpy as np

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, from_numpy
from refimpl.problems.digits import digits

SIDE, OFFSET = 11, 3  # of the canvas; and how far the second digit is shifted, down and right
SOURCES = 900  # images of which training pairs are made; test pairs are made of the others


class TwoDigits(NamedTuple):
    """Training and test pairs, made of different images."""

    images: Array  # [n, 121] canvases of 11 x 11 pixels, rows from the top, from 0 to 1
    labels: Array  # [n, 2] int64, of the upper left and of the lower right digit, as given: some may be wrong
    test: Array  # [k, 121]
    test_labels: Array  # [k, 2] all right


def two_digits(rng, *, like, train=800, test=1500, noise=0.0):
    """Pairs of digits on one canvas, the larger pixel of both where they overlap.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    like : array
        Whose library, floating dtype and device to take.
    train, test : int
        How many pairs of each, >= 1.
    noise : float in [0, 1), default: 0.0
        Share of the training labels of each task in whose place a random digit stands: a tenth of them are right.

    Returns
    -------
    TwoDigits
        Training pairs from 900 of the 1797 images, test pairs from the other 897.

    Raises
    ------
    TypeError, ValueError
        If `like` is no floating-point array, or a size or the share is out of range.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> data = two_digits(stream(3, "doc"), like=np.zeros(1), train=1, test=1)
    >>> data.labels
    array([[8, 3]])
    >>> for row in data.images[0].reshape(11, 11):
    ...     print("".join(" .+#"[round(3 * ink)] for ink in row).rstrip())
      #+ ..
      ##+#.
      +##.
      .#####.
      ++#+.++
     .# +# #.
      #..#.#.
      +##. ++
            #.
          .+#
         +#+
    """
    check.rng(rng=rng)
    check.floating(like=like)
    train, test = check.integer(train=train, test=test, minimum=1)
    noise = check.fraction(noise=noise)
    images, classes = digits(like=np.zeros(1))
    order = rng.permutation(len(classes))

    def pairs(sources, count):
        first, second = rng.choice(sources, (2, count))
        canvas = np.zeros((count, SIDE, SIDE))
        canvas[:, :8, :8] = images[first].reshape(-1, 8, 8)
        corner = canvas[:, OFFSET:, OFFSET:]
        np.maximum(corner, images[second].reshape(-1, 8, 8), out=corner)
        return canvas.reshape(count, -1), np.stack([classes[first], classes[second]], axis=1)

    seen, labels = pairs(order[:SOURCES], train)
    unseen, right = pairs(order[SOURCES:], test)
    for task in range(2):
        wrong = rng.permutation(train)[: round(noise * train)]
        labels[wrong, task] = rng.integers(0, 10, len(wrong))
    whole = array_namespace(like).int64
    return TwoDigits(
        from_numpy(seen, like=like), from_numpy(labels, like=like, dtype=whole),
        from_numpy(unseen, like=like), from_numpy(right, like=like, dtype=whole),
    )  # fmt: skip
