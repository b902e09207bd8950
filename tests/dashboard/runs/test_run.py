"""A run: refused before anything is allocated, or ready to train."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from dashboard.runs import run
from dashboard.runs.run import default_seed_text, new_run
from dashboard.server import limits, memory
from dashboard.settings import PRESETS, ModelSettings, TrainSettings
from dashboard.text.loading import load, load_sample, sample_names
from dashboard.training.status import Phase
from rnncore import RNN, RnnCoreError
from tests.support.trainers import stopped, until

SMALL = ModelSettings(hidden_dim=8, seq_length=10, batch_size=4)
TEXT = load(b"It was a bright cold day in April, and the clocks were striking.\n" * 5, "book.txt")


@pytest.fixture
def _nothing_may_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def made(*_: object, **__: object) -> None:
        pytest.fail("made before it was checked")

    monkeypatch.setattr(run, "RNN", made)
    monkeypatch.setattr(run, "Solver", made)


@pytest.mark.usefixtures("_nothing_may_be_made")
def test_a_text_that_is_too_short_is_refused_with_what_would_fit():
    settings = replace(SMALL, seq_length=100, batch_size=32)
    with pytest.raises(RnnCoreError) as refused:
        new_run(TEXT, settings, TrainSettings())
    message = str(refused.value)
    train = len(TEXT) - round(len(TEXT) * 0.1)
    assert f"{train} characters" in message
    assert "at least 3,201" in message
    assert "a sequence length of 100 with a batch size of 2." in message


def test_what_would_fit_fits():
    train = len(TEXT) - round(len(TEXT) * 0.1)
    assert train // 100 == 2
    new_run(TEXT, replace(SMALL, seq_length=100, batch_size=2), TrainSettings())


@pytest.mark.usefixtures("_nothing_may_be_made")
def test_what_the_machine_cannot_hold_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "free", lambda: 4_000_000)
    with pytest.raises(limits.TooLargeError, match=r"need .* MB of memory and 1\.0 MB"):
        new_run(TEXT, replace(SMALL, hidden_dim=512, num_layers=4), TrainSettings())


def test_memory_is_promised_to_a_training_until_its_first_iterations_have_taken_it(monkeypatch):
    monkeypatch.setattr(memory, "free", lambda: 10**12)
    made = new_run(TEXT, SMALL, TrainSettings())
    before = memory.available()
    with made.trainer.lock:  # so that it cannot begin yet
        made.train(60)
        assert before - memory.available() == SMALL.memory(len(TEXT.vocab))
        made.train(60)  # twice is as good as once
        assert before - memory.available() == SMALL.memory(len(TEXT.vocab))
    until(lambda: memory.available() == before)
    stopped(made.trainer)


def test_a_model_of_twice_the_precision_needs_twice_the_memory(monkeypatch):
    needed = SMALL.memory(len(TEXT.vocab))
    monkeypatch.setattr(memory, "free", lambda: int(1.5 * needed / limits.MEMORY_SHARE))
    model = run.new_model(TEXT, SMALL)
    new_run(TEXT, SMALL, TrainSettings(), model)
    precise = RNN(**{**model.settings(), "dtype": "float64"})
    with pytest.raises(limits.TooLargeError):
        new_run(TEXT, SMALL, TrainSettings(), precise)


@pytest.mark.parametrize("clip", [math.inf, 5.0])
def test_a_new_run_is_what_was_chosen(clip):
    model = replace(SMALL, cell_type="gru", num_layers=2, dropout=0.1, val_fraction=0.2, seed=3)
    train = TrainSettings(0.01, "rmsprop", "step", clip, 777, 30, 70, 90)
    made = new_run(TEXT, model, train)
    solver = made.solver
    assert solver is made.trainer.solver
    assert made.trainer.status().phase is Phase.READY
    assert made.train_settings == train
    assert solver.clip == (None if math.isinf(clip) else clip)
    net = solver.model
    assert (net.cell_type, net.hidden_dim, net.num_layers, net.dropout) == ("gru", 8, 2, 0.1)
    assert (net.vocab, net.seed, solver.seed) == (TEXT.vocab, 3, 3)
    assert net.num_params == model.num_params(len(TEXT.vocab))
    assert (solver.seq_length, solver.batch_size, solver.val_fraction) == (10, 4, 0.2)
    assert made.model_settings == model
    assert made.chars_per_epoch == solver.batches.per_epoch * 40 <= len(TEXT)
    assert made.sample_log in made.trainer.after_chunk


def test_the_same_settings_begin_with_the_same_weights_under_another_id():
    one, other = (new_run(TEXT, SMALL, TrainSettings()) for _ in range(2))
    np.testing.assert_array_equal(one.solver.model.flat, other.solver.model.flat)
    assert one.id != other.id
    assert len(one.id) >= 16  # cannot be guessed


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_trains_on_the_first_sample_text(preset):
    run.check_settings(load_sample("lighthouse.txt"), PRESETS[preset].model)


@pytest.mark.parametrize(
    ("raw", "seed"),
    [
        ("It was a bright day.\n", "It was "),
        ("THE TITLE\n\nBy A. Author\n\nOnce upon a time.\n", "Once upon "),
        ("\n\n12 34 56\n", "12 "),
        ("abab", "a"),
        ("\n \n", "\n"),
        ("名前はまだ無い。\n", "名"),
    ],
)
def test_a_sample_begins_with_the_texts_first_words(raw, seed):
    assert default_seed_text(load(raw.encode(), "book.txt")) == seed


@pytest.mark.parametrize("name", sample_names())
def test_the_first_words_of_the_samples_are_known_and_short(name):
    text = load_sample(name)
    seed = default_seed_text(text)
    assert 0 < len(seed) < 30
    assert text.vocab.missing(seed) == []


def test_a_run_trains_and_keeps_a_diary():
    made = new_run(TEXT, SMALL, TrainSettings(num_iters=30))
    made.trainer.start(60)
    made.trainer.join()
    assert made.trainer.status().phase is Phase.FINISHED
    assert made.sample_log.entries[-1].iteration == 30
    assert made.sample_log.seed_text == "It was "
