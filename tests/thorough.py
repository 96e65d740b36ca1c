"""How much is tried: `make test` samples what `make alarms`, which sets REFIMPL_SEEDS, tries in full."""

import os

THOROUGH = "REFIMPL_SEEDS" in os.environ
SEEDS = int(os.environ.get("REFIMPL_SEEDS", "3"))  # random cases of an operation


def sample(few, rest):
    """The `few` of `make test`, and in `make alarms` the rest too."""
    return [*few, *(rest if THOROUGH else ())]
