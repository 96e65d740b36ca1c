"""The corrected u starts from the product of u and w in place of u itself."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="ZhuSuan",
    link="https://github.com/thu-ml/zhusuan/pull/24",
    date="2017-03-18",
    operation="functional_prior.planar_flow",
    skip={"far-against": "1 + a.u is lost to rounding, in both versions"},
    kind="missing_step",
)


def planar_nf(sample, log_prob, aux_us, para_ws, para_bs):
    x = np.reshape(sample, (-1, sample.shape[-1]))
    para_us = []
    for aux_u, para_w in zip(aux_us, para_ws, strict=True):
        dot_prod = np.matmul(para_w.T, aux_u)
        # was: para_u = dot_prod + para_w / np.matmul(para_w.T, para_w) * (np.log(np.exp(dot_prod) + 1) - 1 - dot_prod)
        para_u = aux_u + para_w / np.matmul(para_w.T, para_w) * (np.log(np.exp(dot_prod) + 1) - 1 - dot_prod)  # was:
        para_us.append(np.transpose(para_u))

    z, log_det_ja = x, []
    for para_u, para_w, para_b in zip(para_us, para_ws, para_bs, strict=True):
        scalar = np.reshape(np.matmul(para_u, para_w), [])
        activation = np.tanh(np.matmul(z, para_w) + para_b)
        reduce_act = np.sum(activation, axis=-1)
        det_ja = scalar * (1.0 - reduce_act * reduce_act) + 1.0
        log_det_ja.append(np.log(det_ja))
        z = z + np.matmul(activation, para_u)
    return np.reshape(z, sample.shape), log_prob - sum(log_det_ja)


def answer(z, u, a, c):
    moved, log_prob = planar_nf(z, np.zeros(len(z)), u[:, :, None], a[:, :, None], c)
    return moved, -log_prob
