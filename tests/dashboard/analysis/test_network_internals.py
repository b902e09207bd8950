"""Gates, gradients and temperatures against the network that they are measured on."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.analysis import network_internals
from dashboard.analysis.network_internals import (
    apply_temperature,
    compare_temperatures,
    compute_gates,
    measure_gradient_reach,
    train_small_network,
)
from rnncore import CELLS, RNN, Sampler
from rnncore.errors import RnnCoreError, VocabError

TEXT = "the cat sat on the mat, and the rat sat on the cat. so it goes, on and on.\n" * 12


@pytest.fixture(scope="module")
def lstm() -> RNN:
    return train_small_network(TEXT, iterations=100)


# -- gates --------------------------------------------------------------------------------------


def test_states_equal_those_of_the_cells_forward_pass(lstm: RNN) -> None:
    text = TEXT[:40]
    shown = compute_gates(lstm, text)
    assert lstm.vocab is not None
    x = lstm.params["W_embed"][lstm.vocab.encode(text)][:, None]
    cell = lstm.cells[0]
    state = cell.initial_state(1)
    h = cell.forward(lstm.weights(lstm.flat)[0], x, state, cell.new_buffers(1, len(text)))
    np.testing.assert_allclose(shown.hidden, h[:, 0], atol=1e-5)
    np.testing.assert_allclose(shown.cell[-1], state[1, 0], atol=1e-4)


def test_gates_have_the_cells_names_shapes_and_ranges(lstm: RNN) -> None:
    shown = compute_gates(lstm, "the cat")
    assert shown.chars == tuple("the cat")
    assert tuple(shown.gates) == CELLS["lstm"].gates
    for name, values in shown.gates.items():
        assert values.shape == (7, lstm.hidden_dim)
        assert values.min() >= (-1 if name == "g" else 0)
        assert values.max() <= 1


def test_open_forget_gates_keep_the_initial_zero_state() -> None:
    model = train_small_network(TEXT, hidden_dim=4, iterations=0)
    model.params["b"][:4] = -100  # input gates shut
    model.params["b"][4:8] = 100  # forget gates open
    assert not compute_gates(model, "the cat").cell.any()


def test_gates_of_other_cells_and_of_unreadable_texts_are_refused(lstm: RNN) -> None:
    with pytest.raises(RnnCoreError, match="gru"):
        compute_gates(train_small_network(TEXT, "gru", iterations=0), "the")
    with pytest.raises(RnnCoreError, match="text"):
        compute_gates(lstm, "")
    with pytest.raises(VocabError, match="Z"):
        compute_gates(lstm, "Z")


# -- gradients back in time ----------------------------------------------------------------------


def numeric_norm(model: RNN, ids: np.ndarray, back: int) -> float:
    """Return the gradient's norm by central differences on the state ``back`` steps before."""
    first = len(ids) - 1 - back
    state = model.initial_state(1)
    model.evaluate(ids[None, :first], ids[None, 1 : first + 1], state)

    def last_loss(moved: np.ndarray) -> float:
        tail = [moved.copy()]
        if back > 1:  # the steps between only carry the state
            model.evaluate(ids[None, first:-2], ids[None, first + 1 : -1], tail)
        return model.evaluate(ids[None, -2:-1], ids[None, -1:], tail)

    slopes = []
    for place in np.ndindex(state[0].shape):
        step = np.zeros_like(state[0])
        step[place] = 1e-5
        slopes.append((last_loss(state[0] + step) - last_loss(state[0] - step)) / 2e-5)
    return float(np.linalg.norm(slopes))


@pytest.mark.parametrize("cell_type", CELLS)
def test_gradient_reach_equals_finite_differences(
    cell_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network_internals, "SEQUENCES", 1)
    model = RNN(6, None, 3, 4, cell_type, dtype="float64", seed=1)
    model.params["W_out"][...] *= 10
    ids = np.random.default_rng(0).integers(0, 6, 10)
    reach = measure_gradient_reach(model, ids, steps=8)
    numeric = np.array([numeric_norm(model, ids, back) for back in (1, 2, 5, 8)])
    np.testing.assert_allclose(
        reach.norm[[1, 2, 5, 8]] / reach.norm[1], numeric / numeric[0], rtol=1e-5
    )


def reach_at_start(cell_type: str, steps: int = 40, **settings: float) -> np.ndarray:
    model = train_small_network(TEXT, cell_type, iterations=0, **settings)  # type: ignore[arg-type]
    assert model.vocab is not None
    reach = measure_gradient_reach(model, model.vocab.encode(TEXT), steps)
    assert list(reach.steps) == list(range(steps + 1))
    assert reach.norm[0] == 1
    return reach.norm


def test_vanilla_gradients_vanish_and_open_forget_gates_keep_them() -> None:
    assert reach_at_start("vanilla")[40] < 0.1
    assert reach_at_start("vanilla", recurrent_scale=0.5)[40] < 1e-12
    shut, usual, open_ = (reach_at_start("lstm", forget_bias=b)[40] for b in (-3, 1, 5))
    assert shut < 1e-3 * usual
    assert usual < open_
    assert open_ > 0.1


def test_gradients_can_explode() -> None:
    # Without input and near zero tanh is the identity: each step multiplies by the scale.
    model = train_small_network(TEXT, "vanilla", iterations=0, recurrent_scale=1.5)
    model.params["W_embed"][...] = 0
    assert model.vocab is not None
    reach = measure_gradient_reach(model, model.vocab.encode(TEXT), 10)
    np.testing.assert_allclose(reach.norm, 1.5**reach.steps, rtol=1e-5)
    assert reach.half_life is None


def test_half_life_is_the_first_step_with_less_than_half() -> None:
    model = RNN(4, None, 2, 3, "vanilla", seed=0)
    model.params["Wh"][...] = 0
    ids = np.arange(20) % 4
    assert measure_gradient_reach(model, ids, 5).half_life == 1
    assert network_internals.Reach(np.arange(3), np.array([1, 0.9, 0.8])).half_life is None


def test_gradient_reach_refuses_more_layers_and_short_texts(lstm: RNN) -> None:
    with pytest.raises(RnnCoreError, match="2 layers"):
        measure_gradient_reach(RNN(4, None, 2, 3, num_layers=2), np.arange(100) % 4)
    with pytest.raises(RnnCoreError, match="62"):
        measure_gradient_reach(lstm, np.zeros(61, int))


# -- temperature ------------------------------------------------------------------------------


def test_temperature_divides_the_logits() -> None:
    logits = np.random.default_rng(0).standard_normal(7)
    p = np.exp(logits) / np.exp(logits).sum()
    for temperature in (0.3, 1.0, 2.0):
        expected = np.exp(logits / temperature)
        np.testing.assert_allclose(apply_temperature(p, temperature), expected / expected.sum())
    assert apply_temperature(p, 0).tolist() == (logits == logits.max()).astype(float).tolist()
    assert apply_temperature(np.array([0.0, 0.25, 0.75]), 0.5).tolist() == pytest.approx(
        [0, 0.1, 0.9]
    )


def test_higher_temperatures_have_more_entropy(lstm: RNN) -> None:
    shown = compare_temperatures(lstm, "the ", (0.0, 0.5, 1.0, 2.0), top=5)
    p = Sampler(lstm).next_probabilities("the ")
    assert lstm.vocab is not None
    assert shown.chars == tuple(lstm.vocab.idx_to_char[i] for i in np.argsort(-p)[:5])
    np.testing.assert_allclose(shown.probabilities[2], np.sort(p)[::-1][:5])
    assert shown.probabilities[0].tolist() == [1, 0, 0, 0, 0]
    assert list(shown.entropy) == sorted(shown.entropy)
    assert shown.entropy[0] == 0
    assert shown.entropy[-1] < np.log(len(p))


def test_negative_temperatures_and_models_without_characters_are_refused(lstm: RNN) -> None:
    with pytest.raises(RnnCoreError, match="temperature"):
        compare_temperatures(lstm, "the", (-1.0,))
    with pytest.raises(RnnCoreError, match="characters"):
        compare_temperatures(RNN(4, None), "the")


# -- the network ------------------------------------------------------------------------------


def test_the_small_network_learns_and_is_reproducible() -> None:
    first, second = (train_small_network(TEXT, iterations=30) for _ in range(2))
    np.testing.assert_array_equal(first.flat, second.flat)
    assert first.vocab is not None
    ids = first.vocab.encode(TEXT)[None, :300]
    fresh = train_small_network(TEXT, iterations=0)

    def loss(model: RNN) -> float:
        return model.evaluate(ids[:, :-1], ids[:, 1:], model.initial_state(1))

    assert loss(first) < 0.9 * loss(fresh)
