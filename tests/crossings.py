"""What crosses to the host in each operation, as data, and a reference that is watched while it answers."""

import numpy as np

from refimpl.core.arrays import crossings, device, is_array
from refimpl.core.backends import BACKENDS

# Not counted: what the library of the array lacks, as `core.special` and `core.linalg` say of each.
LACKING = {"_call", "trigamma", "_solve_triangular"}
QUANTILE = "core.special:gamma_quantile"

# The most arrays that cross in a call, however many steps it takes; whose docstring says so.
ONCE = {
    "srrw.covariance_theta": (4, "distributed.srrw:covariance_theta"),
    "srrw.predict": (1, "core.linalg:spectral_abscissa"),
    "convex_relu.admm": (1, "convex.convex_relu:activation_patterns"),
    "convex_relu.patterns": (1, "convex.convex_relu:activation_patterns"),
    "convex_relu.all_patterns": (1, "convex.convex_relu:all_patterns"),
    "convex_relu.robust_patterns": (1, "convex.convex_relu:activation_patterns"),
    "attention_svm.svm_frobenius": (4, "convex.attention_svm:svm_frobenius"),
    "attention_svm.svm_nuclear": (4, "convex.attention_svm:svm_nuclear"),
    "lasso_mtrl.relevance_l1": (2, "convex.lasso_mtrl:relevance_l1"),
    "lasso_mtrl.allocate": (1, "convex.lasso_mtrl:allocate"),
    "lasso_mtrl.relevance_lasso": (2, "convex.lasso_mtrl:relevance_lasso"),
    "lasso_mtrl.estimate": (2, "convex.lasso_mtrl:relevance_lasso"),
    "lasso_mtrl.cost_sensitive": (2, "convex.lasso_mtrl:relevance_l1"),
    "diffusion.sample_mixture": (1, "generative.diffusion:falling"),
    "diffusion.table_steps": (1, "generative.diffusion:times_of_betas"),
    "diffusion.gaussian_law": (1, "generative.diffusion:falling"),
    "diffusion.reward_directed": (1, "generative.diffusion:falling"),
    "bayesopt.kg": (6, "bayesian.bayesopt:expected_gain"),
    "bayesopt.sources": (2, "bayesian.bayesopt:expected_gain"),
    "scale_mixture_nngp.scale_law": (2, QUANTILE),
    "scale_mixture_nngp.elbo": (4, QUANTILE),
    "scale_mixture_nngp.class_probabilities": (2, QUANTILE),
    "functional_prior.prior_functions": (2, QUANTILE),
    "functional_prior.outer_step": (4, QUANTILE),
    "functional_prior.gibbs_scale": (2, QUANTILE),
    "weight_matching.visit": (1, "landscape.weight_matching:visit"),
    "weight_matching.match_activations": (2, "landscape.weight_matching:match_activations"),
    "flat_mtl.aggregate": (3, "landscape.flat_mtl:aggregate"),
    "flat_mtl.combine": (8, "landscape.flat_mtl:aggregate"),
    "diverse_beam.list_metrics": (5, "search._diverse_beam_metrics:sequences"),
    "deeparchitect.walk": (2, "search.deeparchitect:start"),
    "deeparchitect.count": (1, "search.deeparchitect:start"),
    "deeparchitect.uct_select": (2, "search.deeparchitect:select"),
    "deeparchitect.mcts": (4, "search.deeparchitect:update"),
    "deeparchitect.features": (2, "search.deeparchitect:features"),
    "deeparchitect.residual": (2, "search._deeparchitect_networks:residual"),
    "flat_mtl.quadratic_step": (6, "landscape.flat_mtl:aggregate"),
    "random_sparse_search.parameter_share": (2, "search.random_sparse_search:parameter_share"),
    "random_feature_attention.ridge_path": (1, "attention.random_feature_attention:ridge_path"),
    "token_reduction.decoder": (1, "search.token_reduction:decoder"),
    "pointer_net.hull_target": (1, "attention._pointer_net_tasks:hull_target"),
    "pointer_net.delaunay_target": (1, "attention._pointer_net_tasks:delaunay_target"),
    "pointer_net.tour_target": (1, "attention._pointer_net_tasks:tour_target"),
    "pointer_net.tour_heuristics": (1, "attention._pointer_net_tasks:tour_target"),
    "pointer_net.hull_score": (2, "attention._pointer_net_tasks:hull_score"),
    "pointer_net.triangle_score": (2, "attention._pointer_net_tasks:triangle_score"),
    "token_reduction.flops": (1, "search.token_reduction:flops"),
    "genai_engineering.segment": (3, "attention.genai_engineering:segment"),
    "genai_engineering.merges": (2, "attention.genai_engineering:merges"),
    "genai_engineering.em_step": (4, "attention.genai_engineering:em_step"),
    "genai_engineering.pr_attention": (1, "attention.genai_engineering:pr_attention"),
}
# Where something crosses in every step, and whose docstring says why.
EACH_STEP = {
    "one_byte.rounds": "distributed.one_byte:probe",  # the bytes that are sent
    "functional_prior.matching": "bayesian.functional_prior:matching_step",  # quantiles of the gamma law
    "weight_matching.match": "landscape.weight_matching:match",  # linear assignments
    "weight_matching.ste_step": "landscape.weight_matching:ste_step",
    "weight_matching.ste": "landscape.weight_matching:ste",
    "weight_matching.merge_many": "landscape.weight_matching:merge_many",
}


def most(operation):
    """The most arrays that cross in a call; None where that grows with the steps."""
    return None if operation.name in EACH_STEP else ONCE.get(operation.name, (0, ""))[0]


def watched(operation, name, counts):
    """The reference on a backend; refuses results of another library, device or dtype, and adds up what crosses.

    A call that is handed no array has no device to keep.
    """
    backend = BACKENDS[name]
    like = backend.asarray([1.0])

    def run(**arguments):
        arrays = [x for x in arguments.values() if is_array(x)]
        with crossings() as crossed:
            result = operation.reference(**arguments)
        counts.append([what for what in crossed if what.split()[0] not in LACKING])
        parts = result if isinstance(result, tuple | list) and len(operation.outputs) > 1 else [result]
        parts = [result[f.name] for f in operation.outputs] if isinstance(result, dict) else parts
        for field, x in zip(operation.outputs, parts, strict=True):
            if arrays and (field.kind == "array" or is_array(x)):
                assert type(x) is type(like), f"{field.name} is {type(x)}"
                assert device(x) == device(like), f"{field.name} is on {device(x)}"
                dtypes = {y.dtype for y in arrays if backend.xp.isdtype(y.dtype, "real floating")}
                if dtypes and backend.xp.isdtype(x.dtype, "real floating"):
                    assert {x.dtype} == dtypes, f"{field.name} has dtype {x.dtype}"
        return result

    return run


def asked(operation, name, case, dtype):
    """What crosses to the host in a case."""
    counts: list[list[str]] = []
    arguments = {
        key: BACKENDS[name].asarray(value, dtype=dtype) if isinstance(value, np.ndarray) else value
        for key, value in case.inputs.items()
    }
    watched(operation, name, counts)(**arguments)
    return counts[0]
