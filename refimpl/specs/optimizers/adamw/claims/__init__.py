"""What the papers on AdamW, Adam and AMSGrad claim, as experiments."""

from refimpl.specs.base import Claim
from refimpl.specs.optimizers.adamw.claims import decay, step

_DIGITS = "64-16-10 tanh networks on 300 digits with a fifth of the labels wrong, in place of a ResNet on CIFAR-10"

CLAIMS = (
    Claim(
        "adamw.C1",
        "For SGD, L2 regularization with weight lambda / alpha is weight decay",
        "Section 2, Proposition 1",
        decay.penalty_is_decay_for_sgd,
        kind="identity",
    ),
    Claim(
        "adamw.C2",
        "For Adam there is no weight of an L2 penalty that makes it weight decay",
        "Section 2, Proposition 2",
        decay.penalty_is_no_decay_for_adam,
        kind="behaviour",
        control="SGD with the same 161 penalties and noise: one of them is its decay (C1).",
        showed="behind",
    ),
    Claim(
        "adamw.C3",
        "L2 in Adam regularizes parameters with large gradients less; decoupled decay shrinks all at one rate",
        "Section 2, after Proposition 3",
        decay.penalty_spares_large_gradients,
        kind="rate",
        control="A run with neither, under the same noise, is subtracted from both.",
        showed="behind",
    ),
    Claim(
        "adamw.C4",
        "Decoupling makes the best weight decay independent of the learning rate, which it is not with L2",
        "Section 4.2 and Figure 2",
        decay.knobs_apart,
        tier="full",
        kind="superiority",
        control="Adam with L2 on the same grid, images, batches and starts, and a plain network: only AdamW as printed "
        "and only on the normalized network, has the two knobs apart.",
        showed="behind",
        proxy=_DIGITS,
        tuned="networks with unit weight vectors, for the paper's batch normalization",
    ),
    Claim(
        "adamw.C5",
        "AdamW generalizes better than Adam with L2, both at their best settings",
        "abstract; Section 4.3",
        decay.generalizes_better,
        tier="full",
        kind="superiority",
        control="Adam with L2 on the same 54 settings, images, batches and starts, its setting chosen on the same "
        "validation images: AdamW is some 2% ahead, within the noise of twelve data sets; on the plain network it is "
        "not. Against the weakest decay of the grid its own is worth some 7%.",
        showed="as good",
        proxy=_DIGITS,
    ),
    Claim(
        "adamw.C6",
        "The longer the run, the smaller the best weight decay",
        "Section 2",
        decay.longer_runs_want_less,
        tier="full",
        kind="rate",
        control="The same runs with all labels right.",
        showed="as good",
        proxy=_DIGITS,
    ),
    Claim(
        "adamw.C7",
        "The step of Adam is at most lr (1 - beta1) / sqrt(1 - beta2), and at most lr where this is smaller",
        "Kingma and Ba (2015), Section 2.1",
        step.step_bound,
        kind="identity",
    ),
    Claim(
        "adamw.C8",
        "Without bias correction a beta2 near 1 makes the first steps too long",
        "Kingma and Ba (2015), Sections 3 and 6.4",
        step.bias_correction,
        kind="behaviour",
        control="The same moments with the corrections: no step is longer than the learning rate.",
        showed="behind",
    ),
    Claim(
        "adamw.C9",
        "There are convex problems on which Adam does not converge to the minimum; AMSGrad does",
        "Reddi et al. (2018), Theorems 1 and 4",
        step.adam_does_not_converge,
        kind="superiority",
        control="AMSGrad and Adam take the same slopes, step sizes and starts. Adam with its usual beta2 = 0.999 ends "
        "at the minimum as well: the failure needs the short memory of the theorem.",
        showed="as good",
        tuned="the problem and its beta2 = 1 / (1 + C^2) are those of the theorem, made for Adam to fail",
    ),
)
