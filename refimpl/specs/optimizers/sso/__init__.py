"""What the oracle knows of SSO."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from refimpl.core.arrays import array_namespace
from refimpl.core.random import stream
from refimpl.optimizers import _sso_models as models
from refimpl.optimizers import sso
from refimpl.specs import exact
from refimpl.specs.base import (
    Case,
    ErrorCase,
    Law,
    Mistakes,
    Operation,
    Paper,
    System,
    Variant,
    array,
    choice,
    integer,
    number,
)
from refimpl.specs.optimizers.sso.claims import CLAIMS

MODELS = {"linear": models.linear, "tanh": models.tanh_unit}
CODE = "https://github.com/WilderLavington/Target-Based-Surrogates-For-Stochastic-Optimization/blob/4cc4ea7/optimizers"

# Operations ---------------------------------------------------------------------------------------------------


def _integers(batch):
    xp = array_namespace(batch)
    return xp.astype(batch, xp.int64)


def surrogate(x, y, theta_t, theta, eta, loss, model):
    """Value and gradient of the surrogate around theta_t at theta."""
    s = sso.build(theta_t, MODELS[model], models.LOSSES[loss], x, y, eta=eta)
    return sso.value(s, theta), sso.gradient(s, theta)


def outer_step(x, y, theta, batch, eta, alpha, steps, loss, model, norm):
    """Parameters after each inner step of one outer step."""
    inner = partial(sso.gradient_descent, alpha=alpha, steps=steps, record=lambda carry: {"theta": carry.theta})
    where = {"eta": eta, "batch": _integers(batch), "norm": norm}
    _, info = sso.outer_step(theta, MODELS[model], models.LOSSES[loss], x, y, inner=inner, **where)
    return array_namespace(theta).stack(info.inner.history["theta"][1:])


def majorize(x, y, theta0, inner_steps, steps, loss):
    """Parameters and losses of the full-batch method with the step sizes of the theory."""
    loss, xp = models.LOSSES[loss], array_namespace(theta0)
    inner = partial(sso.gradient_descent, curvature=sso.curvature(x), steps=inner_steps)
    run = sso.minimize(
        theta0, models.linear, loss, x, y, steps=steps, inner=inner, record=lambda theta, _: {"theta": theta}
    )
    thetas = run.history["theta"][1:]
    return xp.stack(thetas), xp.stack([xp.mean(loss.values(x @ theta, y)) for theta in thetas])


def _minimize(x, y, theta0, batches, inner, loss, **how):
    """Parameters and step sizes after each outer step on batches of a linear model."""
    note = lambda theta, info: {"theta": theta, "eta": info and info.surrogate.eta}
    how |= {"batches": _integers(batches), "steps": batches.shape[0], "record": note}
    history = sso.minimize(theta0, models.linear, models.LOSSES[loss], x, y, inner=inner, **how).history
    return array_namespace(theta0).stack(history["theta"][1:]), history["eta"][1:]


def trajectory(x, y, theta0, batches, eta, ratio, inner_steps, loss, norm, schedule):
    """Parameters after each outer step on given batches."""
    inner = partial(sso.gradient_descent, curvature=1 / ratio, steps=inner_steps)
    return _minimize(x, y, theta0, batches, inner, loss, eta=eta, norm=norm, rule=schedule)[0]


def search(x, y, theta0, batches, start, ratio, inner_steps, loss, expand):
    """Accepted step sizes, and parameters after each outer step, of SSO with a line search in the targets."""
    inner = partial(sso.gradient_descent, curvature=1 / ratio, steps=inner_steps)
    how = {"eta": start, "rule": "search", "expand": expand == "yes"}
    thetas, etas = _minimize(x, y, theta0, batches, inner, loss, **how)
    return array_namespace(theta0).asarray(etas, dtype=theta0.dtype), thetas


def adagrad(x, y, theta0, batches, eta, alpha, inner_steps, loss, kind):
    """Parameters after each outer step of SSO with AdaGrad in the targets."""
    inner = partial(sso.gradient_descent, alpha=alpha, steps=inner_steps)
    rule = "adagrad" if kind == "scalar" else "diagonal"
    return _minimize(x, y, theta0, batches, inner, loss, eta=eta, rule=rule)[0]


# Expected answers: the definitions, differentiated numerically in 50 digits ---------------------------------------


def _exact_targets(theta, x, model):
    z = x.dot(theta)
    return exact.tanh(z) if model == "tanh" else z


def _exact_loss(z, y, loss):
    """Mean loss of some targets, from the definition."""
    if loss == "squared":
        return ((z - y) ** 2).sum() / (2 * len(z))
    return exact.log(1 + exact.exp(-y * z)).sum() / len(z)


def _slope(function, point):
    """Gradient by central differences, with a step that 50 digits can bear."""
    step, found = exact.reals(2.0**-56), np.empty(len(point), dtype=object)
    for i in range(len(point)):
        shift = np.zeros(len(point), dtype=object)
        shift[i] = step
        found[i] = (function(point + shift) - function(point - shift)) / (2 * step)
    return found


def _exact_surrogate(x, y, theta, batch, eta, loss, model, norm):
    """The surrogate as a function of the parameters; `eta` is a number or an array like the targets of the batch."""
    chosen = x[batch]
    centre = _exact_targets(theta, chosen, model)
    slopes = _slope(lambda z: _exact_loss(z, y[batch], loss), centre)
    held = x if norm == "full" else chosen
    middle = _exact_targets(theta, held, model)

    def surrogate(w):
        linear = (slopes * (_exact_targets(w, chosen, model) - centre)).sum()
        return linear + ((_exact_targets(w, held, model) - middle) ** 2 / (2 * eta)).sum()

    return surrogate, centre, slopes


def _exact_inner(theta, surrogate, alpha, steps):
    path = []
    for _ in range(steps):
        theta = theta - alpha * _slope(surrogate, theta)
        path.append(theta)
    return path


def _whole(batch):
    return [int(i) for i in batch]


def exact_surrogate(x, y, theta_t, theta, eta, loss, model):
    """The quadratic in the targets, differentiated numerically in the parameters."""
    x, y, theta_t, theta, eta = map(exact.reals, (x, y, theta_t, theta, eta))
    around, centre, _ = _exact_surrogate(x, y, theta_t, range(len(y)), eta, loss, model, "full")
    return _exact_loss(centre, y, loss) + around(theta), _slope(around, theta)


def exact_outer_step(x, y, theta, batch, eta, alpha, steps, loss, model, norm):
    """Gradient descent on the numerically differentiated surrogate."""
    x, y, theta, eta, alpha = map(exact.reals, (x, y, theta, eta, alpha))
    around, *_ = _exact_surrogate(x, y, theta, _whole(batch), eta, loss, model, norm)
    return np.stack(_exact_inner(theta, around, alpha, steps))


def _largest_eigenvalue(gram):
    """By the power method, each round of which squares the matrix."""
    power = gram
    for _ in range(12):
        power = power.dot(power)
        power = power / abs(power).max()
    vector = power[:, np.argmax((power * power).sum(axis=0))]
    return vector.dot(gram).dot(vector) / vector.dot(vector)


def exact_majorize(x, y, theta0, inner_steps, steps, loss):
    """The same, with the largest eigenvalue from the power method."""
    x, y, theta = map(exact.reals, (x, y, theta0))
    n = len(y)
    eta = exact.reals(4.0 * n if loss == "logistic" else n)
    alpha = eta / _largest_eigenvalue(x.T.dot(x))
    thetas, losses = [], []
    for _ in range(steps):
        around, *_ = _exact_surrogate(x, y, theta, range(n), eta, loss, "linear", "batch")
        theta = _exact_inner(theta, around, alpha, inner_steps)[-1]
        thetas.append(theta)
        losses.append(_exact_loss(x.dot(theta), y, loss))
    return np.stack(thetas), np.array(losses)


def exact_trajectory(x, y, theta0, batches, eta, ratio, inner_steps, loss, norm, schedule):
    """The same, under a schedule."""
    x, y, theta, eta, ratio = map(exact.reals, (x, y, theta0, eta, ratio))
    total, thetas = exact.reals(len(batches)), []
    for t, batch in enumerate(batches, start=1):
        factor = {
            "constant": 1,
            "root": 1 / exact.sqrt(exact.reals(t)),
            "exponential": exact.exp(-exact.log(total) * t / total),
        }[schedule]
        around, *_ = _exact_surrogate(x, y, theta, _whole(batch), eta * factor, loss, "linear", norm)
        theta = _exact_inner(theta, around, eta * factor * ratio, inner_steps)[-1]
        thetas.append(theta)
    return np.stack(thetas)


def exact_search(x, y, theta0, batches, start, ratio, inner_steps, loss, expand):
    """The same, with the search done in 50 digits."""
    x, y, theta, start, ratio = map(exact.reals, (x, y, theta0, start, ratio))
    cut, grow, half = exact.reals([0.9, 1.8, 0.5])
    etas, thetas, last = [], [], start
    for batch in map(_whole, batches):
        chosen = x[batch]
        z = chosen.dot(theta)
        slopes = _slope(lambda v: _exact_loss(v, y[batch], loss), z)
        eta = last * grow if expand == "yes" else start
        for _ in range(100):
            if _exact_loss(z - eta * slopes, y[batch], loss) <= _exact_loss(z, y[batch], loss) - half * eta * sum(
                slopes * slopes
            ):
                break
            eta = eta * cut
        last = eta = min(max(eta, exact.reals(1e-4)), exact.reals(1e4))
        around, *_ = _exact_surrogate(x, y, theta, batch, eta, loss, "linear", "batch")
        theta = _exact_inner(theta, around, eta * ratio, inner_steps)[-1]
        etas.append(eta)
        thetas.append(theta)
    return np.array(etas), np.stack(thetas)


def exact_adagrad(x, y, theta0, batches, eta, alpha, inner_steps, loss, kind):
    """The same, with sums of squares kept target by target."""
    x, y, theta, eta, alpha = map(exact.reals, (x, y, theta0, eta, alpha))
    low, high = exact.reals([1e-5, 1e5])
    squares, thetas = [exact.reals(0.0)] * len(y), []
    for batch in map(_whole, batches):
        _, _, slopes = _exact_surrogate(x, y, theta, batch, eta, loss, "linear", "batch")
        for i, slope in zip(batch, slopes, strict=True):
            squares[i] = squares[i] + slope * slope
        if kind == "diagonal":
            squares = [min(max(s, low), high) for s in squares]
            sizes = np.array([eta / exact.sqrt(squares[i]) for i in batch])
        else:
            sizes = eta / exact.sqrt(sum(squares))
        around, *_ = _exact_surrogate(x, y, theta, batch, sizes, loss, "linear", "batch")
        theta = _exact_inner(theta, around, alpha, inner_steps)[-1]
        thetas.append(theta)
    return np.stack(thetas)


# Mutants ------------------------------------------------------------------------------------------------------
# Each is a whole inner loop (problem, theta, eta, alpha, steps) -> [omega_1, ..., omega_m] and serves every operation.


@dataclass(frozen=True)
class _Problem:
    x: Any
    y: Any
    batch: Any  # row numbers
    loss: models.Loss
    model: Any
    norm: str

    def targets(self, theta):
        """Targets of the surrogate's rows, and their pullback."""
        return self.model(theta, sso._rows(self.x, self.batch) if self.norm == "batch" else self.x)

    def ask(self, targets):
        """The oracle's answer at those targets."""
        mine = targets if self.norm == "batch" else sso._rows(targets, self.batch)
        slopes = self.loss.gradient(mine, sso._rows(self.y, self.batch)) / self.batch.shape[0]
        return slopes if self.norm == "batch" else sso._scatter(slopes, self.batch, self.x.shape[0])


def _descend(problem, theta, alpha, steps, slope):
    """Gradient steps along the pullback of ``slope(z, z_t, gradient at z_t)``."""
    centre, _ = problem.targets(theta)
    answer, path = problem.ask(centre), []
    for _ in range(steps):
        targets, pullback = problem.targets(theta)
        theta = theta - alpha * pullback(slope(targets, centre, answer))
        path.append(theta)
    return path


def _right(problem, theta, eta, alpha, steps):
    return _descend(problem, theta, alpha, steps, lambda z, centre, g: g + (z - centre) / eta)


mistake = Mistakes()


@mistake(
    "wrong_order",
    "ask the oracle once per outer step and keep its answer; here the gradient of the loss is computed anew in each "
    "inner step",
)
def fresh_gradient(problem, theta, eta, alpha, steps):
    return _descend(problem, theta, alpha, steps, lambda z, centre, g: problem.ask(z) + (z - centre) / eta)


@mistake(
    "wrong_order",
    "freeze z_t and the gradient there during the inner loop; here both are refreshed, so that the inner steps are "
    "plain gradient descent on the loss, at m times the price",
)
def plain_gradient_descent(problem, theta, eta, alpha, steps):
    return _descend(problem, theta, alpha, steps, lambda z, centre, g: problem.ask(z))


@mistake(
    "wrong_order",
    "freeze z_t during the inner loop; here it follows the iterates, the quadratic vanishes, and they run off along "
    "the old gradient",
)
def moving_centre(problem, theta, eta, alpha, steps):
    return _descend(problem, theta, alpha, steps, lambda z, centre, g: g)


@mistake(
    "wrong_constant",
    "the quadratic is |f - z_t|^2 / (2 eta), with the gradient (f - z_t) / eta; here the 1/2 is missing, which halves "
    "eta (one inner step does not show it)",
)
def no_half(problem, theta, eta, alpha, steps):
    return _descend(problem, theta, alpha, steps, lambda z, centre, g: g + 2 * (z - centre) / eta)


@mistake(
    "wrong_constant",
    "divide the quadratic by eta, a step size; here it is multiplied by it, as if eta were the weight 1 / (2 eta) of "
    "the authors' code",
)
def eta_as_weight(problem, theta, eta, alpha, steps):
    return _descend(problem, theta, alpha, steps, lambda z, centre, g: g + (z - centre) * eta)


@mistake("wrong_sign", "add the quadratic to the linear term; here it is subtracted and the surrogate has no minimum")
def concave(problem, theta, eta, alpha, steps):
    return _descend(problem, theta, alpha, steps, lambda z, centre, g: g - (z - centre) / eta)


@mistake(
    "wrong_axis",
    "measure the distance in the targets, |f(theta) - f(theta_t)|^2; here it is |theta - theta_t|^2 in the parameters, "
    "whose surrogate is minimized by one plain gradient step",
)
def distance_of_parameters(problem, theta, eta, alpha, steps):
    centre, _ = problem.targets(theta)
    answer, start, path = problem.ask(centre), theta, []
    for _ in range(steps):
        _, pullback = problem.targets(theta)
        theta = theta - alpha * (pullback(answer) + (theta - start) / eta)
        path.append(theta)
    return path


@mistake(
    "wrong_output", "return the last inner iterate, omega_m; here it is the one before, and m = 1 does not move at all"
)
def one_step_behind(problem, theta, eta, alpha, steps):
    return [theta, *_right(problem, theta, eta, alpha, steps)[:-1]]


@mistake(
    "wrong_scale", "the loss is the mean over the batch; here it is the sum, whose gradient is as many times larger"
)
def sum_of_losses(problem, theta, eta, alpha, steps):
    b = problem.batch.shape[0]
    return _descend(problem, theta, alpha, steps, lambda z, centre, g: b * g + (z - centre) / eta)


@mistake("wrong_sign", "subtract the gradient of the surrogate; here the inner steps climb")
def ascent(problem, theta, eta, alpha, steps):
    return _right(problem, theta, eta, -alpha, steps)


of_batches = Mistakes()  # those that need batches smaller than the data


@of_batches(
    "wrong_scale", "divide by the number of rows in the batch; here the sum is divided by that of the whole data"
)
def mean_over_all_rows(problem, theta, eta, alpha, steps):
    share = problem.batch.shape[0] / problem.x.shape[0]
    return _descend(problem, theta, alpha, steps, lambda z, centre, g: share * g + (z - centre) / eta)


of_norms = Mistakes()  # those that need the choice of a norm


@of_norms(
    "missing_step",
    "with norm='full' the quadratic runs over all n targets; here over those of the batch, so that the others move "
    "freely and the step is no projection",
)
def batch_for_full(problem, theta, eta, alpha, steps):
    return _right(replace(problem, norm="batch"), theta, eta, alpha, steps)


@of_norms(
    "extra_step",
    "with norm='batch' the quadratic runs over the targets of the batch; here over all n, at the price of the whole "
    "data in each inner step",
)
def full_for_batch(problem, theta, eta, alpha, steps):
    return _right(replace(problem, norm="full"), theta, eta, alpha, steps)


of_models = Mistakes()  # those that a linear model does not show


@of_models(
    "wrong_order",
    "pull back through the Jacobian at the present iterate; here that of theta_t serves the whole inner loop",
)
def frozen_jacobian(problem, theta, eta, alpha, steps):
    centre, pullback = problem.targets(theta)
    answer, path = problem.ask(centre), []
    for _ in range(steps):
        theta = theta - alpha * pullback(answer + (problem.targets(theta)[0] - centre) / eta)
        path.append(theta)
    return path


def _stack(like, path):
    return array_namespace(like).stack(path)


def _as_outer_step(rule):
    def run(x, y, theta, batch, eta, alpha, steps, loss, model, norm):
        problem = _Problem(x, y, _integers(batch), models.LOSSES[loss], MODELS[model], norm)
        return _stack(theta, rule(problem, theta, eta, alpha, steps))

    return run


def _loop(x, y, theta0, batches, inner_steps, loss, norm, rule, sizes):
    """Outer steps with the (eta, alpha) that ``sizes(problem, theta, t)`` gives."""
    theta, thetas, etas = theta0, [], []
    for t in range(1, batches.shape[0] + 1):
        problem = _Problem(x, y, _integers(batches[t - 1, :]), models.LOSSES[loss], models.linear, norm)
        eta, alpha = sizes(problem, theta, t)
        theta = rule(problem, theta, eta, alpha, inner_steps)[-1]
        thetas.append(theta)
        etas.append(eta)
    return _stack(theta0, thetas), etas


def _as_majorize(rule, sizes=lambda x, n, loss: (n / loss.smoothness, sso.curvature(x))):
    def run(x, y, theta0, inner_steps, steps, loss):
        n = x.shape[0]
        xp = array_namespace(theta0)
        every = xp.stack([xp.arange(n, dtype=xp.float64)] * steps)
        eta, curvature = sizes(x, n, models.LOSSES[loss])
        given = lambda *_: (eta, eta / curvature)
        thetas, _ = _loop(x, y, theta0, every, inner_steps, loss, "batch", rule, given)
        values = models.LOSSES[loss].values
        return thetas, xp.stack([xp.mean(values(x @ thetas[t, :], y)) for t in range(steps)])

    return run


def _as_trajectory(rule, schedule=sso.schedule):
    def run(x, y, theta0, batches, eta, ratio, inner_steps, loss, norm, **kind):
        total = batches.shape[0]

        def sizes(problem, theta, t):
            eta_t = schedule(eta, t, kind=kind["schedule"], total=total)
            return eta_t, eta_t * ratio

        return _loop(x, y, theta0, batches, inner_steps, loss, norm, rule, sizes)[0]

    return run


def _accepted(problem, theta, start, c=0.5, grid=0.9, clip=True):
    targets, _ = problem.targets(theta)
    y, xp = sso._rows(problem.y, problem.batch), array_namespace(targets)
    value, how = xp.mean(problem.loss.values(targets, y)), {} if clip else {"low": 1e-30, "high": 1e30}
    return sso.target_search(
        problem.loss, targets, y, value, problem.ask(targets), start=start, c=c, shrink=grid, **how
    )[0]


def _as_search(rule, *, pick=_accepted, first=1.8, later=1.8, factor=1.0):
    def run(x, y, theta0, batches, start, ratio, inner_steps, loss, expand):
        last = None

        def sizes(problem, theta, t):
            nonlocal last
            begin = start if expand == "no" else start * first if last is None else last * later
            last = pick(problem, theta, begin)
            return factor * last, factor * last * ratio

        thetas, etas = _loop(x, y, theta0, batches, inner_steps, loss, "batch", rule, sizes)
        return array_namespace(theta0).asarray(etas, dtype=theta0.dtype), thetas

    return run


def _as_adagrad(rule, adapt=lambda *arguments: _adagrad(*arguments)):
    def run(x, y, theta0, batches, eta, alpha, inner_steps, loss, kind):
        squares = array_namespace(y).sum(0 * y) if kind == "scalar" else 0 * y

        def sizes(problem, theta, t):
            nonlocal squares
            size, squares = adapt(problem, theta, squares, kind, eta)
            return size, alpha

        return _loop(x, y, theta0, batches, inner_steps, loss, "batch", rule, sizes)[0]

    return run


surrogate_mistake = Mistakes()  # of value and gradient at a point; a name that is taken above has a "_" at its end


def _evaluated(combine):
    """Surrogate whose value and gradient in the targets are ``combine(loss, z, centre, gradient, eta)``."""

    def run(x, y, theta_t, theta, eta, loss, model):
        loss, xp = models.LOSSES[loss], array_namespace(theta)
        centre, _ = MODELS[model](theta_t, x)
        targets, pullback = MODELS[model](theta, x)
        slopes = lambda z: loss.gradient(z, y) / y.shape[0]
        at = xp.mean(loss.values(centre, y))
        value, slope = combine(xp, at, targets - centre, slopes(centre), slopes(targets), eta)
        return value, pullback(slope)

    return run


@surrogate_mistake("wrong_order", "the gradient is that of the loss at z_t; here it is taken at the present targets")
def fresh_gradient_(xp, at, move, old, new, eta):
    return at + xp.sum(new * move + move * move / (2 * eta)), new + move / eta


@surrogate_mistake("wrong_constant", "the quadratic is |f - z_t|^2 / (2 eta); here the 1/2 is missing")
def no_half_(xp, at, move, old, new, eta):
    return at + xp.sum(old * move + move * move / eta), old + 2 * move / eta


@surrogate_mistake(
    "wrong_constant", "the gradient of |f - z_t|^2 / (2 eta) is (f - z_t) / eta; here the 1/2 is kept in it"
)
def half_in_gradient(xp, at, move, old, new, eta):
    return at + xp.sum(old * move + move * move / (2 * eta)), old + move / (2 * eta)


@surrogate_mistake("wrong_constant", "divide the quadratic by eta, a step size; here it is multiplied by it")
def eta_as_weight_(xp, at, move, old, new, eta):
    return at + xp.sum(old * move + move * move * eta / 2), old + move * eta


@surrogate_mistake("wrong_sign", "add the quadratic to the linear term; here it is subtracted")
def concave_(xp, at, move, old, new, eta):
    return at + xp.sum(old * move - move * move / (2 * eta)), old - move / eta


@surrogate_mistake("missing_step", "add the quadratic; here there is only the linear term")
def moving_centre_(xp, at, move, old, new, eta):
    return at + xp.sum(old * move), old


@surrogate_mistake(
    "wrong_scale", "the loss is the mean over the rows; here its gradient is that of the sum, as many times larger"
)
def sum_of_losses_(xp, at, move, old, new, eta):
    n = old.shape[0]
    return at + xp.sum(n * old * move + move * move / (2 * eta)), n * old + move / eta


@surrogate_mistake(
    "wrong_scale", "sum the quadratic over the targets; here it is their mean, which multiplies eta by n"
)
def mean_quadratic(xp, at, move, old, new, eta):
    wide = eta * old.shape[0]
    return at + xp.sum(old * move + move * move / (2 * wide)), old + move / wide


whole_mistake = Mistakes()


@whole_mistake(
    "wrong_axis",
    "measure the distance in the targets, |f(theta) - f(theta_t)|^2; here it is |theta - theta_t|^2 in the parameters",
)
def distance_of_parameters_(x, y, theta_t, theta, eta, loss, model):
    loss, xp = models.LOSSES[loss], array_namespace(theta)
    centre, _ = MODELS[model](theta_t, x)
    targets, pullback = MODELS[model](theta, x)
    slopes, move = loss.gradient(centre, y) / y.shape[0], theta - theta_t
    value = xp.mean(loss.values(centre, y)) + xp.sum(slopes * (targets - centre)) + xp.sum(move * move) / (2 * eta)
    return value, pullback(slopes) + move / eta


@whole_mistake(
    "wrong_order",
    "pull back through the Jacobian at theta; here it is the one at theta_t, right on linear models alone",
)
def frozen_jacobian_(x, y, theta_t, theta, eta, loss, model):
    centre, pullback = MODELS[model](theta_t, x)
    targets, _ = MODELS[model](theta, x)
    slopes = models.LOSSES[loss].gradient(centre, y) / y.shape[0]
    return surrogate(x, y, theta_t, theta, eta, loss, model)[0], pullback(slopes + (targets - centre) / eta)


def without_loss(x, y, theta_t, theta, eta, loss, model):
    """The surrogate without the constant l(z_t)."""
    value, gradient = surrogate(x, y, theta_t, theta, eta, loss, model)
    centre, _ = MODELS[model](theta_t, x)
    return value - array_namespace(x).mean(models.LOSSES[loss].values(centre, y)), gradient


schedule_mistake = Mistakes()


@schedule_mistake(
    "wrong_order", "count outer steps from 1 in the schedules; here from 0, where 1 / sqrt(t) is infinite"
)
def schedule_from_zero(eta, t, kind, total):
    return (
        eta / (t - 1) ** 0.5 if kind == "root" else eta * (1 / total) ** ((t - 1) / total if kind != "constant" else 0)
    )


@schedule_mistake(
    "wrong_sign",
    "eta is a step size and shrinks; here it grows with t, as the weight 1 / (2 eta) of the authors' code does",
)
def growing_schedule(eta, t, kind, total):
    return eta * {"constant": 1, "root": t**0.5, "exponential": total ** (t / total)}[kind]


@schedule_mistake("missing_step", "follow the schedule; here the step size stays eta")
def no_schedule(eta, t, kind, total):
    return eta


constant_mistake = Mistakes()


@constant_mistake(
    "wrong_constant", "the logistic loss has curvature 1/4; here 1/8, and the surrogate is no upper bound"
)
def curvature_of_an_eighth(x, n, loss):
    return n / (loss.smoothness / 2 if loss is models.LOGISTIC else loss.smoothness), sso.curvature(x)


@constant_mistake(
    "wrong_scale", "1 / L is n / L_i for the mean of n losses; here 1 / L_i: still an upper bound, but slow"
)
def smoothness_of_a_sum(x, n, loss):
    return 1 / loss.smoothness, sso.curvature(x)


@constant_mistake("wrong_constant", "alpha is eta / sigma^2 with the largest singular value; here sigma is not squared")
def sigma_not_squared(x, n, loss):
    return n / loss.smoothness, sso.curvature(x) ** 0.5


@constant_mistake(
    "wrong_constant", "alpha is eta / sigma^2 with the largest singular value; here sigma is the Frobenius norm"
)
def frobenius_norm(x, n, loss):
    return n / loss.smoothness, array_namespace(x).sum(x * x)


search_mistake = Mistakes()


@search_mistake(
    "wrong_axis",
    "search along the gradient in the targets, without the model; here along the gradient in the parameters",
)
def search_in_parameters(problem, theta, start):
    targets, pullback = problem.targets(theta)
    slope, y = pullback(problem.ask(targets)), sso._rows(problem.y, problem.batch)
    xp, s = array_namespace(theta), start
    value = lambda w: float(xp.mean(problem.loss.values(problem.targets(w)[0], y)))
    for _ in range(100):
        if value(theta - s * slope) <= value(theta) - 0.5 * s * float(xp.sum(slope * slope)):
            break
        s = s * 0.9
    return min(max(s, 1e-4), 1e4)


@search_mistake("missing_step", "ask for half of the linear decrease, c = 0.5; here any decrease will do")
def any_decrease(problem, theta, start):
    return _accepted(problem, theta, start, c=0.0)


@search_mistake("wrong_constant", "c is 0.5; here 0.1, as in other searches")
def smaller_c(problem, theta, start):
    return _accepted(problem, theta, start, c=0.1)


@search_mistake("wrong_constant", "shrink by 0.9; here by 0.5")
def coarse_shrinking(problem, theta, start):
    return _accepted(problem, theta, start, grid=0.5)


@search_mistake("missing_step", "clip the accepted step size to [1e-4, 1e4]")
def no_clipping(problem, theta, start):
    return _accepted(problem, theta, start, clip=False)


@search_mistake("wrong_order", "search on the loss of the batch; here on that of the whole data")
def search_on_all_rows(problem, theta, start):
    xp = array_namespace(theta)
    targets, _ = problem.model(theta, problem.x)
    slopes = sso._scatter(problem.ask(problem.targets(theta)[0]), problem.batch, problem.x.shape[0])
    value = xp.mean(problem.loss.values(targets, problem.y))
    return sso.target_search(problem.loss, targets, problem.y, value, slopes, start=start)[0]


expansion_mistake = Mistakes()  # (factor on the first start, on later ones)


@expansion_mistake("missing_step", "start from 1.8 times the last step size; here from the last one itself")
def never_expanded():
    return {"first": 1.0, "later": 1.0}


@expansion_mistake("wrong_order", "expand the first start too")
def first_not_expanded():
    return {"first": 1.0, "later": 1.8}


adagrad_mistake = Mistakes()  # (problem, theta, sums of squares so far, kind, eta) -> (step sizes, sums)


def _newest(problem, theta, kind):
    slopes = problem.ask(problem.targets(theta)[0])
    if kind == "scalar":
        return array_namespace(slopes).sum(slopes * slopes)
    return sso._scatter(slopes * slopes, problem.batch, problem.x.shape[0])


def _clipped(squares, kind):
    return squares if kind == "scalar" else array_namespace(squares).clip(squares, 1e-5, 1e5)


def _of_batch(sizes, problem, kind):
    return sizes if kind == "scalar" else sso._rows(sizes, problem.batch)


def _sizes(squares, problem, kind, eta):
    return _of_batch(eta / array_namespace(squares).sqrt(squares), problem, kind), squares


def _adagrad(problem, theta, squares, kind, eta):
    return _sizes(_clipped(squares + _newest(problem, theta, kind), kind), problem, kind, eta)


@adagrad_mistake("wrong_order", "the newest gradient counts; here the step size is made before it is added")
def stale_sum(problem, theta, squares, kind, eta):
    xp = array_namespace(squares)
    known = xp.where(squares > 0, squares, xp.ones_like(squares))
    return _sizes(known, problem, kind, eta)[0], _clipped(squares + _newest(problem, theta, kind), kind)


@adagrad_mistake("missing_step", "divide by the root of the sum of squares; here by the sum itself")
def no_root(problem, theta, squares, kind, eta):
    squares = _clipped(squares + _newest(problem, theta, kind), kind)
    return _of_batch(eta / squares, problem, kind), squares


@adagrad_mistake("missing_step", "add up the squares of all steps; here only the newest gradient counts")
def newest_alone(problem, theta, squares, kind, eta):
    return _sizes(_clipped(_newest(problem, theta, kind), kind), problem, kind, eta)


@adagrad_mistake("missing_step", "clip all sums to [1e-5, 1e5] after each step; here they are left as they are")
def no_clipping_of_sums(problem, theta, squares, kind, eta):
    return _sizes(squares + _newest(problem, theta, kind), problem, kind, eta)


@adagrad_mistake("wrong_axis", "the diagonal rule has one step size for each target; here one serves all")
def one_size_for_all(problem, theta, squares, kind, eta):
    squares = squares + _newest(problem, theta, kind)
    return eta / array_namespace(squares).sqrt(array_namespace(squares).sum(squares)), squares


@adagrad_mistake("wrong_axis", "sum the squares of the gradient in the targets; here of that in the parameters")
def squares_of_parameters(problem, theta, squares, kind, eta):
    if kind == "diagonal":
        return _adagrad(problem, theta, squares, kind, eta)
    targets, pullback = problem.targets(theta)
    slope = pullback(problem.ask(targets))
    return _sizes(squares + array_namespace(slope).sum(slope * slope), problem, kind, eta)


def code_epsilon(x, y, theta0, batches, eta, alpha, inner_steps, loss, kind):
    """AdaGrad in the targets with 1e-6 added to the weight, in the authors' units."""

    def adapt(problem, theta, squares, kind, eta):
        size, squares = _adagrad(problem, theta, squares, kind, eta)
        return (1 / (1 / size + 2e-6) if kind == "scalar" else size), squares

    return _as_adagrad(_right, adapt)(x, y, theta0, batches, eta, alpha, inner_steps, loss, kind)


# Cases --------------------------------------------------------------------------------------------------------

X = np.array([[1.0, 2.0], [0.0, 1.0], [-1.0, 1.0]])
Y = np.array([1.0, -1.0, 1.0])
START = np.array([0.5, -0.5])
SIGMA2 = 6.236067977499791  # of X


def _data(slug, n, d, loss, scales=None):
    """Gaussian features, signs or Gaussian numbers as y, and a start."""
    rng = stream(0, "sso-case", slug)
    y = rng.standard_normal(n)
    scales = np.ones(d) if scales is None else np.asarray(scales)
    return rng.standard_normal((n, d)) * scales, np.sign(y) if loss == "logistic" else y, rng.standard_normal(d)


def _curvature(x):
    return float(np.linalg.svd(x, compute_uv=False)[0] ** 2)


def _surrogate_case(slug, flags, why, *, data=None, eta=None, loss="logistic", model="linear", n=4, d=3, **more):
    x, y, theta_t = data or _data(slug, n, d, loss)
    theta = more.pop("theta", theta_t + stream(1, "sso-case", slug).standard_normal(len(theta_t)))
    eta = eta or len(y) * (4.0 if loss == "logistic" else 1.0)
    inputs = {"x": x, "y": y, "theta_t": theta_t, "theta": theta, "eta": eta, "loss": loss, "model": model}
    return Case(slug, flags, why, inputs, **more)


SURROGATE_CASES = (
    _surrogate_case(
        "logistic-linear",
        ("basic", "wrong_constant", "wrong_order"),
        "the quadratic around z_t with the gradient at z_t, pulled back through a linear model",
        equations=("sso-1", "sso-2", "sso-3"),
    ),
    _surrogate_case(
        "squared-tanh",
        ("basic", "wrong_order"),
        "a model that is not linear: the pullback is the one at theta, the gradient of the loss the one at theta_t",
        loss="squared",
        model="tanh",
        equations=("sso-3",),
    ),
    _surrogate_case(
        "logistic-tanh",
        ("basic",),
        "the same with the logistic loss",
        model="tanh",
        eta=3.0,
        equations=("sso-3",),
    ),
    _surrogate_case(
        "at-the-start",
        ("edge_case",),
        "at theta_t the surrogate is the loss and has its gradient, whatever eta is",
        data=(X, Y, START),
        theta=START,
        eta=0.5,
        equations=("sso-2", "sso-3"),
    ),
    _surrogate_case(
        "squared-at-one-over-L",
        ("edge_case", "wrong_constant"),
        "for the squared loss and eta = 1/L = n the surrogate is the loss itself, everywhere",
        loss="squared",
        n=3,
        d=2,
        equations=("sso-2", "sso-5"),
    ),
    _surrogate_case(
        "one-by-one",
        ("boundary",),
        "one row, one parameter",
        data=(np.array([[2.0]]), np.array([-1.0]), np.array([0.75])),
        theta=np.array([-1.5]),
        eta=0.75,
    ),
    _surrogate_case(
        "large-margins",
        ("numerics",),
        "margins of a thousand: the exponentials must not overflow",
        data=(1000 * X, Y, START),
        theta=np.array([0.5, 1.5]),
        eta=1e5,
    ),
    _surrogate_case(
        "saturated-units",
        ("numerics",),
        "units at the end of tanh, where its derivative is next to 0 (and in float32 nothing but rounding)",
        data=(4 * X, Y, START),
        theta=np.array([1.0, -1.5]),
        model="tanh",
        loss="squared",
        dtypes=("float64",),
    ),
)


def _random_surrogate(rng):
    n, d = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    loss, model = str(rng.choice(["squared", "logistic"])), str(rng.choice(["linear", "tanh"]))
    y = rng.standard_normal(n)
    theta_t = rng.standard_normal(d)
    return {
        "x": rng.standard_normal((n, d)),
        "y": np.sign(y) if loss == "logistic" else y,
        "theta_t": theta_t,
        "theta": theta_t + rng.standard_normal(d),
        "eta": float(10.0 ** rng.uniform(-1, 2)),
        "loss": loss,
        "model": model,
    }


def _outer_case(slug, flags, why, *, data=None, batch=None, eta=None, loss="logistic", n=5, d=3, **settings):
    model, norm, steps = settings.pop("model", "linear"), settings.pop("norm", "batch"), settings.pop("steps", 4)
    x, y, theta = data or _data(slug, n, d, loss)
    batch = np.arange(len(y)) if batch is None else batch
    eta = eta or len(batch) * (4.0 if loss == "logistic" else 1.0)
    held = x if norm == "full" else x[np.array(batch, int)]
    inputs = {
        "x": x,
        "y": y,
        "theta": theta,
        "batch": np.array(batch, float),
        "eta": float(eta),
        "alpha": settings.pop("alpha", eta / _curvature(held)),
        "steps": steps,
        "loss": loss,
        "model": model,
        "norm": norm,
    }
    return Case(slug, flags, why, inputs, **settings)


OUTER_CASES = (
    _outer_case(
        "fixture",
        ("basic", "wrong_constant", "wrong_order"),
        "three inner steps on the whole data with eta = 1/L and alpha = eta / sigma^2",
        data=(X, Y, START),
        eta=12.0,
        alpha=12 / SIGMA2,
        steps=3,
        equations=("sso-1", "sso-3", "sso-4"),
    ),
    _outer_case(
        "batch-of-two",
        ("basic", "wrong_constant", "wrong_order"),
        "a batch: the loss is its mean, and the quadratic holds its targets alone",
        batch=[3, 1],
        equations=("sso-1", "sso-4"),
    ),
    _outer_case(
        "full-norm",
        ("basic", "missing_step"),
        "the loss of a batch, the quadratic over all targets",
        batch=[4, 0],
        norm="full",
        equations=("sso-1", "sso-4"),
    ),
    _outer_case(
        "tanh-squared",
        ("basic", "wrong_order"),
        "a model whose Jacobian moves with the iterates",
        loss="squared",
        model="tanh",
        batch=[0, 2, 4],
        eta=6.0,
        alpha=0.5,
        equations=("sso-4",),
    ),
    _outer_case(
        "tanh-full-norm",
        ("basic",),
        "the same with the quadratic over all targets",
        model="tanh",
        norm="full",
        batch=[1, 2],
        eta=8.0,
        alpha=1.0,
    ),
    _outer_case(
        "repeated-rows",
        ("edge_case",),
        "a row that is twice in the batch counts twice, in the loss and in the norm of the batch",
        batch=[2, 2, 0],
    ),
    _outer_case(
        "repeated-rows-full-norm",
        ("edge_case",),
        "in the full norm such a row counts twice in the loss and once in the norm",
        batch=[2, 2, 0],
        norm="full",
    ),
    _outer_case(
        "one-inner-step",
        ("boundary",),
        "with m = 1 the step is plain gradient descent, which must move",
        steps=1,
    ),
    _outer_case(
        "more-features-than-rows",
        ("boundary",),
        "n < d: the targets of the surrogate can be reached, the parameters are not determined",
        n=2,
        d=4,
    ),
    _outer_case(
        "duplicate-and-constant-features",
        ("edge_case",),
        "features that are constant or equal make the Jacobian singular, which does no harm",
        data=(np.array([[1.0, 2.0, 2.0], [1.0, 0.5, 0.5], [1.0, -1.0, -1.0]]), Y, np.array([0.1, 0.2, -0.3])),
    ),
    _outer_case(
        "one-row-one-parameter",
        ("boundary",),
        "one row, one parameter",
        data=(np.array([[2.0]]), np.array([-1.0]), np.array([0.75])),
        alpha=0.3,
        eta=2.0,
    ),
    _outer_case(
        "scales",
        ("numerics",),
        "features of scales from 1e-4 to 1e4",
        data=_data("scales", 4, 3, "squared", [1e-4, 1.0, 1e4]),
        loss="squared",
    ),
    _outer_case(
        "large-margins",
        ("numerics",),
        "margins of hundreds: the exponentials must not overflow",
        data=(500 * X, Y, START),
    ),
    _outer_case(
        "saturated",
        ("numerics",),
        "margins of a thousand and more, where exp overflows in float64 too",
        data=(2000 * X, Y, START),
    ),
)


def _random_outer(rng):
    n, d = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    loss, model = str(rng.choice(["squared", "logistic"])), str(rng.choice(["linear", "tanh"]))
    x, y, eta = rng.standard_normal((n, d)), rng.standard_normal(n), float(10.0 ** rng.uniform(-1, 1.5))
    return {
        "x": x,
        "y": np.sign(y) if loss == "logistic" else y,
        "theta": rng.standard_normal(d),
        "batch": rng.integers(0, n, int(rng.integers(1, n + 1))).astype(float),
        "eta": eta,
        "alpha": eta / (n * _curvature(x)),
        "steps": int(rng.integers(1, 5)),
        "loss": loss,
        "model": model,
        "norm": str(rng.choice(["batch", "full"])),
    }


def _majorize_case(slug, flags, why, *, data=None, loss="logistic", n=5, d=3, inner_steps=3, steps=3, **more):
    x, y, theta0 = data or _data(slug, n, d, loss)
    inputs = {"x": x, "y": y, "theta0": theta0, "inner_steps": inner_steps, "steps": steps, "loss": loss}
    return Case(slug, flags, why, inputs, **more)


MAJORIZE_CASES = (
    _majorize_case(
        "logistic",
        ("basic", "wrong_constant"),
        "the step sizes follow from the loss (1/L = 4 n) and from the features (sigma^2)",
        equations=("sso-5", "sso-4"),
    ),
    _majorize_case(
        "squared",
        ("basic", "wrong_constant"),
        "for the squared loss 1/L = n, and the surrogate is the loss",
        loss="squared",
        equations=("sso-5",),
    ),
    _majorize_case("one-inner-step", ("boundary",), "m = 1 is gradient descent on the loss", inner_steps=1),
    _majorize_case(
        "one-row-one-parameter",
        ("boundary",),
        "one row, one parameter: one inner step reaches the surrogate's minimum, and the others stay there",
        data=(np.array([[2.0]]), np.array([-1.0]), np.array([0.75])),
    ),
    _majorize_case(
        "more-features-than-rows", ("boundary",), "n < d, where the loss can be brought to 0", n=2, d=4, steps=3
    ),
    _majorize_case(
        "ill-conditioned",
        ("numerics",),
        "features of scales 1, 1/10 and 1/100",
        data=_data("ill-conditioned", 5, 3, "logistic", [1.0, 0.1, 0.01]),
        inner_steps=6,
        steps=2,
    ),
    _majorize_case(
        "saturated",
        ("numerics",),
        "margins of a thousand and more: exp overflows, the losses are finite, and all digits of the slopes 1 count",
        data=(2000 * X, Y, START),
        steps=2,
    ),
)


def _random_majorize(rng):
    n, d, loss = int(rng.integers(1, 6)), int(rng.integers(1, 4)), str(rng.choice(["squared", "logistic"]))
    y = rng.standard_normal(n)
    return {
        "x": rng.standard_normal((n, d)),
        "y": np.sign(y) if loss == "logistic" else y,
        "theta0": rng.standard_normal(d),
        "inner_steps": int(rng.integers(1, 4)),
        "steps": int(rng.integers(1, 4)),
        "loss": loss,
    }


BATCHES = ([3, 1], [0, 4], [3, 2])


def _run_case(slug, flags, why, sizes, *, data=None, batches=BATCHES, loss="logistic", n=5, d=3, inner_steps=3, **more):
    """A case of an operation on batches; `sizes(x, b)` gives its further inputs."""
    x, y, theta0 = data or _data(slug, n, d, loss)
    inputs = {"x": x, "y": y, "theta0": theta0, "batches": np.array(batches, float)}
    inputs |= {"inner_steps": inner_steps, "loss": loss} | sizes(x, len(batches[0]))
    return Case(slug, flags, why, inputs, **more)


def _scheduled(schedule, norm="batch", eta=None):
    def sizes(x, b):
        return {"eta": eta or 4.0 * b, "ratio": 1 / _curvature(x), "norm": norm, "schedule": schedule}

    return sizes


TRAJECTORY_CASES = (
    _run_case(
        "constant",
        ("basic", "wrong_order"),
        "batches of two with a constant step size",
        _scheduled("constant"),
        equations=("sso-1", "sso-4"),
    ),
    _run_case(
        "root",
        ("basic", "wrong_order"),
        "eta / sqrt(t) with t from 1",
        _scheduled("root"),
        equations=("sso-6",),
    ),
    _run_case(
        "exponential",
        ("basic", "wrong_order"),
        "eta (1/T)^(t/T) with t from 1, which ends at eta / T",
        _scheduled("exponential"),
        equations=("sso-7",),
    ),
    _run_case(
        "full-norm",
        ("basic", "missing_step"),
        "the quadratic over all targets, in each step",
        _scheduled("constant", norm="full"),
    ),
    _run_case(
        "squared-single-rows",
        ("basic", "boundary"),
        "batches of one row and the squared loss",
        _scheduled("root", norm="full", eta=1.0),
        loss="squared",
        batches=[[2], [0], [2]],
    ),
    _run_case(
        "one-step",
        ("boundary",),
        "one outer step of one inner step on the whole data: with T = 1 every schedule is constant",
        _scheduled("exponential"),
        data=(X, Y, START),
        batches=[[0, 1, 2]],
        inner_steps=1,
    ),
    _run_case(
        "repeated-rows",
        ("edge_case",),
        "a row twice in a batch",
        _scheduled("constant"),
        batches=[[1, 1, 4], [0, 0, 0]],
    ),
    _run_case(
        "repeated-rows-full-norm",
        ("edge_case",),
        "a row that is twice in a batch counts twice in the loss, also where the answer is spread over all rows",
        _scheduled("constant", norm="full"),
        batches=[[1, 1, 4], [0, 0, 0]],
    ),
    _run_case(
        "saturated",
        ("numerics",),
        "margins of a thousand and more, where exp overflows and all digits of the slopes 1 count",
        _scheduled("constant"),
        data=(2000 * X, Y, START),
        batches=[[0, 2], [1, 2]],
    ),
)


def _random_run(rng, sizes, distinct=False):
    n, d, loss = int(rng.integers(2, 6)), int(rng.integers(1, 4)), str(rng.choice(["squared", "logistic"]))
    y, T, b = rng.standard_normal(n), int(rng.integers(1, 5)), int(rng.integers(1, n + 1))
    x = rng.standard_normal((n, d))
    draw = lambda: rng.permutation(n)[:b] if distinct else rng.integers(0, n, b)
    return {
        "x": x,
        "y": np.sign(y) if loss == "logistic" else y,
        "theta0": rng.standard_normal(d),
        "batches": np.stack([draw() for _ in range(T)]).astype(float),
        "inner_steps": int(rng.integers(1, 4)),
        "loss": loss,
    } | sizes(x, b)


def _random_trajectory(rng):
    def sizes(x, b):
        return {
            "eta": float(b * 10.0 ** rng.uniform(-1, 0.5)),
            "ratio": 1 / (b * _curvature(x)),  # a row may be in a batch b times
            "norm": str(rng.choice(["batch", "full"])),
            "schedule": str(rng.choice(["constant", "root", "exponential"])),
        }

    return _random_run(rng, sizes)


def _searching(start, expand="no"):
    return lambda x, b: {"start": start, "ratio": 1 / (b * _curvature(x)), "expand": expand}


SEARCH_CASES = (
    _run_case(
        "fixture",
        ("basic", "wrong_constant", "variant"),
        "from 100 the search cuts 19 times to 13.5085, and the surrogate takes the step size that was accepted",
        lambda x, b: {"start": 100.0, "ratio": 1 / SIGMA2, "expand": "no"},
        data=(X, Y, START),
        batches=[[0, 1, 2]],
        equations=("sso-8",),
    ),
    _run_case(
        "restarted",
        ("basic", "wrong_order"),
        "each search starts from the same step size, on the loss of its own batch",
        _searching(16.0),
        equations=("sso-8",),
    ),
    _run_case(
        "expanded",
        ("basic", "wrong_order", "missing_step"),
        "each search starts from 1.8 times what the last one accepted, the first from 1.8 times the given start",
        _searching(3.0, "yes"),
        equations=("sso-8",),
    ),
    _run_case(
        "accepted-at-once",
        ("edge_case", "wrong_order"),
        "a start that needs no cut",
        _searching(0.5, "yes"),
    ),
    _run_case(
        "clipped",
        ("edge_case", "missing_step"),
        "where the loss is nearly 0 the search accepts more than 1e4, which is clipped",
        _searching(15000.0),
        data=(np.array([[1.0, 0.5], [0.5, 1.0]]), np.array([1.0, -1.0]), np.array([20.0, -20.0])),
        batches=[[0], [1]],
        inner_steps=2,
    ),
    _run_case(
        "squared",
        ("basic",),
        "the squared loss, where the search accepts what is at most b",
        _searching(4.0),
        loss="squared",
    ),
    _run_case(
        "one-inner-step",
        ("boundary",),
        "one row, one parameter, one step",
        _searching(9.0),
        data=(np.array([[2.0]]), np.array([-1.0]), np.array([0.75])),
        batches=[[0]],
        inner_steps=1,
    ),
    _run_case(
        "fewer-cuts-later",
        ("wrong_order",),
        "the third batch accepts more than the second: without expansion its search starts from `start` again, not "
        "from what was accepted last",
        _searching(100.0),
        data=(4 * X, Y, START),
        batches=[[0], [1], [2]],
    ),
    _run_case(
        "other-shares",
        ("wrong_constant",),
        "half squares accept b at c = 0.5: the first start, 1.9999 b, is accepted if c is 0 but not if it is 1e-4, and "
        "the second search meets 1.017 b, which is accepted if c is 0.49",
        _searching(3.9998 / 1.8, "yes"),
        loss="squared",
        batches=[[3, 1], [0, 4]],
    ),
    _run_case(
        "below-the-clip",
        ("edge_case", "missing_step", "wrong_order"),
        "the first search accepts 1.8e-5, which becomes 1e-4; the second starts from 1.8 times that, not from 3.24e-5",
        _searching(1e-5, "yes"),
        loss="squared",
        batches=[[3], [0]],
    ),
    _run_case(
        "far-above-the-clip",
        ("edge_case", "wrong_constant", "wrong_order"),
        "the first search accepts 2e5, which becomes 1e4 (not 1e5); the second starts from 1.8e4, not from 3.6e5, and "
        "cuts 79 times",
        _searching(2e5 / 1.8, "yes"),
        data=(np.array([[1.0, 0.5], [1.0, 1.0]]), np.array([1.0, -1.0]), np.array([25.4, -25.0])),
        batches=[[0], [1]],
        inner_steps=2,
    ),
    _run_case(
        "a-hundred-cuts",
        ("edge_case", "wrong_constant"),
        "a start of 1e6, above the clip, is cut as it is: 100 times in the first search, which ends with what is then "
        "left, and more than 50 times in the second",
        _searching(1e6),
        data=(np.array([[0.5, -1.0], [400.0, 800.0]]), np.array([1.0, 1.0]), START),
        batches=[[0], [1]],
    ),
    _run_case(
        "saturated",
        ("numerics",),
        "margins of a thousand on the wrong side, where exp overflows and all digits of the slopes 1 count",
        _searching(5000.0),
        data=(2000 * X, Y, START),
        batches=[[0], [2]],
        inner_steps=2,
    ),
)


def _margin(x, y, theta0, batches, start, ratio, inner_steps, loss, expand):
    """How far every test of the searches stays from a tie, relative to the loss."""
    loss, margin, theta, last = models.LOSSES[loss], np.inf, theta0, None
    for batch in batches:
        problem = _Problem(x, y, batch.astype(int), loss, models.linear, "batch")
        targets, rows = x[problem.batch] @ theta, y[problem.batch]
        value, slopes = loss.values(targets, rows).mean(), problem.ask(targets)
        last = start if expand == "no" else 1.8 * (start if last is None else last)
        for _ in range(100):
            after = loss.values(targets - last * slopes, rows).mean()
            gap = after - (value - 0.5 * last * (slopes @ slopes))
            margin = min(margin, abs(gap) / value)
            if gap <= 0:
                break
            last *= 0.9
        last = min(max(last, 1e-4), 1e4)
        theta = _right(problem, theta, last, last * ratio, inner_steps)[-1]
    return margin


def _random_search(rng):
    while True:
        inputs = _random_run(
            rng,
            lambda x, b: {
                "start": float(b * 10.0 ** rng.uniform(-0.5, 1.5)),
                "ratio": 1 / (b * _curvature(x)),
                "expand": str(rng.choice(["yes", "no"])),
            },
        )
        if _margin(**inputs) > 1e-4:
            return inputs


def _adapting(kind, eta=1.0, alpha=0.2):
    return lambda x, b: {"eta": eta, "alpha": alpha, "kind": kind}


ADAGRAD_CASES = (
    _run_case(
        "scalar",
        ("basic", "wrong_order", "variant"),
        "one step size, eta over the root of all squared gradients so far, the newest included",
        _adapting("scalar"),
        equations=("sso-9",),
    ),
    _run_case(
        "diagonal",
        ("basic", "wrong_order", "missing_step"),
        "a step size for each target, which only its own gradients shrink",
        _adapting("diagonal"),
        equations=("sso-10",),
    ),
    _run_case(
        "scalar-squared",
        ("basic",),
        "the squared loss, whose gradients are large at first",
        _adapting("scalar", 2.0),
        loss="squared",
    ),
    _run_case(
        "diagonal-squared",
        ("basic",),
        "the same with a step size for each target",
        _adapting("diagonal", 2.0),
        loss="squared",
    ),
    _run_case(
        "short-inner-steps",
        ("wrong_constant",),
        "the step size of the inner loop comes from the arguments",
        _adapting("diagonal", alpha=0.05),
    ),
    _run_case(
        "late-comers",
        ("edge_case", "missing_step"),
        "the sum of a target that comes late starts from 1e-5, to which the first step clipped it",
        _adapting("diagonal"),
        data=(4 * X, Y, START),
        batches=[[0], [1], [2], [1]],
    ),
    _run_case(
        "one-step",
        ("boundary",),
        "one row, one parameter, one step: the gradient cancels in eta g / |g|",
        _adapting("scalar", 0.5),
        data=(np.array([[2.0]]), np.array([-1.0]), np.array([0.75])),
        batches=[[0]],
        inner_steps=1,
    ),
    _run_case(
        "large-sums",
        ("edge_case", "missing_step", "wrong_constant"),
        "sums of 1e6, which the upper clip brings down to 1e5",
        _adapting("diagonal", 300.0),
        data=(X, np.array([1000.0, -2000.0, 1500.0]), START),
        batches=[[0], [1], [0]],
        loss="squared",
    ),
    _run_case(
        "small-sums",
        ("edge_case", "missing_step", "wrong_constant"),
        "sums of 1e-6, which the lower clip lifts to 1e-5 when they are used, and in which they are stored",
        _adapting("diagonal", 0.003),
        data=(X, np.zeros(3), 1e-3 * START),
        batches=[[0], [1], [0], [2]],
        loss="squared",
    ),
    _run_case(
        "small-sum",
        ("edge_case", "wrong_constant"),
        "with one step size the sum is not clipped, however small it is",
        _adapting("scalar", 0.001),
        data=(X, np.zeros(3), 1e-3 * START),
        batches=[[0], [1]],
        loss="squared",
    ),
)


def _random_adagrad(rng):
    def sizes(x, b):
        eta = float(10.0 ** rng.uniform(-1, 0.5))
        return {"eta": eta, "alpha": 0.1 * eta / _curvature(x), "kind": str(rng.choice(["scalar", "diagonal"]))}

    return _random_run(rng, sizes, distinct=True)


# Laws ---------------------------------------------------------------------------------------------------------


def _touches(run, inputs):
    xp, loss = array_namespace(inputs["x"]), models.LOSSES[inputs["loss"]]
    targets, pullback = MODELS[inputs["model"]](inputs["theta_t"], inputs["x"])
    got = run(**{**inputs, "theta": inputs["theta_t"]})
    yield got["value"], xp.mean(loss.values(targets, inputs["y"]))
    yield got["gradient"], pullback(loss.gradient(targets, inputs["y"]) / inputs["y"].shape[0])


def _is_the_loss(run, inputs):
    """For the squared loss and eta = n; written for the linear model, where the loss is a quadratic too."""
    x, y, theta = inputs["x"], inputs["y"], inputs["theta"]
    squared = {**inputs, "loss": "squared", "model": "linear", "eta": float(y.shape[0])}
    got, residual = run(**squared), x @ theta - y
    yield got["value"], array_namespace(x).mean(residual * residual) / 2
    yield got["gradient"], x.T @ residual / y.shape[0]


def _penalty_scales(run, inputs):
    """g - g(eta -> infinity) halves as eta doubles; seen through three values of eta."""
    one, two, four = (run(**{**inputs, "eta": inputs["eta"] * f})["gradient"] for f in (1.0, 2.0, 4.0))
    yield one - two, 2 * (two - four)


def _rows_in_any_order(run, inputs):
    flip = lambda a: array_namespace(a).flip(a, axis=0)
    got, turned = run(**inputs), run(**{**inputs, "batch": flip(inputs["batch"])})
    yield turned["thetas"], got["thetas"]


def _first_is_gradient_step(run, inputs):
    x, y, theta = inputs["x"], inputs["y"], inputs["theta"]
    xp = array_namespace(x)
    batch = xp.astype(inputs["batch"], xp.int64)
    loss, rows = models.LOSSES[inputs["loss"]], xp.take(x, batch, axis=0)
    targets, pullback = MODELS[inputs["model"]](theta, rows)
    slope = pullback(loss.gradient(targets, xp.take(y, batch, axis=0)) / batch.shape[0])
    yield run(**inputs)["thetas"][0, :], theta - inputs["alpha"] * slope


def _geometric(run, inputs):
    """On a linear model omega_m = theta_t - alpha (sum over k < m of A^k) X^T g with A = I - alpha X^T X / eta."""
    x, y, theta, alpha = inputs["x"], inputs["y"], inputs["theta"], inputs["alpha"]
    xp = array_namespace(x)
    batch = xp.astype(inputs["batch"], xp.int64)
    rows = xp.take(x, batch, axis=0)
    term = rows.T @ (models.LOSSES[inputs["loss"]].gradient(rows @ theta, xp.take(y, batch, axis=0)) / batch.shape[0])
    held, total = (x if inputs["norm"] == "full" else rows), 0 * term
    for _ in range(inputs["steps"]):
        total = total + term
        term = term - (alpha / inputs["eta"]) * (held.T @ (held @ term))
    yield run(**{**inputs, "model": "linear"})["thetas"][-1, :], theta - alpha * total


def _never_climbs(run, inputs):
    losses = run(**inputs)["losses"]
    zeros = 0 * losses[1:]
    xp = array_namespace(losses)
    yield xp.maximum(losses[1:] - losses[:-1], zeros), zeros


def _turned(run, inputs):
    """A rotation of feature space (here an exchange and a change of sign) turns the parameters along with it."""
    turn = lambda a: -array_namespace(a).flip(a, axis=-1)
    got = run(**inputs)["thetas"]
    yield run(**{**inputs, "x": turn(inputs["x"]), "theta0": turn(inputs["theta0"])})["thetas"], turn(got)


def _scaled_features(run, inputs):
    """Features times 2, parameters halved: the targets are the same, and the theory's alpha makes up for it."""
    scaled = {**inputs, "x": 2.0 * inputs["x"], "theta0": inputs["theta0"] / 2.0}
    yield 2.0 * run(**scaled)["thetas"], run(**inputs)["thetas"]


def _scaled_features_and_ratio(run, inputs):
    scaled = {**inputs, "x": 2.0 * inputs["x"], "theta0": inputs["theta0"] / 2.0, "ratio": inputs["ratio"] / 4.0}
    yield 2.0 * run(**scaled)["thetas"], run(**inputs)["thetas"]


def _scaled_features_and_alpha(run, inputs):
    scaled = {**inputs, "x": 2.0 * inputs["x"], "theta0": inputs["theta0"] / 2.0, "alpha": inputs["alpha"] / 4.0}
    yield 2.0 * run(**scaled)["thetas"], run(**inputs)["thetas"]


# The system ---------------------------------------------------------------------------------------------------

_X = array("x", "n d", "features, one row for each example")
_Y = array("y", "n", "labels -1 and 1 of the logistic loss, numbers of the squared one")
_LOSS = choice("loss", ("logistic", "squared"), "mean over the rows of log(1 + exp(-y z)), or of (z - y)^2 / 2")
_MODEL = choice("model", ("linear", "tanh"), "targets x theta, or tanh of them entry by entry")
_NORM = choice("norm", ("batch", "full"), "whether the quadratic runs over the batch's targets or over all n")
_ETA = number("eta", "step size in the targets > 0")
_THETA0 = array("theta0", "d", "start")
_WHOLE = "whole numbers, handed over as floats like every array: cast them to integers before you index with them"
_BATCHES = array("batches", "T b", f"row numbers, from 0, of the batch of each outer step; {_WHOLE}")
_INNER = integer("inner_steps", "inner steps m in each outer step")
_RATIO = number("ratio", "alpha / eta_t: the inner steps are alpha = ratio * eta_t")
_THETAS = array("thetas", "T d", "parameters after each outer step", steps=True)
_SOURCE = "the definitions of loss and surrogate, differentiated numerically in 50 digits; no pullback is used"


def _errors(*more, start="theta0", n=5, d=3):
    """Error cases whose arrays have the sizes of an operation's first case."""
    labels, rows = np.ones(n), np.ones((n, d))
    wrong = labels.copy()
    wrong[0] = 0.0
    return (
        ErrorCase("unknown-label", "the logistic loss knows -1 and 1", {"y": wrong}, ValueError, "y"),
        ErrorCase("nan-feature", "NaN is no feature", {"x": rows * np.nan}, ValueError, "x"),
        ErrorCase("missing-label", "a label for each row", {"y": labels[1:]}, ValueError, "y"),
        ErrorCase("infinite-start", "infinity is no parameter", {start: np.full(d, np.inf)}, ValueError, "theta"),
        ErrorCase("longer-start", "a parameter for each feature", {start: np.zeros(d + 1)}, ValueError, "theta"),
        *more,
    )


_NEGATIVE_ETA = ErrorCase("negative-eta", "a step size is positive", {"eta": -1.0}, ValueError, "eta")
_NO_INNER = ErrorCase("no-inner-step", "at least one inner step", {"inner_steps": 0}, ValueError, "steps")


def _renamed(mutants):
    return tuple(replace(mutant, slug=mutant.slug.rstrip("_")) for mutant in mutants)


SURROGATE = Operation(
    name="sso.surrogate",
    summary="value and gradient, in the parameters, of the quadratic around the targets at theta_t",
    inputs=(
        _X,
        _Y,
        array("theta_t", "d", "where the loss was asked"),
        array("theta", "d", "where the surrogate is evaluated"),
        _ETA,
        _LOSS,
        _MODEL,
    ),
    outputs=(number("value", "g_t(theta), with the constant l(z_t)"), array("gradient", "d", "in theta")),
    reference=surrogate,
    exact=exact_surrogate,
    exact_source=_SOURCE,
    cases=SURROGATE_CASES,
    sample=_random_surrogate,
    laws=(
        Law(
            "touches",
            "at theta_t value and gradient are those of the loss",
            _touches,
            ("logistic-linear", "squared-tanh", "logistic-tanh"),
        ),
        Law(
            "is-the-loss",
            "for the squared loss, a linear model and eta = n it is the loss",
            _is_the_loss,
            ("squared-tanh", "squared-at-one-over-L"),
        ),
        Law(
            "penalty-scales",
            "what the quadratic adds to the gradient is inverse to eta",
            _penalty_scales,
            ("logistic-linear", "logistic-tanh"),
        ),
    ),
    mutants=_renamed(surrogate_mistake.mutants(_evaluated) + whole_mistake.mutants()),
    variants=(
        Variant(
            "without_loss",
            "the value leaves out the constant l(z_t), which moves no minimum",
            "https://arxiv.org/abs/2302.02607 the stochastic surrogate",
            without_loss,
        ),
    ),
    errors=_errors(_NEGATIVE_ETA, start="theta_t", n=4),
)

OUTER_STEP = Operation(
    name="sso.outer_step",
    summary="the inner iterates of one outer step: one oracle call, then gradient descent on the surrogate",
    inputs=(
        _X,
        _Y,
        array("theta", "d", "theta_t"),
        array("batch", "b", f"row numbers of the batch, from 0; {_WHOLE}"),
        _ETA,
        number("alpha", "step size of the inner gradient descent > 0"),
        integer("steps", "inner steps m"),
        _LOSS,
        _MODEL,
        _NORM,
    ),
    outputs=(array("thetas", "m d", "omega_1, ..., omega_m; the last one is theta_{t+1}", steps=True),),
    reference=outer_step,
    exact=exact_outer_step,
    exact_source=_SOURCE,
    cases=OUTER_CASES,
    sample=_random_outer,
    laws=(
        Law(
            "order-of-rows",
            "the rows of the batch come in any order",
            _rows_in_any_order,
            ("fixture", "batch-of-two", "tanh-full-norm"),
        ),
        Law(
            "first-is-gradient-step",
            "the first inner step is gradient descent on the loss",
            _first_is_gradient_step,
            ("fixture", "full-norm", "tanh-squared"),
        ),
        Law(
            "geometric-series",
            "on a linear model omega_m = theta_t - alpha (I + A + ... + A^(m-1)) X^T g, A = I - alpha X^T X / eta",
            _geometric,
            ("fixture", "batch-of-two", "full-norm", "repeated-rows-full-norm"),
        ),
    ),
    mutants=(mistake.mutants(_as_outer_step) + of_batches.mutants(_as_outer_step))
    + (of_norms.mutants(_as_outer_step) + of_models.mutants(_as_outer_step)),
    errors=_errors(
        _NEGATIVE_ETA,
        ErrorCase("negative-alpha", "a step size is positive", {"alpha": -1.0}, ValueError, "alpha"),
        ErrorCase("no-inner-step", "at least one inner step", {"steps": 0}, ValueError, "steps"),
        ErrorCase(
            "row-beyond-data", "rows count from 0 to n - 1", {"batch": np.array([0.0, 3.0])}, ValueError, "batch"
        ),
        start="theta",
        n=3,
        d=2,
    ),
)

MAJORIZE = Operation(
    name="sso.majorize",
    summary="the full-batch method on a linear model with the step sizes that the theory gives",
    inputs=(_X, _Y, _THETA0, _INNER, integer("steps", "outer steps T"), _LOSS),
    outputs=(_THETAS, array("losses", "T", "loss after each outer step", steps=True)),
    reference=majorize,
    exact=exact_majorize,
    exact_source=_SOURCE + "; the largest eigenvalue by the power method",
    cases=MAJORIZE_CASES,
    sample=_random_majorize,
    laws=(
        Law("descent", "the loss never rises", _never_climbs, ("logistic", "ill-conditioned")),
        Law("rotation", "features and start turned, the parameters turn along", _turned, ("logistic",)),
        Law("scale-of-features", "features times 2, start halved: parameters halved", _scaled_features, ("logistic",)),
    ),
    mutants=mistake.mutants(_as_majorize) + constant_mistake.mutants(lambda sizes: _as_majorize(_right, sizes)),
    errors=_errors(_NO_INNER),
)

TRAJECTORY = Operation(
    name="sso.trajectory",
    summary="the parameters after each of T outer steps on given batches, for a linear model",
    inputs=(
        _X,
        _Y,
        _THETA0,
        _BATCHES,
        _ETA,
        _RATIO,
        _INNER,
        _LOSS,
        _NORM,
        choice(
            "schedule", ("constant", "root", "exponential"), "eta_t = eta, eta / sqrt(t) or eta (1/T)^(t/T), t >= 1"
        ),
    ),
    outputs=(_THETAS,),
    reference=trajectory,
    exact=exact_trajectory,
    exact_source=_SOURCE,
    cases=TRAJECTORY_CASES,
    sample=_random_trajectory,
    laws=(
        Law("rotation", "features and start turned, the parameters turn along", _turned, ("full-norm",)),
        Law(
            "scale-of-features",
            "features times 2, start halved, ratio / 4: parameters halved",
            _scaled_features_and_ratio,
            ("exponential",),
        ),
    ),
    mutants=(mistake.mutants(_as_trajectory) + of_batches.mutants(_as_trajectory) + of_norms.mutants(_as_trajectory))
    + schedule_mistake.mutants(lambda schedule: _as_trajectory(_right, schedule)),
    errors=_errors(_NEGATIVE_ETA, _NO_INNER),
)

SEARCH = Operation(
    name="sso.search",
    summary="SSO-SLS: the step size in the targets by line search, c = 0.5, <= 100 cuts of 0.9, clipped to [1e-4, 1e4]",
    inputs=(
        _X,
        _Y,
        _THETA0,
        _BATCHES,
        number(
            "start",
            "step size s > 0 at the start of the first search (times 1.8, if it is to expand); what 100 cuts leave of "
            "it is taken untested",
        ),
        _RATIO,
        _INNER,
        _LOSS,
        choice("expand", ("yes", "no"), "start from 1.8 times the last step size, clipped as it was, or from `start`"),
    ),
    outputs=(array("etas", "T", "step size in the surrogate of each outer step", steps=True), _THETAS),
    reference=search,
    exact=exact_search,
    exact_source=_SOURCE,
    cases=SEARCH_CASES,
    sample=_random_search,
    laws=(
        Law("rotation", "features and start turned, the parameters turn along", _turned, ("expanded",)),
        Law(
            "scale-of-features",
            "features times 2, start halved, ratio / 4: parameters halved",
            _scaled_features_and_ratio,
            ("restarted",),
        ),
    ),
    mutants=mistake.mutants(_as_search)
    + search_mistake.mutants(lambda pick: _as_search(_right, pick=pick))
    + expansion_mistake.mutants(lambda factors: _as_search(_right, **factors())),
    variants=(
        Variant(
            "code",
            "half of the accepted step size s goes into the surrogate, because its quadratic carries no 1/2: `etas` "
            "holds s / 2 and alpha is ratio * s / 2, while the next search expands s itself",
            f"{CODE}/sls_fmdopt.py",
            _as_search(_right, factor=0.5),
        ),
    ),
    errors=_errors(
        ErrorCase("negative-start", "a step size is positive", {"start": -1.0}, ValueError, "eta"),
        n=3,
        d=2,
    ),
)

ADAGRAD = Operation(
    name="sso.adagrad",
    summary="SSO with AdaGrad in the targets, with one step size or with one for each target",
    inputs=(
        _X,
        _Y,
        _THETA0,
        _BATCHES,
        number("eta", "scale > 0 of the step sizes"),
        number("alpha", "step size of the inner gradient descent > 0"),
        _INNER,
        _LOSS,
        choice("kind", ("scalar", "diagonal"), "eta / sqrt of all squared gradients, or of those of each target"),
    ),
    outputs=(_THETAS,),
    reference=adagrad,
    exact=exact_adagrad,
    exact_source=_SOURCE,
    cases=ADAGRAD_CASES,
    sample=_random_adagrad,
    laws=(
        Law("rotation", "features and start turned, the parameters turn along", _turned, ("diagonal",)),
        Law(
            "scale-of-features",
            "features times 2, start halved, alpha / 4: parameters halved",
            _scaled_features_and_alpha,
            ("scalar",),
        ),
    ),
    mutants=mistake.mutants(_as_adagrad) + adagrad_mistake.mutants(lambda adapt: _as_adagrad(_right, adapt)),
    variants=(
        Variant(
            "code_epsilon",
            "1e-6 is added to the weight of the quadratic's square root of sums (one step size only)",
            f"{CODE}/ada_fmdopt.py",
            code_epsilon,
        ),
    ),
    errors=_errors(_NEGATIVE_ETA, _NO_INNER),
)

SYSTEM = System(
    name="sso",
    chapter="optimizers",
    summary="one dear gradient in the model's output buys many cheap steps on a quadratic surrogate",
    paper=Paper(
        title="Target-based Surrogates for Stochastic Optimization",
        authors="Lavington, Vaswani, Babanezhad, Schmidt, Le Roux",
        arxiv="2302.02607",
        year=2023,
        key="lavington2023target",
    ),
    operations=(SURROGATE, OUTER_STEP, MAJORIZE, TRAJECTORY, SEARCH, ADAGRAD),
    claims=CLAIMS,
)
