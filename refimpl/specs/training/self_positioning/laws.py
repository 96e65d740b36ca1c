"""Checks of the operations of self_positioning that need no answer."""

from refimpl.specs.laws import apart, causal, odd, scales

TRAJECTORY = (
    apart("d", "plain"),
    causal("T", "plain"),
    odd("plain"),
    scales({"theta0": 1, "grads": 1}, {"thetas": 1}, "plain"),  # at both ends of the range
)
