"""What goes wrong in gradient boosted networks: lines of the source that read otherwise."""

from refimpl.specs.base import mistake, variant

SKLEARN = "https://github.com/scikit-learn/scikit-learn/"
GBNN = "https://pypi.org/project/gbnn/0.0.2/"


def _tags(edits):
    return {f"gbnn-{number}": line for number, line in edits.items()}


_GIVEN = {"boost": "its blocks are given: nothing is fitted"}
_ALL = {"boost": "it sees all rows"}
_NO_LOSSES = {"targets": "it has no losses"}
_TABLE = {"targets": "its steps are those of the table"}

ALTERNATIVES = (
    # Losses
    mistake(
        "whole_square", "wrong_scale", "the loss of a number is half the squared error; here the whole",
        _tags({"1": "loss = xp.sum((Y - F) ** 2, axis=1)"}), unseen=_NO_LOSSES,
    ),
    mistake(
        "mean_over_columns", "wrong_scale", "errors are added up over the columns; here averaged",
        _tags({"1": "loss = 0.5 * xp.mean((Y - F) ** 2, axis=1)"}), unseen=_NO_LOSSES,
    ),
    mistake(
        "loss_without_two", "missing_step", "two classes have log(1 + exp(-2 y F)); here the 2 is missing",
        _tags({"2": "loss = softplus(-Y * F)[:, 0]"}), unseen=_NO_LOSSES,
    ),
    mistake(
        "loss_overflows", "numerics", "log(1 + exp(x)) must not form exp(x) where x is large; here it does",
        _tags({"2": "loss = xp.log(1 + xp.exp(-2 * Y * F))[:, 0]"}), origin=f"{SKLEARN}issues/28046",
        unseen=_NO_LOSSES | {"boost": "its scores are small"},
    ),
    mistake(
        "loss_of_all_classes", "extra_step", "minus the logarithm of the right class's share; here of all shares",
        _tags({"3": "loss = xp.sum(softplus(-ahead) + softplus(ahead), axis=1)"}), unseen=_NO_LOSSES,
    ),
    mistake(
        "summed_over_the_rows", "wrong_scale", "the loss is a mean over the rows; here a sum",
        {"_mean_loss: return": "return xp.sum(loss)"}, origin=f"{SKLEARN}issues/10055", unseen=_NO_LOSSES,
    ),
    # Start
    mistake(
        "one_mean_for_all_columns", "wrong_axis",
        "each column starts from its own mean; here all from that of all entries",
        _tags({"4": "return xp.mean(Y) + 0.0 * Y[0, :]"}), origin=GBNN,
    ),
    mistake(
        "start_at_zero", "missing_step", "start from the best constant; here from 0",
        _tags({"4": "return xp.zeros_like(Y[0, :])", "5": "return xp.zeros_like(Y[0, :])"}),
    ),
    mistake(
        "whole_log_odds", "wrong_constant", "the best constant is half the logarithm of the odds; here the whole",
        _tags({"5": "return xp.full_like(Y[0, :], math.log(positive / negative))"}),
    ),
    mistake(
        "mean_of_the_labels", "missing_step", "half the logarithm of the odds; here the mean of the labels",
        _tags({"5": "return xp.full_like(Y[0, :], (positive - negative) / (positive + negative))"}),
    ),
    mistake(
        "odds_of_the_other_class", "wrong_sign", "the odds are those of label 1; here of label -1",
        _tags({"5": "return xp.full_like(Y[0, :], 0.5 * math.log(negative / positive))"}),
    ),
    mistake(
        "shares_as_scores", "missing_step",
        "the softmax starts from 0 (or from logarithms of shares); here from the shares themselves",
        _tags({"6": "return xp.mean(Y, axis=0)"}), origin=f"{SKLEARN}issues/13574",
    ),
    variant(
        "logarithms_of_shares", "the softmax starts from the logarithms of the shares, its best constant",
        f"{SKLEARN}pull/12983", _tags({"6": "return xp.log(xp.mean(Y, axis=0))"}), choice=True,
    ),
    # Residuals
    mistake(
        "gradient_itself", "wrong_sign", "residuals are minus the gradient; here the gradient",
        _tags({"7": "return F - Y", "8": "return -2 * Y * sigmoid(-2 * Y * F)",
               "10": "return (1 - Y) * p - Y * _others(p)"}),
        origin=f"{SKLEARN}issues/9666",
    ),
    mistake(
        "labels_0_and_1", "wrong_constant", "the formulas are for labels -1 and 1; here labels are 0 and 1",
        _tags({"8": "return (Y + 1) * sigmoid(-(Y + 1) * F)", "2": "loss = softplus(-(Y + 1) * F)[:, 0]"}),
        origin=f"{SKLEARN}pull/18250",
    ),
    mistake(
        "residuals_without_two", "wrong_constant", "residuals are 2 y / (1 + exp(2 y F)); here y / (1 + exp(y F))",
        _tags({"8": "return Y * sigmoid(-Y * F)"}),
    ),
    mistake(
        "residuals_halved", "wrong_scale", "residuals are 2 y / (1 + exp(2 y F)); here the first 2 is missing",
        _tags({"8": "return Y * sigmoid(-2 * Y * F)"}),
    ),
    mistake(
        "right_instead_of_wrong", "wrong_sign", "rows count by how wrong they are; here by how right",
        _tags({"8": "return 2 * Y * sigmoid(2 * Y * F)"}),
    ),
    mistake(
        "softmax_overflows", "numerics", "exponentials must not overflow: take the largest score off first",
        _tags({"9": "xp = array_namespace(F)\np = xp.exp(F) / xp.sum(xp.exp(F), axis=1, keepdims=True)"}),
        unseen={"boost": "its scores are small", "targets": "its scores are small"},
    ),
    mistake(
        "softmax_over_rows", "wrong_axis", "shares add up over the classes of a row; here over the rows of a class",
        _tags({"9": "p = softmax(F, axis=0)"}),
    ),
    mistake(
        "classes_by_themselves", "wrong_order", "the classes share one softmax; here each has a sigmoid",
        _tags({"9": "p = sigmoid(F)"}),
    ),
    mistake(
        "right_class_alone", "missing_step", "scores of wrong classes go down too; here only the right one goes up",
        _tags({"10": "return Y * _others(p)"}),
    ),
    # Probabilities
    mistake(
        "probability_without_two", "wrong_constant",
        "the loss has exp(-2 y F), so p = 1 / (1 + exp(-2 F)); here exp(-F)",
        _tags({"11": "return sigmoid(F)"}), origin="https://github.com/microsoft/SynapseML/issues/440",
    ),
    mistake(
        "probability_of_minus_1", "wrong_sign", "the probability is that of label 1; here of label -1",
        _tags({"11": "return sigmoid(-2 * F)"}),
    ),
    mistake(
        "shares_over_rows", "wrong_axis", "probabilities of a row add up to 1; here those of a class",
        {"probabilities: return softmax": "return softmax(F, axis=0)"},
    ),
    # A block
    mistake(
        "bounds_of_tanh", "wrong_constant",
        "logistic units have the root of 2 / (in + out); here that of 6 / (in + out)",
        _tags({"12": "first, second = math.sqrt(6 / (d + J)), math.sqrt(6 / (J + K))"}),
    ),
    mistake(
        "bounds_of_inputs", "wrong_constant", "the bound has inputs and outputs of a layer; here the inputs alone",
        _tags({"12": "first, second = math.sqrt(2 / d), math.sqrt(2 / J)"}),
    ),
    mistake(
        "biases_start_at_0", "missing_step", "biases are drawn too, within the bounds of their layer; here they are 0",
        {"initial_block: W, b": "W, b = first * (2 * draws.W - 1), 0.0 * draws.b",
         "initial_block: V, c": "V, c = second * (2 * draws.V - 1), 0.0 * draws.c"},
    ),
    mistake(
        "positive_draws", "missing_step", "draws lie on both sides of 0; here between 0 and the bound",
        {"initial_block: W, b": "W, b = (first * u for u in draws[:2])",
         "initial_block: V, c": "V, c = (second * u for u in draws[2:])"},
    ),
    mistake(
        "tanh_units", "wrong_order", "hidden units are logistic; here tanh",
        _tags({"13": "Z = 2 * sigmoid(2 * (X @ block.W + block.b[..., None, :])) - 1"}),
    ),
    mistake(
        "hidden_biases_left_out", "missing_step", "hidden units have biases; here none",
        _tags({"13": "Z = sigmoid(X @ block.W)"}),
    ),
    mistake(
        "output_biases_left_out", "missing_step", "outputs have biases; here none",
        _tags({"14": "return Z @ block.V"}),
    ),
    mistake(
        "fit_upside_down", "wrong_sign",
        "the error is output minus target; here target minus output: an uphill gradient",
        _tags({"15": "E = R - Z @ block.V - block.c"}),
    ),
    mistake(
        "loss_over_outputs", "wrong_scale",
        "the loss adds up outputs as its gradient does; here the loss alone is averaged over them, and the line search "
        "works on two functions",
        _tags({"16": "loss = xp.sum(E**2) / (2 * n * E.shape[1]) + alpha / (2 * n) * weights"}),
        origin=f"{SKLEARN}issues/8349",
    ),
    mistake(
        "fit_averaged_over_outputs", "wrong_scale", "errors of a row are added up over the outputs; here averaged",
        _tags({"16": "loss = xp.sum(E**2) / (2 * n * E.shape[1]) + alpha / (2 * n) * weights\nE = E / E.shape[1]"}),
    ),
    mistake(
        "fit_summed_over_rows", "wrong_scale", "the loss is a mean over the rows; here a sum",
        _tags({"16": "loss = xp.sum(E**2) / 2 + alpha / 2 * weights\nn = 1"}),
    ),
    mistake(
        "penalty_not_over_rows", "wrong_scale", "the penalty is divided by the number of rows; here not",
        _tags({"16": "loss = xp.sum(E**2) / (2 * n) + alpha / 2 * weights\nalpha = alpha * n"}),
    ),
    mistake(
        "penalty_not_halved", "wrong_constant", "the penalty is half alpha times the squares; here twice that",
        _tags({"16": "loss = xp.sum(E**2) / (2 * n) + alpha / n * weights\nalpha = 2 * alpha"}),
    ),
    mistake(
        "penalty_of_biases", "extra_step", "weights alone are penalised; here biases too",
        _tags({"16": "weights = weights + xp.sum(block.b**2) + xp.sum(block.c**2)\n"
                     "loss = xp.sum(E**2) / (2 * n) + alpha / (2 * n) * weights",
               "18": "c = xp.sum(E, axis=0) + decay * block.c", "21": "b = xp.sum(D, axis=0) + decay * block.b"}),
    ),
    mistake(
        "penalty_not_in_the_gradient", "missing_step", "the gradient has the penalty too; here the loss alone",
        _tags({"17": "V = xp.matrix_transpose(Z) @ E", "20": "W = xp.matrix_transpose(X) @ D"}),
    ),
    mistake(
        "mean_for_sum_in_biases", "wrong_scale", "the gradient in a bias is the sum over the rows; here their mean",
        _tags({"18": "c = xp.mean(E, axis=0)", "21": "b = xp.mean(D, axis=0)"}),
    ),
    mistake(
        "slope_of_tanh", "wrong_constant", "a logistic unit has the slope Z (1 - Z); here 1 - Z^2, that of tanh",
        _tags({"19": "D = (E @ xp.matrix_transpose(block.V)) * (1 - Z * Z)"}),
    ),
    mistake(
        "slope_left_out", "missing_step", "errors go back through the slope of the units; here it is left out",
        _tags({"19": "D = E @ xp.matrix_transpose(block.V)"}),
    ),
    # Steps
    mistake(
        "step_of_1", "missing_step", "a step is sought along each block; here it is 1 for all losses",
        _tags({"25": "return 1.0 + 0.0 * slope"}),
    ),
    mistake(
        "search_for_numbers", "extra_step", "numbers have a step of 1 in the authors' code; here the best one",
        _tags({"22": "search = \"newton\""}),
    ),
    mistake(
        "step_of_the_scaled_block", "wrong_scale", "the step is that of the block; here of the block over its size",
        _tags({"25": "return xp.where(none, 0.0 * slope, slope / xp.where(none, xp.ones_like(curvature), curvature))"}),
    ),
    mistake(
        "nothing_over_nothing", "numerics", "a block that says 0 has a step of 0; here 0 / 0",
        _tags({"25": "return slope / curvature / size"}),
    ),
    mistake(
        "step_backwards", "wrong_sign", "the step is minus slope over curvature of the loss; here the minus is lost",
        _tags({"25": "return -xp.where(none, 0.0 * slope, slope / xp.where(none, xp.ones_like(curvature), curvature))"
                     " / size"}),
    ),
    mistake(
        "step_upside_down", "wrong_order", "slope over curvature; here curvature over slope",
        _tags({"25": "return xp.where(none, 0.0 * slope, curvature / slope) / size"}),
    ),
    mistake(
        "slope_by_the_mean", "wrong_scale", "slope and curvature are sums over the rows; here the slope is a mean",
        _tags({"23": "slope = xp.mean(_residuals(Y, F, task) * h)"}),
    ),
    mistake(
        "curvature_without_the_block", "missing_step",
        "the curvature along a block has its square; here it is left out",
        _tags({"24": "curvature = xp.sum(_curvature(Y, F, xp.where(h == 0, 0.0 * h, xp.ones_like(h)), task, search))"}),
    ),
    mistake(
        "curvature_quarter", "wrong_constant",
        "two classes have the curvature 4 s (1 - s) with s = sigmoid(2 F); here s (1 - s), that of exp(-y F)",
        _tags({"27": "return sigmoid(2 * F) * sigmoid(-2 * F) * h**2"}),
    ),
    mistake(
        "curvature_of_f", "wrong_constant", "two classes have sigmoid(2 F) in the curvature; here sigmoid(F)",
        _tags({"27": "return 4 * sigmoid(F) * sigmoid(-F) * h**2"}),
    ),
    mistake(
        "curvature_of_ones", "missing_step", "classes have the curvature p (1 - p); here 1, as numbers have",
        _tags({"28": "return (0.0 * p + 1.0) * h**2"}),
    ),
    mistake(
        "curvature_without_power", "missing_step",
        "classes have the curvature p (1 - p); here (1 - p) / sum of exp(F), which is that where all scores are 0",
        _tags({"28": "powers = array_namespace(F).exp(F)\n"
                     "return _others(p) / array_namespace(F).sum(powers, axis=1, keepdims=True) * h**2"}),
        origin="https://github.com/Evovest/EvoTrees.jl/pull/359",
    ),
    mistake(
        "curvature_of_p", "missing_step", "classes have the curvature p (1 - p); here p",
        _tags({"28": "return p * h**2"}),
    ),
    variant(
        "twice_the_curvature", "classes have the curvature 2 p (1 - p), a bound of the Hessian",
        "https://github.com/dmlc/xgboost/issues/5769", _tags({"28": "return 2 * p * _others(p) * h**2"}), choice=True,
    ),
    variant(
        "the_whole_hessian", "where the authors' code keeps the diagonal of the Hessian, all of it",
        "ours: the Newton step of Section 3",
        _tags({"28": "h = h - h[:, :1]\nmean = array_namespace(h).sum(p * h, axis=1, keepdims=True)\n"
                     "return p * (h - mean) ** 2"}), choice=True,
    ),
    mistake(
        "diagonal_for_the_whole", "missing_step",
        "the Newton step has the whole Hessian, the variance of the block over the classes; here its diagonal",
        _tags({"29": "return p * _others(p) * h**2"}), unseen=_TABLE,
    ),
    mistake(
        "mean_not_weighted", "wrong_scale", "the mean over the classes is weighted by their shares; here not",
        {"_curvature: mean =": "mean = array_namespace(h).mean(h, axis=1, keepdims=True)"}, unseen=_TABLE,
    ),
    # Rows
    mistake(
        "rounded_up", "wrong_constant", "the number of rows is rounded down; here up",
        _tags({"30": "n = math.ceil(float(share) * N)"}),
    ),
    mistake(
        "with_replacement", "wrong_order", "a row is drawn once at most; here again and again",
        _tags({"31": "return xp.astype(xp.floor(u * N), xp.int64)[:n]"}),
    ),
    mistake(
        "largest_draws", "wrong_order", "the rows with the smallest draws; here the largest",
        _tags({"31": "return xp.astype(xp.argsort(u, descending=True), xp.int64)[:n]"}),
    ),
    mistake(
        "rows_in_order", "extra_step", "rows come in the order of their draws; here they are sorted",
        _tags({"31": "return xp.sort(xp.astype(xp.argsort(u), xp.int64)[:n])"}),
    ),
    # Rounds
    mistake(
        "fitted_to_the_targets", "missing_step", "blocks are fitted to what is left; here to the targets themselves",
        _tags({"33": "targets = take(Y)"}), unseen=_GIVEN,
    ),
    mistake(
        "shrinkage_in_the_fit", "wrong_order",
        "the shrinkage comes after the fit; here the block is fitted to eta times the residuals, and shrunk again",
        _tags({"33": "targets = take(eta * r)"}), origin="https://github.com/sbadirli/GrowNet/issues/4", unseen=_GIVEN,
    ),
    mistake(
        "residuals_of_the_start", "wrong_order", "residuals are those of the last scores; here always of the start",
        _tags({"32": "r = _residuals(Y, initial_score(Y, task=task) + xp.zeros_like(Y), task)"}), unseen=_GIVEN,
    ),
    mistake(
        "residuals_class_by_class", "wrong_order",
        "all residuals of a round come before its block; here the score of a class is updated before the next class "
        "has its residuals",
        _tags({"37": "moved = F + eta * rho * h\nK = Y.shape[1]\n"
                     "mixed = [xp.concat([moved[:, :k], F[:, k:]], axis=1) for k in range(K)]\n"
                     "each = [_residuals(Y, mixed[k], task)[:, k : k + 1] for k in range(K)]\n"
                     "targets, F = take(xp.concat(each, axis=1)), moved"}),
        origin=f"{SKLEARN}pull/12715", unseen=_GIVEN,
    ),
    mistake(
        "stale_step", "wrong_order", "the step is sought from the last scores; here from those of a round before",
        _tags({"36": "back = 0.0 if state.rho is None else eta * state.rho * _outputs(X, state.block)\n"
                     "rho = xp.asarray(_step_size(Y, F - back, h, task, search))"}),
    ),
    mistake(
        "step_from_the_new_scores", "wrong_order",
        "the step is sought from the scores before it; here from those after a whole one",
        _tags({"36": "rho = xp.asarray(_step_size(Y, F + h, h, task, search))"}),
    ),
    variant(
        "step_on_the_drawn_rows", "the step is sought on the rows on which the block was fitted",
        "ours: an option of `fit`", _tags({"36": "rho = xp.asarray(_step_size(*map(take, (Y, F, h)), task, search))"}),
        choice=True, unseen=_ALL,
    ),
    mistake(
        "step_left_out", "missing_step", "scores move by eta times the step times the block; here the step is left out",
        _tags({"37": "F = F + eta * h"}),
    ),
    mistake(
        "shrinkage_left_out", "missing_step",
        "scores move by eta times the step times the block; here eta is left out",
        _tags({"37": "F = F + rho * h"}),
    ),
    mistake(
        "shrunk_twice", "extra_step", "eta counts once; here twice",
        _tags({"37": "F = F + eta * eta * rho * h"}),
    ),
    mistake(
        "scores_forgotten", "wrong_order", "blocks are added up; here each starts from the constant",
        _tags({"37": "F = initial_score(Y, task=task) + eta * rho * h"}),
    ),
    mistake(
        "scores_of_the_drawn_rows", "wrong_order",
        "the scores of all rows move; here only of those on which the block was fitted, and the others keep old "
        "residuals",
        _tags({"37": "place = xp.arange(X.shape[0], device=device(X))\n"
                     "drawn = xp.any(rows[:, None] == place[None, :], axis=0)[:, None]\n"
                     "F = xp.where(drawn, F + eta * rho * h, F)"}), unseen=_ALL,
    ),
    # What has grown
    mistake(
        "start_forgotten", "missing_step", "scores start from F_0; here from 0",
        _tags({"38": "return _reached(\"scores\", xp.cumulative_sum(steps, axis=0))"}),
    ),
    mistake(
        "first_units_off", "wrong_order", "the last blocks are switched off first; here the first ones",
        _tags({"38": "return _reached(\"scores\", model.F_0 + xp.cumulative_sum(xp.flip(steps, axis=0), axis=0))"}),
    ),
    mistake(
        "block_by_itself", "missing_step", "stages add up the blocks; here each is a block alone",
        _tags({"38": "return _reached(\"scores\", model.F_0 + steps)"}),
    ),
    mistake(
        "stages_without_shrinkage", "missing_step", "a block counts eta times its step; here eta is left out",
        {"staged: steps =": "steps = model.rho[:, None, None] * _outputs(X, model.blocks)"},
    ),
    mistake(
        "stages_without_steps", "missing_step", "a block counts eta times its step; here the step is left out",
        {"staged: steps =": "steps = model.eta * _outputs(X, model.blocks)"},
    ),
    mistake(
        "fold_without_shrinkage", "missing_step", "outputs are weighted by eta times the step; here eta is left out",
        _tags({"39": "by = model.rho"}),
    ),
    mistake(
        "fold_without_steps", "missing_step", "outputs are weighted by eta times the step; here the step is left out",
        _tags({"39": "by = model.eta + 0.0 * model.rho"}),
    ),
    mistake(
        "units_interleaved", "wrong_axis",
        "hidden units come block after block in both layers; here the first layer has the first unit of all blocks "
        "first",
        _tags({"40": "W = xp.reshape(xp.permute_dims(blocks.W, (1, 2, 0)), (d, T * J))"}),
    ),
    mistake(
        "biases_not_weighted", "missing_step", "output biases are weighted as output weights are; here they are not",
        _tags({"43": "c = model.F_0 + xp.sum(blocks.c, axis=0)"}),
    ),
    mistake(
        "biases_without_steps", "missing_step", "output biases are weighted by eta times the step; here by eta alone",
        _tags({"43": "c = model.F_0 + xp.sum(model.eta * blocks.c, axis=0)"}),
    ),
    mistake(
        "start_not_folded", "missing_step", "the bias of the network has the start; here it is left out",
        _tags({"43": "c = xp.sum(by[:, None] * blocks.c, axis=0)"}),
    ),
    mistake(
        "start_in_every_block", "extra_step", "the start counts once; here once for each block",
        _tags({"43": "c = xp.sum(model.F_0 + by[:, None] * blocks.c, axis=0)"}),
    ),
    mistake(
        "mean_of_the_blocks", "wrong_scale", "blocks are added up; here averaged",
        _tags({"43": "c = model.F_0 + xp.mean(by[:, None] * blocks.c, axis=0)\nV = V / T"}),
    ),
    mistake(
        "not_twice", "wrong_constant",
        "for a sigmoid on top the outputs are twice the scores; here once: labels agree, probabilities do not",
        _tags({"44": "pass"}),
    ),
    mistake(
        "twice_without_the_bias", "missing_step", "for a sigmoid on top weights and bias are doubled; here the weights",
        _tags({"44": "V = 2 * V"}),
    ),
)  # fmt: skip
