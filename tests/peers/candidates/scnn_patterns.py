"""pip pyscnn (pilancilab/scnn): the activation patterns of given gates, in the order in which they appear."""

import numpy as np
from scnn.activations import compute_activation_patterns


def patterns(X, draws):
    """`compute_activation_patterns` with the zero pattern kept; it sorts them and tells the gate of each."""
    D, gates = compute_activation_patterns(X, draws.T, filter_zero=False)
    first = [np.flatnonzero((draws == gate).all(axis=1))[0] for gate in gates.T]
    return D[:, np.argsort(first)]


def patterns_as_it_comes(X, draws):
    """The same with its defaults, which leave out the zero pattern."""
    D, gates = compute_activation_patterns(X, draws.T)
    first = [np.flatnonzero((draws == gate).all(axis=1))[0] for gate in gates.T]
    return D[:, np.argsort(first)]
