"""Estimators with the interface of scikit-learn: a constructor, `fit`, fitted attributes, `predict`."""

import numpy as np

from refimpl.oracle.candidates.base import arguments_for
from refimpl.oracle.candidates.made import Made


class Estimator(Made):
    """An estimator class.

    Parameters
    ----------
    thing : type
        Called as ``thing(**settings)``, then ``fit(...)``; the operation says what is read off it (`specs.base.Fit`).
    settings, name, repro
        As for `Made`.
    """

    language = "Python (estimator)"
    kind, option = "an estimator", "--estimator"

    @staticmethod
    def serves(operation):
        """See `InProcess`."""
        return operation.fit is not None

    def answer(self, operation, inputs):
        """See `InProcess`."""
        plan = operation.fit
        if not plan.rounds:
            return self._fitted(plan, inputs)
        every = [self._fitted(plan, inputs | {plan.rounds: t}) for t in range(1, inputs[plan.rounds] + 1)]
        return {output: np.stack([fitted[output] for fitted in every]) for output in plan.outputs}

    def _fitted(self, plan, inputs):
        """What is read off one that is fitted to the inputs."""
        arguments = arguments_for(self._make, plan.settings, inputs, self._settings, self.name)
        given = {name: x.copy() if isinstance(x, np.ndarray) else x for name, x in inputs.items()}
        fitted = self._make(**arguments)
        fitted.fit(*(given[name] for name in plan.fit))
        outputs = {}
        for output, (attribute, *names) in plan.outputs.items():
            value = getattr(fitted, attribute)
            outputs[output] = value(*(given[name] for name in names)) if callable(value) else value
        return outputs
