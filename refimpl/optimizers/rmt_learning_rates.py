"""Learning rates from curvature and batch size (Granziol, Zohren, Roberts, 2022, arXiv:2006.09092).

A batch sees a steeper landscape than the data set: random-matrix theory says how much, and a step size of at most two
over the largest eigenvalue follows. Lanczos quadrature measures spectrum and noise; learners step by what it measures.
"""

import math
from typing import Any, NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, is_array
from refimpl.core.elementwise import elementwise
from refimpl.core.lanczos import lanczos, ritz
from refimpl.core.linalg import magnitude
from refimpl.core.loop import iterate

RULES = ("linear", "sqrt", "saturating")
ROUNDING = 64  # units of rounding of the largest eigenvalue that a Ritz value of 0 may carry; 4 were seen


class Spectrum(NamedTuple):
    """Where the eigenvalues are, as random probes see them: sum_i weights_i f(values_i) ~ mean of f."""

    values: Array  # [n] Ritz values of all probes, one probe after the other
    weights: Array  # [n] >= 0, of sum 1
    size: int  # P, the number of eigenvalues


class LearnerState(NamedTuple):
    """What a step needs beside the gradient."""

    move: Array  # [d] w_k - w_{k-1}
    lr: Any  # alpha, a number or 0-d array
    momentum: Any  # rho, a number or 0-d array


# What a batch does to the spectrum ----------------------------------------------------------------------------


def noise(batch, *, sigma2, parameters, data=None):
    """Variance v of the batch noise: half the edge of its spectrum, squared.

    Parameters
    ----------
    batch : float or array
        Batch sizes b > 0, at most `data`.
    sigma2 : float
        Variance >= 0 of an element of the Hessian of a single sample, about the mean; see `element_variance`.
    parameters : int
        P >= 1.
    data : float, optional
        Number N of samples from which batches are drawn without replacement; without it the supply is endless.

    Returns
    -------
    float or array
        v = P sigma^2 (1/b - 1/N), like `batch`; 0 for b = N.

    Raises
    ------
    TypeError, ValueError
        If a number is out of its range.

    Notes
    -----
    Equations (rmt_learning_rates-1) and (rmt_learning_rates-2) of the documentation.

    Examples
    --------
    >>> noise(50, sigma2=1.0, parameters=100), noise(50, sigma2=1.0, parameters=100, data=100)
    (2.0, 1.0)
    """
    sigma2, parameters = check.nonnegative(sigma2=sigma2), check.integer(parameters=parameters, minimum=1)
    if is_array(batch):
        check.finite(batch=batch)
        if 0 in batch.shape:
            raise ValueError(f"batch must have at least one entry, got shape {tuple(batch.shape)}")
        least, most = float(array_namespace(batch).min(batch)), float(array_namespace(batch).max(batch))
    else:
        least = most = check.number(batch=batch)
    if not least > 0:
        raise ValueError(f"batch must be > 0, got {least}")
    if data is None:
        inverse = 1 / batch
    else:
        data = check.positive(data=data)
        if most > data:
            raise ValueError(f"batch must be at most data = {data}, got {most}")
        inverse = (data - batch) / (batch * data)  # (rmt_learning_rates-1)
    return parameters * sigma2 * inverse  # (rmt_learning_rates-2)


def _nonempty(**named):
    """Shapes that go together, and are not empty."""
    check.broadcast(**named)
    for name, value in named.items():
        if 0 in getattr(value, "shape", ()):
            raise ValueError(f"{name} must have at least one entry, got shape {tuple(value.shape)}")


def batch_hessian(eigenvalue, noise, *, end="top"):
    """Largest or smallest eigenvalue of the Hessian of a batch: an outlier, or the edge of the noise.

    Parameters
    ----------
    eigenvalue : array, any shape, floating point
        Largest (smallest) eigenvalue of the Hessian over the data, of any sign; or several such.
    noise : float or array
        v >= 0 from `noise`, of a shape that broadcasts.
    end : {"top", "bottom"}, default: "top"
        Which.

    Returns
    -------
    array
        lambda + v / lambda where lambda > sqrt(v), else 2 sqrt(v); at the bottom the mirror image. Without noise the
        eigenvalue itself.

    Raises
    ------
    TypeError, ValueError
        If an argument is not finite, `noise` is negative, or `end` is unknown.

    Notes
    -----
    Equations (rmt_learning_rates-3) to (rmt_learning_rates-5) of the documentation; in the limit of many parameters.

    Examples
    --------
    >>> import numpy as np
    >>> batch_hessian(np.array([2.0, 1.0, -1.0]), 2.0)
    array([3.        , 2.82842712, 2.82842712])
    >>> batch_hessian(np.array([2.0, -2.0]), 2.0, end="bottom")
    array([-2.82842712, -3.        ])
    """
    check.finite(eigenvalue=eigenvalue), check.choice(("top", "bottom"), end=end)
    _nonempty(eigenvalue=eigenvalue, noise=noise)
    noise = (check.number(noise=noise) if not is_array(noise) else noise) + 0 * eigenvalue
    xp = array_namespace(eigenvalue, noise)
    check.finite(noise=xp.asarray(noise))
    if not xp.min(noise) >= 0:
        raise ValueError(f"noise must be >= 0, got {float(xp.min(noise))}")
    eigenvalue = eigenvalue + 0 * noise
    if end == "bottom":
        return -batch_hessian(-eigenvalue, noise)  # (rmt_learning_rates-5)
    some = noise > 0
    seen = xp.maximum(eigenvalue, xp.sqrt(noise))  # (rmt_learning_rates-4)
    seen = xp.where(some, seen, xp.ones_like(seen))
    return xp.where(some, seen + noise / seen, eigenvalue)  # (rmt_learning_rates-3)


def batch_gauss_newton(eigenvalue, *, ratio, sigma2=1.0):
    """Largest eigenvalue of the Gauss-Newton matrix of a batch, a mean of b outer products.

    Parameters
    ----------
    eigenvalue : array, any shape, floating point
        Largest eigenvalue over all data, or several such.
    ratio : float or array
        gamma = P / b >= 0, of a shape that broadcasts.
    sigma2 : float, default: 1
        All other eigenvalues, > 0.

    Returns
    -------
    array
        lambda (1 + gamma sigma^2 / (lambda - sigma^2)) where lambda > sigma^2 (1 + sqrt(gamma)), else
        sigma^2 (1 + sqrt(gamma))^2, the edge of Marchenko and Pastur. With gamma = 0 the eigenvalue, at least sigma^2.

    Raises
    ------
    TypeError, ValueError
        If an argument is not finite, or `ratio` or `sigma2` is out of range.

    Notes
    -----
    Equations (rmt_learning_rates-6) and (rmt_learning_rates-7) of the documentation: the spiked covariance model, in
    place of the paper's theorem on the Gauss-Newton matrix.

    Examples
    --------
    >>> import numpy as np
    >>> batch_gauss_newton(np.array([4.0, 2.0]), ratio=2.0)
    array([6.66666667, 5.82842712])
    """
    check.finite(eigenvalue=eigenvalue)
    sigma2 = check.positive(sigma2=sigma2)
    _nonempty(eigenvalue=eigenvalue, ratio=ratio)
    ratio = (check.number(ratio=ratio) if not is_array(ratio) else ratio) + 0 * eigenvalue
    xp = array_namespace(eigenvalue, ratio)
    check.finite(ratio=xp.asarray(ratio))
    if not xp.min(ratio) >= 0:
        raise ValueError(f"ratio must be >= 0, got {float(xp.min(ratio))}")
    above = xp.maximum(eigenvalue / sigma2 - 1, xp.sqrt(ratio))  # (rmt_learning_rates-7)
    pull = ratio / xp.where(above > 0, above, xp.ones_like(above))
    return sigma2 * (1 + above) * (1 + pull)  # (rmt_learning_rates-6)


# Step sizes that follow ---------------------------------------------------------------------------------------


def max_lr(eigenvalue):
    """Step size at which gradient descent on a quadratic of that largest eigenvalue stops to converge.

    Parameters
    ----------
    eigenvalue : array, any shape, floating point
        > 0: that of the batch, from `batch_hessian`.

    Returns
    -------
    array
        2 / lambda'.

    Raises
    ------
    TypeError, ValueError
        If an eigenvalue is not finite or not > 0.

    Examples
    --------
    >>> import numpy as np
    >>> max_lr(batch_hessian(np.array([2.0]), noise(50, sigma2=1.0, parameters=100)))
    array([0.66666667])
    """
    check.finite(eigenvalue=eigenvalue)
    if not bool(array_namespace(eigenvalue).all(eigenvalue > 0)):
        raise ValueError("eigenvalue must be > 0")
    return 2 / eigenvalue  # (rmt_learning_rates-8)


def crossover(top, *, sigma2, parameters):
    """Effective batch size b* at which `max_lr` has half of its limit for large batches.

    Parameters
    ----------
    top : float
        Largest eigenvalue over the data, > 0.
    sigma2, parameters
        As `noise`.

    Returns
    -------
    float
        P sigma^2 / top^2. For smaller batches the eigenvalue is no outlier any more: it drowns in the noise.

    Raises
    ------
    TypeError, ValueError
        If a number is out of its range.

    Examples
    --------
    >>> crossover(4.0, sigma2=1.0, parameters=3200)
    200.0
    """
    return noise(1, sigma2=sigma2, parameters=parameters) / check.positive(top=top) ** 2  # (rmt_learning_rates-9)


def scale_lr(lr, batch, new_batch, *, rule="saturating", top=None, sigma2=None, parameters=None, data=None):
    """Take a step size that suits one batch size to another.

    Parameters
    ----------
    lr : float
        alpha_0 > 0, good at `batch`.
    batch : float
        b_0 > 0.
    new_batch : array, any shape, floating point
        Batch sizes b > 0 to go to.
    rule : {"linear", "sqrt", "saturating"}, default: "saturating"
        lr times b/b_0, for SGD; times sqrt(b/b_0), for Adam and its like; or times the ratio of the largest eigenvalues
        that `batch_hessian` gives batches of these sizes.
    top, sigma2, parameters, data
        Of the saturating rule: largest eigenvalue over the data (a number of any sign), and what `noise` takes.

    Returns
    -------
    array
        Like `new_batch`.

    Raises
    ------
    TypeError, ValueError
        If a number is out of its range or missing, or `rule` is unknown.

    Notes
    -----
    Equations (rmt_learning_rates-10) to (rmt_learning_rates-12) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> sizes = np.array([32.0, 128.0, 1e9])
    >>> scale_lr(0.1, 32, sizes, rule="linear")[1], scale_lr(0.1, 32, sizes, rule="sqrt")[1]
    (np.float64(0.4), np.float64(0.2))
    >>> scale_lr(0.1, 32, sizes, top=4.0, sigma2=1.0, parameters=512).round(6)  # no more than the double is left
    array([0.1 , 0.16, 0.2 ])
    """
    check.finite(new_batch=new_batch), check.choice(RULES, rule=rule)
    lr, batch = check.positive(lr=lr, batch=batch)
    if not bool(array_namespace(new_batch).all(new_batch > 0)):
        raise ValueError("new_batch must be > 0")
    if rule == "linear":
        return lr * (new_batch / batch)  # (rmt_learning_rates-10)
    if rule == "sqrt":
        return lr * (new_batch / batch) ** 0.5  # (rmt_learning_rates-11)
    top, supply = check.number(top=top) + 0 * new_batch, {"sigma2": sigma2, "parameters": parameters, "data": data}
    old = batch_hessian(top, noise(batch, **supply))
    new = batch_hessian(top, noise(new_batch, **supply))
    if not bool(array_namespace(new).all((old > 0) & (new > 0))):
        raise ValueError(f"top must be > 0 where there is no noise, got {top}")
    return lr * (old / new)  # (rmt_learning_rates-12)


# What a spectrum is made of -----------------------------------------------------------------------------------


def spectrum(product, probes, *, steps):
    """Stochastic Lanczos quadrature: the spectrum of a symmetric matrix from `steps` products for each probe.

    Parameters
    ----------
    product : callable
        As `core.lanczos.lanczos`.
    probes : array [n, P], floating point
        Gaussian or Rademacher draws, in rows.
    steps : int
        m >= 1.

    Returns
    -------
    Spectrum
        At most n m values.

    Raises
    ------
    TypeError, ValueError
        As `core.lanczos.lanczos`.

    Examples
    --------
    >>> import numpy as np
    >>> spectrum(lambda v: np.array([1.0, 3.0]) * v, np.array([[1.0, 1.0], [1.0, -1.0]]), steps=2).weights
    array([0.25, 0.25, 0.25, 0.25])
    """
    check.function(product=product)
    check.finite(probes=probes)
    check.floating(probes=probes)
    n, size = check.shapes(probes=(probes, "n P")).values()
    xp = array_namespace(probes)
    pairs = [ritz(lanczos(product, probes[i, :], steps=steps)) for i in range(n)]
    values, weights = (xp.concat(parts) for parts in zip(*pairs, strict=True))
    return Spectrum(values, weights / n, size)


def _of(found):
    """A spectrum, checked."""
    found = check.fields(Spectrum, found=found)
    check.finite(values=found.values, weights=found.weights), check.like(found.values, weights=found.weights)
    check.shapes(values=(found.values, "n")), check.no_negative(weights=found.weights)
    check.integer(size=found.size, minimum=1)
    return found


def trace(found, function):
    """Estimate of tr f(A), the sum of f over all eigenvalues.

    Parameters
    ----------
    found : Spectrum
        From `spectrum`.
    function : callable
        f, on arrays; polynomials up to degree 2m - 1 cost no error but that of the probes.

    Returns
    -------
    array, 0-d
        P sum_i weights_i f(values_i).

    Notes
    -----
    Equation (rmt_learning_rates-21) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> found = spectrum(lambda v: np.array([1.0, 3.0]) * v, np.array([[1.0, 1.0]]), steps=2)
    >>> round(float(trace(found, np.square)), 12)
    10.0
    """
    found, _ = _of(found), check.function(function=function)
    heights = function(found.values)
    check.like(found.values, function=heights), check.finite(function=heights)
    return found.size * (found.weights @ heights)  # (rmt_learning_rates-21)


def density(found, grid, *, width):
    """Spectral density on a grid, each Ritz value smoothed to a Gaussian.

    Parameters
    ----------
    found : Spectrum
        From `spectrum`.
    grid : array [k], floating point
        Where.
    width : float
        Standard deviation > 0 of the Gaussians.

    Returns
    -------
    array [k]
        Of integral 1 over the line.

    Notes
    -----
    Equation (rmt_learning_rates-22) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> found = Spectrum(np.array([0.0, 1.0]), np.array([0.75, 0.25]), 4)
    >>> density(found, np.array([0.0, 1.0]), width=0.1).round(4)
    array([2.9921, 0.9974])
    """
    found = _of(found)
    check.finite(grid=grid)
    check.floating(grid=grid)
    width = check.positive(width=width)
    xp = array_namespace(grid, found.values)
    z = (xp.expand_dims(grid, axis=1) - found.values) / width
    return xp.exp(-0.5 * z * z) @ found.weights / (width * math.sqrt(2 * math.pi))  # (rmt_learning_rates-22)


def squared_norm(product, probes):
    """Estimate of the squared Frobenius norm, the sum of the squared eigenvalues, from one product for each probe.

    Parameters
    ----------
    product, probes
        As `spectrum`.

    Returns
    -------
    array, 0-d
        P times the mean of ``|A v|^2 / |v|^2``: what `trace` gives for squares from two steps of Lanczos or more.

    Raises
    ------
    TypeError, ValueError
        If a probe is 0 or not finite, or a product is not like it or not finite.

    Notes
    -----
    Equation (rmt_learning_rates-23) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> squared_norm(lambda v: np.array([1.0, 3.0]) * v, np.array([[1.0, 1.0], [-1.0, 1.0]]))
    np.float64(10.0)
    """
    check.function(product=product)
    check.finite(probes=probes)
    n, size = check.shapes(probes=(probes, "n P")).values()
    xp = array_namespace(probes)
    probes = probes / magnitude(probes)  # their lengths do not count, and have squares
    images = xp.stack([product(probes[i, :]) for i in range(n)])
    check.like(probes, product=images), check.finite(product=images)
    lengths = xp.sum(probes * probes, axis=1)
    if not xp.min(lengths) > 0:
        raise ValueError("probes must not be 0")
    return size * xp.mean(xp.sum(images * images, axis=1) / lengths)  # (rmt_learning_rates-23)


def element_variance(product, batch_products, probes, *, batch, data=None):
    """Variance of an element of the single-sample Hessian, from how much longer batch Hessians are.

    Parameters
    ----------
    product : callable
        With the Hessian over the data, as `core.lanczos.lanczos`.
    batch_products : sequence of callable
        The same with the Hessians of some batches, at least one.
    probes : array [n, P], floating point
        As `spectrum`; all matrices see the same ones, so that most of their noise cancels.
    batch : float
        Size b of the batches, 0 < b < `data`.
    data : float, optional
        As `noise`.

    Returns
    -------
    array, 0-d
        Estimate of sigma^2; of few batches it may be negative.

    Raises
    ------
    TypeError, ValueError
        As `core.lanczos.lanczos`, or if a number is out of its range or there is no batch.

    Notes
    -----
    Equation (rmt_learning_rates-24) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> mean, spread, probes = 2 * np.eye(2), np.array([[0.0, 1.0], [1.0, 0.0]]), np.eye(2)
    >>> batches = [lambda v: (mean + spread) @ v, lambda v: (mean - spread) @ v]
    >>> round(float(element_variance(lambda v: mean @ v, batches, probes, batch=8)), 12)  # on half of the elements
    4.0
    """
    check.function(product=product)
    inverse = noise(check.positive(batch=batch), sigma2=1.0, parameters=1, data=data)
    if not inverse > 0:
        raise ValueError(f"batch must be less than data = {data}, got {batch}")
    check.sequence(batch_products=batch_products)
    longer = sum(squared_norm(p, probes) for p in batch_products) / len(batch_products) - squared_norm(product, probes)
    return longer / (inverse * probes.shape[1] ** 2)  # (rmt_learning_rates-24)


# The learners -------------------------------------------------------------------------------------------------


def init(params, *, lr=0.01, momentum=0.9):
    """State at rest.

    Parameters
    ----------
    params : array, any shape, floating point
        The parameters w.
    lr : float, default: 0.01
        alpha > 0 until something has been measured.
    momentum : float in [0, 1), default: 0.9
        rho, as long.

    Returns
    -------
    LearnerState
        With no move behind it.

    Raises
    ------
    TypeError, ValueError
        If `params` is no floating-point array or a number is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> init(np.array([1.0, -2.0]))
    LearnerState(move=array([0., 0.]), lr=0.01, momentum=0.9)
    """
    check.floating(params=params)
    lr, momentum = check.positive(lr=lr), check.fraction(momentum=momentum)
    return LearnerState(array_namespace(params).zeros_like(params), lr, momentum)


def _checked(state):
    """The state, with rates that are Python numbers or 0-d arrays."""
    check.instance(LearnerState, state=state), check.finite(move=state.move)
    return LearnerState(state.move, check.positive(lr=state.lr), check.fraction(momentum=state.momentum))


@elementwise
def _rule(params, move, grad, lr, momentum):
    """Heavy ball: the last move, and a step down."""
    move = momentum * move - lr * grad  # (rmt_learning_rates-27)
    return params + move, move


def update(params, state, grad, *, donate=False):
    """One step at the present rates.

    Parameters
    ----------
    params : array, any shape, floating point
        w_k.
    state : LearnerState
        From `init`, the last step, `learn_polyak` or `learn_rayleigh`.
    grad : array like `params`
        The gradient there.
    donate : bool, default: False
        Whether the results may take over the memory of `params` and `state`, which large NumPy arrays do; these must
        then not be used any more.

    Returns
    -------
    params : array
        w_{k+1} = w_k - alpha g + rho (w_k - w_{k-1}).
    state : LearnerState
        For the next step.

    Raises
    ------
    TypeError, ValueError
        If `grad` or the last move is not like `params`, something is not finite, or a rate is out of its range.

    Notes
    -----
    Equation (rmt_learning_rates-27) of the documentation. Where the rates change this is not the momentum of PyTorch,
    whose buffer holds gradients and not moves.

    Examples
    --------
    >>> import numpy as np
    >>> w, state = np.array([1.0]), init(np.array([1.0]), lr=0.25, momentum=0.5)
    >>> w, state = update(w, state, w)
    >>> w, state = update(w, state, w)
    >>> w
    array([0.4375])
    """
    state = _checked(state)
    check.alike(params=params, grad=grad, move=state.move)
    lr, momentum = state.lr, state.momentum
    params, move = _rule(params, state.move, grad, lr, momentum, donate=donate)
    return params, LearnerState(move, lr, momentum)


def polyak_rates(values, *, floor=1e-3, noise=0.0):
    """Polyak's optimal step size and momentum for eigenvalues between the outermost positive ones that were seen.

    Parameters
    ----------
    values : array [j], floating point
        Ritz values; at least one > 0.
    floor : float in [0, 1), default: 1e-3
        Smaller shares of the largest value are passed over: an indefinite Hessian has values of any smallness. On
        strictly convex problems take 0; a value that is nothing but rounding is passed over all the same.
    noise : float or array, default: 0
        v of the batches of the steps, if the values were measured on much larger ones: it lifts the largest.

    Returns
    -------
    lr, momentum : array, 0-d
        alpha and rho.

    Raises
    ------
    TypeError, ValueError
        If no value is > 0, one is not finite, or a number is out of range.

    Notes
    -----
    Equations (rmt_learning_rates-25) and (rmt_learning_rates-26) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> polyak_rates(np.array([-2.0, 0.001, 1.0, 9.0]))
    (np.float64(0.25), np.float64(0.25))
    """
    check.finite(values=values), check.shapes(values=(values, "j"))
    xp = array_namespace(values)
    floor = max(check.fraction(floor=floor), ROUNDING * float(xp.finfo(values.dtype).eps))
    if not xp.max(values) > 0:
        raise ValueError("values must hold one > 0")
    _nonempty(noise=noise), check.shapes(noise=(xp.asarray(noise), ""))
    top = batch_hessian(xp.asarray(xp.max(values)), noise)
    bottom = xp.min(xp.where(values > floor * top, values, top))
    high, low = top**0.5, bottom**0.5
    lr = (2 / (high + low)) ** 2  # (rmt_learning_rates-25)
    momentum = ((high - low) / (high + low)) ** 2  # (rmt_learning_rates-26)
    return lr, momentum


def learn_polyak(state, product, start, *, lanczos_steps=15, floor=1e-3, noise=0.0):
    """Set both rates by the ends of the spectrum, which Lanczos measures.

    Parameters
    ----------
    state : LearnerState
        From `init` or the last step.
    product : callable
        With the Hessian, or Gauss-Newton matrix, at the present parameters, as `core.lanczos.lanczos`.
    start : array [P], floating point
        Random direction, one number for each parameter.
    lanczos_steps : int, default: 15
        m >= 1, as many products.
    floor, noise
        As `polyak_rates`.

    Returns
    -------
    state : LearnerState
        With the new rates; unchanged if no value is > 0.
    values : array [j]
        Ritz values.

    Raises
    ------
    TypeError, ValueError
        As `core.lanczos.lanczos` and `polyak_rates`, or if `start` is not like the flattened parameters.

    Examples
    --------
    >>> import numpy as np
    >>> state, values = learn_polyak(init(np.zeros(2)), lambda v: np.array([9.0, 1.0]) * v, np.ones(2))
    >>> round(float(state.lr), 12), round(float(state.momentum), 12)
    (0.25, 0.25)
    """
    state, _ = _checked(state), check.function(product=product)
    check.like(array_namespace(start).reshape(state.move, (-1,)), start=start)
    values, _ = ritz(lanczos(product, start, steps=lanczos_steps))
    if not array_namespace(values).max(values) > 0:
        return state, values
    lr, momentum = polyak_rates(values, floor=floor, noise=noise)
    return LearnerState(state.move, lr, momentum), values


def learn_rayleigh(state, product, grad):
    """Set the step size alone, by the curvature along the gradient.

    Parameters
    ----------
    state : LearnerState
        From `init` or the last step.
    product : callable
        With the Hessian at the present parameters, as `core.lanczos.lanczos`.
    grad : array like the parameters
        Gradient g there; in the authors' code, as the Hessian, over all data and without weight decay.

    Returns
    -------
    state : LearnerState
        With alpha = g.g / g.Hg; unchanged if g.Hg <= 0.
    curvature : array, 0-d
        g.Hg.

    Raises
    ------
    TypeError, ValueError
        If `grad` or the product is not finite, or not like the parameters.

    Notes
    -----
    Equation (rmt_learning_rates-28) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> state, curvature = learn_rayleigh(init(np.zeros(2)), lambda v: np.array([9.0, 1.0]) * v, np.ones(2))
    >>> float(state.lr), float(curvature)
    (0.2, 10.0)
    """
    state, _ = _checked(state), check.function(product=product)
    check.like(state.move, grad=grad), check.finite(grad=grad)
    grad = grad / (scale := magnitude(grad))  # its length does not count, and has a square
    image = product(grad)
    check.like(grad, product=image), check.finite(product=image)
    xp = array_namespace(grad)
    curvature = xp.sum(grad * image)
    if not curvature > 0:
        return state, curvature * scale * scale
    lr = xp.sum(grad * grad) / curvature  # (rmt_learning_rates-28)
    return LearnerState(state.move, lr, state.momentum), curvature * scale * scale


def minimize(grad, params, *, learn, every, steps, warmup=0, lr=0.01, momentum=0.9, record=None, progress=None):
    """Take `steps` steps at rates that are measured anew in every epoch.

    Parameters
    ----------
    grad : callable
        ``grad(params) -> array like params``, of the batch of that call.
    params : array, any shape, floating point
        The start.
    learn : callable, of any `info`
        ``learn(state, params, epoch) -> (state, info)``, epoch = 0, 1, ...: `learn_polyak` or `learn_rayleigh` with the
        Hessian at `params`.
    every : int
        E >= 1, steps in an epoch.
    steps : int
        >= 0.
    warmup : int, default: 0
        In so many epochs nothing is measured; 2 in the authors' code of `learn_rayleigh`.
    lr, momentum : float, default: 0.01, 0.9
        Rates until then.
    record : callable, optional
        ``record(params, state) -> dict``, collected in the history at the start and after each step.
    progress : str, optional
        Title of a progress bar.

    Returns
    -------
    core.loop.Run
        Its `state` is the pair (params, LearnerState).

    Raises
    ------
    TypeError, ValueError
        As `init`, `learn` and `update`.

    Examples
    --------
    >>> import numpy as np
    >>> h = np.array([9.0, 4.0, 1.0])
    >>> measure = lambda state, w, epoch: learn_polyak(state, lambda v: h * v, np.ones(3), floor=0.0)
    >>> run = minimize(lambda w: h * w, np.ones(3), learn=measure, every=10, steps=40)
    >>> bool(np.max(np.abs(run.state[0])) < 1e-9)
    True
    """
    check.function(grad=grad)
    every, warmup = check.integer(every=every, minimum=1), check.integer(warmup=warmup)
    check.function(learn=learn)

    def step(carry, k):
        params, state = carry
        epoch, within = divmod(k - 1, every)
        if within == 0 and epoch >= warmup:
            state, _ = check.results(2, learn=learn(state, params, epoch))
            check.instance(LearnerState, learn=state)
        return update(params, state, grad(params))

    start = (params, init(params, lr=lr, momentum=momentum))
    return iterate(step, start, steps=steps, record=record and (lambda carry: record(*carry)), progress=progress)
