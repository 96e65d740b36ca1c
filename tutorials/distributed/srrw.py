"""
Self-repellent random walk: a token that avoids where it has been
=================================================================

Nodes in a grid, each with a wish of its own; a token that walks from neighbour to neighbour and learns the mean of all
wishes. Three pictures: where it goes, how fast it learns beside samplers that know more, and what the strength of the
repulsion buys.

The derivation: :doc:`/distributed/srrw`. Run it with ``.venv/bin/python tutorials/distributed/srrw.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.distributed import _srrw_models as models
from refimpl.distributed import srrw
from refimpl.problems import graphs

ORANGE, BLUE, GREEN, PINK, GRAY = "#D55E00", "#0072B2", "#009E73", "#CC79A7", "0.45"  # told apart with any color vision

# sphinx_gallery_thumbnail_number = 3

# %%
# Where it goes
# -------------
# A plain walk lingers: after 500 steps it has been at one node five times as often as at another. With a repulsion of
# strength 5, each node keeps one counter, the token asks the neighbours for theirs, and the visits are nearly even.
# Nobody knows more than that.

SIDE = 5
walk = srrw.metropolis(graphs.grid(SIDE, SIDE))
figure1, panels = plt.subplots(1, 2, figsize=(10.5, 4.6), layout="constrained")
for axes, alpha in zip(panels, (0.0, 5.0), strict=True):
    rng, state, path = stream(0, "tutorial-srrw", "visits"), srrw.init(walk, 12), []
    for n in range(1, 501):
        u = np.asarray(rng.uniform())
        state = srrw.step(state, u, walk, alpha=alpha, gamma=srrw.step_size(n, 1.0))
        path.append(int(state.node))
    visits = np.bincount(path, minlength=SIDE * SIDE).reshape(SIDE, SIDE)
    image = axes.imshow(visits, cmap="viridis", vmin=0, vmax=45)
    for (i, j), count in np.ndenumerate(visits):
        axes.text(j, i, count, ha="center", va="center", color="black" if count > 25 else "white", fontsize=13)
    axes.set(xticks=[], yticks=[], title=rf"$\alpha = {alpha:g}$: {visits.min()} to {visits.max()} visits")
figure1.colorbar(image, ax=panels, shrink=0.8, label="visits in 500 steps")

# %%
# How fast it learns
# ------------------
# Now a smaller grid, 3 x 3, and many tokens. Node :math:`i` wishes for :math:`C_i`: its column in the grid, plus
# noise, so that neighbours wish alike and a lingering token is misled. The mean of all wishes is the optimum of
# :math:`\sum_i \frac12 \|\theta - C_i\|^2`. The token takes steps :math:`(n + 1)^{-0.9}` and counts its visits with
# :math:`(n + 1)^{-0.6}`, which is faster. The lines are no fits: they are computed from the spectrum of the chain,
# with the linearized recursions, plus what is left of the start. They hold once the visits are nearly even, and are
# too high before.
#
# Beside it two rivals: independent nodes, which needs a server that reaches everyone, and a planned tour, which needs
# somebody who has seen the whole graph. The tour wins.

SIDE, STEPS, TOKENS, A, B = 3, 3500, 200, 0.6, 0.9
walk = srrw.metropolis(graphs.grid(SIDE, SIDE))
column = np.arange(SIDE * SIDE) % SIDE - 1
C = stream(0, "tutorial-srrw", "wishes").standard_normal((SIDE * SIDE, 2)) + column[:, None]
model, optimum = models.Quadratic(C), C.mean(axis=0)
start = np.zeros((TOKENS, 2)) + optimum + 1.0
seen = np.unique(np.geomspace(30, STEPS, 30).round().astype(int))
n = np.arange(2.0, STEPS + 2)
gamma, beta = n**-A, n**-B


def tokens(alpha):
    """Many tokens side by side: theta and x of all of them after each of the steps `seen`."""
    count, wanted, kept = iter(range(STEPS + 1)), set(seen.tolist()), []
    record = lambda theta, state: kept.append((theta, state.x)) or {} if next(count) in wanted else {}
    rng = stream(0, "tutorial-srrw", "tokens", f"{alpha}")
    state = srrw.init(walk, rng.integers(SIDE * SIDE, size=TOKENS))
    srrw.run(start, state, walk, model.local, steps=STEPS, rng=rng, alpha=alpha, a=A, b=B, record=record)
    return np.stack([theta for theta, _ in kept]), np.stack([x for _, x in kept])


def rival(sampler):
    """Mean square error of the same learner on other nodes."""
    record = lambda theta: {"error": np.mean(np.sum((theta - optimum) ** 2, axis=1))}
    _, run = models.follow(start, sampler, model.local, steps=STEPS, b=B, record=record)
    return np.array(run.history["error"])[seen]


def predicted(alpha):
    """Covariances of theta and x after each step."""
    return srrw.predict(walk, C - optimum, -np.eye(2), gamma, beta, alpha=alpha)


found = {alpha: tokens(alpha) for alpha in (0.0, 1.0, 5.0)}
left = np.cumprod(1 - beta) ** 2 * np.sum((start[0] - optimum) ** 2)
rng = stream(0, "tutorial-srrw", "rivals")
snake = graphs.snake(SIDE, SIDE)
rivals = {
    "independent nodes": rival(models.independent(walk.mu, TOKENS, rng=rng)),
    "planned tour": rival(models.planned([*snake, *reversed(snake)], TOKENS, rng=rng)),
}

figure2, axes = plt.subplots(figsize=(8, 5), layout="constrained")
for (alpha, (theta, _)), color in zip(found.items(), (GRAY, PINK, ORANGE), strict=True):
    error = np.mean(np.sum((theta - optimum) ** 2, axis=2), axis=1)
    axes.loglog(seen, error, "o", markersize=4, color=color, label=rf"token, $\alpha = {alpha:g}$")
    axes.loglog(n - 1, np.trace(predicted(alpha).theta, axis1=1, axis2=2) + left, color=color, linewidth=1)
for (name, error), color in zip(rivals.items(), (BLUE, GREEN), strict=True):
    axes.loglog(seen, error, "--", color=color, label=name)
axes.set(xlabel="gradients", ylabel=r"mean of $\|\theta_n - \theta^*\|^2$", xlim=(28, STEPS * 1.1), ylim=(4e-7, 2))
axes.set_title("dots: 200 tokens; lines: predicted")
axes.legend(frameon=False)

# %%
# What the strength buys
# ----------------------
# The variance of the visit frequencies falls like :math:`1/\alpha`. That of what is learned falls like
# :math:`1/\alpha^2`: the slow learner sees an average of visits that repel each other. That is the limit, and the
# time scales take their time to part: after 3500 steps the variance is still a few times as large. The dots are
# variances about the mean of the tokens. That mean has a bias which the repulsion does not remove; at large
# :math:`\alpha` it is much of what is left.

alphas = (1.0, 5.0, 10.0, 20.0)
theta, x, bias = [], [], []
for alpha in alphas:
    path, frequencies = found[alpha] if alpha in found else tokens(alpha)
    theta.append(path[-1].var(axis=0, ddof=1).sum() / beta[-1])
    x.append(frequencies[-1].var(axis=0, ddof=1).sum() / gamma[-1])

fine = np.geomspace(0.8, 25, 9)
theory = [predicted(alpha) for alpha in fine]
independent = np.trace(srrw.noise_iid(walk.mu, C - optimum)) / 2
figure3, (left_axes, right_axes) = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained")
limits = {
    "x": [srrw.covariance_x(walk, alpha=alpha, a=A) for alpha in fine],
    "theta": [srrw.covariance_theta(walk, C - optimum, -np.eye(2), alpha=alpha, a=A, b=B) for alpha in fine],
}
for axes, name, dots, color, power in (
    (left_axes, "x", x, BLUE, -1),
    (right_axes, "theta", theta, ORANGE, -2),
):
    rate = gamma[-1] if name == "x" else beta[-1]
    curve = [np.trace(getattr(entry, name)[-1]) / rate for entry in theory]
    axes.loglog(alphas, dots, "o", color=color, label="200 tokens")
    axes.loglog(fine, curve, color=color, label=f"predicted for {STEPS} steps")
    axes.loglog(fine, [np.trace(V) for V in limits[name]], ":", color="black", label=f"limit, slope to ${power}$")
    axes.set(xlabel=r"strength of the repulsion $\alpha$")
left_axes.set(ylabel=r"variance / $\gamma_n$", title="how even the visits are")
right_axes.set(ylabel=r"variance / $\beta_n$", title="what is learned")
right_axes.axhline(independent, color=GREEN, linestyle="--", label="independent nodes")
for axes in (left_axes, right_axes):
    axes.legend(frameon=False)
figure3.suptitle(
    "One counter per node beats independent sampling, if the learner is slower than the counters", fontsize=14
)

# %%
# Exchange the two step sizes and the gain is gone: a learner that is faster than the counters sees a plain walk. Try
# ``A, B = 0.9, 0.6``.

if __name__ == "__main__":
    finish("srrw")
