"""What an array must share with the one that it came of, on every backend."""

from refimpl.core.arrays import array_namespace, device


def assert_kind(got, reference):
    """The same library, dtype and device."""
    assert array_namespace(got) is array_namespace(reference)
    assert got.dtype == reference.dtype
    assert device(got) == device(reference)


def assert_like(got, reference, shape=None):
    """The same kind, and this shape; by default that of the other."""
    assert_kind(got, reference)
    assert tuple(got.shape) == tuple(reference.shape if shape is None else shape)
