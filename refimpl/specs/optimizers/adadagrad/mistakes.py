"""What goes wrong in AdAdaGrad: lines of the source that read otherwise."""

import math

from refimpl.core.arrays import array_namespace
from refimpl.optimizers import adadagrad
from refimpl.specs.base import mistake, variant
from refimpl.specs.optimizers.adadagrad.cases import TESTS, chosen_test, exact_test

CODE = "https://github.com/timlautk/AdAdaGrad/blob/135b9aa"
STEP = "minimize: params, state, info = step("
GRADIENTS = "gradients(params, stream[used:end])"


def _layer_by_layer(grads, test, eta, vartheta, nu, split, largest):
    if test in TESTS[:2]:
        return adadagrad.grow(grads.shape[0], chosen_test(test, eta)(grads), largest=largest)
    xp = array_namespace(grads)
    mean = xp.mean(grads, axis=0)
    square, along, across = float(xp.sum(mean * mean)), 0.0, 0.0
    for part in (slice(0, split), slice(split, None)):
        layer, m = grads[:, part], mean[part]
        products, own = layer @ m, float(xp.sum(m * m))
        along += float(xp.var(products / (square or 1.0), correction=1)) / vartheta**2
        rest = layer - (products / (own or 1.0))[:, None] * m
        across += float(xp.sum(xp.var(rest, axis=0, correction=1)))
    across = across / (square * nu**2) if square else float("inf") if across else 0.0
    return adadagrad.grow(grads.shape[0], max(along, across if test == "augmented" else 0.0), largest=largest)


def _is_zero_over_zero(grads, test):
    """Whether all gradients, or all of one coordinate, are 0."""
    xp = array_namespace(grads)
    dead = xp.all(grads == 0, axis=0)
    return test != "inner_product" and bool(xp.any(dead) if test == "coordinate" else xp.all(dead))


def _size_without_zero_rule(grads, test, eta, vartheta, nu, split, largest):
    if _is_zero_over_zero(grads, test):
        return math.nan
    return adadagrad.grow(grads.shape[0], chosen_test(test, eta, vartheta, nu)(grads), largest=largest)


def _exact_size_without_zero_rule(population, test, eta, largest):
    if _is_zero_over_zero(population, test):
        return math.nan
    xp, ratio = array_namespace(population), exact_test(test)
    demand = ratio(xp.mean(population, axis=0), xp.var(population, axis=0), eta=eta)
    return adadagrad.grow(1, demand, largest=largest)


PLAIN = {
    "_scaled: return": "return grads",
    "exact_size: population =": "pass",
}  # who slips so has no units

ALTERNATIVES = (
    # The tests
    mistake(
        "biased_variance",
        "wrong_constant",
        "divide by b - 1 in the sample variance; here it is divided by b",
        {"adadagrad-2": "return array_namespace(x).var(x, axis=0)"},
    ),
    mistake(
        "not_centered",
        "missing_step",
        "subtract the batch gradient before squaring; here mean squares stand for variances",
        {
            "adadagrad-2": "return array_namespace(x).sum(x * x, axis=0) / (x.shape[0] - 1)",
            "exact_size: variance =": "variance = xp.mean(population * population, axis=0)",
        },
    ),
    mistake(
        "variance_of_mean",
        "wrong_scale",
        "put the variance of one example into the size; here it is that of the batch mean, smaller by the factor b",
        {"adadagrad-2": "return array_namespace(x).var(x, axis=0, correction=1) / x.shape[0]"},
    ),
    mistake(
        "sample_variance",
        "wrong_constant",
        "the whole population is known: divide by n; here by n - 1, as for a sample of it",
        {"exact_size: variance =": "variance = xp.var(population, axis=0, correction=1)"},
    ),
    mistake(
        "parameter_not_squared",
        "missing_step",
        "square the parameter of the test (eta, vartheta, nu); here it divides as it is",
        {
            "adadagrad-3": "return _quotient(xp.sum(variance), xp.sum(gradient * gradient)) / eta",
            "adadagrad-4": "return xp.max(_quotient(variance, gradient * gradient)) / eta",
            "adadagrad-6": "return _variance(c) / check.positive(vartheta=vartheta)",
            "augmented_test: across =": "across = _quotient(noise, xp.sum(gradient * gradient)) / nu",
        },
    ),
    mistake(
        "norm_not_squared",
        "missing_step",
        "divide by the squared norm of the batch gradient; here the norm is not squared",
        {
            "adadagrad-3": "return _quotient(xp.sum(variance), xp.sum(gradient * gradient) ** 0.5) / eta**2",
            "adadagrad-4": "return xp.max(_quotient(variance, abs(gradient))) / eta / eta",
            "augmented_test: across =": "across = _quotient(noise, xp.sum(gradient * gradient) ** 0.5) / nu**2",
            **PLAIN,
        },
    ),
    mistake(
        "square_for_fourth_power",
        "missing_step",
        "divide by the fourth power of the batch gradient's norm; here it is the second",
        {
            "inner_product_test: c, _, _ =": "c, _, gradient = _projections(grads)",
            "inner_product_test: return": "return _along(c, vartheta) * sum_of_squares(gradient)",
            "adadagrad-7": "return xp.maximum(_along(c, vartheta) * sum_of_squares(gradient), across)",
            "_scaled: return": "return grads",
        },
        unseen={"trajectory": "its tests divide by the second power"},
    ),
    mistake(
        "variance_in_l2",
        "wrong_constant",
        "add up the variances of the coordinates (their l1 norm); here their l2 norm is taken",
        {"adadagrad-3": "return xp.sum(_quotient(variance, xp.sum(gradient * gradient)) ** 2) ** 0.5 / eta**2"},
    ),
    mistake(
        "mean_over_coordinates",
        "wrong_axis",
        "take the largest demand of the coordinates; here it is their mean",
        {"adadagrad-4": "return xp.mean(_quotient(variance, gradient * gradient)) / eta**2"},
    ),
    mistake(
        "no_zero_rule",
        "numerics",
        "0 / 0 is 0: where nothing varies the test is met; here it is NaN, and so is the size (or the run stops)",
        origin=f"{CODE}/tests.py",
        functions={"batch_size": _size_without_zero_rule, "exact_size": _exact_size_without_zero_rule},
    ),
    mistake(
        "zeros_fire",
        "numerics",
        "where all gradients are 0 nothing is asked for; here 0 / 0 asks for the largest batch",
        {"_quotient: return": "return xp.where(signal > 0, quotient, math.inf)"},
    ),
    mistake(
        "no_signal_is_met",
        "numerics",
        "a vanishing gradient under noise asks for the largest batch; here a signal below 1e-6 counts as a test met",
        {
            "_quotient: return": "return xp.where(signal > 1e-12, quotient, 0.0)",
            "adadagrad-5": "c = (rows @ gradient) / xp.where(square > 1e-12, square, math.inf)",
            **PLAIN,
        },
    ),
    mistake(
        "epsilon_in_denominator",
        "numerics",
        "treat the zero denominator apart; here 1e-8 is added to the squared norm, which is all of it once gradients "
        "are small",
        {
            "_quotient: return": "return noise / (signal + 1e-8)",
            "adadagrad-5": "c = (rows @ gradient) / (square + 1e-8)",
            **PLAIN,
        },
    ),
    mistake(
        "layer_by_layer",
        "wrong_order",
        "take the variance of the whole inner product; here those of the arrays that hold the parameters are added up",
        origin=f"{CODE}/tests.py",
        functions={"batch_size": _layer_by_layer},
    ),
    mistake(
        "not_augmented",
        "missing_step",
        "the augmented test also bounds the noise orthogonal to the gradient; it is left out here",
        {"adadagrad-7": "return _along(c, vartheta)"},
    ),
    mistake(
        "demands_added",
        "wrong_constant",
        "take the larger of the two demands of the augmented test; here they are added up",
        {"adadagrad-7": "return _along(c, vartheta) + across"},
    ),
    mistake(
        "not_projected",
        "missing_step",
        "subtract each gradient's part along the batch gradient; here the variance of the whole is tested across it",
        {"augmented_test: noise =": "noise = xp.sum(_variance(rows))"},
    ),
    # The next size
    mistake(
        "shrinks",
        "missing_step",
        "keep the size where the test is met: take the maximum with b; here batches may shrink",
        {"adadagrad-8": "return max(min(size, 2), math.ceil(min(ratio, largest)))"},
        unseen={"exact_size": "it grows from 1, and nothing is smaller"},
    ),
    mistake(
        "floor",
        "wrong_constant",
        "round the demanded size up; here it is rounded down, so the test is not met",
        {"adadagrad-8": "return max(size, math.floor(min(ratio, largest)))"},
    ),
    mistake(
        "not_capped",
        "missing_step",
        "no batch is larger than the largest; here it is exceeded where the test asks for more",
        {
            "adadagrad-8": "return max(size, math.ceil(min(ratio, 1e15)))",
            "trajectory: xp =": """\
            xp, largest = array_namespace(theta0), 10**15
            stream = xp.concat([stream] * 100)  # where it ends, it begins anew""",
        },
    ),
    mistake(
        "without_replacement",
        "extra_step",
        "batches are drawn with replacement, so there is no finite-population correction (n - b) / (n - 1); here there "
        "is",
        {
            "exact_size: demand =": """\
            demand, n = float(ratio(gradient, variance, eta=eta)), population.shape[0]
            demand = n / (1 + (n - 1) / demand) if demand else 0.0""",
        },
    ),
    # The steps
    mistake(
        "delayed",
        "wrong_order",
        "the step divides by a root that holds the current gradient; here it holds the past ones",
        {
            "adadagrad-9": "squares = xp.asarray(state.squares)",
            "norm_update: return params": "return params, AdaGradState(squares + sum_of_squares(grad))",
            "adadagrad-11": "pass",
            "adadagrad-12": "params = params - alpha * grad / (root + eps)\nsquares = squares + grad * grad",
        },
    ),
    mistake(
        "no_root",
        "missing_step",
        "divide by the root of the accumulator; here by the accumulator itself",
        {
            "adadagrad-10": "return params - alpha / squares * grad",
            "adadagrad-12": "params = params - alpha * grad / (squares + eps)",
        },
    ),
    mistake(
        "ascent",
        "wrong_sign",
        "subtract the step; here it climbs",
        {
            "adadagrad-10": "return params + alpha / array_namespace(squares).sqrt(squares) * grad",
            "adadagrad-12": "params = params + alpha * grad / (root + eps)",
        },
        origin="https://github.com/PaddlePaddle/Paddle/pull/4743",
    ),
    mistake(
        "v0_ignored",
        "missing_step",
        "start the accumulator at v0; here it starts at 0",
        {
            "norm_init: square =": "square = 0.0",
            "init: return": "return AdaGradState(array_namespace(params).zeros_like(params))",
            "update: if eps == 0": "if False:",
            "norm_update: check.finite(params": "pass",  # code without checks goes on with NaN
            "norm_update: alpha, before =": "alpha, before = check.positive(alpha=alpha), state.squares",
        },
    ),
    mistake(
        "v0_squared",
        "wrong_scale",
        "AdaGrad's v0 is on the scale of squared gradients; here it is squared first",
        {"init: return": "return AdaGradState(array_namespace(params).full_like(params, v0**2))"},
    ),
    mistake(
        "v0_not_squared",
        "wrong_scale",
        "AdaGrad-Norm's v0 is a root: its square starts the sum; here v0 itself does",
        {"norm_init: square =": "square = v0"},
    ),
    mistake(
        "mean_for_sum",
        "wrong_scale",
        "the accumulator is a sum; here it is the mean over the steps, which does not grow",
        {
            "adagrad: theta, state =": """\
            squares = state.squares + grads[t, :] ** 2
            theta = theta - alpha * grads[t, :] / ((squares / (t + 1)) ** 0.5 + eps)
            state = adadagrad.AdaGradState(squares)""",
        },
    ),
    mistake(
        "decayed_twice",
        "extra_step",
        "the accumulator is the schedule; here alpha is divided by the root of t as well",
        {
            "adagrad: theta, state =": "theta, state = adadagrad.update(theta, state, grads[t, :], "
            "alpha=alpha / (t + 1) ** 0.5, eps=eps)"
        },
    ),
    mistake(
        "forgets",
        "extra_step",
        "keep the whole sum; here it forgets a tenth in each step, which is RMSprop",
        {"adadagrad-11": "squares = 0.9 * squares + 0.1 * grad * grad"},
    ),
    mistake(
        "one_for_all",
        "wrong_axis",
        "AdaGrad has an accumulator for each coordinate; here all share one, which is AdaGrad-Norm",
        {"adadagrad-11": "squares = squares + array_namespace(grad).sum(grad * grad)"},
    ),
    mistake(
        "per_coordinate",
        "wrong_axis",
        "AdaGrad-Norm has one accumulator of squared norms; here each coordinate has its own, which is AdaGrad",
        {"adadagrad-9": "squares = state.squares + grad * grad", "norm_update: if not": "if False:"},
        origin=f"{CODE}/adagradnorm.py",
    ),
    mistake(
        "eps_accumulated",
        "extra_step",
        "eps is added to the root in the step; here it goes into the accumulator, at every step",
        {
            "adadagrad-11": "squares = squares + grad * grad + eps",
            "adadagrad-12": "params = params - alpha * grad / root",
        },
    ),
    mistake(
        "no_eps",
        "missing_step",
        "add eps to the root; here it is ignored",
        {"adadagrad-12": "params = params - alpha * grad / (root + 1e-30)"},
    ),
    mistake(
        "larger_of_root_and_eps",
        "wrong_constant",
        "add eps to the root; here the larger of the two divides",
        {"adadagrad-12": "params = params - alpha * grad / array_namespace(root).maximum(root, eps + 0 * root)"},
    ),
    mistake(
        "norms_added",
        "missing_step",
        "accumulate the square of the norm; here the norm itself is added",
        {"adadagrad-9": "squares = xp.asarray(state.squares + sum_of_squares(grad) ** 0.5)"},
    ),
    mistake(
        "mean_square",
        "wrong_scale",
        "add the squares of all coordinates; here it is their mean, as in row-wise AdaGrad",
        {"adadagrad-9": "squares = xp.asarray(state.squares + sum_of_squares(grad) / grad.shape[0])"},
    ),
    mistake(
        "roots_added",
        "wrong_order",
        "add squares under the root; here the norm of the gradient is added to the root v",
        {"adadagrad-9": "squares = xp.asarray((state.squares**0.5 + sum_of_squares(grad) ** 0.5) ** 2)"},
    ),
    # The whole
    mistake(
        "tested_at_next_point",
        "wrong_order",
        "test on the gradients that made the step; here the batch is evaluated at the next point",
        {
            STEP: f"""\
            before = state.size
            params, state, info = step(params, state, {GRADIENTS}, **how)
            if before < how["largest"]:
                after = how["test"]({GRADIENTS})
                state = state._replace(size=grow(before, after, largest=how["largest"]))""",
        },
    ),
    mistake(
        "filled_up_at_once",
        "wrong_order",
        "the new size is for the next batch; here the current batch is filled up to it first",
        {
            STEP: f"""\
            state = state._replace(size=grow(state.size, how["test"]({GRADIENTS}), largest=how["largest"]))
            end = used + state.size
            params, after, info = step(params, state, {GRADIENTS}, **how)
            state = after._replace(size=state.size)""",
        },
    ),
    mistake(
        "never_grows",
        "missing_step",
        "change the size of the batches; here they keep the first one",
        {"step: size = grow(": "pass"},
    ),
    mistake(
        "sum_for_mean",
        "wrong_scale",
        "divide the sum of the gradients by the current size; here the step takes their sum",
        {"step: params, rule =": "params, rule = update(params, state.rule, state.size * gradient)"},
    ),
    mistake(
        "stream_restarted",
        "wrong_order",
        "each batch takes new examples off the stream; here a batch reads the stream from its start",
        {STEP: "params, state, info = step(params, state, gradients(params, stream[: state.size]), **how)"},
    ),
    mistake(
        "stream_ahead",
        "wrong_order",
        "the stream moves on by the size of this batch; here by that of the next one",
        {"minimize: return params": "return params, state, info, used + state.size"},
    ),
    mistake(
        "rules_exchanged",
        "wrong_axis",
        "AdaGrad has an accumulator for each coordinate, AdaGrad-Norm one in all; exchanged here",
        {
            "trajectory: state, update = adadagrad.norm_init(": """\
            state = adadagrad.AdaGradState(v0**2 + 0 * theta0)
            update = partial(adadagrad.update, alpha=alpha, eps=0.0)""",
            "trajectory: state, update = adadagrad.init(": """\
            state = adadagrad.AdaGradState(v0 + 0 * theta0[0])
            update = partial(adadagrad.norm_update, alpha=alpha)""",
        },
    ),
    mistake(
        "tests_exchanged",
        "wrong_order",
        "the norm test and the test in every coordinate are exchanged",
        {"trajectory: decide =": 'decide = chosen_test({"norm": "coordinate", "coordinate": "norm"}[test], eta)'},
    ),
    mistake(
        "eps_in_both_rules",
        "extra_step",
        "eps is AdaGrad's; AdaGrad-Norm divides by the root alone, and here eps is added to it too",
        {
            "trajectory: state, update = adadagrad.norm_init(": """\
            state = adadagrad.norm_init(theta0, v0=v0)

            def update(theta, state, grad):
                squares = state.squares + xp.sum(grad * grad)
                return theta - alpha * grad / (squares**0.5 + eps), adadagrad.AdaGradState(squares)
            """,
        },
    ),
    # What other sources do on purpose
    variant(
        "eps_inside_root",
        "eps is added under the root, and where the accumulator is 0 there is no step",
        "https://github.com/google-deepmind/optax/blob/v0.2.8/optax/_src/transform.py scale_by_rss",
        {
            "adadagrad-12": """\
            xp = array_namespace(params)
            params = params - xp.where(squares > 0, alpha * grad / xp.sqrt(squares + eps), 0.0)""",
        },
    ),
    variant(
        "root_plus_epsilon",
        "1e-10 is added to the root",
        f"{CODE}/adagradnorm.py",
        {"adadagrad-10": "return params - alpha / (array_namespace(squares).sqrt(squares) + 1e-10) * grad"},
    ),
)
