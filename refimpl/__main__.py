"""`python -m refimpl`."""

import sys

from refimpl.oracle.cli import main

if __name__ == "__main__":
    sys.exit(main())
