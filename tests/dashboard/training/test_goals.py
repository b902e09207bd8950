"""Plans: when a training is to end, and the rules of ends that are no number of iterations."""

from __future__ import annotations

import pytest

from dashboard.settings import Goal
from dashboard.training.goals import EarlyStopping, Plan, TimeLimit, TrainingStart
from tests.support.trainers import new_solver


@pytest.fixture
def solver():
    """At iteration 10 after 20 seconds."""
    solver = new_solver(num_iters=15)
    for _ in range(10):
        solver.step()
    solver.seconds = 20.0
    return solver


def test_numbers_of_iterations_need_no_rule():
    assert Plan(Goal("iterations", 500)).rule() is None
    assert Plan(Goal("epochs", 5)).rule() is None


@pytest.mark.parametrize(
    ("kind", "amount", "per_second", "total"),
    [
        ("iterations", 500, 0.0, 510),
        ("epochs", 2, 0.0, 10 + 2 * 37),
        ("minutes", 2, 3.0, 10 + 360),
        ("minutes", 2, 0.0, 10 + 500),  # until a speed is known
        ("plateau", 5, 3.0, 200_010),
    ],
)
def test_a_plan_counts_from_where_its_piece_of_training_began(
    solver, kind, amount, per_second, total
):
    assert solver.batches.per_epoch == 37
    plan = Plan(Goal(kind, amount), TrainingStart(10, 20.0))
    assert plan.total(solver, per_second) == total
    assert plan.open_ended == (kind == "plateau")


def test_minutes_set_the_length_to_what_the_time_allows(solver):
    assert Plan(Goal("minutes", 2)).rule()(solver) is None
    assert solver.num_iters == 60  # half an iteration a second, and 100 seconds left


def test_minutes_count_from_where_training_went_on(solver):
    rule = TimeLimit(1, since=TrainingStart(iteration=5, seconds=10.0))
    assert rule(solver) is None
    assert solver.num_iters == 10 + 25


def test_minutes_wait_for_a_speed_before_they_set_a_length(solver):
    assert TimeLimit(1, since=TrainingStart(iteration=8, seconds=19.0))(solver) is None
    assert solver.num_iters == 15


def test_minutes_that_are_over_say_so(solver):
    solver.seconds = 60.0
    assert TimeLimit(1, TrainingStart())(solver) == "It has trained for 1 minute."
    solver.seconds = 300.0
    assert TimeLimit(5, TrainingStart())(solver) == "It has trained for 5 minutes."


def validations(solver, *losses: float, first: int = 1) -> None:
    for place, loss in enumerate(losses):
        solver.history.append(iteration=first + place, loss=loss, val_loss=loss)


@pytest.mark.parametrize(
    ("losses", "ends"),
    [
        ((), False),
        ((3.0, 2.9), False),  # too few to tell
        ((3.0, 2.0, 2.1), False),
        ((3.0, 2.0, 2.1, 2.2), True),
        ((2.0, 2.1, 2.2, 1.9), False),
        ((2.0, 2.0, 2.0), True),
    ],
)
def test_no_progress_ends_after_so_many_looks_without_a_new_best(losses, ends):
    solver = new_solver(eval_every=1)
    validations(solver, *losses)
    said = EarlyStopping(2, TrainingStart())(solver)
    assert (said is not None) == ends
    if ends:
        assert f"its best was {min(losses):.3f}" in said


def test_no_progress_gives_a_new_piece_of_training_its_time():
    solver = new_solver(eval_every=1)
    validations(solver, 2.0, 2.1, 2.2, 2.3)
    assert EarlyStopping(2, TrainingStart(iteration=4))(solver) is None
    validations(solver, 2.4, 2.5, first=5)
    assert EarlyStopping(2, TrainingStart(iteration=4))(solver) is not None


def test_equal_rules_are_equal():
    since = TrainingStart(3, 1.0)
    assert Plan(Goal("minutes", 5), since).rule() == TimeLimit(5, since)
    assert Plan(Goal("plateau", 5), since).rule() == EarlyStopping(5, since)


def test_no_progress_says_so_if_nothing_is_held_out():
    said = EarlyStopping(5, TrainingStart())(new_solver(val_fraction=0.0))
    assert said == ("Nothing is held out for validation, so no progress shows: choose another end.")


def test_no_progress_says_so_if_nothing_is_ever_validated():
    said = EarlyStopping(5, TrainingStart())(new_solver(eval_every=0))
    assert said == "It never validates, so no progress shows: choose another end."
