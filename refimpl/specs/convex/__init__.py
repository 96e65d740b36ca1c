"""Specs of the convex problems."""
