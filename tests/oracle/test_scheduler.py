"""The adapter for schedulers: schedulers of a few lines, right and wrong, are judged through it."""

import numpy as np
import pytest

from refimpl.oracle import catalog
from refimpl.oracle.candidates import NotApplicable, Scheduler
from refimpl.oracle.verdict import check

TABLE = catalog.operation("diffusion.table_steps")
CASES = {case.slug: case.inputs for case in TABLE.cases}


class Steps:
    """What the schedulers below have in common: a table, and rows at an equal stride from row 0."""

    def __init__(self, num_train_timesteps, trained_betas):
        self.kept = np.cumprod(1 - np.asarray(trained_betas, dtype=float))
        assert len(self.kept) == num_train_timesteps

    def set_timesteps(self, count):
        self.stride = len(self.kept) // count
        self.timesteps = self.stride * np.arange(count)[::-1]

    def kept_at(self, row):
        return self.kept[row] if row >= 0 else 1.0


class Still(Steps):
    """DDIM without noise; what comes back is a tuple."""

    def step(self, predicted, timestep, sample):
        a, b = self.kept[timestep], self.kept_at(timestep - self.stride)
        clean = (sample - (1 - a) ** 0.5 * predicted) / a**0.5
        return b**0.5 * clean + (1 - b) ** 0.5 * predicted, clean


class Fresh(Steps):
    """DDIM; what comes back is the sample alone."""

    def step(self, predicted, timestep, sample, eta=0.0, variance_noise=None):
        a, b = self.kept[timestep], self.kept_at(timestep - self.stride)
        variance = eta**2 * (1 - b) / (1 - a) * (1 - a / b)
        clean = (sample - (1 - a) ** 0.5 * predicted) / a**0.5
        return b**0.5 * clean + (1 - b - variance) ** 0.5 * predicted + variance**0.5 * variance_noise


class Own(Still):
    """With a table of its own."""

    def __init__(self, num_train_timesteps):
        super().__init__(num_train_timesteps, np.full(num_train_timesteps, 0.1))


class Crowded(Fresh):
    """The fresh noise is added to all of the old."""

    def step(self, predicted, timestep, sample, eta=0.0, variance_noise=None):
        a, b = self.kept[timestep], self.kept_at(timestep - self.stride)
        more = eta * ((1 - b) / (1 - a) * (1 - a / b)) ** 0.5 * variance_noise
        return super().step(predicted, timestep, sample, 0.0, variance_noise) + more


class Ancestral(Steps):
    """DDPM, which draws by itself, with rows that may be any."""

    def __init__(self, num_train_timesteps, trained_betas, variance_type="fixed_small"):
        super().__init__(num_train_timesteps, trained_betas)
        self.large = variance_type == "fixed_large"

    def set_timesteps(self, count=None, timesteps=None):
        self.timesteps = np.arange(count)[::-1] if timesteps is None else np.array(timesteps)

    def step(self, predicted, timestep, sample):
        import torch

        class Output:
            pass

        place = int(np.flatnonzero(self.timesteps == timestep)[0])
        last = place + 1 == len(self.timesteps)
        a, b = self.kept[timestep], 1.0 if last else self.kept[self.timesteps[place + 1]]
        beta = 1 - a / b
        output, v = Output(), beta if self.large else beta * (1 - b) / (1 - a)
        output.prev_sample = (sample - beta / (1 - a) ** 0.5 * predicted) / (a / b) ** 0.5
        if not last:
            output.prev_sample = output.prev_sample + v**0.5 * torch.randn(sample.shape, dtype=sample.dtype)
        return output


def test_it_serves_what_has_a_schedule():
    assert Scheduler(Still).offers(TABLE)
    assert not Scheduler(Still).offers(catalog.operation("diffusion.sampler_step"))
    assert "diffusion.table_steps" in Scheduler.lacks("")


@pytest.mark.torch
@pytest.mark.parametrize("cls", [Fresh, Ancestral])
def test_right_ones_conform_in_both_precisions(cls):
    pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    report = check(Scheduler(cls), TABLE.name, dtypes=("float64", "float32"), explain=0)
    assert report.verdict == "conforms in part"  # it is of one kind
    assert report.counts["passed"] > 5
    assert report.counts["not_applicable"] > 5


@pytest.mark.torch
def test_a_mistake_is_named():
    pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    report = check(Scheduler(Crowded), TABLE.name, explain=0)
    assert report.verdict == "deviates"
    assert report.diagnosis.names == ("fresh_noise_not_made_room_for",)


@pytest.mark.torch
def test_what_it_cannot_be_asked_is_not_applicable():
    pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    ask = lambda scheduler, slug: scheduler.answer(TABLE, CASES[slug])
    assert ask(Scheduler(Still, kind="ddim"), "every-second-ddim").shape == (3, 2, 2)
    for scheduler, slug, message in (
        (Scheduler(Still, kind="ddim"), "every-second-half", "takes no eta, and this case sets it to 0.5"),
        (Scheduler(Still, kind="ddim"), "every-second-ddpm-small", "is ddim"),
        (Scheduler(Still), "every-second-ddpm-small", "say which kind it is"),
        (Scheduler(Still), "every-second-ddim", "is no ddim"),
        (Scheduler(Fresh), "every-second-ddpm-small", "is no ddpm_small"),
        (Scheduler(Own, kind="ddim"), "every-second-ddim", "takes no trained_betas"),
        (Scheduler(Fresh), "uneven-ddim", "cannot be asked for the rows 5, 3, 2, 0"),
    ):
        with pytest.raises(NotApplicable, match=message):
            ask(scheduler, slug)
