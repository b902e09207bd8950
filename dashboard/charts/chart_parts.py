"""What several charts share: colours, the x axis, the tooltip of the nearest point."""

from __future__ import annotations

from typing import Any

import altair as alt

from dashboard.charts.chart_options import X_AXES
from dashboard.charts.downsampling import Floats, Positions
from rnncore.history import VALIDATION_COLUMNS, History

TRAINING, VALIDATION, FAINT = "#4c8fd6", "#e07a1f", "#757a83"
_LETTER = 5.2  # pixels, about the mean width of a letter of a label


def x_values(history: History, at: Positions, x_axis: str, chars_per_epoch: float) -> Floats:
    """Return the values on ``x_axis`` (a key of X_AXES) of the history's rows ``at``."""
    if x_axis == "Epochs":
        return history["chars"][at] / max(1.0, chars_per_epoch)
    return history[X_AXES[x_axis]][at]


def validation_x(validations: Floats, x_axis: str, chars_per_epoch: float) -> Floats:
    """Return the values on ``x_axis`` of a history's ``validation_table``."""
    if x_axis == "Epochs":
        return validations[VALIDATION_COLUMNS.index("chars")] / max(1.0, chars_per_epoch)
    return validations[VALIDATION_COLUMNS.index(X_AXES[x_axis])]


def x_title(x_axis: str) -> str:
    """Return the title of the x axis, which is also the name of the rows' column."""
    return "Characters read" if x_axis == "Characters" else x_axis


def x_encoding(x_axis: str, end: float | None = None) -> alt.X:
    """Return the x axis; the rows' column has the same name as the axis.

    end: its right end; None: as far as the data.
    """
    domain: dict[str, Any] = {} if end is None else {"domain": [0, end]}
    return alt.X(
        field=x_title(x_axis),
        type="quantitative",
        axis=alt.Axis(grid=False, tickCount=8, labelFlush=False, labelSeparation=14),
        scale=alt.Scale(nice=False, **domain),
    )


def x_tooltip(x_axis: str) -> alt.Tooltip:
    """Return the tooltip's line with the value on the x axis."""
    style = ".2f" if x_axis == "Epochs" else ",.0f"
    return alt.Tooltip(field=x_title(x_axis), type="quantitative", format=style)


def nearest_point_layers(
    points: alt.Chart, x: alt.X, y: alt.Y, tips: list[alt.Tooltip], along_x: bool = False
) -> list[alt.Chart]:
    """Return two layers: a tooltip for the point nearest to the pointer, and a rule through it.

    along_x: the pointer's height does not count.
    """
    near = alt.selection_point(
        name="near",
        nearest=True,
        encodings=["x"] if along_x else alt.Undefined,
        on="pointerover",
        clear="pointerout",
        empty=False,
    )
    return [
        points.mark_point(opacity=0, aria=False, clip=True)
        .encode(x, y, tooltip=tips)
        .add_params(near),
        points.transform_filter(near).mark_rule(color=FAINT, aria=False).encode(x),
    ]


def level_label_layers(levels: alt.Chart, name: str, position: str) -> list[alt.Chart]:
    """Return two layers with the labels of horizontal lines: those above and those below a line.

    name: the column with the words. position: the column that ``place_labels`` has computed.
    """
    # On a narrow chart a long label begins further left, so that its end is not cut off.
    last = f"max(0, width - {_LETTER} * length(datum['{name}']))"
    start = alt.expr(f"min(width * abs(datum['{position}']), {last})")
    labels = levels.encode(x=alt.value(start), text=alt.Text(f"{name}:N"))
    above = labels.transform_filter(alt.datum[position] >= 0)
    below = labels.transform_filter(alt.datum[position] < 0)
    look: dict[str, Any] = {"align": "left", "color": FAINT, "fontSize": 11}
    return [
        above.mark_text(baseline="alphabetic", dy=-4, **look),
        below.mark_text(baseline="top", dy=4, **look),
    ]


def without_data(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """Return the chart's specification without its data, which Streamlit sends separately."""
    spec = chart.to_dict()
    for part in (spec, *spec.get("layer", ())):
        part.pop("data", None)
    return spec
