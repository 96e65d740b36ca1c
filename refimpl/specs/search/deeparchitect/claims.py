"""Experiments."""
CLAIMS = ()
