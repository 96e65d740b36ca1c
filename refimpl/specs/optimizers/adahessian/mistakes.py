"""What goes wrong in AdaHessian: lines of the source that read otherwise, and some functions."""

from refimpl.core.arrays import array_namespace
from refimpl.optimizers import adahessian
from refimpl.specs.base import mistake, variant

OFFICIAL = "https://github.com/amirgholami/adahessian/blob/master"
KOZISTR = "https://github.com/kozistr/pytorch_optimizer/blob/main/pytorch_optimizer/optimizer/adahessian.py"

M = "m = beta1 * m + (1 - beta1) * grad"
V = "v = beta2 * v + (1 - beta2) * diagonal * diagonal"
STEP = "_rule: step ="  # the line between (adahessian-5) and (adahessian-6)
ESTIMATE = "descent: diagonal = "
AVERAGED = "averaged = tree.map(adahessian.average, arrays, adahessian.blocks(arrays, matrix=block))"
SECONDS = "groups: seconds = "


def _counted_together(first0, second0, grads1, grads2, diagonals1, diagonals2, lr1, lr2, decay1, decay2, **rates):
    def run(theta, grads, diagonals, count, **own):
        state, thetas = adahessian.init(theta), []
        for t in range(grads.shape[0]):
            state = state._replace(steps=2 * t + count)
            theta, state = adahessian.update(theta, state, grads[t, :], diagonals[t, :], **own, **rates)
            thetas.append(theta)
        return array_namespace(theta).stack(thetas)

    firsts = run(first0, grads1, diagonals1, 0, lr=lr1, weight_decay=decay1)
    return firsts, run(second0, grads2, diagonals2, 1, lr=lr2, weight_decay=decay2)


def _by_rank(averaged):
    """Vectors as they are, the others by `averaged(array, block)`."""
    return {
        "blocks": lambda bias, matrix, line, kernel, block: (
            bias,
            averaged(matrix, block),
            averaged(line, "kernel"),
            averaged(kernel, "kernel"),
        )
    }


ALTERNATIVES = (
    # The step
    mistake(
        "mean_of_diagonals",
        "missing_step",
        "average the squares of the diagonals and take the root; here the diagonals themselves are averaged, and "
        "negative curvature turns the step round",
        {
            "adahessian-4": "v = beta2 * v + (1 - beta2) * diagonal",
            "adahessian-5": "rms = v / correction2",
            "update: tree.finite(": "pass",  # code without checks goes on with NaN
            STEP: "step = m / correction1 / (xp.sign(rms) * abs(rms) ** power + eps)",
        },
    ),
    mistake(
        "no_root",
        "missing_step",
        "take the root before the power, sqrt(v)^k; here it is v^k",
        {"adahessian-5": "rms = v / correction2"},
    ),
    mistake(
        "eps_inside_root",
        "wrong_order",
        "add eps after the root and the power; here it is added to v under the root",
        {"adahessian-5": "rms = xp.sqrt(v / correction2 + eps)", STEP: "step = m / correction1 / rms**power"},
    ),
    mistake(
        "eps_before_power",
        "wrong_order",
        "add eps after the power, sqrt(v)^k + eps; here it is (sqrt(v) + eps)^k",
        {STEP: "step = m / correction1 / (rms + eps) ** power"},
    ),
    mistake(
        "eps_before_correction",
        "wrong_order",
        "add eps after the bias correction; here it is divided by sqrt(1 - beta2^t)^k as well",
        {
            "adahessian-5": "rms = xp.sqrt(v)",
            STEP: "step = m / correction1 / ((rms**power + eps) / correction2 ** (power / 2))",
        },
    ),
    mistake(
        "correction_after_power",
        "wrong_order",
        "correct the bias before the power, (v / (1 - beta2^t))^(k/2); here v^(k/2) / sqrt(1 - beta2^t)",
        {"adahessian-5": "rms = xp.sqrt(v)", STEP: "step = m / correction1 / (rms**power / correction2**0.5 + eps)"},
    ),
    mistake(
        "second_uncorrected",
        "missing_step",
        "divide v by 1 - beta2^t; without it the first step is 1 / sqrt(1 - beta2) times too long",
        {"adahessian-5": "rms = xp.sqrt(v)"},
    ),
    mistake(
        "first_uncorrected",
        "missing_step",
        "divide m by 1 - beta1^t; without it the first step is 1 - beta1 of what it should be",
        {STEP: "step = m / (rms**power + eps)"},
    ),
    mistake(
        "squared_gradient",
        "wrong_order",
        "square the diagonal of the Hessian; here the gradient is squared, which is Adam",
        {"adahessian-4": "v = beta2 * v + (1 - beta2) * grad * grad"},
        origin="https://github.com/google-deepmind/optax/issues/968",
    ),
    mistake(
        "no_power",
        "missing_step",
        "raise the root mean square to the power hessian_power; here that is ignored",
        {STEP: "step = m / correction1 / (rms + eps)"},
    ),
    mistake(
        "power_of_square",
        "wrong_order",
        "average the squares, then take the power; here the power is taken of each diagonal before it is squared and "
        "averaged, and the root of the average is what divides",
        {
            "adahessian-4": "v = beta2 * v + (1 - beta2) * (abs(diagonal) ** power) ** 2",
            STEP: "step = m / correction1 / (rms + eps)",
        },
    ),
    mistake(
        "newest_diagonal",
        "missing_step",
        "divide by the average of all squared diagonals; here by the newest one alone",
        {"adahessian-5": "rms = abs(diagonal)"},
    ),
    mistake(
        "newest_gradient",
        "missing_step",
        "step along the average of the gradients; here along the newest gradient",
        {STEP: "step = grad / (rms**power + eps)"},
    ),
    mistake(
        "swapped_betas",
        "wrong_constant",
        "exchange beta1 and beta2: beta1 averages gradients, beta2 squared diagonals",
        {"update: beta1, beta2 = ": "beta2, beta1 = check.fraction(beta1=beta1, beta2=beta2)"},
    ),
    mistake(
        "late_v",
        "wrong_order",
        "update v before it is used; here the step divides by that of the step before, 0 in the first one",
        {
            "adahessian-4": f"rms = xp.sqrt(v / correction2)\n{V}",
            "adahessian-5": "pass",
            "update: tree.finite(": "pass",
        },
    ),
    mistake(
        "stored_corrections",
        "wrong_order",
        "keep m and v as they are and correct copies; here the corrected ones are stored, and corrected again and "
        "again",
        {
            "adahessian-5": "v = v / correction2\nrms = xp.sqrt(v)",
            STEP: "m = m / correction1\nstep = m / (rms**power + eps)",
        },
        origin="https://github.com/frgfm/holocron/issues/1",
    ),
    mistake(
        "average_of_sizes",
        "wrong_order",
        "average the squares of the diagonals and take the root; here their absolute values are averaged, and no root "
        "is taken",
        {"adahessian-4": "v = beta2 * v + (1 - beta2) * abs(diagonal)", "adahessian-5": "rms = v / correction2"},
    ),
    variant(
        "coupled_decay",
        "the decay is added to the gradient (`weight_decouple=False`), and averaged and divided with it",
        KOZISTR,
        {"adahessian-3": f"grad = grad + weight_decay * params\n{M}", "adahessian-6": "params = params - lr * step"},
        choice=True,
    ),
    mistake(
        "no_decay",
        "missing_step",
        "subtract lr * weight_decay * theta; here weight_decay is ignored",
        {"adahessian-6": "params = params - lr * step"},
    ),
    mistake(
        "decay_after_step",
        "wrong_order",
        "decay the old parameters; here the decay sees those that the step has already moved",
        {"adahessian-6": "params = params - lr * step\nparams = params - lr * weight_decay * params"},
    ),
    variant(
        "decay_without_lr",
        "the decay is not multiplied by the step size (`fixed_decay`)",
        KOZISTR,
        {"adahessian-6": "params = params - lr * step - weight_decay * params"},
        choice=True,
    ),
    mistake(
        "ascent",
        "wrong_sign",
        "subtract the step; here it climbs",
        {"adahessian-6": "params = params - lr * (weight_decay * params - step)"},
    ),
    # The estimate and its mean over blocks
    mistake(
        "no_second_sign",
        "missing_step",
        "multiply H z by z again; without it every entry has mean 0, and the block's mean is noise alone",
        {"adahessian-1": "diagonal = unravel(tree.ravel(product(unravel(flat)))[0])"},
    ),
    mistake(
        "strided_blocks",
        "wrong_axis",
        "cut consecutive blocks, reshape to (-1, b) and take the mean of axis 1; here reshaped to (b, -1) and axis 0, "
        "which mixes entries that lie apart, and puts their mean in the wrong place",
        {"adahessian-2": "means = xp.mean(xp.reshape(diagonal, (block, -1)), axis=0)[:, None]"},
        origin=f"{OFFICIAL}/adahessian_tf/adahessian.py",
    ),
    mistake(
        "block_sum",
        "wrong_scale",
        "divide the sum over a block by its size",
        {"adahessian-2": "means = xp.sum(parts, axis=1, keepdims=True)"},
    ),
    mistake(
        "one_mean",
        "wrong_axis",
        "average each block by itself; here the whole array is one block",
        {"adahessian-2": "means = xp.mean(parts)"},
        functions=_by_rank(lambda x, block: 0 * x + array_namespace(x).mean(x)),
    ),
    mistake(
        "mean_of_squares",
        "wrong_order",
        "average, then square; here squares are averaged over the block, which keeps all of the noise",
        {"adahessian-2": "means = xp.sqrt(xp.mean(parts * parts, axis=1, keepdims=True))"},
        functions=_by_rank(lambda x, block: array_namespace(x).sqrt(adahessian.average(x * x, block))),
    ),
    variant(
        "no_averaging",
        "no array is averaged over blocks (no blocks at all; in timm the default)",
        KOZISTR,
        {"adahessian-2": "means = parts"},
        choice=True,
    ),
    variant(
        "absolute",
        "absolute values of the estimates are averaged: the same for blocks of one, biased upward for others",
        f"{OFFICIAL}/image_classification/optim_adahessian.py",
        {"average: parts = ": "parts = xp.reshape(abs(diagonal), (-1, block))"},
    ),
    # Over all signs
    mistake(
        "normal_probes",
        "wrong_constant",
        "draw signs, -1 or 1; here the probes are normal, and the variance has 2 H_ii^2 more",
        {
            "moments: return": """\
            diagonal = xp.linalg.diagonal(hessian)
            return mean, mean_square + adahessian.average(2 * diagonal * diagonal, block) / block"""
        },
    ),
    mistake(
        "zeros_and_ones",
        "wrong_constant",
        "bring draws of 0 and 1 to -1 and 1, 2 z - 1; here half of the entries are multiplied by 0",
        {"moments: xp, signs = ": "xp, signs = array_namespace(hessian), (every_sign(hessian) + 1) / 2"},
    ),
    mistake(
        "one_sign_for_all",
        "wrong_axis",
        "draw a sign for each parameter; here one sign serves all, and the estimate is the sum of the row",
        {"moments: xp, signs = ": "xp, signs = array_namespace(hessian), every_sign(hessian) ** 2"},
    ),
    mistake(
        "square_of_mean",
        "wrong_output",
        "the mean square is what v averages; here it is the square of the mean, without the noise of the estimate",
        {"moments: return": "return mean, mean * mean"},
    ),
    mistake(
        "variance_alone",
        "wrong_output",
        "the mean square is asked for; here it is the variance, without the square of the mean",
        {"moments: return": "return mean, mean_square - mean * mean"},
    ),
    # Blocks by the number of axes
    mistake(
        "channels_of_kernels",
        "wrong_axis",
        "average a kernel over its own axes, the third and later; here over channels, the first two",
        {
            "average: block = math.prod": "return xp.zeros_like(diagonal) "
            "+ xp.mean(diagonal, axis=(0, 1), keepdims=True)"
        },
        unseen=dict.fromkeys(("estimate", "moments", "descent"), "there are no kernels"),
    ),
    mistake(
        "columns_of_matrices",
        "wrong_axis",
        "cut blocks of a matrix along its rows; here along its columns",
        {
            "ranks: arrays = ": "arrays = (bias, matrix.T, line, kernel)",
            "ranks: return": f"{AVERAGED}\nreturn averaged[0], averaged[1].T, *averaged[2:]",
        },
    ),
    mistake(
        "raw_kernels",
        "missing_step",
        "average convolution kernels over their axes; here they are left as they are",
        {"blocks: return": "return tree.map(lambda leaf: matrix if leaf.ndim == 2 else 1, params)"},
    ),
    mistake(
        "raw_matrices",
        "missing_step",
        "average matrices over blocks of b entries; here they are left as they are",
        {"blocks: return": "return tree.map(lambda leaf: 1 if leaf.ndim < 3 else 'kernel', params)"},
    ),
    mistake(
        "mean_of_vectors",
        "extra_step",
        "leave vectors as they are; here they are averaged as a whole",
        {
            "blocks: return": "return tree.map(lambda leaf: 'row' if leaf.ndim < 2 else matrix if leaf.ndim == 2 "
            "else 'kernel', params)"
        },
    ),
    mistake(
        "last_axis_of_kernels",
        "wrong_axis",
        "average a kernel over all of its axes; here over the last one alone",
        {"blocks: return": "return tree.map(lambda x: 1 if x.ndim < 2 else matrix if x.ndim == 2 else 'row', params)"},
    ),
    mistake(
        "blocks_of_kernels",
        "wrong_axis",
        "average a kernel over its own axes; here over blocks of b entries, like a matrix",
        {"blocks: return": "return tree.map(lambda leaf: 1 if leaf.ndim < 2 else matrix, params)"},
    ),
    mistake(
        "three_axes_forgotten",
        "missing_step",
        "treat arrays with three axes (kernels in one dimension) too; here no branch does, and they get the estimate "
        "of an array before them, broadcast",
        {"ranks: return": f"{AVERAGED}\nreturn *averaged[:2], 0 * line + averaged[0], averaged[3]"},
        origin=f"{OFFICIAL}/image_classification/optim_adahessian.py",
    ),
    # When the diagonal is estimated, and of what
    mistake(
        "every_step",
        "missing_step",
        "estimate the diagonal every `period` steps; here at every step",
        {"adahessian-7": "return True"},
    ),
    mistake(
        "zero_between",
        "missing_step",
        "let the last estimate enter v again between two estimates; here it was set to zero after it was used, and v "
        "shrinks until the next one",
        {
            "descent: theta, state = adahessian.update": """\
            fed = diagonal if adahessian.due(state, period=period) else 0 * diagonal
            theta, state = adahessian.update(theta, state, grad, fed, **rates)"""
        },
    ),
    mistake(
        "late_refresh",
        "wrong_order",
        "estimate the diagonal at steps 1, 1 + period, ...; here, after the first, at multiples of the period",
        {"adahessian-7": "return state.steps == 0 or (state.steps + 1) % period == 0"},
    ),
    mistake(
        "other_batch",
        "wrong_order",
        "multiply with the Hessian of the mini-batch that gave the gradient; here of the mini-batch before it",
        {ESTIMATE: "diagonal = adahessian.estimate(hessians[max(t - 1, 0), ...].__matmul__, signs[t, :], block=block)"},
    ),
    mistake(
        "accumulated_hessian",
        "extra_step",
        "multiply with the Hessian of this step alone; here gradients were never set to zero, and the product is with "
        "the sum of all Hessians so far",
        {
            ESTIMATE: """\
            product = lambda z, t=t: sum(hessians[s, ...] @ z for s in range(t + 1))
            diagonal = adahessian.estimate(product, signs[t, :], block=block)"""
        },
        origin="https://github.com/davda54/ada-hessian/issues/3",
    ),
    mistake(
        "gradient_of_start",
        "wrong_order",
        "take the gradient where the step starts; here it is that of the start of all steps, as from a loss that was "
        "never computed anew",
        {"descent: grad =": "grad = hessians[t, ...] @ theta0 + slopes[t, :]"},
    ),
    variant(
        "kept_average",
        "between two estimates v stays as it is, while its bias correction goes on counting steps",
        KOZISTR,
        {
            "descent: theta, state = adahessian.update": """\
            kept = not adahessian.due(state, period=period)
            fed = array_namespace(theta0).sqrt(state.v) if kept else diagonal  # its square leaves v where it is
            theta, state = adahessian.update(theta, state, grad, fed, **rates)"""
        },
    ),
    # Two groups
    mistake(
        "first_group_twice",
        "wrong_axis",
        "go on counting arrays from group to group; here the count starts again, and the second group gets the "
        "gradients and diagonals of the first",
        {SECONDS: "seconds = trajectory(second0, grads1, diagonals1, lr=lr2, weight_decay=decay2, **rates)"},
        origin=f"{OFFICIAL}/instruction/adahessian.py",
    ),
    mistake(
        "rates_of_first_group",
        "wrong_constant",
        "each group has its own step size and decay; here those of the first serve both",
        {SECONDS: "seconds = trajectory(second0, grads2, diagonals2, lr=lr1, weight_decay=decay1, **rates)"},
    ),
    mistake(
        "shared_count",
        "wrong_order",
        "count the steps of each array; here one count grows with every array that is updated",
        functions={"groups": _counted_together},
    ),
)
