"""Topics of rare classes, on synthetic and on real counts, beside regression on all counts."""

import numpy as np

from refimpl.convex import _sdl_tools as tools
from refimpl.convex import sdl
from refimpl.core.random import stream
from refimpl.problems.digits import digits
from refimpl.specs.base import Outcome, at_least, reported
from refimpl.specs.convex.sdl.claims.supervision import BLUE, GREEN, GREY, ORANGE, PINK, logistic, reconstruction

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
        scores.append(logistic(given, labels, asked, nu=nu)[1:])
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
        errors.append([reconstruction(x, *factors) for factors in ((state.W, state.H), (W, H))])
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
        errors.append([reconstruction(train[0], *factors) for factors in ((state.W, state.H), (W, H))])
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
    )
