"""Schedulers with a table of betas and a `step`, as in `diffusers`, driven along rows with given predictions."""

import inspect
from typing import Any

import numpy as np

from refimpl.oracle.candidates.base import NotApplicable
from refimpl.oracle.candidates.made import Made

VARIANCES = {"ddpm_large": "fixed_large", "ddpm_small": "fixed_small"}
SPACINGS = ("leading", "trailing", "linspace")


class Scheduler(Made):
    """A scheduler class with the interface of `diffusers`.

    Parameters
    ----------
    thing : type
        Called as ``thing(num_train_timesteps=M, trained_betas=betas, **settings)``, `trained_betas` at least;
        then ``set_timesteps(N)`` and, for each of its `timesteps`, ``step(predicted, timestep, sample)``, which returns
        an object with `prev_sample`, a tuple that begins with that, or that alone. All are PyTorch tensors.
    kind : str, optional
        Which rule it is, "ddpm_large", "ddpm_small" or "ddim". Default: "ddim" if `step` takes `eta`, else the other
        two, if the constructor takes `variance_type`.
    **more
        Settings, name and repro, as for `Made`.

    Notes
    -----
    `clip_sample` is False and `prediction_type` "epsilon", if the constructor takes them. It is asked for the rows of a
    case by each `timestep_spacing` that it knows, or as ``set_timesteps(timesteps=...)``; rows that it cannot be asked
    for are not applicable. Draws are given as `variance_noise`, or in place of what ``torch.randn`` and
    ``torch.randn_like`` return during the step.
    """

    language = "Python (scheduler)"
    kind, option = "a scheduler", "--scheduler"
    needs = "torch"

    def __init__(self, thing, *, kind=None, **more):
        super().__init__(thing, **more)
        self._rule = kind

    @staticmethod
    def serves(operation):
        """See `InProcess`."""
        return operation.schedule is not None

    def answer(self, operation, inputs):
        """See `InProcess`."""
        from unittest import mock  # which takes a while

        import torch

        plan = operation.schedule
        kind, rows = inputs[plan.kind], [int(i) for i in inputs[plan.rows]]
        takes = inspect.signature(self._make.step).parameters
        scheduler, steps = self._made(kind, inputs[plan.betas], rows, takes), []
        x = torch.asarray(inputs[plan.start].copy())
        if inputs[plan.eta] and kind == "ddim" and "eta" not in takes:
            raise NotApplicable(f"the step of {self.name} takes no eta, and this case sets it to {inputs[plan.eta]}")
        for row, eps, xi in zip(rows, inputs[plan.model], inputs[plan.noise], strict=True):
            noise = torch.asarray(xi.copy())
            more: dict[str, Any] = {"eta": inputs[plan.eta]} if kind == "ddim" and "eta" in takes else {}
            more |= {"variance_noise": noise} if "variance_noise" in takes else {}
            draw = mock.Mock(return_value=noise)
            with mock.patch.object(torch, "randn", draw), mock.patch.object(torch, "randn_like", draw):
                found = scheduler.step(torch.asarray(eps.copy()), row, x, **more)
            x = getattr(found, "prev_sample", found)
            x = x[0] if isinstance(x, tuple) else x
            steps.append(torch.as_tensor(x).detach().numpy().copy())
        return np.stack(steps)

    def _made(self, kind, betas, rows, takes):
        """A scheduler of this kind that visits these rows."""
        words = inspect.signature(self._make).parameters
        known: dict[str, Any] = {}
        if self._rule is None and ("eta" in takes) != (kind == "ddim"):
            raise NotApplicable(f"{self.name} is no {kind}")
        if self._rule not in (None, kind):
            raise NotApplicable(f"{self.name} is {self._rule}")
        if "variance_type" in words and kind in VARIANCES:
            known["variance_type"] = VARIANCES[kind]
        elif self._rule is None and kind in VARIANCES and "variance_type" not in self._settings:
            raise NotApplicable(f"{self.name} takes no variance_type: say which kind it is")
        if "trained_betas" not in {*words, *self._settings}:
            raise NotApplicable(f"{self.name} takes no trained_betas: its table would be another")
        known |= {"num_train_timesteps": len(betas), "trained_betas": betas.copy(), "clip_sample": False}
        known["prediction_type"] = "epsilon"
        known = {word: value for word, value in known.items() if word in words} | self._settings
        fixed = "timestep_spacing" not in words or "timestep_spacing" in known
        for spacing in (None,) if fixed else SPACINGS:
            scheduler = self._make(**known, **({} if spacing is None else {"timestep_spacing": spacing}))
            scheduler.set_timesteps(len(rows))
            if [int(i) for i in scheduler.timesteps] == rows:
                return scheduler
        if "timesteps" in inspect.signature(self._make.set_timesteps).parameters:
            scheduler.set_timesteps(timesteps=rows)
            return scheduler
        raise NotApplicable(f"{self.name} cannot be asked for the rows {', '.join(map(str, rows))}")
