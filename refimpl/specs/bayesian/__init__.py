"""Specs of Bayesian methods."""
