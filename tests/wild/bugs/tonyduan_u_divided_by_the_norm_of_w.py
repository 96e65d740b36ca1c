"""The correction of u along w is divided by the length of w, not by its square."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="tonyduan/normalizing-flows",
    link="https://github.com/tonyduan/normalizing-flows/issues/2",
    date="2020-02-06",
    operation="functional_prior.planar_flow",
    skip={"far-against": "1 + a.u is lost to rounding, in both versions"},
    kind="wrong_scale",
)


class Planar:
    def __init__(self, w, u, b, nonlinearity=np.tanh):
        self.h, self.w, self.u, self.b = nonlinearity, w, u, b

    def constrained_u(self):
        scal = np.log1p(np.exp(self.w @ self.u)) - self.w @ self.u - 1
        # was: return self.u + scal * self.w / np.linalg.norm(self.w)
        return self.u + scal * self.w / np.linalg.norm(self.w) ** 2  # was:

    def forward(self, x):
        u = self.constrained_u()
        lin = (x @ self.w)[:, np.newaxis] + self.b
        z = x + u * self.h(lin)
        phi = (1 - self.h(lin) ** 2) * self.w
        log_det = np.log(np.abs(1 + phi @ u))
        return z, log_det


class NormalizingFlowModel:
    def __init__(self, flows):
        self.flows = flows

    def forward(self, x):
        log_det = np.zeros(len(x))
        for flow in self.flows:
            x, ld = flow.forward(x)
            log_det += ld
        return x, log_det


def answer(z, u, a, c):
    return NormalizingFlowModel([Planar(*layer) for layer in zip(a, u, c, strict=True)]).forward(z)
