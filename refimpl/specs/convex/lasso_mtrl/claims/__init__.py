"""The claims of the paper, as experiments."""

CLAIMS = ()
