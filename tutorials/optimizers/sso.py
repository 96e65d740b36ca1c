"""
SSO: one dear gradient, many cheap steps
========================================

The gradient of the loss in the model's output is asked for once; then the parameters take many steps on a quadratic
surrogate. Four pictures: the bound that touches, what the inner steps buy, a race per oracle call on clean and on noisy
labels, and a learner that asks an expert.

The derivation: :doc:`/optimizers/sso`. Run it with ``.venv/bin/python tutorials/optimizers/sso.py``.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.optimizers import _sso_problems as problems
from refimpl.optimizers import adamw, sso
from refimpl.optimizers._sso_models import LOGISTIC, SQUARED, linear, tanh_net

ORANGE, BLUE, GREEN, PINK, GRAY = "#D55E00", "#0072B2", "#009E73", "#CC79A7", "0.45"  # for any color vision


def mean_loss(x, y, theta):
    """Mean logistic loss of a linear model."""
    return float(np.mean(LOGISTIC.values(x @ theta, y)))


# sphinx_gallery_thumbnail_number = 2

# %%
# A bound that touches
# --------------------
# Along a line through the parameters of a small tanh network the loss is anything but convex. The surrogate is a
# quadratic in the targets, so in the parameters it bends with the network. With the step size 1/L, which depends on
# the loss alone, it stays above the loss; with four times that it does not, and its minimum promises too much.

rng = stream(8, "tutorial-sso", "slice")
x, y, net = rng.standard_normal((60, 5)), np.sign(rng.standard_normal(60)), tanh_net(4)
theta, direction = 1.2 * rng.standard_normal(29), rng.standard_normal(29)
places = np.linspace(-3, 3, 400)
height = np.array([np.mean(LOGISTIC.values(net(theta + s * direction, x)[0], y)) for s in places])

figure1, axes = plt.subplots(figsize=(8.5, 4.8), layout="constrained")
axes.plot(places, height, color="black", linewidth=2.2, label="loss")
for factor, color, style in ((1, ORANGE, "-"), (4, BLUE, "--")):
    surrogate = sso.build(theta, net, LOGISTIC, x, y, eta=factor * sso.target_step(LOGISTIC, 60))
    bound = np.array([sso.value(surrogate, theta + s * direction) for s in places])
    label = r"surrogate, $\eta = 1/L$" if factor == 1 else r"surrogate, $\eta = 4/L$"
    axes.plot(places, bound, style, color=color, linewidth=1.8, label=label)
    if factor > 1:
        axes.fill_between(places, bound, height, where=bound < height, color=color, alpha=0.2, label="below the loss")
axes.plot(0, height[np.argmin(np.abs(places))], "o", color="black")
axes.annotate(r"$\theta_t$: same value, same slope", (0, height[200]), xytext=(18, 42), textcoords="offset points",
              arrowprops={"arrowstyle": "-", "color": GRAY})  # fmt: skip
axes.set(xlabel="place on a line through the parameters", ylabel="loss and surrogates (nats)", xlim=(-3, 3))
axes.set_title("With the step size 1/L of the loss the surrogate stays above, whatever the model")
axes.legend(loc="upper center")

# %%
# What the inner steps buy
# ------------------------
# Logistic regression with features whose scales differ by a factor of 30, and with 5 % of the labels turned round. With
# one inner step the method is gradient descent. More inner steps remove the conditioning of the features; infinitely
# many are a Newton step with a fixed Hessian. (Nesterov's method and L-BFGS, which take no inner steps, need fewer
# calls than m = 20 on most such data: claim C3 on the page.)

x, y = problems.classification(stream(0, "tutorial-sso", "amortize"), flips=0.05)
_, least = problems.newton(x, y)
inner_steps = {1: (GRAY, ":"), 5: (GREEN, "-."), 20: (ORANGE, "-"), 100: (PINK, "--"), None: (BLUE, "-")}
sigma2, pseudoinverse = sso.curvature(x), np.linalg.pinv(x)

figure2, axes = plt.subplots(figsize=(8.5, 4.8), layout="constrained")
reached = {}
for m, (color, style) in inner_steps.items():
    if m is None:
        inner, label = partial(sso.exact_linear, pseudoinverse=pseudoinverse), r"$m = \infty$, closed form"
    else:
        inner, label = partial(sso.gradient_descent, curvature=sigma2, steps=m), f"m = {m}"
    theta, gaps = np.zeros(x.shape[1]), []
    while (not gaps or gaps[-1] > 1e-3) and len(gaps) < 12_000:
        gaps.append(mean_loss(x, y, theta) - least)
        theta, _ = sso.outer_step(theta, linear, LOGISTIC, x, y, inner=inner)
    reached[m] = len(gaps) - 1
    axes.loglog(
        np.arange(1, len(gaps) + 1), gaps, style, color=color, linewidth=1.8, label=f"{label}: {reached[m]} calls"
    )
axes.axhline(1e-3, color=GRAY, linewidth=0.8)
axes.set(xlabel="oracle calls + 1", ylabel="loss minus least loss (nats)")
axes.set_title(f"Twenty inner steps save {100 * (1 - reached[20] / reached[1]):.0f} % of the oracle calls of one")
axes.legend(title="inner steps: calls to a gap of 0.001")

# %%
# A race per oracle call
# ----------------------
# Batches of 30 rows. SGD and SSO run with the best of ten step sizes each, the line search in the targets without
# tuning. If a hyperplane separates the classes, SSO is ahead, tuned or not. With noisy labels there is little to gain,
# and the search does worse than SGD: it takes a batch at its word and does not see the noise.

STEPS = 10.0 ** np.arange(-2, 2.6, 0.5)
CALLS, B = 150, 30


def run(x, y, batches, step):
    """Loss on all data along a run of ``step(theta, t) -> theta``."""
    theta, losses = np.zeros(x.shape[1]), []
    for t in range(len(batches)):
        losses.append(mean_loss(x, y, theta))
        theta = step(theta, t)
    return np.array([*losses, mean_loss(x, y, theta)])


def race(x, y, batches):
    """Losses of each method on the same batches."""
    sigmas = [sso.curvature(x[batch]) for batch in batches]

    def gradient(theta, t):
        rows = batches[t]
        return x[rows].T @ LOGISTIC.gradient(x[rows] @ theta, y[rows]) / B

    def surrogate(eta, rule):
        def step(theta, t):
            inner = partial(sso.gradient_descent, curvature=sigmas[t], steps=20)
            how = {"rule": rule, "eta": eta, "expand": False, "batch": batches[t], "inner": inner}
            return sso.step(theta, sso.init(), linear, LOGISTIC, x, y, **how)[0]

        return run(x, y, batches, step)

    def best(method, sizes):
        return min((method(size) for size in sizes), key=lambda losses: losses[-1])

    return {
        "SGD, best step size": best(lambda s: run(x, y, batches, lambda w, t: w - s * gradient(w, t)), STEPS),
        "SSO, best step size": best(lambda s: surrogate(s * B, "constant"), STEPS),
        "SSO with search, untuned": surrogate(10.0 * B, "search"),
    }


LOOKS = {"SGD, best step size": (BLUE, ":"), "SSO, best step size": (ORANGE, "-")}
LOOKS["SSO with search, untuned"] = (GREEN, "--")
figure3, panels = plt.subplots(1, 2, figsize=(11.5, 4.6), layout="constrained")
for axes, flips, title in zip(
    panels,
    (0.0, 0.05),
    ("Separable classes: SSO is ahead, even untuned", "5 % of the labels turned round: the search is misled"),
    strict=True,
):
    rng = stream(1, "tutorial-sso", "race")
    x, y = problems.classification(rng, flips=flips)
    curves = race(x, y, rng.integers(0, len(y), (CALLS, B)))
    for name, losses in curves.items():
        color, style = LOOKS[name]
        smooth = np.convolve(np.log(losses), np.ones(5) / 5, mode="valid")  # the raw curves jump from batch to batch
        axes.semilogy(losses, style, color=color, linewidth=0.7, alpha=0.35)
        axes.semilogy(np.arange(2, len(losses) - 2), np.exp(smooth), style, color=color, linewidth=2, label=name)
    axes.set(xlabel=f"oracle calls (batches of {B})", title=title)
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
panels[0].set_ylabel("loss on all data (nats)")
panels[0].legend()

# %%
# Asking an expert
# ----------------
# A policy learns to imitate an expert in the states that it visits itself. Each rollout costs 40 answers of the
# expert. SSO takes twenty cheap steps on each, with the step size 1/L of the loss; online gradient descent takes one,
# or twenty as well, with the best of eight step sizes; Adam one, with the best of six. (With noise in the answers
# twenty steps of either kind come out nearly equal, and least squares on all answers so far is far ahead: claim C9.)


def imitate(learn, seed):
    """Loss on fresh rollouts, every sixth rollout; ``learn(theta, gradient, features, actions) -> theta``."""
    rng = stream(seed, "tutorial-sso", "imitation")
    task, theta, losses = problems.imitation(rng), np.zeros((8, 2)), []
    for k in range(61):
        if k % 6 == 0:
            probe = stream(seed, "tutorial-sso", "probe")
            fresh = [problems.rollout(task, theta, probe) for _ in range(5)]
            losses.append(np.mean([np.mean(SQUARED.values(f @ theta, u)) for f, u in fresh]))
        features, actions = problems.rollout(task, theta, rng)
        gradient = features.T @ (features @ theta - actions) / len(features)
        theta = learn(theta, gradient, features, actions)
        if not np.isfinite(theta).all():  # too large a step size
            return np.full(11, np.inf)
    return np.array(losses)


def sso_learner(theta, gradient, features, actions):
    """Twenty inner steps with the step sizes of the theory."""
    inner = partial(sso.gradient_descent, curvature=sso.curvature(features), steps=20)
    return sso.outer_step(theta, linear, SQUARED, features, actions, inner=inner)[0]


def descent_learner(lr, steps):
    """Plain gradient steps on a rollout."""

    def learn(theta, gradient, features, actions):
        for _ in range(steps):
            theta = theta - lr * features.T @ (features @ theta - actions) / len(features)
        return theta

    return learn


def adam_learner(lr):
    """Adam on the parameters, its state kept from rollout to rollout."""
    state = adamw.init(np.zeros((8, 2)))

    def learn(theta, gradient, *_):
        nonlocal state
        theta, state = adamw.update(theta, state, gradient, lr=lr, weight_decay=0.0)
        return theta

    return learn


def best_of(learners, seed):
    """The run with the lowest last loss."""
    with np.errstate(over="ignore", invalid="ignore"):
        runs = [imitate(learner, seed) for learner in learners]
    return min(runs, key=lambda losses: np.nan_to_num(losses[-1], nan=np.inf))


figure4, axes = plt.subplots(figsize=(8.5, 4.8), layout="constrained")
rollouts = 6 * np.arange(11)
for seed in range(3):
    once, often = ([descent_learner(lr, m) for lr in 10.0 ** np.arange(-2, 1.6, 0.5)] for m in (1, 20))
    for name, losses, color, style in (
        ("gradient descent, 1 step, best size", best_of(once, seed), BLUE, ":"),
        ("gradient descent, 20 steps, best size", best_of(often, seed), PINK, "-."),
        ("Adam, best step size", best_of(map(adam_learner, 10.0 ** np.arange(-2.5, 0.1, 0.5)), seed), GREEN, "--"),
        ("SSO, untuned", imitate(sso_learner, seed), ORANGE, "-"),
    ):
        axes.semilogy(rollouts, losses, style, color=color, linewidth=1.8, label=name if seed == 0 else None)
axes.set(xlabel="rollouts that the expert has labeled", ylabel="imitation loss on fresh rollouts", xlim=(0, 60))
axes.set_title("Twenty steps on each answer teach more than one, and in the targets most (3 tasks)")
axes.legend()

# %%
# One dear gradient buys many cheap steps, and in the target space the step size is known: 1/L of the loss, not of the
# model.

if __name__ == "__main__":
    finish("sso")
