"""The command line's entry point: parse the arguments, run the command, report errors.

    python -m rnncore train book.txt --hidden 200 --out run.npz --model model.pkl
    python -m rnncore train other.txt --from run.npz --model taught.pkl
    python -m rnncore train run.npz --iters 40000 --out run.npz
    python -m rnncore sample model.pkl --seed-text "The " --temperature 0.7
    python -m rnncore export model.pkl --to html --out network.html

A command prints its result to standard output and everything else to standard error. Exit
codes: 0 for success, 1 for a check that failed, 2 for an error, which is printed as one
sentence. A training that a signal stopped returns 128 plus the signal's number: 130 for Ctrl-C.

A new command is a module with ``add_parser(commands)`` and ``run(args) -> int``, listed in
``COMMANDS``.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from rnncore.cli import export, gradcheck, info, sample, sweep, train
from rnncore.errors import RnnCoreError

COMMANDS = (train, sweep, sample, export, gradcheck, info)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    argv: the arguments without the program's name; by default those of this process.
    """
    args = build_parser().parse_args(argv)
    # A terminal's encoding may lack characters of the book: print "?" for those.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        code: int = args.run(args)
        sys.stdout.flush()
    except BrokenPipeError:  # the reading program ended first, as in "| head"
        # Python flushes standard output once more at exit: let that succeed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except RnnCoreError as error:
        return _print_error(str(error))
    except OSError as error:
        return _print_error(f"{error.filename or 'The file'}: {error.strerror or error}.")
    return code


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; ``args.run`` is the chosen command's function."""
    parser = _Parser(prog="rnncore", description="Character-level recurrent networks in NumPy.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(commands)
    return parser


class _Parser(argparse.ArgumentParser):
    """Prints an error as one line; argparse itself prints the whole usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; --help lists the options.\n")


def _print_error(message: str) -> int:
    print(f"rnncore: {message}", file=sys.stderr)
    return 2
