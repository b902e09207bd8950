"""Run the command line: ``python -m rnncore``."""

from __future__ import annotations

import sys

from rnncore.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
