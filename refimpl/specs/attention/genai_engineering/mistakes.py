"""What goes wrong: lines of the source that read otherwise."""

ALTERNATIVES = ()
