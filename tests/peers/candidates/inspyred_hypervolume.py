"""pip inspyred: slices of objectives."""

from inspyred.ec.analysis import hypervolume as volume


def hypervolume(values, reference):
    """It maximises."""
    return float(volume(values.tolist(), reference.tolist()))
