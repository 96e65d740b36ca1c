"""Whether `my_package` does what the papers say. Copy it into your tests, with your own functions."""

import my_package

from refimpl.oracle import parametrize_with_cases

KNOWN = {"far-below": "we cut the deviation at 1e-9, issue 12"}  # fails as soon as it is mended


@parametrize_with_cases("lion.trajectory", dtypes=["float64", "float32"])
def test_lion(case):
    case.check(my_package.lion)


# An optimizer of PyTorch, a transformation of Optax and the like need no function of yours.
@parametrize_with_cases("bayesopt.ei", expected_failures=KNOWN)
def test_expected_improvement(case):
    case.check(my_package.expected_improvement)
