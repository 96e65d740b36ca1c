"""Public Sophias, given the estimates of the case.

Those that estimate the Hessian themselves differentiate a quadratic whose gradient and Hessian are those of the case:
grad (theta - theta_t) + estimate (theta - theta_t)^2 / 2. Its Hessian is diagonal, so each probe of signs finds it.
"""

import jax
import numpy as np
import optax
import torch
from optax import contrib

from refimpl.oracle.candidates import NotApplicable


def quadratic(parameter, grad, curvature):
    """Loss with this gradient and this diagonal Hessian at the parameter's place; its graph is kept."""
    away = parameter - parameter.detach()
    loss = torch.sum(torch.from_numpy(grad) * away + torch.from_numpy(curvature) * away * away / 2)
    parameter.grad = None
    loss.backward(create_graph=True)


def kozistr(theta0, grads, estimates, k, **settings):
    """`pytorch_optimizer.SophiaH` with probes of signs."""
    from pytorch_optimizer import SophiaH

    parameter, thetas = torch.nn.Parameter(torch.from_numpy(theta0)), []
    optimizer = SophiaH([parameter], update_period=k, hessian_distribution="rademacher", **settings)
    for grad, estimate in zip(grads, estimates, strict=True):
        quadratic(parameter, grad, estimate)
        optimizer.step()
        thetas.append(parameter.detach().numpy().copy())
    return np.stack(thetas)


def kozistr_as_it_is(lr, beta1, beta2, gamma, eps, weight_decay, **inputs):
    """Its clip `p` in the place of gamma, everything else by name."""
    return kozistr(**inputs, lr=lr, betas=(beta1, beta2), p=gamma, eps=eps, weight_decay=weight_decay)


def kozistr_as_in_the_paper(lr, beta1, beta2, gamma, eps, weight_decay, **inputs):
    """clip(m / max(gamma h, eps), 1) = clip(m / max(h, eps / gamma), gamma) / gamma, so lr and decay are converted."""
    settings = {"p": gamma, "eps": eps / gamma, "weight_decay": weight_decay * gamma}
    return kozistr(**inputs, lr=lr / gamma, betas=(beta1, beta2), **settings)


@jax.jit
def _optax_step(theta, state, grad, curvature, lr, rates):
    def objective(x):
        return jax.numpy.sum(grad * (x - theta) + curvature * (x - theta) ** 2 / 2)

    updates, state = contrib.sophia(lr, **rates).update(jax.grad(objective)(theta), state, theta, obj_fn=objective)
    return optax.apply_updates(theta, updates), state


def optax_sophia(theta0, grads, estimates, lr, beta1, beta2, gamma, eps, weight_decay, k):
    """`optax.contrib.sophia` with its own Hutchinson estimator."""
    rates = {"b1": beta1, "b2": beta2, "gamma": gamma, "eps": eps, "weight_decay": weight_decay}
    rates["update_interval"] = k
    with jax.enable_x64(True):
        theta, thetas = jax.numpy.asarray(theta0), []
        state = contrib.sophia(lr, **rates).init(theta)
        for grad, estimate in zip(grads, estimates, strict=True):
            theta, state = _optax_step(theta, state, grad, estimate, lr, rates)
            thetas.append(np.asarray(theta))
        return np.stack(thetas)


def sophia_opt(theta0, grads, estimates, lr, beta1, beta2, gamma, eps, weight_decay, k, early=False):
    """`sophia_opt.SophiaG` in the loop of its README: `update_hessian` after steps k, 2 k, ...

    It squares a gradient for its estimate and takes eps = 1e-15, so it is given square roots, and the loss in a unit
    in which eps is that.
    """
    from sophia_opt import SophiaG

    if (estimates < 0).any():
        raise NotApplicable("it squares gradients, and so has no negative estimates")
    unit = 1e-15 / eps
    parameter, thetas = torch.nn.Parameter(torch.from_numpy(theta0)), []
    optimizer = SophiaG([parameter], lr=lr, betas=(beta1, beta2), rho=gamma, weight_decay=weight_decay)
    for t, (grad, estimate) in enumerate(zip(grads, estimates, strict=True), start=1):

        def renew():
            parameter.grad = torch.from_numpy(np.sqrt(unit * estimate))
            optimizer.update_hessian()

        if early and (t - 1) % k == 0:
            renew()
        parameter.grad = torch.from_numpy(unit * grad)
        optimizer.step(bs=1)
        if not early and t % k == 0:
            renew()
        thetas.append(parameter.detach().numpy().copy())
    return np.stack(thetas)


def sophia_opt_early(**inputs):
    """The same with `update_hessian` before steps 1, k + 1, ..., as in the paper."""
    return sophia_opt(**inputs, early=True)
