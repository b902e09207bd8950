"""Goals, the advice of the curve diagnosis, and the figures of a run."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dashboard.analysis.diagnosis import Diagnosis
from dashboard.page import current_run
from dashboard.runs.json_record import read_record, write_record
from dashboard.runs.registry import get_registry
from dashboard.runs.run import SCHEDULER
from dashboard.server import limits
from dashboard.settings import Goal
from dashboard.training import speed_meter
from dashboard.training.goals import EarlyStopping, Plan, TrainingStart
from dashboard.views import progress
from tests.support.trainers import until
from tests.support.visits import STORY, Visit, with_story


@pytest.fixture
def page(visit):
    """A page whose goal is 20 iterations."""
    return with_story(visit, iterations="20")


def train_to_the_end(page: Visit) -> None:
    page.press("Train")
    page.wait_until_stopped()


def says_always(monkeypatch, *action) -> None:
    """Make the curve diagnosis advise this, whatever the curve."""
    advice = Diagnosis("seen", "Something was seen.", "Do something.", action)
    monkeypatch.setattr(progress, "diagnose_solver", lambda *_: advice)


# -- goals -------------------------------------------------------------------------------------


def test_a_reopened_page_shows_the_goal_and_not_the_total_length(visit, page):
    train_to_the_end(page)
    train_to_the_end(page)
    again = visit({"run": page.run.id})
    assert again.value("train_num_iters") == 20
    again.choose("train_lr", 1e-3)
    assert again.run.solver.num_iters == 40
    assert [change.text for change in again.run.trainer.changes] == [
        "iterations 20 → 40",
        "learning rate 0.015 → 0.001",
    ]


def test_a_preset_on_a_small_text_also_ends_when_validation_stalls(visit):
    page = visit()
    page.paste(STORY)
    assert page.says("This text is small: training ends earlier if validation stalls 5 times")
    page.press("Step")
    assert page.run.plan.goal == Goal("iterations", 2500, patience=5)
    page.choose("train_lr", 1e-3)  # other settings keep the goal
    assert page.run.plan.goal.patience == 5
    again = visit({"run": page.run.id})
    assert again.says("This text is small")
    page.choose("train_num_iters", 3000)
    assert page.run.plan.goal == Goal("iterations", 3000)
    assert not page.says("This text is small")


def test_training_continues_after_a_preset_ended_it_early(visit, monkeypatch):
    page = visit()
    page.paste(STORY)
    page.press("Step")
    monkeypatch.setattr(EarlyStopping, "__call__", lambda *_: "Validation has not improved.")
    train_to_the_end(page)
    assert page.says("Validation has not improved.")
    stopped_at = page.run.solver.iteration
    page.press("Train")
    assert page.run.plan == Plan(
        Goal("iterations", 2500), TrainingStart(stopped_at, page.run.plan.since.seconds)
    )
    page.press("Pause")
    page.wait_until_stopped()


def test_a_preset_on_the_default_text_ends_when_validation_stalls(visit):
    """Quick demo reads the sample story 43 times, and overfits from about the tenth."""
    page = visit()
    assert page.says("This text is small")
    page.press("Step")
    assert page.run.plan.goal == Goal("iterations", 2500, patience=5)


@pytest.mark.parametrize(
    ("kind", "key", "amount"), [("minutes", "goal_minutes", 2), ("plateau", "goal_patience", 3)]
)
@pytest.mark.parametrize("restarted", [False, True])
def test_a_goal_survives_the_page_and_the_server(visit, page, kind, key, amount, restarted):
    page.choose("goal_kind", kind)
    page.choose(key, amount)
    page.press("Train")
    page.wait_for_iteration(6)
    page.press("Pause")
    page.wait_until_stopped()
    run, rule = page.run, page.run.trainer.stop_rule
    if restarted:
        assert get_registry().unload(run.id)
    again = visit({"run": run.id})
    assert (again.run is run) != restarted
    assert (again.value("goal_kind"), again.value(key)) == (kind, amount)
    length = again.run.solver.num_iters
    again.choose("train_lr", 1e-3)
    assert again.run.trainer.stop_rule == rule
    assert again.run.solver.num_iters == length


def test_the_goal_validation_stalls_needs_a_validation_part(page):
    page.choose("model_val_fraction", 0.0)
    page.choose("goal_kind", "plateau")
    train_to_the_end(page)
    assert page.says("There is no validation text")
    assert page.run.solver.iteration == 0
    page.choose("goal_kind", "iterations")
    train_to_the_end(page)
    assert page.run.solver.iteration == 20


def test_an_open_ended_goal_shows_no_total(page):
    page.choose("goal_kind", "plateau")
    page.press("Train")
    page.wait_for_iteration(3)
    assert page.says("until validation stalls")
    assert not page.says(" left")
    assert "200,000" not in str(page.app.main)


def test_the_page_says_how_long_a_run_trains_without_a_page(page, monkeypatch):
    page.choose("train_num_iters", 200_000)
    monkeypatch.setattr(limits, "UNATTENDED_SECONDS", 7200.0)
    page.press("Train")
    page.wait_for_iteration(1)
    assert page.says("keeps training for 2 h if you close this page")
    page.press("Pause")
    page.wait_until_stopped()
    monkeypatch.setattr(limits, "UNATTENDED_SECONDS", 0.0)
    page.press("Train")
    page.run.trainer.join()
    monkeypatch.setattr(limits, "UNATTENDED_SECONDS", 7200.0)
    page.look()
    assert page.says("no page was open for 2 h")


# -- advice ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["iterations", "epochs", "minutes"])
def test_advice_to_continue_replaces_any_goal(page, monkeypatch, kind):
    train_to_the_end(page)
    train_to_the_end(page)  # a second goal of 20, counted from 20
    says_always(monkeypatch, "num_iters", 70.0)
    page.choose("goal_kind", kind)
    page.press("Continue to iteration 70")
    page.wait_until_stopped()
    assert page.run.solver.iteration == page.run.solver.num_iters == 70
    assert (page.value("goal_kind"), page.value("train_num_iters")) == ("iterations", 50)
    assert page.says("Finished")


def test_advice_on_overfitting_starts_a_new_run_with_dropout(page, monkeypatch):
    page.steps(3)
    old = page.run
    page.choose("model_hidden_dim", 32)  # the advice is about the run, not this
    says_always(monkeypatch, "dropout", 0.2)
    page.look()
    page.press("Start again with dropout 0.2")
    run = page.run
    assert run is not old
    assert (run.model_settings.dropout, run.model_settings.hidden_dim) == (0.2, 16)
    assert run.solver.model.dropout == page.value("model_dropout") == 0.2
    page.wait_for_iteration(1)


def test_advice_on_divergence_lowers_the_rate_and_continues(page):
    page.choose("train_num_iters", 200_000)
    page.steps(1)
    assert page.run.autosaver.save_now()
    page.choose("train_lr", 0.1)
    page.run.solver.model.flat[:] = np.nan
    train_to_the_end(page)
    assert page.says("Stopped")
    assert page.says("A learning rate of 0.1 was too high.")
    page.press("Lower the learning rate to 0.01 and continue")
    page.wait_for_iteration(5)
    assert page.run.solver.lr == page.value("train_lr") == 0.01
    assert page.run.trainer.status().active
    assert page.shown("error") == []


def test_the_diagnosis_waits_for_a_changed_setting_to_take_effect(page, monkeypatch):
    seen: list[int] = []
    calm = Diagnosis("seen", "Something was seen.", "Let it run.")
    monkeypatch.setattr(
        progress, "diagnose_solver", lambda _, changed, levels: seen.append(changed) or calm
    )
    page.steps(2)
    page.choose("train_lr", 1e-3)
    assert (seen[0], seen[-1]) == (0, 2)


def test_a_run_that_ends_while_the_page_is_drawn_enables_train(page, monkeypatch):
    watch = current_run.watch

    def late(run):
        """Wait until training ends, after the buttons were drawn."""
        run.trainer.join()
        return watch(run)

    monkeypatch.setattr(current_run, "watch", late)
    page.press("Train")
    assert page.run.solver.finished
    assert page.enabled("Train")
    assert not page.enabled("Pause")


def test_the_page_ticks_after_pause_until_the_last_chunk_is_done(page):
    page.choose("train_num_iters", 200_000)
    page.press("Train")
    page.wait_for_iteration(1)
    with SCHEDULER.chunk_lock:  # the training thread waits for the lock
        page.press("Pause")
        assert page.enabled("Train")
        assert page.value("_flag_training")
    page.wait_until_stopped()
    assert not page.value("_flag_training")
    assert page.says("Paused")


# -- figures and live settings ------------------------------------------------------------------


def test_figures_equal_those_of_solver_and_trainer(page, monkeypatch):
    monkeypatch.setattr(speed_meter, "WINDOW_SECONDS", 1000.0)
    page.choose("train_num_iters", 200_000)
    page.press("Train")
    page.wait_for_iteration(120)
    until(lambda: page.run.trainer.status().chars_per_second)
    page.press("Pause")
    page.wait_until_stopped()
    run, status = page.run, page.run.trainer.status()
    _, val = run.solver.history.validations()
    assert page.figure("Validation") == f"{val[-1]:.3f}"
    assert page.figure("Bits per character") == f"{val[-1] / math.log(2):.3f}"
    assert page.figure("Epoch") == f"{run.solver.iteration / run.solver.batches.per_epoch:.2f}"
    assert page.figure("Characters/s") == f"{status.chars_per_second:,.0f}"
    marks = run.trainer._speed.marks
    (started, first), (ended, last) = marks[0], marks[-1]
    assert status.chars_per_second == pytest.approx((last - first) * 40 / (ended - started))
    left = (200_000 - run.solver.iteration) * (ended - started) / (last - first)
    assert status.remaining == pytest.approx(left)


def test_the_time_left_is_shown_once_the_speed_is_known(page):
    page.choose("train_num_iters", 200_000)
    page.press("Train")
    page.wait_for_iteration(1)
    until(lambda: not math.isnan(page.run.trainer.status().remaining))
    page.look()
    assert page.says(" left · keeps training for 1 h if you close this page · on pasted text")


@pytest.mark.parametrize(
    ("key", "value", "name", "text"),
    [
        ("train_update_rule", "sgd", "update_rule", "update rule adam → sgd"),
        ("train_clip", 0.5, "clip", "clipping 5 → 0.5"),
        ("train_schedule", "constant", "schedule", "schedule cosine → constant"),
    ],
)
def test_a_setting_changed_while_training_takes_effect_and_is_logged(page, key, value, name, text):
    page.choose("train_num_iters", 200_000)
    page.press("Train")
    page.wait_for_iteration(3)
    page.choose(key, value)
    assert page.run.trainer.status().active
    assert getattr(page.run.solver, name) == value
    (change,) = page.run.trainer.changes
    assert change.text == text
    page.wait_for_iteration(change.iteration + 3)
    assert page.shown("error") == []


def test_a_run_saved_without_a_plan_gets_its_length_as_goal(visit, page):
    page.steps(3)
    run = page.run
    assert get_registry().unload(run.id)
    for path in (get_registry().store.root / run.id).glob("0*.json"):
        values = read_record(path)
        del values["plan"], values["format"]
        write_record(path, values)
    again = visit({"run": run.id})
    assert again.run.plan == Plan(Goal("iterations", 20), TrainingStart())
    assert again.value("train_num_iters") == 20
