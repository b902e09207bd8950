"""A click during another click's callback does not interrupt the callback's changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx

from dashboard.runs.registry import Registry, get_registry
from tests.support.visits import with_story


def next_click() -> None:
    """Request a rerun: Streamlit aborts the present run at its next access to the session state."""
    context = get_script_run_ctx()
    assert context is not None
    assert context.script_requests is not None
    context.script_requests.request_rerun(RerunData(page_script_hash=context.page_script_hash))


def click_during(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let the next click arrive during every call of this method of the registry."""
    work: Callable[..., object] = getattr(Registry, name)

    def interrupted(*args: object) -> object:
        next_click()
        return work(*args)

    monkeypatch.setattr(Registry, name, interrupted)


@pytest.fixture
def page(visit):
    """Return a visit with a short text and a small network."""
    return with_story(visit)


def test_train_is_complete(page, monkeypatch):
    page.choose("train_num_iters", 200_000)
    click_during(monkeypatch, "add")
    page.press("Train")
    page.wait_for_iteration(3)
    assert page.app.query_params["run"] in (page.run.id, [page.run.id])
    assert page.value("_applied_settings") is not None  # the last change that creating a run makes
    page.press("Pause")


def test_reset_is_complete(page, monkeypatch):
    page.steps(2)
    old = page.run
    click_during(monkeypatch, "add")
    page.press("Reset")
    assert page.run is not old
    assert page.run.solver.iteration == 0
    assert page.value("_previous_run_id") == old.id


def test_a_run_in_the_address_is_opened_completely(page, monkeypatch):
    page.choose("model_num_layers", 2)
    page.steps(2)
    get_registry().unload(page.run.id)
    click_during(monkeypatch, "open")
    back = type(page)({"run": page.run.id})
    assert back.run.id == page.run.id
    assert (back.value("model_num_layers"), back.value("model_hidden_dim")) == (2, 16)
    assert back.says("opened from disk")
    assert back.value("_text").name == "pasted text"


def test_an_exception_in_a_callback_is_shown(page, monkeypatch):
    def failing(*args: object) -> None:
        next_click()
        raise ZeroDivisionError

    monkeypatch.setattr(Registry, "add", failing)
    page.press("Train")
    assert page.says("Something unexpected happened here")
    page.app.run()  # the page also redraws itself, for example when a measurement is done
    assert page.says("Something unexpected happened here")
    page.choose("model_hidden_dim", 32)  # a click without a callback leaves it
    assert page.says("Something unexpected happened here")
    monkeypatch.undo()
    page.press("Train")
    assert not page.says("Something unexpected happened here")


def test_a_run_that_no_preset_made_is_opened_without_a_preset(page):
    page.steps(2)
    assert type(page)({"run": page.run.id}).value("preset") is None


def test_a_click_right_after_a_slider_does_not_apply_the_preset_again(visit, late_browser):
    page = visit()
    page.choose("model_hidden_dim", 160)
    assert page.value("preset") is None
    page.app.radio(key="preset").set_value("taste")  # as the browser still has it
    page.app.select_slider(key="model_hidden_dim").set_value(200)
    page.app.run()
    assert page.value("preset") is None
    assert page.value("model_hidden_dim") == 200
