"""The claims."""

CLAIMS = ()
