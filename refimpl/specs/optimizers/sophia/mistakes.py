"""Mistakes in Sophia that the oracle knows by name, and rules that are variants."""

from types import SimpleNamespace

from refimpl.core.arrays import array_namespace
from refimpl.core.special import softmax
from refimpl.optimizers import _sophia_models as models
from refimpl.optimizers import sophia
from refimpl.specs.base import Mistakes

OPTAX = "https://github.com/google-deepmind/optax"
PYTORCH_OPTIMIZER = "https://github.com/kozistr/pytorch_optimizer"


def integers(labels):
    xp = array_namespace(labels)
    return xp.astype(labels, xp.int64)


# Mutants of the step ------------------------------------------------------------------------------------------
# Each is a whole rule (theta, m, h, g, estimate or None, settings) -> (theta, m, h) and serves both operations.

mistake = Mistakes()


def mix(a, rate, b):
    return rate * a + (1 - rate) * b


def _clip(z, bound=1.0):
    xp = array_namespace(z)
    return xp.minimum(xp.maximum(z, -bound), bound)


def _floor(h, s):
    return array_namespace(h).maximum(s.gamma * h, s.eps)


def _seen(h, estimate, s):
    return h if estimate is None else mix(h, s.beta2, estimate)


def _move(theta, step, s):
    return theta - s.lr * s.weight_decay * theta - s.lr * step


@mistake(
    "wrong_order",
    "clip the ratio m / max(gamma h, eps); here m is clipped before it is divided, and where gamma h is small the step "
    "is not bounded",
)
def clipped_before_division(theta, m, h, g, estimate, s):
    m, h = mix(m, s.beta1, g), _seen(h, estimate, s)
    return _move(theta, _clip(m) / _floor(h, s), s), m, h


@mistake("wrong_order", "clip the ratio; here the gradient is clipped to [-1, 1] instead, before it enters m")
def clipped_gradient(theta, m, h, g, estimate, s):
    m, h = mix(m, s.beta1, _clip(g)), _seen(h, estimate, s)
    return _move(theta, m / _floor(h, s), s), m, h


@mistake("missing_step", "clip each coordinate of the ratio to [-1, 1]; here it is not clipped")
def no_clip(theta, m, h, g, estimate, s):
    m, h = mix(m, s.beta1, g), _seen(h, estimate, s)
    return _move(theta, m / _floor(h, s), s), m, h


@mistake("wrong_axis", "clip each coordinate by itself; here the whole step is shortened to length 1")
def clipped_norm(theta, m, h, g, estimate, s):
    m, h = mix(m, s.beta1, g), _seen(h, estimate, s)
    xp, ratio = array_namespace(m), m / _floor(h, s)
    return _move(theta, ratio / xp.maximum(xp.sqrt(xp.sum(ratio * ratio)), 1.0), s), m, h


@mistake("wrong_constant", "divide by max(gamma h, eps), which for negative h is eps; here by max(gamma |h|, eps)")
def absolute_hessian(theta, m, h, g, estimate, s):
    m, h = mix(m, s.beta1, g), _seen(h, estimate, s)
    return _move(theta, _clip(m / _floor(abs(h), s)), s), m, h


@mistake(
    "missing_step",
    "divide by max(gamma h, eps); here by gamma h + eps, which has no floor: where h is negative the step climbs",
)
def no_floor(theta, m, h, g, estimate, s):
    m, h = mix(m, s.beta1, g), _seen(h, estimate, s)
    return _move(theta, _clip(m / (s.gamma * h + s.eps)), s), m, h


@mistake(
    "extra_step",
    "leave h as it is in steps without an estimate; here it is multiplied by beta2 in those, too, and shrinks between "
    "two estimates",
)
def decaying_hessian(theta, m, h, g, estimate, s):
    m, h = mix(m, s.beta1, g), s.beta2 * h if estimate is None else mix(h, s.beta2, estimate)
    return _move(theta, _clip(m / _floor(h, s)), s), m, h


@mistake("extra_step", "divide by h itself, a curvature; here by its square root, as in Adam")
def root_of_hessian(theta, m, h, g, estimate, s):
    m, h = mix(m, s.beta1, g), _seen(h, estimate, s)
    xp = array_namespace(h)
    root = xp.sqrt(xp.maximum(h, 0.0))
    return _move(theta, _clip(m / _floor(root, s)), s), m, h


@mistake(
    "wrong_order",
    "average estimates of the Hessian's diagonal; here the square of the gradient at hand takes their place, which is "
    "no estimate of it (see true_labels)",
    f"{OPTAX}/issues/968",
)
def squared_gradient(theta, m, h, g, estimate, s):
    m, h = mix(m, s.beta1, g), h if estimate is None else mix(h, s.beta2, g * g)
    return _move(theta, _clip(m / _floor(h, s)), s), m, h


@mistake("extra_step", "the estimate is a curvature already; here it is squared like a gradient before it is averaged")
def squared_estimate(theta, m, h, g, estimate, s):
    m, h = mix(m, s.beta1, g), h if estimate is None else mix(h, s.beta2, estimate * estimate)
    return _move(theta, _clip(m / _floor(h, s)), s), m, h


@mistake("missing_step", "average the estimates at rate beta2; here the newest one replaces h")
def hessian_replaced(theta, m, h, g, estimate, s):
    m, h = mix(m, s.beta1, g), h if estimate is None else estimate
    return _move(theta, _clip(m / _floor(h, s)), s), m, h


@mistake("wrong_constant", "h is beta2 h + (1 - beta2) estimate; here the weights are exchanged")
def exchanged_weights(theta, m, h, g, estimate, s):
    m, h = mix(m, s.beta1, g), h if estimate is None else mix(estimate, s.beta2, h)
    return _move(theta, _clip(m / _floor(h, s)), s), m, h


@mistake("wrong_constant", "exchange beta1 and beta2: beta1 is the rate of the gradients, beta2 that of the estimates")
def swapped_betas(theta, m, h, g, estimate, s):
    m, h = mix(m, s.beta2, g), h if estimate is None else mix(h, s.beta1, estimate)
    return _move(theta, _clip(m / _floor(h, s)), s), m, h


@mistake("missing_step", "multiply h by gamma before the comparison with eps; here gamma is left out")
def no_gamma(theta, m, h, g, estimate, s):
    m, h = mix(m, s.beta1, g), _seen(h, estimate, s)
    return _move(theta, _clip(m / array_namespace(h).maximum(h, s.eps)), s), m, h


@mistake("wrong_order", "step along the new m; here the step uses the one before the gradient came in")
def stale_momentum(theta, m, h, g, estimate, s):
    h = _seen(h, estimate, s)
    return _move(theta, _clip(m / _floor(h, s)), s), mix(m, s.beta1, g), h


@mistake("missing_step", "divide m by the curvature; here it is the gradient itself, and m is not used")
def no_momentum(theta, m, h, g, estimate, s):
    m, h = mix(m, s.beta1, g), _seen(h, estimate, s)
    return _move(theta, _clip(g / _floor(h, s)), s), m, h


@mistake(
    "wrong_order",
    "subtract lr * weight_decay * theta outside the clip; here it is added to the gradient, where the clip takes it "
    "away",
)
def coupled_decay(theta, m, h, g, estimate, s):
    m, h = mix(m, s.beta1, g + s.weight_decay * theta), _seen(h, estimate, s)
    return theta - s.lr * _clip(m / _floor(h, s)), m, h


@mistake("missing_step", "subtract lr * weight_decay * theta; here weight_decay is ignored")
def no_decay(theta, m, h, g, estimate, s):
    m, h = mix(m, s.beta1, g), _seen(h, estimate, s)
    return theta - s.lr * _clip(m / _floor(h, s)), m, h


@mistake("wrong_scale", "multiply the decay by the step size: subtract lr * weight_decay * theta")
def decay_without_lr(theta, m, h, g, estimate, s):
    m, h = mix(m, s.beta1, g), _seen(h, estimate, s)
    return theta - s.weight_decay * theta - s.lr * _clip(m / _floor(h, s)), m, h


@mistake("wrong_order", "decay the old parameters; here those that the step has already moved")
def decay_after_step(theta, m, h, g, estimate, s):
    m, h = mix(m, s.beta1, g), _seen(h, estimate, s)
    theta = theta - s.lr * _clip(m / _floor(h, s))
    return theta - s.lr * s.weight_decay * theta, m, h


@mistake("wrong_sign", "subtract the clipped ratio; here it is added and the steps climb")
def ascent(theta, m, h, g, estimate, s):
    m, h = mix(m, s.beta1, g), _seen(h, estimate, s)
    return _move(theta, -_clip(m / _floor(h, s)), s), m, h


def right(theta, m, h, g, estimate, s):
    m, h = mix(m, s.beta1, g), _seen(h, estimate, s)
    return _move(theta, _clip(m / _floor(h, s)), s), m, h


def version_1(theta, m, h, g, estimate, s):
    """clip(m / max(h, eps), gamma)."""
    m, h = mix(m, s.beta1, g), _seen(h, estimate, s)
    return _move(theta, _clip(m / array_namespace(h).maximum(h, s.eps), s.gamma), s), m, h


def as_step(rule):
    def run(theta, m, h, grad, estimate, refresh, **rates):
        s = SimpleNamespace(**rates)
        theta, m, h = rule(theta, m, h, grad, estimate if refresh == "yes" else None, s)
        return theta, m, h, sophia.win_rate(sophia.SophiaState(m, h, 1), gamma=s.gamma, eps=s.eps)

    return run


def as_trajectory(rule, due=lambda t, k: (t - 1) % k == 0):
    def run(theta0, grads, estimates, k, **rates):
        theta, m, h, thetas = theta0, 0 * theta0, 0 * theta0, []
        for t in range(1, grads.shape[0] + 1):
            estimate = estimates[t - 1, :] if due(t, k) else None
            theta, m, h = rule(theta, m, h, grads[t - 1, :], estimate, SimpleNamespace(**rates))
            thetas.append(theta)
        return array_namespace(theta0).stack(thetas)

    return run


win_mistake = Mistakes()  # of what `step` tells about itself


@win_mistake("wrong_output", "the win rate is the share of coordinates that are not clipped; here of those that are")
def loss_rate(rate):
    return 1 - rate


def with_win_rate(change):
    def run(**inputs):
        *state, rate = as_step(right)(**inputs)
        return *state, change(rate)

    return run


timing_mistake = Mistakes()  # (t, k) -> whether the estimate of step t is used in step t, t = 1, 2, ...


@timing_mistake("wrong_order", "the first estimate is due in step 1; here in step k, after k - 1 steps along the sign")
def refreshed_at_k(t, k):
    return t % k == 0


@timing_mistake(
    "wrong_constant", "t mod k = 1 stands for steps 1, k + 1, ...; taken literally it never holds for k = 1"
)
def never_for_k_one(t, k):
    return t % k == 1


@timing_mistake("extra_step", "take a new estimate in every k-th step; here in every step")
def refreshed_always(t, k):
    return True


@timing_mistake("missing_step", "take a new estimate in every k-th step; here in the first one only")
def refreshed_once(t, k):
    return t == 1


whole_mistake = Mistakes()


@whole_mistake("extra_step", "leave h as it is; here it is divided by 1 - beta2^t, as in Adam")
def hessian_bias_correction(theta0, grads, estimates, k, **rates):
    counted = iter(range(1, grads.shape[0] + 1))

    def rule(theta, m, h, g, estimate, s):
        m, h = mix(m, s.beta1, g), _seen(h, estimate, s)
        return _move(theta, _clip(m / _floor(h / (1 - s.beta2 ** next(counted)), s)), s), m, h

    return as_trajectory(rule)(theta0, grads, estimates, k, **rates)


@whole_mistake(
    "wrong_order",
    "use an estimate in the step in which it is made; here that of step 1 is lost, and those of steps k + 1, 2 k + 1, "
    "... wait until steps 2 k, 3 k, ...",
    f"{PYTORCH_OPTIMIZER}/blob/v3.11.0/pytorch_optimizer/optimizer/sophia.py",
)
def made_early_used_late(theta0, grads, estimates, k, **rates):
    theta, m, h, thetas, kept = theta0, 0 * theta0, 0 * theta0, [], None
    for t in range(1, grads.shape[0] + 1):
        kept = estimates[t - 1, :] if t > 1 and (t - 1) % k == 0 else kept
        estimate = kept if t % k == 0 else None
        theta, m, h = right(theta, m, h, grads[t - 1, :], estimate, SimpleNamespace(**rates))
        thetas.append(theta)
    return array_namespace(theta0).stack(thetas)


# Mutants of the estimators ------------------------------------------------------------------------------------

product_mistake = Mistakes()  # (W, x, labels, u, model) -> estimate


def _product(W, x, labels, v, model):
    return models.hessian_product(W, x, labels, v, model=model)


@product_mistake("missing_step", "multiply the product H u by u, entry by entry; here H u is returned")
def product_alone(W, x, labels, u, model):
    return _product(W, x, labels, u, model)


@product_mistake(
    "wrong_constant",
    "use the drawn probe as it is; here its signs, a Rademacher probe: other draws than were asked for",
)
def signs_of_probe(W, x, labels, u, model):
    u = array_namespace(u).sign(u)
    return u * _product(W, x, labels, u, model)


@product_mistake("extra_step", "the estimate may be negative, as the Hessian may; here its absolute value is taken")
def absolute_estimate(W, x, labels, u, model):
    return abs(u * _product(W, x, labels, u, model))


@product_mistake(
    "missing_step",
    "differentiate the gradient again, through the logits as well; here u * (J^T S J u), which leaves out their "
    "curvature and is right for linear logits alone",
)
def gauss_newton_product(W, x, labels, u, model):
    f = models.logits(W, x, model=model)
    p, slope = softmax(f, axis=1), models._slope(f, model)
    toward = slope * (x @ u)
    change = p * toward - p * array_namespace(p).sum(p * toward, axis=1, keepdims=True)
    return u * (x.T @ (change * slope)) / x.shape[0]


@product_mistake(
    "wrong_order",
    "multiply u by the Hessian; here by the outer product of the gradient with itself, u * g (g . u)",
)
def outer_product(W, x, labels, u, model):
    g = models.gradient(W, x, labels, model=model)
    return u * g * array_namespace(g).sum(g * u)


@product_mistake("wrong_order", "multiply u by the Hessian; here the gradient is squared", f"{OPTAX}/issues/968")
def squared_gradient_(W, x, labels, u, model):
    g = models.gradient(W, x, labels, model=model)
    return g * g


@product_mistake("wrong_scale", "the loss is the mean over the batch; here it is the sum, B times as large")
def sum_of_losses(W, x, labels, u, model):
    return x.shape[0] * u * _product(W, x, labels, u, model)


bartlett_mistake = Mistakes()  # (gradient as a function of labels, logits, true labels, uniforms) -> estimate


def _sampled(f, uniforms):
    return sophia.sample_labels(f, uniforms)


@bartlett_mistake(
    "wrong_order",
    "draw the labels from the model; here the true ones (or the gradient at hand) are used, whose mean gradient is not "
    "0: a bias that grows with the batch",
    "https://github.com/HomebrewML/HeavyBall/pull/51",
)
def true_labels(gradient, f, labels, uniforms):
    g = gradient(labels)
    return f.shape[0] * g * g


@bartlett_mistake(
    "wrong_scale",
    "multiply the square by the batch size B (or gamma, as the released code does); here B is missing",
)
def no_batch_size(gradient, f, labels, uniforms):
    g = gradient(_sampled(f, uniforms))
    return g * g


@bartlett_mistake("wrong_scale", "square the gradient of the mean loss; here of the sum, B times as large")
def gradient_of_sum(gradient, f, labels, uniforms):
    g = f.shape[0] * gradient(_sampled(f, uniforms))
    return f.shape[0] * g * g


@bartlett_mistake(
    "missing_step",
    "set the gradient to zero before the backward pass with the drawn labels; here it comes on top of the true ones",
)
def accumulated_gradient(gradient, f, labels, uniforms):
    g = gradient(labels) + gradient(_sampled(f, uniforms))
    return f.shape[0] * g * g


@bartlett_mistake("missing_step", "draw the labels; here the most probable one is taken")
def most_probable_labels(gradient, f, labels, uniforms):
    g = gradient(array_namespace(f).argmax(f, axis=1))
    return f.shape[0] * g * g


@bartlett_mistake("wrong_constant", "draw the labels from softmax(logits); here all are equally probable")
def uniform_labels(gradient, f, labels, uniforms):
    g = gradient(_sampled(0 * f, uniforms))
    return f.shape[0] * g * g


@bartlett_mistake("wrong_constant", "draw the labels from softmax(logits); here the logits are halved, a temperature 2")
def tempered_labels(gradient, f, labels, uniforms):
    g = gradient(_sampled(f / 2, uniforms))
    return f.shape[0] * g * g


@bartlett_mistake("missing_step", "square the gradient; here its absolute value is taken")
def absolute_gradient(gradient, f, labels, uniforms):
    return f.shape[0] * abs(gradient(_sampled(f, uniforms)))


def shortened_gradient(gradient, f, labels, uniforms):
    """The gradient of the drawn labels is shortened to length 1 first."""
    g = gradient(_sampled(f, uniforms))
    xp = array_namespace(g)
    g = g / xp.maximum(xp.sqrt(xp.sum(g * g)), 1.0)
    return f.shape[0] * g * g


def as_gnb(rule):
    def run(W, x, labels, uniforms, model):
        f = models.logits(W, x, model=model)
        return rule(lambda y: models.gradient(W, x, y, model=model), f, integers(labels), uniforms)

    return run


example_mistake = Mistakes()


@example_mistake(
    "wrong_order",
    "square the gradient of the batch, B g^2; here the squares of each example's gradient are averaged, which is "
    "unbiased too, but takes B backward passes",
)
def squares_of_examples(W, x, labels, uniforms, model):
    sampled = _sampled(models.logits(W, x, model=model), uniforms)
    rows = range(x.shape[0])
    each = [models.gradient(W, x[i : i + 1, :], sampled[i : i + 1], model=model) for i in rows]
    return sum(g * g for g in each) / x.shape[0]


# Mutants of the clipped Newton step ---------------------------------------------------------------------------

newton_mistake = Mistakes()  # (grad, hessian, lr, rho) -> step


def _eigen(hessian):
    return array_namespace(hessian).linalg.eigh(hessian)


@newton_mistake("wrong_axis", "clip in the eigenbasis; here the coordinates of the Newton step itself are clipped")
def clipped_coordinates(grad, hessian, lr, rho):
    values, vectors = _eigen(hessian)
    return lr * _clip(vectors @ ((vectors.T @ grad) / values), rho)


@newton_mistake("wrong_axis", "the eigenvectors are the columns of eigh's matrix; here its rows are taken")
def rows_for_columns(grad, hessian, lr, rho):
    values, vectors = _eigen(hessian)
    return lr * (vectors.T @ _clip((vectors @ grad) / values, rho))


@newton_mistake("wrong_order", "divide by the eigenvalues, then clip; here the gradient is clipped first")
def clipped_before_inverse(grad, hessian, lr, rho):
    values, vectors = _eigen(hessian)
    return lr * (vectors @ (_clip(vectors.T @ grad, rho) / values))


@newton_mistake("wrong_order", "clip, then multiply by lr; here lr is inside the clip")
def clipped_after_lr(grad, hessian, lr, rho):
    values, vectors = _eigen(hessian)
    return vectors @ _clip(lr * (vectors.T @ grad) / values, rho)


@newton_mistake("missing_step", "clip the step in the eigenbasis; here it is the plain Newton step")
def plain_newton(grad, hessian, lr, rho):
    values, vectors = _eigen(hessian)
    return lr * (vectors @ ((vectors.T @ grad) / values))


@newton_mistake("wrong_axis", "clip each coordinate by itself; here the step is shortened to length rho (trust region)")
def clipped_length(grad, hessian, lr, rho):
    values, vectors = _eigen(hessian)
    full, xp = vectors @ ((vectors.T @ grad) / values), array_namespace(grad)
    return lr * rho * full / xp.maximum(xp.sqrt(xp.sum(full * full)), rho)


@newton_mistake("wrong_order", "use the whole Hessian; here its diagonal, as in the practical algorithm")
def diagonal_alone(grad, hessian, lr, rho):
    return lr * _clip(grad / array_namespace(hessian).linalg.diagonal(hessian), rho)


def as_newton(rule):
    return lambda theta, grad, hessian, lr, rho: theta - rule(grad, hessian, lr, rho)
