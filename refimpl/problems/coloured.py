"""Two classes with a colour that lies: domains in which a feature goes with the label, and one in which it does not.

In the manner of Colored MNIST (Arjovsky et al., 2019): labels are made wrong with probability 1/4, and the colour is
the label, flipped in a share of the samples that differs from domain to domain. Who trusts the colour does well as long
as that share is small.
"""

import numpy as np
import scipy  # loads its parts when they are asked for, which takes time

from refimpl.core import check
from refimpl.core.arrays import array_namespace, from_numpy, to_numpy
from refimpl.problems.digits import digits


def _tinted(rng, true, flip, wrong):
    """Labels and colours, 0 or 1, of samples whose true classes are given."""
    flip, wrong = check.nonnegative(flip=flip, wrong=wrong)
    if max(flip, wrong) > 1:
        raise ValueError(f"flip and wrong must be at most 1, got {flip!r} and {wrong!r}")
    y = true ^ (rng.random(true.shape) < wrong)
    return y, y ^ (rng.random(true.shape) < flip)


def coloured_toy(rng, direction, flip, *, n=1500, wrong=0.25, like):
    """A domain of a toy with a feature that is right three times out of four, and a colour that seems to do better.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    direction : array, shape [d], floating point
        Of the feature: the centre of class 1; that of class 0 is opposite. The same in all domains.
    flip : float in [0, 1]
        Share of samples whose colour is not that of the label: what tells domains apart.
    n : int, default: 1500
        Number of samples.
    wrong : float in [0, 1], default: 0.25
        Share of labels that are not the class.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    x : array, shape [n, d+2]
        Feature, with noise of standard deviation 1/2; and the colour, -1 or 1, in two coordinates, each with
        noise of 1/10.
    y : array, shape [n]
        Labels 0 or 1, int64.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range or `like` is no floating-point array.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> x, y = coloured_toy(stream(0, "doc"), np.array([2.0, 0.0]), 0.1, n=4000, like=np.zeros(1))
    >>> [float(np.mean((x[:, k] > 0) == y).round(2)) for k in (0, 2)]  # who trusts the feature, who the colour
    [0.75, 0.9]
    """
    check.rng(rng=rng), check.finite(direction=direction)
    check.floating(like=like)
    n, centre = check.integer(n=n, minimum=1), to_numpy(direction)
    check.shapes(direction=(centre, "d"))
    true = rng.integers(0, 2, n).astype(bool)
    y, colour = _tinted(rng, true, flip, wrong)
    feature = np.where(true, 1.0, -1.0)[:, None] * centre + 0.5 * rng.standard_normal((n, centre.size))
    tint = np.where(colour, 1.0, -1.0)[:, None] + 0.1 * rng.standard_normal((n, 2))
    return _on(like, np.concatenate([feature, tint], axis=1), y)


def coloured_digits(rng, flip, *, part="train", wrong=0.25, like):
    """The digits, 5 to 9 against 0 to 4, in one of two colours.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    flip, wrong, like
        As for `coloured_toy`.
    part : {"all", "train", "test"}, default: "train"
        As for `problems.digits.digits`.

    Returns
    -------
    x : array, shape [n, 128]
        Pixels in [0, 1], first those of the one colour, then those of the other; one half is 0.
    y : array, shape [n]
        Labels 0 or 1, int64.

    Raises
    ------
    TypeError, ValueError
        As for `coloured_toy`, or if `part` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> x, y = coloured_digits(stream(0, "doc"), 0.1, like=np.zeros(1))
    >>> x.shape, float(np.mean((x[:, 64:].sum(axis=1) > 0) == y).round(2))
    ((1541, 128), 0.9)
    """
    check.rng(rng=rng)
    check.floating(like=like)
    images, labels = digits(like=np.zeros(1), part=part)
    y, colour = _tinted(rng, labels >= 5, flip, wrong)
    tinted = np.concatenate([images * ~colour[:, None], images * colour[:, None]], axis=1)
    return _on(like, tinted, y)


def rotated_digits(rng, degrees, *, n=500, like):
    """The digits, 5 to 9 against 0 to 4, turned by an angle: domains that differ with nothing planted in them.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`, for which images.
    degrees : float
        Angle, counter-clockwise; what leaves the image is cut off.
    n : int, default: 500
        Number of images, at most 1797.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    x : array, shape [n, 64]
        Pixels.
    y : array, shape [n]
        Labels 0 or 1, int64.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range or `like` is no floating-point array.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> x, y = rotated_digits(stream(0, "doc"), 25.0, like=np.zeros(1))
    >>> x.shape, y[:6]
    ((500, 64), array([0, 1, 0, 1, 1, 0]))
    """
    check.rng(rng=rng)
    check.floating(like=like)
    n, degrees = check.integer(n=n, minimum=1), check.number(degrees=degrees)
    images, labels = digits(like=np.zeros(1))
    if n > len(labels):
        raise ValueError(f"n must be at most {len(labels)}, got {n}")
    rows = rng.permutation(len(labels))[:n]
    turned = scipy.ndimage.rotate(images[rows].reshape(n, 8, 8), degrees, axes=(2, 1), reshape=False, order=1)
    return _on(like, turned.reshape(n, 64), labels[rows] >= 5)


def _on(like, x, y):
    """Inputs and labels on the library and device of `like`."""
    return from_numpy(x, like=like), from_numpy(y.astype(np.int64), like=like, dtype=array_namespace(like).int64)
