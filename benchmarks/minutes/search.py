"""Search the settings that predict best after a given time, by successive halving.

    python -m benchmarks.minutes.search --books ../shared/corpora --out search-runs
    python -m benchmarks.minutes.search --candidates minutes --seconds 120 300 --judge 0

All candidates train for a short time on some texts; the better part of them trains longer. The best
at the end is judged on other texts, against the first candidate: the preset as it was. Sources:
Jamieson and Talwalkar (2016), "Non-stochastic best arm identification"; Li et al. (2018),
"Hyperband".
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.minutes.figure import Figure, read_all
from benchmarks.minutes.recipe import FIRST, Recipe
from benchmarks.minutes.table import mean
from benchmarks.quality import BOOKS

SEARCH_TEXTS, JUDGE_TEXTS = ("novel-half", "code"), ("play", "story")
KEEP = 0.3  # of the candidates, after each round

_START = Recipe(hidden_dim=192, batch_size=32, seq_length=32, lr=0.015)
_LARGE = Recipe(hidden_dim=256, batch_size=32, seq_length=32, lr=0.01, dropout=0.1)
# For a training of seconds, and of minutes: the preset as it was, then what may be better.
CANDIDATES: dict[str, tuple[Recipe, ...]] = {
    "seconds": (
        FIRST,
        _START,
        replace(_START, lr=0.01),
        replace(_START, lr=0.02),
        replace(_START, batch_size=16, seq_length=25),
        replace(_START, batch_size=32, seq_length=50),
        replace(_START, hidden_dim=128),
        replace(_START, hidden_dim=256, lr=0.01),
        replace(_START, hidden_dim=128, num_layers=2, lr=0.01),
        replace(_START, cell="gru", lr=0.006),
    ),
    "minutes": (
        replace(_LARGE, batch_size=16, seq_length=50),
        _LARGE,
        replace(_LARGE, hidden_dim=128, lr=0.015, dropout=0.0),
        replace(_LARGE, hidden_dim=128, num_layers=2, dropout=0.0),
        replace(_LARGE, hidden_dim=192, num_layers=2, lr=0.008),
        replace(_LARGE, cell="gru", lr=0.005, dropout=0.0),
        replace(_LARGE, cell="gru", hidden_dim=192, lr=0.006, dropout=0.0),
        replace(_LARGE, cell="gru", hidden_dim=192, num_layers=2, lr=0.005),
    ),
}


def halve(
    candidates: Sequence[Recipe],
    seconds: Sequence[float],
    folder: Path,
    books: Path,
    texts: Sequence[str] = SEARCH_TEXTS,
    keep: float = KEEP,
) -> list[Recipe]:
    """Return the candidates of the last round, best first; ``seconds`` are those of each round."""
    left = list(candidates)
    for round_seconds in seconds:
        scores = {
            recipe: score(recipe, round_seconds, texts, (0,), folder, books) for recipe in left
        }
        left.sort(key=scores.__getitem__)
        print(f"\nafter {round_seconds:g} s on {', '.join(texts)}:")
        for recipe in left:
            print(f"  {scores[recipe]:.4f}  {recipe}")
        if round_seconds != seconds[-1]:
            left = left[: max(2, round(keep * len(left)))]
    return left


def score(
    recipe: Recipe,
    seconds: float,
    texts: Sequence[str],
    seeds: Sequence[int],
    folder: Path,
    books: Path,
) -> float:
    """Return the mean of the losses over texts and seeds; on a small text, of the best losses."""
    found = []
    for seed in seeds:
        for text in texts:
            figure = Figure(text, str(recipe), recipe, seconds, seed)
            found.append(figure.measured(folder) or figure.measure(folder, books))
    return mean(found, "best")


def main(argv: Sequence[str] | None = None) -> None:
    """Search, then judge the best."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--candidates", choices=CANDIDATES, default="seconds")
    parser.add_argument("--seconds", nargs="+", type=float, default=[20, 55], help="of each round")
    parser.add_argument(
        "--judge", nargs="*", type=int, default=[0, 1, 2], help="seeds; none: no judging"
    )
    parser.add_argument("--books", type=Path, default=BOOKS, help="folder with the texts")
    parser.add_argument("--out", type=Path, default=Path("search-runs"), help="folder of figures")
    parser.add_argument("--data", type=Path, help="write all figures to this JSON file")
    args = parser.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    candidates = CANDIDATES[args.candidates]
    best = halve(candidates, args.seconds, args.out, args.books)[0]
    for text in JUDGE_TEXTS if args.judge else ():
        for recipe in (candidates[0], best):
            loss = score(recipe, args.seconds[-1], (text,), args.judge, args.out, args.books)
            print(f"judged on {text}: {loss:.4f}  {recipe}")
    if args.data:
        rows = ",\n".join(json.dumps(row) for row in read_all(args.out))
        args.data.write_text(f"[\n{rows}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
