"""When to stop: C4, C4b and C5."""

import numpy as np

from refimpl.core.random import stream
from refimpl.generative import _score_estimation_baselines as baselines
from refimpl.generative import _score_estimation_models as models
from refimpl.generative import score_estimation as source
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported, slope
from refimpl.specs.generative.score_estimation.claims.network import BLUE, GREEN, GREY, LAW, ORANGE, PENALTIES

PINK = "#CC79A7"
END = 3_000_000
TIMES = tuple(sorted({round(10 ** (i / 12)) for i in range(61)}))  # 1 to 100,000


class Problem:
    """Data of one draw, and the error of any filter on them."""

    def __init__(self, rng, n, law, new=2000):
        data, test = models.draw(rng, law, n), models.draw(rng, law, new)
        (self.Z, self.Y, _), self.new, self.truth, self.D = data.pairs, test.pairs.Z, test.truth, law.D
        self.sigma = models.noise_level(test)
        self.K, self.K_new = source.tangent_kernel(self.Z, self.Z), source.tangent_kernel(self.new, self.Z)
        self.spectrum = source.spectrum(self.K, self.Y)

    def filtered(self, values):
        """Error with filtered eigenvalues."""
        return models.excess(source.predict(self.spectrum, self.K_new, values), self.truth, D=self.D)

    def after(self, tau):
        """Error of kernel gradient descent after so many steps."""
        return self.filtered(source.spectral_filter(self.spectrum.values, tau=tau))

    def rule(self, B=2.0, sigma=None):
        """What the rule says."""
        return source.stopping_time(self.spectrum.values, sigma=self.sigma if sigma is None else sigma, B=B)

    def hold_out(self):
        """Time by hold-out, and the noise that it sees."""
        filters = [lambda values, tau=tau: source.spectral_filter(values, tau=tau) for tau in TIMES]
        found = baselines.hold_out(self.K, self.Y, filters, D=self.D)
        return TIMES[found.chosen], found.sigma

    def ridge(self):
        """Error of kernel ridge regression, penalty by hold-out."""
        filters = [lambda values, p=p: baselines.ridge_filter(values, p) for p in PENALTIES]
        chosen = filters[baselines.hold_out(self.K, self.Y, filters, D=self.D).chosen]
        return self.filtered(chosen(self.spectrum.values))

    def least_squares(self):
        """Error of linear regression."""
        return models.excess(baselines.least_squares(self.Z, self.Y, self.new), self.truth, D=self.D)


# C4: one must stop ---------------------------------------------------------------------------------------------------


def must_stop(seed):
    """Error over training time, at the rule, at the best time and at the end."""
    rows, stopped, taus = [], [], []
    for i in range(6):
        one = Problem(stream(seed, "score_estimation.C4", i), 300, LAW, new=1000)
        rows.append([one.after(tau) for tau in (*TIMES, END)])
        taus.append(one.rule())
        stopped.append(one.after(taus[-1]))
    curves, rule = np.array(rows), np.array(stopped)
    oracle, end = curves.min(axis=1), curves[:, -1]

    def plot(figure):
        axes = figure.subplots()
        axes.semilogx((*TIMES, END), curves.T, color=GREY, alpha=0.4, linewidth=1)
        axes.semilogx((*TIMES, END), curves.mean(axis=0), color=GREY, linewidth=2.5)
        axes.plot(taus, rule, "o", color=ORANGE, label="the rule stops")
        best = [(*TIMES, END)[i] for i in curves.argmin(axis=1)]
        axes.plot(best, oracle, "s", color=BLUE, label="best time, known to an oracle")
        axes.plot([END] * 6, end, "v", color=PINK, label="trained to the end")
        axes.set(xlabel="steps", ylabel="error of the score, weighted", ylim=(0, None))
        axes.set_title("Labels are noisy: stop before the noise is learned")
        axes.legend(frameon=False)

    return Outcome(
        [
            at_most("rule over oracle, mean of six", np.mean(rule / oracle), 2.5),
            at_least("end of training over rule, mean of six", np.mean(end / rule), 3.0),
            reported("rule over oracle, largest of six", np.max(rule / oracle)),
            reported("error, rule", rule.mean()),
            reported("error, oracle", oracle.mean()),
            reported("error, end of training", end.mean()),
            reported("steps that the rule allows", np.mean(taus)),
        ],
        plot,
        "n = 300, six draws, step size 0.5; the end is after three million steps.",
    )


# C4b: is it this rule? -----------------------------------------------------------------------------------------------

WAYS = ("rule, B = 1", "rule", "rule, B = 4", "26 steps", "100 steps", "hold-out", "ridge", "least squares", "oracle")


def simple_ways(seed):
    """The rule beside simple ways to stop, on four laws."""
    mean, worst, guessed = {}, 0.0, 0.0
    for name in models.LAWS:
        rows = []
        for i in range(6):
            law = models.law(name, seed=6 * seed + i, like=np.zeros(1))
            one = Problem(stream(seed, "score_estimation.C4b", name, i), 300, law)
            chosen, sigma = one.hold_out()
            rules = [one.after(one.rule(B)) for B in (1.0, 2.0, 4.0)]
            others = [one.after(26), one.after(100), one.after(chosen), one.ridge(), one.least_squares()]
            rows.append([*rules, *others, min(one.after(tau) for tau in TIMES)])
            worst = max(worst, rows[-1][1] / rows[-1][-1])
            guessed = max(guessed, abs(one.after(one.rule(sigma=sigma)) / rows[-1][1] - 1))
        mean[name] = dict(zip(WAYS, np.mean(rows, axis=0), strict=True))
    over = lambda way: [found["rule"] / found[way] for found in mean.values()]

    def plot(figure):
        axes = figure.subplots()
        styles = (("rule", "o", ORANGE), ("100 steps", "^", GREEN), ("hold-out", "s", BLUE), ("ridge", "D", PINK))
        for way, marker, color in (*styles, ("26 steps", "x", GREY), ("least squares", "+", GREY)):
            values = [found[way] / found["oracle"] for found in mean.values()]
            axes.plot(range(4), values, marker, color=color, markersize=9, label=way)
        axes.axhline(1.0, color=GREY, linewidth=1, linestyle=":")
        axes.set_xticks(range(4), models.LAWS)
        axes.set(ylabel="error over that of the oracle", xlim=(-0.4, 4.9))
        axes.set_title("100 steps for all do better than the rule")
        axes.legend(frameon=False, loc="upper right")

    return Outcome(
        [
            at_most("rule over 100 steps for all, mean of four laws", np.mean(over("100 steps")), 1.0),
            at_most("rule over hold-out, largest of four laws", max(over("hold-out")), 1.0),
            at_most("rule over kernel ridge, largest of four laws", max(over("ridge")), 1.0),
            reported("rule over 26 steps, mean of four laws", np.mean(over("26 steps"))),
            reported("rule over least squares, mean of four laws", np.mean(over("least squares"))),
            reported("rule over oracle, largest of 24 runs", worst),
            reported("noise by hold-out in place of the true one: largest relative change of the error", guessed),
            *(reported(f"{name}, {way}", value) for name in models.LAWS[:1] for way, value in mean[name].items()),
        ],
        plot,
        "n = 300, six draws of each law. 100 steps are picked by hand, as B is.",
    )


# C5: the rate ------------------------------------------------------------------------------------------------------

SIZES = (50, 100, 200, 400, 800)
RATES = ("rule", "oracle", "least squares", "26 steps", "100 steps", "hold-out", "ridge")


def falling_error(seed):
    """Slope of the error in n, of the rule and of controls."""
    errors = np.zeros((len(SIZES), len(RATES)))
    for i in range(3):
        for j, n in enumerate(SIZES):
            one = Problem(stream(seed, "score_estimation.C5", i, n), n, LAW, new=1500)
            row = one.after(one.rule()), min(one.after(tau) for tau in TIMES), one.least_squares()
            errors[j] += np.array([*row, one.after(26), one.after(100), one.after(one.hold_out()[0]), one.ridge()]) / 3
    slopes = {name: slope(SIZES, values) for name, values in zip(RATES, errors.T, strict=True)}

    def plot(figure):
        axes = figure.subplots()
        styles = (
            ("rule", "o-", ORANGE),
            ("oracle", "s-", BLUE),
            ("least squares", "+:", GREY),
            ("26 steps", "x:", GREY),
            ("100 steps", "^:", GREEN),
            ("hold-out", "v:", PINK),
            ("ridge", "D:", "black"),
        )
        for name, style, color in styles:
            label = f"{name}, slope {slopes[name]:.2f}"
            axes.loglog(SIZES, errors[:, RATES.index(name)], style, color=color, label=label, markersize=5)
        bound = errors[0, 0] * (np.array(SIZES) / SIZES[0]) ** -0.25
        axes.loglog(SIZES, bound, "--", color=GREY, linewidth=0.8, label="bound of rule and oracle, slope -0.25")
        axes.set_xticks(SIZES, SIZES)
        axes.set_yticks([0.02, 0.03, 0.05, 0.1], ["0.02", "0.03", "0.05", "0.1"])
        axes.minorticks_off()
        axes.set(xlabel="samples n", ylabel="error of the score, weighted", title="The error falls with n, for all")
        axes.legend(frameon=False, fontsize=8)

    return Outcome(
        [
            at_most("slope, rule", slopes["rule"], -0.25),
            at_most("slope, oracle", slopes["oracle"], -0.25),
            at_most("slope, rule less least squares", slopes["rule"] - slopes["least squares"], -0.08),
            at_most("slope, rule less 26 steps for all n", slopes["rule"] - slopes["26 steps"], 0.0),
            *(reported(f"slope, {name}", slopes[name]) for name in RATES[2:]),
        ],
        plot,
        "Mean of three draws of each size.",
    )


CLAIMS = (
    Claim(
        "score_estimation.C4",
        "With noisy labels training must be stopped early, and the rule does so",
        "abstract, early stopping",
        must_stop,
        kind="behaviour",
        control="training to the end: five times the error of the rule. Whether it takes this rule: C4b",
        showed="behind",
        proxy="kernel gradient descent, the limit of wide networks; an easy law, five points on a circle",
        tuned="B = 2 was picked on this law",
    ),
    Claim(
        "score_estimation.C4b",
        "The rule is worth more than simple ways to stop with the same data (ours: what C4 leaves open)",
        "control of C4",
        simple_ways,
        tier="full",
        kind="superiority",
        control="same data, 120 runs in five seeds: 100 steps for all are better in 118; hold-out is better in 12 and "
        "kernel ridge in 13 of the 20 means over six draws, which is no difference. The rule is safe: at most 2.4 "
        "times the error of the oracle",
        showed="as good",
        proxy="kernel gradient descent on four laws of few points",
        tuned="B = 2 was picked on five points",
    ),
    Claim(
        "score_estimation.C5",
        "With the rule the error of the score falls polynomially in n",
        "abstract, generalization",
        falling_error,
        tier="full",
        kind="rate",
        control="least squares and 26 steps for all n fall too, more slowly; 100 steps, hold-out and ridge fall "
        "faster: the slope belongs to estimation, not to the rule",
        showed="as good",
        proxy="slopes from 50 to 800 samples of five points stand for the theorem's rate",
        tuned="B = 2 was picked on this law, 26 and 100 steps by hand",
    ),
)
