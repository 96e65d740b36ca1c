"""A step of training a pointer network: forward, the gradients that are written out, and clipped Adam, in float32."""

import numpy as np

from benchmarks import _measure
from refimpl.attention import pointer_net as pn
from refimpl.core import random

UNITS, ROWS, POINTS = 48, 64, 10


def batch(points):
    """Points, and all of them as the answer."""
    P = random.uniform(random.stream(0, "pointer_net"), (ROWS, points, 2), like=np.zeros(1, dtype=np.float32))
    return P, np.tile([*range(1, points + 1), 0], (ROWS, 1))


def ours(points):
    """Our step."""
    P, C = batch(points)
    w = pn.init(random.stream(1), UNITS, like=P)
    kept = [w, pn.init_training(w)]

    def step():
        _, grads = pn.value_and_gradients(kept[0], P, C)
        kept[:] = pn.update(*kept, grads, lr=1e-3)

    return step


def theirs(points):
    """The same in PyTorch: two LSTM cells, automatic gradients, its Adam."""
    import torch

    torch.set_num_threads(1)
    P, C = (torch.tensor(x) for x in batch(points))
    reader, writer = torch.nn.LSTM(2, UNITS, batch_first=True), torch.nn.LSTM(2, UNITS, batch_first=True)
    W1, W2 = torch.nn.Linear(UNITS, UNITS, bias=False), torch.nn.Linear(UNITS, UNITS, bias=False)
    v, go, e0 = (torch.nn.Parameter(torch.randn(n) / n) for n in (UNITS, 2, UNITS))
    every = [*reader.parameters(), *writer.parameters(), *W1.parameters(), *W2.parameters(), v, go, e0]
    rule = torch.optim.Adam(every, lr=1e-3)

    def step():
        states, last = reader(P)
        E = torch.cat([e0.expand(ROWS, 1, UNITS), states], dim=1)
        x = torch.cat([go.expand(ROWS, 1, 2), torch.gather(P, 1, (C[:, :-1] - 1)[..., None].expand(-1, -1, 2))], dim=1)
        d, _ = writer(x, last)
        u = torch.tanh(W1(E)[:, None] + W2(d)[:, :, None]) @ v
        loss = torch.nn.functional.cross_entropy(u.flatten(0, 1), C.flatten())
        rule.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(every, 2.0)
        rule.step()

    return step


def run():
    others, missing = _measure.peers({"PyTorch, nn.LSTM and autograd": lambda: theirs(POINTS)})
    steps = {"refimpl": ours(POINTS)} | others
    title = f"pointer network, {UNITS} units, {ROWS} inputs of {POINTS} points, float32, one step of training"
    grown = [_measure.growth("points", [20, 40, 80, 160], ours, 2.0)]
    return [_measure.Workload(title, [*_measure.rows(steps, 20), *missing], grown)]
