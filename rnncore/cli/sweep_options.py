"""Command-line options of ``sweep``: settings with several values, and ranges."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from rnncore.cli.training_options import MODEL_OPTIONS, SOLVER_OPTIONS, Option
from rnncore.errors import RnnCoreError, SettingError
from rnncore.sweep import SweepPlan, ValueRange
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
        values = _join(option, given[option.argument])
        if isinstance(values, tuple) and len(values) == 1:
            fixed[option.argument] = values[0]
        else:
            axes[option.argument] = values
    fixed |= {o.argument: given[o.argument] for o in _FIXED if o.argument in given}
    if ("iterations" in given) == ("minutes" in given):
        raise SettingError("Give the length of a run: either --iters or --minutes.")
    return SweepPlan(axes, fixed, **{name: given[name] for name in names})


def read_values(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return a function that reads a value, a range or the numbers of a range.

    "64" is a value, "0.001..0.02" a ValueRange, "64..256:3" the tuple (64, 128, 256).
    """

    def read(text: str) -> Any:
        low, dots, rest = text.partition("..")
        high, colon, count = rest.partition(":")
        try:
            if not dots:
                return kind(text)
            ends = ValueRange(kind(low), kind(high), whole=kind is int)
            return ends.values(int(count)) if colon else ends
        except RnnCoreError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
        except ValueError:
            raise argparse.ArgumentTypeError(
                f"{text!r} is no number; write 64, or a range such as 64..256 or 64..256:3"
            ) from None

    return read


def _join(option: Option, found: list[Any]) -> tuple[Any, ...] | ValueRange:
    """Return all values of one option; a range must be its only value."""
    if any(isinstance(value, ValueRange) for value in found):
        if len(found) > 1:
            raise SettingError(f"{option.flag} has a range beside other values; give one of both.")
        ends: ValueRange = found[0]
        return ends
    values: list[Any] = []
    for value in found:
        values += value if isinstance(value, tuple) else (value,)
    return tuple(values)


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
