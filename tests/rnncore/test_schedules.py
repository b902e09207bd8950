"""Learning rate schedules."""

from __future__ import annotations

import numpy as np
import pytest

from rnncore import RnnCoreError
from rnncore.schedules import SCHEDULES, Schedule

every_schedule = pytest.mark.parametrize("name", sorted(SCHEDULES))


def factors(name, num_iters, warmup=0):
    schedule = Schedule(name, num_iters, warmup)
    return np.array([schedule.factor(i) for i in range(num_iters)])


@every_schedule
@pytest.mark.parametrize("num_iters", [1, 7, 1000])
def test_the_factor_starts_at_1_never_rises_and_stays_above_0(name, num_iters):
    f = factors(name, num_iters)
    assert f[0] == 1
    assert (np.diff(f) <= 0).all()
    assert (f > 0).all()


@every_schedule
def test_the_factor_stays_the_same_after_the_end(name):
    schedule = Schedule(name, 100)
    assert schedule.factor(100) == schedule.factor(10**6) > 0


def test_constant_stays_at_1():
    assert (factors("constant", 50) == 1).all()


def test_step_halves_at_each_tenth_from_the_middle():
    np.testing.assert_allclose(
        factors("step", 1000)[[0, 499, 500, 599, 600, 700, 800, 900, 999]],
        [1, 1, 1 / 2, 1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 32],
    )


def test_cosine_falls_from_1_to_a_hundredth():
    f = factors("cosine", 1000)
    progress = np.arange(1000) / 1000
    np.testing.assert_allclose(f, 0.01 + 0.99 * np.cos(np.pi * progress / 2) ** 2)
    assert Schedule("cosine", 1000).factor(1000) == pytest.approx(0.01)


@every_schedule
def test_the_schedule_starts_after_a_linear_warmup(name):
    f = factors(name, 1000, warmup=9)
    np.testing.assert_allclose(f[:10], np.arange(1, 11) / 10)
    without = Schedule(name, 991)
    np.testing.assert_allclose(f[9:], [without.factor(i) for i in range(991)])


@every_schedule
def test_a_warmup_can_be_longer_than_the_run(name):
    f = factors(name, 5, warmup=100)
    assert ((f > 0) & (f < 0.06)).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("linear", 10), "schedule is 'linear'; choose one of constant, step, cosine"),
        (("cosine", 0), "num_iters is 0"),
        (("cosine", 10.5), "num_iters is 10.5"),
        (("cosine", 10, -1), "warmup is -1"),
    ],
)
def test_bad_settings_are_refused(arguments, message):
    with pytest.raises(RnnCoreError, match=message):
        Schedule(*arguments)
