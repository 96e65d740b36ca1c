"""NetworkX: the random walk behind PageRank."""

import networkx as nx
import numpy as np

from refimpl.oracle.candidates import NotApplicable


def base_chain(adjacency, kind):
    """`google_matrix` without teleportation."""
    if kind != "simple":
        raise NotApplicable("it has the simple random walk alone")
    return {
        "P": np.asarray(nx.google_matrix(nx.from_numpy_array(np.array(adjacency)), alpha=1.0), dtype=adjacency.dtype)
    }
