"""pip pymoo: its hypervolume, of objectives that are minimised."""

from pymoo.indicators.hv import Hypervolume


def hypervolume(values, reference):
    """All signs change; it drops itself what is dominated or not above the reference."""
    return values.dtype.type(Hypervolume(ref_point=-reference)(-values))
