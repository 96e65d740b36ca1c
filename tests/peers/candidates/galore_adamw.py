"""AdamW of GaLore and of APOLLO, of parameters that are not projected; beside the Transformers that they import."""

import sys
from pathlib import Path

from torch_adam import run

sys.path.insert(1, str(Path(__file__).parents[3] / ".peers/transformers-4.55.4"))


def _rates(lr, beta1, beta2, eps, weight_decay):
    return {"lr": lr, "betas": (beta1, beta2), "eps": eps, "weight_decay": weight_decay}


def galore(theta0, grads, **rates):
    """`galore_torch.GaLoreAdamW`."""
    from galore_torch import GaLoreAdamW

    return run(GaLoreAdamW, theta0, grads, **_rates(**rates), no_deprecation_warning=True)


def apollo(theta0, grads, **rates):
    """`apollo_torch.APOLLOAdamW`, which without a rank is AdamW."""
    from apollo_torch import APOLLOAdamW

    return run(APOLLOAdamW, theta0, grads, **_rates(**rates))
