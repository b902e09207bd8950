"""Exports: the files open again and have the right content."""

from __future__ import annotations

import csv
import io
import math
import pickle
from dataclasses import replace

import numpy as np
import pytest

from dashboard.analysis.baselines import Baseline
from dashboard.charts.history_line import describe_thinning
from dashboard.runs import exports
from dashboard.server import limits
from dashboard.text.loading import load
from rnncore import load as load_file
from rnncore import save as save_file
from rnncore.history import COLUMNS, RANGES
from tests.support.charts import history_of
from tests.support.runs import MODEL, small_run
from tests.support.trainers import stopped
from tests.support.visits import raising


@pytest.fixture(scope="module")
def run():
    return small_run(steps=6)


def test_the_model_opens_with_pickle_and_generates_text(run):
    model = pickle.loads(exports.model_pickle(run))
    np.testing.assert_array_equal(model.flat, run.solver.model.flat)
    assert model.sample("The", T=50, seed=1) == run.solver.model.sample("The", T=50, seed=1)


def test_a_ready_pickle_is_cached_until_the_model_changes(monkeypatch):
    run = small_run(steps=2)
    ready = exports.ready_model_pickle(run)
    assert ready == exports.model_pickle(run)
    assert exports.ready_model_pickle(run) is ready
    run.solver.step()
    assert exports.ready_model_pickle(run) == exports.model_pickle(run) != ready
    with run.trainer.lock:
        run.train(60)
        assert exports.ready_model_pickle(run) is None  # made at the click: it is changing
    stopped(run.trainer)
    assert exports.ready_model_pickle(run) == exports.model_pickle(run)
    monkeypatch.setattr(limits, "MAX_READY_BYTES", 100)
    assert exports.ready_model_pickle(run) is None


def test_a_ready_pickle_that_fails_is_none(monkeypatch):
    run = small_run(steps=2)
    monkeypatch.setattr(exports, "dump_model", raising(MemoryError()))
    assert exports.ready_model_pickle(run) is None


def test_training_continues_exactly_from_a_checkpoint(run):
    again = load_file(io.BytesIO(exports.checkpoint_npz(run)))
    assert again.settings() == run.solver.settings()
    assert again.position() == run.solver.position()
    np.testing.assert_array_equal(again.ids, run.text.ids)
    mine = load_file(io.BytesIO(exports.checkpoint_npz(run)))
    assert [again.step() for _ in range(3)] == [mine.step() for _ in range(3)]


def test_the_lock_is_free_while_a_checkpoint_is_written(run, monkeypatch):
    held = []

    def save(solver, file, data):
        held.append(run.trainer.lock._held)
        return save_file(solver, file, data=data)

    monkeypatch.setattr(exports, "save", save)
    exports.checkpoint_npz(run)
    assert held == [False]


def test_an_export_that_fails_shows_a_log_reference(run, caplog):
    def fails():
        raise RuntimeError("deep inside")

    with pytest.raises(RuntimeError):
        exports.make_file(run, "Report", fails)
    reference = run.export_error.removesuffix(".").split()[-1]
    assert run.export_error.startswith("“Report” could not be created")
    assert "deep inside" not in run.export_error
    assert f"Reference {reference}." in caplog.text
    assert "deep inside" in caplog.text
    assert exports.make_file(run, "Report", lambda: "a page") == "a page"
    assert run.export_error == ""


def test_sizes_are_predicted():
    run = small_run(steps=2, model=replace(MODEL, hidden_dim=150))
    assert exports.model_bytes(run) == pytest.approx(len(exports.model_pickle(run)), rel=0.02)
    assert exports.checkpoint_bytes(run) == pytest.approx(
        len(exports.checkpoint_npz(run)), rel=0.02
    )


def test_the_csv_has_every_iteration_and_empty_cells_for_missing_values(run):
    rows = list(csv.DictReader(io.StringIO(exports.history_csv(run))))
    assert tuple(rows[0]) == COLUMNS
    assert [int(float(row["iteration"])) for row in rows] == [1, 2, 3, 4, 5, 6]
    for row, loss, val in zip(
        rows, run.solver.history["loss"], run.solver.history["val_loss"], strict=True
    ):
        assert float(row["loss"]) == pytest.approx(loss)
        assert (row["val_loss"] == "") == math.isnan(val)


def test_csv_and_report_of_a_long_run_state_what_was_thinned(run):
    solver, history = run.solver, run.solver.history
    solver.history = history_of(100_000)
    try:
        rows = list(csv.DictReader(io.StringIO(exports.history_csv(run))))
        page = exports.report_html(run, [])
    finally:
        solver.history, long = history, solver.history
    assert tuple(rows[0]) == (*COLUMNS, *RANGES)
    assert sum(int(row["iterations"]) for row in rows) == 100_000
    assert sum(row["val_loss"] != "" for row in rows) == 100_000 // 50
    at = [float(row["iteration"]) for row in rows]
    assert at == sorted(at)
    assert min(float(row["loss_min"]) for row in rows if row["loss_min"]) == pytest.approx(
        long["loss_min"].min()
    )
    assert describe_thinning(long) in page
    assert page.count("<polyline") == 3


def test_the_samples_file_has_every_sample(run):
    text = exports.samples_text(run)
    assert text.count("--- after ") == len(run.sample_log.entries) > 0
    for entry in run.sample_log.entries:
        assert run.sample_log.seed_text + entry.text in text


def test_the_report_shows_data_settings_figures_and_samples(run):
    status = run.trainer.status()
    level = Baseline("guessing", status.loss, "every character alike")  # within the chart's range
    page = exports.report_html(run, [level])
    for words in (
        "cat.txt",
        "2-layer LSTM, 6 units per layer",
        f"{status.loss:.3f}",
        "guessing",
        "0.008",
        "adam",
    ):
        assert words in page
    for setting in (
        "Warm-up",
        "Iterations between validations",
        "Iterations between memory resets",
    ):
        assert setting in page
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_a_run_before_its_first_iteration_has_a_report():
    page = exports.report_html(small_run(steps=0), [])
    assert "0 iterations" in page


def test_the_report_escapes_a_hostile_file_name():
    run = small_run(steps=1)
    raw = b"The cat sat on the mat, and the dog on the log. " * 40
    run.text = load(raw, "<script>alert(1)</script>.txt")
    assert "<script" not in exports.report_html(run, [])


@pytest.mark.parametrize(
    ("name", "stem"),
    [("book.txt", "book"), ("book.txt.gz", "book.txt"), (".txt", ".txt"), ("", "model")],
)
def test_files_are_named_after_the_text(run, name, stem):
    run = small_run(steps=0)
    object.__setattr__(run.text, "name", name)
    try:
        assert exports.file_stem(run) == stem
    finally:
        object.__setattr__(run.text, "name", "cat.txt")


def test_every_download_makes_a_file_with_a_name_of_its_own(run):
    for download in exports.MORE_DOWNLOADS:
        assert download.make(run, [])
        if download.size is not None:
            assert download.size(run) > 0
    for names in zip(*((each.label, each.suffix) for each in exports.MORE_DOWNLOADS), strict=True):
        assert len(set(names)) == len(names)
