"""Optax transformations, driven through an operation that feeds gradients and looks at the parameters."""

from typing import Any

import numpy as np

from refimpl.oracle.candidates.base import arguments_for, due
from refimpl.oracle.candidates.made import Driven

MANY = 30  # steps from which on it pays to compile a step; one that differentiates an objective is always compiled


class OptaxTransform(Driven):
    """A function that makes an `optax.GradientTransformation`.

    Parameters
    ----------
    thing : callable
        Called as ``thing(**settings)``; then for each gradient ``update`` and ``optax.apply_updates``, in the precision
        of the case (64-bit JAX arrays where it is float64).
    **more
        As for `Driven`.

    Notes
    -----
    A transformation that needs estimates of the Hessian's diagonal gets ``update(..., obj_fn=objective,
    hessian=estimate)``, as far as it takes extra arguments. The objective is the quadratic ``grad (x - x_t) +
    estimate (x - x_t)^2 / 2``, whose Hessian any probe of signs finds; `hessian` is None where no estimate is due.
    """

    language = "Python (JAX)"
    kind, option = "an Optax transformation", "--optax"
    needs = "optax"

    def __init__(self, thing, **more):
        super().__init__(thing, **more)
        self._compiled: dict[Any, Any] = {}

    @staticmethod
    def serves(operation):
        """See `InProcess`."""
        return operation.drive is not None and bool(operation.drive.optax)

    def answer(self, operation, inputs):
        """See `InProcess`."""
        import jax
        import optax

        drive = operation.drive
        optional = (drive.period,)  # who is given an estimate knows that it is due
        arguments = arguments_for(self._make, drive.optax, inputs, self._settings, self.name, optional=optional)
        grads, period = inputs[drive.grads], inputs.get(drive.period, 1)
        curvatures = inputs[drive.hessian] if drive.hessian else grads

        def step(theta, state, grad, curvature, is_due):
            if not drive.hessian:
                updates, state = transform.update(grad, state, theta)
                return optax.apply_updates(theta, updates), state

            def objective(x):
                return jax.numpy.sum(grad * (x - theta) + curvature * (x - theta) ** 2 / 2)

            more = {"obj_fn": objective, "hessian": curvature if is_due else None}
            updates, state = optax.with_extra_args_support(transform).update(grad, state, theta, **more)
            return optax.apply_updates(theta, updates), state

        with jax.enable_x64(True):
            transform = self._make(**arguments)
            theta, thetas = jax.numpy.asarray(inputs[drive.params]), []
            state = transform.init(theta)
            if drive.hessian or len(grads) >= MANY:
                key = (operation.name, repr(sorted(arguments.items())))  # laws ask with the same rates again
                step = self._compiled.setdefault(key, jax.jit(step, static_argnums=4))
            for t, (grad, curvature) in enumerate(zip(grads, curvatures, strict=True), start=1):
                theta, state = step(theta, state, jax.numpy.asarray(grad), jax.numpy.asarray(curvature), due(t, period))
                thetas.append(np.asarray(theta))
            return np.stack(thetas)
