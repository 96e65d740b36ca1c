"""One step of every optimizer of the chapter on 20 million parameters, checks of the arguments included."""

from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from benchmarks import _measure
from refimpl.core import _loops, elementwise, random
from refimpl.optimizers import adadagrad, adahessian, adamw, diffgrad, lion, sophia

SIZE = 20_000_000
REPEATS = 11
GOAL = 0.5  # share of the bandwidth limit
DONATED, PURE = "refimpl, memory given up (donate=True)", "refimpl, pure"
ALONE = "refimpl, memory given up, without Numba"
LIMIT, COPY = "bandwidth limit", "limit of a copy"  # of arrays updated in place; of one copied into another


class Peer(NamedTuple):
    """An optimizer class of PyTorch's kind."""

    who: str
    path: str  # "module:Class"
    settings: dict[str, Any]
    hessian: bool = False  # whether `step` is given one


class Method(NamedTuple):
    """A step of ours, and whom to set beside it."""

    title: str
    module: Any
    moved: tuple[int, int]  # arrays that have to be read, written
    rates: dict[str, Any]
    peers: tuple[Peer, ...] = ()
    update: str = "update"
    init: str = "init"
    estimate: bool = False  # whether the step is given one of the Hessian's diagonal
    refreshed: bool = True  # whether it is given in the measured steps
    note: str = ""

    def step(self, size, dtype, donate):
        """Ours, which starts where the last one ended."""
        params, grad, given = self._draw(size, dtype)
        update = partial(getattr(self.module, self.update), donate=donate, **self.rates)
        last = list(update(params, getattr(self.module, self.init)(params), grad, *given))
        given = given if self.refreshed else ()

        def step():
            last[:] = update(*last, grad, *given)

        return step

    def held(self, size, dtype):
        """The pure step with its arguments kept, so that the memory of its results is not taken for temporaries."""
        params, grad, given = self._draw(size, dtype)
        state = getattr(self.module, self.init)(params)
        given = given if self.refreshed else ()
        return lambda: getattr(self.module, self.update)(params, state, grad, *given, **self.rates)

    def _draw(self, size, dtype):
        rng, like = random.stream(0, "benchmark", self.title), np.zeros(1, dtype)
        params, grad, estimate = (random.normal(rng, (size,), like=like) for _ in range(3))
        return params, grad, (np.abs(estimate),) if self.estimate else ()


def without_numba(step):
    """A step as it is where Numba is not installed."""

    def run():
        found, _loops.numba = _loops.numba, lambda: None
        try:
            step()
        finally:
            _loops.numba = found

    return run


def peer_step(peer, method, size, dtype):
    """The step of a PyTorch optimizer, as it comes, in place, on one tensor."""
    import torch

    torch.set_num_threads(elementwise.threads())
    module, name = peer.path.split(":")
    params = torch.nn.Parameter(torch.randn(size, dtype=getattr(torch, dtype)))
    params.grad = torch.randn_like(params)
    optimizer = getattr(import_module(module), name)([params], **peer.settings)
    given = {"hessian": [torch.rand_like(params)]} if peer.hessian else {}
    optimizer.step(**given)
    given = given if method.refreshed else {}

    def step():
        optimizer.step(**given)  # returns None: nothing to hold

    return step


ADAM = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8}
MULTI, FUSED = {"foreach": True}, {"fused": True}
SOPHIA_PEERS = (
    Peer(
        "pytorch_optimizer.SophiaH (multi-tensor)",
        "pytorch_optimizer:SophiaH",
        {"lr": 1e-3, "weight_decay": 0.1, "update_period": 10**9} | MULTI,
        hessian=True,
    ),
)
SOPHIA_NOTE = "SophiaH clips the quotient instead of the momentum, for the same traffic."

METHODS = (
    Method(
        "Lion",
        lion,
        (3, 2),
        {"lr": 1e-4, "weight_decay": 0.1},
        (
            Peer("lion-pytorch", "lion_pytorch:Lion", {"lr": 1e-4, "weight_decay": 0.1}),
            Peer(
                "pytorch_optimizer.Lion (multi-tensor)",
                "pytorch_optimizer:Lion",
                {"lr": 1e-4, "weight_decay": 0.1} | MULTI,
            ),
        ),
        note="torch.optim has no Lion.",
    ),
    Method(
        "AdamW",
        adamw,
        (4, 3),
        {"lr": 1e-3, "weight_decay": 0.1},
        (
            Peer("torch.optim.AdamW (multi-tensor)", "torch.optim:AdamW", ADAM | {"weight_decay": 0.1} | MULTI),
            Peer("torch.optim.AdamW (fused)", "torch.optim:AdamW", ADAM | {"weight_decay": 0.1} | FUSED),
            Peer("pytorch_optimizer.AdamW", "pytorch_optimizer:AdamW", ADAM | {"weight_decay": 0.1}),
        ),
    ),
    Method(
        "diffGrad",
        diffgrad,
        (5, 4),
        {"lr": 1e-3},
        (
            Peer("pytorch_optimizer.DiffGrad (multi-tensor)", "pytorch_optimizer:DiffGrad", ADAM | MULTI),
            Peer("torch_optimizer.DiffGrad", "torch_optimizer:DiffGrad", ADAM),
        ),
        note="torch.optim has no diffGrad.",
    ),
    Method(
        "AdaHessian, given the Hessian's diagonal",
        adahessian,
        (5, 3),
        {"lr": 0.1},
        (
            Peer(
                "pytorch_optimizer.AdaHessian (multi-tensor)",
                "pytorch_optimizer:AdaHessian",
                {"lr": 0.1, "betas": (0.9, 0.999)} | MULTI,
                hessian=True,
            ),
        ),
        estimate=True,
        note="torch.optim has no AdaHessian.",
    ),
    Method(
        "Sophia, refreshed with a given diagonal",
        sophia,
        (5, 3),
        {"lr": 1e-3, "weight_decay": 0.1},
        SOPHIA_PEERS,
        estimate=True,
        note=SOPHIA_NOTE,
    ),
    Method(
        "Sophia, between refreshes",
        sophia,
        (4, 2),
        {"lr": 1e-3, "weight_decay": 0.1},
        SOPHIA_PEERS,
        estimate=True,
        refreshed=False,
        note=SOPHIA_NOTE,
    ),
    Method(
        "AdaGrad",
        adadagrad,
        (3, 2),
        {"alpha": 0.01},
        (
            Peer("torch.optim.Adagrad (multi-tensor)", "torch.optim:Adagrad", {"lr": 0.01} | MULTI),
            Peer("torch.optim.Adagrad (fused)", "torch.optim:Adagrad", {"lr": 0.01} | FUSED),
        ),
    ),
    Method(
        "AdaGrad-Norm",
        adadagrad,
        (3, 1),
        {"alpha": 0.01},
        update="norm_update",
        init="norm_init",
        note="The gradient is read twice, first for its norm. No public implementation is known to us.",
    ),
)


def verdict(rows, limits):
    """The goals, and whether the first row meets them: half of the limit, ahead of every multi-tensor step."""
    ours = rows[0].best
    share, beside_copy = (row.best / ours for row in limits)
    sentence = (
        f"Goals: {GOAL:g} of the bandwidth limit, {'met' if share >= GOAL else 'missed'} with {share:.2f} "
        f"({beside_copy:.2f} of the limit of a copy)"
    )
    multi = [row.best for row in rows if "(multi-tensor)" in row.who]
    if multi:
        faster = min(multi) / ours
        sentence += f"; ahead of every multi-tensor step, {'met' if faster > 1 else 'missed'} with {faster:.2f} times"
        for row in rows:
            if row.who == ALONE:
                sentence += f" (without Numba {min(multi) / row.best:.2f})"
    return sentence + "."


def measure(method, size, dtype, repeats=REPEATS):
    """The workload of one method in one precision."""
    makers: dict[str, Any] = {peer.who: partial(peer_step, peer, method, size, dtype) for peer in method.peers}
    theirs, missing = _measure.peers(makers)
    donated, pure = method.step(size, dtype, True), method.step(size, dtype, False)
    steps = {DONATED: donated, PURE: pure} | ({ALONE: without_numba(donated)} if _loops.numba() else {}) | theirs
    # In turn with the steps, so that a busy machine slows all.
    traffic = {LIMIT: _measure.Traffic(in_place=True), COPY: _measure.Traffic(in_place=False)}
    *timed, in_place, copied = _measure.rows(steps | traffic, repeats, held={**steps, PURE: method.held(size, dtype)})
    read, written = method.moved
    nbytes = (read + written) * size * np.dtype(dtype).itemsize
    limits = []
    for row in (in_place, copied):
        assert row.best  # for the type checker
        assert row.median
        rate = traffic[row.who].nbytes / row.best
        note = f"{read} arrays read, {written} written, at {rate / 1e9:.0f} GB/s"
        limits.append(_measure.Row(row.who, nbytes / rate, nbytes * row.median / traffic[row.who].nbytes, note=note))
    sizes = [size // 8, size // 4, size // 2, size]
    grown = _measure.growth("d", sizes, lambda d: method.step(d, dtype, True), 1.0)
    return _measure.Workload(
        f"{method.title}, {size:,} parameters, {dtype}",
        [*timed, *missing, *limits],
        [grown],
        " ".join(filter(None, (verdict(timed, limits), method.note))),
    )


def run(size=SIZE):
    return [measure(method, size, dtype) for method in METHODS for dtype in ("float32", "float64")]
