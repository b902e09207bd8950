"""The tour: offered once, it leads through the page and presses Train only when asked to."""

from __future__ import annotations

import streamlit as st

from dashboard.page import tour
from dashboard.server.access import TOUR_COOKIE
from tests.support.visits import SMALL


def test_the_tour_leads_through_the_page(visit):
    page = visit(SMALL | {"iterations": "100000"})
    page.press("Take the tour")
    assert page.says("Tour, step 1 of 5.")
    assert not page.enabled("Back")
    page.press("Next")
    assert page.says("Tour, step 2 of 5.")
    assert "Next" not in page.labels(), "the next steps explain what only a training network has"
    assert not page.has_run
    page.press("Start training")
    assert page.run.trainer.status().active
    assert page.says("Tour, step 3 of 5.")
    page.press("Next")
    assert page.value("tabs") == "Write"
    page.press("Next")
    assert page.value("tabs") == "Downloads"
    page.press("Done")
    assert not page.says("Tour, step")
    page.press("Pause")
    page.open_page("how")
    page.press("Take the tour")
    assert page.says("Tour, step 1 of 5.")
    page.press("Close")
    assert not page.says("Tour, step")


def test_the_tour_is_offered_until_it_was_dismissed(visit, monkeypatch):
    page = visit()
    assert page.enabled("Take the tour")
    page.press("Dismiss the tour")
    assert "Take the tour" not in page.labels()
    monkeypatch.setattr(type(st.context), "cookies", {TOUR_COOKIE: "seen"})
    assert "Take the tour" not in visit().labels()


def test_hidden_sections_have_no_step():
    names = [step.name for step in tour.steps(frozenset({"text", "download"}))]
    assert names == ["train", "watch", "write"]
