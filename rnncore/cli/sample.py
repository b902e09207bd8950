"""``sample``: let a trained network write."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rnncore.cli import run_network
from rnncore.errors import SettingError
from rnncore.storage.checkpoint import load
from rnncore.vocab import Vocab


def add_parser(commands: Any) -> None:
    """Add this command to the subparsers of the command line."""
    parser = commands.add_parser(
        "sample",
        help="let a trained network write",
        description="Let a trained network write.",
    )
    parser.add_argument("model", type=Path, help="a model (.pkl) or a run (.npz)")
    parser.add_argument(
        "--seed-text", help="text that the network continues (ids, for a model without characters)"
    )
    parser.add_argument("--length", type=int, default=500, help="number of characters to write")
    parser.add_argument(
        "--temperature", type=float, default=1.0, help="0 always takes the likeliest character"
    )
    parser.add_argument("--top-k", type=int, help="choose among the k likeliest characters")
    parser.add_argument(
        "--top-p", type=float, help="choose among the likeliest characters with this probability"
    )
    parser.add_argument("--seed", type=int, help="random seed of the choices")
    run_network.add_latest(parser, "let it write with")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the seed text and its continuation, each character as soon as it is drawn."""
    loaded = load(args.model)
    model, iteration = run_network.choose(loaded, args.latest)
    run_network.describe(loaded, iteration)
    seed = _parse_seed(args.seed_text, model.vocab)
    symbols = model.stream(
        seed, args.length, args.temperature, args.top_k, args.top_p, seed=args.seed
    )
    if args.seed_text is not None and model.vocab is not None:
        print(seed, end="")
    for symbol in symbols:
        print(symbol, end="" if model.vocab is not None else " ", flush=True)
    print()
    return 0


def _parse_seed(text: str | None, vocab: Vocab | None) -> Any:
    """Return the seed: a string, or a list of ids for a model without characters.

    Without a seed text the network starts a new line, if it knows line feeds.
    """
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
