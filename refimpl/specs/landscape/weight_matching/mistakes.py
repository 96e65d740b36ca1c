"""What goes wrong in weight matching: lines of the source that read otherwise."""

from refimpl.specs.base import mistake, variant

_REPO = "https://github.com/samuela/git-re-basin/blob/main/src"
_NUMBER = '{"sqrt": (n_a * n_b) ** 0.5, "min": min(n_a, n_b), "a": n_a}[normaliser]'
_STEP = "total = total + inner(grad(loss)(end), mu) / {0} + inner(mu, hvp(loss, end, mu)) / {1}"

ALTERNATIVES = (
    # Permutations
    mistake(
        "inverse_rows",
        "wrong_order",
        "one index vector serves the columns of a layer and the rows of the next; here the rows take the inverse",
        {"weight_matching-1": "W = xp.take(W, xp.argsort(perms[l - 1]), axis=-2)"},
    ),
    mistake(
        "inverse_columns",
        "wrong_order",
        "the new unit i is the old unit p[i]; here the columns take the inverse and the rows do not",
        {"weight_matching-2": "W, b = xp.take(W, xp.argsort(perms[l]), axis=-1), xp.take(b, xp.argsort(perms[l]))"},
    ),
    mistake(
        "inverse_throughout",
        "wrong_order",
        "the assignment of new units i to old units p[i] is applied as it is; here its inverse is, to rows and columns",
        {
            "weight_matching-1": "W = xp.take(W, xp.argsort(perms[l - 1]), axis=-2)",
            "weight_matching-2": "W, b = xp.take(W, xp.argsort(perms[l]), axis=-1), xp.take(b, xp.argsort(perms[l]))",
        },
    ),
    mistake(
        "biases_stay",
        "missing_step",
        "a unit takes its bias with it; here the biases stay where they are",
        {"weight_matching-2": "W = xp.take(W, perms[l], axis=-1)"},
        unseen={"alignment": "biases do not count there"},
    ),
    mistake(
        "next_layer_stays",
        "missing_step",
        "the next layer's rows move with the units, its input directions too; here they stay",
        {"weight_matching-1": "pass"},
    ),
    # Scores
    mistake(
        "minimised",
        "wrong_sign",
        "the assignment maximises the scores; here it minimises them",
        {"weight_matching-7": "return linear_assignment(C)"},
    ),
    mistake(
        "assignment_transposed",
        "wrong_axis",
        "rows are units of A, columns of B: p[i] is the column of row i; here it is the row of column i",
        {"weight_matching-7": "return linear_assignment(array_namespace(C).matrix_transpose(C), maximize=True)"},
    ),
    mistake(
        "greedy",
        "missing_step",
        "find the best assignment as a whole (Hungarian method); here each row takes its best, and some come twice",
        {"weight_matching-7": "return array_namespace(C).argmax(C, axis=1)"},
    ),
    mistake(
        "next_layer_forgotten",
        "missing_step",
        "what goes out of a unit counts too; here only what comes in does",
        {"weight_matching-6": "return C"},
    ),
    mistake(
        "own_layer_forgotten",
        "missing_step",
        "what comes into a unit counts too; here only its bias and what goes out do",
        {"weight_matching-4": "C = 0.0 * (xp.matrix_transpose(_columns(a[l].W)) @ _columns(W))"},
    ),
    mistake(
        "biases_forgotten",
        "missing_step",
        "the biases of a unit count too; here they do not, which trained networks with tiny biases do not show",
        {"weight_matching-5": "pass"},
        unseen={"match_activations": "it has no biases"},
    ),
    mistake(
        "incoming_twice_without_biases",
        "wrong_scale",
        "what comes in, the biases and what goes out count alike; here what comes in counts twice and biases do not",
        {
            "weight_matching-4": "C = 2 * (xp.matrix_transpose(_columns(a[l].W)) @ _columns(W))",
            "weight_matching-5": "pass",
        },
        origin="https://pypi.org/project/rebasin/0.0.47/",
    ),
    mistake(
        "previous_layer_as_it_was",
        "missing_step",
        "the rows of b's layer come in the order of the permuted layer before; here in their old order",
        {"_cost: W = ": "W = b[l].W"},
    ),
    mistake(
        "next_layer_as_it_was",
        "missing_step",
        "the columns of b's next layer come in the order of its permutation; here in their old order",
        {"_cost: V = ": "V = b[l + 1].W"},
    ),
    mistake(
        "inverse_in_scores",
        "wrong_order",
        "the rows of b's layer take the permutation of the layer before; here its inverse",
        {"_cost: W = ": "W = xp.take(b[l].W, xp.argsort(perms[l - 1]), axis=-2) if l > 0 else b[l].W"},
    ),
    # Sweeps
    mistake(
        "stale",
        "wrong_order",
        "each visit sees the newest permutations; here all visits of a sweep see those from before it, and the inner "
        "product may fall",
        {"_match: improved = False": "improved, old = False, list(perms)", "_match: C = ": "C = _cost(a, b, old, l)"},
    ),
    mistake(
        "fixed_order",
        "wrong_order",
        "visit the layers in the given order; here always from the first to the last",
        {"_match: for l in order": "for l in sorted(order):"},
    ),
    mistake(
        "one_sweep",
        "missing_step",
        "sweep until no layer gains; here one sweep is made",
        {"_match: if not improved": "if True:"},
    ),
    mistake(
        "start_ignored",
        "missing_step",
        "start from the given permutations, in the straight-through search from the last ones; here from the identity",
        {"_match: perms, objective, sweeps = ": "perms, objective, sweeps = identity(b), [], 0"},
        unseen={"merge_many": "each matching starts from the identity"},
    ),
    mistake(
        "distance_for_inner_product",
        "wrong_output",
        "the objective is the inner product; here minus half the squared distance comes back",
        {
            "_match: objective.append": "moved = _permute(b, perms)\n"
            "away = tree.map(lambda x, y: x - y, a, moved)\n"
            "objective.append(-0.5 * inner(away, away))"
        },
        unseen=dict.fromkeys(("ste_step", "ste", "merge_many"), "the objective is no part of its answer"),
    ),
    # Activations
    variant(
        "pearson",
        "the correlations of the centred activations; a constant unit counts as 0",
        f"{_REPO}/cifar10_mlp_activation_matching.py, commented out",
        {
            "weight_matching-10": "xp = array_namespace(one, other)\n"
            "one, other = one - xp.mean(one, axis=0), other - xp.mean(other, axis=0)\n"
            "s, t = xp.sqrt(xp.sum(one * one, axis=0)), xp.sqrt(xp.sum(other * other, axis=0))\n"
            "one, other = one / xp.where(s > 0, s, 1.0), other / xp.where(t > 0, t, 1.0)\n"
            "C = xp.matrix_transpose(one) @ other"
        },
    ),
    mistake(
        "centred",
        "extra_step",
        "take the products of the activations as they are; here their means are subtracted first",
        {
            "weight_matching-10": "xp = array_namespace(one, other)\n"
            "C = xp.matrix_transpose(one - xp.mean(one, axis=0)) @ (other - xp.mean(other, axis=0))"
        },
    ),
    mistake(
        "cosines",
        "extra_step",
        "take the products of the activations as they are; here each unit is scaled to length 1",
        {
            "weight_matching-10": "xp = array_namespace(one, other)\n"
            "s, t = xp.sqrt(xp.sum(one * one, axis=0)), xp.sqrt(xp.sum(other * other, axis=0))\n"
            "C = xp.matrix_transpose(one / xp.where(s > 0, s, 1.0)) @ (other / xp.where(t > 0, t, 1.0))"
        },
    ),
    # The straight-through search
    mistake(
        "half_forgotten",
        "wrong_scale",
        "B has the weight 1/2 in the midpoint, so the gradient is halved; here it is not",
        {"weight_matching-13": "velocity = tree.map(lambda v, x: momentum * v + x, state.velocity, g)"},
    ),
    mistake(
        "averaged_gradient",
        "wrong_scale",
        "the velocity adds half the gradient in full; here times 1 - momentum",
        {
            "weight_matching-13": "velocity = tree.map(lambda v, x: momentum * v + (1 - momentum) * 0.5 * x, "
            "state.velocity, g)"
        },
    ),
    mistake(
        "free_midpoint",
        "wrong_order",
        "the gradient is taken at the midpoint of A and the permuted B; here of A and the free parameters",
        {"weight_matching-12": "midpoint = interpolate(a, state.free, 0.5)"},
    ),
    mistake(
        "at_the_permuted",
        "missing_step",
        "the gradient is taken at the midpoint; here at the permuted B itself",
        {"weight_matching-12": "midpoint = _permute(b, perms)"},
    ),
    mistake(
        "matched_to_a",
        "missing_step",
        "B is matched to the free parameters; here to A, whatever they are",
        {"weight_matching-11": "perms = _match(a, b, orders, state.perms).perms"},
    ),
    mistake(
        "last_step",
        "missing_step",
        "keep the permutations of the least loss; here those of the last step",
        {"weight_matching-15": "best, least = perms, value"},
        unseen={"ste_step": "it is one step"},
    ),
    mistake(
        "loss_after_the_step",
        "wrong_order",
        "the loss is that before the free parameters move; here B is matched anew after the step",
        {
            "weight_matching-15": "perms = _match(free, b, orders, perms).perms\n"
            "value = loss(interpolate(a, _permute(b, perms), 0.5))\n"
            "best, least = (perms, value) if float(value) < float(state.loss) else (state.best, state.loss)"
        },
    ),
    mistake(
        "old_velocity",
        "wrong_order",
        "move with the new velocity; here with the old one",
        {"weight_matching-14": "free = tree.map(lambda x, v: x - lr * v, state.free, state.velocity)"},
    ),
    mistake(
        "ascent",
        "wrong_sign",
        "the loss is minimised: subtract the step; here it is added",
        {"weight_matching-14": "free = tree.map(lambda x, v: x + lr * v, state.free, velocity)"},
    ),
    # Singular vectors
    mistake(
        "pairs_of_equal_rank",
        "missing_step",
        "sum over all pairs of singular vectors; here each is compared with that of its own rank alone",
        {"weight_matching-17": "total = total + xp.sum(xp.linalg.diagonal(along_u * along_v))"},
    ),
    mistake(
        "not_permuted",
        "missing_step",
        "the singular vectors are those of the permuted B; here of B as it is",
        {"alignment: moved = ": "moved = b"},
    ),
    mistake(
        "output_directions_alone",
        "missing_step",
        "multiply the inner products of both sides; here those of the output directions are summed alone, and their "
        "signs are arbitrary",
        {"weight_matching-17": "total = total + xp.sum(along_u)"},
    ),
    mistake(
        "squared",
        "wrong_constant",
        "multiply the inner products of both sides; here those of the output directions are squared",
        {"weight_matching-17": "total = total + xp.sum(along_u * along_u)"},
    ),
    mistake(
        "absolute_threshold",
        "wrong_scale",
        "gamma is a share of the largest singular value of the layer; here it is the threshold itself",
        {"weight_matching-16": "kept = max(int(xp.count_nonzero(s >= gamma)), 1)"},
    ),
    mistake(
        "squared_threshold",
        "wrong_scale",
        "the threshold is on singular values; here on their squares",
        {"weight_matching-16": "kept = max(int(xp.count_nonzero(s * s >= gamma * s[0] * s[0])), 1)"},
    ),
    mistake(
        "divided_by_all",
        "wrong_constant",
        "divide by the number of vectors that count; here by that of all",
        {"alignment: count = ": "count = count + min(a[l].W.shape[-2:])"},
    ),
    mistake(
        "mean_of_layers",
        "wrong_order",
        "sum over the layers, then divide by all vectors; here each layer is divided and the mean is taken",
        {
            "alignment: count = ": f"n = {_NUMBER} * len(a)\n"
            "count = (count if l else 0.0) + xp.sum(along_u * along_v) / n",
            "alignment: return total": "return count",
        },
    ),
    # Barriers
    mistake(
        "share_of_a",
        "wrong_order",
        "share 0 is A, 1 is B; here the other way round",
        {"weight_matching-8": "return tree.map(lambda x, y: share * x + (1 - share) * y, a, b)"},
        unseen={"ste_step": "the midpoint is the same", "ste": "the midpoint is the same"},
    ),
    mistake(
        "no_chord",
        "missing_step",
        "subtract the chord of the losses of both ends; here the largest loss comes back",
        {"weight_matching-9": "return xp.max(line), line"},
    ),
    mistake(
        "smaller_end",
        "wrong_constant",
        "subtract the chord; here the smaller of the losses of both ends",
        {"weight_matching-9": "return xp.max(line) - xp.minimum(*ends), line"},
    ),
    variant(
        "mean_of_the_ends",
        "the largest loss on the line less the mean of the losses of both ends",
        "Git Re-Basin (arXiv:2209.04836), Definition 2.2",
        {"weight_matching-9": "return xp.max(line) - (ends[0] + ends[1]) / 2, line"},
    ),
    mistake(
        "chord_backwards",
        "wrong_order",
        "the chord goes from the loss of A at share 0 to that of B; here the other way round",
        {"weight_matching-9": "return xp.max(line - t * ends[0] - (1 - t) * ends[1]), line"},
    ),
    mistake(
        "slope_forgotten",
        "missing_step",
        "a network is not quite at a minimum of the test loss: the slope counts; here the curvature alone does",
        {"weight_matching-18": "total = total + inner(mu, hvp(loss, end, mu)) / 16"},
    ),
    mistake(
        "curvature_forgotten",
        "missing_step",
        "slope and curvature count; here the slope alone does",
        {"weight_matching-18": "total = total + inner(grad(loss)(end), mu) / 4"},
    ),
    mistake(
        "whole_way",
        "wrong_constant",
        "the midpoint is half the way to the other end; here the expansion goes the whole way",
        {"weight_matching-18": _STEP.format(2, 4)},
    ),
    mistake(
        "ends_summed",
        "wrong_scale",
        "take the mean of the two ends; here their sum",
        {"weight_matching-18": _STEP.format(2, 8)},
    ),
    mistake(
        "quarter_of_the_curvature",
        "wrong_constant",
        "half the way squared is a quarter, and the second-order term has a half: an eighth; here the half is missing",
        {"weight_matching-18": _STEP.format(4, 8)},
    ),
    mistake(
        "one_direction",
        "wrong_sign",
        "each end looks towards the other; here both look from A to B",
        {"taylor: mu = ": "mu = tree.map(lambda x, y: x - y, b, a)"},
    ),
    # Many networks
    mistake(
        "mean_with_itself",
        "extra_step",
        "match a network with the mean of the others; here it is part of the mean, and holds itself back",
        {"weight_matching-19": "center = mean(models)"},
    ),
    mistake(
        "not_applied",
        "missing_step",
        "a permuted network replaces the old one; here the mean is that of the networks as they came",
        {"merge_many: models[i] = ": "pass"},
    ),
    mistake(
        "all_at_once",
        "wrong_order",
        "a network that has moved counts in the next turn; here all turns of a round see the networks from before it",
        {
            "merge_many: closer = False": "closer, old = False, list(models)",
            "weight_matching-19": "center = mean([params for j, params in enumerate(old) if j != i])",
        },
    ),
    mistake(
        "one_round",
        "missing_step",
        "go on until no network comes closer; here one round is made",
        {"merge_many: if not closer": "if True:"},
    ),
    mistake(
        "sum_of_the_others",
        "wrong_scale",
        "the mean of the networks comes back; here their sum over m - 1",
        {"merge_many: return mean": "return tree.map(lambda *x: sum(x) / (len(x) - 1), *models), models"},
    ),
)
