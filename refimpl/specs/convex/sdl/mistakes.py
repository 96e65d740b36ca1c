"""Plausible mistakes in supervised dictionary learning, and its sourced variants.

The rules stand here once more, apart from the source, with parts that can be exchanged; a mistake names the part that
it gets wrong. One that can be made in several operations is written once.
"""

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import NamedTuple

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Mistakes, Variant

CODE = "https://github.com/ljw9510/SMF/blob/152b342c1ca7a9eaf70bd3c74572bd5b51165ffe/src"
SVP, BCD = f"{CODE}/SDL_SVP.py", f"{CODE}/SDL_BCD.py"
OTHER = {"filter": "feature", "feature": "filter"}


def problem(x, covariates, labels, k, xi, nu, kind):
    """Samples and settings of one run."""
    xp = array_namespace(x)
    y = xp.stack([xp.astype(labels == c, x.dtype) for c in range(1, k + 1)])
    return SimpleNamespace(x=x, z=covariates, y=y, xi=xi, nu=nu, kind=kind)


# From activations to probabilities ----------------------------------------------------------------------------


class Link(NamedTuple):
    """Probabilities of the classes 1, ..., k and the logarithm of what they are divided by."""

    probabilities: Callable
    log_total: Callable


def _with_zero(a, axis=0):
    xp = array_namespace(a)
    return xp.concat([xp.zeros_like(a[:1, ...] if axis == 0 else a[..., :1]), a], axis=axis)


def _log_total(a, axis=0):
    xp = array_namespace(a)
    top = xp.max(a, axis=axis, keepdims=True)
    return top + xp.log(xp.sum(xp.exp(a - top), axis=axis, keepdims=True))


def _exponential(log_total):
    return Link(lambda a: array_namespace(a).exp(a - log_total(a)), log_total)


def _softplus(a):
    xp = array_namespace(a)
    return xp.logaddexp(xp.zeros_like(a), a)


def _raw_total(a):
    xp = array_namespace(a)
    return 1 + xp.sum(xp.exp(a), axis=0, keepdims=True)


SOFTMAX = _exponential(lambda a: _log_total(_with_zero(a)))

# A mistake below is a function that returns the parts it exchanges: {"link": ...} and so on.
link_mistake = Mistakes()


@link_mistake(
    "wrong_axis",
    "with three classes or more take the softmax over (0, a); here each activation has a sigmoid of its own and the "
    "probabilities add up to more than 1",
    SVP,
)
def sigmoid_per_class():
    total = lambda a: array_namespace(a).sum(_softplus(a), axis=0, keepdims=True)
    return {"link": Link(lambda a: array_namespace(a).exp(a - _softplus(a)), total)}


@link_mistake("missing_step", "class 0 is in the softmax with activation 0; here it is left out of the sum")
def reference_class_left_out():
    return {"link": _exponential(_log_total)}


@link_mistake(
    "numerics", "shift the activations before taking exponentials; here exp(a) overflows and becomes inf / inf", BCD
)
def overflowing_softmax():
    ratio = lambda a: array_namespace(a).exp(a) / _raw_total(a)
    return {"link": Link(ratio, lambda a: array_namespace(a).log(_raw_total(a)))}


# Gradients ----------------------------------------------------------------------------------------------------

slope_mistake = Mistakes()  # of all descent methods


@slope_mistake("wrong_sign", "the derivative of the loss is g - Y; here it is Y - g and the labels are driven away")
def flipped_residual():
    return {"share": lambda n: -1.0}


@slope_mistake("wrong_scale", "add the losses of the samples up; here they are averaged")
def mean_loss():
    return {"share": lambda n: 1 / n}


@slope_mistake("missing_step", "add the ridge; here nu is ignored (as by fit, which passes nu = 0)", SVP)
def no_ridge():
    return {"ridge": 0.0}


def _activations(A, gamma, p, kind):
    return (A.T @ p.x if kind == "filter" else A) + gamma.T @ p.z


def descend(
    A, B, gamma, p, tau, *, link=SOFTMAX, share=lambda n: 1.0, fit=2.0, ridge=2.0, also=(1.0, 0.0, 1.0), pace=1.0
):
    """A gradient step in the lifted space; `also` says who has a ridge, `pace` is how much faster gamma goes."""
    R = share(p.x.shape[1]) * (link.probabilities(_activations(A, gamma, p, p.kind)) - p.y)
    grad_A = (p.x @ R.T if p.kind == "filter" else R) + also[0] * ridge * p.nu * A
    grad_B = fit * p.xi * (B - p.x) + also[1] * ridge * p.nu * B
    grad_gamma = p.z @ R.T + also[2] * ridge * p.nu * gamma
    return A - tau * grad_A, B - tau * grad_B, gamma - pace * tau * grad_gamma


def _slope(parts, block, p, *, link=SOFTMAX, share=lambda n: 1.0, fit=2.0, ridge=2.0, kind=None, pull=True, R=None):
    """Gradient in one block; without `pull` the labels do not reach W and H."""
    (W, H, beta, gamma), kind = parts, kind or p.kind
    if R is None:
        a = _activations(W @ beta if kind == "filter" else beta.T @ H, gamma, p, kind)
        R = share(p.x.shape[1]) * (link.probabilities(a) - p.y)
    if block == 0:
        slope = fit * p.xi * (W @ H - p.x) @ H.T
        slope = slope + (p.x @ R.T) @ beta.T if kind == "filter" and pull else slope
    elif block == 1:
        slope = fit * p.xi * (W.T @ (W @ H - p.x))
        slope = slope + beta @ R if kind == "feature" and pull else slope
    elif block == 2:
        slope = W.T @ (p.x @ R.T) if kind == "filter" else H @ R.T
    else:
        slope = p.z @ R.T
    return slope + ridge * p.nu * parts[block]


def _value_and_slopes(parts, p, *, link=SOFTMAX, share=lambda n: 1.0, fit=2.0, ridge=2.0, kind=None, pull=True):
    (W, H, beta, gamma), kind, xp = parts, kind or p.kind, array_namespace(*parts)
    settings = {"link": link, "share": share, "fit": fit, "ridge": ridge, "kind": kind, "pull": pull}
    a = _activations(W @ beta if kind == "filter" else beta.T @ H, gamma, p, kind)
    loss = share(p.x.shape[1]) * (xp.sum(link.log_total(a)) - xp.sum(p.y * a))
    squares = sum(xp.sum(part * part) for part in parts)
    value = loss + fit / 2 * p.xi * xp.sum((p.x - W @ H) ** 2) + ridge / 2 * p.nu * squares
    return value, *(_slope(parts, block, p, **settings) for block in range(4))


factor_mistake = Mistakes()  # of the methods on factors


@factor_mistake("wrong_order", "filter sees W^T x, feature sees the codes; here the two models are exchanged")
def other_model():
    return {"other": True}


@factor_mistake(
    "missing_step",
    "the labels pull on the dictionary (filter) or the codes (feature) too; here W and H see the reconstruction alone",
)
def labels_pull_on_beta_alone():
    return {"pull": False}


gradient_mistake = Mistakes()


@gradient_mistake(
    "wrong_axis", "the labels' part of W is X R^T beta^T; here beta is not transposed, which fits where r = k"
)
def beta_not_transposed(parts, p):
    W, _, beta, gamma = parts
    value, grad_W, *rest = _value_and_slopes(parts, p)
    if p.kind == "filter" and beta.shape[0] == beta.shape[1]:
        R = SOFTMAX.probabilities(_activations(W @ beta, gamma, p, p.kind)) - p.y
        grad_W = grad_W + (p.x @ R.T) @ (beta - beta.T)
    return value, grad_W, *rest


@gradient_mistake("missing_step", "the ridge is on all four factors; here it is on beta and gamma alone")
def ridge_on_coefficients(parts, p):
    xp = array_namespace(*parts)
    value, grad_W, grad_H, *rest = _value_and_slopes(parts, p)
    value = value - p.nu * (xp.sum(parts[0] ** 2) + xp.sum(parts[1] ** 2))
    return value, grad_W - 2 * p.nu * parts[0], grad_H - 2 * p.nu * parts[1], *rest


def _as_gradient(rule):
    return lambda x, covariates, labels, W, H, beta, gamma, xi, nu, kind: rule(
        (W, H, beta, gamma), problem(x, covariates, labels, gamma.shape[1], xi, nu, kind)
    )


def _parts_as_gradient(parts_of):
    def rule(parts, p):
        exchanged = dict(parts_of())
        if exchanged.pop("other", False):
            exchanged["kind"] = OTHER[p.kind]
        return _value_and_slopes(parts, p, **exchanged)

    return _as_gradient(rule)


GRADIENT_MUTANTS = (
    *(m for mistake in (link_mistake, slope_mistake, factor_mistake) for m in mistake.mutants(_parts_as_gradient)),
    *gradient_mistake.mutants(_as_gradient),
)
GRADIENT_VARIANTS = (
    Variant(
        "code_xi",
        "the gradient of the reconstruction is xi (W H - X) H^T, without a 2: that xi is twice the paper's",
        f"{BCD} (update_dict_joint_logistic)",
        _parts_as_gradient(lambda: {"fit": 1.0}),
    ),
    Variant(
        "half_ridge",
        "the ridge is nu / 2 times the squares: its gradients have no factor 2",
        f"{BCD} (a2 of update_dict_joint_logistic)",
        _parts_as_gradient(lambda: {"ridge": 1.0}),
    ),
)

# Lifted projected gradient descent ----------------------------------------------------------------------------


def _alone(matrix, rank):
    """The nearest matrix of that rank; NaN where there is none, which an SVD would refuse."""
    xp = array_namespace(matrix)
    if not bool(xp.all(xp.isfinite(matrix))):
        return math.nan * matrix
    U, s, Vt = xp.linalg.svd(matrix, full_matrices=False)
    return (U[:, :rank] * s[:rank]) @ Vt[:rank, :]


def cut(A, B, gamma, rank, kind):
    """A and B of the nearest stacked matrix of rank `rank`; gamma as it is."""
    xp, k = array_namespace(A, B), gamma.shape[1]
    if kind == "filter":
        low = _alone(xp.concat([A, B], axis=1), rank)
        return low[:, :k], low[:, k:], gamma
    low = _alone(xp.concat([A, B], axis=0), rank)
    return low[:k, :], low[k:, :], gamma


lpgd_mistake, lpgd_part_mistake = Mistakes(), Mistakes()


@lpgd_mistake("wrong_axis", "truncate the stacked matrix of A and B; here each of the two is truncated by itself")
def truncated_apart(A, B, gamma, p, rank, tau):
    A, B, gamma = descend(A, B, gamma, p, tau)
    return _alone(A, rank), _alone(B, rank), gamma


@lpgd_mistake("missing_step", "truncate the stacked matrix of A and B; here B alone is truncated")
def only_B_truncated(A, B, gamma, p, rank, tau):
    A, B, gamma = descend(A, B, gamma, p, tau)
    return A, _alone(B, rank), gamma


@lpgd_mistake("missing_step", "truncate to rank r after the gradient step; here the gradient step is all there is")
def never_truncated(A, B, gamma, p, rank, tau):
    return descend(A, B, gamma, p, tau)


@lpgd_mistake(
    "wrong_axis",
    "stack [A | B] in the filter model, [A; B] in the feature model; here the two are exchanged, which goes unnoticed "
    "where there are as many samples as features",
)
def stacked_the_other_way(A, B, gamma, p, rank, tau):
    A, B, gamma = descend(A, B, gamma, p, tau)
    if B.shape[0] != B.shape[1]:  # otherwise it would not run
        return cut(A, B, gamma, rank, p.kind)
    A, B, gamma = cut(A.T, B, gamma, rank, OTHER[p.kind])
    return A.T, B, gamma


@lpgd_mistake("wrong_constant", "keep r singular values; here one more is kept (an index that is off by one)")
def rank_one_too_many(A, B, gamma, p, rank, tau):
    A, B, gamma = descend(A, B, gamma, p, tau)
    return cut(A, B, gamma, rank + 1, p.kind)


@lpgd_mistake("wrong_order", "take the gradient step, then truncate; here the truncation comes first")
def truncated_first(A, B, gamma, p, rank, tau):
    A, B, gamma = cut(A, B, gamma, rank, p.kind)
    return descend(A, B, gamma, p, tau)


@lpgd_mistake("extra_step", "leave gamma as the gradient step has made it; here it is truncated to rank r as well")
def gamma_truncated(A, B, gamma, p, rank, tau):
    A, B, gamma = descend(A, B, gamma, p, tau)
    A, B, _ = cut(A, B, gamma, rank, p.kind)
    return A, B, _alone(gamma, rank)


@lpgd_mistake("wrong_order", "take all three gradients at the old state; here gamma sees the new A")
def gamma_sees_new_A(A, B, gamma, p, rank, tau):
    A, B, _ = descend(A, B, gamma, p, tau)
    return cut(A, B, descend(A, B, gamma, p, tau)[2], rank, p.kind)


@lpgd_part_mistake("missing_step", "update gamma too; here it stays as it was")
def gamma_kept():
    return {"pace": 0.0}


@lpgd_part_mistake("wrong_constant", "take one step size for A, B and gamma; here gamma goes ten times as far", SVP)
def gamma_step_tenfold():
    return {"pace": 10.0}


@lpgd_part_mistake("wrong_scale", "the gradient of xi |X - B|^2 is 2 xi (B - X); here the 2 is missing")
def half_reconstruction():
    return {"fit": 1.0}


@lpgd_part_mistake("missing_step", "gamma has a ridge too; here only A has one")
def no_ridge_on_gamma():
    return {"also": (1.0, 0.0, 0.0)}


@lpgd_part_mistake("extra_step", "the ridge is on A and gamma; here B has one as well and is drawn away from X")
def ridge_on_B():
    return {"also": (1.0, 1.0, 1.0)}


def _as_lpgd(kind):
    def form(rule):
        def run(x, covariates, labels, A0, B0, gamma0, rank, xi, nu, step_size, steps):
            p = problem(x, covariates, labels, gamma0.shape[1], xi, nu, kind)
            state, states = (A0, B0, gamma0), []
            for _ in range(steps):
                state = rule(*state, p, rank, step_size)
                states.append(state)
            return tuple(map(array_namespace(x).stack, zip(*states, strict=True)))

        return run

    return form


def _parts_as_lpgd(kind):
    def form(parts_of):
        def rule(A, B, gamma, p, rank, tau):
            A, B, gamma = descend(A, B, gamma, p, tau, **parts_of())
            return cut(A, B, gamma, rank, kind)

        return _as_lpgd(kind)(rule)

    return form


def lpgd_mutants(kind):
    """Of the model `kind`."""
    shared = (link_mistake, slope_mistake, lpgd_part_mistake)
    return (
        *lpgd_mistake.mutants(_as_lpgd(kind)),
        *(mutant for mistake in shared for mutant in mistake.mutants(_parts_as_lpgd(kind))),
    )


def lpgd_variants(kind):
    """Of the model `kind`."""
    return (
        Variant(
            "half_ridge",
            "the ridge is nu / 2 (|A|^2 + |gamma|^2): its gradients have no factor 2",
            f"{SVP} (step_SVP)",
            _parts_as_lpgd(kind)(lambda: {"ridge": 1.0}),
        ),
    )


# Constants ----------------------------------------------------------------------------------------------------


def _spectral(matrix):
    """Squared spectral norm, NaN of NaN."""
    xp = array_namespace(matrix)
    if not bool(xp.all(xp.isfinite(matrix))):
        return math.nan * xp.sum(matrix)
    s = xp.linalg.svdvals(matrix)
    return s[0] * s[0]


def _frobenius(matrix):
    """Squared Frobenius norm."""
    return array_namespace(matrix).sum(matrix * matrix)


def _lengths(parts, p, *, norm=_spectral, alpha=None, ridge=2.0, fit=2.0):
    """L_W, L_H, L_beta, L_gamma."""
    W, H, beta, _ = parts
    alpha = alpha or (0.25 if p.y.shape[0] == 1 else 0.5)
    by_filter = p.kind == "filter"
    return (
        fit * p.xi * norm(H) + (alpha * norm(p.x) * norm(beta) if by_filter else 0.0) + ridge * p.nu,
        fit * p.xi * norm(W) + (0.0 if by_filter else alpha * norm(beta)) + ridge * p.nu,
        alpha * norm(W.T @ p.x if by_filter else H) + ridge * p.nu,
        alpha * norm(p.z) + ridge * p.nu,
    )


def _bounds(parts, p, *, joint=True, one=1.0, largest=max, smallest=min, **settings):
    """mu and L, and the constants of the blocks."""
    norm, ridge = settings.get("norm", _spectral), settings.get("ridge", 2.0)
    alpha = settings.get("alpha") or (0.25 if p.y.shape[0] == 1 else 0.5)
    square = norm(array_namespace(p.x).concat([p.x, p.z]) if joint else p.x) if p.kind == "filter" else one + norm(p.z)
    low, high = smallest(2 * p.xi, ridge * p.nu) + 0 * square, largest(2 * p.xi, ridge * p.nu + alpha * square)
    return low, high + 0 * square, *_lengths(parts, p, **settings)


length_mistake, bound_mistake = Mistakes(), Mistakes()


@length_mistake("wrong_constant", "for more than two classes the loss has curvature up to 1/2; here 1/4 serves for all")
def quarter_for_all():
    return {"alpha": 0.25}


@length_mistake("wrong_constant", "for two classes the loss has curvature up to 1/4; here 1/2 serves for all")
def half_for_all():
    return {"alpha": 0.5}


@length_mistake("wrong_constant", "the constants have squared spectral norms; here they have Frobenius norms")
def frobenius_constants():
    return {"norm": _frobenius}


@length_mistake("wrong_scale", "square the spectral norms; here they enter as they are")
def norms_not_squared():
    return {"norm": lambda matrix: array_namespace(matrix).sqrt(_spectral(matrix))}


@length_mistake("wrong_scale", "the ridge nu |A|^2 has curvature 2 nu; here it is nu")
def half_ridge_curvature():
    return {"ridge": 1.0}


@length_mistake("missing_step", "the ridge nu |A|^2 has curvature 2 nu; here it is left out")
def ridge_curvature_left_out():
    return {"ridge": 0.0}


@bound_mistake("missing_step", "take the norm of X and X' stacked; here the covariates are left out of L")
def covariates_left_out():
    return {"joint": False}


@bound_mistake("missing_step", "A enters the activations of the feature model as it is, which adds 1 to L; here 0")
def one_left_out():
    return {"one": 0.0}


@bound_mistake("wrong_constant", "L is the larger one of 2 xi and the rest; here they are added up")
def curvatures_added():
    return {"largest": lambda a, b: a + b}


@bound_mistake("wrong_constant", "mu is the smaller one of 2 xi and 2 nu; here it is the larger one")
def larger_mu():
    return {"smallest": max}


def _parts_as_constants(parts_of):
    return _as_gradient(lambda parts, p: _bounds(parts, p, **parts_of()))


CONSTANT_MUTANTS = (*length_mistake.mutants(_parts_as_constants), *bound_mistake.mutants(_parts_as_constants))

# Block coordinate descent -------------------------------------------------------------------------------------


def _ball(value, centre, reach, norm=_frobenius):
    """The point of the ball that lies in the direction of `value`."""
    xp, move = array_namespace(value), value - centre
    return centre + move * (reach / xp.clip(xp.sqrt(norm(move)), min=reach))


def _clip(value):
    return array_namespace(value).clip(value, min=0.0)


def _rounds(
    parts,
    p,
    radius,
    inner,
    steps,
    nonnegative,
    *,
    lengths=None,
    slope=None,
    ball=_ball,
    recentred=False,
    ball_first=False,
    clipped=(0, 1),
    reach=lambda k: 1 / (math.sqrt(k) * math.log(k + 1)),
    order=lambda kind: (0, 1, 2, 3),
    stale_residual=False,
    stale_blocks=False,
    stale_lengths=False,
    after=lambda block, value: value,
):
    """Block coordinate descent with exchangeable parts."""
    parts, rounds, slope, lengths = list(parts), [], slope or {}, lengths or {}
    project = lambda value, block: _clip(value) if nonnegative and block in clipped else value
    for k in range(1, steps + 1):
        old, first, kept = list(parts), _lengths(parts, p, **lengths), None
        if stale_residual:
            W, H, beta, gamma = parts
            a = _activations(W @ beta if p.kind == "filter" else beta.T @ H, gamma, p, p.kind)
            kept = SOFTMAX.probabilities(a) - p.y
        for block in order(p.kind):
            centre = parts[block]
            length = (first if stale_lengths else _lengths(parts, p, **lengths))[block]
            for _ in range(inner):
                seen = [*old[:block], parts[block], *old[block + 1 :]] if stale_blocks else parts
                value = parts[block] - _slope(seen, block, p, R=kept, **slope) / length
                if ball_first:
                    value = project(ball(value, centre, radius * reach(k)), block)
                else:
                    value = ball(project(value, block), centre, radius * reach(k))
                parts[block] = value
                centre = value if recentred else centre
            parts[block] = after(block, parts[block])
        rounds.append(list(parts))
    return tuple(map(array_namespace(p.x).stack, zip(*rounds, strict=True)))


bcd_mistake = Mistakes()


@bcd_mistake(
    "wrong_order",
    "the ball stays around the block's value at the start of the round; here it moves to every inner iterate and the "
    "block can go as many times as far as there are inner steps",
    BCD,
)
def recentred_ball():
    return {"recentred": True}


@bcd_mistake("wrong_constant", "measure moves in the Frobenius norm; here the spectral norm allows longer ones", BCD)
def spectral_ball():
    return {"ball": lambda value, centre, reach: _ball(value, centre, reach, _spectral)}


@bcd_mistake("missing_step", "keep each block within its ball; here the radius is ignored")
def no_radius():
    return {"ball": lambda value, centre, reach: value}


@bcd_mistake("missing_step", "let the radius shrink as k^(-1/2) / log(k + 1); here it stays as in the first round")
def constant_radius():
    return {"reach": lambda k: 1 / math.log(2)}


@bcd_mistake("wrong_order", "count rounds from 1; here the radius of round k is that of round k + 1")
def radius_one_ahead():
    return {"reach": lambda k: 1 / (math.sqrt(k + 1) * math.log(k + 2))}


@bcd_mistake(
    "wrong_order",
    "clip to the orthant, then pull back to the ball: no block then ends above its start; here the other way round",
    BCD,
)
def ball_before_clip():
    return {"ball_first": True}


@bcd_mistake("missing_step", "clip W and H where they must not be negative; here the constraint is ignored")
def constraint_ignored():
    return {"clipped": ()}


@bcd_mistake("extra_step", "W and H alone must not be negative; here the coefficients are clipped as well")
def coefficients_clipped():
    return {"clipped": (0, 1, 2, 3)}


@bcd_mistake(
    "wrong_order", "each block sees the new values of those before it; here all see those of the round's start"
)
def blocks_side_by_side():
    return {"stale_blocks": True}


@bcd_mistake("wrong_order", "compute the residual g - Y for every inner step; here it is that of the round's start")
def stale_residual():
    return {"stale_residual": True}


@bcd_mistake("wrong_order", "take the constants from the current blocks; here they are those of the round's start")
def stale_constants():
    return {"stale_lengths": True}


def _parts_as_bcd(parts_of):
    def run(x, covariates, labels, W0, H0, beta0, gamma0, xi, nu, radius, inner, steps, kind, constraint):
        exchanged = dict(parts_of())
        if exchanged.pop("other", False):
            kind = OTHER[kind]
        p = problem(x, covariates, labels, gamma0.shape[1], xi, nu, kind)
        return _rounds((W0, H0, beta0, gamma0), p, radius, inner, steps, constraint == "nonnegative", **exchanged)

    return run


def _nested_as_bcd(name):
    """Form for mistakes whose parts are those of `_slope` or `_lengths`."""
    return lambda parts_of: _parts_as_bcd(
        lambda: parts_of() if "other" in parts_of() else {name: parts_of()},
    )


BCD_MUTANTS = (
    *bcd_mistake.mutants(_parts_as_bcd),
    *(
        mutant
        for mistake in (link_mistake, slope_mistake, factor_mistake)
        for mutant in mistake.mutants(_nested_as_bcd("slope"))
    ),
    *length_mistake.mutants(_nested_as_bcd("lengths")),
)
BCD_VARIANTS = tuple(
    Variant(slug, doc, f"{BCD} ({where})", _parts_as_bcd(lambda parts=parts: parts))
    for slug, doc, where, parts in (
        (
            "code_xi",
            "the gradient of the reconstruction has no factor 2: that xi is twice the paper's",
            "update_dict_joint_logistic",
            {"slope": {"fit": 1.0}, "lengths": {"fit": 1.0}},
        ),
        (
            "code_order",
            "the feature model updates beta before H",
            "fit",
            {"order": lambda kind: (0, 2, 1, 3) if kind == "feature" else (0, 1, 2, 3)},
        ),
        (
            "normalized_dictionary",
            "W is divided by its Frobenius norm after its update, which the radius does not know",
            "fit",
            {"after": lambda block, value: value if block else value / array_namespace(value).sqrt(_frobenius(value))},
        ),
        (
            "code_radius",
            "the radius is c k^(-1) / log(k + 1), the default of the code",
            "beta = 1 of fit",
            {"reach": lambda k: 1 / (k * math.log(k + 1))},
        ),
    )
)

# Prediction ---------------------------------------------------------------------------------------------------


def _pinv(W, x):
    return array_namespace(W).linalg.pinv(W) @ x


def _classes(x, covariates, W, beta, gamma, kind, *, link=SOFTMAX, code=_pinv):
    features = W.T @ x if kind == "filter" else code(W, x)
    a = beta.T @ features + gamma.T @ covariates
    xp = array_namespace(a)
    return xp.concat([xp.exp(-link.log_total(a)), link.probabilities(a)])


covariates_mistake, predict_mistake, energy_mistake = Mistakes(), Mistakes(), Mistakes()


@covariates_mistake(
    "missing_step", "add gamma^T x' to the activations; here the covariates are forgotten (by the exhaustive rule)", BCD
)
def covariates_dropped():
    return 0.0


@predict_mistake("wrong_order", "class 0 is the reference and comes first; here it comes last")
def reference_class_last(**given):
    found = _classes(**given)
    return array_namespace(found).concat([found[1:, :], found[:1, :]])


@predict_mistake("wrong_order", "the features of the feature model are codes, W h ~ x; here they are W^T x")
def filtered_codes(x, covariates, W, beta, gamma, kind):
    return _classes(x, covariates, W, beta, gamma, "filter")


@predict_mistake("wrong_order", "the features of the filter model are W^T x; here they are codes, W h ~ x")
def coded_filter(x, covariates, W, beta, gamma, kind):
    return _classes(x, covariates, W, beta, gamma, "feature")


@predict_mistake("extra_step", "codes are those of plain least squares; here negative ones are set to zero")
def clipped_codes(**given):
    return _classes(**given, code=lambda W, x: _clip(_pinv(W, x)))


PREDICT_MUTANTS = (
    *link_mistake.mutants(lambda parts_of: lambda **given: _classes(**given, **parts_of())),
    *covariates_mistake.mutants(
        lambda factor: (
            lambda x, covariates, W, beta, gamma, kind: _classes(x, factor() * covariates, W, beta, gamma, kind)
        )
    ),
    *predict_mistake.mutants(),
)


def _energies(x, covariates, W, beta, gamma, xi, *, steps=60, code_xi=1.0, counted=(1.0, 1.0), labelled=True):
    """Energies [k + 1, m] by a damped Newton method; without steps the codes are those of least squares."""
    xp, (r, k) = array_namespace(x), beta.shape
    every = xp.eye(k + 1, dtype=x.dtype)[:, None, 1:]
    identity = xp.eye(k, dtype=x.dtype)
    offset = (gamma.T @ covariates).T[None, ...]
    weight = 2 * code_xi * xi
    h = _pinv(W, x).T[None, ...] + xp.zeros((k + 1, 1, r), dtype=x.dtype)
    for _ in range(steps):
        a = h @ beta + offset
        g = xp.exp(a - _log_total(_with_zero(a, axis=2), axis=2))
        slope = (h @ W.T - x.T) @ W * weight + (g - every if labelled else g) @ beta.T
        curve = g[..., None] * identity - g[..., None] * g[..., None, :]
        newton = xp.linalg.solve(weight * (W.T @ W) + beta @ curve @ beta.T, slope[..., None])[..., 0]
        reach = _with_zero(newton @ beta, axis=2)
        spread = xp.clip(xp.max(reach, axis=2, keepdims=True) - xp.min(reach, axis=2, keepdims=True), min=1e-30)
        h = h - newton * (xp.log1p(spread) / spread)
    a = h @ beta + offset
    loss = _log_total(_with_zero(a, axis=2), axis=2)[..., 0] - xp.sum(every * a, axis=2)
    return counted[0] * xi * xp.sum((x.T - h @ W.T) ** 2, axis=2) + counted[1] * loss


@energy_mistake("missing_step", "choose the code anew for each class; here all share the code of least squares")
def one_code_for_all():
    return {"steps": 0}


@energy_mistake("missing_step", "iterate until the code has converged; here one Newton step is taken")
def one_newton_step():
    return {"steps": 1}


@energy_mistake("missing_step", "the energy has the reconstruction too; here it is the loss of the label alone")
def reconstruction_left_out():
    return {"counted": (0.0, 1.0)}


@energy_mistake("missing_step", "the energy has the loss of the label; here it is the reconstruction alone")
def label_left_out():
    return {"counted": (1.0, 0.0)}


@energy_mistake("wrong_constant", "choose the code with the whole xi; here with xi / 2 (a 2 is lost in the gradient)")
def code_with_half_xi():
    return {"code_xi": 0.5}


@energy_mistake("wrong_constant", "the code of class y is drawn towards y; here every code is drawn towards class 0")
def code_of_class_zero():
    return {"labelled": False}


ENERGY_MUTANTS = (
    *covariates_mistake.mutants(
        lambda factor: lambda x, covariates, W, beta, gamma, xi: _energies(x, factor() * covariates, W, beta, gamma, xi)
    ),
    *energy_mistake.mutants(lambda parts_of: lambda **given: _energies(**given, **parts_of())),
)
