"""Lines of the source that read otherwise: mistakes, and what a public implementation does on purpose."""

from refimpl.specs.base import mistake, variant

_NO_ESTIMATE = {"policy_loss": "its policies have no estimate"}
_NODE = "https://github.com/asagi4/ComfyUI-Adaptive-Guidance"
_FASTVIDEO = "https://github.com/hao-ai-lab/FastVideo/pull/1372"
_DENOISED = "(state.x - (1 - ab) ** 0.5 * {0}) / ab**0.5"
_POOLED = "return xp.sum(eps_c * eps_u) / xp.sqrt(xp.sum(eps_c**2) * xp.sum(eps_u**2)) + 0.0 * products"
_FLAT = "xp.reshape({0}, (1, -1))"


def _stops(condition):
    return {"adaptive_guidance-10": f"done = {condition}"}


ALTERNATIVES = (
    # Guidance
    variant(
        "one_plus_s",
        "the difference is added to the conditional prediction: the weight is 1 + s",
        "https://huggingface.co/docs/diffusers/en/api/modular_diffusers/guiders "
        "(ClassifierFreeGuidance, use_original_formulation=True; Ho and Salimans, 2022, Equation 6)",
        {
            "adaptive_guidance-6": "return eps_u + (1 + s) * (eps_c - eps_u)",
            "adaptive_guidance-20": "w_u, w_c = w[k, 0] - xp.sum(s * w[k, 2:]), w[k, 1] + xp.sum((1 + s) * w[k, 2:])",
        },
        choice=True,
    ),
    mistake(
        "weights_exchanged",
        "wrong_order",
        "s weighs the conditional prediction, 1 - s the other; here they are exchanged",
        {
            "adaptive_guidance-6": "return eps_c + s * (eps_u - eps_c)",
            "adaptive_guidance-20": "w_u, w_c = w[k, 0] + xp.sum(s * w[k, 2:]), w[k, 1] + xp.sum((1 - s) * w[k, 2:])",
        },
    ),
    mistake(
        "last_coordinate_unguided",
        "wrong_axis",
        "guide all coordinates; here the last one is left as the prompt has it",
        {
            "adaptive_guidance-6": "whole = eps_u + s * (eps_c - eps_u)\n"
            "return array_namespace(whole).concat([whole[:, :-1], eps_c[:, -1:]], axis=1)",
            "adaptive_guidance-20": "w_u, w_c, here = 1.0, 1.0, "
            "xp.astype(xp.arange(x.shape[1], device=device(x)) < x.shape[1] - 1, x.dtype)",
            "relaxed_loss: back_u, back_c =": "back_u = uncond.pull(x, ab[k], rows, "
            "(w[k, 0] + xp.sum((1 - s) * w[k, 2:]) * here) * adjoint)\n"
            "back_c = cond.pull(x, ab[k], rows, (w[k, 1] + w[k, 2] * (1 + (s - 1) * here)) * adjoint)",
        },
        origin="https://github.com/facebookresearch/DiT/issues/41",
    ),
    mistake(
        "half_guided",
        "wrong_constant",
        "weigh the difference with s; here the prediction is the mean of the guided and the conditional one",
        {
            "adaptive_guidance-6": "return (eps_c + eps_u + s * (eps_c - eps_u)) / 2",
            "adaptive_guidance-20": "w_u, w_c = w[k, 0] + xp.sum((1 - s) / 2 * w[k, 2:]), "
            "w[k, 1] + xp.sum((1 + s) / 2 * w[k, 2:])",
        },
    ),
    # The cosine
    mistake(
        "one_cosine_for_all",
        "wrong_axis",
        "a cosine for each sample; here one over the whole batch",
        {"adaptive_guidance-7": _POOLED},
        origin=_NODE,
    ),
    mistake(
        "products_for_cosines",
        "missing_step",
        "divide by both lengths; here the product itself is compared",
        {"adaptive_guidance-7": "return xp.sum(eps_c * eps_u, axis=-1)"},
    ),
    mistake(
        "one_length",
        "missing_step",
        "divide by both lengths; here by that of the conditional prediction, squared",
        {
            "adaptive_guidance-7": "return xp.sum(a * eps_u, axis=-1) / "
            "xp.where(lengths < math.inf, xp.sum(a * eps_c, axis=-1), 1.0)"
        },
    ),
    mistake(
        "no_cosine_of_zero",
        "numerics",
        "a prediction of 0 has no direction: let its cosine be 0; here it is NaN",
        {"cosine: lengths = xp.where(": "lengths = lengths + 0.0"},
        unseen={"ag_sample": "no prediction is exactly 0"},
    ),
    mistake(
        "centred",
        "extra_step",
        "the cosine of the predictions as they are; here their means are taken off first: a correlation",
        {
            "adaptive_guidance-7": "a, b = (e - xp.mean(e, axis=-1, keepdims=True) for e in (eps_c, eps_u))\n"
            "lengths = xp.linalg.vector_norm(a, axis=-1) * xp.linalg.vector_norm(b, axis=-1)\n"
            "return xp.sum(a * b, axis=-1) / xp.where(lengths > 0, lengths, math.inf)"
        },
    ),
    mistake(
        "cosine_of_the_iterate",
        "wrong_order",
        "compare the two predictions; here the conditional one with the iterate",
        _stops("state.done | (cosine(eps_c, state.x) > gamma_bar)"),
    ),
    mistake(
        "cosine_of_the_guided",
        "wrong_order",
        "compare the two predictions; here the conditional one with the guided one, which also goes to 1",
        _stops("state.done | (cosine(eps_c, _guided(eps_c, eps_u, s)) > gamma_bar)"),
    ),
    # Stopping
    mistake(
        "stops_below",
        "wrong_sign",
        "stop where the cosine is above the threshold; here where it is below",
        _stops("state.done | (cosine(eps_c, eps_u) < gamma_bar)"),
    ),
    mistake(
        "guides_again",
        "missing_step",
        "what has stopped stays so; here it is guided again when the cosine falls",
        {
            **_stops("cosine(eps_c, eps_u) > gamma_bar"),
            "_where_guided: rows =": "rows = xp.arange(eps_c.shape[0])",
            "_where_guided: return xp.where(": "return found",
        },
    ),
    mistake(
        "all_stop_together",
        "wrong_axis",
        "each sample stops by itself; here all stop when the first one does",
        _stops("state.done | xp.any(cosine(eps_c, eps_u) > gamma_bar)"),
    ),
    mistake(
        "all_wait",
        "wrong_axis",
        "each sample stops by itself; here all go on until the last one agrees",
        _stops("state.done | xp.all(cosine(eps_c, eps_u) > gamma_bar)"),
    ),
    mistake(
        "first_decides_for_all",
        "wrong_axis",
        "each sample has its own flag; here the first one's says for the whole batch which prediction is taken",
        {
            "adaptive_guidance-8": "eps = eps_c if bool(state.done[0]) else _guided(eps_c, eps_u, s)",
            "_where_guided: rows =": "rows = xp.arange(eps_c.shape[0])",
            "_where_guided: return xp.where(": "return found",
        },
    ),
    mistake(
        "unguided_when_crossing",
        "wrong_order",
        "the step in which a sample crosses is guided, for both predictions are paid; here it is not, so that "
        "the second one is thrown away",
        {
            "adaptive_guidance-8": "eps = xp.where((state.done | (cosine(eps_c, eps_u) > gamma_bar))[:, None], eps_c, "
            "_guided(eps_c, eps_u, s))"
        },
    ),
    mistake(
        "unconditional_afterwards",
        "wrong_order",
        "go on with the conditional prediction; here with the unconditional one",
        {
            "adaptive_guidance-8": "eps = xp.where(state.done[:, None], eps_u, _guided(eps_c, eps_u, s))",
            "_where_guided: rows =": "rows = xp.arange(eps_c.shape[0])",
            "_where_guided: return xp.where(": "return found",
        },
    ),
    mistake(
        "guided_throughout",
        "missing_step",
        "use the conditional prediction alone once a sample has stopped; here only the count is told",
        {
            "adaptive_guidance-8": "eps = _guided(eps_c, eps_u, s)",
            "_where_guided: rows =": "rows = xp.arange(eps_c.shape[0])",
            "_where_guided: return xp.where(": "return found",
        },
    ),
    mistake(
        "two_when_stopped",
        "wrong_constant",
        "a stopped sample costs 1; here 2",
        {"adaptive_guidance-9": "nfe = state.nfe + 2"},
    ),
    mistake(
        "one_when_crossing",
        "wrong_order",
        "the crossing step costs 2, for the cosine takes both predictions; here 1",
        {
            "adaptive_guidance-9": "nfe = state.nfe + 2 - xp.astype(state.done | (cosine(eps_c, eps_u) > gamma_bar), "
            "xp.int64)"
        },
    ),
    mistake(
        "evaluations_of_the_batch",
        "wrong_axis",
        "each sample has its own count; here each gets that of the whole batch",
        {"adaptive_guidance-9": "nfe = state.nfe + xp.sum(2 - xp.astype(state.done, xp.int64))"},
    ),
    mistake(
        "flags_kept",
        "missing_step",
        "a new run begins with all samples guided; here those that stopped in the last run stay so",
        {
            "sample: return iterate(": "last = iterate(step, init(x0), steps=T).state\n"
            "return iterate(step, init(x0)._replace(done=last.done), steps=T).state"
        },
        origin=_NODE,
    ),
    variant(
        "at_least",
        "a cosine of exactly the threshold stops too",
        f"{_NODE} (check_similarity)",
        _stops("state.done | (cosine(eps_c, eps_u) >= gamma_bar)"),
        unseen={"ag_sample": "no cosine is exactly the threshold"},
    ),
    variant(
        "comfyui",
        "the cosine is that of the clean samples that the predictions stand for: another scale of the threshold",
        f"{_NODE} (check_similarity)",
        _stops(f"state.done | (cosine({_DENOISED.format('eps_c')}, {_DENOISED.format('eps_u')}) > gamma_bar)"),
    ),
    variant(
        "comfyui_node",
        "the same, one cosine for the whole batch, and one of exactly the threshold stops",
        f"{_NODE} (check_similarity)",
        {
            "adaptive_guidance-10": f"a, b = {_DENOISED.format('eps_c')}, {_DENOISED.format('eps_u')}\n"
            f"done = state.done | (cosine({_FLAT.format('a')}, {_FLAT.format('b')}) >= gamma_bar)"
        },
        choice=True,
    ),
    # The solver
    mistake(
        "levels_exchanged",
        "wrong_order",
        "from ab to ab_next; here the two are exchanged",
        {
            "adaptive_guidance-4": "A = (ab / ab_next) ** 0.5",
            "adaptive_guidance-5": "B = (1 - ab) ** 0.5 - (ab * (1 - ab_next) / ab_next) ** 0.5",
        },
    ),
    mistake(
        "no_root",
        "missing_step",
        "take the root of the level in front of the clean sample; here it is left out",
        {
            "adaptive_guidance-4": "A = ab_next / ab**0.5",
            "adaptive_guidance-5": "B = (1 - ab_next) ** 0.5 - ab_next * ((1 - ab) / ab) ** 0.5",
        },
        origin="https://github.com/mathpluscode/ImgX-DiffSeg/issues/4",
    ),
    mistake(
        "clean_alone",
        "missing_step",
        "add the noise of the next level to the clean sample; here it is left out",
        {"adaptive_guidance-5": "B = -((ab_next * (1 - ab) / ab) ** 0.5)"},
    ),
    mistake(
        "noise_of_the_old_level",
        "wrong_order",
        "add the noise of the next level; here that of the level before the step",
        {"adaptive_guidance-5": "B = (1 - ab) ** 0.5 - (ab_next * (1 - ab) / ab) ** 0.5"},
    ),
    variant(
        "cfg_plus_plus",
        "the clean sample is made of the guided prediction, and noised anew with the unconditional one",
        "Chung et al. (2024, arXiv:2406.08070), CFG++",
        {
            "adaptive_guidance-3 in update": "x = A * state.x + B * eps\n"
            "x = x + (1 - ab_next) ** 0.5 * (xp.where(state.done[:, None], eps_c, eps_u) - eps)"
        },
        choice=True,
    ),
    variant(
        "clean_sample_clipped",
        "the clean sample is clipped to [-1, 1], and the noise is not made anew for it",
        "diffusers, DDIMScheduler(clip_sample=True), which is the default",
        {
            "adaptive_guidance-3 in update": "clean = xp.clip((state.x - (1 - ab) ** 0.5 * eps) / ab**0.5, -1.0, 1.0)\n"
            "x = ab_next**0.5 * clean + (1 - ab_next) ** 0.5 * eps",
            "adaptive_guidance-3 in ddim": "clean = (x - (1 - ab) ** 0.5 * eps) / ab**0.5\n"
            "return ab_next**0.5 * array_namespace(x).clip(clean, -1.0, 1.0) + (1 - ab_next) ** 0.5 * eps",
        },
        choice=True,
    ),
    # LinearAG
    mistake(
        "target_among_regressors",
        "wrong_order",
        "only earlier unconditional predictions are known; here the one that is to be estimated is a regressor too",
        {"adaptive_guidance-11": "known = [E_c[i, ...] for i in range(k + 1)] + [E_u[i, ...] for i in range(k + 1)]"},
    ),
    mistake(
        "own_prediction_unused",
        "missing_step",
        "the conditional prediction of the step itself is known: use it; here only earlier ones are",
        {"adaptive_guidance-11": "known = [E_c[i, ...] for i in range(max(k, 1))] + [E_u[i, ...] for i in range(k)]"},
    ),
    mistake(
        "conditional_alone",
        "missing_step",
        "earlier unconditional predictions are regressors too; here the conditional ones alone",
        {"adaptive_guidance-11": "known = [E_c[i, ...] for i in range(k + 1)]"},
    ),
    mistake(
        "newest_alone",
        "missing_step",
        "all earlier predictions are regressors; here those of the last step and the present one",
        {
            "adaptive_guidance-11": "known = [E_c[i, ...] for i in range(max(k - 1, 0), k + 1)] + "
            "[E_u[i, ...] for i in range(max(k - 1, 0), k)]"
        },
    ),
    mistake(
        "a_fit_for_each_sample",
        "wrong_axis",
        "pool the samples; here each has coefficients of its own",
        {
            "fit_linear: fitted, length =": "wide = xp.permute_dims(xp.stack(known), (1, 2, 0))\n"
            "own = xp.linalg.pinv(wide) @ E_u[k, ...][:, :, None]\n"
            "fitted, length = xp.reshape(wide @ own, (-1,)), xp.linalg.vector_norm(y)"
        },
    ),
    mistake(
        "a_fit_for_each_coordinate",
        "wrong_axis",
        "pool the coordinates; here each has coefficients of its own",
        {
            "fit_linear: fitted, length =": "wide = xp.permute_dims(xp.stack(known), (2, 1, 0))\n"
            "own = xp.linalg.pinv(wide) @ xp.matrix_transpose(E_u[k, ...])[:, :, None]\n"
            "fitted = xp.reshape(xp.matrix_transpose((wide @ own)[:, :, 0]), (-1,))\n"
            "length = xp.linalg.vector_norm(y)"
        },
    ),
    mistake(
        "coefficients_averaged",
        "wrong_order",
        "one fit to all samples; here each sample is fitted by itself, and the mean of their coefficients is taken",
        {
            "adaptive_guidance-12": "wide = xp.permute_dims(xp.stack(known), (1, 2, 0))\n"
            "beta = xp.mean((xp.linalg.pinv(wide) @ E_u[k, ...][:, :, None])[:, :, 0], axis=0)"
        },
    ),
    mistake(
        "residuals_averaged",
        "wrong_axis",
        "one residual, of all samples and coordinates; here each sample has its own, and their mean is taken",
        {
            "adaptive_guidance-13": "each = xp.reshape(y, E_u.shape[1:])\n"
            "rest, whole = (xp.linalg.vector_norm(v, axis=1) for v in (each - xp.reshape(fitted, each.shape), each))\n"
            "residual = xp.mean(rest / xp.where(whole > 0, whole, math.inf))"
        },
    ),
    mistake(
        "residual_squared",
        "wrong_output",
        "the length of the rest over that of the target; here the share of the squares",
        {"adaptive_guidance-13": "residual = (xp.linalg.vector_norm(y - fitted) / length) ** 2"},
    ),
    mistake(
        "absolute_residual",
        "missing_step",
        "divide the rest by the length of the target; here it is not",
        {"adaptive_guidance-13": "residual = xp.linalg.vector_norm(y - fitted)"},
    ),
    variant(
        "intercept",
        "an intercept is fitted too",
        'Castillo et al. (2023), "affine" in the abstract',
        {
            "adaptive_guidance-12": "F = xp.concat([F, xp.ones((F.shape[0], 1), dtype=F.dtype, device=device(F))], "
            "axis=1)\nbeta = linalg.least_squares(F, y, rtol=float(xp.finfo(F.dtype).eps))"
        },
    ),
    mistake(
        "coefficients_exchanged",
        "wrong_order",
        "coefficients of conditional predictions come first; here those of unconditional ones",
        {
            "adaptive_guidance-14": "return sum(beta[i] * e for i, e in enumerate((*said_u, *said_c)))",
        },
    ),
    mistake(
        "newest_first",
        "wrong_order",
        "each kind from the noisiest step on; here the newest first",
        {"adaptive_guidance-14": "return sum(beta[i] * e for i, e in enumerate((*said_c[::-1], *said_u[::-1])))"},
    ),
    mistake(
        "coefficients_interleaved",
        "wrong_order",
        "the coefficients of all conditional predictions come first; here the two kinds take turns, step by step",
        {
            "adaptive_guidance-14": "pairs = [e for both in zip(said_c, said_u) for e in both]\n"
            "return sum(beta[i] * e for i, e in enumerate((*pairs, said_c[-1])))"
        },
    ),
    mistake(
        "estimate_unguided",
        "missing_step",
        "guide with the estimate; here the step takes the estimate itself",
        {
            "linear_step: eps =": "eps = eps_u",
            'follow: eps = {"uncond"': 'eps = {"uncond": eps_u, "cond": eps_c, "lin": eps_u}.get(word)',
        },
        unseen=_NO_ESTIMATE,
    ),
    mistake(
        "truth_in_the_history",
        "wrong_order",
        "later estimates build on this one; here on the true prediction, which nobody has paid for",
        {"follow: said_u.append(": "said_u.append(uncond(x, ab[k], everyone))"},
        unseen=_NO_ESTIMATE,
    ),
    mistake(
        "guided_in_the_history",
        "wrong_order",
        "the history has the unconditional predictions; here the guided ones",
        {"follow: said_u.append(": "said_u.append(guide(eps_c, eps_u, s=rates[k % len(rates)]))"},
        unseen=_NO_ESTIMATE,
    ),
    mistake(
        "guided_to_the_end",
        "missing_step",
        "no guidance in the second half; here the alternation goes on with the last difference",
        {
            'follow: eps = {"uncond"': 'if word == "cond" and said_u:\n'
            "    eps_u = eps_c - (said_c[-1] - said_u[-1])\n"
            '    word = "late"\n'
            'eps = {"uncond": eps_u, "cond": eps_c}.get(word)'
        },
        unseen=_NO_ESTIMATE,
    ),
    variant(
        "last_difference",
        "the last difference of the two predictions is used again; no fit",
        f"{_FASTVIDEO} (FASTVIDEO_CFG_GATE_STEP, there called LinearAG)",
        {"adaptive_guidance-14": "return said_c[-1] - (said_c[-2] - said_u[-1]) + 0.0 * beta[0]"},
        choice=True,
    ),
    # Exact predictions
    mistake(
        "score_for_noise",
        "missing_step",
        "the noise is the score times minus the noise's standard deviation; here that factor is missing",
        {
            "adaptive_guidance-2": "return -score",
            "adaptive_guidance-23": "return -(bend - xp.sum(r / S, axis=1, keepdims=True) * v)",
        },
    ),
    mistake(
        "same_prompt_twice",
        "wrong_order",
        "the second prediction is that without the prompt; here it has the prompt too",
        {
            "sample: eps_u =": "eps_u = _where_guided(cond, state, level, eps_c)",
            "relaxed_loss: eps_u, eps_c =": "eps_u, eps_c = cond.eps(x, ab[k], rows), cond.eps(x, ab[k], rows)",
        },
        origin="https://github.com/QiaoyuHu89/DiffGui/issues/5",
    ),
    mistake(
        "prompts_exchanged",
        "wrong_order",
        "the first prediction is that with the prompt; here the halves of the batch are taken the other way round",
        {
            "sample: T, xp =": "T, xp, cond, uncond = _levels(x0, ab), array_namespace(x0, ab), uncond, cond",
            "follow: T, xp =": "T, xp, cond, uncond = _levels(x0, ab), array_namespace(x0, ab), uncond, cond",
            "relaxed_loss: T =": "T, cond, uncond = _levels(x0, ab), uncond, cond",
        },
    ),
    # The search for a policy
    mistake(
        "columns_exchanged",
        "wrong_order",
        "columns are unconditional, conditional, guided; here the first two are exchanged",
        {
            "relaxed_loss: said =": "said = (eps_c, eps_u, *(_guided(eps_c, eps_u, r) for r in strengths))",
            "adaptive_guidance-20": "w_u, w_c = w[k, 1] + xp.sum((1 - s) * w[k, 2:]), w[k, 0] + xp.sum(s * w[k, 2:])",
        },
    ),
    mistake(
        "weights_not_normalized",
        "missing_step",
        "the weights of a step are the softmax of its logits; here a sigmoid of each",
        {
            "adaptive_guidance-15": "w, x, tape = 1 / (1 + xp.exp(-logits)), x0, []",
            "adaptive_guidance-22": "return loss, w * (1 - w) * slope",
        },
    ),
    mistake(
        "hard_choice",
        "wrong_order",
        "steps mix the predictions with the softmax; here each step takes the one with the largest logit alone, and "
        "only the gradient goes through the softmax",
        {
            "adaptive_guidance-15": "w, x, tape = xp.astype(logits == xp.max(logits, axis=-1, keepdims=True), "
            "logits.dtype), x0, []",
            "adaptive_guidance-22": "w = softmax(logits)\n"
            "return loss, w * (slope - xp.sum(w * slope, axis=-1, keepdims=True))",
        },
    ),
    mistake(
        "softmax_over_steps",
        "wrong_axis",
        "the softmax is over the three choices; here over the steps",
        {
            "adaptive_guidance-15": "w, x, tape = softmax(logits, axis=0), x0, []",
            "adaptive_guidance-22": "return loss, w * (slope - xp.sum(w * slope, axis=0, keepdims=True))",
        },
    ),
    mistake(
        "error_summed",
        "wrong_scale",
        "the error is a mean over the samples; here their sum",
        {
            "adaptive_guidance-17": "loss = xp.sum(gap**2) / scale + cost * xp.sum(w @ prices) / T",
            "adaptive_guidance-18": "adjoint, slopes = 2 * gap / scale, []",
        },
    ),
    mistake(
        "error_not_scaled",
        "missing_step",
        "the unit of the error is the distance of the samples without guidance; here it is not divided by that",
        {
            "adaptive_guidance-17": "loss = xp.sum(gap**2) / n + cost * xp.sum(w @ prices) / T",
            "adaptive_guidance-18": "adjoint, slopes = 2 * gap / n, []",
        },
    ),
    mistake(
        "error_is_a_distance",
        "missing_step",
        "the error is a mean square; here its root",
        {
            "adaptive_guidance-17": "loss = (xp.sum(gap**2) / (n * scale)) ** 0.5 + cost * xp.sum(w @ prices) / T",
            "adaptive_guidance-18": "adjoint, slopes = gap / (n * scale * xp.sum(gap**2)) ** 0.5, []",
        },
    ),
    mistake(
        "costs_summed",
        "wrong_scale",
        "the price is that of the mean step; here of all steps",
        {
            "adaptive_guidance-17": "loss = xp.sum(gap**2) / (n * scale) + cost * xp.sum(w @ prices)",
            "adaptive_guidance-19": "slopes.append(xp.stack([B * xp.sum(adjoint * e) for e in said]) + cost * prices)",
        },
    ),
    mistake(
        "guidance_costs_one",
        "wrong_constant",
        "a guided step costs two evaluations; here one, like the others",
        {"relaxed_loss: rows, prices =": "rows, prices = xp.arange(n), xp.ones(3, dtype=x0.dtype)"},
    ),
    mistake(
        "adjoint_halved",
        "wrong_scale",
        "the derivative of a square has a factor 2; here it is missing",
        {"adaptive_guidance-18": "adjoint, slopes = gap / (n * scale), []"},
    ),
    mistake(
        "path_cut",
        "missing_step",
        "predictions depend on the iterate: the gradient goes through them; here they are taken as constants",
        {"adaptive_guidance-21": "adjoint = A * adjoint + 0.0 * B * (w_u * back_u + w_c * back_c)"},
    ),
    mistake(
        "iterate_cut",
        "missing_step",
        "the next iterate holds the last one, times A; here the gradient goes through the predictions alone",
        {"adaptive_guidance-21": "adjoint = B * (w_u * back_u + w_c * back_c) + 0.0 * A * adjoint"},
    ),
    mistake(
        "factor_one",
        "missing_step",
        "the adjoint shrinks and grows with the iterate, by A; here it is carried over as it is",
        {"adaptive_guidance-21": "adjoint = adjoint + B * (w_u * back_u + w_c * back_c) + 0.0 * A"},
    ),
    mistake(
        "adjoint_weights_exchanged",
        "wrong_order",
        "in a guided step the conditional prediction has the weight s, the other 1 - s; here the adjoint has them "
        "exchanged",
        {"adaptive_guidance-20": "w_u, w_c = w[k, 0] + xp.sum(s * w[k, 2:]), w[k, 1] + xp.sum((1 - s) * w[k, 2:])"},
    ),
    mistake(
        "softmax_forgotten",
        "missing_step",
        "the gradient is asked in the logits: go back through the softmax; here it is that in the weights",
        {"adaptive_guidance-22": "return loss, slope"},
    ),
    mistake(
        "softmax_diagonal",
        "missing_step",
        "weights of a step move together; here each logit moves its own alone",
        {"adaptive_guidance-22": "return loss, w * (1 - w) * slope"},
    ),
    mistake(
        "spread_forgotten",
        "missing_step",
        "the Jacobian of a mixture's score has the spread of its components' scores; here only their mean width",
        {"adaptive_guidance-23": "return (1 - ab) ** 0.5 * xp.sum(r / S, axis=1, keepdims=True) * v + 0.0 * bend"},
    ),
    mistake(
        "own_square_forgotten",
        "missing_step",
        "take the square of the mean score off the mean of the squares; here it is left in",
        {
            "adaptive_guidance-23": "bend = bend + xp.sum(score * v, axis=1, keepdims=True) * score\n"
            "return -((1 - ab) ** 0.5) * (bend - xp.sum(r / S, axis=1, keepdims=True) * v)"
        },
    ),
)
