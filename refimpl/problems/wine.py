"""Wines of one region: thirteen measurements, and the cultivar; a linear model nearly tells it."""

from refimpl.core import check
from refimpl.core.arrays import array_namespace, from_numpy
from refimpl.problems._data import standardized, stored


def wine(*, like):
    """The 178 samples of the UCI repository (Aeberhard and Forina, 1991), those of scikit-learn.

    Parameters
    ----------
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    features : array [178, 13]
        Each column shifted and scaled to mean 0 and variance 1 over all samples.
    labels : array [178]
        The cultivar: 0 (59), 1 (71) or 2 (48), int64.

    Raises
    ------
    TypeError
        If `like` is no floating-point array.

    Examples
    --------
    >>> import numpy as np
    >>> features, labels = wine(like=np.zeros(1))
    >>> features.shape, features[0, :3].round(4), labels[58:61]
    ((178, 13), array([ 1.5186, -0.5622,  0.2321]), array([0, 1, 1]))
    """
    check.floating(like=like)
    found = stored("wine")
    labels = from_numpy(found["cultivar"], like=like, dtype=array_namespace(like).int64)
    return from_numpy(standardized(found["features"]), like=like), labels
