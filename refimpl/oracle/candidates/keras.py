"""Keras 3 optimizers, driven through an operation that feeds gradients and looks at the parameters."""

import contextlib
import importlib.util
import os
from collections.abc import Mapping

import numpy as np

from refimpl.oracle.candidates.base import arguments_for
from refimpl.oracle.candidates.made import Driven

LIBRARIES = ("torch", "jax", "tensorflow")  # that Keras can train with
WORDS = {"lr": "learning_rate", "beta1": "beta_1", "beta2": "beta_2", "eps": "epsilon"}  # its words for our rates


def choose_library():
    """Before Keras is imported, without KERAS_BACKEND: the first of `LIBRARIES` that is installed.

    Raises
    ------
    ValueError
        If there is none.
    """
    found = next(filter(importlib.util.find_spec, LIBRARIES), None)
    if "KERAS_BACKEND" not in os.environ and found is None:
        raise ValueError(f"--keras needs one of the packages {', '.join(LIBRARIES)}, and none is installed")
    os.environ.setdefault("KERAS_BACKEND", found or "")


class KerasOptimizer(Driven):
    """A Keras 3 optimizer: a class, or an object that stands for its class and its configuration.

    Parameters
    ----------
    thing : type or object
        A class is called as ``thing(**settings)``, an object is made anew with ``from_config`` of its own
        configuration, in which the case's rates take the place of its own. Then ``build([variable])`` and for each
        gradient ``apply([gradient])``, in the precision of the case, with whatever library Keras runs on.
    **more
        As for `Driven`.

    Raises
    ------
    TypeError
        If it is neither.
    """

    language = "Python (Keras)"
    kind, option = "a Keras optimizer", "--keras"
    needs = "keras"

    def __init__(self, thing, **more):
        if not isinstance(thing, type) and not hasattr(thing, "get_config"):
            raise TypeError(f"--keras takes a Keras optimizer, a class or an object, got {type(thing).__name__}")
        super().__init__(thing if isinstance(thing, type) else type(thing), **more)
        self._config = {} if isinstance(thing, type) else thing.get_config()

    @classmethod
    def prepare(cls):
        """See `InProcess`."""
        super().prepare()
        choose_library()

    @staticmethod
    def serves(operation):
        """See `InProcess`."""
        return operation.drive is not None and not operation.drive.hessian

    def answer(self, operation, inputs):
        """See `InProcess`."""
        import keras

        arguments = arguments_for(self._make, _in_keras(operation.drive.settings), inputs, self._settings, self.name)
        theta, thetas = inputs[operation.drive.params], []
        with _precision(keras, str(theta.dtype)):
            made = self._make.from_config(self._config | arguments) if self._config else self._make(**arguments)
            variable = keras.Variable(theta.copy(), dtype=str(theta.dtype))
            made.build([variable])
            for grad in inputs[operation.drive.grads]:
                made.apply([keras.ops.convert_to_tensor(grad.copy())])
                thetas.append(np.array(keras.ops.convert_to_numpy(variable)))
        return np.stack(thetas)


def _in_keras(settings: Mapping[str, str | tuple[str, ...]]):
    """The settings of a `Drive`, each rate by itself and by Keras's word."""
    found: dict[str, str] = {}
    for words, source in settings.items():
        if isinstance(source, tuple):
            found |= {WORDS.get(name, name): name for name in source}
        else:
            found[WORDS.get(words, words)] = source
    return found


@contextlib.contextmanager
def _precision(keras, dtype):
    """Keras's default precision, and JAX's arrays, as wide as the case."""
    before = keras.config.floatx()
    with contextlib.ExitStack() as stack:
        if keras.config.backend() == "jax":
            import jax

            stack.enter_context(jax.enable_x64(True))
        stack.callback(keras.config.set_floatx, before)
        keras.config.set_floatx(dtype)
        yield
