"""Adapters of public packages and scripts about them hold no tests; they need packages that may not be there."""

collect_ignore_glob = ["candidates/*", "bugs/*"]
