"""``export``: write a network as a file that runs without rnncore."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path
from typing import Any

from rnncore.cli import run_network
from rnncore.errors import SettingError
from rnncore.export.card import Card, read_curve
from rnncore.export.html_page import PRECISIONS, to_html
from rnncore.export.numpy_program import to_numpy
from rnncore.export.onnx_file import to_onnx
from rnncore.export.torch_file import to_torch, to_torch_zip
from rnncore.model import RNN
from rnncore.pretrained import PRETRAINED, pretrained
from rnncore.solver import Solver
from rnncore.storage.atomic_write import replace_file
from rnncore.storage.checkpoint import load

KINDS = {
    "html": "one web page that writes in any browser",
    "numpy": "a zip with the arrays and a short program, for NumPy alone",
    "safetensors": "PyTorch's state dict; a FILE that ends in .zip holds its nn.Module, too",
    "onnx": "a graph for onnxruntime",
}


def add_parser(commands: Any) -> None:
    """Add this command to the subparsers of the command line."""
    parser = commands.add_parser(
        "export",
        help="write a network as a file that runs without rnncore",
        description="Write a network as a file that runs without rnncore.",
        epilog="kinds: " + "; ".join(f"{kind}: {words}" for kind, words in KINDS.items()),
    )
    parser.add_argument(
        "model", help=f"a model (.pkl), a run (.npz) or a name: {', '.join(PRETRAINED)}"
    )
    parser.add_argument("--to", required=True, choices=KINDS, help="kind of file")
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    parser.add_argument("--name", default="", help="html: name of the training text")
    parser.add_argument("--seed-text", default="", help="html: a text that the network continues")
    parser.add_argument(
        "--precision", choices=PRECISIONS, default="float16", help="html: type of the weights"
    )
    run_network.add_latest(parser, "write")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the file; print its size."""
    path = Path(args.model)
    named = args.model in PRETRAINED and not path.exists()
    loaded = pretrained(args.model) if named else load(path)
    model, iteration = run_network.choose(loaded, args.latest)
    run_network.describe(loaded, iteration)
    raw = _make(args, model, loaded if isinstance(loaded, Solver) else None)
    replace_file(args.out, lambda file: file.write(raw))
    print(f"Wrote {args.out}, {len(raw):,} bytes.", file=sys.stderr)
    return 0


def _make(args: argparse.Namespace, model: RNN, solver: Solver | None) -> bytes:
    if args.to == "html":
        known = model.vocab.keep_known(args.seed_text) if model.vocab else args.seed_text
        if known != args.seed_text:
            raise SettingError(
                f"--seed-text is {args.seed_text!r}; the network knows only {known!r} of it."
            )
        card = make_card(args.name, args.seed_text, solver, args.latest)
        return to_html(model, card, args.precision)
    if args.to == "numpy":
        return to_numpy(model)
    if args.to == "onnx":
        return to_onnx(model)
    return to_torch_zip(model) if args.out.suffix == ".zip" else to_torch(model)


def make_card(name: str, seed_text: str, solver: Solver | None, latest: bool = False) -> Card:
    """Return the card of a run's best or latest network, or of a model without a run."""
    if solver is None:
        return Card(name=name, seed_text=seed_text, created=date.today())
    _, losses = solver.history.validations()
    best = None if latest else solver.best
    return Card(
        name=name,
        seed_text=seed_text,
        characters=len(solver.ids),
        iterations=solver.iteration if best is None else best.iteration,
        val_loss=best.loss if best is not None else float(losses[-1]) if len(losses) else None,
        created=date.today(),
        curve=read_curve(solver.history),
    )
