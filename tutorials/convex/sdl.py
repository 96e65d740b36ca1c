"""
Supervised dictionary learning: the faint digit behind two bright ones
======================================================================

Every picture shows a bright 2 and a bright 7, and behind them a faint digit that is the label: a 1 or a 4. A dictionary
that only reconstructs spends its atoms on the bright ones. A little supervision turns one of them to where labels live.

The derivation: :doc:`/convex/sdl`. Run it with ``.venv/bin/python tutorials/convex/sdl.py``.
"""

import matplotlib.pyplot as plt
import numpy as np

from refimpl.convex import _sdl_tools as tools
from refimpl.convex import sdl
from refimpl.core import tree
from refimpl.core.figures import finish
from refimpl.core.random import stream
from refimpl.problems.digits import digits

BLUE, ORANGE, GREEN, GRAY = "#0072B2", "#D55E00", "#009E73", "0.45"  # told apart with any color vision

# sphinx_gallery_thumbnail_number = 3

# %%
# Pictures with something to hide
# -------------------------------
# Images of a 2 and of a 7 with random brightness, plus 0.3 times an image of a 1 or of a 4. The difference between the
# two faint digits makes up a few percent of the variance.

images, digit = digits(like=np.zeros(1))
rng = stream(0, "tutorial", "sdl")
N, TRAIN = 800, 400


def draw(d):
    """N images of a digit, in columns."""
    pool = images[digit == d]
    return pool[rng.integers(0, len(pool), N)].T


labels = rng.integers(0, 2, N)
parts = [rng.uniform(size=N) * draw(2), rng.uniform(size=N) * draw(7), 0.3 * np.where(labels == 1, draw(1), draw(4))]
X, ones = sum(parts), np.ones((1, N))
train, test = slice(TRAIN), slice(TRAIN, None)
samples = sdl.data(X[:, train], ones[:, train], labels[train])


def show(axes, picture, *, signed=False):
    """An 8 x 8 picture; signed ones with white at zero."""
    limit = np.max(np.abs(picture)) or 1.0
    colors = {"cmap": "PuOr_r", "vmin": -limit, "vmax": limit} if signed else {"cmap": "gray_r", "vmin": 0}
    axes.imshow(np.reshape(picture, (8, 8)), **colors)
    axes.set_xticks([])
    axes.set_yticks([])


figure1, panels = plt.subplots(3, 9, figsize=(9.4, 3.6), layout="constrained")
for i in range(9):
    bright, faint = parts[0] + parts[1], parts[2]
    for row, picture in zip(panels[:, i], (bright[:, i], faint[:, i], X[:, i]), strict=True):
        show(row, picture)
    panels[2, i].set_xlabel(f"label {labels[i]}", fontsize=9)
for axes, name in zip(panels[:, 0], ("2 and 7", "plus 0.3 times\n1 or 4", "= a sample"), strict=True):
    axes.set_ylabel(name, fontsize=9)
figure1.suptitle("What is to be predicted is the faint digit: 1 (label 1) or 4 (label 0)")

# %%
# What the atoms show
# -------------------
# Three atoms each. PCA and NMF see the bright digits. The smaller the weight xi of the reconstruction, the more of an
# atom goes to the difference between 1 and 4. The last column is the combination of atoms that the classifier weighs
# pixels with; below it the mean of the ones minus that of the fours. (Only products of the factors count, so the atoms
# of SDL are shown as a singular value decomposition has them.)

RANK, XIS = 3, (3.0, 0.8, 0.7, 0.3, 0.1)


def unexplained(W):
    """Share of the squares of the test pictures that the span of the atoms leaves out."""
    Q = np.linalg.qr(W)[0]
    rest = X[:, test] - Q @ (Q.T @ X[:, test])
    return np.sum(rest**2) / np.sum(X[:, test] ** 2)


def two_steps(W):
    """Logistic regression on given atoms: pixel weights, test AUC."""
    features = np.concatenate([W.T @ X, ones])
    theta = tools.logistic_regression(features[:, train], labels[train], nu=0.05)
    return W @ theta[:-1], tools.auc((theta.T @ features[:, test])[0], labels[test])


found = {}  # name -> atoms, pixel weights, AUC, reconstruction error
for name, W in (("PCA", tools.pca(samples.x, RANK)), ("NMF", tools.nmf(samples.x, RANK)[0])):
    found[name] = W, *two_steps(W), unexplained(W)
for xi in XIS:
    start = sdl.init(stream(1, "tutorial", "sdl"), samples, rank=RANK)
    state = sdl.bcd(samples, start, xi=xi, nu=0.05, radius=10.0, steps=250, progress=f"xi = {xi:g}").state
    scores = sdl.predict(state, X[:, test], ones[:, test])[1]
    atoms = sdl.factorize(sdl.lift(state), RANK).W
    found[xi] = atoms, state.W @ state.beta, tools.auc(scores, labels[test]), unexplained(atoms)
every_pixel, ceiling = two_steps(np.eye(64))
W = np.linalg.qr(np.column_stack([tools.pca(samples.x, RANK - 1), every_pixel]))[0]
found["PCA + regression"] = W, *two_steps(W), unexplained(W)

shown = ("PCA", "NMF", 0.3, 0.1)
figure2, panels = plt.subplots(len(shown) + 1, RANK + 1, figsize=(6.4, 8.6), layout="constrained")
for row, name in zip(panels, shown, strict=False):
    W, pixels, area, error = found[name]
    for axes, atom in zip(row, W.T, strict=False):
        show(axes, atom * np.sign(atom @ pixels if name == 0.3 and axes is row[2] else atom.sum()), signed=True)
    show(row[-1], pixels, signed=True)
    title = name if isinstance(name, str) else rf"SDL, $\xi = {name:g}$"
    row[0].set_ylabel(f"{title}\nAUC {area:.2f}", fontsize=10)
for i in range(RANK):
    panels[0, i].set_title(f"atom {i + 1}", fontsize=10)
panels[0, -1].set_title("classifier", fontsize=10)
for axes in panels[-1, :-1]:
    axes.axis("off")
difference = images[digit == 1].mean(axis=0) - images[digit == 4].mean(axis=0)
show(panels[-1, -1], difference, signed=True)
panels[-1, -1].set_ylabel("1 minus 4", fontsize=10)
figure2.suptitle("Supervision turns the third atom to where 1 and 4 differ")

# %%
# What it costs
# -------------
# Test AUC against what the atoms leave out of the pictures. PCA is best at the latter by construction, and hardly
# better than a coin at the former. A small step to the right buys nearly all that a classifier on all 64 pixels has.
# So does, at about the same price, a dictionary of two principal components and the direction of that classifier (the
# triangle on its side): supervision must come from somewhere, and for prediction alone the classifier is enough.

figure3, axes = plt.subplots(figsize=(7.6, 5), layout="constrained")
curve = np.array([found[xi][3:1:-1] for xi in XIS])
axes.plot(*curve.T, "o-", color=BLUE, zorder=3, label="SDL, BCD, filter model")
for xi, (error, area) in zip(XIS, curve, strict=True):
    place = {3.0: (10, -14), 0.8: (10, 2), 0.7: (-52, -12)}.get(xi, (6, -14))
    axes.annotate(rf"$\xi = {xi:g}$", (error, area), xytext=place, textcoords="offset points", color=BLUE)
for name, marker, color, label in (
    ("PCA", "s", ORANGE, "PCA, then logistic regression"),
    ("NMF", "^", ORANGE, "NMF, then logistic regression"),
    ("PCA + regression", ">", GREEN, "2 of PCA + the direction of that on all pixels"),
):
    axes.plot(found[name][3], found[name][2], marker, color=color, markersize=9, label=label)
axes.axhline(ceiling, color=GREEN, linestyle="--", label="logistic regression on all pixels")
axes.axhline(0.5, color=GRAY, linestyle=":", label="a coin")
axes.set(
    xlabel="left out of the pictures by three atoms (share of the squares)",
    ylabel="test AUC",
    ylim=(0.4, 1.0),
    xlim=(0.06, 0.13),
)
best = found[0.3]
axes.set_title(
    f"{100 * (best[3] - found['PCA'][3]):.1f} points of reconstruction buy {best[2] - found['PCA'][2]:.2f} of AUC"
)
axes.legend(loc="center right", frameon=False)

# %%
# The other algorithm: gradient steps on products
# -----------------------------------------------
# LPGD takes gradient steps on the products of the factors and cuts them back to rank 3. With strong weights the theorem
# holds: from any start the same end, a fixed factor nearer in each step (left). With the weights that one wants it does
# not, and the start decides (right): from B = X the truncation throws away what is not among the leading directions
# of X, and the faint digit is found late.

square = float(samples.joint_square)
strong = {"xi": 0.3 * 0.25 * square, "nu": 0.3 * 0.25 * square}
mu, L = map(float, sdl.curvature(samples, **strong))
tau = sum(sdl.step_sizes(mu, L)) / 2
paths = []
for scale in (0.1, 1.0, 10.0, 100.0):
    start = tree.map(lambda z: scale * rng.standard_normal(z.shape), sdl.zeros(samples))
    run = sdl.lpgd(samples, start, rank=RANK, steps=140, step_size=tau, record=lambda s: {"state": s}, **strong)
    paths.append([tree.ravel(state)[0] for state in run.history["state"]])
paths = np.array(paths)
distances = np.linalg.norm(paths - paths[:, -1].mean(axis=0), axis=2)[:, :81]

weak, STEPS = {"xi": 0.3, "nu": 0.05}, 600
marks = np.unique(np.geomspace(1, STEPS, 40).astype(int))
areas = {}
for name, state in (("zero", sdl.zeros(samples)), ("X", sdl.zeros(samples)._replace(B=samples.x))):
    step_size, areas[name] = 1 / float(sdl.curvature(samples, **weak)[1]), []
    for k in range(1, STEPS + 1):
        state, _ = sdl.lpgd_step(state, samples, rank=RANK, step_size=step_size, **weak)
        if k in marks:
            scores = sdl.activations(state.A, state.gamma, X[:, test], ones[:, test])[0]
            areas[name].append(tools.auc(scores, labels[test]))

figure4, (left, right) = plt.subplots(1, 2, figsize=(9.6, 4.4), layout="constrained")
k = np.arange(distances.shape[1])
left.semilogy(distances.T, color=BLUE)
left.semilogy(3 * distances.max() * sdl.contraction(tau, mu, L) ** k, "--", color=GRAY)
left.annotate("guaranteed", (30, 3 * distances.max() * sdl.contraction(tau, mu, L) ** 30), xytext=(0, 6),
              textcoords="offset points", color=GRAY)  # fmt: skip
left.set(xlabel="step", ylabel="distance to the common end point")
left.set_title("Strong weights: exponential from any start")
right.semilogx(marks, areas["zero"], color=BLUE, label="start at B = 0")
right.semilogx(marks, areas["X"], color=ORANGE, label="start at B = X")
right.axhline(found[0.3][2], color=GRAY, linestyle=":", label="BCD, same weights")
right.set(xlabel="step", ylabel="test AUC", ylim=(0.4, 1.0))
right.set_title(r"Useful weights ($\xi = 0.3$): start at zero, not at X")
right.legend(frameon=False, loc="lower right")

if __name__ == "__main__":
    finish("sdl")
