"""Whether `my_package` does what the papers say. Copy it into your tests, with your own functions in place of these two."""

import my_package

from refimpl.oracle import parametrize_with_cases


@parametrize_with_cases("lion.trajectory", dtypes=["float64", "float32"])
def test_lion(case):
    case.check(my_package.lion)


# A PyTorch optimizer, an Optax transformation and the like need no function of yours: see "From Python".
# A failure that you know about is listed with its reason, and fails as soon as it is mended.
@parametrize_with_cases("bayesopt.ei", expected_failures={"far-below": "we cut the deviation at 1e-9, issue 12"})
def test_expected_improvement(case):
    case.check(my_package.expected_improvement)
