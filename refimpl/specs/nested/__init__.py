"""Specs of the nested problems."""
