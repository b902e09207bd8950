"""A run: settings are checked before anything is allocated, and then used."""

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
def _no_allocation(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        pytest.fail("allocated before the check")

    monkeypatch.setattr(run, "RNN", fail)
    monkeypatch.setattr(run, "Solver", fail)


@pytest.mark.usefixtures("_no_allocation")
def test_a_short_text_is_refused_with_settings_that_would_fit():
    settings = replace(SMALL, seq_length=100, batch_size=32)
    with pytest.raises(RnnCoreError) as refused:
        new_run(TEXT, settings, TrainSettings())
    message = str(refused.value)
    train = len(TEXT) - round(len(TEXT) * 0.1)
    assert f"{train} characters" in message
    assert "at least 3,201" in message
    assert message.endswith("Use a longer text, or a batch size of 2.")


def test_the_suggested_settings_fit():
    train = len(TEXT) - round(len(TEXT) * 0.1)
    assert train // 100 == 2
    new_run(TEXT, replace(SMALL, seq_length=100, batch_size=2), TrainSettings())


@pytest.mark.usefixtures("_no_allocation")
def test_a_network_too_large_for_memory_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "free", lambda: 4_000_000)
    with pytest.raises(limits.TooLargeError, match=r"need .* MB of memory and 1\.0 MB"):
        new_run(TEXT, replace(SMALL, hidden_dim=512, num_layers=4), TrainSettings())


def test_memory_is_reserved_until_the_first_chunk_has_allocated_it(monkeypatch):
    monkeypatch.setattr(memory, "free", lambda: 10**12)
    new = new_run(TEXT, SMALL, TrainSettings())
    before = memory.available()
    with new.trainer.lock:  # so that the first chunk waits
        new.train(60)
        assert before - memory.available() == SMALL.memory(len(TEXT.vocab))
        new.train(60)  # a second call reserves nothing more
        assert before - memory.available() == SMALL.memory(len(TEXT.vocab))
    until(lambda: memory.available() == before)
    stopped(new.trainer)


def test_a_float64_model_needs_more_memory(monkeypatch):
    V = len(TEXT.vocab)
    between = (SMALL.memory(V) + SMALL.memory(V, itemsize=8)) / 2
    monkeypatch.setattr(memory, "free", lambda: int(between / limits.MEMORY_SHARE))
    model = run.new_model(TEXT, SMALL)
    new_run(TEXT, SMALL, TrainSettings(), model)
    precise = RNN(**{**model.settings(), "dtype": "float64"})
    with pytest.raises(limits.TooLargeError):
        new_run(TEXT, SMALL, TrainSettings(), precise)


@pytest.mark.parametrize("clip", [math.inf, 5.0])
def test_a_new_run_has_the_chosen_settings(clip):
    model = replace(SMALL, cell_type="gru", num_layers=2, dropout=0.1, val_fraction=0.2, seed=3)
    train = TrainSettings(0.01, "rmsprop", "step", clip, 777, 30, 70, 90)
    new = new_run(TEXT, model, train)
    solver = new.solver
    assert solver is new.trainer.solver
    assert new.trainer.status().phase is Phase.READY
    assert new.train_settings == train
    assert solver.clip == (None if math.isinf(clip) else clip)
    net = solver.model
    assert (net.cell_type, net.hidden_dim, net.num_layers, net.dropout) == ("gru", 8, 2, 0.1)
    assert (net.vocab, net.seed, solver.seed) == (TEXT.vocab, 3, 3)
    assert net.num_params == model.num_params(len(TEXT.vocab))
    assert (solver.seq_length, solver.batch_size, solver.val_fraction) == (10, 4, 0.2)
    assert new.model_settings == model
    assert new.chars_per_epoch == solver.batches.per_epoch * 40 <= len(TEXT)
    assert new.sample_log in new.trainer.after_chunk


def test_equal_settings_give_equal_weights_and_different_ids():
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
        ("dido\nsolasa\n" * 99 + "no more", "d"),
        ("a" * 300 + " word\n", "a"),
        ("first 2nd\n", "first "),
    ],
)
def test_the_default_seed_text_is_the_start_of_a_sentence(raw, seed):
    assert default_seed_text(load(raw.encode(), "book.txt")) == seed


@pytest.mark.parametrize("name", sample_names())
def test_the_default_seed_text_of_each_sample_is_short_and_known(name):
    text = load_sample(name)
    seed = default_seed_text(text)
    assert 0 < len(seed) < 30
    assert text.vocab.missing(seed) == []


def test_a_run_trains_and_logs_samples():
    new = new_run(TEXT, SMALL, TrainSettings(num_iters=30))
    new.trainer.start(60)
    new.trainer.join()
    assert new.trainer.status().phase is Phase.FINISHED
    assert new.sample_log.entries[-1].iteration == 30
    assert new.sample_log.seed_text == "It was "
