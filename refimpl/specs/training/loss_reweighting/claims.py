"""Claims: to come."""

CLAIMS: tuple = ()
