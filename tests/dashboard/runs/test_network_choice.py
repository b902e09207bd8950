"""The best and the latest network of a run."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from dashboard.runs import exports
from dashboard.runs.network_choice import BEST, LATEST, copy_network, default, options
from dashboard.runs.run import new_run
from dashboard.runs.teaching import teach
from dashboard.settings import ModelSettings, TrainSettings
from dashboard.text.loading import load
from tests.support.runs import TEXT, TrackedStore, advance, assert_same, small_run

# Noise: the network can only learn the training part by heart.
NOISE = "".join(np.random.default_rng(0).choice(list("abcd"), 400))
SETTINGS = ModelSettings(
    hidden_dim=32, input_dim=4, seq_length=20, batch_size=4, val_fraction=0.2, seed=1
)
TRAIN = TrainSettings(num_iters=1_000, eval_every=10, schedule="constant")


def overfitted():
    """Return a run whose validation loss has risen clearly."""
    run = new_run(load(NOISE.encode(), "noise.txt"), SETTINGS, TRAIN)
    advance(run, 150)
    return run


@pytest.fixture(scope="module")
def run():
    return overfitted()


def test_both_networks_are_named_with_their_iterations(run):
    at = run.solver.best.iteration
    assert 0 < at < 100
    assert options(run) == {BEST: f"Best (iteration {at})", LATEST: "Latest"}


def test_the_default_is_the_best_once_validation_has_risen_clearly(run):
    assert default(run) == BEST
    assert default(small_run(steps=3)) == LATEST


def test_there_is_no_choice_before_a_validation_and_right_after_the_best():
    assert options(small_run(steps=3)) == {}
    run = new_run(TEXT, SETTINGS, TRAIN)
    advance(run, 10)
    assert run.solver.best.iteration == 10
    assert options(run) == {}
    advance(run, 1)
    assert list(options(run)) == [BEST, LATEST]
    assert default(run) == LATEST


def test_copies_are_of_the_chosen_network(run):
    best, at = copy_network(run, BEST)
    assert at == run.solver.best.iteration
    np.testing.assert_array_equal(best.flat, run.solver.best.flat)
    latest, at = copy_network(run, LATEST)
    assert at == 150
    np.testing.assert_array_equal(latest.flat, run.solver.model.flat)
    best.flat[:] = 0
    assert run.solver.best.flat.any()
    assert copy_network(small_run(steps=2), BEST)[1] == 2  # it has no best network


def test_downloads_hold_the_chosen_network(run):
    for which in (BEST, LATEST, BEST):  # the ready file is not that of the other choice
        expected = copy_network(run, which)[0].flat
        for raw in (exports.model_pickle(run, which), exports.ready_model_pickle(run, which)):
            np.testing.assert_array_equal(pickle.loads(raw).flat, expected)
    size = len(exports.checkpoint_npz(run))
    assert exports.checkpoint_bytes(run) == pytest.approx(size, rel=0.3)


def test_the_best_network_survives_saving_and_a_restart(tmp_path):
    run, store = overfitted(), TrackedStore(tmp_path)
    store.start_autosave(run)
    assert run.autosaver.suspend()
    opened = store.open(run.id)
    assert opened.solver.best.iteration == run.solver.best.iteration
    assert_same(opened, run)
    assert default(opened) == BEST
    store.close()


def test_a_run_can_start_from_the_best_network(run):
    started = teach(run, run.text, SETTINGS, TRAIN, BEST)
    np.testing.assert_array_equal(started.solver.model.flat, run.solver.best.flat)
    # The moments are those of the latest network.
    assert started.solver.optimizer.steps == 0
    at = run.solver.best.iteration
    assert started.began_as == f"a network trained on noise.txt for {at} iterations"
