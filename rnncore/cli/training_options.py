"""Command-line options for the settings of RNN and Solver.

An option that was not given is absent from the parsed arguments, so the defaults stay those of
RNN and Solver.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from rnncore.cells import CELLS
from rnncore.optim import UPDATE_RULES
from rnncore.schedules import SCHEDULES


class Option(NamedTuple):
    """One option: its flag, the argument it sets, its type or its choices, its help."""

    flag: str
    argument: str
    kind: Any
    help: str


MODEL_OPTIONS = (
    Option("--cell", "cell_type", CELLS, "recurrent cell"),
    Option("--hidden", "hidden_dim", int, "hidden size of each layer"),
    Option("--layers", "num_layers", int, "number of recurrent layers"),
    Option("--embed", "input_dim", int, "embedding size"),
    Option("--dropout", "dropout", float, "dropout probability after each layer"),
)
SOLVER_OPTIONS = (
    Option("--iters", "num_iters", int, "iterations of the whole run"),
    Option("--batch-size", "batch_size", int, "passages read in parallel in an iteration"),
    Option("--seq-length", "seq_length", int, "characters of each passage in an iteration"),
    Option("--lr", "lr", float, "base learning rate; by default one that suits the network"),
    Option("--rule", "update_rule", UPDATE_RULES, "update rule"),
    Option("--schedule", "schedule", SCHEDULES, "learning rate schedule"),
    Option("--warmup", "warmup", int, "iterations in which the learning rate rises to its base"),
    Option("--clip", "clip", float, "largest gradient norm"),
    Option("--val-fraction", "val_fraction", float, "share of the text kept for validation"),
)
SEED_OPTION = Option("--seed", "seed", int, "random seed of weights, dropout and batches")


def add_options(parser: argparse.ArgumentParser, options: Iterable[Option]) -> None:
    """Add ``options`` to ``parser``, without defaults."""
    for option in options:
        parsed: dict[str, Any]
        if isinstance(option.kind, dict):
            parsed = {"choices": list(option.kind)}
        else:
            parsed = {"type": option.kind, "metavar": option.kind.__name__.upper()}
        parser.add_argument(
            option.flag,
            dest=option.argument,
            help=option.help,
            default=argparse.SUPPRESS,
            **parsed,
        )


def pick(options: Iterable[Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of ``options`` that were given on the command line."""
    return {o.argument: given[o.argument] for o in options if o.argument in given}
