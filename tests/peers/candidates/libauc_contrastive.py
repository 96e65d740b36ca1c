"""pip libauc: `GCLoss_v1` and `GCLoss_v2` as they are constructed, what they keep set to what the case says.

They hold s itself, 0 before the first visit. They do not clip the derivative in tau; where it is beyond the bound of a
case, that is done here.
"""

import contextlib
import io

import numpy as np
import torch
from libauc.losses.contrastive import GCLoss_v1, GCLoss_v2

from refimpl.oracle.candidates import NotApplicable


def _made(kind, n, rates):
    """A loss; it prints when it is made."""
    names = ("gamma", "beta", "eta", "rho", "tau_min", "tau_max")
    with contextlib.redirect_stdout(io.StringIO()):
        return kind(N=n, device="cpu", enable_isogclr=True, **{name: rates[name] for name in names})


def _column(x):
    return torch.from_numpy(np.array(x)).reshape(-1, 1)


def _plain(x):
    return x.detach().numpy().reshape(-1).copy()


def _clipped(old_tau, old_u, new_tau, new_u, idx, clip, rates):
    """What tau and u are if the derivative is clipped."""
    derivative = (new_u[idx] - (1 - rates["beta"]) * old_u[idx]) / rates["beta"]
    beyond = idx[np.abs(derivative) > clip * (1 + 1e-9)]
    bound = np.sign(derivative[np.abs(derivative) > clip * (1 + 1e-9)]) * clip
    new_u[beyond] = (1 - rates["beta"]) * old_u[beyond] + rates["beta"] * bound
    new_tau[beyond] = np.clip(old_tau[beyond] - rates["eta"] * new_u[beyond], rates["tau_min"], rates["tau_max"])
    return new_tau, new_u


def _similarities_alone(exponent):
    if exponent != "S":
        raise NotApplicable("it has the similarity alone in the exponent")


def step(U1, U2, idx, log_s, tau, u, seen, clip, exponent, **rates):
    """One forward and backward pass of `GCLoss_v1`."""
    _similarities_alone(exponent)
    loss, idx = _made(GCLoss_v1, len(tau), rates), idx.astype(int)
    loss.u, loss.learnable_tau, loss.grad_tau = _column(np.exp(log_s) * seen), _column(tau), _column(u)
    one, other = (torch.from_numpy(U).requires_grad_() for U in (U1, U2))
    value = loss(one, other, torch.from_numpy(idx))
    value.backward()
    tau, u = _clipped(tau, u, _plain(loss.learnable_tau), _plain(loss.grad_tau), idx, clip, rates)
    s = _plain(loss.u)
    new_log_s = np.where(s > 0, np.log(np.where(s > 0, s, 1.0)), log_s)
    return value.item(), one.grad.numpy(), other.grad.numpy(), new_log_s, tau, u


def steps(U1, U2, idx, tau0, clip, exponent, **rates):
    """Batch after batch."""
    _similarities_alone(exponent)
    loss, taus, losses = _made(GCLoss_v1, len(tau0), rates), [], []
    loss.u, loss.learnable_tau, loss.grad_tau = _column(0 * tau0), _column(tau0), _column(0 * tau0)
    for rows1, rows2, batch in zip(U1, U2, idx.astype(int), strict=True):
        tau, u = _plain(loss.learnable_tau), _plain(loss.grad_tau)
        with torch.no_grad():
            losses.append(loss(torch.from_numpy(rows1), torch.from_numpy(rows2), torch.from_numpy(batch)).item())
        tau, u = _clipped(tau, u, _plain(loss.learnable_tau), _plain(loss.grad_tau), batch, clip, rates)
        loss.learnable_tau, loss.grad_tau = _column(tau), _column(u)
        taus.append(tau)
    return np.stack(taus), np.array(losses)


def _pairs(U1, U2, idx, clip, scale, **inputs):
    rates = {name: inputs[name] for name in ("gamma", "beta", "eta", "rho", "tau_min", "tau_max")}
    loss, idx = _made(GCLoss_v2, len(inputs["tau1"]), rates), idx.astype(int)
    for side, name in ((1, "img"), (2, "txt")):
        setattr(loss, f"u{side}", _column(np.exp(inputs[f"log_s{side}"]) * inputs[f"seen{side}"]))
        setattr(loss, f"b{side}", _column(0 * inputs[f"tau{side}"]))
        setattr(loss, f"learnable_tau_{name}", _column(inputs[f"tau{side}"]))
        setattr(loss, f"grad_tau_{name}", _column(inputs[f"u{side}"]))
    one, other = (torch.from_numpy(U).requires_grad_() for U in (U1, U2))
    unit = torch.nn.functional.normalize  # it takes rows of length 1
    value = scale * loss(unit(one), unit(other), torch.from_numpy(idx))[0]
    value.backward()
    after = []
    for side, name in ((1, "img"), (2, "txt")):
        s, b = _plain(getattr(loss, f"u{side}")), _plain(getattr(loss, f"b{side}"))
        log_s = np.where(s > 0, np.log(np.where(s > 0, s, 1.0)) + b, inputs[f"log_s{side}"])
        old = inputs[f"tau{side}"], inputs[f"u{side}"]
        new = _plain(getattr(loss, f"learnable_tau_{name}")), _plain(getattr(loss, f"grad_tau_{name}"))
        after += [log_s, *_clipped(*old, *new, idx, clip, rates)]
    return value.item(), one.grad.numpy(), other.grad.numpy(), *after


def bimodal_step(**inputs):
    """`GCLoss_v2` as it comes."""
    return _pairs(**inputs, scale=1.0)


def bimodal_step_scaled(**inputs):
    """The same with its loss times 2 / (B - 1): the mean over the negatives, the sum of the sides."""
    return _pairs(**inputs, scale=2 / (len(inputs["U1"]) - 1))
