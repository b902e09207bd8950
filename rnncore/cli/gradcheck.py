"""``gradcheck``: compare every gradient with finite differences."""

from __future__ import annotations

import argparse
from typing import Any

from rnncore import gradcheck
from rnncore.cells import CELLS

TOLERANCE = 1e-7  # largest relative error, in float64


def add_parser(commands: Any) -> None:
    """Add this command to the subparsers of the command line."""
    parser = commands.add_parser(
        "gradcheck",
        help="compare every gradient with finite differences",
        description="Compare every gradient with finite differences.",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print one line for each gradient of each cell with 1 to 3 layers.

    Returns 1 if a relative error exceeds ``TOLERANCE``.
    """
    worst = 0.0
    print(f"{'cell':<10}{'layers':<8}{'gradient of':<14}{'shape':<12}relative error")
    for cell in CELLS:
        for layers in (1, 2, 3):
            for check in gradcheck.check_model(cell, layers):
                shape = " x ".join(map(str, check.shape))
                print(f"{cell:<10}{layers:<8}{check.name:<14}{shape:<12}{check.error:.1e}")
                worst = max(worst, check.error)
    passed = worst <= TOLERANCE
    verdict = "at most" if passed else "MORE than"
    print(f"\nThe largest relative error is {worst:.1e}, {verdict} {TOLERANCE:.0e}.")
    return 0 if passed else 1
