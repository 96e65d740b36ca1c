"""What goes wrong in dynamic gradient alignment: lines of the source that read otherwise."""

from refimpl.specs.base import mistake, variant

DATAFLEX = "https://github.com/OpenDCAI/DataFlex"
TRAINER = "https://github.com/Olivia-fsm/DoGE/blob/1fb7f7bb60dd4f7044c5c11e1ec788284eacf87c/src/trainer.py"
_TILTED = "_tilted: gaps ="
_SCORES = "gaps = check.reached('eta and scores', 'products', eta * ({a} - xp.max({a})))"
_IN_EXPONENT = {"dga-4": "powers = log_alpha + eta * a", _TILTED: "pass"}
_UNCHECKED = {  # code without checks goes on
    "_checked: state = check.fields": "pass",
    "_checked: if not is_floating": "if False:",
    "_checked: _simplex": "pass",
}
_NO_FLOOR = dict.fromkeys(("dga_steps", "weights_run"), "it has no floor")
_SMALL = {"dga_steps": "gradients of mean log-losses of a bigram model are at most sqrt(2) long, scores at most 2"}
_GIVEN = dict.fromkeys(("mirror_step", "doge"), "each step starts from weights, not from logarithms")


def _scores(a, **names):
    """Other scores in every step of the weights."""
    lines = [f"{name} = {value}" for name, value in names.items()]
    return {_TILTED: "\n".join([*lines, f"a = {a}", _SCORES.format(a="a")])}


ALTERNATIVES = (
    # The mirror step
    mistake(
        "minimized",
        "wrong_sign",
        "multiply by exp(+eta a); here exp(-eta a) raises the domains that hurt the task",
        _scores("-a"),
    ),
    mistake(
        "additive",
        "wrong_order",
        "multiply the weights by exponentials; here eta a is added to them, what is negative is cut off, and the rest "
        "is normalised",
        {
            _TILTED: "added = xp.exp(log_alpha) + eta * a",
            "dga-4": "powers = _log(xp.clip(added, 1e-30, None))",
        },
    ),
    mistake(
        "forgets_weights",
        "missing_step",
        "start from the weights of the last step; here the new ones are the softmax of eta a alone, which is the same "
        "in the first step from uniform weights",
        {"dga-4": "powers = gaps"},
    ),
    mistake(
        "not_normalized",
        "missing_step",
        "divide by the sum; here the weights are left as the exponentials make them",
        {_TILTED: "gaps = eta * a", "dga-5": "return powers", **_UNCHECKED},
    ),
    mistake(
        "no_maximum",
        "numerics",
        "subtract the largest exponent before taking exponentials; here exp overflows, or all are 0, and 0 / 0",
        {**_IN_EXPONENT, "dga-5": "raw = xp.exp(powers)\nreturn xp.log(raw / xp.sum(raw))", **_UNCHECKED},
        origin=f"{DATAFLEX}/pull/37",
    ),
    mistake(
        "minimum_subtracted",
        "numerics",
        "subtract the largest score where the factor is positive; here the smallest is subtracted, and exp overflows",
        {
            _TILTED: "gaps = eta * (a - xp.min(a))",
            "dga-5": "raw = xp.exp(powers)\nreturn xp.log(raw / xp.sum(raw))",
            **_UNCHECKED,
        },
        origin="https://github.com/VowpalWabbit/vowpal_wabbit/pull/2088",
    ),
    mistake(
        "weights_kept",
        "numerics",
        "keep logarithms of the weights; here the weights are kept, and one that has become 0 never comes back",
        {"dga-4": "powers = _log(xp.exp(log_alpha)) + gaps"},
        unseen=_GIVEN,
    ),
    mistake(
        "zero_is_absent",
        "missing_step",
        "all domains have scores; here those of score 0 are taken for absent and keep 0, while the others are centred",
        _scores(
            "xp.where(here, a - xp.sum(a) / xp.clip(xp.sum(xp.astype(here, a.dtype)), 1.0, None), 0.0 * a)",
            here="a != 0",
        ),
        origin=f"{DATAFLEX}/blob/main/src/dataflex/train/mixer/doremi_mixer.py",
    ),
    mistake(
        "clipped_at_five",
        "extra_step",
        "use the scores as they are; here they are centred and clipped to [-5, 5] before they are multiplied by eta",
        _scores("xp.clip(a - xp.mean(a), -5.0, 5.0)"),
        origin=f"{DATAFLEX}/pull/37",
        unseen=_SMALL,
    ),
    mistake(
        "clipped_at_zero",
        "extra_step",
        "a domain that hurts the task loses weight; here negative scores are set to 0",
        _scores("xp.clip(a, 0.0, None)"),
        origin=TRAINER,
    ),
    mistake(
        "eta_ignored",
        "wrong_constant",
        "multiply the scores by eta; here it is 1",
        {_TILTED: "gaps = a - xp.max(a)"},
    ),
    mistake(
        "floor_clips",
        "wrong_order",
        "mix with the uniform weights, so that the sum stays 1; here weights below the floor are raised to it",
        {"dga-6": "alpha = xp.clip(xp.exp(log_alpha), floor, None)"},
        unseen=_NO_FLOOR,
    ),
    mistake(
        "floor_shared",
        "wrong_scale",
        "each domain has at least the floor; here it is the share of the uniform mixture, and each has floor / k",
        {"dga-6": "alpha = (1 - floor) * xp.exp(log_alpha) + floor / k"},
        unseen=_NO_FLOOR,
    ),
    # The scores
    mistake(
        "cosine",
        "extra_step",
        "take inner products; here gradients are divided by their lengths, and a domain that is learnt by heart keeps "
        "its score",
        {
            "dga-3": "xp = array_namespace(G, g)\n"
            "lengths = xp.sqrt(xp.sum(G * G, axis=1)) * xp.sqrt(xp.sum(g * g))\n"
            "a = (G @ g) / xp.where(lengths > 0, lengths, xp.ones_like(lengths))"
        },
    ),
    mistake(
        "mean_product",
        "wrong_scale",
        "add the products of the coordinates up; here their mean is taken",
        {"dga-3": "a = G @ g / g.shape[0]"},
    ),
    mistake(
        "old_parameters",
        "wrong_order",
        "take the scores at the parameters after the training step; here they are those before it",
        {
            "step: G = ": "G = array_namespace(theta).stack([_flat(asked(run.theta, x)) for x in domains])",
            "step: a = alignments": "a = alignments(G, _flat(asked(run.theta, special)))",
        },
    ),
    mistake(
        "training_batch",
        "wrong_output",
        "compare with the gradient on the specialised examples; here it is that on the training batch",
        {"step: a = alignments": "a = alignments(G, _flat(asked(theta, batch)))"},
    ),
    mistake(
        "one_batch",
        "wrong_order",
        "draw the batch of the task apart from those of the domains; here the specialised examples are among each "
        "domain's, and add the square of their own gradient to its score",
        {"step: G = ": "G = array_namespace(theta).stack([_flat(asked(theta, x + special)) for x in domains])"},
    ),
    # When, and the average
    mistake(
        "every_step",
        "extra_step",
        "update the weights in every T_r-th step; here they are updated in every one",
        {"dga-2": "return True"},
    ),
    mistake(
        "late_start",
        "wrong_order",
        "the first update is in step 0; here it is T_r - 1 steps later",
        {"dga-2": "return (t + 1) % period == 0"},
    ),
    mistake(
        "average_as_iterate",
        "wrong_order",
        "go on from the weights themselves; here the next mirror step starts from their average",
        {
            "dga-7": "average = (1 - beta) * average + beta * xp.exp(log_alpha)\nlog_alpha = _log(average)",
        },
    ),
    mistake(
        "average_backwards",
        "wrong_constant",
        "beta is the weight of what is new; here it is that of what is old",
        {"dga-7": "average = beta * average + (1 - beta) * xp.exp(log_alpha)"},
        origin="https://github.com/marin-community/levanter/pull/883",
    ),
    mistake(
        "average_of_unnormalized",
        "wrong_order",
        "normalise the weights before they enter the average; here the average leaves the simplex",
        {"dga-7": "average = (1 - beta) * average + beta * xp.exp(state.log_alpha + eta * a)", **_UNCHECKED},
    ),
    mistake(
        "average_moves_on",
        "extra_step",
        "between updates the average stays; here it moves in every step",
        {
            "update: return DGAState(": "still = (1 - beta) * average + beta * xp.exp(log_alpha)\n"
            "return DGAState(log_alpha, average if _due(state.steps, period) else still, state.steps + 1)"
        },
    ),
    mistake(
        "rate_overwritten",
        "wrong_constant",
        "beta stays; here a rate that depends on the count of updates overwrites it, and the next one starts there",
        {
            "dga-7": "for t in range(state.steps // period + 1):\n    beta = 1 - min(beta, (1 + t) / (10 + t))\n"
            "average = (1 - beta) * average + beta * xp.exp(log_alpha)"
        },
        origin="https://github.com/huggingface/diffusers/issues/1864",
    ),
    mistake(
        "old_weights_averaged",
        "wrong_order",
        "the average takes in the new weights; here it takes in those before the mirror step",
        {"dga-7": "average = (1 - beta) * average + beta * xp.exp(state.log_alpha)"},
    ),
    # Mixtures
    mistake(
        "best_basis",
        "wrong_output",
        "mix all bases by their weights; here the one of largest weight is taken alone",
        {"dga-8": "return P[int(array_namespace(w).argmax(w)), :]"},
    ),
    mistake(
        "columns_normalized",
        "extra_step",
        "rows of P add up to 1; here its columns are normalised before they are mixed",
        {
            "dga-8": "xp = array_namespace(P)\nsums = xp.sum(P, axis=0)\n"
            "mixed = w @ (P / xp.where(sums > 0, sums, xp.ones_like(sums)))\nreturn mixed / xp.sum(mixed)"
        },
    ),
    mistake(
        "wrong_way_round",
        "wrong_axis",
        "the weights multiply the rows of P; here its columns, which fits where there are as many bases as domains",
        {"dga-8": "return P @ w"},
    ),
    mistake(
        "share_of_domains",
        "wrong_constant",
        "divide by the number of examples; here by that of domains",
        {"dga-9": "return xp.sum(hits, axis=0) / k"},
    ),
    mistake(
        "counted_once",
        "wrong_output",
        "count every example; here every domain that has one counts the same",
        {"dga-9": "seen = xp.astype(xp.any(hits > 0, axis=0), like.dtype)\nreturn seen / xp.sum(seen)"},
    ),
    mistake(
        "left_edge",
        "wrong_constant",
        "a draw that equals a sum of weights belongs to the next domain; here to the last one, which may have weight 0",
        {"dga-10": 'return xp.astype(xp.searchsorted(sums, u * sums[-1], side="left"), xp.int64)'},
    ),
    mistake(
        "largest_first",
        "wrong_order",
        "add the weights up in the order of the domains; here the largest comes first, and its place is returned",
        {
            "dga-10": "sums = xp.cumulative_sum(xp.flip(xp.sort(alpha)))\n"
            'return xp.astype(xp.searchsorted(sums, u * sums[-1], side="right"), xp.int64)'
        },
    ),
    # DoGE
    mistake(
        "mu_multiplied",
        "wrong_scale",
        "divide the learning rate by mu; here it is multiplied by it",
        {"dga-11": "rate = lr * mu"},
    ),
    mistake(
        "old_weights_mixed",
        "wrong_order",
        "mix the gradients with the new weights; here with the old ones",
        {"dga-12": "old, alpha = alpha, (1 - eps) * tilted + eps / alpha.shape[0]", "dga-13": "return alpha, old @ G"},
    ),
    mistake(
        "smoothing_not_shared",
        "wrong_scale",
        "add eps / k to each weight; here each gets eps",
        {"dga-12": "alpha = (1 - eps) * tilted + eps"},
    ),
    mistake(
        "last_weights",
        "wrong_output",
        "return the average of the weights over the run; here the last ones are returned",
        {"dga-14": 'average = run.history["alpha"][-1]'},
    ),
    mistake(
        "start_averaged",
        "wrong_output",
        "average the weights after each step; here those of the start are among them",
        {"dga-14": 'average = xp.mean(xp.stack(run.history["alpha"]), axis=0)'},
    ),
    # The bigram model
    mistake(
        "sum_of_losses",
        "wrong_scale",
        "the loss is a mean over the transitions; here it is their sum",
        {"dga-15": "return expected - counts"},
    ),
    mistake(
        "rows_by_themselves",
        "wrong_axis",
        "divide by the number of all transitions; here each row is divided by its own",
        {
            "dga-15": "rows = array_namespace(theta).sum(counts, axis=-1, keepdims=True)\n"
            "return (expected - counts) / array_namespace(theta).where(rows > 0, rows, 1.0 + 0.0 * rows)"
        },
    ),
    mistake(
        "tokens_exchanged",
        "wrong_axis",
        "the row is the last token, the column the next one; here the counts are transposed",
        {
            "gradient: counts, total": "turned = array_namespace(counts).matrix_transpose(counts)\n"
            "counts, total = _checked(theta, turned)"
        },
    ),
    # What other sources do on purpose
    variant(
        "smoothed",
        "weights are mixed with uniform ones in every step, by a share of 0.001",
        "DoReMi (Xie et al., 2023, arXiv:2305.10429), Algorithm 1; reweight_eps of dataflex",
        {
            "_floored: xp, k, floor": "xp, k = array_namespace(log_alpha), log_alpha.shape[0]\n"
            "floor = max(check.nonnegative(floor=floor), 1e-3 / k)",
        },
    ),
    variant(
        "doge_trainer",
        "scores are divided by the mean length of the domains' gradients and clipped to [0, 5]",
        f"{TRAINER} (train_step, defaults dw_min = 0, dw_max = 5)",
        {
            "doge_step: tilted": "xp = array_namespace(G, g)\n"
            "a = alignments(G, g) / (xp.mean(xp.sqrt(xp.sum(G * G, axis=1))) + 1e-6)\n"
            "tilted = xp.exp(_tilted(_log(alpha), xp.clip(a, 0.0, 5.0), check.number(mu=rate)))"
        },
    ),
)
