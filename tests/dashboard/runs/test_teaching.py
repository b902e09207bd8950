"""A run that teaches the network of another run a new text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dashboard.runs import exports
from dashboard.runs.index import Index
from dashboard.runs.teaching import describe_origin, teach, unknown_share
from dashboard.server import memory
from dashboard.settings import ModelSettings
from dashboard.text.loading import load
from rnncore import RnnCoreError
from tests.support.runs import MODEL, TRAIN, TrackedStore, advance, assert_same, small_run

NEW = load("Übung für 7 Katzen und 1 Hund: so geht es, immer weiter. ".encode() * 40, "übung.txt")
ORIGIN = "a network trained on cat.txt for 3 iterations"


@pytest.fixture
def store(tmp_path):
    store = TrackedStore(tmp_path)
    yield store
    store.close()


def taught(store: TrackedStore):
    run = teach(small_run(steps=3), NEW, MODEL, TRAIN)
    store.start_autosave(run)
    assert run.autosaver.save_now(), run.autosaver.problem
    return run


def test_a_taught_run_keeps_weights_and_moments_and_the_networks_sizes():
    old = small_run(steps=3)
    batches = ModelSettings(hidden_dim=99, cell_type="gru", seq_length=7, batch_size=2)
    run = teach(old, NEW, batches, TRAIN)
    assert run.model_settings == replace(MODEL, seq_length=7, batch_size=2)
    assert run.text.vocab == old.text.vocab.extended(NEW.vocab)
    assert run.text.preview(20) == NEW.preview(20)
    kept, own = run.solver.model.params, old.solver.model.params
    np.testing.assert_array_equal(kept["W_out"][:, : len(old.text.vocab)], own["W_out"])
    assert run.solver.optimizer.steps == 3
    advance(run, 2)
    assert old.solver.iteration == 3


def test_a_taught_run_resumes_exactly_from_disk(store):
    run = taught(store)
    advance(run, 4)
    assert run.autosaver.suspend()
    opened = store.open(run.id)
    assert_same(opened, run)
    assert opened.began_as == ORIGIN
    np.testing.assert_array_equal(opened.initial_model.flat, run.initial_model.flat)
    advance(run, 3), advance(opened, 3)
    assert_same(opened, run)


def test_the_list_and_the_report_name_the_first_network(store):
    run = taught(store)
    (row,) = Index(store.root).list_rows().rows
    assert row.began_as == ORIGIN
    assert f"Began as {ORIGIN}." in exports.report_html(run, [])


def test_the_origin_names_earlier_networks_and_stays_short():
    run = small_run(steps=3)
    assert describe_origin(run, 3) == ORIGIN
    run.began_as = "the model first.pkl"
    assert describe_origin(run, 3) == f"{ORIGIN}, which began as the model first.pkl"
    run.began_as = "a network " * 100
    assert len(describe_origin(run, 3)) == 300
    untrained = small_run()
    untrained.began_as = "the model first.pkl"
    assert describe_origin(untrained, 0) == "the model first.pkl"


def test_the_share_of_unknown_characters():
    text = load(b"The cat sat on the mat. ZZ" * 9, "z.txt")
    assert unknown_share(small_run(), text) == pytest.approx(2 / 26)


def test_a_network_that_would_need_too_much_memory_is_refused(monkeypatch):
    run = small_run(steps=1)
    monkeypatch.setattr(memory, "free", lambda: 1000)
    with pytest.raises(RnnCoreError, match="can be spared"):
        teach(run, NEW, MODEL, TRAIN)
