"""Work beside the page: a result, a failure that the log tells, and speeds that are measured."""

from __future__ import annotations

import logging
import threading

import pytest

from dashboard.runs import speed_probe
from dashboard.server import background_job
from dashboard.server.background_job import Job
from rnncore import Solver
from tests.support.runs import MODEL, TEXT
from tests.support.trainers import until as wait_until


def test_a_job_has_its_result_when_it_has_ended():
    gate = threading.Event()
    job = Job(lambda: gate.wait(20) and 42)
    assert job.running
    assert job.result is None
    gate.set()
    job.wait(20)
    assert not job.running
    assert job.result == 42


def test_a_job_that_fails_has_none_and_the_log_tells_why(caplog):
    with caplog.at_level(logging.ERROR):
        job = Job(lambda: 1 // 0)
        job.wait(20)
    wait_until(lambda: not job.running)
    assert job.result is None
    assert "ZeroDivisionError" in caplog.text


def test_a_job_that_was_interrupted_can_begin_again():
    answers = [None, 42]
    job = Job(lambda: answers.pop(0))
    job.wait(20)
    assert job.interrupted
    job.start()
    job.wait(20)
    assert job.result == 42
    assert not job.interrupted


def test_a_job_that_failed_was_not_interrupted(caplog):
    job = Job(lambda: 1 // 0)
    job.wait(20)
    assert not job.interrupted


@pytest.fixture
def busy():
    """A job that lasts as long as the test needs."""
    gate = threading.Event()
    job = Job(lambda: gate.wait(20))
    yield gate
    gate.set()
    job.wait(20)


def test_one_job_is_worked_on_at_a_time(busy):
    begun = threading.Event()
    job = Job(begun.set)
    assert not begun.wait(0.05)
    assert job.running
    busy.set()
    assert begun.wait(20)


def test_a_job_that_nobody_waits_for_does_not_begin(busy):
    begun = threading.Event()
    job = Job(begun.set)
    job.cancel()
    busy.set()
    job.wait(20)
    assert not job.running
    assert not begun.is_set()


def test_a_long_job_hears_that_nobody_waits_for_it():
    begun = threading.Event()

    def work() -> str:
        begun.set()
        wait_until(lambda: not background_job.is_wanted())
        return "ended early"

    job = Job(work)
    assert begun.wait(20)
    job.cancel()
    job.wait(20)
    assert job.result == "ended early"
    assert background_job.is_wanted()  # here nobody dropped anything


def test_no_step_of_a_measurement_is_done_when_nobody_wants_it(monkeypatch):
    monkeypatch.setattr(background_job, "is_wanted", lambda: False)
    monkeypatch.setattr(Solver, "step", lambda self: pytest.fail("a step was done"))
    assert speed_probe.measure(TEXT, MODEL) is None


def test_no_step_of_a_measurement_is_done_beside_a_training(monkeypatch):
    monkeypatch.setattr(speed_probe, "SCHEDULER", [object()])
    monkeypatch.setattr(Solver, "step", lambda self: pytest.fail("a step was done"))
    assert speed_probe.measure(TEXT, MODEL) is None


def test_a_speed_is_measured_with_the_settings_that_are_asked_about():
    speed = speed_probe.measure(TEXT, MODEL, seconds=0.05)
    assert speed.iterations_per_second > 0
    train_chars = len(TEXT) * (1 - MODEL.val_fraction)
    assert speed.per_epoch == pytest.approx(train_chars / 40, abs=1.5)
    assert speed.seconds(2 * speed.iterations_per_second) == pytest.approx(2)


def test_no_speed_is_measured_beside_a_training():
    trainer = object()
    speed_probe.SCHEDULER.enter(trainer)
    try:
        assert speed_probe.measure(TEXT, MODEL, seconds=5) is None
    finally:
        speed_probe.SCHEDULER.leave(trainer)
