"""What rnncore.inspect computes with a network, compared with step-by-step versions."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest

from rnncore import CELLS, RNN, inspect
from rnncore.errors import SettingError
from rnncore.inspect import gradient_reach, predictions, unit_values
from tests.rnncore.inspect.networks import H, T, V, network, random_ids
from tests.support import naive

pytestmark = pytest.mark.alone

every_cell = pytest.mark.parametrize("cell_type", sorted(CELLS))
CLOSE = {"rtol": 2e-4, "atol": 2e-5}  # float32 beside float64


@pytest.fixture(autouse=True)
def short_blocks(monkeypatch):
    """Let each text take several blocks, the last one shorter."""
    monkeypatch.setattr(predictions, "STEPS", 8)
    monkeypatch.setattr(unit_values, "STEPS", 8)
    monkeypatch.setattr(gradient_reach, "_VALUES", 5 * 4 * H)


@every_cell
def test_activations_are_those_of_the_equations(cell_type):
    model, ids = network(cell_type), random_ids()
    parts, done = model.cells[0].parts, []
    values = inspect.activations(model, ids, parts, progress=done.append)
    assert values.shape == (T, 2, len(parts), H)
    assert values.dtype == np.float32
    layers, _ = naive.run_network(model, ids)
    for layer in range(2):
        for k, name in enumerate(parts):
            np.testing.assert_allclose(values[:, layer, k], layers[layer][name], **CLOSE)
    assert done == [8, 16, 24, 25]


@every_cell
def test_a_text_in_two_parts_has_the_activations_of_the_whole(cell_type):
    model, ids = network(cell_type), random_ids()
    whole = inspect.activations(model, ids)
    state = inspect.state_after(model, ids[:10])
    np.testing.assert_allclose(
        inspect.activations(model, ids[10:], state=state), whole[10:], **CLOSE
    )


@every_cell
def test_surprise_is_the_cost_in_bits_and_its_mean_the_loss(cell_type):
    model, ids = network(cell_type), random_ids()
    _, log_p = naive.run_network(model, ids)
    found = inspect.predict(model, ids, k=3)
    expected = -log_p[np.arange(T - 1), ids[1:]] / np.log(2)
    np.testing.assert_allclose(found.bits[1:], expected, **CLOSE)
    assert np.isnan(found.bits[0])
    loss = model.evaluate(ids[None, :-1], ids[None, 1:], model.initial_state(1)) / (T - 1)
    assert found.mean * np.log(2) == pytest.approx(loss, rel=1e-5)
    likely = np.argsort(-log_p[:-1], axis=1)[:, :3]
    np.testing.assert_array_equal(found.ids[1:], likely)
    p = np.exp(np.take_along_axis(log_p[:-1], likely, axis=1))
    np.testing.assert_allclose(found.probabilities[1:], p, **CLOSE)
    np.testing.assert_array_equal(inspect.surprise(model, ids), found.bits)


def test_texts_of_no_and_of_one_character_cost_nothing_known():
    model = network("lstm")
    assert inspect.surprise(model, random_ids(0)).shape == (0,)
    assert np.isnan(inspect.mean_bits(inspect.surprise(model, random_ids(1))))


def test_a_moving_average_is_the_mean_of_the_last_values():
    bits = np.array([np.nan, 1, 2, 6, np.nan, 4])
    averages = inspect.moving_average(bits, 3)
    np.testing.assert_allclose(averages, [np.nan, 1, 1.5, 3, 4, 5])


@every_cell
def test_reach_is_the_gradient_of_the_surprise(cell_type):
    """Compared with differences of the surprise when an embedded character changes a little."""
    model, ids, at = network(cell_type, dtype="float64"), random_ids(12), 9
    x, eps = model.params["W_embed"][ids[:at]].copy(), 1e-6
    gradient = np.empty_like(x)
    for place in np.ndindex(*x.shape):
        costs = []
        for sign in (1, -1):
            moved = x.copy()
            moved[place] += sign * eps
            _, log_p = naive.run_network(model, ids[:at], x=moved)
            costs.append(-log_p[-1, ids[at]] / np.log(2))
        gradient[place] = (costs[0] - costs[1]) / (2 * eps)
    expected = np.linalg.norm(gradient, axis=1)
    np.testing.assert_allclose(inspect.reach(model, ids, at), expected, rtol=1e-5, atol=1e-8)
    cut = inspect.reach(model, ids, at, window=4)
    assert not cut[:5].any()
    np.testing.assert_allclose(cut[5:], expected[5:], rtol=1e-5, atol=1e-8)


def test_mean_reach_by_distance_is_the_mean_of_single_reaches():
    model, ids = network("lstm", dtype="float64"), random_ids(60)
    found = inspect.reach_by_distance(model, ids, window=5, count=11, seed=3)
    places = np.random.default_rng(3).integers(5, 60, 11)
    single = [inspect.reach(model, ids[at - 5 : at + 1], 5)[::-1] for at in places]
    np.testing.assert_allclose(found, np.mean(single, axis=0), rtol=1e-9)


@every_cell
@pytest.mark.parametrize("value", [0.0, 0.4, -2.0])
def test_a_patched_network_reads_the_fixed_value(cell_type, value):
    """Units of both layers are fixed; the whole prediction is that of the equations."""
    model, ids = network(cell_type), random_ids()
    before = model.flat.copy()
    fixed = {(0, 2): value, (0, 3): 0.0, (1, 5): value}
    _, log_p = naive.run_network(model, ids, fixed)
    bits = inspect.surprise(inspect.patched(model, fixed), ids)
    np.testing.assert_allclose(bits[1:], -log_p[np.arange(T - 1), ids[1:]] / np.log(2), **CLOSE)
    np.testing.assert_array_equal(model.flat, before)


def test_silenced_units_no_longer_matter():
    model, ids = network("gru", 1), random_ids()
    silent = inspect.silenced(model, range(H))
    _, log_p = naive.run_network(silent, ids)
    np.testing.assert_allclose(np.ptp(log_p, axis=0), 0, atol=1e-6)
    assert len(silent.sample("a", T=5, seed=0)) == 5


@every_cell
def test_the_gradient_check_passes_and_catches_a_wrong_sign(cell_type):
    model, ids = network(cell_type), random_ids()
    found = inspect.check_network(model, ids, count=6)
    assert [check.name for check in found] == list(model.params)
    assert all(check.correct for check in found), {c.name: c.error for c in found}
    assert {len(check.places) for check in found} == {6}
    wrong = [
        c.name for c in inspect.check_network(model, ids, count=6, flipped="Wh") if not c.correct
    ]
    assert wrong == ["Wh"]


def test_components_keep_the_distances_and_the_order_of_the_variance():
    rng = np.random.default_rng(0)
    plane = rng.standard_normal((9, 2)) * [3, 1]
    turned = plane @ np.linalg.qr(rng.standard_normal((5, 5)))[0][:2] + 7
    found = inspect.components(turned)
    assert found.shares.sum() == pytest.approx(1)
    assert found.shares[0] > found.shares[1]
    distances = [np.linalg.norm(p[:, None] - p[None], axis=2) for p in (found.places, plane)]
    np.testing.assert_allclose(*distances, atol=1e-9)
    assert inspect.components(turned[:1]).places.shape == (1, 2)
    assert not inspect.components(np.ones((4, 1))).places.any()


def test_saturation_and_weight_norms_are_those_of_known_values():
    gate = np.array([0.0, 0.05, 0.5, 0.95])
    assert inspect.saturation(gate) == (0.5, 0.25)
    model = network("lstm", 1)
    model.params["b"][...] = 2
    assert inspect.weight_norms(model)["b"] == pytest.approx(2)
    assert list(inspect.weight_norms(model)) == list(model.params)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m, ids: inspect.activations(m, ids, ("c",)), "'c'; choose one of h, r, z, n"),
        (lambda m, ids: inspect.activations(m, ids, ()), "parts is empty"),
        (lambda m, ids: inspect.activations(m, ids + 1), f"each id must lie in 0 to {V - 1}"),
        (lambda m, ids: inspect.reach(m, ids, 0), "at is 0"),
        (lambda m, ids: inspect.reach(m, ids[:1], 0), "1 characters; a reach needs one before"),
        (lambda m, ids: inspect.reach_by_distance(m, ids, T), "a reach of 25 needs more"),
        (lambda m, ids: inspect.patched(m, {(2, 0): 0.0}), "layer is 2"),
        (lambda m, ids: inspect.silenced(m, [H]), "unit is 6"),
        (lambda m, ids: inspect.check_network(m, ids[:1]), "a gradient check needs two"),
        (lambda m, ids: inspect.check_network(m, ids, flipped="W"), "choose one of W_embed"),
    ],
)
def test_a_wrong_argument_is_named(call, words):
    ids = random_ids()
    ids[0] = V - 1
    with pytest.raises(SettingError, match=words):
        call(network("gru"), ids)


def test_a_thousand_characters_of_200_units_take_a_tenth_of_a_second(monkeypatch):
    """So 10,000 take less than a second. Counted in processor time: other work may run beside."""
    monkeypatch.undo()
    model, ids = RNN(80, hidden_dim=200), random_ids(2000)
    seconds = []
    for _ in range(3):
        start = time.thread_time()
        inspect.activations(model, ids)
        seconds.append(time.thread_time() - start)
    assert min(seconds) / 2 < 0.1


def test_memory_does_not_grow_with_the_text():
    """The result of a surprise takes 4 bytes a character; the values of 64 units would take 256."""
    model = RNN(80, hidden_dim=64)
    inspect.surprise(model, random_ids(100))
    peaks = []
    for length in (500, 2500):
        ids = random_ids(length)
        tracemalloc.start()
        inspect.surprise(model, ids)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 2000 * 64
