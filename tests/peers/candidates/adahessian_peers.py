"""Public AdaHessians: `trajectory` with the diagonals of the case, `descent` with its quadratics and signs.

They differentiate a quadratic whose gradient and Hessian are those of the case. For `trajectory` its Hessian is
diagonal, so that each probe of signs finds it; for `descent` the signs that they draw are those of the case.
"""

from contextlib import contextmanager, nullcontext
from unittest import mock

import numpy as np
import torch

from refimpl.oracle.candidates import NotApplicable


@contextmanager
def signs_drawn(signs):
    """Every random integer of 0 and 1 that is drawn inside is that of a sign, in the shape that is asked for."""
    bits = torch.from_numpy((signs + 1) / 2)
    draw = lambda low, high, size, **_: bits.reshape(size)
    draw_like = lambda x, low=0, high=None, **_: bits.reshape(x.shape).to(x.dtype)
    with mock.patch.object(torch, "randint", draw), mock.patch.object(torch, "randint_like", draw_like):
        yield


def _steps(make, theta0, losses, signs, shape):
    """Parameters after each step on losses of the flat parameters."""
    parameter, thetas = torch.nn.Parameter(torch.from_numpy(theta0).reshape(shape)), []
    optimizer = make([parameter])
    for loss, drawn in zip(losses, signs, strict=True):
        parameter.grad = None
        loss(parameter.reshape(-1)).backward(create_graph=True)
        with nullcontext() if drawn is None else signs_drawn(drawn):
            optimizer.step()
        thetas.append(parameter.detach().numpy().reshape(-1).copy())
    return np.stack(thetas)


class Peer:
    """A class, the names of its settings, and what it cannot do."""

    def __init__(self, load, *, period="", kernels=False, zero_eps=True, **settings):
        self.load, self.period, self.kernels, self.zero_eps, self.settings = load, period, kernels, zero_eps, settings

    def make(self, lr, beta1, beta2, eps, weight_decay, hessian_power, block=1, period=1):
        settings = {"lr": lr, "betas": (beta1, beta2), "eps": eps, "weight_decay": weight_decay}
        if not 0 < hessian_power <= 1:
            raise NotApplicable(f"it refuses the power {hessian_power:g}")
        if eps == 0 and not self.zero_eps:
            raise NotApplicable("it refuses eps = 0")
        if period > 1 and not self.period:
            raise NotApplicable("it estimates in every step")
        if block > 1 and not self.kernels:
            raise NotApplicable("it has no blocks")
        more = {self.period: period} if period > 1 else {}
        return lambda params: self.load()(params, **settings, hessian_power=hessian_power, **more, **self.settings)

    def trajectory(self, theta0, grads, diagonals, **rates):
        def loss(grad, diagonal):
            start = []

            def value(x):
                start.append(x.detach())
                away = x - start[0]
                return torch.sum(torch.from_numpy(grad) * away + torch.from_numpy(diagonal) * away * away / 2)

            return value

        losses = [loss(*given) for given in zip(grads, diagonals, strict=True)]
        return _steps(self.make(**rates), theta0, losses, [None] * len(grads), theta0.shape)

    def descent(self, hessians, slopes, theta0, signs, block, period, **rates):
        def loss(hessian, slope):
            hessian, slope = torch.from_numpy(hessian), torch.from_numpy(slope)
            return lambda x: x @ hessian @ x / 2 + slope @ x

        d = theta0.shape[0]
        shape = (d,) if block == 1 else (d // block, 1, block, 1)  # a block is a convolution kernel
        losses = [loss(*given) for given in zip(hessians, slopes, strict=True)]
        return _steps(self.make(**rates, block=block, period=period), theta0, losses, signs, shape)


def _kozistr():
    from pytorch_optimizer import AdaHessian

    return AdaHessian


def _jettify():
    from torch_optimizer import Adahessian

    return Adahessian


def _timm():
    from timm.optim import Adahessian

    return Adahessian


kozistr = Peer(_kozistr, period="update_period")
jettify = Peer(_jettify, kernels=True, zero_eps=False)
timm = Peer(_timm, period="update_each")
timm_blocks = Peer(_timm, period="update_each", kernels=True, avg_conv_kernel=True)
