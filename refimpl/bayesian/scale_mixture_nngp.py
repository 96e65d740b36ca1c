"""Scale mixtures of neural network Gaussian processes (Lee et al., 2022, arXiv:2107.01408).

A wide network with Gaussian weights is a Gaussian process. With a random variance s of its readout weights it is one
given s, so a mixture over scales; with an inverse-gamma law of s, a Student t process. The kernels, recursive in the
layers, are those of `refimpl.models.wide`; finite networks are in `_scale_mixture_nngp_models`, what climbs
an evidence or its bound in `_scale_mixture_nngp_fits`, Gaussian processes to compare with in
`_scale_mixture_nngp_baselines`.
"""

import math
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device, is_array
from refimpl.core.autodiff import stop_gradient
from refimpl.core.elementwise import all_finite
from refimpl.core.linalg import cholesky, cholesky_solve, solve_triangular
from refimpl.core.special import digamma, gamma_quantile, gammaln, logsumexp, ndtri, softmax, softplus
from refimpl.models import gp


class InverseGamma(NamedTuple):
    """Law of a scale with density proportional to s^(-a-1) exp(-b / s)."""

    a: float  # > 0, or a 0-d array
    b: float  # > 0, or a 0-d array


class BurrXII(NamedTuple):
    """Law of a scale with density c d s^(c-1) (1 + s^c)^(-d-1)."""

    c: float  # > 0
    d: float  # > 0


class HalfCauchy(NamedTuple):
    """Law of the absolute value of a Cauchy variable."""

    gamma: float  # > 0, its median


class LogNormal(NamedTuple):
    """Law of the exponential of a normal variable."""

    mu: float
    sigma: float  # > 0


LAWS = (InverseGamma, BurrXII, HalfCauchy, LogNormal)


class Student(NamedTuple):
    """Multivariate t law of m values; its covariance is dof / (dof - 2) times `scale`, if dof > 2."""

    dof: float
    mean: Array  # [m]
    scale: Array  # [m, m]; or [m], if each value is looked at by itself


class Blocks(NamedTuple):
    """Kernel between n training and m new inputs."""

    tt: Array  # [n, n] training, training
    st: Array  # [m, n] new, training
    ss: Array  # [m, m] new, new; or [m], its diagonal


class Conditioned(NamedTuple):
    """What the targets tell for each scale: values of the function given s are normal (mean, s Sigma)."""

    mean: Array  # [m]
    Sigma: Array  # [m, m], or [m]: the diagonal
    Q: Array  # 0-d, squared length of the targets in the metric of the kernel
    log_det: Array  # 0-d, of K_tt + eps I
    n: int  # targets
    eps: float  # noise variance, in units of s


class Posterior(NamedTuple):
    """Regression with an inverse-gamma law of the scale."""

    scale: InverseGamma  # of s, given the targets
    values: Student  # of the function, given the targets
    log_evidence: Array  # 0-d, log density of the targets


class Weighted(NamedTuple):
    """Regression with any law of the scale, by importance sampling."""

    weights: Array  # [R] of the draws, sum 1
    log_density: Array  # [m] of new targets, each by itself
    log_evidence: Array  # 0-d, log density of the targets


class Trained(NamedTuple):
    """Law of the outputs of trained networks, given s: normal."""

    mean: Array  # [m]
    covariance: Array  # [m, m]


class Variational(NamedTuple):
    """q(s) = IG(a, b), and values u_c of class c at the inducing inputs: normal (m_c, s diag(S_c)) given s."""

    m: Array  # [C, M]
    S: Array  # [C, M], > 0
    a: Array  # 0-d, or a number, > 0
    b: Array  # 0-d, or a number, > 0


class Projection(NamedTuple):
    """What inducing values tell of B inputs: values given u and s are normal (A u, s rest)."""

    A: Array  # [B, M]
    rest: Array  # [B], >= 0
    factor: Array  # [M, M], lower Cholesky factor of K_uu + eps I


class Bound(NamedTuple):
    """A lower bound of the log evidence."""

    elbo: Array  # 0-d
    kl: Array  # 0-d, of q from the prior
    fit: Array  # 0-d, expected log likelihood of all n data


# The scale, and the process -----------------------------------------------------------------------------------------


def log_density(law, s):
    """Log density of a law of the scale.

    Parameters
    ----------
    law : InverseGamma, BurrXII, HalfCauchy or LogNormal
        See there.
    s : array
        Any shape, floating point, > 0.

    Returns
    -------
    array
        Like `s`.

    Raises
    ------
    TypeError, ValueError
        If `law` is none of these, a parameter is out of range, or `s` is not > 0.

    Examples
    --------
    >>> import numpy as np
    >>> s = np.array([0.5, 2.0])
    >>> [log_density(law, s).round(4).tolist() for law in (InverseGamma(2.0, 2.0), BurrXII(2.0, 1.0))]
    [[-0.5343, -1.6931], [-0.4463, -1.8326]]
    """
    law = _known(law, s=s)
    _scales(s)
    xp = array_namespace(s)
    log = xp.log(s)
    if isinstance(law, InverseGamma):
        return law.a * math.log(law.b) - math.lgamma(law.a) - (law.a + 1) * log - law.b / s  # (scale_mixture_nngp-11)
    if isinstance(law, BurrXII):
        top = math.log(law.c * law.d) + (law.c - 1) * log
        return top - (law.d + 1) * softplus(law.c * log)  # (scale_mixture_nngp-12)
    if isinstance(law, HalfCauchy):
        return math.log(2 / (math.pi * law.gamma)) - softplus(
            2 * (log - math.log(law.gamma))
        )  # (scale_mixture_nngp-13)
    z = (log - law.mu) / law.sigma
    return -0.5 * z * z - log - math.log(law.sigma) - 0.5 * math.log(2 * math.pi)  # (scale_mixture_nngp-14)


def draw(law, u):
    """Scales from uniform draws.

    Parameters
    ----------
    law
        As for `log_density`.
    u : array
        Any shape, floating point, in (0, 1).

    Returns
    -------
    array
        Like `u`. Quantiles; for an inverse-gamma law those at 1 - u, one over quantiles of a gamma law, which are
        differentiable in its shape.

    Raises
    ------
    TypeError, ValueError
        As for `log_density`, or if an entry of `u` is not in (0, 1), or a scale is 0 or infinite in its dtype.

    Examples
    --------
    >>> import numpy as np
    >>> for law in (InverseGamma(1.0, 1.0), BurrXII(2.0, 1.0), HalfCauchy(1.0), LogNormal(0.0, 1.0)):
    ...     print(draw(law, np.array([0.25, 0.5])).round(4))
    [3.4761 1.4427]
    [0.5774 1.    ]
    [0.4142 1.    ]
    [0.5094 1.    ]
    """
    law = _known(law, u=u)
    check.uniforms(above=True, u=u)
    xp = array_namespace(u)
    if isinstance(law, InverseGamma):
        s = _inverse_gamma(law.a, law.b, u)
    elif isinstance(law, BurrXII):
        s = xp.expm1(-xp.log1p(-u) / law.d) ** (1 / law.c)  # (scale_mixture_nngp-15)
    elif isinstance(law, HalfCauchy):
        low, high = xp.tan(0.5 * math.pi * u), xp.tan(0.5 * math.pi * (1 - u))  # near a pole tan has no digits left
        s = law.gamma * xp.where(u < 0.5, low, 1 / high)  # (scale_mixture_nngp-16)
    else:
        s = xp.exp(law.mu + law.sigma * ndtri(u))  # (scale_mixture_nngp-17)
    return _reached(s, law=law)


def _inverse_gamma(a, b, u):
    """Draws whose derivatives in a and b exist; a is a number or a 0-d array."""
    xp = array_namespace(u, *(x for x in (a, b) if is_array(x)))
    shape = a if is_array(a) else xp.asarray(a, dtype=u.dtype, device=device(stop_gradient(u)))
    return b / gamma_quantile(shape, u)  # (scale_mixture_nngp-18)


def student(mean, Sigma, law):
    """What is normal (mean, s Sigma) given s, without s.

    Parameters
    ----------
    mean : array [m]
        Floating point.
    Sigma : array [m, m] or [m]
        Covariance per unit of s, or the variances alone.
    law : InverseGamma
        Of s.

    Returns
    -------
    Student
        With 0 and the kernel: outputs of wide networks at m inputs, as the width grows. With mean and Sigma of
        `condition` at eps = 0: outputs after training the readout, whose scale keeps its *prior* law.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or `law` is no such law.

    Notes
    -----
    The paper's main theorem and its corollary: integrate s out. Equation (scale_mixture_nngp-19) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> student(np.zeros(1), np.array([[0.5]]), InverseGamma(2.0, 4.0))
    Student(dof=4.0, mean=array([0.]), scale=array([[1.]]))
    """
    check.finite(mean=mean, Sigma=Sigma)
    check.shapes(mean=(mean, "m"), Sigma=(Sigma, "m" if len(Sigma.shape) == 1 else "m m"))
    check.alike_dtype(mean=mean, Sigma=Sigma)
    law = _inverse_gamma_law(law, mean=mean)
    return Student(2 * law.a, mean, (law.b / law.a) * Sigma)  # (scale_mixture_nngp-19)


def log_student(f, law):
    """Log density of a multivariate t law: of all values together, or of each by itself.

    Parameters
    ----------
    f : array [R, m]
        R draws of the m values, floating point.
    law : Student
        If its `scale` is a diagonal, values are looked at one by one.

    Returns
    -------
    array [R], or [R, m] if `law.scale` is a diagonal
        Log densities.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, `law` is no `Student`, or its scale is not positive
        definite.

    Examples
    --------
    >>> import numpy as np
    >>> law = Student(4.0, np.zeros(2), np.eye(2))
    >>> log_student(np.array([[1.0, 1.0]]), law).round(4), log_student(np.array([[1.0]]), law._replace(
    ...     mean=np.zeros(1), scale=np.ones(1))).round(4)  # not half of it: the coordinates are not independent
    (array([-3.0543]), array([[-1.5387]]))
    """
    law = check.fields(Student, law=law)
    check.finite(f=f, mean=law.mean, scale=law.scale)
    alone = len(law.scale.shape) == 1
    m = check.shapes(f=(f, "R m"), mean=(law.mean, "m"), scale=(law.scale, "m" if alone else "m m"))["m"]
    check.alike_dtype(f=f, mean=law.mean, scale=law.scale), check.positive(dof=law.dof)
    xp = array_namespace(f, law.mean, law.scale)
    apart = f - law.mean
    if alone:
        _positive_variances(law.scale, "scale")
        return _log_t(xp, apart * apart / law.scale, xp.log(law.scale), 1, law.dof)
    factor = cholesky(law.scale, name="scale")
    half = solve_triangular(factor, xp.matrix_transpose(apart), lower=True)
    return _log_t(xp, xp.sum(half * half, axis=0), _log_det(factor), m, law.dof)


def _log_t(xp, q, log_det, m, dof):
    """Density of m values whose squared distance from the mean, in the metric of the scale, is q."""
    constant = _lgamma((dof + m) / 2) - _lgamma(dof / 2) - 0.5 * m * math.log(dof * math.pi)
    return constant - 0.5 * log_det - 0.5 * (dof + m) * xp.log1p(q / dof)  # (scale_mixture_nngp-20)


# Regression ---------------------------------------------------------------------------------------------------------


def condition(K, y, *, eps):
    """Factor the kernel once; all that follows, for whatever law of the scale, takes time linear in what it returns.

    Parameters
    ----------
    K : Blocks
        The kernel at s = 1, floating point.
    y : array [n]
        Targets.
    eps : float
        Noise variance >= 0, in units of s: noise shares the scale. Absolute, not relative to the kernel.

    Returns
    -------
    Conditioned
        See there.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, `eps` is negative, or K.tt + eps I is not positive
        definite, as with repeated inputs and no noise.

    Examples
    --------
    >>> import numpy as np
    >>> K = Blocks(np.array([[0.5]]), np.array([[1.0]]), np.array([[3.0]]))
    >>> told = condition(K, np.array([2.0]), eps=0.5)
    >>> told.mean, told.Sigma, float(told.Q)
    (array([2.]), array([[2.]]), 4.0)
    """
    K, _ = _blocks(K, y=y)
    eps = check.nonnegative(eps=eps)
    factor = cholesky(K.tt, jitter=eps, name="K.tt")  # (scale_mixture_nngp-21)
    half, xp = solve_triangular(factor, y, lower=True), array_namespace(K.tt, y)
    Q = xp.asarray(xp.sum(half * half))  # (scale_mixture_nngp-22)
    mean, Sigma = gp.posterior(factor, y, K.st, K.ss)  # (scale_mixture_nngp-23)
    return Conditioned(mean, Sigma, Q, _log_det(factor), y.shape[0], eps)


def posterior(told, law):
    """Regression in closed form.

    Parameters
    ----------
    told : Conditioned
        From `condition`.
    law : InverseGamma
        Of s, before the targets are known.

    Returns
    -------
    Posterior
        See there: an inverse-gamma law of s, and a t process whose spread follows Q.

    Raises
    ------
    TypeError, ValueError
        If something is of another type or out of range.

    Examples
    --------
    >>> import numpy as np
    >>> K = Blocks(np.array([[0.5]]), np.array([[1.0]]), np.array([[3.0]]))
    >>> found = posterior(condition(K, np.array([2.0]), eps=0.5), InverseGamma(2.0, 2.0))
    >>> found.scale.a, float(found.scale.b), found.values.dof, found.values.scale
    (2.5, 4.0, 5.0, array([[3.2]]))
    """
    told = _told(told)
    law = _inverse_gamma_law(law, Q=told.Q)
    n, Q = told.n, told.Q
    after = InverseGamma(law.a + n / 2, law.b + Q / 2)  # (scale_mixture_nngp-24)
    xp = array_namespace(Q)
    inside = 0.5 * told.log_det + (law.a + n / 2) * xp.log1p(Q / (2 * law.b))
    outside = _lgamma(law.a + n / 2) - _lgamma(law.a) - 0.5 * n * _log(2 * math.pi * law.b)
    log_evidence = outside - inside  # (scale_mixture_nngp-25)
    return Posterior(after, student(told.mean, told.Sigma, after), log_evidence)


def log_predictive(told, law, points):
    """Log density of new targets, noise included, each by itself.

    Parameters
    ----------
    told, law
        As for `posterior`.
    points : array [m]
        New targets, one at each new input.

    Returns
    -------
    array [m]
        Log densities.

    Raises
    ------
    TypeError, ValueError
        As for `posterior`; and if a variance is 0: an input that was observed without noise.

    Examples
    --------
    >>> import numpy as np
    >>> K = Blocks(np.array([[0.5]]), np.array([[1.0]]), np.array([[3.0]]))
    >>> log_predictive(condition(K, np.array([2.0]), eps=0.5), InverseGamma(2.0, 2.0), np.array([1.0])).round(4)
    array([-1.8081])
    """
    told = _told(told)
    after, variance = posterior(told, law).scale, _noisy(told, points)
    return log_student(points[None, :], student(told.mean, variance, after))[0, :]


def weigh(told, s, log_ratios, points):
    """Regression with any law of the scale: draws of it, weighted by what the targets say of each.

    Parameters
    ----------
    told : Conditioned
        From `condition`.
    s : array [R]
        Scales > 0, drawn from any law q.
    log_ratios : array [R]
        log H(s) - log q(s), with H the law before the targets are known; 0 if q is H.
    points : array [m]
        New targets, one at each new input.

    Returns
    -------
    Weighted
        See there.

    Raises
    ------
    TypeError, ValueError
        As for `log_predictive`; and if a scale is not > 0, or shapes do not fit.

    Notes
    -----
    Of the order of R m steps beside the factor. Equations (scale_mixture_nngp-27) to (scale_mixture_nngp-30).

    Examples
    --------
    >>> import numpy as np
    >>> K = Blocks(np.array([[0.5]]), np.array([[1.0]]), np.array([[3.0]]))
    >>> told, s = condition(K, np.array([2.0]), eps=0.5), np.array([1.0, 4.0])
    >>> weigh(told, s, np.zeros(2), np.array([1.0])).weights.round(4)
    array([0.3086, 0.6914])
    """
    told = _told(told)
    _scales(s)
    check.finite(log_ratios=log_ratios)
    check.shapes(s=(s, "R"), log_ratios=(log_ratios, "R"))
    check.alike_dtype(s=s, log_ratios=log_ratios)
    variance = _noisy(told, points)
    xp = array_namespace(s, variance)
    log_w = -told.Q / (2 * s) - 0.5 * told.n * xp.log(s) + log_ratios  # (scale_mixture_nngp-27)
    weights = softmax(log_w)  # (scale_mixture_nngp-28)
    each = _log_normal(xp, points - told.mean, s[:, None] * variance)
    log_density = logsumexp((log_w - logsumexp(log_w))[:, None] + each, axis=0)  # (scale_mixture_nngp-29)
    outside = -0.5 * told.log_det - 0.5 * told.n * math.log(2 * math.pi)
    log_evidence = outside + logsumexp(log_w) - math.log(s.shape[0])  # (scale_mixture_nngp-30)
    return Weighted(weights, log_density, log_evidence)


def _noisy(told, points):
    """Variances of new targets per unit of s; rounding below 0 is cut off."""
    check.finite(points=points)
    check.shapes(mean=(told.mean, "m"), points=(points, "m"))
    check.alike_dtype(mean=told.mean, points=points)
    xp = array_namespace(told.Sigma)
    diagonal = told.Sigma if len(told.Sigma.shape) == 1 else xp.linalg.diagonal(told.Sigma)
    variance = xp.clip(diagonal, 0.0, None) + told.eps  # (scale_mixture_nngp-26)
    return _positive_variances(variance, "Sigma + eps")


# Trained networks ---------------------------------------------------------------------------------------------------


def trained(K, T_tt, T_st, y, s, *, eta, tau, time="steps", form="direct"):
    """Outputs of wide networks after gradient descent on half of the summed squared errors, given the scale.

    Parameters
    ----------
    K : Blocks
        The kernel at s = 1; `K.ss` with all of its entries.
    T_tt, T_st : array [n, n], array [m, n]
        Tangent kernel of the hidden layers per unit of s; 0 where the readout alone is trained.
    y : array [n]
        Targets.
    s : float
        Scale > 0: variance of the readout weights at the start.
    eta : float
        Step size > 0; for the mean of the squared errors in place of their sum, divide it by n.
    tau : float
        >= 0: how many steps, or the time of the flow; without effect at the "end".
    time : {"steps", "flow", "end"}, default: "steps"
        Gradient descent, its flow for infinitely small steps, or their common end.
    form : {"direct", "rescaled"}, default: "direct"
        Whether the readout weights are trained, or these divided by sqrt(s), which start at variance 1.

    Returns
    -------
    Trained
        See there. In the direct form the mean depends on s: without s it is a mixture over location and scale.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, a number is out of range, `tau` is no integer though it
        counts steps, the steps diverge, K.tt or T_tt is not symmetric, or K.tt + s T_tt is not positive semidefinite
        (at the "end": definite).

    Notes
    -----
    Equations (scale_mixture_nngp-31) to (scale_mixture_nngp-36) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> K = Blocks(np.array([[1.0]]), np.array([[0.5]]), np.array([[1.0]]))
    >>> none = np.zeros((1, 1))
    >>> for tau in (0, 1, 2, 40):
    ...     print(tau, *(part.round(4).tolist() for part in trained(K, none, none, np.ones(1), 4.0, eta=0.5, tau=tau)))
    0 [0.0] [[4.0]]
    1 [0.25] [[3.25]]
    2 [0.375] [[3.0625]]
    40 [0.5] [[3.0]]
    """
    K, (m, n) = _blocks(K, y=y)
    check.finite(T_tt=T_tt, T_st=T_st)
    check.shapes(T_tt=(T_tt, f"{n} {n}"), T_st=(T_st, f"{m} {n}"), K_ss=(K.ss, f"{m} {m}"))
    check.alike_dtype(y=y, T_tt=T_tt, T_st=T_st), _symmetric(K_tt=K.tt, T_tt=T_tt)
    s, eta = check.positive(s=s, eta=eta)
    check.choice(("steps", "flow", "end"), time=time), check.choice(("direct", "rescaled"), form=form)
    tau = check.nonnegative(tau=tau)
    if time == "steps" and tau != int(tau):
        raise ValueError(f"tau must be an integer where it counts steps, got {float(tau)!r}")
    xp = array_namespace(y, T_tt)
    K_tt, K_st, K_ss = (s * block for block in K)  # (scale_mixture_nngp-31)
    readout = 1.0 if form == "direct" else s
    Theta_tt, Theta_st = readout * K.tt + s * T_tt, readout * K.st + s * T_st  # (scale_mixture_nngp-32)
    values, vectors = xp.linalg.eigh(Theta_tt)
    F = _learned(xp, values, eta, tau, time)
    G = (Theta_st @ vectors) * F @ xp.matrix_transpose(vectors)  # (scale_mixture_nngp-35)
    crossed = G @ xp.matrix_transpose(K_st)
    covariance = K_ss + G @ K_tt @ xp.matrix_transpose(G) - crossed - xp.matrix_transpose(crossed)
    return Trained(G @ y, covariance)  # (scale_mixture_nngp-36)


def _learned(xp, values, eta, tau, time):
    """What is learned along each eigenvector, over its eigenvalue."""
    low, high = float(xp.min(values)), float(xp.max(values))
    if low < -1e-4 * high:  # in float32 slopes of nearly equal inputs are right to half of the digits
        raise ValueError(f"T_tt + K.tt must be positive semidefinite, got eigenvalues from {low:.3g} to {high:.3g}")
    if time == "end":
        if not low > values.shape[0] * float(xp.finfo(values.dtype).eps) * high:
            raise ValueError(f"T_tt + K.tt must be positive definite, got eigenvalues from {low:.3g} to {high:.3g}")
        return 1 / values
    values = xp.clip(values, float(xp.finfo(values.dtype).smallest_normal), None)
    if time == "flow":
        return -xp.expm1(-eta * tau * values) / values  # (scale_mixture_nngp-34)
    if eta * high > 2:
        raise ValueError(f"eta must be at most 2 over the largest eigenvalue, {2 / high:.4g}, got {float(eta):g}")
    rate = eta * values
    small = xp.clip(rate, None, 0.5)
    left = xp.where(rate < 0.5, xp.expm1(tau * xp.log1p(-small)), (1 - rate) ** int(tau) - 1)
    return -left / values  # (scale_mixture_nngp-33)


# Classification -----------------------------------------------------------------------------------------------------


def project(K_uu, K_xu, k_xx, *, eps):
    """Values at B inputs from those at the inducing inputs.

    Parameters
    ----------
    K_uu : array [M, M]
        Kernel of the inducing inputs, floating point.
    K_xu : array [B, M]
        Kernel between inputs and inducing inputs.
    k_xx : array [B]
        Kernel of each input with itself.
    eps : float
        >= 0, added to the diagonal of `K_uu` wherever it stands.

    Returns
    -------
    Projection
        See there.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or K_uu + eps I is not positive definite.

    Examples
    --------
    >>> import numpy as np
    >>> found = project(np.array([[0.75]]), np.array([[0.5]]), np.array([1.0]), eps=0.25)
    >>> found.A, found.rest
    (array([[0.5]]), array([0.75]))
    """
    check.finite(K_uu=K_uu, K_xu=K_xu, k_xx=k_xx)
    check.shapes(K_uu=(K_uu, "M M"), K_xu=(K_xu, "B M"), k_xx=(k_xx, "B"))
    check.alike_dtype(K_uu=K_uu, K_xu=K_xu, k_xx=k_xx)
    if not bool(array_namespace(k_xx).all(k_xx >= 0)):
        raise ValueError(f"k_xx must be >= 0, got a smallest variance of {float(array_namespace(k_xx).min(k_xx)):g}")
    eps = check.nonnegative(eps=eps)
    xp = array_namespace(K_uu, K_xu, k_xx)
    factor = cholesky(K_uu, jitter=eps, name="K_uu")
    A = xp.matrix_transpose(cholesky_solve(factor, xp.matrix_transpose(K_xu)))  # (scale_mixture_nngp-39)
    rest = xp.clip(k_xx - xp.sum(A * K_xu, axis=1), 0.0, None)  # (scale_mixture_nngp-40)
    return Projection(A, rest, factor)


def logits(q, at, noise, s):
    """Draws of the values of each class, by draws of the scale that all classes and inputs share.

    Parameters
    ----------
    q : Variational
        See there.
    at : Projection
        From `project`.
    noise : array [R, B, C]
        Standard normal draws.
    s : array [R]
        Scales > 0.

    Returns
    -------
    array [R, B, C]
        Values f.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or a variance or scale is not > 0.

    Examples
    --------
    >>> import numpy as np
    >>> q = Variational(np.array([[2.0], [0.0]]), np.ones((2, 1)), 2.0, 2.0)
    >>> at = project(np.array([[0.75]]), np.array([[0.5]]), np.array([1.0]), eps=0.25)
    >>> logits(q, at, np.ones((1, 1, 2)), np.array([4.0]))
    array([[[3., 2.]]])
    """
    q, at = _variational(q, at)
    _scales(s), check.finite(noise=noise)
    C, B = q.m.shape[0], at.A.shape[0]
    check.shapes(s=(s, "R"), noise=(noise, f"R {B} {C}"))
    check.alike_dtype(m=q.m, s=s, noise=noise)
    xp = array_namespace(q.m, s, noise)
    mean = at.A @ xp.matrix_transpose(q.m)
    variance = (at.A * at.A) @ xp.matrix_transpose(q.S) + at.rest[:, None]  # (scale_mixture_nngp-41)
    return mean + xp.sqrt(s[:, None, None] * variance) * noise  # (scale_mixture_nngp-42)


def expected_log_likelihood(f, onehot, n):
    """Mean over draws of the log softmax at the true classes, for all n data.

    Parameters
    ----------
    f : array [R, B, C]
        Draws of the values.
    onehot : array [B, C]
        1 at the class of each input, else 0; or shares >= 0 of sum 1.
    n : int
        Data, of which these are B: the sum is multiplied by n / B.

    Returns
    -------
    array, 0-d
        See above.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or `n` is no integer >= 1.

    Examples
    --------
    >>> import numpy as np
    >>> float(expected_log_likelihood(np.zeros((1, 1, 2)), np.array([[1.0, 0.0]]), 10))  # -10 log 2
    -6.93147180559...
    """
    check.finite(f=f, onehot=onehot)
    B = check.shapes(f=(f, "R B C"), onehot=(onehot, "B C"))["B"]
    check.alike_dtype(f=f, onehot=onehot), _shares(onehot=onehot)
    n = check.integer(n=n, minimum=1)
    xp = array_namespace(f, onehot)
    each = xp.sum(onehot * f, axis=2) - logsumexp(f, axis=2)
    return (n / B) * xp.sum(xp.mean(each, axis=0))  # (scale_mixture_nngp-43)


def kl_given_scale(q, factor, precision):
    """Divergence of q(u | s) from the prior N(0, s K), in the mean over s.

    Parameters
    ----------
    q : Variational
        Its `m` and `S` are read.
    factor : array [M, M]
        Lower Cholesky factor of K_uu + eps I.
    precision : float or array, 0-d
        Mean of 1 / s, > 0.

    Returns
    -------
    array, 0-d
        Sum over the classes.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or a variance or `precision` is not > 0.

    Examples
    --------
    >>> import numpy as np
    >>> q = Variational(np.array([[2.0]]), np.array([[1.0]]), 2.0, 2.0)
    >>> float(kl_given_scale(q, np.array([[1.0]]), 0.5))
    1.0
    """
    q = check.fields(Variational, q=q)
    check.finite(m=q.m, S=q.S, factor=factor)
    C, M = (check.shapes(m=(q.m, "C M"), S=(q.S, "C M"), factor=(factor, "M M"))[i] for i in "CM")
    check.alike_dtype(m=q.m, S=q.S, factor=factor), check.positive(precision=precision)
    _positive_variances(q.S, "S")
    xp = array_namespace(q.m, q.S, factor)
    eye = xp.eye(M, dtype=factor.dtype, device=device(stop_gradient(factor)))
    inverse = solve_triangular(factor, eye, lower=True)
    half = inverse @ xp.matrix_transpose(q.m)  # [M, C]
    trace = xp.sum(q.S * xp.sum(inverse * inverse, axis=0))
    dets = C * _log_det(factor) - xp.sum(xp.log(q.S))
    return 0.5 * (dets - C * M + trace + precision * xp.sum(half * half))  # (scale_mixture_nngp-44)


def kl_of_scale(q, law):
    """Divergence of one inverse-gamma law from another.

    Parameters
    ----------
    q : Variational or InverseGamma
        Its `a` and `b` are read.
    law : InverseGamma
        The prior.

    Returns
    -------
    array, 0-d
        KL(IG(q.a, q.b) || IG(a, b)).

    Raises
    ------
    TypeError, ValueError
        If something is of another type, or a parameter is not > 0.

    Examples
    --------
    >>> import numpy as np
    >>> float(kl_of_scale(InverseGamma(np.asarray(1.0), np.asarray(2.0)), InverseGamma(1.0, 1.0)))  # log 2 - 1/2
    0.193147180559...
    """
    check.instance((Variational, InverseGamma), q=q)
    q = check.fields(type(q), q=q)
    check.floating(a=q.a, b=q.b), check.positive(a=q.a, b=q.b)
    law = _inverse_gamma_law(law, a=q.a)
    xp, a, b = array_namespace(q.a, q.b), law.a, law.b
    gammas = math.lgamma(a) - gammaln(q.a) + (q.a - a) * digamma(q.a)
    return a * (xp.log(q.b) - math.log(b)) + gammas + (b - q.b) * q.a / q.b  # (scale_mixture_nngp-45)


def elbo(q, at, onehot, noise, u, *, law, n):
    """Evidence lower bound of the sparse variational posterior with a random scale; differentiable in `q`.

    Parameters
    ----------
    q : Variational
        Its `a` and `b` are 0-d arrays.
    at : Projection
        Of the B inputs.
    onehot : array [B, C]
        1 at the class of each input, else 0.
    noise : array [R, B, C]
        Standard normal draws.
    u : array [R]
        Uniform draws from (0, 1), for the scale.
    law : InverseGamma
        Prior of the scale.
    n : int
        Data, of which these are B.

    Returns
    -------
    Bound
        See there.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, a number is out of range, or so small a `q.a` is given
        that a scale is infinite.

    Examples
    --------
    >>> import numpy as np
    >>> q = Variational(np.zeros((2, 1)), np.ones((2, 1)), np.asarray(2.0), np.asarray(2.0))
    >>> at = project(np.array([[0.75]]), np.array([[0.5]]), np.array([1.0]), eps=0.25)
    >>> found = elbo(q, at, np.array([[1.0, 0.0]]), np.ones((1, 1, 2)), np.full(1, 0.5), law=InverseGamma(2, 2), n=1)
    >>> [float(x) for x in found]  # q is the prior, and the values of both classes are alike
    [-0.69314718055..., 0.0, -0.69314718055...]
    """
    q, at = _variational(q, at)
    check.uniforms(above=True, u=u), check.floating(a=q.a, b=q.b), check.positive(a=q.a, b=q.b)
    s = _reached(_inverse_gamma(q.a, q.b, u), a=q.a, b=q.b)
    fit = expected_log_likelihood(logits(q, at, noise, s), onehot, n)
    kl = kl_given_scale(q, at.factor, q.a / q.b) + kl_of_scale(q, law)  # (scale_mixture_nngp-46)
    return Bound(fit - kl, kl, fit)  # (scale_mixture_nngp-47)


def class_probabilities(q, at, noise, u):
    """Predicted probabilities: the mean softmax over draws, each with one scale for all classes and inputs.

    Parameters
    ----------
    q, at, noise, u
        As for `elbo`.

    Returns
    -------
    array [B, C]
        Rows sum to 1.

    Raises
    ------
    TypeError, ValueError
        As for `elbo`.

    Examples
    --------
    >>> import numpy as np
    >>> q = Variational(np.array([[4.0], [0.0]]), np.ones((2, 1)), np.asarray(2.0), np.asarray(2.0))
    >>> at = project(np.array([[0.75]]), np.array([[0.5]]), np.array([1.0]), eps=0.25)
    >>> class_probabilities(q, at, np.ones((1, 1, 2)), np.full(1, 0.5)).round(4)
    array([[0.8808, 0.1192]])
    """
    q, at = _variational(q, at)
    check.uniforms(above=True, u=u), check.floating(a=q.a, b=q.b), check.positive(a=q.a, b=q.b)
    f = logits(q, at, noise, _reached(_inverse_gamma(q.a, q.b, u), a=q.a, b=q.b))
    return array_namespace(f).mean(softmax(f, axis=2), axis=0)  # (scale_mixture_nngp-48)


# Checks -------------------------------------------------------------------------------------------------------------


def _log_det(factor):
    xp = array_namespace(factor)
    return xp.asarray(2 * xp.sum(xp.log(xp.linalg.diagonal(factor))))


def _lgamma(x):
    return gammaln(x) if is_array(x) else math.lgamma(x)


def _log(x):
    return array_namespace(x).log(x) if is_array(x) else math.log(x)


def _log_normal(xp, apart, variance):
    return -0.5 * (apart * apart / variance + xp.log(2 * math.pi * variance))


def _known(law, **like):
    """A law with Python numbers, or 0-d arrays of the dtype of what it is asked about."""
    check.instance(LAWS, law=law)
    law = check.fields(type(law), law=law)
    for name, value in law._asdict().items():
        (check.number if name == "mu" else check.positive)(**{name: value})
        if is_array(value):
            check.alike_dtype(**like, **{f"law.{name}": value})
    return law


def _inverse_gamma_law(law, **like):
    check.instance(InverseGamma, law=law)
    return _known(law, **like)


def _scales(s):
    check.finite(s=s)
    if not bool(array_namespace(s).all(s > 0)):
        raise ValueError(f"s must be > 0, got a smallest one of {float(array_namespace(s).min(s)):g}")


def _reached(s, **named):
    """Drawn scales, unless one of them left the range of its dtype."""
    plain = stop_gradient(s)
    if not (all_finite(plain) and bool(array_namespace(plain).all(plain > 0))):
        got = ", ".join(str(x) if isinstance(x, LAWS) else f"{float(stop_gradient(x)):g}" for x in named.values())
        raise ValueError(f"{' and '.join(named)} must give scales in the range of {s.dtype} at these u, got {got}")
    return s


def _shares(*, onehot):
    xp = array_namespace(onehot)
    if not bool(xp.all(onehot >= 0)) or not bool(xp.all(xp.abs(xp.sum(onehot, axis=1) - 1) < 1e-5)):
        raise ValueError("onehot must have rows with one 1 and else 0, got others")


def _symmetric(**named):
    for name, matrix in named.items():
        xp = array_namespace(matrix)
        if bool(xp.any(xp.abs(matrix - xp.matrix_transpose(matrix)) > 1e-5 * xp.max(xp.abs(matrix)))):
            raise ValueError(f"{name} must be symmetric, got another matrix")


def _positive_variances(v, name):
    xp = array_namespace(v)
    if not bool(xp.all(v > 0)):
        raise ValueError(f"{name} must be > 0, got a smallest variance of {float(xp.min(v)):g}")
    return v


def _blocks(K, *, y):
    """Kernel blocks that fit to the targets, and their sizes m and n."""
    K = check.fields(Blocks, K=K)
    arrays = {"K.tt": K.tt, "K.st": K.st, "K.ss": K.ss, "y": y}
    check.finite(**arrays)
    axes = "m" if len(K.ss.shape) == 1 else "m m"
    sizes = check.shapes(**dict(zip(arrays, ((K.tt, "n n"), (K.st, "m n"), (K.ss, axes), (y, "n")), strict=True)))
    check.alike_dtype(**arrays)
    xp = array_namespace(K.ss)
    if not bool(xp.all((K.ss if len(K.ss.shape) == 1 else xp.linalg.diagonal(K.ss)) >= 0)):
        raise ValueError("K.ss must be >= 0 on its diagonal, got a negative variance")
    return K, (sizes["m"], sizes["n"])


def _told(told):
    told = check.fields(Conditioned, told=told)
    check.finite(mean=told.mean, Sigma=told.Sigma, Q=told.Q, log_det=told.log_det)
    check.shapes(mean=(told.mean, "m"), Sigma=(told.Sigma, "m" if len(told.Sigma.shape) == 1 else "m m"))
    check.shapes(Q=(told.Q, ""), log_det=(told.log_det, ""))
    check.integer(n=told.n, minimum=1), check.nonnegative(eps=told.eps)
    return told


def _variational(q, at):
    q, at = check.fields(Variational, q=q), check.fields(Projection, at=at)
    check.finite(m=q.m, S=q.S, A=at.A, rest=at.rest)
    check.shapes(m=(q.m, "C M"), S=(q.S, "C M"), A=(at.A, "B M"), rest=(at.rest, "B"), factor=(at.factor, "M M"))
    check.alike_dtype(m=q.m, S=q.S, A=at.A, rest=at.rest)
    _positive_variances(q.S, "S")
    return q, at
