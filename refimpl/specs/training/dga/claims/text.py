"""C10."""

CLAIMS = ()
