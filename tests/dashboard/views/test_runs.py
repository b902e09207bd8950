"""Runs that were not begun on this page: uploaded, pretrained, past, and those in an address."""

from __future__ import annotations

import ast
import io
import pickle

import numpy as np
import pytest
import RNNs
import streamlit as st

from dashboard.formatting import byte_size
from dashboard.page import open_run
from dashboard.runs import exports, summary
from dashboard.runs.registry import get_registry
from dashboard.runs.store import Store
from dashboard.server import limits
from dashboard.training.status import Phase
from dashboard.views import past_runs
from rnncore import RNN, Solver, Vocab, save
from rnncore.errors import SaveError
from rnncore.pretrained import PRETRAINED
from rnncore.reading.file_names import display_name
from rnncore.storage.model_pickle import dump_model
from tests.support.runs import small_run
from tests.support.visits import OTHER, STORY, raising, with_story


@pytest.fixture
def page(visit):
    return with_story(visit)


# -- going on with a model ---------------------------------------------------------------------


def test_a_downloaded_model_goes_on_with_the_text_on_the_page(page):
    page.steps(3)
    raw, before = exports.model_pickle(page.run), page.run
    page.paste(OTHER + STORY)
    page.upload("mine.pkl", raw, "model_upload")
    run = page.run
    assert run is not before
    assert run.solver.iteration == 0
    np.testing.assert_array_equal(run.solver.model.flat, before.solver.model.flat)
    assert run.text.vocab == before.text.vocab
    assert page.says("they were left out")  # characters that only the other text has
    page.press("Generate")
    page.press("Step")
    assert page.run is run
    assert page.shown("error") == []


def test_a_model_that_has_learnt_is_not_dropped_without_a_question(page):
    page.press("Step")
    page.upload("mine.pkl", exports.model_pickle(page.run), "model_upload")
    taught = page.run
    page.choose("model_hidden_dim", 32)
    page.press("Train")
    assert page.run is taught
    assert page.says("Start a new run with these settings?")


def test_a_model_with_a_larger_seed_than_the_page_can_show_trains_without_a_question(page):
    symbols = "".join(sorted(set(STORY)))
    model = RNN(len(symbols), symbols, input_dim=2, hidden_dim=16, seed=2**40)
    page.upload("mine.pkl", dump_model(model), "model_upload")
    run = page.run
    page.press("Step")
    page.press("Train")
    assert not page.says("Start a new run with these settings?")
    assert page.run is run


def test_a_whole_run_goes_on_where_it_was(page):
    page.steps(5)
    raw, before = exports.checkpoint_npz(page.run), page.run
    page.press("Reset")
    page.upload("mine.npz", raw, "model_upload")
    assert page.run.solver.iteration == 5
    assert page.run.text == before.text
    np.testing.assert_array_equal(page.run.solver.model.flat, before.solver.model.flat)
    page.press("Step")
    with before.trainer.lock:
        before.solver.step()
    np.testing.assert_array_equal(page.run.solver.model.flat, before.solver.model.flat)


def test_a_pickle_of_the_original_program_goes_on(page):
    vocab = Vocab.from_text(STORY)
    chars = dict(enumerate(vocab.idx_to_char))
    theirs = RNNs.RNN(len(vocab), chars, 4, 6, "lstm")
    page.upload("lstm_model.pkl", pickle.dumps(theirs), "model_upload")
    assert page.shown("error") == []
    assert page.value("model_hidden_dim") == 6
    page.press("Step")
    assert page.run.solver.iteration == 1


class Evil:
    def __reduce__(self):
        return print, ("opened",)


def numbers_only() -> bytes:
    return dump_model(RNN(5, input_dim=2, hidden_dim=3))


def strangers_run() -> bytes:
    buffer = io.BytesIO()
    save(small_run().solver, buffer)
    return buffer.getvalue()[:-200]


def halves_of_characters() -> bytes:
    return dump_model(RNN(3, "T\ud800e", input_dim=2, hidden_dim=3))


def run_on_halves() -> bytes:
    buffer = io.BytesIO()
    model = RNN(2, "a\udfff", input_dim=2, hidden_dim=3)
    save(Solver(np.arange(100) % 2, model, seq_length=5, batch_size=2, num_iters=9), buffer)
    return buffer.getvalue()


GARBAGE = {
    "empty.pkl": lambda: b"",
    "notes.pkl": lambda: b"Dear diary, today I trained a network.",
    "evil.pkl": lambda: pickle.dumps(Evil()),
    "numbers.pkl": numbers_only,
    "halves.pkl": halves_of_characters,
    "halves.npz": run_on_halves,
    "cut.npz": strangers_run,
    "zip.npz": lambda: b"PK\x03\x04" + bytes(200),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_what_is_no_model_is_told_and_the_run_stays(page, capsys, name):
    page.press("Step")
    run = page.run
    page.upload(name, GARBAGE[name](), "model_upload")
    (sentence,) = page.shown("error")
    assert sentence[0].isupper() or sentence.startswith(name)
    assert sentence.endswith(".")
    assert "Traceback" not in sentence
    assert page.run is run
    assert "opened" not in capsys.readouterr().out
    page.press("Step")
    assert run.solver.iteration == 2


CODE = "x.pkl');__import__('os').system('id');('.npz"


def test_a_name_of_a_file_does_not_become_code_to_copy(page):
    page.press("Step")
    page.upload(f"../{CODE}", exports.checkpoint_npz(page.run), "model_upload")
    assert page.run.text.name == display_name(CODE)
    (snippet,) = [code for code in page.shown("code") if "import pickle" in code]
    calls = [node.func for node in ast.walk(ast.parse(snippet)) if isinstance(node, ast.Call)]
    assert {ast.unparse(call) for call in calls} == {
        "open", "print", "pickle.load", "pickle.load(f).sample",
    }  # fmt: skip


def test_a_name_of_a_file_is_no_path_in_what_is_said(page):
    page.upload("../../etc/notes\n.pkl", b"PK\x03\x04" + bytes(200), "model_upload")
    assert "etc" not in page.shown("error")[0]


def test_a_model_that_is_too_large_is_told_with_figures(page, monkeypatch):
    monkeypatch.setattr(limits, "MAX_MODEL_BYTES", 1000)
    page.upload("large.pkl", bytes(2000), "model_upload")
    assert page.shown("error") == ["large.pkl has 2.0 kB; this page opens models of up to 1.0 kB."]


def test_a_model_that_knows_nothing_of_the_text_is_refused(page):
    page.upload("abc.pkl", dump_model(RNN(2, "日本", input_dim=2, hidden_dim=3)), "model_upload")
    sentence = "The model knows none of this text's characters: choose another text."
    assert page.shown("error") == [sentence]
    assert not page.has_run


@pytest.mark.parametrize("name", PRETRAINED)
def test_a_pretrained_model_writes_at_once_and_learns_on(page, name):
    page.app.button(key=f"pretrained_{name}").click().run()
    assert page.shown("error") == []
    page.press("Generate")
    page.press("Step")
    assert page.run.solver.iteration == 1


# -- addresses ---------------------------------------------------------------------------------


def test_the_address_brings_a_run_back(visit, page):
    page.steps(3)
    again = visit({"run": page.run.id})
    assert again.run is page.run
    assert again.says("Welcome back: this run is as you left it.")
    assert again.value("model_hidden_dim") == 16
    again.press("Step")
    assert page.run.solver.iteration == 4


def come_back_to(visit, page, phase, message=""):
    """The page of a run that rests like this, opened again."""
    page.press("Step")
    with page.run.trainer._control:
        page.run.trainer._phase, page.run.trainer._message = phase, message
    return visit({"run": page.run.id})


@pytest.mark.parametrize(
    ("phase", "message", "sentence"),
    [
        (Phase.FINISHED, "", "training has finished."),
        (Phase.PAUSED, "It has trained for 1 minute.", "training has finished."),
        (Phase.FAILED, "It diverged.", "training stopped with an error"),
        (Phase.TIMED_OUT, "", "training was paused because no page was open for an hour."),
        (Phase.PAUSED, "", "this run is as you left it."),
    ],
)
def test_the_page_says_what_became_of_the_training_meanwhile(visit, page, phase, message, sentence):
    assert come_back_to(visit, page, phase, message).says(f"Welcome back: {sentence}")


def test_too_little_memory_to_open_a_run_is_a_sentence_and_the_page_stands(
    visit, page, monkeypatch
):
    page.press("Step")
    run = page.run
    assert get_registry().unload(run.id)
    monkeypatch.setattr(get_registry().store, "open", raising(MemoryError()))
    again = visit({"run": run.id})
    assert again.says("not have enough memory left for this")
    assert again.enabled("Train")


def test_too_little_memory_to_open_a_model_is_a_sentence(page, monkeypatch):
    monkeypatch.setattr(open_run, "load", raising(MemoryError()))
    page.upload("mine.pkl", b"anything", "model_upload")
    assert "not have enough memory left for this" in page.shown("error")[0]


def test_a_step_of_a_run_that_was_put_away_is_saved_and_locks_nobody_out(visit, page):
    page.press("Step")
    run = page.run
    assert get_registry().unload(run.id)
    page.press("Step")
    assert get_registry().get(run.id) is run
    again = visit({"run": run.id})
    assert again.run is run


def test_a_run_that_was_deleted_elsewhere_is_told_at_the_next_step(page):
    page.press("Step")
    run = page.run
    assert get_registry().unload(run.id)
    get_registry().delete(run.id)
    page.press("Step")
    assert page.shown("error") == ["This run was deleted. Press Reset to start a new one."]
    assert get_registry().store.list_runs() == []
    page.press("Reset")
    page.press("Step")
    assert page.run is not run
    assert page.run.solver.iteration == 1


def test_a_past_run_that_is_gone_leaves_the_page_s_own_as_it_is(page):
    page.press("Step")
    gone = page.run
    page.press("Reset")
    page.press("Train")
    run = page.run
    assert gone.autosaver.save_now()
    page.open_page("runs")
    get_registry().delete(gone.id)
    page.app.button(key=f"open_{gone.id}").click().run()
    assert page.run is run
    assert run.trainer.status().active
    assert page.app.query_params["run"] == run.id
    assert page.says("it may have been deleted")


def test_of_two_pages_of_one_run_each_changes_only_what_was_changed_on_it(visit, page):
    page.press("Step")
    other = visit({"run": page.run.id})
    page.choose("train_update_rule", "sgd")
    page.choose("train_lr", 1e-2)
    page.choose("train_num_iters", 5_000)
    other.choose("train_clip", 1.0)
    run = page.run
    assert (run.solver.update_rule, run.solver.lr, run.solver.clip) == ("sgd", 1e-2, 1.0)
    assert run.solver.num_iters == 5_000
    assert other.value("train_update_rule") == "sgd"  # it knows by now
    page.choose("train_lr", 2e-2)
    assert (run.solver.lr, run.solver.clip) == (2e-2, 1.0)
    assert page.value("train_clip") == 1.0


@pytest.mark.parametrize("address", ["A" * 16, "../../etc/passwd", "x", "<b>", "%00"])
def test_an_address_that_names_no_run_is_told(visit, address):
    page = visit({"run": address})
    assert not page.has_run
    assert len(page.shown("info")) == 1
    assert "etc" not in page.shown("info")[0]
    page.press("Step")
    assert page.run.solver.iteration == 1


# -- past runs ---------------------------------------------------------------------------------


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


def test_on_a_server_for_many_a_visitor_sees_and_deletes_the_own_run(visit, page, monkeypatch):
    monkeypatch.setenv("LSTM_WORKBENCH_SHARED", "1")
    page.press("Step")
    run = page.run
    assert run.autosaver.save_now()
    page.look()
    assert page.says(f"Saved on the server ({byte_size(run.autosaver.size())}).")
    page.press("Delete for good")
    assert not page.has_run
    assert get_registry().store.list_runs() == []
    assert visit({"run": run.id}).says("it may have been deleted")
    page.press("Step")
    assert page.run is not run


def test_a_run_that_cannot_be_deleted_says_so_where_it_was_tried(page, monkeypatch):
    page.press("Step")
    assert page.run.autosaver.save_now()
    monkeypatch.setattr(
        get_registry().store, "delete", raising(SaveError("The run was not deleted."))
    )
    page.press("Delete for good")
    assert page.has_run
    assert page.shown("error") == ["The run was not deleted."]


def test_what_is_too_large_to_come_back_here_is_told_before_it_is_taken_away(page, monkeypatch):
    page.press("Step")
    assert page.says("in Python with rnncore and on this page:")
    assert page.says("in Python and on this page.")
    size = exports.checkpoint_bytes(page.run)
    monkeypatch.setattr(limits, "MAX_MODEL_BYTES", size - 1)
    page.look()
    assert page.says("in Python with rnncore and on this page:")
    assert page.says(f"in Python, not on this page (limit {byte_size(size - 1)}).")


def test_without_a_run_the_list_says_so(visit):
    page = visit()
    page.open_page("runs")
    assert page.says("No runs yet.")


def listed(page) -> list[str]:
    """Ids of the runs that can be opened."""
    return [b.key.removeprefix("open_") for b in page.app.button if b.label.startswith("Open ")]


def put_aside() -> str:
    """A run that an earlier server left; its id."""
    run = small_run(get_registry().store)
    assert run.autosaver.suspend()
    return run.id


def test_of_many_runs_the_newest_are_listed_and_the_others_a_click_away(visit, monkeypatch):
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
    # The last page goes with its only run: the newest are shown again.
    page.app.button(key=f"delete_{ids[0]}").click().run()
    assert page.says("Runs 1 to 3 of 6")
    assert len(listed(page)) == 3


def test_buttons_in_the_list_say_which_run_they_are_for_and_names_stay_words(page):
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
def test_a_past_run_is_listed_with_its_network_and_no_other_goal_than_its_own(
    page, kind, key, amount, told
):
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


def test_a_run_that_vanishes_while_it_is_listed_is_told_by_what_is_known(tmp_path):
    store = Store(tmp_path)
    run = small_run(store, 3)
    (info,) = store.list_runs()
    run.autosaver.discard()
    store.delete(run.id)
    assert summary.describe(store, info).startswith("3 iterations · ")


def paths(page) -> set[str]:
    return {of.get("url_pathname", "") for of in page.app._registered_pages.values()}


def test_past_runs_are_listed_for_the_owner_of_the_computer_only(visit, monkeypatch):
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
