"""A loss curve as inline SVG, whose size does not grow with the length of the run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dashboard.charts.downsampling import centred_means, pick_evenly, pick_extremes
from dashboard.reports.escaping import escape

Values = NDArray[np.float64]

WIDTH, HEIGHT = 760, 360
LEFT, RIGHT, TOP, BOTTOM = 56, 30, 14, 44
LABEL_HEIGHT = 15
POINTS = 400  # at most, in each line
DOTS = 60  # with more validations than this, they are drawn as a line without dots
_HIGH = HEIGHT - TOP - BOTTOM

Place = Callable[[ArrayLike], Values]


@dataclass(frozen=True)
class Curve:
    """Losses in nats per character: training loss (n,) at ``iteration`` (n,), validation (m,).

    marks: named levels to compare with, such as the loss of an n-gram model.
    means: iterations and losses for the smoothed line, if not the same; of a thinned history, the
        other line has the extremes. note: a sentence for the caption.
    """

    iteration: ArrayLike
    loss: ArrayLike
    val_iteration: ArrayLike = ()
    val_loss: ArrayLike = ()
    marks: Mapping[str, float] = field(default_factory=dict)
    means: tuple[ArrayLike, ArrayLike] | None = None
    note: str = ""


def draw(curve: Curve) -> str:
    """Return a <figure> with the SVG and a caption. Colours come from CSS, by class."""
    x, y = _finite(curve.iteration, curve.loss)
    val_x, val_y = _finite(curve.val_iteration, curve.val_loss)
    thin_x, thin_y = thin_line(x, y, POINTS)
    means = _finite(*curve.means) if curve.means else (x, y)
    smooth_x, smooth_y = smooth_line(*means, POINTS // 2)
    right = max([1.0, *x[-1:], *val_x[-1:]])
    low, high = _range(y, val_y, list(curve.marks.values()))

    def px(values: ArrayLike) -> Values:
        return LEFT + np.asarray(values, float) / right * (WIDTH - LEFT - RIGHT)

    def py(values: ArrayLike) -> Values:
        share = (np.asarray(values, float) - low) / (high - low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    marks = {name: level for name, level in curve.marks.items() if low <= level <= high}
    parts = [*_axes(right, low, high, px, py)]
    # A line may start above the range (the first, steep fall): clip it at the edge.
    plot = f'x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT + 3}" height="{_HIGH}"'
    parts.append(f'<clipPath id="plot"><rect {plot} /></clipPath>\n<g clip-path="url(#plot)">')
    parts.append(_polyline("train", px(thin_x), py(thin_y)))
    parts.append(_polyline("smooth", px(smooth_x), py(smooth_y)))
    thin_val_x, thin_val_y = thin_line(val_x, val_y, POINTS)
    parts.append(_polyline("val", px(thin_val_x), py(thin_val_y)))
    if len(val_x) <= DOTS:
        parts += [
            f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="2.5" />'
            for cx, cy in zip(px(val_x), py(val_y), strict=True)
        ]
    parts += ["</g>", *_marks(marks, py)]
    words = "Thin line: loss of each batch. Thick line: the same, smoothed."
    if len(val_x):
        words += " Orange: validation loss."
    if curve.note:
        words += f" {escape(curve.note)}"
    return (
        f'<figure>\n<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{_label(smooth_y, val_y)}">\n'
        + "\n".join(part for part in parts if part)
        + f"\n</svg>\n<figcaption>{words}</figcaption>\n</figure>"
    )


def _axes(right: float, low: float, high: float, px: Place, py: Place) -> Iterator[str]:
    """Yield grid lines, tick labels and the names of the axes."""
    y_ticks = ticks(low, high, 6)
    step = y_ticks[1] - y_ticks[0] if len(y_ticks) > 1 else 1.0
    for tick in y_ticks:
        at = float(py(tick))
        yield _line("grid", LEFT, at, WIDTH - RIGHT, at)
        yield _text(LEFT - 8, at + 4, "end", _number(tick, step))
    for tick in ticks(0, right, 8, smallest=1):
        yield _text(float(px(tick)), HEIGHT - BOTTOM + 18, "middle", f"{tick:,.0f}")
    yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, "middle", "iteration")
    middle = TOP + _HIGH / 2
    turn = f"rotate(-90 14 {middle:.0f})"
    yield _text(14, middle, "middle", "nats per character", turn)


def _marks(marks: Mapping[str, float], py: Place) -> Iterator[str]:
    """Yield the marks, highest first; a label too near the last one goes below its line."""
    last = -math.inf
    for name, level in sorted(marks.items(), key=lambda mark: -mark[1]):
        at = float(py(level))
        yield _line("mark", LEFT, at, WIDTH - RIGHT, at)
        label = max(at - 5, last + LABEL_HEIGHT)
        if label > at - 5:
            label = max(label, at + LABEL_HEIGHT - 2)
        last = label
        yield _text(WIDTH - RIGHT - 4, label, "end", f"{name} {level:.2f}", kind="name")


def thin_line(x: Values, y: Values, points: int) -> tuple[Values, Values]:
    """Return about ``points`` points of a line: the extremes of each interval, and the ends."""
    ends = (0, len(x) - 1) if len(x) else ()
    kept = np.union1d(pick_extremes(y, points // 2), np.array(ends, int))
    return x[kept], y[kept]


def smooth_line(x: Values, y: Values, points: int) -> tuple[Values, Values]:
    """Return at most ``points`` moving averages, each over a fiftieth of the line."""
    at = pick_evenly(len(x), points)
    return x[at], centred_means(y, at, max(1, len(x) // 100))


def ticks(low: float, high: float, wanted: int, smallest: float = 0.0) -> list[float]:
    """Return about ``wanted`` round numbers from ``low`` to ``high``.

    smallest: distance that they keep at least, such as 1 between whole numbers.
    """
    rough = max(high - low, 1e-9) / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(d * power for d in (1, 2, 5, 10) if d * power >= rough * 0.999)
    step = max(step, smallest)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


def _finite(x: ArrayLike, y: ArrayLike) -> tuple[Values, Values]:
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    good = np.isfinite(x) & np.isfinite(y)
    return x[good], y[good]


def _range(loss: Values, val: Values, marks: list[float]) -> tuple[float, float]:
    """Return a range with all validations and nearly all batches, but not the first steep fall."""
    both = np.concatenate([loss, val])
    if not len(both):
        return 0.0, 1.0
    tails = np.quantile(loss, [0.002, 0.97]) if len(loss) else val
    low = min(float(tails.min()), *val.tolist(), *both[-1:])
    high = max(float(tails.max()), *val.tolist(), *both[-1:])
    # Include marks a little below the curves. Those far below would flatten the curves.
    low = min([low, *(mark for mark in marks if mark > low - 0.5 * (high - low))])
    margin = max(0.06 * (high - low), 0.01)
    return max(0.0, low - margin), high + margin


def _number(value: float, step: float) -> str:
    return f"{value:.{max(0, -math.floor(math.log10(step) + 1e-9))}f}"


def _label(smooth: Values, val: Values) -> str:
    if not len(smooth):
        return "Loss curve without points"
    words = f"Training loss from {smooth[0]:.2f} to {smooth[-1]:.2f} nats per character"
    if len(val):
        words += f"; validation ends at {val[-1]:.2f}"
    return escape(words)


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" />'


def _text(x: float, y: float, anchor: str, words: str, transform: str = "", kind: str = "") -> str:
    turned = f' transform="{transform}"' if transform else ""
    turned += f' class="{kind}"' if kind else ""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f"<text {place}{turned}>{escape(words)}</text>"


def _polyline(kind: str, x: Values, y: Values) -> str:
    if not len(x):
        return ""
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return f'<polyline class="{kind}" points="{points}" />'
