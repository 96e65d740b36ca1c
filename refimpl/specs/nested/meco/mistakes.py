"""What goes wrong in MECO and in what it is compared with: lines of the source that read otherwise."""

from refimpl.specs.base import mistake, variant

_LOG_MEAN = "xp.asarray(logsumexp(log_ratio, axis=-1) - math.log(log_ratio.shape[-1]))"
_WEIGHTS = "return log_u, xp.exp({}) / log_ratio.shape[-1]"
_NO_AVERAGE = "a step is asked for from averages that are given"
_UNCHECKED = {  # code without checks goes on with NaN
    "track: if not all_finite(": "if False:",
    "track: check.finite(": "pass",
    "descend: check.alike(": "pass",
    "update: check.finite(params": "pass",
    "update: check.fields(": "pass",
}
_BLEND = "xp.logaddexp({} + log_u, {} + log_mean)"

ALTERNATIVES = (
    # The step
    mistake(
        "no_running_average",
        "missing_step",
        "average u over the steps at rate gamma; here the mean of this batch alone serves (gamma = 1)",
        {"track: if log_u is None or gamma": "if True:"},
    ),
    mistake(
        "self_normalized",
        "extra_step",
        "divide the weights by u; here they are normalized to add up to 1, and the running average is kept but never "
        "used",
        {"meco-2": _WEIGHTS.format("log_ratio - log_mean[..., None]")},
    ),
    mistake(
        "stale_u",
        "wrong_order",
        "update u before the gradient uses it; here the weights are divided by the old u",
        {
            "track: log_mean = ": f"log_mean = {_LOG_MEAN}\nold = log_mean if log_u is None else log_u",
            "meco-2": _WEIGHTS.format("log_ratio - old[..., None]"),
            **_UNCHECKED,
        },
    ),
    mistake(
        "no_weight_in_gradient",
        "missing_step",
        "the gradient of g = exp(f) / q is g grad f; here the factor g is missing and grad f is averaged under q",
        {"meco-2": _WEIGHTS.format("0.0 * log_ratio - log_u[..., None]"), **_UNCHECKED},
    ),
    mistake(
        "not_divided_by_u",
        "missing_step",
        "divide by u: the gradient of log Z is the gradient of Z over Z; here that of Z is taken",
        {"meco-2": _WEIGHTS.format("log_ratio"), **_UNCHECKED},
    ),
    mistake(
        "data_term_added",
        "wrong_sign",
        "the data pull the other way: subtract the mean gradient at the data; here it is added",
        {"meco-3": "gradient = pulled + xp.mean(grads_data, axis=-2)"},
    ),
    mistake(
        "ascent",
        "wrong_sign",
        "subtract lr * v; here the step climbs",
        {"meco-5": "return params + lr * velocity, velocity"},
    ),
    mistake(
        "mean_of_logs",
        "wrong_order",
        "take the mean of the weights, then the logarithm; here the logarithms are averaged over the batch",
        {"track: log_mean = ": "log_mean = xp.asarray(xp.mean(log_ratio, axis=-1))", **_UNCHECKED},
    ),
    mistake(
        "running_mean_of_logs",
        "wrong_order",
        "average u over the steps, not log u: (1 - gamma) log u + gamma log(batch mean) is too small",
        {"meco-1": "log_u = (1 - gamma) * log_u + gamma * log_mean", **_UNCHECKED},
    ),
    mistake(
        "exchanged_gamma",
        "wrong_constant",
        "gamma is the weight of the new batch in u, 1 - gamma that of the old u; here they are exchanged",
        {
            "track: if log_u is None or gamma": "if log_u is None:",
            "meco-1": "forgotten = math.log1p(-gamma) if gamma < 1 else -1e9\n"
            f"log_u = {_BLEND.format('math.log(gamma)', 'forgotten')}",
        },
    ),
    mistake(
        "exchanged_beta",
        "wrong_constant",
        "beta is the weight of the new gradient in v, 1 - beta that of the old v; here they are exchanged",
        {"meco-4": "velocity = beta * velocity + (1 - beta) * gradient"},
    ),
    mistake(
        "no_momentum",
        "missing_step",
        "average the gradient at rate beta; here the newest one is used alone (beta = 1)",
        {"meco-4": "velocity = gradient"},
    ),
    mistake(
        "old_velocity",
        "wrong_order",
        "update v before the step uses it; here the parameters move along the old v",
        {
            "meco-4": "params = params - lr * velocity\nvelocity = (1 - beta) * velocity + beta * gradient",
            "meco-5": "return params, velocity",
        },
    ),
    mistake(
        "undamped_velocity",
        "wrong_scale",
        "weigh the new gradient with beta; here it enters v in full (heavy ball without damping)",
        {"meco-4": "velocity = (1 - beta) * velocity + gradient"},
    ),
    mistake(
        "sums_for_means",
        "wrong_scale",
        "u is a mean over the batch; here the weights are summed, in u and in the gradient",
        {
            "track: log_mean = ": "log_mean = xp.asarray(logsumexp(log_ratio, axis=-1))",
            "meco-2": "return log_u, xp.exp(log_ratio - log_u[..., None])",
        },
    ),
    mistake(
        "gradient_summed",
        "wrong_scale",
        "divide the weighted sum of gradients by the size of the batch; here only u is a mean",
        {"meco-2": "return log_u, xp.exp(log_ratio - log_u[..., None])"},
    ),
    mistake(
        "plain_exponentials",
        "numerics",
        "work with log u and exp(log_ratio - log u); here exp(f) / q itself is formed and overflows",
        {
            "track: log_mean = ": "log_mean = xp.asarray(xp.log(xp.mean(xp.exp(log_ratio), axis=-1)))",
            "meco-1": "log_u = xp.log((1 - gamma) * xp.exp(log_u) + gamma * xp.exp(log_mean))",
            "meco-2": "return log_u, xp.exp(log_ratio) / xp.exp(log_u)[..., None] / log_ratio.shape[-1]",
            **_UNCHECKED,
        },
    ),
    # The loop
    mistake(
        "no_noise_density",
        "missing_step",
        "divide by the density of the noise: weights exp(f) / q; here they are exp(f)",
        {"trajectory: log_ratio = ": "log_ratio = base[t, :] + features_noise[t, ...] @ theta"},
    ),
    mistake(
        "times_noise_density",
        "wrong_sign",
        "divide by the density of the noise, f - log q; here it multiplies, f + log q",
        {"trajectory: log_ratio = ": "log_ratio = base[t, :] + features_noise[t, ...] @ theta + log_noise[t, :]"},
    ),
    mistake(
        "u_starts_at_one",
        "wrong_constant",
        "start u at the mean of the first batch; here it starts at 1 (log u = 0)",
        {
            "trajectory: theta, state, thetas": "theta, thetas, log_us = theta0, [], []\n"
            "state = meco.MECOState(_scalar(0.0, theta0), None)"
        },
    ),
    mistake(
        "u_starts_at_zero",
        "wrong_constant",
        "start u at the mean of the first batch; here it starts at 0, and the first weights are 1 / gamma times too "
        "large",
        {
            "track: if log_u is None or gamma": "if log_u is None:\n"
            "    log_u = log_mean + math.log(gamma)\n"
            "elif gamma == 1:"
        },
        unseen={"step": _NO_AVERAGE},
    ),
    mistake(
        "v_starts_at_zero",
        "wrong_constant",
        "start v at the first gradient; here it starts at 0, and the first step is too short",
        {"descend: beta, velocity = ": "velocity = 0.0 * gradient"},
        unseen={"step": _NO_AVERAGE},
    ),
    mistake(
        "u_after_parameters",
        "wrong_order",
        "update u at the parameters at which the gradient is taken; here u is updated after the parameters have moved",
        {
            "trajectory: theta, state, _ = ": """\
            u = meco.track(None, log_ratio)[0] if state.log_u is None else state.log_u
            weights, z = xp.exp(log_ratio - u) / log_ratio.shape[0], features_noise[t, ...]
            gradient = weights @ z - xp.mean(features_data[t, ...], axis=0)
            theta, velocity = meco.descend(theta, state.velocity, gradient, lr=lr, beta=rates["beta"])
            log_ratio = base[t, :] + z @ theta - log_noise[t, :]
            state = meco.MECOState(meco.track(u, log_ratio, gamma=rates["gamma"])[0], velocity)"""
        },
    ),
    # Noise-contrastive estimation
    mistake(
        "sigma_of_h_at_data",
        "wrong_sign",
        "weigh the data by the probability of having missed them, sigma(-h); here it is sigma(h)",
        {"nce: missed = ": "missed = sigmoid(at_data) / log_ratio_data.shape[-1]"},
    ),
    mistake(
        "sigma_of_minus_h_at_noise",
        "wrong_sign",
        "weigh the noise by the probability of being taken for data, sigma(h); here it is sigma(-h)",
        {"nce: fooled = ": "fooled = nu * sigmoid(-at_noise) / log_ratio_noise.shape[-1]"},
    ),
    mistake(
        "c_added",
        "wrong_sign",
        "h = f - c - log(nu q): c is log Z and is subtracted; here it is added",
        {
            "nce: shift = ": "shift = math.log(nu) - c[..., None]",
            "nce: grad_c = ": "grad_c = xp.sum(fooled, axis=-1) - xp.sum(missed, axis=-1)",
        },
    ),
    mistake(
        "grad_of_c_flipped",
        "wrong_sign",
        "h falls with c; here the gradient with respect to c has the sign of one that rises",
        {"nce: grad_c = ": "grad_c = xp.sum(fooled, axis=-1) - xp.sum(missed, axis=-1)"},
    ),
    mistake(
        "no_log_nu",
        "missing_step",
        "subtract log nu in h, nu draws of noise for each of the data; here h ignores how many there are",
        {"nce: shift = ": "shift = c[..., None]"},
    ),
    mistake(
        "noise_mean_without_nu",
        "missing_step",
        "weigh the mean over the noise with nu; here both means count the same",
        {
            "meco-7": "loss = xp.mean(softplus(-at_data), axis=-1) + xp.mean(softplus(at_noise), axis=-1)",
            "nce: fooled = ": "fooled = sigmoid(at_noise) / log_ratio_noise.shape[-1]",
        },
    ),
    mistake(
        "nu_inverted",
        "wrong_scale",
        "nu is noise per data, B_z / B_x; here it is data per noise",
        {"nce: nu = ": "nu = log_ratio_data.shape[-1] / log_ratio_noise.shape[-1]"},
    ),
    mistake(
        "log_of_sigmoid",
        "numerics",
        "take softplus(-h) for -log sigma(h); here sigma(h) is rounded to 0 or 1 before the logarithm",
        {
            "meco-7": "right = xp.log(1 / (1 + xp.exp(-at_data))), xp.log(1 - 1 / (1 + xp.exp(-at_noise)))\n"
            "loss = -xp.mean(right[0], axis=-1) - nu * xp.mean(right[1], axis=-1)"
        },
    ),
    variant(
        "halved",
        "half of the loss and of its gradients, for as many draws of noise as data",
        "Gutmann and Hyvarinen (AISTATS 2010), whose objective is an average over data and noise together",
        {"nce: return NCE(": "return NCE(*(0.5 * xp.asarray(x) for x in (loss, xp.squeeze(pulled, axis=-2), grad_c)))"},
    ),
    # Langevin chains
    mistake(
        "noise_with_step",
        "wrong_scale",
        "the noise grows with sqrt(step); here it is multiplied by step",
        {"meco-10": "return y + 0.5 * step * slope + step * noise"},
    ),
    mistake(
        "drift_without_half",
        "wrong_constant",
        "drift step / 2 goes with noise sqrt(step); here the drift is step: half the variance",
        {"meco-10": "return y + step * slope + step**0.5 * noise"},
    ),
    mistake(
        "noise_with_two",
        "wrong_constant",
        "noise sqrt(step) goes with drift step / 2; here it is sqrt(2 step): twice the variance",
        {"meco-10": "return y + 0.5 * step * slope + (2 * step) ** 0.5 * noise"},
    ),
    mistake(
        "noise_unscaled",
        "missing_step",
        "scale the noise with sqrt(step); here the draws are added as they are",
        {"meco-10": "return y + 0.5 * step * slope + noise"},
    ),
    mistake(
        "no_noise",
        "missing_step",
        "add the noise; here the chain just climbs to the mode",
        {"meco-10": "return y + 0.5 * step * slope"},
    ),
    mistake(
        "downhill",
        "wrong_sign",
        "move up f, the log density; here the chain moves down it, as on an energy",
        {"meco-10": "return y - 0.5 * step * slope + step**0.5 * noise"},
    ),
    mistake(
        "one_draw_per_chain",
        "wrong_axis",
        "draw anew in each step; here the draws of the first step serve all of them",
        {"langevin: y = ": "y = baselines.langevin(y, -precision * (y - mean), noise[0, ...], step=step)"},
    ),
    mistake(
        "one_draw_per_point",
        "wrong_axis",
        "draw one number per coordinate; here one per point serves all its coordinates",
        {"meco-10": "return y + 0.5 * step * slope + step**0.5 * noise[..., :1]"},
    ),
    mistake(
        "always_from_start",
        "wrong_order",
        "go on from the last point; here each step is taken from the start",
        {"langevin: y = ": "y = baselines.langevin(start, -precision * (start - mean), noise[k, ...], step=step)"},
    ),
    variant(
        "full_drift",
        "drift step and noise sqrt(2 step): the same chain at twice the step size",
        "the unadjusted Langevin algorithm as in Roberts and Tweedie (1996) and Dalalyan (2017)",
        {"meco-10": "return y + step * slope + (2 * step) ** 0.5 * noise"},
    ),
    # The landscape
    mistake(
        "not_halved",
        "wrong_scale",
        "halve the sum of the two expectations; here it is taken in full",
        {"meco-8": "return 2 * xp.asarray(loss), 2 * grad, 2 * features.T @ (curvature[:, None] * features)"},
    ),
    mistake(
        "c_added_in_logit",
        "wrong_sign",
        "c is log Z and is subtracted in the logit; here it is added",
        {"gaussian_nce: features = ": "features = xp.stack([x, xp.ones_like(x)], axis=1)"},
    ),
    mistake(
        "hessian_of_the_optimum",
        "wrong_constant",
        "the Hessian integrates (p* + q) p q / (p + q)^2; here it is p* q / (p* + q), right at the optimum alone",
        {"gaussian_nce: curvature = ": "curvature = 0.5 * noise * sigmoid(target * x - target**2 / 2)"},
    ),
    mistake(
        "hessian_of_the_data",
        "missing_step",
        "both data and noise bend the loss; here the data alone do, p* p q / (p + q)^2",
        {"gaussian_nce: curvature = ": "curvature = 0.5 * data * real * fake"},
    ),
    mistake(
        "mean_square_of_gradients",
        "wrong_output",
        "take the second derivative; here it is the mean square of the gradients (Fisher's)",
        {"gaussian_nce: curvature = ": "curvature = 0.5 * (data * real * real + noise * fake * fake)"},
    ),
    mistake(
        "data_from_the_model",
        "wrong_constant",
        "the data are N(R, 1); here they are drawn from the model at theta, so the loss never pulls",
        {"gaussian_nce: data = ": "data = xp.exp(-0.5 * (x - params[0]) ** 2) * (gap / math.sqrt(2 * math.pi))"},
    ),
)
