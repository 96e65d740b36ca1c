"""PyTorch's automatic differentiation on the two-layer linear network: gradient and Hessian from its loss alone."""

import torch


def model_step(b, b_o, c, beta, alpha, eta):
    """The population's loss, its derivatives by `torch.autograd`, and a step of `torch.optim.SGD`."""
    b, b_o, beta = (torch.from_numpy(v) for v in (b, b_o, beta))
    d1, d2 = len(b), len(b_o)

    def loss(v):
        use = v[-1] * v[d1:-1].sum() / d2**0.5
        return 0.5 * (v[-1] * v[:d1] - beta).square().sum() + 0.5 * alpha * use.square()

    flat = torch.cat([b, b_o, torch.tensor([c], dtype=b.dtype)]).requires_grad_()
    value, hessian = loss(flat), torch.autograd.functional.hessian(loss, flat.detach())
    value.backward()
    grad = flat.grad.clone()
    torch.optim.SGD([flat], lr=eta).step()
    moved = flat.detach()
    parts = value.detach(), grad[:d1], grad[d1:-1], grad[-1], hessian, moved[:d1], moved[d1:-1], moved[-1]
    return tuple(part.numpy() for part in parts)
