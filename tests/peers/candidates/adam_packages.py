"""Adam, AdamW, AMSGrad and AdaGrad of many small packages, each imported where it is asked.

What has no decay of its own is given the gradients with their penalty, as Adam's decay is one.
"""

import collections.abc
import contextlib
import io

import numpy as np
from torch_adam import run

from refimpl.oracle.candidates import NotApplicable


def path(theta0, grads, step, weight_decay=0.0):
    """Parameters after each step of `step(theta, gradient)`; penalised, where there is a decay."""
    theta, thetas = theta0.copy(), []
    for grad in grads:
        theta = np.array(step(theta.copy(), grad + weight_decay * theta))
        thetas.append(theta)
    return np.stack(thetas)


def _zero_start(v0):
    if v0:
        raise NotApplicable("its accumulator starts at 0")


def _rates(lr, beta1, beta2, eps, weight_decay, **more):
    return {"lr": lr, "betas": (beta1, beta2), "eps": eps, "weight_decay": weight_decay} | more


def numpy_ml_adam(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """numpy-ml: `Adam.update`."""
    collections.Hashable = collections.abc.Hashable  # its last release is older than Python 3.10
    from numpy_ml.neural_nets.optimizers import Adam

    rule = Adam(lr=lr, decay1=beta1, decay2=beta2, eps=eps)
    return path(theta0, grads, lambda theta, grad: rule.update(theta, grad, "theta"), weight_decay)


def numpy_ml_adagrad(theta0, grads, alpha, v0, eps):
    """numpy-ml: `AdaGrad.update`."""
    collections.Hashable = collections.abc.Hashable
    from numpy_ml.neural_nets.optimizers import AdaGrad

    _zero_start(v0)
    rule = AdaGrad(lr=alpha, eps=eps)
    return path(theta0, grads, lambda theta, grad: rule.update(theta, grad, "theta"))


def _dezero(name, theta0, grads, decay=0.0, **settings):
    vars(np)["int"] = int  # its last release is older than NumPy 1.24
    from dezero import Parameter, Variable, optimizers

    rule = getattr(optimizers, name)(**settings)
    parameter, thetas = Parameter(theta0.copy()), []
    rule.setup(type("Target", (), {"params": lambda self: [parameter]})())
    rule.add_hook(optimizers.WeightDecay(decay))
    for grad in grads:
        parameter.grad = Variable(grad.copy())
        rule.update()
        thetas.append(parameter.data.copy())
    return np.stack(thetas)


def dezero_adam(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """DeZero: `Adam` with its hook `WeightDecay`."""
    return _dezero("Adam", theta0, grads, weight_decay, alpha=lr, beta1=beta1, beta2=beta2, eps=eps)


def dezero_adagrad(theta0, grads, alpha, v0, eps):
    """DeZero: `AdaGrad`."""
    _zero_start(v0)
    return _dezero("AdaGrad", theta0, grads, lr=alpha, eps=eps)


def neuralnetlib_adam(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """neuralnetlib: `Adam.update` of a layer without biases."""
    from neuralnetlib.optimizers import Adam

    rule = Adam(learning_rate=lr, beta_1=beta1, beta_2=beta2, epsilon=eps)

    def step(theta, grad):
        rule.update(0, theta, grad)
        return theta

    return path(theta0, grads, step, weight_decay)


def ribs_adam(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """pyribs: `AdamOpt`, which ascends, with its own penalty."""
    from ribs.emitters.opt import AdamOpt

    rule, thetas = AdamOpt(theta0, lr=lr, beta1=beta1, beta2=beta2, epsilon=eps, l2_coeff=weight_decay), []
    for grad in grads:
        rule.step(-grad)
        thetas.append(rule.theta.copy())
    return np.stack(thetas)


def _river(rule, theta0, grads, weight_decay=0.0):
    """The weights as a dict, for which all its rules are written."""
    weights, thetas = dict(enumerate(theta0)), []
    for grad in grads:
        weights = rule.step(weights, {i: g + weight_decay * weights[i] for i, g in enumerate(grad)})
        thetas.append(np.array([weights[i] for i in range(len(theta0))], dtype=theta0.dtype))
    return np.stack(thetas)


def river_adam(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """River: `optim.Adam`."""
    from river import optim

    return _river(optim.Adam(float(lr), beta1, beta2, eps), theta0, grads, weight_decay)


def river_amsgrad(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """River: `optim.AMSGrad`, decay put before it as in AdamW."""
    from river import optim

    rule, weights, thetas = optim.AMSGrad(float(lr), beta1, beta2, eps), dict(enumerate(theta0)), []
    for grad in grads:
        weights = {i: (1 - lr * weight_decay) * w for i, w in weights.items()}
        weights = rule.step(weights, dict(enumerate(grad)))
        thetas.append(np.array([weights[i] for i in range(len(theta0))], dtype=theta0.dtype))
    return np.stack(thetas)


def river_adagrad(theta0, grads, alpha, v0, eps):
    """River: `optim.AdaGrad`."""
    from river import optim

    _zero_start(v0)
    return _river(optim.AdaGrad(float(alpha), eps), theta0, grads)


def _quimb(rule, theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """A minimizer in the manner of SciPy, which asks for gradients and calls back before each step."""
    thetas, given = [], iter(grads)
    gradient = lambda theta: next(given) + weight_decay * theta
    settings = {"learning_rate": lr, "beta1": beta1, "beta2": beta2, "eps": eps, "maxiter": len(grads)}
    end = rule(lambda theta: 0.0, theta0, jac=gradient, callback=thetas.append, **settings).x
    return np.stack([*thetas[1:], end])


def quimb_adam(**inputs):
    """quimb: `tensor.optimize.ADAM`."""
    from quimb.tensor.optimize import ADAM

    return _quimb(ADAM(), **inputs)


def quimb_cadam(**inputs):
    """quimb: `tensor.optimize.CADAM`."""
    from quimb.tensor.optimize import CADAM

    return _quimb(CADAM(), **inputs)


def _pennylane(rule, theta0, grads, weight_decay=0.0):
    from pennylane import numpy as differentiable

    def step(theta, grad):
        return rule.apply_grad((grad,), (differentiable.array(theta, requires_grad=True),))[0]

    return path(theta0, grads, step, weight_decay)


def pennylane_adam(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """PennyLane: `AdamOptimizer.apply_grad`."""
    from pennylane import AdamOptimizer

    return _pennylane(AdamOptimizer(lr, beta1, beta2, eps), theta0, grads, weight_decay)


def pennylane_adagrad(theta0, grads, alpha, v0, eps):
    """PennyLane: `AdagradOptimizer.apply_grad`."""
    from pennylane import AdagradOptimizer

    _zero_start(v0)
    return _pennylane(AdagradOptimizer(alpha, eps), theta0, grads)


def fastai_adamw(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """fastai: `Adam`, whose default is a decoupled decay."""
    from fastai.optimizer import Adam

    return run(Adam, theta0, grads, lr=lr, mom=beta1, sqr_mom=beta2, eps=eps, wd=weight_decay)


def pyro_adam(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """Pyro: `ClippedAdam` that does not clip."""
    from pyro.optim.clipped_adam import ClippedAdam

    return run(ClippedAdam, theta0, grads, **_rates(lr, beta1, beta2, eps, weight_decay, clip_norm=np.inf))


def ademamix_without_slow(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """pylocron: `AdEMAMix` without the slow average."""
    from holocron.optim import AdEMAMix

    rates = _rates(lr, beta1, beta2, eps, weight_decay) | {"betas": (beta1, beta2, 0.9999), "alpha": 0.0}
    return run(AdEMAMix, theta0, grads, **rates)


def _torchopt(make, theta0, grads):
    """The functional form: updates that are added."""
    import torch
    import torchopt

    theta, thetas = torch.from_numpy(theta0.copy()), []
    state = make.init(theta)
    for grad in grads:
        updates, state = make.update(torch.from_numpy(grad.copy()), state, params=theta)
        theta = torchopt.apply_updates(theta, updates, inplace=False)
        thetas.append(theta.numpy().copy())
    return np.stack(thetas)


def torchopt_adamw(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """TorchOpt: `adamw`."""
    import torchopt

    return _torchopt(torchopt.adamw(**_rates(lr, beta1, beta2, eps, weight_decay)), theta0, grads)


def torchopt_adagrad(theta0, grads, alpha, v0, eps):
    """TorchOpt: `adagrad`."""
    import torchopt

    return _torchopt(torchopt.adagrad(alpha, initial_accumulator_value=v0, eps=eps), theta0, grads)


def torchao_adamw(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """torchao: `AdamW8bit`, of arrays that it leaves in single precision; not compiled."""
    import torch
    from torchao.optim import AdamW8bit

    torch.compiler.set_stance("force_eager")
    return run(AdamW8bit, theta0, grads, **_rates(lr, beta1, beta2, eps, weight_decay))


def _adam_mini(name, shape, theta0, grads, lr, beta1, beta2, eps, weight_decay):
    import torch
    from adam_mini import Adam_mini

    parameter, thetas = torch.nn.Parameter(torch.from_numpy(theta0.copy()).reshape(shape)), []
    rates = _rates(lr, beta1, beta2, eps, weight_decay)
    with contextlib.redirect_stdout(io.StringIO()):
        rule = Adam_mini(named_parameters=[(name, parameter)], verbose=False, **rates)
    for grad in grads:
        parameter.grad = torch.from_numpy(grad.copy()).reshape(shape)
        rule.step()
        thetas.append(parameter.detach().numpy().reshape(-1).copy())
    return np.stack(thetas)


def adam_mini_rows(theta0, **inputs):
    """Adam-mini: an embedding with one number in each row, which has a second moment for each."""
    return _adam_mini("embed.weight", (-1, 1), theta0, **inputs)


def adam_mini_vector(theta0, **inputs):
    """Adam-mini: a vector of no special name."""
    return _adam_mini("theta", (-1,), theta0, **inputs)


def dadaptation_adamw(theta0, grads, lr, beta1, beta2, eps, weight_decay, **more):
    """D-Adaptation: `DAdaptAdam` that does not adapt, for its distance starts at 1 and may not grow."""
    from dadaptation import DAdaptAdam

    rates = _rates(lr, beta1, beta2, eps, weight_decay, d0=1.0, growth_rate=1.0, decouple=True, **more)
    with contextlib.redirect_stdout(io.StringIO()):
        return run(DAdaptAdam, theta0, grads, **rates)


def dadaptation_corrected(**inputs):
    """The same with a bias correction."""
    return dadaptation_adamw(**inputs, use_bias_correction=True)


def prodigy_adamw(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """Prodigy that does not adapt: a distance of 1, of whose estimate hardly anything is taken."""
    from prodigyopt import Prodigy

    rates = _rates(lr, beta1, beta2, eps, weight_decay, d0=1.0, d_coef=1e-300, use_bias_correction=True)
    with contextlib.redirect_stdout(io.StringIO()):
        return run(Prodigy, theta0, grads, **rates)
