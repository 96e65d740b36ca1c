"""Results stay on the device that the arguments came from, and what crosses to the host is known, and told.

On strict arrays of a device that is not the CPU (always), and on dpnp (`make test-dpnp`), which refuses to be
converted where nobody says so.
"""

from importlib import import_module

import numpy as np
import pytest

from refimpl.core.arrays import crossings, device, is_array
from refimpl.core.backends import BACKENDS
from refimpl.oracle import catalog
from tests.thorough import THOROUGH, smallest

OPERATIONS = [op for system in catalog.systems().values() for op in system.operations]

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
    "attention_svm.svm_frobenius": (3, "convex.attention_svm:svm_frobenius"),
    "attention_svm.svm_nuclear": (3, "convex.attention_svm:svm_nuclear"),
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
    "flat_mtl.quadratic_step": (6, "landscape.flat_mtl:aggregate"),
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


def answered(operation, case, backend, dtype):
    """The arrays of an answer, and what crossed to the host for it."""
    arguments = {
        name: backend.asarray(value, dtype=dtype) if isinstance(value, np.ndarray) else value
        for name, value in case.inputs.items()
    }
    with crossings() as crossed:
        result = operation.reference(**arguments)
    parts = result if isinstance(result, tuple | list) and len(operation.outputs) > 1 else [result]
    parts = [result[f.name] for f in operation.outputs] if isinstance(result, dict) else parts
    asked = any(isinstance(value, np.ndarray) for value in case.inputs.values())  # else there is no device to keep
    found = zip(operation.outputs, parts, strict=True)
    arrays = [(f, x) for f, x in found if asked and (f.kind == "array" or is_array(x))]
    return arrays, [what for what in crossed if what.split()[0] not in LACKING]


@pytest.mark.parametrize("name", ["strict", pytest.param("dpnp", marks=pytest.mark.dpnp)])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_results_stay_on_the_device_and_crossings_are_known(operation, name):
    """In the dtype that was asked, too; on dpnp in the smallest cases."""
    if reason := BACKENDS[name].missing():
        pytest.skip(reason)
    backend, counts = BACKENDS[name], []
    there = device(backend.asarray([1.0]))
    for case in operation.cases:
        if case.dear or (name == "dpnp" and not THOROUGH and case.slug not in smallest(operation)):
            continue
        for dtype in case.dtypes if name == "dpnp" else case.dtypes[-1:]:
            arrays, crossed = answered(operation, case, backend, dtype)
            for field, x in arrays:
                assert type(x) is type(backend.asarray([1.0])), f"{case.slug}: {field.name} is {type(x)}"
                assert device(x) == there, f"{case.slug}: {field.name}"
                if backend.xp.isdtype(x.dtype, "real floating"):
                    assert x.dtype == getattr(backend.xp, dtype), f"{case.slug}: {field.name}"
            counts.append(len(crossed))
            if operation.name not in EACH_STEP:
                most, _ = ONCE.get(operation.name, (0, ""))
                assert len(crossed) <= most, f"{case.slug}: {crossed}"
    if name == "strict":  # where all cases are asked; the list is no longer than it must be
        assert max(counts) == ONCE.get(operation.name, (max(counts), ""))[0]
        assert operation.name not in EACH_STEP or len(set(counts)) > 1


@pytest.mark.parametrize("operation", [op for op in OPERATIONS if op.name in ONCE], ids=lambda op: op.name)
def test_crossings_do_not_grow_with_the_steps(operation):
    """Nor with the size: in the long and the large cases there are no more."""
    for case in operation.cases:
        if "long" in case.flags:
            _, crossed = answered(operation, case, BACKENDS["strict"], case.dtypes[0])
            assert len(crossed) <= ONCE[operation.name][0], f"{case.slug}: {crossed}"


@pytest.mark.parametrize("place", sorted({*EACH_STEP.values(), *(place for _, place in ONCE.values())}))
def test_docstrings_say_what_crosses(place):
    module, _, function = place.partition(":")
    assert "host" in getattr(import_module(f"refimpl.{module}"), function).__doc__


def test_the_lists_name_operations():
    assert {*ONCE, *EACH_STEP} <= {operation.name for operation in OPERATIONS}
    assert not ONCE.keys() & EACH_STEP.keys()
