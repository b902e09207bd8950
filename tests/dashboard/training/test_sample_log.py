"""The sample log: comparable samples, taken at growing intervals, in bounded number."""

from __future__ import annotations

import math

import numpy as np

from dashboard.training.sample_log import SAMPLE_CHARS, Entry, SampleLog
from rnncore import RNN, Sampler, Solver

SEED = "ab"


def new_solver(num_iters: int = 30, vocab: str | None = "abcdefg") -> Solver:
    ids = np.tile(np.arange(7), 40)
    model = RNN(7, vocab, input_dim=3, hidden_dim=4)
    return Solver(ids, model, seq_length=5, batch_size=2, num_iters=num_iters, eval_every=0)


class FakeSolver:
    """A solver whose iteration a test sets, without training."""

    def __init__(self) -> None:
        solver = new_solver()
        self.model, self.history, self.iteration, self.finished = (
            solver.model,
            solver.history,
            0,
            False,
        )


def test_all_samples_use_the_same_seed_text_and_random_numbers():
    solver, sample_log = new_solver(), SampleLog(SEED, temperature=0.7, random_seed=3)
    sample_log(solver)
    untrained = Sampler(solver.model).sample(SEED, SAMPLE_CHARS, 0.7, seed=3)
    solver.train(progress=False)
    sample_log(solver)
    trained = Sampler(solver.model).sample(SEED, SAMPLE_CHARS, 0.7, seed=3)
    assert [entry.text for entry in sample_log.entries] == [untrained, trained]
    assert untrained != trained
    assert [entry.iteration for entry in sample_log.entries] == [0, 30]
    assert math.isnan(sample_log.entries[0].loss)
    assert sample_log.entries[1].loss == solver.history["loss"][-3:].mean()  # the last tenth


def test_sampling_does_not_change_training():
    watched, alone = new_solver(), new_solver()
    sample_log = SampleLog(SEED)
    while not watched.finished:
        watched.step()
        sample_log(watched)
        alone.step()
    np.testing.assert_array_equal(watched.model.flat, alone.model.flat)


def test_the_first_and_last_iteration_are_sampled_and_few_in_between():
    solver, sample_log = new_solver(num_iters=123), SampleLog(SEED)
    while not solver.finished:
        solver.step()
        sample_log(solver)
        sample_log(solver)  # a second call takes no second sample
    at = [entry.iteration for entry in sample_log.entries]
    assert at[0] == 1
    assert at[-1] == 123
    assert at == sorted(set(at))
    gaps = np.diff(at)[:-1]
    assert (gaps >= 20).all()
    assert (gaps <= 40).all()


def test_the_number_of_samples_is_bounded(monkeypatch):
    monkeypatch.setattr("dashboard.training.sample_log.SAMPLE_CHARS", 5)
    solver, sample_log = FakeSolver(), SampleLog(SEED)
    for solver.iteration in range(0, 200_000, 50):
        sample_log(solver)
        assert len(sample_log.entries) <= 60
    solver.iteration, solver.finished = 200_000, True
    sample_log(solver)
    at = [entry.iteration for entry in sample_log.entries]
    assert at[0] == 0  # the sample of the untrained network is kept
    assert at[-1] == 200_000
    assert at == sorted(set(at))
    assert len(at) >= 30


def test_a_restored_log_continues_at_its_last_entry():
    solver, sample_log = FakeSolver(), SampleLog(SEED)
    sample_log.restore([Entry(0, math.nan, "x"), Entry(500, 1.0, "y")])
    solver.iteration = 510  # too soon after the last sample
    sample_log(solver)
    assert len(sample_log.entries) == 2
    solver.iteration = 5000
    sample_log(solver)
    assert [entry.iteration for entry in sample_log.entries] == [0, 500, 5000]
    sample_log.restore([])
    solver.iteration = 1
    sample_log(solver)
    assert [entry.iteration for entry in sample_log.entries] == [1]


def test_a_pause_takes_a_sample_although_none_is_due():
    solver, sample_log = FakeSolver(), SampleLog(SEED)
    sample_log.before_pause(solver)
    assert sample_log.entries == []  # an untrained network is no result of a training
    for solver.iteration in (1_000, 1_001):
        sample_log(solver)
    sample_log.before_pause(solver)
    sample_log.before_pause(solver)
    assert [entry.iteration for entry in sample_log.entries] == [1_000, 1_001]
    solver.iteration = 1_100
    sample_log(solver)
    assert len(sample_log.entries) == 2  # the next one is due as if the last had been


def test_a_model_without_vocabulary_is_not_sampled():
    solver, sample_log = new_solver(vocab=None), SampleLog(SEED)
    sample_log(solver)
    solver.step()
    sample_log.before_pause(solver)
    assert sample_log.entries == []
