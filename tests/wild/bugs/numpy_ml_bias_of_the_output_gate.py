"""The forget gate and the update gate are given the bias of the output gate."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="numpy-ml",
    link="https://github.com/ddbourgin/numpy-ml/issues/42",
    date="2019-12-19",
    operation="pointer_net.lstm_step",
    kind="wrong_constant",
)


class LSTMCell:
    def __init__(self, W, b):
        names = ("u", "f", "o", "c")
        self.parameters = {"W" + n: part for n, part in zip(names, np.split(W, 4, axis=1), strict=True)}
        self.parameters |= {"b" + n: part for n, part in zip(names, np.split(b, 4), strict=True)}

    @staticmethod
    def gate_fn(z):
        return 0.5 * (1 + np.tanh(z / 2))

    def forward(self, Xt, hidden, cell):
        p = self.parameters
        Zt = np.hstack([Xt, hidden])
        _Go = Zt @ p["Wo"] + p["bo"]
        _Gf = Zt @ p["Wf"] + p["bf"]  # was: _Gf = Zt @ p["Wf"] + p["bo"]
        _Gu = Zt @ p["Wu"] + p["bu"]  # was: _Gu = Zt @ p["Wu"] + p["bo"]
        _Gc = Zt @ p["Wc"] + p["bc"]
        Gf, Gu, Go = self.gate_fn(_Gf), self.gate_fn(_Gu), self.gate_fn(_Go)
        Ct = Gu * np.tanh(_Gc) + Gf * cell
        At = Go * np.tanh(Ct)
        return At, Ct


def answer(x, h, c, W, b):
    return LSTMCell(W, b).forward(x, h, c)
