"""What goes wrong in Bayesian optimisation, as lines of the source that read otherwise."""

from refimpl.specs.base import mistake, variant

_NO_DERIVATIVES = {"eic": "it asks for the value alone"}
_NO_MATERN = {"joint_with_gradients": "its covariance is the power exponential"}
_NO_WEIGHTS = {"kg": "its objective is the function"}
_CONSTANT = {"kg_gradient": "a constant in all means moves no best point"}
_UNCLIPPED = {"expected_improvement: value =": "value = gain + xp.where(spread, risk, zero)"}
_SUBTRACTED = """inner, far = (a[:, :-1] - a[:, 1:]) / bend, xp.full_like(bend, 40.0)
inner = xp.where(step > 0, inner, far)
ends = xp.concat([-far[:, :1], inner, far[:, :1]], axis=1)
mass = ndtr(ends[:, 1:]) - ndtr(ends[:, :-1])
first = acquisition.density(ends[:, :-1]) - acquisition.density(ends[:, 1:])
return xp.sum(a * mass + b * first, axis=1) - xp.max(a, axis=1)"""

ALTERNATIVES = (
    # Gaussian process
    mistake("half_in_the_exponent", "wrong_constant",
            "alpha weighs the squared distance, exp(-sum alpha_i delta_i^2); here with a factor 1/2, as if alpha were "
            "one over a squared length",
            {"bayesopt-2": "return gp.squared_exponential(r2)",
             "_slope: return -xp.exp": "return -0.5 * xp.exp(-0.5 * r2)",
             "_blocks: slopes =": "slopes = [prior.alpha[i] * (x[:, None, i] - z[None, :, i]) for i in range(d)]",
             "_blocks: same =": "same = [prior.alpha[i] * xp.ones_like(k) if i == j else xp.zeros_like(k) for j in "
                                "range(d)]"}),
    mistake("alpha_as_length", "wrong_scale", "multiply squared differences with alpha; here they are divided by it",
            {"bayesopt-1": "return sum((x[:, None, i] - y[None, :, i]) ** 2 / weights[i] for i in range(d))"}),
    mistake("distance_not_weighted", "missing_step", "weigh each coordinate with its alpha; here all count alike",
            {"bayesopt-1": "return sum((x[:, None, i] - y[None, :, i]) ** 2 for i in range(d))"}),
    mistake("matern_unscaled", "wrong_scale",
            "the argument of the Matern covariance is sqrt(2 nu) r; here r (invisible for nu = 1/2)",
            {"bayesopt-3": "root = xp.sqrt(some)",
             "_slope: s =": "s = xp.where(apart, r, xp.zeros_like(r2))",
             "_slope: return (-1.5": 'return (-0.5 if kernel == "matern32" else -1 / 6 * (1 + s)) * xp.exp(-s)'},
            unseen=_NO_MATERN),
    mistake("matern_without_square", "missing_step",
            "for nu = 5/2 the polynomial is 1 + s + s^2 / 3; here 1 + s, as for nu = 3/2",
            {"matern: polynomial =": "polynomial = {0.5: 1.0, 1.5: 1 + s, 2.5: 1 + s}[nu]",
             "_slope: return (-1.5": 'return (-1.5 if kernel == "matern32" else -2.5) * xp.exp(-s)'},
            unseen=_NO_MATERN, origin="https://github.com/haifengl/smile/issues/709"),
    mistake("matern_of_half_the_distance", "wrong_constant",
            "for nu = 1/2 the covariance is exp(-r); here exp(-r / 2)",
            {"bayesopt-3": "root = xp.sqrt(2 * nu * some) * (0.5 if nu == 0.5 else 1.0)",
             '_slope: if kernel == "matern12"':
             'if kernel == "matern12":\n    return xp.where(apart, -xp.exp(-r / 2) / (4 * r), xp.zeros_like(r2))\n'
             'if kernel == "none":'},
            unseen=_NO_MATERN, origin="https://github.com/thomaspinder/GPJax/pull/119"),
    mistake("trend_ignored", "missing_step", "the prior mean is mu + beta . x; here mu alone",
            {"bayesopt-4": "return constant", "improvement_at: by_mean = by_mean if": "by_mean = by_mean + 0.0"},
            unseen={"kg_gradient": "its prior mean is constant"}),
    mistake("mean_not_added", "missing_step",
            "add the prior mean of the new points; here the posterior is that of the residuals",
            {"posterior: return law._replace": "return law",
             "improvement_at: found =":
             "found = acquisition.expected_improvement(cross @ fitted.weights, sigma, best)"},
            unseen=_CONSTANT, origin="https://github.com/thomaspinder/GPJax/pull/36"),
    mistake("mean_not_subtracted", "missing_step",
            "condition on the observations less their prior mean; here on the observations themselves",
            {"fit: residual =": "residual = y"}),
    mistake("no_noise_in_K", "missing_step", "add the noise to the diagonal of the observations' covariance",
            {"bayesopt-5": "diagonal = prior.jitter",
             "_noises: both =": "both = 0.0 * prior.noise, 0.0 * gradient_noise"},
            origin="https://github.com/openturns/openturns/issues/2418"),
    mistake("noise_as_deviation", "wrong_scale",
            "noise is a variance; here it is squared, as if it were a standard deviation",
            {"bayesopt-5": "diagonal = prior.noise**2 + prior.jitter",
             "_noises: both =": "both = prior.noise**2 + prior.jitter, gradient_noise**2 + prior.jitter",
             "_directions: variance =": "variance = xp.take(own, at) + noise**2",
             "kg_gradient: mean, shared, variance =":
             "mean, shared, variance = law.mean[:-1], law.covariance[:-1, -1], law.covariance[-1, -1] + "
             "prior.noise**2",
             "entropy_search: s =": "s = xp.sqrt(covariance[at, at] + noise**2)",
             "entropy_search: z =": "z = (f[:, at] + noise * noise_draws - mean[at]) / s"}),
    mistake("jitter_twice", "extra_step", "jitter is added once, to K; here twice",
            {"bayesopt-5": "diagonal = prior.noise + 2 * prior.jitter"},
            unseen={"ei_gradient": "it has no jitter", "kg_gradient": "it has no jitter"}),
    mistake("covariance_grows", "wrong_sign", "what is known is subtracted from the prior covariance; here it is added",
            {"bayesopt-7": "return Posterior(mean, prior + known)",
             "improvement_at: variance =": "variance = prior.alpha0 + xp.sum(cross * solved, axis=1)"}),
    variant("noisy_prediction",
            "predicts a further observation, with its noise, in place of the function (GPy: `predict` with its default "
            "include_likelihood=True)",
            "https://gpy.readthedocs.io/en/deploy/GPy.core.html",
            {"posterior: return law._replace":
             "xp = array_namespace(new)\n"
             "noisy = law.covariance + prior.noise * xp.eye(new.shape[0], dtype=new.dtype, device=device(new))\n"
             "return law._replace(mean=_mean(prior, new) + law.mean, covariance=noisy)"},
            choice=True,
            unseen={"kg_gradient": "the posterior is asked for in one piece with the point, which then is another "
                                   "rule"}),
    mistake("no_trace_term", "missing_step",
            "the gradient of the evidence is tr((a a' - K^-1) dK) / 2; here K^-1 is left out, and a fit runs to the "
            "bounds", {"bayesopt-8": "outer = a[:, None] * a[None, :]"}),
    mistake("evidence_sign", "wrong_sign",
            "the gradient is that of the log density; here that of its negative",
            {"bayesopt-9": "half_trace = lambda derivative: -0.5 * xp.sum(outer * derivative)"}),
    mistake("no_half", "wrong_scale", "half of the trace; here all of it",
            {"bayesopt-9": "half_trace = lambda derivative: xp.sum(outer * derivative)"}),
    mistake("not_in_logarithms", "wrong_scale",
            "derivatives are in the logarithms of alpha, alpha0 and noise; here in these themselves",
            {"evidence: parts =": "parts = [slope * (X[:, None, i] - X[None, :, i]) ** 2 for i in range(X.shape[1])]",
             "evidence: return Evidence(":
             "return Evidence(\n"
             "    gp.log_evidence(fitted.factor, fitted.residual),\n"
             "    xp.stack([half_trace(part) for part in parts]),\n"
             "    half_trace(_correlation(prior.kernel, r2)),\n"
             "    half_trace(xp.eye(X.shape[0], dtype=X.dtype, device=device(X))),\n"
             "    xp.sum(a),\n"
             ")"}),
    # Expected improvement
    mistake("equation_8_as_printed", "wrong_sign",
            "the last term is |delta| Phi(-|delta| / sigma); here |delta| Phi(delta / sigma), as the paper prints it, "
            "which is right below the incumbent alone",
            {"bayesopt-10": "risk = sigma * density(z) - xp.abs(delta) * ndtr(z)", **_UNCLIPPED},
            origin="https://arxiv.org/abs/1807.02811"),
    mistake("minimised", "wrong_sign", "f is maximised: what exceeds the incumbent counts; here what is below it",
            {"expected_improvement: delta =": "delta = best - mu"},
            origin="https://github.com/MLBazaar/BTB/issues/98"),
    mistake("shortfall_clipped", "wrong_order",
            "z is the difference over sigma, of either sign; here it is clipped at 0 first, and below the incumbent "
            "sigma alone counts",
            {"expected_improvement: delta =": "delta = xp.clip(mu - best, min=0.0)"},
            origin="https://github.com/lbl-camera/gpCAM/issues/55"),
    mistake("xi_added", "wrong_sign", "a margin xi is taken off the improvement; here 0.01 is added to it",
            {"expected_improvement: delta =": "delta = mu - best + 0.01"},
            origin="https://github.com/coleygroup/molpal/pull/53"),
    mistake("variance_for_sigma", "wrong_scale", "sigma is a standard deviation; here it is squared",
            {"expected_improvement: z =": "z = delta / xp.where(spread, sigma**2, xp.ones_like(sigma))",
             "bayesopt-10": "risk = sigma**2 * density(z) - xp.abs(delta) * ndtr(-xp.abs(z))", **_UNCLIPPED},
            origin="https://github.com/SMTorg/smt/issues/189"),
    mistake("tail_by_erf", "numerics",
            "the lower tail is ndtr(z), or erfc; here 1/2 (1 + erf(z / sqrt 2)), which has no digits left at z = -8",
            {"bayesopt-10": "risk = sigma * density(z) - xp.abs(delta) * (1 - ndtr(xp.abs(z)))",
             "bayesopt-11": "by_mean = xp.where(spread, 1 - ndtr(-z), xp.astype(delta > 0, mu.dtype))"}),
    mistake("no_density_term", "missing_step", "what is unknown adds sigma phi(z); here this term is missing",
            {"bayesopt-10": "risk = -xp.abs(delta) * ndtr(-xp.abs(z))", **_UNCLIPPED}),
    mistake("derivatives_exchanged", "wrong_output",
            "the derivative in the mean is Phi, that in sigma phi; here they are exchanged",
            {"bayesopt-11": "by_mean = xp.where(spread, density(z), zero)",
             "bayesopt-12": "by_sigma = xp.where(spread, ndtr(z), zero)"}, unseen=_NO_DERIVATIVES),
    variant("known_points_are_worth_nothing",
            "where sigma is 0 the improvement is 0, also above the incumbent (scikit-optimize)",
            "https://scikit-optimize.github.io/stable/modules/generated/skopt.acquisition.gaussian_ei.html",
            {"expected_improvement: value =": "value = xp.where(spread, gain + risk, zero)",
             "bayesopt-11": "by_mean = xp.where(spread, ndtr(z), zero)"},
            unseen={"ei_gradient": "its points have a variance"}),
    variant("xi", "an improvement of less than xi = 0.01 does not count (scikit-optimize: xi=0.01 by default)",
            "https://scikit-optimize.github.io/stable/modules/generated/skopt.acquisition.gaussian_ei.html",
            {"expected_improvement: delta =": "delta = mu - best - 0.01"}, choice=True),
    mistake("gradient_of_the_variance", "wrong_scale",
            "the gradient of sigma is that of the variance over 2 sigma; here that of the variance",
            {"improvement_at: by_sigma =": "by_sigma = -2 * xp.sum(J * solved[:, :, None], axis=1)"}),
    mistake("gradient_of_the_mean_alone", "missing_step",
            "the gradient has a part through sigma; here through the mean alone",
            {"bayesopt-13": "return found.value, found.by_mean[:, None] * by_mean + 0.0 * by_sigma"}),
    # Knowledge gradient
    mistake("noise_forgotten", "missing_step",
            "an observation has the variance sigma^2 + lambda; here sigma^2 alone, as the paper's algorithms print it",
            {"_directions: variance =": "variance = xp.take(own, at)",
             "kg_gradient: mean, shared, variance =":
             "mean, shared, variance = law.mean[:-1], law.covariance[:-1, -1], law.covariance[-1, -1]",
             "entropy_search: s =": "s = xp.sqrt(covariance[at, at])"}),
    mistake("divided_by_the_variance", "wrong_scale",
            "the means move by the covariance over the deviation of the observation; here over its variance",
            {"bayesopt-14": "moved = xp.take(covariance, at, axis=0) / scale[:, None] ** 2",
             "bayesopt-17": "best = xp.argmax(mean[None, :] + Z[:, None] * (shared / variance), axis=1)",
             "bayesopt-18": "by_x = by_shared / variance - shared[:, None] * by_variance / variance**2"}),
    mistake("own_point_alone", "missing_step",
            "an observation moves the means of all points; here that of its own alone",
            {"_directions: return xp.where":
             "own = xp.arange(covariance.shape[0], device=device(covariance))[None, :] == at[:, None]\n"
             "return xp.where(told[:, None] & own, moved, xp.zeros_like(moved))"}),
    mistake("best_seen_subtracted", "wrong_output",
            "the knowledge gradient subtracts the best mean of all points; here that of the points seen",
            {"kg: value =":
             "xp = bayesopt.array_namespace(mean)\n"
             "value = bayesopt.knowledge_gradient(mean, covariance, at, noise=noise)\n"
             "value = value + xp.max(mean) - xp.max(xp.take(mean, seen))"}),
    mistake("distance_of_crossings", "wrong_order", "a breakpoint is (a_j - a_i) / (b_i - b_j); here upside down",
            {"bayesopt-15": "c = xp.abs(bend / xp.where(a[:, :-1] == a[:, 1:], xp.ones_like(bend), a[:, :-1] - "
                            "a[:, 1:]))"}),
    mistake("hidden_lines_kept", "missing_step",
            "lines below the envelope do not count; here every line does, in the order of slopes",
            {"_envelope: if start > starts[-1]": "if True:"}),
    variant("maximum_subtracted",
            "E max is computed first and max a subtracted, which leaves a small gain without digits",
            "Frazier, Powell and Dayanik (2009), Algorithm 1", {"bayesopt-16": _SUBTRACTED},
            unseen={"sources": "none of its gains is small"}),
    mistake("lowest_of_parallel_lines", "wrong_order", "of parallel lines the highest counts; here the lowest",
            {"_envelope: for i in sorted(":
             "for i in sorted(range(len(slopes)), key=lambda i: (slopes[i], -heights[i])):"}),
    mistake("no_tail", "missing_step", "each crossing is worth phi(c) - |c| Phi(-|c|); here phi(c)",
            {"bayesopt-16": "return xp.sum(step * acquisition.density(c), axis=1)"}),
    mistake("stale_best_point", "wrong_order",
            "the best point is that after the observation; here that before it, and the gradients have mean 0",
            {"bayesopt-17": "best = xp.argmax(mean[None, :] + 0.0 * Z[:, None], axis=1)"}),
    mistake("frozen_observation", "missing_step",
            "the observation moves along with x; here its value is held fixed, which leaves a term too many",
            {"bayesopt-18": "by_x = by_shared / s - shared[:, None] * by_variance / s**3",
             "bayesopt-19": "return Z[:, None] * xp.take(by_x, best, axis=0) - (xp.take(shared, best) / s**2)[:, None] "
                            "* (fitted.weights @ J)"}),
    mistake("scale_held_fixed", "missing_step",
            "the deviation of the observation depends on x too; here its derivative is left out",
            {"bayesopt-18": "by_x = by_shared / s"}),
    mistake("draw_left_out", "missing_step", "each gradient is multiplied with its draw",
            {"bayesopt-19": "return xp.abs(Z[:, None]) * xp.take(by_x, best, axis=0)"}),
    mistake("new_point_left_out", "missing_step",
            "the new point joins those that may be handed over; here it does not, and without noise nothing is gained",
            {"bayesopt-21": "pool = xp.concat([old, old[:, :1]], axis=1)"}),
    mistake("kgcp_for_generalised", "wrong_output",
            "subtract the best mean of the points seen; here the new point is among them (KGCP), which takes off "
            "what its mean has above them",
            {"bayesopt-22": "return expected_gain(a, b) + 0.0 * before"}),
    mistake("plug_in_for_generalised", "wrong_output",
            "the new point will be known with noise only; here as if its value were seen (plug-in improvement)",
            {"kg: general =":
             "xp = bayesopt.array_namespace(mean)\n"
             "best = xp.max(xp.take(mean, seen))\n"
             "sigma = xp.sqrt(xp.take(xp.linalg.diagonal(covariance), at))\n"
             "general = acquisition.expected_improvement(xp.take(mean, at), sigma, best).value"}),
    variant("seen_points_are_worth_nothing",
            "an evaluation at a point already seen has no value, also with noise (GPyOpt: de_duplication=True)",
            "https://github.com/SheffieldML/GPyOpt/issues/160",
            {"kg: general =":
             "xp = bayesopt.array_namespace(mean)\n"
             "general = bayesopt.generalized_improvement(mean, covariance, at, seen, noise=noise)\n"
             "known = xp.any(at[:, None] == seen[None, :], axis=1)\n"
             "general = xp.where(known, 0.0 * general, general)"}, choice=True),
    mistake("objective_not_summed", "missing_step",
            "the best of the weighted sums counts; here the best of all points, also of those off the objective",
            {"bayesopt-20": "a, b = a, b"}, unseen=_NO_WEIGHTS),
    mistake("weights_on_the_mean_alone", "missing_step",
            "the sum takes in the slopes with its weights; here these are squared",
            {"bayesopt-20": "a, b = weights @ a, b @ xp.matrix_transpose(weights**2)"}, unseen=_NO_WEIGHTS),
    mistake("cost_ignored", "missing_step", "divide the gain by the cost", {"bayesopt-33": "return gain"}),
    mistake("cost_multiplied", "wrong_order", "divide the gain by the cost; here it is multiplied with it",
            {"bayesopt-33": "return gain * costs"}),
    mistake("sources_share_the_larger_part", "wrong_order",
            "two sources share the processes up to the smaller of their numbers; here up to the larger",
            {"fidelity_covariance: return":
             "return xp.concat([xp.concat([shared[max(s, t)] for t in sources], axis=1) for s in sources], axis=0)"}),
    mistake("differences_not_added_up", "missing_step",
            "a source has the differences of all before it; here the objective and its own alone",
            {"bayesopt-32": "shared = [blocks[0, :, :] + (blocks[s, :, :] if s else 0.0 * blocks[0, :, :]) for s in "
                            "sources]"}),
    # Entropies
    mistake("entropy_sign", "wrong_sign", "the entropy is minus the sum of p log p; here plus, as the paper prints it",
            {"bayesopt-23": "return xp.sum(xlogy(p, p / width), axis=-1)"}, origin="https://arxiv.org/abs/1807.02811"),
    mistake("bits", "wrong_constant", "entropies are in nats; here in bits",
            {"bayesopt-23": "return -xp.sum(xlogy(p, p / width), axis=-1) / math.log(2)",
             "bayesopt-26": "pes = 0.5 * math.log2(2 * math.pi * math.e) - xp.sum(p * given)"}),
    mistake("width_of_bins_forgotten", "missing_step",
            "the entropy of a density is that of the shares plus the log of the width; here without it",
            {"bayesopt-23": "return -xp.sum(xlogy(p, p), axis=-1)"}),
    mistake("draw_not_taken_back", "missing_step",
            "a draw is moved by the difference of the node from what it says itself; here by the node alone",
            {"bayesopt-24": "told = f + nodes[h] * direction"}),
    mistake("nodes_weigh_alike", "missing_step", "weigh the nodes; here all count alike",
            {"bayesopt-25": "es = es - after / nodes.shape[0]"}),
    mistake("groups_weigh_alike", "missing_step",
            "weigh the entropy of each group with its share of the draws; here all count alike",
            {"bayesopt-26": "pes = 0.5 * math.log(2 * math.pi * math.e) - xp.sum(given) / m"}),
    mistake("function_for_observation", "missing_step",
            "with noise what is observed is y; here the function itself",
            {"entropy_search: z =": "z = (f[:, at] - mean[at]) / s"}),
    variant("moments_matched",
            "PES by the variance in each group, as if it were normal: the entropy given the best point is overstated, "
            "the information too low", "Hernandez-Lobato, Hoffman and Ghahramani (2014, arXiv:1406.2541), Section 2.2",
            {"entropy_search: if match ==": "if True:"}, choice=True),
    # Several points, constraints
    mistake("factor_transposed", "wrong_axis", "f = mean + L Z; here L^T Z, whose covariance is another",
            {"bayesopt-27": 'f = mean + Z @ cholesky(covariance, name="covariance")'},
            origin="https://github.com/aleximmer/Laplace/issues/268"),
    mistake("factor_held_fixed", "missing_step",
            "the draws depend on the covariance through its factor; here the factor is no part of the derivative",
            {"bayesopt-27":
             "from refimpl.core.autodiff import stop_gradient\n"
             "f = mean + Z @ xp.matrix_transpose(stop_gradient(cholesky(covariance)))"}),
    variant("lower_triangle",
            "the derivative in the covariance is a lower triangle, with all of that of a pair in one entry: the factor "
            "reads the lower triangle alone", "Murray (2016, arXiv:1602.07527), Section 3",
            {"parallel_improvement: return Estimate":
             "xp = array_namespace(by_covariance)\n"
             "once = xp.eye(mean.shape[0], dtype=mean.dtype, device=device(mean))\n"
             "return Estimate(value, by_mean, xp.tril((2 - once) * by_covariance))"}, choice=True),
    mistake("positive_part_of_the_mean", "wrong_order",
            "the mean of positive parts; here the positive part of the mean",
            {"bayesopt-28": "return xp.maximum(xp.mean(gain), xp.mean(0.0 * gain))"}),
    mistake("mean_of_the_batch", "wrong_axis", "the best of the batch counts; here the mean over it",
            {"parallel_improvement: gain =": "gain = xp.mean(f, axis=1) - best"}),
    mistake("sum_of_improvements", "wrong_axis",
            "the best of the batch counts once; here each point's improvement is counted",
            {"bayesopt-28": "return xp.mean(xp.sum(xp.maximum(f - best, xp.zeros_like(f)), axis=1))"}),
    mistake("incumbent_infeasible", "missing_step",
            "the incumbent is the best feasible value; here the best value seen, feasible or not",
            {"bayesopt-29": "feasible = y == y"},
            origin="https://github.com/bayesian-optimization/BayesianOptimization/issues/412"),
    mistake("limit_infeasible", "wrong_order", "a constraint of 0 is met; here it is not",
            {"bayesopt-29": "feasible = xp.all(constraints > 0, axis=0)"}),
    mistake("any_constraint", "wrong_axis", "all constraints must be met; here one is enough",
            {"bayesopt-29": "feasible = xp.any(constraints >= 0, axis=0)"}),
    mistake("first_constraint_alone", "missing_step", "multiply the probabilities of all constraints; here the first",
            {"bayesopt-30": "chance = met[1, :]"}),
    mistake("feasibility_ignored", "missing_step", "multiply the improvement with the probability",
            {"bayesopt-31": "return acquisition.expected_improvement(mu[0, :], sigma[0, :], best).value"}),
    mistake("nothing_without_a_feasible_point", "missing_step",
            "as long as no point was feasible the probability alone counts; here nothing does",
            {"constrained_improvement: return chance": "return 0.0 * chance"}),
    variant("negative_is_feasible", "a constraint is met where it is <= 0 (botorch's outcome constraints)",
            "https://botorch.readthedocs.io/en/latest/acquisition.html",
            {"bayesopt-29": "feasible = xp.all(constraints <= 0, axis=0)",
             "constrained_improvement: met =": "met = xp.where(spread, ndtr(-z), xp.astype(mu <= 0, mu.dtype))"},
            choice=True),
    # Derivatives
    mistake("derivative_of_the_wrong_point", "wrong_sign",
            "cov(f(x), d f(x')) is the derivative in x'; here that in x, of the opposite sign: the slope at an "
            "observed point comes out reversed",
            {"bayesopt-34": "right = [-slopes[j] * k for j in range(d)]",
             "bayesopt-35": "rows.append([slopes[i] * k, *((same[j] - slopes[i] * slopes[j]) * k for j in "
                            "range(d))])"},
            origin="https://github.com/cornellius-gp/gpytorch/issues/2563"),
    mistake("no_own_term", "missing_step",
            "two derivatives in the same coordinate share 2 alpha k more; here this term is missing, and the matrix is "
            "none of a law",
            {"bayesopt-35": "rows.append([-slopes[i] * k, *((same[j] * (1 + 0.25 * slopes[i] * slopes[j])) * k for j "
                            "in range(d))])"}),
    mistake("derivatives_in_the_wrong_order", "wrong_axis",
            "the observations are all first derivatives, then all second ones; here point by point",
            {"fit_with_gradients: residual =":
             "residual = xp.concat([y - prior.mean, xp.reshape(gradients, (-1,))])"}),
    mistake("noise_of_values_for_derivatives", "wrong_constant", "derivatives have a noise of their own",
            {"_noises: both =": "both = prior.noise + prior.jitter, prior.noise + prior.jitter"}),
    mistake("best_of_the_mean", "wrong_order", "the mean of the best; here the best of the mean over the draws",
            {"bayesopt-37": "return xp.max(xp.mean(mean + W @ xp.matrix_transpose(directions), axis=0)) - "
                            "xp.max(mean) + 0.0 * xp.mean(best)"}),
    mistake("directions_not_solved", "missing_step",
            "solve with the factor of the predictive covariance; here multiplied with it",
            {"derivative_directions: return": "return shared @ cholesky(own, name='covariance_at_x')"}),
)  # fmt: skip
