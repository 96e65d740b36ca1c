"""pip backpack-for-pytorch: gradients of single samples, and diagonals of Hessians, of a linear layer."""

import numpy as np
import torch
from backpack import backpack, extend
from backpack.extensions import BatchGrad, DiagHessian

torch.set_default_dtype(torch.float64)


def _layer(W):
    layer = torch.nn.Linear(W.shape[1] - 1, W.shape[0])
    with torch.no_grad():
        layer.weight.copy_(torch.as_tensor(W[:, :-1]))
        layer.bias.copy_(torch.as_tensor(W[:, -1]))
    return extend(layer)


def _targets(W, y):
    """Labels, and the loss that takes them."""
    if len(W) == 1:
        return torch.as_tensor(y, dtype=torch.float64)[:, None], torch.nn.BCEWithLogitsLoss
    return torch.as_tensor(y).long(), torch.nn.CrossEntropyLoss


def _joined(layer, field):
    """Of weights and biases, as one matrix (or one for each sample)."""
    return torch.cat([getattr(layer.weight, field), getattr(layer.bias, field)[..., None]], dim=-1)


def head_stats(W, z, y):
    """Loss, gradient, product, diagonal (BackPACK's `DiagHessian`) and Hessian (PyTorch's own)."""
    layer, (target, loss) = _layer(W), _targets(W, y)
    value = extend(loss())(layer(torch.as_tensor(z)), target)
    with backpack(DiagHessian()):
        value.backward()
    g, D = _joined(layer, "grad"), _joined(layer, "diag_h")
    x = torch.cat([torch.as_tensor(z), torch.ones(len(z), 1)], dim=1)
    plain = lambda V: loss()(x @ V.T, target)
    H = torch.autograd.functional.hessian(plain, torch.as_tensor(W))
    Hg = torch.autograd.functional.hvp(plain, torch.as_tensor(W), g)[1]
    return tuple(part.detach().numpy() for part in (value, g, Hg, D, H))


def fishr(W, z, y, lam, decay, reduction, smoothing):
    """Fishr on BackPACK's `BatchGrad`, whose gradients of samples come divided by their number."""
    memory, found = None, []
    for z_t, y_t in zip(z, y, strict=True):
        layer, features, v = _layer(W), [torch.tensor(z_e, requires_grad=True) for z_e in z_t], []
        for z_e, y_e in zip(features, y_t, strict=True):
            target, loss = _targets(W, y_e)
            value = extend(loss())(layer(z_e), target)
            with backpack(BatchGrad()):
                value.backward(create_graph=True)
            G = len(z_e) * _joined(layer, "grad_batch")
            v.append(((G - G.mean(dim=0)) ** 2).mean(dim=0))
        if smoothing == "yes":
            kept = [decay * m + (1 - decay) * v_e for m, v_e in zip(memory or [0.0] * len(v), v, strict=True)]
            memory, v = [m.detach() for m in kept], [m / (1 - decay) for m in kept]
        off = torch.stack(v) - sum(v) / len(v)
        value = lam * (off**2).sum() / {"norm": len(v), "cmnist": 1, "domainbed": len(v) * W.size}[reduction]
        slopes = torch.autograd.grad(value, [layer.weight, layer.bias, *features])
        dW = torch.cat([slopes[0], slopes[1][:, None]], dim=1)
        found.append([part.detach().numpy() for part in (value, dW, torch.stack(slopes[2:]))])
    return tuple(np.stack(rows) for rows in zip(*found, strict=True))
