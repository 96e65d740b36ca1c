"""The claims of the paper."""

CLAIMS = ()
