"""Generative models: noise turned into data by a score or a velocity."""
