"""What goes wrong with functional priors, as lines of the source that read otherwise."""

from refimpl.bayesian import functional_prior
from refimpl.bayesian.functional_prior import Drawn
from refimpl.core.arrays import array_namespace
from refimpl.models import sampling
from refimpl.specs.base import mistake, variant
from refimpl.specs.loops import integers

_CODE = "https://github.com/tranbahien/you-need-a-good-prior"
_FILES = f"{_CODE}/blob/467a939b26f29dda133121429a266adfe836ca83/optbnn"


def _one_critic(
    family, psi, x, critics, eps, normals_inner, uniforms_inner, target_inner, normals, uniforms, target, widths,
    hidden, rate, critic_rate, weight, sides, tolerance, accumulator,
):  # fmt: skip
    """Algorithm 1 with the first critic trained on and on."""
    sizes = lambda values: tuple(int(values[i]) for i in range(values.shape[0]))
    xp, widths = array_namespace(psi), sizes(integers(widths))
    state, theta, psis, distances = functional_prior.tuning_init(psi), critics[0, ...], [], []
    shape, S = (x.shape[1], *sizes(integers(hidden)), 1), xp.zeros_like(critics[0, ...])
    for t in range(x.shape[0]):
        S = S if accumulator == "kept" else xp.zeros_like(S)
        drawn = Drawn(normals_inner[t, ...], uniforms_inner[t, ...])
        f_nn = functional_prior.prior_functions(family, state.psi, x[t, ...], drawn, widths=widths)
        theta, S, _ = functional_prior.fit_critic(
            theta, S, f_nn, target_inner[t, ...], eps[t, ...], sizes=shape, rate=critic_rate, weight=weight,
            one_sided=sides == "one", tolerance=tolerance,
        )  # fmt: skip
        state, distance, _ = functional_prior.outer_step(
            state, theta, x[t, ...], Drawn(normals[t, ...], uniforms[t, ...]), target[t, ...], family=family,
            widths=widths, sizes=shape, rate=rate,
        )  # fmt: skip
        psis.append(state.psi)
        distances.append(distance)
    return xp.stack(psis), xp.stack([xp.asarray(distance) for distance in distances])


def _weights_first(rule, start, precision, grads, xi, lr, friction, burn_in, n, temperature, clip):
    """Move, then take the gradient, then change the momentum."""
    w, state, rows = start, sampling.sghmc_init(start), []
    options = {"lr": lr, "friction": friction}
    for t in range(grads.shape[0]):
        w = w + state.momentum
        g = functional_prior.posterior_gradient(grads[t, ...], precision * w, n=n, temperature=temperature, clip=clip)
        if rule == "plain":
            state = state._replace(momentum=sampling.plain_sghmc(w, state.momentum, g, xi[t, ...], **options)[1])
        else:
            _, state = sampling.sghmc(w, state, g, xi[t, ...], burn_in=burn_in, correct=rule == "scaled", **options)
        rows.append((w, *state[:4]))
    return tuple(array_namespace(start).stack(list(column)) for column in zip(*rows, strict=True))


ALTERNATIVES = (
    # Networks and priors
    mistake("not_divided", "wrong_scale", "divide by the root of the number of inputs; here that factor is missing",
            {"functional_prior-1": "return h @ W + b[:, None, :]"}),
    mistake("biases_divided", "wrong_scale", "divide the products alone; here the biases too",
            {"functional_prior-1": "return (h @ W + b[:, None, :]) / math.sqrt(W.shape[-2])"}),
    mistake("divided_by_outputs", "wrong_constant",
            "divide by the root of the number of inputs of the layer; here of its outputs",
            {"functional_prior-1": "return h @ W / math.sqrt(W.shape[-1]) + b[:, None, :]"}),
    mistake("scale_without_softplus", "missing_step", "the deviation is softplus of the raw value; here that itself",
            {"functional_prior-2": "return array_namespace(psi).reshape(psi, (-1, 2))"}),
    mistake("softplus_twice", "extra_step", "softplus once; here twice",
            {"functional_prior-2": "return array_namespace(psi).reshape(softplus(softplus(psi)), (-1, 2))"}),
    mistake("scales_exchanged", "wrong_order",
            "the first scale of a layer is that of its weights; here that of its biases",
            {"functional_prior-3": "W = of(l, 1) * block[:, 1:, :]", "prior_layers: b =":
             "b = of(l, 0) * block[:, :1, :]"}),
    mistake("shape_without_softplus", "missing_step",
            "shape and rate are softplus of raw values; here those themselves",
            {"functional_prior-4": "positive = array_namespace(psi).reshape(psi, (-1, 2, 2))"}),
    mistake("shape_and_rate_exchanged", "wrong_order", "the shape comes first; here the rate",
            {"shapes_and_rates: return": "return positive[:, :, 1], positive[:, :, 0]"}),
    mistake("rate_for_scale", "wrong_constant", "divide the draw by the rate; here it is multiplied with it",
            {"functional_prior-5": "g = gamma_quantile(alpha + 0 * uniforms, uniforms) * beta"}),
    mistake("gamma_for_inverse_gamma", "wrong_constant",
            "the squared scale is inverse gamma; here it is gamma",
            {"functional_prior-6": "return xp.sqrt(g)"}),
    mistake("variance_for_deviation", "wrong_scale", "the scale is one over the root of the precision; here over it",
            {"functional_prior-6": "return 1 / g"}),
    mistake("one_scale_per_batch", "wrong_axis",
            "each function has its own scales; here all of a batch have those of the first, and no batch has heavy "
            "tails",
            {"prior_layers: sigma = inverse":
             "sigma = inverse_gamma_scales(alpha, beta, uniforms[:1, ...] + 0 * uniforms)"},
            origin=f"{_FILES}/bnn/reparam_layers/hierarchical_reparam_linear.py"),
    mistake("log_variance_as_log_deviation", "wrong_constant",
            "exp of half the log variance; here exp of all of it",
            {"functional_prior-7": "z = xp.exp(psi[start : start + D]) * normals[:, place : place + D]"}),
    mistake("biases_last", "wrong_order", "of a layer's entries the biases come first; here last",
            {"_flow_layers: found.append": "found.append(Layer(block[:, :-1, :], block[:, -1, :]))"}),
    # Flows
    mistake("not_invertible", "missing_step",
            "u is corrected so that the flow can be undone; here it is taken as it is",
            {"functional_prior-9": "u_hat = u",
             "functional_prior-10": "log_det = xp.log(xp.abs(1 + (1 - h * h) * along))"},
            origin="https://github.com/ex4sperans/variational-inference-with-normalizing-flows/issues/2"),
    mistake("divided_by_length", "wrong_scale", "divide by the square of the length of a; here by its length",
            {"functional_prior-9": "u_hat = u + (kept - 1 - along) * a / xp.sqrt(xp.sum(a * a))"},
            origin="https://github.com/pyro-ppl/pyro/pull/2192"),
    mistake("determinant_without_slope", "missing_step",
            "the slope 1 - tanh^2 belongs into the determinant; here it is 1",
            {"functional_prior-10": "log_det = xp.log(kept + 0 * h)"},
            unseen={"prior_functions": "no density is asked", "outer_step": "no density is asked",
                    "matching": "no density is asked"}),
    mistake("determinant_of_the_uncorrected", "wrong_order",
            "the determinant is that of the corrected flow; here u stands in it as it was",
            {"functional_prior-10": "log_det = xp.log(xp.abs(1 + (1 - h * h) * along))"},
            unseen={"prior_functions": "no density is asked", "outer_step": "no density is asked",
                    "matching": "no density is asked"}),
    mistake("determinant_of_the_last", "missing_step",
            "log determinants add up; here that of the last flow is returned",
            {"planar_flow: total = total": "total = log_det"},
            unseen={"prior_functions": "no density is asked", "outer_step": "no density is asked",
                    "matching": "no density is asked"}),
    mistake("determinant_negated", "wrong_sign", "the log determinant of the map; here of its inverse",
            {"functional_prior-10": "log_det = -xp.log(h * h + (1 - h * h) * kept)"},
            origin="https://github.com/VincentStimper/normalizing-flows/issues/27",
            unseen={"prior_functions": "no density is asked", "outer_step": "no density is asked",
                    "matching": "no density is asked"}),
    mistake("determinant_cancels", "numerics",
            "no digits are lost where a.u is far below 0; here softplus - 1 + 1 loses them",
            {"functional_prior-10": "log_det = xp.log(1 + (1 - h * h) * (kept - 1))"},
            unseen={"prior_functions": "no density is asked", "outer_step": "no density is asked",
                    "matching": "no density is asked"}),
    variant("corrected_below_1", "u is corrected only where a.u < 1",
            f"{_CODE}, nflows.py",
            {"functional_prior-9": "u_hat = u + (kept - 1 - along) * a / xp.sum(a * a) if float(along) < 1 else u",
             "functional_prior-10": "log_det = xp.log(1 + (1 - h * h) * xp.sum(a * u_hat))"}),
    # Targets
    mistake("lower_factor_transposed", "wrong_axis", "multiply with the lower factor; here with its transpose",
            {"functional_prior-12": "found.append(normals[:, :] @ L if shared else (normals[s, :] @ L)[None, :])"},
            origin="https://github.com/aleximmer/Laplace/issues/268"),
    mistake("variance_squared", "wrong_scale", "the variance is a factor of the covariance; here its square is",
            {"gp_functions: L =": "L = cholesky(variance**2 * gp.squared_exponential(r2), jitter=jitter, name='a')"}),
    mistake("length_not_squared", "wrong_constant",
            "distances are divided by length scales before they are squared; here squares by length scales",
            {"gp_functions: r2 =": "r2 = gp.squared_distances(x, x, 1 / length)"}),
    mistake("without_half", "wrong_constant", "exp(-r^2 / 2); here exp(-r^2)",
            {"gp_functions: L =":
             "L = cholesky(variance * gp.squared_exponential(2 * r2), jitter=jitter, name='a')"}),
    mistake("jitter_forgotten", "missing_step", "add the jitter to the diagonal; here none is",
            {"gp_functions: L =": "L = cholesky(variance * gp.squared_exponential(r2), name='a')"}),
    mistake("variance_of_the_log_as_deviation", "wrong_constant",
            "what is given is the variance of the logarithm; here it is taken for the deviation",
            {"hierarchical_functions: drawn =":
             "drawn = lambda pair, normals: array_namespace(normals).exp(pair[0] + pair[1] * normals)"},
            origin="https://github.com/mikelove/asthma/issues/2"),
    mistake("one_length_for_all_functions", "wrong_axis",
            "each function has its own length scales; here all have those of the first",
            {"functional_prior-13": "lengths = drawn(pairs[0], scale_normals[:1, :-1] + 0 * scale_normals[:, :-1])"}),
    mistake("one_length_for_all_inputs", "wrong_axis",
            "each input has its own length scale; here all have that of the first",
            {"functional_prior-13": "lengths = drawn(pairs[0], scale_normals[:, :1] + 0 * scale_normals[:, :-1])"}),
    mistake("mean_for_median", "wrong_constant",
            "exp of the mean of the log is the median; here the law is moved so that it becomes the mean",
            {"hierarchical_functions: drawn =": "drawn = lambda pair, normals: array_namespace(normals).exp("
             "pair[0] - pair[1] / 2 + math.sqrt(pair[1]) * normals)"}),
    # The critic
    variant("target_less_network", "the gap is the mean over the target less that over the network",
            "the paper's dual; for the best critic the same",
            {"functional_prior-14": "return xp.sum(mean(f_gp) - mean(f_nn))",
             "_critic_gradient: r =": "r = xp.concat([-column, column, 0 * column])"}),
    mistake("mean_over_outputs", "wrong_axis", "gaps of outputs are summed; here averaged",
            {"functional_prior-14": "return xp.mean(mean(f_nn) - mean(f_gp))",
             "_critic_gradient: r =": "r = xp.concat([column, -column, 0 * column]) / f_nn.shape[0]"},
            unseen={"matching": "its cases have one output"}),
    mistake("slope_of_the_slope_forgotten", "missing_step",
            "the penalty's gradient goes through the slopes of softplus as well; here they are held fixed",
            {"functional_prior-23": "da, dta = gate * d, gate * dt"}),
    mistake("way_not_normalised", "missing_step",
            "the derivative of a norm is a unit vector; here the slope itself stands in its place",
            {"functional_prior-21": "way = 2 * excess[..., None] * slope"}),
    mistake("slope_after_activation", "wrong_order",
            "the derivative of softplus is sigmoid of what goes in; here of what comes out",
            {"functional_prior-17": "g = (sigmoid(softplus(before)) * g) @ xp.matrix_transpose(layer.W)"},
            unseen={"outer_step": "there is no penalty in it"}),
    variant("eps_of_the_target", "the penalty is taken at eps f_gp + (1 - eps) f_nn",
            "Gulrajani et al. (2017, arXiv:1704.00028), Algorithm 1, where eps weighs what is real",
            {"functional_prior-18": "f_hat = eps[..., None] * f_gp + (1 - eps[..., None]) * f_nn"}),
    mistake("penalty_at_the_network", "missing_step",
            "the penalty is taken between the two functions; here at those of the network",
            {"functional_prior-18": "f_hat = f_nn"}),
    mistake("one_eps_for_all", "wrong_axis", "each pair of functions has its own eps; here all have the first",
            {"functional_prior-18": "f_hat = eps[:, :1, None] * f_nn + (1 - eps[:, :1, None]) * f_gp"}),
    mistake("mean_norm_penalised", "wrong_order",
            "the mean of the squared excess of each norm; here the square of the mean excess",
            {"functional_prior-19": "excess = xp.mean(excess, axis=-1, keepdims=True) + 0 * excess\n"
             "penalty = xp.sum(xp.mean(excess * excess, axis=-1))"}),
    mistake("penalties_summed", "wrong_axis", "the mean over functions; here their sum",
            {"functional_prior-19": "penalty = xp.sum(excess * excess)",
             "functional_prior-21": "way = 2 * slope.shape[1] * excess[..., None] * unit"}),
    mistake("penalty_averaged_over_outputs", "wrong_axis", "penalties of outputs are summed; here averaged",
            {"functional_prior-20": "penalty = penalty / f_nn.shape[0]\nobjective = gap - weight * penalty",
             "functional_prior-21": "way = 2 / f_nn.shape[0] * excess[..., None] * unit"},
            unseen={"matching": "its cases have one output"}),
    mistake("squared_norm", "missing_step", "the norm less 1; here its square less 1",
            {"critic_step: excess =":
             "excess = xp.maximum(norm**2 - 1, xp.zeros_like(norm)) if one_sided else norm**2 - 1",
             "functional_prior-21": "way = 4 * excess[..., None] * slope"}),
    mistake("norm_of_each_value", "wrong_axis",
            "the norm is that of a function's whole gradient; here each value's slope is held to 1 by itself",
            {"critic_step: excess =":
             "norm = xp.abs(slope)\n"
             "excess = xp.maximum(norm - 1, xp.zeros_like(norm)) if one_sided else norm - 1",
             "functional_prior-19": "penalty = xp.sum(xp.mean(xp.mean(excess * excess, axis=-1), axis=-1))",
             "critic_step: unit =": "unit = xp.sign(slope) / slope.shape[-1]",
             "functional_prior-21": "way = 2 * excess * unit"},
            origin="https://github.com/Zeleni9/pytorch-wgan/issues/40"),
    variant("root_with_epsilon", "1e-7 is added inside the root of the norm, whose derivative at 0 then exists",
            "https://github.com/keras-team/keras-io/pull/2364",
            {"critic_step: norm =": "norm = xp.sqrt(xp.sum(slope * slope, axis=-1) + 1e-7)"}),
    variant("root_with_small_epsilon", "1e-12 is added inside the root of the norm",
            "https://github.com/EmilienDupont/wgan-gp, training.py",
            {"critic_step: norm =": "norm = xp.sqrt(xp.sum(slope * slope, axis=-1) + 1e-12)"}),
    mistake("always_two_sided", "missing_step", "one-sided: slopes below 1 go free; here they cost",
            {"critic_step: excess =": "excess = norm - 1"}),
    mistake("always_one_sided", "extra_step", "two-sided: slopes below 1 cost; here they go free",
            {"critic_step: excess =": "excess = xp.maximum(norm - 1, xp.zeros_like(norm))"}),
    mistake("penalty_forgotten", "missing_step", "the objective is less its penalty; here without",
            {"functional_prior-20": "weight = 0.0\nobjective = gap"}),
    mistake("penalty_rewarded", "wrong_sign", "the penalty is subtracted from what the critic climbs; here added",
            {"functional_prior-20": "weight = -weight\nobjective = gap - weight * penalty"}),
    mistake("last_gradient_alone", "missing_step", "squares are summed over all steps; here the last one alone counts",
            {"functional_prior-24": "S = gradient * gradient"}),
    mistake("divided_by_the_sum", "missing_step", "divide by the root of the sum; here by the sum",
            {"functional_prior-25": "theta = theta + rate * gradient / (S + 1e-10)"}),
    mistake("critic_descends", "wrong_sign", "the critic climbs; here it descends",
            {"functional_prior-25": "theta = theta - rate * gradient / (xp.sqrt(S) + 1e-10)"}),
    mistake("last_step_not_taken", "missing_step",
            "the step at which the gradient is short is still taken; here it is taken back",
            {"fit_critic: theta, S, critique =":
             "before = theta\ntheta, S, critique = critic_step(theta, S, f_nn, f_gp, eps[i, ...], **options)",
             "functional_prior-26": "if float(gradient @ gradient) ** 0.5 < tolerance and [theta := before]:"}),
    mistake("never_stops", "missing_step", "stop where the gradient is short; here all steps are made",
            {"functional_prior-26": "if False:"}),
    # Tuning
    mistake("prior_climbs", "wrong_sign", "the prior descends the gap; here it climbs",
            {"functional_prior-29": "psi = state.psi + rate * gradient / (array_namespace(v).sqrt(v) + 1e-8)"}),
    mistake("decay_0_9", "wrong_constant", "RMSprop with 0.99; here with 0.9, the default of other libraries",
            {"functional_prior-28": "v = 0.9 * state.v + 0.1 * gradient * gradient"},
            origin="https://keras.io/api/optimizers/rmsprop/"),
    mistake("summed_for_averaged", "wrong_constant", "RMSprop averages squares; here they are summed, as in Adagrad",
            {"functional_prior-28": "v = state.v + gradient * gradient"}),
    mistake("divided_by_mean_square", "missing_step", "divide by the root of the mean square; here by the mean square",
            {"functional_prior-29": "psi = state.psi - rate * gradient / (v + 1e-8)"}),
    mistake("one_set_of_functions", "wrong_order",
            "the step of the prior has draws of its own; here those on which the critic was trained",
            {"matching_step: f_nn =":
             "f_nn = prior_functions(family, state.psi, draws.x, draws.outer, widths=widths)",
             "matching_step: theta, S, _ =":
             "theta, S, _ = fit_critic(theta, S, f_nn, draws.target, draws.eps, **options)"}),
    variant("one_critic", "the critic goes on from one outer step to the next",
            "Gulrajani et al. (2017, arXiv:1704.00028), Algorithm 1", functions={"matching": _one_critic}),
    variant("accumulator_always_kept", "Adagrad's sum is kept over outer steps, though the critic is a new one",
            f"{_CODE}, wasserstein_mapper.py: the optimiser is built once",
            {"matching_step: theta, S =":
             "theta, S = draws.theta, state.S if state.S is not None else xp.zeros_like(draws.theta)",
             "matching_step: return": "return state._replace(S=S), distance"}),
    # Posteriors
    mistake("prior_counts_for_each_datum", "wrong_scale",
            "the gradient of the prior counts once; here it is multiplied with the number of data too",
            {"functional_prior-30": "per_datum = likelihood + prior"},
            origin="https://github.com/ruqizhang/csgmcmc/issues/5"),
    mistake("prior_forgotten", "missing_step", "add the gradient of the prior; here there is none",
            {"functional_prior-30": "per_datum = likelihood + 0 * prior"}),
    mistake("clipped_after_scaling", "wrong_order",
            "clip the gradient per datum; here that for all data, n / temperature times as long",
            {"functional_prior-31": "shorter = xp.clip(clip / (n / temperature * norm + 1e-6), max=1.0)"}),
    mistake("likelihood_clipped_alone", "wrong_order",
            "clip the gradient with the prior's part; here that of the likelihood before",
            {"functional_prior-30": "per_datum = likelihood",
             "functional_prior-32": "return n / temperature * (shorter * per_datum + prior / n)"}),
    mistake("always_at_the_limit", "wrong_constant",
            "short gradients stay as they are; here all are brought to the limit",
            {"functional_prior-31": "shorter = clip / (norm + 1e-6)"}),
    mistake("clipped_by_entry", "wrong_axis", "clip the joint norm; here each entry by itself",
            {"functional_prior-32": "return n / temperature * xp.clip(per_datum, min=-clip, max=clip)"}),
    mistake("not_clipped", "missing_step", "gradients are clipped; here not",
            {"functional_prior-32": "return n / temperature * per_datum"}),
    mistake("temperature_multiplied", "wrong_sign", "divide by the temperature; here it multiplies",
            {"functional_prior-32": "return n * temperature * shorter * per_datum"}),
    mistake("prior_at_temperature_1", "wrong_scale",
            "the temperature divides all of the gradient; here that of the likelihood alone",
            {"functional_prior-30": "per_datum = likelihood + temperature * prior / n"}),
    mistake("new_length_in_the_rate", "wrong_order",
            "the rate of the averages comes from the old tau; here from the new one",
            {"functional_prior-33": "tau = tau + 1 - tau * g_hat * g_hat / (v_hat + epsilon)\nrate = 1 / (tau + 1)"}),
    mistake("mean_before_length", "wrong_order", "tau sees the old averages; here the mean gradient is updated before",
            {"functional_prior-33": "g_hat = g_hat + rate * (grad - g_hat)\n"
             "tau = tau + 1 - tau * g_hat * g_hat / (v_hat + epsilon)", "functional_prior-34": "pass"}),
    mistake("adapts_for_ever", "extra_step", "scales stay after burn-in; here they go on adapting",
            {"sghmc: if iteration": "if iteration > 0:"}),
    mistake("burn_in_one_step_short", "wrong_constant", "burn-in has burn_in steps; here one less",
            {"sghmc: if iteration": "if iteration < burn_in:"}),
    mistake("scale_is_mean_square", "missing_step", "scale by the root of the mean square; here by the mean square",
            {"sghmc: inverse =": "inverse = 1 / (v_hat + epsilon)"}),
    variant("scale_without_epsilon", "M^-1 is 1 / sqrt(v_hat), without 1e-10",
            "Springenberg et al. (2016), as printed",
            {"sghmc: inverse =": "inverse = 1 / xp.sqrt(v_hat)"}),
    variant("epsilon_1e_16", "1e-16 in place of 1e-10, in tau and in M^-1", f"{_CODE}, adaptive_sghmc.py, its default",
            {"sghmc: lr, friction, epsilon":
             "lr, friction, epsilon = check.positive(lr=lr), check.share(friction=friction), 1e-16"}),
    mistake("noise_of_plain_sghmc", "wrong_scale",
            "the variance of the noise is 2 lr^2 friction / sqrt(v_hat); here 2 lr friction, that without scales",
            {"functional_prior-36": "variance = xp.clip(0 * spread + 2 * lr * friction, min=1e-16)"}),
    mistake("silent_burn_in", "missing_step", "noise is added in burn-in too; here only afterwards",
            {"functional_prior-37": "momentum = momentum - lr**2 * inverse * grad - friction * momentum + (kick if "
             "iteration > burn_in else 0 * kick)"}),
    mistake("friction_on_the_new", "wrong_order",
            "friction slows the old momentum; here the gradient's part as well",
            {"functional_prior-37": "momentum = (1 - friction) * (momentum - lr**2 * inverse * grad) + kick"}),
    mistake("step_not_squared", "wrong_scale", "the gradient's factor is lr^2; here lr",
            {"functional_prior-37": "momentum = momentum - lr * inverse * grad - friction * momentum + kick"}),
    variant("old_momentum",
            "weights move by the old momentum, with the gradient at the old weights: Euler's rule, which adds energy "
            "in every step (BlackJAX)",
            "https://blackjax-devs.github.io/blackjax/autoapi/blackjax/sgmcmc/diffusions/index.html",
            {"sghmc: return": "return w + state.momentum, SGHMC(momentum, tau, g_hat, v_hat, iteration)",
             "functional_prior-38":
             "w, momentum = w + momentum, momentum - lr * grad - friction * momentum + kick",
             "plain_sghmc: return": "return w, momentum"}, choice=True),
    variant("weights_before_momentum", "weights move by the old momentum first, and the gradient is taken there",
            "Chen et al. (2014, arXiv:1402.4102), Algorithm 2", functions={"sghmc": _weights_first}),
    mistake("noise_forgotten", "missing_step", "friction needs noise beside it; here there is none, and it optimises",
            {"sghmc: kick =": "kick = 0 * xi", "plain_sghmc: kick =": "kick = 0 * xi"},
            origin="https://github.com/TurboFreeze/sghmc/issues/2"),
    mistake("one_draw_for_all", "wrong_axis", "each weight has noise of its own; here all have that of the first",
            {"sghmc: kick =": "kick = xp.sqrt(variance) * xi[:1]",
             "plain_sghmc: kick =": "kick = math.sqrt(2 * lr * friction) * xi[:1]"},
            origin="https://github.com/automl/pybnn/blob/master/pybnn/sampler/sghmc.py"),
    mistake("plain_variance_for_deviation", "wrong_scale",
            "plain: the noise has variance 2 lr friction; here that as deviation",
            {"plain_sghmc: kick =": "kick = 2 * lr * friction * xi"},
            origin="https://github.com/blei-lab/edward/issues/722"),
    mistake("plain_without_friction_in_noise", "missing_step",
            "plain: the noise has variance 2 lr friction; here 2 lr, that of Langevin dynamics",
            {"plain_sghmc: kick =": "kick = math.sqrt(2 * lr) * xi"}),
    # Scales
    mistake("half_n_before_softplus", "wrong_order",
            "add n / 2 to the shape; here to its raw value, before softplus",
            {"functional_prior-39": "shape = softplus(raw_alpha + w.shape[1] / 2)"},
            origin=f"{_FILES}/bnn/priors.py"),
    mistake("n_for_half", "wrong_constant", "half the number of weights; here all of it",
            {"functional_prior-39": "shape = softplus(raw_alpha) + w.shape[1]"}),
    mistake("squares_not_halved", "wrong_constant", "half the sum of squares; here all of it",
            {"functional_prior-40": "rate = softplus(raw_beta) + xp.sum(w * w, axis=1)"}),
    mistake("mean_of_squares", "wrong_scale", "half the sum of squares; here half their mean",
            {"functional_prior-40": "rate = softplus(raw_beta) + xp.mean(w * w, axis=1) / 2"}),
)  # fmt: skip
