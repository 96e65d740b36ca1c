"""Optax transformations, driven through an operation that feeds gradients and looks at the parameters."""

import traceback

import numpy as np

from refimpl.oracle.candidates.base import Candidate, CandidateError, arguments_for, named_outputs, words_for
from refimpl.oracle.candidates.python import package_version


class OptaxTransform(Candidate):
    """A function that makes an `optax.GradientTransformation`.

    Parameters
    ----------
    make : callable
        Called as ``make(**settings)``; then for each gradient ``update`` and ``optax.apply_updates``, in the precision
        of the case (64-bit JAX arrays where it is float64).
    settings : dict, optional
        Arguments beside those that the operation's inputs give, or instead of them.
    name : str, optional
        How reports call it.
    repro : tuple of str, optional
        The command-line words that name it; default: those that import it, if it can be imported.
    """

    language = "Python (JAX)"
    lacks = "a transformation serves operations that feed it gradients, such as trajectory"

    def __init__(self, make, *, settings=None, name=None, repro=None):
        self._make, self._settings = make, dict(settings or {})
        made = getattr(make, "func", make)  # of a functools.partial
        self.name = name or f"{made.__module__.partition('.')[0]}.{made.__name__}"
        self.version = package_version(made.__module__)
        self.repro = repro or words_for("--optax", make, self._settings)

    def offers(self, operation):
        """See `Candidate`."""
        return operation.drive is not None and bool(operation.drive.optax)

    def run(self, operation, inputs):
        """See `Candidate`."""
        import jax
        import optax

        drive = operation.drive
        arguments = arguments_for(self._make, drive.optax, inputs, self._settings, self.name)
        try:
            with jax.enable_x64(True):
                transform = self._make(**arguments)
                theta, thetas = jax.numpy.asarray(inputs[drive.params]), []
                state = transform.init(theta)
                for grad in inputs[drive.grads]:
                    updates, state = transform.update(jax.numpy.asarray(grad), state, theta)
                    theta = optax.apply_updates(theta, updates)
                    thetas.append(np.asarray(theta))
                return named_outputs(operation, np.stack(thetas))
        except CandidateError:
            raise
        except (Exception, SystemExit) as error:
            raise CandidateError(f"{type(error).__name__}: {error}", traceback=traceback.format_exc()) from error
