"""Surrogate models with `fit` and `predict`, as packages of Gaussian processes have, on given hyper-parameters."""

import inspect
from typing import Any

import numpy as np

from refimpl.oracle.candidates.base import CandidateError, arguments_for
from refimpl.oracle.candidates.made import Made

WORDS = {
    "kernel": "kernel",
    "lengths|lengthscale|length_scale": "lengths",
    "variance|outputscale": "variance",
    "noise|noise_var|alpha": "noise",
}
COVARIANCE = ("return_cov", "full_cov")  # how `predict` is asked for it
DEVIATION = ("return_std",)
EVIDENCE = ("log_marginal_likelihood", "log_likelihood")


class Surrogate(Made):
    """A class or function that makes a surrogate model.

    Parameters
    ----------
    thing : callable
        Called with those of these keywords that it has: `kernel`, a word of the operation, "power_exponential" being
        exp(-r^2 / 2) and "matern12", "matern32", "matern52" Matern covariances; `lengths`, one for each coordinate;
        `variance` of the function; `noise`, the variance of an observation; and `X` [n, d] and `y` [n], if it is made
        with the data. `lengthscale` or `length_scale`, `outputscale`, and `noise_var` or `alpha` are understood too.
    settings, name, repro
        As for `Made`.

    Notes
    -----
    What it makes has ``fit(X, y)``, unless it was made with the data, and ``predict(new)``, which answers mean and
    covariance of the function with ``return_cov=True`` or ``full_cov=True``, mean and deviation with
    ``return_std=True`` or without being told (as pairs; columns are taken as vectors). A `predict` with
    `include_likelihood` is told False.

    If it has ``log_marginal_likelihood()`` or ``log_likelihood()``, the evidence is judged too, and if it has
    ``slopes()``, a dict with any of "lengths", "variance", "noise" and "mean": derivatives of the evidence in the
    logarithms of the first three and in a constant of the prior mean.

    A prior mean is subtracted before and added after, so that no model needs one; values that the operation puts to
    standard units are handed over in these. The answer has those outputs of the operation that the model gives.
    """

    language = "Python (surrogate)"
    kind, option = "a surrogate model", "--surrogate"

    @staticmethod
    def serves(operation):
        """See `InProcess`."""
        return operation.regress is not None

    def answer(self, operation, inputs):
        """See `InProcess`."""
        plan = operation.regress
        X, y, new = (inputs[name].copy() for name in (plan.X, plan.y, plan.new))
        before, after, scale = _units(plan, inputs)
        known = _made_of(plan, inputs) | {"X": X, "y": (y - before) / scale}
        optional = tuple(known) if plan.kernel == "" else tuple(key for key in known if key in ("X", "y"))
        words = WORDS | {"X": "X", "y": "y"}
        arguments = arguments_for(self._make, words, known, self._settings, self.name, optional=optional)
        model = self._make(**arguments)
        if "y" not in arguments:
            model.fit(X, known["y"])
        wanted = COVARIANCE + DEVIATION if "covariance" in plan.outputs else DEVIATION + COVARIANCE
        found = _predicted(model, new, wanted)
        found["mean"] = found["mean"] * scale + after
        found |= {"deviation": found["deviation"] * scale} if "deviation" in found else {}
        evidence = next((getattr(model, word) for word in EVIDENCE if hasattr(model, word)), None)
        if evidence:
            found["evidence"] = evidence()
        if hasattr(model, "slopes"):
            found |= _slopes(plan, inputs, model.slopes())
        return {output: found[key] for key, output in plan.outputs.items() if key in found}


def _units(plan, inputs):
    """What is subtracted from the values seen, what is added to the means, and the scale of both."""
    if plan.standard:
        y = inputs[plan.y]
        return np.mean(y), np.mean(y), np.std(y) or 1.0
    constant, slopes = inputs[plan.mean], inputs[plan.slopes]
    return constant + inputs[plan.X] @ slopes, constant + inputs[plan.new] @ slopes, 1.0


def _made_of(plan, inputs):
    """Kernel, lengths, variance and noise of a case."""
    kernel = inputs[plan.kernel] if plan.kernel else "matern52"
    if plan.weights:  # r^2 = sum of weights times squares; exp(-r^2) is exp(-|x|^2 / (2 lengths^2))
        lengths: Any = 1 / np.sqrt((2 if kernel == "power_exponential" else 1) * inputs[plan.weights])
    else:
        lengths = np.full(inputs[plan.X].shape[1], inputs[plan.lengths])
    variance = inputs[plan.variance] if plan.variance else 1.0
    return {"kernel": kernel, "lengths": lengths, "variance": variance, "noise": sum(inputs[n] for n in plan.noise)}


def _predicted(model, new, wanted):
    """Mean, and covariance or deviation, at new points."""
    takes = inspect.signature(model.predict).parameters
    word = next((word for word in wanted if word in takes), None)
    more = {"include_likelihood": False} if "include_likelihood" in takes else {}
    pair = model.predict(new, **({word: True} if word else {}), **more)
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        how = f"{word}=True" if word else "neither return_cov, full_cov nor return_std among its arguments"
        raise CandidateError(
            f"predict, with {how}, must answer mean and deviation, got {type(pair).__name__}", "garbage"
        )
    mean, spread = (np.asarray(part, dtype=np.float64) for part in pair)
    if spread.shape == (len(new), len(new)) and word in COVARIANCE:
        return {"mean": mean.reshape(len(new)), "covariance": spread, "deviation": np.sqrt(np.diagonal(spread))}
    return {"mean": mean.reshape(len(new)), "deviation": spread.reshape(len(new))}


def _slopes(plan, inputs, slopes):
    """The model's slopes, in what the operation has: in the logarithm of weights, and of the noise without jitter."""
    found = {key: np.asarray(slope) for key, slope in slopes.items()}
    if "lengths" in found and plan.weights:
        found["weights"] = -found["lengths"] / 2
    if "noise" in found:
        first, whole = inputs[plan.noise[0]], sum(inputs[name] for name in plan.noise)
        found["noise"] = found["noise"] * (first / whole if whole else 0.0)
    return {f"by_{key}": slope for key, slope in found.items()}
