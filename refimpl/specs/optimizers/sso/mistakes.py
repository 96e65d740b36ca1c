"""What goes wrong in SSO: lines of the source that read otherwise."""

from functools import partial

from refimpl.core.arrays import array_namespace
from refimpl.optimizers import _sso_models as models
from refimpl.optimizers import sso
from refimpl.specs.base import mistake, variant

CODE = "https://github.com/WilderLavington/Target-Based-Surrogates-For-Stochastic-Optimization/blob/4cc4ea7/optimizers"

SURROGATE = "build: return Surrogate("
VALUE_AT, GRADIENT_AT = "value: targets, _ =", "gradient: targets, pullback ="
LOSS_AT = "return surrogate.loss + xp.sum("
SPREAD = 'build: if norm == "full" and batch is not None:'
SEARCH = "step: accepted, _ = target_search("
START = "step: start = scale if not expand else"
SUMS = "squares = newest if squares is None else squares + newest"


def _fresh(quadratic):
    """Edits after which the surrogate asks the oracle again, at the present targets."""
    return {
        SURROGATE: """\
        def fresh(w):
            now, pullback = model(w, rows_x)
            mine = _rows(now, batch) if norm == "full" else now
            again = loss.gradient(mine, rows_y) / b
            again = _scatter(again, batch, n) if norm == "full" and batch is not None else again
            return now, pullback, again

        return Surrogate(fresh, targets, value, slopes, eta)""",
        VALUE_AT: "targets, _, slopes = surrogate.model(theta)",
        "sso-2": f"{LOSS_AT}slopes * move + move * move / (2 * surrogate.eta))",
        GRADIENT_AT: "targets, pullback, slopes = surrogate.model(theta)",
        "sso-3": f"return pullback(slopes{' + (targets - surrogate.targets) / surrogate.eta' if quadratic else ''})",
    }


def _quadratic(value, slope):
    """Edits of the quadratic term in the value and in the gradient."""
    return {
        "sso-2": f"{LOSS_AT}surrogate.gradient * move{value})",
        "sso-3": f"return pullback(surrogate.gradient{slope})",
    }


def _of_the_batch(x, y, theta0, batches, eta, loss):
    """The closed form for the quadratic over the batch's targets."""
    xp, theta, path = array_namespace(x), theta0, []
    for t in range(batches.shape[0]):
        batch = batches[t, :]
        inner = partial(sso.exact_linear, pseudoinverse=xp.linalg.pinv(xp.take(x, batch, axis=0)))
        theta, _ = sso.outer_step(theta, models.linear, models.LOSSES[loss], x, y, inner=inner, eta=eta, batch=batch)
        path.append(theta)
    return xp.stack(path), xp.stack([x @ theta for theta in path])


def _unseen(reason, *operations):
    return dict.fromkeys(operations, reason)


ON_BATCHES = ("trajectory", "search", "adagrad", "projection")
MINIMUM = _unseen("the minimum is taken in closed form", "projection")
WHOLE = _unseen("its batch is the whole data", "surrogate", "majorize")
OF_BATCH = _unseen("it has the norm of the batch alone", "search", "adagrad")
LINEAR = _unseen("the Jacobian of a linear model is the same everywhere", "softmax_step", "majorize", *ON_BATCHES)
ONE_OUTPUT = _unseen("a row has one target", "surrogate", "outer_step", "majorize", *ON_BATCHES)
NO_SCHEDULE = _unseen("its step size is constant", "majorize", "projection")
NO_SEARCH = _unseen("it does not search", "majorize", "trajectory", "adagrad", "projection")
NO_ADAGRAD = _unseen("it has no AdaGrad", "majorize", "trajectory", "search", "projection")

ALTERNATIVES = (
    mistake(
        "fresh_gradient",
        "wrong_order",
        "ask the oracle once per outer step and keep its answer; here the gradient of the loss is computed anew in "
        "each inner step",
        _fresh(quadratic=True),
        unseen=MINIMUM,
    ),
    mistake(
        "plain_gradient_descent",
        "wrong_order",
        "freeze z_t and the gradient there during the inner loop; here both are refreshed, so that the inner steps are "
        "plain gradient descent on the loss, at m times the price",
        _fresh(quadratic=False),
        unseen=MINIMUM,
    ),
    mistake(
        "moving_centre",
        "wrong_order",
        "freeze z_t during the inner loop; here it follows the iterates, the quadratic vanishes, and they run off "
        "along the old gradient",
        _quadratic("", ""),
    ),
    mistake(
        "no_half",
        "wrong_constant",
        "the quadratic is |f - z_t|^2 / (2 eta), with the gradient (f - z_t) / eta; here the 1/2 is missing, which "
        "halves eta (one inner step does not show it)",
        _quadratic(" + move * move / surrogate.eta", " + 2 * (targets - surrogate.targets) / surrogate.eta"),
    ),
    mistake(
        "half_in_gradient",
        "wrong_constant",
        "the gradient of |f - z_t|^2 / (2 eta) is (f - z_t) / eta; here the 1/2 is kept in it",
        {"sso-3": "return pullback(surrogate.gradient + (targets - surrogate.targets) / (2 * surrogate.eta))"},
    ),
    mistake(
        "eta_as_weight",
        "wrong_constant",
        "divide the quadratic by eta, a step size; here it is multiplied by it, as if eta were the weight 1 / (2 eta) "
        "of the authors' code",
        _quadratic(" + move * move * surrogate.eta / 2", " + (targets - surrogate.targets) * surrogate.eta"),
    ),
    mistake(
        "concave",
        "wrong_sign",
        "add the quadratic to the linear term; here it is subtracted and the surrogate has no minimum",
        _quadratic(" - move * move / (2 * surrogate.eta)", " - (targets - surrogate.targets) / surrogate.eta"),
    ),
    mistake(
        "mean_quadratic",
        "wrong_scale",
        "sum the quadratic over the targets; here it is their mean, which multiplies eta by n",
        _quadratic(
            " + move * move / (2 * surrogate.eta * move.shape[0])",
            " + (targets - surrogate.targets) / (surrogate.eta * targets.shape[0])",
        ),
    ),
    mistake(
        "distance_of_parameters",
        "wrong_axis",
        "measure the distance in the targets, |f(theta) - f(theta_t)|^2; here it is |theta - theta_t|^2 in the "
        "parameters, whose surrogate is minimized by one plain gradient step",
        {
            SURROGATE: "return Surrogate(lambda w: (*model(w, rows_x), w - theta), targets, value, slopes, eta)",
            VALUE_AT: "targets, _, way = surrogate.model(theta)",
            "sso-2": f"{LOSS_AT}surrogate.gradient * move) + xp.sum(way * way) / (2 * surrogate.eta)",
            GRADIENT_AT: "targets, pullback, way = surrogate.model(theta)",
            "sso-3": "return pullback(surrogate.gradient) + way / surrogate.eta",
        },
        unseen=MINIMUM,
    ),
    mistake(
        "one_step_behind",
        "wrong_output",
        "return the last inner iterate, omega_m; here it is the one before, and m = 1 does not move at all",
        {
            "gradient_descent: run = iterate(": "run = iterate(\n"
            "    move, Inner(theta, alpha, math.inf), steps=steps - 1, record=record, "
            "stop=lambda carry: carry.norm <= tolerance\n)",
            "_iterates: return": 'return array_namespace(theta).stack(info.inner.history["theta"])',
        },
    ),
    mistake(
        "sum_of_losses",
        "wrong_scale",
        "the loss is the mean over the batch; here it is the sum, whose gradient is as many times larger",
        {"sso-1": "slopes = loss.gradient(targets, rows_y)"},
    ),
    mistake(
        "mean_over_all_rows",
        "wrong_scale",
        "divide by the number of rows in the batch; here the sum is divided by that of the whole data",
        {"sso-1": "slopes = loss.gradient(targets, rows_y) / n"},
        unseen=WHOLE,
    ),
    mistake(
        "mean_over_entries",
        "wrong_scale",
        "the loss is a mean over rows; here it is one over all entries, which divides the gradient by the number of "
        "outputs too",
        {"sso-1": "slopes = loss.gradient(targets, rows_y) / math.prod(targets.shape)"},
        unseen=ONE_OUTPUT,
    ),
    mistake(
        "ascent",
        "wrong_sign",
        "subtract the gradient of the surrogate; here the inner steps climb",
        {"sso-4": "return Inner(carry.theta + alpha * slope, alpha, norm)"},
    ),
    mistake(
        "batch_for_full",
        "missing_step",
        "with norm='full' the quadratic runs over all n targets; here over those of the batch, so that the others move "
        "freely and the step is no projection",
        {SPREAD: "if False:"},
        unseen=WHOLE | OF_BATCH,
        functions={"projection": _of_the_batch},
    ),
    mistake(
        "full_for_batch",
        "extra_step",
        "with norm='batch' the quadratic runs over the targets of the batch; here over all n, at the price of the "
        "whole data in each inner step",
        {SPREAD: "if batch is not None:"},
        unseen=WHOLE | _unseen("it has the full norm alone", "projection"),
    ),
    mistake(
        "repeated_rows_once",
        "missing_step",
        "a row that is twice in a batch counts twice in the loss; here its answer is assigned to its place and not "
        "added, so that it counts once",
        {
            "_scatter: return": """\
            counts = xp.sum(chosen, axis=1)
            counts = xp.maximum(counts, xp.ones_like(counts))
            return (chosen @ slopes) / (counts if slopes.ndim == 1 else counts[:, None])"""
        },
        unseen=_unseen("no row is twice in a batch", "adagrad"),
    ),
    mistake(
        "frozen_jacobian",
        "wrong_order",
        "pull back through the Jacobian at the present iterate; here that of theta_t serves the whole inner loop",
        {
            SURROGATE: "_, pullback = model(theta, rows_x)\n"
            "return Surrogate(lambda w: (model(w, rows_x)[0], pullback), targets, value, slopes, eta)"
        },
        unseen=LINEAR,
    ),
    mistake(
        "softmax_over_rows",
        "wrong_axis",
        "the softmax runs over the logits of a row; here over the rows",
        {"_softmax_slope: return": "return softmax(targets, axis=0) - y"},
    ),
    variant(
        "without_loss",
        "the value leaves out the constant l(z_t), which moves no minimum",
        "https://arxiv.org/abs/2302.02607 the stochastic surrogate",
        {"sso-2": "return xp.sum(surrogate.gradient * move + move * move / (2 * surrogate.eta))"},
    ),
    # The step sizes of the theory
    mistake(
        "curvature_of_an_eighth",
        "wrong_constant",
        "the logistic loss has curvature 1/4; here 1/8, and the surrogate is no upper bound",
        {"sso-5": "return n / (0.125 if loss.smoothness == 0.25 else loss.smoothness)"},
    ),
    mistake(
        "smoothness_of_a_sum",
        "wrong_scale",
        "1 / L is n / L_i for the mean of n losses; here 1 / L_i: still an upper bound, but slow",
        {"sso-5": "return 1 / loss.smoothness"},
    ),
    mistake(
        "sigma_not_squared",
        "wrong_constant",
        "alpha is eta / sigma^2 with the largest singular value; here sigma is not squared",
        {"curvature: return": "return largest"},
    ),
    mistake(
        "frobenius_norm",
        "wrong_constant",
        "alpha is eta / sigma^2 with the largest singular value; here sigma is the Frobenius norm",
        {"curvature: return": "return xp.sum(x * x)"},
    ),
    # Projected SGD
    mistake(
        "transpose_for_inverse",
        "missing_step",
        "the parameters move along the pseudoinverse of x; here along its transpose, which is a plain gradient step",
        {"projection: inner = partial(": "inner = partial(sso.exact_linear, pseudoinverse=x.T)"},
    ),
    mistake(
        "no_projection",
        "missing_step",
        "project the SGD step on the targets that the model can reach; here it stays where it is",
        {"sso-8": "return half"},
    ),
    # Schedules
    mistake(
        "schedule_from_zero",
        "wrong_order",
        "count outer steps from 1 in the schedules; here from 0, where 1 / sqrt(t) is infinite",
        {"sso-9": "return eta / math.sqrt(t - 1)", "sso-10": "return eta * (1 / total) ** ((t - 1) / total)"},
        unseen=NO_SCHEDULE,
    ),
    mistake(
        "growing_schedule",
        "wrong_sign",
        "eta is a step size and shrinks; here it grows with t, as the weight 1 / (2 eta) of the authors' code does",
        {"sso-9": "return eta * math.sqrt(t)", "sso-10": "return eta * total ** (t / total)"},
        unseen=NO_SCHEDULE,
    ),
    mistake(
        "no_schedule",
        "missing_step",
        "follow the schedule; here the step size stays eta",
        {"sso-9": "return eta", "sso-10": "return eta"},
        unseen=NO_SCHEDULE,
    ),
    # The search in the targets
    mistake(
        "search_in_parameters",
        "wrong_axis",
        "search along the gradient in the targets, without the model; here along the gradient in the parameters",
        {
            SEARCH: """\
            rows_x = _rows(x, batch)
            slope = model(theta, rows_x)[1](slopes)
            xp = array_namespace(slope)
            after = lambda s: xp.mean(loss.values(model(theta - s * slope, rows_x)[0], rows_y))
            accepted, _ = backtrack(after, value, xp.sum(slope * slope), start, c=0.5, shrink=0.9)
            accepted = min(max(accepted, 1e-4), 1e4)"""
        },
        unseen=NO_SEARCH,
    ),
    mistake(
        "any_decrease",
        "missing_step",
        "ask for half of the linear decrease, c = 0.5; here any decrease will do",
        {"target_search: c, shrink =": "c = 0.0"},
    ),
    mistake(
        "smaller_c",
        "wrong_constant",
        "c is 0.5; here 0.1, as in other searches",
        {"target_search: c, shrink =": "c = 0.1"},
    ),
    mistake(
        "coarse_shrinking",
        "wrong_constant",
        "shrink by 0.9; here by 0.5",
        {"target_search: c, shrink =": "shrink = 0.5"},
    ),
    mistake(
        "no_clipping",
        "missing_step",
        "clip the accepted step size to [1e-4, 1e4]",
        {"target_search: return": "return s, cuts"},
    ),
    mistake(
        "search_on_all_rows",
        "wrong_order",
        "search on the loss of the batch; here on that of the whole data",
        {
            SEARCH: """\
            whole, _ = model(theta, x)
            value = array_namespace(whole).mean(loss.values(whole, y))
            spread = slopes if batch is None else _scatter(slopes, batch, x.shape[0])
            accepted, _ = target_search(loss, whole, y, value, spread, start=start)"""
        },
        unseen=NO_SEARCH,
    ),
    mistake(
        "never_expanded",
        "missing_step",
        "start from 1.8 times the last step size; here from the last one itself",
        {START: "start = scale if not expand or accepted is None else accepted"},
        unseen=NO_SEARCH,
    ),
    mistake(
        "first_not_expanded",
        "wrong_order",
        "expand the first start too",
        {START: "start = scale if not expand or accepted is None else 1.8 * accepted"},
        unseen=NO_SEARCH,
    ),
    variant(
        "code",
        "half of the accepted step size s goes into the surrogate, because its quadratic carries no 1/2: `etas` holds "
        "s / 2 and alpha is ratio * s / 2, while the next search expands s itself",
        f"{CODE}/sls_fmdopt.py",
        {"step: return accepted": "return accepted / 2"},
        unseen=NO_SEARCH,
    ),
    # AdaGrad in the targets
    mistake(
        "stale_sum",
        "wrong_order",
        "the newest gradient counts; here the step size is made before it is added",
        {
            f"adagrad: {SUMS}": "old = None if squares is None or not float(squares) > 0 else squares\n" + SUMS,
            "sso-12": "return eta / xp.sqrt(xp.ones_like(squares) if old is None else old), squares",
            "adagrad_diagonal: squares = xp.clip(": """\
            old = xp.zeros_like(newest) if squares is None else squares
            squares = xp.clip(old + newest, low, high)""",
            "sso-13": "return eta / xp.sqrt(_rows(xp.where(old > 0, old, xp.ones_like(old)), batch)), squares",
        },
    ),
    mistake(
        "no_root",
        "missing_step",
        "divide by the root of the sum of squares; here by the sum itself",
        {"sso-12": "return eta / squares, squares", "sso-13": "return eta / _rows(squares, batch), squares"},
    ),
    mistake(
        "newest_alone",
        "missing_step",
        "add up the squares of all steps; here only the newest gradient counts",
        {f"adagrad: {SUMS}": "squares = newest", "adagrad_diagonal: squares =": "squares = xp.clip(newest, low, high)"},
    ),
    mistake(
        "no_clipping_of_sums",
        "missing_step",
        "clip all sums to [1e-5, 1e5] after each step; here they are left as they are",
        {"adagrad_diagonal: squares =": SUMS},
    ),
    mistake(
        "one_size_for_all",
        "wrong_axis",
        "the diagonal rule has one step size for each target; here one serves all",
        {"adagrad_diagonal: squares =": SUMS, "sso-13": "return eta / xp.sqrt(xp.sum(squares)), squares"},
    ),
    mistake(
        "squares_of_parameters",
        "wrong_axis",
        "sum the squares of the gradient in the targets; here of that in the parameters",
        {
            "step: size, squares = adagrad(squares": "slope = model(theta, _rows(x, batch))[1](slopes)\n"
            "size, squares = adagrad(squares, slope, eta=scale)"
        },
        unseen=NO_ADAGRAD,
    ),
    variant(
        "code_epsilon",
        "1e-6 is added to the weight of the quadratic's square root of sums (one step size only)",
        f"{CODE}/ada_fmdopt.py",
        {"sso-12": "return 1 / (xp.sqrt(squares) / eta + 2e-6), squares"},
    ),
)
