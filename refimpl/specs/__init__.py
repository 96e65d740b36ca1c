"""What the oracle knows of each system: operations, cases, laws, mutants, variants, claims.

One module per system, `refimpl/specs/<chapter>/<system>.py`, whose constant `SYSTEM` says it all. The words in
which it is said are in `refimpl.specs.base`.
"""
