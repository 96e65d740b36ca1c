"""pip denoising-diffusion-pytorch: the guidance of its network, for given predictions."""

from types import SimpleNamespace

import numpy as np
import torch
from parts import bare

bare("denoising_diffusion_pytorch")  # itself it asks for what training alone needs
from denoising_diffusion_pytorch.classifier_free_guidance import Unet  # noqa: E402


def _guided(eps_c, eps_u, s, **options):
    with_label, without = (torch.from_numpy(np.array(x)) for x in (eps_c, eps_u))
    network = SimpleNamespace(forward=lambda cond_drop_prob: without if cond_drop_prob else with_label)
    found = Unet.forward_with_cond_scale(network, cond_scale=s, **options)
    return {"eps": (found[0] if isinstance(found, tuple) else found).numpy()}


def guide(eps_c, eps_u, s):
    """As it comes."""
    return _guided(eps_c, eps_u, s)


def whole(eps_c, eps_u, s):
    """With all of the difference."""
    return _guided(eps_c, eps_u, s, remove_parallel_component=False)
