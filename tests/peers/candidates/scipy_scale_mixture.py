"""SciPy: the multivariate t law, and the laws of a scale."""

import math

from scipy import stats


def student_law(mean, Sigma, a, b, f):
    """With 2 a degrees of freedom and b / a times Sigma for its shape."""
    scale = b / a * Sigma
    return 2 * a, scale, stats.multivariate_t(mean, scale, df=2 * a).logpdf(f).reshape(len(f))


def scale_law(law, p, q, s, u):
    """Densities, and quantiles or their counterparts from above."""
    known = {
        "inverse_gamma": lambda: stats.invgamma(p, scale=q),
        "burr": lambda: stats.burr12(p, q),
        "half_cauchy": lambda: stats.halfcauchy(scale=p),
        "log_normal": lambda: stats.lognorm(q, scale=math.exp(p)),
    }[law]()
    return known.logpdf(s), (known.isf if law == "inverse_gamma" else known.ppf)(u)
