"""Comparing runs: their settings, results, samples and files."""

from __future__ import annotations

import csv
import io
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from dashboard.comparison import loading, stages, tables, writing
from dashboard.comparison.table_file import comparison_csv
from dashboard.runs.registry import Registry
from dashboard.settings import Goal, ModelSettings
from dashboard.training.goals import Plan
from rnncore import Sampler
from rnncore.best_weights import BestWeights
from tests.support.charts import history_of
from tests.support.comparisons import SETTINGS, compared
from tests.support.runs import MODEL, TrackedStore, small_run


@pytest.fixture
def registry(tmp_path):
    with closing(TrackedStore(tmp_path / "runs")) as store:
        yield Registry(store)


def test_a_run_on_disk_is_compared_as_in_memory(registry):
    run = small_run(registry.store, 40)
    registry.set_labels(run.id, name="my run")
    ((saved,), problems) = loading.load(registry, [run.id])
    assert (problems, saved.status, saved.active) == ([], None, False)
    registry.add(run)
    registry.set_labels(run.id, name="my run")
    ((live,), _) = loading.load(registry, [run.id])
    assert live.status is not None
    np.testing.assert_array_equal(live.history.to_array(), saved.history.to_array())
    for name in (
        *("id", "title", "text_name", "digest", "text", "model", "settings", "num_params"),
        *("seed_text", "chars_per_epoch", "began_as", "plan"),
    ):
        assert getattr(live, name) == getattr(saved, name), name
    assert list(live.entries) == list(saved.entries)
    assert live.title == "my run"
    assert tables.settings_that_differ([live, saved]) == {}


def test_a_run_that_continues_is_read_again(registry):
    run = small_run(registry.store, 2)
    ((first,), _) = loading.load(registry, [run.id])
    run.solver.step()
    assert run.autosaver.save_now()
    ((second,), _) = loading.load(registry, [run.id])
    assert (first.history.iterations, second.history.iterations) == (2, 3)


def test_runs_that_cannot_be_read_are_left_out_with_a_sentence(registry):
    run = small_run(registry.store, 2)
    ids = [run.id, "x" * 16, "../../etc", run.id]
    runs, problems = loading.load(registry, ids)
    assert [r.id for r in runs] == [run.id]
    assert len(problems) == 2
    assert all(text.startswith("A run is left out: ") for text in problems)


def test_at_most_eight_runs_are_compared(registry):
    ids = [small_run(registry.store, 1).id for _ in range(loading.MOST + 1)]
    runs, problems = loading.load(registry, ids)
    assert [run.id for run in runs] == ids[:-1]
    assert problems == ["The first 8 of 9 runs are compared."]
    assert len({run.title for run in runs}) == loading.MOST
    assert runs[1].title == f"{runs[0].title} (2)"


def test_equal_titles_get_the_settings_that_differ():
    one, two = compared(), compared(settings=SETTINGS | {"clip": None})
    assert [run.title for run in loading.distinguish([one, two, one])] == [
        "verses · LSTM 16, gradient clipping 5",
        "verses · LSTM 16, gradient clipping off",
        "verses · LSTM 16, gradient clipping 5 (2)",
    ]
    assert [run.title for run in loading.distinguish([one, replace(two, title="x")])] == [
        one.title,
        "x",
    ]


def test_only_settings_that_differ_are_listed():
    one = compared()
    two = compared(
        model=ModelSettings(hidden_dim=16, cell_type="gru"),
        settings=SETTINGS | {"clip": None, "lr": 0.1},
        plan=Plan(Goal("minutes", 2)),
    )
    assert tables.settings_that_differ([one, two]) == {
        "Cell": ["LSTM", "GRU"],
        "Learning rate": ["0.008", "0.1"],
        "Gradient clipping": ["5", "off"],
        "Goal": ["500 iterations", "2 minutes"],
    }
    assert tables.settings_that_differ([one, replace(one, digest="e")]) == {
        "Text, characters": ["damaged", "damaged"]
    }


def test_results_are_those_of_the_history():
    done, new = compared(200), compared(0)
    found = tables.results([done, new])
    history = history_of(200)
    assert found["Iterations"] == ["200", "0"]
    assert found["Epochs"] == ["20.00", "0.00"]
    assert found["Best validation loss"] == [f"{history.validations()[1].min():.3f}", "–"]
    assert found["… at iteration"] == ["200", "–"]
    assert found["Last training loss"][0] == f"{history.recent_loss():.3f}"


@pytest.mark.parametrize("x", ["Iterations", "Epochs", "Characters", "Seconds"])
def test_samples_are_those_written_up_to_the_stage(x):
    long, short = compared(400), compared(100)
    places = stages.stages([long, short], x)
    assert places == sorted(places)
    assert len(places) > 5
    if x in ("Iterations", "Characters"):
        assert all(place == int(place) for place in places)
    scale = {"Iterations": 1, "Epochs": 0.1, "Characters": 100, "Seconds": 0.01}[x]
    for iteration in (60, 70):
        for run in (long, short):
            assert stages.sample_at(run, x, iteration * scale + 1e-9).iteration == 60
    assert stages.sample_at(long, x, None).iteration == 400
    assert stages.sample_at(short, x, places[-1]).iteration == 100
    assert stages.sample_at(long, x, 0).iteration == 20


@pytest.mark.parametrize("x", ["Iterations", "Seconds"])
def test_a_run_that_ended_before_the_stage_gets_a_note(x):
    long, short = compared(400), compared(100)
    scale = {"Iterations": 1, "Seconds": 0.01}[x]
    for stage in (90 * scale, 200 * scale):
        assert stages.stored_sample(long, x, stage).note == ""
    assert stages.stored_sample(short, x, 90 * scale).note == ""
    assert stages.stored_sample(short, x, 200 * scale).note == "This run ended before the stage."
    assert stages.stored_sample(short, x, None).note == ""


def test_without_samples_there_are_no_stages():
    new = compared(0)
    assert stages.stages([new], "Seconds") == []
    assert stages.sample_at(new, "Seconds", None) is None


def test_each_saved_network_belongs_to_the_stage_that_is_nearest():
    run = compared(400)
    marks = stages.stages([run], "Iterations")
    assert marks[:4] == [5, 10, 20, 40]
    found = [stages.at_stage(run, "Iterations", mark, marks, [44, 52, 190]) for mark in marks]
    by_mark = dict(zip(marks, found, strict=True))
    assert [by_mark[mark] for mark in (20, 40, 60, 80)] == [None, 0, 1, None]
    assert all(by_mark[mark] == 2 for mark in marks if mark >= 180)  # the newest, to the end
    assert stages.at_stage(run, "Iterations", None, marks, [44, 52, 190]) == 2
    assert stages.at_stage(run, "Epochs", 4.0, [2.0, 4.0, 6.0], [20, 40, 44, 60]) == 1
    assert stages.at_stage(run, "Iterations", None, [], []) is None


def saved_at(registry, *iterations):
    """Return a run on disk with saves after these iterations, as a comparison has it."""
    run = small_run(registry.store, iterations[0])
    for iteration in iterations[1:]:
        while run.solver.iteration < iteration:
            run.solver.step()
        assert run.autosaver.save_now()
    ((found,), _) = loading.load(registry, [run.id])
    return run, found


def test_networks_write_after_one_seed_text_as_they_were_at_the_stage(registry):
    run, saved = saved_at(registry, 40, 90)
    marks = [20.0, 40.0, 60.0, 80.0]
    for stage, iteration in ((40.0, 40), (80.0, 90), (None, 90)):
        (sample,) = writing.write_samples(registry, [saved], "Iterations", stage, marks, "the %at")
        assert (sample.seed_text, sample.entry.iteration) == ("the at", iteration)
        assert "left out: %" in sample.note
    assert sample.entry.text == Sampler(run.solver.model).sample("the at", 600, 0.8, seed=0)
    (sample,) = writing.write_samples(registry, [saved], "Iterations", 20.0, marks, "the ")
    assert sample.note.startswith("No weights are saved from this stage, only those of iterations")
    assert "40 and 90." in sample.note
    assert (sample.seed_text, sample.entry) == (saved.seed_text, saved.entries[0])


def test_a_run_in_memory_writes_as_it_is_now_and_as_it_was_best(registry):
    run, _ = saved_at(registry, 40)
    registry.add(run)
    run.solver.step()
    run.solver.best = BestWeights(20, 1.0, run.solver.model.flat + 1)
    assert [n.iteration for n in writing.networks(registry, run.id)] == [20, 40, 41]
    loaded = {n.iteration: n.load() for n in writing.networks(registry, run.id)}
    assert {iteration: found[1] for iteration, found in loaded.items()} == {20: 20, 40: 40, 41: 41}
    np.testing.assert_array_equal(loaded[41][0].flat, run.solver.model.flat)
    np.testing.assert_array_equal(loaded[20][0].flat, run.solver.best.flat)


def test_a_network_that_cannot_write_has_a_sentence(registry):
    run, saved = saved_at(registry, 20)
    (sample,) = writing.write_samples(registry, [saved], "Iterations", None, [], "%%")
    assert "knows none of the characters" in sample.note
    for path in (registry.store.root / run.id).glob("*.npz"):
        path.write_bytes(b"x" * path.stat().st_size)
    (sample,) = writing.write_samples(registry, [saved], "Iterations", None, [], "the ")
    assert sample.entry is None
    assert sample.note == "The file is not a complete run saved by rnncore."


def test_the_file_has_every_loss_and_no_formula():
    runs = [compared(120, title="=1+1"), compared(60)]
    rows = list(csv.DictReader(io.StringIO(comparison_csv(runs))))
    assert len(rows) == 120 + 2 + 60 + 1
    assert {row["run"] for row in rows} == {"'=1+1", "verses · LSTM 16"}
    last = [row for row in rows if row["line"] == "training"][119]
    assert float(last["nats_per_character"]) == pytest.approx(history_of(120)["loss"][-1])
    assert (last["iteration"], last["chars"], last["epochs"]) == ("120", "12000", "12")


def test_the_length_of_an_epoch_is_that_of_the_batches(registry):
    for val_fraction in (0.0, 0.1, 0.37):
        run = small_run(registry.store, 1, replace(MODEL, val_fraction=val_fraction))
        ((saved,), _) = loading.load(registry, [run.id])
        assert saved.chars_per_epoch == run.chars_per_epoch
