"""Optimization over a network: walking tokens, and workers that exchange as little as they can."""
