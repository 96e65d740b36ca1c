"""The cross-entropy of CLIP is taken over the images for each text, and not also over the texts for each image."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="DALLE-pytorch",
    link="https://github.com/lucidrains/DALLE-pytorch/issues/32",
    date="2021-02-05",
    operation="isogclr.clip",
    kind="missing_step",
)


def cross_entropy(logits, labels):
    """Loss and its gradient in the logits."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    rows = np.arange(len(labels))
    grad = np.exp(log_probs)
    grad[rows, labels] -= 1
    return -log_probs[rows, labels].mean(), grad / len(labels)


class CLIP:
    def __init__(self, temperature):
        self.temp = 1 / temperature

    def forward(self, text_latents, image_latents):
        norms = [np.linalg.norm(latents, axis=-1, keepdims=True) for latents in (text_latents, image_latents)]
        text, image = text_latents / norms[0], image_latents / norms[1]
        sim = text @ image.T * self.temp
        labels = np.arange(len(sim))
        loss, d_sim = cross_entropy(sim, labels)
        loss_i, d_sim_i = cross_entropy(sim.T, labels)  # was:
        loss, d_sim = (loss + loss_i) / 2, (d_sim + d_sim_i.T) / 2  # was:
        d_text, d_image = d_sim @ image * self.temp, d_sim.T @ text * self.temp
        d_text = (d_text - text * (text * d_text).sum(axis=-1, keepdims=True)) / norms[0]
        d_image = (d_image - image * (image * d_image).sum(axis=-1, keepdims=True)) / norms[1]
        return loss, d_text, d_image, -(d_sim * sim).sum() * self.temp


def answer(U1, U2, tau):
    return CLIP(tau).forward(U1, U2)
