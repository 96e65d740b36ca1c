"""Claims of the paper on learning rates and batch size, as experiments."""

from refimpl.specs.base import Claim
from refimpl.specs.optimizers.rmt_learning_rates.claims.learner import learner_saves_the_grid
from refimpl.specs.optimizers.rmt_learning_rates.claims.matrices import (
    extremes_of_gauss_newton,
    extremes_of_the_hessian,
    quadrature_measures_spectra,
)
from refimpl.specs.optimizers.rmt_learning_rates.claims.network import batches_of_a_network
from refimpl.specs.optimizers.rmt_learning_rates.claims.step_sizes import sgd_linear_adam_root, sgd_scales_linearly

_REGRESSION = "linear regression on a stream in place of VGG and WideResNet on CIFAR-100 and ImageNet"

CLAIMS = (
    Claim(
        "rmt_learning_rates.C1",
        "Where the elements of batch noise are independent, the extremal eigenvalues of batch Hessians are larger in "
        "magnitude by the formulas of the spiked model",
        "abstract; main theorem",
        extremes_of_the_hessian,
        kind="identity",
        control="Noise of the same variance but of rank 50, as a batch of 50 samples makes it, ends at more than twice "
        "the formula; on a network (C3) the excess is ten times that of the formula.",
        showed="behind",
        tuned="the matrices are drawn from the model of the formula",
    ),
    Claim(
        "rmt_learning_rates.C2",
        "The same holds for generalised Gauss-Newton matrices, where the data have one spike above a flat bulk",
        "abstract",
        extremes_of_gauss_newton,
        kind="identity",
        control="On images of digits, whose spectrum has no flat bulk, the excess is twice that of the formula.",
        showed="behind",
        tuned="the data are drawn from the model of the formula",
    ),
    Claim(
        "rmt_learning_rates.C3",
        "Both ends of a network's batch Hessians lie outside, as convexity proves, by an excess that falls with the "
        "batch size, between its root and its inverse",
        "abstract; figures of spectra",
        batches_of_a_network,
        kind="rate",
        control="The formula of C1 with the element variance measured on the same network predicts a tenth of the "
        "excess: the noise of a real Hessian has low rank.",
        showed="behind",
        proxy="a tanh network of 75 parameters on synthetic data in place of VGG and WideResNet",
    ),
    Claim(
        "rmt_learning_rates.C4",
        "The largest learning rate of SGD grows linearly with the batch size, up to a limit",
        "abstract",
        sgd_scales_linearly,
        kind="rate",
        proxy=_REGRESSION,
    ),
    Claim(
        "rmt_learning_rates.C5",
        "Learning rates scale linearly with the batch size for SGD, with its square root for Adam",
        "abstract",
        sgd_linear_adam_root,
        kind="rate",
        proxy=_REGRESSION,
    ),
    Claim(
        "rmt_learning_rates.C6",
        "Stochastic Lanczos quadrature measures the ends of the spectrum, and its moments",
        "what the learner of the abstract stands on",
        quadrature_measures_spectra,
        kind="behaviour",
        control="Lanczos without reorthogonalization finds the largest eigenvalue up to seven times.",
        showed="behind",
        tuned="five starts: of one, 40 steps miss the bottom of a bulk by up to .005",
    ),
    Claim(
        "rmt_learning_rates.C7",
        "The on-the-fly learner of learning rate and momentum avoids the evaluation of many settings",
        "abstract",
        learner_saves_the_grid,
        kind="efficiency",
        control="Counting gradients and products alike, the learner takes 68, its rates measured only once 79 to 90, "
        "the best of 54 pairs by itself 29 to 35, and L-BFGS, which needs no rates at all, 24.",
        showed="as good",
        proxy="logistic regression on all data in place of PreResNet on CIFAR-100",
    ),
)
