"""BSVRB: every backend, derivatives by automatic differentiation, limits that are other methods, what is refused."""

import numpy as np
import pytest

from refimpl.core.arrays import array_namespace, device, to_numpy
from refimpl.core.autodiff import grad, hvp, jacobian
from refimpl.core.random import stream
from refimpl.core.special import sigmoid, softplus
from refimpl.nested import _bsvrb_baselines as baselines
from refimpl.nested import _bsvrb_models as models
from refimpl.nested import bsvrb
from refimpl.problems.functions import central_differences
from refimpl.specs.nested.bsvrb.claims import side

LIKE = np.zeros(1)
RATES = {"eta": 0.02, "tau": 0.05, "alpha": 0.3, "beta": 0.4}


def quadratics(name, like=LIKE, **sizes):
    return models.quadratics(stream(0, "test-bsvrb", name), like=like, **{"m": 4, "n": 6, "d": 3} | sizes)


STATE = bsvrb.init(quadratics("r"), np.zeros(3), np.zeros((4, 3)), version=2)


def scales(name, n=7, m=3, d=3):
    rng = stream(0, "test-bsvrb", name)
    X, X_val = rng.standard_normal((n, d)), rng.standard_normal((5, d))
    return models.Scales(
        X, rng.choice([-1.0, 1.0], n), X_val, rng.choice([-1.0, 1.0], 5), np.array([1.0, 2.0, 0.5])[:m], 0.1
    )


def differences(f, x):
    return central_differences(lambda rows: np.array([f(row) for row in rows]), h=1e-4)(x[None])[0]


def indices(problem, name, I=2, B=2):
    return bsvrb.draw(problem, stream(0, "test-bsvrb", name), I=I, B=B, like=LIKE)


def on(backend, *arrays):
    return [
        backend.asarray(x)
        if x.dtype.kind == "f"
        else array_namespace(backend.asarray([0.0])).asarray(x, device=device(backend.asarray([0.0])))
        for x in arrays
    ]


# The rule -------------------------------------------------------------------------------------------------------------


def walk(problem, make, like, version):
    x, y = like(np.full(3, 2.0)), like(np.zeros((4, 3)))
    if version == "RSVRB":
        state = baselines.rsvrb_init(problem, x, y)
    else:
        state = bsvrb.init(problem, x, y, version=2 if version == 2 else 1)
    for t in range(4):
        blocks, batch_g, batch_f = map(make, indices(problem, f"walk-{t}"))
        if version == "RSVRB":
            others = make(indices(problem, f"others-{t}")[0])
            state = baselines.rsvrb_step(state, problem, blocks, others, batch_g, batch_f, eta=0.02, tau=0.05, beta=0.4)
        elif version == "SGD":
            state = baselines.sgd_step(state, problem, blocks, batch_g, batch_f, **RATES)
        else:
            mode = bsvrb.MODES[t % 3]
            state = bsvrb.step(state, problem, blocks, batch_g, batch_f, mode=mode, radius=1.5, tau_v=0.1, **RATES)
    return state


@pytest.mark.parametrize("version", [1, 2, "SGD", "RSVRB"])
def test_every_backend_takes_the_same_steps(backend, version):
    plain = walk(quadratics("backend"), lambda x: x, lambda x: x, version)
    problem = quadratics("backend", like=backend.asarray([0.0]))
    got = walk(problem, lambda x: on(backend, x)[0], backend.asarray, version)
    got, plain = (s if version == "RSVRB" else s.now for s in (got, plain))
    for mine, theirs in ((got.x, plain.x), (got.y, plain.y)):
        assert array_namespace(mine) is array_namespace(problem.A)
        assert mine.dtype == problem.A.dtype
        assert device(mine) == device(problem.A)
        np.testing.assert_allclose(to_numpy(mine), theirs, rtol=1e-4 if to_numpy(mine).dtype == np.float32 else 1e-12)


@pytest.mark.parametrize("version", [1, 2])
def test_with_all_blocks_and_samples_and_no_memory_it_is_alternating_gradient_descent(version):
    problem = quadratics("limit")
    x, y, v = np.full(3, 2.0), np.zeros((4, 3)), np.zeros((4, 3))
    state, (blocks, batch_g, batch_f) = bsvrb.init(problem, x, y, version=version), bsvrb._everything(problem, x)
    A, B, b, c = (field.mean(axis=1) for field in problem[:4])
    for t in range(5):
        state = bsvrb.step(state, problem, blocks, batch_g, batch_f, eta=0.05, tau=0.1, alpha=1.0, beta=1.0)
        right = [np.linalg.solve(A[i], y[i] - c[i]) if version == 1 else v[i] for i in range(4)]
        up = 2 * problem.r * x / (1 + x * x) ** 2 + sum(B[i].T @ right[i] for i in range(4)) / 4
        down = [A[i] @ y[i] - B[i] @ x - b[i] for i in range(4)]
        rest = [A[i] @ v[i] - y[i] + c[i] for i in range(4)]
        x, y, v = x - 0.05 * up, y - 0.1 * np.array(down), v - 0.1 * np.array(rest)
        np.testing.assert_allclose(state.now.x, x, rtol=1e-12, err_msg=f"step {t}")
        np.testing.assert_allclose(state.now.y, y, rtol=1e-12)


def test_with_all_blocks_msvr_is_storm():
    problem = quadratics("storm")
    state = bsvrb.init(problem, np.full(3, 2.0), np.zeros((4, 3)), version=2)
    for t in range(6):
        at = indices(problem, f"storm-{t}", I=4)
        following = bsvrb.step(state, problem, *at, **RATES)
        new, old = (problem.grad_y_g(*at[:2], p.x, p.y[at[0]]) for p in (state.now, state.before))
        np.testing.assert_allclose(
            following.s[at[0]], bsvrb.storm(state.s[at[0]], new, old, beta=0.3), rtol=1e-12, atol=1e-14
        )
        state = following


def test_where_all_blocks_are_sampled_all_modes_are_one():
    problem, found = quadratics("modes"), []
    for mode in bsvrb.MODES:
        state = bsvrb.init(problem, np.full(3, 2.0), np.zeros((4, 3)), version=2)
        for t in range(4):
            state = bsvrb.step(state, problem, *indices(problem, f"modes-{t}", I=4), mode=mode, **RATES)
        found.append(state.now.y)
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])


def test_the_weight_of_the_correction_has_no_cross_term():
    """Error e, drift D: sampled (1 - a) e + (g - 1 + a) D, else e - D; the mean square must have no term in e D."""
    for m, I, alpha in ((20, 5, 0.1), (7, 3, 0.6), (4, 4, 0.25)):
        g, q = bsvrb.msvr_gamma(m, I, alpha), I / m
        assert q * (1 - alpha) * (g - 1 + alpha) - (1 - q) == pytest.approx(0, abs=1e-12)


def test_averages_without_correction_by_hand():
    problem = quadratics("sgd")
    state = bsvrb.init(problem, np.full(3, 2.0), np.zeros((4, 3)), version=1)
    for t in range(3):
        blocks, batch_g, batch_f = indices(problem, f"sgd-{t}")
        following = baselines.sgd_step(state, problem, blocks, batch_g, batch_f, **RATES)
        s, H, G = state.s.copy(), state.now.H.copy(), 0
        for i, j, k in zip(blocks, batch_g, batch_f, strict=True):
            A, B, b, c = (f[i, p].mean(axis=0) for f, p in zip(problem[:4], (j, j, j, k), strict=True))
            G = G + B.T @ np.linalg.solve(H[i], state.now.y[i] - c) / 2
            s[i] = 0.7 * s[i] + 0.3 * (A @ state.now.y[i] - B @ state.now.x - b)
            H[i] = 0.7 * H[i] + 0.3 * A
        z = 0.6 * state.z + 0.4 * (G + 2 * problem.r * state.now.x / (1 + state.now.x**2) ** 2)
        np.testing.assert_allclose(following.now.H, H, rtol=1e-12)
        np.testing.assert_allclose(following.now.x, state.now.x - 0.02 * z, rtol=1e-12)
        np.testing.assert_allclose(following.now.y, state.now.y - 0.05 * s, rtol=1e-12, atol=1e-14)
        state = following


# Models ---------------------------------------------------------------------------------------------------------------


def test_the_hyper_gradient_of_the_quadratics_by_finite_differences():
    problem = quadratics("differences")
    x = np.array([0.5, -1.0, 2.0])
    np.testing.assert_allclose(problem.hypergradient(x), differences(problem.objective, x), rtol=1e-6)


@pytest.mark.parametrize("version", [1, 2])
def test_the_start_is_exact(version):
    problem, x = quadratics("start"), np.array([0.5, -1.0, 2.0])
    y = problem.solution(x)
    state = bsvrb.init(problem, x, y, version=version)
    np.testing.assert_allclose(state.s, 0, atol=1e-12)
    if version == 1:
        np.testing.assert_allclose(state.z, problem.hypergradient(x), rtol=1e-12)
        np.testing.assert_allclose(state.now.H, problem.A.mean(axis=1), rtol=1e-12)
    else:
        np.testing.assert_allclose(state.u, problem.c.mean(axis=1) - y, rtol=1e-12)
        np.testing.assert_allclose(state.z, 2 * problem.r * x / (1 + x * x) ** 2, rtol=1e-12)


def test_derivatives_of_the_classifiers_by_automatic_differentiation():
    problem, rng = scales("derivatives"), stream(0, "test-bsvrb", "at")
    p, w, v = rng.standard_normal(7), rng.standard_normal((2, 3)), rng.standard_normal((2, 3))
    at = np.array([2, 0]), np.array([[1, 1, 4], [0, 6, 5]]), p, w
    cross = problem.cross_xy_g(*at, v)
    for row, (i, j) in enumerate(zip(*at[:2], strict=True)):
        X, t = problem.X[j], problem.labels[j] / problem.sigma[i]
        M = (j[:, None] == np.arange(7)).astype(float)  # picks the weights of the batch
        xp = array_namespace
        g = lambda y, p=p, X=X, t=t, M=M: (
            xp(y, p).mean(sigmoid(M @ p) * softplus(-t * (X @ y))) + 0.05 * xp(y).sum(y * y)
        )
        np.testing.assert_allclose(problem.grad_y_g(*at)[row], grad(g)(w[row]), rtol=1e-10)
        np.testing.assert_allclose(problem.hvp_yy_g(*at, v)[row], hvp(g, w[row], v[row]), rtol=1e-10)
        along = lambda p, g=g, row=row: xp(p).sum(grad(lambda y: g(y, p))(w[row]) * v[row])
        np.testing.assert_allclose(cross[row], differences(along, p), atol=1e-8)
        f = lambda y, k=j, i=i: xp(y).mean(
            softplus(-problem.labels_val[k % 5] / problem.sigma[i] * (problem.X_val[k % 5] @ y))
        )
        np.testing.assert_allclose(problem.grad_y_f(at[0], at[1] % 5, p, w)[row], grad(f)(w[row]), rtol=1e-10)
        np.testing.assert_allclose(problem.hess_yy_g(*at)[row], jacobian(lambda y, g=g: grad(g)(y))(w[row]), rtol=1e-9)
    np.testing.assert_allclose(np.einsum("ind,id->in", problem.hess_xy_g(*at), v), cross, rtol=1e-12)
    assert np.array_equal(problem.grad_x_f(*at), np.zeros((2, 7)))
    losses = [np.mean(np.logaddexp(0, -problem.labels_val * (problem.X_val @ w[0]) / s)) for s in problem.sigma]
    np.testing.assert_allclose(problem.validation_losses(np.tile(w[0], (3, 1))), losses, rtol=1e-12)


@pytest.mark.parametrize("version", [1, 2])
def test_classifiers_run_on_every_backend(backend, version):
    plain = scales("backend")
    problem = models.Scales(*(backend.asarray(x) for x in plain[:5]), plain.reg)
    found = []
    for p, make in ((plain, lambda x: x), (problem, lambda x: on(backend, x)[0])):
        state = bsvrb.init(p, make(np.zeros(7)), make(np.zeros((3, 3))), version=version)
        found.append(bsvrb.step(state, p, *map(make, indices(plain, "scales")), mu=0.1, **RATES).now.x)
    assert found[1].dtype == problem.X.dtype
    np.testing.assert_allclose(
        to_numpy(found[1]), found[0], rtol=1e-3 if to_numpy(found[1]).dtype == np.float32 else 1e-12
    )


def test_flipped_labels_are_those_that_are_told():
    data = models.noisy_nuclei(stream(0, "test-bsvrb"), train=50, validation=10, flipped=0.2)
    plain = models.noisy_nuclei(stream(0, "test-bsvrb"), train=50, validation=10, flipped=0.0)
    assert np.array_equal(data.problem.labels != plain.problem.labels, data.flipped)
    assert data.flipped.sum() == 10
    assert len(data.labels_test) == 569 - 60


# Drivers --------------------------------------------------------------------------------------------------------------


def test_run_is_step_in_a_loop():
    problem, rng = quadratics("run"), stream(0, "test-bsvrb", "run")
    state = start = bsvrb.init(problem, np.full(3, 2.0), np.zeros((4, 3)), version=2)
    done = bsvrb.run(
        start, problem, steps=3, I=2, B=5, rng=stream(0, "test-bsvrb", "run"), decaying=True, mode="delayed", **RATES
    )
    for t in range(3):
        k = 1 + t / 100
        rates = {
            name: RATES[name] * k ** (-power / 3) for name, power in (("eta", 1), ("tau", 1), ("alpha", 2), ("beta", 2))
        }
        state = bsvrb.step(state, problem, *bsvrb.draw(problem, rng, I=2, B=5, like=LIKE), mode="delayed", **rates)
    np.testing.assert_allclose(done.state.now.x, state.now.x, rtol=1e-13)
    np.testing.assert_allclose(done.state.now.v, state.now.v, rtol=1e-13)


@pytest.mark.parametrize("method", ["v1", "v2", "SGD", "RSVRB"])
def test_runs_side_by_side_are_the_runs_alone(method):
    """Of two runs with different step sizes, the second is that of the drivers on the same draws."""
    given = [quadratics("left", m=3), quadratics("right", m=3)]
    norms = side.run(
        method,
        given,
        stream(0, "test-bsvrb", "side"),
        steps=2,
        eta=[0.05, 0.02],
        alpha=0.3,
        beta=0.4,
        I=2,
        B=2,
        every=1,
    )
    rng, problem, order = stream(0, "test-bsvrb", "side"), given[1], slice(1, None, 2)
    blocks = np.swapaxes(rng.permuted(np.broadcast_to(np.arange(3), (2, 100, 2, 3)), axis=3)[..., :2], 2, 3)
    batches = rng.integers(0, 6, (2, 100, 4, 2))
    x, y = np.full(3, 2.0), np.zeros((3, 3))
    state = (
        baselines.rsvrb_init(problem, x, y)
        if method == "RSVRB"
        else bsvrb.init(problem, x, y, version=2 if method == "v2" else 1)
    )
    for t in range(2):
        lengths, weights = 2 * ((1 + t / 100) ** -0.5,) if method == "SGD" else bsvrb.decay(t)
        rates = {"eta": 0.02 * lengths, "tau": side.TAU * lengths, "beta": 0.4 * weights, "mu": side.MU}
        at = problem, blocks[0, t, :, 1], batches[0, t, order], batches[1, t, order]
        if method == "RSVRB":
            state = baselines.rsvrb_step(state, *at[:2], blocks[1, t, :, 1], *at[2:], **rates)
        else:
            step = baselines.sgd_step if method == "SGD" else bsvrb.step
            state = step(state, *at, alpha=0.3 * weights, **rates)
        x = state.x if method == "RSVRB" else state.now.x
        assert norms[t + 1, 1] == pytest.approx(np.linalg.norm(problem.hypergradient(x)), rel=1e-10)


# Refusals -------------------------------------------------------------------------------------------------------------


def one_step(**changed):
    problem = quadratics("refused")
    state = bsvrb.init(problem, np.full(3, 2.0), np.zeros((4, 3)), version=1)
    blocks, batch_g, batch_f = indices(problem, "refused")
    return bsvrb.step(state, problem, **{"blocks": blocks, "batch_g": batch_g, "batch_f": batch_f, **RATES} | changed)


def test_a_weight_that_is_given_is_taken():
    assert np.array_equal(one_step(gamma=bsvrb.msvr_gamma(4, 2, 0.3)).now.y, one_step().now.y)
    assert not np.array_equal(one_step(gamma=0.0).s, one_step(alpha=1.0, gamma=0.0).s)


def run_once(state=STATE, problem=None, **more):
    problem = problem or quadratics("r")
    return bsvrb.run(state, problem, steps=1, I=2, B=1, rng=stream(0, "r"), **RATES, **more)


class Wrong:
    """A problem of whatever class, one of whose answers is no number."""

    def __getattr__(self, name):
        return getattr(quadratics("r"), name)

    def grad_y_f(self, blocks, batch, x, y):
        return np.full_like(y, np.nan)


@pytest.mark.parametrize(
    ("call", "error", "word"),
    [
        (lambda: one_step(blocks=np.array([0.0, 1.0])), TypeError, "blocks must be integers"),
        (lambda: one_step(batch_g=np.zeros((2, 1))), TypeError, "batch_g must be integers"),
        (lambda: one_step(batch_g=np.zeros((2, 0), int)), ValueError, "batch_g must have shape"),
        (lambda: one_step(batch_f=np.full((2, 1), 6)), ValueError, r"batch_f must be in \[0, 6\)"),
        (lambda: one_step(blocks=np.array([1, 1])), ValueError, "blocks must be distinct"),
        (lambda: one_step(blocks=np.array([1, 4])), ValueError, r"blocks must be in \[0, 4\)"),
        (lambda: one_step(alpha=1.0), ValueError, "alpha must be < 1"),
        (lambda: one_step(mode="lazy"), ValueError, "mode"),
        (lambda: one_step(tau_v=-1.0), ValueError, "tau_v"),
        (lambda: one_step(radius=0.0), ValueError, "radius"),
        (lambda: bsvrb.init(quadratics("r"), np.zeros(3), np.zeros((4, 3)), version=3), ValueError, "version"),
        (
            lambda: bsvrb.init(quadratics("r"), np.zeros(3), np.zeros((5, 3)), version=1),
            ValueError,
            "y must have shape",
        ),
        (
            lambda: bsvrb.init(
                quadratics("r")._replace(A=np.zeros((4, 6, 3, 3))), np.zeros(3), np.zeros((4, 3)), version=1
            ),
            ValueError,
            "H must be positive definite",
        ),
        (
            lambda: quadratics("r")._replace(A=np.zeros((4, 6, 3, 3))).hypergradient(np.zeros(3)),
            ValueError,
            "A must have a positive",
        ),
        (
            lambda: bsvrb.start(np.zeros(3), np.zeros((4, 3)), np.zeros((4, 3)), np.zeros(3)),
            ValueError,
            "H, or v and u",
        ),
        (
            lambda: bsvrb.run(STATE, quadratics("r"), steps=1, I=5, B=1, rng=stream(0, "r"), **RATES),
            ValueError,
            "I must be at most m",
        ),
        (lambda: bsvrb.run(STATE, quadratics("r"), steps=1, I=2, B=0, rng=stream(0, "r"), **RATES), ValueError, "B"),
        (
            lambda: bsvrb.msvr(np.zeros(2), np.zeros(3), np.zeros(2), alpha=0.5, gamma=1.0),
            ValueError,
            "new must have shape",
        ),
        (lambda: bsvrb.storm(np.zeros(2), np.zeros(2), np.zeros(3), beta=0.5), ValueError, "old must have shape"),
        (lambda: bsvrb.storm(np.zeros(2), np.zeros(2), np.zeros(2), beta=2.0), ValueError, "beta"),
        (lambda: run_once(tau_v=0.0), ValueError, "tau_v must be"),
        (lambda: run_once(STATE._replace(u=np.full((4, 3), np.nan))), ValueError, "state.u must be finite"),
        (lambda: run_once(STATE._replace(s=np.zeros((3, 3)))), ValueError, "state.s must have shape"),
        (lambda: run_once(problem=quadratics("r")._replace(r=np.nan)), ValueError, "problem.r must be"),
        (lambda: run_once(problem=Wrong()), ValueError, "problem.grad_y_f must be finite"),
        (
            lambda: bsvrb.start(
                np.zeros(3), *[np.zeros((4, 3))] * 2, np.zeros(3), H=np.tile(np.triu(np.ones((3, 3))), (4, 1, 1))
            ),
            ValueError,
            "H must be symmetric",
        ),
        (lambda: models.noisy_nuclei(stream(0, "r"), train=500, validation=500), ValueError, "train and validation"),
    ],
)
def test_what_is_refused_is_named(call, error, word):
    with pytest.raises(error, match=word):
        call()
