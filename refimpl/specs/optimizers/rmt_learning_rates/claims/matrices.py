"""C1, C2 and C6: random matrices of the models of the theory, and what Lanczos sees of a spectrum."""

from functools import partial

import numpy as np

from refimpl.core.lanczos import lanczos, ritz
from refimpl.core.random import signs, stream
from refimpl.optimizers import rmt_learning_rates as rmt
from refimpl.problems.digits import digits
from refimpl.specs.base import Outcome, at_most, reported, within

BLUE, ORANGE, GREEN, PINK, GRAY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "0.45"  # told apart with any color vision


def noisy_ends(rng, spikes, size=600, v=12.0, *, rank=None):
    """Largest and smallest eigenvalue of symmetric noise plus a spike at each end, for each strength.

    Elements off the diagonal have variance v / size. They are independent, or those of a sum of `rank` outer products.
    """
    ends = []
    for spike in spikes:
        if rank:
            x = rng.standard_normal((rank, size))
            noise = np.sqrt(v / size / rank) * (signs(rng, (rank,), like=x) * x.T) @ x
        else:
            half = rng.standard_normal((size, size))
            noise = np.sqrt(v / size / 2) * (half + half.T)
        noise[0, 0] += spike
        noise[1, 1] -= spike
        ends.append(np.linalg.eigvalsh(noise)[[-1, 0]])
    return np.array(ends)


def extremes_of_the_hessian(seed, size=600, batch=50):
    """Five strengths at both ends, three draws; noise of variance 1 in a single sample."""
    v = rmt.noise(batch, sigma2=1.0, parameters=size)
    spikes = np.array([0.0, 0.5, 1.5, 2.0, 4.0]) * np.sqrt(v)
    theory = np.stack([rmt.batch_hessian(spikes, v), rmt.batch_hessian(-spikes, v, end="bottom")], axis=1)
    found = np.array([noisy_ends(stream(seed, "rmt.C1", i), spikes, size, v) for i in range(3)])
    errors = found / theory - 1
    dependent = noisy_ends(stream(seed, "rmt.C1", "dependent"), spikes, size, v, rank=batch)

    def plot(figure):
        axes = figure.subplots()
        grid = np.linspace(0, 4.2, 200)
        curve = rmt.batch_hessian(grid * np.sqrt(v), v) / np.sqrt(v)
        axes.plot(grid, curve, color=ORANGE, label="theory, batch of 50")
        axes.plot(grid, grid, ":", color=GRAY, label="all data")
        for end, (marker, name) in enumerate((("o", "largest"), ("s", "smallest, sign turned"))):
            x, y = np.tile(spikes, (3, 1)), abs(found[:, :, end])
            axes.plot(x.ravel() / np.sqrt(v), y.ravel() / np.sqrt(v), marker, color=BLUE, fillstyle="none", label=name)
        label = "largest, noise of the same variance but of rank 50"
        axes.plot(spikes / np.sqrt(v), dependent[:, 0] / np.sqrt(v), "x", color=PINK, label=label)
        axes.set(xlabel=r"eigenvalue over all data / $\sqrt{v}$", ylabel=r"eigenvalue of the batch / $\sqrt{v}$")
        axes.set_title("A batch pushes the ends of the spectrum outwards")
        axes.set_ylim(0, 8)
        axes.legend(loc="upper left")

    return Outcome(
        [
            at_most(
                "largest relative error of a single matrix (5 strengths, 2 ends, 3 draws)", abs(errors).max(), 0.08
            ),
            at_most("largest relative error of a mean over 3 draws", abs(errors.mean(axis=0)).max(), 0.04),
            reported(
                "largest relative error, noise of the same variance but of rank 50", abs(dependent / theory - 1).max()
            ),
        ],
        plot,
    )


def spiked_covariance(rng, spike, batch, size=400):
    """Largest eigenvalue of a mean of `batch` outer products, of unit covariance but for one direction."""
    x = rng.standard_normal((batch, size))
    x[:, 0] *= np.sqrt(spike)
    return np.linalg.norm(x, 2) ** 2 / batch


def spectral_norms(x, rng, batch, count=20):
    """Largest eigenvalues of means of outer products of rows, drawn with replacement."""
    return np.array([np.linalg.norm(x[rng.integers(0, len(x), batch)], 2) ** 2 / batch for _ in range(count)])


def extremes_of_gauss_newton(seed, size=400):
    """Three strengths, three batch sizes, three draws."""
    batches, spikes = np.array([100, 400, 1600]), np.array([1.0, 4.0, 10.0])
    theory = np.array([rmt.batch_gauss_newton(spikes, ratio=size / batch) for batch in batches])
    found = np.array(
        [
            [
                [spiked_covariance(stream(seed, "rmt.C2", i, b, s), spikes[s], batches[b]) for s in range(3)]
                for b in range(3)
            ]
            for i in range(3)
        ]
    )
    errors = found / theory - 1
    images, _ = digits(like=np.zeros(1))
    images = images - images.mean(axis=0)
    *bulk, top = np.linalg.eigvalsh(images.T @ images / len(images))
    real = {"eigenvalue": np.full(3, top), "sigma2": float(np.mean(bulk))}
    rng = stream(seed, "rmt.C2", "digits")
    seen = np.array([spectral_norms(images, rng, b).mean() for b in batches])
    told = rmt.batch_gauss_newton(**real, ratio=images.shape[1] / batches)

    def plot(figure):
        left, right = figure.subplots(1, 2)
        grid = np.geomspace(80, 2000, 100)
        for s, (color, marker) in enumerate(((GREEN, "^"), (BLUE, "s"), (ORANGE, "o"))):
            left.plot(grid, rmt.batch_gauss_newton(np.full(100, spikes[s]), ratio=size / grid), color=color)
            left.plot(np.tile(batches, 3), found[:, :, s].ravel(), marker, color=color, fillstyle="none")
            left.plot([], [], marker, color=color, label=rf"$\lambda_1$ = {spikes[s]:g}")
        right.plot(batches, seen - top, "x", color=PINK, label="mean of 20 batches")
        right.plot(batches, told - top, color=PINK, label="theory, flat bulk")
        left.set(ylabel="largest eigenvalue of the batch", title="Data of the model", ylim=(1.5, 60))
        right.set(ylabel="its excess over all data", title="Images of digits")
        for axes in (left, right):
            axes.set(xscale="log", yscale="log", xlabel="batch size (samples)")
            axes.legend()
        figure.suptitle("Gauss-Newton matrices: theory (lines) and simulation")

    return Outcome(
        [
            at_most("largest relative error (27 matrices)", abs(errors).max(), 0.25),
            at_most("size of the mean relative error", abs(errors.mean()), 0.03),
            reported("measured / predicted excess, images of digits, b = 100", (seen[0] - top) / (told[0] - top)),
        ],
        plot,
        note="A spike seen through 100 samples fluctuates by itself, with a deviation of 14%.",
    )


OUTLIERS = np.array([1.0, 2.0, 4.0, 6.0, 10.0])


STARTS = 5  # one may hardly hold the eigenvector at the end of a bulk, which then takes it many steps to find


def with_outliers(rng, low, high, size=300):
    """Symmetric matrix in a random basis, and its eigenvalues: a uniform bulk and five outliers."""
    values = np.sort(np.r_[rng.uniform(low, high, size - OUTLIERS.size), OUTLIERS])
    basis, _ = np.linalg.qr(rng.standard_normal((size, size)))
    return (basis * values) @ basis.T, values


def forgetful_values(matrix, start, steps):
    """Ritz values of the three-term recurrence alone, which does not orthogonalize against older vectors."""
    before, q, alphas, betas = 0.0 * start, start / np.linalg.norm(start), [], [0.0]
    for _ in range(steps):
        u = matrix @ q - betas[-1] * before
        alphas.append(q @ u)
        u = u - alphas[-1] * q
        betas.append(float(np.linalg.norm(u)))
        before, q = q, u / betas[-1]
    return np.linalg.eigvalsh(np.diag(alphas) + np.diag(betas[1:-1], 1) + np.diag(betas[1:-1], -1))


def quadrature_measures_spectra(seed, size=300, probes=200):
    """Ends, moments and multiplicities, with narrow and wide bulks, normal probes and signs."""
    top, bottom, alone, exact, z = [], [], [], [], []
    copies: dict[str, list] = {"with": [], "without": []}
    for low, high in ((-0.2, 0.3), (-1.0, 1.0)):
        rng = stream(seed, "rmt.C6", str(high))
        matrix, values = with_outliers(rng, low, high, size)
        start, *others = rng.standard_normal((STARTS, size))
        multiply = partial(np.matmul, matrix)
        theta = [ritz(lanczos(multiply, v, steps=40))[0] for v in (start, *others)]
        top.append(abs(max(x[-1] for x in theta) - values[-1]))
        bottom.append(abs(min(x[0] for x in theta) - values[0]))
        alone.append(abs(theta[0][0] - values[0]))
        few, weights = ritz(lanczos(multiply, start, steps=3))
        image = start
        for k in range(6):
            moment = start @ image / (start @ start)
            exact.append(abs(weights @ few**k / moment - 1))
            image = matrix @ image
        for steps in (20, 40, 60, 80):
            found = {"with": ritz(lanczos(multiply, start, steps=steps))[0]}
            found["without"] = forgetful_values(matrix, start, steps)
            for how, theta in found.items():
                copies[how].append(np.sum(abs(theta - 10) < 1e-6))
        for draws in (rng.standard_normal((probes, size)), signs(rng, (probes, size), like=matrix)):
            spectra = [rmt.spectrum(multiply, draws[i : i + 1], steps=20) for i in range(probes)]
            for k in range(1, 5):
                estimates = np.array([rmt.trace(found, lambda x, k=k: x**k) for found in spectra])
                error = estimates.mean() - np.sum(values**k)
                z.append(abs(error) / (estimates.std(ddof=1) / np.sqrt(probes)))

    def plot(figure):
        axes = figure.subplots()
        grid = np.linspace(-2, 11, 1300)
        found = rmt.spectrum(multiply, draws[:20], steps=40)
        truth = rmt.Spectrum(values, np.full(size, 1 / size), size)
        axes.plot(
            grid, rmt.density(truth, grid, width=0.1), color=GRAY, linewidth=4, alpha=0.5, label="all eigenvalues"
        )
        axes.plot(grid, rmt.density(found, grid, width=0.1), color=ORANGE, label="40 steps, 20 probes")
        axes.set(yscale="log", ylim=(1e-4, 2), xlabel="eigenvalue", ylabel="density")
        axes.set_title("Stochastic Lanczos quadrature sees bulk and outliers")
        axes.legend()

    return Outcome(
        [
            at_most("largest error of the top eigenvalue, 40 steps from five starts", max(top), 1e-10),
            at_most("largest error of the bottom eigenvalue, the same", max(bottom), 5e-3),
            reported("the same from one start", max(alone)),
            at_most("largest relative error of a moment of degree 0 to 5, 3 steps", max(exact), 1e-6),
            at_most("largest z-score of a trace of a power (16 estimates of 200 probes)", max(z), 4),
            within("copies of the top eigenvalue", max(copies["with"]), 1, 1),
            reported("copies after 80 steps without reorthogonalization, narrow bulk", copies["without"][3]),
        ],
        plot,
    )
