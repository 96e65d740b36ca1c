"""The cosine is divided by the roots of the norms, which have been drawn already in the norms themselves."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="FastDeploy",
    link="https://github.com/PaddlePaddle/FastDeploy/pull/648",
    date="2022-11-21",
    operation="adaptive_guidance.guide",
    kind="extra_step",
    skip={"huge-and-negative-31cbc3b2": "squares of such entries are no floats"},
)


def cosine_similarity(a, b):
    mul_a = np.linalg.norm(a, ord=2)
    mul_b = np.linalg.norm(b, ord=2)
    mul_ab = np.dot(a, b)
    if mul_a == 0 or mul_b == 0:
        return 0.0
    # was: return mul_ab / (np.sqrt(mul_a) * np.sqrt(mul_b))
    return mul_ab / (mul_a * mul_b)  # was:


def answer(eps_c, eps_u, s):
    guided = eps_u + s * (eps_c - eps_u)
    return guided, np.array([cosine_similarity(c, u) for c, u in zip(eps_c, eps_u, strict=True)])
