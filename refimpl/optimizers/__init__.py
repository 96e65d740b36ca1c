"""First- and second-order optimizers: pure update rules on one array of parameters.

A model with several arrays flattens them (`core.tree.ravel`) or maps the rule over them (`core.tree.map`).
"""
