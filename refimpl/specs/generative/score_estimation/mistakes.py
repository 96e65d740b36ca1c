"""Lines of the source that read otherwise: mistakes, and what another source does on purpose."""

from refimpl.specs.base import mistake, variant

_CLIP = "https://github.com/hojonathanho/diffusion/issues/5"
_SIGN = "https://github.com/soran-ghaderi/torchebm/issues/318"
_SUMMED = "https://github.com/VITA-Group/TENAS/issues/11"
_ACOS = "https://github.com/GPflow/GPflow/issues/409"
_WEIGHT = "https://github.com/huggingface/diffusers/issues/1733"


def _pairs(label):
    return {"training_pairs: return Pairs(": f"return Pairs(network_input(x, t, T0=T0, bias=bias), {label}, x)"}


_BACK = "back = xp.where(before > 0, R @ xp.matrix_transpose(a), 0.0)"
_STEP = "W = W - eta / (n * math.sqrt(a.shape[0])) * (xp.matrix_transpose(back) @ Z)"
_AC1 = "length(Z) * length(Z2)[:, 0] * (xp.sin(theta) + (math.pi - theta) * xp.cos(theta)) / (2 * math.pi)"

ALTERNATIVES = (
    # The score as a denoiser
    mistake(
        "clock_twice_as_fast",
        "wrong_constant",
        "alpha = exp(-t / 2), and its square is 1 - h; here alpha = exp(-t)",
        {"score_estimation-1": "alpha = xp.exp(-t)"},
        unseen={"weighted_errors": "alpha cancels, as it should"},
    ),
    mistake(
        "h_of_alpha",
        "wrong_constant",
        "h = 1 - alpha^2; here h = 1 - alpha",
        {"score_estimation-2": "h = -xp.expm1(-t / 2)"},
        unseen={"weighted_errors": "h cancels, as it should"},
    ),
    mistake(
        "h_cancels",
        "numerics",
        "h = -expm1(-t); here 1 - exp(-t), which has no digits at early times",
        {"score_estimation-2": "h = 1 - xp.exp(-t)"},
        unseen={"weighted_errors": "h cancels, as it should"},
    ),
    mistake(
        "variance_for_deviation",
        "wrong_scale",
        "the noise has the standard deviation sqrt(h); here h",
        {"score_estimation-3": "x = alpha * X0 + h * zeta"},
    ),
    mistake(
        "sample_not_shrunk",
        "missing_step",
        "the sample shrinks by alpha; here it stays and noise is added",
        {"score_estimation-3": "x = X0 + xp.sqrt(h) * zeta"},
    ),
    mistake(
        "noise_as_label",
        "wrong_output",
        "the label is the clean sample; here the noise",
        _pairs("zeta"),
    ),
    mistake(
        "score_as_label",
        "wrong_output",
        "the label is the clean sample; here the score of x given it, -zeta / sqrt(h)",
        _pairs("-zeta / xp.sqrt(h)"),
    ),
    mistake(
        "absolute_time",
        "missing_step",
        "the network sees the time since T0; here the time itself",
        {"score_estimation-9": "return xp.concat([x, t[:, None], *ones], axis=1)"},
    ),
    mistake(
        "noise_level_for_the_time",
        "wrong_output",
        "the network sees the time since T0; here the standard deviation of the noise",
        {"score_estimation-9": "return xp.concat([x, xp.sqrt(-xp.expm1(-t))[:, None], *ones], axis=1)"},
    ),
    mistake(
        "constant_first",
        "wrong_order",
        "the constant is the last input; here the first",
        {"score_estimation-9": "return xp.concat([*ones, x, (t - T0)[:, None]], axis=1)"},
    ),
    mistake(
        "not_projected",
        "missing_step",
        "project the output to the ball; here it is taken as it is",
        {"score_estimation-5": "return f + 0.0 * norm * D"},
    ),
    mistake(
        "clipped",
        "wrong_axis",
        "project to the ball, along the ray; here each coordinate is clipped",
        {"score_estimation-5": "return xp.clip(f, -D, D) + 0.0 * norm"},
        origin=_CLIP,
    ),
    mistake(
        "onto_the_sphere",
        "extra_step",
        "outputs in the ball stay; here they are drawn out to the sphere",
        {"score_estimation-5": "return f * (D / xp.where(norm > 0, norm, 1.0))"},
    ),
    mistake(
        "longest_of_all",
        "wrong_axis",
        "each output has a length of its own; here all are shrunk by that of the longest",
        {"score_estimation-5": "return f * (D / xp.clip(xp.max(norm), min=D))"},
    ),
    mistake(
        "no_alpha",
        "missing_step",
        "the denoiser stands with alpha / h; here with 1 / h",
        {"score_estimation-6": "return 1 / h * _project(f, D) - x / h"},
    ),
    mistake(
        "plus_x",
        "wrong_sign",
        "subtract x / h; here it is added",
        {"score_estimation-6": "return alpha / h * _project(f, D) + x / h"},
        unseen={"weighted_errors": "the noisy samples cancel"},
    ),
    mistake(
        "negated_score",
        "wrong_sign",
        "the score points to the data; here it is that of the energy, away from them",
        {"score_estimation-6": "return x / h - alpha / h * _project(f, D)"},
        origin=_SIGN,
    ),
    mistake(
        "over_the_deviation",
        "wrong_scale",
        "divide by h; here by sqrt(h), which gives minus the noise",
        {"score_estimation-6": "return (alpha * _project(f, D) - x) / array_namespace(h).sqrt(h)"},
    ),
    mistake(
        "score_projected",
        "wrong_order",
        "project the denoiser, not the score made of it",
        {"score_estimation-6": "return _project(alpha / h * f - x / h, D)"},
    ),
    mistake(
        "target_without_alpha",
        "missing_step",
        "the target is (alpha X_0 - x) / h; here (X_0 - x) / h",
        {"score_estimation-4": "return (X0 - x + 0.0 * alpha) / h"},
    ),
    mistake(
        "weight_h",
        "wrong_constant",
        "the weight is (h / alpha)^2; here h, the usual one",
        {"score_estimation-7": "root = xp.sqrt(h) + 0.0 * alpha"},
    ),
    mistake(
        "weight_of_the_snr",
        "wrong_constant",
        "the weight is (h / alpha)^2; here alpha^2 / h, the ratio of signal to noise",
        {"score_estimation-7": "root = alpha / xp.sqrt(h)"},
        origin=_WEIGHT,
    ),
    mistake(
        "weight_not_squared",
        "wrong_scale",
        "the weight is (h / alpha)^2; here h / alpha",
        {"score_estimation-7": "root = xp.sqrt(h / alpha)"},
    ),
    mistake(
        "mean_over_coordinates",
        "wrong_axis",
        "sum the squares of a sample's coordinates; here their mean",
        {"score_estimation-8": "each = xp.mean((root * gap) ** 2, axis=-1)"},
    ),
    mistake(
        "errors_summed",
        "wrong_scale",
        "take the mean over the samples; here the sum",
        {"_weighted: return Errors(": "return Errors(each, xp.sum(each))"},
    ),
    mistake(
        "weights_divided_out",
        "wrong_scale",
        "the loss is the mean of the weighted errors; here they are divided by the sum of the weights",
        {"_weighted: return Errors(": "return Errors(each, xp.sum(each) / xp.sum(root**2))"},
    ),
    # The network
    mistake(
        "no_root_of_m",
        "missing_step",
        "divide the outputs by sqrt(m); here they are not",
        {
            "score_estimation-10": "return active @ a",
            "score_estimation-14": _STEP.replace("(n * math.sqrt(a.shape[0]))", "n"),
        },
    ),
    mistake(
        "mean_field",
        "wrong_scale",
        "divide the outputs by sqrt(m); here by m",
        {
            "score_estimation-10": "return active @ a / a.shape[0]",
            "score_estimation-14": _STEP.replace("math.sqrt(a.shape[0])", "a.shape[0]"),
            "score_estimation-15": "return (Z @ xp.matrix_transpose(Z2))[:, None, :, None] * pairs / a.shape[0] ** 2",
        },
    ),
    mistake(
        "linear_units",
        "missing_step",
        "units are ReLUs; here they pass everything on",
        {
            "score_estimation-10": "return before @ a / math.sqrt(a.shape[0])",
            "_update: back = ": "back = R @ xp.matrix_transpose(a)",
        },
    ),
    mistake(
        "shared_signs",
        "wrong_axis",
        "each output has signs of its own; here all have those of the first, so that outputs mix",
        {
            "score_estimation-10": "return active @ (a[:, :1] + 0.0 * a) / math.sqrt(a.shape[0])",
            "_update: back = ": f"a = a[:, :1] + 0.0 * a\n{_BACK}",
            "empirical_kernel: xp, a = ": "xp, a = array_namespace(Z, Z2, *network), network.a\na = a[:, :1] + 0.0 * a",
        },
    ),
    mistake(
        "not_mirrored",
        "wrong_sign",
        "the second half of the units has the opposite signs; here the same",
        {"score_estimation-11": "return Network(xp.concat([W, W]), xp.concat([a, a]))"},
    ),
    mistake(
        "weights_mirrored",
        "wrong_sign",
        "the second half of the units has the same weights and opposite signs; here opposite weights",
        {"score_estimation-11": "return Network(xp.concat([W, -W]), xp.concat([a, -a]))"},
    ),
    mistake(
        "halves_tied",
        "missing_step",
        "mirrored units move on their own; here both halves keep the weights of the first, and the outputs stay 0",
        {
            "score_estimation-14": f"{_STEP}\nhalf = W.shape[0] // 2\n"
            "W = xp.concat([W[:half, :], W[:half, :]]) if half else W"
        },
    ),
    mistake(
        "projected_in_training",
        "extra_step",
        "residuals of the outputs as they are; here the outputs are projected to the unit ball first",
        {"score_estimation-12": "R = _project(_outputs(before, a), 1.0) - Y"},
    ),
    mistake(
        "ascent",
        "wrong_sign",
        "descend: subtract the gradient; here it is added",
        {"score_estimation-14": _STEP.replace("W - eta", "W + eta")},
    ),
    mistake(
        "loss_without_half",
        "wrong_scale",
        "the loss is half of the mean square; here the whole",
        {"score_estimation-13": "loss = xp.sum(R**2) / n"},
    ),
    mistake(
        "loss_mean_over_outputs",
        "wrong_axis",
        "sum over the outputs, mean over the samples; here the mean over both, in loss and step",
        {
            "score_estimation-13": "loss = xp.sum(R**2) / (2 * n * R.shape[1])",
            "score_estimation-14": _STEP.replace("(n *", "(n * R.shape[1] *"),
        },
    ),
    mistake(
        "step_not_averaged",
        "missing_step",
        "the gradient is a mean over the samples; here their sum",
        {"score_estimation-14": _STEP.replace("(n * math.sqrt(a.shape[0]))", "math.sqrt(a.shape[0])")},
    ),
    mistake(
        "step_without_root_of_m",
        "missing_step",
        "the gradient has the factor 1 / sqrt(m) of the outputs; here it is missing",
        {"score_estimation-14": _STEP.replace("(n * math.sqrt(a.shape[0]))", "n")},
    ),
    mistake(
        "kink_moves",
        "wrong_constant",
        "a ReLU at 0 has the derivative 0; here 1",
        {"_update: back = ": _BACK.replace("before > 0", "before >= 0")},
        unseen={"train": "no unit of its cases has an input of exactly 0"},
    ),
    mistake(
        "half_of_the_kink_moves",
        "wrong_constant",
        "a ReLU at 0 has the derivative 0; here 1/2, that of jax.numpy.maximum(x, 0): take jax.nn.relu",
        {"_update: back = ": f"{_BACK}\nback = back + xp.where(before == 0, R @ xp.matrix_transpose(a) / 2, 0.0)"},
        unseen={"train": "no unit of its cases has an input of exactly 0"},
    ),
    mistake(
        "all_units_move",
        "missing_step",
        "only units that are on move; here all do",
        {"_update: back = ": "back = R @ xp.matrix_transpose(a)"},
    ),
    mistake(
        "units_frozen",
        "wrong_order",
        "ask at each step which units are on; here those of the start stay on, as in the linearised network",
        {
            "train: losses: list[Array] = []": "losses, on = [], _before(network, Z) > 0",
            "train: network, step =": "xp, (W, a), n = array_namespace(Z, Y, *network), network, Z.shape[0]\n"
            "R = xp.where(on, _before(network, Z), 0.0) @ a / math.sqrt(a.shape[0]) - Y\n"
            "back = xp.where(on, R @ xp.matrix_transpose(a), 0.0)\n"
            "step = Step(R, xp.sum(R**2) / (2 * n))\n"
            "W = W - eta / (n * math.sqrt(a.shape[0])) * (xp.matrix_transpose(back) @ Z)\n"
            "network = Network(W, a)",
        },
    ),
    mistake(
        "one_by_one",
        "wrong_order",
        "all samples step from the same residuals; here they step one by one, each from the weights of the last",
        {
            "score_estimation-14": "for j in range(n):\n"
            "    back = xp.where(Z[j, :] @ xp.matrix_transpose(W) > 0, a @ (_outputs(_before(Network(W, a), "
            "Z[j : j + 1, :]), a)[0, :] - Y[j, :]), 0.0)\n"
            "    W = W - eta / (n * math.sqrt(a.shape[0])) * back[:, None] * Z[j, :]"
        },
    ),
    mistake(
        "signs_trained",
        "extra_step",
        "the second layer stays; here it is trained too",
        {
            "score_estimation-14": _STEP
            + "\na = a - eta / (n * math.sqrt(a.shape[0])) * (xp.matrix_transpose(xp.clip(before, min=0.0)) @ R)"
        },
        unseen={"gd_step": "the second layer is no output, and moves after the first"},
    ),
    mistake(
        "loss_after",
        "wrong_order",
        "the loss before the step; here that after it",
        {"score_estimation-14": _STEP + "\nloss = xp.sum((_outputs(_before(Network(W, a), Z), a) - Y) ** 2) / (2 * n)"},
    ),
    # The tangent kernel
    mistake(
        "not_averaged_over_units",
        "missing_step",
        "the kernel of a network is a mean over its units; here their sum",
        {"score_estimation-15": "return (Z @ xp.matrix_transpose(Z2))[:, None, :, None] * pairs"},
    ),
    mistake(
        "outputs_summed",
        "wrong_axis",
        "a kernel for each two outputs; here that of the sum of the outputs",
        {
            "empirical_kernel: pairs = ": "pairs = xp.tensordot(signs(_before(network, Z) > 0), "
            "signs(_before(network, Z2) > 0), axes=([2], [2]))\n"
            "pairs = 0.0 * pairs + xp.sum(xp.sum(pairs, axis=1, keepdims=True), axis=3, keepdims=True)"
        },
        origin=_SUMMED,
    ),
    mistake(
        "axes_reshaped",
        "wrong_axis",
        "the axes are input, output, input, output; here those of the outputs are made last, and the memory is read "
        "in the shape that is wanted",
        {
            "score_estimation-15": "found = (Z @ xp.matrix_transpose(Z2))[:, None, :, None] * pairs / a.shape[0]\n"
            "return xp.reshape(xp.permute_dims(found, (0, 2, 1, 3)), found.shape)"
        },
    ),
    mistake(
        "one_kernel_for_all_outputs",
        "wrong_axis",
        "each two outputs have a kernel; here all outputs have the mean of their own ones, and none for two",
        {
            "empirical_kernel: pairs = ": "pairs = xp.tensordot(signs(_before(network, Z) > 0), "
            "signs(_before(network, Z2) > 0), axes=([2], [2]))\n"
            "same = xp.astype(xp.arange(a.shape[1])[:, None] == xp.arange(a.shape[1]), a.dtype)[None, :, None, :]\n"
            "pairs = same * xp.sum(xp.sum(pairs * same, axis=1, keepdims=True), axis=3, keepdims=True) / a.shape[1]"
        },
    ),
    mistake(
        "second_layer_counted",
        "extra_step",
        "derivatives in the first layer alone; here in the second too",
        {
            "score_estimation-15": "found = (Z @ xp.matrix_transpose(Z2))[:, None, :, None] * pairs\n"
            "hidden, other = (xp.clip(_before(network, x), min=0.0) for x in (Z, Z2))\n"
            "hidden = hidden @ xp.matrix_transpose(other)\n"
            "same = xp.astype(xp.arange(a.shape[1])[:, None] == xp.arange(a.shape[1]), a.dtype)\n"
            "return (found + hidden[:, None, :, None] * same[None, :, None, :]) / a.shape[0]"
        },
    ),
    mistake(
        "derivative_at_the_kink",
        "wrong_constant",
        "a ReLU at 0 has the derivative 0; here 1",
        {
            "empirical_kernel: pairs = ": "pairs = xp.tensordot(signs(_before(network, Z) >= 0), "
            "signs(_before(network, Z2) >= 0), axes=([2], [2]))"
        },
    ),
    mistake(
        "kernel_doubled",
        "wrong_scale",
        "divide by 2 pi; here by pi, as for a ReLU times sqrt(2)",
        {"score_estimation-17": "return gram * (math.pi - theta) / math.pi"},
    ),
    mistake(
        "angle_itself",
        "wrong_sign",
        "pi less the angle; here the angle itself",
        {"score_estimation-17": "return gram * theta / (2 * math.pi)"},
    ),
    mistake(
        "both_layers",
        "extra_step",
        "the first layer alone is trained; here the part of the second, the arc-cosine kernel, is added (as in "
        "neural-tangents: subtract its NNGP)",
        {"score_estimation-17": f"return gram * (math.pi - theta) / (2 * math.pi) + {_AC1}"},
    ),
    mistake(
        "kernel_of_the_last_layer",
        "wrong_output",
        "the tangent kernel; here the arc-cosine kernel of the hidden units, that of random features",
        {"score_estimation-17": f"return {_AC1}"},
    ),
    mistake(
        "inputs_normalised",
        "extra_step",
        "inner products as they are; here of inputs made of length 1",
        {"score_estimation-17": "return xp.cos(theta) * (math.pi - theta) / (2 * math.pi) + 0.0 * gram"},
    ),
    mistake(
        "over_the_fan_in",
        "wrong_scale",
        "weights have the variance 1; here 1 over the number of inputs",
        {"score_estimation-17": "return gram * (math.pi - theta) / (2 * math.pi * Z.shape[1])"},
    ),
    mistake(
        "not_clipped",
        "numerics",
        "clip the cosine to [-1, 1]; here rounding takes that of parallel inputs beyond, and the angle is NaN",
        {"score_estimation-16": "theta = xp.acos(gram / xp.where(gram != 0, length(Z) * length(Z2)[:, 0], 1.0))"},
        origin=_ACOS,
        unseen={"kernel_gd_predict": "its inputs have lengths without rounding"},
    ),
    mistake(
        "zero_over_zero",
        "numerics",
        "an input of 0 has a kernel of 0; here its angle is NaN",
        {"score_estimation-16": "theta = xp.acos(xp.clip(gram / (length(Z) * length(Z2)[:, 0]), -1.0, 1.0))"},
        unseen={"kernel_gd_predict": "its inputs have a constant, or are not 0"},
    ),
    # Kernel gradient descent
    mistake(
        "ridge_like",
        "wrong_constant",
        "the rest after tau steps is (1 - eta v)^tau; here (1 + eta v)^-tau",
        {"score_estimation-18": "learned = -xp.expm1(-power * xp.log1p(rate))"},
    ),
    mistake(
        "one_step_less",
        "wrong_order",
        "after tau steps; here after tau - 1",
        {"spectral_filter: sign, power = ": "sign, power = (-1.0) ** max(tau - 1, 0), float(max(tau - 1, 0))"},
    ),
    mistake(
        "one_step_more",
        "wrong_order",
        "after tau steps; here after tau + 1",
        {"spectral_filter: sign, power = ": "sign, power = (-1.0) ** (tau + 1), float(tau + 1)"},
    ),
    mistake(
        "zero_forgotten",
        "missing_step",
        "the filter at an eigenvalue of 0 is eta tau; here 0, as for a pseudoinverse",
        {
            "spectral_filter: return xp.where(": "return xp.where(values > 0, learned / xp.where(values > 0, values, "
            "1.0), 0.0)"
        },
        unseen={"kernel_gd_predict": "where the kernel has an eigenvalue of 0 no prediction sees the label"},
    ),
    mistake(
        "cancelling_filter",
        "numerics",
        "1 - (1 - eta v)^tau by expm1 and log1p; here as it stands, which is 0 for a small eigenvalue",
        {"score_estimation-18": "learned = xp.where(rate < 1, 1 - (1 - rate) ** power, 1 - sign * far**power)"},
        unseen={"kernel_gd_predict": "no eigenvalue of its cases is so small"},
    ),
    mistake(
        "no_jump",
        "missing_step",
        "for eta v > 1 each step goes beyond the label, and the rest is (1 - eta v)^tau; here it counts as learned",
        {"score_estimation-18": "learned = xp.where(rate < 1, -xp.expm1(power * near), 1.0 + 0.0 * (sign + far))"},
    ),
    mistake(
        "sign_lost",
        "wrong_sign",
        "for eta v > 1 the rest changes its sign with each step; here its magnitude is taken",
        {"score_estimation-18": "learned = xp.where(rate < 1, -xp.expm1(power * near), 1 - far**power)"},
    ),
    mistake(
        "divided_by_negative",
        "numerics",
        "an eigenvalue below 0 counts as 0; here it is divided by, and the rest grows",
        {
            "spectral_filter: return xp.where(": "return xp.where(values != 0, learned / xp.where(values != 0, values, "
            "1.0), eta * power)"
        },
        unseen={"kernel_gd_predict": "its eigenvalues are clipped before"},
    ),
    mistake(
        "not_divided",
        "missing_step",
        "divide by the eigenvalue; here by nothing",
        {"spectral_filter: return xp.where(": "return xp.where(values > 0, learned, eta * power)"},
    ),
    mistake(
        "eigenvalues_of_K",
        "missing_step",
        "the eigenvalues are those of K / n; here those of K",
        {"_spectrum: values, vectors = ": "values, vectors = xp.linalg.eigh(K / 1)"},
    ),
    mistake(
        "prediction_not_averaged",
        "missing_step",
        "divide the prediction by n; here it is n times too large",
        {"score_estimation-19": "return K_test @ (spectrum.vectors @ (filtered[:, None] * spectrum.labels)) + 0.0 * n"},
    ),
    mistake(
        "labels_not_turned",
        "missing_step",
        "labels in the eigenbasis; here as they are",
        {"_spectrum: return values, Spectrum(": "return values, Spectrum(xp.clip(values, min=0.0), vectors, Y)"},
    ),
    mistake(
        "rows_for_eigenvectors",
        "wrong_axis",
        "eigenvectors are the columns of what the solver returns; here its rows are taken",
        {
            "_spectrum: return values, Spectrum(": "return values, Spectrum(xp.clip(values, min=0.0), "
            "xp.matrix_transpose(vectors), vectors @ Y)"
        },
        origin="https://github.com/yconst/YCMatrix/issues/11",
    ),
    mistake(
        "labels_centred",
        "extra_step",
        "the prediction starts at 0; here at the mean of the labels, which is taken off them and added again",
        {
            "kernel_gd: _, found =": "middle = array_namespace(Y).mean(Y, axis=0)\n"
            "_, found = _spectrum(tangent_kernel(Z, Z), Y - middle)",
            "kernel_gd: return": "return middle + predict(found, tangent_kernel(Z_test, Z), "
            "spectral_filter(found.values, eta=eta, tau=tau))",
        },
    ),
    variant(
        "gradient_flow",
        "time runs continuously: 1 - exp(-eta tau v) in place of 1 - (1 - eta v)^tau",
        "neural-tangents, predict.gradient_descent_mse",
        {"score_estimation-18": "learned = -xp.expm1(-power * rate)"},
    ),
    # When to stop
    mistake(
        "summed_eigenvalues",
        "missing_step",
        "the complexity has the mean of the eigenvalues; here their sum",
        {"score_estimation-20": "return xp.sqrt(xp.sum(xp.clip(values, max=epsilon**2)))"},
    ),
    mistake(
        "eigenvalues_times_n",
        "wrong_scale",
        "the eigenvalues are those of K / n; here those of K",
        {"score_estimation-20": "return xp.sqrt(xp.mean(xp.clip(values * values.shape[0], max=epsilon**2)))"},
    ),
    mistake(
        "mean_of_positive_ones",
        "wrong_axis",
        "the mean runs over all n; here over the eigenvalues > 0",
        {
            "score_estimation-20": "return xp.sqrt(xp.sum(xp.clip(values, max=epsilon**2)) / "
            "xp.sum(xp.astype(values > 0, values.dtype)))"
        },
    ),
    mistake(
        "radius_not_squared",
        "wrong_scale",
        "no eigenvalue counts above epsilon squared; here above epsilon",
        {"score_estimation-20": "return xp.sqrt(xp.mean(xp.clip(values, max=epsilon)))"},
    ),
    mistake(
        "large_ones_left_out",
        "missing_step",
        "an eigenvalue above epsilon squared counts as that; here it does not count",
        {"score_estimation-20": "return xp.sqrt(xp.mean(xp.where(values <= epsilon**2, values, 0.0)))"},
    ),
    mistake(
        "effective_dimension",
        "wrong_output",
        "the smaller of eigenvalue and epsilon squared; here half of their harmonic mean, as in the effective "
        "dimension of a ridge",
        {"score_estimation-20": "return xp.sqrt(xp.mean(values / (values / epsilon**2 + 1)))"},
    ),
    mistake(
        "no_root",
        "missing_step",
        "the complexity is a root; here its square",
        {"score_estimation-20": "return xp.mean(xp.clip(values, max=epsilon**2))"},
    ),
    mistake(
        "magnitudes",
        "numerics",
        "eigenvalues below 0 count as 0; here with their magnitude",
        {"stopping_time: values = xp.clip(": "values = xp.abs(values)"},
    ),
    mistake(
        "radius_of_the_time",
        "wrong_constant",
        "the radius is (eta tau)^(-1/2); here eta tau",
        {"score_estimation-21": "return bool(_complexity(values, eta * tau) <= bound)"},
    ),
    mistake(
        "radius_not_a_root",
        "wrong_constant",
        "the radius is (eta tau)^(-1/2); here (eta tau)^-1",
        {"score_estimation-21": "return bool(_complexity(values, 1 / (eta * tau)) <= bound)"},
    ),
    mistake(
        "no_2e",
        "missing_step",
        "the bound has the factor 1 / (2 e); here it is missing",
        {"_allowed: bound = ": "bound = B / (sigma * eta * tau)"},
    ),
    mistake(
        "variance_in_the_bound",
        "wrong_scale",
        "the bound has the standard deviation; here the variance",
        {"_allowed: bound = ": "bound = B / (2 * math.e * sigma**2 * eta * tau)"},
    ),
    mistake(
        "no_B",
        "missing_step",
        "the bound is proportional to B; here B = 1",
        {"_allowed: bound = ": "bound = 1 / (2 * math.e * sigma * eta * tau)"},
    ),
    mistake(
        "steps_for_time",
        "missing_step",
        "the time is eta tau; here the number of steps",
        {
            "_allowed: bound = ": "bound = B / (2 * math.e * sigma * tau)",
            "score_estimation-21": "return bool(_complexity(values, tau**-0.5) <= bound)",
        },
    ),
    mistake(
        "first_that_violates",
        "wrong_output",
        "the last step that the rule allows; here the first that it forbids",
        {"stopping_time: return low": "return high"},
    ),
    mistake(
        "one_at_least",
        "wrong_constant",
        "0 if one step is one too many; here 1",
        {"stopping_time: return low": "return max(low, 1)"},
    ),
    mistake(
        "magnitude",
        "missing_step",
        "search between the last doubling that is allowed and the first that is not; here the former is returned",
        {"stopping_time: while high - low > 1:": "while False:"},
    ),
)
