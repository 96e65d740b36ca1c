"""Specs of the chapter distributed."""
