"""The ladder of levels to beat."""

from __future__ import annotations

import pytest

from dashboard.analysis.baselines import Baseline
from dashboard.views.ladder import _row
from rnncore.history import History


@pytest.mark.parametrize(
    ("val_losses", "mark", "when"),
    [
        ([], "·", ""),
        ([1.7], "·", ""),
        ([1.7, 1.6, 1.5], "✓", "by 20 s"),
        ([1.7, 1.6, 3.9], "✓", "by 20 s"),  # it stays beaten: the best network is kept
    ],
)
def test_a_level_is_ticked_once_a_validation_is_below_it(val_losses, mark, when):
    history = History()
    for i, val in enumerate(val_losses, start=1):
        history.append(iteration=i, seconds=10.0 * i, val_loss=val)
    row = _row(Baseline("5-gram", 1.63, "A note."), history)
    assert f"<td>{mark}</td>" in row
    assert f"<td>{when}</td>" in row
    again = "A note. The last validation does not beat it; the best network does."
    assert (again in row) == (val_losses[-1:] == [3.9])
