"""C3: batch Hessians of a network."""

from functools import partial

import numpy as np

from refimpl.core.arrays import array_namespace
from refimpl.core.autodiff import grad, hvp
from refimpl.core.random import signs, stream
from refimpl.models import losses
from refimpl.optimizers import rmt_learning_rates as rmt
from refimpl.specs.base import Outcome, reported, slope, within

BLUE, ORANGE, GRAY = "#0072B2", "#D55E00", "0.45"  # told apart with any color vision
INPUTS, HIDDEN, CLASSES = 8, 6, 3
PARAMETERS = (INPUTS + 1) * HIDDEN + (HIDDEN + 1) * CLASSES  # 75


def network(w, x):
    """Logits [..., n, 3] of tanh networks 8-6-3 with weights w [..., 75] on inputs x [..., n, 8]."""
    xp, at = array_namespace(w), (INPUTS + 1) * HIDDEN
    W1 = xp.reshape(w[..., : INPUTS * HIDDEN], (*w.shape[:-1], INPUTS, HIDDEN))
    W2 = xp.reshape(w[..., at : at + HIDDEN * CLASSES], (*w.shape[:-1], HIDDEN, CLASSES))
    return xp.tanh(x @ W1 + w[..., None, INPUTS * HIDDEN : at]) @ W2 + w[..., None, at + HIDDEN * CLASSES :]


def mean_loss(w, x, labels):
    """Of one network over all samples."""
    return losses.softmax_cross_entropy(network(w, x), labels)


def sample_hessians(w, x, labels):
    """Hessian of each sample's loss, [n, P, P]: a network for each sample, all with the same weights."""
    n, each = len(x), np.tile(w, (len(x), 1))
    total = lambda weights: n * losses.softmax_cross_entropy(network(weights, x[:, None, :])[:, 0, :], labels)
    columns = [hvp(total, each, np.tile(unit, (n, 1))) for unit in np.eye(w.size)]
    return np.stack(columns, axis=2)


def trained_network(rng, n=1500, steps=150, lr=0.5):
    """Weights after some steps of gradient descent on noisy labels of a random linear map, and the data."""
    x = rng.standard_normal((n, INPUTS))
    labels = np.argmax(x @ rng.standard_normal((INPUTS, CLASSES)) + rng.standard_normal((n, CLASSES)), axis=1)
    w, gradient = 0.5 * rng.standard_normal(PARAMETERS), grad(mean_loss)
    for _ in range(steps):
        w = w - lr * gradient(w, x, labels)
    return w, x, labels


def batch_spectra(rng, hessians, batch, count):
    """Hessians and eigenvalues [count, P] of batches drawn without replacement."""
    means = np.stack([hessians[rng.permutation(len(hessians))[:batch]].mean(axis=0) for _ in range(count)])
    return means, np.linalg.eigvalsh(means)


def batches_of_a_network(seed, count=25):
    """Both ends over batch sizes 16 to 512, two networks."""
    sizes = np.array([16, 32, 64, 128, 256, 512])
    found_excess, found_predicted = [], []
    for i in range(2):
        rng = stream(seed, "rmt.C3", i)
        hessians = sample_hessians(*trained_network(rng))
        ends = np.linalg.eigvalsh(mean := hessians.mean(axis=0))[[-1, 0]]
        effective = 1 / rmt.noise(sizes.astype(float), sigma2=1.0, parameters=1, data=len(hessians))
        found, probes = [], signs(rng, (100, PARAMETERS), like=mean)
        for batch in sizes:
            means, spectra = batch_spectra(rng, hessians, batch, count)
            found.append([spectra[:, -1].mean() - ends[0], ends[1] - spectra[:, 0].mean()])
            if batch == 32:
                products = [partial(np.matmul, m) for m in means]
                supply = {"batch": 32.0, "data": float(len(hessians))}
                sigma2 = float(rmt.element_variance(partial(np.matmul, mean), products, probes, **supply))
        v = rmt.noise(sizes.astype(float), sigma2=sigma2, parameters=PARAMETERS, data=len(hessians))
        found_excess.append(found)
        found_predicted.append(rmt.batch_hessian(np.full(sizes.size, ends[0]), v) - ends[0])
    excess, predicted = np.array(found_excess), np.array(found_predicted)
    slopes = np.array([[slope(effective[:4], excess[i, :4, end]) for end in range(2)] for i in range(2)])

    def plot(figure):
        axes = figure.subplots()
        for i, style in enumerate(("-", "--")):
            axes.plot(effective, excess[i, :, 0], style, marker="o", color=ORANGE, label=f"top, network {i + 1}")
            axes.plot(effective, excess[i, :, 1], style, marker="s", color=BLUE, label=f"bottom, network {i + 1}")
            axes.plot(effective, predicted[i], style, color=GRAY, linewidth=1)
        axes.plot([], [], color=GRAY, label="top if the noise were independent")
        axes.set(xscale="log", yscale="log", xlabel="effective batch size (samples)")
        axes.set(ylabel="mean distance beyond the data's eigenvalue")
        axes.set_xticks(sizes, [str(size) for size in sizes])
        axes.minorticks_off()
        axes.set_title("Batch Hessians of a small network")
        axes.legend(fontsize=9)

    return Outcome(
        [
            reported("smallest excess at the top (6 batch sizes, 2 networks)", excess[:, :, 0].min()),
            reported("smallest excess at the bottom", excess[:, :, 1].min()),
            within("steepest slope in the effective batch size, b <= 128", slopes.min(), -1.4, -0.5),
            within("flattest slope", slopes.max(), -1.4, -0.5),
            reported("measured / predicted excess at the top, b = 32", (excess[:, 1, 0] / predicted[:, 1]).mean()),
        ],
        plot,
    )
