"""The figures as a Markdown table and as a chart."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.minutes.recipe import CONTENDERS, Recipe

Found = dict[str, Any]


def group(figures: Iterable[Found]) -> dict[tuple[str, float, str], list[Found]]:
    """Return the figures by text, seconds and contender, each list in the order of the seeds.

    A training of a fixed length counts for the time that it took with its first seed.
    """
    groups: dict[tuple[str, str, float], list[Found]] = {}
    for figure in sorted(figures, key=lambda figure: figure["seed"]):
        key = (figure["text"], figure["name"], figure["seconds"])
        groups.setdefault(key, []).append(figure)
    return {(text, _seconds(found[0]), name): found for (text, name, _), found in groups.items()}


def _seconds(figure: Found) -> float:
    fixed = figure["recipe"]["iterations"]
    return round(figure["processor_seconds"]) if fixed else figure["seconds"]


def mean(figures: Sequence[Found], key: str) -> float:
    """Return the mean of a value over the seeds."""
    return statistics.fmean(figure[key] for figure in figures)


def spread(figures: Sequence[Found]) -> str:
    """Return the mean loss and, of several seeds, the lowest and the highest."""
    losses = [figure["validation"] for figure in figures]
    text = f"{statistics.fmean(losses):.3f}"
    best = mean(figures, "best")
    if len(losses) > 1:
        text += f" ({min(losses):.3f}–{max(losses):.3f})"
    return text if statistics.fmean(losses) - best < 5e-4 else f"{text}, best {best:.3f}"


def format_table(figures: Iterable[Found]) -> str:
    """Return a row for each text and time, a column for each contender."""
    groups = group(figures)
    names = {name for _, _, name in groups}
    columns = [name for name in CONTENDERS if name in names] + sorted(names - set(CONTENDERS))
    lines = [
        f"| text | seconds | {' | '.join(columns)} | seeds |",
        "|" + "---|" * (len(columns) + 3),
    ]
    for text, seconds in dict.fromkeys((text, seconds) for text, seconds, _ in sorted(groups)):
        found = [groups.get((text, seconds, name), []) for name in columns]
        cells = [spread(each) if each else "" for each in found]
        seeds = sorted({len(each) for each in found if each})
        lines.append(
            f"| {text} | {seconds:g} | {' | '.join(cells)} | {'–'.join(map(str, seeds))} |"
        )
    return "\n".join(lines)


def format_times(figures: Iterable[Found]) -> str:
    """Return a row for each contender and time: what it computed, and how long it took."""
    lines = [
        "| text | seconds | contender | settings | parameters | iterations | processor s "
        "| clock s |",
        "|" + "---|" * 8,
    ]
    for (text, seconds, name), found in sorted(group(figures).items()):
        recipe = Recipe.from_values(found[0]["recipe"])
        lines.append(
            f"| {text} | {seconds:g} | {name} | {recipe} | {found[0]['parameters']:,} "
            f"| {mean(found, 'iterations'):,.0f} | {mean(found, 'processor_seconds'):.1f} "
            f"| {mean(found, 'clock_seconds'):.1f} |"
        )
    return "\n".join(lines)


def chart(figures: Iterable[Found]) -> dict[str, Any]:
    """Return nats over seconds as a Vega-Lite specification: a panel for each text.

    A text with fewer than two figures has no panel.
    """
    groups = group(figures)
    texts = [text for text, _, _ in groups]
    rows = [
        {
            "text": text,
            "contender": CONTENDERS[name].words if name in CONTENDERS else name,
            "seconds": seconds,
            "validation": mean(found, "validation"),
        }
        for (text, seconds, name), found in sorted(groups.items())
        if texts.count(text) > 1
    ]
    return {
        "background": "white",
        "data": {"values": rows},
        "facet": {"field": "text", "title": None, "header": {"labelFontSize": 13}},
        "columns": 2,
        "resolve": {"scale": {"y": "independent"}},
        "spec": {
            "width": 320,
            "height": 220,
            "mark": {"type": "line", "point": True},
            "encoding": {
                "x": {
                    "field": "seconds",
                    "type": "quantitative",
                    "scale": {"type": "log", "nice": False, "padding": 12},
                    "title": "seconds of training",
                },
                "y": {
                    "field": "validation",
                    "type": "quantitative",
                    "scale": {"zero": False},
                    "title": "validation loss, nats per character",
                },
                "color": {
                    "field": "contender",
                    "type": "nominal",
                    "sort": [contender.words for contender in CONTENDERS.values()],
                    "legend": {"title": None, "orient": "bottom", "columns": 2, "labelLimit": 400},
                },
            },
        },
    }
