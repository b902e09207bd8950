"""A run as one HTML page that needs nothing else: no scripts, no fonts, no network.

Everything that comes from outside (names, settings, samples) is escaped on its way in:
``page`` takes plain values and gives the whole document.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from dashboard.reports.escaping import escape
from dashboard.reports.svg_curve import Curve, draw

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2230; --soft: #667085; --line: #dfe3ea;
  --paper: #fff; --panel: #f6f7f9; --train: #3867b4; --val: #d1570a; --mark: #7a8699; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --soft: #98a2b3; --line: #343b49;
  --paper: #14171e; --panel: #1d222c; --train: #7aa7f0; --val: #ff9d57; --mark: #8b95a7; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 52rem; padding: 2.5rem 1.25rem 4rem; background: var(--paper);
  color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.4rem 0 .7rem; }
.lead, figcaption, .when { color: var(--soft); }
.lead { margin: 0; overflow-wrap: anywhere; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr)); gap: .75rem;
  margin: 1.6rem 0 0; }
.figures div { background: var(--panel); border-radius: .5rem; padding: .7rem .9rem; }
.figures dt { color: var(--soft); font-size: .85rem; }
.figures dd { margin: 0; font-size: 1.15rem; font-weight: 600; overflow-wrap: anywhere;
  font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .5rem .35rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere; }
th { font-weight: 400; color: var(--soft); width: 42%; }
figure { margin: 0; }
figcaption { font-size: .9rem; margin-top: .4rem; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font-size: 12px; font-family: inherit; }
.grid { stroke: var(--line); } .train, .smooth { stroke: var(--train); }
.train { opacity: .3; stroke-width: .8; } .val { stroke: var(--val); }
.mark { stroke: var(--mark); }
.smooth, .val { stroke-width: 2; } .mark { stroke-dasharray: 5 4; }
svg .name { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; }
svg circle { fill: var(--val); } polyline { fill: none; stroke-linejoin: round; }
pre { background: var(--panel); border-radius: .5rem; padding: .8rem 1rem; margin: .3rem 0 1.2rem;
  white-space: pre-wrap; overflow-wrap: anywhere;
  font: 14px/1.5 ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; }
.when { font-size: .9rem; }
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; }
@media print { :root { color-scheme: light; --ink: #000; --soft: #444; --line: #bbb; --paper: #fff;
    --panel: #f3f3f3; --train: #3867b4; --val: #d1570a; --mark: #555; }
  body { padding: 0; max-width: none; font-size: 11pt; } h2 { break-after: avoid; }
  figure, .figures, tr { break-inside: avoid; } .when { break-after: avoid; }
  @page { margin: 2cm; } }
"""


@dataclass(frozen=True)
class Sample:
    """A text that the network wrote after so many iterations."""

    iteration: int
    text: str


@dataclass(frozen=True)
class Report:
    """What the page shows; names and values as a person reads them.

    figures: the few numbers that come first. data: of the text (name, size, vocabulary).
    settings: of network and training. samples: the oldest first. made: a day, or None.
    """

    title: str
    figures: Mapping[str, object] = field(default_factory=dict)
    data: Mapping[str, object] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    curve: Curve | None = None
    samples: Sequence[Sample] = ()
    made: date | None = None
    lead: str = ""


def page(report: Report) -> str:
    """The whole HTML document; its size is that of its samples and some 40 kB."""
    title = escape(report.title)
    parts = [f"<h1>{title}</h1>"]
    if report.lead:
        parts.append(f'<p class="lead">{escape(report.lead)}</p>')
    if report.figures:
        parts.append(_figures(report.figures))
    if report.curve is not None and np.size(report.curve.iteration):
        parts.append(f"<h2>Loss</h2>\n{draw(report.curve)}")
    for heading, rows in (("Text", report.data), ("Settings", report.settings)):
        if rows:
            parts.append(f"<h2>{heading}</h2>\n{_table(rows)}")
    if report.samples:
        parts.append("<h2>What it wrote</h2>")
        parts += [_sample(sample) for sample in report.samples]
    if report.made is not None:
        parts.append(f"<footer>Made on {report.made.isoformat()}.</footer>")
    body = "\n".join(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8" />\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1" />\n'
        # The page holds others' words: even if something slipped through, nothing may run or load.
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\" />\n"
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _figures(figures: Mapping[str, object]) -> str:
    items = (
        f"<div><dt>{escape(name)}</dt><dd>{escape(_shown(value))}</dd></div>"
        for name, value in figures.items()
    )
    return '<dl class="figures">\n' + "\n".join(items) + "\n</dl>"


def _table(rows: Mapping[str, object]) -> str:
    lines = (
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(_shown(value))}</td></tr>'
        for name, value in rows.items()
    )
    return "<table>\n" + "\n".join(lines) + "\n</table>"


def _sample(sample: Sample) -> str:
    plural = "" if sample.iteration == 1 else "s"
    when = f'<p class="when">after {sample.iteration:,} iteration{plural}</p>'
    # A parser drops the first line feed in a <pre>: give it one of its own.
    return f"{when}\n<pre>\n{escape(sample.text)}</pre>"


def _shown(value: object) -> str:
    """A value as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}" if math.isfinite(value) else "none"
    return str(value)
