"""Background jobs: results, failures, cancelling; and the job that measures training speed."""

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


def test_a_job_has_its_result_once_it_has_ended():
    gate = threading.Event()
    job = Job(lambda: gate.wait(20) and 42)
    assert job.running
    assert job.result is None
    gate.set()
    job.wait(20)
    assert not job.running
    assert job.result == 42


def test_a_failed_job_has_no_result_and_is_logged(caplog):
    with caplog.at_level(logging.ERROR):
        job = Job(lambda: 1 // 0)
        job.wait(20)
    wait_until(lambda: not job.running)
    assert job.result is None
    assert "ZeroDivisionError" in caplog.text


def test_an_interrupted_job_can_be_restarted():
    answers = [None, 42]
    job = Job(lambda: answers.pop(0))
    job.wait(20)
    assert job.interrupted
    job.start()
    job.wait(20)
    assert job.result == 42
    assert not job.interrupted


def test_a_failed_job_does_not_count_as_interrupted(caplog):
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


def test_one_job_runs_at_a_time(busy):
    started = threading.Event()
    job = Job(started.set)
    assert not started.wait(0.05)
    assert job.running
    busy.set()
    assert started.wait(20)


def test_a_long_job_lets_one_that_waits_run_in_between():
    started, gate = threading.Event(), threading.Event()

    def long():
        background_job.let_others_run()  # none is waiting
        started.set()
        gate.wait(20)
        background_job.let_others_run()
        return short.result

    job = Job(long)
    started.wait(20)
    short = Job(lambda: 7)
    wait_until(lambda: len(background_job._ONE_AT_A_TIME._waiting))
    gate.set()
    job.wait(20)
    assert job.result == 7


def test_a_job_cancelled_while_waiting_does_not_start(busy):
    started = threading.Event()
    job = Job(started.set)
    job.cancel()
    busy.set()
    job.wait(20)
    assert not job.running
    assert not started.is_set()


def test_a_long_job_can_see_that_it_was_cancelled():
    started = threading.Event()

    def work() -> str:
        started.set()
        wait_until(lambda: not background_job.is_wanted())
        return "ended early"

    job = Job(work)
    assert started.wait(20)
    job.cancel()
    job.wait(20)
    assert job.result == "ended early"
    assert background_job.is_wanted()  # this thread has no job


@pytest.fixture
def nothing_measured(monkeypatch):
    """Speeds that other tests have measured do not count."""
    monkeypatch.setattr(speed_probe, "_measured", {})


@pytest.mark.usefixtures("nothing_measured")
def test_a_cancelled_speed_measurement_does_no_step(monkeypatch):
    monkeypatch.setattr(background_job, "is_wanted", lambda: False)
    monkeypatch.setattr(Solver, "step", lambda self: pytest.fail("a step was done"))
    assert speed_probe.measure(TEXT, MODEL) is None


@pytest.mark.usefixtures("nothing_measured")
def test_a_speed_measurement_does_no_step_while_a_run_trains(monkeypatch):
    monkeypatch.setattr(speed_probe, "SCHEDULER", [object()])
    monkeypatch.setattr(Solver, "step", lambda self: pytest.fail("a step was done"))
    assert speed_probe.measure(TEXT, MODEL) is None


@pytest.mark.usefixtures("nothing_measured")
def test_speed_is_measured_with_the_given_settings():
    speed = speed_probe.measure(TEXT, MODEL, seconds=0.05)
    assert speed.iterations_per_second > 0
    train_chars = len(TEXT) * (1 - MODEL.val_fraction)
    assert speed.per_epoch == pytest.approx(train_chars / 40, abs=1.5)
    assert speed.seconds(2 * speed.iterations_per_second) == pytest.approx(2)


@pytest.mark.usefixtures("nothing_measured")
def test_a_speed_is_measured_once_for_all_pages(monkeypatch):
    speed = speed_probe.measure(TEXT, MODEL, seconds=0.05)
    with monkeypatch.context() as patch:
        patch.setattr(Solver, "step", lambda self: pytest.fail("a step was done"))
        assert speed_probe.measure(TEXT, MODEL, seconds=0.05) == speed
    monkeypatch.setattr(speed_probe, "_KEPT_SECONDS", 0.0)  # as after ten minutes
    assert speed_probe.measure(TEXT, MODEL, seconds=0.05) != speed


@pytest.mark.usefixtures("nothing_measured")
def test_measuring_all_presets_lets_other_jobs_run_in_between():
    presets = Job(lambda: speed_probe.measure_presets(TEXT))
    wait_until(lambda: background_job._ONE_AT_A_TIME._held)
    other = Job(lambda: presets.result is None)
    other.wait(20)
    assert other.result is True
    presets.cancel()
    presets.wait(20)


@pytest.mark.usefixtures("nothing_measured")
def test_speed_is_not_measured_while_a_run_trains():
    trainer = object()
    speed_probe.SCHEDULER.enter(trainer)
    try:
        assert speed_probe.measure(TEXT, MODEL, seconds=5) is None
    finally:
        speed_probe.SCHEDULER.leave(trainer)
