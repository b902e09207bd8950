"""Teaching a trained network another text, on the page."""

from __future__ import annotations

import re

import numpy as np
import pytest

from dashboard.runs import exports
from dashboard.runs.registry import get_registry
from dashboard.views.teach import describe_share
from tests.support.visits import STORY, with_story

TEACH = "Teach this network the new text"
NEW = "The cat sat on the mat, and the dog on the log. ÄÖ" * 60  # 4 % are unknown


@pytest.fixture
def page(visit):
    return with_story(visit, iterations="200000")


def share_shown(page) -> str:
    (caption,) = [text for text in page.shown("caption") if "never seen" in text]
    return re.search(r"(\S+ %) of the text", caption)[1]


def test_the_question_offers_to_teach_the_network_the_new_text(page):
    page.steps(3)
    old, learnt = page.run, page.run.solver.model.flat.copy()
    V = len(old.text.vocab)
    page.paste(NEW)
    assert TEACH not in page.labels()
    page.press("Train")
    assert share_shown(page) == "4 %"
    assert {"Start new run", "Continue this run", TEACH} <= set(page.labels())
    page.press(TEACH)
    run = page.run
    assert run is not old
    np.testing.assert_array_equal(old.solver.model.flat, learnt)
    assert run.text.vocab.idx_to_char == (*old.text.vocab.idx_to_char, "Ä", "Ö")
    np.testing.assert_array_equal(
        run.initial_model.params["W_out"][:, :V], old.solver.model.params["W_out"]
    )
    page.wait_for_iteration(1)
    assert page.says("Began as a network trained on pasted text for 3 iterations.")
    page.press("Pause")
    page.wait_until_stopped()
    page.press("Train")  # nothing differs: no question
    assert TEACH not in page.labels()
    assert page.run is run


def test_a_text_of_known_characters_alone_is_taught_without_new_ones(page):
    page.steps(1)
    V = len(page.run.text.vocab)
    page.paste(STORY[::-1])
    page.press("Train")
    assert page.says("It knows every character of the text.")
    page.press(TEACH)
    assert page.shown("error") == []
    assert page.run.solver.model.vocab_dim == V


def test_another_network_alone_is_not_taught(page):
    page.steps(1)
    page.choose("model_hidden_dim", 32)
    page.press("Train")
    assert "Start new run" in page.labels()
    assert TEACH not in page.labels()


def test_a_taught_run_keeps_the_pages_goal_and_the_networks_size(page):
    page.steps(1)
    page.paste(NEW)
    page.choose("model_hidden_dim", 32)
    page.choose("train_num_iters", 1_000)
    page.press("Train")
    page.press(TEACH)
    assert page.value("model_hidden_dim") == page.run.model_settings.hidden_dim == 16
    assert page.run.solver.num_iters == 1_000


def test_a_taught_run_is_reset_to_the_network_that_it_began_as(page):
    page.steps(2)
    page.paste(NEW)
    page.press("Train")
    page.press(TEACH)
    page.wait_for_iteration(1)
    first = page.run.initial_model.flat
    page.press("Reset")
    np.testing.assert_array_equal(page.run.solver.model.flat, first)
    assert page.says("Began as a network trained on pasted text for 2 iterations.")


def test_the_address_and_the_list_know_what_a_run_began_as(visit, page):
    page.steps(2)
    page.paste(NEW)
    page.press("Train")
    page.press(TEACH)
    page.wait_for_iteration(1)
    page.press("Pause")
    run_id = page.run.id
    assert get_registry().unload(run_id)
    again = visit({"run": run_id})
    assert again.says("Began as a network trained on pasted text for 2 iterations.")
    again.open_page("runs")
    again.app.session_state["_runs_selected"] = (run_id,)
    again.look()
    assert again.says("began as a network trained on pasted text for 2 iterations")


def test_a_text_that_cannot_be_taught_leaves_the_run(page):
    page.steps(2)
    run = page.run
    page.paste("too short")
    page.press("Train")
    page.press(TEACH)
    assert page.run is run
    assert "longer text" in page.shown("error")[0]
    page.press("Train")
    page.press("Continue this run")
    assert page.run is run


# -- models that were trained elsewhere ------------------------------------------------------------


@pytest.fixture
def opened(page):
    """A page that shows the question about an uploaded model that lacks two characters."""
    page.steps(2)
    raw = exports.model_pickle(page.run)
    page.paste(NEW)
    page.upload("mine.pkl", raw, "model_upload")
    assert page.says("Began as the model mine.pkl.")
    page.press("Train")
    assert not page.run.trainer.status().active
    assert share_shown(page) == "4 %"
    return page


def test_an_opened_model_is_taught_the_characters_that_it_lacks(opened):
    opened.press(TEACH)
    assert opened.run.text.vocab.idx_to_char[-2:] == ("Ä", "Ö")
    assert opened.run.began_as == "the model mine.pkl"
    opened.wait_for_iteration(1)


def test_an_opened_model_can_train_without_the_characters_that_it_lacks(opened):
    run = opened.run
    opened.press("Continue this run")
    assert opened.run is run
    opened.wait_for_iteration(1)
    assert "Ä" not in run.text.vocab


def test_a_new_network_instead_of_an_opened_model_gets_the_whole_text(opened):
    old = opened.run
    opened.press("Start new run")
    assert opened.run is not old
    assert opened.run.initial_model is None
    assert opened.run.began_as == ""
    assert len(opened.run.text) == len(NEW)
    opened.wait_for_iteration(1)


def test_a_second_opened_model_gets_the_whole_text(opened):
    """The text on the page lacks what the first model does not know."""
    opened.upload("again.pkl", exports.model_pickle(opened.run), "model_upload")
    assert len(opened.run.whole_text) == len(NEW)


def test_a_model_that_knows_the_text_trains_without_a_question(page):
    page.steps(2)
    page.upload("mine.pkl", exports.model_pickle(page.run), "model_upload")
    page.press("Train")
    page.wait_for_iteration(1)


@pytest.mark.parametrize(
    ("share", "words"), [(0.001, "Less than 1 %"), (0.28, "28 %"), (1.0, "100 %")]
)
def test_shares_in_words(share, words):
    assert describe_share(share) == words
