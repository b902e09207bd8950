"""The list of past runs, and the deletion of runs."""

from __future__ import annotations

import numpy as np
import pytest
import streamlit as st

from dashboard.formatting import byte_size
from dashboard.runs import exports, summary, text_files
from dashboard.runs.registry import get_registry
from dashboard.runs.store import Store
from dashboard.server import limits
from dashboard.views import past_runs
from rnncore.errors import SaveError
from tests.support.runs import small_run
from tests.support.visits import OTHER, raising, with_story


@pytest.fixture
def page(visit):
    return with_story(visit)


def test_past_runs_are_listed_opened_and_deleted(visit, page):
    page.steps(3)
    first = page.run
    assert first.autosaver.save_now()
    page.press("Reset")
    second = page.run
    assert second.autosaver.save_now()
    page.open_page("runs")
    assert page.says(f"2 runs on this computer, {byte_size(get_registry().store.size())}")
    for run in (first, second):
        assert page.says(byte_size(run.autosaver.size()))
    assert page.says("3 of 500 iterations")
    page.app.button(key=f"open_{first.id}").click().run()
    assert page.run is first
    page.open_page("runs")
    page.app.button(key=f"delete_{first.id}").click().run()
    assert not page.has_run
    assert page.says("1 run on this computer")
    page.open_page("")
    page.press("Step")
    assert page.run not in (first, second)


def test_a_run_gets_a_name_of_its_own_and_can_lose_it_again(page):
    page.steps(1)
    run, key = page.run, f"run_name_{page.run.id}"
    assert page.app.text_input(key=key).placeholder == "pasted text · LSTM 16"
    assert run.autosaver.save_now()
    page.choose(key, "My first: try 1/2")
    assert page.app.text_input(key=key).placeholder == "My first: try 1/2"
    assert get_registry().store.list_runs()[0].labels.name == "My first: try 1/2"
    assert exports.file_stem(run) == "My first- try 1-2"
    assert "Run “My first: try 1/2”" in exports.report_html(run, [])
    page.choose(key, "")
    assert page.app.text_input(key=key).placeholder == "pasted text · LSTM 16"
    assert exports.file_stem(run) == "pasted text"


def test_a_visitor_of_a_shared_server_can_delete_their_own_run(visit, page, monkeypatch):
    monkeypatch.setenv("LSTM_WORKBENCH_SHARED", "1")
    page.press("Step")
    run = page.run
    assert run.autosaver.save_now()
    page.look()
    assert page.says(f"Saved on the server ({byte_size(run.autosaver.size())}).")
    page.press("Delete for good")
    assert not page.has_run
    assert get_registry().store.list_runs() == []
    assert visit({"run": run.id}).says("it was deleted, or never trained")
    page.press("Step")
    assert page.run is not run


def test_a_failed_deletion_shows_its_error_beside_the_button(page, monkeypatch):
    page.press("Step")
    assert page.run.autosaver.save_now()
    monkeypatch.setattr(
        get_registry().store, "delete", raising(SaveError("The run was not deleted."))
    )
    page.press("Delete for good")
    assert page.has_run
    assert page.shown("error") == ["The run was not deleted."]


def test_a_download_over_the_upload_limit_says_so(page, monkeypatch):
    page.press("Step")
    assert page.says("in Python with rnncore and on this page.")
    assert page.says("in Python and on this page.")
    size = exports.checkpoint_bytes(page.run)
    monkeypatch.setattr(limits, "MAX_MODEL_BYTES", size - 1)
    page.look()
    assert page.says("in Python with rnncore and on this page.")
    assert page.says(f"in Python, not on this page (limit {byte_size(size - 1)}).")


def test_an_empty_list_of_past_runs_says_so(visit):
    page = visit()
    page.open_page("runs")
    assert page.says("No runs yet.")


def listed(page) -> list[str]:
    """Return the ids of the listed runs that can be opened."""
    return [b.key.removeprefix("open_") for b in page.app.button if b.label.startswith("Open ")]


def put_aside() -> str:
    """Save a run as an earlier server would have; return its id."""
    run = small_run(get_registry().store)
    assert run.autosaver.suspend()
    return run.id


def test_past_runs_are_listed_in_pages_newest_first(visit, monkeypatch):
    monkeypatch.setattr(past_runs, "PER_PAGE", 3)
    page = visit()
    ids = [put_aside() for _ in range(7)]
    page.open_page("runs")
    assert len(listed(page)) == 3
    assert page.says("7 runs on this computer")
    assert page.says("Runs 1 to 3 of 7")
    seen = []
    for number in (1, 2, 3):
        page.app.pagination(key="runs_page").set_value(number).run()
        seen += listed(page)
    assert seen == ids[::-1]
    # Without its only run the last page is gone, and the first is shown.
    page.app.button(key=f"delete_{ids[0]}").click().run()
    assert page.says("Runs 1 to 3 of 6")
    assert len(listed(page)) == 3


def test_list_buttons_name_their_run_and_show_its_name_as_text(page):
    page.press("Step")
    assert page.run.autosaver.save_now()
    page.upload("*b* :red[_x_](`y`).txt", OTHER.encode())
    page.press("Train")
    page.press("Start new run")
    assert page.run.autosaver.save_now()
    page.open_page("runs")
    names = ["b red x y .txt, saved a moment ago", "pasted text, saved a moment ago"]
    labels = [label for label in page.labels() if label.startswith("Open")]
    assert labels == [f"Open *{name}*" for name in names]


@pytest.mark.parametrize(
    ("kind", "key", "amount", "told"),
    [
        ("plateau", "goal_patience", 3, "iterations, until validation stalls"),
        ("minutes", "goal_minutes", 2, "iterations, goal 2 min"),
        ("iterations", "train_num_iters", 10_000, " of 10,000 iterations"),
    ],
)
def test_a_past_run_is_listed_with_its_network_and_its_own_goal(page, kind, key, amount, told):
    page.choose("goal_kind", kind)
    page.choose(key, amount)
    page.press("Train")
    page.wait_for_iteration(3)
    page.press("Pause")
    page.wait_until_stopped()
    assert page.run.autosaver.save_now()
    page.open_page("runs")
    (line,) = [line for line in page.shown("caption") if "saved a moment ago" in line]
    assert line.startswith("One-layer LSTM, 16 units · ")
    assert told in line
    assert (" of 10,000" in line) == (kind == "iterations")
    assert "200,000" not in line
    assert page.says(":blue-badge[on the workbench]")


def test_a_run_deleted_while_it_is_listed_is_described_by_its_iterations(tmp_path):
    store = Store(tmp_path)
    run = small_run(store, 3)
    (info,) = store.list_runs()
    run.autosaver.discard()
    store.delete(run.id)
    assert summary.describe(store, info).startswith("3 iterations · ")


def paths(page) -> set[str]:
    return {of.get("url_pathname", "") for of in page.app._registered_pages.values()}


def test_past_runs_are_listed_only_on_the_computer_itself(visit, monkeypatch):
    assert "runs" in paths(visit())
    monkeypatch.setenv("LSTM_WORKBENCH_SHARED", "1")
    assert "runs" not in paths(visit())
    monkeypatch.delenv("LSTM_WORKBENCH_SHARED")
    with monkeypatch.context() as patch:
        patch.setattr(type(st.context), "headers", {"Host": "evil.example:8501"})
        assert "runs" not in paths(visit())
    option = st.get_option
    for address in ("0.0.0.0", "192.168.1.7", None, ""):
        shown = {"server.address": address}
        monkeypatch.setattr(st, "get_option", lambda name, s=shown: s.get(name, option(name)))
        assert "runs" not in paths(visit())


def test_a_run_is_starred(visit, page):
    page.press("Step")
    run = page.run
    assert run.autosaver.save_now()
    page.open_page("runs")
    for starred in (True, False):
        page.app.button(key=f"star_{run.id}").click().run()
        (info,) = get_registry().store.list_runs()
        assert (info.labels.starred, run.labels.starred) == (starred, starred)


def test_the_network_of_a_run_whose_text_is_damaged_opens_as_a_new_run(visit, page):
    page.steps(2)
    run = page.run
    get_registry().unload(run.id)
    for name in text_files.NAMES:
        path = get_registry().store.root / run.id / name
        path.write_bytes(path.read_bytes()[:-10])
    other = visit({"run": run.id})
    assert other.says("The text of this run is damaged, so it cannot continue.")
    assert other.run.id != run.id
    np.testing.assert_array_equal(other.run.initial_model.flat, run.solver.model.flat)
    other.open_page("runs")
    assert other.says("damaged")
    other.app.button(key=f"open_{run.id}")
