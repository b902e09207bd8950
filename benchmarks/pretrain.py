"""Make the pretrained model and its card from the best run on the novel.

    python -m benchmarks.quality --texts novel --recipes RECIPE --out runs
    python -m benchmarks.pretrain --recipe RECIPE --out runs

``quality.py`` leaves one run per seed in the folder. The run with the lowest validation loss at its
end is used: its model becomes ``rnncore/data/pride.pkl``, its figures ``docs/pretrained-pride.md``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.quality import ITERATIONS, RECIPES
from rnncore import RNN, load
from rnncore.storage.model_pickle import dump_model

ROOT = Path(__file__).parents[1]
DATA, CARD = ROOT / "rnncore" / "data" / "pride.pkl", ROOT / "docs" / "pretrained-pride.md"
SAMPLES = {0.5: 1, 0.8: 2, 1.0: 3}  # temperature: random seed
SEED_TEXT, SAMPLE_LENGTH = "Elizabeth ", 500

TEMPLATE = """\
# The pretrained model `pride`

```python
import rnncore

model = rnncore.pretrained("pride")
print(model.sample("{seed_text}", T={length}, temperature=0.5, seed=1))
```

The model writes in the style of one book, one character at a time. Its words and phrases come from
the book. Sentences are correct for about half a line, and have no meaning. It knows the book's
{vocab} characters and no others.

- **Data.** *Pride and Prejudice* by Jane Austen (1813), in the public domain, in Project
  Gutenberg's edition, from "Chapter 1" to the end, without header and licence: {characters:,}
  characters, {vocab} of them distinct. The text itself is not included.
- **Split.** The first {train_characters:,} characters for training, the last {val_characters:,}
  (a tenth) for validation.
- **Model.** {model};
  float32, {bytes:,} bytes.
- **Recipe.** {rule}, rate {lr:g}{warmup}, {schedule} schedule, gradients clipped to a norm
  of {clip:g}, {batch_size} streams of {seq_length} characters{fresh}, no dropout.
- **Length.** {iterations:,} iterations, which is {epochs:.1f} epochs:
  {minutes:.0f} minutes on one thread ({processor}).

| loss | nats per character |
|---|---|
| training part | {train:.3f} |
| **validation part** (`Solver.evaluate`) | {last:.3f} |
| validation part, read as a single stream | {one_stream:.3f} |

{chosen}

## How to reproduce it

With Project Gutenberg's file of the book as `pride.txt` in the folder `books`:

```bash
python -m benchmarks.quality --books books --texts novel --recipes {recipe} \\
    --seeds {seeds} --out runs
python -m benchmarks.pretrain --recipe {recipe} --out runs
```

The figures agree to about two decimals. Another processor or another number of threads rounds
differently, and thousands of iterations amplify the difference.

## Samples

Each is the first sample with the given random seed, for the seed text `{seed_text!r}`.
{samples}"""


def find_best_run(folder: Path, recipe: str) -> tuple[RNN, dict[str, Any], list[dict[str, Any]]]:
    """Return the model and figures of the recipe's best full-length run, and all runs' figures."""
    paths = sorted(folder.glob(f"novel-{recipe}-{ITERATIONS['novel']}-*.json"))
    runs = [json.loads(path.read_text()) for path in paths]
    if not runs:
        raise SystemExit(f"{folder} has no runs of {recipe!r}; make them with quality.py.")
    at = min(range(len(runs)), key=lambda i: runs[i]["last"])
    model = load(paths[at].with_suffix(".pkl"))
    assert isinstance(model, RNN)
    return model, runs[at], runs


def format_card(model: RNN, size: int, best: dict[str, Any], runs: Sequence[dict[str, Any]]) -> str:
    """Return the card as Markdown. ``size``: bytes of the model's file."""
    settings, characters = best["settings"], best["characters"]
    samples = "".join(
        f"\nTemperature {temperature}, seed {seed}:\n\n```text\n"
        + model.sample(SEED_TEXT, SAMPLE_LENGTH, temperature, seed=seed).rstrip()
        + "\n```\n"
        for temperature, seed in SAMPLES.items()
    )
    fresh = settings.get("fresh_after", 0)
    per_iteration = settings["batch_size"] * settings["seq_length"]
    return TEMPLATE.format(
        seed_text=SEED_TEXT,
        length=SAMPLE_LENGTH,
        vocab=best["vocab"],
        characters=sum(characters.values()),
        train_characters=characters["train"],
        val_characters=characters["validation"],
        model=f"One LSTM layer of {model.hidden_dim} units over an embedding of "
        f"{model.input_dim}, {model.num_params:,} parameters",
        bytes=size,
        rule={"adam": "Adam", "adamw": "AdamW"}.get(
            settings["update_rule"], settings["update_rule"]
        ),
        warmup=f" after {settings['warmup']} iterations of warm-up" if settings["warmup"] else "",
        **{key: settings[key] for key in ("lr", "schedule", "clip", "batch_size", "seq_length")},
        fresh=f",\n  each reset to a zero state every {fresh} iterations" if fresh else "",
        epochs=best["iterations"] * per_iteration / characters["train"],
        minutes=best["seconds"] / 60,
        **{key: best[key] for key in ("iterations", "processor", "train", "last", "one_stream")},
        recipe=best["recipe"],
        chosen=describe_choice(runs),
        seeds=" ".join(str(run["seed"]) for run in runs),
        samples=samples,
    )


def describe_choice(runs: Sequence[dict[str, Any]]) -> str:
    """Return which runs the model was selected from, and how that biases its figure."""
    others = ", ".join(f"{run['last']:.3f} (seed {run['seed']})" for run in runs)
    if len(runs) == 1:
        return f"It is the only run of its recipe: {others}."
    mean = sum(run["last"] for run in runs) / len(runs)
    return (
        f"It is the best of {len(runs)} runs with different seeds: {others}.\n"
        "It was selected by its validation loss, so that figure is slightly too good. "
        "The mean of the runs is\n"
        f"{mean:.3f}."
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Write the model's file and its model card."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recipe", choices=RECIPES, default="adam-4e-3")
    parser.add_argument(
        "--out", type=Path, default=Path("quality-runs"), help="folder with the runs"
    )
    args = parser.parse_args(argv)
    model, best, runs = find_best_run(args.out, args.recipe)
    raw = dump_model(model)
    DATA.parent.mkdir(exist_ok=True)
    DATA.write_bytes(raw)
    CARD.write_text(format_card(model, len(raw), best, runs), encoding="utf-8")
    print(f"{DATA.name}: seed {best['seed']}, {len(raw):,} bytes, validation {best['last']:.3f}")


if __name__ == "__main__":
    main()
