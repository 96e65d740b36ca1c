"""The pages are collected for their doctests; what Sphinx needs or makes is not."""

collect_ignore = ["conf.py", "_ext"]
collect_ignore_glob = ["_generated/*", "_build/*", "gallery/*"]
