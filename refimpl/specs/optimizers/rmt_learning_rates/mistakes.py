"""What goes wrong in learning rates from curvature: lines of the source that read otherwise."""

from refimpl.specs.base import mistake, variant

AUTHORS = "https://github.com/diegogranziol/rmt_damping_dl/blob/fd946ed/eigenthings/lr_sgd.py"
TAG = "rmt_learning_rates-"
TOP_ALONE = dict.fromkeys(("scale_lr", "trajectory"), "it asks for the top alone")
ONE_PARAMETER = {"element_variance": "it asks for the noise of one parameter, of variance 1"}
VALUES_ALONE = {"trajectory": "it uses the values without their weights"}
OF_ITSELF = dict.fromkeys(("element_variance", "trajectory"), "it leaves the tolerance to the method")
FEW_STEPS = dict.fromkeys(("element_variance", "trajectory"), "in so few steps nothing is forgotten")
UNCHECKED_RATES = {"_checked: return": "return state"}  # which are NaN or negative
AN_OUTLIER_OR = "xp.where(eigenvalue / sigma2 - 1 > xp.sqrt(ratio), {}, {})"


ALTERNATIVES = (
    # Ends of the spectrum
    mistake(
        "raw_batch",
        "wrong_constant",
        "take the effective batch size b / (1 - b/N); here b itself, so that noise is left where the batch is the "
        "whole data (it shows only if b is not small against N)",
        {f"{TAG}1": "inverse = 1 / batch"},
    ),
    mistake(
        "shrunken_batch",
        "wrong_constant",
        "the effective batch size is b / (1 - b/N), larger than b; here it is b (1 - b/N)",
        {f"{TAG}1": "inverse = 1 / (batch * (1 - batch / data + (batch == data)))"},
    ),
    mistake(
        "symmetrized_noise",
        "wrong_scale",
        "sigma^2 is the variance of an element of the symmetric noise; here it is that of A in (A + A^T) / 2, whose "
        "elements have half of it",
        {f"{TAG}2": "return 0.5 * parameters * sigma2 * inverse"},
    ),
    mistake(
        "no_parameters",
        "wrong_scale",
        "multiply by the number of parameters: v = P sigma^2 / b; here P is missing",
        {f"{TAG}2": "return sigma2 * inverse"},
        unseen=ONE_PARAMETER,
    ),
    mistake(
        "sigma_squared_twice",
        "wrong_constant",
        "sigma^2 is a variance; here it is squared once more",
        {f"{TAG}2": "return parameters * sigma2 * sigma2 * inverse"},
        unseen=ONE_PARAMETER,
    ),
    mistake(
        "deviation_falls_as_variance",
        "wrong_constant",
        "the variance of the noise falls as 1/b; here its standard deviation does, and the edge shrinks as 1/b in "
        "place of 1/sqrt(b)",
        {f"{TAG}2": "return parameters * sigma2 * inverse**2"},
    ),
    mistake(
        "threshold_not_rooted",
        "wrong_constant",
        "an outlier needs an eigenvalue above sqrt(v); here it is compared with v, sigma^2 in place of sigma",
        {f"{TAG}4": "seen = xp.where(eigenvalue > noise, eigenvalue, xp.sqrt(noise))"},
    ),
    mistake(
        "always_outlier",
        "missing_step",
        "an eigenvalue that the noise hides is seen at the edge of the noise; here the outlier's formula goes on, "
        "which has no bound near 0 (and gives SGD a linear regime that the noise does not allow)",
        {
            f"{TAG}4": "seen = eigenvalue",
            f"{TAG}7": "above = eigenvalue / sigma2 - 1",
            "batch_gauss_newton: pull =": "pull = ratio / above",
            "max_lr: check.finite": "pass",  # of 0 it makes infinity
        },
    ),
    mistake(
        "first_decides",
        "wrong_axis",
        "ask of each eigenvalue whether the noise hides it; here the first one decides for all",
        {
            f"{TAG}4": """\
            hidden = xp.reshape(eigenvalue <= xp.sqrt(noise), (-1,))
            seen = xp.sqrt(noise) if hidden[0] else eigenvalue
            seen = xp.where(seen == 0, 1e-9, seen)""",
        },
        unseen={"trajectory": "it has one eigenvalue"},
    ),
    mistake(
        "half_the_edge",
        "wrong_constant",
        "the semicircle ends at 2 sqrt(v); here at sqrt(v)",
        {
            f"{TAG}3": """\
            seen = xp.where(eigenvalue > xp.sqrt(noise), seen + noise / seen, seen)
            return xp.where(some, seen, eigenvalue)""",
        },
    ),
    mistake(
        "edge_added",
        "wrong_constant",
        "an outlier moves by v / lambda; here the edge 2 sqrt(v) is added to the eigenvalue",
        {f"{TAG}3": "return eigenvalue + 2 * xp.sqrt(noise)"},
    ),
    mistake(
        "no_edge",
        "missing_step",
        "below sqrt(v) the noise has an edge of its own; here the eigenvalue just stays",
        {f"{TAG}3": "return xp.where(some & (eigenvalue > xp.sqrt(noise)), seen + noise / seen, eigenvalue)"},
    ),
    mistake(
        "eigenvalue_of_data",
        "missing_step",
        "noise makes the largest eigenvalue larger; here that of the data, or of what was measured, is taken as it is",
        {
            f"{TAG}3": "return eigenvalue",
            "scale_lr: if not bool(array_namespace(new)": "if False:",  # it may be 0
            "max_lr: if not": "if False:",
        },
    ),
    mistake(
        "bottom_like_top",
        "wrong_sign",
        "the bottom mirrors the top, -top(-lambda); here its outliers are right, but otherwise the top is returned",
        {
            f"{TAG}5": """\
            mirrored = -batch_hessian(-eigenvalue, noise)
            return xp.where(eigenvalue < -xp.sqrt(noise), mirrored, batch_hessian(eigenvalue, noise))""",
        },
        unseen=TOP_ALONE,
    ),
    mistake(
        "bottom_pulled_in",
        "wrong_sign",
        "noise pushes both ends outwards; here it pulls the bottom towards 0",
        {
            f"{TAG}5": """\
            mirrored = -batch_hessian(-eigenvalue, noise)
            return xp.where(eigenvalue < -xp.sqrt(noise), eigenvalue - noise / eigenvalue, mirrored)""",
        },
        unseen=TOP_ALONE,
    ),
    mistake(
        "inverted_ratio",
        "wrong_scale",
        "gamma is P / b; here its inverse is used",
        {f"{TAG}7": "ratio = 1 / ratio\nabove = xp.maximum(eigenvalue / sigma2 - 1, xp.sqrt(ratio))"},
    ),
    mistake(
        "edge_not_squared",
        "missing_step",
        "the spectrum ends at sigma^2 (1 + sqrt(gamma))^2; here the square is missing",
        {
            f"{TAG}6": "return "
            + AN_OUTLIER_OR.format("sigma2 * (1 + above) * (1 + pull)", "sigma2 * (1 + xp.sqrt(ratio))")
        },
    ),
    mistake(
        "threshold_is_edge",
        "wrong_constant",
        "outliers emerge from sigma^2 (1 + sqrt(gamma)); here from the edge itself, its square",
        {
            f"{TAG}6": """\
            edge = sigma2 * (1 + xp.sqrt(ratio)) ** 2
            return xp.where(eigenvalue > edge, sigma2 * (1 + above) * (1 + pull), edge)""",
        },
    ),
    mistake(
        "rule_of_hessian",
        "wrong_constant",
        "a Gauss-Newton matrix is a mean of squares and has no symmetric noise; here the rule of the Hessian is used, "
        "with v = gamma sigma^4",
        {f"{TAG}6": "return batch_hessian(eigenvalue, ratio * sigma2 * sigma2)"},
    ),
    mistake(
        "bulk_not_subtracted",
        "missing_step",
        "divide by lambda - sigma^2; here by lambda, which adds gamma sigma^2 to any outlier",
        {
            f"{TAG}6": "return "
            + AN_OUTLIER_OR.format("eigenvalue + ratio * sigma2", "sigma2 * (1 + above) * (1 + pull)")
        },
    ),
    # Step sizes
    mistake(
        "half_the_limit",
        "wrong_constant",
        "gradient descent converges up to 2 / lambda'; here up to 1 / lambda'",
        {f"{TAG}8": "return 1 / eigenvalue"},
    ),
    mistake(
        "inverted_growth",
        "wrong_constant",
        "step sizes grow with the batch: times b / b0; here times b0 / b",
        {f"{TAG}10": "return lr * (batch / new_batch)", f"{TAG}11": "return lr * (batch / new_batch) ** 0.5"},
    ),
    mistake(
        "linear_for_adam",
        "wrong_constant",
        "Adam and its like take the square root of b / b0; here they are scaled like SGD",
        {f"{TAG}11": "return lr * (new_batch / batch)"},
    ),
    mistake(
        "root_for_sgd",
        "wrong_constant",
        "SGD scales with b / b0; here with its square root",
        {f"{TAG}10": "return lr * (new_batch / batch) ** 0.5"},
    ),
    mistake(
        "effective_growth",
        "wrong_constant",
        "the linear and the square-root rule take batch sizes as they are; here effective ones, b / (1 - b/N)",
        {
            f"{TAG}10": """\
            supply = {"sigma2": 1.0, "parameters": 1, "data": data}
            return lr * (noise(batch, **supply) / noise(new_batch, **supply))""",
            f"{TAG}11": """\
            supply = {"sigma2": 1.0, "parameters": 1, "data": data}
            return lr * (noise(batch, **supply) / noise(new_batch, **supply)) ** 0.5""",
        },
    ),
    mistake(
        "never_saturates",
        "missing_step",
        "large batches see no less than the eigenvalue of the data; here growth never saturates",
        {f"{TAG}12": "return lr * (new_batch / batch)"},
    ),
    mistake(
        "linear_until_saturated",
        "wrong_order",
        "step sizes follow 1 / lambda'(b), which bends; here they grow in proportion to b, and are cut at the limit "
        "for the whole data",
        {
            f"{TAG}12": """\
            xp = array_namespace(new)
            limit = xp.where(top > 0, old / xp.where(top > 0, top, 1.0), new_batch / batch)
            return lr * xp.minimum(new_batch / batch, limit)"""
        },
    ),
    mistake(
        "growth_piles_up",
        "wrong_order",
        "take the given step size from b0 to each batch size; here each entry goes on from the step size of the entry "
        "before it, as if that were good at b0",
        {
            "scale_lr: lrs = rmt.scale_lr": """\
            xp = array_namespace(batches)
            growth = rmt.scale_lr(lr, batch, batches, rule=rule, top=top, **supply) / lr
            lrs = lr * xp.exp(xp.cumulative_sum(xp.log(growth)))"""
        },
    ),
    mistake(
        "inverted_eigenvalues",
        "wrong_constant",
        "a larger eigenvalue asks for a smaller step: lr times lambda'(b0) / lambda'(b); here inverted",
        {f"{TAG}12": "return lr * (new / old)"},
    ),
    # Lanczos
    mistake(
        "no_reorthogonalization",
        "missing_step",
        "orthogonalize each new vector against all before it; here only against the last two, and once the largest "
        "eigenvalue is found it comes again, as ghosts (moments and densities do not show it)",
        {f"{TAG}16": "pass"},
        origin="https://github.com/JuliaLinearAlgebra/IterativeSolvers.jl/issues/144",
        unseen=FEW_STEPS,
    ),
    mistake(
        "against_start_alone",
        "missing_step",
        "orthogonalize each new vector against all before it; here against the start alone, beside the last two",
        {f"{TAG}16": "u = u - (q[:1, :] @ u) @ q[:1, :]"},
        unseen=FEW_STEPS,
    ),
    mistake(
        "last_components",
        "wrong_axis",
        "the weights are the squared first components of T's eigenvectors; here the last ones, which also sum to 1",
        {f"{TAG}20": "return values, vectors[-1, :] ** 2"},
        unseen=VALUES_ALONE,
    ),
    mistake(
        "first_column",
        "wrong_axis",
        "the weights are the squared first components of all eigenvectors of T, the first row; here all components of "
        "one, the first column",
        {f"{TAG}20": "return values, vectors[:, 0] ** 2"},
        unseen=VALUES_ALONE | {"element_variance": "two by two vectors have the same squares in both"},
    ),
    mistake(
        "weights_not_squared",
        "missing_step",
        "square the first components of T's eigenvectors; here the weights are their sizes",
        {f"{TAG}20": "return values, abs(vectors[0, :])"},
        unseen=VALUES_ALONE,
    ),
    mistake(
        "shifted_betas",
        "wrong_order",
        "beside alpha_1 and alpha_2 stands beta_1; here the betas are shifted by one, and the last, which is no part "
        "of T, takes part",
        {"ritz: above =": "above = xp.eye(j, k=1, **like) * xp.expand_dims(xp.roll(run.betas, -1), axis=1)"},
    ),
    mistake(
        "squared_betas",
        "wrong_constant",
        "beta is a length; here its square stands in T",
        {"ritz: above =": "above = xp.eye(j, k=1, **like) * xp.expand_dims(run.betas**2, axis=1)"},
    ),
    mistake(
        "start_not_normalized",
        "missing_step",
        "divide the start by its length; here it is taken as it is",
        {"lanczos: start = start / largest": "pass", f"{TAG}13": "basis = [start]"},
    ),
    mistake(
        "no_breakdown",
        "missing_step",
        "stop once beta is 0 up to rounding: the space is closed; here the method goes on, and divides by it",
        {
            f"{TAG}18": "closed = False",
            "lanczos: check.like(start, product=u)": "pass",  # code without checks goes on with NaN
            "ritz: run =": "pass",
        },
        origin="https://github.com/cupy/cupy/pull/10099",
        unseen={
            "element_variance": "its two steps are over before the space closes",
            "trajectory": "its spaces stay open, but for a Hessian of zeros: of NaN, too, the learner keeps its rates",
        },
    ),
    mistake(
        "tolerance_ignored",
        "wrong_constant",
        "stop by the tolerance that is given; here by that of rounding, 1e-12, whatever is given",
        {"lanczos: tolerance =": "tolerance = 4096 * float(xp.finfo(start.dtype).eps)"},
        unseen=OF_ITSELF,
    ),
    mistake(
        "compared_with_alphas",
        "wrong_constant",
        "beta_j is compared with the longest product A q_i so far; here with the largest alpha_i",
        {f"{TAG}18": "closed = float(betas[-1]) <= tolerance * max(abs(float(alpha)) for alpha in alphas)"},
        unseen=OF_ITSELF,
    ),
    mistake(
        "compared_with_last_product",
        "missing_step",
        "beta_j is compared with the longest of all products A q_i so far; here with the last one",
        {"lanczos: longest = max": "longest = float(xp.linalg.vector_norm(u))"},
        unseen=OF_ITSELF,
    ),
    # Variance of an element
    mistake(
        "mean_eigenvalue",
        "wrong_scale",
        "the trace is P times the mean over probes; here the factor P is missing",
        {
            f"{TAG}21": "return found.weights @ function(found.values)",
            f"{TAG}23": "return xp.mean(xp.sum(images * images, axis=1) / lengths)",
        },
    ),
    mistake(
        "one_step",
        "wrong_constant",
        "second moments need |H v|^2, or two steps of Lanczos; here one, (v.H v)^2, which misses all that leads out of "
        "v",
        {
            "element_variance: norm2 =": "norm2 = rmt.trace(rmt.spectrum(product, probes, steps=1), "
            "array_namespace(probes).square)",
            f"{TAG}23": "return size * xp.mean((xp.sum(probes * images, axis=1) / lengths) ** 2)",
        },
    ),
    mistake(
        "one_parameter_count",
        "wrong_scale",
        "there are P^2 elements; here the sum is divided by P",
        {f"{TAG}24": "return longer / (inverse * probes.shape[1])"},
    ),
    mistake(
        "variance_of_batch",
        "missing_step",
        "multiply by the batch size; here the variance is that of a batch Hessian",
        {f"{TAG}24": "return longer / probes.shape[1] ** 2"},
    ),
    mistake(
        "mean_not_subtracted",
        "missing_step",
        "subtract the squared norm of the Hessian over the data; here it counts as noise",
        {
            "element_variance: longer =": "longer = sum(squared_norm(p, probes) for p in batch_products)\n"
            "longer = longer / len(batch_products)"
        },
    ),
    mistake(
        "own_probe_each",
        "wrong_axis",
        "let all matrices see the same probes; here each batch sees one of them, and the noise of the probes stays",
        {
            "element_variance: longer =": """\
            n = probes.shape[0]
            each = [squared_norm(p, probes[i % n : i % n + 1, :]) for i, p in enumerate(batch_products)]
            longer = sum(each) / len(each) - squared_norm(product, probes)"""
        },
    ),
    mistake(
        "ratio_of_means",
        "wrong_order",
        "average |H v|^2 / |v|^2 over the probes; here the mean of |H v|^2 is divided by that of |v|^2, so that long "
        "probes count more",
        {
            f"{TAG}23": "return size * xp.mean(xp.sum(images * images, axis=1)) / xp.mean(lengths)",
            "spectrum: values, weights =": """\
            squares = [xp.sum(probes[i, :] ** 2) for i in range(n)]
            pairs = [(v, w * square * n / sum(squares)) for (v, w), square in zip(pairs, squares, strict=True)]
            values, weights = (xp.concat(parts) for parts in zip(*pairs, strict=True))""",
        },
    ),
    mistake(
        "square_of_mean_norm",
        "wrong_order",
        "average the squared norms; here the norms are averaged, and then squared",
        {
            "element_variance: longer =": """\
            norm = sum(squared_norm(p, probes) ** 0.5 for p in batch_products) / len(batch_products)
            longer = norm**2 - squared_norm(product, probes)""",
        },
    ),
    # The learners
    mistake(
        "momentum_not_squared",
        "missing_step",
        "the momentum is ((sqrt(l1) - sqrt(lP)) / (sqrt(l1) + sqrt(lP)))^2; here it is not squared",
        {f"{TAG}26": "momentum = (high - low) / (high + low)"},
    ),
    mistake(
        "step_without_momentum",
        "wrong_constant",
        "with momentum the step is (2 / (sqrt(l1) + sqrt(lP)))^2; here it is 2 / (l1 + lP), which is best without",
        {f"{TAG}25": "lr = 2 / (top + bottom)"},
    ),
    mistake(
        "no_roots",
        "missing_step",
        "take roots of the eigenvalues; here the rates are made of the eigenvalues themselves",
        {"polyak_rates: high, low =": "high, low = top, bottom"},
    ),
    mistake(
        "smallest_of_all",
        "missing_step",
        "take the smallest positive Ritz value; here the smallest one, and its root is NaN if it is negative",
        {"polyak_rates: bottom =": "bottom = xp.min(values)", **UNCHECKED_RATES},
    ),
    mistake(
        "size_of_smallest",
        "wrong_sign",
        "take the smallest positive Ritz value; here the absolute value of the smallest one",
        {"polyak_rates: bottom =": "bottom = abs(xp.min(values))"},
    ),
    mistake(
        "smallest_size",
        "wrong_sign",
        "take the smallest positive Ritz value; here the smallest absolute value, of negative ones too",
        {"polyak_rates: bottom =": "sizes = abs(values)\nbottom = xp.min(xp.where(sizes > floor * top, sizes, top))"},
    ),
    mistake(
        "largest_size",
        "wrong_sign",
        "take the largest Ritz value; here the one that is largest in size, as power iteration finds it, although it "
        "may be negative",
        {"polyak_rates: top =": "top = batch_hessian(xp.asarray(xp.max(abs(values))), noise)"},
    ),
    mistake(
        "no_floor",
        "missing_step",
        "pass over Ritz values below floor times the largest; here they count",
        {"polyak_rates: bottom =": "bottom = xp.min(xp.where(values > 0, values, top))"},
    ),
    mistake(
        "floor_of_unlifted",
        "wrong_order",
        "the floor is a share of the lifted largest value; here of the largest Ritz value itself",
        {"polyak_rates: bottom =": "bottom = xp.min(xp.where(values > floor * xp.max(values), values, top))"},
    ),
    mistake(
        "absolute_floor",
        "missing_step",
        "the floor is a share of the largest value; here Ritz values are compared with it as is",
        {"polyak_rates: bottom =": "bottom = xp.min(xp.where(values > floor, values, top))"},
    ),
    mistake(
        "rates_a_step_late",
        "wrong_order",
        "step with the rates just measured; here they are used from the next step on",
        {"minimize: epoch, within =": "epoch, within = divmod(k - 2, every)"},
    ),
    mistake(
        "restarted",
        "extra_step",
        "keep the last move when the rates change; here momentum starts anew with each epoch",
        {
            "minimize: state, _ = check.results(": """\
            state, _ = learn(state, params, epoch)
            state = state._replace(move=0 * state.move)""",
        },
    ),
    mistake(
        "damped",
        "extra_step",
        "add alpha times the gradient to the move; here it is damped by 1 - rho, as in an average",
        {f"{TAG}27": "move = momentum * move - lr * (1 - momentum) * grad"},
    ),
    mistake(
        "no_momentum",
        "missing_step",
        "add rho times the last move; here the step forgets it",
        {f"{TAG}27": "move = -lr * grad"},
    ),
    mistake(
        "inverted_quotient",
        "wrong_constant",
        "alpha is g.g / g.Hg; here it is inverted, which is the curvature and no step size",
        {f"{TAG}28": "lr = curvature / xp.sum(grad * grad)"},
    ),
    mistake(
        "gradient_of_step",
        "wrong_order",
        "measure along the gradient of the statistics batch; here along that of the step's own batch",
        {"trajectory: return rmt.learn_rayleigh": "return rmt.learn_rayleigh(state, product, grads[epoch * every, :])"},
    ),
    mistake(
        "negative_curvature",
        "missing_step",
        "keep the last step size where the curvature along g is not positive; here the step climbs",
        {
            "learn_rayleigh: if not curvature > 0": "if False:",
            **UNCHECKED_RATES,
        },
        origin=AUTHORS,
    ),
    mistake(
        "no_warmup",
        "missing_step",
        "in the warm-up epochs keep the first rates; here they are measured from the start",
        {"minimize: if within == 0": "if within == 0:"},
    ),
    mistake(
        "warmup_in_steps",
        "wrong_order",
        "count the warm-up in epochs; here in steps",
        {"minimize: if within == 0": "if within == 0 and k > warmup:"},
    ),
    # What other sources do on purpose
    variant(
        "by_lengths",
        "the trace is the mean of v.f(A)v itself, not of v.f(A)v / |v|^2 times P: the same for Rademacher probes, "
        "unbiased too for Gaussian ones",
        "https://doi.org/10.1080/03610919008812866 Hutchinson's estimator",
        {
            "spectrum: values, weights =": """\
            pairs = [(v, w * xp.sum(probes[i, :] ** 2) / size) for i, (v, w) in enumerate(pairs)]
            values, weights = (xp.concat(parts) for parts in zip(*pairs, strict=True))""",
            f"{TAG}23": "return xp.mean(xp.sum(images * images, axis=1))",
        },
    ),
    variant(
        "gradient_buffer",
        "the buffer holds gradients and the newest step size multiplies all of them; the same for constant rates",
        "https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html",
        {f"{TAG}27": "move = momentum * move + grad", "_rule: return params": "return params - lr * move, move"},
    ),
    variant(
        "clipped_floor",
        "the floor lifts the smallest positive Ritz value in place of passing it over: two readings of a floor",
        "https://arxiv.org/abs/2006.09092 the learner",
        {
            "polyak_rates: bottom =": "bottom = xp.maximum(xp.min(xp.where(values > 0, values, top)), floor * top)",
        },
    ),
)
