"""Set-up of the dashboard's tests."""

from __future__ import annotations

import pytest

from dashboard.server import memory


@pytest.fixture(autouse=True)
def forget_reservations() -> None:
    """Count no memory that trainings of earlier tests in this process reserved.

    A page that a test left open keeps its run, and the run its reservation.
    """
    memory._reservations.clear()
