"""
Bayesian optimisation: what may be handed over?
===============================================

An acquisition function is the answer to a question about a decision. Four pictures: three acquisitions of one
posterior, what expected improvement trades, a search on a plane, and who wins when values are noisy.

The derivation: :doc:`/bayesian/bayesopt`. Run it with ``.venv/bin/python tutorials/bayesian/bayesopt.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.bayesian import _bayesopt_search as searching
from refimpl.bayesian import bayesopt
from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.models import acquisition

ORANGE, BLUE, GREEN, GRAY = "#D55E00", "#0072B2", "#009E73", "0.45"  # told apart with any color vision

# sphinx_gallery_thumbnail_number = 4

# %%
# One posterior, three questions
# ------------------------------
# Three values without noise. Above, the posterior: its mean, and a band of two standard deviations. Below, what one
# more value is worth: for the best value seen (expected improvement), for the best mean anywhere (knowledge gradient),
# and for knowing *where* the maximum is (entropy search, in nats). All are zero where a value is known already.
# Triangles mark what each would evaluate.

x = np.linspace(0, 1, 101)[:, None]
X, y = np.array([[0.15], [0.5], [0.75]]), np.array([0.1, 0.9, -0.3])
prior = bayesopt.Prior("power_exponential", np.array([20.0]), 1.0)
law = bayesopt.posterior(bayesopt.fit(prior, X, y), x)
sigma = np.sqrt(np.maximum(np.diagonal(law.covariance), 0))
ei = acquisition.expected_improvement(law.mean, sigma, y.max()).value
kg = bayesopt.knowledge_gradient(law.mean, law.covariance, np.arange(101))
some = np.arange(0, 101, 5)
few = law.mean[some], law.covariance[np.ix_(some, some)] + 1e-8 * np.eye(len(some))
nodes, weights = np.polynomial.hermite_e.hermegauss(12)
draws = stream(0, "tutorial-bayesopt", "entropies").standard_normal((6000, len(some)))
es = [
    float(bayesopt.entropy_search(*few, i, nodes, weights / weights.sum(), draws, draws[:, 0], bins=10)[0])
    for i in range(len(some))
]
figure1, panels = plt.subplots(4, 1, figsize=(8, 8), layout="constrained", sharex=True, height_ratios=[2, 1, 1, 1])
panels[0].fill_between(x[:, 0], law.mean - 2 * sigma, law.mean + 2 * sigma, color="0.9")
panels[0].plot(x[:, 0], law.mean, color="black")
panels[0].plot(X[:, 0], y, "o", color=ORANGE)
panels[0].set(ylabel="f", title="Each acquisition asks another question")
for axes, place, values, name, color in (
    (panels[1], x[:, 0], ei, "expected\nimprovement", BLUE),
    (panels[2], x[:, 0], kg, "knowledge\ngradient", ORANGE),
    (panels[3], x[some, 0], np.array(es), "entropy\nsearch", GREEN),
):
    axes.plot(place, values, color=color)
    axes.plot(place[np.argmax(values)], values.max(), "v", color=color)
    axes.set(ylabel=name, ylim=(0, None))
panels[3].set_xlabel("x")

# %%
# What expected improvement trades
# --------------------------------
# It grows with the mean and with the deviation. Along a contour a lower mean is paid for by more that is unknown.

delta, deviation = np.meshgrid(np.linspace(-2, 1, 121), np.linspace(0.01, 2, 100))
value = acquisition.expected_improvement(delta.ravel(), deviation.ravel(), 0.0).value.reshape(delta.shape)
figure2, axes = plt.subplots(figsize=(6.5, 4.4), layout="constrained")
lines = axes.contour(delta, deviation, value, levels=[0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2], cmap="viridis")
axes.clabel(lines, fontsize=8)
axes.set(xlabel=r"mean less incumbent, $\Delta$", ylabel=r"deviation $\sigma$")
axes.set_title("A low mean is forgiven if little is known")

# %%
# A search on a plane
# -------------------
# Branin's function, its sign changed: three tops of the same height. Hyper-parameters are fitted before each choice.
# Stars are the design, circles what was chosen, dark ones last. Random points at as many evaluations beside it.


def branin(x):
    """On the unit square; its maximum is -0.398."""
    u, v = 15 * x[..., 0] - 5, 15 * x[..., 1]
    return -((v - 5.1 / (4 * np.pi**2) * u**2 + 5 / np.pi * u - 6) ** 2) - 10 * (1 - 1 / (8 * np.pi)) * np.cos(u) - 10


rng, N = stream(0, "tutorial-bayesopt", "branin"), 25
start = bayesopt.Prior("matern52", np.array([4.0, 4.0]), 2500.0, noise=1e-2, mean=-50.0)
box = np.zeros(2), np.ones(2)
found = searching.maximize(branin, *box, rng=rng, prior=start, evaluations=N, initial=6)
random_best = np.mean([np.maximum.accumulate(branin(rng.uniform(size=(N, 2)))) for _ in range(200)], axis=0)
figure3, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
u, v = np.meshgrid(np.linspace(0, 1, 101), np.linspace(0, 1, 101))
left.contourf(u, v, np.log(-branin(np.stack([u, v], axis=-1))), levels=20, cmap="Blues_r")
left.plot(*found.X[:6].T, "*", color="white", markeredgecolor="black", markersize=11)
left.scatter(*found.X[6:].T, c=np.arange(N - 6), cmap="Oranges", edgecolor="black", zorder=3)
left.set(xlabel="$x_1$", ylabel="$x_2$", title="Where it was evaluated (light: early)")
right.semilogy(range(1, N + 1), -0.3979 - random_best, color=GRAY, label="random, mean of 200 searches")
right.semilogy(range(1, N + 1), -0.3978 - np.maximum.accumulate(found.y), color=BLUE, label="expected improvement")
right.axvline(6, color="0.8", linestyle=":")
right.set(xlabel="evaluations", ylabel="regret of the best value", title="One search, beside the mean random one")
right.legend(frameon=False)

# %%
# Who wins when values are noisy
# ------------------------------
# Sixty functions drawn from the prior itself, on a grid, with noise as large as the function: 3 points are given, 12
# chosen. What is shown is the regret of the best posterior mean. Expected improvement, with the best mean of a point
# seen for its incumbent, thinks that a new value will be known. The other two know that it will not.

m, noise = 25, 1.0
grid = np.linspace(0, 1, m)[:, None]
C = bayesopt.covariance(bayesopt.Prior("power_exponential", np.array([30.0]), 1.0), grid, grid)
root, every = np.linalg.cholesky(C + 1e-8 * np.eye(m)), np.arange(m)


def by_ei(law, seen, rng):
    """Plug-in expected improvement."""
    sigma = np.sqrt(np.maximum(np.diagonal(law.covariance), 0))
    return acquisition.expected_improvement(law.mean, sigma, float(law.mean[seen].max())).value


rules = {
    "EI, plug-in": (by_ei, BLUE),
    "generalised EI": (
        lambda law, seen, rng: bayesopt.generalized_improvement(
            law.mean, law.covariance, every, np.unique(seen), noise=noise
        ),
        GREEN,
    ),
    "knowledge gradient": (
        lambda law, seen, rng: bayesopt.knowledge_gradient(law.mean, law.covariance, every, noise=noise),
        ORANGE,
    ),
    "random": (lambda law, seen, rng: rng.uniform(size=m), GRAY),
}
regrets = {name: [] for name in rules}
for i in range(60):
    rng = stream(0, "tutorial-bayesopt", "noise", i)
    f, first, noises = root @ rng.standard_normal(m), rng.permutation(m)[:3], rng.standard_normal(15)
    for name, (rule, _) in rules.items():
        law, seen, path = bayesopt.gp.Posterior(np.zeros(m), C), [], []
        for k in range(15):
            at = int(first[k]) if k < 3 else int(np.argmax(rule(law, seen, rng)))
            law = bayesopt.observe(law.mean, law.covariance, at, float(f[at] + noises[k]), noise=noise)
            seen.append(at)
            path.append(f.max() - f[np.argmax(law.mean)])
        regrets[name].append(path)
figure4, axes = plt.subplots(figsize=(8, 4.6), layout="constrained")
for name, (_, color) in rules.items():
    axes.plot(range(1, 16), np.mean(regrets[name], axis=0), color=color, label=name)
axes.axvline(3, color="0.8", linestyle=":")
axes.set(xlabel="evaluations, the first 3 given", ylabel="mean regret of the best mean", ylim=(0, None))
axes.set_title("Change what may be handed over, and the rule changes")
axes.legend(frameon=False)

# %%
# Without noise the three rules are nearly one. With noise, ask first what will be handed over at the end: the rule
# follows from the answer.

if __name__ == "__main__":
    finish("bayesopt")
