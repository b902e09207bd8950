"""Training without a page: the choice beside Train, and when and why a training ended."""

from __future__ import annotations

import math
import time

import pytest

from dashboard.formatting import date_and_time
from dashboard.training.status import Phase
from tests.support.visits import with_story

ENDED = 1_700_000_000.0


@pytest.fixture
def page(visit):
    return with_story(visit, iterations="100000")


def test_a_run_keeps_training_if_that_was_chosen_before_it_began(page):
    page.choose("keep_training", True)
    page.press("Train")
    assert page.run.keeps_training
    assert page.run.trainer._deadline == math.inf
    assert page.says("keeps training if you close this page")
    page.choose("keep_training", False)  # while it trains
    assert not page.run.keeps_training
    assert page.run.trainer._deadline < time.monotonic() + 3700
    assert page.says("keeps training for 1 h if you close this page")
    page.press("Pause")


def test_every_page_of_a_run_shows_its_choice(visit, page):
    page.steps(1)
    page.choose("keep_training", True)
    other = visit({"run": page.run.id})
    assert other.value("keep_training") is True
    other.choose("keep_training", False)
    page.look()
    assert page.value("keep_training") is False


@pytest.mark.parametrize(
    ("phase", "words"),
    [
        (Phase.TIMED_OUT, "paused on {at} because no page was open for 1 h; press Train"),
        (Phase.INTERRUPTED, "the server stopped on {at}; press Train to continue"),
        (Phase.PAUSED, "{at}; press Train to continue"),
        (Phase.FAILED, "{at}"),
    ],
)
def test_the_page_says_when_and_why_training_ended(page, phase, words):
    page.steps(2)
    page.run.trainer.restore_end(phase, "", ENDED)
    page.look()
    assert page.says(words.format(at=date_and_time(ENDED)))
