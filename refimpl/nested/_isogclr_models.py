"""A linear encoder for the experiments with iSogCLR, trained on batches of two views by any of its losses."""

from refimpl.core import check, random
from refimpl.core.arrays import array_namespace, device, is_array
from refimpl.core.loop import iterate
from refimpl.nested import _isogclr_baselines as baselines
from refimpl.nested import isogclr


def backward(W, X1, X2, slope):
    """A loss of the embeddings of two views and its gradient in the weights of the encoder Z = unit(X W).

    Parameters
    ----------
    W : array, shape [p, k], floating point
        Weights.
    X1, X2 : array, shape [B, p]
        Two views of each sample.
    slope : callable
        ``slope(Z1, Z2) -> (C, *more)``: the derivative in the similarities.

    Returns
    -------
    tuple
        (gradient [p, k], *more).

    Examples
    --------
    >>> import numpy as np
    >>> X = np.eye(2)
    >>> gradient, loss = backward(np.eye(2), X, X, lambda Z1, Z2: baselines.nt_xent(Z1, Z2, tau=1.0)[::-1])
    >>> gradient.round(6).tolist()
    [[0.0, 0.423883], [0.423883, 0.0]]
    """
    check.function(slope=slope)
    check.finite(W=W, X1=X1, X2=X2)
    xp = array_namespace(W, X1, X2)
    (Z1, length1), (Z2, length2) = isogclr.unit(X1 @ W), isogclr.unit(X2 @ W)
    C, *more = slope(Z1, Z2)
    dZ1, dZ2 = isogclr.pull(C, Z1, Z2)
    dU1, dU2 = isogclr.unit_back(Z1, length1, dZ1), isogclr.unit_back(Z2, length2, dZ2)
    return xp.matrix_transpose(X1) @ dU1 + xp.matrix_transpose(X2) @ dU2, *more


def objective(W, X1, X2, tau, *, rho=0.0):
    """The full robust objective of an encoder and its gradient in W; rho = 0 and equal tau: the global one.

    Examples
    --------
    >>> import numpy as np
    >>> loss, gradient = objective(np.eye(2), np.eye(2), np.eye(2), np.ones(2))
    >>> float(loss), gradient.tolist()
    (-2.0, [[0.0, 2.0], [2.0, 0.0]])
    """

    check.finite(W=W, X1=X1, X2=X2)

    def slope(Z1, Z2):
        found = isogclr.rgcl(Z1, Z2, tau, rho=rho)
        return found.C, found.loss

    gradient, loss = backward(W, X1, X2, slope)
    return loss, gradient


def train(W, views, n, *, steps, rng, lr, batch=16, momentum=0.9, loss="isogclr", tau=0.1, record=None, **rates):
    """Train the encoder on batches of two views.

    Parameters
    ----------
    W : array, shape [p, k], floating point
        The start; or [R, p, k], of R runs side by side, each on n samples of its own.
    views : callable
        ``views(idx) -> (X1, X2)``, [B, p] each or [R, B, p], of the samples `idx`; run r has the n samples from number
        r n on.
    n : int
        Number of samples.
    steps : int
        >= 0.
    rng : numpy.random.Generator
        For the batches, which are drawn without replacement.
    lr : float, array [R, 1, 1] or callable
        Step size > 0, or ``lr(t)`` for t = 1, 2, ...
    batch : int, default: 16
        B >= 2.
    momentum : float in [0, 1), default: 0.9
        1 - beta_w: what is kept of the average of the gradients.
    loss : str, default: "isogclr"
        Or "sogclr", the same with fixed temperatures, or "simclr".
    tau : float or array [R], default: 0.1
        First temperature, or that of all; for SimCLR a float.
    record : callable, optional
        ``record(W, state) -> dict``, collected in the history at the start and after each step.
    **rates
        Of `isogclr.update`.

    Returns
    -------
    W : array
        After the last step.
    run : core.loop.Run
        Its `state` is (W, velocity, ISogCLRState).

    Raises
    ------
    TypeError, ValueError
        As `isogclr.update`.

    Notes
    -----
    Equation (isogclr-15) of the documentation. SimCLR's loss is scaled by 2 tau, so that step sizes mean the same.

    Examples
    --------
    >>> import numpy as np
    >>> x = random.normal(random.stream(0, "doc"), (8, 3), like=np.zeros(1))
    >>> W, run = train(np.eye(3)[:, :2], lambda i: (x[i], x[i]), 8, steps=3, rng=random.stream(1), lr=0.1, batch=4)
    >>> W.shape, int(run.state[2].seen.sum()) >= 4
    ((3, 2), True)
    """
    check.function(views=views)
    check.finite(W=W)
    check.integer(n=n, batch=batch)
    rate = lr(1) if callable(lr) else lr
    check.positive(lr=float(rate.min()) if is_array(rate) else rate), check.broadcast(W=W, lr=rate)
    check.choice(("isogclr", "sogclr", "simclr"), loss=loss)
    momentum = check.fraction(momentum=momentum)
    rates = rates | ({"eta": 0.0} if loss == "sogclr" else {})
    xp, runs = array_namespace(W), W.shape[0] if len(W.shape) == 3 else 1

    def step(carry, t):
        W, velocity, state = carry
        drawn = [random.indices(rng, n, (batch,), like=W, replace=False) + r * n for r in range(runs)]
        idx = xp.stack(drawn) if len(W.shape) == 3 else drawn[0]

        def slope(Z1, Z2):
            if loss == "simclr":
                return 2 * tau * baselines.nt_xent(Z1, Z2, tau=tau)[1], state
            found, after = isogclr.update(Z1, Z2, idx, state, **rates)
            return found.C, after

        X1, X2 = views(idx)
        gradient, state = backward(W, X1, X2, slope)
        velocity = momentum * velocity + (1 - momentum) * gradient  # (isogclr-15)
        return W - (lr(t) if callable(lr) else lr) * velocity, velocity, state

    note = record and (lambda carry: record(carry[0], carry[2]))
    state = isogclr.init(n * runs, tau=1.0, like=W)
    taus = tau * xp.ones(runs, dtype=W.dtype, device=device(W))
    state = state._replace(tau=xp.repeat(taus, n))
    start = W, xp.zeros_like(W), state
    run = iterate(step, start, steps=steps, record=note)
    return run.state[0], run
