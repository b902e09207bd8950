"""Which network of a run a command uses: the best, or with --latest the latest."""

from __future__ import annotations

import argparse
import sys

from rnncore.model import RNN
from rnncore.solver import Solver


def add_latest(parser: argparse.ArgumentParser, does: str) -> None:
    """Add the option --latest to a command; ``does``: what it does with a run's network."""
    parser.add_argument(
        "--latest",
        action="store_true",
        help=f"{does} a run's latest network instead of the best one, which had the lowest "
        "validation loss",
    )


def choose(loaded: RNN | Solver, latest: bool) -> tuple[RNN, int]:
    """Return a network and its iteration: a model as it is (iteration 0), of a run the best one.

    latest: take the run's latest network. A run that was never validated has no other.
    """
    if isinstance(loaded, RNN):
        return loaded, 0
    if latest or loaded.best is None:
        return loaded.model, loaded.iteration
    return loaded.best.apply_to(loaded.model), loaded.best.iteration


def describe(loaded: RNN | Solver, iteration: int) -> None:
    """Print which network of a run is used, if it is not the latest."""
    if isinstance(loaded, Solver) and iteration != loaded.iteration:
        print(
            f"Using the best network, of iteration {iteration:,} of {loaded.iteration:,}; "
            "--latest takes the latest.",
            file=sys.stderr,
        )
