"""RNN: parameters, loss and gradients, dropout, pickles."""

from __future__ import annotations

import json
import pickle
import pickletools
import subprocess
import sys

import numpy as np
import pytest

from rnncore import CELLS, RNN, RnnCoreError
from rnncore.gradcheck import check_model
from rnncore.layers import softmax_cross_entropy, softmax_cross_entropy_backward
from rnncore.network import count_params

every_cell = pytest.mark.parametrize("cell_type", sorted(CELLS))
GATES = {"vanilla": 1, "lstm": 4, "gru": 3}


def batch(V, N=3, T=5, seed=0):
    return np.random.default_rng(seed).integers(0, V, (2, N, T))


# --- parameters ---------------------------------------------------------------------------


@every_cell
def test_parameters_of_one_layer_have_the_documented_names_and_shapes(cell_type):
    G = GATES[cell_type]
    model = RNN(9, None, 4, 6, cell_type)
    assert {name: p.shape for name, p in model.params.items()} == {
        "W_embed": (9, 4), "Wx": (4, G * 6), "Wh": (6, G * 6), "b": (G * 6,),
        "W_out": (6, 9), "b_out": (9,),
    }  # fmt: skip


@every_cell
def test_names_of_further_layers_end_in_their_number(cell_type):
    G = GATES[cell_type]
    shapes = {name: p.shape for name, p in RNN(9, None, 4, 6, cell_type, 3).params.items()}
    assert list(shapes) == [
        "W_embed", "Wx", "Wh", "b", "Wx2", "Wh2", "b2", "Wx3", "Wh3", "b3", "W_out", "b_out",
    ]  # fmt: skip
    for n in "23":
        assert shapes[f"Wx{n}"] == shapes[f"Wh{n}"] == (6, G * 6)
        assert shapes[f"b{n}"] == (G * 6,)


def test_gate_order_of_the_lstm_is_i_f_o_g():
    """Tested by the bias in ``params``: closing a gate has the effect of that gate only."""
    V, H = 5, 4

    def state_after(**biases):
        model = RNN(V, None, 3, H, "lstm", dtype="float64", seed=1)
        for gate, value in biases.items():
            index = "ifog".index(gate)
            model.params["b"][index * H : (index + 1) * H] = value
        state = model.initial_state(1)
        state[0][1] = 2.0  # c
        ids = np.zeros((1, 1), int)
        model.evaluate(ids, ids, state)
        return state[0][0, 0], state[0][1, 0]

    _, c = state_after(i=-50, f=50)
    np.testing.assert_allclose(c, 2)  # input gate closed, forget gate open
    _, c = state_after(i=50, f=-50, g=50)
    np.testing.assert_allclose(c, 1)  # input gate open with g = 1, forget gate closed
    h, _ = state_after(o=-50)
    np.testing.assert_allclose(h, 0, atol=1e-12)
    h, c = state_after(o=50)
    np.testing.assert_allclose(h, np.tanh(c))


def test_params_are_views_of_one_vector():
    model = RNN(9, None, 4, 6, num_layers=2)
    model.params["Wh2"][...] = 7
    assert (model.flat == 7).sum() == model.params["Wh2"].size
    assert sum(p.size for p in model.params.values()) == model.flat.size == model.num_params
    with pytest.raises(TypeError):
        model.params["b"] = np.zeros(24)


@every_cell
@pytest.mark.parametrize("num_layers", [1, 3])
def test_count_params_agrees_with_a_model(cell_type, num_layers):
    model = RNN(9, None, 4, 6, cell_type, num_layers)
    assert count_params(9, 4, 6, cell_type, num_layers) == model.num_params


def test_equal_seeds_create_equal_models():
    np.testing.assert_array_equal(RNN(9, seed=3).flat, RNN(9, seed=3).flat)
    assert (RNN(9, seed=3).flat != RNN(9, seed=4).flat).any()


@every_cell
def test_first_predictions_are_close_to_uniform(cell_type):
    loss, _ = RNN(50, None, 12, 64, cell_type, 2).loss(*batch(50, 8, 20))
    assert loss == pytest.approx(np.log(50), abs=0.2)


# --- loss and gradients -------------------------------------------------------------------


@every_cell
@pytest.mark.parametrize("num_layers", [1, 2, 3])
def test_gradients_agree_with_numeric_ones(cell_type, num_layers):
    checks = check_model(cell_type, num_layers)
    assert {c.name for c in checks} >= set(RNN(7, None, 4, 5, cell_type, num_layers).params)
    worst = max(checks, key=lambda c: c.error)
    assert worst.error < 1e-7, worst


@every_cell
def test_gradients_have_the_keys_and_shapes_of_params(cell_type):
    model = RNN(9, None, 4, 6, cell_type, 2)
    loss, grads = model.loss(*batch(9))
    assert np.isfinite(loss)
    assert list(grads) == list(model.params)
    for name, grad in grads.items():
        assert grad.shape == model.params[name].shape
        assert grad.dtype == model.dtype
        assert np.isfinite(grad).all()


@every_cell
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_loss_is_the_mean_in_nats(cell_type, dtype):
    """If all weights are zero, the prediction is the softmax of the output's bias."""
    model = RNN(4, None, 3, 5, cell_type, dtype=dtype)
    model.flat[...] = 0
    p = np.array([0.1, 0.2, 0.3, 0.4])
    model.params["b_out"][...] = np.log(p)
    inputs, targets = batch(4)
    loss, grads = model.loss(inputs, targets)
    assert loss == pytest.approx(-np.log(p[targets]).mean(), rel=1e-5)
    frequencies = np.bincount(targets.ravel(), minlength=4) / targets.size
    np.testing.assert_allclose(grads["b_out"], p - frequencies, atol=1e-6)


@every_cell
def test_state_carries_over_to_the_next_call(cell_type):
    model = RNN(9, None, 4, 6, cell_type, 2, dtype="float64")
    inputs, targets = batch(9, T=10)
    whole_state = model.initial_state(3)
    whole = model.evaluate(inputs, targets, whole_state)
    state = model.initial_state(3)
    parts = sum(
        model.evaluate(inputs[:, part], targets[:, part], state)
        for part in (slice(4), slice(4, 10))
    )
    assert parts == pytest.approx(whole, rel=1e-12)
    for a, b in zip(state, whole_state, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-13)
    assert model.loss(inputs, targets)[0] == pytest.approx(whole / 30)


def test_confident_predictions_contain_no_subnormal_numbers():
    """Subnormal numbers slow the products that use them."""
    logits = np.linspace(-120, 0, 200, dtype=np.float32)[None, :].repeat(4, axis=0)
    targets = np.array([199, 199, 150, 0])
    exact = logits.astype(np.float64)
    totals = np.exp(exact).sum(axis=1)
    probs = logits.copy()
    loss = softmax_cross_entropy(probs, targets)
    assert loss == pytest.approx((np.log(totals) - exact[range(4), targets]).sum(), rel=1e-6)
    np.testing.assert_allclose(probs, np.exp(exact) / totals[:, None], rtol=1e-5, atol=1e-16)
    gradient = softmax_cross_entropy_backward(probs, targets)
    assert np.abs(gradient[gradient != 0]).min() > np.finfo(np.float32).tiny


def test_extreme_logits_do_not_overflow():
    model = RNN(4, None, 3, 5)
    model.params["W_out"][...] = 0
    model.params["b_out"][...] = [1e4, -1e4, 0, 0]
    zeros = np.zeros((1, 3), int)
    assert model.loss(zeros, zeros)[0] == pytest.approx(0, abs=1e-6)
    assert model.loss(zeros, zeros + 1)[0] == pytest.approx(2e4)


@every_cell
def test_used_buffers_give_the_same_result_as_new_ones(cell_type):
    model = RNN(9, None, 4, 6, cell_type, 2)
    inputs, targets = batch(9)
    loss, grads = model.loss(inputs, targets)
    buffers = model.new_pass(3, 5)
    model.loss(*batch(9, seed=1), buffers=buffers)
    again, same = model.loss(inputs, targets, buffers=buffers)
    assert again == loss
    for name in grads:
        np.testing.assert_array_equal(same[name], grads[name])


# --- dropout ------------------------------------------------------------------------------


def test_dropout_is_random_in_training_and_absent_in_evaluation():
    model = RNN(9, None, 4, 32, num_layers=2, dropout=0.5, dtype="float64")
    inputs, targets = batch(9)
    plain = model.loss(inputs, targets)[0]
    assert model.evaluate(inputs, targets, model.initial_state(3)) / 15 == pytest.approx(plain)
    dropped = [model.loss(inputs, targets, rng=np.random.default_rng(s))[0] for s in (0, 0, 1)]
    assert dropped[0] == dropped[1]
    assert len({plain, *dropped}) == 3


def test_dropout_keeps_the_mean():
    """If W_out is zero, the predictions are fixed and its gradient is linear in the masks."""
    model = RNN(9, None, 4, 16, dropout=0.3, dtype="float64", seed=1)
    model.params["W_out"][...] = 0
    inputs, targets = batch(9, N=8, T=10)
    plain = model.loss(inputs, targets)[1]["W_out"].copy()
    rng = np.random.default_rng(0)
    drawn = [model.loss(inputs, targets, rng=rng)[1]["W_out"].copy() for _ in range(400)]
    assert np.linalg.norm(np.mean(drawn, axis=0) - plain) < 0.1 * np.linalg.norm(plain)
    assert np.linalg.norm(drawn[0] - plain) > 0.2 * np.linalg.norm(plain)


@every_cell
def test_gradients_with_dropout_agree_with_numeric_ones(cell_type):
    """The same seed draws the same masks, so the loss can be differentiated numerically."""
    model = RNN(6, None, 3, 4, cell_type, 2, dropout=0.4, dtype="float64")
    inputs, targets = batch(6)

    def loss():
        return model.loss(inputs, targets, rng=np.random.default_rng(5))

    grads = {name: g.copy() for name, g in loss()[1].items()}
    direction = np.random.default_rng(1).standard_normal(model.flat.size)
    slope = sum((grads[n] * d).sum() for n, d in model.views(direction).items())
    start, eps = model.flat.copy(), 1e-6
    model.flat[...] = start + eps * direction
    above = loss()[0]
    model.flat[...] = start - eps * direction
    below = loss()[0]
    assert slope == pytest.approx((above - below) / (2 * eps), rel=1e-6)


# --- pickles ------------------------------------------------------------------------------


@every_cell
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("chars", ["abcdé\n😀", None])
def test_a_pickled_model_loads_equal(cell_type, dtype, chars):
    model = RNN(7, chars, 4, 6, cell_type, 2, dropout=0.1, dtype=dtype, seed=5)
    again = pickle.loads(pickle.dumps(model))
    assert again.settings() == model.settings()
    assert again.dtype == model.dtype
    np.testing.assert_array_equal(again.flat, model.flat)
    first = "a" if chars else 0
    a, b = (m.sample(first, T=20, seed=1) for m in (model, again))
    np.testing.assert_array_equal(a, b)


def test_a_pickle_names_one_global_and_it_is_restore():
    ops = list(pickletools.genops(pickle.dumps(RNN(7, "abcdefg"), protocol=4)))
    named = [i for i, (op, _, _) in enumerate(ops) if op.name in ("STACK_GLOBAL", "GLOBAL")]
    assert len(named) == 1
    strings = [arg for op, arg, _ in ops[: named[0]] if "UNICODE" in op.name]
    assert strings[:2] == ["rnncore.model", "restore"]


def test_a_pickle_opens_in_a_new_process(tmp_path):
    model = RNN(7, "abcdefg", 4, 6)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))
    code = (
        "import pickle, sys, json\n"
        "model = pickle.load(open(sys.argv[1], 'rb'))\n"
        "print(json.dumps(model.sample('a', T=30, temperature=0)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "model.pkl")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == model.sample("a", T=30, temperature=0)


def tampered(change):
    """Return ``restore`` and the payload of a model, after a change to the payload."""
    restore, (payload,) = RNN(7, "abcdefg", 4, 6).__reduce__()
    change(payload)
    return restore, payload


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p.update(format="rnncore model 99"), "rnncore model 99"),
        (lambda p: p["params"].pop("Wh"), "parameters"),
        (lambda p: p["params"].update(b=("<f4", (24,), b"")), "b has 0 bytes, not 96"),
        (lambda p: p["params"].update(b=("<f4", (23,), bytes(92))), r"b in the file is <f4 \(23"),
        (lambda p: p["params"].update(b=("<f8", (24,), bytes(192))), "b in the file is <f8"),
        (
            lambda p: p["params"].update(b=("<f4", (24,), np.full(24, np.nan, "f4").tobytes())),
            "b holds 24 values that are not finite",
        ),
        (lambda p: p["settings"].update(hidden_dim=10**12), "hidden_dim"),
    ],
)
def test_inconsistent_payloads_are_refused(change, message):
    restore, payload = tampered(change)
    with pytest.raises(RnnCoreError, match=message):
        restore(payload)


def test_a_copy_is_an_independent_model_of_the_same_class():
    model = RNN(7, "abcdefg", 4, 6)
    copy = model.copy()
    assert type(copy) is RNN
    np.testing.assert_array_equal(copy.flat, model.flat)
    copy.flat[...] = 0
    assert model.flat.any()


@pytest.mark.parametrize(("V", "D"), [(1, 1), (80, 20), (512, 128), (5_400, 128)])
def test_the_default_embedding_is_a_quarter_of_the_vocabulary_at_most_128(V: int, D: int) -> None:
    assert RNN(V, hidden_dim=2).input_dim == D


def test_a_saved_model_keeps_its_wider_embedding() -> None:
    wide = RNN(600, input_dim=150, hidden_dim=2)
    assert pickle.loads(pickle.dumps(wide)).input_dim == 150
