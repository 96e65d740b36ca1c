"""Attacks with a bound on each feature, for the worst case of the certified program.

The certified network is linear in each point, so that one step along the sign of the gradient finds the worst corner
of the box. The packages are given a classifier of two classes with the logits +- f / 2, and the features that may be
attacked; loss and penalty at the attacked points are the adapter's. They do not know the constraints.
"""

import numpy as np
import torch

from refimpl.oracle.candidates import NotApplicable


def _value(attack, X, y, D, weights, mask, beta, epsilon, loss):
    """Loss of the attacked points plus the penalty."""
    if loss == "squared":
        raise NotApplicable("they attack classifiers")
    q = torch.from_numpy(D @ (weights[0] - weights[1]).T)  # a row for each point
    free, rest = torch.from_numpy(mask), torch.from_numpy((X * ~mask * q.numpy()).sum(axis=1))
    labels = torch.from_numpy((y > 0).astype(np.int64))

    def classifier(x):
        f = (x * q[:, free].to(x.dtype)).sum(dim=1) + rest.to(x.dtype)
        return torch.stack([-f / 2, f / 2], dim=1)

    x = torch.from_numpy(np.ascontiguousarray(X[:, mask]))
    if mask.any() and epsilon > 0:
        x = torch.as_tensor(attack(classifier, x, labels, epsilon))
    logits = classifier(x.to(q.dtype)).detach().numpy()
    margins = y * (logits[:, 1] - logits[:, 0])
    losses = np.maximum(1 - margins, 0) if loss == "hinge" else np.logaddexp(0, -margins)
    return {"value": losses.mean() + beta * np.linalg.norm(weights, axis=1).sum()}


def _boolean(mask):
    return np.asarray(mask, dtype=bool)


def _asked(attack, mask, D, **inputs):
    return _value(attack, mask=_boolean(mask), D=np.asarray(D, dtype=inputs["X"].dtype), **inputs)


def _module(classifier):
    """The same as a module."""
    module = torch.nn.Module()
    module.where = torch.nn.Parameter(torch.zeros(1))  # they ask on which device it is
    module.forward = classifier
    return module.eval()


def _unit_box(attack):
    """For packages whose features are colours in [0, 1]: features, and their bound, mapped to there and back."""

    def mapped(classifier, x, labels, epsilon):
        low = x.min() - 2 * epsilon
        width = x.max() + 2 * epsilon - low
        inside = attack(lambda u: classifier(low + width * u), (x - low) / width, labels, float(epsilon / width))
        return low + width * inside

    return mapped


def torchattacks(**inputs):
    """torchattacks: `FGSM`."""
    from torchattacks import FGSM

    def attack(classifier, x, labels, epsilon):
        return FGSM(_module(classifier), eps=epsilon)(x, labels)

    return _asked(_unit_box(attack), **inputs)


def cleverhans(**inputs):
    """CleverHans: `fast_gradient_method`, which works in single precision."""
    from cleverhans.torch.attacks.fast_gradient_method import fast_gradient_method

    def attack(classifier, x, labels, epsilon):
        return fast_gradient_method(classifier, x, epsilon, np.inf, y=labels)

    return _asked(attack, **inputs)


def art(**inputs):
    """Adversarial Robustness Toolbox: `FastGradientMethod` of a `PyTorchClassifier`, in one batch."""
    from art.attacks.evasion import FastGradientMethod
    from art.estimators.classification import PyTorchClassifier

    def attack(classifier, x, labels, epsilon):
        wrapped = PyTorchClassifier(_module(classifier), torch.nn.CrossEntropyLoss(), x.shape[1:], 2)
        method = FastGradientMethod(wrapped, eps=float(epsilon), batch_size=len(x))
        return method.generate(x.numpy(), y=labels.numpy())

    return _asked(attack, **inputs)


def foolbox(**inputs):
    """Foolbox: `LinfFastGradientAttack`, between bounds that are not met."""
    import foolbox

    def attack(classifier, x, labels, epsilon):
        bounds = float(x.min() - 2 * epsilon), float(x.max() + 2 * epsilon)
        model = foolbox.PyTorchModel(_module(classifier), bounds=bounds)
        return foolbox.attacks.LinfFastGradientAttack()(model, x, labels, epsilons=float(epsilon))[0]

    return _asked(attack, **inputs)
