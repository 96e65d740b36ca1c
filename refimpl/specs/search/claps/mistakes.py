"""What goes wrong in prompt search: lines of the source that read otherwise."""

from refimpl.specs.base import mistake, variant

ALTERNATIVES = (
    mistake("x", "wrong_sign", "x", {"claps-13": "threshold = ranked[low]"}),
)
