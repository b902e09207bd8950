"""Measure validation losses after given times of training.

    python -m benchmarks.minutes --books ../shared/corpora --out runs
    python -m benchmarks.minutes --texts novel --seconds 20 60 --contenders demo first --out runs
    python -m benchmarks.minutes --table --out runs --data figures.json --chart minutes.svg

Every figure is a training of its own and a file in the folder ``--out``. A figure that is there is
skipped, so the command can be broken off and repeated. Times are processor time of one core, so a
busy machine does not change the result much; ``--all-cores`` uses all cores and the clock.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.minutes import table, texts
from benchmarks.minutes.figure import Figure, read_all
from benchmarks.minutes.recipe import CONTENDERS
from benchmarks.quality import BOOKS

NAMES = ("novel", "play", "story", "code", "chinese")
SECONDS = (20, 60, 300)
LONG, LONG_TEXTS = 1_800, ("novel", "play")  # measured only if --seconds names it
SEEDS_UP_TO, SEEDS = 60, (0, 1, 2)  # longer trainings have seed 0 only


def main(argv: Sequence[str] | None = None) -> None:
    """Measure what is missing, then print the table of the folder."""
    args = parse(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    if not args.table:
        figures = list(plan(args))
        for number, figure in enumerate(figures, 1):
            if figure.measured(args.out) is None:
                found = figure.measure(args.out, args.books)
                print(
                    f"{number} of {len(figures)} {figure.file_name}: {found['validation']:.3f} "
                    f"({found['iterations']:,} iterations, {found['processor_seconds']:.1f} s of "
                    f"processor time, {found['clock_seconds']:.1f} s)",
                    flush=True,
                )
    found = read_all(args.out)
    print(table.format_table(found), table.format_times(found), sep="\n\n")
    if args.data:
        rows = ",\n".join(json.dumps(row) for row in found)
        args.data.write_text(f"[\n{rows}\n]\n", encoding="utf-8")
    if args.chart:
        from dashboard.charts import picture

        spec = table.chart(found)
        draw = picture.to_png if args.chart.suffix == ".png" else picture.to_svg
        args.chart.write_bytes(draw(spec))


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the options of the command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--texts", nargs="+", choices=texts.TEXTS, default=list(NAMES))
    parser.add_argument("--seconds", nargs="+", type=float, default=list(SECONDS))
    parser.add_argument(
        "--contenders",
        nargs="+",
        choices=CONTENDERS,
        help="default: all, each for the times that suit it",
    )
    parser.add_argument("--seeds", nargs="+", type=int, help="default: 0 1 2, above a minute 0")
    parser.add_argument("--all-cores", action="store_true", help="all cores, time by the clock")
    parser.add_argument("--books", type=Path, default=BOOKS, help="folder with the texts")
    parser.add_argument("--out", type=Path, default=Path("minutes-runs"), help="folder of figures")
    parser.add_argument("--table", action="store_true", help="only print the tables")
    parser.add_argument("--data", type=Path, help="write all figures to this JSON file")
    parser.add_argument("--chart", type=Path, help="draw nats over seconds to this .svg or .png")
    return parser.parse_args(argv)


def plan(args: argparse.Namespace) -> Iterator[Figure]:
    """Yield the figures to measure: contenders in turn, so that all meet the same conditions.

    What cannot be measured here is printed with the reason.
    """
    contenders = list(args.contenders or CONTENDERS)
    if importlib.util.find_spec("torch") is None:
        peers = [name for name in contenders if CONTENDERS[name].recipe.kind != "rnncore"]
        contenders = [name for name in contenders if name not in peers]
        if peers:
            print(f"left out, because PyTorch is not installed: {', '.join(peers)}")
    for text in args.texts:
        try:
            texts.load(text, args.books)
        except texts.MissingText as error:
            print(f"left out: {text}, because {error}")
            continue
        for seconds in args.seconds:
            for seed in args.seeds or (SEEDS if seconds <= SEEDS_UP_TO else SEEDS[:1]):
                for name in contenders:
                    contender = CONTENDERS[name]
                    chosen = contender.recipe
                    if chosen.iterations and seconds != min(args.seconds):
                        continue  # its length is fixed: one figure
                    suits = contender.shortest <= seconds <= contender.longest
                    if args.contenders is None and not suits:
                        continue
                    yield Figure(text, name, chosen, seconds, seed, args.all_cores)


if __name__ == "__main__":
    main()
