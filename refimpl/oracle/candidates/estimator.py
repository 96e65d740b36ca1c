"""Estimators with the interface of scikit-learn: a constructor, `fit`, fitted attributes, `predict`."""

import numpy as np

from refimpl.oracle.candidates.base import InProcess, arguments_for, words_for
from refimpl.oracle.candidates.python import package_version


class Estimator(InProcess):
    """An estimator class.

    Parameters
    ----------
    cls : type
        Called as ``cls(**settings)``, then ``fit(...)``; the operation says what is read off it (`specs.base.Fit`).
    settings : dict, optional
        Constructor arguments beside those that the operation's inputs give, or instead of them.
    name : str, optional
        How reports call it.
    repro : tuple of str, optional
        The command-line words that name it; default: those that import it, if it can be imported.
    """

    language = "Python (estimator)"
    kind, option = "an estimator", "--estimator"

    def __init__(self, cls, *, settings=None, name=None, repro=None):
        self._cls, self._settings = cls, dict(settings or {})
        self.name = name or f"{cls.__module__.partition('.')[0]}.{cls.__name__}"
        self.version = package_version(cls.__module__)
        self.repro = repro or words_for("--estimator", cls, self._settings)

    @staticmethod
    def serves(operation):
        """See `InProcess`."""
        return operation.fit is not None

    def offers(self, operation):
        """See `Candidate`."""
        return self.serves(operation)

    def answer(self, operation, inputs):
        """See `InProcess`."""
        plan = operation.fit
        if not plan.rounds:
            return self._fitted(plan, inputs)
        every = [self._fitted(plan, inputs | {plan.rounds: t}) for t in range(1, inputs[plan.rounds] + 1)]
        return {output: np.stack([fitted[output] for fitted in every]) for output in plan.outputs}

    def _fitted(self, plan, inputs):
        """What is read off one that is fitted to the inputs."""
        arguments = arguments_for(self._cls, plan.settings, inputs, self._settings, self.name)
        given = {name: x.copy() if isinstance(x, np.ndarray) else x for name, x in inputs.items()}
        fitted = self._cls(**arguments)
        fitted.fit(*(given[name] for name in plan.fit))
        outputs = {}
        for output, (attribute, *names) in plan.outputs.items():
            value = getattr(fitted, attribute)
            outputs[output] = value(*(given[name] for name in names)) if callable(value) else value
        return outputs
