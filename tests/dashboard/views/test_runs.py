"""The list of runs, and the deletion of runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import streamlit as st

from dashboard.formatting import byte_size
from dashboard.runs import exports, text_files
from dashboard.runs.json_record import read_record, write_record
from dashboard.runs.registry import get_registry
from dashboard.server import limits
from rnncore.errors import SaveError
from tests.support.many_runs import copy_runs
from tests.support.visits import raising, with_story


@pytest.fixture
def page(visit):
    return with_story(visit)


def table(page) -> pd.DataFrame:
    """Return the rows of the table."""
    return page.app.dataframe[0].value


def select(page, *run_ids) -> None:
    """Select the rows of these runs, as their check boxes do."""
    page.app.session_state["_runs_selected"] = run_ids
    page.look()


def test_runs_are_listed_opened_and_deleted(visit, page):
    page.steps(3)
    first = page.run
    assert first.autosaver.save_now()
    page.press("Reset")
    page.press("Step")
    second = page.run
    assert second.autosaver.save_now()
    page.open_page("runs")
    assert page.says(f"2 runs on this computer, {byte_size(get_registry().store.size())}")
    assert list(table(page)["Iterations"]) == [1, 3]  # the newest first
    assert list(table(page)["Name"]) == [
        "pasted text · LSTM 16 (open)",
        "pasted text · LSTM 16",
    ]
    assert not page.enabled("Open")
    select(page, first.id)
    assert page.says(f"3 of 500 iterations · {byte_size(first.autosaver.size())}")
    page.press("Open")
    assert page.run is first
    page.open_page("runs")
    select(page, first.id)
    page.press("Delete for good")
    assert not page.has_run
    assert page.says("1 run on this computer")
    page.open_page("")
    page.press("Step")
    assert page.run not in (first, second)


def test_an_opened_model_that_was_not_trained_is_no_run(visit):
    page = visit()
    page.press("Try a trained network")
    assert page.run.autosaver.save_now()
    page.open_page("runs")
    assert page.says("No runs yet.")


def saved_runs(visit, count: int = 3):
    """Return a page that lists so many runs, and their ids, the newest first."""
    page = visit()
    ids = copy_runs(get_registry().store, count)
    get_registry().set_labels(ids[0], name="*b* :red[_x_]", starred=True, note="odd")
    page.open_page("runs")
    return page, ids[::-1]


def test_the_table_is_filtered(visit):
    page, _ = saved_runs(visit)
    assert len(table(page)) == 3
    for key, value in (("runs_search", "ODD x"), ("runs_starred", True)):
        page.choose(key, value)
        assert list(table(page)["Name"]) == ["*b* :red[_x_]"]
        page.choose(key, type(value)())
    page.choose("runs_search", "nothing like this")
    assert page.says("No run matches these filters.")


def test_runs_of_races_and_sweeps_are_listed_on_request(visit):
    page, (newest, middle, named) = saved_runs(visit)
    for run_id, made_by in ((newest, "race"), (middle, ""), (named, "sweep")):
        record = get_registry().store.root / run_id / "run.json"
        write_record(record, read_record(record) | {"made_by": made_by})
    page.look()
    assert list(table(page)["From"]) == ["", "sweep"]  # the sweep's run has a name
    assert page.says(", 1 of races and sweeps not listed. Saved automatically")
    page.choose("runs_search", "nothing like this")
    assert page.says("Runs of races and sweeps are not shown")
    page.choose("runs_search", "")
    page.choose("runs_all", True)
    assert list(table(page)["From"]) == ["race", "", "sweep"]
    assert not page.says("not listed")


def test_without_runs_of_races_or_sweeps_no_column_says_where_they_are_from(visit):
    page, (newest, *_) = saved_runs(visit)
    assert "From" not in table(page)
    record = get_registry().store.root / newest / "run.json"
    write_record(record, read_record(record) | {"made_by": "race"})
    page.look()
    assert "From" not in table(page)
    assert page.says("3 runs on this computer")
    assert page.says("1 of races and sweeps not listed")


def test_several_runs_are_starred_compared_and_deleted(visit):
    page, ids = saved_runs(visit)
    select(page, *ids[:2])
    assert page.enabled("Compare 2")
    page.press("Star")
    assert list(table(page)["★"]) == ["★"] * 3
    page.press("Remove star")
    assert list(table(page)["★"]) == ["", "", "★"]
    page.press("Delete for good")
    assert len(table(page)) == 1
    assert page.says("Select rows by the boxes at their left")
    assert {info.id for info in get_registry().store.list_runs()} == {ids[2]}


def test_the_selected_run_gets_a_name_and_a_note(visit):
    page, ids = saved_runs(visit)
    select(page, ids[0])
    page.choose(f"runs_name_{ids[0]}", " my  run\n")
    page.choose(f"runs_note_{ids[0]}", "first line\nsecond")
    labels = get_registry().store.list_runs()[0].labels
    assert (labels.name, labels.note, labels.protected) == ("my run", "first line\nsecond", True)
    assert table(page)["Name"][0] == "my run"
    page.choose("runs_search", "second")
    assert len(table(page)) == 1


def test_a_selection_belongs_to_runs_and_not_to_places(visit):
    page, ids = saved_runs(visit)
    select(page, ids[1])
    first = page.app.dataframe[0].proto.id
    page.choose("runs_starred", True)  # hides it
    assert page.app.dataframe[0].proto.id != first
    assert page.enabled("Open")
    page.choose("runs_starred", False)
    assert page.enabled("Open")


def test_runs_that_will_be_removed_are_announced_with_a_date(visit):
    page, ids = saved_runs(visit)
    get_registry().store.set_labels(ids[0], remove_after=2e9)
    page.look()
    (warning,) = page.shown("warning")
    assert warning.startswith("One run is marked for removal")
    assert list(table(page)["Removed after"].notna()) == [True, False, False]


def test_a_damaged_run_is_listed_with_the_reason(visit):
    page, ids = saved_runs(visit)
    folder = get_registry().store.root / ids[0]
    for path in folder.glob("*.npz"):
        path.unlink()
    page.look()
    select(page, ids[0])
    assert page.says("This run has no complete save.")
    assert not page.enabled("Open")


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
    page.open_tab("Downloads")
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
    page.open_tab("Downloads")
    monkeypatch.setattr(
        get_registry().store, "delete", raising(SaveError("The run was not deleted."))
    )
    page.press("Delete for good")
    assert page.has_run
    assert page.shown("error") == ["The run was not deleted."]


def test_a_download_over_the_upload_limit_says_so(page, monkeypatch):
    page.press("Step")
    page.open_tab("Downloads")
    assert page.says("in Python with rnncore and on this page.")
    assert page.says("in Python and on this page.")
    size = exports.checkpoint_bytes(page.run)
    monkeypatch.setattr(limits, "MAX_MODEL_BYTES", size - 1)
    page.look()
    assert page.says("in Python with rnncore and on this page.")
    assert page.says(f"in Python, not on this page (limit {byte_size(size - 1)}).")


def test_an_empty_list_of_runs_says_so(visit):
    page = visit()
    page.open_page("runs")
    assert page.says("No runs yet.")


def paths(page) -> set[str]:
    return {of.get("url_pathname", "") for of in page.app._registered_pages.values()}


def test_runs_are_listed_only_on_the_computer_itself(visit, monkeypatch):
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
    select(other, run.id)
    assert other.says("damaged")
    assert other.enabled("Open")
