"""What goes wrong in dynamic gradient alignment: lines of the source that read otherwise."""

ALTERNATIVES = ()
