"""One seed, one trajectory, on every backend; draws have the distribution that they claim."""

import numpy as np
import pytest

from refimpl.core import random
from refimpl.core.loop import iterate

DRAWS = {
    "normal": lambda rng, like: random.normal(rng, (3, 4), like=like),
    "uniform": lambda rng, like: random.uniform(rng, (3, 4), like=like, low=-1.0, high=2.0),
    "signs": lambda rng, like: random.signs(rng, (3, 4), like=like),
    "indices": lambda rng, like: random.indices(rng, 10, (3, 4), like=like),
    "permutation": lambda rng, like: random.indices(rng, 10, (6,), like=like, replace=False),
    "sobol": lambda rng, like: random.sobol(rng, (6, 3), like=like),
}


@pytest.mark.parametrize("name", DRAWS)
def test_same_draws_on_every_backend(name, backend):
    like = backend.asarray([0.0])
    x = DRAWS[name](random.stream(5, "test"), like)
    expected = DRAWS[name](random.stream(5, "test"), np.zeros(1))
    integers = name in ("indices", "permutation")
    assert x.dtype == (backend.xp.int64 if integers else backend.dtype)
    assert x.device == like.device
    np.testing.assert_array_equal(backend.to_numpy(x), expected if integers else expected.astype(backend.precision))


def test_same_trajectory_on_every_backend(backend):
    """A noisy gradient descent with momentum, signs and a random batch, fifty steps."""

    def run(asarray):
        rng = random.stream(3, "trajectory")
        data = asarray(np.random.default_rng(0).standard_normal((20, 4)))

        def step(x, k):
            rows = random.indices(rng, 20, (5,), like=x)
            batch = (
                x.__array_namespace__().take(data, rows, axis=0) if hasattr(x, "__array_namespace__") else data[rows]
            )
            noise = 0.1 * random.normal(rng, (4,), like=x) + 0.01 * random.signs(rng, (4,), like=x)
            return x - 0.1 * ((batch @ x) @ batch / 5 + noise)

        return iterate(step, asarray(np.ones(4)), steps=50).state

    result = backend.to_numpy(run(backend.asarray))
    np.testing.assert_allclose(result, run(np.asarray), rtol=1e3 * backend.tolerance)


def test_streams_are_known_numbers():
    """A change of NumPy or of the seeding that changes every recorded experiment shows here."""
    assert random.stream(0, "a", 1).integers(0, 2**32, 3).tolist() == [443337722, 2658260136, 2145423938]


def test_streams_differ_by_seed_and_by_every_name():
    streams = [(0,), (1,), (0, "a"), (0, "b"), (0, "a", 0), (0, "a", 1), (0, "a", "1"), (0, "a1")]
    first = {random.stream(*names).standard_normal() for names in streams}
    assert len(first) == len(streams)


@pytest.mark.parametrize("seed", [-1, 1.0, "0", None, True])
def test_bad_seeds(seed):
    with pytest.raises((TypeError, ValueError), match="seed must be an integer >= 0, got"):
        random.stream(seed)


def test_distributions():
    """Means and variances within five standard errors of their values, for 100 000 draws."""
    n, like = 100_000, np.zeros(1)
    for name, x, mean, variance in (
        ("normal", random.normal(random.stream(1), (n,), like=like), 0.0, 1.0),
        ("uniform", random.uniform(random.stream(1), (n,), like=like, low=-1.0, high=3.0), 1.0, 16 / 12),
        ("signs", random.signs(random.stream(1), (n,), like=like), 0.0, 1.0),
        ("indices", random.indices(random.stream(1), 7, (n,), like=like), 3.0, 48 / 12),
    ):
        assert abs(x.mean() - mean) < 5 * (variance / n) ** 0.5, name
        assert abs(x.var() - variance) < 0.05 * variance, name
    assert set(random.signs(random.stream(1), (n,), like=like)) == {-1.0, 1.0}
    x = random.uniform(random.stream(1), (n,), like=like, low=-1.0, high=3.0)
    assert -1 <= x.min() < x.max() < 3
    assert set(random.indices(random.stream(1), 7, (n,), like=like)) == set(range(7))


def test_indices_without_replacement():
    like = np.zeros(1)
    assert sorted(random.indices(random.stream(2), 9, (9,), like=like, replace=False)) == list(range(9))
    with pytest.raises(ValueError, match="high must be an integer >= 1, got 0"):
        random.indices(random.stream(2), 0, (1,), like=like)


def test_native_draws_are_the_same_where_there_is_no_other_generator():
    for function in (random.normal, random.uniform, random.signs):
        draws = [function(random.stream(4), (3,), like=np.zeros(1), native=native) for native in (False, True)]
        assert draws[0].tolist() == draws[1].tolist()


@pytest.mark.gpu
def test_native_draws_on_the_device(backend):
    if backend.name != "cupy":
        pytest.skip("only CuPy has a generator of its own")
    like = backend.asarray([0.0])
    for function in (random.normal, random.uniform, random.signs):
        x, again = (function(random.stream(4), (10_000,), like=like, native=True) for _ in range(2))
        assert (x.dtype, x.device) == (like.dtype, like.device)
        assert bool((x == again).all())
        assert abs(float(x.mean()) - (0.5 if function is random.uniform else 0.0)) < 0.05
