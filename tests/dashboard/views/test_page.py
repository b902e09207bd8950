"""The page as a whole: first page, settings links, navigation and unexpected errors."""

from __future__ import annotations

import logging
import re
from urllib.parse import parse_qsl

import pytest

from dashboard.page import current_run, entry, error_boundary
from dashboard.views import how_it_works, progress, sample, train
from tests.support.visits import EXPANDERS, STORY, visitors

SECTIONS_OF_THE_RAIL = ("text_open", "network_open")
SECRET = "/srv/secret/place.txt"


@pytest.fixture
def visit(tmp_path, monkeypatch):
    with visitors(tmp_path / "runs", monkeypatch) as visit:
        yield visit


def fails(*args, **kwargs):
    raise RuntimeError(f"could not read {SECRET}")


# -- first page ---------------------------------------------------------------------------------


def test_the_first_page_is_ready_to_train_and_shows_levels_and_writing(visit):
    page = visit()
    assert page.shown("error", "warning", "info") == []
    assert page.enabled("Train")
    assert page.says("Train your own")
    assert page.says("lighthouse.txt")
    assert page.says("Jane Austen’s network")
    assert page.says("Before any training it writes characters at random.")
    page.value("_job_baselines")[1].wait(20)
    page.look()
    rows = page.chart_rows("Training and validation loss")
    assert set(rows["Line"]) == {"baseline"}
    assert any(text.endswith(": beat this") for text in rows["Label"])
    # Code blocks would load another MB of scripts.
    assert [code.value for code in page.app.code] == []


def test_every_widget_has_a_label_and_documented_names_are_kept(visit):
    page = visit()
    page.press("Step")
    assert page.enabled("Train")
    page.press("Train")
    for part in EXPANDERS:
        page.open(part)
    for tab in ("Downloads", "Live settings"):
        page.open_tab(tab)
    kinds = ("button", "button_group", "select_slider", "slider", "text_area", "selectbox",
             "number_input", "toggle", "file_uploader", "download_button", "expander")  # fmt: skip
    labels = [label for kind in kinds for label in page.labels(kind)]
    assert all(labels)
    assert {
        *("Text file", "Pause", "Step", "Reset", "Generate", "Seed text"),
        *("Temperature", "Download model", "Cell", "Hidden size", "Layers"),
    } <= set(labels)
    assert "Stop" not in labels  # the label of Streamlit's own button


def test_how_it_works_draws_its_three_charts(visit):
    page = visit()
    page.open_page("how")
    page.app.session_state["_job_how"][1].wait(60)
    page.look()
    assert [header.value for header in page.app.header] == [
        "What a cell does", "What temperature is", "Why gradients vanish",
    ]  # fmt: skip
    assert page.says("The small network:")
    assert len(page.app.get("vega_lite_chart")) == 3
    assert page.shown("error") == []
    page.app.button_group[0].set_value("g").run()
    assert page.shown("error") == []


def test_settings_text_and_run_survive_a_visit_to_another_page(visit):
    page = visit()
    page.upload("story.txt", STORY.encode())
    page.choose("model_hidden_dim", 32)
    page.choose("temperature", 1.2)
    page.choose("seed_text", "The cat")
    page.press("Step")
    run = page.run
    page.open_page("how")
    page.open_page("")
    assert page.run is run
    assert page.value("model_hidden_dim") == 32
    assert page.value("temperature") == 1.2
    assert page.value("seed_text") == "The cat"
    assert page.says("story.txt")
    assert not page.says("The current run is unaffected")


# -- settings links -----------------------------------------------------------------------------


def the_link(page) -> dict[str, str]:
    page.open("link_open")
    (address,) = [code for code in page.shown("code") if "preset=" in code]
    return dict(parse_qsl(address.split("?")[1]))


def test_a_settings_link_restores_every_setting(visit):
    page = visit()
    wanted = {
        "sample": "verses.txt", "clean_case": True, "model_hidden_dim": 32, "train_lr": 1e-3,
        "goal_kind": "epochs", "goal_epochs": 5, "seed_text": "The sea & I", "temperature": 1.3,
        "top_k": 7, "length": 200, "random_seed": 5, "chart_unit": "bits",
    }  # fmt: skip
    for key, value in wanted.items():
        page.choose(key, value)
    again = visit(the_link(page))
    assert {key: again.value(key) for key in wanted} == wanted
    assert again.says("the clockmaker")
    assert the_link(again) == the_link(page)


def test_a_settings_link_names_a_sample_text_and_asks_to_upload_any_other(visit):
    page = visit({"text": "verses"})
    page.press("Step")
    again = visit({"run": page.run.id})
    assert the_link(again)["text"] == "verses"
    assert not again.says("themselves")
    again.upload("story.txt", STORY.encode())
    assert "text" not in the_link(again)
    assert again.says("Others must upload story.txt themselves.")


def test_a_link_can_hide_sections(visit):
    page = visit({"hide": "model,download"})
    assert page.enabled("Train")
    assert {"text_open"} == {e.key for e in page.app.expander if e.key in SECTIONS_OF_THE_RAIL}
    assert [tab.label for tab in page.app.tabs] == [
        "Write", "Write together", "Inside", "Live settings",
    ]  # fmt: skip
    page = visit({"hide": "train,sample"})
    assert not page.enabled("Train")
    assert [tab.label for tab in page.app.tabs] == ["Downloads"]


# -- unexpected errors --------------------------------------------------------------------------


def the_reference(page) -> str:
    """Return the reference id in the one error message, which shows nothing else of the error."""
    (sentence,) = page.shown("error")
    assert list(page.app.exception) == []
    for text in page.shown():
        assert SECRET not in text
        assert "Traceback" not in text
        assert "RuntimeError" not in text
    return re.search(r"under the reference ([0-9a-f]{8})\.$", sentence)[1]


def test_a_failing_callback_shows_a_reference_and_logs_the_traceback(visit, monkeypatch, caplog):
    page = visit()
    with caplog.at_level(logging.ERROR), monkeypatch.context() as patch:
        patch.setattr(current_run, "new_run", fails)
        page.press("Train")
    reference = the_reference(page)
    (record,) = [record for record in caplog.records if reference in record.getMessage()]
    assert SECRET in str(record.exc_info[1])
    page.press("Step")
    assert page.shown("error") == []
    assert page.run.solver.iteration == 1


@pytest.mark.parametrize(
    ("module", "name"),
    [(sample, "_draw_generated"), (progress, "_draw_figures"), (train, "_draw_buttons")],
)
def test_a_failing_section_leaves_the_others_usable(visit, monkeypatch, caplog, module, name):
    page = visit()
    page.press("Step")
    page.open_tab("Downloads")
    monkeypatch.setattr(module, name, fails)
    with caplog.at_level(logging.ERROR):
        page.look()
    assert the_reference(page) in caplog.text
    assert [tab.label for tab in page.app.tabs][-1] == "Downloads"
    downloads = {"Download model", "Send your network to a friend", "Whole experiment (.zip)"}
    assert downloads <= set(page.labels("download_button"))
    page.choose("model_hidden_dim", 64)
    assert page.value("model_hidden_dim") == 64


def test_the_model_of_a_paused_run_is_ready_for_download(visit):
    page = visit()
    page.press("Step")
    (download,) = (e.proto for e in page.app.get("download_button") if "model" in e.proto.label)
    assert download.url
    assert not download.deferred_file_id


def test_a_failing_page_leaves_the_other_pages_usable(visit, monkeypatch, caplog):
    page = visit()
    monkeypatch.setattr(how_it_works.network_internals, "train_small_network", fails)
    page.open_page("how")
    page.app.session_state["_job_how"][1].wait(60)
    page.look()
    assert page.says("The figures failed.")
    assert SECRET in caplog.text
    page.open_page("")
    assert page.enabled("Train")


def test_the_start_of_the_page_has_the_error_boundary_too(visit, monkeypatch):
    page = visit()
    monkeypatch.setattr(entry, "initialise", fails)
    page.look()
    the_reference(page)


def test_streamlit_control_exceptions_pass_the_error_boundary():
    from streamlit.runtime.scriptrunner import RerunException, StopException

    for signal in (RerunException, StopException):
        assert not issubclass(signal, Exception)

    def stops():
        raise StopException

    for protected in (error_boundary.callback(stops), error_boundary.part(stops)):
        with pytest.raises(StopException):
            protected()


def test_an_unexpected_error_in_training_shows_a_reference(visit, monkeypatch, caplog):
    page = visit({"hidden": "16", "sequence": "10", "batch": "4"})
    page.press("Step")
    monkeypatch.setattr(page.run.solver, "train_for", fails)
    page.press("Train")
    page.wait_until_stopped()
    assert the_reference(page) in caplog.text


def test_changed_settings_cancel_the_speed_measurement_of_the_old_ones(visit):
    page = visit()
    page.choose("model_hidden_dim", 32)
    (_, first) = page.value("_job_speed")
    page.choose("model_hidden_dim", 64)
    (_, second) = page.value("_job_speed")
    assert first.cancelled
    assert not second.cancelled
