"""The probe of `noisyopt.minimizeSPSA`, read off one step; the given directions stand in for its draws of signs."""

from unittest.mock import patch

import numpy as np
from noisyopt import minimizeSPSA

from refimpl.oracle.candidates import NotApplicable

FAR = 1e12  # so long a step that where it started is lost in it


def spsa_quadratic(A, b, w, z, eps):
    """Slopes along the directions; it divides by their entries, so that its gradient times an entry is the slope."""
    if not np.all(np.any(z != 0, axis=1)):
        raise NotApplicable("it divides by the direction")
    slopes, settings = [], {"niter": 1, "paired": False, "a": FAR, "alpha": 0.0, "c": float(eps), "gamma": 0.0}
    for direction in z:
        place = int(np.argmax(np.abs(direction)))
        with patch("numpy.random.choice", return_value=direction):
            moved = minimizeSPSA(lambda x: x @ A @ x / 2 - b @ x, w.copy(), **settings).x
        slopes.append((w[place] - moved[place]) / FAR * direction[place])
    return np.array(slopes)
