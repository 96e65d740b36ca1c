"""Claims of the paper on supervised dictionary learning, as experiments."""

import math

import numpy as np

from refimpl.convex import _sdl_tools as tools
from refimpl.convex import sdl
from refimpl.core import tree
from refimpl.core.random import stream
from refimpl.problems.digits import digits
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported, within

BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#777777"  # Okabe and Ito
MODELS = [(kind, classes) for kind in sdl.KINDS for classes in (2, 3)]


def _slope(x, y):
    """Slope of log y against log x."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def _name(kind, classes):
    return f"{kind}, {classes} classes"


# C1: exponential convergence to the global minimum --------------------------------------------------------------


def _best_of_factors(samples, rng, starts, rank, **settings):
    """Least loss that L-BFGS finds on the factors of the lifted loss."""
    from scipy.optimize import minimize

    like = sdl.init(rng, samples, rank=rank, scale=1.0)
    _, unravel = tree.ravel(like)
    kind = settings["kind"]

    def loss(flat):
        W, H, beta, _ = state = unravel(flat)
        products = sdl.lift(state, kind=kind)
        A, B, by_gamma = sdl.lifted_gradient(products, samples, **settings)
        if kind == "filter":
            slopes = sdl.Factors(A @ beta.T + B @ H.T, W.T @ B, W.T @ A, by_gamma)
        else:
            slopes = sdl.Factors(B @ H.T, W.T @ B + beta @ A, H @ A.T, by_gamma)
        return float(sdl.lifted_objective(products, samples, **settings)), tree.ravel(slopes)[0]

    options = {"maxiter": 3000, "maxfun": 6000, "ftol": 1e-15, "gtol": 1e-8, "maxcor": 30}
    found = []
    for _ in range(starts):
        start = tree.ravel(sdl.init(rng, samples, rank=rank, scale=1.0))[0]
        found.append(minimize(loss, start, jac=True, method="L-BFGS-B", options=options).fun)
    return min(found)


def lpgd_is_exponential(seed):
    """LPGD from five starts against L-BFGS on the factors, where L / mu = 2.67."""
    steps, curves = 60, {}
    spread, excess, rates, bounds = 0.0, 0.0, [], []
    for kind, classes in MODELS:
        rng = stream(seed, "sdl.C1", kind, classes)
        drawn = tools.simulate(rng, p=15, n=80, r=2, q=2, sigma=0.3, classes=classes, kind=kind)
        samples = sdl.data(*drawn[1:], classes=classes)
        square = float(samples.joint_square) if kind == "filter" else 1 + float(samples.covariates_square)
        weight = 0.3 * (0.25 if classes == 2 else 0.5) * square
        settings = {"xi": weight, "nu": weight, "kind": kind}
        mu, L = map(float, sdl.curvature(samples, **settings))
        tau = sum(sdl.step_sizes(mu, L)) / 2
        paths = []
        for scale in (1.0, 1.0, 10.0, 0.1, 100.0):
            start = tree.map(lambda z: scale * rng.standard_normal(z.shape), sdl.zeros(samples, kind=kind))
            run = sdl.lpgd(
                samples, start, rank=2, steps=steps, step_size=tau, record=lambda state: {"state": state}, **settings
            )
            paths.append([tree.ravel(state)[0] for state in run.history["state"]])
        walked = np.array(paths)
        ends = walked[:, -1]
        spread = max(spread, np.max(np.linalg.norm(ends - ends[0], axis=1)))
        distances = np.linalg.norm(walked - ends.mean(axis=0), axis=2)
        clear = (distances < 0.1 * distances[:, :1]) & (distances > 1e-8 * np.linalg.norm(ends[0]))
        lines = [np.polyfit(np.flatnonzero(c), np.log(d[c]), 1) for d, c in zip(distances, clear, strict=True)]
        slowest = max(lines, key=lambda line: line[0])
        rates.append(math.exp(slowest[0]))
        bounds.append(sdl.contraction(tau, mu, L))
        curves[_name(kind, classes)] = distances, np.exp(np.polyval(slowest, np.arange(steps + 1)))
        best = _best_of_factors(samples, rng, 4, 2, **settings)
        excess = max(excess, abs(float(run.history["objective"][-1]) - best) / best)

    def plot(figure):
        axes = figure.subplots()
        for (name, (distances, fit)), color, rate in zip(
            curves.items(), (BLUE, ORANGE, GREEN, PINK), rates, strict=True
        ):
            axes.semilogy(distances.T, color=color, linewidth=1)
            axes.plot([], [], color=color, label=f"{name}: {rate:.2f} per step")
            axes.semilogy(fit, ":", color="black", linewidth=1, label="slowest fits" if color == PINK else None)
        k = np.arange(steps + 1)
        axes.semilogy(
            3e4 * bounds[0] ** k, "--", color="black", linewidth=1, label=f"guaranteed: {bounds[0]:.2f} per step"
        )
        axes.set(xlabel="step", ylabel="distance to the common end point")
        axes.set_title("From five starts LPGD runs to one point, exponentially fast")
        axes.legend(frameon=False)

    return Outcome(
        [
            at_most("largest distance between the five end points", spread, 1e-8),
            at_most("slowest fitted rate per step minus the guaranteed rho", max(np.array(rates) - bounds), 0.02),
            at_most("relative difference of the loss from the best of 4 L-BFGS runs on the factors", excess, 1e-6),
            reported("slowest fitted rate per step", max(rates)),
            reported("guaranteed rho", max(bounds)),
        ],
        plot,
        "Both models with two and three classes; starts normal times 1, 1, 10, 0.1, 100.",
    )


# C2: estimation of the truth, LPGD ------------------------------------------------------------------------------

SIZES = np.array([200, 800, 3200])


def _loglog(axes, errors, style="o-", **look):
    """Errors [sizes, draws]: their median as a line, the draws as dots."""
    axes.loglog(SIZES, np.median(errors, axis=1), style, **look)
    axes.plot(SIZES, errors, ".", color=look["color"], markersize=3, alpha=0.5)
    axes.set_xticks(SIZES, [str(n) for n in SIZES])
    axes.set_xticks([], minor=True)


def lpgd_estimates(seed):
    """Error of the coefficients that LPGD estimates, without ridge, as the samples grow."""
    errors = np.zeros((len(SIZES), 10))
    for i, j in np.ndindex(errors.shape):
        drawn = tools.simulate(stream(seed, "sdl.C2", i, j), p=10, n=int(SIZES[i]), r=2, q=2, sigma=0.5)
        samples = sdl.data(*drawn[1:])
        start = sdl.zeros(samples)._replace(B=samples.x)
        step_size = 1 / float(sdl.curvature(samples, xi=2.0)[1])
        state = start
        for _ in range(600):
            state, _ = sdl.lpgd_step(state, samples, rank=2, xi=2.0, step_size=step_size)
        truth = sdl.lift(drawn.truth)
        errors[i, j] = math.hypot(np.linalg.norm(state.A - truth.A), np.linalg.norm(state.gamma - truth.gamma))
    slope = _slope(SIZES, np.median(errors, axis=1))

    def plot(figure):
        axes = figure.subplots()
        _loglog(axes, errors, color=BLUE, label=f"median of 10 draws, slope {slope:.2f}")
        middle = np.median(errors, axis=1)[0]
        axes.plot(SIZES, middle * (SIZES / SIZES[0]) ** -0.5, "--", color=GREY, label="slope $-1/2$")
        axes.set(xlabel="samples $n$", ylabel=r"$\|(\hat A, \hat\gamma) - (A^*, \gamma^*)\|$")
        axes.set_title("The error of the estimated coefficients falls like $n^{-1/2}$")
        axes.legend(frameon=False)

    return Outcome(
        [
            within("slope of the median error in n", slope, -0.75, -0.3),
            reported("median error at n = 200", np.median(errors[0])),
            reported("median error at n = 3200", np.median(errors[-1])),
        ],
        plot,
        "Outside the regime L / mu < 3 of the theorem: here nu = 0.",
    )


# C3: stationarity, BCD ------------------------------------------------------------------------------------------


def bcd_is_stationary(seed):
    """Least squared gradient along block coordinate descent, with the moves and the loss."""
    first, last = 20, 400
    late = np.arange(first, last + 1)
    curves, slopes, ratios, rise, reach = {}, [], [], -np.inf, 0.0
    settings = {"xi": 1.0, "nu": 0.1}
    for kind, classes in MODELS:
        rng = stream(seed, "sdl.C3", kind, classes)
        drawn = tools.simulate(rng, p=10, n=100, r=2, q=2, sigma=0.3, classes=classes, kind=kind)
        samples = sdl.data(*drawn[1:], classes=classes)
        state = sdl.init(rng, samples, rank=2)
        value, squares = sdl.objective(state, samples, kind=kind, **settings), []
        for k in range(1, last + 1):
            state, info = sdl.bcd_step(state, samples, k, kind=kind, radius=2.0, **settings)
            new = sdl.objective(state, samples, kind=kind, **settings)
            rise, value = max(rise, (new - value) / value), new
            reach = max(reach, np.max(info.moves) / info.radius)
            flat = tree.ravel(sdl.gradient(state, samples, kind=kind, **settings))[0]
            squares.append(flat @ flat)
        least = np.minimum.accumulate(squares)
        curves[_name(kind, classes)] = least
        slopes.append(_slope(late, least[first - 1 :]))
        scaled = late * least[first - 1 :] / np.log(late) ** 2
        ratios.append(scaled[-1] / scaled[0])

    def plot(figure):
        axes = figure.subplots()
        for (name, least), color, slope in zip(curves.items(), (BLUE, ORANGE, GREEN, PINK), slopes, strict=True):
            axes.loglog(
                np.arange(1, last + 1), least, color=color, label=f"{name}: slope {slope:.1f} from round {first} on"
            )
            line = np.polyfit(np.log(late), np.log(least[first - 1 :]), 1)
            axes.plot(late, np.exp(np.polyval(line, np.log(late))), ":", color=color, linewidth=1)
        bound = np.log(late) ** 2 / late
        scale = max(least[first - 1] for least in curves.values()) / bound[0]
        axes.loglog(late, scale * bound, "--", color="black", label=r"guaranteed order, $(\log t)^2 / t$")
        axes.set(xlabel="round $t$", ylabel=r"least $\|\nabla\|^2$ so far")
        axes.set_title("BCD comes to rest faster than guaranteed (dotted: fits)")
        axes.legend(frameon=False)

    return Outcome(
        [
            at_most("flattest slope of the least squared gradient m_t in t, t = 20 to 400", max(slopes), -1.0),
            at_most("t m_t / (log t)^2 at t = 400 over its value at 20, largest", max(ratios), 0.1),
            at_most("largest relative rise of the loss in a round", rise, 1e-9),
            at_most("largest move over the radius", reach, 1 + 1e-12),
        ],
        plot,
        "Both models with two and three classes. From starts of deviation 1 the radius still binds at t = 400.",
    )


# C4: where the two dictionaries disagree ------------------------------------------------------------------------


def disagreeing_data(rng, discrepant, n=800, p=20):
    """Data whose labels depend on the first or the fourth principal component: x [p, n], labels [n]."""
    sds = np.array([3.0, 3.0, 1.0, 0.8, *([0.3] * (p - 4))])
    basis = np.linalg.qr(rng.standard_normal((p, p)))[0]
    scores = rng.standard_normal((p, n))
    logit = 3 * scores[3 if discrepant else 0]
    labels = (rng.uniform(size=n) < 1 / (1 + np.exp(-logit))).astype(np.int64)
    return basis @ (sds[:, None] * scores), labels


def _reconstruction(x, W, H):
    return float(np.sum((x - W @ H) ** 2) / np.sum(x**2))


def _logistic(train, labels, test, *, nu):
    """Coefficients of logistic regression, and its scores of training and test samples."""
    theta = tools.logistic_regression(train, labels, nu=nu)
    return theta[:, 0], (theta.T @ train)[0], (theta.T @ test)[0]


def supervision_pays(seed):
    """Test AUC and reconstruction error of SDL, of logistic regression on PCA's atoms, and of two controls."""
    found = {}
    for discrepant in (False, True):
        rows = []
        for draw in range(5):
            rng = stream(seed, "sdl.C4", discrepant, draw)
            x, labels = disagreeing_data(rng, discrepant)
            ones, train, test = np.ones((1, 800)), slice(400), slice(400, None)
            samples = sdl.data(x[:, train], ones[:, train], labels[train])
            start = sdl.init(rng, samples, rank=3, scale=0.5)
            start = start._replace(gamma=0 * start.gamma)
            run = sdl.bcd(samples, start, xi=0.1, nu=0.05, radius=5.0, steps=300)
            scores = sdl.predict(run.state, x[:, test], ones[:, test])[1]
            row = [(_reconstruction(x[:, train], run.state.W, run.state.H), tools.auc(scores, labels[test]))]

            def two_steps(atoms, x=x, labels=labels, ones=ones, train=train, test=test):
                """Orthonormal atoms, then logistic regression on what they see: error, AUC, weights of the features."""
                features = np.concatenate([atoms.T @ x, ones])
                theta, _, scores = _logistic(features[:, train], labels[train], features[:, test], nu=0.05)
                error = _reconstruction(x[:, train], atoms, atoms.T @ x[:, train])
                return (error, tools.auc(scores, labels[test])), theta[:-1]

            (_, full), weights = two_steps(np.eye(x.shape[0]))
            pca = tools.pca(x[:, train], 4)
            given = np.linalg.qr(np.column_stack([pca[:, :2], weights]))[0]
            row += [two_steps(atoms)[0] for atoms in (pca[:, :3], given, pca)]
            rows.append([*row, (0.0, full)])
        found[discrepant] = np.array(rows)  # [draws, methods, (error, AUC)]
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
        "Constructed data: the labels depend on the first component that three atoms of PCA leave out.",
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
            scores = _logistic(every[:, train], drawn.labels[train], every[:, test], nu=0.05)[2]
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
        "Constructed data: drawn from the model itself, with a gamma of norm 1.",
    )


# C6: topics -----------------------------------------------------------------------------------------------------


def documents(rng, topics, n=400):
    """Word counts of documents of which 8% hold a share of the rare topic: scaled frequencies, flags, labels."""
    labels = (rng.uniform(size=n) < 0.08).astype(np.int64)
    rare = np.where(labels == 1, rng.beta(4, 12, n), rng.beta(0.5, 24, n))
    common = rng.dirichlet([0.3] * 7, n).T
    mixture = topics[:, :7] @ common * (1 - rare) + topics[:, 7:] * rare
    lengths = np.maximum(rng.poisson(60, n), 1)
    counts = np.stack([rng.multinomial(m, w) for m, w in zip(lengths, (mixture / mixture.sum(axis=0)).T, strict=True)])
    flags = (rng.uniform(size=n) < np.where(labels == 1, 0.5, 0.2)).astype(float)
    return 10 * counts.T / lengths, np.stack([np.ones(n), flags]), labels


def supervised_topics(rng, x, covariates, labels, *, rank, xi, steps):
    """Nonnegative dictionary from the factors of NMF on, and these factors."""
    samples = sdl.data(x, covariates, labels)
    W, H = tools.nmf(x, rank)
    balance = np.sqrt(np.linalg.norm(H) / np.linalg.norm(W))
    start = sdl.Factors(
        balance * W, H / balance, 0.1 * rng.standard_normal((rank, 1)), np.zeros((covariates.shape[0], 1))
    )
    constraints = {"W": sdl.nonnegative, "H": sdl.nonnegative}
    run = sdl.bcd(samples, start, xi=xi, nu=1e-3, radius=20.0, steps=steps, constraints=constraints)
    return run.state, (W, H)


def _f_test(train_scores, train_labels, scores, labels):
    return tools.f_score(scores >= tools.best_threshold(train_scores, train_labels), labels)


def topics_against_others(rng, train, test, *, plain_nu, steps):
    """Five supervised topics, five of NMF with logistic regression, and logistic regression on the counts.

    `train` and `test` are counts, covariates and labels. Test F-score and AUC of the three methods [3, 2], the
    supervised topics, the factors of NMF.
    """
    (x, covariates, labels), (new, new_covariates, new_labels) = train, test
    state, (W, H) = supervised_topics(rng, x, covariates, labels, rank=5, xi=0.02, steps=steps)
    scores = [[sdl.predict(state, *both)[1] for both in (train[:2], test[:2])]]
    for features, new_features, nu in ((H, tools.nonnegative_codes(W, new), 1 / 200), (x, new, plain_nu)):
        given, asked = np.concatenate([features, covariates]), np.concatenate([new_features, new_covariates])
        scores.append(_logistic(given, labels, asked, nu=nu)[1:])
    quality = [(_f_test(a, labels, b, new_labels), tools.auc(b, new_labels)) for a, b in scores]
    return np.array(quality), state, (W, H)


def _nearest(W, topic):
    """Cosine of the column nearest to a topic, and that column at norm 1."""
    W = W / (np.linalg.norm(W, axis=0) + 1e-300)
    cosines = W.T @ topic / np.linalg.norm(topic)
    return np.max(cosines), W[:, np.argmax(cosines)]


def topics_of_rare_documents(seed):
    """F-score of rare documents and the topic that is found, on synthetic counts."""
    qualities, cosines, errors, shown = [], [], [], []
    for draw in range(5):
        rng = stream(seed, "sdl.C6", draw)
        topics = rng.dirichlet([0.05] * 120, 8).T
        train, test = documents(rng, topics), documents(rng, topics)
        quality, state, (W, H) = topics_against_others(rng, train, test, plain_nu=0.5, steps=100)
        qualities.append(quality)
        x, _, labels = train
        difference = x[:, labels == 1].mean(axis=1) - x[:, labels == 0].mean(axis=1)
        dictionaries = state.W, W, tools.nmf(x, 8)[0], np.clip(difference, 0, None)[:, None]
        nearest = [_nearest(dictionary, topics[:, 7]) for dictionary in dictionaries]
        cosines.append([cosine for cosine, _ in nearest])
        errors.append([_reconstruction(x, *factors) for factors in ((state.W, state.H), (W, H))])
        shown.append((topics[:, 7], *(column for _, column in nearest)))
    (f, area), (f_nmf, area_nmf), (f_all, area_all) = np.mean(qualities, axis=0)
    near, near_nmf, near_eight, near_means = np.mean(cosines, axis=0)
    error, error_nmf = np.mean(errors, axis=0)

    def plot(figure):
        order = np.argsort(-shown[0][0])[:25]
        titles = (
            ("the rare topic", GREY),
            (f"nearest of 5 supervised topics (mean cosine {near:.2f}, F {f:.2f})", BLUE),
            (f"nearest of 5 topics of NMF ({near_nmf:.2f}, F {f_nmf:.2f})", ORANGE),
            (f"nearest of 8 topics of NMF ({near_eight:.2f})", PINK),
            (f"difference of the class means, clipped ({near_means:.2f})", GREEN),
        )
        for axes, values, (title, color) in zip(figure.subplots(5, 1, sharex=True), shown[0], titles, strict=True):
            axes.bar(range(25), values[order] / np.linalg.norm(values), color=color)
            axes.set_title(title, fontsize=10)
            axes.set_yticks([])
        axes.set_xlabel("words, the most frequent of the rare topic first (share, first of 5 draws)")
        figure.suptitle(f"Labels bring the rare topic into five; regression on all words has F {f_all:.2f}")

    return Outcome(
        [
            at_least("gain of the test F-score over NMF and logistic regression, mean of 5 draws", f - f_nmf, 0.15),
            at_least("cosine of the nearest supervised topic to the rare one, mean", near, 0.7),
            reported("F-score of SDL", f),
            reported("F-score of NMF and logistic regression", f_nmf),
            reported("F-score of logistic regression on all words", f_all),
            reported("AUC of SDL", area),
            reported("AUC of NMF and logistic regression", area_nmf),
            reported("AUC of logistic regression on all words", area_all),
            reported("cosine of the nearest of 5 topics of NMF", near_nmf),
            reported("cosine of the nearest of 8 topics of NMF", near_eight),
            reported("cosine of the clipped difference of the class means", near_means),
            reported("relative reconstruction error of SDL", error),
            reported("relative reconstruction error of NMF", error_nmf),
        ],
        plot,
        "Constructed corpus. With as many topics as there are (8), NMF mostly finds the rare one itself and the gain "
        "(nearly) vanishes.",
    )


# C8: topics of real counts ------------------------------------------------------------------------------------


def topics_of_rare_digits(seed):
    """C6 on real counts, the dots of ink per cell of a digit's image: one digit, a tenth of the images, is rare."""
    parts = []
    for part in ("train", "test"):
        images, digit = digits(like=np.zeros(1), part=part)
        parts.append((10 * images.T / images.sum(axis=1), np.ones((1, digit.size)), digit))
    f, errors = np.zeros((10, 3)), []
    for rare in range(10):
        rng = stream(seed, "sdl.C8", rare)
        train, test = ((x, ones, (digit == rare).astype(np.int64)) for x, ones, digit in parts)
        quality, state, (W, H) = topics_against_others(rng, train, test, plain_nu=1 / 200, steps=60)
        f[rare] = quality[:, 0]
        errors.append([_reconstruction(train[0], *factors) for factors in ((state.W, state.H), (W, H))])
    gains = f[:, 0] - f[:, 1]
    means, (error, error_nmf) = f.mean(axis=0), np.mean(errors, axis=0)

    def plot(figure):
        axes = figure.subplots()
        names = "5 supervised topics", "5 topics of NMF", "all 64 cells"
        for i, (name, color) in enumerate(zip(names, (BLUE, ORANGE, GREEN), strict=True)):
            axes.bar(np.arange(10) + 0.27 * (i - 1), f[:, i], 0.27, color=color, label=f"{name} (mean {means[i]:.2f})")
        axes.set(xlabel="the digit to find among all", ylabel="F-score on 256 test images", ylim=(0, 1.3))
        axes.set_title("Supervised topics tell more than those of NMF, less than all cells")
        axes.set_xticks(range(10))
        axes.legend(loc="upper center", ncols=2, frameon=False)

    return Outcome(
        [
            at_least(
                "gain of the test F-score over NMF and logistic regression, mean of 10 digits", gains.mean(), 0.15
            ),
            reported("smallest gain", gains.min()),
            reported("mean F-score of SDL", means[0]),
            reported("mean F-score of NMF and logistic regression", means[1]),
            reported("mean F-score of logistic regression on all cells", means[2]),
            reported("relative reconstruction error of SDL, mean", error),
            reported("relative reconstruction error of NMF, mean", error_nmf),
        ],
        plot,
        note="Rank and xi are those of C6; nothing was tuned on the digits. The gain costs reconstruction.",
    )


# C7: estimation of the truth, BCD -------------------------------------------------------------------------------


def bcd_estimates(seed):
    """Error of the dictionary and the coefficients from starts near the truth, as the samples grow."""
    draws = 6
    errors: dict[tuple[str, str], np.ndarray] = {}
    for kind in sdl.KINDS:
        for i, n in enumerate(SIZES):
            for draw in range(draws):
                rng = stream(seed, "sdl.C7", kind, i, draw)
                drawn = tools.simulate(rng, p=10, n=int(n), r=2, q=2, sigma=0.5, kind=kind)
                samples = sdl.data(*drawn[1:])
                near = {
                    name: getattr(drawn.truth, name) + 0.1 * rng.standard_normal(getattr(drawn.truth, name).shape)
                    for name in ("W", "beta", "gamma")
                }
                state = drawn.truth._replace(**near)
                for k in range(1, 151):
                    state, _ = sdl.bcd_step(state, samples, k, xi=2.0, nu=0.02, radius=2.0, kind=kind)
                Q = np.linalg.qr(state.W)[0]
                W = drawn.truth.W
                found = {
                    "subspace": W - Q @ (Q.T @ W),
                    "A": state.W @ state.beta - W @ drawn.truth.beta,
                    "gamma": state.gamma - drawn.truth.gamma,
                }
                for name, off in found.items():
                    errors.setdefault((kind, name), np.zeros((len(SIZES), draws)))[i, draw] = np.linalg.norm(off)
    slopes = {key: _slope(SIZES, np.median(values, axis=1)) for key, values in errors.items()}

    def plot(figure):
        looks = {"subspace": ("o-", BLUE), "A": ("s-", ORANGE), "gamma": ("^-", GREEN)}
        names = {"subspace": "subspace of $W$", "A": r"$A = W\beta$", "gamma": r"$\gamma$"}
        for axes, kind in zip(figure.subplots(1, 2, sharey=True), sdl.KINDS, strict=True):
            for name, (style, color) in looks.items():
                if (kind, name) != ("feature", "A"):
                    label = f"{names[name]}: slope {slopes[kind, name]:.2f}"
                    _loglog(axes, errors[kind, name], style, color=color, label=label)
            axes.set(xlabel="samples $n$", title=f"{kind} model")
            axes.legend(frameon=False, fontsize=9)
        figure.axes[0].set_ylabel("error (line: median of 6 draws)")

    return Outcome(
        [
            within("slope of the subspace error in n, filter model", slopes["filter", "subspace"], -0.8, -0.3),
            within("slope of the error of A, filter model", slopes["filter", "A"], -0.8, -0.3),
            within("slope of the error of gamma, filter model", slopes["filter", "gamma"], -0.8, -0.3),
            within("slope of the subspace error, feature model", slopes["feature", "subspace"], -0.8, -0.3),
            reported("slope of the error of gamma, feature model", slopes["feature", "gamma"]),
        ],
        plot,
        "In the feature model A has a column per sample, so that nothing there need converge but the dictionary.",
    )


CLAIMS = (
    Claim(
        "sdl.C1",
        "Lifted projected gradient descent converges exponentially to the global minimum, from any start.",
        "abstract; theorem on LPGD",
        lpgd_is_exponential,
        kind="rate",
        control="L-BFGS on the factors, from four random starts, finds the same minimum: LPGD has the proof, not the "
        "minimum to itself.",
    ),
    Claim(
        "sdl.C2",
        "LPGD estimates the true parameters of the generative model.",
        "abstract; theorem on statistical estimation",
        lpgd_estimates,
        tier="full",
        kind="rate",
        proxy="a slope over n = 200 to 3200, outside the conditions of the theorem, stands in for its bound",
        tuned="the smallest n was raised from 100 to 200 and the mean replaced by the median: without ridge, small "
        "samples that are nearly separable have very large estimates",
    ),
    Claim(
        "sdl.C3",
        "Block coordinate descent with diminishing radius finds a point of squared gradient at most eps within "
        "O(1 / eps (log 1 / eps)^2) rounds.",
        "abstract; theorem on BCD",
        bcd_is_stationary,
        kind="rate",
        tuned="the start, of standard deviation 0.3: from 1.0 the radius still binds at round 400",
    ),
    Claim(
        "sdl.C4",
        "Where the directions that vary most do not predict, three supervised atoms tell the labels apart that three "
        "atoms of PCA cannot, and reconstruct nearly as well.",
        "abstract",
        supervision_pays,
        tier="full",
        kind="superiority",
        control="Logistic regression on all 20 features predicts as well as SDL; with two atoms of PCA beside its "
        "direction it also reconstructs as well; PCA with one atom more does both better.",
        proxy="data constructed so that the two dictionaries disagree stand in for the paper's images",
        tuned="standard deviations of the components, rank and xi were chosen among 3 settings and 5 values on other "
        "draws; with rank 2 the gain costs reconstruction",
    ),
    Claim(
        "sdl.C5",
        "Covariates that matter enter the regression beside the dictionary: their coefficients are found, and the "
        "prediction gains.",
        "abstract",
        covariates_help,
        kind="superiority",
        control="Logistic regression on all features gains as much by the covariates: the gain is theirs, not the "
        "dictionary's. Where the true gamma is 0 there is none.",
        proxy="data from the model itself stand in for real covariates",
    ),
    Claim(
        "sdl.C6",
        "Of five supervised topics one is that of a rare class of documents, which five topics of NMF miss; so they "
        "tell the class apart better.",
        "abstract",
        topics_of_rare_documents,
        tier="full",
        kind="superiority",
        control="Logistic regression on all words, its ridge chosen like xi, tells the class apart as well or better, "
        "and the clipped difference of the class means is nearer to the topic: what SDL adds is a dictionary that "
        "has the topic among others. NMF with eight topics finds it in most draws.",
        proxy="a corpus constructed with a rare topic stands in for the fake job postings of the paper",
        tuned="xi and the ridge of the regression on all words were chosen among six values each on other draws",
    ),
    Claim(
        "sdl.C7",
        "The constrained and regularized maximum-likelihood estimator is consistent near the truth.",
        "abstract; theorem on local consistency",
        bcd_estimates,
        tier="full",
        kind="rate",
        proxy="slopes over n = 200 to 3200 from starts near the truth stand in for the limit",
    ),
    Claim(
        "sdl.C8",
        "The same on real counts: five supervised topics tell one rare class from the rest better than five of NMF.",
        "abstract",
        topics_of_rare_digits,
        tier="full",
        kind="superiority",
        control="Logistic regression on all 64 cells tells it better than both.",
        proxy="dots of ink in handwritten digits stand in for words of job postings",
    ),
)
