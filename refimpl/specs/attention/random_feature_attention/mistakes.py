"""What goes wrong in random feature attention: lines of the source that read otherwise."""

from refimpl.specs.base import mistake, variant


def _tags(edits):
    return {f"random_feature_attention-{number}": line for number, line in edits.items()}


_POOLED = "weights = {} / N"
_BEFORE = "array_namespace(u).mean(u, axis=-1, keepdims=True)"
_KERNEL = "return xp.mean({}, axis=(1, 3))"
_ROOT_M = "math.sqrt(w.shape[0])"
_MLP = "phi = _rectified(vec @ xp.matrix_transpose(w)) / {}"
_MLP_KEYS = "xp.reshape({}, (keys.shape[0], N * d))"

ALTERNATIVES = (
    # Heads
    mistake(
        "lift_by_root_of_d", "wrong_constant",
        "append 1; here 1 over the root of d, with which a variance of 1/4 is not that of unit preactivations",
        _tags({"1": "return xp.concat([x, xp.ones_like(x[..., :1]) / math.sqrt(x.shape[-1])], axis=-1)"}),
    ),
    mistake(
        "no_lift", "missing_step", "append 1 to query and keys; here 0: constants cannot be learned",
        _tags({"1": "return xp.concat([x, xp.zeros_like(x[..., :1])], axis=-1)"}),
    ),
    mistake(
        "lift_first", "wrong_order", "the 1 is the last coordinate; here the first",
        _tags({"1": "return xp.concat([xp.ones_like(x[..., :1]), x], axis=-1)"}),
    ),
    mistake(
        "inputs_normalised", "extra_step", "inputs are taken as they are; here they are made unit vectors",
        _tags({"1": "return xp.concat([unit(x, axis=-1), xp.ones_like(x[..., :1])], axis=-1)"}),
    ),
    mistake(
        "query_and_key_exchanged", "wrong_axis", "the query stands left of the matrix; here the key",
        {"_bilinear: q =": "q = xp.permute_dims(x_0 @ xp.matrix_transpose(W), (1, 0, 2))"},
    ),
    mistake(
        "one_head_for_all", "wrong_axis", "each head has its matrix; here all have that of the first",
        {"_bilinear: q =": "q = xp.permute_dims(x_0 @ xp.broadcast_to(W[:1, :, :], W.shape), (1, 0, 2))"},
    ),
    mistake(
        "scaled_scores", "extra_step",
        "scores are not divided by a root of the dimension; here they are, as those of a "
        "softmax",
        _tags({"2": "return (q @ xp.matrix_transpose(x)) / math.sqrt(x.shape[-1])"}),
    ),
    mistake(
        "softmax", "wrong_order", "weights are rectified scores over N; here their softmax",
        _tags({"4": "from refimpl.models.attention import softmax\nweights = softmax(u)"}),
    ),
    mistake(
        "not_rectified", "missing_step", "scores below 0 count 0; here they stay, and the layer is a polynomial",
        _tags({"3": "return u"}),
    ),
    mistake(
        "absolute_value", "wrong_sign", "scores below 0 count 0; here their size",
        _tags({"3": "return abs(u)"}),
    ),
    mistake(
        "sum_over_keys", "wrong_scale", "keys are averaged; here they are added",
        _tags({"4": _POOLED.format("_rectified(u) * N")}),
    ),
    mistake(
        "averaged_over_the_batch", "wrong_axis",
        "divide by the number of keys; here by that of all inputs together, which a single input does not show",
        _tags({"4": _POOLED.format("_rectified(u) / u.shape[0]")})
        | {"_pooled: weights =": "weights = _rectified(_lift(with_query) @ xp.matrix_transpose(w))\n"
           "weights = weights / (N * x_0.shape[0])"},
        origin="https://github.com/SeanLee97/AnglE/issues/101",
    ),
    mistake(
        "averaged_before_rectified", "wrong_order",
        "rectify the score of each key; here their mean is rectified, which does not care for the order either",
        _tags({"4": _POOLED.format(f"(_rectified({_BEFORE}) + 0.0 * u)")}),
    ),
    mistake(
        "value_without_lift", "missing_step", "values see the key and the 1; here the key alone",
        _tags({"5": "return (weights @ array_namespace(x).concat([x[..., :-1], 0.0 * x[..., -1:]], axis=-1)) / "
                    "math.sqrt(M)"}),
    ),
    mistake(
        "value_of_the_query", "wrong_output", "values see the key; here the query",
        _tags({"5": "return array_namespace(x).sum(weights, axis=-1, keepdims=True) * x_0[:, None, :] / math.sqrt(M)"}),
    ),
    variant(
        "no_root_of_heads", "features are not divided by the root of M, which is left to the values",
        "https://arxiv.org/abs/2307.11353, Section 2 (from memory)",
        _tags({"5": "return weights @ x", "11": _MLP.format("1.0"), "12": "return xp.sum(weights, axis=1)"}),
    ),
    mistake(
        "mean_over_heads", "wrong_scale",
        "divide by the root of M; here by M, so that inner products vanish as M grows",
        _tags({"5": "return (weights @ x) / M", "11": _MLP.format("w.shape[0]"),
               "12": "return xp.sum(weights, axis=1) / w.shape[0]"}),
        origin="https://github.com/gwgundersen/random-fourier-features/issues/1",
    ),
    mistake(
        "answers_averaged", "wrong_scale", "answers are sums over the heads; here they are divided by M once more",
        _tags({"6": "f = xp.sum(phi * v, axis=(1, 2)) / v.shape[0]"}),
    ),
    mistake(
        "first_value_for_all", "wrong_axis", "each head has its value vector; here all have that of the first",
        _tags({"6": "f = xp.sum(phi * v[:1, :], axis=(1, 2))"}),
    ),
    # Draws, and the bias
    mistake(
        "heads_of_variance_one", "wrong_constant", "entries of the heads have variance 1/4; here 1",
        _tags({"7": "G = 1.0 * noise"}),
    ),
    mistake(
        "deviation_of_a_quarter", "wrong_constant", "the variance is 1/4; here the deviation",
        _tags({"7": "G = 0.25 * noise"}),
    ),
    mistake(
        "heads_by_the_dimension", "wrong_constant",
        "entries of the heads have variance 1/4; here one over the number of "
        "coordinates",
        _tags({"7": "G = noise / math.sqrt(noise.shape[-1])"}),
    ),
    mistake(
        "whole_identity", "wrong_constant", "the bias is 0 where the lifts meet; here 1, which is added to every mean",
        _tags({"8": "W_0 = place[:, None] == place[None, :]"}),
    ),
    mistake(
        "half_identity", "wrong_constant", "the bias is the identity; here half of it",
        _tags({"8": "W_0 = 0.5 * xp.astype((place[:, None] == place[None, :]) & (place < e - 1), G.dtype)"}),
    ),
    mistake(
        "no_bias", "missing_step", "add the identity; here nothing is added",
        _tags({"8": "W_0 = (place[:, None] == place[None, :]) & (place < 0)"}),
    ),
    mistake(
        "bias_before_the_lift", "wrong_order",
        "the 1 is the last coordinate, so the bias has its 0 there; here at the first",
        _tags({"8": "W_0 = (place[:, None] == place[None, :]) & (place > 0)"}),
    ),
    mistake(
        "neurons_of_variance_one", "wrong_constant",
        "weights have variance 1 / (N + 2); here 1: the same rule up to scale, "
        "but other features",
        _tags({"9": "return 1.0 * noise"}),
    ),
    mistake(
        "neurons_by_coordinates", "wrong_constant",
        "weights have variance 1 / (N + 2), the squared length of the input; "
        "here one over its number of coordinates",
        _tags({"9": "return noise / math.sqrt(noise.shape[1])"}),
    ),
    mistake(
        "lift_not_counted", "wrong_constant", "query, N keys and the lift have squared length N + 2; here N + 1",
        _tags({"9": "return noise / math.sqrt(N + 1)"}),
    ),
    # Networks
    mistake(
        "keys_first", "wrong_order", "the query comes first; here the keys",
        _tags({"10": f"vec = _lift(xp.concat([{_MLP_KEYS.format('keys')}, x_0], axis=1))"}),
    ),
    mistake(
        "keys_interleaved", "wrong_axis", "key after key; here coordinate after coordinate",
        _tags({"10": f"vec = _lift(xp.concat([x_0, {_MLP_KEYS.format('xp.matrix_transpose(keys)')}], axis=1))"}),
    ),
    mistake(
        "network_pooled_by_sum", "wrong_scale", "average over the keys; here they are added",
        {"_pooled: weights =": "weights = _rectified(_lift(with_query) @ xp.matrix_transpose(w))"},
    ),
    mistake(
        "network_pooled_by_maximum", "wrong_order", "average over the keys; here the largest counts",
        _tags({"12": f"return xp.max(weights * N, axis=1) / {_ROOT_M}"}),
    ),
    mistake(
        "network_pooled_before", "wrong_order", "rectify what a neuron says of each key; here it sees the mean key",
        {"_pooled: weights =": "weights = _rectified(xp.mean(_lift(with_query), axis=1, keepdims=True) @ "
         "xp.matrix_transpose(w))"},
    ),
    mistake(
        "key_before_query", "wrong_order", "the query comes first; here the key",
        {"_pooled: with_query =": "with_query = xp.concat([keys, xp.broadcast_to(x_0[:, None, :], keys.shape)], "
         "axis=2)"},
    ),
    # The kernel
    mistake(
        "correlation_not_divided", "wrong_constant",
        "the correlation has a factor 1/4, as lifted unit vectors have squared length 2; here it has none and is "
        "clipped",
        _tags({"14": "c = xp.clip(4.0 * queries[:, None, :, None] * keys, -1.0, 1.0)"}),
    ),
    mistake(
        "unit_vectors_only", "missing_step",
        "preactivations have the deviation |x_0| |x| / 2; here it is taken for 1, which it is for unit vectors",
        _tags({"13": "s = xp.ones_like(x[..., 0])\nt = xp.ones_like(y[..., 0])",
               "14": "met = (x_0 @ xp.matrix_transpose(y_0))[:, None, :, None]\n"
                     "c = xp.clip(0.25 * met * xp.tensordot(x, y, axes=((2,), (2,))), -1.0, 1.0)"}),
    ),
    mistake(
        "kernel_of_variance_one", "wrong_constant", "heads have variance 1/4; here 1",
        _tags({"13": "s = length(x_0) * length(x)[..., 0]\nt = length(y_0) * length(y)[..., 0]"}),
    ),
    mistake(
        "query_not_seen", "missing_step",
        "correlations are products of those of queries and keys; here of the keys alone",
        _tags({"14": "c = xp.clip(0.0 * queries[:, None, :, None] + keys, -1.0, 1.0)"}),
    ),
    mistake(
        "kernel_of_scores", "missing_step",
        "features are weighted keys: the kernel has their inner product; here it has not",
        _tags({"16": _KERNEL.format("kappa * s[:, :, None, None] * t")}),
    ),
    mistake(
        "kernel_summed", "wrong_scale", "keys are averaged; here pairs of keys are added",
        _tags({"16": "return xp.sum(keys * kappa * lengths, axis=(1, 3))"}),
    ),
    mistake(
        "kernel_of_steps", "wrong_order",
        "heads are rectified: the arc-cosine kernel of first order; here that of order 0",
        _tags({"15": "value = scale * rest / (2 * math.pi)"}),
    ),
    mistake(
        "kernel_doubled", "wrong_constant",
        "E[relu(u)^2] is half of the variance; here all of it, as where weights are drawn twice as large for it",
        _tags({"15": "value = scale * (sine + rest * xp.cos(angle)) / math.pi"}),
    ),
    mistake(
        "mean_not_standardised", "missing_step", "means are divided by the deviation; here by the lengths alone",
        _tags({"17": "return xp.sum(query * key, axis=-1)"}),
    ),
    mistake(
        "mean_with_lift", "wrong_constant", "the bias does not see the lift; here 1 is added to each mean",
        {"_mean: query, key =": "query, key = unit(x_0, axis=-1)[:, None, :], unit(x, axis=-1)"},
    ),
    mistake(
        "uncorrelated", "missing_step", "preactivations of two inputs are correlated; here a product of expectations",
        _tags({"18": "value = _gain(a) * _gain(b) + 0.0 * c",
               "20": "return value + xp.sum(0.0 * weights * left * density, axis=-1)"}),
    ),
    mistake(
        "first_order_in_correlation", "missing_step",
        "the second derivative in the correlation is the density, integrated; here it is left out",
        _tags({"20": "return value + xp.sum(0.0 * weights * left * density, axis=-1)"}),
    ),
    mistake(
        "density_without_correlation", "wrong_order",
        "the normal density of two correlated numbers; here of independent ones",
        _tags({"19": "density = (xp.exp(-0.5 * (a * a + b * b)) / (2 * math.pi))[..., None] + 0.0 * (apart + along)"}),
    ),
    # Training
    variant(
        "penalty_of_the_sum", "the penalty is that of the sum of squares, not of their mean: n times smaller",
        "https://scikit-learn.org/stable/modules/generated/sklearn.linear_model.Ridge.html, alpha",
        _tags({"21": "mu = 1.0 * lam"}),
        choice=True,
    ),
    mistake(
        "penalty_halved", "wrong_constant", "the mean squared error is not halved; here it is, and the penalty is not",
        _tags({"21": "mu = 2 * n * lam"}),
    ),
    mistake(
        "no_penalty", "missing_step", "weights are penalised; here they are those of least squares",
        _tags({"22": "gain = xp.where(values > 1e-5 * xp.max(values), 1 / some, xp.zeros_like(values)) + 0.0 * mu",
               "24": "kept = values > 1e-5 * top\n"
                     "solved = xp.where(kept, along / xp.where(kept, values, 1.0), 0.0) + 0.0 * mu"}),
    ),
    mistake(
        "singular_values_not_squared", "wrong_order",
        "the penalty meets the squares of singular values; here themselves",
        _tags({"22": "gain = xp.where(values > 0, 1 / (some + mu), xp.zeros_like(values))"}),
    ),
    mistake(
        "absolute_penalty", "wrong_scale", "penalties are shares of the largest eigenvalue; here they are absolute",
        _tags({"23": "mu = 1.0 * share"}),
    ),
    mistake(
        "share_of_the_trace", "wrong_scale", "penalties are shares of the largest eigenvalue; here of their sum",
        _tags({"23": "mu = share * float(xp.sum(values))"}),
    ),
    mistake(
        "absolute_errors", "wrong_order", "errors are squared; here their sizes are averaged",
        _tags({"25": "errors.append(xp.mean(abs(seen @ solved - y_val)))"}),
    ),
    mistake(
        "errors_of_training", "wrong_order",
        "errors are those of the validation data; here of the training data, and the smallest penalty always wins",
        _tags({"25": "errors.append(xp.mean((vectors @ (values * solved) - y) ** 2))"}),
    ),
    mistake(
        "largest_error", "wrong_sign", "the smallest error is chosen; here the largest",
        _tags({"26": "chosen = int(xp.argmax(errors))"}),
    ),
    mistake(
        "weights_of_the_last", "wrong_output", "weights are those of the chosen penalty; here of the last one",
        {"ridge_path: return Path": "return Path(errors, chosen, vectors @ duals[-1])"},
    ),
    # Constraints
    mistake(
        "bounds_of_unscaled_values", "wrong_scale",
        "values are those of the paper times the root of M, and so is the bound of their lengths; here it is not",
        _tags({"27": "most, radius = K1, math.sqrt(K2)"}),
    ),
    mistake(
        "square_for_root", "wrong_constant", "K2 bounds the sum of squares; here the root of that sum",
        _tags({"27": "most, radius = math.sqrt(M) * K1, K2"}),
    ),
    mistake(
        "all_heads_stay", "wrong_order", "what lengths lose is counted over the heads that stay; here over all of them",
        _tags({"28": "tau = xp.clip(means[-1] - most / r.shape[0], 0.0, None)"}),
    ),
    mistake(
        "one_bound_after_the_other", "wrong_order",
        "the nearest point within both bounds; here the nearest within the first is then moved into the second",
        _tags({"29": "each = tau + 0.0 * free"}),
    ),
    mistake(
        "lengths_forgotten", "missing_step",
        "the lengths add up to at most sqrt(M) K1; here only the squares are bounded",
        _tags({"30": "left = r + 0.0 * tau"}),
    ),
    mistake(
        "below_zero", "missing_step", "a head that loses more than its length is left out; here its value turns around",
        _tags({"30": "left = r - tau"}),
    ),
    mistake(
        "squares_forgotten", "missing_step", "the squares add up to at most K2; here only the lengths are bounded",
        _tags({"31": "shrunk = 1.0 * left"}),
    ),
    mistake(
        "always_on_the_sphere", "extra_step",
        "what is inside stays; here it is moved onto the sphere of radius sqrt(K2)",
        _tags({"31": "shrunk = left * (radius / xp.clip(length(left), 1e-30, None))"}),
    ),
    mistake(
        "length_compared_with_one", "wrong_constant",
        "what is longer than the radius is cut; here what is longer than 1, and all else is multiplied by the radius",
        _tags({"31": "shrunk = left * (radius / xp.clip(length(left), 1.0, None))"}),
        origin="https://github.com/pralab/secml-torch/issues/50",
    ),
    mistake(
        "gradient_halved", "wrong_constant", "the gradient of the mean squared error has a factor 2 / n; here 1 / n",
        _tags({"32": "grad = (1 / n) * xp.sum(off[:, None, None] * phi, axis=0)"}),
    ),
    mistake(
        "gradient_summed", "wrong_scale", "the gradient is a mean over the data; here a sum",
        _tags({"32": "grad = 2 * xp.sum(off[:, None, None] * phi, axis=0)"}),
    ),
    mistake(
        "ascent", "wrong_sign", "the step goes against the gradient; here along it",
        _tags({"33": 'return project(_reached("values", v + lr * grad), K1=K1, K2=K2)'}),
    ),
    mistake(
        "projected_before_the_step", "wrong_order", "step, then project; here the old values are projected",
        _tags({"33": "return project(v, K1=K1, K2=K2) - lr * grad"}),
    ),
    mistake(
        "not_projected", "missing_step", "values are brought back within the bounds; here they are not",
        _tags({"33": 'return _reached("values", v - lr * grad)'}),
    ),
)  # fmt: skip
