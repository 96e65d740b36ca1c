"""Specs of the chapter `training`."""
