"""PyTorch: a two-layer network, its loss differentiated by autograd, and its tangent kernel by `torch.func.jacrev`."""

import math

import numpy as np
import torch


def _tensors(*arrays):
    return (torch.from_numpy(np.array(x)) for x in arrays)


def _outputs(W, a, Z):
    return torch.relu(Z @ W.T) @ a / math.sqrt(len(W))


def _steps(W, a, Z, Y, eta, steps):
    """Residuals of the last step before it, and the losses."""
    W.requires_grad_()
    optimizer, losses, residuals = torch.optim.SGD([W], lr=eta), [], None
    for _ in range(steps):
        optimizer.zero_grad()
        residuals = _outputs(W, a, Z) - Y
        loss = residuals.square().sum() / (2 * len(Z))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return residuals.detach().numpy(), np.array(losses, dtype=Z.numpy().dtype)


def gd_step(W, a, Z, Y, eta):
    """One step."""
    W, a, Z, Y = _tensors(W, a, Z, Y)
    residuals, losses = _steps(W, a, Z, Y, eta, 1)
    return W.detach().numpy(), residuals, losses[0]


def train(W, a, Z, Y, Z_test, eta, steps):
    """Steps from the mirrored start."""
    W, a, Z, Y, Z_test = _tensors(W, a, Z, Y, Z_test)
    W, a = torch.cat([W, W]), torch.cat([a, -a])
    _, losses = _steps(W, a, Z, Y, eta, steps)
    return _outputs(W.detach(), a, Z_test).numpy(), losses


def empirical_kernel(W, a, Z, Z2):
    """Inner products of derivatives."""
    W, a, Z, Z2 = _tensors(W, a, Z, Z2)
    J, J2 = (torch.func.jacrev(lambda W, inputs=inputs: _outputs(W, a, inputs))(W).flatten(2) for inputs in (Z, Z2))
    return torch.einsum("niw,kjw->nikj", J, J2).numpy()
