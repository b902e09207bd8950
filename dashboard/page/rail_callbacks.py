"""Callbacks of the rail, which holds the sections Text and Network."""

from __future__ import annotations

from dashboard.page import error_boundary, widgets


@error_boundary.callback
def unfold(which: str) -> None:
    """Open the section "text" or "network"; on a phone, both are folded at first."""
    widgets.unfold(which)


@error_boundary.callback
def mark_touched() -> None:
    """Remember that the user has opened or folded a section, so that a phone shows it."""
    widgets.mark_rail_touched()
