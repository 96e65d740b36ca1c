"""The loop behind the drivers, and trees of arrays."""

from typing import NamedTuple

import numpy as np
import pytest

from refimpl.core import tree
from refimpl.core.loop import Run, iterate


def test_iterate_counts_records_and_stops():
    seen = []

    def step(x, k):
        seen.append(k)
        return x + k

    run = iterate(step, 0, steps=4, record=lambda x: {"x": x, "square": x * x})
    assert run == Run(10, {"x": [0, 1, 3, 6, 10], "square": [0, 1, 9, 36, 100]}, 4, False)
    assert seen == [1, 2, 3, 4]
    run = iterate(step, 0, steps=4, record=lambda x: {"x": x}, stop=lambda x: x >= 3)
    assert run == Run(3, {"x": [0, 1, 3]}, 2, True)


def test_iterate_at_the_edges():
    assert iterate(None, 7, steps=0) == Run(7, {}, 0, False)
    assert iterate(abs, 7, steps=5, stop=lambda x: True) == Run(7, {}, 0, True)
    # The last state is not asked: nothing was cut short.
    assert iterate(lambda x, k: x + 1, 0, steps=2, stop=lambda x: x == 2) == Run(2, {}, 2, False)
    for steps in (-1, 1.5, True):
        with pytest.raises((TypeError, ValueError), match="steps must be an integer >= 0, got"):
            iterate(None, 0, steps=steps)


def test_progress_goes_to_standard_error_and_changes_nothing(capsys):
    plain, shown = (iterate(lambda x, k: x + k, 0, steps=3, progress=title) for title in (None, "counting"))
    assert plain == shown
    assert capsys.readouterr().out == ""


class Layer(NamedTuple):
    weight: object
    bias: object


def example(backend):
    return {
        "b": Layer(backend.asarray([[1.0, 2.0], [3.0, 4.0]]), None),
        "a": [backend.asarray(5.0), (backend.asarray([6.0]), ())],
    }


def test_leaves_map_and_ravel(backend):
    given = example(backend)
    assert [float(backend.xp.max(leaf)) for leaf in tree.leaves(given)] == [5.0, 6.0, 4.0]
    doubled = tree.map(lambda x, y: x + y, given, given)
    assert isinstance(doubled["b"], Layer)
    assert list(doubled) == ["b", "a"]
    assert doubled["b"].bias is None
    assert isinstance(doubled["a"], list)
    assert isinstance(doubled["a"][1], tuple)
    flat, unravel = tree.ravel(given)
    assert flat.dtype == backend.dtype
    assert flat.device == given["b"].weight.device
    assert backend.to_numpy(flat).tolist() == [5.0, 6.0, 1.0, 2.0, 3.0, 4.0]
    back = unravel(2 * flat)
    assert list(back) == ["b", "a"]
    for a, b in zip(tree.leaves(back), tree.leaves(doubled), strict=True):
        assert a.shape == b.shape
        np.testing.assert_array_equal(backend.to_numpy(a), backend.to_numpy(b))


def test_one_array_is_a_tree():
    x = np.arange(3.0)
    flat, unravel = tree.ravel(x)
    assert flat.tolist() == unravel(flat).tolist() == x.tolist()
    assert tree.leaves(None) == tree.leaves({}) == []
    assert tree.unflatten([0, {"k": 0}], "ab") == ["a", {"k": "b"}]


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ((1, 2), [1, 2], r"tree and others must be alike, got \['tuple', 'list'\]"),
        ((1, 2), (1, 2, 3), "tree and others must have the same length"),
        ({"a": 1}, {"b": 1}, r"tree and others must have the same keys, got \[\['a'\], \['b'\]\]"),
        ({"a": (1,)}, {"a": 1}, r"tree and others must be alike, got \['tuple', 'int'\]"),
        (Layer(1, 2), (1, 2), "tree and others must be alike"),
    ],
)
def test_different_structures_are_refused(one, other, message):
    with pytest.raises(ValueError, match=message):
        tree.map(lambda *leaves: leaves, one, other)


def test_an_empty_tree_has_no_flat_array():
    with pytest.raises(ValueError, match="tree must hold at least one array, got none"):
        tree.ravel({"a": ()})
