"""Bayesian methods: laws over functions, and what to evaluate next."""
