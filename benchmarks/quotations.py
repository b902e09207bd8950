"""Measure how well a network shows that a quotation is open, on the held-out tenth of a novel.

    python -m benchmarks.quotations --book pride.txt
    python -m benchmarks.quotations --book pride.txt --model run.npz

The measure is the AUC: of the best single unit, and of a linear probe over the cell states of all
units, fitted on parts of the training text. The book may be Project Gutenberg's file; its header
and licence are left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from rnncore import RNN, Solver, inspect, load, pretrained
from rnncore.reading.text import read_text

FIT = (100_000, 300_000, 10**9)  # last characters of the training text that the probe is fitted on


def measure(model: RNN, text: str, fit: Sequence[int] = FIT) -> Iterator[str]:
    """Yield a line for the best unit and one for the probe after each length of ``fit``."""
    assert model.vocab is not None
    text = model.vocab.keep_known(text)
    ids, mark = model.vocab.encode(text), inspect.inside_quotes(text)
    cut = len(ids) - len(ids) // 10
    part = "c" if "c" in model.cells[0].parts else "h"
    state = inspect.state_after(model, ids[cut - 500 : cut])
    held = inspect.activations(model, ids[cut:], (part,), state=state)
    best = inspect.rank_units(held, mark[cut:])
    yield f"held-out characters {len(ids) - cut:,}, inside quotations {np.mean(mark[cut:]):.0%}"
    yield f"best unit {best.best}: AUC {best.strength[best.best]:.3f}, chance {best.control:.3f}"
    for count in sorted({min(count, cut) for count in fit}):
        train = slice(cut - count, cut)
        found = inspect.probe_text(model, ids[train], mark[train], held, mark[cut:], part)
        yield f"probe fitted on {count:,}: AUC {found.score:.3f}, chance {found.control:.3f}"


def main(argv: Sequence[str] | None = None) -> None:
    """Print the measurements."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--book", type=Path, required=True, help="text file of the novel")
    parser.add_argument("--model", type=Path, help="a run or a model; none: pretrained")
    args = parser.parse_args(argv)
    found = pretrained("pride") if args.model is None else load(args.model)
    model = found.model if isinstance(found, Solver) else found
    for line in measure(model, read_text(args.book.read_bytes()).text):
        print(line, flush=True)


if __name__ == "__main__":
    main()
