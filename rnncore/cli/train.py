"""``train``: train a new network on a text, teach a trained one a text, or continue a run.

The run is saved while it trains, and when Ctrl-C, SIGTERM or SIGHUP stops it. The same command
then continues it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from signal import Signals
from typing import Any

from rnncore.cli import run_network
from rnncore.cli.earlier_output import continue_output
from rnncore.cli.outputs import Outputs
from rnncore.cli.stop_signals import stop_on_signals
from rnncore.cli.training_options import (
    MODEL_OPTIONS,
    SEED_OPTION,
    SOLVER_OPTIONS,
    add_options,
    pick,
)
from rnncore.errors import SaveError, SettingError
from rnncore.model import RNN
from rnncore.reading.text import read_text
from rnncore.solver import Solver
from rnncore.storage.checkpoint import load
from rnncore.teaching import teach, unknown_share
from rnncore.vocab import Vocab

OPTIONS = (*MODEL_OPTIONS, *SOLVER_OPTIONS, SEED_OPTION)
# Settings that a saved run can change as it continues; the others are part of the run.
CHANGEABLE = ("num_iters", "lr", "update_rule", "schedule")


def add_parser(commands: Any) -> None:
    """Add this command to the subparsers of the command line."""
    parser = commands.add_parser(
        "train",
        help="train a network on a text, or continue a saved run",
        description="Train a network on a text, or continue a saved run. With --from, a trained "
        "network learns the text: it keeps what it knows, and learns new characters.",
    )
    parser.add_argument(
        "book", type=Path, help="a text (.txt, .html, .docx, .epub, .gz, .zip); or a saved .npz"
    )
    parser.add_argument(
        "--out", type=Path,
        help="save the run here (.npz), every few seconds and at the end; if the file holds this "
        "run already, continue it",
    )  # fmt: skip
    parser.add_argument(
        "--restart", action="store_true", help="start a new run even if --out holds a run"
    )
    parser.add_argument(
        "--model", type=Path, help="save the network alone here (.pkl): the best one of the run"
    )
    run_network.add_latest(parser, "save as --model")
    parser.add_argument(
        "--encoding", help="the book's encoding, such as cp1252; by default it is detected"
    )
    parser.add_argument(
        "--from", dest="trained", metavar="MODEL", type=Path,
        help="teach this trained model (.pkl) the book, or the latest network of this run (.npz)",
    )  # fmt: skip
    add_options(parser, OPTIONS)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Train to the run's last iteration, save what was asked for and print the losses."""
    _check_output("--out", args.out, ".npz")
    _check_output("--model", args.model, ".pkl")
    given = vars(args)
    if args.book.suffix == ".npz":
        solver = _continue_run(args.book, given)
    else:
        solver = _begin_run(args.book, args.encoding, given)
    if args.out is not None and args.out.exists() and not args.restart:
        solver = continue_output(args.out, args.book, solver, CHANGEABLE)
        _change_settings(solver, given)
    print(f"{solver!r}, {solver.update_rule}, learning rate {solver.lr:g}", file=sys.stderr)
    stopped_by = _train(solver, Outputs(args.out, args.model, args.latest))
    if stopped_by is not None:
        again = "Run the same command again to continue." if args.out else "It was not saved."
        print(
            f"Stopped by {stopped_by.name} at iteration {solver.iteration:,} of "
            f"{solver.num_iters:,}. {again}",
            file=sys.stderr,
        )
        return 128 + stopped_by
    print(
        f"{solver.iteration:,} iterations: loss {solver.history.last('loss'):.4f}, "
        f"validation {solver.evaluate():.4f} nats per character"
    )
    return 0


def _train(solver: Solver, outputs: Outputs) -> Signals | None:
    """Train and save; return the signal that stopped it, or None.

    SaveError: an output could not be saved at the end; the others were.
    """
    with stop_on_signals(solver.stop) as arrived:

        def after_chunk(solver: Solver) -> None:
            outputs.autosave(solver)
            if arrived.first is not None:  # it may have come just before training started
                solver.stop()

        failures = []
        try:
            solver.train(progress=True, after_chunk=after_chunk)
        finally:  # also after a divergence: the weights are those of the last good update
            failures = outputs.save(solver, announce=True)
            if failures and sys.exc_info()[0] is not None:
                print(" ".join(failures), file=sys.stderr)
    if failures:
        raise SaveError(" ".join(failures))
    return arrived.first


def _begin_run(book: Path, encoding: str | None, given: dict[str, Any]) -> Solver:
    text = read_text(book.read_bytes(), name=book.name, encoding=encoding)
    for note in text.notes:
        print(note, file=sys.stderr)
    seed = pick([SEED_OPTION], given)
    if given["trained"] is not None:
        return _teach(given["trained"], text.text, given, pick(SOLVER_OPTIONS, given) | seed)
    vocab = Vocab.from_text(text.text)
    model = RNN(len(vocab), vocab.idx_to_char, **pick(MODEL_OPTIONS, given), **seed)
    return Solver(vocab.encode(text.text), model, **pick(SOLVER_OPTIONS, given), **seed)


def _teach(path: Path, text: str, given: dict[str, Any], settings: dict[str, Any]) -> Solver:
    for option in MODEL_OPTIONS:
        if option.argument in given:
            raise SettingError(
                f"{option.flag} cannot be changed in a trained network; leave it out, or train a "
                "new network without --from."
            )
    trained = load(path)
    known = trained.model.vocab if isinstance(trained, Solver) else trained.vocab
    vocab = Vocab.from_text(text)
    share = unknown_share(known, vocab, vocab.encode(text))
    print(
        f"{share:.1%} of the text are characters that the network has never seen.", file=sys.stderr
    )
    return teach(trained, text, **settings)


def _continue_run(path: Path, given: dict[str, Any]) -> Solver:
    if given["trained"] is not None:
        raise SettingError(
            f"--from needs a text to learn; {path} is a saved run. Leave --from out to continue it."
        )
    solver = load(path)
    if not isinstance(solver, Solver):
        raise SettingError(f"{path} holds a model, not a run that can be continued.")
    if given["encoding"] is not None:
        raise SettingError("--encoding is for a text; a saved run holds its text already.")
    for option in OPTIONS:
        if option.argument in given and option.argument not in CHANGEABLE:
            raise SettingError(
                f"{option.flag} cannot be changed in a saved run; leave it out, or start a new run."
            )
    _change_settings(solver, given)
    return solver


def _change_settings(solver: Solver, given: dict[str, Any]) -> None:
    """Give a saved run those settings of the command line that it can change."""
    for name in sorted(CHANGEABLE):
        if name in given:
            setattr(solver, name, given[name])


def _check_output(flag: str, path: Path | None, suffix: str) -> None:
    """Raise a SettingError, before training starts, for a path that cannot be written."""
    if path is None:
        return
    if path.suffix != suffix:
        raise SettingError(f"{flag} is {path}; its name must end in {suffix}.")
    if not path.absolute().parent.is_dir():
        raise SettingError(f"{flag} is {path}; there is no folder {path.parent}.")
