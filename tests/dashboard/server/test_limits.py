"""Limits: a run that needs too much memory is refused, and limits that the environment sets."""

from __future__ import annotations

import pytest

from dashboard.server import limits, memory
from dashboard.server.limits import TooLargeError, check_memory
from rnncore import RnnCoreError


def test_too_large_a_run_is_refused_with_the_figures(monkeypatch):
    monkeypatch.setattr(memory, "free", lambda: 8_000_000_000)
    check_memory(2_000_000_000)
    with pytest.raises(TooLargeError) as refused:
        check_memory(2_500_000_001)
    assert isinstance(refused.value, RnnCoreError)
    assert "need 2.5 GB of memory and 2.0 GB can be spared" in str(refused.value)
    assert "smaller hidden size" in str(refused.value)


@pytest.mark.parametrize(
    ("value", "seats"), [("3", 3), ("", 12), ("0", 12), ("-1", 12), ("many", 12)]
)
def test_the_environment_can_set_a_limit(monkeypatch, value, seats):
    monkeypatch.setenv("SEATS", value)
    assert limits._positive_int("SEATS", 12) == seats
