"""What goes wrong in surrogates, as lines of the source that read otherwise."""

from refimpl.specs.base import mistake, variant

_CODE = "https://github.com/yucenli/bnn-bo"
_PYBNN = "https://github.com/automl/pybnn"
_BY_COSINES = {"kernels: theta = _biased(_passed": "theta = None"}  # angles follow the covariances, whatever these are
_U = "U = squares / (2 * {}) + xp.sum(w * w, axis=-1) / (2 * {})"
_BATCH = "_, grad = _potential(w, rows, each, sizes, noise, {}, {})"
_MOMENTUM = "momentum = momentum - {} * inverse * grad - {} + {}xp.sqrt(variance) * xi"
_MEMBER = "gradient = lambda w: _potential(w, x, y, sizes, noise, prior, {})[1]"
_RETURN = "return _adam({}, gradient, check.integer(steps=steps), lr)"
_SPREAD = "return mean, xp.var(values, axis=0, correction={}) + {}"
_COVARIANCE = "covariance = {} * (J_star @ xp.matrix_transpose(J_star) - xp.matrix_transpose(half) @ half)"
_MATRIX = "W = {} * (cholesky_solve(factor, eye) - a[:, None] * a[None, :])"
_CHAIN = "return {}, Move(acceptance, accepted, error)"

ALTERNATIVES = (
    # Network and energy
    mistake("variance_as_deviation", "wrong_scale",
            "divide by the noise variance; here by its square, as if it were a standard deviation",
            {"bnn_surrogates-4": _U.format("noise**2", "prior"),
             "bnn_surrogates-5": "slope = weights * residual / noise**2"},
            origin="https://github.com/thomaspinder/GPJax/pull/400"),
    mistake("deviation_as_variance", "wrong_scale", "divide by the variance; here by the standard deviation",
            {"bnn_surrogates-4": _U.format("noise**0.5", "prior"),
             "bnn_surrogates-5": "slope = weights * residual / noise**0.5"}),
    mistake("prior_squared", "wrong_scale", "divide by the prior variance; here by its square",
            {"bnn_surrogates-4": _U.format("noise", "prior**2"),
             "bnn_surrogates-6": "grad = _back(layers, values, slope[..., None]) + w / prior**2"}),
    mistake("no_prior", "missing_step", "the prior pulls every weight to 0; here there is none",
            {"bnn_surrogates-4": "U = squares / (2 * noise)",
             "bnn_surrogates-6": "grad = _back(layers, values, slope[..., None])"}),
    mistake("mean_of_squares", "wrong_axis", "the likelihood is a sum over the examples; here it is their mean",
            {"bnn_surrogates-4": "U = squares / y.shape[0] / (2 * noise) + xp.sum(w * w, axis=-1) / (2 * prior)",
             "bnn_surrogates-5": "slope = weights * residual / noise / y.shape[0]"}),
    mistake("tanh_not_differentiated", "missing_step", "back through tanh, 1 - h^2; here as if layers were linear",
            {"bnn_surrogates-3": "slope = slope @ xp.matrix_transpose(W)"}),
    mistake("slope_of_the_input", "wrong_order", "tanh has the slope 1 - h^2, h its output; here 1 - h",
            {"bnn_surrogates-3": "slope = (slope @ xp.matrix_transpose(W)) * (1 - h)"}),
    mistake("no_prior_on_biases", "missing_step", "biases have the prior too; here weights alone",
            {"bnn_surrogates-4": "U = squares / (2 * noise) + sum(xp.sum(W * W, axis=(-2, -1)) for W, _ in layers) / "
             "(2 * prior)",
             "bnn_surrogates-6": "parts = [(xp.reshape(W, (*w.shape[:-1], -1)), 0 * b[..., 0, :]) for W, b in layers]\n"
             "grad = _back(layers, values, slope[..., None]) + xp.concat([v for pair in parts for v in pair], axis=-1)"
             " / prior"}),
    variant("weights_by_outputs", "weights are laid out as W [out, in], row by row", "torch.nn.Linear",
            {"_layers: W =": "W = xp.matrix_transpose(xp.reshape(w[..., at : at + a * b], (*w.shape[:-1], b, a)))",
             "bnn_surrogates-2": "weights = xp.matrix_transpose(xp.matrix_transpose(h) @ slope)"}, choice=True),
    # HMC
    mistake("position_half_a_step", "wrong_scale",
            "half steps are the momentum's, the weights move a whole step; here they too move half a step",
            {"bnn_surrogates-8": "w = w + 0.5 * step * r"},
            origin="https://github.com/improbable-research/keanu/pull/492"),
    mistake("momentum_kept", "missing_step", "draw a momentum for each transition; here the first serves for all",
            {"hmc: at, move = sampling.hmc(potential, at, momenta[t, :], float(uniforms[t]), step=step, steps=count)":
             "at, move = sampling.hmc(potential, at, momenta[0, :], float(uniforms[t]), step=step, steps=count)"}),
    mistake("no_half_steps", "missing_step",
            "half a step of the momentum before and half after; here all of it before, and the order is one",
            {"bnn_surrogates-7": "r = r - step * grad", "bnn_surrogates-9": "pass"}),
    mistake("whole_last_step", "wrong_constant", "the second step of the momentum is half a step; here it is whole",
            {"bnn_surrogates-9": "r = r - step * grad"}),
    mistake("energy_falls_wrong", "wrong_sign", "accept what lowers the energy; here what raises it",
            {"bnn_surrogates-10": "acceptance = 0.0 if math.isnan(error) else math.exp(min(0.0, error))"}),
    mistake("always_accepted", "missing_step", "reject with the probability that is left; here all is accepted",
            {"hmc: accepted =": "accepted = not math.isnan(error)"}),
    mistake("accepted_above", "wrong_sign", "accept where the uniform is below the probability; here where above",
            {"hmc: accepted =": "accepted = uniform > acceptance"}),
    mistake("rejected_kept", "missing_step", "go back to the old weights after a rejection; here the new ones stay",
            {"bnn_surrogates-11": _CHAIN.format("Chain(w, found[0], grad)")}),
    mistake("gradient_of_the_rejected", "wrong_order",
            "the gradient goes back with the weights; here that of the rejected point starts the next path",
            {"bnn_surrogates-11": _CHAIN.format("(Chain(w, found[0], grad) if accepted else "
            "chain._replace(grad=grad))")}),
    mistake("energy_of_the_rejected", "wrong_order",
            "the energy goes back with the weights; here that of the rejected point is compared with next",
            {"bnn_surrogates-11":
             _CHAIN.format("(Chain(w, found[0], grad) if accepted else chain._replace(energy=found[0]))")}),
    mistake("kinetic_energy_of_the_weights", "wrong_constant",
            "the kinetic energy is that of the momentum, at both ends; here at the start that of the weights",
            {"hmc: error =": "error = float(found[0] - chain.energy) + 0.5 * float(xp.sum(r * r) - "
            "xp.sum(chain.w**2))"},
            origin="https://github.com/blackjax-devs/blackjax/issues/46"),
    mistake("nan_accepted", "numerics",
            "an energy that is no number is a rejection; here it passes, as no comparison with NaN is true",
            {"bnn_surrogates-10": "acceptance = math.exp(min(0.0, -error))"}),
    mistake("no_kinetic_energy", "missing_step", "accept by U plus the kinetic energy; here by U alone",
            {"hmc: error =": "error = float(found[0] - chain.energy)"}),
    mistake("total_energy_kept", "wrong_order",
            "compare with U plus the energy of the momentum just drawn; here, from the second transition on, with the "
            "total energy of the last one, whose momentum is gone",
            {"hmc: at, rows =":
             "U, slope = potential(w)\n"
             "at, rows = sampling.Chain(w, U + 0.5 * xp.sum(momenta[0, :] ** 2), slope), []",
             "hmc: error =": "error = float(found[0] - chain.energy) + 0.5 * float(xp.sum(r * r))",
             "bnn_surrogates-11": _CHAIN.format("(Chain(w, found[0] + 0.5 * xp.sum(r * r), grad) if accepted else "
             "chain)")},
            origin="https://github.com/kazewong/flowMC/issues/78"),
    # Dual averaging
    mistake("averaged_too_soon", "wrong_output",
            "burn-in uses the step itself, the average comes afterwards; here it is used at once",
            {"dual_averaging: return Averaging": "return Averaging(math.exp(log_averaged), "
            "math.exp(log_averaged), deficit, t, "
             "state.start)"}, origin="https://github.com/rlouf/mcx/issues/40"),
    mistake("towards_the_start", "wrong_constant", "steps shrink towards ten times the first; here towards the first",
            {"bnn_surrogates-14": "log_step = math.log(state.start) - math.sqrt(t) / 0.05 * deficit"}),
    mistake("deficit_turned", "wrong_sign", "low acceptance makes steps shorter; here it makes them longer",
            {"bnn_surrogates-13":
             "deficit = (1 - 1 / (t + 10)) * state.deficit + (acceptance - target) / (t + 10)"}),
    mistake("no_early_caution", "wrong_constant", "divide by t + 10; here by t, and the first iterations jump",
            {"bnn_surrogates-13": "deficit = (1 - 1 / t) * state.deficit + (target - acceptance) / t"}),
    mistake("shares_exchanged", "wrong_constant", "the newest step counts t^(-3/4); here the average does",
            {"bnn_surrogates-15": "log_averaged = (1 - t**-0.75) * log_step + t**-0.75 * math.log(state.averaged)"}),
    mistake("counted_from_zero", "wrong_constant", "the first iteration is t = 1 in the root; here it is 0",
            {"bnn_surrogates-14": "log_step = math.log(10 * state.start) - math.sqrt(t - 1) / 0.05 * deficit"}),
    mistake("average_a_step_late", "wrong_order",
            "the average takes in the step just found; here the one that was used before it",
            {"bnn_surrogates-15":
             "log_averaged = t**-0.75 * math.log(state.step) + (1 - t**-0.75) * math.log(state.averaged)"},
            origin="https://github.com/blackjax-devs/blackjax"),
    mistake("average_of_the_steps", "wrong_order",
            "the average remembers the last average; here the last step, and forgets all before",
            {"bnn_surrogates-15":
             "log_averaged = t**-0.75 * log_step + (1 - t**-0.75) * math.log(state.step if t > 1 else 1.0)"},
            origin="https://github.com/bob-carpenter/walnuts/issues/48"),
    # SGHMC
    mistake("batch_not_scaled", "wrong_scale", "the likelihood of a minibatch counts n / B times; here once",
            {"bnn_surrogates-16": _BATCH.format("prior", "1.0")}),
    mistake("prior_scaled_too", "wrong_scale", "n / B multiplies the likelihood alone; here the prior too",
            {"bnn_surrogates-16": _BATCH.format("prior * size / n", "n / size")}),
    mistake("prior_by_parameters", "wrong_scale",
            "the log prior stands in full; here it is divided by the number of weights",
            {"bnn_surrogates-16": _BATCH.format("prior * w.shape[0]", "n / size")}, origin=_PYBNN),
    mistake("rate_from_the_new_length", "wrong_order",
            "the averages move at 1 / (tau + 1) of the old tau; here of the new one",
            {"bnn_surrogates-17": "pass", "bnn_surrogates-18":
             "tau = tau + 1 - tau * g_hat * g_hat / (v_hat + epsilon)\nrate = 1 / (tau + 1)"}),
    mistake("length_from_new_averages", "wrong_order",
            "tau moves by the old averages; here by the new ones",
            {"bnn_surrogates-18": "pass", "bnn_surrogates-20":
             "v_hat = v_hat + rate * (grad * grad - v_hat)\n"
             "tau = tau + 1 - tau * g_hat * g_hat / (v_hat + epsilon)"}),
    mistake("scales_go_on", "extra_step", "scales stay after burn-in; here they are adapted for ever",
            {"sghmc: if iteration": "if True:"}),
    mistake("adapted_once_more", "wrong_constant",
            "scales are adapted in `burn_in` steps; here in one more, as where they are counted from 0",
            {"sghmc: if iteration": "if iteration <= burn_in + 1:"}),
    variant("moved_by_the_old_momentum",
            "weights move by the old momentum, with the gradient at the old weights: Euler's rule, which adds energy "
            "in every step (BlackJAX)",
            "https://blackjax-devs.github.io/blackjax/autoapi/blackjax/sgmcmc/diffusions/index.html",
            {"sghmc: return w +": "return w + state.momentum, SGHMC(momentum, tau, g_hat, v_hat, iteration)"},
            choice=True),
    variant("weights_before_momentum", "weights move by the old momentum first, and the gradient is taken there",
            "Chen et al. (2014, arXiv:1402.4102), Algorithm 2",
            {"bnn_surrogates-16": "w = w + state.momentum\n" + _BATCH.format("prior", "n / size"),
             "sghmc: return w +": "return w, SGHMC(momentum, tau, g_hat, v_hat, iteration)"}),
    mistake("noise_forgotten", "missing_step", "friction needs noise beside it; here there is none, and it optimises",
            {"sghmc: kick =": "kick = 0 * xi"}, origin="https://github.com/TurboFreeze/sghmc/issues/2"),
    mistake("one_draw_for_all", "wrong_axis", "each weight has noise of its own; here all have that of the first",
            {"sghmc: kick =": "kick = xp.sqrt(variance) * xi[:1]"},
            origin=f"{_PYBNN}/blob/master/pybnn/sampler/sghmc.py"),
    mistake("no_floor", "numerics", "the variance of the noise is at least 1e-16; here at least 0",
            {"bnn_surrogates-22": "variance = xp.clip(spread, min=0.0)"}),
    mistake("scale_not_rooted", "missing_step", "the inverse mass is one over the root of v; here one over v",
            {"bnn_surrogates-21": "inverse = 1 / (v_hat + epsilon)"}),
    mistake("rate_not_squared", "wrong_scale", "the gradient counts eta^2; here eta",
            {"bnn_surrogates-23": _MOMENTUM.format("lr", "friction * momentum", "")}),
    mistake("noise_without_mass", "missing_step", "the noise has the scales of the mass; here it has none",
            {"bnn_surrogates-22": "variance = xp.clip(2 * lr**2 * friction * xp.ones_like(inverse) - lr**4, "
            "min=1e-16)"}),
    mistake("variance_for_deviation", "missing_step", "the noise is multiplied by the root of its variance; here by it",
            {"bnn_surrogates-23":
             "momentum = momentum - lr**2 * inverse * grad - friction * momentum + variance * xi"},
            origin="https://github.com/blei-lab/edward/issues/722"),
    mistake("noise_times_the_rate", "wrong_scale",
            "the noise has the deviation eta sqrt(2 gamma ...); here it passes through the step of the gradient, and "
            "is multiplied by its rate eta^2 once more",
            {"bnn_surrogates-23":
             "momentum = momentum - lr**2 * inverse * grad - friction * momentum + lr**2 * xp.sqrt(variance) * xi"},
            origin="https://github.com/ruqizhang/csgmcmc/issues/1"),
    mistake("no_friction", "missing_step", "friction takes out what noise puts in; here there is none",
            {"bnn_surrogates-23": _MOMENTUM.format("lr**2", "0 * momentum", "")}),
    variant("gradient_noise_unknown", "nothing is taken off the noise for that of the gradient",
            "Chen, Fox and Guestrin, 2014, Equation 15, with an estimate of 0",
            {"bnn_surrogates-22": "variance = xp.clip(2 * lr**2 * friction * inverse, min=1e-16)"}),
    # Ensembles
    mistake("one_subset", "missing_step", "every member has examples of its own; here all have those of the first",
            {"bnn_surrogates-24": _MEMBER.format("masks[:1, :]")}),
    mistake("one_start", "missing_step", "every member has a start of its own; here all have that of the first",
            {"ensemble: return _adam": _RETURN.format("starts[:1, :] + 0 * starts")}),
    mistake("one_member", "missing_step", "members differ in examples and start; here in neither: no spread at all",
            {"bnn_surrogates-24": _MEMBER.format("masks[:1, :]"),
             "ensemble: return _adam": _RETURN.format("starts[:1, :] + 0 * starts")}),
    mistake("all_examples", "missing_step", "a member sees only its own examples; here it sees all",
            {"bnn_surrogates-24": _MEMBER.format("1.0")}),
    mistake("subset_scaled", "extra_step", "the likelihood is that of the subset; here as if of all examples",
            {"bnn_surrogates-24": _MEMBER.format("masks * masks.shape[1] / array_namespace(masks).clip("
             "array_namespace(masks).sum(masks, axis=1, keepdims=True), min=1.0)")}),
    mistake("eps_under_the_root", "wrong_order", "Adam adds eps to the root; here under it",
            {"_adam: w = w": "w = w - lr * (m / (1 - beta1**t)) / xp.sqrt(v / (1 - beta2**t) + eps)"}),
    mistake("noise_twice", "extra_step", "add the noise to the variance of the members once; here it is added twice",
            {"bnn_surrogates-26": _SPREAD.format(1, "2 * noise")}, origin=_CODE),
    mistake("noise_not_squared", "wrong_scale",
            "add the variance of the noise to that of the members; here its standard deviation",
            {"bnn_surrogates-26": _SPREAD.format(1, "noise**0.5")},
            origin="https://github.com/lightning-uq-box/lightning-uq-box/issues/143"),
    mistake("no_noise", "missing_step", "an observation has noise too; here only the members' spread is told",
            {"bnn_surrogates-26": _SPREAD.format(1, "0 * noise")}),
    mistake("no_normaliser", "missing_step", "a density has the factor 1 / sqrt(2 pi v); here 2 pi is missing",
            {"bnn_surrogates-27": "return -0.5 * xp.mean((y - mean) ** 2 / variance + xp.log(variance))"}),
    variant("population_variance", "the divisor of the members' variance is their number",
            "Lakshminarayanan, Pritzel and Blundell, 2017: the variance of an even mixture",
            {"bnn_surrogates-26": _SPREAD.format(0, "noise")}),
    # Laplace
    mistake("variances_exchanged", "wrong_order",
         "noise over prior on the diagonal, the prior in front; here exchanged",
            {"bnn_surrogates-29": "ridge = prior / noise", "bnn_surrogates-30": _COVARIANCE.format("noise")}),
    mistake("noise_alone_on_the_diagonal", "missing_step", "J J^T has the prior taken out, so has the noise; here not",
            {"bnn_surrogates-29": "ridge = noise"}),
    mistake("no_prior_in_front", "missing_step", "the covariance is the prior's times what is left; here without it",
            {"bnn_surrogates-30": _COVARIANCE.format("1.0")}),
    mistake("jacobian_of_biases_lost", "missing_step", "biases are weights too; here their derivatives are 0",
            {"_back: parts +=": "parts += [0 * xp.sum(slope, axis=-2), xp.reshape(weights, (*slope.shape[:-2], -1))]"}),
    variant("of_observations", "the covariance is that of observations, their noise included",
            "laplace-torch, RegressionLaplace: the predictive adds sigma_noise^2",
            {"bnn_surrogates-30": _COVARIANCE.format("prior")
             + "\ncovariance = covariance + noise * xp.eye(points.shape[0], dtype=w.dtype, device=device(w))"},
            choice=True),
    variant("diagonal_curvature", "of the sum of J^T J the diagonal is kept (laplace-torch: hessian_structure='diag')",
            "https://aleximmer.github.io/Laplace/",
            {"bnn_surrogates-30":
             "covariance = (J_star / (xp.sum(J * J, axis=0) / noise + 1 / prior)) @ xp.matrix_transpose(J_star)"},
            choice=True),
    variant("last_layer_alone",
            "weights before the last layer are taken for known (laplace-torch: subset_of_weights='last_layer')",
            "https://aleximmer.github.io/Laplace/",
            {"laplace: gram =":
             "whole, last = J_star, sizes[-2] + 1\n"
             "J, J_star = J[:, -last:], J_star[:, -last:]\n"
             "gram = J @ xp.matrix_transpose(J)",
             "laplace: return Linearised": "return Linearised(whole, mean, covariance)"}, choice=True),
    # The infinite width
    mistake("not_over_d", "missing_step", "the first layer divides by its fan in d; here it does not",
            {"bnn_surrogates-31": "k12 = sb2 + sw2 * (x @ xp.matrix_transpose(y))",
             "kernels: n1 =": "n1 = xp.sum(x * x, axis=1, keepdims=True)",
             "kernels: n2 =": "n2 = xp.sum(y * y, axis=1)[None, :]"}),
    mistake("variances_not_recursed", "missing_step", "variances go through the layers too; here they stay the first",
            {"bnn_surrogates-34": "k12 = sb2 + sw2 * hidden", **_BY_COSINES}),
    mistake("no_readout", "missing_step", "the readout has weights and a bias too; here the last layer is told",
            {"ibnn_kernel: return wide": "return wide.kernels(x, y, depth=depth, activation=activation, "
            "**variances).hidden"}),
    mistake("a_layer_too_many", "wrong_constant", "`depth` counts hidden layers; here there is one more",
            {"ibnn_kernel: return wide": "return wide.kernels(x, y, depth=depth + 1, activation=activation, "
            "**variances).output"}),
    mistake("layers_for_hidden_layers", "wrong_constant", "`depth` counts hidden layers; here the readout too",
            {"ibnn_kernel: return wide": "if depth == 1:\n"
             "    return bias_variance + weight_variance * (x @ (x if y is None else y).T) / x.shape[1]\n"
             "return wide.kernels(x, y, depth=depth - 1, activation=activation, **variances).output"}),
    mistake("bias_once", "missing_step", "every layer has a bias; here only the first",
            {"bnn_surrogates-34": "k12, k11, k22 = sw2 * hidden, sw2 * v1, sw2 * v2", **_BY_COSINES}),
    mistake("not_halved", "wrong_constant", "the expectation has 1 / (2 pi); here 1 / pi, as if scaled for relu",
            {"bnn_surrogates-32": "value = scale * (sine + rest * xp.cos(angle)) / math.pi", **_BY_COSINES}),
    mistake("arc_not_doubled", "wrong_constant", "asin of 2 k over the root of (1 + 2 k) (1 + 2 k'); here of k",
            {"bnn_surrogates-33": "value = (2 / math.pi) * xp.asin(k12 / xp.hypot(2 * k12, root))"}),
    mistake("cosine_clipped", "numerics",
            "clip only what the arc cosine sees; here the cosine beside it is clipped too, and equal points "
            "lose digits",
            {"bnn_surrogates-32": "cosine = xp.clip(xp.cos(angle), -1 + 1e-7, 1 - 1e-7)\n"
             "value = scale * (xp.sqrt(1 - cosine * cosine) + (math.pi - xp.acos(cosine)) * cosine) / (2 * math.pi)"}),
    # Deep kernels
    mistake("pairs_once", "wrong_scale", "a point stands in a row and in a column, a factor of 4; here of 2",
            {"bnn_surrogates-38": "features = -2 * xp.sum(M[:, :, None] * apart, axis=1) * weights"}),
    mistake("lengths_forgotten", "missing_step", "the slope has 1 / l^2; here it does not",
            {"bnn_surrogates-38": "features = -4 * xp.sum(M[:, :, None] * apart, axis=1)"}),
    mistake("lengths_once", "wrong_scale", "a length scale stands in every pair twice; here the slope is half",
            {"bnn_surrogates-39": "log_lengths = xp.sum(M[:, :, None] * apart * apart, axis=(0, 1)) * weights"}),
    mistake("matrix_not_halved", "wrong_scale", "half of K^-1 - a a^T; here all of it",
            {"bnn_surrogates-36": _MATRIX.format("1.0")}),
    mistake("fit_forgotten", "missing_step", "the slope of the evidence has a a^T, the fit; here the determinant alone",
            {"bnn_surrogates-36": "W = 0.5 * cholesky_solve(factor, eye)"}),
    mistake("slope_of_another_kernel", "wrong_constant",
            "the Matern-5/2 covariance has the slope -5/6 (1 + s) e^-s; here without 1 + s",
            {"bnn_surrogates-37": "slope = -5 / 6 * scale * xp.exp(-s)"}),
    mistake("last_tanh_forgotten", "missing_step", "tanh stands after the last layer too; here the way back misses it",
            {"bnn_surrogates-42": "return found._replace(features=_back(layers, values[:-1], found.features))"}),
    mistake("noise_by_its_logarithm", "wrong_output",
            "the derivative is by the noise itself; here by its logarithm",
            {"bnn_surrogates-41": "return Evidence(value, features, log_lengths, log_scale, -noise * "
             "xp.linalg.trace(W), xp.sum(a))"}),
    # Hypervolume
    mistake("minimised", "wrong_sign", "objectives are maximised; here they are minimised",
            {"bnn_surrogates-45": "above = xp.all(values < reference, axis=1)",
             "hypervolume: return _volume": "return _volume(xp.where(above[:, None], reference - values, "
             "xp.zeros_like(values)))"},
            origin="https://github.com/facebook/Ax/pull/4970"),
    mistake("dominated_added", "extra_step", "boxes overlap: count what is common once; here all boxes are added",
            {"_volume: return xp.sum(highest": "return xp.sum(xp.prod(sides, axis=-1), axis=-1)"}),
    mistake("reference_ignored", "missing_step",
            "points below the reference do not count; here they do, with negative sides",
            {"bnn_surrogates-45": "above = xp.all(values == values, axis=1)"}),
    mistake("ties_once", "wrong_order",
            "points that are alike in one objective both count; here the first of them alone",
            {"bnn_surrogates-45":
             "at = xp.arange(values.shape[0], device=device(values))\n"
             "tied = (values[:, None, 0] == values[None, :, 0]) & (at[:, None] > at[None, :])\n"
             "above = xp.all(values > reference, axis=1) & ~xp.any(tied, axis=1)"},
            origin="https://github.com/GPflow/GPflowOpt/pull/107"),
    mistake("clipped_to_the_reference", "missing_step",
            "what is above the reference in one objective alone has no volume; here any side above it is enough",
            {"bnn_surrogates-45": "above = xp.any(values > reference, axis=1)"}),
    mistake("no_running_maximum", "missing_step",
            "a box is as wide as the widest of those that are as high; here as its own point",
            {"bnn_surrogates-46": "highest = sides[..., 0]"}),
    mistake("slices_by_themselves", "missing_step",
            "a slice holds all points that reach it; here only the one where it begins",
            {"bnn_surrogates-47": "highest = xp.stack([_volume(sides[..., i : i + 1, :-1]) for i in range(n)], "
            "axis=-1)"}),
)  # fmt: skip
