"""What goes wrong in random feature attention: lines of the source that read otherwise."""

from refimpl.specs.base import mistake


def _tags(edits):
    return {f"random_feature_attention-{number}": line for number, line in edits.items()}


ALTERNATIVES = (
    mistake(
        "unit_variance",
        "wrong_constant",
        "entries of the heads have variance 1/4; here 1",
        _tags({"1": "G = noise"}),
    ),
)
