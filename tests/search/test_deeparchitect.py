"""DeepArchitect: spaces by hand, networks that compute what their shapes say, laws of the draws, peers, errors."""

import json
import math

import numpy as np
import pytest
from scipy.stats import chisquare

from refimpl.core.autodiff import grad
from refimpl.core.random import stream
from refimpl.models.losses import softmax_cross_entropy
from refimpl.models.mlp import Layer
from refimpl.search import _deeparchitect_networks as networks
from refimpl.search import deeparchitect as da
from refimpl.specs.search.deeparchitect.cases import SPACES

LIKE = np.zeros(1)
SMALL = ["Concat", ["Affine", [4, 8]], ["Or", ["ReLU"], ["Concat", ["Tanh"], ["Optional", ["Dropout", [0.5, 0.9]]]]],
         ["Affine", [2]]]  # fmt: skip


def net(slug, layers, dims):
    return networks.weights(stream(0, "test-deeparchitect", slug), layers, dims, like=LIKE)


# Spaces --------------------------------------------------------------------------------------------------------------


def test_the_example_by_hand():
    space = da.parse(SMALL)
    found = [(history, p, [layer[0] for layer in end.layers]) for history, p, end in da.leaves(da.start(space, [3]))]
    assert [row[:2] for row in found[:4]] == [((0, 0), 1 / 4), ((0, 1, 0), 1 / 8), ((0, 1, 1, 0), 1 / 16),
                                              ((0, 1, 1, 1), 1 / 16)]  # fmt: skip
    assert found[1][2] == ["Affine", "Tanh", "Empty", "Affine"]
    assert len(found) == da.count(space) == 8
    assert sum(p for _, p, _ in found) == 1


def test_what_is_written_is_read_again():
    for text in SPACES.values():
        space = da.parse(text)
        assert da.parse(da.serialise(space)) == space
        assert da.parse(json.loads(text)) == space
        assert da.depth(space, halves=True) >= da.depth(space)


def test_sizes_of_spaces_of_the_papers_code():
    assert da.count(da.parse(networks.SPACE)) == 33_182_720
    assert da.count(da.parse(SPACES["reference"])) == 2025
    lists = ["UserHyperparams", [*range(18)], [*range(432)]]
    assert da.count(da.parse(["Repeat", lists, [2]])) == 60_466_176
    assert da.count(da.parse(["Repeat", ["Affine", [1, 2, 3]], [100]])) == 3**100  # beyond any array


def test_depth_is_that_of_the_longest_path():
    for name in ("example", "repeat", "tied", "swapped", "residual", "rates", "thirds", "rates-halved"):
        space = da.parse(SPACES[name])
        assert da.depth(space) == max(len(history) for history, _, _ in da.leaves(da.start(space, [3])))
        halved = da.parse(["ChoiceBisection", json.loads(SPACES[name])])
        assert da.depth(space, halves=True) == max(len(history) for history, *_ in da.leaves(da.start(halved, [3])))


def test_each_network_has_one_path_by_halves():
    for name in ("example", "repeat", "tied", "swapped", "residual"):
        plain = da.start(da.parse(SPACES[name]), [3])
        halves = da.start(da.parse(["ChoiceBisection", json.loads(SPACES[name])]), [3])
        one, two = ([end.layers for *_, end in da.leaves(root)] for root in (plain, halves))
        assert one == two  # in the same order, too


def test_a_state_is_not_changed_by_a_choice():
    root = da.start(da.parse(SPACES["repeat"]), [3])
    first = [da.choose(root, i) for i in range(3)]
    assert first == [da.choose(root, i) for i in range(3)]
    assert root == da.start(da.parse(SPACES["repeat"]), [3])


def test_choices_are_those_that_were_written():
    state = da.start(da.parse(SMALL), [3])
    assert da.choices(state) == ("Affine", (4, 8))
    state = da.choose(state, 1)
    name, branches = da.choices(state)
    assert (name, [branch.kind for branch in branches]) == ("Or", ["ReLU", "Concat"])
    assert da.choices(da.choose(state, 0)) == ("", ())
    halved = da.start(da.parse(["ChoiceBisection", ["Affine", [1, 2, 3]]]), [3])
    assert da.choices(halved)[1] == ((1,), (2, 3))


def test_a_space_without_an_end_is_refused():
    endless = ["Concat"]
    endless.append(endless)
    with pytest.raises(ValueError, match="tree must have an end"):
        da.parse(endless)
    with pytest.raises(TypeError, match="values of Affine must be a list"):
        da.parse(["Affine", iter(range(3))])


@pytest.mark.parametrize(
    ("tree", "error", "message"),
    [
        ("[", ValueError, "tree must be JSON"),
        (["Affin", [3]], ValueError, "tree must be one of"),
        (["Affine"], ValueError, "tree must have 1 arguments of Affine, got 0"),
        (["Or"], ValueError, "tree must have some arguments of Or"),
        (["Affine", []], ValueError, "values of Affine"),
        (["Affine", [0]], ValueError, "values of Affine"),
        (["Dropout", [0.0]], ValueError, "values of Dropout"),
        (["Conv2D", [3], [3], [1], ["same"]], ValueError, "values of Conv2D"),
        (["Repeat", ["ReLU"], [0, 1]], ValueError, "values of Repeat"),
        (["UserHyperparams", [math.nan]], ValueError, "values of UserHyperparams"),
        (3, ValueError, "tree must be a list"),
    ],
)
def test_bad_trees_are_refused(tree, error, message):
    with pytest.raises(error, match=message):
        da.parse(tree)


def test_windows_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="in_dims of Conv2D must be at least its window, 5"):
        da.start(da.parse(["Conv2D", [3], [5], [1], ["VALID"]]), [4, 9, 1])
    with pytest.raises(ValueError, match="in_dims of MaxPool2D must be \\(height"):
        da.start(da.parse(["MaxPool2D", [2], [2], ["SAME"]]), [4])


# Searches ------------------------------------------------------------------------------------------------------------


def _by_width(layers):
    return layers[0][1] / 8


def test_random_search_has_the_law_of_the_leaves():
    root = da.start(da.parse(SMALL), [3])
    expected = {history: p for history, p, _ in da.leaves(root)}
    rng, seen = stream(0, "test-deeparchitect", "law"), dict.fromkeys(expected, 0)
    for draws in rng.random((1600, 4)).tolist():
        seen[da.roll(root, draws)[1]] += 1
    assert chisquare(list(seen.values()), 1600 * np.array(list(expected.values()))).pvalue > 1e-4


def test_all_searches_count_what_they_look_at():
    space, rng = da.parse(SMALL), stream(0, "test-deeparchitect", "count")
    runs = [
        da.random_search(rng, space, [3], _by_width, budget=20),
        da.tree_search(rng, space, [3], _by_width, budget=20),
        da.tree_search(rng, space, [3], _by_width, budget=20, bisected=True),
        da.model_search(rng, space, [3], _by_width, budget=20, like=LIKE, samples=5),
    ]
    for found in runs:
        assert len(found.scores) == len(found.models) == len(found.histories) == 20
        assert found.scores == [_by_width(layers) for layers in found.models]
    for found in runs[1:3]:
        assert found.tree.visits == 20
        assert sum(child.visits for child in found.tree.children) == 19  # the first evaluation stops at the root
        assert found.tree.total == pytest.approx(sum(found.scores))


def test_a_network_that_cannot_be_trained_leaves_no_visit():
    space, rng = da.parse(SMALL), stream(0, "test-deeparchitect", "invalid")
    score = lambda layers: None if layers[0] == ("Affine", 8) else 0.5
    for found in (da.tree_search(rng, space, [3], score, budget=40),
                  da.random_search(rng, space, [3], score, budget=40)):  # fmt: skip
        assert 0 < len(found.scores) < 40
        assert all(layers[0] == ("Affine", 4) for layers in found.models)
    tree, *_, score = da.update(da.init(), da.start(space, [3]), lambda layers: None, [0.5] * 4, [0.5] * 4)
    assert score is None
    assert tree == da.Node(0, 0.0, (da.init(), da.init()))


def test_a_tree_search_in_the_end_takes_the_best():
    space = da.parse(["Concat", ["Affine", [1, 2, 3, 4, 5, 6, 7, 8]], ["Or", ["ReLU"], ["Tanh"]]])
    score = lambda layers: layers[0][1] / 10 + 0.1 * (layers[1][0] == "Tanh")
    for bisected in (False, True):
        rng = stream(0, "test-deeparchitect", "best")
        found = da.tree_search(rng, space, [3], score, budget=300, c=0.1, bisected=bisected)
        late = found.models[-50:]
        assert late.count((("Affine", 8), ("Tanh",))) > 25


def test_the_surrogate_learns_a_value_but_not_from_kinds_alone():
    space = da.parse(["Concat", ["UserHyperparams", [*range(16)]], ["Affine", [2, 3]]])
    score = lambda layers: float(layers[0][1] == 11)
    hits = {}
    for values in (True, False):
        rng = stream(0, "test-deeparchitect", "values")
        found = da.model_search(rng, space, [3], score, budget=60, like=LIKE, values=values)
        hits[values] = sum(found.scores)
    assert hits[True] > 30
    assert hits[False] < 15


def test_ridge_is_scikit_learns_and_minds_no_constant_feature():
    linear_model = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed (`make peers`)")
    rng = stream(0, "test-deeparchitect", "ridge")
    for n, p in ((9, 4), (4, 9)):
        X, y, asked = rng.standard_normal((n, p)), rng.standard_normal(n), rng.standard_normal((5, p))
        X[:, 0] = 2.0
        got = da.predict(X, y, asked, penalty=0.7)
        np.testing.assert_allclose(got, linear_model.Ridge(alpha=0.7).fit(X, y).predict(asked), atol=1e-12)
        np.testing.assert_allclose(got, da.predict(X[:, 1:], y, asked[:, 1:], penalty=0.7), atol=1e-12)


def test_budgets_below_one_and_other_bad_settings_are_refused():
    space, rng = da.parse(SMALL), stream(0, "test-deeparchitect", "errors")
    for search in (da.random_search, da.tree_search):
        with pytest.raises(ValueError, match="budget must be an integer >= 1"):
            search(rng, space, [3], _by_width, budget=0)
        with pytest.raises(ValueError, match="what evaluate returns must be a finite number"):
            search(rng, space, [3], lambda layers: math.nan, budget=3)
    with pytest.raises(ValueError, match="budget must be an integer >= 1"):
        da.model_search(rng, space, [3], _by_width, budget=0, like=LIKE)
    with pytest.raises(ValueError, match="explore must be a number in"):
        da.propose(np.ones((1, 1)), np.ones(1), np.ones((1, 1)), 0.5, 0.5, explore=1.5)
    with pytest.raises(ValueError, match="draws must have one for each choice, got 2"):
        da.roll(da.start(space, [3]), [0.9, 0.9])
    with pytest.raises(ValueError, match="index must be one of 2 values, got 2"):
        da.choose(da.start(space, [3]), 2)


# Networks ------------------------------------------------------------------------------------------------------------


def test_outputs_have_the_shapes_that_are_told():
    for name, dims in (("residual", [2, 3]), ("residual-twice", [3]), ("swapped", [4]), ("convolutions", [32, 29, 2])):
        found = [end for *_, end in da.leaves(da.start(da.parse(SPACES[name]), dims))]
        for end in found[:: max(1, len(found) // 12)]:
            y = networks.apply(end.layers, net(name, end.layers, dims), np.ones((2, *dims)))
            assert y.shape == (2, *end.dims) == (2, *da.shape(end.layers, dims))


def test_pooling_and_convolution_by_hand():
    image = np.arange(9.0).reshape(1, 3, 3, 1)
    pooled = networks.apply((("MaxPool2D", 2, 2, "SAME"),), [None], image)
    np.testing.assert_array_equal(pooled[0, :, :, 0], [[4, 5], [7, 8]])
    mean = networks.apply((("AvgPool2D", 2, 2, "SAME"),), [None], image)
    np.testing.assert_array_equal(mean[0, :, :, 0], [[2, 3.5], [6.5, 8]])  # what lies outside does not count
    sums = Layer(np.ones((2, 2, 1, 1)), np.zeros(1))
    valid = networks.apply((("Conv2D", 1, 2, 1, "VALID"),), [sums], image)
    np.testing.assert_array_equal(valid[0, :, :, 0], [[8, 12], [20, 24]])
    same = networks.apply((("Conv2D", 1, 2, 2, "SAME"),), [sums], image)
    np.testing.assert_array_equal(same[0, :, :, 0], [[8, 7], [13, 8]])
    normal = networks.apply((("BatchNorm",), ("Sigmoid",)), [None] * 2, np.array([[1.0], [3.0]]))
    np.testing.assert_allclose(normal[:, 0], 1 / (1 + np.exp([1, -1] / np.sqrt(1 + 1e-5))), rtol=1e-12)


@pytest.mark.torch
def test_convolutions_and_pooling_are_pytorchs():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    x = stream(0, "test-deeparchitect", "torch").standard_normal((2, 9, 8, 3))
    layers = (("Conv2D", 5, 3, 2, "VALID"), ("MaxPool2D", 2, 1, "VALID"), ("AvgPool2D", 2, 1, "VALID"))
    params = net("torch", layers, [9, 8, 3])
    kernel = torch.tensor(params[0].W.transpose(3, 2, 0, 1).copy())
    y = torch.nn.functional.conv2d(torch.tensor(x.transpose(0, 3, 1, 2).copy()), kernel, stride=2)
    y = torch.nn.functional.avg_pool2d(torch.nn.functional.max_pool2d(y, 2, 1), 2, 1)
    np.testing.assert_allclose(networks.apply(layers, params, x), y.numpy().transpose(0, 2, 3, 1), atol=1e-13)


def test_the_gradient_is_that_of_the_tape():
    layers = (("Affine", 5), ("Tanh",), ("Dropout", 0.75), ("Affine", 4), ("ReLU",), ("Empty",), ("Affine", 3))
    params, rng = net("gradient", layers, [6]), stream(0, "test-deeparchitect", "gradient")
    X, y, u = rng.standard_normal((7, 6)), rng.integers(0, 3, 7), rng.random((7, 5))
    got = networks._gradient(layers, params, X, y, lambda shape: u)
    index = [l for l, layer in enumerate(layers) if layer[0] == "Affine"]

    def loss(theta):
        full = [None] * len(layers)
        for l, pair in zip(index, theta, strict=True):
            full[l] = Layer(*pair)
        h = X
        for layer, weight in zip(layers, full, strict=True):
            h = networks._layer(layer, weight, h, lambda like: u)
        return softmax_cross_entropy(h, y)

    expected = grad(loss)([tuple(params[l]) for l in index])
    for l, pair in zip(index, expected, strict=True):
        for a, b in zip(got[l], pair, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-14)
    assert [slope is None for slope in got] == [layer[0] != "Affine" for layer in layers]


def test_dropout_keeps_the_mean():
    x, u = np.full((200, 100), 3.0), stream(0, "test-deeparchitect", "dropout").random((200, 100))
    assert networks.dropout(x, u, 0.9).mean() == pytest.approx(3, abs=0.03)
    assert (networks.dropout(x, u, 0.9) == 0).mean() == pytest.approx(0.1, abs=0.01)


def test_networks_on_every_backend(backend):
    layers = (("Residual", ("Affine", 3), ("Tanh",)), ("Sigmoid",), ("Dropout", 0.5), ("BatchNorm",), ("Affine", 2))
    params = networks.weights(stream(0, "test-deeparchitect", "b"), layers, [4], like=backend.asarray([0.0]))
    x = backend.asarray([[1.0, -1.0, 0.5, 2.0], [0.0, 1.0, 2.0, -1.0]])
    y = networks.apply(layers, params, x)
    assert y.dtype == backend.dtype
    plain = networks.apply(layers, networks.weights(stream(0, "test-deeparchitect", "b"), layers, [4], like=LIKE),
                           backend.to_numpy(x).astype(float))  # fmt: skip
    np.testing.assert_allclose(backend.to_numpy(y), plain, atol=1e3 * backend.tolerance)


def test_digits_are_learned_and_a_network_has_one_score():
    layers = (("UserHyperparams", 0.05, 0.9), ("Affine", 32), ("ReLU",), ("Affine", 10))
    score = networks.evaluate(layers)
    assert score == networks.evaluate(layers) > 0.85
    assert networks.evaluate(layers, epochs=8, patience=3, reduce=1) >= score
    assert networks.evaluate((("UserHyperparams", 1e-4, 0.0), *layers[1:])) < 0.4
    assert networks.evaluate((("UserHyperparams", 1e300, 0.9), *layers[1:])) < 0.4
    assert [len(part) for part in networks.split()] == [600] * 4
