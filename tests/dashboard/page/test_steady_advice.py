"""Advice on the curve: a new kind comes at once, and the one before it only after some seconds."""

from __future__ import annotations

from itertools import pairwise

from dashboard.analysis.diagnosis import Diagnosis
from dashboard.page.steady_advice import HOLD_SECONDS, Shown, hold

FALLING, PLATEAU = Diagnosis("falling", "It falls.", ""), Diagnosis("plateau", "It stays.", "")
RUN = ("run", 0)


def test_kinds_that_alternate_at_each_redraw_are_shown_for_some_seconds_each():
    shown, kinds = None, []
    for second in range(20):
        shown = hold(shown, Shown((FALLING, PLATEAU)[second % 2], RUN, float(second)))
        kinds.append(shown.found.key)
    changes = [at for at in range(1, 20) if kinds[at] != kinds[at - 1]]
    assert changes[0] == 1  # a new kind comes at once
    assert len(changes) >= 3
    assert min(b - a for a, b in pairwise(changes)) >= HOLD_SECONDS


def test_figures_of_the_same_kind_are_always_the_newest():
    shown = hold(Shown(FALLING, RUN, 0.0), Shown(Diagnosis("falling", "Now.", ""), RUN, 1.0))
    assert (shown.found.sentence, shown.since) == ("Now.", 0.0)


def test_after_a_change_of_a_setting_the_advice_is_about_it_at_once():
    assert hold(Shown(FALLING, RUN, 0.0), Shown(PLATEAU, ("run", 1), 0.1)).found is PLATEAU
