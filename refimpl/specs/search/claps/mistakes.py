"""What goes wrong in prompt search: lines of the source that read otherwise."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import mistake, variant

GITHUB = "https://github.com"
_OFFICIAL = f"{GITHUB}/cambridgeltl/ClaPS"
_TEXTATTACK = f"{GITHUB}/QData/TextAttack"
_MEAN = "return xp.mean(xp.sum(xp.where(truth, {}, 0.0), axis=-1), axis=-1)"
_WORSE = "{} = _squared_distances(E, xp.take(E, seeds[-1], axis=0))[:, 0]"
_NEAREST = "xp.astype({}, xp.int64)"
_OTHERS = "others = _floor(draws.token, {})"
_OWN = "x = xp.where((draws.gate1 < c1)[:, None] & (draws.move1 < chance), best, x)"
_ALL = "x = xp.where((draws.gate2 < c2)[:, None] & (draws.move2 < chance), g, x)"
_LIKELIHOOD = {"influence": "its reward is the log-probability"}


def _at(**lines):
    """Lines by the numbers of their tags, `_14="..."`."""
    return {f"claps-{number[1:]}": line for number, line in lines.items()}


def _overflowing(logits_empty, logits, y, kind, q):
    """Influences from exponentials of the logits themselves; nothing looks at what they come to."""
    xp = array_namespace(logits)
    every = xp.concat([logits, logits_empty[None, :, :]])
    logp = every - xp.log(xp.sum(xp.exp(every), axis=-1, keepdims=True))
    found = xp.sum(xp.exp(logp) * (logp - logp[-1:, :, :]), axis=(-2, -1))[:-1]
    if kind == "reward":
        truth = y[:, None] == xp.arange(logits.shape[-1])
        R = xp.mean(xp.sum(xp.where(truth, logp, 0.0), axis=-1), axis=-1)
        found = R[:-1] - R[-1]
    ranked, place = xp.sort(found), q * (found.shape[0] - 1) / 100
    low = int(place)
    threshold = ranked[low] if place == low else ranked[low] + (place - low) * (ranked[low + 1] - ranked[low])
    return found, xp.asarray(threshold), xp.astype(found > threshold, xp.int64)


ALTERNATIVES = (
    # Reward
    variant(
        "double_softmax",
        "the loss takes probabilities for logits: the softmax comes twice, values in a narrow band",
        f"{_OFFICIAL}/blob/main/rewards/text_classification_reward.py",
        _at(_2=_MEAN.format("_log_probabilities(p)")),
    ),
    mistake(
        "summed",
        "wrong_scale",
        "average the log-probabilities over the examples; here they are summed",
        _at(_2="return xp.sum(xp.sum(xp.where(truth, logp, 0.0), axis=-1), axis=-1)"),
    ),
    mistake(
        "loss_for_reward",
        "wrong_sign",
        "the reward is the log-probability; here it is the loss, which should fall",
        _at(_2=_MEAN.format("-logp")),
    ),
    mistake(
        "probability_for_logarithm",
        "missing_step",
        "average log-probabilities; here probabilities",
        _at(_2=_MEAN.format("p")),
    ),
    mistake(
        "unstable_softmax",
        "numerics",
        "take the largest logit out before the exponential; here it overflows",
        _at(
            _1="return logits - array_namespace(logits).log(array_namespace(logits).sum("
            "array_namespace(logits).exp(logits), axis=-1, keepdims=True))"
        ),
        functions={"influence": _overflowing},
    ),
    mistake(
        "softmax_over_examples",
        "wrong_axis",
        "the softmax is over the classes; here over the examples",
        _at(_1="return logits - logsumexp(logits, axis=-2, keepdims=True)"),
    ),
    mistake(
        "gap_by_value",
        "missing_step",
        "leave out the true class; here every class that is as probable is left out, so a tie counts as right",
        _at(
            _3="gap = xp.sum(xp.where(truth, p, 0.0), axis=-1)\n"
            "gap = gap - xp.max(xp.where(p == gap[..., None], -1.0, p), axis=-1)"
        ),
        origin=f"{_OFFICIAL}/blob/main/rewards/text_classification_reward.py",
        unseen=_LIKELIHOOD,
    ),
    mistake(
        "gap_to_largest",
        "missing_step",
        "leave out the true class; here the largest of all is subtracted",
        _at(_3="gap = xp.sum(xp.where(truth, p, 0.0), axis=-1) - xp.max(p, axis=-1)"),
        unseen=_LIKELIHOOD,
    ),
    mistake(
        "gap_weights_exchanged",
        "wrong_constant",
        "200 where the gap is positive, 180 where not; here the reverse",
        _at(_4="return xp.mean(xp.where(gap > 0, 180.0 * gap, 200.0 * gap), axis=-1)"),
        unseen=_LIKELIHOOD,
    ),
    mistake(
        "gap_weights_missing",
        "wrong_scale",
        "weight the gap by 200 and 180; here it has no weight",
        _at(_4="return xp.mean(gap, axis=-1)"),
        unseen=_LIKELIHOOD,
    ),
    mistake(
        "entropy_averaged",
        "wrong_scale",
        "sum the entropies over the examples; here they are averaged",
        _at(_5="return xp.mean(xp.sum(p * logp, axis=-1), axis=-1)"),
        unseen=_LIKELIHOOD,
    ),
    mistake(
        "entropy_for_reward",
        "wrong_sign",
        "the reward is minus the entropy: certainty is good",
        _at(_5="return -xp.sum(p * logp, axis=(-2, -1))"),
        unseen=_LIKELIHOOD,
    ),
    mistake(
        "zero_log_zero",
        "numerics",
        "0 log 0 is 0; here it is NaN",
        _at(_5="return xp.sum(p * xp.log(p), axis=(-2, -1))"),
        origin=f"{_OFFICIAL}/blob/main/rewards/text_classification_reward.py",
        unseen=_LIKELIHOOD,
    ),
    # Clustering
    mistake(
        "distances_not_squared",
        "wrong_constant",
        "draw seeds in proportion to squared distances; here to distances",
        {"_seeds: sums = ": "sums = xp.cumulative_sum(nearest**0.5)"},
        origin=f"{GITHUB}/learnml/machine-learning-specialization/issues/30",
    ),
    mistake(
        "last_seed_alone",
        "missing_step",
        "the distance is to the nearest seed so far; here to the last one",
        _at(_6="nearest = squares"),
    ),
    mistake(
        "seeds_uniform",
        "missing_step",
        "seeds are drawn by their distance; here each row is as likely",
        _at(_7="found = _floor(u[k : k + 1], E.shape[0])"),
    ),
    mistake(
        "farthest_seed",
        "missing_step",
        "draw a seed with probabilities in proportion to the squared distances; here the farthest row is always taken",
        _at(_7="found = xp.argmax(nearest)[None]"),
    ),
    mistake(
        "seed_recycled",
        "wrong_axis",
        "subtract the seed from every row; here its entries are dealt down the columns, one after another",
        {
            "_seeds: squares = ": "seed, (V, d) = xp.take(E, seeds[-1], axis=0)[0, :], E.shape\n"
            "dealt = xp.reshape(xp.take(seed, xp.arange(V * d) % d), (d, V))\n"
            "squares = xp.sum((E - xp.matrix_transpose(dealt)) ** 2, axis=1)"
        },
        origin=f"{GITHUB}/WGUNDERWOOD/motifcluster/pull/1",
    ),
    variant(
        "not_below",
        "the next seed is the first row whose sum is not below the draw; a draw of exactly 0 takes a seed again",
        f"{GITHUB}/scikit-learn/scikit-learn/blob/main/sklearn/cluster/_kmeans.py (kmeans_plusplus)",
        _at(_7='found = xp.searchsorted(sums / sums[-1], u[k : k + 1], side="left")'),
        choice=True,
    ),
    mistake(
        "label_for_token",
        "wrong_output",
        "a representative is the number of a row of E; here it is that of its cluster",
        _at(_10="nearest = names"),
    ),
    mistake(
        "seeds_for_representatives",
        "wrong_order",
        "take the rows nearest to the centres at the end; here the seeds",
        _at(_10="nearest = seeds"),
    ),
    mistake(
        "labels_before_the_move",
        "wrong_order",
        "labels are those of the centres at the end; here of the centres before the last move",
        {
            "cluster: return Clusters(": "return Clusters(seeds, xp.astype(before, xp.int64), centres * size, "
            "xp.astype(nearest, xp.int64))"
        },
        origin=f"{GITHUB}/scikit-learn/scikit-learn/pull/5231",
    ),
    mistake(
        "empty_to_zero",
        "missing_step",
        "an empty cluster keeps its centre; here its centre becomes 0",
        {"cluster: centres = xp.where": "centres = means"},
    ),
    mistake(
        "draws_rounded",
        "wrong_constant",
        "an index is floor(u n); here u n is rounded to the nearest",
        {"_floor: return": "return xp.clip(xp.astype(xp.round(u * n), xp.int64), max=n - 1)"},
    ),
    mistake(
        "expanded_distances",
        "numerics",
        "subtract before squaring; here |a|^2 - 2 a b + |b|^2 loses the digits of rows far from 0",
        {
            "_squared_distances: return": "return xp.sum(E**2, axis=1)[:, None] - 2 * (E @ centres.T) + "
            "xp.sum(centres**2, axis=1)[None, :]"
        },
    ),
    # Influence and pruning
    mistake(
        "lowest_kept",
        "wrong_sign",
        "keep what is above the percentile; here what is below it is kept",
        _at(_14="return Pruned(xp.asarray(threshold), influences < threshold)"),
    ),
    mistake(
        "against_the_best",
        "wrong_constant",
        "the influence is against the empty prompt; here against the best token",
        _at(_11='found = _rewards(logits, y, "cross_entropy")\nreturn found - xp.max(found)'),
    ),
    mistake(
        "no_baseline",
        "missing_step",
        "subtract the reward of the empty prompt; here it is not",
        _at(_11='return _rewards(logits, y, "cross_entropy")'),
    ),
    mistake(
        "kl_reversed",
        "wrong_order",
        "sum p log(p / p_empty) with p of the prompted answers; here the reverse",
        _at(_12="return xp.sum(xp.exp(logp_empty) * (logp_empty - logp), axis=(-2, -1))"),
        origin=f"{GITHUB}/pytorch/pytorch/issues/57459",
    ),
    mistake(
        "kl_averaged",
        "wrong_scale",
        "sum the divergences over the examples; here they are averaged",
        _at(_12="return xp.mean(xp.sum(xp.exp(logp) * (logp - logp_empty), axis=-1), axis=-1)"),
    ),
    mistake(
        "kl_mean_of_all",
        "wrong_scale",
        "sum over classes and examples; here the mean over both is taken",
        _at(_12="return xp.mean(xp.exp(logp) * (logp - logp_empty), axis=(-2, -1))"),
        origin=f"{GITHUB}/pytorch/pytorch/pull/14457",
    ),
    mistake(
        "threshold_kept",
        "wrong_constant",
        "keep what is strictly above the percentile; here what equals it too",
        _at(_14="return Pruned(xp.asarray(threshold), influences >= threshold)"),
    ),
    mistake(
        "absolute_influence",
        "missing_step",
        "harmful tokens go; here the absolute influence counts and they stay",
        {
            "prune: xp, ranked = ": "xp, ranked = array_namespace(influences), array_namespace(influences).sort("
            "array_namespace(influences).abs(influences))"
        }
        | _at(_14="return Pruned(xp.asarray(threshold), xp.abs(influences) > threshold)"),
    ),
    mistake(
        "place_of_n",
        "wrong_constant",
        "the percentile is at the place q (n - 1) / 100; here at q n / 100",
        {"prune: place = ": "place = min(q * n / 100, n - 1)"},
    ),
    variant(
        "lower_value",
        "the percentile is the next lower influence",
        "https://numpy.org/doc/stable/reference/generated/numpy.percentile.html (method='lower')",
        _at(_13="threshold = ranked[low]"),
        choice=True,
    ),
    variant(
        "middle_value",
        "the percentile is half-way between the two next to it",
        "https://numpy.org/doc/stable/reference/generated/numpy.percentile.html (method='midpoint')",
        _at(_13="threshold = (ranked[low] + ranked[low + 1]) / 2"),
        choice=True,
    ),
    # Greedy search
    mistake(
        "least_reward",
        "wrong_sign",
        "append the token of largest reward; here that of the least",
        _at(_16="best = xp.argmin(scores)"),
    ),
    mistake(
        "prepended",
        "wrong_order",
        "append a token; here it is put before the others",
        _at(_15="every = xp.concat([xp.astype(vocab, xp.int64)[:, None], before], axis=1)"),
    ),
    mistake(
        "each_token_once",
        "extra_step",
        "a token may come again; here each is taken once at most",
        _at(
            _16="used = xp.any(vocab[:, None] == prompt[None, :], axis=1)\n"
            "best = xp.argmax(xp.where(used, -math.inf, scores))"
        ),
    ),
    mistake(
        "best_not_reset",
        "missing_step",
        "each step takes the best of its own prompts; here one must beat the steps before, or their token comes again",
        _at(_16="top = xp.argmax(scores)\nbest = top if not found or bool(scores[top] > max(found)) else best"),
    ),
    mistake(
        "places_asked",
        "wrong_output",
        "ask about token ids; here about their places in the vocabulary that is left",
        _at(_15="every = xp.concat([before, xp.arange(v, dtype=xp.int64, device=device(vocab))[:, None]], axis=1)")
        | {"_tokens: return": "return xp.astype(places, xp.int64)"},
    ),
    variant(
        "last_of_equal",
        "of equal rewards the last one wins: which one is up to the library",
        "https://docs.pytorch.org/docs/stable/generated/torch.topk.html (ties are not specified)",
        _at(_16="best = v - 1 - xp.argmax(xp.flip(scores))"),
    ),
    mistake(
        "batches_counted",
        "wrong_output",
        "every prompt is a call of the black box; here every batch of them is one",
        {
            "greedy: return Found(": "return Found(prompt, array_namespace(scores).stack(found), length)",
            "genetic: best, score, count = ": "best, score, count = xp.take(population, top[None], axis=0)[0, :], "
            "scores[top], calls + 1",
        },
    ),
    # Genetic search
    mistake(
        "worst_stay",
        "wrong_sign",
        "the elites are the prompts of largest reward; here of the least",
        {"_breed: order = ": "order = xp.argsort(scores, stable=True)"},
    ),
    mistake(
        "elites_mutated",
        "extra_step",
        "the elites stay as they are; here they are mutated too, and the best is lost",
        _at(
            _21="changed = xp.where(draws.flip[:1, :] < p_mut, others[:1, :], elites)\n"
            "return xp.concat([changed, mutants, children])"
        ),
        origin=f"{GITHUB}/Artelnics/opennn/pull/39",
    ),
    mistake(
        "elites_overwritten",
        "missing_step",
        "every elite stays; here the best takes the place of all of them",
        _at(_21="return xp.concat([elites[:1, :] + 0 * elites, mutants, children])"),
        origin=f"{GITHUB}/SciML/Evolutionary.jl/issues/44",
    ),
    mistake(
        "parents_of_all",
        "wrong_constant",
        "mutants come from elites; here from the whole population",
        {"_breed: parents = ": "parents = xp.take(population, _floor(draws.parent, population.shape[0]), axis=0)"},
    ),
    mistake(
        "children_of_all",
        "wrong_constant",
        "children come from elites; here from the whole population",
        {
            "_breed: first, second = ": "first, second = (xp.take(population, _floor(draws.cross[:, j], "
            "population.shape[0]), axis=0) for j in (0, 1))"
        },
    ),
    mistake(
        "children_of_mutants",
        "wrong_order",
        "children come from elites; here from elites and mutants",
        {
            "_breed: first, second = ": "pool = xp.concat([elites, mutants])\nfirst, second = (xp.take(pool, "
            "_floor(draws.cross[:, j], pool.shape[0]), axis=0) for j in (0, 1))"
        },
    ),
    mistake(
        "same_token_again",
        "wrong_constant",
        "a position that changes gets another token; here it may get the same, and changes less often",
        {"_breed: others = _floor": _OTHERS.format("v")} | _at(_18="pass"),
    ),
    mistake(
        "mutated_in_place",
        "wrong_order",
        "a mutant is a copy of an elite; here the elite itself is changed, and with it all that come from it",
        _at(
            _19="elites = xp.asarray(elites, copy=True)\n"
            "which = _floor(draws.parent, count)\n"
            "for j in range(which.shape[0]):\n"
            "    old, new = elites[int(which[j]), :], _floor(draws.token[j, :], v - 1)\n"
            "    new = new + xp.astype(new >= old, xp.int64)\n"
            "    elites[int(which[j]), :] = xp.where(draws.flip[j, :] < p_mut, new, old)\n"
            "mutants = xp.take(elites, which, axis=0)"
        ),
    ),
    mistake(
        "never_the_last_token",
        "missing_step",
        "leave out the present token; here the last one is left out, and the present one may come again",
        _at(_18="pass"),
    ),
    mistake(
        "one_place_a_mutant",
        "wrong_constant",
        "each position changes by itself; here the first one decides for all",
        _at(_19="mutants = xp.where(draws.flip[:, :1] < p_mut, others, parents)"),
    ),
    mistake(
        "stays_with_p",
        "wrong_sign",
        "a position changes with probability p_mut; here it stays with it",
        _at(_19="mutants = xp.where(draws.flip < p_mut, parents, others)"),
    ),
    variant(
        "ends_stay",
        "the first and the last position do not mutate, as if they held special tokens",
        f"{_OFFICIAL}/blob/main/algs/genetics.py",
        _at(
            _19="place = xp.arange(parents.shape[1])\ninner = (place > 0) & (place < parents.shape[1] - 1)\n"
            "mutants = xp.where((draws.flip < p_mut) & inner, others, parents)"
        ),
    ),
    variant(
        "whole_parent",
        "one coin a child: it is one of its parents",
        f"{_OFFICIAL}/blob/main/algs/genetics.py",
        _at(_20="children = xp.where(draws.coin[:, :1] < 0.5, first, second)"),
    ),
    variant(
        "one_point",
        "a child is the first parent up to a point and the second one after it",
        "https://deap.readthedocs.io/en/master/api/tools.html#deap.tools.cxOnePoint",
        _at(
            _20="point = 1 + _floor(draws.coin[:, :1], max(1, first.shape[1] - 1))\n"
            "children = xp.where(xp.arange(first.shape[1]) < point, first, second)"
        ),
        choice=True,
    ),
    mistake(
        "coins_exchanged",
        "wrong_order",
        "below 0.5 the token is the first parent's; here the second one's",
        _at(_20="children = xp.where(draws.coin < 0.5, second, first)"),
    ),
    mistake(
        "children_first",
        "wrong_output",
        "mutants come before children; here after them",
        _at(_21="return xp.concat([elites, children, mutants])"),
    ),
    mistake(
        "best_of_the_new",
        "wrong_order",
        "the best prompt is that with the largest reward; here it is read at the same place of the next population",
        {
            "genetic: best, score, count = ": "place = top if before is None else xp.argmax(before.scores)\n"
            "best, score, count = xp.take(population, place[None], axis=0)[0, :], scores[top], "
            "calls + population.shape[0]"
        },
        origin=f"{_OFFICIAL}/blob/main/algs/genetics.py",
    ),
    mistake(
        "best_of_the_last",
        "missing_step",
        "return the best prompt ever; here that of the last population's middle",
        {
            "genetic: return GeneticState(": "middle = population[population.shape[0] // 2, :]\n"
            "return GeneticState(population, scores, middle, score, count)"
        },
    ),
    # Particle swarm
    mistake(
        "drifts_away",
        "wrong_sign",
        "e is -3 where equal and 3 where not; here the reverse: particles leave their bests",
        _at(_24="pull = sum(6.0 * xp.astype(x == goal, draws.move1.dtype) - 3.0 for goal in (best, g))"),
    ),
    mistake(
        "one_goal",
        "missing_step",
        "own best and best of all both pull; here the own best does not",
        _at(_24="pull = 3.0 - 6.0 * xp.astype(x == g, draws.move1.dtype)"),
    ),
    mistake(
        "inertia_rises",
        "wrong_order",
        "inertia falls from 0.8 to 0.2; here it rises",
        _at(_22="omega = 0.6 * i / T + 0.2"),
    ),
    mistake(
        "counts_from_one",
        "wrong_constant",
        "epochs count from 0 in the schedules; here from 1",
        _at(_22="i = i + 1\nomega = 0.6 * (T - i) / T + 0.2"),
    ),
    mistake(
        "gates_exchanged",
        "wrong_order",
        "moves to the own best grow rare, those to the best of all frequent; here the reverse",
        _at(_23="c1, c2 = 0.2 + 0.6 * i / T, 0.8 - 0.6 * i / T"),
    ),
    mistake(
        "no_share",
        "wrong_scale",
        "the pull counts by 1 - omega; here in full",
        _at(_25="velocity = omega * state.velocity + pull"),
    ),
    mistake(
        "no_memory",
        "missing_step",
        "the velocity keeps a share of what it was; here it is the pull alone",
        _at(_25="velocity = (1 - omega) * pull + 0 * state.velocity"),
    ),
    mistake(
        "slow_moves",
        "wrong_sign",
        "the chance of a move is sigmoid(v); here sigmoid(-v)",
        _at(_26="chance = sigmoid(-velocity)"),
    ),
    mistake(
        "stale_velocity",
        "wrong_order",
        "chances come from the new velocity; here from the old one",
        _at(_26="chance = sigmoid(state.velocity)"),
    ),
    mistake(
        "best_of_all_first",
        "wrong_order",
        "the move to the own best comes first; here that to the best of all",
        _at(_27=_ALL, _28=_OWN),
    ),
    mistake(
        "moves_turned",
        "wrong_order",
        "a particle moves to its own best; here its own best is moved to it",
        _at(_27="best = xp.where((draws.gate1 < c1)[:, None] & (draws.move1 < chance), x, best)"),
        origin=f"{_TEXTATTACK}/issues/753",
    ),
    mistake(
        "one_gate",
        "missing_step",
        "each of the two moves has a gate of its own; here the first one serves both",
        _at(_28=_ALL.replace("gate2 < c2", "gate1 < c2")),
    ),
    mistake(
        "one_draw_a_particle",
        "wrong_constant",
        "each position has a draw of its own; here the first one of a particle decides for all of its positions",
        _at(
            _27=_OWN.replace("draws.move1 <", "draws.move1[:, :1] <"),
            _28=_ALL.replace("draws.move2 <", "draws.move2[:, :1] <"),
        ),
    ),
    mistake(
        "whole_particle",
        "wrong_constant",
        "a mutation changes one position; here all of them",
        {"_move: hit = ": "hit = (draws.mut_gate < MUTATION)[:, None] & (place | ~place)"},
    ),
    mistake(
        "no_mutation",
        "missing_step",
        "particles mutate with probability 0.1; here never",
        _at(_29="return x, velocity"),
    ),
    mistake(
        "mutation_undone",
        "wrong_order",
        "mutation comes after the moves; here before, from where the particle was",
        _at(_29="return xp.where(hit, _floor(draws.mut_token, v)[:, None], state.x), velocity"),
    ),
    mistake(
        "own_best_forgets",
        "missing_step",
        "the own best is the best ever; here the present position",
        _at(_30="best, own = xp.where(more[:, None], x, x), scores"),
    ),
    mistake(
        "own_score_alone",
        "missing_step",
        "a better position is kept with its score; here the score alone is",
        _at(_30="best, own = state.best, xp.where(more, scores, state.scores)"),
    ),
    mistake(
        "best_of_the_epoch",
        "missing_step",
        "the best of all is the best ever; here that of the present epoch, also where it is worse",
        _at(_31="g, score = first, scores[top]"),
        origin=f"{GITHUB}/ljvmiranda921/pyswarms/pull/34",
    ),
    mistake(
        "last_that_beats",
        "wrong_order",
        "the best of the epoch may become the best of all; here the last one that beats the best of before",
        {
            "_seen: top = ": "beats = xp.astype(scores > state.score, xp.int64)\n"
            "top = x.shape[0] - 1 - xp.argmax(xp.flip(beats))"
        },
    ),
    mistake(
        "best_where_it_is_now",
        "wrong_output",
        "the best of all is where it was found; here where the particle that found it is now",
        _at(_31="g, score = xp.take(x, xp.argmax(own)[None], axis=0)[0, :], xp.max(own)"),
        origin=f"{GITHUB}/ljvmiranda921/pyswarms/issues/292",
    ),
    mistake(
        "aliased",
        "wrong_output",
        "copy a particle into its own best; here both are one array, so that a mutation alters the own best as well "
        "while its score stays",
        {
            "swarm: x, velocity = _move(": "x, velocity = _move(state, now, v, k - 1, T)\n"
            "_, c1, c2 = schedules(k - 1, T)\n"
            "still = xp.all(state.x == state.best, axis=1) & (now.gate1 >= c1) & (now.gate2 >= c2)\n"
            "state = state._replace(best=xp.where(still[:, None], x, state.best))"
        },
        origin=f"{_TEXTATTACK}/pull/829",
    ),
    mistake(
        "refreshed_inside",
        "wrong_order",
        "the best of all stays for an epoch; here each particle sees what those before it have found",
        {
            "swarm: x, velocity = _move(": "parts = []\n"
            "g, score = state.g, state.score\n"
            "for n in range(state.x.shape[0]):\n"
            "    one = SwarmState(*(a[n : n + 1, ...] for a in state[:4]), g, score, state.calls)\n"
            "    draw = SwarmDraws(*(a[n : n + 1, ...] for a in now))\n"
            "    x, velocity = _move(one, draw, v, k - 1, T)\n"
            "    one = _seen(one, x, velocity, _ask(reward, _tokens(vocab, x)))\n"
            "    g, score = one.g, one.score\n"
            "    parts.append(one)\n"
            "return SwarmState(*(xp.concat([p[f] for p in parts]) for f in range(4)), g, score, parts[-1].calls)"
        },
    ),
    variant(
        "clamped",
        "no velocity is larger than 3",
        "https://pyswarms.readthedocs.io/en/latest/api/pyswarms.single.html (velocity_clamp)",
        _at(_25="velocity = xp.clip(omega * state.velocity + (1 - omega) * pull, min=-3.0, max=3.0)"),
        choice=True,
    ),
)
