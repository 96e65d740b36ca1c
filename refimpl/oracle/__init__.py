"""The oracle: judges whether an implementation, in any language, is the algorithm of its paper."""
