"""Nuclei of breast tissue: thirty measured features, two classes that a linear model nearly separates."""

from functools import cache
from importlib.resources import as_file, files

import numpy as np

from refimpl.core import check
from refimpl.core.arrays import from_numpy


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
    >>> features, labels = breast_cancer(like=np.zeros(1))
    >>> features.shape, int((labels < 0).sum()), features[0, :3].round(4)
    ((569, 30), 212, array([ 1.0971, -2.0733,  1.2699]))
    """
    check.floating(like=like)
    raw, malignant = _stored()
    scaled = (raw - raw.mean(axis=0)) / raw.std(axis=0)
    return from_numpy(scaled, like=like), from_numpy(1.0 - 2.0 * malignant, like=like)


@cache
def _stored():
    """The features as published [569, 30], and whether a sample is malignant [569]."""
    with as_file(files("refimpl.problems") / "data" / "breast_cancer.npz") as path, np.load(path) as stored:
        return (stored["features"] / 10.0 ** stored["decimals"][:, None]).T, stored["malignant"]
