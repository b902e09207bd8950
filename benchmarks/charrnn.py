"""Repeat char-rnn's default setting on tiny-shakespeare: 2 layers of 128 units, batches of 50 x 50.

    python -m benchmarks.charrnn --books ../shared/corpora --out runs

The split is char-rnn's own. The text is cut to whole batches and laid out as 50 parallel
streams. The first 95 % of the batches of every stream are for training, the rest for validation:
50 streams, read from a zero state that is then carried. Source: Karpathy (2015), char-rnn,
``util/CharSplitLMMinibatchLoader.lua`` and ``eval_split`` of ``train.lua``.

``Solver`` cuts its streams from one sequence of ids, so the training parts are joined, stream
after stream. The last target of each stream is then the first character of the next stream: 50
wrong targets in a million.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import rnncore
from benchmarks.processor import processor_name
from benchmarks.quality import BOOKS, load_book, measure_loss
from rnncore import RNN, Solver, Vocab
from rnncore.storage.model_pickle import dump_model

STREAMS, LENGTH, TRAIN_FRACTION = 50, 50, 0.95
HIDDEN, LAYERS, EPOCHS = 128, 2, 50
CHARRNN_LOSS = 1.394  # validation loss that char-rnn itself is known to reach here

Ids = NDArray[np.integer]


class Split(NamedTuple):
    """A text's training and validation parts.

    train: ids for ``Solver``, (n,). inputs, targets: (50, L), the end of every stream. batches:
    number of batches for training and for validation.
    """

    train: Ids
    inputs: Ids
    targets: Ids
    batches: tuple[int, int]

    def __str__(self) -> str:
        N, L = self.inputs.shape
        per_stream = self.batches[0] * LENGTH
        return (
            f"{N} streams of {per_stream + L:,} characters in {sum(self.batches)} batches: the "
            f"first {self.batches[0]} for training ({per_stream:,} of each stream, "
            f"{N * per_stream:,} in total), the last {self.batches[1]} for validation "
            f"({L:,} of each stream, {N * L:,} in total)"
        )


def split_like_charrnn(ids: Ids) -> Split:
    """Return char-rnn's split of a text's ids (n,)."""
    batches = (len(ids) - 1) // (STREAMS * LENGTH)
    train_batches = int(batches * TRAIN_FRACTION)
    size, cut = batches * LENGTH, train_batches * LENGTH
    inputs = ids[: STREAMS * size].reshape(STREAMS, size)
    targets = ids[1 : STREAMS * size + 1].reshape(STREAMS, size)
    # One more id, so that the last stream has as many targets as the others.
    train = np.append(inputs[:, :cut].reshape(-1), targets[-1, cut - 1])
    return Split(train, inputs[:, cut:], targets[:, cut:], (train_batches, batches - train_batches))


def train(text: str, settings: dict[str, Any], dropout: float, input_dim: int, seed: int) -> Any:
    """Train with ``settings`` of ``Solver`` and return the model and the figures."""
    vocab = Vocab.from_text(text)
    parts = split_like_charrnn(vocab.encode(text))
    print(parts, flush=True)
    model = RNN(
        len(vocab), vocab.idx_to_char, input_dim, HIDDEN, num_layers=LAYERS, dropout=dropout,
        seed=seed,
    )  # fmt: skip
    solver = Solver(parts.train, model, LENGTH, STREAMS, val_fraction=0.0, seed=seed, **settings)
    curve: list[tuple[int, float, float]] = []
    while not solver.finished:
        solver.step()
        if solver.iteration % solver.batches.per_epoch == 0 or solver.finished:
            loss = measure_loss(model, parts.inputs, parts.targets)
            curve.append((solver.iteration, round(loss, 4), round(solver.seconds, 1)))
            print(f"epoch {solver.epoch:.0f}: {loss:.4f} after {solver.seconds:.0f} s", flush=True)
    reached = next((point for point in curve if point[1] <= CHARRNN_LOSS), None)
    return model, {
        "split": str(parts),
        "settings": solver.settings() | {"dropout": dropout, "input_dim": input_dim},
        "parameters": model.num_params,
        "last": curve[-1][1],
        "best": min(curve, key=lambda point: point[1]),
        "mark": CHARRNN_LOSS,
        "reached": reached,
        "seconds": curve[-1][2],
        "curve": curve,
        "rnncore": rnncore.__version__,
        "processor": processor_name(),
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Train once and write the figures and the model to the folder ``--out``."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=float, default=EPOCHS)
    parser.add_argument("--lr", type=float, default=6e-3)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument(
        "--embed", type=int, default=64, help="embedding size (char-rnn reads one-hot vectors)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--books", type=Path, default=BOOKS, help="folder with the texts")
    parser.add_argument("--out", type=Path, default=Path("quality-runs"))
    args = parser.parse_args(argv)
    text = load_book("play", args.books)
    per_epoch = int((len(text) - 1) // (STREAMS * LENGTH) * TRAIN_FRACTION)
    settings = {"lr": args.lr, "num_iters": round(args.epochs * per_epoch), "fresh_after": 0}
    model, found = train(text, settings, args.dropout, args.embed, args.seed)
    folder = args.out / "charrnn"
    folder.mkdir(parents=True, exist_ok=True)
    name = f"lr{args.lr:g}-dropout{args.dropout:g}-{settings['num_iters']}-{args.seed}"
    (folder / f"{name}.pkl").write_bytes(dump_model(model))
    (folder / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
    print(f"last {found['last']}, best {found['best']}; {CHARRNN_LOSS} reached: {found['reached']}")


if __name__ == "__main__":
    main()
