"""Gates, gradients and temperatures against the network that they are measured on."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.analysis import network_internals
from dashboard.analysis.network_internals import (
    apply_temperature,
    compare_temperatures,
    compute_gates,
    matrix_shapes,
    measure_gradient_reach,
    train_small_network,
)
from rnncore import CELLS, RNN, Sampler, Vocab
from rnncore.errors import RnnCoreError, VocabError

TEXT = "the cat sat on the mat, and the rat sat on the cat. so it goes, on and on.\n" * 12


@pytest.fixture(scope="module")
def lstm() -> RNN:
    return train_small_network(TEXT, iterations=100)


# -- gates --------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell_type", CELLS)
def test_each_layer_has_the_states_of_its_cells_forward_pass(cell_type: str) -> None:
    vocab, text = Vocab.from_text(TEXT), TEXT[:40]
    model = RNN(len(vocab), vocab.idx_to_char, 3, 5, cell_type, num_layers=2, seed=1)
    x = model.params["W_embed"][vocab.encode(text)][:, None]
    for layer, cell in enumerate(model.cells):
        state = cell.initial_state(1)
        W = model.weights(model.flat)[layer]
        x = cell.forward(W, x, state, cell.new_buffers(1, len(text))).copy()
        shown = compute_gates(model, text, layer)
        assert shown.chars == tuple(text)
        assert set(shown.values) == set(cell.parts)
        np.testing.assert_allclose(shown.values["h"], x[:, 0], atol=1e-6)
        last = [shown.values[part][-1] for part in cell.state_parts]
        np.testing.assert_allclose(last, state[:, 0], atol=1e-6)


def test_an_lstms_gates_follow_its_equations(lstm: RNN) -> None:
    shown = compute_gates(lstm, "the cat").values
    c = np.zeros(lstm.hidden_dim)
    for i, f, o, g, now, h in zip(*(shown[name] for name in "ifogch"), strict=True):
        c = f * c + i * g
        np.testing.assert_allclose(now, c, atol=1e-5)
        np.testing.assert_allclose(h, o * np.tanh(c), atol=1e-5)
    assert all(shown[name].min() >= 0 and shown[name].max() <= 1 for name in "ifo")


def test_unreadable_texts_have_no_gates(lstm: RNN) -> None:
    with pytest.raises(RnnCoreError, match="text"):
        compute_gates(lstm, "")
    with pytest.raises(RnnCoreError, match="text"):
        compute_gates(RNN(4, None), "the")
    with pytest.raises(VocabError, match="Z"):
        compute_gates(lstm, "Z")
    with pytest.raises(RnnCoreError, match="layer"):
        compute_gates(lstm, "the", 1)


@pytest.mark.parametrize("cell_type", CELLS)
def test_the_matrices_hold_all_parameters(cell_type: str) -> None:
    model = RNN(7, None, 3, 5, cell_type, num_layers=2)
    shapes = matrix_shapes(model)
    assert list(shapes) == ["Embedding", "Layer 1", "Layer 2", "Output"]
    assert sum(height * width for height, width in shapes.values()) == model.num_params


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
