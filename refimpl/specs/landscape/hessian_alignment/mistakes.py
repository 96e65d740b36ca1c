"""What goes wrong in code for Hessian alignment and its rivals, as lines of the source that read otherwise."""

from functools import partial

import numpy as np

from refimpl.core import tree
from refimpl.core.arrays import array_namespace, from_numpy
from refimpl.core.autodiff import grad, hvp, value_and_grad
from refimpl.core.random import stream
from refimpl.landscape import _hessian_alignment_models as models
from refimpl.landscape import hessian_alignment
from refimpl.models.losses import logistic, softmax_cross_entropy
from refimpl.specs.base import mistake, variant

_AUTHORS = "https://github.com/huawei-noah/Federated-Learning (HessianAlignment)"
_DOMAINBED = "https://github.com/facebookresearch/DomainBed"


def _of_the_network(net, x, y):
    """The loss of a domain as a function of all parameters."""
    _, unravel = tree.ravel(net)

    def loss(theta):
        a = models.logits(unravel(theta), x)
        signs = 2 * array_namespace(y).astype(y, x.dtype) - 1
        return softmax_cross_entropy(a, y) if a.shape[1] > 1 else logistic(signs * a[:, 0])

    return loss


def _over_all_parameters(U, c, W, x, y, alpha, beta, lam, kind):
    """HGP with gradients and Hessians of the whole network, exact diagonals likewise left out."""
    net, domains = models.Network(U, c, W), [(x[e, ...], y[e, ...]) for e in range(x.shape[0])]
    if kind != "hgp":
        rule = partial(hessian_alignment.exact_penalty, alpha=alpha, beta=beta)
        loss, value, d_loss, d_penalty = models.gradients(net, domains, rule if kind == "exact" else None)
        value, d_penalty = (value, d_penalty) if kind == "exact" else models.iga(net, domains, lam=1.0)
        return loss, value, *(a + lam * b for a, b in zip(d_loss, d_penalty, strict=True))
    (theta, unravel), n = tree.ravel(net), len(domains)
    losses = [_of_the_network(net, *domain) for domain in domains]
    mean = lambda theta: sum(loss(theta) for loss in losses) / n
    g_mean = grad(mean)(theta)
    v_mean = hvp(mean, theta, g_mean)

    def penalty(theta):
        total = 0.0
        for loss in losses:
            g = grad(loss)(theta)
            v = grad(lambda t, loss=loss: array_namespace(t).sum(grad(loss)(t) ** 2) / 2)(theta)
            far, wide = v - v_mean, g - g_mean
            total = total + array_namespace(theta).sum(alpha * far * far + beta * wide * wide)
        return total / n

    value, slopes = value_and_grad(penalty)(theta)
    return mean(theta), value, *unravel(grad(mean)(theta) + lam * slopes)


def _normal_draws(W, z, y, signs):
    """Normal numbers in place of the signs: the signs, with sizes that do not depend on them."""
    xp, at = array_namespace(W), hessian_alignment.head(W, z, y)
    sizes = from_numpy(np.abs(stream(0, "hessian_alignment", "normal draws").standard_normal(signs.shape)), like=signs)
    R = hessian_alignment.matrices(signs * sizes, W.shape[0])
    return xp.stack([hessian_alignment._hutchinson(at, R[t, ...]) for t in range(R.shape[0])])


ALTERNATIVES = (
    # The head
    mistake(
        "no_product_of_probabilities",
        "missing_step",
        "the Hessian of softmax is diag(p) - p p^T; here the second term is missing",
        {
            "hessian_alignment-3": "return p * u",
            "hessian_alignment-6": "J = head.p[:, :, None] * eye + 0.0 * J\n"
            "H = xp.matrix_transpose(xp.reshape(J, (N, C * C))) @ moments / N",
        },
    ),
    mistake(
        "diagonal_without_minus",
        "missing_step",
        "the diagonal has p (1 - p); here p alone",
        {
            "_diagonal: s = ": "s = head.p",
            "_pull_diagonal: da = ": "da = _soften(p, x**2 @ xp.matrix_transpose(tau)) / N",
            "hessian_alignment-17": "return da, 2 * x * (p @ tau) / N",
        },
    ),
    mistake(
        "features_not_squared",
        "missing_step",
        "the diagonal has squares of features; here the features themselves",
        {"hessian_alignment-5": "return xp.matrix_transpose(s) @ head.x / head.x.shape[0]"},
    ),
    mistake(
        "loss_summed",
        "wrong_scale",
        "the loss of a domain is a mean over its samples; here their sum is reported",
        {"hessian_alignment-1": "loss = xp.sum(total - xp.sum(Y * a, axis=1))"},
        unseen={
            "hutchinson": "it has no loss",
            "penalty": "it has no loss",
            "hutchinson_penalty": "it has no loss",
            "fishr": "it has no loss",
        },
    ),
    mistake(
        "gradient_summed",
        "wrong_scale",
        "the gradient is a mean over the samples; here it is their sum",
        {"hessian_alignment-2": "return xp.matrix_transpose(head.r) @ head.x"},
    ),
    mistake(
        "bias_without_gradient",
        "missing_step",
        "the bias is a part of the head: its gradient is the mean error; here it is left out",
        {
            "hessian_alignment-2": "g = xp.matrix_transpose(head.r) @ head.x / head.x.shape[0]\n"
            "return xp.concat([g[:, :-1], 0 * g[:, -1:]], axis=1)"
        },
    ),
    mistake(
        "wrong_sign_of_errors",
        "wrong_sign",
        "the error is prediction less label; here label less prediction",
        {"head: return Head(": "return Head(x, a, p, Y - p, loss)"},
        unseen={"hutchinson": "the Hessian does not see it"},
    ),
    # Hutchinson
    mistake(
        "trace",
        "wrong_axis",
        "multiply the signs with the product, entry by entry; here the products are summed: an estimate of the trace",
        {
            "hessian_alignment-10": "totals = xp.sum(R * _product(head, R), axis=(-2, -1))\n"
            "return xp.mean(0 * R + totals[:, None, None], axis=0)"
        },
    ),
    mistake(
        "normal_draws",
        "wrong_constant",
        "draw signs, of size 1 each; here normal numbers: right on average, but entry i of the estimate varies by 2 "
        "H_ii^2 more, and is never exact, not even for a diagonal Hessian",
        functions={"hutchinson": _normal_draws},
    ),
    mistake(
        "signs_forgotten",
        "missing_step",
        "multiply the product with the signs again; here it is returned as it is",
        {"hessian_alignment-10": "return xp.mean(_product(head, R), axis=0)"},
    ),
    mistake(
        "draws_summed",
        "wrong_scale",
        "take the mean over the draws; here their sum",
        {"hessian_alignment-10": "return xp.sum(R * _product(head, R), axis=0)"},
    ),
    mistake(
        "draws_row_by_row",
        "wrong_order",
        "draws are in the order of the parameters, all weights and then the biases; here each row has its bias in it",
        {"matrices: return": "return xp.reshape(signs, (*front, C, h))"},
    ),
    mistake(
        "one_draw_for_all_steps",
        "wrong_order",
        "draw anew in every step; here the first draws serve for good",
        {"hutchinson: draws = ": "draws = signs[0, ...]"},
    ),
    mistake(
        "first_set_for_all",
        "wrong_order",
        "draws of their own: the second set is that of the first domain; here the set of the mean serves all",
        {"hutchinson_penalty: R, shared = ": 'R, shared = _probes(signs, "m K", at[0]), True'},
    ),
    mistake(
        "mean_without_its_draws",
        "wrong_order",
        "with draws of their own the mean Hessian is estimated with the first set; here the estimates are averaged",
        {"hutchinson_penalty: v_mean = ": "v_mean = _mean(v)"},
    ),
    # HGP and the penalty
    mistake(
        "over_all_parameters",
        "extra_step",
        "take gradients and Hessians in the head alone; here in all parameters of the network",
        functions={"network": _over_all_parameters},
    ),
    mistake(
        "mean_of_products",
        "wrong_order",
        "the code's rule compares with mean Hessian times mean gradient; here with the mean of the products",
        {"hessian_alignment-11": "v_mean = _mean(v)"},
    ),
    mistake(
        "product_of_means",
        "wrong_order",
        "the paper's rule compares with the mean of the products; here with the product of the means",
        {"hessian_alignment-11": "v_mean = _mean([_product(one, g_mean) for one in at])"},
        unseen={"network": "it asks for the code's rule"},
    ),
    mistake(
        "norm_trick_without_norm",
        "wrong_scale",
        "H g is the length of g times the gradient of that length; here the factor is missing",
        {
            "hessian_alignment-9": "xp = array_namespace(W)\nlength = [xp.sum(g_e * g_e) ** 0.5 + 1e-16 for g_e in g]\n"
            "v = [_product(one, g_e) / l for one, g_e, l in zip(at, g, length, strict=True)]",
            "hgp: g_mean = ": "g_mean = _mean(g)\nmean_length = xp.sum(g_mean * g_mean) ** 0.5 + 1e-16",
            "hessian_alignment-11": "v_mean = _mean([_product(one, g_mean) for one in at]) / mean_length "
            'if mean_rule == "code" else _mean(v)',
            "hessian_alignment-16": "through = _product(at[e], rho) / length[e]\n"
            "through = through - g[e] * xp.sum(rho * v[e]) / length[e] ** 2",
            "hgp: return through": "return through, *_pull_product(at[e], rho / length[e], g[e])",
        },
    ),
    mistake(
        "gradient_held_constant",
        "missing_step",
        "H g depends on the features through g too; here g is a constant in its gradient (grad_outputs=g.detach())",
        {"hessian_alignment-16": "through = 0.0 * rho"},
    ),
    mistake(
        "length_held_constant",
        "missing_step",
        "in the norm trick the length of g is not a constant; here its gradient is missing",
        {
            "hessian_alignment-16": "through = _product(at[e], rho) "
            "- g[e] * array_namespace(rho).sum(rho * v[e]) / (1e-300 + array_namespace(rho).sum(g[e] * g[e]))"
        },
    ),
    mistake(
        "hessian_held_constant",
        "missing_step",
        "H g and the diagonal depend on the features through H too; here H is a constant",
        {
            "hessian_alignment-14": "da = 0.0 * head.p",
            "hessian_alignment-15": "dx = 0.0 * head.x",
            "_pull_diagonal: da = ": "da = 0.0 * p",
            "hessian_alignment-17": "return da, 0.0 * x",
        },
    ),
    mistake(
        "probabilities_held_constant",
        "missing_step",
        "the Hessian changes with the probabilities, the third derivative of the loss; here they are constants in it",
        {
            "hessian_alignment-14": "da = 0.0 * head.p",
            "_pull_diagonal: da = ": "da = 0.0 * p",
        },
    ),
    mistake(
        "penalty_detached",
        "missing_step",
        "differentiate through gradients and Hessians; here the penalty has no gradient in the features",
        {"_aligned: dW, dz = ": "dW, dz = dW + dW_e, [*dz, 0.0 * dz_e]"},
    ),
    mistake(
        "exchanged_weights",
        "wrong_constant",
        "alpha weighs what is made of the Hessian, beta the gradients; here they are exchanged",
        {"_aligned: alpha, beta = ": "beta, alpha = check.nonnegative(alpha=alpha, beta=beta)"},
    ),
    mistake(
        "summed_over_domains",
        "wrong_scale",
        "take the mean over domains; here their sum",
        {
            "hessian_alignment-12": "value = value + alpha * xp.sum(off * off) + beta * xp.sum(lean * lean)",
            "_aligned: through, da, dx = ": "through, da, dx = pulled(e, 2 * alpha * off)",
            "_aligned: da_g, dx_g = ": "da_g, dx_g = _pull_gradient(one, 2 * beta * lean + through)",
        },
    ),
    mistake(
        "distances_not_squared",
        "wrong_constant",
        "the distances are squared; here they are not",
        {
            "_aligned: off, lean = ": "off, lean = v[e] - v_mean, g[e] - g_mean\n"
            "far, wide = (xp.sum(o * o) ** 0.5 + 1e-30 for o in (off, lean))",
            "hessian_alignment-12": "value = value + (alpha * far + beta * wide) / n",
            "_aligned: through, da, dx = ": "through, da, dx = pulled(e, alpha / n * off / far)",
            "_aligned: da_g, dx_g = ": "da_g, dx_g = _pull_gradient(one, beta / n * lean / wide + through)",
        },
    ),
    variant(
        "means_differentiated",
        "the means are not held constant in the gradient, which matters where they are no means of what is compared",
        f"the scripts for Colored MNIST of {_AUTHORS}",
        {
            "hgp: def pulled": "kappa = -2 * alpha / len(at) ** 2 * sum(v_e - v_mean for v_e in v)\n"
            "back = _mean([_product(one, kappa) for one in at])\n"
            'if mean_rule == "paper":\n    kappa, back = 0.0 * kappa, 0.0 * back\n\ndef pulled(e, rho):',
            "hessian_alignment-16": "through = _product(at[e], rho) + back",
            "hgp: return through": "da, dx = _pull_product(at[e], rho, g[e])\n"
            "da_mean, dx_mean = _pull_product(at[e], kappa, g_mean)\n"
            "return through, da + da_mean, dx + dx_mean",
            "hutchinson_penalty: def pulled": "kappa = -2 * alpha / len(at) ** 2 * sum(v_e - v_mean for v_e in v)\n\n"
            "def pulled(e, rho):",
            "hutchinson_penalty: return 0.0": "da, dx = _pull_product(at[e], rho * draws[e] / signs.shape[1], "
            "draws[e])\n"
            "da_mean, dx_mean = _pull_product(at[e], kappa * R[0, ...] / signs.shape[1], R[0, ...])\n"
            "return 0.0, da + da_mean, dx + dx_mean",
        },
    ),
    # The schedule
    mistake(
        "not_divided",
        "missing_step",
        "once the weight is above 1 the whole objective is divided by it; here it is not, and Adam's averages jump",
        {"hessian_alignment-19": "whole = grad + 2 * l2 * theta + weight * penalty"},
    ),
    mistake(
        "always_divided",
        "extra_step",
        "divide by the weight only if it is above 1; here always (1e-12 in place of 0)",
        {"hessian_alignment-19": "whole = (grad + 2 * l2 * theta + weight * penalty) / (weight or 1e-12)"},
    ),
    mistake(
        "l2_not_divided",
        "wrong_order",
        "the division covers the squared parameters too; here it does not",
        {"hessian_alignment-19": "whole = (grad + weight * penalty) / max(1.0, weight) + 2 * l2 * theta"},
    ),
    mistake(
        "half_l2",
        "wrong_constant",
        "the penalty is the sum of squares, whose derivative has a factor 2; here it is missing",
        {"hessian_alignment-19": "whole = (grad + l2 * theta + weight * penalty) / max(1.0, weight)"},
    ),
    mistake(
        "switch_a_step_late",
        "wrong_order",
        "step warm + 1 is the first heavy one; here it is step warm + 2",
        {"hessian_alignment-18": "weight = 1.0 if t <= warm + 1 else lam"},
    ),
    mistake(
        "switch_a_step_early",
        "wrong_order",
        "step warm is the last light one; here step warm - 1",
        {"hessian_alignment-18": "weight = 1.0 if t < warm else lam"},
    ),
    mistake(
        "no_bias_correction",
        "missing_step",
        "Adam divides its averages by 1 - beta^t; here it does not",
        {"hessian_alignment-20": "theta = theta - lr * m / (xp.sqrt(v) + eps)"},
    ),
    variant(
        "adam_restarts",
        "Adam starts anew at the switch",
        f"{_DOMAINBED}, classes IRM, VREx and Fishr, which do not divide either",
        {
            "schedule_step: m = ": "if t == warm + 1:\n    state = schedule_init(theta)\n"
            "since = t if t <= warm else t - warm\nm = beta1 * state.m + (1 - beta1) * whole",
            "hessian_alignment-20": "theta = theta - lr * (m / (1 - beta1**since)) / "
            "(xp.sqrt(v / (1 - beta2**since)) + eps)",
        },
    ),
    # The rivals
    mistake(
        "losses_summed",
        "wrong_scale",
        "V-REx is a mean over domains; here a sum",
        {
            "hessian_alignment-21": "n, value = 1, lam * sum(xp.square(one.loss - mean) for one in at)",
        },
    ),
    variant(
        "difference_of_two_losses",
        "the variance times the square of the number of domains: for two the squared difference of their losses",
        f"the script for Colored MNIST of {_AUTHORS}",
        {"hessian_alignment-21": "lam = lam * n * n\nvalue = lam * sum(xp.square(one.loss - mean) for one in at) / n"},
    ),
    mistake(
        "irm_without_square",
        "missing_step",
        "IRM squares the derivative; here it can be negative",
        {
            "hessian_alignment-22": "value = value + lam * slope / n",
            "irm: parts.append((one, 2 * lam": "parts.append((one, lam / n * da, 0.0))",
        },
    ),
    mistake(
        "irm_halves_in_order",
        "wrong_axis",
        "every other sample; here the first half and the second half",
        {
            "_scale_slope: weights = xp.astype(": "early = xp.arange(N, device=device(one.a)) < (N + 1) // 2\n"
            "weights = xp.astype(early == (parity == 0), one.a.dtype)"
        },
    ),
    mistake(
        "irm_with_squares_of_both",
        "wrong_order",
        "the product of the derivatives on the two halves; here the square of that on all samples",
        {"irm: if not halves": "if True:"},
    ),
    mistake(
        "scale_without_bias",
        "missing_step",
        "the scale multiplies the logits, biases included; here they are left out",
        {
            "hessian_alignment-22": "xp = array_namespace(W)\nW_ = xp.concat([W[:, :-1], 0 * W[:, -1:]], axis=1)\n"
            "a_ = one.x @ xp.matrix_transpose(W_)\nslope = xp.mean(xp.sum(one.r * a_, axis=1))\n"
            "value = value + lam * slope * slope / n",
        },
    ),
    mistake(
        "coral_summed",
        "wrong_scale",
        "means over the entries of means and covariances; here sums, h and h^2 times as much",
        {
            "hessian_alignment-25": "value = value + scale * xp.sum((mu[i] - mu[j]) ** 2)\n"
            "value = value + scale * xp.sum((C[i] - C[j]) ** 2)",
            "coral: dmu, dC = ": "dmu, dC = 2 * scale * (mu[e] - mu[f]), 2 * scale * (C[e] - C[f])",
        },
    ),
    mistake(
        "coral_divided_by_n",
        "wrong_constant",
        "covariances have 1 / (N - 1); here 1 / N",
        {
            "coral: C = ": "C = [xp.matrix_transpose(z_e) @ z_e / z_e.shape[0] for z_e in z]",
            "coral: dz[e] = ": "dz[e] = dz[e] + dmu[None, :] / N + 2 / N * z[e] @ dC",
        },
    ),
    mistake(
        "coral_means_forgotten",
        "missing_step",
        "means are matched as well as covariances; here they are not",
        {
            "hessian_alignment-25": "value = value + scale * xp.mean((C[i] - C[j]) ** 2)",
            "coral: dmu, dC = ": "dmu, dC = 0.0 * mu[e], 2 * scale / h**2 * (C[e] - C[f])",
        },
    ),
    mistake(
        "coral_pairs_summed",
        "wrong_scale",
        "take the mean over pairs of domains; here their sum",
        {"coral: value, dz, scale = ": "value, dz, scale = 0.0, [0.0] * n, lam"},
    ),
    mistake(
        "fishr_uncentred",
        "missing_step",
        "variances are about the mean gradient; here they are second moments",
        {"fishr: G = [G_e - ": "pass"},
    ),
    mistake(
        "fishr_unbiased",
        "wrong_constant",
        "variances have 1 / N; here 1 / (N - 1)",
        {
            "hessian_alignment-26": "new = [xp.sum(G_e * G_e, axis=0) / max(1, G_e.shape[0] - 1) for G_e in G]",
            "fishr: dG = ": "dG = 4 * lam / n * o * G_e / max(1, one.x.shape[0] - 1)",
        },
    ),
    mistake(
        "fishr_corrected_as_in_adam",
        "wrong_constant",
        "the running average is divided by 1 - decay at every step; here by 1 - decay^t, as in Adam",
        {
            "fishr: found.append(": "if smoothing == 'yes':\n"
            "    share = ((1 - decay) / (1 - decay ** (t + 1))) ** 2\n"
            "    told = told._replace(value=share * told.value, dW=share * told.dW, dz=[share * x for x in told.dz])\n"
            "found.append(_told(told))"
        },
    ),
    mistake(
        "fishr_forgets",
        "missing_step",
        "hand the running averages on; here they start at 0 in every step",
        {"fishr: memory = kept": "memory = memory"},
    ),
    variant(
        "fishr_not_divided",
        "the running average is used as it is",
        "an exponential average without correction",
        {
            "fishr: v = [m / (1 - decay)": "v = kept",
            "fishr: dG = ": "dG = 4 * lam / n * o * G_e / one.x.shape[0] * (1.0 if memory is None else 1 - decay)",
        },
    ),
    mistake(
        "iga_mean",
        "wrong_scale",
        "the penalty sums over domains; here it is their mean",
        {"hessian_alignment-29": "lam = lam / len(grads)\nvalue = lam * sum(xp.sum(o * o) for o in off)"},
    ),
    mistake(
        "iga_from_the_first",
        "wrong_order",
        "distances are from the mean gradient; here from that of the first domain",
        {"iga: off = ": "off = [g - grads[0] for g in grads]"},
    ),
    mistake(
        "fish_without_walk",
        "missing_step",
        "each gradient is taken where the last step led; here all are taken at the start",
        {"fish_step: slope = ": "slope = grad(theta)"},
    ),
    mistake(
        "fish_goes_all_the_way",
        "missing_step",
        "go a part epsilon of the way; here all of it",
        {"hessian_alignment-31": "return walker"},
    ),
    mistake(
        "fish_other_part",
        "wrong_constant",
        "epsilon is the part of the way; here it is the part of the old parameters",
        {"hessian_alignment-31": "return walker + epsilon * (theta - walker)"},
    ),
    variant(
        "fish_walks_with_adam",
        "the walk takes steps of Adam, here with averages that begin at 0",
        f"the authors' code and {_DOMAINBED}, where the averages go on from one step to the next",
        {
            "fish_step: walker = theta": "walker, m, v, t = theta, 0.0 * theta, 0.0 * theta, 0",
            "hessian_alignment-30": "xp = array_namespace(theta)\nt, m, v = t + 1, 0.9 * m + 0.1 * slope, "
            "0.999 * v + 0.001 * slope * slope\n"
            "walker = walker - lr * (m / (1 - 0.9**t)) / (xp.sqrt(v / (1 - 0.999**t)) + 1e-8)",
        },
    ),
    # The transfer measure
    mistake(
        "transfer_below_zero",
        "missing_step",
        "the minimizer itself is a candidate, so the measure is at least 0; here it may be negative",
        {"hessian_alignment-7": "exact = delta * xp.max(xp.linalg.eigvalsh(seen))"},
    ),
    mistake(
        "largest_curvature",
        "wrong_constant",
        "mu is the least eigenvalue of the source; here the largest one is taken",
        {
            "hessian_alignment-8": "mu = xp.max(xp.linalg.eigvalsh(H_source))\n"
            "bound = delta / mu * xp.max(xp.abs(xp.linalg.eigvalsh(gap)))"
        },
    ),
    mistake(
        "frobenius_norm",
        "wrong_constant",
        "the bound has the spectral norm; here that of Frobenius",
        {"hessian_alignment-8": "bound = delta / mu * xp.sum(gap * gap) ** 0.5"},
    ),
    mistake(
        "half_forgotten",
        "wrong_scale",
        "the half of the quadratic and |Delta|^2 <= 2 delta / mu cancel; here the measure is twice as large",
        {
            "hessian_alignment-7": "exact = 2 * delta * xp.max(xp.concat([xp.linalg.eigvalsh(seen), "
            "xp.zeros_like(gap[0, :1])]))"
        },
    ),
    mistake(
        "source_and_target_exchanged",
        "wrong_order",
        "source first, target second; here the other way round",
        {"transfer: gap, L = ": "gap, L = H_source - H_target, xp.linalg.cholesky(H_source)"},
    ),
)
