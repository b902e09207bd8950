"""``sweep``: train many runs with different settings, on this machine or on a Dask cluster."""

from __future__ import annotations

import argparse
import sys
import threading
from pathlib import Path
from typing import Any

from rnncore.cli.stop_signals import stop_on_signals
from rnncore.cli.sweep_options import add_options, read_plan
from rnncore.errors import SettingError
from rnncore.progress import describe_duration
from rnncore.reading.text import read_text
from rnncore.sweep import SweepFolder, SweepText, run_sweep
from rnncore.sweep.effects import main_effects
from rnncore.sweep.engine import count_cores, import_dask
from rnncore.sweep.folder import SweepState
from rnncore.sweep.progress import SweepLine, estimate_seconds
from rnncore.sweep.results import FAILED, NAMES, as_text, rank


def add_parser(commands: Any) -> None:
    """Add this command to the subparsers of the command line."""
    parser = commands.add_parser(
        "sweep",
        help="train many runs with different settings, here or on a Dask cluster",
        description="Train many runs with different settings and compare them. A setting with "
        "several values, such as --hidden 64 128 256, or a range, such as --lr 0.001..0.02, "
        "varies; up to four may. Needs Dask: pip install -r requirements-sweep.txt",
    )
    parser.add_argument(
        "book", type=Path, help="a text; or the folder of a sweep, which then continues"
    )
    parser.add_argument(
        "--out", type=Path,
        help="folder of the sweep: a new one; or one that holds this sweep, which then continues",
    )  # fmt: skip
    parser.add_argument(
        "--dask", default="", metavar="ADDRESS",
        help="scheduler of a Dask cluster, such as tcp://10.0.0.5:8786; by default this machine",
    )  # fmt: skip
    parser.add_argument("--workers", type=int, help="processes here, by default one for each core")
    parser.add_argument(
        "--encoding", help="the book's encoding, such as cp1252; by default it is detected"
    )
    add_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Compute the sweep with a progress line, and print its table and which setting mattered.

    Returns 1 if a run failed.
    """
    import_dask()  # an error that is better known before the book is read
    if args.workers is not None and args.workers < 1:
        raise SettingError(f"--workers is {args.workers}; it must be 1 or more.")
    opened = _open(args)
    with opened as folder:
        _announce(folder, args)
        line, stop = SweepLine(sys.stderr), threading.Event()

        def on_change(folder: SweepFolder, state: SweepState) -> None:
            if state.phase == "running":
                line.show(folder)

        with stop_on_signals(stop.set) as arrived:
            try:
                run_sweep(
                    folder, address=args.dask, workers=args.workers, stop=stop.is_set,
                    on_change=on_change,
                )  # fmt: skip
            finally:
                line.close()
        state = folder.read_state()
        if state.message:
            print(state.message, file=sys.stderr)
        _print_results(folder)
        if arrived.first is not None:
            print(f"Stopped by {arrived.first.name}. {_how_to_continue(folder)}", file=sys.stderr)
            return 128 + arrived.first
        if state.phase == "out of time":
            print(f"The time is over. {_how_to_continue(folder)}", file=sys.stderr)
        return 1 if any(t.result.status == FAILED for t in folder.trials) else 0


def _open(args: argparse.Namespace) -> SweepFolder:
    plan = read_plan(vars(args))
    if args.book.is_dir():
        if plan is not None or args.out is not None or args.encoding is not None:
            raise SettingError(
                f"{args.book} is a folder: a sweep in it continues with its own plan. Leave all "
                "options but --dask and --workers out, or give a text."
            )
        return SweepFolder(args.book)
    if args.out is None:
        raise SettingError("--out is missing: give a folder for the sweep's runs.")
    if plan is None:
        raise SettingError("Give the length of a run: either --iters or --minutes.")
    text = read_text(args.book.read_bytes(), name=args.book.name, encoding=args.encoding)
    for note in text.notes:
        print(note, file=sys.stderr)
    return SweepFolder.create(args.out, plan, SweepText.from_string(text.text))


def _announce(folder: SweepFolder, args: argparse.Namespace) -> None:
    """Print how many runs there are and about how long they take."""
    total = len(folder.plan.runs)
    left = sum(not result.ended for result in folder.results.values())
    if left < total:
        print(f"Continuing {folder.path}: {left} of {total} runs are left.", file=sys.stderr)
        return
    runs = f"{total:,} run{'s' if total > 1 else ''}"
    if args.dask:
        print(f"{runs} on {args.dask}.", file=sys.stderr)
        return
    workers = args.workers or count_cores()
    seconds = estimate_seconds(folder.plan, folder.text, workers)
    print(
        f"{runs}, about {describe_duration(seconds)} with {workers} "
        f"worker{'s' if workers > 1 else ''}.",
        file=sys.stderr,
    )


def _print_results(folder: SweepFolder) -> None:
    ranked = rank(folder.trials)
    print(as_text(ranked))
    for effect in main_effects(folder.trials):
        means = ", ".join(f"{level.label} {level.mean:.4f}" for level in effect.levels)
        size = f"{effect.size:.4f}"
        verdict = {
            True: f"a difference of {size}, more than between seeds ({effect.noise:.4f})",
            False: f"a difference of {size}, not more than between seeds ({effect.noise:.4f})",
            None: f"a difference of {size}; more seeds would show whether it is chance",
        }[effect.matters]
        print(f"{NAMES.get(effect.setting, effect.setting)}: {means}: {verdict}")
    for trial in ranked:
        if trial.result.message:
            print(f"Run {trial.number} failed: {trial.result.message}", file=sys.stderr)
    best = folder.best()
    if best is not None:
        print(f"The best run is {folder.run_path(best.number)}.", file=sys.stderr)


def _how_to_continue(folder: SweepFolder) -> str:
    return f"To continue: python -m rnncore sweep {folder.path}"
