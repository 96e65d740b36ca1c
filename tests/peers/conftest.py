"""The adapters of public packages hold no tests; they need these packages, which may not be there."""

collect_ignore_glob = ["candidates/*"]
