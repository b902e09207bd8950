"""What the tests of the command line share: a small text, quick settings, a real process."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.support.paths import ROOT

BOOK = "The cat sat on the mat and the rat sat on the cat; so it goes, round and round.\n" * 40
SMALL = ["--hidden", "12", "--iters", "30", "--seq-length", "10", "--batch-size", "4"]


def run_program(*argv, **environ):
    """Run ``python -m rnncore`` in a process of its own, with more environment variables."""
    return subprocess.run(
        [sys.executable, "-m", "rnncore", *map(str, argv)],
        cwd=ROOT, capture_output=True, env=os.environ | environ, check=False,
    )  # fmt: skip
