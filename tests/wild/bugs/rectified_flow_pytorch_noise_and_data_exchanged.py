"""Noise and data change places in the point between them, while the flow still goes from the noise to the data."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="rectified-flow-pytorch",
    link="https://github.com/lucidrains/rectified-flow-pytorch/commit/607395a16774215ee4363e211ecbbe5ffac3c69d",
    date="2025-06-11",
    operation="interpolants.interpolate",
    kind="wrong_order",
)


def append_dims(t, ndims):
    return t.reshape(*t.shape, *((1,) * ndims))


class NanoFlow:
    def __init__(self, sigma=None):
        self.sigma = sigma  # noise between the ends, and how it changes

    def noised(self, noise, data, times):
        padded_times = append_dims(times, data.ndim - 1)
        flow = data - noise
        # was: noised_data = noise * padded_times + data * (1.0 - padded_times)
        noised_data = noise * (1.0 - padded_times) + data * padded_times  # was:
        return flow, noised_data, padded_times


def answer(x0, x1, z, t, path, gamma, a):
    flow_model = NanoFlow()
    if path == "one_sided_linear":
        flow, noised_data, times = flow_model.noised(z, x1, t)
        with np.errstate(divide="ignore"):
            return noised_data, np.broadcast_to(x1, z.shape), flow, -z / (1 - times), z
    flow, noised_data, times = flow_model.noised(x0, x1, t)
    if gamma == "zero":
        with np.errstate(divide="ignore", invalid="ignore"):
            return noised_data, flow, flow, -z / np.zeros_like(z), z
    spread = np.sqrt(a * times * (1 - times))
    slope = a * (1 - 2 * times) / (2 * spread)
    return noised_data + spread * z, flow, flow + slope * z, -z / spread, z
