"""What goes wrong in blockwise bilevel methods: lines of the source that read otherwise."""

from refimpl.specs.base import mistake, variant

CODE = "https://github.com/quanqihu/BSVRB_ICML2023/blob/main/Hyperparameter_Optimization/HO/main.py"
SHIFT = "https://github.com/quanqihu/BSVRB_ICML2023/blob/main/Hyperparameter_Optimization/HO_with_distribution_shift/main_BSVRB.py"
_S = "s = _put(places, {}, track(state.s, grad_g(now), {}))"
_H = "H = _put(places, state.now.H, {})"
_W = "w, w_before = _solve({}, grad_f(now)), _solve({}, grad_f({}))"
_V = "w, w_before = {}, {}"
_V_PLACE = "_followed: w, w_before ="
_U = "u = _put(places, {}, track(state.u, rest(now), {}))"
_UP = "upward = lambda at, w: {}"
_OTHER_REST = (
    "problem.hvp_yy_g(blocks, batch_f, before.x, before.y, before.v) "
    "- problem.grad_y_f(blocks, batch_g, before.x, before.y)"
)
_LAST_VISIT = """\
there = xp.broadcast_to(state.before.x, (state.s.shape[0], state.z.shape[0]))
here = xp.broadcast_to(now.x, (blocks.shape[0], state.z.shape[0]))
pairs = zip(state.before[1:], state.now[1:])
rows = (n if n is None else _put(places, o, xp.take(n, blocks, axis=0)) for o, n in pairs)
return BSVRBState(Point(x, y, H, v), Point(_put(places, there, here), *rows), s, u, z, idle)"""
_TAKEN = """\
x = point.x if len(point.x.shape) == 1 else array_namespace(point.y).take(point.x, blocks, axis=0)
return Point(x, *rows)"""

ALTERNATIVES = (
    # Estimates
    mistake(
        "no_correction",
        "missing_step",
        "correct the estimates by gamma (new - old); here gamma is 0, and they lag behind",
        {"bsvrb-4": "return 0.0"},
    ),
    mistake(
        "storm_gamma",
        "wrong_constant",
        "with I < m gamma also makes up for the steps in which a block was not seen; here it is 1 - alpha, that of "
        "STORM",
        {"bsvrb-4": "return 1 - alpha"},
    ),
    mistake(
        "of_all",
        "wrong_scale",
        "divide by the sampled blocks, (m - I) / (I (1 - alpha)); here by all blocks",
        {"bsvrb-4": "return (m - I) / (m * (1 - alpha)) + (1 - alpha) if I < m else 1 - alpha"},
    ),
    mistake(
        "alpha_exchanged",
        "wrong_constant",
        "alpha is the weight of the new value; here it is that of the old estimate",
        {"bsvrb-3": "return alpha * est + (1 - alpha) * new + gamma * (new - old)"},
    ),
    mistake(
        "corrected_backwards",
        "wrong_sign",
        "add gamma (new - old); here it is subtracted",
        {"bsvrb-3": "return (1 - alpha) * est + alpha * new - gamma * (new - old)"},
    ),
    mistake(
        "old_sample_only",
        "wrong_order",
        "average with the new value; here with the old one",
        {"bsvrb-3": "return (1 - alpha) * est + alpha * old + gamma * (new - old)"},
    ),
    mistake(
        "fresh_samples",
        "wrong_order",
        "ask for new and old with the same samples; here old has a batch of its own, and noise does not cancel",
        {
            "bsvrb-6": _S.format("state.s", "problem.grad_y_g(blocks, batch_f, before.x, before.y)"),
            "bsvrb-7": _H.format(
                "_psd_floor(track(state.now.H, hess(now), problem.hess_yy_g(blocks, batch_f, before.x, before.y)), mu)"
            ),
            "bsvrb-10": _U.format("state.u", _OTHER_REST),
        },
    ),
    mistake(
        "unsampled_forgotten",
        "extra_step",
        "estimates of unsampled blocks stay; here they become 0",
        {
            "bsvrb-6": _S.format("xp.zeros_like(state.s)", "grad_g(before)"),
            "bsvrb-10": _U.format("0 * state.u", "rest(before)"),
        },
    ),
    mistake(
        "unsampled_shrink",
        "extra_step",
        "estimates of unsampled blocks stay; here s shrinks, as in RSVRB",
        {"bsvrb-6": _S.format("(1 - alpha) * state.s", "grad_g(before)")},
    ),
    mistake(
        "mixed_point",
        "wrong_order",
        "old is asked at x and y of the last step; here at its x and the present y",
        {
            "bsvrb-6": _S.format("state.s", "grad_g(before._replace(y=now.y))"),
            "bsvrb-10": _U.format("state.u", "rest(before._replace(y=now.y))"),
        },
    ),
    mistake(
        "last_visit",
        "wrong_order",
        "old is asked at the point of the last step; here at that of the block's last visit",
        {
            "_rule: return BSVRBState": _LAST_VISIT,
            "_of: return Point": _TAKEN,
            "step: problem = ": "pass",
            "step: state, m = ": "m = problem.blocks",
        },
    ),
    # Hyper-gradient
    mistake(
        "next_hessian",
        "wrong_order",
        "the hyper-gradient reads H as it was before this step; here the new one is inverted",
        {"bsvrb-2": _W.format("array_namespace(H).take(H, blocks, axis=0)", "before.H", "before")},
    ),
    mistake(
        "present_hessian_in_old",
        "wrong_order",
        "the old hyper-gradient has the old H; here it has the present one",
        {"bsvrb-2": _W.format("now.H", "now.H", "before")},
    ),
    mistake(
        "next_v",
        "wrong_order",
        "the hyper-gradient reads v as it was before this step; here v has moved already",
        {_V_PLACE: _V.format("array_namespace(v).take(v, blocks, axis=0)", "before.v")},
    ),
    mistake(
        "present_v_in_old",
        "wrong_order",
        "the old hyper-gradient has the old v; here it has the present one",
        {_V_PLACE: _V.format("now.v", "now.v")},
    ),
    mistake(
        "no_inverse",
        "missing_step",
        "solve with H; here the gradient of f is multiplied with it",
        {"bsvrb-2": "w, w_before = ((at.H @ grad_f(at)[..., None])[..., 0] for at in (now, before))"},
    ),
    mistake(
        "over_all_blocks",
        "wrong_scale",
        "the mean over the I sampled blocks; here their sum over m",
        {"bsvrb-1": _UP.format("xp.sum(grad_x(at) - cross(at, w), axis=0) / state.s.shape[0]")},
    ),
    mistake(
        "summed",
        "wrong_scale",
        "the mean over the sampled blocks; here their sum",
        {"bsvrb-1": _UP.format("xp.sum(grad_x(at) - cross(at, w), axis=0)")},
    ),
    mistake(
        "cross_sign",
        "wrong_sign",
        "subtract the cross derivative; here it is added, and F ascends",
        {"bsvrb-1": _UP.format("xp.mean(grad_x(at) + cross(at, w), axis=0)")},
    ),
    mistake(
        "no_direct_part",
        "missing_step",
        "f may depend on x directly; here its gradient in x is left out",
        {"bsvrb-1": _UP.format("xp.mean(-cross(at, w), axis=0)")},
    ),
    mistake(
        "first_component",
        "wrong_axis",
        "a product with v is a vector; here its first component stands in every place",
        origin=CODE,
        edits={
            "bsvrb-9": "rest = lambda at: problem.hvp_yy_g(blocks, batch_g, at.x, at.y, at.v)[..., :1] - grad_f(at)",
            "bsvrb-1": _UP.format(
                "xp.mean(grad_x(at) - (cross(at, w) if u is None else cross(at, w)[..., :1]), axis=0)"
            ),
        },
        unseen={"steps_v1": "it has no v, and solves with whole vectors"},
    ),
    mistake(
        "mixed_point_above",
        "wrong_order",
        "the old gradient of f is asked at x and y of the last step; here at its x and the present y",
        {"bsvrb-2": _W.format("now.H", "before.H", "before._replace(y=now.y)")},
    ),
    mistake(
        "no_storm",
        "missing_step",
        "take the old hyper-gradient off z before it is averaged; here z is a moving average",
        {"bsvrb-5": "return (1 - beta) * z + beta * new"},
    ),
    mistake(
        "storm_weighted",
        "wrong_constant",
        "the new value has weight 1; here beta",
        {"bsvrb-5": "return (1 - beta) * (z - old) + beta * new"},
    ),
    # Steps
    mistake(
        "old_z",
        "wrong_order",
        "x steps along the new z; here along the old one",
        {"bsvrb-14": "x = state.now.x - eta * state.z"},
    ),
    mistake(
        "old_s",
        "wrong_order",
        "y steps along the new s; here along the old one",
        {"bsvrb-11": "y = state.now.y - tau * reach * state.s"},
    ),
    mistake(
        "old_u",
        "wrong_order",
        "v steps along the new u; here along the old one",
        {"bsvrb-12": "v = _ball(state.now.v - stride * state.u, radius)"},
    ),
    mistake(
        "tau_for_v",
        "wrong_constant",
        "v has a step size of its own; here it has that of y",
        {
            "_rule: v, u, w, w_before =": "v, u, w, w_before = _followed(state, problem, blocks, batch_g, batch_f, "
            "places, track, "
            "tau * reach, radius)"
        },
        unseen={"steps_v1": "it has no v"},
    ),
    mistake(
        "no_ball",
        "missing_step",
        "project v on the ball; here it is left as long as it is",
        {"bsvrb-12": "v = state.now.v - stride * u"},
    ),
    mistake(
        "box",
        "wrong_axis",
        "no v is longer than the radius; here each coordinate is clipped",
        {"bsvrb-12": "v = array_namespace(u).clip(state.now.v - stride * u, min=-radius, max=radius)"},
    ),
    mistake(
        "plus_gradient",
        "wrong_sign",
        "the rest is Hessian v minus the gradient of f; here plus",
        {"bsvrb-9": "rest = lambda at: problem.hvp_yy_g(blocks, batch_g, at.x, at.y, at.v) + grad_f(at)"},
    ),
    mistake(
        "always_full",
        "missing_step",
        "with sampled or delayed steps unsampled blocks stand still; here they move",
        {"bsvrb-15": "reach = factors"},
    ),
    mistake(
        "one_too_many",
        "wrong_constant",
        "a block that was sampled in the last step makes one step; here two",
        {"_reach: factors =": 'factors = {"full": ones, "sampled": ones, "delayed": idle + 1}[mode]'},
    ),
    mistake(
        "never_reset",
        "missing_step",
        "the count of missed steps starts anew when a block moves; here it goes on",
        {"_reach: return": "return reach[:, None], idle + 1"},
    ),
    # Hessians
    mistake(
        "no_floor",
        "missing_step",
        "lift eigenvalues to mu; here they stay",
        {"bsvrb-8": "return xp.matmul(Q * values[:, None, :], xp.matrix_transpose(Q))"},
    ),
    mistake(
        "absolute_eigenvalues",
        "wrong_order",
        "lift eigenvalues below mu to it; here negative ones change their sign first",
        {"bsvrb-8": "return xp.matmul(Q * xp.clip(xp.abs(values), min=mu)[:, None, :], xp.matrix_transpose(Q))"},
        unseen={
            "steps_v1": "no estimate of a Hessian is indefinite there",
            "rsvrb_steps": "no estimate of a Hessian is indefinite there",
        },
    ),
    mistake(
        "one_triangle",
        "missing_step",
        "make H symmetric first; here its lower triangle counts alone",
        {"_psd_floor: values, Q =": "values, Q = xp.linalg.eigh(H)"},
        unseen={"steps_v1": "samples of Hessians are symmetric", "rsvrb_steps": "samples of Hessians are symmetric"},
    ),
    variant(
        "frobenius",
        "matrices whose Frobenius norm is below mu are scaled up to it, and nothing else is done",
        CODE,
        {
            "bsvrb-8": "return H * xp.clip(mu / xp.sqrt(xp.sum(H * H, axis=(1, 2), keepdims=True)), min=1.0)",
            "rsvrb_step: problem = ": "pass",  # 0 / 0 where all is forgotten
            "rsvrb_step: state, m = ": "m = problem.blocks",
        },
    ),
    variant("gamma_without_storm", "gamma has no part 1 - alpha", SHIFT, {"bsvrb-4": "return missed"}),
    # RSVRB
    mistake(
        "no_scale_of_sampling",
        "wrong_scale",
        "what a sampled block sees counts m / I times; here once",
        {"bsvrb-17": "push = lambda e, new, old: (1 - beta) * (rows(e) - old) + new"},
    ),
    mistake(
        "nothing_shrinks",
        "missing_step",
        "estimates of unsampled blocks shrink by 1 - beta; here they stay",
        {"_rsvrb: shrink =": "shrink = lambda e: e"},
    ),
    mistake(
        "same_blocks",
        "wrong_order",
        "the hyper-gradient has blocks of its own; here those of the estimates",
        {
            "_rsvrb: G, G_before": "others = blocks\nG, G_before = upward(kept, state.x, state.y), "
            "upward(state.kept, state.x_before, state.y_before)"
        },
    ),
    mistake(
        "estimates_twice",
        "wrong_order",
        "the old hyper-gradient has the old estimates; here the new ones",
        {
            "_rsvrb: G, G_before": "G, G_before = upward(kept, state.x, state.y), upward(kept, state.x_before, "
            "state.y_before)"
        },
    ),
    mistake(
        "moving_average_above",
        "missing_step",
        "z is corrected by the old hyper-gradient; here it is a moving average",
        {"bsvrb-18": "z = (1 - beta) * state.z + beta * G"},
    ),
    mistake(
        "stored_s",
        "wrong_order",
        "y steps along the new estimates; here along the old ones",
        {
            "_rsvrb: return RSVRBState": "return RSVRBState(state.x - eta * z, state.y - tau * state.kept.s, "
            "state.x, state.y, kept, z)"
        },
    ),
    # Classifiers
    mistake(
        "curvature_sign",
        "wrong_sign",
        "the curvature of the logistic loss is positive; here it has a minus sign",
        {"bsvrb-22": "return rows, -self._weights(x, batch) * sign * sign * wrong * (1 - wrong)"},
        origin=CODE,
    ),
    mistake(
        "scale_once",
        "wrong_scale",
        "the curvature has the square of label over scale; here its first power",
        {"bsvrb-22": "return rows, self._weights(x, batch) * abs(sign) * wrong * (1 - wrong)"},
    ),
    mistake(
        "assigned",
        "missing_step",
        "a sample that comes twice in a batch counts twice; here its row is assigned, not added",
        {
            "bsvrb-24": "marks = _marks(batch, x)\nreturn _summed(marks, slope * _times(rows, w)) / "
            "array_namespace(x).clip("
            "array_namespace(x).sum(marks, axis=1), min=1.0)"
        },
        origin=CODE,
    ),
    mistake(
        "weight_not_derived",
        "missing_step",
        "the cross derivative has that of the sigmoid; here the sigmoid itself",
        {"bsvrb-23": "return rows, -chance * wrong * sign / batch.shape[1]"},
    ),
    mistake(
        "cross_positive",
        "wrong_sign",
        "more weight pulls w towards the sample: the slope is negative; here positive",
        {"bsvrb-23": "return rows, chance * (1 - chance) * wrong * sign / batch.shape[1]"},
    ),
    mistake(
        "uphill",
        "wrong_sign",
        "the gradient of the loss points away from the labels; here towards them",
        {"bsvrb-21": "return _summed(rows, weight * wrong * sign) + self.reg * y"},
    ),
    mistake(
        "no_penalty",
        "missing_step",
        "the penalty pulls w to 0; here it is left out",
        {
            "bsvrb-21": "return _summed(rows, -weight * wrong * sign)",
            "Scales.hvp_yy_g: return": "return _summed(rows, bent * _times(rows, v))",
        },
    ),
)
