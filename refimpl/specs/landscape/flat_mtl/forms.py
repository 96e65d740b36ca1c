"""Lines of the rule as most people write them, which say the same."""

FORMS = {
    "norm_written_out": {
        "_norm: return": "return array_namespace(flat).sqrt(array_namespace(flat).sum(flat * flat))",
    },
    "scale_before_the_gradient": {
        "flat_mtl-2": "scale = rho / (norm + tiny)\nreturn tree.map(lambda g: scale * g, grad)",
    },
    "squares_of_the_parameters": {
        "_adaptive: inner, size =": "inner, size = tree.map(lambda p, g: p * g, theta, grad), 1.0",
        "flat_mtl-3": "scale = rho / (norm + tiny)\nreturn tree.map(lambda p, g: scale * p**2 * g, theta, grad)",
    },
    "products_written_out": {
        "flat_mtl-9": "per = xp.ones_like(G[:, 0])\nM = xp.sum(G[:, None, :] * G[None, :, :], axis=2)",
    },
    "projection_of_gradients_as_they_are": {
        "_pcgrad: xp, rows =": "xp, rows = array_namespace(M), []\nM = norm[:, None] * norm[None, :] * M",
        "_pcgrad: w = norm": "w = E[i, :] if float(norm[i]) > 0 else 0 * E[i, :]",
        "flat_mtl-12": "share = float(dot) / float(M[j, j]) if float(dot) < 0 else 0.0\nreturn w - share * E[j, :]",
        "flat_mtl-13": "w = xp.sum(xp.stack(rows), axis=0)\nreturn norm * w",
    },
    "norms_of_both_gradients": {
        "_cagrad: reach, length =": "g0, gw = mean @ G, w @ G\n"
        "reach, length = float(xp.sum(g0 * g0)) ** 0.5, float(xp.sum(gw * gw)) ** 0.5",
        "_cagrad: scale =": "scale = 1 + c**2 if rescale == 1 else 1 + c if rescale == 2 else 1.0",
        "flat_mtl-15": "return mean / scale + factor * w / scale",
    },
}
