"""L2-A-MTRL by epochs: the earlier method (Chen et al., 2022, the algorithm for unknown relevance)."""

from refimpl.convex.lasso_mtrl import Found, drawn, estimate, fit_representation, fit_target
from refimpl.core import check
from refimpl.core.arrays import array_namespace


def epoch_counts(nu, *, beta, eps):
    """Samples of each source task in an epoch.

    Parameters
    ----------
    nu : array, shape [T], floating point
        Relevance, as far as it is known.
    beta : float
        Scale, > 0.
    eps : float
        Accuracy of the epoch, > 0.

    Returns
    -------
    array, shape [T], int64
        n_t >= 1.

    Raises
    ------
    TypeError, ValueError
        If `nu` is not finite, a number is out of range, or a count is 2^53 or more.

    Notes
    -----
    Equation (lasso_mtrl-19) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> epoch_counts(np.array([0.0, -0.5, 1.0]), beta=10.0, eps=0.25)
    array([ 40,  40, 160])
    """
    check.finite(nu=nu)
    check.shapes(nu=(nu, "T"))
    beta, eps = check.positive(beta=beta, eps=eps)
    xp = array_namespace(nu)
    most = float(xp.max(xp.abs(nu))) / float(eps)
    if not max(beta * most * most, beta / eps) < 2**53:
        raise ValueError(f"eps must leave fewer than 2^53 samples of each task, got {eps!r}")
    share = nu / eps
    n = xp.ceil(xp.maximum(beta * share * share, beta / eps))  # (lasso_mtrl-19)
    return xp.astype(n, xp.int64)


def epochs(sample, X, y, nu, *, k, beta, count, rounds=15):
    """Epochs 1, ..., `count` with eps = 1/2, 1/4, ...: sample, fit, and estimate the relevance for the next.

    Parameters
    ----------
    sample, X, y
        As for `lasso_mtrl.known`.
    nu : array, shape [T]
        Relevance of the first epoch, such as ones over the root of T.
    k, rounds : int
        As for `lasso_mtrl.fit_representation`.
    beta : float
        As for `epoch_counts`.
    count : int
        Number of epochs, >= 1.

    Returns
    -------
    Found
        Of the last epoch.

    Raises
    ------
    TypeError, ValueError
        As for `epoch_counts` and `lasso_mtrl.known`.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.convex import _lasso_mtrl_models as models
    >>> from refimpl.core.random import stream
    >>> tasks = models.draw(stream(0, "doc"), d=5, k=2, T=3, target="one", like=np.zeros(1))
    >>> X, y = models.target_samples(stream(1, "doc"), tasks, 500)
    >>> sample = models.sampler(stream(2, "doc"), tasks, sigma=0.1)
    >>> found = epochs(sample, X, y, np.ones(3) / 3**0.5, k=2, beta=50.0, count=4)
    >>> found.n
    array([ 800,  800, 8677])
    """
    check.function(sample=sample)
    count = check.integer(count=count, minimum=1)
    for i in range(1, count + 1):
        n = epoch_counts(nu, beta=beta, eps=2.0**-i)
        data = drawn(sample, n)
        if i < count:
            nu = estimate(data, X, y, k=k, p=2, rounds=rounds)
    B, _ = fit_representation(data, k=k, rounds=rounds)
    return Found(B @ fit_target(B, X, y), nu, n)
