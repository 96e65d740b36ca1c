"""Small connected graphs as 0/1 adjacency matrices."""

import numpy as np

from refimpl.core import check


def from_edges(n, edges):
    """Undirected graph of given edges.

    Parameters
    ----------
    n : int
        >= 2. Number of nodes, which are called 0 to n - 1.
    edges : sequence of (int, int)
        Each undirected edge once or twice.

    Returns
    -------
    numpy.ndarray, shape [n, n]
        Symmetric adjacency matrix of zeros and ones, float64.

    Raises
    ------
    TypeError, ValueError
        If `n` is no integer >= 2, an edge leaves the nodes or is a loop, or the graph is not connected.

    Examples
    --------
    >>> from_edges(3, [(0, 1), (1, 2)])
    array([[0., 1., 0.],
           [1., 0., 1.],
           [0., 1., 0.]])
    """
    n = check.integer(n=n, minimum=2)
    adjacency = np.zeros((n, n))
    check.sequence(edges=edges)
    for i, j in edges:
        if not (0 <= i < n and 0 <= j < n and i != j):
            raise ValueError(f"edges must join two different nodes from 0 to {n - 1}, got ({i}, {j})")
        adjacency[i, j] = adjacency[j, i] = 1.0
    if not connected(adjacency):
        raise ValueError(f"edges must connect all {n} nodes")
    return adjacency


def connected(adjacency):
    """Whether every node of an adjacency matrix [n, n] can be reached from node 0.

    Examples
    --------
    >>> connected(np.eye(2)), connected(np.ones((2, 2)))
    (False, True)
    """
    check.finite(adjacency=adjacency), check.shapes(adjacency=(adjacency, "n n"))
    reached, new = np.zeros(len(adjacency), dtype=bool), np.zeros(len(adjacency), dtype=bool)
    new[0] = True
    while new.any():
        reached |= new
        new = (adjacency[new] > 0).any(axis=0) & ~reached
    return bool(reached.all())


def cycle(n, chords=()):
    """Ring of n >= 3 nodes, with further edges `chords`; other arguments as for `from_edges`.

    Examples
    --------
    >>> cycle(4, [(0, 2)]).sum(axis=1)
    array([3., 2., 3., 2.])
    """
    n = check.integer(n=n, minimum=3)
    check.instance((list, tuple), chords=chords)
    return from_edges(n, [*((i, (i + 1) % n) for i in range(n)), *chords])


def random_cycle(n, chords, rng):
    """Ring of n nodes and so many random chords, drawn with a NumPy generator: connected by construction.

    Raises
    ------
    TypeError, ValueError
        If `n` is no integer >= 3 or there are not so many chords.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> int(random_cycle(8, 3, stream(0, "doc")).sum() / 2)
    11
    """
    check.rng(rng=rng)
    ring = cycle(n)
    free = np.argwhere(np.triu(1 - ring, k=1))
    chords = check.integer(chords=chords)
    if chords > len(free):
        raise ValueError(f"chords must be at most {len(free)} for {n} nodes, got {chords}")
    return cycle(n, free[rng.permutation(len(free))[:chords]].tolist())


def path(n):
    """Nodes in a row, each joined to the next.

    Examples
    --------
    >>> path(3).sum(axis=1)
    array([1., 2., 1.])
    """
    n = check.integer(n=n, minimum=2)
    return from_edges(n, [(i, i + 1) for i in range(n - 1)])


def grid(rows, columns):
    """Rectangular grid; node ``i * columns + j`` stands in row i and column j.

    Raises
    ------
    TypeError, ValueError
        If a size is no integer >= 1 or there is only one node.

    Examples
    --------
    >>> grid(2, 3).sum(axis=1)
    array([2., 3., 2., 2., 3., 2.])
    """
    rows, columns = check.integer(rows=rows, columns=columns, minimum=1)
    nodes = np.arange(rows * columns).reshape(rows, columns)
    across = np.stack([nodes[:, :-1].ravel(), nodes[:, 1:].ravel()], axis=1)
    down = np.stack([nodes[:-1].ravel(), nodes[1:].ravel()], axis=1)
    return from_edges(rows * columns, np.concatenate([across, down]).tolist())


def snake(rows, columns):
    """A path along the edges of `grid` that visits each node once: to the right, to the left, and so on.

    Returns
    -------
    list of int
        The nodes in order.

    Examples
    --------
    >>> snake(3, 3)
    [0, 1, 2, 5, 4, 3, 6, 7, 8]
    """
    rows, columns = check.integer(rows=rows, columns=columns, minimum=1)
    nodes = np.arange(rows * columns).reshape(rows, columns)
    nodes[1::2] = nodes[1::2, ::-1]
    return nodes.ravel().tolist()
