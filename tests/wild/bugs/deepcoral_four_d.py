"""The squared distance of the covariances is divided by 4 d 4, where it should be 4 d d."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="DeepCORAL",
    link="https://github.com/SSARCandy/DeepCORAL/issues/14",
    date="2018-03-14",
    operation="hessian_alignment.baseline",
    kind="wrong_constant",
)


class CORAL:
    """Distance of second-order statistics: forward, then backward."""

    def covariance(self, data):
        xm = np.mean(data, axis=0, keepdims=True) - data
        return xm, np.matmul(np.transpose(xm), xm) / (len(data) - 1)

    def forward(self, source, target):
        d = source.shape[1]
        self.xm, xc = self.covariance(source)
        self.xmt, xct = self.covariance(target)
        self.diff = xc - xct
        self.scale = 1 / (4 * d * d)  # was: self.scale = 1 / (4 * d * 4)
        return np.sum(np.multiply(self.diff, self.diff)) * self.scale

    def backward(self):
        step = 4 * self.scale * self.diff / (len(self.xm) - 1)
        return -self.xm @ step, self.xmt @ step


def answer(W, z, y, lam, kind):
    if kind != "coral":
        raise NotApplicable("the network has this loss alone")
    n, N, d = z.shape
    value, dz = 0.0, np.zeros_like(z)
    weight = 2 * lam / (n * (n - 1))
    for i in range(n):
        for j in range(i + 1, n):
            layer = CORAL()
            # the loss has a quarter which the operation does not have
            value += 4 * weight * layer.forward(z[i], z[j])
            back_i, back_j = layer.backward()
            shift = z[i].mean(axis=0) - z[j].mean(axis=0)
            value += weight * np.mean(shift**2)
            dz[i] += weight * (4 * back_i + 2 * shift / (N * d))
            dz[j] += weight * (4 * back_j - 2 * shift / (N * d))
    return value, 0 * W, dz
