"""Mistakes."""

ALTERNATIVES = ()
