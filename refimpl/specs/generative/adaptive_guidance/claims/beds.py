"""Beds, samples and rivals that the claims share."""

from functools import cache
from typing import NamedTuple

import numpy as np

from refimpl.core.random import stream
from refimpl.generative import _adaptive_guidance_models as models
from refimpl.generative import adaptive_guidance as ag

LIKE = np.zeros(1)
T, S, BEDS = 20, 3.0, 3
ORANGE, BLUE, GREEN, PINK, GREY = "#D55E00", "#0072B2", "#009E73", "#CC79A7", "0.45"
PLANTED = "planted: scales chosen so that the class is settled early, and 0.999 picked on them; no text-to-image model"


class Setting(NamedTuple):
    """A batch, and what guidance at all of 20 steps makes of it."""

    bed: models.Bed
    x0: np.ndarray
    cond: ag.Denoiser
    uncond: ag.Denoiser
    guided: ag.Recorded
    plain: np.ndarray  # samples without guidance
    s: float  # weight of guidance

    def run(self, policy, **more):
        """Samples of a policy with as many steps as it has words."""
        ab = ag.schedule(len(policy), like=LIKE)
        return ag.follow(self.x0, ab, self.cond.eps, self.uncond.eps, policy, s=self.s, **more).x

    def adaptive(self, gamma_bar):
        """Samples of Adaptive Guidance, and the evaluations of each."""
        ab = ag.schedule(T, like=LIKE)
        state = ag.sample(self.x0, ab, self.cond.eps, self.uncond.eps, s=self.s, gamma_bar=gamma_bar)
        return state.x, state.nfe

    def error(self, x, reference=None):
        """Squared distance from the guided samples (or others), in units of that without guidance."""
        target = self.guided.x if reference is None else reference
        return models.error(x, target, target + self.plain - self.guided.x)

    def front(self, m):
        """Error of guidance in the first m steps."""
        return self.error(self.run(ag.front_loaded(T, m)))

    def fewer(self, steps):
        """Error of guidance at all of fewer steps."""
        return self.error(self.run(ag.front_loaded(steps, steps)))

    @property
    def cosines(self):
        """[T, n], along guidance."""
        pairs = zip(self.guided.E_c, self.guided.E_u, strict=True)
        return np.stack([ag.cosine(*pair) for pair in pairs])

    def threshold(self, nfe):
        """The one at which Adaptive Guidance takes that many evaluations on average."""
        return ag.calibrate(self.cosines, nfe)


def setting(bed, rng, n, *, avoid=False, s=S):
    """A batch with guidance towards the classes, or away from others."""
    x0, label, negative = models.starts(rng, n, bed)
    cond, uncond = models.denoisers(bed, label, negative=negative if avoid else None)
    guided = ag.record(x0, ag.schedule(T, like=LIKE), cond.eps, uncond.eps, s=s)
    made = Setting(bed, x0, cond, uncond, guided, x0, s)
    return made._replace(plain=made.run(ag.front_loaded(T, 0)))


@cache
def groups(seed, i, **more):
    """Bed G, number i of a seed: 400 samples."""
    rng = stream(seed, "adaptive_guidance", "groups", i)
    return setting(models.groups(rng, like=LIKE), rng, 400, **more)


@cache
def images(seed, i, *, n=200, avoid=False, variance=0.05):
    """Bed R, number i of a seed."""
    rng = stream(seed, "adaptive_guidance", "images", i)
    return setting(models.images(rng, like=LIKE, variance=variance), rng, n, avoid=avoid)


def coefficients(made, rng, n=200):
    """Fits of LinearAG on other paths of the same bed, and their relative residuals at all steps."""
    other = setting(made.bed, rng, n, s=made.s).guided
    fits = [ag.fit_linear(other.E_c, other.E_u, k) for k in range(T)]
    return {k: fit.beta for k, fit in enumerate(fits)}, [float(fit.residual) for fit in fits]


def linear(made, betas):
    """Error of LinearAG."""
    return made.error(made.run(ag.alternating(T, "lin"), betas=betas))


def naive(made):
    """Error of alternation without estimates."""
    return made.error(made.run(ag.alternating(T, "cond")))


def geometric(values):
    """Geometric mean."""
    return float(np.exp(np.mean(np.log(values))))


def curves(axes, made, betas=None):
    """Error against evaluations: fewer steps, a fixed stop, the adaptive one, and LinearAG."""
    steps, stops = range(11, 20), range(1, 14)
    axes.semilogy([2 * k for k in steps], [made.fewer(k) for k in steps], "o-", color=GREY, ms=3, label="fewer steps")
    axes.semilogy([T + m for m in stops], [made.front(m) for m in stops], "s-", color=BLUE, ms=3, label="fixed stop")
    thresholds = [made.threshold(nfe) for nfe in np.arange(21.5, 33.5, 1.0)]
    found = [made.adaptive(gamma_bar) for gamma_bar in thresholds]
    axes.semilogy(
        [nfe.mean() for _, nfe in found], [made.error(x) for x, _ in found], "^-", color=ORANGE, ms=4, label="AG"
    )
    if betas is not None:
        axes.semilogy([25], [linear(made, betas)], "*", color=GREEN, ms=11, label="LinearAG")
    axes.set(xlabel="evaluations for each sample", ylabel="error to 20 guided steps", xlim=(20, 39), ylim=(1e-8, 2))
    axes.set_xticks(range(20, 40, 5))
