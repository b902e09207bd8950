"""The tab Inside: each view shows the figures of the network at hand, and no text as markup."""

from __future__ import annotations

import re
import threading

import numpy as np
import pytest

from dashboard.analysis.inside import passages
from dashboard.page import inside_jobs
from dashboard.page.inside_state import Chosen
from rnncore import inspect
from tests.support.visits import SMALL, STORY, Visit, with_story

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
    train_ids = page.run.solver.train_ids
    fitted = inspect.position_in_word(text.vocab.decode(train_ids))
    probe = inspect.probe_text(model, train_ids, fitted, cells, mark, "c")
    assert f"{abs(probe.score):.2f}" in shown.partition("All units together")[2][:30]
    page.press(f"Silence unit {best}")
    shown = words(page)
    bits = inspect.surprise(model, ids)
    assert f"{np.nanmean(bits):.3f} bits per character" in shown
    assert f"with unit {best} silenced" in shown
    assert f"{np.nanmean(bits):.2f} bits by LSTM" in view(page, "surprise")
    reached = inspect.reach(model, ids, 287)  # the last character, for the text is short
    back = 287 - np.flatnonzero(reached >= 0.01 * reached.max())[0]
    assert f"depends on characters up to {back} back" in view(page, "reach")
    assert "The units that switch on" in view(page, "pattern")
    h = inspect.activations(model, ids)[:, 0, 0]
    start = next(at for at in range(1, 200) if ((h[at] > 0.1) & (h[at - 1] <= 0.1)).any())
    page.app.session_state["_inside_chosen"] = Chosen(phrase=(start, start + 1))
    page.choose("inside_threshold", 0.1)
    units, signs = inspect.switched_on(h, start, start + 1, 0.1)
    shown = words(page)
    assert f"On in “{held_out[start]}”: units " in shown
    assert ", ".join(
        f"{'+' if sign > 0 else '−'}{unit}" for unit, sign in zip(units, signs, strict=True)
    ) in shown  # fmt: skip
    shown = view(page, "characters")
    shares = inspect.components(model.params["W_embed"]).shares
    assert f"principal components hold {100 * shares.sum():.0f} %" in shown
    assert "measured at validations, and this run has had none" in shown
    assert "All gradients are right." in view(page, "maths")
    page.choose("inside_flip", "Wh")
    assert "Caught: the gradient of Wh is wrong." in words(page)
    page.run.solver.eval_every = 2
    page.steps(1)  # the copy stays as it is until the user asks for a newer one
    assert "after 1 iteration. Training is 1 iteration further." in words(page)
    old = page.app.session_state["_inside_subject"]
    page.press("Update")
    assert "after 2 iterations." in words(page)
    state = page.app.session_state
    kept = [*state["_inside_readings"], *(about for about, _ in state["_inside_jobs"].values())]
    assert kept
    assert not any(old in about for about in kept), "the earlier copy stays in memory"
    view(page, "characters")  # with the figures of the validation
    layers = page.run.solver.history.layers
    rows = page.chart_rows("Gradient norm over the training")
    assert dict(zip(rows["Network"], rows["Gradient norm"], strict=True)) == {
        "Embedding": layers["gradient embedding"][0],
        "Layer 1": layers["gradient 1"][0],
        "Output layer": layers["gradient output"][0],
    }
    page.choose("inside_over", "near_1")
    rows = page.chart_rows("Gates near 1, percent over the training")
    assert rows["Network"].tolist() == ["Input gate i", "Forget gate f", "Output gate o"]
    assert rows["Gates near 1, percent"][1] == 100 * layers["near_1 1 f"][0]


def test_the_pretrained_network_shows_quotations_in_the_story_at_once(visit):
    page = visit()
    page.press("Try a trained network")
    page.open("tabs", "Inside")
    page.choose("inside_view", "find")
    shown = words(page)
    assert page.value("inside_mark") == "quotes"
    assert page.shown("warning") == []
    assert "with AUC 0." in shown or "(best AUC 0." in shown


def test_a_unit_that_follows_the_mark_no_better_than_chance_is_not_painted_as_if_it_did(visit):
    page = visit(SMALL)
    rng = np.random.default_rng(0)
    page.paste("".join(rng.choice(list("abcd e"), 6_000)))
    page.steps(1)
    page.open("tabs", "Inside")
    page.app.session_state["inside_mark"] = "regex"
    page.app.session_state["inside_regex"] = ".(?=b)"  # what comes next is noise
    shown = view(page, "find")
    assert "No single unit shows it" in shown
    assert page.value("inside_colour_mark") == "mark"
    assert "no better than chance" not in shown
    page.choose("inside_colour_mark", "unit")
    assert re.search(r"Unit \d+ follows the mark no better than chance", words(page))


def test_silence_units_begins_with_a_unit_worth_trying(page):
    model, ids = page.run.trainer.model(), page.run.solver.val_ids
    active = inspect.activations(model, ids)[:, 0, 0].std(axis=0).argmax()
    shown = view(page, "silence")
    assert page.value("inside_silenced") == str(active)
    assert f"The output of unit {active} changes more than that of the others." in shown
    assert f"with unit {active} silenced" in shown
    page.app.session_state["inside_mark"] = "vowels"
    view(page, "find")
    _, (_, found, _) = page.value("_inside_found")
    shown = view(page, "silence")
    assert page.value("inside_silenced") == str(found)
    assert f"Unit {found} was found for “Vowels”." in shown
    page.choose("inside_silenced", "3, 5")
    shown = words(page)
    assert "with units 3, 5 silenced" in shown
    assert "was found for" not in shown
    page.choose("inside_silenced", "")
    assert "Name the units to silence" in words(page)
    assert page.value("inside_silenced") == ""


def test_the_first_mark_differs_in_the_text_until_the_user_chooses_one(visit):
    page = with_story(visit)  # it has no quotation marks and no brackets
    page.steps(1)
    page.open("tabs", "Inside")
    view(page, "find")
    assert page.value("inside_mark") == "word"
    assert page.shown("warning") == []
    page.paste("(a [b] c) and d. " * 200)
    page.press("Train")
    page.press("Start new run")
    page.press("Pause")
    page.wait_until_stopped()
    view(page, "find")
    assert page.value("inside_mark") == "brackets"
    page.choose("inside_mark", "vowels")
    page.paste(STORY)
    page.press("Train")
    page.press("Start new run")
    page.press("Pause")
    page.wait_until_stopped()
    view(page, "find")
    assert page.value("inside_mark") == "vowels"


def test_a_result_that_comes_while_the_page_is_drawn_is_shown(page, monkeypatch):
    """It came after its place was drawn, and nothing is running any longer."""
    gate, read = threading.Event(), passages.find_extremes

    def slow(*args):
        gate.wait(20)
        return read(*args)

    def any_running():
        if "extremes" in page.app.session_state["_inside_jobs"]:
            gate.set()
        return False

    monkeypatch.setattr(passages, "find_extremes", slow)
    monkeypatch.setattr(inside_jobs, "any_running", any_running)
    page.choose("inside_extremes", True)
    assert page.says("Strongest in 2,880 characters of the whole text")


def test_reading_the_whole_book_can_be_stopped_and_started_again(page, monkeypatch):
    gate, read = threading.Event(), passages.find_extremes

    def slow(network, ids, part, report):
        report(10)
        gate.wait(20)
        return read(network, ids, part, report)

    monkeypatch.setattr(passages, "find_extremes", slow)
    page.choose("inside_extremes", True)
    page.press("Stop")
    gate.set()
    assert "Stopped after 10 of 2,880 characters." in words(page)
    page.press("Start again")
    assert "Strongest in 2,880 characters of the whole text" in words(page)
    cells = inspect.activations(page.run.trainer.model(), page.run.solver.ids, ("c",))
    table = next(e.value for e in page.app.html if "Strongest passages" in e.value)
    assert f"{cells[:, 0, 0, 0].max():.2f}<" in table


def test_the_network_of_another_run_is_compared(visit):
    other = with_story(visit, cell="gru")
    other.steps(2)
    page = with_story(visit)
    page.steps(1)
    page.open("tabs", "Inside")
    view(page, "surprise")
    page.open("inside_other_open")
    page.press("Add its network")
    page.choose("inside_other", page.app.session_state["_inside_kept"][0])
    ids = page.run.solver.val_ids
    bits = [np.nanmean(inspect.surprise(p.run.trainer.model(), ids)) for p in (page, other)]
    shown = words(page)
    assert f"{bits[0]:.2f} bits by LSTM, 16 units" in shown
    assert f"{bits[1]:.2f} by pasted text · GRU 16, after 2 iterations" in shown
    view(page, "reach")
    page.choose("inside_mean_reach", True)
    assert "GRU 16, after 2 iterations" in words(page).partition("On average")[2]


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
