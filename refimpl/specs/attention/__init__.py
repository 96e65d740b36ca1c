"""Specs of the chapter attention."""
