"""The input gate is added to the new content where it should be multiplied with it."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="torchrecurrent",
    link="https://github.com/MartinuzziFrancesco/torchrecurrent/issues/22",
    date="2025-07-29",
    operation="pointer_net.lstm_step",
    kind="wrong_order",
)


def sigmoid(x):
    return np.exp(-np.logaddexp(0.0, -x))


class LSTMCell:
    def __init__(self, weight, bias, input_size):
        self.weight_ih, self.weight_hh = weight[:input_size], weight[input_size:]
        self.bias = bias

    def forward(self, inp, state):
        gates = inp @ self.weight_ih + state[0] @ self.weight_hh + self.bias
        input_gate, forget_gate, output_gate, cell_gate = np.split(gates, 4, axis=1)
        # was: new_memory = sigmoid(input_gate) + np.tanh(cell_gate)
        new_memory = sigmoid(input_gate) * np.tanh(cell_gate)  # was:
        new_cstate = sigmoid(forget_gate) * state[1] + new_memory
        new_state = sigmoid(output_gate) * np.tanh(new_cstate)
        return new_state, new_cstate


def answer(x, h, c, W, b):
    return LSTMCell(W, b, x.shape[1]).forward(x, (h, c))
