"""Runs opened from a file, from a pretrained model or by their address."""

from __future__ import annotations

import ast
import gzip
import io
import pickle

import numpy as np
import pytest
import RNNs

from dashboard.runs import experiment, exports, uploads
from dashboard.runs.registry import get_registry
from dashboard.server import limits, memory
from dashboard.training.status import Phase
from rnncore import RNN, Solver, Vocab, load, save
from rnncore.reading.file_names import display_name
from rnncore.storage.model_pickle import dump_model
from tests.support.paths import DATA
from tests.support.runs import small_run
from tests.support.visits import OTHER, STORY, raising, with_story


@pytest.fixture
def page(visit):
    return with_story(visit)


# -- uploaded and pretrained models -------------------------------------------------------------


def test_a_downloaded_model_trains_on_the_text_of_the_page(page):
    page.steps(3)
    raw, before = exports.model_pickle(page.run), page.run
    page.paste(OTHER + STORY)
    page.upload("mine.pkl", raw, "model_upload")
    run = page.run
    assert run is not before
    assert run.solver.iteration == 0
    np.testing.assert_array_equal(run.solver.model.flat, before.solver.model.flat)
    assert run.text.vocab == before.text.vocab
    assert page.says("they were left out")  # the characters that only the other text has
    page.press("Generate")
    page.press("Step")
    assert page.run is run
    assert page.shown("error") == []


def test_an_uploaded_model_is_not_replaced_without_confirmation(page):
    page.press("Step")
    page.upload("mine.pkl", exports.model_pickle(page.run), "model_upload")
    taught = page.run
    page.choose("model_hidden_dim", 32)
    page.press("Train")
    assert page.run is taught
    assert page.says("Start a new run with these settings?")


def test_a_model_with_a_seed_beyond_the_widget_limit_trains_without_confirmation(page):
    symbols = "".join(sorted(set(STORY)))
    model = RNN(len(symbols), symbols, input_dim=2, hidden_dim=16, seed=2**40)
    page.upload("mine.pkl", dump_model(model), "model_upload")
    run = page.run
    page.press("Step")
    page.press("Train")
    assert not page.says("Start a new run with these settings?")
    assert page.run is run


def test_an_uploaded_run_continues_exactly(page):
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


def test_an_uploaded_experiment_brings_its_samples_changes_goal_and_text(page):
    page.choose("goal_kind", "epochs")
    page.steps(3)
    page.choose("train_lr", 1e-3)
    before, raw = page.run, experiment.pack(page.run, [])
    page.press("Reset")
    page.choose("goal_kind", "iterations")
    page.upload("mine.zip", raw, "model_upload")
    run = page.run
    assert run.text.name == before.text.name != "mine.zip"
    assert run.text.encoding == before.text.encoding
    assert run.sample_log.entries == before.sample_log.entries != []
    assert run.trainer.changes == before.trainer.changes != []
    assert run.plan == before.plan
    assert page.value("goal_kind") == "epochs"


def test_a_pickle_of_the_original_program_can_be_trained(page):
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
def test_a_file_that_is_no_model_is_refused_and_the_run_stays(page, capsys, name):
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


@pytest.mark.parametrize("place", ["name of the file", "notes in the file"])
def test_a_file_name_cannot_add_code_to_the_snippet(page, place):
    page.press("Step")
    solver = load(exports.checkpoint_npz(page.run))
    solver.notes = {"text": {"name": f"../{CODE}"}} if place == "notes in the file" else {}
    buffer = io.BytesIO()
    save(solver, buffer)
    name = "mine.npz" if solver.notes else f"../{CODE}"
    page.upload(name, buffer.getvalue(), "model_upload")
    assert page.run.text.name == display_name(CODE)
    page.open_tab("Downloads")
    (snippet,) = [code for code in page.shown("code") if "import pickle" in code]
    calls = [node.func for node in ast.walk(ast.parse(snippet)) if isinstance(node, ast.Call)]
    assert {ast.unparse(call) for call in calls} == {
        "open", "print", "pickle.load", "pickle.load(f).sample",
    }  # fmt: skip


def test_an_error_shows_a_file_name_without_its_folders(page):
    page.upload("../../etc/notes\n.pkl", b"PK\x03\x04" + bytes(200), "model_upload")
    assert "etc" not in page.shown("error")[0]


def test_a_model_over_the_limit_is_refused_with_both_sizes(page, monkeypatch):
    monkeypatch.setattr(limits, "MAX_MODEL_BYTES", 1000)
    page.upload("large.pkl", bytes(2000), "model_upload")
    assert page.shown("error") == ["large.pkl has 2.0 kB; this page opens models of up to 1.0 kB."]


def test_a_model_that_needs_more_memory_than_is_free_is_refused(page, monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 5_000)
    page.upload("large.pkl", bytes(2000), "model_upload")
    assert page.shown("error")[0].startswith(
        "Opening large.pkl takes 6.0 kB of memory, and 5.0 kB are free"
    )


def test_a_chinese_run_as_the_presets_train_it_is_small_enough_to_open_again(visit):
    page = visit({"hidden": "16", "sequence": "10", "batch": "4"})
    page.upload("cjk.txt", gzip.decompress((DATA / "cjk_5400_kinds.txt.gz").read_bytes()))
    page.press("Step")
    assert page.run.solver.model.input_dim == 128
    first = page.run
    page.upload("cjk.pkl", exports.model_pickle(first), "model_upload")
    assert page.shown("error") == []
    assert page.run is not first
    page.upload("cjk.npz", exports.checkpoint_npz(first), "model_upload")
    assert page.shown("error") == []
    assert page.run.solver.iteration == 1


@pytest.mark.parametrize("chars", ["日本", "日本,"])
def test_a_model_with_too_few_characters_of_the_text_gets_the_others(page, chars):
    model = RNN(len(chars), chars, input_dim=2, hidden_dim=3)
    page.choose("model_batch_size", 16)  # the text's 60 commas are too few for such batches
    page.upload("abc.pkl", dump_model(model), "model_upload")
    assert page.shown("error") == []
    assert page.run.text.vocab == model.vocab.extended(Vocab.from_text(STORY))
    assert len(page.run.text) == len(STORY)
    page.press("Step")
    assert page.run.solver.iteration == 1


# -- addresses ---------------------------------------------------------------------------------


def test_the_address_reopens_a_run(visit, page):
    page.steps(3)
    again = visit({"run": page.run.id})
    assert again.run is page.run
    assert again.says("Welcome back: this run is as you left it.")
    assert again.value("model_hidden_dim") == 16
    again.press("Step")
    assert page.run.solver.iteration == 4


def come_back_to(visit, page, phase, message=""):
    """Return a new page opened by the address of a run in this phase."""
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
def test_a_reopened_run_says_how_its_training_ended(visit, page, phase, message, sentence):
    assert come_back_to(visit, page, phase, message).says(f"Welcome back: {sentence}")


def test_too_little_memory_to_open_a_run_shows_a_message_and_the_page_works(
    visit, page, monkeypatch
):
    page.press("Step")
    run = page.run
    assert get_registry().unload(run.id)
    monkeypatch.setattr(get_registry().store, "open", raising(MemoryError()))
    again = visit({"run": run.id})
    assert again.says("not have enough memory left for this")
    assert again.enabled("Train")


def test_too_little_memory_to_open_a_model_shows_a_message(page, monkeypatch):
    monkeypatch.setattr(uploads, "load", raising(MemoryError()))
    page.upload("mine.pkl", b"anything", "model_upload")
    assert "not have enough memory left for this" in page.shown("error")[0]


def test_a_step_reloads_an_unloaded_run_which_other_pages_can_open(visit, page):
    page.press("Step")
    run = page.run
    assert get_registry().unload(run.id)
    page.press("Step")
    assert get_registry().get(run.id) is run
    again = visit({"run": run.id})
    assert again.run is run


def test_a_step_on_a_run_deleted_elsewhere_shows_a_message(page):
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


def test_opening_a_deleted_run_leaves_the_current_run_training(page):
    page.press("Step")
    gone = page.run
    page.press("Reset")
    page.press("Train")
    run = page.run
    assert gone.autosaver.save_now()
    page.open_page("runs")
    page.app.session_state["_runs_selected"] = (gone.id,)
    page.look()
    get_registry().delete(gone.id)
    page.press("Open")
    assert page.run is run
    assert run.trainer.status().active
    assert page.app.query_params["run"] == run.id
    assert page.says("it was deleted, or never trained")


def test_two_pages_of_one_run_each_change_only_their_own_settings(visit, page):
    page.press("Step")
    other = visit({"run": page.run.id})
    page.choose("train_update_rule", "sgd")
    page.choose("train_lr", 1e-2)
    page.choose("train_num_iters", 5_000)
    other.choose("train_clip", 1.0)
    run = page.run
    assert (run.solver.update_rule, run.solver.lr, run.solver.clip) == ("sgd", 1e-2, 1.0)
    assert run.solver.num_iters == 5_000
    assert other.value("train_update_rule") == "sgd"  # the other page has read the run's settings
    page.choose("train_lr", 2e-2)
    assert (run.solver.lr, run.solver.clip) == (2e-2, 1.0)
    assert page.value("train_clip") == 1.0


@pytest.mark.parametrize("address", ["A" * 16, "../../etc/passwd", "x", "<b>", "%00"])
def test_an_address_without_a_run_shows_a_message(visit, address):
    page = visit({"run": address})
    assert not page.has_run
    assert len(page.shown("info")) == 1
    assert "etc" not in page.shown("info")[0]
    page.press("Step")
    assert not page.has_run  # the run's text is not here: no other is trained in its place
    page.choose("sample", "lighthouse.txt")
    page.press("Step")
    assert page.run.solver.iteration == 1
