"""Diary: samples that differ only in what was learnt between them, and not too many."""

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


class Pretended:
    """A solver that is wherever a test says, without having trained."""

    def __init__(self) -> None:
        solver = new_solver()
        self.model, self.history, self.iteration, self.finished = (
            solver.model,
            solver.history,
            0,
            False,
        )


def test_entries_differ_only_in_what_was_learnt():
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
    assert sample_log.entries[1].loss == solver.history["loss"].mean()


def test_the_loss_is_of_the_last_fifty_iterations():
    solver, sample_log = new_solver(num_iters=80), SampleLog(SEED)
    solver.train(progress=False)
    sample_log(solver)
    assert sample_log.entries[0].loss == solver.history["loss"][30:].mean()


def test_it_leaves_training_as_it_was():
    watched, alone = new_solver(), new_solver()
    sample_log = SampleLog(SEED)
    while not watched.finished:
        watched.step()
        sample_log(watched)
        alone.step()
    np.testing.assert_array_equal(watched.model.flat, alone.model.flat)


def test_close_together_at_first_and_the_last_iteration_always():
    solver, sample_log = new_solver(num_iters=123), SampleLog(SEED)
    while not solver.finished:
        solver.step()
        sample_log(solver)
        sample_log(solver)  # looking twice writes once
    at = [entry.iteration for entry in sample_log.entries]
    assert at[0] == 1
    assert at[-1] == 123
    assert at == sorted(set(at))
    gaps = np.diff(at)[:-1]
    assert (gaps >= 20).all()
    assert (gaps <= 40).all()


def test_bounded_however_long_the_run(monkeypatch):
    monkeypatch.setattr("dashboard.training.sample_log.SAMPLE_CHARS", 5)
    solver, sample_log = Pretended(), SampleLog(SEED)
    for solver.iteration in range(0, 200_000, 50):
        sample_log(solver)
        assert len(sample_log.entries) <= 60
    solver.iteration, solver.finished = 200_000, True
    sample_log(solver)
    at = [entry.iteration for entry in sample_log.entries]
    assert at[0] == 0  # the untrained network stays
    assert at[-1] == 200_000
    assert at == sorted(set(at))
    assert len(at) >= 30


def test_restored_it_goes_on_where_it_was():
    solver, sample_log = Pretended(), SampleLog(SEED)
    sample_log.restore([Entry(0, math.nan, "x"), Entry(500, 1.0, "y")])
    solver.iteration = 510  # too soon after the last
    sample_log(solver)
    assert len(sample_log.entries) == 2
    solver.iteration = 5000
    sample_log(solver)
    assert [entry.iteration for entry in sample_log.entries] == [0, 500, 5000]
    sample_log.restore([])
    solver.iteration = 1
    sample_log(solver)
    assert [entry.iteration for entry in sample_log.entries] == [1]


def test_without_characters_there_is_nothing_to_read():
    solver, sample_log = new_solver(vocab=None), SampleLog(SEED)
    sample_log(solver)
    assert sample_log.entries == []
