"""The wire format brings every float back as it was, and says what is wrong with what it cannot read."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from refimpl.oracle.candidates.wire import WireError, decode, encode

SPECIAL = np.array([0.0, -0.0, 5e-324, 1.797e308, np.nan, np.inf, -np.inf, 0.1, 1 / 3])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shape", [(), (9,), (3, 3), (0, 3)])
def test_round_trip(dtype, shape):
    with np.errstate(over="ignore", under="ignore"):
        x = SPECIAL[: int(np.prod(shape))].reshape(shape).astype(dtype)
    back = decode(json.loads(json.dumps(encode(x), allow_nan=False)))
    assert back.dtype == x.dtype
    assert back.shape == x.shape
    assert back.tobytes() == x.tobytes() or np.isnan(x).any()
    np.testing.assert_array_equal(np.signbit(back), np.signbit(x))
    np.testing.assert_array_equal(back, x)


@given(hnp.arrays(np.float64, hnp.array_shapes(max_dims=3, max_side=4), elements=st.floats(allow_nan=False)))
def test_every_double_comes_back(x):
    assert decode(json.loads(json.dumps(encode(x), allow_nan=False))).tobytes() == x.tobytes()


def test_integers_beyond_the_doubles():
    x = np.array([2**53 + 1, -(2**62)])
    np.testing.assert_array_equal(decode(json.loads(json.dumps(encode(x)))), x)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"shape": [2]}, "lacks data"),
        ({"shape": [2], "data": [1]}, r"1 entries; its shape \[2\]"),
        ({"shape": [-1], "data": []}, "has shape"),
        ({"shape": [True], "data": [1]}, "has shape"),
        ({"shape": [1], "data": [None]}, "holds None"),
        ({"shape": [1], "data": ["nan"]}, "holds 'nan'"),
        ({"shape": [1], "data": [[1]]}, "which is no number"),
        ({"dtype": "object", "shape": [1], "data": [1]}, "dtype 'object'"),
        ({"dtype": "int64", "shape": [1], "data": [2**70]}, "does not fit"),
        ({"dtype": "int64", "shape": [1], "data": ["NaN"]}, "does not fit"),
        ([[1, 2], [3]], "ragged"),
        ("hello", "no number"),
        (None, "no number"),
    ],
)
def test_what_it_refuses(value, message):
    with pytest.raises(WireError, match=message) as caught:
        decode(value, "thetas")
    assert str(caught.value).startswith("thetas")
