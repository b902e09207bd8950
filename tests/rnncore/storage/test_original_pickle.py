"""Models of the original program give the same output here as there."""

from __future__ import annotations

import pickle
import tracemalloc

import numpy as np
import pytest
import RNNs

from rnncore import RNN, Solver
from rnncore.errors import FileFormatError
from rnncore.storage.model_pickle import read_model
from tests.support.pickled import CHARS, ORIGINAL, old_numpy, original


def logits(model: RNN, ids: np.ndarray) -> np.ndarray:
    p, x = model.params, model.params["W_embed"][ids][:, None]
    for cell, W in zip(model.cells, model.weights(model.flat), strict=True):
        x = cell.forward(W, x, cell.initial_state(1), cell.new_buffers(1, len(ids)))
    return x[:, 0] @ p["W_out"] + p["b_out"]


@pytest.mark.parametrize("write", [3, 4, 5, "old numpy"])
@pytest.mark.parametrize("cell_type", ["lstm", "vanilla"])
@pytest.mark.parametrize("kind", ["one", "equal", "narrower", "wider"])
def test_an_original_model_gives_the_same_output(kind, cell_type, write):
    theirs = original(kind, cell_type)
    raw = pickle.dumps(theirs, protocol=3 if write == "old numpy" else write)
    ours = read_model(old_numpy(raw) if write == "old numpy" else raw)
    ids = np.random.default_rng(2).integers(0, 7, 30)
    assert str(ours.dtype) == "float64"
    np.testing.assert_allclose(logits(ours, ids), theirs.logits(ids), rtol=1e-10, atol=1e-12)
    assert ours.vocab.decode(ids) == "".join(CHARS[i] for i in ids)


def test_the_pickles_of_old_numpy_have_its_names():
    assert b"numpy.core.multiarray\n_reconstruct" in old_numpy(ORIGINAL)
    assert b"K\x00K\x01\x87" in old_numpy(ORIGINAL)
    assert old_numpy(ORIGINAL) != ORIGINAL


def test_an_array_in_column_order_is_read_in_that_order():
    theirs = original("one", "lstm")
    for name, value in theirs.params.items():
        theirs.params[name] = np.asfortranarray(value)
    ids = np.arange(7)
    for protocol in (3, 4, 5):
        ours = read_model(pickle.dumps(theirs, protocol=protocol))
        np.testing.assert_allclose(logits(ours, ids), theirs.logits(ids), rtol=1e-10)


@pytest.mark.parametrize("rule", ["sgd", "adam", "adamw", "rmsprop"])
@pytest.mark.parametrize("cell_type", ["lstm", "vanilla"])
def test_padded_units_stay_zero_in_training(cell_type, rule):
    model = read_model(pickle.dumps(original("narrower", cell_type)))
    ids = np.random.default_rng(0).integers(0, 7, 300)
    Solver(ids, model, 8, 4, lr=0.05, update_rule=rule, num_iters=20).train(progress=False)
    H, used = 6, 4
    assert not model.params["W_out"][used:].any()
    assert not model.params["Wh2"][used:].any()
    assert not model.params["Wx2"].reshape(H, -1, H)[:, :, used:].any()
    assert not model.params["b2"].reshape(-1, H)[:, used:].any()
    assert model.params["W_out"][:used].any()


def changed(kind: str = "equal", **attributes):
    """A pickle of an original model with other attributes, or other arrays."""
    theirs = original(kind, "lstm")
    for name, value in attributes.items():
        table = theirs.params if name in theirs.params else theirs.__dict__
        table[name] = value
    return pickle.dumps(theirs, protocol=4)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (changed(cell_type="gru"), "cell_type is 'gru'"),
        (changed(cell_type=None), "cell_type is None"),
        (changed(hidden_dim=7), "call for"),
        (changed(kind="wider", H2=5), "call for"),
        (changed(H2=10**9), "H2 is 1000000000; .* 4,096"),
        (changed(vocab_dim=7.0), "vocab_dim is 7.0"),
        (changed(idx_to_char={0: "a"}), "idx_to_char"),
        (changed(idx_to_char=dict.fromkeys(range(7), "a")), "twice"),
        (changed(idx_to_char={i: f"word{i}" for i in range(7)}), "'word0'"),
        (changed(params={}), r"parameters \[\]"),
        (changed(params=None), "no params"),
        (changed(b=np.full(24, np.nan)), "b holds 24 values that are not finite"),
        (changed(b=np.zeros(24, "f4")), "b in the file is <f4"),
        (changed(b=np.zeros(24, "i8")), "b is of type '<i8'"),
        (changed(b=None), "b in the file is not an array"),
        (changed(kind="wider", b=np.full(12, np.inf)), "not finite"),
    ],
)
def test_an_inconsistent_original_model_is_refused(raw, message):
    with pytest.raises(FileFormatError, match=message):
        read_model(raw)


def test_a_file_is_checked_before_its_layers_are_padded():
    """Padding a first layer of one unit to 400 takes as much memory as the whole file."""
    theirs = RNNs.TwoHiddenLayerRNN(7, dict.fromkeys(range(7), "a"), 2, 1, 400, "lstm")
    raw = pickle.dumps(theirs, protocol=4)
    tracemalloc.start()
    try:
        with pytest.raises(FileFormatError, match="twice"):
            read_model(raw)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < len(raw) / 4
