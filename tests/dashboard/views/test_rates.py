"""Below the learning rate: the suggested rate, the test of rates, and what ends it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from dashboard.runs import rate_probe
from dashboard.runs.run import SCHEDULER
from dashboard.server import background_job
from rnncore.errors import SettingError
from rnncore.learning_rates import suggest_rate
from rnncore.range_test import RangeTest
from tests.support.trainers import until
from tests.support.visits import OTHER, Visit, raising, with_story

FOUND = RangeTest(np.geomspace(1e-3, 1, 4), np.array([4.0, 3.0, 2.0, 3.0]), 1.0, 0.07)
TEST = "Test rates (10 s)"


@pytest.fixture
def page(visit):
    """A page with a small network and a short text, and open live settings."""
    page = with_story(visit)
    page.open_tab("Live settings")
    return page


@pytest.fixture
def found(monkeypatch):
    """Let each test of rates find the same at once."""
    monkeypatch.setattr(rate_probe, "measure", lambda *_: FOUND)


@pytest.fixture
def endless(monkeypatch):
    """Let each test run until it is not wanted; yields what it was to test."""
    started: list = []

    def measure(candidate):
        started.append(candidate)
        until(lambda: not rate_probe._may_continue())

    monkeypatch.setattr(rate_probe, "measure", measure)
    return started


@contextmanager
def training(page: Visit) -> Iterator[None]:
    """Have the scheduler hold a training for as long as the block runs."""
    SCHEDULER.enter(page)
    try:
        yield
    finally:
        SCHEDULER.leave(page)


def wait(page: Visit) -> None:
    """Wait for the test and redraw the page."""
    page.value("_job_rates")[1].wait(20)
    page.look()


def test_the_suggestion_follows_cell_size_layers_and_batch(page):
    assert page.says(f"Suggested for this network: **{suggest_rate('lstm', 16, 1, 4):g}**")
    page.choose("model_cell_type", "gru")
    assert page.says(f"**{suggest_rate('gru', 16, 1, 4):g}**")
    page.choose("model_hidden_dim", 256)
    page.choose("model_num_layers", 2)
    page.choose("model_batch_size", 16)
    assert page.says(f"**{suggest_rate('gru', 256, 2, 16):g}**")


def test_other_update_rules_have_a_usual_rate(page):
    page.choose("train_update_rule", "sgd")
    assert page.says("Suggested for sgd: **1**")


def test_the_button_sets_the_rate_and_goes(page):
    rate = suggest_rate("lstm", 16, 1, 4)
    page.choose("train_lr", 0.1)
    assert not page.says("yours is near it")
    page.press(f"Use {rate:g}")
    assert page.value("train_lr") == rate
    assert f"Use {rate:g}" not in page.labels()
    assert page.says(f"**{rate:g}**; yours is near it.")


@pytest.mark.parametrize(
    ("rate", "offered"), [(0.008, True), (0.012, False), (0.02, False), (0.03, True)]
)
def test_a_rate_near_the_page_s_is_not_offered(page, rate, offered):
    suggested = suggest_rate("lstm", 16, 1, 4)
    assert suggested == pytest.approx(0.0155, abs=0.001)
    page.choose("train_lr", rate)
    assert (f"Use {suggested:g}" in page.labels()) is offered


def test_the_button_changes_the_run_at_hand_too(page):
    page.choose("train_lr", 0.1)
    page.press("Step")
    rate = suggest_rate("lstm", 16, 1, 4)
    page.press(f"Use {rate:g}")
    assert page.run.solver.lr == rate
    assert page.run.trainer.changes[-1].text.endswith(f"→ {rate:g}")


def test_with_a_run_the_suggestion_is_for_its_network(page):
    page.press("Step")
    page.choose("model_cell_type", "vanilla")
    assert page.says(f"**{suggest_rate('lstm', 16, 1, 4):g}**")


def test_a_test_shows_a_chart_and_its_rate_can_be_used(page, found):
    page.press(TEST)
    wait(page)
    assert page.says("Found by the test: **0.07**. From a rate of 1 on the loss rises.")
    assert len(page.chart_rows("Loss by learning rate")) == 5
    page.press("Use 0.07 (tested)")
    assert page.value("train_lr") == 0.07
    assert "Use 0.07 (tested)" not in page.labels()
    assert page.says("Found by the test: **0.07**")  # the network is the same


def test_after_a_test_both_rates_are_offered_although_they_are_near(page, monkeypatch):
    """A rate near the page's is worth no button of its own, but a test was run to choose one."""
    suggested = suggest_rate("lstm", 16, 1, 4)
    near = RangeTest(FOUND.rates, FOUND.losses, 0.18, 0.018)
    monkeypatch.setattr(rate_probe, "measure", lambda *_: near)
    page.choose("train_lr", 0.015)
    assert f"Use {suggested:g}" not in page.labels()
    page.press(TEST)
    wait(page)
    page.press("Use 0.018 (tested)")
    assert page.value("train_lr") == 0.018
    page.press(f"Use {suggested:g}")
    assert page.value("train_lr") == suggested
    assert "Use 0.018 (tested)" in page.labels()


def test_a_test_shows_how_far_it_is(page, monkeypatch):
    reported = []

    def measure(candidate):
        background_job.report_share(0.4)
        reported.append(True)
        until(lambda: not rate_probe._may_continue())

    monkeypatch.setattr(rate_probe, "measure", measure)
    page.press(TEST)
    until(lambda: reported)
    page.look()
    (bar,) = [e.proto for e in page.app.get("progress") if "Testing rates" in e.proto.text]
    assert (bar.value, bar.text) == (40, "Testing rates … 40 %")
    page.press("Stop the test")


def test_a_real_test_leaves_the_run_as_it_is(page):
    page.press("Step")
    weights = page.run.solver.model.flat.copy()
    page.press(TEST)
    wait(page)
    assert page.value("_job_rates")[1].result is not None
    np.testing.assert_array_equal(page.run.solver.model.flat, weights)
    assert page.run.solver.iteration == 1
    assert len(page.run.solver.history) == 1


def test_a_test_of_a_taught_network_begins_with_its_first_weights(page):
    page.press("Step")
    first = page.run.solver.model.copy()
    page.run.initial_model = first
    assert rate_probe.Candidate.of_run(page.run).model is first
    before = first.flat.copy()
    assert rate_probe.measure(rate_probe.Candidate.of_run(page.run), 0.5) is not None
    np.testing.assert_array_equal(first.flat, before)


@pytest.mark.parametrize(
    "change",
    [
        lambda page: page.choose("model_hidden_dim", 32),
        lambda page: page.choose("train_update_rule", "adamw"),
        lambda page: page.paste(OTHER),
    ],
)
def test_a_result_disappears_with_its_network_and_text(page, found, change):
    page.press(TEST)
    wait(page)
    change(page)
    assert not page.says("Found by the test")
    assert page.value("_job_rates") is None


def test_a_change_of_the_network_ends_the_test(page, endless):
    page.press(TEST)
    job = page.value("_job_rates")[1]
    assert any("Testing rates" in e.proto.text for e in page.app.get("progress"))
    page.choose("model_hidden_dim", 32)
    job.wait(20)
    assert not job.running
    assert page.enabled(TEST)


def test_a_test_can_be_stopped(page, endless):
    page.press(TEST)
    job = page.value("_job_rates")[1]
    page.press("Stop the test")
    job.wait(20)
    assert not job.running
    assert page.enabled(TEST)


def test_a_training_ends_the_test(page, endless):
    page.press(TEST)
    until(lambda: endless)
    with training(page):
        wait(page)
        assert page.says("The test ended because a training started, so it has no result.")


def test_no_test_starts_while_a_training_runs(page, endless):
    with training(page):
        page.press(TEST)
        assert page.says("A training is running on this computer")
        assert not endless
    page.look()
    assert not page.says("A training is running on this computer")


def test_a_refusal_takes_the_place_of_the_message_about_an_interrupted_test(page, endless):
    page.press(TEST)
    until(lambda: endless)
    with training(page):
        wait(page)
        page.press(TEST)
        assert page.says("A training is running on this computer")
        assert not page.says("The test ended because a training started")


def test_a_refusal_leaves_the_result_of_an_earlier_test(page, found):
    page.press(TEST)
    wait(page)
    with training(page):
        page.press(TEST)
        assert page.says("A training is running on this computer")
        assert page.says("Found by the test: **0.07**")


def test_a_network_without_a_suggestion_gets_a_sentence(page, monkeypatch):
    found = RangeTest(FOUND.rates, FOUND.losses)
    monkeypatch.setattr(rate_probe, "measure", lambda *_: found)
    page.press(TEST)
    wait(page)
    assert page.says("The test suggests no rate")


def test_settings_that_cannot_train_are_refused_in_their_own_words(page):
    page.choose("model_batch_size", 128)
    page.choose("model_seq_length", 200)
    page.press(TEST)
    assert page.says("Use a longer text")


def test_a_failed_test_gets_a_sentence(page, monkeypatch):
    monkeypatch.setattr(rate_probe, "measure", raising(SettingError("It failed.")))
    page.press(TEST)
    wait(page)
    assert page.says("The test ended with an error, so it has no result.")
