"""Transition kernels of samplers, driven along given draws."""

import inspect
import math

import numpy as np

from refimpl.oracle.candidates.base import CandidateError, NotApplicable, arguments_for
from refimpl.oracle.candidates.made import Made


class Transition(Made):
    """A function that takes one step of a sampler.

    Parameters
    ----------
    thing : callable
        Called as ``thing(position, momentum, gradient, noise, **rates)``, of which it takes those that it names, and
        answers the next position, or position and momentum where the operation has a momentum. `gradient` is that of
        the potential energy at the position, `noise` the standard normal draws of the step, and the momentum is 0 at
        first; all are arrays like the position. The rates are inputs of the operation.
    settings, name, repro
        As for `Made`.
    """

    language = "Python (transition kernel)"
    kind, option = "a transition kernel", "--kernel"

    @staticmethod
    def serves(operation):
        """See `InProcess`."""
        return operation.chain is not None

    def answer(self, operation, inputs):
        """See `InProcess`."""
        plan = operation.chain
        if plan.only and inputs[plan.only[0]] != plan.only[1]:
            raise NotApplicable(f"a transition kernel is asked for {plan.only[1]}, not {inputs[plan.only[0]]}")
        parameters = inspect.signature(self._make).parameters
        everything = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        rates = arguments_for(self._make, {rate: rate for rate in plan.rates}, inputs, self._settings, self.name)
        position, steps = inputs[plan.start].copy(), []
        momentum = np.zeros_like(position)
        for t, noise in enumerate(inputs[plan.noise]):
            given = {"position": position.copy(), "momentum": momentum.copy(), "noise": noise.copy()}
            given["gradient"] = _gradient(plan, inputs, t, position)
            state = self._make(**{key: x for key, x in given.items() if key in parameters or everything}, **rates)
            state = state if isinstance(state, tuple | list) else (state,)
            if len(state) != len(plan.outputs):
                what = " and ".join(("position", "momentum")[: len(plan.outputs)])
                raise CandidateError(f"a step must answer {what}, got {len(state)} arrays", "garbage")
            position, *rest = (np.array(part) for part in state)
            momentum = rest[0] if rest else momentum
            steps.append((position, *rest))
        return dict(zip(plan.outputs, map(np.stack, zip(*steps, strict=True)), strict=True))


def _gradient(plan, inputs, t, position):
    """Of the potential energy: of n data, whose mean gradient is given and clipped with the prior's, and of a prior."""
    n, temperature = inputs.get(plan.count, 1), inputs.get(plan.temperature, 1.0)
    gradient = inputs[plan.precision] * (position - inputs.get(plan.mean, 0.0)) / n
    if plan.grads:
        gradient = gradient + inputs[plan.grads][t]
    if plan.clip:
        gradient = gradient * min(1.0, inputs[plan.clip] / (math.hypot(*np.ravel(gradient)) + 1e-6))
    return gradient * (n / temperature)
