"""What goes wrong in random sparse search: lines of the source that read otherwise."""

from refimpl.core.arrays import array_namespace, device
from refimpl.core.special import softmax
from refimpl.models.losses import softmax_cross_entropy
from refimpl.specs.base import mistake, variant

GITHUB = "https://github.com"
_NOT_RESCALED = {"trajectory": "training starts from the inherited weights"}
_ON = "xp.any(xp.arange({W}.shape[{axis}])[:, None] == {kept}[None, :], axis=1)"
_FINAL = "final = rss.extract(run.state.params, mask)"


def _at(**lines):
    """Lines by the numbers of their tags, `_14="..."`."""
    return {f"random_sparse_search-{number[1:]}": line for number, line in lines.items()}


def _velocity(rule):
    return _at(_14=f"velocity = tree.map(lambda v, g: {rule}, state.velocity, gradient)")


def _moved(rule):
    return _at(_15=f"params = tree.map(lambda theta, v, g: {rule}, state.params, velocity, gradient)")


def _open_backward(W1, b1, W2, b2, W3, b3, mask1, mask2, X, y, batches, lr, momentum):
    """The parent is trained with nodes switched off on the way forward, but not on the way back."""
    xp, weights, velocity = array_namespace(X), [W1, b1, W2, b2, W3, b3], [0.0] * 6
    first, second = (
        xp.any(xp.arange(b.shape[0], dtype=m.dtype, device=device(m))[:, None] == m[None, :], axis=1)
        for m, b in ((mask1, b1), (mask2, b2))
    )

    def forward(x):
        z1 = x @ weights[0] + weights[1]
        h1 = xp.where(first, xp.maximum(z1, 0.0), 0.0)
        z2 = h1 @ weights[2] + weights[3]
        h2 = xp.where(second, xp.maximum(z2, 0.0), 0.0)
        return z1, h1, z2, h2, h2 @ weights[4] + weights[5]

    losses = [softmax_cross_entropy(forward(X)[-1], y)]
    for t in range(batches.shape[0]):
        x, labels = xp.take(X, batches[t, :], axis=0), xp.take(y, batches[t, :])
        z1, h1, z2, h2, logits = forward(x)
        truth = xp.astype(labels[:, None] == xp.arange(logits.shape[1])[None, :], x.dtype)
        d3 = (softmax(logits) - truth) / x.shape[0]
        d2 = xp.where(z2 > 0, d3 @ weights[4].T, 0.0)
        d1 = xp.where(z1 > 0, d2 @ weights[2].T, 0.0)
        gradient = [g for h, d in ((x, d1), (h1, d2), (h2, d3)) for g in (h.T @ d, xp.sum(d, axis=0))]
        velocity = [momentum * v - lr * g for v, g in zip(velocity, gradient, strict=True)]
        weights = [w + v for w, v in zip(weights, velocity, strict=True)]
        losses.append(softmax_cross_entropy(forward(X)[-1], y))
    W1, b1, W2, b2, W3, b3 = weights
    inner = xp.take(xp.take(W2, mask1, axis=0), mask2, axis=1)
    small = xp.take(W1, mask1, axis=1), xp.take(b1, mask1), inner, xp.take(b2, mask2), xp.take(W3, mask2, axis=0), b3
    return xp.stack(losses), *small


ALTERNATIVES = (
    # The masks
    mistake(
        "masks_unsorted",
        "wrong_output",
        "a mask names its nodes in rising order; here they come as they were drawn",
        _at(_1="return perms[:, :keep]"),
    ),
    mistake(
        "kept_and_removed_exchanged",
        "wrong_output",
        "keep so many nodes; here so many are removed",
        _at(_1="return xp.sort(perms[:, : max(1, width - keep)], axis=1)"),
        origin=f"{GITHUB}/VainF/Torch-Pruning/issues/3",
    ),
    mistake(
        "bernoulli",
        "wrong_axis",
        "keep exactly so many nodes; here each node is kept or not by itself, and their number varies",
        _at(
            _1="on = xp.astype(perms, xp.float64) * 0.618 % 1.0 < keep / width\n"
            "count = max(1, int(xp.sum(xp.astype(on[0, :], xp.int64))))\n"
            "order = xp.argsort(xp.astype(~on, xp.int64), axis=1, stable=True)\n"
            "return xp.sort(order[:, :count], axis=1)"
        ),
    ),
    mistake(
        "same_mask_each_look",
        "wrong_axis",
        "draw a mask for each look; here the first one serves them all",
        _at(_1="return xp.sort(xp.broadcast_to(perms[:1, :keep], (perms.shape[0], keep)), axis=1)"),
    ),
    mistake(
        "rows_from_zero_missing",
        "wrong_constant",
        "nodes count from 0; here from 1",
        _at(_1="return xp.sort(perms[:, :keep], axis=1) + 1"),
    ),
    variant(
        "by_place",
        "each node has a random number of its own, those of the smallest are kept: the same law, another mask",
        f"{GITHUB}/pytorch/pytorch/blob/main/torch/nn/utils/prune.py (RandomStructured)",
        _at(_1="return xp.sort(xp.astype(xp.argsort(perms, axis=1)[:, :keep], perms.dtype), axis=1)"),
    ),
    variant(
        "removed_first",
        "the first entries of the permutation are removed, the others kept: the same law, another mask",
        f"{GITHUB}/VainF/Torch-Pruning/issues/15 (indices that are drawn are removed)",
        _at(_1="return xp.sort(perms[:, width - keep :], axis=1)"),
    ),
    variant(
        "first_nodes",
        "the first nodes are kept, whatever is drawn, as in slimmable networks",
        f"{GITHUB}/whittle-org/whittle/pull/50 (sampling of random nodes is an option there)",
        _at(_1="return xp.sort(xp.broadcast_to(xp.arange(keep, dtype=perms.dtype), (perms.shape[0], keep)), axis=1)"),
        choice=True,
    ),
    # The sub-network
    mistake(
        "stale_rows",
        "missing_step",
        "take those rows of a layer that come from kept nodes; here its first rows are taken",
        _at(_3="W = W[: mask[l - 1].shape[0], :]"),
    ),
    mistake(
        "stale_columns",
        "missing_step",
        "take those columns of a layer that lead to kept nodes; here its first columns are taken",
        _at(_2="W, b = W[:, : mask[l].shape[0]], xp.take(b, mask[l])"),
    ),
    mistake(
        "stale_biases",
        "missing_step",
        "take the biases of the kept nodes; here the first ones are taken",
        _at(_2="W, b = xp.take(W, mask[l], axis=1), b[: mask[l].shape[0]]"),
    ),
    mistake(
        "biases_dropped",
        "missing_step",
        "biases are inherited too; here they start from 0",
        _at(_2="W, b = xp.take(W, mask[l], axis=1), 0.0 * xp.take(b, mask[l])"),
    ),
    mistake(
        "outputs_pruned",
        "extra_step",
        "all outputs are kept; here the last class is switched off with the nodes",
        _at(
            _3="W = xp.take(W, mask[l - 1], axis=0)\n"
            "if l == len(mask):\n"
            "    kept = xp.astype(xp.arange(W.shape[1]) < W.shape[1] - 1, W.dtype)\n"
            "    W, b = W * kept[None, :], b * kept"
        ),
        origin=f"{GITHUB}/PaddlePaddle/PaddleSlim/pull/734",
    ),
    mistake(
        "bias_left",
        "missing_step",
        "a node that is removed takes its bias along; here its weights are masked and the bias stays: it says relu(b)",
        _at(_5="h = xp.maximum(xp.where(on, h @ W, 0.0) + b, 0.0)"),
        origin=f"{GITHUB}/pytorch/pytorch/issues/38598",
    ),
    mistake(
        "bias_left_in_looks",
        "missing_step",
        "a look is at the kept nodes alone; here the others have weights of 0 and their biases still, and say relu(b)",
        {
            "_initial_losses: small = ": "xp, small = array_namespace(X), []\n"
            "for r in rows:\n"
            "    grown = []\n"
            "    for l, (W, b) in enumerate(params):\n"
            "        scale = (W.shape[0] / masks[l - 1].shape[1]) ** 0.5 if rescale and l else 1.0\n"
            "        if l < len(masks):\n"
            f"            on = {_ON.format(W='W', axis=1, kept='masks[l][r, :]')}\n"
            "            W = xp.where(on[None, :], W, 0.0)\n"
            "        grown.append(Layer(W * scale, b))\n"
            "    small.append(grown)",
        },
        origin=f"{GITHUB}/pytorch/pytorch/pull/63202",
    ),
    mistake(
        "masks_pile_up",
        "wrong_output",
        "each look is at the parent; here its masks set weights and biases of the parent itself to 0, and a later look "
        "finds only what all before it have left",
        {
            "_initial_losses: small = ": "xp, small, params = array_namespace(X), [], list(params)\n"
            "for r in rows:\n"
            "    for l, layer in enumerate(masks):\n"
            f"        on = {_ON.format(W='params[l].W', axis=1, kept='layer[r, :]')}\n"
            "        params[l] = Layer(xp.where(on[None, :], params[l].W, 0.0), xp.where(on, params[l].b, 0.0))\n"
            "    small.append(_extract(params, [layer[r, :] for layer in masks], rescale))"
        },
    ),
    mistake(
        "incoming_weights_zeroed_once",
        "missing_step",
        "a node that is removed takes its bias along; here the weights that lead to it are set to 0 once, its bias is "
        "left and trained",
        {
            "trajectory: small = ": "xp, small = array_namespace(X), []\n"
            "for kept, (W, b) in zip(mask, parent[:-1], strict=True):\n"
            f"    on = {_ON.format(W='W', axis=1, kept='kept')}\n"
            "    small.append(Layer(xp.where(on[None, :], W, 0.0), b))\n"
            "small.append(parent[-1])",
            "trajectory: final = ": _FINAL,
        },
        origin=f"{GITHUB}/siahuat0727/RePr/issues/9",
    ),
    mistake(
        "rescale_ignored",
        "missing_step",
        "rescaled weights are asked for; here they are those of the parent",
        _at(_4="pass"),
        unseen=_NOT_RESCALED,
    ),
    mistake(
        "always_rescaled",
        "extra_step",
        "the weights of the parent are asked for; here they are rescaled",
        {"_extract: if rescale": "if True:"},
    ),
    mistake(
        "rescaled_as_dropout",
        "wrong_scale",
        "rescaling keeps the variance, by sqrt(w / k); here it keeps the mean, by w / k, as dropout does",
        _at(_4="W = W * (params[l].W.shape[0] / mask[l - 1].shape[0])"),
        unseen=_NOT_RESCALED,
    ),
    mistake(
        "rescale_inverted",
        "wrong_constant",
        "multiply by sqrt(w / k), which is at least 1; here by sqrt(k / w)",
        _at(_4="W = W * (mask[l - 1].shape[0] / params[l].W.shape[0]) ** 0.5"),
        unseen=_NOT_RESCALED,
    ),
    mistake(
        "rescaled_by_outputs",
        "wrong_constant",
        "w and k are those of the layer that the weights come from; here of the layer that they lead to",
        _at(_4="W = W * (params[l].W.shape[1] / W.shape[1]) ** 0.5"),
        unseen=_NOT_RESCALED,
    ),
    mistake(
        "rescaled_in_place",
        "wrong_output",
        "each look rescales the weights of the parent; here the parent itself is rescaled, once more in each look",
        {
            "_initial_losses: small = ": "xp, small, params = array_namespace(X), [], list(params)\n"
            "for r in rows:\n"
            "    for l in range(1, len(params)):\n"
            "        factor = (params[l].W.shape[0] / masks[l - 1].shape[1]) ** 0.5 if rescale else 1.0\n"
            "        params[l] = Layer(params[l].W * factor, params[l].b)\n"
            "    small.append(_extract(params, [layer[r, :] for layer in masks], False))"
        },
    ),
    mistake(
        "biases_rescaled",
        "extra_step",
        "biases stay as they are; here they are rescaled with the weights",
        _at(
            _4="factor = (params[l].W.shape[0] / mask[l - 1].shape[0]) ** 0.5\nW, b = W * factor, b * factor",
        ),
        unseen=_NOT_RESCALED,
    ),
    # The parent with nodes switched off
    mistake(
        "inverted_mask",
        "wrong_sign",
        "switch off the nodes that are not kept; here those that are",
        _at(_5="h = xp.where(on, 0.0, xp.maximum(h @ W + b, 0.0))"),
    ),
    mistake(
        "scaled_as_dropout",
        "extra_step",
        "kept nodes say what they say; here it is multiplied by w / k, as dropout does",
        _at(_5="h = xp.where(on, xp.maximum(h @ W + b, 0.0) * (b.shape[0] / kept.shape[0]), 0.0)"),
    ),
    mistake(
        "first_layer_alone",
        "missing_step",
        "nodes are switched off in each hidden layer; here in the first alone",
        _at(_5="h = xp.where(on | (h is not X), xp.maximum(h @ W + b, 0.0), 0.0)"),
    ),
    # Loss and selection
    mistake(
        "no_relu",
        "missing_step",
        "hidden nodes are cut at 0; here they are linear",
        _at(_7="found.append(found[-1] @ W + b)", _5="h = xp.where(on, h @ W + b, 0.0)"),
    ),
    mistake(
        "outputs_cut",
        "extra_step",
        "logits may be negative; here they are cut at 0",
        _at(_8="return softmax_cross_entropy(xp.maximum(h @ params[-1].W + params[-1].b, 0.0), y)")
        | {"_loss: h = ": "xp, h = array_namespace(X), _values(params, X)[-1]"},
    ),
    mistake(
        "summed_loss",
        "wrong_scale",
        "the loss is the mean over the samples; here it is their sum, and so is its gradient",
        _at(
            _8="return softmax_cross_entropy(h @ params[-1].W + params[-1].b, y) * y.shape[0]",
            _11="delta = softmax(logits) - truth",
        ),
    ),
    mistake(
        "loss_in_bits",
        "wrong_constant",
        "the loss is in nats; here in bits",
        _at(_8="return softmax_cross_entropy(h @ params[-1].W + params[-1].b, y) / math.log(2)"),
    ),
    mistake(
        "softmax_twice",
        "extra_step",
        "the loss takes logits; here it takes their softmax, so that the softmax comes twice, on the way back too",
        _at(
            _8="from refimpl.core.special import softmax\n"
            "return softmax_cross_entropy(softmax(h @ params[-1].W + params[-1].b), y)",
            _11="p = softmax(logits)\n"
            "outer = (softmax(p) - truth) / y.shape[0]\n"
            "delta = p * (outer - xp.sum(outer * p, axis=1, keepdims=True))",
        ),
        origin=f"{GITHUB}/Lightning-Universe/lightning-bolts/issues/654",
    ),
    mistake(
        "unshifted_softmax",
        "numerics",
        "subtract the largest logit before taking exponentials; here they overflow",
        {
            **_at(
                _8="z, xp = h @ params[-1].W + params[-1].b, array_namespace(X)\n"
                "true = xp.take_along_axis(z, y[:, None], axis=1)[:, 0]\n"
                "return xp.mean(xp.log(xp.sum(xp.exp(z), axis=1)) - true)",
                _11="powers = xp.exp(logits)\n"
                "delta = (powers / xp.sum(powers, axis=1, keepdims=True) - truth) / y.shape[0]",
            ),
            "select: check.finite(": "pass",
        },
        unseen={"select": "code without checks, whose losses are finite there"},
    ),
    mistake(
        "largest_loss",
        "wrong_sign",
        "select the least loss; here the largest is selected",
        _at(_9="return xp.astype(xp.argmax(losses), xp.int64)"),
    ),
    mistake(
        "bar_stays",
        "missing_step",
        "the least loss so far is remembered; here it stays that of the first look, and the last one below it is taken",
        _at(
            _9="below = xp.astype(losses < losses[0], xp.int64)\n"
            "last = losses.shape[0] - 1 - xp.argmax(xp.flip(below))\n"
            "return xp.astype(xp.where(xp.any(losses < losses[0]), last, 0), xp.int64)"
        ),
    ),
    mistake(
        "accuracy_decides",
        "wrong_order",
        "the least loss is selected; here the largest share of samples whose class is right",
        {
            "search: selected = ": "xp, right = array_namespace(X), []\n"
            "for r in range(losses.shape[0]):\n"
            "    small = _extract(params, [layer[r, :] for layer in masks], rescale)\n"
            "    logits = _values(small, X)[-1] @ small[-1].W + small[-1].b\n"
            "    right.append(int(xp.sum(xp.astype(xp.argmax(logits, axis=1) == y, xp.int64))))\n"
            "selected = xp.asarray(max(range(len(right)), key=right.__getitem__), dtype=xp.int64)"
        },
    ),
    mistake(
        "last_minimum",
        "wrong_order",
        "of tied losses take the first; here the last is taken",
        _at(_9="return xp.astype(losses.shape[0] - 1 - xp.argmin(xp.flip(losses)), xp.int64)"),
        unseen={"search": "whether computed losses are tied, rounding decides"},
    ),
    mistake(
        "counted_from_one",
        "wrong_output",
        "the index counts from 0; here from 1",
        _at(_9="return xp.astype(xp.argmin(losses), xp.int64) + 1"),
    ),
    # Training
    mistake(
        "summed_gradient",
        "wrong_scale",
        "the gradient is the mean over the minibatch; here the sum",
        _at(_11="delta = softmax(logits) - truth"),
    ),
    mistake(
        "biases_not_trained",
        "missing_step",
        "biases are trained too; here they stay",
        _at(_12="found.append(Layer(xp.matrix_transpose(values[l]) @ delta, 0.0 * xp.sum(delta, axis=0)))"),
    ),
    mistake(
        "bias_gradient_averaged",
        "wrong_axis",
        "sum over the minibatch, whose size is in delta already; here the biases' gradient is averaged once more",
        _at(_12="found.append(Layer(xp.matrix_transpose(values[l]) @ delta, xp.mean(delta, axis=0)))"),
    ),
    mistake(
        "relu_always_open",
        "missing_step",
        "nothing goes back through a node that is cut at 0; here it does: what relu gives is >= 0 everywhere",
        _at(_13="delta = xp.where(values[l] >= 0, back, 0.0)"),
    ),
    mistake(
        "moved_before_passing_back",
        "wrong_order",
        "the gradient goes back through the weights of before the step; here each layer is moved first, and the layers "
        "below learn through its new weights",
        {
            "_step: gradient = ": "xp, found, values = array_namespace(X), [], _values(state.params, X)\n"
            "logits = values[-1] @ state.params[-1].W + state.params[-1].b\n"
            "classes = xp.arange(logits.shape[1], dtype=y.dtype, device=device(y))\n"
            "delta = (softmax(logits) - xp.astype(y[:, None] == classes[None, :], logits.dtype)) / y.shape[0]\n"
            "for l in reversed(range(len(state.params))):\n"
            "    found.append(Layer(xp.matrix_transpose(values[l]) @ delta, xp.sum(delta, axis=0)))\n"
            "    new = state.params[l].W + momentum * state.velocity[l].W - lr * found[-1].W\n"
            "    delta = xp.where(values[l] > 0, delta @ xp.matrix_transpose(new), 0.0) if l else delta\n"
            "gradient = found[::-1]"
        },
        origin=f"{GITHUB}/kim-marcel/basic_neural_network/issues/7",
    ),
    variant(
        "half_at_zero",
        "the derivative of relu at 0 is 1/2, as of jax.numpy.maximum",
        f"{GITHUB}/jax-ml/jax/pull/2342",
        _at(
            _13="sums = values[l - 1] @ params[l - 1].W + params[l - 1].b\n"
            "delta = xp.where(sums > 0, back, xp.where(sums == 0, back / 2, 0.0))"
        ),
    ),
    mistake(
        "old_velocity",
        "wrong_order",
        "move with the new velocity; here with that before the step",
        _at(_15="params = tree.map(lambda theta, v: theta + v, state.params, state.velocity)"),
    ),
    mistake(
        "velocity_forgotten",
        "missing_step",
        "the velocity goes from step to step; here each step starts from 0",
        _velocity("-lr * g"),
        origin=f"{GITHUB}/kozistr/pytorch_optimizer/pull/516",
    ),
    mistake(
        "averaged_gradient",
        "wrong_scale",
        "the gradient has the weight lr; here lr (1 - momentum)",
        _velocity("momentum * v - lr * (1 - momentum) * g"),
    ),
    mistake(
        "ascent",
        "wrong_sign",
        "subtract the gradient; here it is added",
        _velocity("momentum * v + lr * g"),
    ),
    variant(
        "nesterov",
        "Nesterov's momentum: the step looks ahead",
        "https://scikit-learn.org/stable/modules/generated/sklearn.neural_network.MLPClassifier.html "
        "(nesterovs_momentum)",
        _moved("theta + momentum * v - lr * g"),
        choice=True,
    ),
    mistake(
        "negative_weights_frozen",
        "missing_step",
        "all kept weights are trained; here the gradient of each that is below 1e-6 is set to 0, of negative ones too, "
        "where abs() was meant",
        {
            "_step: gradient = ": "gradient = tree.map(\n"
            "    lambda theta, g: array_namespace(theta).where(theta < 1e-6, 0.0, g) if theta.ndim == 2 else g,\n"
            "    state.params,\n"
            "    _gradient(state.params, X, y),\n"
            ")"
        },
        origin=f"{GITHUB}/rahulvigneswaran/Lottery-Ticket-Hypothesis-in-Pytorch/issues/5",
    ),
    mistake(
        "whole_set",
        "wrong_axis",
        "a step takes its minibatch; here it takes all samples",
        {"train: batch = ": "batch = xp.arange(X.shape[0])"},
    ),
    mistake(
        "first_batch",
        "wrong_axis",
        "step t takes minibatch t; here the first one serves all steps",
        {"train: batch = ": "batch = batches[0, :]"},
    ),
    mistake(
        "loss_of_the_minibatch",
        "wrong_output",
        "the losses are those of all samples; here of the minibatch that the step has taken",
        {
            "trajectory: run = ": "run = rss.train(small, X, y, batches, lr=lr, momentum=momentum)\n"
            "xp, state, path = array_namespace(X), rss.init(small), [rss.loss(small, X, y)]\n"
            "for t in range(batches.shape[0]):\n"
            "    data = xp.take(X, batches[t, :], axis=0), xp.take(y, batches[t, :])\n"
            "    path.append(rss.loss(state.params, *data))\n"
            "    state = rss.update(state, *data, lr=lr, momentum=momentum)\n"
            'run = run._replace(history={"loss": path})'
        },
    ),
    mistake(
        "rows_once",
        "missing_step",
        "a sample that is twice in a minibatch counts twice; here once",
        {"train: batch = ": "batch = xp.unique_values(batches[t, :])"},
    ),
    # What is trained
    mistake(
        "weights_drawn_anew",
        "extra_step",
        "train the weights that the search has seen; here they are drawn anew before training",
        {
            "trajectory: small = ": "small, rng = rss.extract(parent, mask), np.random.default_rng(1)\n"
            "small = [Layer(0.0 * W + rng.standard_normal(W.shape).astype(W.dtype) / 2, 0.0 * b) for W, b in small]"
        },
    ),
    mistake(
        "trained_parent",
        "wrong_order",
        "the sub-network starts from the parent's first weights; here the parent has been trained before",
        {
            "trajectory: small = ": "trained = rss.train(parent, X, y, batches, lr=lr, momentum=momentum)\n"
            "small = rss.extract(trained.state.params, mask)"
        },
        origin=f"{GITHUB}/Lightning-AI/pytorch-lightning/issues/13643",
    ),
    mistake(
        "velocity_carried_over",
        "wrong_order",
        "training starts at rest; here with the velocity of a network that was trained before",
        {
            "trajectory: run = ": "run = rss.train(small, X, y, batches, lr=lr, momentum=momentum)\n"
            "xp = array_namespace(X)\n"
            "state, path = rss.init(small)._replace(velocity=run.state.velocity), [rss.loss(small, X, y)]\n"
            "for t in range(batches.shape[0]):\n"
            "    data = xp.take(X, batches[t, :], axis=0), xp.take(y, batches[t, :])\n"
            "    state = rss.update(state, *data, lr=lr, momentum=momentum)\n"
            "    path.append(rss.loss(state.params, X, y))\n"
            'run = run._replace(state=state, history={"loss": path})'
        },
        origin=f"{GITHUB}/microsoft/nni/pull/3844",
    ),
    mistake(
        "outgoing_weights_zeroed_once",
        "missing_step",
        "removed nodes stay removed; here their outgoing weights are set to 0 once, get a gradient and come back",
        {
            "trajectory: small = ": "xp, small = array_namespace(X), [parent[0]]\n"
            "for kept, (W, b) in zip(mask, parent[1:], strict=True):\n"
            f"    on = {_ON.format(W='W', axis=0, kept='kept')}\n"
            "    small.append(Layer(xp.where(on[:, None], W, 0.0), b))",
            "trajectory: final = ": _FINAL,
        },
        origin=f"{GITHUB}/he-y/filter-pruning-geometric-median/issues/47",
    ),
    mistake(
        "open_backward",
        "missing_step",
        "nodes that are switched off pass no gradient back; here they are off on the way forward alone, and the layer "
        "below learns from them",
        functions={"trajectory": _open_backward},
    ),
    # The share of the parameters
    mistake(
        "share_of_weights",
        "wrong_constant",
        "removed nodes take rows and columns along, which leaves about (1 - s)^2; here single weights are removed, "
        "which leaves 1 - s",
        _at(_6="return sum(kept) / sum(hidden)"),
    ),
    mistake(
        "mean_of_shares",
        "wrong_order",
        "the share is one sum over another; here it is the mean of the shares of the layers",
        _at(
            _6="size = lambda widths, l: (widths[l - 1] + 1) * widths[l]\n"
            "return sum(size(small, l) / size(parent, l) for l in range(1, len(small))) / (len(small) - 1)"
        ),
    ),
    mistake(
        "rows_still_counted",
        "missing_step",
        "weights that come from removed nodes are gone too; here they are counted",
        _at(_6="return sum((parent[l - 1] + 1) * small[l] for l in range(1, len(small))) / before"),
    ),
    mistake(
        "biases_not_counted",
        "missing_step",
        "biases are parameters; here weights alone are counted",
        _at(
            _6="weights = lambda layers: sum(layers[l - 1] * layers[l] for l in range(1, len(layers)))\n"
            "return weights(small) / weights(parent)"
        ),
    ),
    mistake(
        "biases_of_the_parent",
        "missing_step",
        "removed nodes take their biases along; here all biases of the parent are counted",
        _at(_6="return sum(small[l - 1] * small[l] + parent[l] for l in range(1, len(small))) / before"),
    ),
    mistake(
        "share_removed",
        "wrong_output",
        "the share that is left; here that which is removed",
        _at(_6="return 1 - sum((small[l - 1] + 1) * small[l] for l in range(1, len(small))) / before"),
    ),
)
