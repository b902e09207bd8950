"""Compare training recipes over seeds and books, by validation loss.

    python -m benchmarks.quality --books ../shared/corpora --out runs
    python -m benchmarks.quality --recipes adam-4e-3 original --seeds 0 --iters 2000 --out runs
    python -m benchmarks.quality --table --out runs

Each run writes two files to the folder ``--out``: its figures (.json) and its model (.pkl).
A run whose figures exist is skipped. Several processes can therefore share the work, and an
interrupted command can be repeated. Losses are in nats per character.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import rnncore
from benchmarks.processor import processor_name
from rnncore import RNN, Solver, Vocab, read_text
from rnncore.batches import split_into_streams
from rnncore.storage.model_pickle import dump_model

BOOKS = Path(__file__).parents[2] / "shared" / "corpora"
FILES = {"novel": "pride.txt", "play": "tiny-shakespeare.txt"}
ITERATIONS = {"novel": 20_000, "play": 10_000}

# The first shape of shapes.py: 200 units, 16 streams, 50 characters; D is a quarter of V.
HIDDEN, STREAMS, LENGTH = 200, 16, 50

# What all recipes share. Every setting is named, so that figures stay comparable when Solver's
# defaults change.
COMMON: dict[str, Any] = {
    "val_fraction": 0.1, "eval_every": 500, "update_rule": "adam", "schedule": "cosine",
    "warmup": 0, "clip": 5.0, "fresh_after": 256,
}  # fmt: skip

RECIPES: dict[str, dict[str, Any]] = {
    "adam-4e-3": {"lr": 4e-3},
    "adam-6e-3": {"lr": 6e-3},
    "adam-8e-3": {"lr": 8e-3},
    "adam-12e-3": {"lr": 1.2e-2},
    "adam-8e-3-carried": {"lr": 8e-3, "fresh_after": 0},
    "adam-6e-3-warmup": {"lr": 6e-3, "warmup": 500},
    "adam-8e-3-warmup": {"lr": 8e-3, "warmup": 500},
    "adam-constant": {"lr": 2e-3, "schedule": "constant"},
    "adamw-8e-3-warmup": {"update_rule": "adamw", "lr": 8e-3, "warmup": 500},
    "original": {"lr": 1e-2, "schedule": "constant", "update_rule": "rmsprop"},
}
FINALISTS = ("adam-4e-3", "adam-8e-3")


def load_book(name: str, folder: Path = BOOKS) -> str:
    """Return the text of a book, without Project Gutenberg's header and licence."""
    file = FILES[name]
    return read_text((folder / file).read_bytes(), name=file).text


def new_solver(text: str, recipe: str, seed: int, iters: int) -> Solver:
    """Return a solver that has not trained yet."""
    vocab = Vocab.from_text(text)
    model = RNN(len(vocab), vocab.idx_to_char, hidden_dim=HIDDEN, seed=seed)
    settings = COMMON | RECIPES[recipe]
    return Solver(vocab.encode(text), model, LENGTH, STREAMS, num_iters=iters, **settings)


def measure_loss(model: RNN, inputs: Any, targets: Any, steps: int = 50) -> float:
    """Return the loss in nats per character over streams (N, L).

    The state starts at zero and is carried along each stream, in pieces of ``steps`` characters.
    """
    N, L = inputs.shape
    state, buffers, total = model.initial_state(N), model.new_pass(N, steps), 0.0
    for start in range(0, L, steps):
        x, y = (part[:, start : start + steps] for part in (inputs, targets))
        total += model.evaluate(x, y, state, buffers if x.shape[1] == steps else None)
    return total / inputs.size


def collect_figures(solver: Solver, **known: Any) -> dict[str, Any]:
    """Return the figures of a finished run; ``known`` is included."""
    iterations, losses = solver.history.validations()
    best = losses.argmin()
    settings = solver.settings() | {"hidden_dim": solver.model.hidden_dim}
    return known | {
        "settings": settings | {"input_dim": solver.model.input_dim},
        "vocab": solver.model.vocab_dim,
        "characters": {"train": len(solver.train_ids), "validation": len(solver.val_ids)},
        "last": float(losses[-1]),
        "best": float(losses[best]),
        "best_at": int(iterations[best]),
        "one_stream": measure_loss(solver.model, *split_into_streams(solver.val_ids, 1)),
        "train": measure_loss(solver.model, *split_into_streams(solver.train_ids, 64)),
        "seconds": round(solver.seconds, 1),
        "curve": [[int(i), round(float(v), 4)] for i, v in zip(iterations, losses, strict=True)],
        "rnncore": rnncore.__version__,
        "processor": processor_name(),
    }


def run(text: str, recipe: str, seed: int, iters: int | None, books: Path, out: Path) -> None:
    """Train one model and write its figures and the model to ``out``, unless they exist."""
    iters = ITERATIONS[text] if iters is None else iters
    name = f"{text}-{recipe}-{iters}-{seed}"
    if (out / f"{name}.json").exists():
        return
    solver = new_solver(load_book(text, books), recipe, seed, iters)
    solver.train()
    found = collect_figures(solver, text=text, recipe=recipe, seed=seed, iterations=iters)
    (out / f"{name}.pkl").write_bytes(dump_model(solver.model))
    (out / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
    print(f"{name}: {found['last']:.4f} (best {found['best']:.4f}, {found['seconds']:.0f} s)")


def format_table(found: Iterable[dict[str, Any]]) -> str:
    """Return the runs as a Markdown table: a row for each text, length and recipe, best first."""
    groups: dict[tuple[str, int, str], list[dict[str, Any]]] = {}
    for one in found:
        groups.setdefault((one["text"], one["iterations"], one["recipe"]), []).append(one)
    lines = [
        "| text | iterations | recipe | last, mean | each seed's last | best, mean | train, mean |",
        "|---|---|---|---|---|---|---|",
    ]

    def mean(group: list[dict[str, Any]], key: str) -> float:
        return statistics.fmean(one[key] for one in group)

    for key, group in sorted(groups.items(), key=lambda g: (*g[0][:2], mean(g[1], "last"))):
        group.sort(key=lambda one: one["seed"])
        seeds = ", ".join(f"{one['last']:.3f} ({one['seed']})" for one in group)
        text, iters, recipe = key
        lines.append(
            f"| {text} | {iters:,} | {recipe} | **{mean(group, 'last'):.3f}** | {seeds} "
            f"| {mean(group, 'best'):.3f} | {mean(group, 'train'):.3f} |"
        )
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> None:
    """Do the requested runs, then print a table of all runs in the folder."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--texts", nargs="+", choices=FILES, default=list(FILES))
    parser.add_argument("--recipes", nargs="+", choices=RECIPES, default=list(FINALISTS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--iters", type=int, help="default: 20,000 novel, 10,000 play")
    parser.add_argument("--books", type=Path, default=BOOKS, help="folder with the texts")
    parser.add_argument(
        "--out", type=Path, default=Path("quality-runs"), help="folder for the runs"
    )
    parser.add_argument("--table", action="store_true", help="only print the table")
    args = parser.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    if not args.table:
        for text in args.texts:
            for recipe in args.recipes:
                for seed in args.seeds:
                    run(text, recipe, seed, args.iters, args.books, args.out)
    print(format_table(json.loads(path.read_text()) for path in sorted(args.out.glob("*.json"))))


if __name__ == "__main__":
    main()
