"""Keras's optimizers on its PyTorch backend, in the precision of the case."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np

from refimpl.oracle.candidates import NotApplicable


def run(cls, theta0, grads, **settings):
    """Parameters after each step, fed with given gradients through `apply`."""
    keras.config.set_floatx(str(theta0.dtype))
    variable = keras.Variable(theta0, dtype=str(theta0.dtype))
    optimizer, thetas = cls(**settings), []
    optimizer.build([variable])
    for grad in grads:
        optimizer.apply([keras.ops.convert_to_tensor(grad)])
        thetas.append(np.array(keras.ops.convert_to_numpy(variable)))
    return np.stack(thetas)


def lion(theta0, grads, lr, beta1, beta2, weight_decay):
    """`keras.optimizers.Lion`."""
    if beta1 == 0:
        raise NotApplicable("it refuses beta_1 = 0")
    settings = {"learning_rate": lr, "beta_1": beta1, "beta_2": beta2, "weight_decay": weight_decay}
    return run(keras.optimizers.Lion, theta0, grads, **settings)


def adamw(theta0, grads, lr, beta1, beta2, eps, weight_decay, **more):
    """`keras.optimizers.AdamW`."""
    settings = {"learning_rate": lr, "beta_1": beta1, "beta_2": beta2, "epsilon": eps, "weight_decay": weight_decay}
    return run(keras.optimizers.AdamW, theta0, grads, **settings, **more)


def amsgrad(**inputs):
    """The same with `amsgrad=True`."""
    return adamw(**inputs, amsgrad=True)


def adagrad(theta0, grads, alpha, v0, eps):
    """`keras.optimizers.Adagrad`."""
    settings = {"learning_rate": alpha, "initial_accumulator_value": v0, "epsilon": eps}
    return run(keras.optimizers.Adagrad, theta0, grads, **settings)
