"""Claims of the paper on diffGrad, as experiments."""

from refimpl.specs.base import Claim
from refimpl.specs.optimizers.diffgrad.claims import networks, regret, study

CLAIMS = (
    Claim(
        "diffgrad.C1",
        "A parameter takes larger steps where its gradient changes fast, smaller ones where it changes slowly",
        "abstract",
        study.steps_beside_adam,
        kind="behaviour",
        control="Adam on the same gradients is the unit in which the steps are measured.",
        showed="behind",
    ),
    Claim(
        "diffgrad.C2",
        "On synthetic functions, at the study's rate, diffGrad finds the better minimum where Adam overshoots",
        "abstract; figure of the synthetic study",
        study.synthetic_study,
        kind="superiority",
        control="Adam at half the rate, for the same 299 updates, finds the better minima as well. C3 sweeps the rate "
        "of both.",
        showed="as good",
        tuned="functions, start and rate of the authors' notebook, made to show this",
    ),
    Claim(
        "diffgrad.C3",
        "Control of C2: a smaller step does the same as the friction",
        "no claim of the paper",
        study.smaller_step,
        kind="behaviour",
        control="Both methods at the same seven rates, 299 updates each.",
        showed="as good",
    ),
    Claim(
        "diffgrad.C4",
        "The regret is of order sqrt(T)",
        "theorem on convergence",
        regret.regret,
        kind="rate",
        control="Adam against the same targets, at the same step sizes: its regret falls at nearly the same rate.",
        showed="as good",
        proxy="random quadratic functions of one coordinate, T up to 16,000, in place of all convex functions; C5 has "
        "one that breaks the bound",
    ),
    Claim(
        "diffgrad.C5",
        "The theorem, read as Adam's, fails on the sequence of Reddi, Kale and Kumar (2018)",
        "theorem on convergence (refuted)",
        regret.counter_example,
        tier="full",
        kind="behaviour",
        control="Adam fails with it too; with the usual beta2 = 0.999 both succeed, in equally many steps.",
        showed="as good",
        tuned="gradients and beta2 = 1 / (1 + C^2) are made for the failure",
    ),
    Claim(
        "diffgrad.C6",
        "diffGrad is as good as other optimizers, uniformly over activations",
        "abstract",
        networks.parity,
        tier="full",
        kind="superiority",
        control="Adam and SGD with momentum on the same splits, starts and batches, each at the best of three rates: "
        "all three are equal within the noise, and equally uniform.",
        showed="as good",
        proxy="a 64-32-10 network on 8 x 8 digits in place of ResNet on CIFAR-10 and CIFAR-100; parity in place of "
        "superiority",
        tuned="the learning rate of each method, by its test accuracy over all activations",
    ),
    Claim(
        "diffgrad.C7",
        "Control of C6: on a network the friction is near 1/2 everywhere, and diffGrad is Adam at half the rate",
        "no claim of the paper",
        networks.half_adam,
        kind="behaviour",
        control="Adam at the same rate and at half of it, on the same batches.",
        showed="as good",
    ),
)
