"""Nuclei of breast tissue: thirty measured features, two classes that a linear model nearly separates."""

from refimpl.core import check
from refimpl.core.arrays import from_numpy
from refimpl.problems._data import standardized, stored


def breast_cancer(*, like):
    """The 569 samples of the UCI repository (Wolberg and others, 1993), those of scikit-learn.

    Parameters
    ----------
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    features : array [569, 30]
        Each column shifted and scaled to mean 0 and variance 1 over all samples.
    labels : array [569]
        -1 for malignant (212), 1 for benign (357), of the dtype of `like`.

    Raises
    ------
    TypeError
        If `like` is no floating-point array.

    Examples
    --------
    >>> import numpy as np
    >>> features, labels = breast_cancer(like=np.zeros(1))
    >>> features.shape, int((labels < 0).sum()), features[0, :3].round(4)
    ((569, 30), 212, array([ 1.0971, -2.0733,  1.2699]))
    """
    check.floating(like=like)
    found = stored("breast_cancer")
    return from_numpy(standardized(found["features"]), like=like), from_numpy(1.0 - 2.0 * found["malignant"], like=like)
