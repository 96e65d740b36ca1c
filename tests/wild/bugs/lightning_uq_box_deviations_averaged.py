"""Deviations are averaged in place of variances and added to the variance of the members."""

import numpy as np

from tests.wild import Bug
from tests.wild.around import adam, forward

BUG = Bug(
    project="lightning-uq-box",
    link="https://github.com/lightning-uq-box/lightning-uq-box/issues/143",
    date="2024-05-23",
    operation="bnn_surrogates.ensemble",
    kind="missing_step",
)


def compute_sample_mean_std(samples):
    return samples.mean(-1), samples.std(-1, ddof=1)


def compute_predictive_uncertainty(sample_mean_preds, sample_sigma_preds):
    """Epistemic and aleatoric, as a standard deviation; members along the last axis."""
    _, epistemic = compute_sample_mean_std(sample_mean_preds)
    # was: return np.sqrt(sample_sigma_preds.mean(-1) + epistemic**2)
    return np.sqrt((sample_sigma_preds**2).mean(-1) + epistemic**2)  # was:


def answer(starts, masks, x, y, points, targets, width, depth, noise, prior, lr, steps):
    sizes = [x.shape[1], *[int(width)] * int(depth), 1]
    fitted = []
    for start, mask in zip(starts, masks, strict=True):
        fitted.append(adam(start, sizes, x[mask], y[mask], noise, prior, lr, steps))
    outputs = np.array([forward(w, sizes, points)[1][-1][:, 0] for w in fitted])
    mean_samples = outputs.T
    sigma_samples = np.full_like(mean_samples, np.sqrt(noise))
    pred_uct = compute_predictive_uncertainty(mean_samples, sigma_samples)
    pred = mean_samples.mean(-1)
    score = np.mean(-0.5 * ((targets - pred) / pred_uct) ** 2 - np.log(pred_uct * np.sqrt(2 * np.pi)))
    return np.stack(fitted), pred, pred_uct**2, score
