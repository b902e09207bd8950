"""Work beside the page: a result, a failure that the log tells, and speeds that are measured."""

from __future__ import annotations

import logging
import threading

import pytest

from dashboard.formatting import ago, counted, duration, figure, plain
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
    job.begin()
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
    job.drop()
    busy.set()
    job.wait(20)
    assert not job.running
    assert not begun.is_set()


def test_a_long_job_hears_that_nobody_waits_for_it():
    begun = threading.Event()

    def work() -> str:
        begun.set()
        wait_until(lambda: not background_job.wanted())
        return "ended early"

    job = Job(work)
    assert begun.wait(20)
    job.drop()
    job.wait(20)
    assert job.result == "ended early"
    assert background_job.wanted()  # here nobody dropped anything


def test_no_step_of_a_measurement_is_done_when_nobody_wants_it(monkeypatch):
    monkeypatch.setattr(background_job, "wanted", lambda: False)
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


# -- words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (float("nan"), "–"), (0, "0 s"), (0.44, "0.4 s"), (2.96, "3.0 s"), (48.2, "48 s"),
        (99.4, "99 s"), (100, "1:40 min"), (149, "2:29 min"), (365, "6:05 min"),
        (3599.4, "59:59 min"), (3599.6, "1 h"), (3600, "1 h"), (4800, "1 h 20 min"),
        (7260, "2 h 1 min"),
    ],
)  # fmt: skip
def test_durations(seconds, shown):
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "a moment ago"), (59, "a moment ago"), (60, "1 minute ago"), (125, "2 minutes ago"),
        (3600, "1 hour ago"), (90_000, "1 day ago"), (200_000, "2 days ago"),
        (-5, "a moment ago"),
    ],
)  # fmt: skip
def test_how_long_since(seconds, shown):
    assert ago(seconds) == shown


def test_counts():
    shown = [counted(n, "iteration") for n in (0, 1, 1200)]
    assert shown == ["0 iterations", "1 iteration", "1,200 iterations"]


def test_figures():
    assert (figure(1.23456), figure(float("nan"))) == ("1.235", "–")


@pytest.mark.parametrize("words", ["*a*", "[x](y)", ":red[x]", "$$a$$", "`b`", "<b>", "# a", "| a"])
def test_words_of_others_lose_nothing_but_their_power(words):
    escaped = plain(words)
    assert escaped.replace("\\", "") == words
    assert escaped != words


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("WWW.evil.example.txt", "WWW\u2060.evil.example.txt"),
        ("https://evil.example", "https:\u2060//evil.example"),
        ("you@evil.example", "you@\u2060evil.example"),
        ("my.www book.txt: 1 / 2", "my.www book.txt: 1 / 2"),
    ],
)
def test_words_of_others_become_no_links(words, shown):
    assert plain(words).replace("\\", "") == shown
