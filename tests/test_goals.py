"""Ends of training that are not a number of iterations."""

from __future__ import annotations

import pytest

from dashboard.goals import MinutesOver, NoProgress, stop_rule
from dashboard.run import Stretch
from dashboard.settings import Goal
from tests.trainers import new_solver


@pytest.fixture
def solver():
    """At iteration 10 after 20 seconds."""
    solver = new_solver(num_iters=15)
    for _ in range(10):
        solver.step()
    solver.seconds = 20.0
    return solver


def test_numbers_of_iterations_need_no_rule():
    assert stop_rule(Goal("iterations", 500), Stretch()) is None
    assert stop_rule(Goal("epochs", 5), Stretch()) is None


def test_minutes_set_the_length_to_what_the_time_allows(solver):
    assert stop_rule(Goal("minutes", 2), Stretch())(solver) is None
    assert solver.num_iters == 60  # half an iteration a second, and 100 seconds left


def test_minutes_count_from_where_training_went_on(solver):
    rule = MinutesOver(1, since=Stretch(iteration=5, seconds=10.0))
    assert rule(solver) is None
    assert solver.num_iters == 10 + 25


def test_minutes_wait_for_a_speed_before_they_set_a_length(solver):
    assert MinutesOver(1, since=Stretch(iteration=8, seconds=19.0))(solver) is None
    assert solver.num_iters == 15


def test_minutes_that_are_over_say_so(solver):
    solver.seconds = 60.0
    assert MinutesOver(1, Stretch())(solver) == "It has trained for 1 minute."
    solver.seconds = 300.0
    assert MinutesOver(5, Stretch())(solver) == "It has trained for 5 minutes."


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
    solver = new_solver()
    validations(solver, *losses)
    said = NoProgress(2, Stretch())(solver)
    assert (said is not None) == ends
    if ends:
        assert f"its best was {min(losses):.3f}" in said


def test_no_progress_gives_a_new_piece_of_training_its_time():
    solver = new_solver()
    validations(solver, 2.0, 2.1, 2.2, 2.3)
    assert NoProgress(2, Stretch(iteration=4))(solver) is None
    validations(solver, 2.4, 2.5, first=5)
    assert NoProgress(2, Stretch(iteration=4))(solver) is not None


def test_equal_rules_are_equal():
    assert stop_rule(Goal("minutes", 5), Stretch(3, 1.0)) == MinutesOver(5, Stretch(3, 1.0))
    assert stop_rule(Goal("plateau", 5), Stretch()) == NoProgress(5, Stretch())
