"""Line search by backtracking."""

from refimpl.core import check


def backtrack(value_after, value, slope, start, *, c, shrink, most=100, smallest=0.0):
    """Shrink a step until it decreases the value enough (Armijo's condition).

    Parameters
    ----------
    value_after : callable
        ``value_after(s)``, the value after a step of size s along the negative gradient.
    value, slope : float
        Value before the step, and squared norm of the gradient there.
    start : float
        First step size to try.
    c, shrink : float
        In [0, 1): share of the linear decrease that is asked for; factor on a step size that fails.
    most : int, default: 100
        Shrink so many times at most.
    smallest : float, default: 0
        Once the step size has fallen below this it is taken as it is.

    Returns
    -------
    s : float
        The step size; untested after `most` failures or below `smallest`.
    cuts : int
        How often it was shrunk.

    Raises
    ------
    TypeError, ValueError
        If a number is not finite or out of its range, or `value_after` cannot be called.

    Examples
    --------
    >>> backtrack(lambda s: (1 - s) ** 2 / 2, 0.5, 1.0, 3.0, c=0.5, shrink=0.5)
    (0.75, 2)
    """
    check.function(value_after=value_after)
    value, slope = float(check.number(value=value)), float(check.nonnegative(slope=slope))
    s = check.positive(start=start)
    c, shrink = check.fraction(c=c, shrink=shrink)
    most, smallest = check.integer(most=most), check.nonnegative(smallest=smallest)
    for cuts in range(most):
        if float(value_after(s)) <= value - c * s * slope:  # (sso-11)
            return s, cuts
        s = s * shrink
        if s < smallest:
            return s, cuts + 1
    return s, most
