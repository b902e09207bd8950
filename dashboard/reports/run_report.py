"""A run's report: one HTML page without scripts, fonts or anything from the network.

``run_report.html.jinja`` is its template. All values are escaped when they are inserted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from dashboard.formatting import counted
from dashboard.reports.escaping import replace_forbidden
from dashboard.reports.svg_curve import Curve, draw
from dashboard.reports.terms import explain


@dataclass(frozen=True)
class Sample:
    """A text that the network wrote after this many iterations."""

    iteration: int
    text: str


@dataclass(frozen=True)
class Report:
    """The content of a report: plain values, under names for people.

    figures: the few most important numbers. data: properties of the text.
    settings: of the network and its training. samples: the oldest first.
    """

    title: str
    figures: Mapping[str, object] = field(default_factory=dict)
    data: Mapping[str, object] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    curve: Curve | None = None
    samples: Sequence[Sample] = ()
    created: date | None = None
    lead: str = ""


def render(report: Report) -> str:
    """Return the HTML document, some 40 kB and the size of the samples."""
    curve = report.curve
    figure = draw(curve) if curve is not None and np.size(curve.iteration) else ""
    terms = explain((*report.figures, *report.settings))
    return _template().render(report=report, figure=figure, counted=counted, terms=terms)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        finalize=_finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["readable"] = _readable
    return environment.get_template("run_report.html.jinja")


def _finalize(value: object) -> object:
    """Replace what HTML forbids in each plain string (not in ``| safe`` ones) before escaping."""
    return replace_forbidden(value) if type(value) is str else value


def _readable(value: object) -> str:
    """Return a value as text for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}" if math.isfinite(value) else "none"
    return str(value)
