"""What supervision and covariates are good for, beside regression on all features."""

import numpy as np

from refimpl.convex import _sdl_tools as tools
from refimpl.convex import sdl
from refimpl.core.random import stream
from refimpl.specs.base import Outcome, at_least, at_most, reported

BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#777777"  # Okabe and Ito


# C4: where the two dictionaries disagree ------------------------------------------------------------------------


def disagreeing_data(rng, discrepant, n=800, p=20):
    """Data whose labels depend on the first or the fourth principal component: x [p, n], labels [n]."""
    sds = np.array([3.0, 3.0, 1.0, 0.8, *([0.3] * (p - 4))])
    basis = np.linalg.qr(rng.standard_normal((p, p)))[0]
    scores = rng.standard_normal((p, n))
    logit = 3 * scores[3 if discrepant else 0]
    labels = (rng.uniform(size=n) < 1 / (1 + np.exp(-logit))).astype(np.int64)
    return basis @ (sds[:, None] * scores), labels


def reconstruction(x, W, H):
    return float(np.sum((x - W @ H) ** 2) / np.sum(x**2))


def logistic(train, labels, test, *, nu):
    """Coefficients of logistic regression, and its scores of training and test samples."""
    theta = tools.logistic_regression(train, labels, nu=nu)
    return theta[:, 0], (theta.T @ train)[0], (theta.T @ test)[0]


def five_methods(rng, discrepant):
    """Reconstruction error and test AUC [5, 2] of SDL, of PCA's 3 atoms, 2 and the regression's, 4, and of all 20."""
    x, labels = disagreeing_data(rng, discrepant)
    ones, train, test = np.ones((1, 800)), slice(400), slice(400, None)

    def two_steps(atoms):
        """Orthonormal atoms, then logistic regression on what they see: error, AUC, weights of the features."""
        features = np.concatenate([atoms.T @ x, ones])
        theta, _, scores = logistic(features[:, train], labels[train], features[:, test], nu=0.05)
        error = reconstruction(x[:, train], atoms, atoms.T @ x[:, train])
        return (error, tools.auc(scores, labels[test])), theta[:-1]

    samples = sdl.data(x[:, train], ones[:, train], labels[train])
    start = sdl.init(rng, samples, rank=3, scale=0.5)
    run = sdl.bcd(samples, start._replace(gamma=0 * start.gamma), xi=0.1, nu=0.05, radius=5.0, steps=300)
    scores = sdl.predict(run.state, x[:, test], ones[:, test])[1]
    ours = reconstruction(x[:, train], run.state.W, run.state.H), tools.auc(scores, labels[test])

    (_, full), weights = two_steps(np.eye(x.shape[0]))
    pca = tools.pca(x[:, train], 4)
    given = np.linalg.qr(np.column_stack([pca[:, :2], weights]))[0]
    return np.array([ours, *(two_steps(atoms)[0] for atoms in (pca[:, :3], given, pca)), (0.0, full)])


def supervision_pays(seed):
    """Test AUC and reconstruction error of SDL, of logistic regression on PCA's atoms, and of two controls."""
    found = {
        discrepant: np.stack([five_methods(stream(seed, "sdl.C4", discrepant, draw), discrepant) for draw in range(5)])
        for discrepant in (False, True)
    }  # [draws, methods, (error, AUC)]
    gain = {key: (rows[:, 0, 1] - rows[:, 1, 1]).mean() for key, rows in found.items()}
    ours, pca, given, four, full = found[True].mean(axis=0)

    def plot(figure):
        looks = {
            "SDL, 3 atoms": ("o", BLUE),
            "PCA, 3 atoms": ("s", ORANGE),
            "PCA's first 2, regression's": ("^", GREEN),
            "PCA, 4 atoms": ("v", PINK),
        }
        panels = figure.subplots(1, 2, sharey=True)
        for axes, (discrepant, rows) in zip(panels, found.items(), strict=True):
            for i, (name, (marker, color)) in enumerate(looks.items()):
                axes.plot(*rows[:, i].T, marker, color=color, alpha=0.7, label=name)
            axes.axhline(rows[:, 4, 1].mean(), color=GREY, linestyle="--", label="regression on all 20")
            axes.set(xlabel="reconstruction error, share of $\\|X\\|^2$", xlim=(0, 0.16), ylim=(0.4, 1))
            axes.set_xticks([0, 0.05, 0.1, 0.15])
            axes.set_title(f"labels depend on component {4 if discrepant else 1}")
        panels[0].set_ylabel("test AUC (400 samples, 5 draws)")
        panels[0].legend(loc="lower left", frameon=False, fontsize=9)
        figure.suptitle("Three supervised atoms see what three of PCA miss; plain regression sees it too")

    return Outcome(
        [
            at_least("AUC gain over PCA where the labels depend on component 4, mean of 5 draws", gain[True], 0.2),
            at_most("reconstruction error minus that of PCA there", ours[0] - pca[0], 0.06),
            at_least("AUC gain where the labels depend on component 1", gain[False], -0.03),
            reported("AUC of SDL, component 4", ours[1]),
            reported("AUC of PCA, component 4", pca[1]),
            reported("AUC of logistic regression on all 20 features, component 4", full[1]),
            reported("AUC of two atoms of PCA and that regression's direction", given[1]),
            reported("AUC of PCA with a fourth atom", four[1]),
            reported("reconstruction error of SDL, component 4", ours[0]),
            reported("reconstruction error of two atoms of PCA and the regression's direction", given[0]),
            reported("reconstruction error of PCA with a fourth atom", four[0]),
        ],
        plot,
    )


# C5: covariates -------------------------------------------------------------------------------------------------


def _without_covariates(drawn, rng):
    """The same truth and covariates, but labels that do not depend on the covariates."""
    truth = drawn.truth._replace(gamma=0 * drawn.truth.gamma)
    noise, uniforms = rng.standard_normal(drawn.x.shape), rng.uniform(size=drawn.labels.size)
    x, labels = sdl.generate(truth, drawn.covariates, noise, uniforms, sigma=0.4)
    return drawn._replace(truth=truth, x=x, labels=labels)


def covariates_help(seed, draws=6, steps=800):
    """Test AUC with the covariates and with zeros in their place: LPGD, regression on all, labels without them."""
    train, test = slice(400), slice(400, None)
    names = "SDL", "all features", "SDL, labels without $X'$"
    aucs, cosines = np.zeros((len(names), draws, 2)), []
    for draw in range(draws):
        rng = stream(seed, "sdl.C5", draw)
        drawn = tools.simulate(rng, p=12, n=800, r=2, q=3, sigma=0.4)
        idle = _without_covariates(drawn, rng)
        for i, share in enumerate((0.0, 1.0)):
            for row, sample in ((0, drawn), (2, idle)):
                x, covariates, labels = sample.x, share * sample.covariates, sample.labels
                samples = sdl.data(x[:, train], covariates[:, train], labels[train])
                settings = {"xi": 0.5, "nu": 0.05}
                step_size = 1 / float(sdl.curvature(samples, **settings)[1])
                state = sdl.zeros(samples)
                for _ in range(steps):
                    state, _ = sdl.lpgd_step(state, samples, rank=2, step_size=step_size, **settings)
                scores = sdl.activations(state.A, state.gamma, x[:, test], covariates[:, test])[0]
                aucs[row, draw, i] = tools.auc(scores, labels[test])
                if row == 0 and share:
                    truth = drawn.truth.gamma
                    cosines.append(np.sum(state.gamma * truth) / np.linalg.norm(state.gamma) / np.linalg.norm(truth))
            every = np.concatenate([drawn.x, share * drawn.covariates])
            scores = logistic(every[:, train], drawn.labels[train], every[:, test], nu=0.05)[2]
            aucs[1, draw, i] = tools.auc(scores, drawn.labels[test])
    gains = aucs[..., 1] - aucs[..., 0]

    def plot(figure):
        axes = figure.subplots()
        for pairs, gain, color, style, name in zip(
            aucs, gains.mean(axis=1), (BLUE, ORANGE, GREY), ("o-", "s--", "^:"), names, strict=True
        ):
            axes.plot([0, 1], pairs.T, style, color=color, linewidth=1)
            axes.plot([], [], style, color=color, label=f"{name}: {gain:+.3f}")
        axes.set_xticks([0, 1], ["zeros in place of $X'$", "with $X'$"])
        axes.set(ylabel=f"test AUC (400 samples, {draws} draws)", xlim=(-0.2, 1.2))
        axes.set_title("Covariates that matter help, with a dictionary as without")
        axes.legend(title="mean gain", frameon=False)

    return Outcome(
        [
            at_least(f"AUC gain by the covariates, mean of {draws} draws", gains[0].mean(), 0.02),
            at_least("cosine between estimated and true gamma, mean", np.mean(cosines), 0.9),
            reported("smallest AUC gain of a draw", gains[0].min()),
            reported("AUC gain of logistic regression on all features, mean", gains[1].mean()),
            reported("AUC of SDL minus that of logistic regression on all features", (aucs[0] - aucs[1])[:, 1].mean()),
            reported("AUC gain where the labels do not depend on the covariates (gamma = 0)", gains[2].mean()),
        ],
        plot,
    )
