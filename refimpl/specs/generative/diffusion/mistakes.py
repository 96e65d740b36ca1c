"""What goes wrong in diffusion models, as lines of the source that read otherwise."""

from refimpl.specs.base import mistake, variant

_DIFFUSERS = "https://github.com/huggingface/diffusers"
_ONE_SCORE = "k1 = {} + score(x, t){}"
_AHEAD = "k2 = {} + score({}, {}){}"
_DDPM_BY_TABLE = """score = score_of_noise(predicted[k, ...], t)
if kind == "ddim":
    x = _moved(kind, x, score, t, u, xi, eta)
else:
    beta = -math.expm1(-(t - (table[i - 1] if i else 0.0)))
    v = beta if kind == "ddpm_large" else beta * math.expm1(-u) / math.expm1(-t)
    x = (x + beta * score) / math.sqrt(1 - beta)
    x = x if u == 0 or xi is None else x + math.sqrt(v) * xi"""
_PREDICT = (
    "return lambda x: xp.exp(-_squared_distances(x, inputs) / ({} * best.width * median)) @ best.coefficients, best"
)

ALTERNATIVES = (
    # The forward process
    mistake("rate_halved", "wrong_constant",
            "the noise has the variance h = 1 - exp(-t), where the data keep exp(-t/2); here 1 - exp(-t/2), that of "
            "half the time",
            {"diffusion-2 in _variance": "return -math.expm1(-t / 2)", "diffusion-2 in _scales_of_each":
             "h = -xp.expm1(-t / 2)"}),
    mistake("rate_doubled", "wrong_constant",
            "the data keep alpha = exp(-t/2), for dX = -X/2 dt + dW; here exp(-t), of dX = -X dt + sqrt(2) dW",
            {"diffusion-1 in _scales": "return math.exp(-t), _variance(t)",
             "diffusion-1 in _scales_of_each": "alpha = xp.exp(-t)"}),
    mistake("variance_for_deviation", "wrong_scale", "multiply the noise with the root of h; here with h",
            {"diffusion-3": "return alpha * x0 + h * z"}),
    mistake("deviation_up_to_one", "wrong_constant",
            "the deviation of the noise is sqrt(1 - alpha^2), where the data keep alpha; here 1 - alpha: "
            "deviations sum to 1 in place of their squares",
            {"diffusion-3": "return alpha * x0 + (1 - alpha) * z",
             "diffusion-5": "return -predicted / (1 - math.exp(-t / 2))",
             "diffusion-22": "return mixtures.noised(mixture, alpha, (1 - alpha) ** 2)"}),
    mistake("exploding", "wrong_constant",
            "the data shrink while noise is added (variance preserving); here they keep their size",
            {"diffusion-3": "return x0 + array_namespace(h).sqrt(h) * z",
             "diffusion-22": "return mixtures.noised(mixture, 1.0, h)"}),
    # Score matching
    mistake("target_sign", "wrong_sign", "the target is minus the noise over its deviation; here plus",
            {"diffusion-6": "target = z / xp.sqrt(h)"}),
    mistake("target_is_noise", "missing_step",
            "the target of a score is -z / sqrt(h); here minus the noise itself, undivided",
            {"diffusion-6": "target = -z + 0.0 * h"}),
    mistake("target_over_variance", "wrong_scale", "divide the noise by its deviation; here by its variance",
            {"diffusion-6": "target = -z / h"}),
    mistake("weight_squared", "wrong_scale", 'weight "h": multiply with h; here with its square',
            {"dsm_loss: w =": 'w = h**2 if weight == "h" else xp.ones_like(h)'}),
    mistake("weights_exchanged", "wrong_constant", 'weight "h" weighs with h, "one" does not; here the other way round',
            {"dsm_loss: w =": 'w = xp.ones_like(h) if weight == "h" else h'}),
    mistake("mean_over_coordinates", "wrong_axis",
            "sum over coordinates, mean over points; here a mean over both",
            {"diffusion-7": "loss = xp.mean(w * (predicted - target) ** 2)"}),
    mistake("distance_not_squared", "missing_step", "square the distance; here it is the distance itself",
            {"diffusion-7": "loss = xp.mean(xp.sqrt(xp.sum(w * (predicted - target) ** 2, axis=1)))"}),
    mistake("one_draw_for_all", "wrong_axis",
            "each label has its own draw; here the first decides for the whole batch",
            {"diffusion-19": "return xp.where(draws[:1] < p_drop, nothing, y)"}),
    mistake("kept_for_dropped", "wrong_sign", "drop with probability p_drop; here the label is kept with it",
            {"diffusion-19": "return xp.where(draws >= p_drop, nothing, y)"}),
    mistake("nothing_dropped", "missing_step",
            "replace the label where the mask says so; here the mask is made and not used",
            {"diffusion-19": "return y"}, origin="https://github.com/lucidrains/DALLE2-pytorch/issues/235"),
    # Samplers
    mistake("no_drift", "missing_step", "the drift is x/2 + s; here the score alone",
            {"diffusion-9": "return 1.0, delta, math.sqrt(delta)",
             "diffusion-10": "return 1.0, 2 * math.expm1(delta / 2), math.sqrt(math.expm1(delta))",
             "diffusion-15": _ONE_SCORE.format("0.0 * x", " / 2"),
             "_heun: k2 =": _AHEAD.format("0.0 * ahead", "ahead", "u", " / 2")}),
    mistake("drift_reversed", "wrong_sign",
            "backwards in time x grows, by x/2; here it shrinks as in the forward process",
            {"diffusion-9": "return 1 - delta / 2, delta, math.sqrt(delta)",
             "diffusion-10": "return math.exp(-delta / 2), 2 * math.expm1(delta / 2), math.sqrt(math.expm1(delta))",
             "diffusion-15": _ONE_SCORE.format("-x / 2", " / 2"),
             "_heun: k2 =": _AHEAD.format("-ahead / 2", "ahead", "u", " / 2")}),
    mistake("half_score", "wrong_scale", "a sampler with noise has the full score; here half of it, as without noise",
            {"diffusion-9": "return 1 + delta / 2, delta / 2, math.sqrt(delta)",
             "diffusion-10": "return math.exp(delta / 2), math.expm1(delta / 2), math.sqrt(math.expm1(delta))"}),
    mistake("noise_by_time", "wrong_scale",
            "the noise of a step has a deviation of sqrt(delta), or so; here its variance stands for it",
            {"diffusion-9": "return 1 + delta / 2, delta, delta",
             "diffusion-10": "return math.exp(delta / 2), 2 * math.expm1(delta / 2), math.expm1(delta)",
             "diffusion-12": "return back, back * beta, v",
             "diffusion-14": "return back, back * h - kept * math.sqrt(h), sigma**2"}),
    mistake("forward_noise", "wrong_sign",
            "backwards the noise of a step grows, to exp(delta) - 1; here 1 - exp(-delta), that of the forward step",
            {"diffusion-10": "return math.exp(delta / 2), 2 * math.expm1(delta / 2), math.sqrt(-math.expm1(-delta))"}),
    mistake("beta_of_all_steps", "wrong_constant",
            "beta is 1 less the ratio of what is kept, from t to u; here 1 - abar, since the beginning",
            {"_ddpm: beta =": "beta = -math.expm1(-t)"}),
    mistake("divided_by_all_that_is_kept", "wrong_constant",
            "divide by the root of abar(t) / abar(u), of this step; here by that of abar(t)",
            {"_ddpm: back =": "back = math.exp(t / 2)", "_ddim: back =": "back = math.exp(t / 2)"}),
    mistake("factor_of_the_noise", "wrong_scale",
            "beta / sqrt(1 - abar) is the factor of a predicted noise; the score has beta alone; here it has that of "
            "the noise",
            {"diffusion-12": "return back, back * beta / math.sqrt(h), math.sqrt(v)"}),
    mistake("posterior_factors_exchanged", "wrong_order",
            "the mean is sqrt(abar') beta / (1 - abar) times the clean point and sqrt(abar / abar') (1 - abar') / "
            "(1 - abar) times x; here the two factors are exchanged",
            {"diffusion-12": "of_x, of_clean = math.exp(-u / 2) * beta / h, k / h / back\n"
             "return of_x + of_clean * math.exp(t / 2), of_clean * math.exp(t / 2) * h, math.sqrt(v)"}),
    mistake("variances_exchanged", "wrong_constant",
            "large is beta, small is beta (1 - abar') / (1 - abar); here they are exchanged",
            {"diffusion-11": "v = beta * k / h if large or u == 0 else beta"}),
    mistake("noise_in_the_last_step", "extra_step",
            "the step to abar = 1 adds no noise; here it adds some with the large variance",
            {"diffusion-11": "v = beta if large else beta * k / h"}),
    mistake("fresh_noise_not_made_room_for", "missing_step",
            "the old noise keeps 1 - abar' less the variance of the fresh noise; here all of 1 - abar'",
            {"_ddim: kept =": "kept = math.sqrt(k)"}),
    mistake("fresh_noise_of_the_departure", "wrong_constant",
            "sigma^2 is eta^2 (1 - abar') / (1 - abar) (1 - abar / abar'); here eta^2 (1 - abar), and the old noise is "
            "cut off at 0",
            {"diffusion-13": "sigma = eta * math.sqrt(h)", "_ddim: if fresh > 1": "if sigma > 1:",
             "_ddim: kept =": "kept = math.sqrt(max(k - sigma**2, 0.0))"},
            origin="https://github.com/jsboige/CoursIA/pull/16158"),
    mistake("no_fresh_noise", "missing_step", "eta says how much of the noise is fresh; here it is not read",
            {"diffusion-13": "sigma = 0.0 * eta"},
            origin="https://github.com/divamgupta/stable-diffusion-tensorflow/issues/21"),
    mistake("noise_sign", "wrong_sign", "the noise is minus sqrt(h) times the score; here plus",
            {"diffusion-5": "return predicted / math.sqrt(h)",
             "diffusion-14": "return back, back * h + kept * math.sqrt(h), sigma"}),
    mistake("clean_point_undivided", "missing_step",
            "the clean point is (x - sqrt(1 - abar) eps) / sqrt(abar); here it is not divided",
            {"_ddim: back =": "back = math.exp(-u / 2)"}),
    mistake("clean_point_noise_alone_divided", "wrong_order",
            "the clean point is (x - sqrt(1 - abar) eps) / sqrt(abar); here the bracket is missing, and the noise "
            "alone is divided",
            {"diffusion-14": "return math.exp(-u / 2), back * h - kept * math.sqrt(h), sigma"}),
    mistake("full_score_in_the_flow", "wrong_scale",
            "the probability flow has half the score; here all of it, and the variance collapses",
            {"diffusion-15": _ONE_SCORE.format("x / 2", ""),
             "_heun: k2 =": _AHEAD.format("ahead / 2", "ahead", "u", "")}),
    mistake("euler_for_heun", "missing_step", "take the mean of two slopes; here the first alone",
            {"diffusion-16": "return x + delta * k1 + 0.0 * k2"}),
    mistake("second_slope_at_the_old_time", "wrong_order",
            "the second slope belongs to the time of arrival; here to that of departure",
            {"_heun: k2 =": _AHEAD.format("ahead / 2", "ahead", "t", " / 2")}),
    mistake("second_slope_at_the_old_point", "wrong_order",
            "the second slope is taken at the point ahead; here at the old one",
            {"_heun: k2 =": _AHEAD.format("x / 2", "x", "u", " / 2")}),
    mistake("last_step_by_euler", "missing_step",
            "all steps are Heun's, for the last time is > 0 and has a score; here the last one is Euler's, as if it "
            "went to 0",
            {"sample: return _heun(":
             "return _heun(score, x, t, u) if k < N else x + (t - u) * (x + score(x, t)) / 2"}),
    mistake("equal_steps", "wrong_constant",
            "each step is as long as its two times are apart; here all are equally long, whatever times were given",
            {"sample: return _moved(": "d = (times[0] - times[-1]) / N\n"
             "u = max(times[0] - k * d, times[-1])\n"
             "return _moved(kind, x, score(x, t), times[0] - (k - 1) * d, u, _draw(noise, k - 1, x), eta)"}),
    mistake("score_at_arrival", "wrong_order",
            "the score is that at the time from which the step departs; here at that of arrival, one off on the grid",
            {"sample: return _moved(": "return _moved(kind, x, score(x, u), t, u, _draw(noise, k - 1, x), eta)",
             "gaussian_law: slope, level =": "slope, level = _gaussian_score(mean, variance, error, u)",
             "conditional_samples: alpha, h =": "alpha, h = _scales(u)"}),
    mistake("same_noise_each_step", "wrong_order", "each step has its own draws; here all have those of the first",
            {"sample: return _moved(": "return _moved(kind, x, score(x, t), t, u, _draw(noise, 0, x), eta)",
             "table_steps: xi =": "xi = None if noise is None else noise[0, ...]",
             "conditional_samples: x = diffusion.step(": 'x = diffusion.step("exp", x, score, t, u, xi[0, ...])'}),
    mistake("last_step_without_noise", "missing_step",
            "the last step ends at a time > 0 and has its noise like all others; here it has none",
            {"sample: return _moved(":
             "return _moved(kind, x, score(x, t), t, u, (0.0 if k == N else 1.0) * _draw(noise, k - 1, x), eta)",
             "conditional_samples: x = diffusion.step(":
             'x = diffusion.step("exp", x, score, t, u, xi[k, ...] * (0.0 if k == len(times) - 2 else 1.0))'}),
    # Tables
    mistake("beta_of_the_training", "wrong_constant",
            "beta of a step that skips rows is 1 - abar_i / abar_j; here it is the table's own beta_i",
            {"table_steps: x = _moved(": _DDPM_BY_TABLE}, origin=f"{_DIFFUSERS}/pull/3006"),
    mistake("variance_of_the_training", "wrong_constant",
            "the variance of a step that skips rows has beta = 1 - abar_i / abar_j too; here the mean does, and the "
            "variance has the table's own beta_i",
            {"table_steps: x = _moved(": "x = _moved(kind, x, score_of_noise(predicted[k, ...], t), t, u, xi, eta)\n"
             'if kind != "ddim" and u > 0 and xi is not None:\n'
             "    beta, own = -math.expm1(u - t), float(betas[i])\n"
             '    scale = 1.0 if kind == "ddpm_large" else math.sqrt(_variance(u) / _variance(t))\n'
             "    x = x + scale * (math.sqrt(own) - math.sqrt(beta)) * xi"},
            origin=f"{_DIFFUSERS}/pull/3006"),
    mistake("row_before_in_the_training", "wrong_order",
            "a step that skips rows goes to the next of the asked rows; here to row i - 1, as in the training",
            {"diffusion-18": "t, u = table[i], table[i - 1] if i else 0.0"}, origin=f"{_DIFFUSERS}/pull/2076"),
    mistake("stride_for_next_row", "wrong_order",
            "a step goes to the next of the asked rows; here to row i - M // N, whatever was asked",
            {"diffusion-18": "stride = len(table) // len(rows)\n"
             "t, u = table[i], table[i - stride] if i >= stride else 0.0"}, origin=f"{_DIFFUSERS}/issues/12633"),
    mistake("kept_up_to_the_row_before", "wrong_order",
            "row i has kept prod_{j<=i} (1 - beta_j); here the product ends at the row before",
            {"diffusion-17": "t = xp.cumulative_sum(-xp.log1p(-betas)) + xp.log1p(-betas)"},
            origin="https://github.com/lucidrains/denoising-diffusion-pytorch/issues/81"),
    mistake("noise_at_the_end_unless_from_row_0", "extra_step",
            "the last step goes to abar = 1 and adds no noise; here that is so only if it starts at row 0, and with "
            "the large variance the answer is left with noise",
            {"table_steps: x = _moved(":
             "x = _moved(kind, x, score_of_noise(predicted[k, ...], t), t, u, xi, eta)\n"
             'if u == 0 and i and kind == "ddpm_large" and xi is not None:\n'
             "    x = x + math.sqrt(-math.expm1(-t)) * xi"},
            origin=f"{_DIFFUSERS}/blob/main/src/diffusers/schedulers/scheduling_ddpm.py"),
    mistake("score_of_noise_over_variance", "wrong_scale",
            "the score is the noise over its deviation; here over its variance",
            {"diffusion-5": "return -predicted / h"}),
    variant("ends_at_the_first_row",
            "the last step goes to row 0 of the table, not to the data: what it has kept is not 1",
            "diffusers, DDIMScheduler(set_alpha_to_one=False); the sampler of latent diffusion, "
            "https://github.com/lllyasviel/ControlNet/pull/587",
            {"diffusion-18": "t, u = table[i], table[rows[k + 1] if k + 1 < len(rows) else 0]",
             "table_steps: x = _moved(":
             "x = x if t == u else _moved(kind, x, score_of_noise(predicted[k, ...], t), t, u, xi, eta)"},
            choice=True),
    variant("clean_point_clipped",
            "the clean point is clipped to [-1, 1] in each step, and the noise is not made anew for it",
            "diffusers, DDIMScheduler and DDPMScheduler(clip_sample=True), which is the default",
            {"table_steps: x = _moved(":
             "s, h, k_u = score_of_noise(predicted[k, ...], t), _variance(t), _variance(u)\n"
             "clean = array_namespace(x).clip((x + h * s) * math.exp(t / 2), min=-1.0, max=1.0)\n"
             "p, q, r = coefficients(kind, t, u, eta=eta)\n"
             'if kind == "ddim":\n'
             "    new = math.exp(-u / 2) * clean - math.sqrt(h) * math.sqrt(max(k_u - r**2, 0.0)) * s\n"
             "else:\n"
             "    new = math.exp(-u / 2) * -math.expm1(u - t) / h * clean + k_u / h * math.exp((u - t) / 2) * x\n"
             "x = new if r == 0 else new + r * xi"}, choice=True),
    # Guidance
    mistake("scores_exchanged", "wrong_order",
            "away from the unconditional score; here away from the conditional one",
            {"diffusion-20": "return (1 + eta) * unconditional - eta * conditional"}),
    mistake("unconditional_added", "wrong_sign", "subtract eta times the unconditional score; here it is added",
            {"diffusion-20": "return (1 + eta) * conditional + eta * unconditional"},
            origin="https://github.com/labmlai/annotated_deep_learning_paper_implementations/issues/177"),
    mistake("conditional_not_weighed", "missing_step",
            "1 + eta times the conditional score; here once, so that the weights do not sum to 1",
            {"diffusion-20": "return conditional - eta * unconditional"}),
    mistake("classifier_subtracted", "wrong_sign", "climb the classifier's log-probability; here it is descended",
            {"diffusion-21": "return score - (1 + eta) * gradient"}),
    variant("scale_w",
            "the strength is the scale w of most libraries, w = 1 + eta: 1 is plain conditional, 0 unconditional",
            "Dhariwal and Nichol (2021); Imagen; guidance_scale of diffusers",
            {"diffusion-20": "return eta * conditional - (eta - 1) * unconditional",
             "diffusion-21": "return score + eta * gradient"}, choice=True),
    mistake("clean_classifier", "wrong_order",
            "the classifier must know noisy points; here that of clean ones is asked",
            {"class_gradient: joint, solved =": "joint, solved = mixtures.components(x, mixture)"}),
    mistake("likelihood_for_posterior", "missing_step",
            "the gradient of the class's probability given the point; here that of the point's density given the class",
            {"diffusion-23": "return -solved[:, label, :]"}),
    mistake("gradient_of_the_probability", "missing_step",
            "the gradient is of the logarithm of the class's probability; here of the probability itself, which "
            "vanishes where the class is unlikely",
            {"diffusion-23": "xp = array_namespace(x)\n"
             "share = xp.exp(joint - xp.max(joint, axis=1, keepdims=True))\n"
             "share = (share / xp.sum(share, axis=1, keepdims=True))[:, label][:, None]\n"
             "return share * (mixtures.pull(joint, solved) - solved[:, label, :])"}),
    mistake("gradient_for_the_noise", "wrong_scale",
            "the score takes the gradient as it is; here it is multiplied with sqrt(1 - abar), as for a "
            "predicted noise",
            {"guided_score: return diffusion.classify(unconditional, class_gradient(": "h = _variance(t)\n"
             "return diffusion.classify(unconditional, math.sqrt(h) * class_gradient(x, t, mixture, label), eta=eta)"}),
    # Subspaces
    mistake("no_skip", "missing_step",
            "off the plane the score is -x / h; here that part is missing",
            {"diffusion-25": "return on + 0.0 * h",
             "diffusion-32": "return alpha * (predict(x @ V) @ V.T) / h, fitted"}),
    mistake("off_part_over_deviation", "wrong_scale", "divide the part off the plane by h; here by its root",
            {"diffusion-25": "return on - (x - z @ A.T) / math.sqrt(h)"}),
    mistake("skip_of_all", "wrong_order",
            "the skip is for the part off the plane alone, as the score in the plane is complete; here for all of x",
            {"diffusion-25": "return on - x / h"}),
    mistake("clean_latent_law", "missing_step",
            "in the plane the score is that of the noised latent law; here of the clean one",
            {"diffusion-24": "on = mixture_score(z, 0.0, mixtures.checked(mixture, z)) @ A.T"}),
    # One Gaussian
    mistake("variance_by_slope", "missing_step", "the variance is multiplied with the square of the slope; here once",
            {"diffusion-27": "v = abs(p + q * slope) * v + r**2"}),
    mistake("divergence_reversed", "wrong_order",
            "the divergence of the data from the samples; here of the samples from the data",
            {"diffusion-28": "rho = 1 / (1 + rho) - 1\n"
             "kl = (rho - xp.log1p(rho) + (alpha * mean - m) ** 2 / (alpha**2 * variance + h)) / 2"}),
    mistake("divergence_without_half", "wrong_scale", "half of the sum; here all of it",
            {"diffusion-28": "kl = rho - xp.log1p(rho) + (alpha * mean - m) ** 2 / v"}),
    mistake("divergence_of_deviations", "wrong_scale",
            "the divergence is made of variances; here the formula for deviations is given variances",
            {"diffusion-28": "d = alpha**2 * variance + h\n"
             "kl = xp.log(v / d) + (d**2 + (alpha * mean - m) ** 2) / (2 * v**2) - 0.5"}),
    mistake("data_at_time_0", "missing_step",
            "compare with the data at the last time; here with the clean data",
            {"gaussian_law: alpha, h =": "alpha, h = 1.0, 0.0"}),
    # The estimator
    mistake("clean_point_not_scaled", "missing_step",
            "the regression estimates the clean point; the score has exp(-t/2) times that; here the factor is missing",
            {"diffusion-32": "return (predict(x @ V) @ V.T - x) / h, fitted",
             "diffusion-36": "score = (clean - x) / h"}),
    mistake("encoder_of_noisy_data", "wrong_order", "the axes of the clean data; here those of the noised ones",
            {"encoder_score: V =": "V = principal_axes(Xt, d) if V is None else V"}),
    mistake("centred", "extra_step", "the plane goes through 0; here the mean is subtracted before",
            {"principal_axes: _, _, Vt =": "xp = array_namespace(X)\n"
             "_, _, Vt = xp.linalg.svd(X - xp.mean(X, axis=0), full_matrices=False)"}),
    mistake("columns_for_rows_of_the_axes", "wrong_axis",
            "svd returns V transposed: the axes are its rows; here its columns are taken",
            {"principal_axes: _, _, Vt =": "_, _, Vt = array_namespace(X).linalg.svd(X, full_matrices=True)",
             "diffusion-29": "return Vt[:, :d]"}),
    mistake("kernel_without_half", "wrong_constant", "the squared distance is divided by 2 l^2; here by l^2",
            {"diffusion-30": "K = xp.exp(-distances / (width * median))",
             "kernel_ridge: k =": "k = xp.exp(-apart / (width * median))",
             "kernel_ridge: return lambda": _PREDICT.format("1")}),
    mistake("median_with_zeros", "extra_step",
            "the median of the distances of different data; here each one's distance from itself, 0, is counted too",
            {"kernel_ridge: median =": "median = _median(xp.reshape(distances, (-1,)))"}),
    mistake("ridge_times_n", "wrong_scale", "add the ridge to the diagonal; here n times the ridge",
            {"diffusion-31": "weights = xp.linalg.solve(K + n * ridge * eye, targets)"}),
    mistake("chosen_on_the_training_data", "wrong_order",
            "width and ridge are chosen on new pairs; here on those that they were fitted to",
            {"kernel_ridge: error =": "error = float(xp.mean((K @ weights - targets) ** 2)) + 0.0 * float(xp.sum(k))"}),
    # Rewards
    mistake("penalty_of_the_mean", "wrong_scale", "the penalty is of the sum of squares; here of their mean",
            {"ridge: shrunk =": "shrunk = values / (values**2 + F.shape[0] * penalty)"}),
    mistake("pseudo_labels_without_noise", "missing_step",
            "pseudo-labels have noise of deviation nu; here they are the estimates themselves",
            {"diffusion-34": "labels = X @ theta"}),
    mistake("nu_as_variance", "wrong_constant", "nu is a deviation; here it is taken for a variance",
            {"diffusion-34": "labels = X @ theta + nu**0.5 * pseudo"}),
    mistake("target_ignored", "missing_step", "ask for the target; here the sampler is unconditional, at a label of 0",
            {"conditional_samples: clean =": "clean = x @ W[:-1, :]"}),
    mistake("one_noise_for_all_times", "wrong_order",
            "each time has its own draws, from which its score is learned; here all have those of the first",
            {"conditional_samples: noisy =": "noisy = alpha * X + math.sqrt(h) * noise[0, ...]"}),
    mistake("noisy_target_of_the_regression", "wrong_order",
            "regress the clean data; here the noised ones, which are known already",
            {"diffusion-35": "W = ridge(F, noisy, SMALL)"}),
    mistake("score_of_the_first_time", "wrong_order",
            "each time has its own regression; here that of the first time serves all steps",
            {"diffusion-35": "W = ridge(F, X, SMALL) if k == 0 else W"}),
)  # fmt: skip
