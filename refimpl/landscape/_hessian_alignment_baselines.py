"""What other methods match across domains: losses, scales, features, variances of gradients, gradients."""

from refimpl.core import check
from refimpl.core.arrays import array_namespace, device
from refimpl.landscape.hessian_alignment import Penalty, _mean, _pull, _soften, heads


def vrex(W, domains, *, lam=1.0):
    """V-REx (Krueger et al., 2021): the variance of the losses.

    Parameters
    ----------
    W, domains
        As for `hessian_alignment.heads`.
    lam : float, default: 1.0
        Weight >= 0.

    Returns
    -------
    Penalty
        Of `hessian_alignment`.

    Raises
    ------
    TypeError, ValueError
        As for `hessian_alignment.hgp`.

    Notes
    -----
    Equation (hessian_alignment-21) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> domains = [(np.array([[2.0]]), np.array([0])), (np.array([[2.0]]), np.array([1]))]
    >>> vrex(np.array([[1.0, 0.0]]), domains).value.round(6)  # losses that differ by 2
    np.float64(1.0)
    """
    at, lam = heads(W, domains), check.nonnegative(lam=lam)
    xp, n, mean = array_namespace(W), len(at), _mean([one.loss for one in at])
    value = lam * sum(xp.square(one.loss - mean) for one in at) / n  # (hessian_alignment-21)
    return _gathered(W, value, [(one, 2 * lam / n * (one.loss - mean) * one.r / one.r.shape[0], 0.0) for one in at])


def irm(W, domains, *, lam=1.0, halves=False):
    """IRM (Arjovsky et al., 2019): the derivative of each loss in the scale of the logits.

    Parameters
    ----------
    W, domains, lam
        As for `vrex`.
    halves : bool, default: False
        The square of the derivative, as in the scripts for Colored MNIST; or, as in DomainBed, the product of those on
        the first, third, ... and on the second, fourth, ... sample: right on average, and negative at times.

    Returns
    -------
    Penalty
        Of `hessian_alignment`.

    Raises
    ------
    TypeError, ValueError
        As for `vrex`, or if a domain has one sample and `halves` asks for two.

    Notes
    -----
    Equations (hessian_alignment-22) and (hessian_alignment-23) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> domains = [(np.array([[0.0]]), np.array([0])), (np.array([[2.0]]), np.array([0]))]
    >>> round(float(irm(np.array([[1.0, 0.0]]), domains).value), 6)  # (0 + (2 sigmoid(2))^2) / 2
    1.551607
    """
    at, lam = heads(W, domains), check.nonnegative(lam=lam)
    check.flag(halves=halves)
    n, value, parts = len(at), 0.0, []
    for one in at:
        if not halves:
            (slope, da) = _scale_slope(one, None)
            value = value + lam * slope * slope / n  # (hessian_alignment-22)
            parts.append((one, 2 * lam / n * slope * da, 0.0))
            continue
        if one.a.shape[0] < 2:
            raise ValueError("domains must have at least 2 samples each for halves, got one with 1")
        (first, da_first), (second, da_second) = _scale_slope(one, 0), _scale_slope(one, 1)
        value = value + lam * first * second / n  # (hessian_alignment-23)
        parts.append((one, lam / n * (first * da_second + second * da_first), 0.0))
    return _gathered(W, value, parts)


def _scale_slope(one, parity):
    """Derivative of the loss in the scale of the logits, on all samples or every other one; its gradient in them."""
    xp, N = array_namespace(one.a), one.a.shape[0]
    weights = xp.ones(N, dtype=one.a.dtype, device=device(one.a))
    if parity is not None:
        weights = xp.astype(xp.arange(N, device=device(one.a)) % 2 == parity, one.a.dtype)
    weights = (weights / xp.sum(weights))[:, None]
    slope = xp.sum(weights * one.r * one.a)  # (hessian_alignment-24)
    return slope, weights * (one.r + _soften(one.p, one.a))


def coral(W, domains, *, lam=1.0):
    """CORAL (Sun and Saenko, 2016): means and covariances of the features.

    Parameters
    ----------
    W, domains, lam
        As for `vrex`; the head has no part in it.

    Returns
    -------
    Penalty
        Of `hessian_alignment`: a mean over pairs of domains, and over the entries of means and covariances.

    Raises
    ------
    TypeError, ValueError
        As for `vrex`, or if a domain has one sample, which has no covariance.

    Notes
    -----
    Equation (hessian_alignment-25) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> domains = [(np.array([[0.0], [2.0]]), np.array([0, 1])), (np.array([[1.0], [7.0]]), np.array([0, 1]))]
    >>> coral(np.zeros((1, 2)), domains).value  # means 1 and 4, variances 2 and 18
    np.float64(265.0)
    """
    at, lam = heads(W, domains), check.nonnegative(lam=lam)
    xp, n, h = array_namespace(W), len(at), W.shape[1] - 1
    if min(one.x.shape[0] for one in at) < 2:
        raise ValueError("domains must have at least 2 samples each for a covariance, got one with 1")
    mu = [xp.mean(one.x[:, :-1], axis=0) for one in at]
    z = [one.x[:, :-1] - mu_e[None, :] for one, mu_e in zip(at, mu, strict=True)]
    C = [xp.matrix_transpose(z_e) @ z_e / (z_e.shape[0] - 1) for z_e in z]
    value, dz, scale = 0.0, [0.0] * n, 2 * lam / (n * (n - 1))
    for i in range(n):
        for j in range(i + 1, n):
            value = value + scale * (
                xp.mean((mu[i] - mu[j]) ** 2) + xp.mean((C[i] - C[j]) ** 2)
            )  # (hessian_alignment-25)
            for e, f in ((i, j), (j, i)):
                dmu, dC = 2 * scale / h * (mu[e] - mu[f]), 2 * scale / h**2 * (C[e] - C[f])
                N = z[e].shape[0]
                dz[e] = dz[e] + dmu[None, :] / N + 2 / (N - 1) * z[e] @ dC
    return Penalty(value, xp.zeros_like(W), dz)


def fishr(W, domains, *, lam=1.0, reduction="norm", memory=None, decay=0.95):
    """Fishr (Rame et al., 2022): the variances of the gradients of the samples in the head.

    Parameters
    ----------
    W, domains, lam
        As for `vrex`.
    reduction : {"norm", "cmnist", "domainbed"}, default: "norm"
        Mean over domains of the squared distances to the mean variance; their sum, as in the script for Colored MNIST;
        or a mean over the entries too, as in DomainBed.
    memory : list of array, optional
        A running average for each domain, like `W`: zeros before the first step. Default: no smoothing.
    decay : float in [0, 1), default: 0.95
        What is kept of it.

    Returns
    -------
    Penalty
        Of `hessian_alignment`. The memory is a constant in its gradients.
    memory : list of array
        For the next step; without `memory` the variances themselves.

    Raises
    ------
    TypeError, ValueError
        As for `vrex`, or if `memory` does not fit.

    Notes
    -----
    Equations (hessian_alignment-26) to (hessian_alignment-28) of the documentation. DomainBed divides the average by
    1 - decay at every step, so that the gradient keeps its size and the value grows to 20 times the variance.

    Examples
    --------
    >>> import numpy as np
    >>> domains = [(np.array([[0.0], [2.0]]), np.array([0, 1])), (np.array([[0.0], [4.0]]), np.array([0, 1]))]
    >>> found, memory = fishr(np.zeros((1, 2)), domains)
    >>> memory, found.value
    ([array([[0.25, 0.25]]), array([[1.  , 0.25]])], np.float64(0.140625))
    """
    check.choice(("norm", "cmnist", "domainbed"), reduction=reduction)
    at, lam, decay = heads(W, domains), check.nonnegative(lam=lam), check.fraction(decay=decay)
    if memory is not None:
        if len(memory) != len(at):
            raise ValueError(f"memory must have an array for each of {len(at)} domains, got {len(memory)}")
        for kept in memory:
            check.finite(memory=kept), check.like(W, memory=kept)
    xp, n = array_namespace(W), len(at)
    lam = lam * {"norm": 1.0, "cmnist": n, "domainbed": 1 / (W.shape[0] * W.shape[1])}[reduction]
    G = [one.r[:, :, None] * one.x[:, None, :] for one in at]
    G = [G_e - xp.mean(G_e, axis=0) for G_e in G]
    new = [xp.mean(G_e * G_e, axis=0) for G_e in G]  # (hessian_alignment-26)
    if memory is None:
        kept, v = new, new
    else:
        kept = [decay * m + (1 - decay) * v_e for m, v_e in zip(memory, new, strict=True)]  # (hessian_alignment-27)
        v = [m / (1 - decay) for m in kept]
    off = [v_e - _mean(v) for v_e in v]
    value = lam * sum(xp.sum(o * o) for o in off) / n  # (hessian_alignment-28)
    parts = []
    for one, G_e, o in zip(at, G, off, strict=True):
        dG = 4 * lam / n * o * G_e / one.x.shape[0]  # [N, C, h+1], through its mean it gets nothing
        da = _soften(one.p, xp.sum(dG * one.x[:, None, :], axis=2))
        parts.append((one, da, xp.sum(dG * one.r[:, :, None], axis=1)))
    return _gathered(W, value, parts), kept


def _gathered(W, value, parts):
    """A penalty from its gradients in logits and features, domain by domain."""
    pulled = [_pull(W, one, da, dx) for one, da, dx in parts]
    return Penalty(value, sum(dW for dW, _ in pulled), [dz for _, dz in pulled])


def iga(grads, product, *, lam=1000.0):
    """IGA (Koyama and Yamaguchi, 2020): gradients of the losses in all parameters, not in the head alone.

    Parameters
    ----------
    grads : sequence of array, shape [P], floating point
        Gradient of the loss of each of at least two domains, in all parameters.
    product : callable
        ``product(e, v)``: Hessian of the loss of domain e = 0, 1, ... times v, [P].
    lam : float, default: 1000.0
        Weight >= 0.

    Returns
    -------
    value : array, 0-d
        Sum over domains of the squared distances of gradients from their mean, times `lam`.
    grad : array, shape [P]
        Its gradient; the mean is held constant, which changes nothing.

    Raises
    ------
    TypeError, ValueError
        If arrays do not fit, there is but one domain, or `lam` is negative.

    Notes
    -----
    Equation (hessian_alignment-29) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> iga([np.array([2.0]), np.array([6.0])], lambda e, v: [1.0, 3.0][e] * v, lam=1.0)  # t^2 / 2 and 3 t^2 / 2 at 2
    (np.float64(8.0), array([8.]))
    """
    check.function(product=product)
    check.sequence(grads=grads)
    lam = check.nonnegative(lam=lam)
    if len(grads) < 2:
        raise ValueError(f"grads must be at least 2, got {len(grads)}")
    for grad in grads:
        check.finite(grad=grad), check.like(grads[0], grad=grad)
    xp, mean = array_namespace(*grads), _mean(grads)
    off = [g - mean for g in grads]
    value = lam * sum(xp.sum(o * o) for o in off)  # (hessian_alignment-29)
    slopes = [product(e, 2 * lam * o) for e, o in enumerate(off)]
    for slope in slopes:
        check.like(grads[0], **{"what product returns": slope}), check.finite(**{"what product returns": slope})
    return value, sum(slopes)


def fish_step(theta, grads, *, lr, epsilon=0.5):
    """A step of Fish (Shi et al., 2022): a walk through the domains, and part of the way to where it leads.

    Parameters
    ----------
    theta : array, any shape, floating point
        Parameters.
    grads : sequence of callable
        ``grad(theta) -> array like theta`` of each of at least two domains, in the order of the walk.
    lr : float
        Step size > 0 of the walk, by plain gradient descent. (The authors' code walks with Adam.)
    epsilon : float, default: 0.5
        Part of the way, > 0.

    Returns
    -------
    array, like `theta`
        Next parameters.

    Raises
    ------
    TypeError, ValueError
        If a gradient does not fit, there is but one domain, or a number is out of range.

    Notes
    -----
    Equations (hessian_alignment-30) and (hessian_alignment-31) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> fish_step(np.array([4.0]), [lambda t: t, lambda t: t - 1], lr=0.5)  # 4, 2, 1.5
    array([2.75])
    """
    check.finite(theta=theta)
    check.sequence(grads=grads)
    check.floating(theta=theta)
    lr, epsilon = check.positive(lr=lr, epsilon=epsilon)
    if len(grads) < 2:
        raise ValueError(f"grads must be at least 2, got {len(grads)}")
    walker = theta
    for grad in grads:
        slope = grad(walker)
        check.like(theta, grad=slope), check.finite(grad=slope)
        walker = walker - lr * slope  # (hessian_alignment-30)
    return theta + epsilon * (walker - theta)  # (hessian_alignment-31)
