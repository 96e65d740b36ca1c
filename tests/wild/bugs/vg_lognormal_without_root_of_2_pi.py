"""The density of the log-normal law lacks the root of 2 pi."""

import math

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="vg",
    language="C++",
    link="https://github.com/vgteam/vg/pull/3757",
    date="2022-10-13",
    operation="scale_mixture_nngp.scale_law",
    kind="wrong_scale",
)


def normal_pdf(x, m, s):
    root_2pi = math.sqrt(2.0 * math.pi)
    a = (x - m) / s
    return math.exp(-a * a / 2.0) / (s * root_2pi)


def lognormal_pdf(x, mu, sigma):
    root_2pi = math.sqrt(2.0 * math.pi)
    density = 0.0
    if x > 0.0:
        z = (math.log(x) - mu) / sigma
        # was: density = math.exp(-z * z / 2.0) / (sigma * x)
        density = math.exp(-z * z / 2.0) / (sigma * x * root_2pi)  # was:
    return density


def answer(law, p, q, s, u):
    if law != "log_normal":
        raise NotApplicable("vg has this law alone")
    return {"log_density": np.array([math.log(lognormal_pdf(x, p, q)) for x in s])}
