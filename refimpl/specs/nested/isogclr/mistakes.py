"""What goes wrong in code for iSogCLR and its rivals, as lines of the source that read otherwise."""

from refimpl.specs.base import mistake, variant

_LIBAUC = "https://github.com/Optimization-AI/LibAUC"
_AUTHORS = "https://github.com/zhqiu/contrastive-learning-iSogCLR"
_OFF = "\nC = {} * C"


def _weights(then):
    """Where weights and derivative in tau come from, in both forms and the full objective, with more after it."""
    call = "{}, {} = _weigh(x, {}, {}, {}, rho)\n"
    return {
        "update: w, q = ": call.format("w", "q", "negative", "count", "log_s") + then.format("w", "q", "twice(tau)"),
        "_side: w, q = ": call.format("w", "q", "~positive", "B - 1", "log_s") + then.format("w", "q", "tau"),
        "rgcl: p, slope = ": call.format("p", "slope", "negative", "count", "log_g")
        + then.format("p", "slope", "both"),
    }


_C = "C = ({} - xp.where(positive, {}, 0.0)) / B"
_TOTAL = "xp.sum(w, axis=-1, keepdims=True)"
_THROUGH = (
    "share = xp.where({}, gamma * xp.ones_like(w[..., 0]), 1.0)[..., None]\n"
    "v = w * (1 + x - share * xp.sum(w * x, axis=-1, keepdims=True))\n"
)
_STALE = "old = {}\nlog_s = _remember(old, _log_mean(x, {}, {}), {}, gamma)\nstale = xp.where({}, old, log_s)"

ALTERNATIVES = (
    # The running normaliser
    mistake(
        "exchanged_gamma",
        "wrong_constant",
        "gamma is the weight of the new batch in s, 1 - gamma that of the old s; here they are exchanged",
        {"isogclr-5": "blend = xp.logaddexp(math.log(gamma) + log_s, math.log1p(-gamma) + log_g)"},
    ),
    mistake(
        "no_running_average",
        "missing_step",
        "average s over the visits of a sample; here the batch alone serves (gamma = 1)",
        {"_remember: if gamma == 1": "if True:"},
    ),
    mistake(
        "averaged_logarithms",
        "wrong_order",
        "average s over the visits, not log s, which comes out too small",
        {"isogclr-5": "blend = (1 - gamma) * log_s + gamma * log_g"},
    ),
    mistake(
        "first_visit_of_the_batch",
        "wrong_order",
        "ask of each sample whether it is new; here once of the whole batch, and a new sample among known ones starts "
        "with gamma times its batch",
        {
            "_remember: return xp.where(": "first = xp.where(seen, blend, math.log(gamma) + log_g)\n"
            "return first if bool(xp.any(seen)) else log_g"
        },
        origin=_LIBAUC,
    ),
    mistake(
        "stored_sum",
        "wrong_scale",
        "store the mean of the two views' normalisers; here their sum is stored, twice as much",
        {"isogclr-9": "log_s = xp.logaddexp(log_s[..., :B], log_s[..., B:])"},
        origin=_AUTHORS,
    ),
    mistake(
        "stored_first_view",
        "missing_step",
        "store the mean of the two views' normalisers; here that of the first view is stored",
        {"isogclr-9": "log_s = log_s[..., :B]"},
    ),
    mistake(
        "sum_for_mean",
        "wrong_scale",
        "g is a mean over the negatives; here the exponentials are summed",
        {"isogclr-4": "return top[..., 0] + xp.log(xp.sum(powers, axis=-1))"},
    ),
    variant(
        "no_first_visit",
        "s starts at 0 and a new sample is averaged as all others: gamma times its batch",
        "the authors' SogCLR_Loss (unimodal) and their bimodal code",
        {"_remember: return xp.where(": "return xp.where(seen, blend, math.log(gamma) + log_g)"},
    ),
    variant(
        "stale_normaliser",
        "the weights and the derivative in tau are divided by s of the last visit, before the batch is averaged in",
        "the superscripts of the algorithm as printed; all known code takes the fresh one",
        {
            "update: log_s = _remember(": _STALE.format(
                "twice(log_s)", "negative", "count", "twice(seen)", "twice(seen)"
            ),
            "update: w, q = ": "w, q = _weigh(x, negative, count, stale, rho)",
            "_side: log_s = _remember(": _STALE.format("log_s", "~positive", "B - 1", "seen", "seen"),
            "_side: w, q = ": "w, q = _weigh(x, ~positive, B - 1, stale, rho)",
        },
    ),
    # Negatives
    mistake(
        "positive_among_negatives",
        "wrong_axis",
        "leave out both views of the own sample; here the positive is counted as a negative",
        {"_views: return": "return Z @ xp.matrix_transpose(Z), ~itself, 2 * B - 1, own & ~itself"},
        origin=_AUTHORS,
    ),
    mistake(
        "positive_among_negatives_uncounted",
        "wrong_axis",
        "leave out both views of the own sample; here the positive is summed among the negatives, and their number is "
        "that without it",
        {"_views: return": "return Z @ xp.matrix_transpose(Z), ~itself, 2 * B - 2, own & ~itself"},
    ),
    mistake(
        "divided_by_all",
        "wrong_constant",
        "divide by the number of negatives, 2B - 2; here by that of all views, 2B",
        {"_views: return": "return Z @ xp.matrix_transpose(Z), ~own, 2 * B, own & ~itself"},
    ),
    mistake(
        "other_views_alone",
        "missing_step",
        "both views of the other samples are negatives; here those of the other view alone",
        {
            "_views: return": "other = (row[:, None] < B) != (row[None, :] < B)\n"
            "return Z @ xp.matrix_transpose(Z), ~own & other, B - 1, own & ~itself"
        },
    ),
    # Weights and gradient
    mistake(
        "weights_sum_to_one",
        "extra_step",
        "leave the weights as they are: they add up to g / s; here they are normalized to add up to 1",
        {
            "isogclr-6": "w = xp.where(negative, xp.exp(x - log_s[..., None]), 0.0)\n"
            "w = w / xp.sum(w, axis=-1, keepdims=True)"
        },
        unseen={"rgcl": "all the data are the batch: they add up to 1"},
    ),
    mistake(
        "weights_differentiated",
        "extra_step",
        "the weights are constants (stop their gradient); here the gradient goes through them too",
        {
            "isogclr-7": _THROUGH.format("twice(seen)")
            + _C.format("v", 'xp.ones_like(S) if exponent == "S" else xp.sum(v, axis=-1, keepdims=True)'),
            "isogclr-17": _THROUGH.format("seen") + _C.format("v", "xp.sum(v, axis=1)[:, None]"),
        },
    ),
    mistake(
        "times_tau",
        "extra_step",
        "no factor tau: it cancels with the 1 / tau of the exponent; here it is left in",
        {
            "isogclr-7": _C.format("w", "total") + _OFF.format("twice(tau)[..., None]"),
            "isogclr-17": _C.format("w", _TOTAL) + _OFF.format("tau[:, None]"),
        },
    ),
    mistake(
        "divided_by_tau",
        "missing_step",
        "the 1 / tau of the exponent cancels with the factor tau; here it is left on the negatives",
        {
            "isogclr-7": _C.format("w / twice(tau)[..., None]", "total"),
            "isogclr-17": _C.format("w / tau[:, None]", _TOTAL),
        },
    ),
    mistake(
        "mean_over_views",
        "wrong_scale",
        "sum the two views (or sides), divide by B; here by 2B",
        {
            "isogclr-7": _C.format("w", "total") + _OFF.format("0.5"),
            "isogclr-17": _C.format("w", _TOTAL) + _OFF.format("0.5"),
        },
    ),
    mistake(
        "positive_not_pulled",
        "missing_step",
        "pull the positive closer: subtract its similarity; here the loss only pushes the negatives away",
        {"isogclr-7": "C = w / B", "isogclr-17": "C = w / B"},
    ),
    mistake(
        "positive_pushed",
        "wrong_sign",
        "the positive is pulled, the negatives are pushed; here both are pushed",
        {
            "isogclr-7": "C = (w + xp.where(positive, total, 0.0)) / B",
            "isogclr-17": f"C = (w + xp.where(positive, {_TOTAL}, 0.0)) / B",
        },
    ),
    mistake(
        "pair_loss_not_averaged",
        "wrong_scale",
        "weigh the negatives with their mean, 1 / (B - 1), and add both sides; here they are summed and the sides are "
        "halved, so that the gradient grows with the batch",
        {"isogclr-17": _C.format("w", _TOTAL) + _OFF.format("((B - 1) / 2)")},
        origin=_LIBAUC,
    ),
    mistake(
        "gap_for_similarity",
        "wrong_order",
        "exponent S: the similarities alone; here the positive is subtracted there too",
        {"update: E = ": "E = _gap(S, positive)", "update: total = ": f"total = {_TOTAL}"},
    ),
    mistake(
        "similarity_for_gap",
        "missing_step",
        "exponent h: subtract the similarity of the positive; here it is left out",
        {"update: E = ": "E = S", "update: total = ": "total = xp.ones_like(S)"},
    ),
    mistake(
        "positive_pulled_in_full",
        "wrong_scale",
        "exponent h: the positive is pulled by the sum of the weights; here always by 1",
        {"update: total = ": "total = xp.ones_like(S)"},
    ),
    mistake(
        "one_way",
        "missing_step",
        "a view is pushed as an anchor and as a negative of others; here the gradient reaches the anchors alone",
        {"isogclr-8": "return C @ Z", "pull: return C @ Z2": "return C @ Z2, 0.0 * Z2"},
    ),
    mistake(
        "not_tangent",
        "missing_step",
        "the rows are made of length 1: project the gradient; here its part along the row is left in",
        {"isogclr-14": "return dZ / length"},
    ),
    mistake(
        "length_forgotten",
        "missing_step",
        "divide the gradient by the length that the row had; here it is left out",
        {"isogclr-14": "return dZ - Z * xp.sum(Z * dZ, axis=-1, keepdims=True) + 0.0 * length"},
    ),
    # Temperatures
    mistake(
        "rho_subtracted",
        "wrong_sign",
        "rho is added in the derivative in tau: a wide ball asks for low temperatures; here it is subtracted",
        {"isogclr-10": "q = log_s - rho - xp.sum(w * x, axis=-1)"},
    ),
    mistake(
        "no_log_s",
        "missing_step",
        "the derivative in tau has three terms; here log s is missing",
        {"isogclr-10": "q = rho - xp.sum(w * x, axis=-1)"},
    ),
    mistake(
        "no_rho",
        "missing_step",
        "the derivative in tau has three terms; here rho is missing",
        {"isogclr-10": "q = log_s - xp.sum(w * x, axis=-1) + 0.0 * rho"},
    ),
    mistake(
        "similarities_undivided",
        "missing_step",
        "the last term of the derivative in tau is divided by tau; here it is not",
        _weights("{1} = {1} + xp.sum({0} * x * (1 - {2}[..., None]), axis=-1)"),
    ),
    mistake(
        "derivative_times_tau",
        "extra_step",
        "the derivative in tau as it is; here it is multiplied with tau, as for the logarithm of tau",
        _weights("{1} = {1} * {2}"),
    ),
    mistake(
        "exchanged_beta",
        "wrong_constant",
        "beta is the weight of what is new in u, 1 - beta that of the old u; here they are exchanged",
        {"isogclr-12": "u = beta * u + (1 - beta) * q"},
    ),
    mistake(
        "no_average_of_the_derivative",
        "missing_step",
        "average the derivative in tau over the visits; here the newest one is used alone (beta = 1)",
        {"isogclr-12": "u = q"},
    ),
    mistake(
        "old_u",
        "wrong_order",
        "update u before tau uses it; here tau moves along the old u",
        {
            "isogclr-12": "old, u = u, (1 - beta) * u + beta * q",
            "isogclr-13": "return xp.clip(tau - eta * old, tau_min, tau_max), u",
        },
    ),
    mistake(
        "ascent",
        "wrong_sign",
        "the objective is minimized over tau: subtract eta u; here it is added",
        {"isogclr-13": "return xp.clip(tau + eta * u, tau_min, tau_max), u"},
    ),
    mistake(
        "unbounded",
        "missing_step",
        "keep tau between its bounds; here it goes where it likes",
        {"isogclr-13": "return tau - eta * u, u"},
    ),
    mistake(
        "upper_bound_alone",
        "missing_step",
        "keep tau between its bounds; here the lower one is missing",
        {"isogclr-13": "return xp.clip(tau - eta * u, max=tau_max), u"},
    ),
    mistake(
        "all_temperatures_move",
        "wrong_axis",
        "move the temperatures of the batch; here those of all samples move along their stale u",
        {
            "update: tau, u = ": "tau, u = _temper(tau, u, q, beta, eta, tau_min, tau_max)\n"
            "state = state._replace(tau=xp.clip(state.tau - eta * state.u, tau_min, tau_max))",
            "_side: tau, u = ": "tau, u = _temper(tau, u, xp.clip(q, -clip, clip), beta, eta, tau_min, tau_max)\n"
            "state = state._replace(tau=xp.clip(state.tau - eta * state.u, tau_min, tau_max))",
        },
    ),
    mistake(
        "each_view_clipped",
        "wrong_order",
        "take the mean over the views, then clip; here each view is clipped",
        {"isogclr-11": "q = xp.clip(q, -clip, clip)\nq = (q[..., :B] + q[..., B:]) / 2"},
    ),
    mistake(
        "derivatives_summed",
        "wrong_scale",
        "take the mean of the two views' derivatives; here their sum",
        {"isogclr-11": "q = xp.clip(q[..., :B] + q[..., B:], -clip, clip)"},
    ),
    variant(
        "unclipped",
        "the derivative in tau is not clipped",
        "LibAUC 2.0, GCLoss_v1 and GCLoss_v2",
        {
            "isogclr-11": "q = (q[..., :B] + q[..., B:]) / 2",
            "_side: tau, u = ": "tau, u = _temper(tau, u, q, beta, eta, tau_min, tau_max)",
        },
    ),
    variant(
        "diagonal_among_negatives",
        "an anchor's partner, with gap 0, is summed among its negatives but not counted; s starts at 0",
        "the authors' bimodal code",
        {
            "_side: x = ": "x = h / tau[:, None]",
            "_side: log_s = _remember(": "log_g = _log_mean(x, positive | ~positive, B - 1)\n"
            "log_s = _remember(log_s, log_g, seen, gamma) + xp.where(seen, 0.0 * log_g, math.log(gamma))",
            "_side: w, q = ": "w, q = _weigh(x, positive | ~positive, B - 1, log_s, rho)",
        },
    ),
    # The best temperature
    mistake(
        "other_divergence",
        "wrong_order",
        "the divergence of the weights from the uniform distribution; here that of the uniform one from the weights",
        {"isogclr-2": "return log_mean[..., 0] - xp.mean(x, axis=-1)"},
    ),
    mistake(
        "entropy",
        "wrong_constant",
        "the divergence, log m less the entropy; here the entropy itself is compared with rho",
        {"isogclr-2": "return math.log(h.shape[-1]) - xp.sum(p * (x - log_mean), axis=-1)"},
    ),
    mistake(
        "bits",
        "wrong_scale",
        "rho is in nats; here the divergence is in bits",
        {"isogclr-2": "return xp.sum(p * (x - log_mean), axis=-1) / math.log(2)"},
    ),
    mistake(
        "inverse_temperature",
        "wrong_output",
        "return tau; here 1 / tau comes back",
        {"tau_star: return (": "return 2 / (low + high)"},
    ),
    # The full objective
    mistake(
        "objective_without_tau",
        "missing_step",
        "each logarithm is multiplied with its tau; here it is not",
        {"isogclr-1": "loss = xp.sum(log_g + both * rho) / n"},
    ),
    mistake(
        "objective_without_rho",
        "missing_step",
        "add tau rho, the price of a high temperature; here it is missing",
        {"isogclr-1": "loss = xp.sum(both * log_g) / n"},
    ),
    mistake(
        "objective_on_similarities",
        "missing_step",
        "the exponent is the gap to the positive; here it is the similarity alone",
        {"rgcl: x = ": "x = _leaning(S, both, negative)"},
    ),
    mistake(
        "objective_mean_over_views",
        "wrong_scale",
        "sum the two views, divide by n; here by 2n",
        {
            "isogclr-1": "loss = xp.sum(both * (log_g + rho)) / (2 * n)",
            "isogclr-3": "C = (p - xp.where(positive, 1.0, 0.0 * p)) / (2 * n)",
            "rgcl: return Robust(": "return Robust(loss, C, (slope[:n] + slope[n:]) / (2 * n))",
        },
    ),
    mistake(
        "objective_gradient_without_positive",
        "missing_step",
        "each anchor is pulled to its positive; here that part of the gradient is missing",
        {"isogclr-3": "C = p / n"},
    ),
    # The rivals
    mistake(
        "positive_not_in_denominator",
        "missing_step",
        "the positive is one of the views that it is told from; here it is missing in the denominator",
        {"nt_xent: itself, positive = ": "itself, positive = _eye(2 * B, Z) + _eye(2 * B, Z, B), _eye(2 * B, Z, B)"},
    ),
    mistake(
        "itself_in_denominator",
        "extra_step",
        "leave the anchor itself out of the denominator; here it is in",
        {"nt_xent: x = ": "x = S / tau", "nt_xent: powers = ": "powers = xp.exp(x - top)"},
    ),
    mistake(
        "gradient_without_tau",
        "missing_step",
        "the exponent is S / tau: its derivative is divided by tau; here it is not",
        {
            "isogclr-19": "C = (powers / total - positive) / (2 * B)",
            "isogclr-21": "C = ((xp.exp(x - rows) + xp.exp(x - columns)) / 2 - positive) / B",
        },
    ),
    mistake(
        "times_tau_in_exponent",
        "wrong_scale",
        "divide the similarities by the temperature; here they are multiplied with it",
        {
            "nt_xent: x = ": "x = xp.where(itself == 1, -2.0, S) * tau",
            "isogclr-18": "loss = xp.mean(log_total - xp.sum(positive * S, axis=-1) * tau, axis=-1)",
            "isogclr-19": "C = (powers / total - positive) / (2 * B) * tau",
            "clip: x, positive = ": "x, positive = S * tau, _eye(B, S)",
            "isogclr-21": "C = ((xp.exp(x - rows) + xp.exp(x - columns)) / 2 - positive) / B * tau",
            "isogclr-22": "return CLIP(loss, C, xp.sum(C * S) / tau)",
        },
    ),
    mistake(
        "anchors_of_one_view",
        "missing_step",
        "the loss is a mean over the anchors of both views; here over those of the first",
        {
            "isogclr-18": "loss = xp.mean((log_total - xp.sum(positive * S, axis=-1) / tau)[..., :B], axis=-1)",
            "isogclr-19": "C = (powers / total - positive) / (B * tau)\n"
            "C = C * xp.astype(xp.arange(2 * B, device=device(Z)) < B, Z.dtype)[:, None]",
        },
    ),
    mistake(
        "one_side",
        "missing_step",
        "both sides are told among the others; here the rows alone",
        {
            "isogclr-20": "loss = (xp.sum(rows) - agree) / B",
            "isogclr-21": "C = (xp.exp(x - rows) - positive) / (B * tau)",
        },
    ),
    mistake(
        "sides_summed",
        "wrong_scale",
        "take the mean of the two sides; here their sum",
        {
            "isogclr-20": "loss = (xp.sum(rows) + xp.sum(columns) - 2 * agree) / B",
            "isogclr-21": "C = (xp.exp(x - rows) + xp.exp(x - columns) - 2 * positive) / (B * tau)",
        },
    ),
    variant(
        "slope_of_the_logit_scale",
        "the derivative is that in log(1 / tau), the parameter that CLIP learns",
        "Radford et al. (2021), logit_scale of their code",
        {"isogclr-22": "return CLIP(loss, C, xp.sum(C * S))"},
    ),
)
