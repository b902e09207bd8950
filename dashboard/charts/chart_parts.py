"""What the drawings share: colours, the axis across, what follows the pointer."""

from __future__ import annotations

from typing import Any

import altair as alt

from dashboard.charts.chart_options import X_AXES
from dashboard.charts.downsampling import Floats, Places
from rnncore.history import History

TRAINING, VALIDATION, FAINT = "#4c8fd6", "#e07a1f", "#8a8f98"


def x_at(history: History, at: Places, name: str, chars_per_epoch: float) -> Floats:
    """Where these places of the history stand on this axis."""
    if name == "Epochs":
        return history["chars"][at] / max(1.0, chars_per_epoch)
    return history[X_AXES[name]][at]


def x_title(name: str) -> str:
    """What stands below the axis."""
    return "Characters of text read" if name == "Characters" else name


def x_tip(name: str) -> alt.Tooltip:
    """What the pointer is told of the axis."""
    return alt.Tooltip("x:Q", title=name, format=".2f" if name == "Epochs" else ",.0f")


def hover(points: alt.Chart, x: alt.X, y: alt.Y, tips: list[alt.Tooltip]) -> list[alt.Chart]:
    """Wherever the pointer is, the nearest of these points is told, and a line drawn through it."""
    near = alt.selection_point(
        name="near", nearest=True, on="pointerover", clear="pointerout", empty=False
    )
    return [
        points.mark_point(opacity=0, aria=False).encode(x, y, tooltip=tips).add_params(near),
        points.transform_filter(near).mark_rule(color=FAINT, aria=False).encode(x),
    ]


def without_data(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """The drawing alone: the page hands its rows over beside it."""
    spec = chart.to_dict()
    for part in (spec, *spec.get("layer", ())):
        part.pop("data", None)
    return spec
