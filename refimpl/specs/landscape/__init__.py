"""Specs of the loss landscape."""
