"""Title and icon of the browser's tab: the progress of the training, and its end."""

from __future__ import annotations

import math

import streamlit as st

from dashboard.formatting import counted
from dashboard.training.status import Phase, Status

NAME = "LSTM workbench"
_RADIUS = 11
_RING = 2 * math.pi * _RADIUS


def show(status: Status | None, percent: int | None) -> None:
    """Set title and icon; ``percent`` of the goal, None if the goal has no fixed length."""
    st.set_page_config(page_title=_title(status, percent), page_icon=_icon(status, percent or 0))


def describe_end(status: Status) -> str:
    """Return a finished training in words: its iterations and its lowest loss."""
    after = f"after {counted(status.iteration, 'iteration')}"
    if not math.isnan(status.best_val):
        return f"{after}, best validation loss {status.best_val:.3f}"
    return after if math.isnan(status.loss) else f"{after}, loss {status.loss:.3f}"


def _shorten_end(status: Status) -> str:
    """Return the same in a few characters."""
    loss = status.loss if math.isnan(status.val_loss) else status.val_loss
    return f"{status.iteration:,}" if math.isnan(loss) else f"{status.iteration:,} · {loss:.2f}"


def _title(status: Status | None, percent: int | None) -> str:
    if status is None or not status.iteration:
        return NAME
    if status.phase is Phase.RUNNING:
        done = f"{status.iteration:,}" if percent is None else f"{percent} %"
        return f"{done} · {NAME}"
    if status.ended:
        return f"✓ {_shorten_end(status)} · {NAME}"
    return NAME


def _icon(status: Status | None, percent: int) -> str:
    """Return an SVG: a ring that fills up, and a check mark at the end."""
    if status is not None and status.ended:
        fill = "#177245"
        sign = '<path d="M9 17l5 5 9-11" fill="none" stroke="#fff" stroke-width="3.5"/>'
    else:
        fill, ring = "#1f5fa8", f'cx="16" cy="16" r="{_RADIUS}" fill="none" stroke="#fff"'
        done = f"{_RING * percent / 100:.1f} {_RING:.1f}"
        sign = (
            f'<circle {ring} stroke-opacity=".35" stroke-width="4"/>'
            f'<circle {ring} stroke-width="4" stroke-dasharray="{done}" '
            'transform="rotate(-90 16 16)"/>'
        )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
        f'<rect width="32" height="32" rx="7" fill="{fill}"/>{sign}</svg>'
    )
