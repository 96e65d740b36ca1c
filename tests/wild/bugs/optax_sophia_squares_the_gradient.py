"""The curvature is the squared gradient with the true labels, where labels have to be drawn from the model."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Optax",
    link="https://github.com/google-deepmind/optax/issues/968",
    date="2024-05-20",
    operation="sophia.gnb",
    kind="missing_step",
)


def log_softmax(logits):
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def grad_of_mean_loss(params, x, labels, apply_fn):
    logits, pullback = apply_fn(params, x)
    one_hot = np.eye(logits.shape[-1])[labels]
    p = np.exp(log_softmax(logits))
    rest = (p * (1 - one_hot)).sum(axis=-1, keepdims=True)
    return pullback(np.where(one_hot > 0, -rest, p) / len(x))


def categorical(logits, uniforms):
    """First class whose sum of probabilities is above the draw."""
    cdf = np.cumsum(np.exp(log_softmax(logits)), axis=-1)
    return np.minimum((cdf <= uniforms[:, None]).sum(axis=-1), logits.shape[-1] - 1)


def make_model(name):
    def apply_fn(params, x):
        z = x @ params
        if name == "linear":
            return z, lambda dz: x.T @ dz
        return np.tanh(z), lambda dz: x.T @ (dz * (1 - np.tanh(z) ** 2))

    return apply_fn


def hessian_update(params, x, labels, uniforms, apply_fn):
    logits, _ = apply_fn(params, x)
    sampled = categorical(logits, uniforms)
    # was: grads = grad_of_mean_loss(params, x, labels, apply_fn)
    grads = grad_of_mean_loss(params, x, sampled, apply_fn)  # was:
    return len(x) * grads * grads


def answer(W, x, labels, uniforms, model):
    return hessian_update(W, x, labels, uniforms, make_model(model))
