"""``info``: show the BLAS that NumPy uses and how batches are computed."""

from __future__ import annotations

import argparse
from typing import Any

from rnncore.compute import blas, worker_pool


def add_parser(commands: Any) -> None:
    """Add this command to the subparsers of the command line."""
    parser = commands.add_parser(
        "info",
        help="show the BLAS that NumPy uses and how batches are computed",
        description="Show the BLAS that NumPy uses and how batches are computed.",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the BLAS library, its kernel, its threads, how batches are split, and the reasons."""
    found = blas.info()
    print(f"BLAS     {found.library}")
    print(f"kernel   {found.kernel}")
    print(f"threads  {'unknown' if found.threads is None else found.threads}")
    workers = "processes" if worker_pool.is_enabled() else "threads"
    print(f"batches  {f'split over {found.workers} {workers}' if found.workers > 1 else 'whole'}")
    for reason in found.reasons:
        print(f"  {reason}")
    return 0
