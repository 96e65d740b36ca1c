"""neural-tangents: kernels of networks of infinite width, in the release of JAX that it still runs with."""

import sys
from collections import namedtuple
from types import ModuleType

import numpy as np

sys.modules["neural_tangents.experimental"] = ModuleType("for TensorFlow, which it would import")

import jax  # noqa: E402
from neural_tangents import predict, stax  # noqa: E402

from refimpl.oracle.candidates import NotApplicable  # noqa: E402

_Kernels = namedtuple("_Kernels", "nngp ntk")
jax.config.update("jax_enable_x64", True)
_UNITS = {"relu": stax.Relu, "erf": stax.Erf}


def _hidden(depth, weight, bias, activation):
    return [layer for _ in range(depth) for layer in (stax.Dense(1, W_std=weight, b_std=bias), _UNITS[activation]())]


def _both(kernel, x, y, names):
    return tuple(np.asarray(k) for k in jax.jit(lambda x, y: tuple(kernel(x, y, names)))(x, y))


def kernels(X, X2, depth, sigma_w, sigma_b, activation):
    """Of the hidden layers: a last `Dense(1)` would add the first to the second."""
    *_, kernel = stax.serial(*_hidden(depth, sigma_w, sigma_b, activation))
    return _both(kernel, X, X2, ("nngp", "ntk"))


def ibnn_kernel(x, y, depth, weight_variance, bias_variance, activation):
    """With a readout like the other layers."""
    weight, bias = weight_variance**0.5, bias_variance**0.5
    *_, kernel = stax.serial(*_hidden(depth, weight, bias, activation), stax.Dense(1, W_std=weight, b_std=bias))
    return _both(kernel, x, y, ("nngp", "cov1"))


def trained_law(K_tt, K_st, K_ss, T_tt, T_st, y, s, eta, tau, time, form):
    """`gradient_descent_mse_ensemble`, of kernels that are looked up; it divides errors by their number."""
    if time == "steps":
        raise NotApplicable("its time is continuous")
    readout, n = 1.0 if form == "direct" else s, len(y)
    found = {
        "nngp": np.block([[s * K_tt, s * K_st.T], [s * K_st, s * K_ss]]),
        "ntk": np.block(
            [
                [readout * K + s * T for K, T in ((K_tt, T_tt), (K_st.T, T_st.T))],
                [readout * K_st + s * T_st, np.full_like(K_ss, np.nan)],
            ]
        ),
    }

    def kernel(x1, x2, get):
        at = np.ix_(x1[:, 0], (x1 if x2 is None else x2)[:, 0])
        values = {name: found[name][at] for name in ((get,) if isinstance(get, str) else get)}
        return values[get] if isinstance(get, str) else _Kernels(values["nngp"], values["ntk"])

    rows = np.arange(n + len(K_ss))[:, None]
    law = predict.gradient_descent_mse_ensemble(kernel, rows[:n], y[:, None], learning_rate=eta * n)
    mean, covariance = law(None if time == "end" else tau, rows[n:], "ntk", compute_cov=True)
    return np.asarray(mean)[:, 0], np.asarray(covariance)


def attention_kernel(x0, keys, y0, ykeys, bias):
    """Preactivations are linear in the outer product of lifted query and key: those are the inputs of its network."""
    if bias == "identity":
        raise NotApplicable("its weights have mean 0")

    def lifted(x):
        return np.concatenate([x, np.ones((*x.shape[:-1], 1))], axis=-1)

    x, y = lifted(keys), lifted(ykeys)
    (n, N, e), (m, L, _) = x.shape, y.shape
    first = (lifted(x0)[:, None, :, None] * x[:, :, None, :]).reshape(n * N, e * e)
    second = (lifted(y0)[:, None, :, None] * y[:, :, None, :]).reshape(m * L, e * e)
    *_, kernel = stax.serial(stax.Dense(1, W_std=e / 2), stax.Relu())
    kappa = np.asarray(kernel(first, second, "nngp")) * (x.reshape(n * N, e) @ y.reshape(m * L, e).T)
    return kappa.reshape(n, N, m, L).mean(axis=(1, 3))
