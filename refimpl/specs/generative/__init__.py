"""Specs of generative models."""
