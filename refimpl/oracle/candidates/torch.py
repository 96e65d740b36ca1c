"""PyTorch optimizers, driven through an operation that feeds gradients and looks at the parameters."""

import contextlib
import inspect
from typing import Any

import numpy as np

from refimpl.oracle.candidates.base import NotApplicable, arguments_for, due
from refimpl.oracle.candidates.made import Driven

HESSIAN = ("hessian", "hessians", "hess", "hessian_diag", "hessian_diagonal")  # how `step` calls estimates


class TorchOptimizer(Driven):
    """An optimizer class with the interface of `torch.optim.Optimizer`.

    Parameters
    ----------
    thing : type
        Called as ``cls([parameter], **settings)``; then for each gradient ``step()``. All gradients are written into
        one tensor, so that an optimizer that keeps it and not a copy is found out.
    operation, **more
        As for `Driven`.

    Notes
    -----
    A setting that the constructor does not take is left out where the input is 0 and makes the case not applicable
    where it is not.

    An optimizer that needs estimates of the Hessian's diagonal makes them itself, if its source calls `torch.autograd`:
    the gradient is that of the quadratic ``grad (x - x_t) + estimate (x - x_t)^2 / 2``, made with ``create_graph=True``
    (by the closure, where ``step`` insists on one). Its Hessian is diagonal, so any probe of signs finds it; normal
    probes are ones. Any other gets them in the way that it offers, in the steps in which one is due: as the argument
    ``step(hessian=[...])``, or by its method ``update_hessian``, as in the code of Sophia's authors, which squares the
    gradient that it finds (so it is given the root), or else as the attribute ``parameter.hessian``.
    """

    language = "Python (PyTorch)"
    kind, option = "a PyTorch optimizer", "--torch"
    needs = "torch"

    @staticmethod
    def serves(operation):
        """See `InProcess`."""
        return operation.drive is not None

    def answer(self, operation, inputs):
        """See `InProcess`."""
        import torch

        drive = operation.drive
        optional = (drive.period,)  # who is given an estimate knows that it is due
        arguments = arguments_for(self._make, drive.settings, inputs, self._settings, self.name, optional=optional)
        parameter = torch.nn.Parameter(torch.asarray(inputs[drive.params].copy()))
        optimizer = self._make([parameter], **arguments)
        if drive.hessian:
            return self._with_hessian(optimizer, parameter, drive, inputs)
        buffer, thetas = torch.empty_like(parameter.detach()), []
        for grad in inputs[drive.grads]:
            parameter.grad = buffer.copy_(torch.asarray(grad))
            optimizer.step()
            thetas.append(parameter.detach().numpy().copy())
        return np.stack(thetas)

    def _with_hessian(self, optimizer, parameter, drive, inputs):
        """The same for an optimizer that takes estimates, or makes them."""
        from unittest import mock  # which takes a while

        import torch

        takes = inspect.signature(optimizer.step).parameters
        own = _differentiates(self._make)
        keyword = next((name for name in HESSIAN if name in takes and not own), None)
        renew = None if keyword or own else getattr(optimizer, "update_hessian", None)
        needs_closure = "closure" in takes and takes["closure"].default is inspect.Parameter.empty
        period, thetas = inputs.get(drive.period, 1), []
        if renew and (inputs[drive.hessian] < 0).any():
            raise NotApplicable(f"{self.name} squares gradients for its estimates, and this case has negative ones")
        for t, (grad, curvature) in enumerate(zip(inputs[drive.grads], inputs[drive.hessian], strict=True), start=1):
            gradient, estimate = torch.asarray(grad.copy()), torch.asarray(curvature.copy())
            place = parameter.detach().clone()

            def closure(place=place, gradient=gradient, estimate=estimate):
                away = parameter - place
                loss = torch.sum(gradient * away + estimate * away * away / 2)
                parameter.grad = None
                loss.backward(create_graph=True)
                return loss

            is_due = due(t, period)
            parameter.hessian = estimate.clone() if is_due else None
            more: dict[str, Any] = {keyword: [estimate.clone()]} if keyword and is_due else {}
            if renew and is_due:
                parameter.grad = torch.sqrt(estimate)
                renew()
            if renew:  # it makes no use of a graph
                parameter.grad = gradient
            elif needs_closure:
                more["closure"] = closure
            else:
                closure()
            more |= {"bs": 1} if renew and "bs" in takes else {}
            with mock.patch.object(torch, "randn_like", torch.ones_like), mock.patch.object(torch, "randn", torch.ones):
                optimizer.step(**more)
            thetas.append(parameter.detach().numpy().copy())
        return np.stack(thetas)


def _differentiates(cls):
    """Whether the source of a class, or of a class that it inherits from, calls `torch.autograd`."""
    for base in cls.__mro__:
        if base is not object and not base.__module__.startswith("torch."):
            with contextlib.suppress(OSError, TypeError):  # it has no source to look at
                if "autograd" in inspect.getsource(base):
                    return True
    return False
