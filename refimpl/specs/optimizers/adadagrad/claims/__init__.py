"""Claims of the paper on AdAdaGrad, as experiments."""

from functools import partial

from refimpl.specs.base import Claim
from refimpl.specs.optimizers.adadagrad.claims.batches import estimators, strong_growth
from refimpl.specs.optimizers.adadagrad.claims.descent import high_probability, rates
from refimpl.specs.optimizers.adadagrad.claims.training import against_large_batches, progressive

_DIGITS = "softmax regression on 8 x 8 digits, 60,000 samples, in place of MNIST, CIFAR-10 and ImageNet"
_UNLIMITED = (
    "Batches doubled every 50 steps without any test come to slopes of {} over four seeds. At equal samples, 40,000, "
    "the constant batch is ahead {} times: the rate counts steps, and needs a supply of samples without limit."
)

CLAIMS = (
    Claim(
        "adadagrad.C1",
        "A batch that meets the exact norm test has gradients of strong growth, E|G|^2 <= (1 + eta^2) |grad F|^2",
        "Section 3 and the theorems",
        strong_growth,
        kind="identity",
    ),
    Claim(
        "adadagrad.C2",
        "With batches of any size at hand AdAdaGrad-Norm finds stationary points of smooth nonconvex functions at the "
        "rate 1 / K in its K steps",
        "abstract",
        partial(rates, rule="AdaGrad-Norm", name="adadagrad.C2", low=-0.8),
        tier="full",
        kind="rate",
        control=_UNLIMITED.format("-0.56 to -0.96", "5 to 9"),
        showed="as good",
    ),
    Claim(
        "adadagrad.C3",
        "With batches of any size at hand AdAdaGrad with the test in every coordinate has the same rate",
        "abstract",
        partial(rates, rule="AdaGrad", name="adadagrad.C3", low=-0.85),
        tier="full",
        kind="rate",
        control=_UNLIMITED.format("-0.89 to -0.97", "12 to 18"),
        showed="as good",
    ),
    Claim(
        "adadagrad.C4",
        "With batches of any size at hand the rate of AdAdaGrad-Norm holds with high probability",
        "abstract",
        high_probability,
        tier="full",
        kind="rate",
        control="Batches doubled every 50 steps without any test bound the bad runs as well; constant ones do not.",
        showed="as good",
    ),
    Claim(
        "adadagrad.C5",
        "The sample variance is an unbiased estimate; the squared norm of the batch gradient is not, by tr V / b",
        "Section 3",
        estimators,
        kind="identity",
    ),
    Claim(
        "adadagrad.C6",
        "Batches grow by themselves from 8 to all data; there are far fewer steps than with batches of 8, at a small "
        "loss of accuracy",
        "abstract and experiments",
        progressive,
        tier="full",
        kind="efficiency",
        control="A constant batch that takes as many steps on as many samples (of about 700) is more accurate, by "
        "0.003 to 0.011 at four seeds: what saves the steps is that batches are large, not that they grow.",
        showed="as good",
        proxy=_DIGITS,
        tuned="eta = 0.7: at 1 the batches stop growing early",
    ),
    Claim(
        "adadagrad.C7",
        "At equal samples growing batches do better than constant large ones",
        "abstract and experiments",
        against_large_batches,
        tier="full",
        kind="superiority",
        control="The constant batch itself, of 512 images and of as many as give the same number of steps: either ends "
        "lower and is more accurate.",
        showed="as good",
        proxy=_DIGITS,
    ),
)
