"""pip nevergrad: the volume of Fonseca, Paquete and Lopez-Ibanez."""

from nevergrad.optimization.multiobjective import HypervolumeIndicator


def hypervolume(values, reference):
    """It minimises."""
    return HypervolumeIndicator(-reference).compute(-values)
