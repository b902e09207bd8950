"""Figures of each layer at validations, however batches are computed, in a bounded number."""

from __future__ import annotations

import numpy as np
import pytest

from rnncore import CELLS, RNN, Solver, inspect, layer_table
from rnncore.compute import worker_pool
from rnncore.layer_table import LayerTable
from tests.support.saved_runs import IDS, VOCAB

CHUNK = slice(200, 250)  # of each validation stream, whose gates are measured


@pytest.fixture(params=["one shard", "threads", "processes"])
def shards(request, monkeypatch):
    """Let each batch be computed in one of three ways."""
    if request.param == "processes" and not worker_pool.is_enabled():
        pytest.skip("no worker processes on this system")
    count = 1 if request.param == "one shard" else 2
    monkeypatch.setattr("rnncore.batch_pass.choose_shard_count", lambda P, N, T, w: count)
    if request.param == "threads":
        monkeypatch.setenv(worker_pool.PROCESSES_VARIABLE, "0")
    return count


def train(cell_type="lstm"):
    """Return a solver after two iterations and a validation of eight streams."""
    ids = np.tile(IDS, 12)
    model = RNN(len(VOCAB), VOCAB.idx_to_char, 3, 5, cell_type, 2, seed=5)
    model.flat *= 3  # so that some gates are saturated
    solver = Solver(ids, model, 12, 8, num_iters=40, val_fraction=0.5, eval_every=2, clip=0.01)
    solver.step()
    solver.step()
    return solver


def check_figures(solver):
    """Compare all figures with those that are computed in another way."""
    layers, model = solver.history.layers, solver.model
    assert layers["iteration"].tolist() == [2]
    norms = [layers[f"gradient {name}"][0] for name in ("embedding", "1", "2", "output")]
    total = solver.history.last("grad_norm")
    assert total > solver.clip, "measured before clipping"
    assert np.linalg.norm(norms) == pytest.approx(total, rel=1e-5)
    assert min(norms) > 0
    second = np.concatenate([model.params[name].ravel() for name in ("Wx2", "Wh2", "b2")])
    assert layers["weights 2"][0] == pytest.approx(np.linalg.norm(second), rel=1e-5)
    embedding = np.linalg.norm(model.params["W_embed"])
    assert layers["weights embedding"][0] == pytest.approx(embedding, rel=1e-5)
    length = (len(solver.val_ids) - 1) // 8
    streams = [solver.val_ids[n * length :][: CHUNK.stop] for n in range(4)]
    for k, gate in enumerate(gates := [g for g in model.cells[0].gates if g in "iforz"]):
        values = [inspect.activations(model, ids, gates)[CHUNK, :, k] for ids in streams]
        for layer in range(2):
            near = inspect.saturation(np.concatenate(values)[:, layer])
            assert layers[f"near_0 {layer + 1} {gate}"][0] == pytest.approx(near[0], abs=0.002)
            assert layers[f"near_1 {layer + 1} {gate}"][0] == pytest.approx(near[1], abs=0.002)
            assert sum(near) > 0.01
    assert len(layers.names) == 1 + 2 * 4 + 2 * 2 * len(gates)


def test_a_validation_measures_each_layer_however_the_batch_is_computed(shards):
    solver = train()
    assert len(solver._buffers.shards) == shards
    check_figures(solver)


@pytest.mark.parametrize("cell_type", sorted(set(CELLS) - {"lstm"}))
def test_a_validation_measures_each_layer_of_every_cell(cell_type):
    check_figures(train(cell_type))


def test_a_short_held_out_text_and_none_are_measured_too():
    model = RNN(len(VOCAB), VOCAB.idx_to_char, 3, 4)
    short = Solver(IDS[:120], model, 4, 2, val_fraction=0.2, eval_every=1)
    short.step()
    assert 0 <= short.history.layers["near_0 1 f"][0] <= 1
    none = Solver(IDS[:120], model, 4, 2, val_fraction=0.0, eval_every=1)
    none.step()
    assert len(none.history.layers) == 1
    assert "near_0 1 f" not in none.history.layers.names


def test_a_full_table_keeps_the_first_the_newest_and_every_second_of_the_others():
    table = LayerTable()
    for i in range(1, 1200):
        table = table.extended(i, {"a": i / 2, "b": 1.0})
    at = table["iteration"]
    assert len(at) <= layer_table.MAX_COLUMNS
    assert at[-1] == 1199
    assert at[0] == 1
    assert (np.diff(at) > 0).all()
    np.testing.assert_array_equal(table["a"], at / 2)


def test_a_table_begins_anew_with_other_names_and_keeps_finite_figures_only():
    table = LayerTable().extended(1, {"a": 1.0})
    assert table.extended(2, {"a": float("nan")}) is table
    assert table.extended(2, {"b": 3.0}).values.tolist() == [[2], [3]]


@pytest.mark.parametrize("num_layers", [1, 8])
def test_a_full_table_takes_less_than_estimated(num_layers):
    model = RNN(4, None, 3, 4, num_layers=num_layers)
    solver = Solver(np.arange(200) % 4, model, 4, 2, eval_every=1)
    solver.step()
    rows = len(solver.history.layers.values)
    assert rows <= layer_table.MAX_NAMES
    full = rows * layer_table.MAX_COLUMNS * 8
    assert full < layer_table.estimate_bytes(num_layers) <= 2 * full
    assert full < 3e5
