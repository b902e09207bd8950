"""Measure which learning rate suits a network, and fit the rule of ``rnncore.learning_rates``.

    python -m benchmarks.minutes.rates --books ../shared/corpora --out rate-runs

Networks of several cells, sizes and batches train for the same time at several rates on two texts.
For each network the best rate is the minimum of a parabola through the lowest mean loss and its
neighbours, over the logarithm of the rate. A line through these minima, over the logarithms of size
and batch, is the rule. Adam, cosine schedule.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.minutes.figure import Figure, read_all
from benchmarks.minutes.recipe import Recipe
from benchmarks.quality import BOOKS

TEXTS, SECONDS, SEQUENCE = ("novel-half", "play"), 20.0, 32
# Hidden size, batch size and layers: each differs from the first in one or two.
SHAPES = ((128, 32, 1), (64, 32, 1), (256, 32, 1), (128, 16, 1), (128, 64, 1), (128, 32, 2))
RATES = {
    "lstm": (0.008, 0.016, 0.032),
    "gru": (0.004, 0.008, 0.016),
    "vanilla": (0.004, 0.008, 0.016),
}

Shape = tuple[int, int, int]


def plan() -> Iterable[Figure]:
    """Yield a figure for each text, cell, shape and rate."""
    for text, cell, (H, N, layers) in itertools.product(TEXTS, RATES, SHAPES):
        for rate in RATES[cell]:
            recipe = Recipe("rnncore", cell, H, layers, N, SEQUENCE, rate)
            yield Figure(text, str(recipe), recipe, SECONDS, 0)


def losses(figures: Iterable[Mapping[str, Any]]) -> dict[tuple[str, Shape], dict[float, float]]:
    """Return the mean validation losses over the texts by cell and shape, each by rate.

    A rate that was not measured on every text is left out.
    """
    found: dict[tuple[str, Shape], dict[float, list[float]]] = {}
    for figure in figures:
        recipe = Recipe.from_values(figure["recipe"])
        shape = recipe.hidden_dim, recipe.batch_size, recipe.num_layers
        by_rate = found.setdefault((recipe.cell, shape), {})
        by_rate.setdefault(recipe.lr, []).append(figure["validation"])
    return {
        network: {
            rate: statistics.fmean(values)
            for rate, values in by_rate.items()
            if len(values) == len(TEXTS)
        }
        for network, by_rate in found.items()
    }


def best_rate(by_rate: Mapping[float, float]) -> float:
    """Return the rate at the minimum of a parabola through the lowest loss and its neighbours.

    At an end of the measured rates it is that rate.
    """
    rates = sorted(by_rate)
    at = min(range(len(rates)), key=lambda place: by_rate[rates[place]])
    if at in (0, len(rates) - 1):
        return rates[at]
    near = rates[at - 1 : at + 2]
    a, b, _ = np.polyfit(np.log(near), [by_rate[rate] for rate in near], 2)
    return math.exp(-b / (2 * a))


def fit(best: Mapping[Shape, float]) -> tuple[float, float, float, float]:
    """Return the rate at H = 128, N = 32, one layer, and the exponents of H, N and layers.

    Least squares of the logarithms.
    """
    rows = [[1, math.log(H / 128), math.log(N / 32), math.log(layers)] for H, N, layers in best]
    found = np.linalg.lstsq(np.array(rows), np.log(list(best.values())), rcond=None)[0]
    return (math.exp(found[0]), *(float(slope) for slope in found[1:]))  # type: ignore[return-value]


def main(argv: Sequence[str] | None = None) -> None:
    """Measure what is missing, then print the losses and the rule of each cell."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--books", type=Path, default=BOOKS, help="folder with the texts")
    parser.add_argument("--out", type=Path, default=Path("rate-runs"), help="folder of figures")
    parser.add_argument("--data", type=Path, help="write all figures to this JSON file")
    args = parser.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    for figure in plan():
        if figure.measured(args.out) is None:
            figure.measure(args.out, args.books)
    figures = read_all(args.out)
    print(format_table(losses(figures)))
    if args.data:
        rows = ",\n".join(json.dumps(row) for row in figures)
        args.data.write_text(f"[\n{rows}\n]\n", encoding="utf-8")


def format_table(found: Mapping[tuple[str, Shape], Mapping[float, float]]) -> str:
    """Return a row for each shape with losses and best rate of each cell, then the rules."""
    cells = [cell for cell in RATES if any(cell == known for known, _ in found)]
    titles = (f"{cell}, {', '.join(f'{rate:g}' for rate in RATES[cell])}" for cell in cells)
    lines = [f"| network | {' | '.join(titles)} |", "|---" * (1 + len(cells)) + "|"]
    for shape in SHAPES:
        H, N, layers = shape
        row = [f"H {H}, N {N}" + (f", {layers} layers" if layers > 1 else "")]
        row += [_describe(found.get((cell, shape), {})) for cell in cells]
        lines.append(f"| {' | '.join(row)} |")
    lines.append("")
    for cell in cells:
        best = {shape: best_rate(by_rate) for (of, shape), by_rate in found.items() if of == cell}
        rate, size, batch, depth = fit(best)
        lines.append(
            f"{cell}: {rate:.3g} (H / 128)^{size:.2f} (N / 32)^{batch:.2f} layers^{depth:.2f}"
        )
    return "\n".join(lines)


def _describe(by_rate: Mapping[float, float]) -> str:
    """Return the losses in the order of the rates, and the best rate."""
    if not by_rate:
        return ""
    lowest = min(by_rate, key=by_rate.__getitem__)
    end = {min(by_rate): "≤ ", max(by_rate): "≥ "}.get(lowest, "")
    losses = ", ".join(f"{by_rate[rate]:.3f}" for rate in sorted(by_rate))
    return f"{losses}: {end}{best_rate(by_rate):.2g}"


if __name__ == "__main__":
    main()
