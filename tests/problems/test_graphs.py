"""Graphs: symmetric, connected, of the degrees that their names promise; what is no graph is refused."""

import numpy as np
import pytest

from refimpl.core.random import stream
from refimpl.problems import graphs

EVERY = {
    "cycle": graphs.cycle(7),
    "chords": graphs.cycle(8, [(0, 4), (1, 5), (2, 7)]),
    "path": graphs.path(5),
    "grid": graphs.grid(3, 4),
    "row": graphs.grid(1, 4),
    "random": graphs.random_cycle(9, 6, stream(0, "test-graphs")),
    "star": graphs.from_edges(4, [(0, 1), (0, 2), (0, 3), (3, 0)]),
}


@pytest.mark.parametrize("name", EVERY)
def test_adjacency_matrices_are_symmetric_and_their_powers_reach_everyone(name):
    A = EVERY[name]
    np.testing.assert_array_equal(A, A.T)
    assert set(np.unique(A)) <= {0.0, 1.0}
    assert not A.diagonal().any()
    assert (np.linalg.matrix_power(A + np.eye(len(A)), len(A)) > 0).all()
    assert graphs.connected(A)


def test_numbers_of_edges():
    edges = {name: int(A.sum() / 2) for name, A in EVERY.items()}
    expected = {"cycle": 7, "chords": 11, "path": 4, "grid": 3 * 3 + 2 * 4, "row": 3, "random": 15, "star": 3}
    assert edges == expected
    full = graphs.random_cycle(5, 5, stream(0, "test-graphs"))
    np.testing.assert_array_equal(full, 1 - np.eye(5))


@pytest.mark.parametrize("size", [(1, 2), (2, 2), (3, 4), (5, 5)])
def test_a_snake_follows_the_edges_of_its_grid(size):
    A, path = graphs.grid(*size), graphs.snake(*size)
    assert sorted(path) == list(range(len(A)))
    assert A[path[:-1], path[1:]].all()


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: graphs.from_edges(3, [(0, 1)]), "edges"),
        (lambda: graphs.from_edges(3, [(0, 1), (1, 3)]), "edges"),
        (lambda: graphs.from_edges(3, [(0, 1), (1, 2), (2, 2)]), "edges"),
        (lambda: graphs.from_edges(1, []), "n must be"),
        (lambda: graphs.cycle(2), "n must be"),
        (lambda: graphs.random_cycle(4, 3, stream(0, "test-graphs")), "chords"),
        (lambda: graphs.grid(0, 3), "rows"),
        (lambda: graphs.grid(1, 1), "n must be"),
        (lambda: graphs.path(1), "n must be"),
    ],
)
def test_what_is_refused_is_named(call, word):
    with pytest.raises(ValueError, match=word):
        call()
