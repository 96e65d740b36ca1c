"""Specs of the methods for networks."""
