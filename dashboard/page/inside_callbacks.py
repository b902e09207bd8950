"""Callbacks of the tab Inside."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TypeGuard

from dashboard.page import error_boundary, inside_jobs, inside_state, messages
from dashboard.page.session import values
from dashboard.runs.run import Run

PAINTED = "inside_painted"  # key of the painted text
MAX_SPANS, MAX_SILENCED = 20, 16


@error_boundary.callback
def pick() -> None:
    """Read what was picked on the painted text: a character, a unit or a passage."""
    picked = (values().get(PAINTED) or {}).get("pick")
    if not isinstance(picked, dict):
        return
    now = inside_state.chosen()
    if _is_index(at := picked.get("at")):
        now = replace(now, at=at)
    if _is_index(unit := picked.get("unit")):
        now = replace(now, unit=unit)
    match picked.get("phrase"):
        case [start, stop] if _is_index(start) and _is_index(stop) and start < stop:
            now = replace(now, phrase=(start, stop))
    inside_state.choose(now)


@error_boundary.callback
def update(run: Run, which: str) -> None:
    """Look into the network as it is now."""
    inside_state.take(run, which)


@error_boundary.callback
def keep(subject: inside_state.Subject) -> None:
    """Keep this network for comparison."""
    messages.show("inside", inside_state.keep(subject))


@error_boundary.callback
def forget_kept() -> None:
    """Keep no network any longer."""
    inside_state.forget_kept()


@error_boundary.callback
def stop(kind: str) -> None:
    """Stop a long analysis."""
    inside_jobs.stop(kind)


@error_boundary.callback
def start_again(kind: str) -> None:
    """Start an analysis that was stopped."""
    inside_jobs.start_again(kind)


@error_boundary.callback
def choose_unit() -> None:
    """Choose the unit in the number box."""
    inside_state.choose(replace(inside_state.chosen(), unit=int(values()["inside_unit"])))


@error_boundary.callback
def choose_layer() -> None:
    """Choose the layer in the list."""
    inside_state.choose(replace(inside_state.chosen(), layer=int(values()["inside_layer"])))


@error_boundary.callback
def show_unit(layer: int, unit: int) -> None:
    """Show a unit that was found on the text."""
    inside_state.choose(replace(inside_state.chosen(), layer=layer, unit=unit))
    values()["inside_view"] = "units"


@error_boundary.callback
def show_silenced(layer: int, unit: int) -> None:
    """Silence a unit that was found."""
    inside_state.choose(replace(inside_state.chosen(), layer=layer, silenced=(unit,)))
    values()["inside_view"] = "silence"


@error_boundary.callback
def choose_silenced() -> None:
    """Choose the units in the box, such as "12, 40", as those to silence."""
    numbers = re.findall(r"[0-9]{1,6}", values()["inside_silenced"])
    units = tuple(dict.fromkeys(int(number) for number in numbers))[:MAX_SILENCED]
    inside_state.choose(replace(inside_state.chosen(), silenced=units))


@error_boundary.callback
def add_span() -> None:
    """Add the selected passage to the mark."""
    now = inside_state.chosen()
    if now.phrase is not None:
        spans = (*now.spans, now.phrase)[-MAX_SPANS:]
        inside_state.choose(replace(now, spans=spans, phrase=None))


@error_boundary.callback
def clear_spans() -> None:
    """Remove all passages from the mark."""
    inside_state.choose(replace(inside_state.chosen(), spans=(), phrase=None))


def _is_index(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
