"""Plausible mistakes in convex ReLU training, each written on the dense matrices F and G of the page."""

from functools import partial

from refimpl.core.arrays import array_namespace, device
from refimpl.specs.base import Mistakes

ADMMNN = "https://github.com/zachary-shah/admmNN/blob"
ADMMNN_UPDATE = f"{ADMMNN}/35e75f9c3768336b23ecbf5524006de3eaa7df47/utils/primal_update_utils.py"


def _zeros(like, *shape):
    return array_namespace(like).zeros(shape, dtype=like.dtype, device=device(like))


def _eye(like, size):
    return array_namespace(like).eye(size, dtype=like.dtype, device=device(like))


def _norms(x, axis=1):
    xp = array_namespace(x)
    return xp.sqrt(xp.sum(x * x, axis=axis, keepdims=True))


def _shrink(x, threshold, axis=1):
    xp = array_namespace(x)
    norms = _norms(x, axis)
    return xp.where(norms > threshold, x * (1 - threshold / xp.where(norms > 0, norms, xp.ones_like(norms))), 0 * x)


def _soft(x, threshold):
    xp = array_namespace(x)
    return xp.sign(x) * xp.maximum(abs(x) - threshold, 0.0)


# Patterns -----------------------------------------------------------------------------------------------------------

pattern_mistake = Mistakes()


def _distinct(D, order=lambda columns: columns):
    xp = array_namespace(D)
    columns = [tuple(bool(D[k, i] > 0.5) for k in range(D.shape[0])) for i in range(D.shape[1])]
    first = order([i for i, column in enumerate(columns) if column not in columns[:i]])
    return xp.stack([D[:, i] for i in first], axis=1)


def _seen(X, draws):
    xp = array_namespace(X)
    return xp.astype(X @ xp.matrix_transpose(draws) >= 0, X.dtype)


@pattern_mistake("wrong_sign", "a neuron sees a point where x^T a >= 0; here points with x^T a = 0 are left out")
def strict_sign(X, draws):
    xp = array_namespace(X)
    return _distinct(xp.astype(X @ xp.matrix_transpose(draws) > 0, X.dtype))


@pattern_mistake("wrong_output", "patterns are 0 and 1; here they are -1 and 1")
def signs_for_patterns(X, draws):
    return _distinct(2 * _seen(X, draws) - 1)


@pattern_mistake("missing_step", "keep each pattern once; here doubles stay, which only slow the solver down")
def doubles_kept(X, draws):
    return _seen(X, draws)


@pattern_mistake(
    "wrong_order",
    "keep the patterns in the order of the draws; here they are sorted (numpy.unique does that), and the first P of "
    "a sorted list are no random sample",
)
def sorted_patterns(X, draws):
    D = _seen(X, draws)
    key = lambda i: tuple(bool(D[k, i] > 0.5) for k in range(D.shape[0]))
    return _distinct(D, lambda first: sorted(first, key=key))


@pattern_mistake("wrong_sign", "1 where x^T a >= 0; here 1 where it is negative")
def complement(X, draws):
    return _distinct(1 - _seen(X, draws))


@pattern_mistake("missing_step", "compare X a with zero; here each row is compared with its own mean over the draws")
def centred(X, draws):
    xp = array_namespace(X)
    outputs = X @ xp.matrix_transpose(draws)
    return _distinct(xp.astype(outputs >= xp.mean(outputs, axis=1, keepdims=True), X.dtype))


# ADMM ---------------------------------------------------------------------------------------------------------------

admm_mistake = Mistakes()


def _flat(x, pattern_first=True):
    """[2, d, P] as a vector; the columns of F run over half, pattern, feature."""
    xp = array_namespace(x)
    return xp.reshape(xp.matrix_transpose(x) if pattern_first else x, (-1,))


def _blocks(x, d, P, pattern_first=True):
    xp = array_namespace(x)
    return xp.matrix_transpose(xp.reshape(x, (2, P, d))) if pattern_first else xp.reshape(x, (2, d, P))


def _dense(X, D, second=-1.0):
    """F [n, 2 P d]."""
    xp = array_namespace(X)
    half = xp.concat([D[:, i : i + 1] * X for i in range(D.shape[1])], axis=1)
    return xp.concat([half, second * half], axis=1)


def _admm(
    X,
    y,
    D,
    beta,
    rho,
    gamma,
    steps,
    *,
    prox=lambda x, beta, rho: _shrink(x, beta / rho),
    sides=lambda D: 2 * D - 1,
    clip=lambda x: array_namespace(x).maximum(x, 0.0),
    second=-1.0,
    fit=1.0,
    cones=True,
    dual=1.0,
    stale=False,
    pattern_first=True,
):
    """u and v of each step, from zero; the keywords are what can go wrong."""
    xp, (n, d), P = array_namespace(X), X.shape, D.shape[1]
    F, E = _dense(X, D, second), sides(D)
    held = xp.matrix_transpose(X) @ (xp.matrix_transpose(E * E)[:, :, None] * X)  # [P, d, d]
    M = _eye(X, 2 * d * P) + (fit / rho) * (xp.matrix_transpose(F) @ F)
    if cones:
        rows = [
            xp.concat([held[i % P, ...] if i == j else _zeros(X, d, d) for j in range(2 * P)], axis=1)
            for i in range(2 * P)
        ]
        M = M + xp.concat(rows, axis=0)
    v = lam = _zeros(X, 2, d, P)
    s = nu = _zeros(X, 2, n, P)
    us, vs = [], []
    pull = (fit / rho) * _blocks(y @ F, d, P)
    for _ in range(steps):
        right = pull + v - lam + (xp.matrix_transpose(X) @ (E * (s - nu)) if cones else 0.0)
        solved = xp.linalg.solve(M, _flat(right, pattern_first)[:, None])[:, 0]
        u, before = _blocks(solved, d, P, pattern_first), v
        Gu = E * (X @ u)
        v, s = prox(u + lam, beta, rho), clip(Gu + nu)
        lam, nu = lam + dual * (gamma / rho) * (u - (before if stale else v)), nu + dual * (gamma / rho) * (Gu - s)
        us.append(u)
        vs.append(v)
    return xp.stack(us), xp.stack(vs)


def _with(name, bug_type, hint, origin="", **changed):
    """A mistake that is one keyword of `_admm`."""

    def rule(X, y, D, beta, rho, gamma, steps):
        return _admm(X, y, D, beta, rho, gamma, steps, **changed)

    rule.__name__ = name
    admm_mistake(bug_type, hint, origin)(rule)


_with(
    "gated",
    "missing_step",
    "keep the cone constraints G u = s >= 0; here they are dropped, which trains a gated ReLU network: the value falls "
    "below that of every ReLU network",
    cones=False,
)
_with(
    "threshold_per_coordinate",
    "wrong_axis",
    "shrink each block of d numbers by its norm; here every number is shrunk on its own (a Lasso)",
    prox=lambda x, beta, rho: _soft(x, beta / rho),
)
_with(
    "threshold_beta",
    "wrong_constant",
    "the threshold is beta / rho; here it is beta (the same where rho = 1)",
    prox=lambda x, beta, rho: _shrink(x, beta),
)
_with("dual_sign", "wrong_sign", "add the residuals to the duals; here they are subtracted", dual=-1.0)
_with(
    "second_half_adds",
    "wrong_sign",
    "the second half of the weights subtracts: F = [D X, -D X]; here it adds",
    second=1.0,
)
_with(
    "pattern_for_side",
    "wrong_constant",
    "the constraints are (2 D - I) X v >= 0; here they are D X v >= 0, which holds only the rows that a neuron sees",
    sides=lambda D: D,
)
_with("slacks_not_clipped", "missing_step", "cut the slacks at 0; here they are free", clip=lambda x: x)
_with(
    "stale_weights",
    "wrong_order",
    "update lambda with the new v; here with that of the step before",
    stale=True,
)
_with(
    "loss_without_half",
    "wrong_scale",
    "the squared loss is |F u - y|^2 / 2; here the 1/2 is missing",
    f"{ADMMNN}/f906db45382a755c0c760e734fd438edf2d0dbe2/optimizers.py (its cvxpy mode)",
    fit=2.0,
)
_with(
    "transposed_blocks",
    "wrong_axis",
    "bring [half, feature, pattern] to the order [half, pattern, feature] of F's columns before the solve; here it "
    "is flattened as it lies (the same for one feature or one pattern)",
    f"{ADMMNN}/c5b3ab17efb75aef76176e5143fab978d8dd4e93/utils/admm_utils.py (mode cholesky)",
    pattern_first=False,
)
_with(
    "norm_over_patterns",
    "wrong_axis",
    "a block's norm runs over the features; here it runs over the patterns",
    f"{ADMMNN}/f906db45382a755c0c760e734fd438edf2d0dbe2/optimizers.py (v_optimality)",
    prox=lambda x, beta, rho: _shrink(x, beta / rho, axis=2),
)


@admm_mistake(
    "wrong_scale", "scaled duals move by gamma / rho; here by gamma, as unscaled ones do (the same where rho = 1)"
)
def dual_step_gamma(X, y, D, beta, rho, gamma, steps):
    return _admm(X, y, D, beta, rho, gamma * rho, steps)


@admm_mistake("wrong_scale", "sum the squared errors; here their mean is taken")
def mean_for_sum(X, y, D, beta, rho, gamma, steps):
    return _admm(X, y, D, beta, rho, gamma, steps, fit=1 / X.shape[0])


@admm_mistake("missing_step", "heed gamma; here the dual step is always rho")
def gamma_ignored(X, y, D, beta, rho, gamma, steps):
    return _admm(X, y, D, beta, rho, rho, steps)


# ADMM by random blocks ----------------------------------------------------------------------------------------------

rbcd_mistake = Mistakes()


def _value(loss, outputs, y):
    xp = array_namespace(outputs)
    if loss == "squared":
        return xp.sum((outputs - y) ** 2) / 2
    return xp.sum(xp.logaddexp(2 * outputs, xp.zeros_like(outputs)) - 2 * y * outputs)


def _slope(loss, outputs, y, scale=2.0):
    xp = array_namespace(outputs)
    return outputs - y if loss == "squared" else scale * (1 / (1 + xp.exp(-scale * outputs)) - y)


class Search:
    """The line search of the reference: from 1, by 2.5, Armijo's rule with the squared gradient, not below 1e-8."""

    def begin(self):
        return 1.0

    def enough(self, fallen, t, squares):
        return fallen >= 1e-3 * t * squares

    def tried(self):
        pass

    def done(self):
        pass


class PeersSearch(Search):
    """That of zachary-shah/admmNN: the length of the step, not the squared gradient; the first step is carried on."""

    def __init__(self):
        self.first = 1.0

    def begin(self):
        return self.first

    def enough(self, fallen, t, squares):
        return fallen >= 1e-3 * t * squares**0.5

    def tried(self):
        self.first = max(1e-10, self.first / 1.5)

    def done(self):
        self.first *= 1.05


class FullStep(Search):
    """No search."""

    def enough(self, fallen, t, squares):
        return True


def _rbcd(
    X,
    y,
    D,
    blocks,
    beta,
    rho,
    loss,
    *,
    search=Search,
    second=-1.0,
    held=1.0,
    slope=_slope,
    fresh=True,
    frozen=False,
    old_sign=1.0,
    settle_each=False,
    all_blocks=False,
):
    """u and v of each outer step, from zero; the keywords are what can go wrong."""
    xp, (n, d), P = array_namespace(X), X.shape, D.shape[1]
    search, sides, XT = search(), 2 * D - 1, xp.matrix_transpose(X)
    u = v = lam = _zeros(X, 2, d, P)
    s = nu = _zeros(X, 2, n, P)
    us, vs = [], []

    def settle(u, v, lam, s, nu):
        Gu = sides * (X @ u)
        v, s = _shrink(u + lam, beta / rho), xp.maximum(Gu + nu, 0.0)
        return v, lam + u - v, s, nu + Gu - s

    for k in range(blocks.shape[0]):
        outputs = xp.sum(D * (X @ (u[0, :, :] - u[1, :, :])), axis=1)
        for j in range(blocks.shape[1]):
            i = int(blocks[k, j])
            side, gap = sides[:, i], (u - v + lam)[:, :, i]
            strain = side * (u[:, :, i] @ XT) - (s - nu)[:, :, i]
            pull = (D[:, i] * slope(loss, outputs, y)) @ X
            g = xp.stack([pull, second * pull]) + rho * (gap + held * ((side * strain) @ X))
            if frozen:
                g = g * xp.asarray([[1.0], [0.0]], dtype=X.dtype, device=device(X))
            squares = float(xp.sum(g * g))

            def total(t, *, old=1.0, gap=gap, strain=strain, side=side, g=g, i=i, outputs=outputs):
                moved = outputs - t * D[:, i] * (X @ (g[0, :] - g[1, :]))
                away = xp.sum((gap - t * g) ** 2, axis=1)
                held_back = xp.sum((strain - t * side * (g @ XT)) ** 2)
                return float(_value(loss, moved, y) + rho / 2 * (away[0] + old * away[1] + held_back))

            t, start = search.begin(), total(0.0, old=old_sign)
            while t > 1e-8 and not search.enough(start - total(t), t, squares):
                search.tried()
                t = max(t / 2.5, 1e-8)
            search.done()
            chosen = xp.arange(P, device=device(X)) == i
            u = xp.where(chosen, u - t * g[:, :, None], u)
            if fresh:
                outputs = outputs - t * D[:, i] * (X @ (g[0, :] - g[1, :]))
            if settle_each:
                v, lam, s, nu = settle(u, v, lam, s, nu)
        if not settle_each:
            v, lam, s, nu = settle(u, v, lam, s, nu)
        us.append(u)
        vs.append(v)
    return xp.stack(us), xp.stack(vs)


def _with_rbcd(name, bug_type, hint, origin="", **changed):
    rule = partial(_rbcd, **changed)
    rule.__name__ = name  # type: ignore[attr-defined]
    rbcd_mistake(bug_type, hint, origin)(rule)


_with_rbcd(
    "old_penalty_added",
    "wrong_sign",
    "in the line search subtract the old penalty of both halves; here that of w is added: harmless while it is small, "
    "then every step is rejected down to the floor",
    ADMMNN_UPDATE + " (ddist1)",
    old_sign=-1.0,
)
_with_rbcd("no_line_search", "missing_step", "shorten the step until the function falls; here it is 1", search=FullStep)
_with_rbcd("outputs_not_updated", "missing_step", "update F u after every block; here once per outer step", fresh=False)
_with_rbcd("second_half_adds", "wrong_sign", "the gradient of w has the sign of F's second half; here not", second=1.0)
_with_rbcd(
    "slacks_left_out", "missing_step", "the gradient has a part from |G u - s + nu|^2; here it is missing", held=0.0
)
_with_rbcd("second_half_frozen", "missing_step", "a block has both halves, v and w; here w never moves", frozen=True)
_with_rbcd(
    "settled_too_early",
    "wrong_order",
    "v, s and the duals follow once per list of blocks; here after every block",
    settle_each=True,
)
_with_rbcd(
    "plain_logit",
    "wrong_constant",
    "the cross-entropy's logit is 2 F u; here the gradient is that of the logit F u",
    slope=partial(_slope, scale=1.0),
)


# Recovery -----------------------------------------------------------------------------------------------------------

recovery_mistake = Mistakes()


def _recover(weights, first=lambda block, norm: block / norm**0.5, second=lambda norm: norm**0.5, order=None, w=-1.0):
    xp = array_namespace(weights)
    P = weights.shape[2]
    order = order or [(half, i) for half in range(2) for i in range(P)]
    norms = _norms(weights)
    kept = [(half, i) for half, i in order if float(norms[half, 0, i]) > 0]
    columns = [first(weights[half, :, i], norms[half, 0, i]) for half, i in kept]
    layer = [second(norms[half, 0, i]) * (w if half else 1.0) for half, i in kept]
    return xp.stack(columns, axis=1), xp.stack(layer)


@recovery_mistake("missing_step", "share each norm between the layers; here u = v and alpha = +-1: more weight decay")
def layers_not_balanced(weights):
    return _recover(weights, lambda block, norm: block, lambda norm: 0 * norm + 1)


@recovery_mistake("wrong_scale", "share each norm between the layers; here u is a unit vector and alpha has all of it")
def unit_first_layer(weights):
    return _recover(weights, lambda block, norm: block / norm, lambda norm: norm)


@recovery_mistake("wrong_sign", "the neurons of w have negative second-layer weights; here their sign is lost")
def sign_lost(weights):
    return _recover(weights, w=1.0)


@recovery_mistake("wrong_scale", "u = v / sqrt|v|; here the first layer is left as it is, so outputs are too large")
def first_layer_not_divided(weights):
    return _recover(weights, lambda block, norm: block)


@recovery_mistake("wrong_order", "first all neurons of v, then all of w; here pattern by pattern")
def halves_interleaved(weights):
    return _recover(weights, order=[(half, i) for i in range(weights.shape[2]) for half in range(2)])


@recovery_mistake("missing_step", "drop blocks that are zero; here they stay, as neurons of weight zero")
def zeros_kept(weights):
    xp = array_namespace(weights)
    norms = _norms(weights)[:, 0, :]
    second = xp.sqrt(norms) * xp.asarray([[1.0], [-1.0]], dtype=norms.dtype, device=device(norms))
    blocks = weights / xp.sqrt(xp.where(norms > 0, norms, xp.ones_like(norms)))[:, None, :]
    return xp.concat([blocks[0, :, :], blocks[1, :, :]], axis=1), xp.reshape(second, (-1,))


# Sampled convex program ---------------------------------------------------------------------------------------------

scp_mistake = Mistakes()


def _dot(a, b):
    return float(array_namespace(a).sum(a * b))


def _objective(Z, y, beta, alpha):
    return 0.5 * _dot(Z @ alpha - y, Z @ alpha - y) + beta * float(array_namespace(alpha).sum(abs(alpha)))


def _scp(
    X,
    y,
    draws,
    beta,
    steps,
    *,
    unit=True,
    relu=True,
    threshold=lambda beta, L: beta / L,
    power=2,
    momentum=True,
    uphill=lambda Z, y, beta, point, new, alpha: _dot(point - new, new - alpha) > 0,
    at_point=True,
    sign=True,
):
    """Second layers of each step of FISTA, from zero; the keywords are what can go wrong."""
    xp = array_namespace(X)
    U = draws / xp.sqrt(xp.sum(draws * draws, axis=1, keepdims=True)) if unit else draws
    Z = X @ xp.matrix_transpose(U)
    Z = xp.maximum(Z, 0.0) if relu else Z
    L = float(xp.max(xp.linalg.svdvals(Z))) ** power or 1.0
    alpha = point = xp.zeros_like(draws[:, 0])
    t, alphas = 1.0, []
    for _ in range(steps):
        forward = point - ((Z @ (point if at_point else alpha) - y) @ Z) / L
        new = _soft(forward, threshold(beta, L)) if sign else xp.maximum(forward - threshold(beta, L), 0.0)
        if uphill(Z, y, beta, point, new, alpha):
            t = 1.0
        following = (1 + (1 + 4 * t * t) ** 0.5) / 2
        point = new + ((t - 1) / following if momentum else 0.0) * (new - alpha)
        alpha, t = new, following
        alphas.append(alpha)
    return xp.stack(alphas)


def _with_scp(name, bug_type, hint, **changed):
    rule = partial(_scp, **changed)
    rule.__name__ = name  # type: ignore[attr-defined]
    scp_mistake(bug_type, hint)(rule)


_with_scp("not_normalized", "missing_step", "scale the draws to length 1; here they are used as they are", unit=False)
_with_scp("linear_features", "missing_step", "the features are (X u)_+; here they are X u", relu=False)
_with_scp("threshold_beta", "wrong_constant", "the threshold is beta / L; here it is beta", threshold=lambda b, L: b)
_with_scp("norm_for_square", "wrong_scale", "the step is 1 / |Z|^2; here it is 1 / |Z|", power=1)
_with_scp(
    "no_momentum",
    "missing_step",
    "extrapolate (FISTA); here it is plain proximal gradient, or the momentum is reset in every step, which is what a "
    "turned sign in the test of the restart does",
    momentum=False,
)
_with_scp(
    "no_restart", "missing_step", "reset the momentum when it points uphill; here it never is", uphill=lambda *_: False
)
_with_scp(
    "restart_by_value",
    "wrong_constant",
    "reset the momentum where the step points against the gradient mapping; here where the objective rises, which "
    "comes later or never",
    uphill=lambda Z, y, beta, point, new, alpha: _objective(Z, y, beta, new) > _objective(Z, y, beta, alpha),
)
_with_scp(
    "restart_by_smooth_gradient",
    "wrong_constant",
    "reset the momentum by the gradient mapping, which knows the penalty; here by the gradient of the squared error "
    "alone",
    uphill=lambda Z, y, beta, point, new, alpha: _dot((Z @ point - y) @ Z, new - alpha) > 0,
)
_with_scp(
    "gradient_at_alpha", "wrong_order", "take the gradient at the extrapolated point; here at alpha", at_point=False
)
_with_scp("nonnegative_layer", "missing_step", "second-layer weights have both signs; here they are >= 0", sign=False)


# Certified loss -----------------------------------------------------------------------------------------------------

certificate_mistake = Mistakes()


def _l1(x):
    return array_namespace(x).sum(abs(x), axis=-1)


def _certified(
    X,
    y,
    D,
    weights,
    mask,
    beta,
    epsilon,
    loss,
    *,
    norm=_l1,
    in_loss=1.0,
    in_slacks=1.0,
    reach=None,
    average=None,
    penalty=_norms,
    sides=lambda D: 2 * D - 1,
    second=-1.0,
):
    """Value and slacks; the keywords are what can go wrong."""
    xp = array_namespace(X)
    rows = xp.matrix_transpose(weights)  # [2, P, d]
    q = D @ (rows[0, :, :] + second * rows[1, :, :])
    outputs = xp.sum(X * q, axis=1)
    reach = norm(q * mask) if reach is None else reach(D, rows * mask)
    reach = in_loss * epsilon * reach
    if loss == "squared":
        losses = (abs(outputs - y) + reach) ** 2 / 2
    elif loss == "hinge":
        losses = xp.maximum(1 - y * outputs + reach, 0.0)
    else:
        losses = xp.logaddexp(reach - y * outputs, xp.zeros_like(y))
    average = loss != "squared" if average is None else average
    value = (xp.mean(losses) if average else xp.sum(losses)) + beta * xp.sum(penalty(weights))
    slack = sides(D) * (X @ weights) - in_slacks * epsilon * norm(rows * mask)[:, None, :]
    return value, slack


def _with_certificate(name, bug_type, hint, **changed):
    rule = partial(_certified, **changed)
    rule.__name__ = name  # type: ignore[attr-defined]
    certificate_mistake(bug_type, hint)(rule)


_with_certificate(
    "euclidean_reach",
    "wrong_constant",
    "against a box the dual norm is l1; here it is l2 (the same for one attacked feature)",
    norm=lambda x: array_namespace(x).sqrt(array_namespace(x).sum(x * x, axis=-1)),
)
_with_certificate(
    "constraints_not_tightened",
    "missing_step",
    "subtract epsilon |M v|_1 in the constraints too; here only in the loss, and patterns flip within the box",
    in_slacks=0.0,
)
_with_certificate(
    "loss_not_robust",
    "missing_step",
    "the loss is that of the worst point of the box; here epsilon is in the constraints alone",
    in_loss=0.0,
)
_with_certificate("reach_helps", "wrong_sign", "the attack raises the loss; here epsilon lowers it", in_loss=-1.0)
_with_certificate(
    "norms_summed",
    "wrong_order",
    "take the norm of the summed model q_k; here the norms of its parts are summed, which is no exact worst case",
    reach=lambda D, rows: D @ (_l1(rows)[0, :] + _l1(rows)[1, :]),
)
_with_certificate("always_mean", "wrong_scale", "the squared losses are summed; here their mean is taken", average=True)
_with_certificate("always_sum", "wrong_scale", "hinge and logistic losses are averaged; here summed", average=False)
_with_certificate(
    "ridge_penalty",
    "wrong_constant",
    "the penalty is the sum of the norms; here of half their squares, which is that of the network",
    penalty=lambda weights: weights * weights / 2,
)
_with_certificate("pattern_for_side", "wrong_constant", "constraints use 2 D - I; here D", sides=lambda D: D)
_with_certificate("second_half_adds", "wrong_sign", "w subtracts from the output; here it adds", second=1.0)


@certificate_mistake("missing_step", "leave the masked features (the bias column) alone; here they are attacked too")
def bias_attacked(X, y, D, weights, mask, beta, epsilon, loss):
    xp = array_namespace(X)
    return _certified(X, y, D, weights, xp.ones_like(mask), beta, epsilon, loss)


# Projection on the cone ---------------------------------------------------------------------------------------------

cone_mistake = Mistakes()


def _level(a, b, epsilon, active=None):
    """theta by the k largest |b_j|, for the k that gives the most (or a given k)."""
    xp = array_namespace(a)
    largest = xp.cumulative_sum(xp.sort(b, axis=-1, descending=True), axis=-1)
    best = a if active is None else a - 1e300
    for k in range(1, b.shape[-1] + 1):
        if active is None or k == active:
            best = xp.maximum(best, (a + epsilon * largest[:, k - 1]) / (1 + k * epsilon**2))
    return best


def _finish(theta, b, epsilon, cap):
    xp = array_namespace(theta)
    theta = xp.minimum(xp.maximum(theta, 0.0), cap)
    bound = epsilon * theta[:, None]
    return theta, xp.minimum(xp.maximum(b, -bound), bound)


@cone_mistake("missing_step", "project on the cone; here phi is only cut to epsilon theta, which is farther away")
def cut_only(a, b, epsilon, cap):
    return _finish(a, b, epsilon, cap)


@cone_mistake("missing_step", "let only the |b_j| beyond epsilon theta count; here all of them do")
def all_active(a, b, epsilon, cap):
    return _finish(_level(a, abs(b), epsilon, active=b.shape[1]), b, epsilon, cap)


@cone_mistake("missing_step", "every |b_j| beyond epsilon theta counts; here only the largest does")
def largest_active(a, b, epsilon, cap):
    return _finish(_level(a, abs(b), epsilon, active=1), b, epsilon, cap)


@cone_mistake("missing_step", "sort the |b_j|; here negative b_j are taken for small ones")
def not_absolute(a, b, epsilon, cap):
    xp = array_namespace(a)
    return _finish(_level(a, xp.maximum(b, 0.0), epsilon), b, epsilon, cap)


@cone_mistake("wrong_constant", "|phi_j| <= epsilon theta; here the slope of the cone is 1 / epsilon")
def opening_inverted(a, b, epsilon, cap):
    return _finish(_level(a, abs(b), 1 / epsilon), b, 1 / epsilon, cap)


@cone_mistake("missing_step", "theta has an upper bound; here it has none")
def no_cap(a, b, epsilon, cap):
    return _finish(_level(a, abs(b), epsilon), b, epsilon, 1e300)


@cone_mistake("wrong_constant", "each |phi_j| is bounded; here the Euclidean norm of phi is")
def round_cone(a, b, epsilon, cap):
    xp = array_namespace(a)
    norm = xp.sqrt(xp.sum(b * b, axis=1))
    theta = xp.where(norm > epsilon * a, (a + epsilon * norm) / (1 + epsilon**2), a)
    theta = xp.minimum(xp.maximum(theta, 0.0), cap)
    scale = xp.minimum(xp.ones_like(norm), epsilon * theta / xp.where(norm > 0, norm, xp.ones_like(norm)))
    return theta, b * scale[:, None]
