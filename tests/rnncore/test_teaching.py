"""A trained network learns another text: what it knows stays, unknown characters are added."""

from __future__ import annotations

import io

import numpy as np
import pytest

from rnncore import CELLS, RNN, UPDATE_RULES, RnnCoreError, Solver, Vocab, load, save
from rnncore.gradcheck import check_gradients
from rnncore.network import MAX_VOCAB
from rnncore.teaching import teach, unknown_share
from tests.support import naive

OLD, NEW = "abcd " * 200, "abxyd éz" * 200
SIZES = {"seq_length": 10, "batch_size": 4, "num_iters": 40, "eval_every": 0}

every_cell = pytest.mark.parametrize("cell_type", sorted(CELLS))


def trained(cell_type="lstm", num_layers=2, steps=5, rule="adam", **changes) -> Solver:
    vocab = Vocab.from_text(OLD)
    model = RNN(len(vocab), vocab.idx_to_char, 3, 6, cell_type, num_layers, seed=3, **changes)
    solver = Solver(vocab.encode(OLD), model, update_rule=rule, **SIZES)
    for _ in range(steps):
        solver.step()
    return solver


def logits(model: RNN, ids: np.ndarray) -> np.ndarray:
    """Return the logits (T, V) after each of ``ids`` (T,), by the naive reference."""
    params, x = model.params, model.params["W_embed"][ids][:, None]
    for W, cell in zip(model.weights(model.flat), model.cells, strict=True):
        x, _, _ = naive.forward(model.cell_type, W, x, cell.initial_state(1))
    return x[:, 0] @ params["W_out"] + params["b_out"]


# -- the network ---------------------------------------------------------------------------------


@every_cell
def test_logits_of_known_characters_are_unchanged(cell_type):
    model = trained(cell_type, dtype="float64").model
    extended = model.extended(NEW)
    ids = model.vocab.encode("abcd dcba")
    np.testing.assert_array_equal(extended.vocab.encode("abcd dcba"), ids)
    after = logits(extended, ids)
    assert after.shape == (9, 5 + 4)
    np.testing.assert_array_equal(after[:, :5], logits(model, ids))


def test_new_characters_follow_the_known_ones_in_the_order_of_the_text():
    extended = trained().model.extended(NEW)
    assert extended.vocab.idx_to_char == (" ", "a", "b", "c", "d", "x", "y", "é", "z")
    assert extended.extended(NEW).vocab == extended.vocab


def test_new_rows_and_columns_have_the_distribution_of_a_new_network():
    V, D, H = 50, 40, 30
    chars = [chr(0x4E00 + i) for i in range(3 * V)]
    model = RNN(V, chars[:V], D, H, seed=1)
    fresh, extended = model.params, model.extended(chars).params
    rows, columns = extended["W_embed"][V:], extended["W_out"][:, V:]
    assert rows.std() == pytest.approx(1, abs=0.05)
    assert np.abs(columns).max() <= 1 / np.sqrt(H)
    assert columns.std() == pytest.approx(1 / np.sqrt(3 * H), rel=0.05)
    assert not extended["b_out"][V:].any()
    # They are not the initial values of other characters again.
    assert not np.isin(rows, fresh["W_embed"]).any()
    np.testing.assert_array_equal(rows, model.extended(chars).params["W_embed"][V:])


def test_the_trained_network_stays_as_it_is():
    solver = trained()
    before = solver.model.flat.copy()
    taught = teach(solver, NEW, **SIZES)
    taught.step()
    np.testing.assert_array_equal(solver.model.flat, before)


@every_cell
def test_gradients_of_an_extended_network(cell_type):
    model = trained(cell_type, 2, dtype="float64").model.extended(NEW)
    for check in check_gradients(model, np.random.default_rng(0)):
        assert check.error < 1e-7, check


def test_a_network_without_characters_cannot_be_extended():
    with pytest.raises(RnnCoreError, match="trained on numbers"):
        RNN(5, input_dim=2, hidden_dim=3).extended("abc")


def test_too_many_characters_are_refused_with_their_number():
    model = RNN(2, "ab", input_dim=1, hidden_dim=1)
    with pytest.raises(RnnCoreError, match=r"know 65,538 characters; at most 65,536"):
        model.extended(chr(0x10000 + i) for i in range(MAX_VOCAB))


# -- training ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", sorted(UPDATE_RULES))
def test_moments_are_kept_and_zero_for_new_characters(rule):
    solver = trained(rule=rule)
    taught = teach(solver, NEW, update_rule=rule, **SIZES)
    assert taught.iteration == 0
    assert taught.optimizer.steps == 5
    for name, moment in taught.optimizer.slots.items():
        new, old = taught.model.views(moment), solver.model.views(solver.optimizer.slots[name])
        for parameter in old:
            own = tuple(slice(n) for n in old[parameter].shape)
            np.testing.assert_array_equal(new[parameter][own], old[parameter])
        assert not new["W_embed"][5:].any()
        assert not new["W_out"][:, 5:].any()
        assert not new["b_out"][5:].any()


def test_another_update_rule_begins_without_moments():
    taught = teach(trained(), NEW, update_rule="rmsprop", **SIZES)
    assert taught.optimizer.steps == 0
    assert not any(slot.any() for slot in taught.optimizer.slots.values())


@every_cell
def test_a_taught_network_resumes_exactly(cell_type):
    taught = teach(trained(cell_type, dropout=0.2), NEW, **SIZES)
    for _ in range(3):
        taught.step()
    buffer = io.BytesIO()
    save(taught, buffer)
    resumed = load(buffer.getvalue())
    assert [taught.step() for _ in range(5)] == [resumed.step() for _ in range(5)]
    np.testing.assert_array_equal(taught.model.flat, resumed.model.flat)
    assert resumed.model.vocab == taught.model.vocab


def test_a_taught_network_needs_fewer_iterations_than_a_new_one():
    old = "the cat sat on the mat and the dog sat on the log. " * 40
    new = "the cat sat on the log and the fox sat on the box. " * 40
    vocab = Vocab.from_text(old)
    settings = SIZES | {"num_iters": 150}
    first = Solver(vocab.encode(old), RNN(len(vocab), vocab.idx_to_char, 8, 32), **settings)
    first.train()
    taught = teach(first, new, **settings)
    assert taught.model.vocab_dim == len(vocab) + 3  # f, x, b
    own = Vocab.from_text(new)
    fresh = Solver(own.encode(new), RNN(len(own), own.idx_to_char, 8, 32), **settings)
    for _ in range(30):
        taught.step(), fresh.step()
    assert taught.evaluate() < 0.7 * fresh.evaluate()


def test_the_share_of_unknown_characters():
    text = "aaab"
    vocab = Vocab.from_text(text)
    ids = vocab.encode(text)
    assert unknown_share(Vocab("b"), vocab, ids) == 0.75
    assert unknown_share(Vocab("abc"), vocab, ids) == 0
