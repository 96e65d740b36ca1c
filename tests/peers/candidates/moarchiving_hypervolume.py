"""pip moarchiving: the hypervolume of an archive."""

from moarchiving import get_mo_archive

from refimpl.oracle.candidates import NotApplicable


def hypervolume(values, reference):
    """It minimises."""
    if not 2 <= len(reference) <= 4:
        raise NotApplicable("it has two, three or four objectives")
    return float(get_mo_archive((-values).tolist(), reference_point=(-reference).tolist()).hypervolume)
