"""At scales of guidance up to 1 the conditional output is returned, and the unconditional one is not asked."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="torchebm",
    link="https://github.com/soran-ghaderi/torchebm/pull/270",
    date="2026-08-30",
    operation="adaptive_guidance.guide",
    kind="extra_step",
)


class LabelClassifierFreeGuidance:
    def __init__(self, base, null_label_id, cfg_scale):
        self.base, self.null_label_id, self.cfg_scale = base, null_label_id, cfg_scale

    def __call__(self, x, y):
        # was: if self.cfg_scale <= 1.0: return self.base(x, y)
        cond = self.base(x, y)
        uncond = self.base(x, np.full_like(y, self.null_label_id))
        return uncond + self.cfg_scale * (cond - uncond)


def cosine_similarity(x1, x2):
    def unit(x):
        x = x / np.maximum(np.abs(x).max(axis=1, keepdims=True), np.finfo(float).tiny)
        return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), np.finfo(float).tiny)

    return np.sum(unit(x1) * unit(x2), axis=1)


def answer(eps_c, eps_u, s):
    base = lambda x, y: np.where((y == 0)[:, None], eps_c, eps_u)
    guided = LabelClassifierFreeGuidance(base, null_label_id=1, cfg_scale=s)
    return {"eps": guided(None, np.zeros(len(eps_c), int)), "cosine": cosine_similarity(eps_c, eps_u)}
