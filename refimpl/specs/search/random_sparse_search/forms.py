"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "mask_multiplied": {
        "random_sparse_search-5": "a = h @ W + b\nh = xp.maximum(a, 0.0) * xp.astype(on, h.dtype)",
    },
    "scaled_by_the_kept_share": {
        "random_sparse_search-4": "share = W.shape[0] / params[l].W.shape[0]\nW = W / math.sqrt(share)",
    },
    "weights_and_biases_counted_apart": {
        "parameter_share: before =": "before = sum(a * b for a, b in zip(parent[:-1], parent[1:], strict=True))\n"
        "before = before + sum(parent[1:])",
        "random_sparse_search-6": "after = sum(a * b for a, b in zip(small[:-1], small[1:], strict=True))\n"
        "return (after + sum(small[1:])) / before",
    },
    "cross_entropy_written_out": {
        "random_sparse_search-8": "xp = array_namespace(X)\n"
        "logits = h @ params[-1].W + params[-1].b\n"
        "shown = logits - xp.max(logits, axis=1, keepdims=True)\n"
        "logp = shown - xp.log(xp.sum(xp.exp(shown), axis=1, keepdims=True))\n"
        "classes = xp.arange(logits.shape[1], dtype=y.dtype, device=device(y))\n"
        "truth = xp.astype(y[:, None] == classes, logits.dtype)\n"
        "return -xp.mean(xp.sum(truth * logp, axis=1))",
    },
    "softmax_written_out": {
        "random_sparse_search-11": "powers = xp.exp(logits - xp.max(logits, axis=1, keepdims=True))\n"
        "p = powers / xp.sum(powers, axis=1, keepdims=True)\n"
        "delta = (p - truth) / y.shape[0]",
        "random_sparse_search-13": "delta = back * xp.astype(values[l] > 0, back.dtype)",
    },
    "mean_over_the_batch_in_the_end": {
        "random_sparse_search-11": "delta = softmax(logits) - truth",
        "random_sparse_search-12": "dW = xp.matrix_transpose(values[l]) @ delta / y.shape[0]\n"
        "found.append(Layer(dW, xp.mean(delta, axis=0)))",
    },
    "velocity_in_two_steps": {
        "random_sparse_search-14": "move = tree.map(lambda g: -lr * g, gradient)\n"
        "velocity = tree.map(lambda v, g: momentum * v + g, state.velocity, move)",
    },
}
