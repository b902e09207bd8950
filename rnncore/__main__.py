"""rnncore from the shell: train, sample, gradcheck, info.

    python -m rnncore train book.txt --hidden 200 --out run.npz --model model.pkl
    python -m rnncore train run.npz --iters 40000 --out run.npz
    python -m rnncore sample model.pkl --seed-text "The " --temperature 0.7

What is asked for goes to standard output, everything else to standard error. The
exit code is 2, after one sentence, for what cannot be done; 1 for a check that failed.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from rnncore import CELLS, RNN, UPDATE_RULES, RnnCoreError, Solver, Vocab
from rnncore.compute import blas, worker_pool
from rnncore.errors import SettingError
from rnncore.schedules import SHAPES

GRADIENT_TOLERANCE = 1e-7

# Options of ``train`` by the argument of RNN or Solver that each sets: its type (or its
# choices) and what it is. The defaults are those of RNN and Solver.
_MODEL_OPTIONS: dict[str, tuple[str, Any, str]] = {
    "--cell": ("cell_type", CELLS, "kind of recurrent cell"),
    "--hidden": ("hidden_dim", int, "width of each layer"),
    "--layers": ("num_layers", int, "recurrent layers"),
    "--embed": ("input_dim", int, "width of the embedding"),
    "--dropout": ("dropout", float, "probability, after each layer"),
}
_SOLVER_OPTIONS: dict[str, tuple[str, Any, str]] = {
    "--iters": ("num_iters", int, "iterations of the whole run"),
    "--batch-size": ("batch_size", int, "streams read side by side"),
    "--seq-length": ("seq_length", int, "characters of each stream in an iteration"),
    "--lr": ("lr", float, "base learning rate"),
    "--rule": ("update_rule", UPDATE_RULES, "update rule"),
    "--schedule": ("schedule", SHAPES, "how the learning rate falls"),
    "--warmup": ("warmup", int, "iterations over which the rate rises"),
    "--clip": ("clip", float, "largest norm of the gradient"),
    "--val-fraction": ("val_fraction", float, "share of the text to validate with"),
}
# A saved run goes on with these changed; everything else about it is settled.
_LIVE = {"num_iters", "lr", "update_rule", "schedule"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    args = _parser().parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal may lack some of a book's characters
        sys.stdout.reconfigure(errors="replace")
    try:
        code: int = args.command(args)
        sys.stdout.flush()
    except BrokenPipeError:  # as in "| head": whoever read has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except RnnCoreError as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(f"{error.filename or 'The file'}: {error.strerror or error}.")
    return code


def _refuse(message: str) -> int:
    print(f"rnncore: {message}", file=sys.stderr)
    return 2


# --- train ----------------------------------------------------------------------------------


def train(args: argparse.Namespace) -> int:
    """A book, or a run saved before, to the end of its iterations."""
    _check_target("--out", args.out, ".npz")
    _check_target("--model", args.model, ".pkl")
    given = vars(args)
    solver = _resumed(args.book, given) if args.book.suffix == ".npz" else _new(args.book, given)
    print(repr(solver), file=sys.stderr)
    try:
        solver.train()
    finally:  # also after Ctrl-C, or when training diverged: the last update was a good one
        _write(solver, args.out, args.model)
    print(
        f"{solver.iteration:,} iterations: loss {solver.history.last('loss'):.4f}, "
        f"validation {solver.evaluate():.4f} nats per character"
    )
    return 0


def _new(book: Path, given: dict[str, Any]) -> Solver:
    from rnncore.reading.text import read_text

    text = read_text(book.read_bytes(), name=book.name)
    for note in text.notes:
        print(note, file=sys.stderr)
    vocab = Vocab.from_text(text.text)
    seed = {"seed": given["seed"]} if "seed" in given else {}
    model = RNN(len(vocab), vocab.idx_to_char, **_picked(_MODEL_OPTIONS, given), **seed)
    return Solver(vocab.encode(text.text), model, **_picked(_SOLVER_OPTIONS, given), **seed)


def _resumed(path: Path, given: dict[str, Any]) -> Solver:
    solver = _load(path)
    if not isinstance(solver, Solver):
        raise SettingError(f"{path} holds a model, not a run to go on with.")
    names = {name: option for option, (name, _, _) in (_MODEL_OPTIONS | _SOLVER_OPTIONS).items()}
    names["seed"] = "--seed"
    for name, option in names.items():
        if name in given and name not in _LIVE:
            raise SettingError(f"{option} is settled in a saved run; leave it out, or start anew.")
    for name in sorted(_LIVE & given.keys()):
        setattr(solver, name, given[name])
    return solver


def _picked(options: dict[str, tuple[str, Any, str]], given: dict[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name, _, _ in options.values() if name in given}


def _check_target(option: str, path: Path | None, suffix: str) -> None:
    """Refuse before training what could not be written after it."""
    if path is None:
        return
    if path.suffix != suffix:
        raise SettingError(f"{option} is {path}; its name must end in {suffix}.")
    if not path.absolute().parent.is_dir():
        raise SettingError(f"{option} is {path}; there is no folder {path.parent}.")


def _write(solver: Solver, out: Path | None, model: Path | None) -> None:
    from rnncore.storage.atomic_write import replace_file
    from rnncore.storage.checkpoint import save
    from rnncore.storage.model_pickle import dump_model

    if out is not None:
        save(solver, out)
        print(f"Saved the run as {out}.", file=sys.stderr)
    if model is not None:
        raw = dump_model(solver.model)
        replace_file(model, lambda file: file.write(raw))
        print(f"Saved the model as {model}.", file=sys.stderr)


# --- sample ---------------------------------------------------------------------------------


def sample(args: argparse.Namespace) -> int:
    """Text written on from a seed, shown as it is drawn."""
    loaded = _load(args.model)
    model: RNN = loaded.model if isinstance(loaded, Solver) else loaded
    seed = _seed(args.seed_text, model.vocab)
    symbols = model.stream(
        seed, args.length, args.temperature, args.top_k, args.top_p, seed=args.seed
    )
    if args.seed_text is not None and model.vocab is not None:
        print(seed, end="")
    for symbol in symbols:
        print(symbol, end="" if model.vocab is not None else " ", flush=True)
    print()
    return 0


def _seed(text: str | None, vocab: Vocab | None) -> Any:
    """The seed for a model with or without characters; where none is given, a line's end."""
    if vocab is not None:
        if text is None:
            return "\n" if "\n" in vocab else vocab.idx_to_char[0]
        return text
    try:
        return [int(part) for part in (text or "0").replace(",", " ").split()]
    except ValueError:
        raise SettingError(
            f"--seed-text is {text!r}; this model has no characters, so give ids such as '3 1 4'."
        ) from None


def _load(path: Path) -> Any:
    from rnncore.storage.checkpoint import load

    return load(path)


# --- gradcheck and info ---------------------------------------------------------------------


def gradcheck(args: argparse.Namespace) -> int:
    """A line for each gradient of each cell with 1 to 3 layers."""
    from rnncore.gradcheck import check_model

    worst = 0.0
    print(f"{'cell':<10}{'layers':<8}{'gradient of':<14}{'shape':<12}relative error")
    for cell in CELLS:
        for layers in (1, 2, 3):
            for check in check_model(cell, layers):
                shape = " x ".join(map(str, check.shape))
                print(f"{cell:<10}{layers:<8}{check.name:<14}{shape:<12}{check.error:.1e}")
                worst = max(worst, check.error)
    passed = worst <= GRADIENT_TOLERANCE
    verdict = "at most" if passed else "MORE than"
    print(f"\nThe largest is {worst:.1e}, {verdict} {GRADIENT_TOLERANCE:.0e}.")
    return 0 if passed else 1


def info(args: argparse.Namespace) -> int:
    """What NumPy multiplies matrices with, and why."""
    found = blas.info()
    print(f"BLAS     {found.library}")
    print(f"kernel   {found.kernel}")
    print(f"threads  {'unknown' if found.threads is None else found.threads}")
    how = "processes" if worker_pool.wanted() else "threads"
    print(f"batches  {f'by {found.workers} {how}' if found.workers > 1 else 'whole'}")
    for reason in found.reasons:
        print(f"  {reason}")
    return 0


# --- arguments ------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; --help lists what is possible.\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="rnncore", description="Character-level recurrent networks in NumPy.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("train", help="train on a book", description=train.__doc__)
    command.add_argument("book", type=Path, help="a .txt, .gz, .zip or .epub; or a saved run.npz")
    command.add_argument("--out", type=Path, help="where to save the run (.npz)")
    command.add_argument("--model", type=Path, help="where to save the model alone (.pkl)")
    for option, (name, kind, text) in (_MODEL_OPTIONS | _SOLVER_OPTIONS).items():
        parsed = {"choices": list(kind)} if isinstance(kind, dict) else {"type": kind}
        command.add_argument(
            option, dest=name, help=text, default=argparse.SUPPRESS,
            **parsed, metavar=None if "choices" in parsed else kind.__name__.upper(),
        )  # fmt: skip
    command.add_argument("--seed", type=int, default=argparse.SUPPRESS, help="of all randomness")
    command.set_defaults(command=train)

    command = commands.add_parser("sample", help="let a model write", description=sample.__doc__)
    command.add_argument("model", type=Path, help="a model.pkl or a run.npz")
    command.add_argument("--seed-text", help="what to write on from (ids, for one without text)")
    command.add_argument("--length", type=int, default=500, help="characters to write")
    command.add_argument("--temperature", type=float, default=1.0, help="0 takes the likeliest")
    command.add_argument("--top-k", type=int, help="choose among the k likeliest")
    command.add_argument("--top-p", type=float, help="choose among the likeliest of this total")
    command.add_argument("--seed", type=int, help="of the choices")
    command.set_defaults(command=sample)

    for run, text in ((gradcheck, "check every gradient"), (info, "tell which BLAS is used")):
        command = commands.add_parser(run.__name__, help=text, description=run.__doc__)
        command.set_defaults(command=run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
