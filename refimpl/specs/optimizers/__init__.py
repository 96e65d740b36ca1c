"""Specs of the optimizers."""
