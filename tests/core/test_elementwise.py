"""`elementwise` gives the plain rule's bits, whatever it is called with; it may only be faster."""

import math
import multiprocessing
import operator
import os
import sys
import threading
import tracemalloc
from functools import lru_cache
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

import refimpl.core.elementwise as module
from refimpl.core import _loops, special
from refimpl.core.arrays import array_namespace
from refimpl.core.elementwise import BLOCK as BYTES
from refimpl.core.elementwise import LARGE, all_finite, elementwise, least, sum_of_squares, threads
from tests.thorough import sample

pytestmark = pytest.mark.xdist_group("loops")  # each is compiled once in a process


@pytest.fixture(params=["ufuncs", "loops"], autouse=True)
def way(request, monkeypatch):
    """Everything is tested with Numba and without."""
    if request.param == "ufuncs":
        monkeypatch.setattr(_loops, "numba", lambda: None)
    elif _loops.numba() is None:
        pytest.skip("Numba is not installed")
    return request.param


def lion(params, momentum, grad, lr, beta1, beta2, weight_decay):
    xp = array_namespace(params)
    c = beta1 * momentum + (1 - beta1) * grad
    params = params - lr * (xp.sign(c) + weight_decay * params)
    return params, beta2 * momentum + (1 - beta2) * grad


def adam(params, first, second, grad, lr, step):
    xp = array_namespace(params)
    first = 0.9 * first + (1 - 0.9) * grad
    second = 0.999 * xp.abs(second) + (1 - 0.999) * grad**2
    return params - lr * (first / (1 - 0.9**step)) / (xp.sqrt(second / (1 - 0.999**step)) + 1e-8), first, second


def transcendental(x, y):
    xp = array_namespace(x)
    return xp.exp(-(x**2)) * xp.tanh(y) + xp.sin(x) ** 3 / (1 + xp.abs(y) ** 0.5) + xp.log1p(xp.abs(x))


def choosing(x, y, bound):
    xp = array_namespace(x)
    inner = xp.where((x > y) & (x < bound), x, 0.5 * y)
    return (
        xp.minimum(inner, bound * xp.ones_like(x)),
        xp.astype(x > 0, x.dtype) - xp.maximum(x, xp.zeros_like(x)),
        x > y,
    )


def shape_of_the_whole(x):
    return x / (1 + sum(x.shape)) + x.ndim


def special_functions(x):
    return special.erf(x) + special.sigmoid(x) * special.softplus(-x)


@lru_cache(maxsize=2)
def normals(shape):
    """As many as a rule has at most; drawn once for the tests of a shape, where drawing is most of the work."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape) for _ in range(4)]


def draws(count, shape, dtype):
    return [x.astype(dtype) for x in normals(shape)[:count]]


def same(results, expected):
    """Equal in every bit, dtype and shape, NaNs included; NumPy's 0-d scalars are arrays again."""
    assert isinstance(results, tuple) == isinstance(expected, tuple)
    results, expected = (x if isinstance(x, tuple) else (x,) for x in (results, expected))
    assert not any(isinstance(x, np.generic) for x in results)
    expected = [np.asarray(x) if isinstance(x, np.generic) else x for x in expected]
    assert len(results) == len(expected)
    for a, b in zip(results, expected, strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        assert a.tobytes() == b.tobytes()


@pytest.fixture
def replays(monkeypatch):
    """Counts how often the blocks were used."""
    calls = []
    replay = module._replay
    monkeypatch.setattr(module, "_replay", lambda *args: (calls.append(1), replay(*args))[1])
    return calls


RULES = {
    "lion": (lion, 3, {"lr": 1e-3, "beta1": 0.9, "beta2": 0.99, "weight_decay": 0.1}),
    "adam": (adam, 4, {"lr": 1e-3, "step": 7}),
    "transcendental": (transcendental, 2, {}),
    "choosing": (choosing, 2, {"bound": 0.8}),
    "shape": (shape_of_the_whole, 1, {}),
    "special": (special_functions, 1, {}),
}
BLOCK = BYTES // 8  # entries of float64
SHAPES = sample([(5 * BLOCK - 3,)], [(LARGE,), (LARGE + 1,), (7 * BLOCK + 12345,), (3, LARGE // 2), (LARGE, 1)])
SMALL = sample([(0,), (3, 5)], [(), (1,), (17,), (LARGE - 1,)])


# To compile loops is what is dear here: each rule in one precision, lion in both.
IN_ONE = [("lion", "float32"), ("lion", "float64"), ("adam", "float32"), ("transcendental", "float64")]
IN_ONE += [("choosing", "float64"), ("shape", "float64"), ("special", "float32")]
IN_THE_OTHER = sorted(set(product(RULES, ("float32", "float64"))) - set(IN_ONE))


@pytest.mark.parametrize(("rule", "dtype"), sample(IN_ONE, IN_THE_OTHER))
@pytest.mark.parametrize("shape", SHAPES + SMALL, ids=str)
def test_same_bits_as_the_plain_rule(rule, dtype, shape, replays):
    function, count, scalars = RULES[rule]
    arrays = draws(count, shape, dtype)
    arrays = [np.asarray(x) for x in arrays]
    with np.errstate(all="ignore"):
        same(elementwise(function)(*arrays, **scalars), function(*arrays, **scalars))
    assert len(replays) == (shape in SHAPES)


@pytest.mark.parametrize(
    ("rule", "dtype"),
    sample(
        [("lion", "float64"), ("adam", "float64"), ("choosing", "float32")],
        [("lion", "float32"), ("adam", "float32"), ("choosing", "float64")],
    ),
)
@pytest.mark.parametrize("shape", [*SHAPES, (17,)], ids=str)
def test_donated_memory_changes_no_bit(rule, dtype, shape):
    function, count, scalars = RULES[rule]
    arrays = draws(count, shape, dtype)
    expected = function(*(x.copy() for x in arrays), **scalars)
    addresses = [x.ctypes.data for x in arrays]
    results = elementwise(function)(*arrays, donate=True, **scalars)
    same(results, expected)
    if shape != (17,) and rule != "choosing":
        assert [x.ctypes.data for x in results] == addresses[: len(results)]


def test_a_rule_of_one_argument_takes_its_memory():
    x = draws(1, (LARGE,), np.float64)[0]
    expected = np.sqrt(abs(x))
    result = elementwise(lambda x: np.sqrt(abs(x)))(x, donate=True)
    assert result is x
    same((result,), (expected,))


def test_scalars_by_position_by_keyword_and_as_numpy_scalars(replays):
    arrays = draws(3, (LARGE,), np.float32)
    fast = elementwise(lion)
    rates = {"beta1": 0.9, "beta2": 0.99, "weight_decay": 0}
    for lr in (0.1, np.float32(0.1), np.float64(0.1), np.asarray(0.1), 1):
        expected = lion(*arrays, lr, 0.9, 0.99, 0)
        same(fast(*arrays, lr, 0.9, 0.99, 0), expected)
        same(fast(*arrays, lr=lr, **rates), expected)
        same(fast(arrays[0], grad=arrays[2], momentum=arrays[1], lr=lr, **rates), expected)
    assert len(replays) == 15


def test_inputs_are_left_alone():
    arrays = draws(3, (LARGE,), np.float64)
    copies = [x.copy() for x in arrays]
    results = elementwise(lion)(*arrays, 0.1, 0.9, 0.99, 0.1)
    same(tuple(arrays), tuple(copies))
    assert not any(np.may_share_memory(a, b) for a in results for b in arrays)


def x_y(shape=(LARGE,)):
    return draws(2, shape, np.float64)


@pytest.mark.parametrize(
    "made",
    [
        lambda x, y, both: (np.concatenate([x, y])[::2], y),
        lambda x, y, both: (np.asfortranarray(both), both),
        lambda x, y, both: (both, y),
        lambda x, y, both: (x, y.astype(np.float32)),
        lambda x, y, both: (np.ma.masked_array(x), y),
    ],
    ids=["strided", "fortran", "broadcast", "dtypes", "subclass"],
)
def test_other_arrays_take_the_plain_way(made, replays):
    x, y = x_y()
    arrays = made(x, y, np.stack([x, y]))
    rule = lambda x, y: (x + 2 * y) * 0.5
    result = elementwise(rule)(*arrays)
    assert type(result) is type(rule(*arrays))
    np.testing.assert_array_equal(result, rule(*arrays))
    assert not replays


OUTSIDE = np.arange(float(LARGE))


def in_place(x, y):
    x = x + 0
    x += y
    return x


@pytest.mark.parametrize(
    "rule",
    [
        lambda x, y: x - x.mean(),
        lambda x, y: x / np.sum(y),
        lambda x, y: np.cumsum(x),
        lambda x, y: x[::-1] + y,
        lambda x, y: x if np.max(x) > 0 else y,
        lambda x, y: x + OUTSIDE,
        lambda x, y: (x, x + y),
        lambda x, y: (y, x),
        lambda x, y: [x + y],
        lambda x, y: (x + y, 3.0),
        lambda x, y: np.modf(x),
        lambda x, y: x @ y,
        lambda x, y: 3.0,
        lambda x, y: (lambda z: (z, z))(x * y),
        lambda x, y: np.where(x > 0),
        lambda x, y: True * x + y,
        lambda x, y: array_namespace(x).clip(x, -0.3, 0.3),
        in_place,
    ],
)
@pytest.mark.parametrize("donate", [False, True])
def test_what_is_not_elementwise_takes_the_plain_way(rule, donate, replays):
    x, y = x_y()
    results, expected = elementwise(rule)(x.copy(), y.copy(), donate=donate), rule(x, y)
    np.testing.assert_equal(results, expected)
    assert not replays


def test_donation_waits_for_the_last_use_and_spares_shared_memory():
    def late(x, y):  # both results are known before the arguments are read for the last time
        a = x + y
        b = x * y
        return a, b, x - y

    x, y = x_y()
    expected = late(x, y)
    same(elementwise(late)(x.copy(), y.copy(), donate=True), expected)
    both = x.copy()
    same(elementwise(late)(both, both, donate=True), late(x, x))
    same((both,), (x,))
    frozen = x.copy()
    frozen.flags.writeable = False
    same(elementwise(late)(frozen, y.copy(), donate=True), expected)
    same((frozen,), (x,))


def divide(x, y):
    return x / y


def last_is_zero():
    x, y = x_y((8 * BLOCK,))
    y[-1] = 0.0
    return x, y


def test_errors_that_raise_are_raised_by_rules_of_many_calls(way):
    x, y = last_is_zero()
    rule = elementwise(lambda x, y: x / y + 1.0)
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError, match="divide"):
        rule(x, y)
    if way == "loops":  # which cannot warn
        assert np.isinf(rule(x, y)[-1])
    else:
        with pytest.warns(RuntimeWarning, match="divide by zero"):
            rule(x, y)


def test_error_state_of_the_caller_holds_in_every_thread():
    x, y = last_is_zero()
    fast = elementwise(divide)
    for _ in range(10):
        with np.errstate(divide="raise"), pytest.raises(FloatingPointError, match="divide"):
            fast(x, y)
        with np.errstate(divide="ignore"):
            assert np.isinf(fast(x, y)[-1])
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        fast(x, y)
    with pytest.raises(RuntimeWarning, match="divide by zero"):  # pytest turns warnings into errors
        fast(x, y)


def test_error_state_of_the_rule_holds(replays):
    def rule(x, y):
        with np.errstate(divide="ignore"):
            return x / y

    x, y = last_is_zero()
    same(elementwise(rule)(x, y), rule(x, y))
    assert not replays


def test_writing_down_the_rule_warns_of_nothing():
    x, y = x_y()
    x[0] = y[0] = 0.0
    with pytest.warns(RuntimeWarning, match="invalid value") as caught:
        elementwise(divide)(x, y)
    assert len(caught) == 1


def test_an_exception_of_the_rule_passes_through():
    def rule(x):
        raise KeyError("wrong")

    with pytest.raises(KeyError, match="wrong"):
        elementwise(rule)(OUTSIDE)


def test_an_exception_in_a_helper_thread_passes_through(monkeypatch):
    monkeypatch.setenv("REFIMPL_THREADS", "3")
    main = threading.get_ident()

    def make_work():
        def work(piece):
            if threading.get_ident() != main:
                raise KeyError("helper")
            started.wait(5)

        return work

    started = threading.Event()
    threading.Timer(0.2, started.set).start()
    with pytest.raises(KeyError, match="helper"):
        module._share(make_work, 100 * BLOCK, BLOCK)


@pytest.mark.parametrize("count", ["1", "2", "5"])
def test_any_number_of_threads_and_callers(count, monkeypatch):
    monkeypatch.setenv("REFIMPL_THREADS", count)
    assert threads() == int(count)
    arrays = draws(3, (9 * BLOCK + 1,), np.float32)
    expected = lion(*arrays, 0.1, 0.9, 0.99, 0.1)
    results = []
    callers = [
        threading.Thread(target=lambda: results.append(elementwise(lion)(*arrays, 0.1, 0.9, 0.99, 0.1)))
        for _ in range(4)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(results) == 4
    for result in results:
        same(result, expected)


@pytest.mark.parametrize("count", ["0", "-1", "two", ""])
def test_a_wrong_number_of_threads_is_refused(count, monkeypatch):
    monkeypatch.setenv("REFIMPL_THREADS", count)
    with pytest.raises(ValueError, match=f"REFIMPL_THREADS must be an integer >= 1, got '{count}'"):
        elementwise(divide)(OUTSIDE, OUTSIDE + 1)


def test_threads_follow_the_affinity_of_the_process(monkeypatch):
    monkeypatch.delenv("REFIMPL_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 3, 5}, raising=False)
    assert threads() == 3
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)))
    assert threads() == module.MOST_THREADS


def in_child():
    arrays = draws(3, (LARGE,), np.float32)
    same(elementwise(lion)(*arrays, 0.1, 0.9, 0.99, 0.1), lion(*arrays, 0.1, 0.9, 0.99, 0.1))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_the_pool_survives_a_fork(monkeypatch):
    monkeypatch.setenv("REFIMPL_THREADS", "2")
    in_child()  # starts the pool here
    child = multiprocessing.get_context("fork").Process(target=in_child)
    child.start()
    child.join(30)
    assert child.exitcode == 0


def test_temporaries_are_a_few_blocks(monkeypatch):
    monkeypatch.setenv("REFIMPL_THREADS", "1")
    arrays = draws(3, (32 * BLOCK,), np.float64)
    fast = elementwise(lion)
    fast(*arrays, 0.1, 0.9, 0.99, 0.1)  # compiled, if it is, outside of what is measured
    tracemalloc.start()
    try:
        results = fast(*arrays, 0.1, 0.9, 0.99, 0.1)
        peak = tracemalloc.get_traced_memory()[1] - sum(x.nbytes for x in results)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        fast(*arrays, 0.1, 0.9, 0.99, 0.1, donate=True)
        donated = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert max(peak, donated) < 4 * BYTES < 8e6


def test_the_rule_stays_within_reach():
    fast = elementwise(lion)
    assert fast.rule is fast.__wrapped__ is lion
    assert fast.__name__ == "lion"


def test_cupy_gets_one_kernel_with_positional_arguments(monkeypatch):
    """With a stand-in for CuPy: what is called, not what it computes."""
    kernels = []

    def fuse(rule):
        def kernel(*args):
            kernels.append(args)
            if args[-1]:
                raise TypeError("no kernel")
            return rule(*args)

        return kernel

    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(fuse=fuse))
    monkeypatch.setattr(module.array_api_compat, "is_cupy_array", lambda x: isinstance(x, np.ndarray))

    def rule(x, y, scale=2.0, branch=False):
        return scale * x + y if branch else scale * x - y

    x, y = np.ones(3), np.zeros(3)
    assert elementwise(rule)(x, y=y).tolist() == [2.0, 2.0, 2.0]
    assert elementwise(rule)(x, branch=True, y=y, scale=3.0).tolist() == [3.0, 3.0, 3.0]
    assert [args[2:] for args in kernels] == [(2.0, False), (3.0, True)]


def test_every_library(backend):
    arrays = draws(3, (5, 7), np.float64)
    expected = lion(*arrays, 0.1, 0.9, 0.99, 0.1)
    given = [backend.asarray(x) for x in arrays]
    for result, wanted in zip(elementwise(lion)(*given, 0.1, 0.9, 0.99, 0.1), expected, strict=True):
        assert result.dtype == backend.dtype
        assert result.device == given[0].device
        np.testing.assert_allclose(backend.to_numpy(result), wanted, rtol=backend.tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1, 5, LARGE - 1, LARGE, 9 * BLOCK + 7])
def test_all_finite(dtype, size):
    x = np.ones(size, dtype)
    assert all_finite(x) is True
    assert all_finite(np.full(size, np.finfo(dtype).max)) is True
    for bad in (np.nan, np.inf, -np.inf):
        for where in (0, size // 2, -1):
            x[where] = bad
            assert all_finite(x) is False
            x[where] = 1.0


def test_all_finite_of_every_library(backend):
    assert all_finite(backend.asarray([[1.0, 2.0]])) is True
    assert all_finite(backend.asarray([[1.0, np.nan]])) is False
    assert all_finite(backend.asarray(np.zeros((0, 2)))) is True


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sum_of_squares(dtype):
    assert sum_of_squares(np.full(5, 2, dtype)) == 20
    x = draws(1, (9 * LARGE + 7,), dtype)[0]
    result = sum_of_squares(x)
    assert (result.shape, result.dtype) == ((), x.dtype)
    np.testing.assert_allclose(result, np.sum(np.square(x, dtype=np.longdouble)), rtol=4 * np.finfo(dtype).eps)
    assert sum_of_squares(x) == result  # whichever thread had which block


@pytest.mark.parametrize("size", [3, 2 * LARGE + 7])
def test_least(size, backend):
    x = np.ones(size)
    x[-2] = -2.0
    assert least(backend.asarray(x)) == -2.0
    assert least(backend.asarray(np.zeros((0, 2)))) == math.inf


# Loops ------------------------------------------------------------------------------------------------------------

EDGES = [0.0, 1.0, 3.0, 0.1, 5e-324, 1e-40, 1e-45, 1e30, 1e300, np.inf, np.nan]
EDGES = np.array([sign * x for x in EDGES for sign in (1, -1)])


FUNCTIONS = list(_loops.EXACT)
PAIRS = list(zip(FUNCTIONS[::2], FUNCTIONS[1::2], strict=True))  # two share a loop; of more the compiler makes another


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "functions",
    sample(PAIRS, [(function,) for function in FUNCTIONS]),
    ids=lambda functions: "-".join(function.__name__ for function in functions),
)
def test_a_loop_computes_what_the_ufuncs_do(functions, dtype, replays, way):
    """On zeros of both signs, subnormal numbers, infinities and NaNs."""

    def rule(x, y):
        return tuple((f(x, y) if f.nin == 2 else f(x)) * 1.0 for f in functions)

    with np.errstate(all="ignore"):
        x, y = (np.resize(z, LARGE + 3).astype(dtype) for z in (EDGES, np.repeat(EDGES, len(EDGES))))
        results, expected = elementwise(rule)(x, y), rule(x, y)
    assert len(replays) == 1
    for function, result, wanted in zip(functions, results, expected, strict=True):
        np.testing.assert_array_equal(result, wanted)
        alike = np.signbit(result) == np.signbit(wanted)
        if function in (np.maximum, np.minimum):  # NumPy does not say which of two zeros it takes
            alike |= wanted == 0
        assert np.all(alike | np.isnan(wanted))  # nor which sign a NaN has


def random_rule(rng):
    """A rule of 4 to 25 calls on 3 arrays and 2 scalars."""
    program = []
    for i in range(rng.integers(4, 26)):
        functions = (*_loops.EXACT, np.exp, np.where, operator.pow)
        function = functions[rng.integers(len(functions))]
        program.append((function, rng.integers(0, 3 + i, 3), rng.integers(0, 2), rng.random()))
    results = rng.choice(np.arange(3, 3 + len(program)), size=rng.integers(1, 4), replace=False)

    def rule(x, y, z, *scalars):
        values = [x, y, z]
        for function, (i, j, k), scalar, luck in program:
            other = scalars[scalar] if luck < 0.3 else values[j]
            if function is np.where:
                values.append(np.where(values[i] > other, values[j], values[k]))
            elif function is operator.pow:
                values.append(values[i] ** (0.5, 1, 2, 3, -1.0)[k % 5])
            elif function is np.exp:
                values.append(np.exp(-abs(values[i])))
            else:
                values.append(function(values[i], other) if function.nin == 2 else function(values[i]))
        return tuple(values[i] for i in results)

    return rule


@pytest.mark.parametrize("seed", sample(range(3), range(3, 40)))
def test_random_rules(seed, way):
    rng = np.random.default_rng(seed)
    rule, dtype = random_rule(rng), ("float32", "float64")[seed % 2]
    arrays = draws(3, (LARGE + 5,), dtype)
    with np.errstate(all="ignore"):
        expected = rule(*arrays, 0.3, -2)
        for donate in (False, True):
            results = elementwise(rule)(*(x.copy() for x in arrays), 0.3, -2, donate=donate)
            for result, wanted in zip(results, expected, strict=True):
                assert result.dtype == wanted.dtype
                np.testing.assert_array_equal(result, wanted)


def test_calls_between_loops_split_them(way):
    if way == "ufuncs":
        pytest.skip("no loops")

    def rule(x, y):
        z = 2 * x + y
        return (np.exp(-abs(z)) + 1) * z, z / 3

    tape, results, _ = module._record(rule, x_y(), {}, x_y())
    names = [step.function and step.function.__name__ for step in _loops.steps(tape, results)]
    assert names == [None, "exp", None]
    with np.errstate(divide="raise"):
        assert None not in [step.function for step in _loops.steps(tape, results)]


def test_without_numba_nothing_is_compiled(monkeypatch, way):
    if way == "ufuncs":
        pytest.skip("one way is enough")
    try:
        for refuse in (
            lambda: monkeypatch.setenv("REFIMPL_NUMBA", "0"),
            lambda: (monkeypatch.delenv("REFIMPL_NUMBA"), monkeypatch.setitem(sys.modules, "numba", None)),
        ):
            refuse()
            _loops.numba.cache_clear()
            assert _loops.numba() is None
    finally:
        monkeypatch.undo()
        _loops.numba.cache_clear()
