"""What goes wrong in token reduction: lines of the source that read otherwise."""

from refimpl.core.arrays import array_namespace
from refimpl.core.special import softmax
from refimpl.specs.base import mistake, variant

GITHUB = "https://github.com"
_FASTV = f"{GITHUB}/pkunlp-icler/FastV"
_OWN = "best = xp.argsort(attention, axis=-1, {}stable=True)[..., :count]"
_LAST = "_decoder: best ="


def _at(**lines):
    """Lines by the numbers of their tags, `_14="..."`, in other places by how they begin."""
    return {f"token_reduction-{number[1:]}": line for number, line in lines.items()}


def _deep_first(trial, kept):
    """The search from the last layer to the first."""
    return {"_gsearch: for l": "for l in reversed(range(first, L)):"} | _at(_9=f"trial = {trial}", _12=f"k = {kept}")


def _come_back(vision, text, Wq, Wk, Wv, Wo, k):
    """All tokens are computed in each layer, and those that were removed may be chosen again."""
    xp, (N, d), M = array_namespace(vision), vision.shape, text.shape[0]
    X, places = xp.concat([vision, text]), xp.arange(N + M)
    on = xp.arange(N) < N
    kept, attention, received = [], [], None
    for l in range(k.shape[0]):
        n = int(k[l])
        if received is not None:
            rank = xp.argsort(xp.argsort(received, descending=True, stable=True), stable=True)
            on = rank < n
        seen = (places[None, :] <= places[:, None]) | (places[None, :] < N)
        scores = (X @ Wq[l, ...]) @ xp.matrix_transpose(X @ Wk[l, ...]) / d**0.5
        received = softmax(xp.where(seen, scores, -1e30))[-1, :N]
        some = xp.concat([on, xp.ones(M, dtype=xp.bool)])
        A = softmax(xp.where(seen & some[None, :], scores, -1e30))
        X = X + A @ (X @ Wv[l, ...]) @ Wo[l, ...]
        kept.append(xp.astype(on, xp.int64))
        attention.append(xp.where(on, A[-1, :N], 0.0))
    return X[N:, :], xp.stack(kept), xp.stack(attention)


ALTERNATIVES = (
    # Ranking and removal
    mistake("lowest_kept", "wrong_sign", "keep those of most attention; here those of least are kept",
        _at(_1=_OWN.format(""))),
    mistake("first_kept", "missing_step", "keep those of most attention; here the first ones are kept",
            _at(_1="best = xp.broadcast_to(xp.arange(count), (*attention.shape[:-1], count))")),
    mistake("ranks_for_places", "wrong_output", "sorting gives the places of those of most attention; here ranks of "
                                                "the first tokens are taken for them",
            _at(_1="order = xp.argsort(attention, axis=-1, descending=True, stable=True)\n"
                   "best = xp.argsort(order, axis=-1, stable=True)[..., :count]")),
    mistake("first_layer_ranks", "wrong_order", "the layer before ranks; here always the first",
            {_LAST: "best = _keep(xp.take(received[0], alive), n)"}),
    mistake("attention_adds_up", "wrong_order", "the attention in the layer before ranks; here what tokens received in "
                                                "all layers so far",
            {_LAST: "sums = xp.zeros(N, dtype=X.dtype)\n"
                    "for here, got in zip(kept, received, strict=True):\n"
                    "    sums[here] = sums[here] + got\n"
                    "best = _keep(xp.take(sums, alive), n)"}),
    mistake("own_layer_ranks", "wrong_order",
            "the layer before ranks, so that a removed token costs nothing; here the attention of the layer itself, "
            "with all that "
            "were left before",
            {_LAST: "own = (X[-1:, :] @ weights.Wq[l, ...]) @ xp.matrix_transpose(X @ weights.Wk[l, ...])\n"
                    "best = _keep(own[0, : alive.shape[0]], n)"}),
    mistake("places_as_names", "wrong_output", "after a removal a place is no longer the name of a token; here "
                                               "places are told",
            {"_decoder: X, alive =": "X, alive = xp.take(X, xp.concat([best, places[alive.shape[0] :][:M]]), "
                                     "axis=0), best"}),
    mistake("names_as_places", "wrong_order", "the rows of the tokens that are left move up; here the name is taken "
                                              "for the row",
            {"_decoder: X, alive =": "alive = xp.take(alive, best)\n"
             "X = xp.take(X, xp.concat([xp.clip(alive, max=X.shape[0] - M - 1), places[X.shape[0] - M :][:M]]), "
             "axis=0)"}),
    mistake("removed_come_back", "missing_step", "a token that is removed is gone; here all are ranked again in "
                                                 "each layer",
            functions={"decoder": _come_back}),
    mistake("weights_not_renewed", "missing_step",
            "removed tokens take no part in the softmax; here they do, and their weights are set to 0 after it",
            {"_decoder: places =": "places, gone = xp.arange(N + M, dtype=xp.int64, device=device(text)), text[:0, :]",
             "_decoder: X, alive =": "lost = xp.nonzero(xp.all(best[None, :] != places[: alive.shape[0], None], "
                                     "axis=1))[0]\n"
             "gone = xp.concat([gone, xp.take(X, lost, axis=0)])\n"
             "X, alive = xp.take(X, xp.concat([best, places[alive.shape[0] :][:M]]), axis=0), xp.take(alive, best)"}
            | _at(_2="more = (X @ Wq) @ xp.matrix_transpose(gone @ Wk) / d**0.5\n"
                     "seen = xp.where((j < n) | (j <= i), scores, -1e30)\n"
                     "A = softmax(xp.concat([seen, more], axis=1))[:, : n + M]")),
    mistake("text_not_causal", "missing_step", "a text token sees the text up to itself; here all of it",
            _at(_2="A = softmax(xp.where((j < n) | (i >= n), scores, -1e30))")),
    mistake("vision_sees_text", "missing_step", "vision tokens do not see the text, which comes after them; here "
                                                "they do",
            _at(_2="A = softmax(xp.where((j < n) | (j <= i) | (i < n), scores, -1e30))")),
    mistake("vision_causal", "extra_step", "vision tokens see each other; here those up to themselves alone",
            _at(_2="A = softmax(xp.where(j <= i, scores, -1e30))")),
    mistake("not_scaled", "wrong_scale", "scores are divided by the root of the width; here they are not",
            {"_decoder: scores =": "scores = (X @ Wq) @ xp.matrix_transpose(X @ Wk)"}),
    mistake("not_residual", "missing_step", "what attention gives is added to the state; here it takes its place",
            _at(_3="X = A @ (X @ Wv) @ Wo")),
    mistake("first_text_ranks", "wrong_axis", "the last text token ranks, which has read the question; here the first",
            _at(_4="received.append(A[n, :n])")),
    variant("mean_of_text_ranks", "the mean over the text tokens ranks, as FastV's paper says; its code takes the "
                                  "last token",
            f"{_FASTV}/issues/44", _at(_4="received.append(xp.mean(A[n:, :n], axis=0))")),
    variant("shares_of_vision", "attention is told as a share of all that vision tokens receive: the same ranks",
            "ours: the paper's text was not at hand", _at(_4="received.append(A[-1, :n] / (xp.sum(A[-1, :n]) if n "
                                                             "else 1.0))")),
    variant("last_of_equal", "of tokens with equal attention the last stay: which ones is up to the sorting of a "
                             "library",
            "https://docs.pytorch.org/docs/stable/generated/torch.topk.html (ties are not specified)",
            _at(_1="best = attention.shape[-1] - 1 - xp.argsort(xp.flip(attention, axis=-1), axis=-1, descending=True, "
                   "stable=True)[..., :count]"), unseen={"decoder": "rounding would part equal tokens"}),
    variant("in_order_of_attention", "the tokens come in the order of their attention, as a library's top-k gives "
                                     "them: the same states "
            "where layers know no places", f"{_FASTV}/issues/44 (there they are sorted after it)",
            {"_keep: return": "return xp.astype(best, xp.int64)"}, unseen={"decoder": "it tells a set, and its "
                                                                                      "layers know no places"}),
    # Consistency
    mistake("ranks_in_order", "missing_step", "equal tokens share the mean of their ranks; here they are ranked as "
                                              "they come",
            {"_ranks: below, upto =": "order = xp.argsort(xp.argsort(a, stable=True), stable=True)\nbelow, upto = "
                                      "order, order + 1"},
            origin=f"{GITHUB}/TheAlgorithms/Python/issues/14887"),
    mistake("ranked_together", "wrong_axis", "each input and layer has ranks of its own; here all are ranked together",
            {"_consistency: z = xp.reshape(xp.stack(": "z = xp.reshape(_ranks(xp.reshape(attention, (-1,))), (L, S, "
                                                       "N)) / N"}),
    mistake("highest_rank", "wrong_constant", "equal tokens share the mean of their ranks; here they all have the "
                                              "highest",
            _at(_5="return xp.astype(upto, a.dtype)"), origin=f"{GITHUB}/incanter/incanter/pull/262"),
    mistake("shortcut_with_ties", "wrong_constant",
            "with equal tokens the correlation of ranks is not 1 - 6 D / (n^3 - n); here that formula is used",
            _at(_6="gap = z[:, :, None, :] - z[:, None, :, :]\n"
                   "rho = 1 - 6 * xp.sum(gap * gap, axis=-1) * N / (4 * N * N - 4.0)"),
            origin=f"{GITHUB}/future-agi/future-agi/issues/2569"),
    mistake("values_not_ranks", "missing_step", "correlate ranks; here the attention itself is correlated",
            _at(_5="return a")),
    mistake("tau_a", "wrong_constant", "divide by the root of the pairs that are not equal, in both; here by all pairs",
            {"_consistency: norm =": 'norm = xp.where(both, length[:, :, None] * length[:, None, :] if kind == '
                                     '"spearman" '
                                     "else (N - 1.0) / N, 1.0)"}),
    mistake("gamma_for_tau", "wrong_constant", "divide by the root of the pairs that are not equal in one and in the "
                                               "other; here by those that are equal in neither",
            {"_consistency: norm =": 'unequal = xp.abs(z) @ xp.matrix_transpose(xp.abs(z))\n'
                                     'norm = xp.where(both, length[:, :, None] * length[:, None, :] if kind == '
                                     '"spearman" else unequal, 1.0)'}),
    mistake("mean_of_inputs_first", "wrong_order", "correlate within each input, then take the mean; here the mean "
                                                   "comes first",
            {"_consistency: xp, (L, S, N) =": "attention = array_namespace(attention).mean(attention, axis=1, "
                                              "keepdims=True)\n"
             "xp, (L, S, N) = array_namespace(attention), attention.shape"}),
    mistake("constant_counts", "extra_step", "an input that is constant at a layer does not count; here it counts as 0",
            {"_consistency: return": "return xp.sum(xp.where(both, rho, 0.0), axis=0) / S"}),
    # G-Search
    mistake("deep_to_shallow", "wrong_order", "search from the first layer to the last; here from the last to the "
                                              "first",
            _deep_first("[*k[:l], *[min(v, n) for n in k[l:]]]", "[*k[:l], *[min(high, n) for n in k[l:]]]")),
    mistake("others_stay_full", "missing_step",
            "while a number is tried all deeper layers have it too, since a removed token is gone; here they keep all",
            _at(_9="trial = k[:l] + [v] + [N] * (L - l - 1)")),
    mistake("loss_adds_up", "wrong_constant", "compare with the score of all tokens; here with that of the layer "
                                              "before, and small "
            "losses add up", _at(_12="k = k[:l] + [high] * (L - l)\nleast = _asked(score, k, like) - tolerance")),
    mistake("strictly_better", "wrong_constant", "an equal score is enough; here it must be larger",
            {"_gsearch: trace.append": "trace.append((l + 1, v, int(_asked(score, trial, like) > least)))"}),
    mistake("no_tolerance", "missing_step", "a loss up to the tolerance is none; here any loss is one",
            _at(_8="least = _asked(score, k, like, finite=True)")),
    mistake("tolerance_added", "wrong_sign", "a loss up to the tolerance is none; here a gain of as much is asked for",
            _at(_8="least = _asked(score, k, like, finite=True) + tolerance")),
    mistake("middle_rounded_up", "wrong_constant", "the middle is rounded down; here up: other numbers are tried",
            _at(_10="v = (low + high + 1) // 2 if high - low > 1 else low")),
    mistake("zero_not_tried", "missing_step", "if 1 is enough 0 is tried; here it is not",
            {"_gsearch: while high > 0": "while high > (0 if not binary else L * N) and enough(l, high - 1):"}),
    mistake("one_layer_alone", "missing_step", "what a layer keeps its successors keep at most; here it alone is set",
            _at(_12="k = k[:l] + [high] + k[l + 1 :]")),
    mistake("all_layers_searched", "missing_step", "the first layers keep all; here the search begins at layer 1",
            {"_gsearch: for l": "for l in range(L):"}),
    mistake("one_full_layer_more", "wrong_constant", "so many layers keep all; here one more",
            {"_gsearch: for l": "for l in range(first + 1, L):"}),
    mistake("last_failure_kept", "wrong_output", "keep the least number that is enough; here one less, the one that "
                                                 "failed",
            _at(_12="k = k[:l] + [max(high - 1, 0)] * (L - l)")),
    mistake("layers_from_zero", "wrong_output", "layers are counted from 1; here from 0",
            {"_gsearch: trace.append": "trace.append((l, v, int(_asked(score, trial, like) >= least)))"}),
    variant("always_one_by_one", "the number of a layer falls one by one to the first loss, which takes nothing for "
                                 "granted",
            "ours: the paper's text was not at hand",
            {"_gsearch: low, high = 0": "binary, low, high = False, 0, k[l]"}),
    # P-Sigmoid
    mistake("midpoint_in_the_middle", "missing_step", "the midpoint is the one that meets the budget; here it is "
                                                      "the middle layer",
            {"_midpoint: return": "return (first + 1 + L) / 2"}),
    mistake("scaled_to_the_budget", "wrong_order", "the midpoint is moved until the mean is right; here it stays in "
                                                   "the middle, and all shares are scaled",
            _at(_14="c = (first + 1 + L) / 2\n"
                    "r = r_min + (1 - r_min) * sigmoid(s * c - s * l)\n"
                    "r = xp.clip(r * (share / xp.mean(r)), max=1.0)")),
    mistake("floor_as_clamp", "wrong_order", "the sigmoid falls to the least share; here what is below it is lifted",
            _at(_14="r = xp.clip(sigmoid(s * c - s * l), min=r_min)")),
    mistake("floor_on_top", "wrong_order", "the least share counts for the budget; here it comes on top of it",
            {"_shares: excess =": "excess = min(share, 1 - 1e-9)"}),
    mistake("floor_added", "wrong_scale", "what is above the least share is 1 - r_min of a sigmoid; here all of it",
            _at(_14="r = r_min + sigmoid(s * c - s * l)")),
    mistake("rising", "wrong_sign", "shares fall with the layer; here they rise",
            _at(_14="r = r_min + (1 - r_min) * sigmoid(s * l - s * c)")),
    mistake("one_layer_late", "wrong_constant", "layers count from 1; here from 0, after the midpoint was found",
            _at(_14="r = r_min + (1 - r_min) * sigmoid(s * c - s * (l - 1))")),
    mistake("rounded_to_nearest", "wrong_order",
            "round down and hand out what is left; here each number is rounded by itself, which may exceed the budget",
            _at(_15="k = [math.floor(x + 0.5) for x in t]")),
    mistake("rounded_up", "wrong_order", "round down and hand out what is left; here all are rounded up",
            _at(_15="k = [math.ceil(x - 1e-9) for x in t]")),
    mistake("rest_not_handed_out", "missing_step", "what rounding down leaves is handed out; here it is lost",
            _at(_17="more = 0")),
    mistake("rest_in_layer_order", "wrong_order", "the largest fraction comes first; here the first layer",
            _at(_16="for l in range(len(t)):")),
    mistake("least_fraction_first", "wrong_sign", "the largest fraction comes first; here the least",
            _at(_16="for l in sorted(range(len(t)), key=lambda l: (t[l] - k[l], l)):")),
    mistake("budget_exceeded", "missing_step", "hand out what is left; here every layer gets one",
            _at(_17="more = int(l >= first and k[l] < N)")),
    mistake("slope_for_steepness", "wrong_sign", "s is minus the slope of the logits; here the slope",
            _at(_19="return slope, l0 - float(xp.mean(y)) / slope if slope else math.nan")),
    mistake("shares_not_logits", "missing_step", "fit a line to the logits of the shares; here to the shares",
            {"fit_sigmoid: y, l =": "y, l = n / N - 0.5, xp.arange(first + 1, L + 1, dtype=xp.float64, "
                                    "device=device(k))"}),
    mistake("layers_from_zero_in_the_fit", "wrong_constant", "layers count from 1; here from 0, and the midpoint is "
                                                             "one less",
            _at(_19="return -slope, l0 - 1 - float(xp.mean(y)) / slope if slope else math.nan")),
    # Other schedules
    mistake("rest_to_the_deepest", "wrong_order", "what remains goes to the shallowest layers; here to the deepest",
            _at(_29="k = [N] * full + [each + (i >= L - full - more) for i in range(L - full)]")),
    mistake("rest_dropped", "missing_step", "what remains is handed out; here it is lost",
            _at(_29="k = [N] * full + [each for i in range(L - full)]")),
    mistake("full_layers_not_paid", "wrong_order", "the full layers count for the budget; here the others have it all",
            {"fastv_schedule: each, more =": "each, more = divmod(min(most, N * (L - full)), max(L - full, 1))"}),
    mistake("factor_one_layer_late", "wrong_constant", "the first layer behind the full ones has q; here it still "
                                                       "has 1",
            _at(_31="return xp.concat([full, xp.exp(math.log(high) * (i - 1))])")),
    mistake("straight_line", "wrong_scale", "the share falls by a factor; here by a difference",
            _at(_31="fall = 1 - (1 - share) * 2 * i / (L - first + 1)\nreturn xp.concat([full, xp.clip(fall, "
                    "min=0.0, max=1.0)])")),
    # Bayesian optimization
    mistake("sign_of_z", "wrong_sign", "z is the mean less the best value; here the best value less the mean",
            {"_acquire: gain =": "turned = 2 * float(xp.max(y)) - mean\n"
                                 "gain = expected_improvement(turned, sd, float(xp.max(y))).value"},
            origin=f"{GITHUB}/MLBazaar/BTB/issues/98"),
    mistake("density_for_probability", "wrong_constant", "sigma goes with the density of the normal law; here with "
                                                         "its probability",
            {"_acquire: gain =": "from refimpl.core.special import ndtr\n"
                                 "z = (mean - float(xp.max(y))) / sd\ngain = (mean - float(xp.max(y))) * ndtr(z) + "
                                 "sd * ndtr(z)"},
            origin=f"{GITHUB}/yanyachen/rBayesianOptimization/issues/10"),
    mistake("clipped_before_z", "wrong_order", "z may be negative; here the improvement is clipped first, and all "
                                               "below the best are "
            "ranked by their deviation",
            {"_acquire: gain =": "best = float(xp.max(y))\n"
                                 "gain = expected_improvement(xp.maximum(mean, best + 0.0 * mean), sd, best).value"},
            origin=f"{GITHUB}/lbl-camera/gpCAM/issues/55"),
    mistake("mean_alone", "missing_step", "the candidate of the largest expected improvement is taken; here that of "
                                          "the largest mean",
            _at(_26="chosen = int(xp.argmax(mean))")),
    mistake("least_improvement", "wrong_sign", "take the largest improvement; here the least",
            _at(_26="chosen = int(xp.argmin(gain))")),
    mistake("best_of_the_start", "missing_step", "the best value so far counts; here the first value",
            {"_acquire: gain =": "gain = expected_improvement(mean, sd, float(y[0])).value"},
            origin=f"{GITHUB}/MachineLearningLifeScience/poli-baselines/pull/12"),
    mistake("least_value_counts", "wrong_sign", "the search is for a maximum; here the improvement is over the "
                                                "least value",
            {"_acquire: gain =": "gain = expected_improvement(mean, sd, float(xp.min(y))).value"}),
    mistake("best_in_other_units", "wrong_scale", "mean, deviation and best value have the same units; here the best "
                                                  "is that of the values, the others are standardised",
            {"_acquire: gain =": "gain = spread * expected_improvement(known.mean, sd / spread, "
                                 "float(unit * xp.max(y))).value"}),
    mistake("best_is_one", "wrong_constant", "the improvement is over the best value so far; here over 1, and a "
                                             "deviation too many is added",
            {"_acquire: gain =": "gain = expected_improvement(mean, sd, 1.0 / float(unit)).value + sd"},
            origin=f"{GITHUB}/zehao-dong/CktGNN/issues/11"),
    mistake("not_standardised", "missing_step", "values are put to mean 0 and deviation 1; here they are taken as "
                                                "they are",
            _at(_20="centre, spread = 0.0 * y[0], 1.0 / unit")),
    mistake("not_centred", "missing_step", "values are less their mean; here they are only scaled",
            _at(_20="centre, spread = (0.0 * y[0], 1.0) if level else (0.0 * y[0], xp.std(y))")),
    mistake("no_noise", "missing_step", "an observation has noise; here it has none",
            _at(_22='factor = cholesky(K, jitter=1e-9, name="the kernel of X")')),
    mistake("noise_as_deviation", "wrong_constant", "the noise is a variance; here it is squared",
            _at(_22='factor = cholesky(K, jitter=noise**2 + 1e-12, name="the kernel of X")')),
    mistake("noise_predicted", "extra_step", "the deviation is that of the function; here that of an observation",
            _at(_24="sd = spread * xp.sqrt(xp.clip(known.covariance, min=0.0) + noise)")),
    mistake("variance_for_deviation", "wrong_scale", "the deviation is the root of the variance; here the variance",
            _at(_24="sd = spread * xp.clip(known.covariance, min=0.0)")),
    mistake("deviation_not_scaled", "wrong_scale", "the deviation comes back to the units of the values; here it "
                                                   "does not",
            _at(_24="sd = xp.sqrt(xp.clip(known.covariance, min=0.0)) / unit")),
    mistake("other_matern", "wrong_constant", "the smoothness is 5/2; here 3/2",
            {"_acquire: cross =": "K = gp.matern(gp.squared_distances(X, X, each), 1.5)\n"
                                  "cross = gp.matern(gp.squared_distances(new, X, each), 1.5)"}),
    mistake("squared_exponential", "wrong_constant", "the covariance is Matern's; here the squared exponential",
            {"_acquire: cross =": "K = gp.squared_exponential(gp.squared_distances(X, X, each))\n"
                                  "cross = gp.squared_exponential(gp.squared_distances(new, X, each))"}),
    mistake("first_candidates_again", "wrong_order", "each step has candidates of its own; here those of the first "
                                                     "serve all",
            {"_bayes_opt: chosen =": "chosen = _acquire(X, from_numpy(y, like=x0), candidates[0, ...], length, "
                                     "noise).chosen"}
            | _at(_27="X = xp.concat([X, candidates[0, chosen, :][None, :]])")),
    mistake("start_alone_counts", "missing_step", "what was seen on the way counts; here the first points alone",
            {"_bayes_opt: chosen =": "n = x0.shape[0]\n"
             "chosen = _acquire(x0, from_numpy(y[:n], like=x0), candidates[t, ...], length, noise).chosen"}),
    mistake("last_point_is_best", "wrong_output", "the best is the point of the largest value; here the last",
            _at(_28="return Visited(X, from_numpy(y, like=x0), len(y) - 1)")),
    variant("sample_deviation", "values are divided by the deviation with n - 1, as BoTorch does",
            "https://pytorch.org/botorch/api/_modules/botorch/models/transforms/outcome.html (Standardize)",
            _at(_20="several = y.shape[0] > 1 and not level\n"
                    "centre, spread = (xp.mean(y), xp.std(y, correction=1)) if several else (y[0], 1.0)")),
    variant("best_mean", "the improvement is over the best mean of a point that was seen, which noise does not lift",
            "https://search.r-project.org/CRAN/refmans/hetGP/html/crit_EI.html (in the noisy case)",
            {"_acquire: gain =": "at = gp.posterior(factor, (y - centre) / spread, K, xp.ones_like(y))\n"
                                 "gain = expected_improvement(mean, sd, float(xp.max(centre + spread * "
                                 "at.mean))).value"}, unseen={"bayes_opt": "it goes to the same points"}),
    # Cost
    mistake("gate_forgotten", "wrong_constant", "a gated feed-forward part has three matrices; here two are counted",
            {"flops: n, matrices =": "n, matrices = [tokens + M for tokens in to_numpy(k).tolist()], 2"},
            origin=f"{GITHUB}/bigscience-workshop/Megatron-DeepSpeed/pull/283"),
    mistake("text_forgotten", "missing_step", "text tokens cost too; here vision tokens alone are counted",
            {"flops: n, matrices =": "n, matrices = to_numpy(k).tolist(), 3 if check.flag(gated=gated) else 2"}),
    mistake("attention_once", "wrong_constant", "attention multiplies n by n twice, for scores and mixtures; here once",
            _at(_32="return sum(4 * a * d**2 + a**2 * d + matrices * a * d * m for a in n)")),
    mistake("three_projections", "missing_step", "queries, keys, values and outputs are four products; here three",
            _at(_32="return sum(3 * a * d**2 + 2 * a**2 * d + matrices * a * d * m for a in n)")),
    mistake("mean_number", "wrong_order", "the cost is a sum over the layers; here that of the mean number of "
                                          "tokens, times the layers",
            _at(_32="a = sum(n) // len(n)\nreturn len(n) * (4 * a * d**2 + 2 * a**2 * d + matrices * a * d * m)")),
    variant("two_for_each", "a multiplication with its addition counts as two operations",
            f"{GITHUB}/Osilly/dynamic_llava/issues/4",
            _at(_32="return 2 * sum(4 * a * d**2 + 2 * a**2 * d + matrices * a * d * m for a in n)")),
)  # fmt: skip
