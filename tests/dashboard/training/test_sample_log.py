"""Diary: samples that differ only in what was learnt between them, and not too many."""

from __future__ import annotations

import math

import numpy as np

from dashboard.training.sample_log import SAMPLE_CHARS, Diary, Entry
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
    solver, diary = new_solver(), Diary(SEED, temperature=0.7, random_seed=3)
    diary(solver)
    untrained = Sampler(solver.model).sample(SEED, SAMPLE_CHARS, 0.7, seed=3)
    solver.train(progress=False)
    diary(solver)
    trained = Sampler(solver.model).sample(SEED, SAMPLE_CHARS, 0.7, seed=3)
    assert [entry.text for entry in diary.entries] == [untrained, trained]
    assert untrained != trained
    assert [entry.iteration for entry in diary.entries] == [0, 30]
    assert math.isnan(diary.entries[0].loss)
    assert diary.entries[1].loss == solver.history["loss"].mean()


def test_the_loss_is_of_the_last_fifty_iterations():
    solver, diary = new_solver(num_iters=80), Diary(SEED)
    solver.train(progress=False)
    diary(solver)
    assert diary.entries[0].loss == solver.history["loss"][30:].mean()


def test_it_leaves_training_as_it_was():
    watched, alone = new_solver(), new_solver()
    diary = Diary(SEED)
    while not watched.finished:
        watched.step()
        diary(watched)
        alone.step()
    np.testing.assert_array_equal(watched.model.flat, alone.model.flat)


def test_close_together_at_first_and_the_last_iteration_always():
    solver, diary = new_solver(num_iters=123), Diary(SEED)
    while not solver.finished:
        solver.step()
        diary(solver)
        diary(solver)  # looking twice writes once
    at = [entry.iteration for entry in diary.entries]
    assert at[0] == 1
    assert at[-1] == 123
    assert at == sorted(set(at))
    gaps = np.diff(at)[:-1]
    assert (gaps >= 20).all()
    assert (gaps <= 40).all()


def test_bounded_however_long_the_run(monkeypatch):
    monkeypatch.setattr("dashboard.training.sample_log.SAMPLE_CHARS", 5)
    solver, diary = Pretended(), Diary(SEED)
    for solver.iteration in range(0, 200_000, 50):
        diary(solver)
        assert len(diary.entries) <= 60
    solver.iteration, solver.finished = 200_000, True
    diary(solver)
    at = [entry.iteration for entry in diary.entries]
    assert at[0] == 0  # the untrained network stays
    assert at[-1] == 200_000
    assert at == sorted(set(at))
    assert len(at) >= 30


def test_restored_it_goes_on_where_it_was():
    solver, diary = Pretended(), Diary(SEED)
    diary.restore([Entry(0, math.nan, "x"), Entry(500, 1.0, "y")])
    solver.iteration = 510  # too soon after the last
    diary(solver)
    assert len(diary.entries) == 2
    solver.iteration = 5000
    diary(solver)
    assert [entry.iteration for entry in diary.entries] == [0, 500, 5000]
    diary.restore([])
    solver.iteration = 1
    diary(solver)
    assert [entry.iteration for entry in diary.entries] == [1]


def test_without_characters_there_is_nothing_to_read():
    solver, diary = new_solver(vocab=None), Diary(SEED)
    diary(solver)
    assert diary.entries == []
