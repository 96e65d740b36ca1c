"""The small data sets in the folder `data`, as they are stored."""

from functools import cache
from importlib.resources import as_file, files

import numpy as np


@cache
def stored(name):
    """Arrays of a file by name; `features` that are stored as integers with `decimals` become numbers [n, p]."""
    with as_file(files("refimpl.problems") / "data" / f"{name}.npz") as path, np.load(path) as file:
        arrays = dict(file)
    if "decimals" in arrays:
        arrays["features"] = (arrays["features"] / 10.0 ** arrays.pop("decimals")[:, None]).T
    return arrays


def standardized(x):
    """Each column shifted and scaled to mean 0 and variance 1."""
    return (x - x.mean(axis=0)) / x.std(axis=0)
