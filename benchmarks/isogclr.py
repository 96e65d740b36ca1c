"""A step of iSogCLR beside the plain step of SimCLR and beside LibAUC's loss: forward, gradient, bookkeeping."""

import contextlib
import io
import sys
from pathlib import Path

from benchmarks import _measure
from refimpl.core.random import stream
from refimpl.nested import _isogclr_baselines as baselines
from refimpl.nested import isogclr

BATCH, WIDTH, SAMPLES = 256, 128, 50_000
LIBAUC = Path(__file__).parents[1] / ".peers" / "libauc-2.0.1"


def problem(batch):
    """Embeddings before they are made of length 1, and which samples they are of."""
    rng = stream(0, "isogclr-benchmark")
    U1, U2 = rng.standard_normal((2, batch, WIDTH))
    return U1, U2, rng.permutation(SAMPLES)[:batch]


def with_gradient(U1, U2, slope):
    """Unit rows, the derivative in the similarities, and back to the rows."""
    (Z1, length1), (Z2, length2) = isogclr.unit(U1), isogclr.unit(U2)
    dZ1, dZ2 = isogclr.pull(slope(Z1, Z2), Z1, Z2)
    return isogclr.unit_back(Z1, length1, dZ1), isogclr.unit_back(Z2, length2, dZ2)


def ours(batch):
    """A step of iSogCLR, checks and stored state included."""
    U1, U2, idx = problem(batch)
    state = [isogclr.init(SAMPLES, like=U1)]

    def slope(Z1, Z2):
        found, state[0] = isogclr.update(Z1, Z2, idx, state[0])
        return found.C

    return lambda: with_gradient(U1, U2, slope)


def plain(batch):
    """A step of SimCLR."""
    U1, U2, _ = problem(batch)
    return lambda: with_gradient(U1, U2, lambda Z1, Z2: baselines.nt_xent(Z1, Z2, tau=0.1)[1])


def torch_steps(batch):
    """The same two in PyTorch in double precision, with its automatic differentiation, as far as they are installed."""
    try:
        import torch
    except ModuleNotFoundError:
        return {}
    torch.set_num_threads(_measure.threads())
    U1, U2, idx = problem(batch)
    one, other = (torch.tensor(U, requires_grad=True) for U in (U1, U2))

    def step(loss):
        def run():
            one.grad = other.grad = None
            loss().backward()

        return run

    target, diagonal = (torch.arange(2 * batch) + batch) % (2 * batch), torch.eye(2 * batch, dtype=torch.bool)

    def nt_xent():
        Z = torch.nn.functional.normalize(torch.cat([one, other]))
        return torch.nn.functional.cross_entropy((Z @ Z.T / 0.1).masked_fill(diagonal, -torch.inf), target)

    found = {"PyTorch, NT-Xent by cross_entropy": step(nt_xent)}
    sys.path.insert(0, str(LIBAUC))
    try:
        from libauc.losses.contrastive import GCLoss_v1
    except ModuleNotFoundError:
        return found
    with contextlib.redirect_stdout(io.StringIO()):
        loss = GCLoss_v1(N=SAMPLES, device="cpu", enable_isogclr=True)
    loss.u, loss.learnable_tau, loss.grad_tau = (x.double() for x in (loss.u, loss.learnable_tau, loss.grad_tau))
    indices = torch.tensor(idx)

    def robust():
        value = loss(one, other, indices)
        loss.grad_tau, loss.learnable_tau = loss.grad_tau.detach(), loss.learnable_tau.detach()  # they keep the graph
        return value

    return found | {"LibAUC 2.0.1, GCLoss_v1": step(robust)}


def run():
    steps = {"refimpl, a step of iSogCLR": ours(BATCH), "refimpl, a step of SimCLR": plain(BATCH), **torch_steps(BATCH)}
    moved = 8 * (2 * BATCH) ** 2 * 2  # one matrix of similarities, written once and read once
    return [
        _measure.Workload(
            f"iSogCLR, batches of {BATCH}, {WIDTH} dimensions, {SAMPLES:,} samples, float64",
            [*_measure.rows(steps, 15), _measure.limit(moved, "one matrix of similarities written and read")],
            [_measure.growth("B", [128, 256, 512, 1024], ours, 2.0)],
            "From embeddings to their gradients, without an encoder. What iSogCLR adds to SimCLR is the bookkeeping of "
            "its samples, whose arrays are copied in each step (pure functions); similarities grow with the square of "
            "the batch.",
        )
    ]
