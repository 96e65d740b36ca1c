"""Lines of the source that read otherwise: mistakes, and what another source does on purpose."""

from refimpl.specs.base import mistake, variant

_AUTHORS = "https://github.com/yuneg11/Scale-Mixtures-of-NNGP"
_RELATIVE = "https://github.com/google/neural-tangents/issues/178"


def _tags(edits):
    return {f"scale_mixture_nngp-{tag}": text for tag, text in edits.items()}


_BARE = """\
less = 0.5 * m.shape[0] * (source._log_det(at.factor) - source._log_det(source.cholesky(K_uu)))
return found.elbo + less, found.kl - less"""
_INDEPENDENT = """\
variances = xp.linalg.diagonal(law.scale)
return xp.sum(_log_t(xp, apart * apart / variances, xp.log(variances), 1, law.dof), axis=1)"""
_ONE_BY_ONE = "one value at a time is all that it asks for"
_THETA = "Theta_tt, Theta_st = readout * K.tt + {} * T_tt, readout * K.st + {} * T_st"
_FULL_G = "G = (({}) @ vectors) * F @ xp.matrix_transpose(vectors)"
_EVIDENCE = "inside = {} * told.log_det + (law.a + n / 2) * xp.log1p({})"
_UNCLIPPED = "theta = xp.acos(k12 / (xp.sqrt(k11) * xp.sqrt(k22)))"
_BY_COSINES = {"kernels: theta = _biased(_passed": "theta = None"}  # angles follow the covariances, whatever these are
_IG = "return {} - math.lgamma(law.a) - (law.a + 1) * log - {}"

ALTERNATIVES = (
    # Kernels
    mistake(
        "he_normalised",
        "wrong_scale",
        "the ReLU kernel has the factor 1 / (2 pi), so that an input of variance k gives k / 2; here it is twice that",
        _tags(
            {
                "2": "value = scale * (sine + rest * xp.cos(angle)) / math.pi",
                "3": "return value, rest / math.pi",
            }
        )
        | {"_variances: return 0.5 *": "return k11"},
    ),
    mistake(
        "variances_not_halved",
        "wrong_scale",
        "also the variances pass through the layers: E[phi(u)^2] = k / 2; here they stay k",
        {"_variances: return 0.5 *": "return k11", **_BY_COSINES},
    ),
    mistake(
        "cosine_not_clipped",
        "numerics",
        "a cosine that rounding takes past 1 or -1 is clipped; here its angle is NaN",
        {"kernels: theta = _biased(angles": _UNCLIPPED, "kernels: theta = _biased(_passed": _UNCLIPPED,
         "kernels: if not reached": "if False:"},
        origin="https://github.com/GPflow/GPflow/issues/409",
    ),
    mistake(
        "angle_not_counted_from_pi",
        "wrong_constant",
        "(pi - theta) multiplies the cosine; here theta does",
        _tags({"2": "value = scale * (sine + angle * xp.cos(angle)) / (2 * math.pi)"}) | _BY_COSINES,
    ),
    mistake(
        "slope_of_the_angle",
        "wrong_constant",
        "the chance that both units are on is (pi - theta) / (2 pi); here theta / (2 pi)",
        _tags({"3": "return value, angle / (2 * math.pi)"}),
    ),
    mistake(
        "erf_of_half_the_variance",
        "wrong_constant",
        "erf has 1 + 2 k, as its slope at 0 is 2 / sqrt(pi); here 1 + k, as of erf(u / sqrt 2)",
        {"_expectations: root =": "root = xp.hypot(xp.sqrt(1 + k11 + k22), scale * sine)",
         "_variances: return (2": "return (2 / math.pi) * xp.atan2(k11, xp.sqrt(1 + 2 * k11))",
         **_tags({"4": "value = (2 / math.pi) * xp.atan2(k12, root)", "5": "return value, (2 / math.pi) / root"})},
    ),
    mistake(
        "erf_slope_not_squared",
        "wrong_scale",
        "both slopes have the factor 2 / sqrt(pi), together 4 / pi; here 2 / pi",
        _tags({"5": "return value, (2 / math.pi) / root"}),
    ),
    mistake(
        "bias_once",
        "missing_step",
        "every layer has biases; here the first alone",
        _tags({"7": "k12, k11, k22 = sw2 * hidden, sw2 * v1, sw2 * v2"}) | _BY_COSINES,
    ),
    mistake(
        "input_not_divided_by_its_dimension",
        "wrong_scale",
        "weights have variance sigma_w^2 / d; here sigma_w^2 at the inputs",
        _tags({"1": "k12 = sb2 + sw2 * (x @ xp.matrix_transpose(y))"})
        | {"kernels: n1 =": "n1 = xp.sum(x * x, axis=1, keepdims=True)",
           "kernels: n2 =": "n2 = xp.sum(y * y, axis=1)[None, :]"},
    ),
    mistake(
        "readout_with_weights_and_bias",
        "extra_step",
        "the readout has variance 1 and no bias, the kernel ends at E[phi phi']; here sigma_b^2 + sigma_w^2 times that",
        {"kernels: return found.hidden": "return found.output, found.tangent"},
    ),
    mistake(
        "last_slope_missing",
        "missing_step",
        "the tangent kernel is multiplied with the slopes of the last layer too; here with those before it",
        _tags({"6": "tangent = tangent * slopes if layer < depth - 1 else tangent"}),
    ),
    mistake(
        "tangent_without_the_layer_itself",
        "missing_step",
        "each layer adds its own kernel; here only the first one's is handed on",
        _tags({"8": "tangent = sw2 * tangent"}),
    ),
    mistake(
        "tangent_adds_c",
        "wrong_order",
        "each layer adds K, with its bias and weight variance; here E[phi phi'] alone",
        _tags({"8": "tangent = hidden + sw2 * tangent"}),
    ),
    mistake(
        "tangent_of_unit_weights",
        "wrong_scale",
        "what comes from below is multiplied with sigma_w^2; here it is not",
        _tags({"8": "tangent = k12 + tangent"}),
    ),
    # Networks
    mistake(
        "no_fan_in",
        "wrong_scale",
        "weights are divided by the root of the fan in; here they are not",
        _tags({"9": "h = z @ omega * sigma_w + sigma_b * beta[:, None, :]"}),
    ),
    mistake(
        "bias_not_scaled",
        "missing_step",
        "biases have the deviation sigma_b; here 1",
        _tags({"9": "h = z @ omega * (sigma_w / math.sqrt(z.shape[-1])) + beta[:, None, :]"}),
    ),
    mistake(
        "readout_by_the_width",
        "wrong_scale",
        "the readout is divided by the root of the width; here by the width",
        _tags({"10": "return z @ v / v.shape[-2]"}),
    ),
    mistake(
        "variance_for_deviation",
        "wrong_scale",
        "s is the variance of the readout weights; here it is their deviation",
        {"_spread: return": "return s[:, None, None]"},
    ),
    mistake(
        "mean_loss",
        "wrong_scale",
        "the loss is summed over the data; here their mean is taken, so that steps are n times as small",
        _tags({"37": "return 0.5 * array_namespace(f).sum((f - y) ** 2) / y.shape[0]"})
        | {"trained: s, eta =": "s, eta = s, eta / y.shape[0]"},
    ),
    mistake(
        "loss_without_half",
        "wrong_scale",
        "half of the squared errors; here all of them",
        _tags({"37": "return array_namespace(f).sum((f - y) ** 2)"})
        | {"trained: s, eta =": "s, eta = s, 2 * eta"},
    ),
    mistake(
        "hidden_layers_stay",
        "missing_step",
        "all layers are trained; here the readout alone",
        {"train: if layers_trained": 'if layers_trained in ("all", "readout"):'}
        | _tags({"32": _THETA.format("0.0", "0.0")}),
    ),
    variant(
        "rescaled_form",
        "the readout weights over sqrt(s) are trained, whatever is asked for: the tangent kernel is s times that at 1, "
        "and the mean does not depend on s",
        "neural-tangents, Dense in tangent-kernel form, https://github.com/google/neural-tangents",
        {
            "trained: readout =": "readout = s",
            "train: scale =": "scale = s",
            "train: begin =": "begin = (tuple(tuple(layer) for layer in layers), 1.0 * v)",
            "train_networks: return models.outputs(": "return models.outputs(X_new, layers, w, s, **net)",
        },
    ),
    # The scale
    mistake(
        "rate_for_scale",
        "wrong_constant",
        "b is the scale of the inverse-gamma law, exp(-b / s); here exp(-1 / (b s))",
        _tags({"11": _IG.format("-law.a * math.log(law.b)", "1 / (law.b * s)"),
               "18": "return 1 / (b * gamma_quantile(shape, u))"}),
        origin="https://github.com/tensorflow/probability/issues/283",
    ),
    mistake(
        "gamma_for_inverse_gamma",
        "wrong_constant",
        "one over s has a gamma law; here s itself",
        _tags({"11": "return law.a * math.log(law.b) - math.lgamma(law.a) + (law.a - 1) * log - law.b * s",
               "18": "return gamma_quantile(shape, u) / b"}),
    ),
    mistake(
        "law_of_the_deviation",
        "wrong_order",
        "the law is that of the variance s; here that of its root",
        _tags({"11": "return law.a * math.log(law.b) - math.lgamma(law.a) - math.log(2) - (law.a / 2 + 1) * log"
                     " - law.b / xp.sqrt(s)",
               "18": "return (b / gamma_quantile(shape, u)) ** 2"}),
    ),
    mistake(
        "burr_exchanged",
        "wrong_constant",
        "c is the power of s and d that of the sum; here they are exchanged",
        _tags({"12": "return math.log(law.c * law.d) + (law.d - 1) * log - (law.c + 1) * softplus(law.d * log)",
               "15": "s = xp.expm1(-xp.log1p(-u) / law.c) ** (1 / law.d)"}),
    ),
    mistake(
        "burr_overflows",
        "numerics",
        "log(1 + s^c) is a softplus of c log s; here s^c is taken, which overflows",
        _tags({"12": "return top - (law.d + 1) * xp.log1p(s**law.c)"}),
    ),
    mistake(
        "cauchy_overflows",
        "numerics",
        "log(1 + (s / gamma)^2) is a softplus of twice the difference of logarithms; here the square is taken, which "
        "overflows",
        _tags({"13": "return math.log(2 / (math.pi * law.gamma)) - xp.log1p((s / law.gamma) ** 2)"}),
    ),
    mistake(
        "whole_cauchy",
        "wrong_scale",
        "half of the law has twice the density; here that of the whole",
        _tags({"13": "return math.log(1 / (math.pi * law.gamma)) - softplus(2 * (log - math.log(law.gamma)))",
               "16": "s = law.gamma * xp.tan(math.pi * (u - 0.5))"})
        | {"draw: return _reached": "return s"},
    ),
    mistake(
        "log_normal_without_jacobian",
        "missing_step",
        "the density of s has a factor 1 / s; here that of log s",
        _tags({"14": "return -0.5 * z * z - math.log(law.sigma) - 0.5 * math.log(2 * math.pi)"}),
    ),
    mistake(
        "variance_of_the_logarithm",
        "wrong_constant",
        "sigma is the deviation of log s; here its variance",
        _tags({"17": "s = xp.exp(law.mu + law.sigma**0.5 * ndtri(u))"})
        | {"log_density: z =": "z = (log - law.mu) / law.sigma**0.5"},
    ),
    # The t law
    mistake(
        "dof_a",
        "wrong_constant",
        "an inverse-gamma law of shape a gives 2 a degrees of freedom; here a",
        _tags({"19": "return Student(law.a, mean, (law.b / law.a) * Sigma)"}),
    ),
    mistake(
        "scale_inverted",
        "wrong_constant",
        "the scale matrix is b / a times Sigma; here a / b times",
        _tags({"19": "return Student(2 * law.a, mean, (law.a / law.b) * Sigma)"}),
    ),
    mistake(
        "covariance_for_scale",
        "wrong_constant",
        "the scale matrix is b / a times Sigma; here b / (a - 1) times, which is the covariance",
        _tags({"19": "return Student(2 * law.a, mean, (law.b / abs(law.a - 1)) * Sigma)"}),
    ),
    mistake(
        "independent_t",
        "wrong_axis",
        "all values share one scale, so that they are far out together; here each has its own: independent t laws with "
        "the right marginals",
        {"log_student: return _log_t(xp, xp.sum": _INDEPENDENT},
        origin=_AUTHORS,
        unseen={"posterior_ig": _ONE_BY_ONE},
    ),
    mistake(
        "scale_for_its_factor",
        "wrong_order",
        "the scale is a matrix like a covariance; here it is taken for its Cholesky factor",
        {"log_student: factor =": "factor = xp.tril(law.scale)"},
        origin="https://github.com/tensorflow/probability/issues/977",
        unseen={"posterior_ig": _ONE_BY_ONE},
    ),
    mistake(
        "t_power_without_dimension",
        "wrong_constant",
        "the power is (dof + m) / 2; here (dof + 1) / 2, whatever the dimension",
        _tags({"20": "return constant - 0.5 * log_det - 0.5 * (dof + 1) * xp.log1p(q / dof)"}),
        unseen={"posterior_ig": _ONE_BY_ONE},
    ),
    mistake(
        "whole_determinant",
        "wrong_scale",
        "half of the log determinant; here all of it",
        _tags({"20": "return constant - log_det - 0.5 * (dof + m) * xp.log1p(q / dof)",
               "25": "log_evidence = outside - inside - 0.5 * told.log_det"}),
    ),
    # Regression
    variant(
        "relative_eps",
        "the regulariser is a share of the mean of the kernel's diagonal",
        f"neural-tangents, diag_reg with diag_reg_absolute_scale=False, {_RELATIVE}; so does the authors' regression "
        "for mean and variance, not for evidence and weights",
        _tags({"21": 'factor = cholesky(K.tt, jitter=eps * float(array_namespace(K.tt).mean(array_namespace(K.tt)'
                     '.linalg.diagonal(K.tt))), name="K.tt")'}),
        choice=True,
    ),
    mistake(
        "noise_as_deviation",
        "wrong_constant",
        "eps is a variance; here a deviation, and its square is added",
        {"condition: eps =": "eps = check.nonnegative(eps=eps) ** 2"},
    ),
    mistake(
        "no_noise",
        "missing_step",
        "eps is added to the kernel of the targets; here it is not",
        _tags({"21": 'factor = cholesky(K.tt, jitter=0.0, name="K.tt")'}),
    ),
    mistake(
        "prior_dof",
        "missing_step",
        "n targets add n to the degrees of freedom; here they stay 2 a",
        _tags({"24": "after = InverseGamma(law.a, law.b + Q / 2)"}),
    ),
    mistake(
        "n_for_half_n",
        "wrong_constant",
        "n targets add n / 2 to the shape; here n",
        _tags({"24": "after = InverseGamma(law.a + n, law.b + Q / 2)"}),
    ),
    mistake(
        "spread_without_q",
        "missing_step",
        "the targets' squared length Q adds to b; here the spread does not know the targets, as that of a Gaussian "
        "process",
        _tags({"24": "after = InverseGamma(law.a + n / 2, law.b)"}),
    ),
    mistake(
        "q_not_halved",
        "wrong_scale",
        "half of Q is added to b; here all of it",
        _tags({"24": "after = InverseGamma(law.a + n / 2, law.b + Q)"}),
    ),
    mistake(
        "q_without_the_kernel",
        "missing_step",
        "Q is the length of the targets in the metric of the kernel; here their plain length",
        _tags({"22": "Q = xp.asarray(xp.sum(y * y))"}),
    ),
    mistake(
        "evidence_q_over_b",
        "wrong_scale",
        "the evidence has 1 + Q / (2 b); here 1 + Q / b",
        {"posterior: inside =": _EVIDENCE.format("0.5", "Q / law.b")},
    ),
    mistake(
        "evidence_by_the_posterior",
        "wrong_order",
        "the evidence has log(2 pi b) with the prior's b; here that of the posterior",
        {"posterior: outside =": "outside = _lgamma(law.a + n / 2) - _lgamma(law.a) - 0.5 * n * "
         "_log(2 * math.pi * after.b)"},
    ),
    mistake(
        "test_noise_missing",
        "missing_step",
        "a new target has noise too; here the density is that of the function",
        _tags({"26": "variance = xp.clip(diagonal, 0.0, None) + 0.0 * told.eps"}),
        origin=_AUTHORS,
    ),
    mistake(
        "power_n",
        "wrong_constant",
        "each scale has the factor s^(-n/2); here s^(-n), and the weights go to small scales",
        _tags({"27": "log_w = -told.Q / (2 * s) - told.n * xp.log(s) + log_ratios"}),
    ),
    mistake(
        "ratio_inverted",
        "wrong_sign",
        "weights have the prior over the law of the draws; here that over the prior",
        _tags({"27": "log_w = -told.Q / (2 * s) - 0.5 * told.n * xp.log(s) - log_ratios"}),
    ),
    mistake(
        "ratio_forgotten",
        "missing_step",
        "draws of another law than the prior are weighted by the ratio; here they are not",
        _tags({"27": "log_w = -told.Q / (2 * s) - 0.5 * told.n * xp.log(s) + 0.0 * log_ratios"}),
    ),
    mistake(
        "weights_underflow",
        "numerics",
        "subtract the largest logarithm before the exponential; here all weights are 0 or infinite where targets are "
        "far from the kernel's scale",
        _tags({"28": "weights = xp.exp(log_w) / xp.sum(xp.exp(log_w))"}),
        origin="https://github.com/stan-dev/stan/issues/3241",
    ),
    mistake(
        "mean_of_log_densities",
        "wrong_order",
        "the density is a mean of densities; here their logarithms are averaged",
        _tags({"29": "log_density = xp.sum(weights[:, None] * each, axis=0)"}),
    ),
    mistake(
        "mean_scale_plugged_in",
        "wrong_order",
        "the density is a mean over the scales; here that of a normal law with the mean scale",
        _tags({"29": "log_density = _log_normal(xp, points - told.mean, xp.sum(weights * s) * variance)"}),
    ),
    mistake(
        "evidence_not_averaged",
        "missing_step",
        "the evidence is the mean over the draws; here their sum",
        _tags({"30": "log_evidence = outside + logsumexp(log_w)"}),
    ),
    mistake(
        "scale_of_all_targets",
        "wrong_scale",
        "the scale with the largest evidence is Q / n; here Q",
        _tags({"49": "s = 1.0 * told.Q if s is None else check.positive(s=s)"}),
    ),
    mistake(
        "scale_not_in_the_noise",
        "wrong_scale",
        "noise shares the scale: s (Sigma + eps); here s Sigma + eps",
        _tags({"50": "log_density = mixture._log_normal(xp, points - told.mean, s * (variance - told.eps) + "
                     "told.eps)"}),
    ),
    mistake(
        "scale_not_in_the_determinant",
        "missing_step",
        "the determinant of s K has a factor s^n; here that of K is taken",
        _tags({"51": "return Gaussian(s, log_density, outside - told.Q / (2 * s) + 0.5 * told.n * log_s)"}),
    ),
    # Trained networks
    mistake(
        "scale_not_in_the_kernel",
        "missing_step",
        "the outputs at the start have the covariance s K; here K",
        _tags({"31": "K_tt, K_st, K_ss = (1.0 * block for block in K)"}),
    ),
    mistake(
        "hidden_layers_without_scale",
        "wrong_scale",
        "what reaches the hidden layers passes the readout weights: s times their kernel; here once, whatever s",
        _tags({"32": _THETA.format("1.0", "1.0")}),
    ),
    mistake(
        "rescaled_form_forgotten_at_the_end",
        "missing_step",
        "the rescaled form has the tangent kernel s (K + T), also at the end; here K + s T there",
        {"trained: readout =": 'readout = 1.0 if form == "direct" or time == "end" else s'},
    ),
    mistake(
        "steps_as_flow",
        "wrong_order",
        "tau steps leave (1 - eta v)^tau; here exp(-eta v tau), as infinitely small steps do",
        {"_learned: left =": "left = xp.expm1(-eta * tau * values)"},
    ),
    mistake(
        "one_step_less",
        "wrong_order",
        "tau steps; here one less",
        {"_learned: left =": "left = (1 - rate) ** max(int(tau) - 1, 0) - 1"},
    ),
    mistake(
        "flow_without_rate",
        "missing_step",
        "the flow has the rate eta; here 1",
        _tags({"34": "return -xp.expm1(-tau * values) / values"}),
    ),
    mistake(
        "trained_by_the_readout_kernel",
        "wrong_order",
        "new inputs follow by the tangent kernel; here by the kernel of the readout",
        _tags({"35": _FULL_G.format("readout * K.st")}),
    ),
    mistake(
        "covariance_of_a_posterior",
        "wrong_order",
        "the networks start at random, and all of their covariance is carried along; here K_ss - G K_ts, as of a "
        "posterior",
        {"trained: covariance =": "covariance = K_ss - 0.5 * (crossed + xp.matrix_transpose(crossed))"},
    ),
    mistake(
        "start_forgotten",
        "missing_step",
        "the outputs at the start are random, also after training; here the covariance is that before it",
        {"trained: covariance =": "covariance = K_ss"},
    ),
    # Classification
    mistake(
        "projection_without_jitter",
        "missing_step",
        "the same kernel with jitter is in every place; here the projection solves it without",
        {"project: factor =": 'factor = cholesky(K_uu, jitter=0.0, name="K_uu")'},
    ),
    mistake(
        "deterministic_projection",
        "missing_step",
        "values have a rest of variance that inducing values do not tell; here none",
        _tags({"40": "rest = 0.0 * xp.clip(k_xx - xp.sum(A * K_xu, axis=1), 0.0, None)"}),
    ),
    mistake(
        "projection_not_squared",
        "wrong_order",
        "variances are projected by the squares of A; here by A",
        _tags({"41": "variance = xp.abs(at.A) @ xp.matrix_transpose(q.S) + at.rest[:, None]"}),
    ),
    variant(
        "s_is_the_deviation",
        "S is the root of the variances of the inducing values",
        "GPflow, q_sqrt with q_diag, https://github.com/GPflow/GPflow; the authors' q_sqrt is the variance",
        _tags({"41": "variance = (at.A * at.A) @ xp.matrix_transpose(q.S * q.S) + at.rest[:, None]"})
        | {
            "kl_given_scale: trace =": "trace = xp.sum(q.S * q.S * xp.sum(inverse * inverse, axis=0))",
            "kl_given_scale: dets =": "dets = C * _log_det(factor) - 2 * xp.sum(xp.log(q.S))",
        },
        choice=True,
    ),
    mistake(
        "scale_of_the_rest_alone",
        "wrong_order",
        "given s all of the variance is multiplied with s; here not that of the inducing values",
        _tags({"42": "return mean + xp.sqrt(variance + (s[:, None, None] - 1) * at.rest[:, None]) * noise"}),
    ),
    mistake(
        "scale_as_deviation",
        "wrong_scale",
        "s is a variance; here it multiplies the deviations",
        _tags({"42": "return mean + s[:, None, None] * xp.sqrt(variance) * noise"}),
    ),
    mistake(
        "batch_not_weighted",
        "missing_step",
        "the likelihood of a batch of B stands for all n data, n / B times; here it is taken once",
        _tags({"43": "return xp.sum(xp.mean(each, axis=0))"}),
        origin="https://github.com/tachukao/mgplvm-pytorch/pull/19",
    ),
    mistake(
        "precision_inverted",
        "wrong_constant",
        "E[1 / s] = a / b multiplies the length of the means; here b / a",
        _tags({"46": "kl = kl_given_scale(q, at.factor, q.b / q.a) + kl_of_scale(q, law)",
               "52": "kl = mixture.kl_given_scale(q, at.factor, q.b / q.a)"}),
    ),
    mistake(
        "trace_with_precision",
        "wrong_scale",
        "the covariance of q(u | s) has the factor s too, so the trace has none; here the precision multiplies it",
        _tags({"44": "return 0.5 * (dets - C * M + precision * (trace + xp.sum(half * half)))"}),
    ),
    mistake(
        "means_without_precision",
        "missing_step",
        "the length of the means is measured against s K; here against K",
        _tags({"44": "return 0.5 * (dets - C * M + trace + 1.0 * xp.sum(half * half))"}),
    ),
    mistake(
        "one_class_in_the_divergence",
        "wrong_axis",
        "the prior's determinant counts once for each class; here once",
        {"kl_given_scale: dets =": "dets = _log_det(factor) - xp.sum(xp.log(q.S))"},
    ),
    mistake(
        "scale_divergence_missing",
        "missing_step",
        "the divergence of q(s) from the prior belongs to the bound; here it is left out",
        _tags({"46": "kl = kl_given_scale(q, at.factor, q.a / q.b)"}),
    ),
    mistake(
        "scale_divergence_reversed",
        "wrong_order",
        "the divergence of q(s) from the prior; here of the prior from q(s)",
        _tags({"45": "return q.a * (math.log(b) - xp.log(q.b)) + gammaln(q.a) - math.lgamma(a) + (a - q.a) * "
                     "digamma(xp.asarray(a, dtype=q.a.dtype, device=device(stop_gradient(q.a)))) + (q.b - b) * a / b"}),
    ),
    mistake(
        "rates_of_two_gammas",
        "wrong_order",
        "one over s has a gamma law, with b its rate: (b - b_q) a_q / b_q; here (b_q - b) a_q / b, as of a scale",
        _tags({"45": "return a * (xp.log(q.b) - math.log(b)) + gammas + (q.b - b) * q.a / b"}),
    ),
    mistake(
        "divergence_added",
        "wrong_sign",
        "the divergence is subtracted; here it is added",
        _tags({"47": "return Bound(fit + kl, kl, fit)"}),
    ),
    variant(
        "jitter_not_in_the_determinant",
        "the divergence has the determinant of K_uu; all else has that with jitter",
        f"the authors' code, {_AUTHORS}",
        {"elbo: return found.elbo": _BARE, "svgp_elbo: return found.elbo": _BARE},
    ),
    mistake(
        "softmax_of_the_mean",
        "wrong_order",
        "average the probabilities of the draws; here their values are averaged first",
        _tags({"48": "return softmax(array_namespace(f).mean(f, axis=0), axis=1)"}),
    ),
)  # fmt: skip
