"""bitsandbytes on its CPU backend, which computes in float32; of release 0.49.2 its default backend, by its operator.

The classes of 0.49.2 ask for a GPU; the operator under them, which they call on devices without kernels of their
own, runs anywhere.
"""

import bitsandbytes
import numpy as np
import torch
from torch_adam import run

from refimpl.oracle.candidates import NotApplicable

torch.compiler.set_stance("force_eager")  # 0.49.2 would compile its operator


def adagrad(theta0, grads, alpha, v0, eps):
    """`bitsandbytes.optim.Adagrad32bit`."""
    if v0:
        raise NotApplicable("its accumulator starts at 0")
    return run(bitsandbytes.optim.Adagrad32bit, theta0, grads, lr=alpha, eps=eps)


def lion_operator(theta0, grads, lr, beta1, beta2, weight_decay):
    """The operator `bitsandbytes::optimizer_update_32bit` for "lion"."""
    theta = torch.from_numpy(theta0)
    momentum, thetas = torch.zeros_like(theta), []
    for step, grad in enumerate(grads, start=1):
        arrays = (torch.from_numpy(grad), theta, momentum, None, None)
        unused = {"max_unorm": 0.0, "param_norm": 0.0, "beta3": 0.0, "alpha": 0.0, "eps": 0.0, "gnorm_scale": 1.0}
        torch.ops.bitsandbytes.optimizer_update_32bit(
            "lion", *arrays, beta1=beta1, beta2=beta2, weight_decay=weight_decay, step=step, lr=lr, **unused
        )
        thetas.append(theta.numpy().copy())
    return np.stack(thetas)
