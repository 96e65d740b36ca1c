"""Distributed optimization: many machines, and what they have to tell each other."""
