"""The closure is wrapped and never called, so that the second step finds the gradients it has just cleared."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="davda54/sam",
    link="https://github.com/davda54/sam/commit/3a6c392b2e0eeecba939c38fa7f4cd30575a04dd",
    date="2021-01-15",
    operation="flat_mtl.network_step",
    kind="missing_step",
)


class Param:
    def __init__(self, data):
        self.data, self.grad = data.copy(), np.zeros_like(data)


def enable_grad(closure):
    def wrapped():
        return closure()

    return wrapped


class SAM:
    """Without its base optimizer; each group of parameters has a norm of its own."""

    def __init__(self, param_groups):
        self.param_groups = param_groups

    def zero_grad(self):
        for params, _ in self.param_groups:
            for p in params:
                p.grad = np.zeros_like(p.data)

    def first_step(self, zero_grad=False):
        for params, rho in self.param_groups:
            grad_norm = np.sqrt(sum(np.sum(p.grad**2) for p in params))
            for p in params:
                p.old = p.data
                p.data = p.data + p.grad * (rho / (grad_norm + 1e-12))
        if zero_grad:
            self.zero_grad()

    def second_step(self):
        for params, _ in self.param_groups:
            for p in params:
                p.data = p.old

    def step(self, closure):
        self.first_step(zero_grad=True)
        closure = enable_grad(closure)  # was: enable_grad(closure)
        closure()  # was:
        self.second_step()


def answer(W, b, V, v, X, Y, rho_sh, rho_ns, eta):
    x, targets = X[0], Y[0]
    shared, gathered = [Param(W), Param(b)], {"sh": [], "ns": [], "sam_sh": [], "sam_ns": []}
    heads = [[Param(V[i]), Param(v[i : i + 1])] for i in range(len(V))]
    for i, head in enumerate(heads):

        def closure(head=head, y=targets[:, i]):
            hidden = np.tanh(x @ shared[0].data + shared[1].data)
            error = 2 * (hidden @ head[0].data + head[1].data - y) / len(y)
            head[0].grad = head[0].grad + error @ hidden
            head[1].grad = head[1].grad + error.sum(keepdims=True)
            back = np.outer(error, head[0].data) * (1 - hidden**2)
            shared[0].grad = shared[0].grad + x.T @ back
            shared[1].grad = shared[1].grad + back.sum(axis=0)

        optimizer = SAM([(shared, rho_sh), (head, rho_ns)])
        optimizer.zero_grad()
        closure()
        for prefix in ("", "sam_"):
            if prefix:
                optimizer.step(closure)
            gathered[prefix + "sh"].append(np.concatenate([p.grad.ravel() for p in shared]))
            gathered[prefix + "ns"].append(np.concatenate([p.grad.ravel() for p in head]))
    loss_sh, loss_ns, sam_sh, sam_ns = (np.stack(g) for g in gathered.values())
    moved = eta * sam_sh.mean(axis=0)
    new_W, new_b = W - moved[: W.size].reshape(W.shape), b - moved[W.size :]
    return loss_sh, loss_ns, sam_sh, sam_ns, new_W, new_b, V - eta * sam_ns[:, :-1], v - eta * sam_ns[:, -1]
