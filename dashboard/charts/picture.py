"""The loss chart as a picture, SVG or PNG, drawn by the optional package vl-convert-python."""

from __future__ import annotations

import copy
from typing import Any

from dashboard.charts.chart_options import ChartOptions
from dashboard.charts.loss import loss_chart
from rnncore.history import History

WIDTH = 720  # the height is the chart's own
PNG_SCALE = 2.0  # pixels for each unit of the SVG


def draw_loss(
    history: History, chars_per_epoch: float, options: ChartOptions, title: str
) -> dict[str, Any]:
    """Return the loss chart as a complete Vega-Lite specification, with its data."""
    rows, spec = loss_chart(history, chars_per_epoch, options)
    plain = rows.astype(object).where(rows.notna(), None)  # JSON has no NaN
    spec = copy.deepcopy(spec)  # the original is cached
    for layer in spec["layer"]:
        _add_titles(layer.get("encoding", {}))
    return {
        **spec,
        "title": title,
        "width": WIDTH,
        "background": "white",
        "data": {"values": plain.to_dict("records")},
    }


def _add_titles(encoding: dict[str, Any]) -> None:
    """Give axes their titles and colours a legend, which the page shows beside the chart."""
    for axis in ("x", "y"):
        if "field" in encoding.get(axis, {}):
            encoding[axis]["title"] = encoding[axis]["field"]
            for extent in ("minExtent", "maxExtent"):  # they leave no room for the title
                encoding[axis].get("axis", {}).pop(extent, None)
    if "color" in encoding:
        encoding["color"]["legend"] = {"title": None, "orient": "top", "symbolOpacity": 1}


def to_svg(spec: dict[str, Any]) -> bytes:
    """Return a specification as an SVG."""
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(spec)
    return svg.encode()


def to_png(spec: dict[str, Any]) -> bytes:
    """Return a specification as a PNG."""
    import vl_convert

    png: bytes = vl_convert.vegalite_to_png(spec, scale=PNG_SCALE)
    return png
