"""Set-up of the dashboard's tests."""

from __future__ import annotations

import pytest

from dashboard.page import pending_changes
from dashboard.server import memory


@pytest.fixture(autouse=True)
def forget_reservations() -> None:
    """Count no memory that trainings of earlier tests in this process reserved.

    A page that a test left open keeps its run, and the run its reservation.
    """
    memory._reservations.clear()


@pytest.fixture
def late_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a click come before the browser has new values, however busy the computer is."""
    monkeypatch.setattr(pending_changes, "STALE_SINGLE_SECONDS", 60.0)
