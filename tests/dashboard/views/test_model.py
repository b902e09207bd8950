"""Model section: the size, memory and speed of the chosen network are shown before training."""

from __future__ import annotations

import pytest

from dashboard.formatting import byte_size
from dashboard.runs import speed_probe
from dashboard.runs.run import SCHEDULER
from dashboard.runs.speed_probe import Speed
from dashboard.settings import ModelSettings
from tests.support.visits import STORY, visitors

SMALL = {"hidden": "16", "sequence": "10", "batch": "4", "iterations": "500"}


@pytest.fixture
def page(tmp_path, monkeypatch):
    with visitors(tmp_path / "runs", monkeypatch) as visit:
        page = visit(SMALL)
        page.paste(STORY)
        yield page


def settle(page):
    """Wait for the speed measurement and redraw the page."""
    page.value("_job_speed")[1].wait(20)
    page.look()


def test_size_and_memory_are_shown_for_the_chosen_network(page):
    for hidden in (16, 1024):
        page.choose("model_hidden_dim", hidden)
        network = ModelSettings(hidden_dim=hidden, seq_length=10, batch_size=4)
        (cost,) = [text for text in page.shown("caption") if "of memory" in text]
        assert f"**{network.num_params(16):,}** parameters" in cost
        assert f"about {byte_size(network.memory(16))} of memory" in cost


def test_parameters_are_compared_with_the_length_of_the_text(page):
    assert page.says("1.7 characters of text per parameter")
    page.choose("model_hidden_dim", 128)
    assert page.says("parameters per character of the text: large enough to memorise it")


@pytest.mark.parametrize(
    ("goal", "key", "amount", "words"),
    [
        ("iterations", "train_num_iters", 3_000, "30 s for 3,000 iterations"),
        ("epochs", "goal_epochs", 100, "10 s for 1,000 iterations"),
        ("minutes", "goal_minutes", 5, "about 30,000 iterations in 5 min"),
        ("plateau", "goal_patience", 5, "0.1 s per pass over the text (epoch, 10 iterations)"),
    ],
)
def test_speed_epoch_and_duration_are_shown_for_every_goal(page, goal, key, amount, words):
    page.choose("goal_kind", goal)
    page.choose(key, amount)
    settle(page)
    (sentence,) = [text for text in page.shown("caption") if "iterations/s" in text]
    assert sentence.startswith(
        "**100** iterations/s on this computer · 0.1 s per pass over the text (epoch"
    )
    assert sentence.endswith(words)


def test_the_measured_speed_stays_while_the_run_trains(page):
    settle(page)
    page.press("Train")
    page.wait_for_iteration(3)
    assert page.says("iterations/s on this computer")


def test_a_measurement_interrupted_by_training_is_repeated_afterwards(page, monkeypatch):
    other, calls = object(), []

    def measure(text, settings, seconds=2.0):
        if settings.hidden_dim not in {32, 48}:
            return Speed(50.0, 10)  # a preset's
        calls.append(settings)
        if len(calls) == 1:
            SCHEDULER.enter(other)  # another run begins to train
            return None
        return Speed(50.0, 10)

    monkeypatch.setattr(speed_probe, "measure", measure)
    try:
        page.choose("model_hidden_dim", 32)
        settle(page)
        assert page.says("measured when no training is running")
        page.look()
        page.choose("model_hidden_dim", 48)
        settle(page)
        assert len(calls) == 1  # no measurement starts while a run trains
    finally:
        SCHEDULER.leave(other)
    page.look()
    settle(page)
    assert page.says("**50** iterations/s")
