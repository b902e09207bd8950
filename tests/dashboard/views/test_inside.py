"""The tab Inside: each view shows the figures of the network at hand, and no text as markup."""

from __future__ import annotations

import numpy as np
import pytest

from rnncore import inspect
from tests.support.visits import Visit, with_story

HOSTILE = "<img src=x onerror=alert(1)> **b** $x$ :red[r] the cat on the mat"


@pytest.fixture
def page(visit):
    """A page with the tab open and a network that has trained a little."""
    page = with_story(visit)
    page.steps(1)
    page.open("tabs", "Inside")
    return page


def view(page: Visit, name: str) -> str:
    """Open a view, wait until it is computed, and return its words."""
    page.choose("inside_view", name)
    return words(page)


def words(page: Visit) -> str:
    """Wait until everything is computed and return all words of the page."""
    jobs = page.app.session_state["_inside_jobs"]
    if any(analysis.job.running for _, analysis in jobs.values()):
        for _, analysis in jobs.values():
            analysis.job.wait(20)
        page.look()
    shown = "\n".join(page.shown("error", "warning", "info", "caption", "markdown", "success"))
    assert "unexpected" not in shown
    return shown


def test_each_view_shows_the_figures_of_the_copy(page):
    model, ids, text = page.run.trainer.model(), page.run.solver.val_ids, page.run.text
    held_out = text.vocab.decode(ids)
    assert "LSTM, 16 units" in words(page)
    assert "after 1 iteration." in words(page)
    page.app.session_state["inside_mark"] = "word"
    mark = inspect.position_in_word(held_out)
    cells = inspect.activations(model, ids, ("c",))
    ranking = inspect.rank_units(cells, mark)
    best = ranking.best
    shown = view(page, "find")
    assert f"correlation {ranking.strength[best]:.2f}" in shown
    assert f"chance reaches {ranking.control:.2f}" in shown
    page.press(f"Silence unit {best}")
    shown = words(page)
    bits = inspect.surprise(model, ids)
    assert f"{np.nanmean(bits):.3f} bits per character" in shown
    assert f"with unit {best} silenced" in shown
    assert f"{np.nanmean(bits):.2f} bits by LSTM" in view(page, "surprise")
    assert "depends on characters up to" in view(page, "reach")
    assert "The units that switch on" in view(page, "pattern")
    assert "principal components hold" in view(page, "characters")
    assert "All gradients are right." in view(page, "maths")
    page.choose("inside_flip", "Wh")
    assert "Caught: the gradient of Wh is wrong." in words(page)
    page.steps(1)  # the copy stays as it is until the user asks for a newer one
    assert "after 1 iteration. Training is 1 iteration further." in words(page)
    old = page.app.session_state["_inside_subject"]
    page.press("Update")
    assert "after 2 iterations." in words(page)
    state = page.app.session_state
    kept = [*state["_inside_readings"], *(about for about, _ in state["_inside_jobs"].values())]
    assert kept
    assert not any(old in about for about in kept), "the earlier copy stays in memory"


def test_own_text_is_read_and_never_becomes_markup(page):
    view(page, "surprise")
    page.choose("inside_source", "own")
    assert "There is no text to read yet." in words(page)
    page.choose("inside_own", HOSTILE)
    shown = words(page)
    assert "The network does not know" in shown
    assert "They are shown without colour and skipped." in shown
    for element in (*page.app.markdown, *page.app.caption, *page.app.html):
        assert "onerror" not in element.value
    page.choose("inside_own", "t")
    assert "one character alone costs nothing known" in words(page)
    page.choose("inside_own", "ÄÖ")
    assert "The network knows no character of this text." in words(page)
