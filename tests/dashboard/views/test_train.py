"""Train section: buttons, goals, live settings, and confirmation before a run is replaced."""

from __future__ import annotations

import errno
import re

import numpy as np
import pytest

from dashboard.analysis.diagnosis import Diagnosis
from dashboard.charts.loss import LINES, UNIT_TITLES
from dashboard.comparison import loading, tables
from dashboard.formatting import duration
from dashboard.page import current_run
from dashboard.runs import folder, network_choice
from dashboard.runs.registry import get_registry
from dashboard.runs.run import SCHEDULER
from dashboard.server import memory
from dashboard.settings import PRESETS
from dashboard.views import progress
from tests.support.trainers import trainer_threads, until
from tests.support.visits import OTHER, STORY, Visit, raising, visitors

SMALL = {"hidden": "16", "sequence": "10", "batch": "4", "iterations": "500"}


@pytest.fixture
def page(tmp_path, monkeypatch):
    """A page with a short text and a small network."""
    with visitors(tmp_path / "runs", monkeypatch) as visit:
        page = visit(SMALL)
        page.paste(STORY)
        yield page


def weights(page: Visit) -> np.ndarray:
    return page.run.solver.model.flat.copy()


def chart_parts(page: Visit) -> set[str]:
    """Return the parts of the rows that the charts draw: raw, mean, mark …"""
    specs = [element.proto.spec for element in page.app.get("vega_lite_chart")]
    drawn = re.findall(r"datum\['Line'\] === '([^']+)'", " ".join(specs))
    return {name for name, line in LINES.items() if line in drawn}


# -- buttons -----------------------------------------------------------------------------------


def test_only_train_and_step_are_enabled_before_training(page):
    enabled = {name for name in ("Train", "Pause", "Step", "Reset") if page.enabled(name)}
    assert enabled == {"Train", "Step"}
    assert page.says("press Train, and watch the loss fall")


def test_train_and_pause_start_and_stop_training(page):
    page.choose("train_num_iters", 200_000)
    page.press("Train")
    page.wait_for_iteration(3)
    assert page.says(":green-badge[Training]")
    enabled = {name for name in ("Train", "Pause", "Step", "Reset") if page.enabled(name)}
    assert enabled == {"Pause", "Reset"}
    page.press("Pause")
    page.wait_until_stopped()
    stopped_at = page.run.solver.iteration
    assert page.says("Paused")
    assert page.enabled("Train")
    page.press("Train")
    page.wait_for_iteration(stopped_at + 1)


def test_a_run_started_twice_has_one_training_thread(page):
    page.choose("train_num_iters", 200_000)
    page.press("Train")
    page.run.trainer.start(60)
    page.look()
    assert len(trainer_threads()) == 1
    assert page.enabled("Pause")
    assert not page.enabled("Train")
    page.wait_for_iteration(5)
    assert page.shown("error") == []


def test_a_step_is_one_iteration(page):
    for iteration in (1, 2, 3):
        page.press("Step")
        assert page.run.solver.iteration == iteration
    assert page.says("Paused")
    assert page.figure("Loss") != "–"


def test_reset_restores_the_initial_weights(page):
    page.press("Generate")  # creates an untrained run
    first, first_run = weights(page), page.run
    for _ in range(3):
        page.press("Step")
    assert not np.array_equal(weights(page), first)
    page.press("Reset")
    assert page.run is not first_run
    assert page.run.solver.iteration == 0
    np.testing.assert_array_equal(weights(page), first)
    assert page.app.query_params["run"] in (page.run.id, [page.run.id])


def test_reset_while_training_ends_the_old_training(page):
    page.press("Train")
    page.wait_for_iteration(3)
    old = page.run
    page.press("Reset")
    old.trainer.join()
    assert trainer_threads() == []
    assert page.run is not old
    assert page.enabled("Train")


def test_train_after_the_goal_trains_for_the_same_length_again(tmp_path, monkeypatch):
    with visitors(tmp_path / "runs", monkeypatch) as visit:
        page = visit(SMALL | {"iterations": "20"})
        for end in (20, 40):
            page.press("Train")
            page.wait_until_stopped()
            assert page.run.solver.iteration == end
            assert page.says("Finished")
        page.press("Step")  # a step is possible beyond the goal
        assert page.run.solver.iteration == 41
        assert page.run.solver.num_iters == 60


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "the folder of the runs cannot be written")],
)
def test_a_failing_autosave_shows_its_reason_until_it_succeeds(page, monkeypatch, number, reason):
    page.press("Step")
    with monkeypatch.context() as patch:
        patch.setattr(folder.checkpoint, "save", raising(OSError(number, "no")))
        page.press("Step")
        assert not page.run.autosaver.save_now()
        page.look()
        assert page.says(f"Autosave failed: {reason}")
        assert page.run.solver.iteration == 2
    assert page.run.autosaver.save_now()
    page.look()
    assert not page.says("Autosave failed")


# -- too little memory --------------------------------------------------------------------------


def test_settings_too_large_for_memory_are_refused_with_figures(page, monkeypatch):
    monkeypatch.setattr(memory, "free", lambda: 160 * 10**6)
    page.choose("model_hidden_dim", 1024)
    page.press("Train")
    assert not page.has_run
    for kind in ("warning", "error"):
        (sentence,) = page.shown(kind)
        assert "of memory and 40.0 MB can be spared: choose a smaller hidden size" in sentence
    page.choose("model_hidden_dim", 16)
    assert page.shown("error", "warning") == []
    page.press("Step")
    assert page.run.solver.iteration == 1


def test_an_allocation_failure_shows_an_error_and_the_run_stays(page, monkeypatch):
    page.press("Step")
    run = page.run
    monkeypatch.setattr(current_run, "new_run", raising(MemoryError()))
    page.press("Reset")
    assert page.run is run
    assert "not have enough memory left for this" in page.shown("error")[0]


def test_a_run_survives_settings_too_large_for_memory(page, monkeypatch):
    page.press("Step")
    run = page.run
    monkeypatch.setattr(memory, "free", lambda: 160 * 10**6)
    page.choose("model_hidden_dim", 1024)
    page.press("Reset")
    assert page.run is run
    assert "can be spared" in page.shown("error")[0]
    page.press("Train")
    page.press("Start new run")
    assert page.run is run
    page.press("Step")
    assert run.solver.iteration == 2


# -- confirmation -------------------------------------------------------------------------------


def another_network(page: Visit) -> None:
    page.choose("model_hidden_dim", 32)


def another_text(page: Visit) -> None:
    page.paste(OTHER)


@pytest.fixture(params=[another_network, another_text])
def changed(request, page):
    """A page with a run of three iterations, and another text or network chosen."""
    for _ in range(3):
        page.press("Step")
    request.param(page)
    return page


def test_train_with_changed_settings_asks_for_confirmation(changed):
    page, run = changed, changed.run
    assert page.says("You changed hidden size: ") or page.says("You changed text: ")
    assert page.says("The current run is unaffected")
    page.press("Train")
    assert page.says("Start a new run with these settings?")
    assert page.run is run
    assert not run.trainer.status().active


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model_cell_type": "gru"}, "cell: LSTM → GRU."),
        ({"model_input_dim": 24}, "embedding size: automatic → 24."),
        (
            {"model_cell_type": "gru", "model_seed": 1},
            "cell: LSTM → GRU; initialisation seed: 0 → 1.",
        ),
        (
            {"model_num_layers": 2, "model_dropout": 0.2, "sample": "sums.txt"},
            "layers: 1 → 2; dropout: 0 → 0.2; text: pasted text → sums.txt.",
        ),
    ],
)
def test_changes_are_named_with_both_values_in_the_note_and_in_the_question(page, changes, words):
    page.press("Step")
    for key, value in changes.items():
        page.choose(key, value)
    assert page.says(f"You changed {words}")
    page.press("Train")
    assert page.says(f"{words[0].upper()}{words[1:]} The current run is saved")


def test_start_new_run_trains_a_new_run_with_the_changes(changed):
    page, old = changed, changed.run
    page.press("Train")
    page.press("Start new run")
    assert page.run is not old
    page.wait_for_iteration(1)
    assert page.run.model_settings.hidden_dim == page.value("model_hidden_dim")
    assert page.says(page.run.text.preview()[:30])
    assert not page.says("Start a new run with these settings?")


def test_back_closes_the_question_and_changes_nothing(changed):
    page, run = changed, changed.run
    hidden, iteration = page.value("model_hidden_dim"), run.solver.iteration
    page.press("Train")
    page.press("Back")
    assert not page.says("Start a new run with these settings?")
    assert page.run is run
    assert not run.trainer.status().active
    assert (page.value("model_hidden_dim"), run.solver.iteration) == (hidden, iteration)


def test_continue_this_run_continues_with_the_runs_own_settings(changed):
    page, run = changed, changed.run
    page.press("Train")
    page.press("Continue this run")
    assert page.run is run
    page.wait_for_iteration(4)
    assert page.value("model_hidden_dim") == 16
    page.press("Pause")
    page.wait_until_stopped()
    assert not page.says("The current run is unaffected")
    page.press("Train")  # no confirmation this time
    assert not page.says("Start a new run with these settings?")


def test_an_untrained_run_is_replaced_without_confirmation(page):
    page.press("Generate")
    untrained = page.run
    page.choose("model_hidden_dim", 32)
    page.press("Step")
    assert page.run is not untrained
    assert page.run.model_settings.hidden_dim == 32
    page.press("Reset")
    page.choose("model_hidden_dim", 16)
    page.press("Train")
    assert not page.says("Start a new run with these settings?")
    assert page.run.model_settings.hidden_dim == 16


# -- presets and goals -------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_sets_all_its_settings(page, name):
    page.choose("preset", None)
    page.choose("preset", name)
    preset = PRESETS[name]
    for prefix, settings in (("model", preset.model), ("train", preset.train)):
        for field, value in vars(settings).items():
            assert page.value(f"{prefix}_{field}") == value
    for kind in ("speed", "preset speeds"):  # one is measured after the other
        page.look()
        page.app.session_state[f"_job_{kind}"][1].wait(10)
    page.look()
    shown = page.app.radio(key="preset").proto.captions[list(PRESETS).index(name)]
    assert shown.startswith(preset.purpose)
    time_here = f"About {duration(preset.train.num_iters / 100)} here."  # at 100 iterations/s
    N, T = preset.model.batch_size, preset.model.seq_length
    fits = 0.9 * len(STORY) > N * T
    assert (time_here in shown) is fits


def test_a_preset_is_deselected_when_its_network_is_changed(page):
    page.choose("preset", "original")
    page.choose("model_hidden_dim", 64)
    assert page.value("preset") is None


def test_a_goal_in_epochs_ends_after_as_many_iterations(page):
    page.choose("goal_kind", "epochs")
    page.choose("goal_epochs", 1)
    page.press("Train")
    page.wait_until_stopped()
    assert page.run.solver.iteration == page.run.solver.batches.per_epoch
    assert page.says("Finished")


def test_a_goal_in_minutes_ignores_the_number_of_iterations(page):
    page.choose("goal_kind", "minutes")
    page.choose("goal_minutes", 1)
    page.press("Train")
    page.wait_for_iteration(20)
    assert page.run.solver.num_iters != 500
    page.run.solver.seconds += 60
    page.wait_until_stopped()
    assert page.says("It has trained for 1 minute.")
    assert page.says("Finished")
    page.press("Train")  # for another minute
    page.wait_for_iteration(page.run.solver.iteration + 1)
    assert page.says("Training")


def test_a_stalled_validation_ends_training_whatever_the_number_of_iterations(page):
    page.choose("goal_kind", "plateau")
    page.choose("goal_patience", 2)
    page.press("Train")
    page.wait_for_iteration(5)
    assert page.run.solver.num_iters == 200_000
    with page.run.trainer.lock:
        history = page.run.solver.history
        for loss in (0.0, 2.0, 2.0):  # three validations; no later one is better than 0
            history.append(iteration=page.run.solver.iteration, loss=loss, val_loss=loss)
    page.wait_until_stopped()
    assert page.says("Validation has not improved in the last 2 validations")
    assert page.says("Finished")
    assert not page.says("Paused")
    assert page.enabled("Train")
    assert tables.results(loading.load(get_registry(), [page.run.id])[0])["State"] == ["finished"]
    assert network_choice.default(page.run) == network_choice.BEST


# -- samples over time -------------------------------------------------------------------------


def test_the_slider_can_be_moved_and_is_explained_once_there_is_a_curve(page):
    words = "Drag the slider or click the curve"
    assert page.app.select_slider(key="stage").disabled
    assert not page.says(words)
    page.press("Train")
    page.wait_for_iteration(120)
    page.press("Pause")
    page.wait_until_stopped()
    assert not page.app.select_slider(key="stage").disabled
    assert page.says(words)


def test_the_newest_sample_is_shown_until_an_older_stage_is_selected(page):
    page.choose("train_num_iters", 500)
    page.press("Step")
    assert page.says("What it wrote after 1 iteration,")
    page.choose("train_num_iters", 200_000)
    page.press("Train")
    page.wait_for_iteration(120)
    page.press("Pause")
    page.wait_until_stopped()
    page.choose("train_num_iters", 500)
    kept = [entry.iteration for entry in page.run.sample_log.entries]
    assert len(kept) > 3
    assert page.says(f"What it wrote after {kept[-1]:,} iterations")
    # The slider has evenly spaced options; it shows the last sample before the chosen one.
    page.choose("stage", 5 * -(-kept[1] // 5))
    assert page.says(f"What it wrote after {kept[1]:,} iterations")
    page.press("Train")
    page.wait_for_iteration(kept[-1] + 60)
    assert page.says(f"What it wrote after {kept[1]:,} iterations")  # although newer ones exist
    page.press("Pause")
    page.wait_until_stopped()
    page.run.sample_log.entries.remove(page.run.sample_log.entries[1])
    page.look()
    assert page.says(f"What it wrote after {kept[0]:,} iteration")  # the last before that stage
    page.choose("stage", "newest")
    newest = page.run.sample_log.entries[-1].iteration
    assert page.says(f"What it wrote after {newest:,} iterations")
    assert "Show the newest" not in page.labels()
    page.choose("stage", 5 * -(-kept[1] // 5))
    page.press("Show the newest")
    assert page.says(f"What it wrote after {newest:,} iterations")
    page.press("Reset")
    assert not page.says("What it wrote after")


# -- figures -----------------------------------------------------------------------------------


def test_figures_show_loss_validation_and_epoch(page):
    page.press("Step")
    loss = page.run.solver.history["loss"][-1]
    assert page.figure("Loss") == f"{loss:.3f}"
    assert page.figure("Bits per character") == f"{loss / np.log(2):.3f}"  # no validation yet
    assert page.figure("Validation") == "–"
    page.press("Train")
    page.wait_until_stopped()
    solver = page.run.solver
    _, val = solver.history.validations()
    assert page.figure("Validation") == f"{val[-1]:.3f}"
    assert page.figure("Bits per character") == f"{val[-1] / np.log(2):.3f}"
    assert page.figure("Epoch") == f"{solver.epoch:.2f}"
    assert solver.epoch > 1


def test_speed_and_time_left_are_shown_while_training(page):
    page.choose("train_num_iters", 200_000)
    page.press("Train")
    until(lambda: page.run.trainer.status().chars_per_second > 0)
    page.look()
    assert int(page.figure("Characters/s").replace(",", "")) > 0
    assert page.says(" left ·")
    other = object()
    SCHEDULER.enter(other)  # another run trains on the same computer
    try:
        page.look()
        assert page.says("left, sharing the computer with 1 other run ·")
    finally:
        SCHEDULER.leave(other)


def test_update_rule_and_clipping_take_effect_while_training(page):
    page.choose("train_num_iters", 200_000)
    page.press("Train")
    page.wait_for_iteration(3)
    page.choose("train_update_rule", "sgd")
    page.choose("train_clip", 0.5)
    assert (page.run.solver.update_rule, page.run.solver.clip) == ("sgd", 0.5)
    assert page.run.trainer.status().active
    changes = [change.text for change in page.run.trainer.changes]
    assert changes == ["update rule adam → sgd", "clipping 5 → 0.5"]


def test_warmup_validation_interval_and_memory_reset_take_effect_while_training(page):
    page.choose("train_num_iters", 200_000)
    page.press("Train")
    page.wait_for_iteration(3)
    page.choose("train_warmup", 5_000)
    page.choose("train_eval_every", 20)
    page.choose("train_fresh_after", float("inf"))
    solver = page.run.solver
    assert (solver.warmup, solver.eval_every, solver.fresh_after) == (5_000, 20, 0)
    at = solver.iteration
    page.wait_for_iteration(at + 45)
    rates = solver.history["lr"]
    assert rates[-1] == pytest.approx(solver.lr * min(1, len(rates) / 5_000), rel=0.01)
    validated, _ = solver.history.validations()
    assert len(validated[validated > at]) >= 2
    assert [change.text for change in page.run.trainer.changes] == [
        "warm-up 0 → 5,000",
        "validation every 50 → 20",
        "memory reset every 256 → never",
    ]
    page.choose("train_eval_every", 0)
    assert solver.eval_every == solver.choose_eval_every()


def test_warmup_validation_interval_and_memory_reset_are_read_from_the_address(
    tmp_path, monkeypatch
):
    with visitors(tmp_path / "runs", monkeypatch) as visit:
        page = visit(SMALL | {"warmup": "30", "validate": "7", "fresh": "off"})
        page.press("Step")
        solver = page.run.solver
        assert (solver.warmup, solver.eval_every, solver.fresh_after) == (30, 7, 0)
        assert page.run.autosaver.save_now()
        back = visit({"run": page.run.id})
        values = [back.value(f"train_{n}") for n in ("warmup", "eval_every", "fresh_after")]
        assert values == [30, 7, float("inf")]


# -- live settings and the chart ----------------------------------------------------------------


def test_a_learning_rate_changed_while_training_takes_effect_and_marks_the_chart(page):
    page.choose("train_num_iters", 200_000)
    page.press("Train")
    page.wait_for_iteration(3)
    page.choose("train_lr", 1e-3)
    assert page.run.solver.lr == 1e-3
    (change,) = page.run.trainer.changes
    assert change.text == "learning rate 0.015 → 0.001"
    page.wait_for_iteration(change.iteration + 5)
    assert "mark" in chart_parts(page)


def test_settings_changed_before_training_leave_no_mark(page):
    page.choose("train_lr", 1e-3)
    page.choose("train_update_rule", "sgd")
    page.choose("train_clip", float("inf"))
    page.press("Step")
    assert (page.run.solver.lr, page.run.solver.clip) == (1e-3, None)
    assert page.run.trainer.changes == []


def test_curve_and_baselines_are_drawn_in_the_selected_unit(page):
    page.press("Step")
    page.value("_job_baselines")[1].wait(20)
    nats = page.run.solver.history["loss"][-1]
    for unit, loss, uniform in (
        ("nats", nats, f"Uniform {np.log(16):.2f}"),
        ("bits", nats / np.log(2), "Uniform 4.00"),
        ("perplexity", np.exp(nats), "Uniform 16.00"),
    ):
        page.choose("chart_unit", unit)
        rows = page.chart_rows("Training and validation loss")
        shown = rows[UNIT_TITLES[unit]][rows["Line"] == LINES["mean"]]
        assert shown.tolist() == pytest.approx([loss])
        assert uniform in set(rows["Label"])


def test_every_chart_option_draws_a_chart(page):
    page.press("Step")
    page.press("Step")
    for key, values in {
        "chart_x": ["Epochs", "Characters", "Seconds"],
        "chart_unit": ["bits", "perplexity"],
        "chart_smoothing": [1, 500],
        "chart_more": [True],
    }.items():
        for value in values:
            page.choose(key, value)
            assert page.shown("error") == []
            assert "mean" in chart_parts(page)


def test_a_diverged_run_shows_an_error_and_can_train_again(page):
    page.press("Step")
    assert page.run.autosaver.save_now()
    page.run.solver.model.flat[:] = np.nan
    page.press("Train")
    page.wait_until_stopped()
    (sentence,) = page.shown("error")
    assert "no longer a number" in sentence or "diverged" in sentence
    assert "restored to its state at iteration" in sentence
    page.press("Step")
    assert np.isfinite(page.run.solver.model.flat).all()
    assert page.shown("error") == []


def test_values_between_the_slider_options_are_kept(tmp_path, monkeypatch):
    with visitors(tmp_path / "runs", monkeypatch) as visit:
        page = visit(SMALL | {"rate": "0.0033", "clip": "3"})
        page.press("Step")
        page.press("Step")
        assert (page.value("train_lr"), page.value("train_clip")) == (0.0033, 3.0)
        assert (page.run.solver.lr, page.run.solver.clip) == (0.0033, 3.0)


@pytest.mark.parametrize(
    ("name", "value", "label"),
    [
        ("lr", 5e-05, "Set the learning rate to 5e-05"),
        ("clip", 12.5, "Set clipping to 12.5"),
        ("num_iters", 12_345.0, "Continue to iteration 12,345"),
    ],
)
def test_the_advice_button_sets_the_advised_value(page, monkeypatch, name, value, label):
    advice = Diagnosis("seen", "Something was seen.", "Do something.", (name, value))
    monkeypatch.setattr(progress, "diagnose_solver", lambda *_: advice)
    page.press("Step")
    page.press(label)
    assert page.value(f"train_{name}") == value
    assert getattr(page.run.solver, name) == value
    assert type(page.run.solver.num_iters) is int
    assert page.run.trainer.status().active == (name == "num_iters")
    assert page.shown("error") == []


def test_a_pause_shows_what_the_network_writes_now(page):
    page.choose("train_num_iters", 200_000)
    page.press("Train")
    page.wait_for_iteration(120)
    page.press("Pause")
    page.wait_until_stopped()
    assert page.says(f"What it wrote after {page.run.solver.iteration:,} iterations")


@pytest.mark.parametrize("preset", ["gru", "taste"])
def test_a_run_that_is_opened_again_shows_its_preset(visit, preset):
    page = visit()
    page.choose("preset", preset)
    page.press("Step")
    assert visit({"run": page.run.id}).value("preset") == preset
