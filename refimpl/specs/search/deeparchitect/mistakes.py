"""What goes wrong in DeepArchitect: lines of the source that read otherwise."""

from refimpl.core.arrays import array_namespace, from_numpy, to_numpy
from refimpl.search import deeparchitect as da
from refimpl.specs.base import mistake, variant
from refimpl.specs.search.deeparchitect import cases

_LEGACY = "https://github.com/negrinho/deep_architect_legacy/blob/master/darch"
_MODULES, _SEARCHERS = f"{_LEGACY}/modules.py", f"{_LEGACY}/searchers.py"
_LATER = "https://github.com/negrinho/deep_architect/blob/master/deep_architect/searchers/mcts.py"
_EXPAND = "node = node._replace(children=(init(),) * len(_offered(state)))"
_STOP, _PATH = "_update: node = node._replace(visits", "_update: node = Node(parent"
_NOT_TOLD = {"count": "the number of networks and their probabilities are the same"}


def _first_dims(space, in_dims, history):
    """`walk` in which each module is given the shape of the first input."""
    sizes, numbers = to_numpy(in_dims).tolist(), array_namespace(in_dims).float64
    state, offered = da.follow(da.start(da.parse(space), sizes), to_numpy(history).tolist())
    dims = da.shape(state.layers[-1:], sizes)
    layers = from_numpy(cases.rows(da.flat(state.layers)), like=in_dims, dtype=numbers)
    return layers, *(from_numpy(x, like=in_dims, dtype=in_dims.dtype) for x in (dims, offered))


def _uniform_leaves(space, in_dims, most):
    """`count` in which all networks are equally likely."""
    models, numbers = da.count(da.parse(space)), array_namespace(in_dims).float64
    alike = [1 / models] * min(models, most)
    return from_numpy(models, like=in_dims), from_numpy(alike, like=in_dims, dtype=numbers)


ALTERNATIVES = (
    # Spaces
    mistake("optional_exchanged", "wrong_order", "the first choice of Optional is Empty; here it is the module",
            {"deeparchitect-1": 'return *parts, Module("Empty", (), ())'}),
    mistake("never_swapped", "missing_step", "the second choice of MaybeSwap swaps; here it does not",
            {"deeparchitect-2": 'return Module("Concat", parts, ()), Module("Concat", parts, ())'}),
    mistake("queue", "wrong_order",
            "what is inside a module comes before what follows it; here it is put at the end",
            {"deeparchitect-4": "rest = [*rest, *parts]"}),
    mistake("parts_reversed", "wrong_order", "the parts of a Concat come in order; here the last comes first",
            {"deeparchitect-4": "rest = [*parts[::-1], *rest]"}),
    mistake("one_copy_more", "wrong_constant", "a Repeat has k copies; here k + 1",
            {"deeparchitect-5": "rest = [*parts * (lists[0][0] + 1), *rest]"}),
    mistake("one_copy_alone", "missing_step", "a Repeat has k copies; here there is one, whatever k",
            {"deeparchitect-5": "rest = [*parts, *rest]"}),
    mistake("copies_are_one", "wrong_order",
            "each copy of a Repeat makes choices of its own; here they are the same object, and the first makes those "
            "of all",
            {"deeparchitect-5": 'rest = [*parts, Module("tie", (), (lists[0], (len(layers),))), *rest]'}),
    mistake("tied_copies_asked", "extra_step",
            "the first copy of a RepeatTied makes the choices of all; here each makes its own",
            {'_apart: rest = [*parts, Module("tie"': "rest = [*parts * lists[0][0], *rest]"}),
    mistake("one_tied_copy_more", "wrong_constant", "tied copies are k in all; here k besides the first",
            {"deeparchitect-6": "copy = layers[lists[1][0] :] * lists[0][0]"}, unseen=_NOT_TOLD),
    mistake("tied_copies_alone", "missing_step", "tied copies are k; here the first is alone",
            {"deeparchitect-6": "copy = ()"}, unseen=_NOT_TOLD),
    mistake("everything_tied", "wrong_order", "the tied module is copied; here all that came before is copied too",
            {"deeparchitect-6": "copy = layers * (lists[0][0] - 1)"}, unseen=_NOT_TOLD),
    mistake("tied_shape_lost", "missing_step",
            "each tied copy changes the shape anew; here the shape is that after the first copy",
            {"_apart: layers, dims = layers + copy": "layers = layers + copy"}, unseen=_NOT_TOLD),
    mistake("first_inner_alone", "missing_step",
            "a Residual is represented by all that is inside; here by the first module alone, and different networks "
            "look the same",
            {"deeparchitect-7": 'layers = (*layers[:first], ("Residual", *layers[first : first + 1]))'},
            origin=_MODULES, unseen=_NOT_TOLD),
    mistake("residual_narrow", "wrong_constant",
            "a residual sum is as large as the larger of both; here as the smaller",
            {"deeparchitect-8": "return tuple(min(i, j) for i, j in zip(a, b, strict=True))"},
            unseen=_NOT_TOLD),
    mistake("residual_of_output", "missing_step",
            "a residual sum is as large as the larger of both; here as what is inside",
            {"deeparchitect-8": "return tuple(b)"},
            unseen=_NOT_TOLD),
    mistake("valid_without_one", "wrong_constant",
            "a VALID window has size - 1 places less; here it has size places less",
            {'_windows: less = 0': 'less = 0 if padding == "SAME" else size'}, unseen=_NOT_TOLD),
    mistake("always_valid", "missing_step", "SAME pads the image; here no window reaches beyond it",
            {"_windows: less = 0": "less = size - 1"}, unseen=_NOT_TOLD),
    mistake("strides_rounded_down", "wrong_constant", "places are counted from 0: round up; here down",
            {"deeparchitect-9": "height, width = ((side - less) // stride for side in dims[:2])"}, unseen=_NOT_TOLD),
    mistake("stride_ignored", "missing_step", "windows go on by the stride; here by one",
            {"deeparchitect-9": "height, width = (side - less for side in dims[:2])"}, unseen=_NOT_TOLD),
    mistake("square_images", "wrong_axis", "each side has its own length; here the height counts for both",
            {"deeparchitect-9": "height, width = (-((less - dims[0]) // stride) for side in dims[:2])"},
            unseen=_NOT_TOLD),
    mistake("first_shape_for_all", "wrong_order",
            "a module is given the shape that the one before puts out; here that of the first input",
            functions={"walk": _first_dims}),
    # Choices
    mistake("middle_above", "wrong_constant",
            "the middle is rounded down; here up, and the lower half is the longer one",
            {"deeparchitect-11": "return (low + high + 1) // 2"}),
    mistake("halves_exchanged", "wrong_sign", "0 is the lower half; here it is the upper one",
            {"deeparchitect-12": "path.append(xp.where(more, 1 - xp.astype(upper, values.dtype), -1))",
             "_offered: return options[:m]": "return options[m:], options[:m]"}),
    mistake("zeros_at_the_end", "wrong_output", "a path that has ended goes on with -1; here with 0",
            {"deeparchitect-12": "path.append(xp.where(more, xp.astype(upper, values.dtype), 0))"}),
    mistake("binary_digits", "wrong_output",
            "a path follows the intervals, whose lengths differ; here it has the binary digits of the value",
            {"deeparchitect-12": "path.append(values // 2 ** ((n - 1).bit_length() - 1 - len(path)) % 2)"}),
    mistake("roll_of_one_less", "wrong_constant",
            "a random index is floor(r k); here floor(r (k - 1)), and the last value never comes",
            {"deeparchitect-18": "i = int(draws[len(history)] * (k - 1))"}),
    mistake("roll_rounded", "wrong_constant",
            "a random index is floor(r k); here r (k - 1) is rounded, and the ends come half as often",
            {"deeparchitect-18": "i = round(float(draws[len(history)] * (k - 1)))"}),
    mistake("roll_from_the_first", "wrong_order",
            "the j-th draw makes the j-th choice of the walk; here the rollout starts with the first draw again",
            {"_update: state, rest = ": "state, rest = _roll(state, rolls)"}),
    # Counting
    mistake("or_multiplied", "wrong_constant", "sizes of branches are added; here they are multiplied",
            {"deeparchitect-14": "return math.prod(sizes)"}),
    mistake("parts_added", "wrong_constant", "sizes of what stands in series are multiplied; here they are added",
            {"deeparchitect-13": "return (sum(sizes) or 1) * math.prod(map(len, space.lists))"}),
    mistake("copies_multiplied", "wrong_constant", "k copies have N**k networks; here k N",
            {"deeparchitect-15": "return sum(sizes[0] * k for k in space.lists[0])"}),
    mistake("tied_as_repeated", "wrong_constant", "k tied copies have N networks; here N**k",
            {"deeparchitect-16": "return sum(sizes[0] ** k for k in space.lists[0])"}),
    mistake("largest_count_alone", "missing_step", "all counts of a Repeat count; here the largest alone",
            {"deeparchitect-15": "return sizes[0] ** max(space.lists[0])"}),
    mistake("leaves_alike", "wrong_constant",
            "random search is uniform at each choice; here all networks are equally likely",
            functions={"count": _uniform_leaves}),
    mistake("probability_lost", "missing_step", "a probability is a product along the path; here the last choice alone",
            {"deeparchitect-17": "p = 1 / k"}),
    # Tree search
    mistake("child_in_log", "wrong_constant", "the logarithm is of the parent's visits; here of the child's",
            {"deeparchitect-19": "log = math.log if isinstance(visits, int) else array_namespace(visits).log\n"
             "return total / visits + c * (2 * log(visits) / visits) ** 0.5"},
            origin="https://github.com/google-deepmind/open_spiel/issues/19"),
    mistake("total_in_log", "wrong_constant",
            "the logarithm is of the visits of the node; here of all evaluations, which are those of the root",
            {"_update: i = ": "i = _best([_bound(x, node._replace(visits=tree.visits), c) for x in node.children], "
             "ties[len(path)])"}),
    mistake("factor_lost", "wrong_constant", "the bonus is c sqrt(2 ln n / n_i); here without the 2",
            {"deeparchitect-19": "return total / visits + c * (math.log(parent) / visits) ** 0.5"}),
    mistake("root_of_log_alone", "wrong_constant",
            "the root is over the whole quotient; here over the logarithm alone",
            {"deeparchitect-19": "return total / visits + c * (2 * math.log(parent)) ** 0.5 / visits"}),
    mistake("no_mean", "missing_step", "a child is worth its mean score; here the sum",
            {"deeparchitect-19": "return total + c * (2 * math.log(parent) / visits) ** 0.5"}),
    mistake("mean_of_parent", "wrong_constant", "the mean is over the child's visits; here over the parent's",
            {"deeparchitect-19": "return total / parent + c * (2 * math.log(parent) / visits) ** 0.5"},
            origin="https://github.com/zxqfl/mcts/pull/2"),
    mistake("phantom_visit", "wrong_constant", "a new node has no visits; here it has one",
            {"init: return": "return Node(1, 0.0, ())"}, origin="https://github.com/gc-os-ai/pyaptamer/pull/484"),
    mistake("no_bonus", "missing_step", "few visits give a bonus; here means alone decide",
            {"deeparchitect-19": "return total / visits + 0.0 * c"}),
    mistake("bonus_below", "wrong_sign", "few visits are a bonus; here they are a cost",
            {"deeparchitect-19": "return total / visits - c * (2 * math.log(parent) / visits) ** 0.5"}),
    mistake("one_visit_more", "wrong_constant", "the logarithm is of the visits; here of one more",
            {"deeparchitect-19": "return total / visits + c * (2 * math.log(parent + 1) / visits) ** 0.5"}),
    variant("survey_constant", "the constant C_p of the survey of Browne et al. (2012), 2 C_p in place of c",
            "https://doi.org/10.1109/TCIAIG.2012.2186810",
            {"deeparchitect-19": "return total / visits + 2 * c * (2 * math.log(parent) / visits) ** 0.5"}),
    mistake("unvisited_last", "wrong_sign", "what was never visited comes first; here last",
            {"_bound: return": "return _uct(child.total, child.visits, node.visits, c) if child.visits else -math.inf",
             "select: return": "return xp.where(visits > 0, bounds, -math.inf), _best([u if visited else -math.inf "
             "for u, visited in known], r)"}),
    mistake("smallest_first", "wrong_sign", "go to the child of the largest bound; here of the smallest",
            {"_best: most = ": "most = min(scores)"}),
    variant("first_of_equals", "the first of equal children, without a draw",
            "https://github.com/int8/monte-carlo-tree-search/blob/master/mctspy/tree/nodes.py",
            {"deeparchitect-20": "return tied[0]"}),
    variant("expand_then_descend", "the walk goes on to a child that has just been made, by its roll",
            _LATER,
            {"deeparchitect-21": f"{_EXPAND}\ni = int(rolls[len(path)] * len(node.children))\npath.append((node, i))\n"
             "node, state = node.children[i], _choose(state, i)"}),
    mistake("stop_alone", "missing_step", "all nodes on the path get visit and score; here the last one alone",
            {_PATH: "node = Node(parent.visits, parent.total, children)"},
            origin="https://github.com/bcollazo/deckgym-core/pull/275"),
    mistake("root_forgotten", "missing_step", "the root is on the path; here it gets no visits after the first",
            {_PATH: "node = Node(parent.visits + n * (parent is not tree), parent.total + gain, children)"}),
    mistake("last_score", "wrong_constant", "a node sums its scores; here the last one replaces them",
            {_STOP: "node = node._replace(visits=node.visits + n, total=gain)",
             _PATH: "node = Node(parent.visits + n, gain, children)"}),
    mistake("best_score", "wrong_constant", "a node sums its scores; here it keeps the best",
            {_STOP: "node = node._replace(visits=node.visits + n, total=max(node.total, gain) "
             "if node.visits else gain)",
             _PATH: "node = Node(parent.visits + n, max(parent.total, gain) if parent.visits else gain, children)"}),
    mistake("visits_forgotten", "missing_step", "the last node of the walk gets a visit; here its parents alone",
            {_STOP: "node = node._replace(total=node.total + gain) if path else node._replace(visits=node.visits + n, "
             "total=node.total + gain)"}),
    mistake("children_are_one", "wrong_output",
            "each child is a node of its own; here all children of a node are the same object, and share visits and "
            "scores",
            {"_update: children = ": "children = (node,) * len(parent.children)"}),
    mistake("mean_divided_again", "wrong_scale",
            "a node sums its scores, for the bound divides by the visits; here it keeps the mean, which is divided too",
            {_STOP: "node = node._replace(visits=node.visits + n, total=node.total + (gain - node.total) / "
             "(node.visits + 1))",
             _PATH: "node = Node(parent.visits + n, parent.total + (gain - parent.total) / (parent.visits + 1), "
             "children)"}),
    mistake("rollout_in_the_tree", "extra_step",
            "one node gets children in each walk; here all nodes of the rollout do, and are told the score",
            {"_update: if state.todo": "while state.todo:",
             "deeparchitect-21": f"{_EXPAND}\ni = int(rolls[len(path)] * len(node.children))\npath.append((node, i))\n"
             "node, state = node.children[i], _choose(state, i)"}),
    # The surrogate
    mistake("last_window_lost", "missing_step",
            "a network of M modules has M - k + 1 windows of k; here M - k, and one module has no features",
            {"_grams: return": "return Counter(tuple(names[i : i + k]) for k in range(1, longest + 1) "
             "for i in range(len(names) - k))"}, origin=_SEARCHERS),
    mistake("longest_left_out", "wrong_constant", "n-grams have up to `longest` modules; here one less",
            {"_grams: return": "return Counter(tuple(names[i : i + k]) for k in range(1, longest) "
             "for i in range(len(names) - k + 1))"}),
    mistake("longest_alone", "missing_step", "n-grams have 1 to `longest` modules; here `longest` alone",
            {"_grams: return": "return Counter(tuple(names[i : i + k]) for k in (longest,) "
             "for i in range(len(names) - k + 1))"}),
    mistake("empty_in_grams", "extra_step", "Empty is passed over; here it is a module of n-grams",
            {"_grams: names = ": "names = [KINDS.index(kind) for kind, *_ in model]"}),
    variant("empty_counted", "Empty is one of the modules that are counted", _SEARCHERS,
            {"features: modules = ": "modules = len(model)"}),
    mistake("grams_once", "wrong_constant", "an n-gram counts as often as it occurs; here once",
            {"deeparchitect-26": "rows.append([float(modules), *(float(grams[key] > 0) for key in vocabulary.grams), "
             "*there])"}),
    mistake("values_counted", "wrong_constant", "a value is there or not; here it counts as often as it occurs",
            {"features: there = ": "there = [float(held[key]) for key in vocabulary.values]"}),
    mistake("more_than_least", "wrong_constant", "what occurs `least` times counts; here what occurs more often",
            {"deeparchitect-25": "often = lambda found: (key for key, times in found.items() if times > least)"}),
    mistake("networks_counted", "wrong_constant",
            "`least` is how often it occurs in all; here in how many networks",
            {"vocabulary: grams": "grams: Counter = sum((Counter(set(_grams(model, longest))) for model in models), "
             "Counter())",
             "vocabulary: held": "held: Counter = sum((Counter(set(_held(model))) for model in models if values), "
             "Counter())"}),
    mistake("asked_ones_counted", "wrong_order",
            "features are those of the networks that were evaluated; here those of the candidates count as well",
            {"features: words = ": 'words = da.vocabulary([*known, *new], longest=longest, least=least, '
             'values=kind == "types+values")'}),
    mistake("threshold_ignored", "missing_step", "rare n-grams do not count; here all do",
            {"deeparchitect-25": "often = lambda found: (key for key in found)"}),
    mistake("place_ignored", "missing_step", "a value counts at its place; here at any",
            {"_held: return": "return Counter((KINDS.index(kind), 0, number(value)) for kind, *row in model "
             "for value in row)"}),
    mistake("alphabetical", "wrong_output", "shorter n-grams come first; here they are sorted by their kinds alone",
            {"vocabulary: return":
             "return Vocabulary(tuple(sorted(often(grams))), tuple(sorted(often(held))), longest)"}),
    mistake("not_centred", "missing_step", "the intercept is not penalised; here it is: nothing is centred",
            {"deeparchitect-27": "centre, level = 0.0 * xp.mean(X, axis=0), 0.0 * xp.mean(y)"}),
    mistake("features_not_centred", "missing_step", "centre features and scores; here scores alone",
            {"deeparchitect-27": "centre, level = 0.0 * xp.mean(X, axis=0), xp.mean(y)"}),
    mistake("candidates_not_centred", "missing_step",
            "what is asked is centred like what is known; here it is not",
            {"deeparchitect-29": "return level + candidates @ w"}),
    mistake("features_standardised", "extra_step",
            "features are centred alone; here they are divided by their deviations too, and lambda weighs differently",
            {"deeparchitect-27": "centre, level = xp.mean(X, axis=0), xp.mean(y)\n"
             "spread = xp.std(X, axis=0)\n"
             "spread = xp.where(spread > 0, spread, 1.0)\n"
             "X, candidates, centre = X / spread, candidates / spread, centre / spread"}),
    mistake("intercept_penalised", "wrong_constant",
            "the intercept is not penalised; here it is the weight of a column of ones like any other",
            {"deeparchitect-27": "X, candidates = (xp.concat([xp.ones_like(A[:, :1]), A], axis=1) for A in (X, "
             "candidates))\ncentre, level = 0.0 * X[0, :], 0.0 * y[0]"}),
    mistake("level_lost", "missing_step", "the mean score belongs to a prediction; here it is left out",
            {"deeparchitect-29": "return (candidates - centre) @ w"}),
    mistake("penalty_squared", "wrong_constant", "add lambda to the squares of the singular values; here its square",
            {"_predict: shrunk = ": "shrunk = xp.where(s > 0, 1 / (s + penalty * penalty / xp.where(s > 0, s, 1.0)), "
             "0.0)"}),
    mistake("penalty_of_mean", "wrong_constant",
            "lambda is set against the sum over networks; here against their mean",
            {"_predict: shrunk = ": "shrunk = xp.where(s > 0, 1 / (s + X.shape[0] * penalty / "
             "xp.where(s > 0, s, 1.0)), 0.0)"}),
    mistake("no_penalty", "missing_step", "large weights are penalised; here they are not",
            {"_predict: shrunk = ": "kept = s > 1e-10 * xp.max(s)\n"
             "shrunk = xp.where(kept, 1 / xp.where(kept, s, 1.0), 0.0)"}),
    mistake("explores_too_rarely", "wrong_sign", "explore if r_explore < explore; here if it is not",
            {"deeparchitect-30": "if r_explore >= explore:"}),
    mistake("never_explores", "missing_step", "now and then a random candidate is taken; here never",
            {"deeparchitect-30": "if False:"}),
    mistake("explores_on_the_edge", "wrong_constant", "explore if r_explore < explore; here <=",
            {"deeparchitect-30": "if r_explore <= explore:"}),
    mistake("picked_by_the_other", "wrong_order", "r_pick says which one; here r_explore says both",
            {"propose: return predictions, xp.asarray": "return predictions, xp.asarray(int(r_explore * m), "
             "dtype=xp.int64, device=where)"}),
    mistake("worst_taken", "wrong_sign", "take the candidate of the best prediction; here of the worst",
            {"propose: return predictions, xp.astype":
             "return predictions, xp.astype(xp.argmin(predictions), xp.int64)"}),
    variant("last_of_best", "the last of equal candidates, as of a sort that is turned around", _SEARCHERS,
            {"propose: return predictions, xp.astype":
             "return predictions, xp.astype(m - 1 - xp.argmax(xp.flip(predictions)), xp.int64)"}),
    # Layers
    mistake("padded_in_front", "wrong_order", "zeros come at the end of an axis; here at its start",
            {"_padded: x = ": "x = xp.concat([xp.zeros(more, dtype=x.dtype, device=x.device), x], axis=axis)"}),
    mistake("first_axis_fastest", "wrong_axis", "the last axis runs fastest; here the first",
            {"deeparchitect-33": "x, b = (xp.reshape(xp.permute_dims(a, (0, *range(len(a.shape) - 1, 0, -1))), "
             "(a.shape[0], -1)) for a in (x, b))"}),
    mistake("cut", "missing_step", "what is shorter gets zeros; here what stands beyond it is lost",
            {"deeparchitect-32": "x, b = _padded(x, dims), _padded(b, dims)\n"
             "return xp.where((x == 0.0) | (b == 0.0), 0.0, x + b)"}),
    mistake("padded_when_flat", "wrong_axis",
            "zeros come at the end of each axis; here all at the end of the flat array, whose rows are then cut anew",
            {"deeparchitect-32": "size = 1\n"
             "for side in dims:\n"
             "    size = size * side\n"
             "flat = lambda a: xp.reshape(_padded(xp.reshape(a, (a.shape[0], -1)), [size]), (a.shape[0], *dims))\n"
             "return flat(x) + flat(b)"}),
    mistake("input_lost", "missing_step", "the input is added; here the output is alone",
            {"deeparchitect-32": "return 0.0 * _padded(x, dims) + _padded(b, dims)"}),
    mistake("subtracted", "wrong_sign", "the input is added; here the output is subtracted from it",
            {"deeparchitect-32": "return _padded(x, dims) - _padded(b, dims)"}),
    mistake("drop_for_keep", "wrong_constant", "keep is the share that is kept; here the share that goes",
            {"deeparchitect-31": "return xp.where(u >= keep, x / max(1 - keep, 1e-30), 0.0)"},
            origin="https://github.com/hunkim/DeepLearningZeroToAll/issues/204"),
    mistake("divided_by_the_other", "wrong_constant", "divide by keep; here by the share that goes",
            {"deeparchitect-31": "return xp.where(u < keep, x / max(1 - keep, 1e-30), 0.0)"},
            origin="https://github.com/lmjohns3/theanets/pull/123"),
    mistake("others_kept", "wrong_sign", "u < keep is kept; here what is not goes on",
            {"deeparchitect-31": "return xp.where(u >= 1 - keep, x / keep, 0.0)"}),
    mistake("not_made_up_for", "missing_step", "divide by keep; here values shrink in the mean",
            {"deeparchitect-31": "return xp.where(u < keep, x, 0.0)"}),
    mistake("kept_on_the_edge", "wrong_constant", "u < keep is kept; here u = keep is too",
            {"deeparchitect-31": "return xp.where(u <= keep, x / keep, 0.0)"}),
    mistake("drops_in_evaluation", "extra_step", "in evaluation nothing is switched off; here it is",
            {"dropout: if not training": "if False:"}),
    mistake("scaled_in_evaluation", "extra_step", "in evaluation values stay; here they are multiplied by keep",
            {"dropout: return x": "return x * keep"}),
)  # fmt: skip
