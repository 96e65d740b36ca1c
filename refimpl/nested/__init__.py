"""Nested problems: an expectation or an argmin inside the objective (compositional and bilevel optimization)."""
