"""The experiments behind the claims."""

CLAIMS = ()
