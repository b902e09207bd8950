"""The pretrained network on the page: it writes at once, and trains on the page's text."""

from __future__ import annotations

import threading

import pytest

from dashboard.runs import speed_probe
from dashboard.runs.speed_probe import Speed
from dashboard.runs.summary import name_run
from dashboard.sampling import showcase
from rnncore.pretrained import PRETRAINED
from tests.support.trainers import PATIENCE
from tests.support.visits import raising, with_story


def test_a_trained_network_is_described_by_one_notice_and_its_own_figures(visit):
    page = visit()
    page.press("Try a trained network")
    run = page.run
    notice = "Began as the pretrained model Jane Austen, Pride and Prejudice (1813)."
    assert page.says(f"{notice} It can write below at once")
    assert page.says("""It reads the quotation marks " ' as “ ” ‘ ’, which it knows.""")
    assert not page.says("left out")
    assert len(run.text) == len(run.whole_text)
    assert page.shown("info") == []
    assert not page.says("Before any training it writes")
    page.app.session_state["model_hidden_dim"] = 128  # what a slow browser may still send
    page.look()
    assert page.figure("Parameters") == f"{run.solver.model.num_params:,}"
    assert page.figure("First words") == "at once"
    assert name_run(run) == "Jane Austen · LSTM 200"
    page.press("Step")
    assert name_run(page.run) == "lighthouse · LSTM 200"


def test_a_trained_network_writes_before_anything_is_measured_and_the_page_says_so(
    visit, monkeypatch
):
    page, gate, order, write = visit(), threading.Event(), [], showcase.first_sample
    page.value("_job_speed")[1].wait(PATIENCE)
    page.value("_job_baselines")[1].wait(PATIENCE)

    def slow_sample(model, seed_text):
        order.append("sample")
        gate.wait(PATIENCE)
        return write(model, seed_text)

    def measure(text, settings, seconds=0.0):
        order.append("speed")
        return Speed(100.0, 10)

    monkeypatch.setattr(showcase, "first_sample", slow_sample)
    monkeypatch.setattr(speed_probe, "measure", measure)
    page.press("Try a trained network")
    assert page.says("It is writing a first sample …")
    assert not page.says("after a few iterations of training")
    gate.set()
    page.value("_job_first")[1].wait(PATIENCE)
    page.value("_job_speed")[1].wait(PATIENCE)
    page.look()
    assert order[0] == "sample"
    assert page.says("her sister")
    assert not page.says("It is writing a first sample …")


def test_a_trained_network_whose_first_sample_fails_can_still_be_asked_to_write(visit, monkeypatch):
    page = visit()
    monkeypatch.setattr(showcase, "first_sample", raising(MemoryError()))
    page.press("Try a trained network")
    page.value("_job_first")[1].wait(PATIENCE)
    page.look()
    assert page.says("Press Generate to let it write.")


def test_a_trained_network_that_knows_the_text_but_for_its_marks_trains_without_a_question(visit):
    page = visit()
    page.press("Try a trained network")
    run = page.run
    page.press("Train")
    page.wait_for_iteration(1)
    assert page.run is run
    page.press("Pause")
    page.wait_until_stopped()


@pytest.mark.parametrize("name", PRETRAINED)
def test_a_pretrained_model_can_write_and_be_trained(visit, name):
    page = with_story(visit)
    page.press(f"Use: {PRETRAINED[name]}")
    assert page.shown("error") == []
    page.press("Generate")
    page.press("Step")
    assert page.run.solver.iteration == 1


def test_inside_names_the_network_and_not_the_text_of_the_page(visit):
    page = visit()
    page.press("Try a trained network")
    page.open_tab("Inside")
    assert page.says("200 units, the pretrained model Jane Austen, Pride and Prejudice")
    assert page.says("; it reads lighthouse.txt.")
