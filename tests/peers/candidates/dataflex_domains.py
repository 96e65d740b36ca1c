"""pip dataflex: the step of its DoReMi from excess losses to weights of domains."""

from types import SimpleNamespace

import numpy as np
from parts import absent, bare

bare("dataflex", "dataflex.train", "dataflex.train.mixer")
absent("apex", "accelerate", "accelerate.utils", "transformers", "transformers.trainer_utils", "datasets")

from dataflex.train.mixer.doremi_mixer import DoremiMixer  # noqa: E402


def mirror_step(alpha, scores, eta, floor):
    """Every domain has data; the least weight is its smoothing over their number."""
    k = len(alpha)
    mixer = DoremiMixer(SimpleNamespace(names=[*range(k)]), reweight_eta=eta, reweight_eps=k * floor)
    mixer.domain_weights = alpha
    return mixer._update_domain_weights(scores, np.ones(k, dtype=bool))
