"""Mistakes in AdamW, Adam and AMSGrad, and the named alternatives.

Each is a whole rule (theta, m, v, g, lr, beta1, beta2, eps, weight decay, t) -> (theta, m, v); t = 1 in the first step.
"""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Mistakes


def _mix(a, rate, b):
    return rate * a + (1 - rate) * b


def _root(x):
    return array_namespace(x).sqrt(x)


def _moments(m, v, g, b1, b2):
    return _mix(m, b1, g), _mix(v, b2, g * g)


def _direction(m, v, b1, b2, eps, t):
    """Adam's step of length 1."""
    return (m / (1 - b1**t)) / (_root(v / (1 - b2**t)) + eps)


def _move(theta, m, v, lr, b1, b2, eps, wd, t):
    return theta - lr * (_direction(m, v, b1, b2, eps, t) + wd * theta), m, v


# Where the decay goes wrong: AdamW only -------------------------------------------------------------------------

decay_mistake = Mistakes()


@decay_mistake(
    "wrong_order",
    "subtract lr * weight_decay * theta from the parameters; here it is added to the gradient and so to both moments: "
    "Adam with an L2 penalty, which hardly shrinks parameters with large gradients",
    "https://github.com/nntrainer/nntrainer/pull/3565",
)
def coupled_decay(theta, m, v, g, lr, b1, b2, eps, wd, t):
    g = g + wd * theta
    m, v = _moments(m, v, g, b1, b2)
    return _move(theta, m, v, lr, b1, b2, eps, 0.0, t)


@decay_mistake("missing_step", "subtract lr * weight_decay * theta; here weight_decay is ignored")
def no_decay(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    return _move(theta, m, v, lr, b1, b2, eps, 0.0, t)


@decay_mistake(
    "wrong_order",
    "decay the old parameters; here the decay sees those that Adam's step has already moved",
    "https://github.com/bitsandbytes-foundation/bitsandbytes/issues/2010",
)
def decay_after_step(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    theta, m, v = _move(theta, m, v, lr, b1, b2, eps, 0.0, t)
    return theta - lr * wd * theta, m, v


@decay_mistake(
    "wrong_order",
    "add weight_decay * theta after the division; here it joins the first moment before it, and is divided by the root "
    "of the second",
)
def preconditioned_decay(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    step = (m / (1 - b1**t) + wd * theta) / (_root(v / (1 - b2**t)) + eps)
    return theta - lr * step, m, v


@decay_mistake(
    "wrong_scale",
    "multiply the decay by lr; here by lr * sqrt(1 - beta2^t) / (1 - beta1^t), the rate into which the bias correction "
    "was drawn",
)
def decay_at_corrected_rate(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    rate = (1 - b2**t) ** 0.5 / (1 - b1**t)
    return theta - lr * (_direction(m, v, b1, b2, eps, t) + rate * wd * theta), m, v


@decay_mistake("wrong_sign", "subtract the decay; here it is added, and the parameters grow")
def growth(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    return _move(theta, m, v, lr, b1, b2, eps, -wd, t)


# Where Adam's step goes wrong -----------------------------------------------------------------------------------

mistake = Mistakes()


@mistake(
    "missing_step",
    "divide the moments by 1 - beta1^t and 1 - beta2^t; here there is no bias correction, and with the usual rates the "
    "first step is three times too long",
    "https://github.com/allenai/OLMo-core/pull/317",
)
def no_bias_correction(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    return theta - lr * (m / (_root(v) + eps) + wd * theta), m, v


@mistake("missing_step", "divide the first moment by 1 - beta1^t; here only the second is corrected")
def first_uncorrected(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    return theta - lr * (m / (_root(v / (1 - b2**t)) + eps) + wd * theta), m, v


@mistake("missing_step", "divide the second moment by 1 - beta2^t; here only the first is corrected")
def second_uncorrected(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    return theta - lr * (m / (1 - b1**t) / (_root(v) + eps) + wd * theta), m, v


@mistake(
    "wrong_constant",
    "raise the rates to the power of the step number: 1 - beta^t; here the corrections are 1 - beta at every step",
    "https://github.com/eriklindernoren/ML-From-Scratch/issues/35",
)
def correction_without_power(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    return _move(theta, m, v, lr, b1, b2, eps, wd, 1)


@mistake("wrong_constant", "divide the second moment by 1 - beta2^t before the root; here by the root of that")
def correction_rooted_twice(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    step = m / (1 - b1**t) / (_root(v / (1 - b2**t) ** 0.5) + eps)
    return theta - lr * (step + wd * theta), m, v


@mistake("wrong_constant", "correct m with beta1 and v with beta2; here the two corrections are exchanged")
def exchanged_corrections(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    return _move(theta, m, v, lr, b2, b1, eps, wd, t)


@mistake(
    "wrong_order",
    "keep m and v as they are and correct copies; here the corrected moments are stored, and corrected again and again",
    "https://github.com/frgfm/holocron/issues/1",
)
def stored_corrections(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    m, v = m / (1 - b1**t), v / (1 - b2**t)
    return theta - lr * (m / (_root(v) + eps) + wd * theta), m, v


@mistake("wrong_order", "count a step before its bias correction; here t = 0 in the first, which divides by zero")
def counted_from_zero(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    nothing = 0 * v
    c1, c2 = nothing + (1 - b1 ** (t - 1)), nothing + (1 - b2 ** (t - 1))
    return theta - lr * ((m / c1) / (_root(v / c2) + eps) + wd * theta), m, v


@mistake("wrong_order", "count a step once; here t is one too large, 2 in the first step")
def counted_from_two(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    return _move(theta, m, v, lr, b1, b2, eps, wd, t + 1)


@mistake(
    "wrong_order",
    "count a step once for all parameters; here each parameter that is updated counts, so that all but the first are "
    "corrected as if they were older",
    "https://github.com/flashlight/flashlight/issues/143",
)
def counted_by_parameter(theta, m, v, g, lr, b1, b2, eps, wd, t):
    xp, d = array_namespace(theta), theta.shape[0]
    m, v = _moments(m, v, g, b1, b2)
    ages = xp.astype(xp.arange(d) + (d * (t - 1) + 1), theta.dtype)
    one = xp.ones_like(theta)
    step = m / (1 - (b1 * one) ** ages) / (_root(v / (1 - (b2 * one) ** ages)) + eps)
    return theta - lr * (step + wd * theta), m, v


@mistake("wrong_constant", "exchange beta1 and beta2: beta1 belongs to the gradient, beta2 to its square")
def swapped_betas(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b2, b1)
    return _move(theta, m, v, lr, b2, b1, eps, wd, t)


@mistake("wrong_constant", "the moments are beta * old + (1 - beta) * new; here the weights are exchanged")
def exchanged_weights(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _mix(g, b1, m), _mix(g * g, b2, v)
    return _move(theta, m, v, lr, b1, b2, eps, wd, t)


@mistake("wrong_scale", "weight what is new with 1 - beta; here the moments are sums, not averages")
def undamped_sums(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = b1 * m + g, b2 * v + g * g
    return _move(theta, m, v, lr, b1, b2, eps, wd, t)


@mistake("missing_step", "square the gradient of this step; here the second moment averages the square of the first")
def squares_of_the_mean(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m = _mix(m, b1, g)
    return _move(theta, m, _mix(v, b2, m * m), lr, b1, b2, eps, wd, t)


@mistake("extra_step", "average g * g; here (g - m)^2, the gradient's deviation from its average, as in AdaBelief")
def squares_about_the_mean(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m = _mix(m, b1, g)
    return _move(theta, m, _mix(v, b2, (g - m) * (g - m)), lr, b1, b2, eps, wd, t)


@mistake("missing_step", "divide by the square root of the second moment; here by the second moment")
def no_root(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    step = (m / (1 - b1**t)) / (v / (1 - b2**t) + eps)
    return theta - lr * (step + wd * theta), m, v


@mistake("numerics", "add eps to the root; here it is left out, and a gradient of 0 gives NaN")
def no_eps(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    return _move(theta, m, v, lr, b1, b2, 0.0, wd, t)


@mistake(
    "wrong_order",
    "add eps where it is used; here it is added to the second moment in place, so that it is stored and piles up",
    "https://github.com/juntang-zhuang/Adabelief-Optimizer/issues/61",
)
def eps_piles_up(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    return _move(theta, m, v + eps, lr, b1, b2, 0.0, wd, t)


@mistake("wrong_order", "update the moments before the step; here the step uses those of the step before")
def stale_moments(theta, m, v, g, lr, b1, b2, eps, wd, t):
    theta, _, _ = _move(theta, m, v, lr, b1, b2, eps, wd, t)
    return theta, *_moments(m, v, g, b1, b2)


@mistake("missing_step", "step along the first moment; here along the gradient of this step (RMSProp)")
def no_momentum(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    step = g / (_root(v / (1 - b2**t)) + eps)
    return theta - lr * (step + wd * theta), m, v


@mistake("extra_step", "step along the first moment; here it looks one step ahead, as in NAdam")
def nesterov(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    theta, _, _ = _move(theta, _mix(m, b1, g), v, lr, b1, b2, eps, wd, t)
    return theta, m, v


@mistake("wrong_axis", "keep a second moment for each parameter; here all share one, the mean of their squares")
def one_second_moment(theta, m, v, g, lr, b1, b2, eps, wd, t):
    square = array_namespace(g).mean(g * g) + 0 * g
    return _move(theta, _mix(m, b1, g), _mix(v, b2, square), lr, b1, b2, eps, wd, t)


@mistake("wrong_sign", "subtract lr times the step; here it is added")
def ascent(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    return theta + lr * (_direction(m, v, b1, b2, eps, t) - wd * theta), m, v


# Where the penalty goes wrong: Adam with L2 only. `g` is the bare gradient. --------------------------------------

penalty_mistake = Mistakes()


@penalty_mistake(
    "wrong_order",
    "add weight_decay * theta to the gradient; here it is subtracted from the parameters: this is AdamW",
    "https://github.com/keras-team/keras/issues/19051",
)
def decoupled_decay(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    return _move(theta, m, v, lr, b1, b2, eps, wd, t)


@penalty_mistake(
    "missing_step",
    "add weight_decay * theta to the gradient; here weight_decay is ignored",
    "https://github.com/PaddlePaddle/Paddle/issues/5836",
)
def no_penalty(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    return _move(theta, m, v, lr, b1, b2, eps, 0.0, t)


@penalty_mistake("wrong_order", "square the gradient with the penalty in it; here the second moment sees the bare one")
def bare_squares(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _mix(m, b1, g + wd * theta), _mix(v, b2, g * g)
    return _move(theta, m, v, lr, b1, b2, eps, 0.0, t)


@penalty_mistake("wrong_scale", "the slope of the penalty is weight_decay * theta; here twice that")
def doubled_penalty(theta, m, v, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g + 2 * wd * theta, b1, b2)
    return _move(theta, m, v, lr, b1, b2, eps, 0.0, t)


# Where the maximum goes wrong: AMSGrad only. These carry the maximum u as well. ---------------------------------

maximum_mistake = Mistakes()


@maximum_mistake("missing_step", "divide by the largest second moment so far; here by the newest: this is AdamW")
def no_maximum(theta, m, v, u, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    return *_move(theta, m, v, lr, b1, b2, eps, wd, t), u


@maximum_mistake("wrong_order", "take the maximum after the second moment's update; here it lags by a step")
def late_maximum(theta, m, v, u, g, lr, b1, b2, eps, wd, t):
    u = array_namespace(v).maximum(u, v)
    m, v = _moments(m, v, g, b1, b2)
    theta, _, _ = _move(theta, m, u, lr, b1, b2, eps, wd, t)
    return theta, m, v, u


@maximum_mistake("wrong_order", "keep the maximum beside v; here it overwrites v, and the next average starts from it")
def maximum_fed_back(theta, m, v, u, g, lr, b1, b2, eps, wd, t):
    m, new = _moments(m, v, g, b1, b2)
    v = array_namespace(v).maximum(v, new)
    return *_move(theta, m, v, lr, b1, b2, eps, wd, t), v


@maximum_mistake("wrong_sign", "take the larger of the two; here the smaller, from the first step on")
def minimum(theta, m, v, u, g, lr, b1, b2, eps, wd, t):
    m, v = _moments(m, v, g, b1, b2)
    u = v if t == 1 else array_namespace(v).minimum(u, v)
    theta, _, _ = _move(theta, m, u, lr, b1, b2, eps, wd, t)
    return theta, m, v, u


# Named alternatives, which are no mistakes ----------------------------------------------------------------------


def eps_before_correction(theta, m, v, g, lr, b1, b2, eps, wd, t):
    """The last remark of Kingma and Ba's Section 2, read with the given number as its "epsilon hat"."""
    m, v = _moments(m, v, g, b1, b2)
    rate = (1 - b2**t) ** 0.5 / (1 - b1**t)
    return theta - lr * (rate * m / (_root(v) + eps) + wd * theta), m, v


def eps_inside_root(theta, m, v, g, lr, b1, b2, eps, wd, t):
    """The number is added to the corrected second moment, and so in units of the squared gradient."""
    m, v = _moments(m, v, g, b1, b2)
    return theta - lr * ((m / (1 - b1**t)) / _root(v / (1 - b2**t) + eps) + wd * theta), m, v


def decay_without_lr(theta, m, v, g, lr, b1, b2, eps, wd, t):
    """Algorithm 2 as it is printed, with eta_t = 1."""
    m, v = _moments(m, v, g, b1, b2)
    return theta - lr * _direction(m, v, b1, b2, eps, t) - wd * theta, m, v


def maximum_of_corrected(theta, m, v, u, g, lr, b1, b2, eps, wd, t):
    """AMSGrad whose maximum is taken over the corrected second moments."""
    m, v = _moments(m, v, g, b1, b2)
    u = array_namespace(v).maximum(u, v / (1 - b2**t))
    return theta - lr * ((m / (1 - b1**t)) / (_root(u) + eps) + wd * theta), m, v, u


def uncorrected_maximum(theta, m, v, u, g, lr, b1, b2, eps, wd, t):
    """AMSGrad as printed: no bias correction at all."""
    m, v = _moments(m, v, g, b1, b2)
    u = array_namespace(v).maximum(u, v)
    return theta - lr * (m / (_root(u) + eps) + wd * theta), m, v, u


def largest_eps_before_correction(theta, m, v, u, g, lr, b1, b2, eps, wd, t):
    """AMSGrad with eps beside the root of the largest uncorrected second moment."""
    m, v = _moments(m, v, g, b1, b2)
    u = array_namespace(v).maximum(u, v)
    rate = (1 - b2**t) ** 0.5 / (1 - b1**t)
    return theta - lr * (rate * m / (_root(u) + eps) + wd * theta), m, v, u


def largest_eps_inside_root(theta, m, v, u, g, lr, b1, b2, eps, wd, t):
    """AMSGrad with eps added to the corrected largest second moment, under the root."""
    m, v = _moments(m, v, g, b1, b2)
    u = array_namespace(v).maximum(u, v)
    return theta - lr * ((m / (1 - b1**t)) / _root(u / (1 - b2**t) + eps) + wd * theta), m, v, u


# The forms of the operations ------------------------------------------------------------------------------------


def as_step(rule):
    """A rule in the form of `adamw.step`."""

    def run(theta, m, v, grad, steps, lr, beta1, beta2, eps, weight_decay):
        return rule(theta, m, v, grad, lr, beta1, beta2, eps, weight_decay, steps + 1)

    return run


def as_trajectory(rule):
    """A rule in the form of `adamw.trajectory`."""

    def run(theta0, grads, lr, beta1, beta2, eps, weight_decay):
        xp = array_namespace(theta0)
        state, thetas = (theta0, xp.zeros_like(theta0), xp.zeros_like(theta0)), []
        for t in range(grads.shape[0]):
            state = rule(*state, grads[t, :], lr, beta1, beta2, eps, weight_decay, t + 1)
            thetas.append(state[0])
        return xp.stack(thetas)

    return run


def as_penalized(rule):
    """A rule of AdamW, fed with the penalized gradient, in the form of `adamw.adam`."""

    def penalized(theta, m, v, g, lr, b1, b2, eps, wd, t):
        return rule(theta, m, v, g + wd * theta, lr, b1, b2, eps, 0.0, t)

    return as_trajectory(penalized)


def as_amsgrad(rule):
    """A rule with a maximum in the form of `adamw.amsgrad`."""

    def run(theta0, grads, lr, beta1, beta2, eps, weight_decay):
        xp = array_namespace(theta0)
        nothing, thetas = xp.zeros_like(theta0), []
        state = (theta0, nothing, nothing, nothing)
        for t in range(grads.shape[0]):
            state = rule(*state, grads[t, :], lr, beta1, beta2, eps, weight_decay, t + 1)
            thetas.append(state[0])
        return xp.stack(thetas)

    return run
