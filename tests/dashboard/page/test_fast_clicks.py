"""Clicks that come faster than the page is drawn: what one began is done whole all the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx

from dashboard.runs.registry import Registry, get_registry
from tests.support.visits import with_story


def next_click() -> None:
    """Another click is there: from now on Streamlit breaks off whatever touches the session."""
    context = get_script_run_ctx()
    assert context is not None
    assert context.script_requests is not None
    context.script_requests.request_rerun(RerunData(page_script_hash=context.page_script_hash))


def meanwhile(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Within every call of a method of the registry the next click comes."""
    work: Callable[..., object] = getattr(Registry, name)

    def interrupted(*args: object) -> object:
        next_click()
        return work(*args)

    monkeypatch.setattr(Registry, name, interrupted)


@pytest.fixture
def page(visit):
    """A visitor with a short text and a small network."""
    return with_story(visit)


def test_train(page, monkeypatch):
    meanwhile(monkeypatch, "add")
    page.press("Train")
    page.train_until(3)
    assert page.app.query_params["run"] in (page.run.id, [page.run.id])
    assert page.value("_applied_settings") is not None  # the last thing that beginning a run does
    page.press("Pause")


def test_reset(page, monkeypatch):
    page.steps(2)
    old = page.run
    meanwhile(monkeypatch, "add")
    page.press("Reset")
    assert page.run is not old
    assert page.run.solver.iteration == 0
    assert page.value("_previous_run_id") == old.id


def test_a_run_that_the_address_names(page, monkeypatch):
    page.choose("model_num_layers", 2)
    page.steps(2)
    get_registry().unload(page.run.id)
    meanwhile(monkeypatch, "open")
    back = type(page)({"run": page.run.id})
    assert back.run.id == page.run.id
    assert (back.value("model_num_layers"), back.value("model_hidden_dim")) == (2, 16)
    assert back.says("opened from disk")
    assert back.value("_text").name == "pasted text"


def test_an_error_in_a_click_is_told_all_the_same(page, monkeypatch):
    def failing(*args: object) -> None:
        next_click()
        raise ZeroDivisionError

    monkeypatch.setattr(Registry, "add", failing)
    page.press("Train")
    assert page.says("Something unexpected happened here")
