"""What BO-REP is compared with: the exact hyper-gradient, the truncated series of stocBiO, and MA-SOBA."""

from refimpl.core import check
from refimpl.core.arrays import array_namespace
from refimpl.core.linalg import neumann, solve_positive
from refimpl.core.loop import iterate
from refimpl.nested import bo_rep


def implicit(grad_x, grad_y, hessian, cross):
    """The exact hyper-gradient at the lower minimizer, by a solve.

    Parameters
    ----------
    grad_x, grad_y : array, shapes [d] and [p]
        Gradients of f.
    hessian : array [p, p]
        Of g in y; symmetric and positive definite.
    cross : array [d, p]
        Cross derivative of g.

    Returns
    -------
    hyper : array [d]
        The gradient of Phi(x) = f(x, y*(x)).
    z : array [p]
        The solution of ``hessian z = grad_y``.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or `hessian` is not symmetric, or singular to working
        precision.

    Notes
    -----
    Equation (bo_rep-1) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> implicit(np.array([1.0]), np.array([1.0]), np.array([[2.0]]), np.array([[-4.0]]))
    (array([3.]), array([0.5]))
    """
    check.finite(grad_x=grad_x, grad_y=grad_y, hessian=hessian, cross=cross)
    check.shapes(hessian=(hessian, "p p"), grad_y=(grad_y, "p"), cross=(cross, "d p"), grad_x=(grad_x, "d"))
    check.symmetric(hessian=hessian)
    try:
        z = solve_positive(hessian, grad_y)
    except ValueError as error:
        raise ValueError(f"hessian must be that of a strongly convex lower problem: {error}") from None
    return grad_x - cross @ z, z  # (bo_rep-1)


def stocbio(upper, *, terms, nu):
    """Hyper-gradient of stocBiO (Ji et al., 2021): z from a truncated Neumann series in place of a running one.

    Parameters
    ----------
    upper : bo_rep.Upper
        Its ``hvp(p, j)`` takes the number j = 1, ..., terms - 1 of the factor, each of another sample.
    terms : int
        Q >= 1.
    nu : float
        Step > 0.

    Returns
    -------
    h, z : array
        Hyper-gradient, and the estimate it is made with.

    Raises
    ------
    TypeError, ValueError
        As `core.linalg.neumann`.

    Notes
    -----
    Equation (bo_rep-11) of the documentation, in `core.linalg.neumann`.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones(1)
    >>> stocbio(bo_rep.Upper(one, one, lambda p, j: 2 * p, lambda z: -4 * z), terms=40, nu=0.25)
    (array([3.]), array([0.5]))
    """
    check.instance(bo_rep.Upper, upper=upper), check.positive(nu=nu)
    z = neumann(upper.hvp, upper.grad_y, terms=terms, step=nu)
    return upper.grad_x - upper.cross(z), z


def ma_soba(x, state, upper, grad, *, lr, beta=0.0, nu, alpha):
    """A step of MA-SOBA: as BO-REP with one plain lower step each time and no normalization; beta = 0 is SOBA.

    Parameters
    ----------
    x, state, upper, beta, nu
        As for `bo_rep.update`.
    grad : array like y
        Gradient of G in y, at the state's y.
    lr, alpha : float
        Step sizes > 0 of x and of y.

    Returns
    -------
    x, state
        As for `bo_rep.update`. All three moves start from the old point.

    Raises
    ------
    TypeError, ValueError
        As for `bo_rep.update`.

    Notes
    -----
    Dagréou et al. (2022, arXiv:2201.13409) and Chen et al. (2023, arXiv:2306.12067). Here x follows the new average.

    Examples
    --------
    >>> import numpy as np
    >>> x, one = np.array([0.5]), np.ones(1)
    >>> upper = bo_rep.Upper(one, one, lambda z: 2 * z, lambda z: -4 * z)
    >>> state = bo_rep.init(x, 2 * x, z=np.array([0.5]))
    >>> ma_soba(x, state, upper, np.zeros(1), lr=0.1, nu=0.1, alpha=0.1)[0]
    array([0.2])
    """
    check.finite(x=x), check.instance(bo_rep.BORepState, state=state), check.instance(bo_rep.Upper, upper=upper)
    y = bo_rep.lower_update(state.y, lambda y, t: grad, steps=1, alpha=alpha)
    lr = check.positive(lr=lr)
    _, state = bo_rep.update(x, state, upper, eta=1.0, beta=beta, nu=nu)  # only its z and m
    return x - lr * state.m, state._replace(y=y)


def descend(x, y, lower, upper, *, steps, lr, burst=1, z=None, beta=0.9, nu, alpha, clip=None, record=None, stop=None):
    """The un-normalized rule with bursts every step, or with steps clipped at a length.

    Parameters
    ----------
    x, y, lower, upper, steps, z, beta, nu, alpha, record, stop
        As for `bo_rep.minimize`.
    lr : float
        Step size > 0.
    burst : int, default: 1
        Lower steps before each upper one.
    clip : float, optional
        The greatest length of a step, > 0.

    Returns
    -------
    x, run
        As for `bo_rep.minimize`.

    Raises
    ------
    TypeError, ValueError
        As for `bo_rep.update`; a run that diverges ends in one.

    Examples
    --------
    >>> import numpy as np
    >>> upper = lambda x, y, k: bo_rep.Upper(x, np.ones(1), lambda z: z, lambda z: -z)
    >>> grad = lambda x, y, t: y - x
    >>> descend(np.array([4.0]), np.zeros(1), grad, upper, steps=300, lr=0.1, nu=0.5, alpha=0.5)[0].round(3)
    array([-1.])
    """
    check.function(lower=lower, upper=upper)
    lr, longest = check.positive(lr=lr), None if clip is None else check.positive(clip=clip)

    def step(carry, k):
        x, state = carry
        grad = lambda y, t: lower(x, y, (k - 1) * burst + t)
        y = bo_rep.lower_update(state.y, grad, steps=burst, alpha=alpha)
        _, state = bo_rep.update(x, state._replace(y=y), upper(x, y, k - 1), eta=1.0, beta=beta, nu=nu)
        move = lr * state.m
        if longest is not None:
            xp = array_namespace(x)
            move = move * (longest / xp.clip(xp.linalg.vector_norm(move), min=longest))
        return x - move, state

    note, halt = record and (lambda carry: record(*carry)), stop and (lambda carry: stop(*carry))
    run = iterate(step, (x, bo_rep.init(x, y, z)), steps=steps, record=note, stop=halt)
    return run.state[0], run
