"""The density is taken for the share that is dropped, in the mask as in the factor."""

from enum import StrEnum

from tests.wild import Bug

BUG = Bug(
    project="mergekit",
    link="https://github.com/arcee-ai/mergekit/issues/8",
    date="2023-11-23",
    operation="deeparchitect.dropout",
    kind="wrong_order",
)


class SparsificationMethod(StrEnum):
    none = "evaluation"
    rescaled_random = "training"


def bernoulli(tensor, density, uniform, rescale=True):
    if density >= 1:
        return tensor
    mask = uniform < density
    # was: mask = 1 - mask
    res = tensor * mask
    if rescale:
        # was: res = res / (1 - density)
        res = res / density  # was:
    return res


def sparsify(tensor, density, method, uniform):
    if method == SparsificationMethod.none:
        return tensor
    return bernoulli(tensor, density, uniform)


def answer(x, u, keep, mode):
    return sparsify(x, keep, SparsificationMethod(mode), u)
