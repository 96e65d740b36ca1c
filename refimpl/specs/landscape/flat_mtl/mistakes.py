"""What goes wrong in F-MTL and its aggregators, as lines of the source that read otherwise."""

from refimpl.specs.base import mistake, variant

_AUTHORS = "https://github.com/VietHoang1512/FS-MTL"
_LIBMTL = "LibMTL 1.1.5"
_ONE_TENSOR = {"quadratic_step": "each of its groups is one tensor"}
_MEAN = {"network_step": "it takes the plain mean"}
_NO_PARALLEL = "no two of its gradients are parallel"
_PULL = "return tree.map(lambda g: {} * (g / ({} + tiny)), grad)"
_ADAPTIVE = "return tree.map(lambda p, g: {} * ({} * (g / ({} + tiny))), theta, inner)"
_AS_IT_IS = {"aggregate: xp, (G, size) = ": "xp, size = array_namespace(G), 1.0"}  # numbers beside it are absolute
_SAM = "sam_sh, sam_ns = _called(gradient, i, _sum(shared, eps_sh), _sum(head, eps_ns), {})"
_NORMS = "n = xp.sqrt(xp.linalg.diagonal(M))\nn = xp.where(n > 0, n, 1.0)\n"

ALTERNATIVES = (
    # Perturbation
    mistake("downhill", "wrong_sign", "perturb along the gradient, uphill; here against it",
            {"flat_mtl-2": _PULL.format("-rho", "norm"), "flat_mtl-3": _ADAPTIVE.format("-rho", "p", "norm")}),
    mistake("norm_per_tensor", "wrong_axis",
            "one norm for the whole group of parameters; here each tensor has its own, and the perturbation is too "
            "long",
            {"flat_mtl-2": _PULL.format("rho", "_norm(g)"),
             "flat_mtl-3": _ADAPTIVE.format("rho", "p", "_norm(g)")},
            unseen=_ONE_TENSOR),
    mistake("not_normalized", "missing_step", "divide by the norm, so that the length is rho; here it is rho |g|",
            {"flat_mtl-2": "return tree.map(lambda g: rho * (g * (TINY / tiny)), grad)",
             "flat_mtl-3": "return tree.map(lambda p, g: rho * (p * (g * (TINY / tiny))), theta, inner)"}),
    mistake("size_for_square", "wrong_constant",
            "adaptive: the square of theta in the numerator; here its size",
            {"flat_mtl-3": _ADAPTIVE.format("rho", "array_namespace(p).sign(p)", "norm")}),
    mistake("plain_norm", "wrong_constant", "adaptive: divide by the norm of theta g; here by that of g",
            {"_adaptive: norm, tiny =": "norm, tiny = _norm(grad) / size, tiny / size"}),
    mistake("common_perturbation", "wrong_order",
            "each task has its own perturbation of the shared parameters; here all have that of the mean gradient",
            {"task_gradients: eps_sh =":
             "pulls = [_called(gradient, j, shared, h, batch)[0] for j, h in enumerate(heads)]\n"
             "eps_sh = perturb(tree.map(lambda *g: sum(g) / len(g), *pulls), rho=rho_sh)"}),
    mistake("head_not_perturbed", "missing_step", "perturb the head as well; here only the shared parameters",
            {"task_gradients: eps_ns =": "eps_ns = tree.map(lambda g: 0.0 * g, g_ns)"}),
    mistake("shared_not_perturbed", "missing_step", "perturb the shared parameters; here only the head",
            {"task_gradients: eps_sh =": "eps_sh = tree.map(lambda g: 0.0 * g, g_sh)"}),
    mistake("radii_exchanged", "wrong_constant",
            "rho_sh is for the shared parameters, rho_ns for the heads; here they are exchanged",
            {"task_gradients: eps_sh =": "eps_sh = perturb(g_sh, rho=rho_ns)",
             "task_gradients: eps_ns =": "eps_ns = perturb(g_ns, rho=rho_sh)"}),
    mistake("fresh_minibatch", "wrong_order",
            "both passes see the same minibatch; here the second pass sees the next one, and the flat part is mostly "
            "noise",
            {"flat_mtl-4": _SAM.format("batch + 1")}, unseen={"quadratic_step": "it has no minibatches"}),
    variant("one_norm", "shared parameters and head are one group with one norm and the radius rho_sh",
            f"{_AUTHORS}, multi-mnist/train.py", {"task_gradients: eps_ns =":
            "eps_sh, eps_ns = perturb((g_sh, g_ns), rho=rho_sh)"}),
    # Both parts
    mistake("not_subtracted", "missing_step",
            "the flat part is what the perturbation adds: subtract the loss gradient; here it is counted twice",
            {"flat_mtl-5": "flat = sam + 0.0 * loss"}),
    mistake("subtracted_the_other_way", "wrong_sign", "flat = sam - loss; here loss - sam, and sharpness rises",
            {"flat_mtl-5": "flat = loss - sam"}),
    mistake("flat_part_alone", "missing_step", "add the loss parts; here the flat parts alone are followed",
            {"flat_mtl-6": "return agg(flat, second)"}),
    mistake("loss_part_alone", "missing_step", "add the flat parts; here the loss parts alone are followed",
            {"flat_mtl-6": "return agg(loss, first)"}),
    mistake("mean_of_parts", "wrong_scale", "add the two directions; here their mean is taken",
            {"flat_mtl-6": "return (agg(loss, first) + agg(flat, second)) / 2"}),
    mistake("plain_head_gradient", "wrong_output",
            "a head follows its gradient at the perturbed point; here that at the point itself",
            {"directions: return tree.ravel(": "return tree.ravel(shared)[1](g_sh), list(found.head_loss)"}),
    mistake("ascent", "wrong_sign", "subtract the step; here it is added",
            {"flat_mtl-7": "shared = tree.map(lambda p, g: p + eta * g, shared, g_sh)"}),
    mistake("heads_left", "missing_step", "the heads take a step too; here they stay",
            {"flat_mtl-8": "heads = list(heads)"}),
    # MGDA
    mistake("weights_may_be_negative", "missing_step",
            "MGDA: the weights are >= 0; here they only add up to 1, and a gradient may be followed uphill",
            {"flat_mtl-11": "w = xp.linalg.pinv(M) @ xp.ones(m, dtype=M.dtype)\n"
             "w = w / xp.where(xp.sum(w) == 0, 1.0, xp.sum(w))"}, unseen=_MEAN),
    variant("vertex_off_by_a_thousandth", "MGDA, two tasks: where one weight is 1, it is 0.999, and the other 0.001",
            f"{_AUTHORS}, multi-mnist/mtl.py; {_LIBMTL}, MGDA",
            {"flat_mtl-11": "w = min_norm_weights(M)\nw = xp.clip(w, 0.001, 0.999) if m == 2 and float(xp.max(w)) == 1 "
             "else w"}, unseen=_MEAN),
    variant("normalized_gradients", "MGDA on gradients of length 1, which are combined; times the number of tasks",
            f"{_AUTHORS}, nyuv2/train.py",
            {"flat_mtl-11": _NORMS + "w = m * min_norm_weights(M / (n[:, None] * n[None, :])) / n"}, unseen=_MEAN),
    variant("mgda_gn_l2", "MGDA on gradients of length 1, which are combined", f"{_LIBMTL}, MGDA(mgda_gn='l2')",
            {"flat_mtl-11": _NORMS + "w = min_norm_weights(M / (n[:, None] * n[None, :])) / n"}, choice=True,
            unseen=_MEAN),
    # PCGrad
    mistake("meets_projected_gradients", "wrong_order",
            "PCGrad projects on the original gradients of the others; here on those that have been projected already, "
            "and the second of two tasks sees no conflict",
            {"_pcgrad: w = _projected(": "v = rows[j] if j < i else E[j, :]\ndot = w @ M @ v\n"
             "w = w - dot / (v @ M @ v) * v if float(dot) < 0 else w"}),
    mistake("original_gradient_projected", "wrong_order",
            "PCGrad projects the running gradient; here each projection is taken from the original one, and the last "
            "one stays",
            {"_pcgrad: w = _projected(": "w = _projected(norm[i] * E[i, :], j, M, E)"}),
    mistake("pcgrad_mean", "wrong_scale", "PCGrad returns the sum over the tasks; here their mean",
            {"flat_mtl-13": "return xp.mean(xp.stack(rows), axis=0)"}),
    mistake("always_projected", "missing_step", "PCGrad projects only where two gradients conflict; here always",
            {"_projected: return": "return w - dot / M[j, j] * E[j, :] if float(M[j, j]) > 0 else w"}),
    mistake("own_length", "wrong_scale",
            "PCGrad divides by the squared length of the gradient that is projected on; here by that of the projected "
            "one",
            {"_pcgrad: w = _projected(": "dot = (w @ M)[j]\n"
             "w = w - dot * norm[j] ** 2 / (w @ M @ w) * E[j, :] if float(dot) < 0 else w"}),
    variant("small_number_beside_the_square",
            "PCGrad: 1e-8 beside the squared length of the gradient that is projected on", f"{_LIBMTL}, PCGrad",
            {"_pcgrad: w = _projected(": "dot = (w @ M)[j]\n"
             "w = w - dot * norm[j] ** 2 / (norm[j] ** 2 + 1e-8) * E[j, :] if float(dot) < 0 else w"} | _AS_IT_IS,
            unseen=_MEAN),
    variant("meets_itself", "a projected gradient meets its own original as well, here at the end",
            f"{_AUTHORS}, multi-mnist/mtl.py, where the place is random; {_LIBMTL}, PCGrad",
            {"_pcgrad: for j in order": "for j in (*order, i):"}),
    # CAGrad
    mistake("sum_for_mean", "wrong_scale",
            "CAGrad stays near the mean of the gradients; here near their sum, on a larger sphere",
            {"_cagrad: mean = ": "mean = xp.ones(m, dtype=G.dtype, device=device(G))"}),
    mistake("dual_without_average", "wrong_scale",
            "CAGrad's dual has the product with the mean; here that with the sum, so that the weights are wrong",
            {"_worst_weights: rows = ":
             "rows = itself + r2**0.5 * len(host) * center"}),
    mistake("not_rescaled", "missing_step", "divide CAGrad's direction by 1 + c^2; here it stays as long as it is",
            {"flat_mtl-15": "return mean + factor * w + 0.0 * scale"}),
    mistake("radius_without_mean", "missing_step",
            "CAGrad's radius is c times the length of the mean; here it is c",
            {"_cagrad: reach = ": "reach = c * min(reach * 1e300, 1.0)"} | _AS_IT_IS, unseen=_MEAN),
    mistake("nearest_weights", "wrong_order",
            "CAGrad's weights minimize its dual; here they are those of MGDA, the shortest combination",
            {"_cagrad: w = ": "w = min_norm_weights(M)"}),
    variant("small_numbers_under_roots",
            "1e-8 under both roots, and beside c |g_0| and the length of the weighted sum",
            f"{_AUTHORS}, multi-mnist/mtl.py; {_LIBMTL}, CAGrad",
            {"_worst_weights: largest, c2 = ":
             "largest = max(host.diagonal().max(), 1e-300)\n"
             "c2 = (float(c) * (center @ host @ center + 1e-8) ** 0.5 + 1e-8) ** 2",
             "_worst_weights: return float(": "return float(w @ host @ w) + 1e-8 / largest - c2 * r2",
             "_worst_weights: low, high = ": "low, high = 1e-13 / c2, (2 + 1e-8 / largest) / c2",
             "_cagrad: reach = ": "reach, length = c * (reach**2 + 1e-8) ** 0.5 + 1e-8, length + 1e-8"} | _AS_IT_IS,
            unseen=_MEAN),
    variant("nothing_where_the_sum_is_0", "where the weighted sum of the dual is 0, the direction is 0, not the mean",
            "torchjd, CAGrad",
            {"_cagrad: factor = ": "factor = reach / length if min(reach, length) > nothing else 0.0\n"
             "mean = mean if length > nothing else 0.0 * mean"},
            unseen={"combine": "its weighted sums are not 0", "quadratic_step": "its weighted sums are not 0"}),
    # IMTL-G
    mistake("normalized_gradients_combined", "wrong_output",
            "IMTL-G combines the gradients; here those of length 1, and the lengths along them differ",
            {"aggregate: w = _imtl_g(G)": _NORMS + "w = _imtl_g(G) / n"}, unseen=_MEAN),
    mistake("without_first_weight", "missing_step", "IMTL-G's weights add up to 1; here the first is 0",
            {"_imtl_g: return xp.concat(": "return xp.concat([0.0 * xp.sum(alpha, keepdims=True), alpha])"}),
    mistake("products_for_lengths", "missing_step",
            "IMTL-G asks for equal products with the unit gradients; here with the gradients themselves",
            {"_imtl_g: U = ": "U = G"}),
    variant("pseudo_inverse",
            "IMTL-G by a pseudo-inverse: parallel gradients get weights in proportion to their lengths",
            "torchjd, IMTLG",
            {"aggregate: w = _imtl_g(G)":
             "n = xp.sqrt(xp.linalg.diagonal(M))\nw = xp.linalg.pinv(M) @ n\n"
             "w = w / xp.where(xp.sum(w) == 0, 1.0, xp.sum(w))"},
            unseen={"combine": _NO_PARALLEL, "quadratic_step": _NO_PARALLEL} | _MEAN),
)  # fmt: skip
