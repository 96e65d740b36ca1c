"""What goes wrong in BO-REP and in what it is compared with: lines of the source that read otherwise."""

from refimpl.specs.base import mistake, variant

CODE = (
    "https://github.com/MingruiLiu-ML-Lab/Bilevel-Optimization-under-Unbounded-Smoothness/blob/"
    "1b06bcf97053d5d8e44493f314bb5189551e342d/data_cleaning/bo_rep.py"
)
BURST = "y = project_ball(y - alpha * _gradient(grad, y, t), {}, radius)"
EPOCH = "y = project_ball(y - step * _gradient(grad, y, t), {}, reach)"
CENTER = "lower_update: center = "
MOVE = "x = x - eta * {}"
UPDATE = "return update(x, state._replace(y=y), upper(x, {}, k), eta=eta, beta=beta, nu=nu)"
DIRECTION_ONLY = "m starts at 0, and a factor of it does not turn it"
NOT_TINY = "m is far longer than 1e-10 in each of its steps"
NO_EPOCHS = {"cleaning": "it has no refinement"}
CONSTANT = "the Hessian of its lower problem is the same everywhere"

ALTERNATIVES = (
    # The upper step
    mistake("unit_gradients", "wrong_order",
            "average the hyper-gradients, then normalize; here each is normalized, and the average of unit vectors is "
            "the step",
            {"bo_rep-4": "m = beta * state.m + (1 - beta) * unit(h)", "bo_rep-5": MOVE.format("m")}),
    mistake("not_normalized", "missing_step", "divide m by its length; here the step is eta m",
            {"bo_rep-5": MOVE.format("m")}),
    mistake("per_coordinate", "wrong_axis",
            "divide m by its length over all coordinates; here each coordinate is divided by its own size, so that its "
            "sign is left",
            {"bo_rep-5": MOVE.format("array_namespace(m).sign(m)")}),
    mistake("normalized_by_gradient", "wrong_order",
            "divide m by its own length; here by that of the newest hyper-gradient, and steps are not eta long",
            {"bo_rep-5": "xp = array_namespace(m)\n"
             "x = x - eta * m / xp.clip(xp.linalg.vector_norm(h), min=float(xp.finfo(h.dtype).smallest_normal))"}),
    mistake("undamped_momentum", "wrong_scale",
            "weigh the new hyper-gradient with 1 - beta; here it enters m in full. As m starts at 0, x does not show "
            "it",
            {"bo_rep-4": "m = beta * state.m + h"},
            unseen={"trajectory": DIRECTION_ONLY, "cleaning": DIRECTION_ONLY}),
    mistake("exchanged_beta", "wrong_constant", "beta weighs the old m, 1 - beta the new; here they are exchanged",
            {"bo_rep-4": "m = (1 - beta) * state.m + beta * h"}),
    mistake("no_momentum", "missing_step", "average the hyper-gradients; here the newest alone gives the direction",
            {"bo_rep-4": "m = h"}),
    mistake("old_momentum", "wrong_order", "update m before x follows it; here x follows the old m",
            {"bo_rep-5": MOVE.format("unit(state.m)")}),
    mistake("ascent", "wrong_sign", "subtract the step; here it is added", {"bo_rep-5": "x = x + eta * unit(m)"}),
    mistake("cross_added", "wrong_sign", "subtract the cross derivative times z; here it is added",
            {"bo_rep-3": "h = grad_x + crossed"}),
    mistake("no_cross", "missing_step",
            "the lower minimizer moves with x: subtract the cross derivative times z; here y counts as a constant",
            {"bo_rep-3": "h = grad_x + 0.0 * crossed"}),
    mistake("z_away", "wrong_sign", "z descends on its quadratic; here it climbs",
            {"bo_rep-2": "z = state.z + nu * (curved - grad_y)"}),
    mistake("gradient_sign_in_z", "wrong_sign",
            "z solves H z = grad_y; here H z = -grad_y, which belongs to h = grad_x + cross z",
            {"bo_rep-2": "z = state.z - nu * (curved + grad_y)"}),
    mistake("z_without_hessian", "missing_step", "subtract H z - grad_y; here the Hessian is left out",
            {"bo_rep-2": "z = state.z - nu * (state.z - grad_y)"}),
    variant("fresh_z", "the hyper-gradient is taken with the new z", CODE, {"bo_rep-3": "h = grad_x - cross(z)"}),
    variant("small_number_beside_norm", "1e-10 is added to the length of m", CODE,
            {"bo_rep-5": "x = x - eta * (m / (array_namespace(m).linalg.vector_norm(m) + 1e-10))"},
            unseen={"trajectory": NOT_TINY, "cleaning": NOT_TINY}),
    # Bursts
    mistake("burst_every_step", "extra_step",
            "a burst is due every I steps; here there is one before every step but the first",
            {"bo_rep-7": "if k > 0:", "minimize: seen = ": "seen = used + (k - 1) * burst"}),
    mistake("never_a_burst", "missing_step", "refresh y every I steps; here it stays where the refinement left it",
            {"bo_rep-7": "if False:"}),
    mistake("burst_a_step_late", "wrong_order", "a burst comes before step I; here before step I + 1",
            {"bo_rep-7": "if k > 1 and (k - 1) % period == 0:",
             "minimize: seen = ": "seen = used + ((k - 1) // period - 1) * burst"}),
    mistake("stale_x", "wrong_order", "a burst works at the present x; here at that of the step before",
            {"minimize: used = ": "used, path = (2**epochs - 1) * first, [x]",
             "minimize: x, state = carry": "x, state = carry\npath.append(x)",
             "minimize: y = lower_update(":
             "grad = lambda y, t: lower(path[-2], y, seen + t)\n"
             "y = lower_update(y, grad, steps=burst, alpha=alpha, radius=radius)"}),
    mistake("hessian_before_burst", "wrong_order",
            "take all derivatives at the same y, after the burst; here the Hessian's product is that at the y before "
            "it",
            {"minimize: return update(":
             "now = upper(x, y, k)._replace(hvp=upper(x, state.y, k).hvp)\n"
             "return update(x, state._replace(y=y), now, eta=eta, beta=beta, nu=nu)"},
            origin=CODE, unseen={"trajectory": CONSTANT}),
    mistake("upper_before_burst", "wrong_order",
            "take all derivatives after the burst; here all are taken at the y before it",
            {"minimize: return update(": UPDATE.format("state.y")}),
    variant("burst_at_zero", "a burst before the first step as well, in place of the refinement", CODE,
            {"bo_rep-7": "if k % period == 0:", "minimize: seen = ": "seen = used + k // period * burst"}),
    mistake("moving_ball", "wrong_order",
            "the ball stays about the start of the burst; here it is about the present iterate, and bounds single "
            "steps",
            {"bo_rep-6": BURST.format("y")}),
    mistake("no_ball", "missing_step", "project each iterate on the ball; here none is",
            {"bo_rep-6": "y = y - alpha * _gradient(grad, y, t)"}),
    mistake("projected_once", "wrong_order",
            "project each iterate; here the last one alone",
            {CENTER: "center, far = y, y",
             "bo_rep-6": "far = far - alpha * _gradient(grad, far, t)\ny = project_ball(far, center, radius)"}),
    mistake("accumulated_gradients", "extra_step",
            "a step uses its own gradient; here the gradients of the burst pile up, as where nobody sets them to zero",
            {CENTER: "center, piled = y, 0.0 * y",
             "bo_rep-6": "piled = piled + _gradient(grad, y, t)\ny = project_ball(y - alpha * piled, center, radius)"},
            origin=CODE),
    mistake("leftover_gradient", "extra_step",
            "a burst begins with no gradient; here the gradients pile up on that of f in y, which the last upper step "
            "has left",
            {"minimize: used = ": "used, held = (2**epochs - 1) * first, [0.0 * y]",
             "minimize: y = lower_update(":
             "start, piled = y, held[0]\n"
             "for t in range(burst):\n"
             "    piled = piled + lower(x, y, seen + t)\n"
             "    y = project_ball(y - alpha * piled, start, radius)",
             "minimize: return update(":
             "now = upper(x, y, k)\n"
             "held[0] = now.grad_y\n"
             "return update(x, state._replace(y=y), now, eta=eta, beta=beta, nu=nu)"},
            origin=CODE),
    mistake("one_sample_for_all", "wrong_output", "each step of a burst has its own sample; here all have the first",
            {"bo_rep-6": "y = project_ball(y - alpha * _gradient(grad, y, 0), center, radius)"}),
    variant("average_of_burst", "the mean of the N iterates in place of the last one",
            "the other reading of Algorithm 2 of the paper, whose analysis has averages",
            {CENTER: "center, total = y, 0.0 * y", "bo_rep-6": BURST.format("center") + "\ntotal = total + y",
             "lower_update: return y": "return total / steps"}),
    # Refinement
    mistake("last_of_epoch", "wrong_output", "an epoch ends at its average; here at its last iterate",
            {"bo_rep-10": "pass"}, unseen=NO_EPOCHS),
    mistake("start_in_average", "extra_step",
            "the average is over the iterates after each step; here the start counts, and the last does not",
            {"bo_rep-10": "y = (total - y + center) / steps"}, unseen=NO_EPOCHS),
    mistake("step_not_halved", "missing_step", "halve the step size in each epoch; here it stays",
            {"bo_rep-8": "step, reach = alpha, radius / 2 ** (s / 2)"}, unseen=NO_EPOCHS),
    mistake("ball_not_shrunk", "missing_step", "shrink the ball in each epoch; here it stays",
            {"bo_rep-8": "step, reach = alpha / 2**s, radius"}, unseen=NO_EPOCHS),
    mistake("ball_halved", "wrong_constant",
            "the radius falls by sqrt(2) an epoch, as the root of the squared error; here by 2",
            {"bo_rep-8": "step, reach = alpha / 2**s, radius / 2**s"}, unseen=NO_EPOCHS),
    mistake("equal_epochs", "missing_step", "double the steps in each epoch; here all have T_0",
            {"epoch_sgd: center, total": "center, total, steps = y, array_namespace(y).zeros_like(y), first"},
            unseen=NO_EPOCHS),
    mistake("ball_about_first", "wrong_order",
            "each epoch's ball is about the average of the last; here about the very first start",
            {"epoch_sgd: alpha, t = ": "alpha, t, begin = check.positive(alpha=alpha), 0, y",
             "bo_rep-9": EPOCH.format("begin")}, unseen=NO_EPOCHS),
    mistake("moving_ball_in_epoch", "wrong_order",
            "the ball stays about the start of the epoch; here it is about the present iterate",
            {"bo_rep-9": EPOCH.format("y")}, unseen=NO_EPOCHS),
    # Hyper-cleaning
    mistake("weight_for_its_slope", "missing_step",
            "the derivative of sigmoid(lam) is sigmoid (1 - sigmoid); here the weight itself stands there",
            {"bo_rep-14": "each = weight * xp.sum(residual * (x @ z), axis=1) / x.shape[0]"}),
    mistake("cross_over_all", "wrong_scale", "the batch's mean divides by its size; here by that of the data set",
            {"bo_rep-14": "each = weight * (1 - weight) * xp.sum(residual * (x @ z), axis=1) / n"},
            unseen={"cleaning": "a factor of h does not turn it"}),
    mistake("repeats_lost", "missing_step",
            "a sample that occurs twice in the batch counts twice; here its entry is written, not added",
            {"cross_product: times = ":
             'times = xp.clip(xp.searchsorted(indices, every, side="right") - first, max=1)'}),
    mistake("hessian_without_centre", "missing_step",
            "the Hessian of softmax is diag(s) - s s^T; here the second part is missing",
            {"lower_hvp: bent = ": "bent = chance * along"}),
    mistake("hessian_without_penalty", "missing_step", "the penalty has the Hessian reg; here it is left out",
            {"bo_rep-13": "return xp.matrix_transpose(x) @ (_weights(lam, labels) * bent)"}),
    mistake("gradient_without_penalty", "missing_step", "the penalty has the gradient reg w; here it is left out",
            {"bo_rep-12": "return xp.matrix_transpose(x) @ (_weights(lam, labels) * residual)"}),
    mistake("weights_ignored", "missing_step", "weigh each sample with sigmoid(lam); here all count in full",
            {"_weights: return": "return 0.0 * lam[:, None] + 1.0 / lam.shape[0]"}),
    variant("norm_not_squared", "the penalty is reg times the norm of w, not its square over two", CODE,
            {"bo_rep-12": "return xp.matrix_transpose(x) @ (_weights(lam, labels) * residual) "
             "+ reg * w / xp.linalg.vector_norm(w)",
             "bo_rep-13": "size = xp.linalg.vector_norm(w)\n"
             "return xp.matrix_transpose(x) @ (_weights(lam, labels) * bent) "
             "+ reg * (z / size - w * (xp.sum(w * z) / size**3))"}),
    # What it is compared with
    mistake("series_without_step", "missing_step", "multiply the sum of the series with nu; here it is left out",
            {"neumann: return step": "return total"}),
    mistake("last_term_alone", "missing_step", "add up all terms of the series; here the last one stands alone",
            {"neumann: total = total": "total = p"}),
    mistake("fixed_point", "wrong_order",
            "each term multiplies the last term; here each factor multiplies the sum so far, so that the samples of "
            "the Hessian come in the reverse order",
            {"neumann: p = p": "total = total - step * product(total, j)",
             "neumann: total = total": "total = total + v"}),
    mistake("implicit_added", "wrong_sign", "subtract the cross derivative times z; here it is added",
            {"bo_rep-1": "return grad_x + cross @ z, z"}),
    mistake("hessian_times", "wrong_order", "solve with the Hessian; here it is multiplied with",
            {"implicit: z = solve": "z = hessian @ grad_y"}),
)  # fmt: skip
