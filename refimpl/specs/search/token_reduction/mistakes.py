"""What goes wrong in token reduction: lines of the source that read otherwise."""

from refimpl.specs.base import mistake

ALTERNATIVES = (
    mistake("lowest_kept", "wrong_sign", "keep those of most attention; here those of least are kept",
            {"token_reduction-1": "best = xp.argsort(attention, axis=-1, stable=True)[..., :count]"}),
)  # fmt: skip
