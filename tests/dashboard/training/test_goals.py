"""Goals: the length of a training, the time limit and early stopping."""

from __future__ import annotations

import pytest

from dashboard.settings import PRESETS, Goal
from dashboard.training.goals import EarlyStopping, Plan, TimeLimit, TrainingStart
from tests.support.curves import recorded_curve
from tests.support.trainers import new_solver


@pytest.fixture
def solver():
    """A solver at iteration 10 after 20 seconds."""
    solver = new_solver(num_iters=15)
    for _ in range(10):
        solver.step()
    solver.seconds = 20.0
    return solver


def test_goals_of_fixed_length_have_no_stop_rule():
    assert Plan(Goal("iterations", 500)).rule() is None
    assert Plan(Goal("epochs", 5)).rule() is None


@pytest.mark.parametrize(
    ("preset", "chars", "patience"),
    [
        ("taste", 66_862, 5),  # 43 passes; it overfits from the tenth
        ("taste", 15_511, 5),  # 183 passes
        ("evening", 300_000, 10),
        ("evening", 1_000_000, 0),
        ("overnight", 3_000_000, 10),
        ("overnight", 10_000_000, 0),
        ("min-char-rnn", 66_862, 0),
        ("min-char-rnn", 15_511, 10),
    ],
)
def test_a_preset_ends_early_on_a_text_that_it_reads_many_times(preset, chars, patience):
    chosen = PRESETS[preset]
    goal = chosen.goal(chars, chosen.model)
    assert goal == Goal("iterations", chosen.train.num_iters, patience)
    rule = Plan(goal).rule()
    assert rule == (EarlyStopping(patience, TrainingStart(), is_goal=False) if patience else None)


@pytest.mark.parametrize("name", ["converged", "overfitting"])
def test_a_preset_ends_a_real_run_only_where_it_overfits(name):
    """The validations of two recorded runs, one by one."""
    curve, ended = recorded_curve(name), None
    solver = new_solver(eval_every=50)
    rule = EarlyStopping(5, TrainingStart(), is_goal=False)
    for at, val in zip(curve.val_iteration, curve.val_loss, strict=True):
        solver.history.append(iteration=at, loss=1.0, val_loss=val)
        if rule(solver):
            ended = at
            break
    best = curve.val_iteration[curve.val_loss.argmin()]
    if name == "overfitting":
        assert best < ended <= best + 5 * 50
    else:
        assert ended is None or ended >= 0.9 * curve.num_iters


def test_without_validation_a_preset_trains_to_its_last_iteration():
    for settings in ({"val_fraction": 0.0, "eval_every": 50}, {"eval_every": 0}):
        solver = new_solver(num_iters=15, **settings)
        assert EarlyStopping(5, TrainingStart(), is_goal=False)(solver) is None
        assert "cannot be measured" in EarlyStopping(5, TrainingStart())(solver)


@pytest.mark.parametrize(
    ("kind", "amount", "per_second", "total"),
    [
        ("iterations", 500, 0.0, 510),
        ("epochs", 2, 0.0, 10 + 2 * 37),
        ("minutes", 2, 3.0, 10 + 360),
        ("minutes", 2, 0.0, 10 + 500),  # the speed is unknown: keep the length
        ("plateau", 5, 3.0, 200_010),
    ],
)
def test_a_goal_counts_from_where_training_towards_it_started(
    solver, kind, amount, per_second, total
):
    assert solver.batches.per_epoch == 37
    plan = Plan(Goal(kind, amount), TrainingStart(10, 20.0))
    assert plan.total(solver, per_second) == total
    assert plan.open_ended == (kind == "plateau")


def test_the_time_limit_sets_the_length_from_the_speed(solver):
    assert Plan(Goal("minutes", 2)).rule()(solver) is None
    assert solver.num_iters == 60  # half an iteration per second, 100 seconds left


def test_the_time_limit_counts_from_where_training_continued(solver):
    rule = TimeLimit(1, since=TrainingStart(iteration=5, seconds=10.0))
    assert rule(solver) is None
    assert solver.num_iters == 10 + 25


def test_the_time_limit_keeps_the_length_until_the_speed_is_known(solver):
    assert TimeLimit(1, since=TrainingStart(iteration=8, seconds=19.0))(solver) is None
    assert solver.num_iters == 15


def test_the_time_limit_ends_training_with_a_message(solver):
    solver.seconds = 60.0
    assert TimeLimit(1, TrainingStart())(solver) == "It has trained for 1 minute."
    solver.seconds = 300.0
    assert TimeLimit(5, TrainingStart())(solver) == "It has trained for 5 minutes."


def validations(solver, *losses: float, first: int = 1) -> None:
    for offset, loss in enumerate(losses):
        solver.history.append(iteration=first + offset, loss=loss, val_loss=loss)


@pytest.mark.parametrize(
    ("losses", "ends"),
    [
        ((), False),
        ((3.0, 2.9), False),  # too few to decide
        ((3.0, 2.0, 2.1), False),
        ((3.0, 2.0, 2.1, 2.2), True),
        ((2.0, 2.1, 2.2, 1.9), False),
        ((2.0, 2.0, 2.0), True),
    ],
)
def test_early_stopping_ends_after_enough_validations_without_a_new_best(losses, ends):
    solver = new_solver(eval_every=1)
    validations(solver, *losses)
    message = EarlyStopping(2, TrainingStart())(solver)
    assert (message is not None) == ends
    if ends:
        assert "in the last 2 validations" in message
        assert f"The best loss was {min(losses):.3f}" in message


def test_early_stopping_counts_from_where_training_continued():
    solver = new_solver(eval_every=1)
    validations(solver, 2.0, 2.1, 2.2, 2.3)
    assert EarlyStopping(2, TrainingStart(iteration=4))(solver) is None
    validations(solver, 2.4, 2.5, first=5)
    assert EarlyStopping(2, TrainingStart(iteration=4))(solver) is not None


def test_equal_plans_have_equal_rules():
    since = TrainingStart(3, 1.0)
    assert Plan(Goal("minutes", 5), since).rule() == TimeLimit(5, since)
    assert Plan(Goal("plateau", 5), since).rule() == EarlyStopping(5, since)


def test_early_stopping_ends_at_once_without_validation_text():
    message = EarlyStopping(5, TrainingStart())(new_solver(val_fraction=0.0))
    assert message.startswith("There is no validation text")


def test_early_stopping_ends_at_once_if_validation_is_off():
    message = EarlyStopping(5, TrainingStart())(new_solver(eval_every=0))
    assert message.startswith("Validation is turned off")
