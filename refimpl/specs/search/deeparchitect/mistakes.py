"""Mistakes."""
ALTERNATIVES = ()
