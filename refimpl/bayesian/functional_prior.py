"""Functional priors: weight priors whose functions look like draws of a Gaussian process (Tran et al., 2022).

The parameters psi of a prior on weights are tuned until functions of the network cannot be told from draws of a target
by a critic, whose gap estimates a Wasserstein distance; then the posterior of the weights is sampled. Targets,
measurement sets and drivers are in `_functional_prior_models`, the rule of SGHMC in `models.sampling`.

Layers are stacked: a network of widths d_0, ..., d_L has its parameters in one row of P numbers, layer by layer a
matrix of 1 + d_{l-1} rows (the biases first) and d_l columns, row by row.
"""

import math
from itertools import pairwise
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace
from refimpl.core.autodiff import stop_gradient, value_and_grad
from refimpl.core.elementwise import all_finite
from refimpl.core.linalg import length
from refimpl.core.special import gamma_quantile, sigmoid, softplus
from refimpl.models.mlp import Layer

FAMILIES = ("gaussian", "hierarchical", "flow")


class Drawn(NamedTuple):
    """What functions of a prior are made of."""

    normals: Array  # [S, P] standard normal
    uniforms: Array | None = None  # [S, L, 2] in (0, 1), for the scales of weights and biases: "hierarchical" alone


class Critique(NamedTuple):
    """Value of a critic, before its step."""

    objective: Array  # 0-d: gap less the penalty, times its weight
    gap: Array  # 0-d: mean over functions of the network less mean over those of the target, summed over outputs
    penalty: Array  # 0-d
    gradient: Array  # [Q] of the objective


class Tuning(NamedTuple):
    """State of `outer_step` and `matching_step`."""

    psi: Array  # [R] parameters of the prior
    v: Array  # [R] running mean of squared gradients
    S: Array | None = None  # [Q] accumulator of the critic's steps, where it is kept over outer steps


class Draws(NamedTuple):
    """What one outer step draws."""

    x: Array  # [M, d] measurement set
    theta: Array  # [Q] a new critic
    eps: Array  # [I, O, S] uniform, where the penalty of each of I inner steps is taken
    inner: Drawn  # functions of the network for the critic ...
    target_inner: Array  # ... [O, S, M] and of the target
    outer: Drawn  # the same for the step in psi
    target: Array


# Networks with random weights ----------------------------------------------------------------------------------------


def stacked_size(widths):
    """How many numbers P a network of these widths has.

    Examples
    --------
    >>> stacked_size((1, 5, 1))
    16
    """
    return _count(_widths(widths))


def _count(widths):
    return sum((1 + n) * m for n, m in pairwise(widths))


def _widths(widths, name="widths"):
    check.sequence(**{name: widths})
    widths = tuple(check.integer(**{name: w}, minimum=1, below=2**31) for w in widths)
    if len(widths) < 2:
        raise ValueError(f"{name} must name input and output at least, got {widths}")
    return widths


def _blocks(flat, widths):
    """The stacked matrices, as arrays [..., 1 + d_{l-1}, d_l]."""
    xp, start = array_namespace(flat), 0
    for n, m in pairwise(widths):
        end = start + (1 + n) * m
        yield xp.reshape(flat[..., start:end], (*flat.shape[:-1], 1 + n, m))
        start = end


def unstack(flat, *, widths):
    """Layers of a stacked network, or of many.

    Parameters
    ----------
    flat : array [..., P]
        Parameters, floating point.
    widths : sequence of int
        d_0, ..., d_L, each >= 1.

    Returns
    -------
    list of Layer
        W [..., d_{l-1}, d_l] and b [..., d_l].

    Raises
    ------
    TypeError, ValueError
        If `flat` is not finite or has another size, or a width is no integer >= 1.

    Examples
    --------
    >>> import numpy as np
    >>> unstack(np.array([0.5, 1.0, 2.0]), widths=(2, 1))
    [Layer(W=array([[1.],
           [2.]]), b=array([0.5]))]
    """
    check.finite(flat=flat)
    widths = _sized("flat", flat, widths)
    return [Layer(block[..., 1:, :], block[..., 0, :]) for block in _blocks(flat, widths)]


def _sized(name, flat, widths, called="widths"):
    widths = _widths(widths, called)
    if not flat.shape or flat.shape[-1] != _count(widths):
        raise ValueError(f"{name} must have {_count(widths)} entries for {called} {widths}, got {flat.shape}")
    return widths


def network(layers, x):
    """Outputs of tanh networks at some inputs, one network for each row of weights.

    Parameters
    ----------
    layers : list of Layer
        W [S, d_{l-1}, d_l] and b [S, d_l], from `unstack` or `prior_layers`.
    x : array [M, d_0]
        Inputs.

    Returns
    -------
    array [O, S, M]
        O = d_L functions of each network.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit or an input is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> network(unstack(np.ones((1, 4)), widths=(1, 1, 1)), np.array([[0.0], [1.0]])).round(4)
    array([[[1.7616, 1.964 ]]])
    """
    check.sequence(layers=layers)
    check.provides("W", "b", **{f"layers[{i}]": layer for i, layer in enumerate(layers)})
    parts = {f"layers[{i}].W": (layer.W, f"S d{i} d{i + 1}") for i, layer in enumerate(layers)}
    parts |= {f"layers[{i}].b": (layer.b, f"S d{i + 1}") for i, layer in enumerate(layers)}
    arrays = {"x": x, **{name: value for name, (value, _) in parts.items()}}
    check.finite(**arrays), check.shapes(x=(x, "M d0"), **parts), check.alike_dtype(**arrays)
    return _network(layers, x)


def _network(layers, x):
    xp, h = array_namespace(layers[0].W, x), x
    for layer in layers[:-1]:
        h = xp.tanh(_affine(h, *layer))
    return xp.permute_dims(_affine(h, *layers[-1]), (2, 0, 1))


def _affine(h, W, b):
    return h @ W / math.sqrt(W.shape[-2]) + b[:, None, :]  # (functional_prior-1)


# Families of priors --------------------------------------------------------------------------------------------------


def prior_size(family, widths, *, flows=4):
    """How many parameters R a family has.

    Parameters
    ----------
    family : str
        One of `FAMILIES`.
    widths : sequence of int
        Of the network.
    flows : int, default: 4
        K planar flows for each layer of "flow".

    Returns
    -------
    int
        2 L, 4 L, or P + K (2 P + L).

    Raises
    ------
    TypeError, ValueError
        If `family` is unknown, or a number no integer >= 1.

    Examples
    --------
    >>> [prior_size(family, (1, 5, 1)) for family in FAMILIES]
    [4, 8, 152]
    """
    check.choice(FAMILIES, family=family)
    P, L, K = stacked_size(widths), len(_widths(widths)) - 1, check.integer(flows=flows, minimum=1)
    return {"gaussian": 2 * L, "hierarchical": 4 * L, "flow": P + K * (2 * P + L)}[family]


def scales(psi):
    """Standard deviations of "gaussian": softplus of the raw values.

    Parameters
    ----------
    psi : array [2 L]
        For each layer the raw value of its weights, then that of its biases.

    Returns
    -------
    array [L, 2]
        Of weights and biases.

    Raises
    ------
    TypeError, ValueError
        If `psi` is no finite array of even size.

    Examples
    --------
    >>> import numpy as np
    >>> scales(np.array([1.0, 0.0])).round(6)
    array([[1.313262, 0.693147]])
    """
    check.finite(psi=psi)
    _divided("psi", psi, 2)
    return array_namespace(psi).reshape(softplus(psi), (-1, 2))  # (functional_prior-2)


def _divided(name, psi, by):
    if len(psi.shape) != 1 or not psi.shape[0] or psi.shape[0] % by:
        raise ValueError(f"{name} must have one axis and a multiple of {by} entries, got shape {tuple(psi.shape)}")


def shapes_and_rates(psi):
    """Parameters alpha, beta of "hierarchical", whose squared scales are inverse gamma.

    Parameters
    ----------
    psi : array [4 L]
        For each layer the raw values of alpha and beta of its weights, then those of its biases.

    Returns
    -------
    tuple of two arrays [L, 2]
        Shapes alpha and rates beta, of weights and biases.

    Raises
    ------
    TypeError, ValueError
        If `psi` is no finite array of such a size.

    Examples
    --------
    >>> import numpy as np
    >>> alpha, beta = shapes_and_rates(np.array([3.0, 3.0, 1.0, 0.0]))
    >>> alpha.round(4), beta.round(4)
    (array([[3.0486, 1.3133]]), array([[3.0486, 0.6931]]))
    """
    check.finite(psi=psi)
    _divided("psi", psi, 4)
    positive = array_namespace(psi).reshape(softplus(psi), (-1, 2, 2))  # (functional_prior-4)
    return positive[:, :, 0], positive[:, :, 1]


def inverse_gamma_scales(alpha, beta, uniforms):
    """Scales whose squares are inverse gamma, with derivatives in shape and rate (implicit reparameterisation).

    Parameters
    ----------
    alpha, beta : array
        Shapes and rates > 0.
    uniforms : array
        In (0, 1), of a shape to which those of alpha and beta broadcast.

    Returns
    -------
    array
        Like `uniforms`: g^(-1/2), g the quantile of the gamma law.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit or an entry is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> inverse_gamma_scales(np.array([1.0]), np.array([np.log(2.0)]), np.array([0.5]))  # g = log 2 / log 2
    array([1.])
    """
    check.finite(alpha=alpha, beta=beta), check.uniforms(above=True, uniforms=uniforms)
    check.broadcast(alpha=alpha, beta=beta, uniforms=uniforms)
    check.alike_dtype(alpha=alpha, beta=beta, uniforms=uniforms)
    xp = array_namespace(alpha, beta, uniforms)
    for name, value in (("alpha", alpha), ("beta", beta)):
        if not bool(xp.all(value > 0)):
            raise ValueError(f"{name} must be > 0, got a smallest value of {float(xp.min(value)):g}")
    g = gamma_quantile(alpha + 0 * uniforms, uniforms) / beta  # (functional_prior-5)
    if not bool(xp.all(g > 0)):  # of a shape near 0
        raise ValueError(f"alpha must be so large that no precision is 0 in the dtype, got {float(xp.min(alpha)):g}")
    return 1 / xp.sqrt(g)  # (functional_prior-6)


def planar_flow(z, u, a, c):
    """Planar flows, one after another, and the logarithm of the Jacobian's determinant (Rezende and Mohamed, 2015).

    Parameters
    ----------
    z : array [S, D]
        Points.
    u, a : array [K, D]
        Of each flow: where it moves to, and along what; no row of `a` is 0.
    c : array [K]
        Offsets.

    Returns
    -------
    tuple of array [S, D] and array [S]
        Moved points, and log determinants.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or a row of `a` is 0.

    Examples
    --------
    >>> import numpy as np
    >>> planar_flow(np.zeros((1, 1)), np.array([[1.0]]), np.array([[2.0]]), np.array([0.0]))
    (array([[0.]]), array([0.75467...]))
    """
    check.finite(z=z, u=u, a=a, c=c)
    check.shapes(z=(z, "S D"), u=(u, "K D"), a=(a, "K D"), c=(c, "K"))
    check.alike_dtype(z=z, u=u, a=a, c=c)
    xp = array_namespace(z, u, a, c)
    if not bool(xp.all(xp.any(a != 0, axis=1))):
        raise ValueError("a must have no row of zeros, got one: that flow would move nothing")
    total = 0 * z[:, 0]
    for k in range(u.shape[0]):
        z, log_det = _planar(z, u[k, :], a[k, :], c[k])
        total = total + log_det
    return z, total


def _planar(z, u, a, c):
    xp = array_namespace(z, u)
    along = xp.sum(a * u)
    kept = softplus(along)  # (functional_prior-8)
    largest = xp.max(xp.abs(stop_gradient(a)))  # the square of a may be out of range
    b = a / largest
    u_hat = u + (kept - 1 - along) * b / xp.sum(b * b) / largest  # (functional_prior-9)
    h = xp.tanh(xp.sum(z * a, axis=-1) + c)
    log_det = xp.log(h * h + (1 - h * h) * kept)  # (functional_prior-10)
    return z + h[:, None] * u_hat, log_det  # (functional_prior-11)


def prior_layers(family, psi, drawn, *, widths):
    """Weights of networks drawn from a prior, differentiable in psi.

    Parameters
    ----------
    family : str
        "gaussian", normal with a scale for the weights and one for the biases of each layer; "hierarchical", the same
        with random scales, new ones for each function; "flow", normals with a variance for each entry, through planar
        flows.
    psi : array [R]
        As for `scales` and `shapes_and_rates`; of "flow", for each layer with D entries the D log variances, then for
        each flow u [D], a [D] and c.
    drawn : Drawn
        Arrays of the dtype of `psi`.
    widths : sequence of int
        Of the network.

    Returns
    -------
    list of Layer
        For `network`.

    Raises
    ------
    TypeError, ValueError
        If `family` is unknown, draws are missing or out of range, sizes or dtypes do not fit, or something is not
        finite.

    Examples
    --------
    >>> import numpy as np
    >>> prior_layers("gaussian", np.array([1.0, 0.0]), Drawn(np.ones((1, 2))), widths=(1, 1))
    [Layer(W=array([[[1.31326169]]]), b=array([[0.69314718]]))]
    """
    check.choice(FAMILIES, family=family), check.instance(Drawn, drawn=drawn)
    normals, uniforms = drawn
    check.finite(psi=psi, normals=normals), check.alike_dtype(psi=psi, normals=normals)
    widths = _sized("normals", normals, widths)
    S, L = check.shapes(normals=(normals, "S P"))["S"], len(widths) - 1
    fixed = family != "flow"
    if fixed and tuple(psi.shape) != (prior_size(family, widths),):
        raise ValueError(f"psi must have {prior_size(family, widths)} entries for {family}, got {tuple(psi.shape)}")
    if family == "flow":
        return _flow_layers(psi, normals, widths)
    if family == "gaussian":
        sigma = scales(psi)
        of = lambda l, i: sigma[l, i]
    else:
        if uniforms is None:
            raise ValueError("uniforms must be drawn for hierarchical, got None")
        check.finite(uniforms=uniforms), check.shapes(normals=(normals, "S P"), uniforms=(uniforms, f"S {L} 2"))
        alpha, beta = shapes_and_rates(psi)
        sigma = inverse_gamma_scales(alpha, beta, uniforms)
        of = lambda l, i: array_namespace(sigma).reshape(sigma[:, l, i], (S, 1, 1))
    found = []
    for l, block in enumerate(_blocks(normals, widths)):
        W = of(l, 0) * block[:, 1:, :]  # (functional_prior-3)
        b = of(l, 1) * block[:, :1, :]
        found.append(Layer(W, b[:, 0, :]))
    return found


def _flow_layers(psi, normals, widths):
    """Through the flows of each layer, which see all its entries."""
    xp, P, L = array_namespace(psi, normals), _count(widths), len(widths) - 1
    K, left = divmod(psi.shape[0] - P, 2 * P + L) if len(psi.shape) == 1 else (0, 0)
    if K < 1 or left:
        raise ValueError(f"psi must have {P} + K {2 * P + L} entries for K flows, got shape {tuple(psi.shape)}")
    found, start, place = [], 0, 0
    for n, m in pairwise(widths):
        D = (1 + n) * m
        flows = xp.reshape(psi[start + D : start + D + K * (2 * D + 1)], (K, 2 * D + 1))
        z = xp.exp(psi[start : start + D] / 2) * normals[:, place : place + D]  # (functional_prior-7)
        w, _ = planar_flow(z, flows[:, :D], flows[:, D : 2 * D], flows[:, 2 * D])
        block = xp.reshape(w, (w.shape[0], 1 + n, m))
        found.append(Layer(block[:, 1:, :], block[:, 0, :]))
        start, place = start + D + K * (2 * D + 1), place + D
    return found


def prior_functions(family, psi, x, drawn, *, widths):
    """Functions of networks drawn from a prior, at a measurement set.

    Parameters
    ----------
    family, psi, drawn, widths
        As for `prior_layers`.
    x : array [M, d_0]
        Measurement set.

    Returns
    -------
    array [O, S, M]
        Differentiable in `psi`.

    Raises
    ------
    TypeError, ValueError
        As for `prior_layers` and `network`.

    Examples
    --------
    >>> import numpy as np
    >>> drawn = Drawn(np.ones((1, 4)))
    >>> prior_functions("gaussian", np.ones(4), np.array([[0.0], [1.0]]), drawn, widths=(1, 1, 1)).round(4)
    array([[[2.4494, 2.6129]]])
    """
    layers = prior_layers(family, psi, drawn, widths=widths)
    check.finite(x=x), check.alike_dtype(psi=psi, x=x)
    check.shapes(x=(x, f"M {_widths(widths)[0]}"))
    return _network(layers, x)


# The critic ----------------------------------------------------------------------------------------------------------


def critic_init(normals, *, sizes):
    """A new critic: Xavier's normal weights, standard normal biases.

    Parameters
    ----------
    normals : array [Q]
        Standard normal draws.
    sizes : sequence of int
        M, hidden widths, 1.

    Returns
    -------
    array [Q]
        Its parameters, stacked.

    Raises
    ------
    TypeError, ValueError
        If `normals` is not finite or has another size, or a width is no integer >= 1.

    Examples
    --------
    >>> import numpy as np
    >>> critic_init(np.ones(4), sizes=(1, 1, 1))
    array([1., 1., 1., 1.])
    """
    check.finite(normals=normals), check.shapes(normals=(normals, "Q"))
    sizes, xp, parts = _sized("normals", normals, sizes, "sizes"), array_namespace(normals), []
    for block, (n, m) in zip(_blocks(normals, sizes), pairwise(sizes), strict=True):
        W = math.sqrt(2 / (n + m)) * block[1:, :]  # (functional_prior-16)
        parts.append(xp.reshape(xp.concat([block[:1, :], W], axis=0), (-1,)))
    return xp.concat(parts)


def critic(theta, f, *, sizes):
    """What a critic says of functions.

    Parameters
    ----------
    theta : array [Q]
        Its parameters, stacked.
    f : array [..., M]
        Values of functions at the measurement set.
    sizes : sequence of int
        M, hidden widths, 1.

    Returns
    -------
    array [...]
        A number for each function.

    Raises
    ------
    TypeError, ValueError
        If sizes or dtypes do not fit or something is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> critic(np.array([0.0, 1.0, 0.5, 1.0]), np.array([[0.0], [1.0]]), sizes=(1, 1, 1)).round(4)
    array([1.1931, 1.8133])
    """
    check.finite(f=f)
    layers = _critic_layers(theta, sizes, f.shape[-1] if f.shape else 0)
    check.alike_dtype(theta=theta, f=f)
    return _critic(layers, f)[0]


def _critic_layers(theta, sizes, M):
    sizes = _widths(sizes, "sizes")
    if sizes[0] != M or sizes[-1] != 1:
        raise ValueError(f"sizes must begin with the {M} values of a function and end with 1, got {sizes}")
    check.shapes(theta=(theta, "Q"))
    check.finite(theta=theta)
    return [Layer(block[1:, :], block[0, :]) for block in _blocks(theta, _sized("theta", theta, sizes, "sizes"))]


def _critic(layers, f):
    """Values, and what each softplus takes in on the way."""
    h, taken = f, []
    for W, b in layers[:-1]:
        taken.append(h @ W + b)
        h = softplus(taken[-1])  # (functional_prior-15)
    W, b = layers[-1]
    return (h @ W + b)[..., 0], taken


def _critic_slope(layers, f):
    """Gradient in the values of the function: the layers back to front."""
    xp, taken = array_namespace(f, layers[0].W), _critic(layers, f)[1]
    g = xp.matrix_transpose(layers[-1].W)
    for layer, before in zip(reversed(layers[:-1]), reversed(taken), strict=True):
        g = (sigmoid(before) * g) @ xp.matrix_transpose(layer.W)  # (functional_prior-17)
    return g


def _gap(layers, f_nn, f_gp):
    xp = array_namespace(f_nn, layers[0].W)
    mean = lambda f: xp.mean(_critic(layers, f)[0], axis=-1)
    return xp.sum(mean(f_nn) - mean(f_gp))  # (functional_prior-14)


def _critic_gradient(layers, f_nn, f_gp, f_hat, way, weight):
    """Of the objective: values and slopes along fixed ways pass the layers side by side, there and back.

    All outputs and functions are rows; `r` weighs their values, `rt` their slopes.
    """
    xp, M, S = array_namespace(f_nn, layers[0].W), f_nn.shape[-1], f_nn.shape[-2]
    rows = lambda *parts: xp.concat([xp.reshape(part, (-1, M)) for part in parts])
    h, t = rows(f_nn, f_gp, f_hat), rows(0 * f_nn, 0 * f_gp, way)
    column = xp.ones_like(rows(f_nn)[:, :1]) / S
    r = xp.concat([column, -column, 0 * column])
    rt = xp.concat([0 * column, 0 * column, -weight * column])
    passed = []
    for W, b in layers[:-1]:
        a, ta = h @ W + b, t @ W
        gate = sigmoid(a)
        passed.append((h, t, gate, ta))
        h, t = softplus(a), gate * ta  # (functional_prior-22)
    last = layers[-1]
    found = [Layer(h.T @ r + t.T @ rt, 0 * last.b)]  # the last bias cancels in the gap
    d, dt = r @ last.W.T, rt @ last.W.T
    for layer, (h, t, gate, ta) in zip(reversed(layers[:-1]), reversed(passed), strict=True):
        da, dta = gate * d + gate * (1 - gate) * ta * dt, gate * dt  # (functional_prior-23)
        found.append(Layer(h.T @ da + t.T @ dta, xp.sum(da, axis=0)))
        d, dt = da @ layer.W.T, dta @ layer.W.T
    return xp.concat([xp.reshape(xp.concat([b[None, :], W]), (-1,)) for W, b in reversed(found)])


def critic_step(theta, S, f_nn, f_gp, eps, *, sizes, rate=0.05, weight=10.0, one_sided=False):
    """One inner step: the critic climbs its penalised objective, by Adagrad.

    Parameters
    ----------
    theta, S : array [Q]
        Parameters of the critic, stacked; and the sum of squared gradients so far.
    f_nn, f_gp : array [O, S, M]
        Functions of the network and of the target.
    eps : array [O, S]
        In [0, 1]: where between the two the penalty of each pair is taken.
    sizes : sequence of int
        M, hidden widths, 1.
    rate : float, default: 0.05
        > 0.
    weight : float, default: 10.0
        lambda >= 0, of the penalty.
    one_sided : bool, default: False
        Whether slopes below 1 go free.

    Returns
    -------
    tuple of array [Q], array [Q] and Critique
        Next parameters and sum, and what was found before the step.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, something is not finite, or a number is out of range.

    Notes
    -----
    Equations (functional_prior-14) to (functional_prior-25) of the documentation. The gradient is written out.

    Examples
    --------
    >>> import numpy as np
    >>> theta, f = np.array([0.0, 1.0, 0.0, 1.0]), np.array([[[1.0], [2.0]]])
    >>> theta, S, found = critic_step(theta, np.zeros(4), f, f - 1, np.full((1, 2), 0.5), sizes=(1, 1, 1))
    >>> found.gap.round(4), found.penalty.round(4), theta.round(4)
    (np.float64(0.7169), np.float64(0.0879), array([0.05, 1.05, 0.  , 1.05]))
    """
    layers = _critic_door(theta, S, f_nn, f_gp, sizes)
    check.flag(one_sided=one_sided)
    check.finite(eps=eps), check.shapes(f_nn=(f_nn, "O S M"), eps=(eps, "O S")), check.alike_dtype(f_nn=f_nn, eps=eps)
    xp = array_namespace(f_nn)
    if not bool(xp.all((eps >= 0) & (eps <= 1))):
        raise ValueError(f"eps must be in [0, 1], got {float(xp.min(eps)):g} to {float(xp.max(eps)):g}")
    rate, weight = check.positive(rate=rate), check.nonnegative(weight=weight)
    gap = _gap(layers, f_nn, f_gp)
    f_hat = eps[..., None] * f_nn + (1 - eps[..., None]) * f_gp  # (functional_prior-18)
    slope = _critic_slope(layers, f_hat)
    norm = xp.sqrt(xp.sum(slope * slope, axis=-1))
    excess = xp.maximum(norm - 1, xp.zeros_like(norm)) if one_sided else norm - 1
    penalty = xp.sum(xp.mean(excess * excess, axis=-1))  # (functional_prior-19)
    objective = gap - weight * penalty  # (functional_prior-20)
    unit = slope / xp.where(norm > 0, norm, xp.ones_like(norm))[..., None]
    way = 2 * excess[..., None] * unit  # (functional_prior-21)
    gradient = _critic_gradient(layers, f_nn, f_gp, f_hat, way, weight)
    if not all_finite(gradient):
        raise ValueError("theta, f_nn and f_gp must be so small that the gradient is finite, got one that is not")
    S = S + gradient * gradient  # (functional_prior-24)
    theta = theta + rate * gradient / (xp.sqrt(S) + 1e-10)  # (functional_prior-25)
    return theta, S, Critique(objective, gap, penalty, gradient)


def _critic_door(theta, S, f_nn, f_gp, sizes):
    check.alike(f_gp=f_gp, f_nn=f_nn), check.alike(S=S, theta=theta)
    M = check.shapes(f_nn=(f_nn, "O S M"))["M"]
    check.alike_dtype(theta=theta, f_nn=f_nn)
    if not bool(array_namespace(S).all(S >= 0)):
        raise ValueError("S must be >= 0, a sum of squares, got a negative entry")
    return _critic_layers(theta, sizes, M)


def fit_critic(theta, S, f_nn, f_gp, eps, *, sizes, rate=0.05, weight=10.0, one_sided=False, tolerance=0.01):
    """Inner loop: `critic_step` until the gradient is short, on one set of functions.

    Parameters
    ----------
    theta, S, f_nn, f_gp, sizes, rate, weight, one_sided
        As for `critic_step`.
    eps : array [I, O, S]
        For each of at most I steps.
    tolerance : float, default: 0.01
        >= 0. The step at which the norm of the whole gradient is below it is the last; it is still taken.

    Returns
    -------
    tuple of array [Q], array [Q] and list of Critique
        Last parameters and sum, and what each step found.

    Raises
    ------
    TypeError, ValueError
        As for `critic_step`.

    Examples
    --------
    >>> import numpy as np
    >>> theta, f = np.array([0.0, 1.0, 0.0, 1.0]), np.array([[[1.0], [2.0]]])
    >>> _, _, found = fit_critic(theta, np.zeros(4), f, f - 1, np.full((40, 1, 2), 0.5), sizes=(1, 1, 1))
    >>> found[0].gap.round(3), found[-1].gap.round(3)  # the distance is 1
    (np.float64(0.717), np.float64(1.033))
    """
    tolerance = check.nonnegative(tolerance=tolerance)
    check.finite(eps=eps)
    found, options = [], {"sizes": sizes, "rate": rate, "weight": weight, "one_sided": one_sided}
    for i in range(check.shapes(eps=(eps, "I O S"))["I"]):
        theta, S, critique = critic_step(theta, S, f_nn, f_gp, eps[i, ...], **options)
        found.append(critique)
        gradient = critique.gradient
        if float(gradient @ gradient) ** 0.5 < tolerance:  # (functional_prior-26)
            break
    return theta, S, found


# Tuning the prior ----------------------------------------------------------------------------------------------------


def tuning_init(psi):
    """State before the first outer step.

    Parameters
    ----------
    psi : array [R]
        Start.

    Returns
    -------
    Tuning
        With v = 0.

    Raises
    ------
    TypeError, ValueError
        If `psi` is no finite array of one axis.

    Examples
    --------
    >>> import numpy as np
    >>> tuning_init(np.ones(2))
    Tuning(psi=array([1., 1.]), v=array([0., 0.]), S=None)
    """
    check.finite(psi=psi), check.shapes(psi=(psi, "R"))
    return Tuning(psi, array_namespace(psi).zeros_like(psi))


def outer_step(state, theta, x, drawn, f_gp, *, family, widths, sizes, rate=0.05):
    """One step of the prior against a critic that stays as it is, by RMSprop.

    Parameters
    ----------
    state : Tuning
        From `tuning_init` or the last call.
    theta : array [Q]
        The critic.
    x : array [M, d_0]
        Measurement set.
    drawn : Drawn
        For the functions of the network.
    f_gp : array [O, S, M]
        Functions of the target.
    family, widths
        As for `prior_layers`.
    sizes : sequence of int
        Of the critic: M, hidden widths, 1.
    rate : float, default: 0.05
        > 0.

    Returns
    -------
    tuple of Tuning, array 0-d and array [R]
        Next state, the gap before the step, which estimates the distance, and its gradient. There is no penalty in it.

    Raises
    ------
    TypeError, ValueError
        As for `prior_functions` and `critic_step`.

    Notes
    -----
    Equations (functional_prior-27) to (functional_prior-29) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> theta, x = np.array([0.0, 1.0, 0.0, 1.0]), np.array([[1.0]])
    >>> start = tuning_init(np.zeros(2))
    >>> state, gap, gradient = outer_step(start, theta, x, Drawn(np.array([[1.0, 1.0], [0.0, 2.0]])),
    ...                                   np.zeros((1, 2, 1)), family="gaussian", widths=(1, 1), sizes=(1, 1, 1))
    >>> gap.round(4), gradient.round(4), state.psi.round(4)
    (np.float64(0.9163), array([0.6, 0.2]), array([-0.5, -0.5]))
    """
    state = check.fields(Tuning, state=state)
    check.alike(v=state.v, psi=state.psi)
    if not bool(array_namespace(state.v).all(state.v >= 0)):
        raise ValueError("v must be >= 0, a mean of squares, got a negative entry")
    check.finite(f_gp=f_gp)
    layers = _critic_layers(theta, sizes, check.shapes(f_gp=(f_gp, "O S M"))["M"])
    check.alike_dtype(theta=theta, psi=state.psi)
    rate = check.positive(rate=rate)

    def gap(psi):
        f_nn = prior_functions(family, psi, x, drawn, widths=widths)
        check.like(stop_gradient(f_nn), f_gp=f_gp)
        return _gap(layers, f_nn, f_gp)  # (functional_prior-27)

    value, gradient = value_and_grad(gap)(state.psi)
    v = 0.99 * state.v + 0.01 * gradient * gradient  # (functional_prior-28)
    psi = state.psi - rate * gradient / (array_namespace(v).sqrt(v) + 1e-8)  # (functional_prior-29)
    return state._replace(psi=psi, v=v), value, gradient


def matching_step(
    state, draws, *, family, widths, sizes, rate=0.05, critic_rate=0.05, weight=10.0, one_sided=False, tolerance=0.01,
    keep_accumulator=False,
):  # fmt: skip
    """Algorithm 1, one pass: a new critic, its inner loop on draws of its own, then a step of the prior.

    Parameters
    ----------
    state : Tuning
        From `tuning_init` or the last call.
    draws : Draws
        Everything random.
    family, widths, sizes, rate
        As for `outer_step`.
    critic_rate, weight, one_sided, tolerance
        As for `fit_critic`, whose `rate` the first is.
    keep_accumulator : bool, default: False
        Whether Adagrad's sum goes on over outer steps, as in the authors' code, though the critic is a new one.

    Returns
    -------
    tuple of Tuning and array 0-d
        Next state, and the estimated distance before the step. Of the hierarchical prior the draws are made on the host
        (`core.special.gamma_quantile`), in each step.

    Raises
    ------
    TypeError, ValueError
        As for `outer_step` and `fit_critic`.

    Examples
    --------
    >>> import numpy as np
    >>> drawn, f = Drawn(np.array([[1.0, 1.0], [0.0, 2.0]])), np.zeros((1, 2, 1))
    >>> draws = Draws(np.ones((1, 1)), np.array([0.0, 1.0, 0.0, 1.0]), np.full((3, 1, 2), 0.5), drawn, f, drawn, f)
    >>> options = {"family": "gaussian", "widths": (1, 1), "sizes": (1, 1, 1)}
    >>> state, distance = matching_step(tuning_init(np.zeros(2)), draws, **options)
    >>> distance.round(4), state.psi.round(4)
    (np.float64(1.1823), array([-0.5, -0.5]))
    """
    state, draws = check.fields(Tuning, state=state), check.fields(Draws, draws=draws)
    check.flag(keep_accumulator=keep_accumulator)
    check.floating(**{f"draws.{name}": getattr(draws, name) for name in ("theta", "target_inner", "target")})
    xp = array_namespace(draws.theta)
    theta, S = draws.theta, state.S if keep_accumulator and state.S is not None else xp.zeros_like(draws.theta)
    f_nn = prior_functions(family, state.psi, draws.x, draws.inner, widths=widths)
    options = {"sizes": sizes, "rate": critic_rate, "weight": weight, "one_sided": one_sided, "tolerance": tolerance}
    theta, S, _ = fit_critic(theta, S, f_nn, draws.target_inner, draws.eps, **options)
    options = {"family": family, "widths": widths, "sizes": sizes, "rate": rate}
    state, distance, _ = outer_step(state, theta, draws.x, draws.outer, draws.target, **options)
    return state._replace(S=S if keep_accumulator else None), distance


# Sampling the posterior ----------------------------------------------------------------------------------------------


def posterior_gradient(likelihood, prior, *, n, temperature=1.0, clip=100.0):
    """Estimate of the gradient of U for all the data, with the gradient per datum clipped.

    Parameters
    ----------
    likelihood : array [..., P]
        Mean over a batch of the gradients of -log p(y_i | w).
    prior : array [..., P]
        Gradient of -log p(w).
    n : int
        Number of data, >= 1.
    temperature : float, default: 1.0
        > 0; below 1 the posterior is sharpened.
    clip : float, default: 100.0
        > 0; longest gradient per datum. Infinity switches it off.

    Returns
    -------
    array [..., P]
        For `models.sampling.sghmc`.

    Raises
    ------
    TypeError, ValueError
        If arrays are not alike or not finite, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> posterior_gradient(np.array([3.0, 4.0]), np.zeros(2), n=10, clip=1.0).round(4)
    array([6., 8.])
    """
    check.alike(likelihood=likelihood, prior=prior)
    n, temperature = check.integer(n=n, minimum=1), check.positive(temperature=temperature)
    clip, xp = check.positive(clip=clip, infinite=True), array_namespace(likelihood)
    if not likelihood.shape:
        raise ValueError("likelihood must have an axis of parameters, got shape ()")
    per_datum = likelihood + prior / n  # (functional_prior-30)
    norm = length(per_datum)
    shorter = xp.clip(clip / (norm + 1e-6), max=1.0)  # (functional_prior-31)
    return n / temperature * shorter * per_datum  # (functional_prior-32)


def gibbs_scale(w, raw_alpha, raw_beta, uniform):
    """Draw the scale of a layer given its weights: an inverse gamma law is conjugate.

    Parameters
    ----------
    w : array [S, n]
        The weights, or the biases, of a layer, of S networks.
    raw_alpha, raw_beta : array [S]
        Raw values of shape and rate beforehand: their softplus counts.
    uniform : array [S]
        In (0, 1).

    Returns
    -------
    tuple of three arrays [S]
        Shape and rate of the precision, and the drawn sigma.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit or an entry is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> w, raw = np.array([[1.0, 3.0]]), np.log(np.expm1([1.0]))  # softplus: 1
    >>> gibbs_scale(w, raw, raw, np.array([0.5]))
    (array([2.]), array([6.]), array([1.8907...]))
    """
    check.finite(w=w, raw_alpha=raw_alpha, raw_beta=raw_beta, uniform=uniform)
    check.shapes(w=(w, "S n"), raw_alpha=(raw_alpha, "S"), raw_beta=(raw_beta, "S"), uniform=(uniform, "S"))
    check.alike_dtype(w=w, raw_alpha=raw_alpha, raw_beta=raw_beta, uniform=uniform)
    xp = array_namespace(w, raw_alpha, raw_beta, uniform)
    shape = softplus(raw_alpha) + w.shape[1] / 2  # (functional_prior-39)
    rate = softplus(raw_beta) + xp.sum(w * w, axis=1) / 2  # (functional_prior-40)
    if not bool(xp.all(rate > 0)):
        raise ValueError(
            f"raw_beta must be so large that the rate is > 0, got {float(xp.min(raw_beta)):g} and no weights"
        )
    return shape, rate, inverse_gamma_scales(shape, rate, uniform)
