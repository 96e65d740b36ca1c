"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "determinant_as_it_stands": {
        "functional_prior-9": "u_hat = u + (kept - 1 - along) * a / xp.sum(a * a)",
        "functional_prior-10": "log_det = xp.log(xp.abs(1 + (1 - h * h) * xp.sum(a * u_hat)))",
    },
    "flow_in_the_names_of_the_paper": {
        "functional_prior-9": "m = -1 + kept\nsquare = xp.sum(a * a)\nu_hat = u + (m - along) * a / square",
    },
    "scaled_weights_first": {
        "functional_prior-1": "weights = W / math.sqrt(W.shape[-2])\nreturn h @ weights + b[:, None, :]",
    },
    "scales_as_they_stand": {
        "functional_prior-2": "xp = array_namespace(psi)\n"
        "sigma = xp.log(1 + xp.exp(psi))\n"
        "return xp.reshape(sigma, (-1, 2))",
    },
    "variance_from_a_gamma_law": {
        "functional_prior-5": "scale = 1 / beta\ng = scale * gamma_quantile(alpha + 0 * uniforms, uniforms)",
        "functional_prior-6": "variance = 1 / g\nreturn xp.sqrt(variance)",
    },
    "variances_of_the_flow": {
        "functional_prior-7": "variance = xp.exp(psi[start : start + D])\n"
        "z = xp.sqrt(variance) * normals[:, place : place + D]",
    },
    "gap_of_two_means": {
        "functional_prior-14": "of_net, of_target = _critic(layers, f_nn)[0], _critic(layers, f_gp)[0]\n"
        "return xp.sum(xp.mean(of_net, axis=-1) - xp.mean(of_target, axis=-1))",
    },
    "from_the_target_towards_the_network": {
        "functional_prior-18": "apart = f_nn - f_gp\nf_hat = f_gp + eps[..., None] * apart",
    },
    "gradient_of_the_objective": {
        "functional_prior-19": "layers_of = lambda theta: _critic_layers(theta, sizes, f_nn.shape[-1])\n"
        "square_of = lambda slope: array_namespace(slope).sum(slope * slope, axis=-1)\n"
        "norm_of = lambda square: array_namespace(square).sqrt(square + 1e-300)\n"
        "positive = lambda x: array_namespace(x).maximum(x, 0 * x)\n"
        "excess_of = lambda norm: positive(norm - 1) if one_sided else norm - 1\n"
        "mean_of = lambda x: array_namespace(x).sum(array_namespace(x).mean(x, axis=-1))\n"
        "slope_of = lambda theta: _critic_slope(layers_of(theta), f_hat)\n"
        "penalty_of = lambda theta: mean_of(excess_of(norm_of(square_of(slope_of(theta)))) ** 2)\n"
        "penalty = penalty_of(theta)",
        "functional_prior-20": "gap_of = lambda theta: _gap(layers_of(theta), f_nn, f_gp)\n"
        "objective_of = lambda theta: gap_of(theta) - weight * penalty_of(theta)\n"
        "objective, slopes = value_and_grad(objective_of)(theta)",
        "critic_step: gradient =": "gradient = slopes",
    },
    "running_mean_with_its_decay": {
        "functional_prior-28": "decay, squared = 0.99, gradient**2\nv = decay * state.v + (1 - decay) * squared",
        "functional_prior-29": "root = array_namespace(v).sqrt(v)\npsi = state.psi - rate / (root + 1e-8) * gradient",
    },
    "gradient_of_all_data": {
        "functional_prior-30": "total = n * likelihood + prior\nper_datum = total / n",
        "functional_prior-32": "clipped = shorter * total\nreturn clipped / temperature",
    },
    "divided_by_the_longer": {
        "functional_prior-31": "longer = xp.maximum(norm + 1e-6, clip * xp.ones_like(norm))\nshorter = clip / longer",
    },
    "running_means_as_weighted_sums": {
        "functional_prior-33": "tau = 1 + tau * (1 - g_hat**2 / (v_hat + epsilon))",
        "functional_prior-34": "g_hat = (1 - rate) * g_hat + rate * grad",
        "functional_prior-35": "v_hat = (1 - rate) * v_hat + rate * grad**2",
    },
    "momentum_of_what_is_left": {
        "functional_prior-36": "variance = xp.maximum(spread, 1e-16 * xp.ones_like(spread))",
        "functional_prior-37": "step = lr**2 * inverse * grad\nmomentum = (1 - friction) * momentum - step + kick",
    },
    "plain_momentum_of_what_is_left": {
        "plain_sghmc: kick =": "variance = 2 * friction * lr\nkick = math.sqrt(variance) * xi",
        "functional_prior-38": "momentum = (1 - friction) * momentum - lr * grad + kick",
    },
    "gibbs_from_the_mean_square": {
        "functional_prior-39": "n, mean_square = w.shape[1], xp.mean(w**2, axis=1)\n"
        "shape = softplus(raw_alpha) + 0.5 * n",
        "functional_prior-40": "rate = softplus(raw_beta) + 0.5 * n * mean_square",
    },
    "inputs_over_lengths": {
        "gp_functions: r2 =": "scaled = x / length\n"
        "r2 = xp.sum((scaled[:, None, :] - scaled[None, :, :]) ** 2, axis=-1)",
        "gp_functions: L =": "K = variance * xp.exp(-0.5 * r2)\n"
        "K = K + jitter * xp.eye(x.shape[0], dtype=x.dtype)\n"
        'L = cholesky(K, name="covariance at x")',
    },
    "median_and_deviation": {
        "hierarchical_functions: drawn =": "sd = lambda pair: math.sqrt(pair[1])\n"
        "drawn = lambda pair, normals: math.exp(pair[0]) * array_namespace(normals).exp(sd(pair) * normals)",
    },
}
