"""Command-line options of ``sweep``: settings with several values, and ranges."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from rnncore.cli.training_options import MODEL_OPTIONS, SOLVER_OPTIONS, Option
from rnncore.errors import RnnCoreError, SettingError
from rnncore.sweep import SweepPlan, values
from rnncore.sweep.plan import SEARCHES, SWEPT

OPTIONS = [option for option in (*MODEL_OPTIONS, *SOLVER_OPTIONS) if option.argument in SWEPT]
_FIXED = [option for option in SOLVER_OPTIONS if option.argument == "val_fraction"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that describe a plan to ``parser``, without defaults."""
    for option in OPTIONS:
        parsed: dict[str, Any] = {"type": read_values(option.kind), "metavar": "VALUE"}
        if isinstance(option.kind, dict):
            parsed = {"choices": list(option.kind)}
        _add(parser, option, nargs="+", **parsed)
    for option in _FIXED:
        _add(parser, option, type=option.kind, metavar=option.kind.__name__.upper())
    _number(parser, "--seeds", int, "runs with each combination of settings, by default 1")
    _number(parser, "--seed", int, "the first seed, by default 0", dest="first_seed")
    parser.add_argument(
        "--search", choices=SEARCHES, default=argparse.SUPPRESS,
        help="grid tries all combinations, random draws some, halving stops the worse half early",
    )  # fmt: skip
    _number(parser, "--draws", int, "combinations to draw")
    _number(parser, "--iters", int, "iterations of each run", dest="iterations")
    _number(parser, "--minutes", float, "length of each run, instead of --iters")
    _number(parser, "--total-minutes", float, "end the sweep after so many minutes")
    _number(parser, "--checkpoint-seconds", float, "seconds between checkpoints, by default 5")


def read_plan(given: dict[str, Any]) -> SweepPlan | None:
    """Return the plan that was given on the command line, or None if no option was.

    SettingError: the options make no plan.
    """
    names = {field for field in SweepPlan.__dataclass_fields__ if field in given}
    settings = {o.argument: given[o.argument] for o in (*OPTIONS, *_FIXED) if o.argument in given}
    if not names and not settings:
        return None
    axes, fixed = {}, {}
    for option in OPTIONS:
        if option.argument not in given:
            continue
        found = values.join(option.flag, given[option.argument])
        if isinstance(found, tuple) and len(found) == 1:
            fixed[option.argument] = found[0]
        else:
            axes[option.argument] = found
    fixed |= {o.argument: given[o.argument] for o in _FIXED if o.argument in given}
    if ("iterations" in given) == ("minutes" in given):
        raise SettingError("Give the length of a run: either --iters or --minutes.")
    return SweepPlan(axes, fixed, **{name: given[name] for name in names})


def read_values(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return a function for argparse that reads a value or a range (``values.read_value``)."""

    def read(text: str) -> Any:
        try:
            return values.read_value(text, kind)
        except RnnCoreError as error:
            raise argparse.ArgumentTypeError(str(error).rstrip(".")) from None

    return read


def _add(parser: argparse.ArgumentParser, option: Option, **parsed: Any) -> None:
    parser.add_argument(
        option.flag, dest=option.argument, help=option.help, default=argparse.SUPPRESS, **parsed
    )


def _number(
    parser: argparse.ArgumentParser, flag: str, kind: Any, help_text: str, **parsed: Any
) -> None:
    parser.add_argument(
        flag, type=kind, metavar=kind.__name__.upper(), default=argparse.SUPPRESS,
        help=help_text, **parsed,
    )  # fmt: skip
