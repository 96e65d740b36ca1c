"""Experiments."""

CLAIMS = ()
