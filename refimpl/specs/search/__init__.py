"""Specs of the search methods."""
