"""Diabetes patients: ten measurements, and how the disease went on; no linear function tells the latter."""

from refimpl.core import check
from refimpl.core.arrays import from_numpy
from refimpl.problems._data import standardized, stored


def diabetes(*, like):
    """The 442 patients of Efron and others (2004), those of scikit-learn.

    Parameters
    ----------
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    features : array [442, 10]
        Age, sex, body mass index, blood pressure, six sera; each column shifted and scaled to mean 0 and variance 1.
    progression : array [442]
        Of the disease after a year, shifted and scaled likewise.

    Raises
    ------
    TypeError
        If `like` is no floating-point array.

    Examples
    --------
    >>> import numpy as np
    >>> features, progression = diabetes(like=np.zeros(1))
    >>> features.shape, features[0, :3].round(4), progression[:2].round(4)
    ((442, 10), array([0.8005, 1.0655, 1.2971]), array([-0.0147, -1.0017]))
    """
    check.floating(like=like)
    arrays = (stored("diabetes")[name] for name in ("features", "progression"))
    return tuple(from_numpy(standardized(x), like=like) for x in arrays)
