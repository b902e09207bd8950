"""The state dict for PyTorch, written and read.

Without PyTorch, its documented equations in NumPy stand in for it. With PyTorch, the module that
the download carries along is run itself.
"""

from __future__ import annotations

import importlib.util
import io
import zipfile

import numpy as np
import pytest

from rnncore import RNN, from_torch, to_torch
from rnncore.errors import FileFormatError
from rnncore.export import torch_file
from rnncore.export.archive import PROGRAMS
from tests.support.naive import sigmoid
from tests.support.stepping import EVERY_CELL, read_logits, small_network

safetensors = pytest.importorskip("safetensors.numpy", reason="safetensors is not installed")

IDS = np.random.default_rng(0).integers(0, 12, 60)
layers_of_every_cell = pytest.mark.parametrize(
    ("cell", "layers"), [(cell, layers) for cell in EVERY_CELL for layers in (1, 2, 3)]
)


def lstm(x, h, c, Wx, Wh, bx, bh):
    i, f, g, o = np.split(Wx @ x + bx + Wh @ h + bh, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru(x, h, c, Wx, Wh, bx, bh):
    (xr, xz, xn), (hr, hz, hn) = np.split(Wx @ x + bx, 3), np.split(Wh @ h + bh, 3)
    z = sigmoid(xz + hz)
    return (1 - z) * np.tanh(xn + sigmoid(xr + hr) * hn) + z * h, c


def vanilla(x, h, c, Wx, Wh, bx, bh):
    return np.tanh(Wx @ x + bx + Wh @ h + bh), c


def run_like_pytorch(cell, tensors, ids):
    """Return the logits (T, V) by the equations in the documentation of torch.nn."""
    step = {"lstm": lstm, "gru": gru, "vanilla": vanilla}[cell]
    layers = sum(name.startswith("rnn.weight_hh") for name in tensors)
    state = [(np.zeros(tensors["rnn.weight_hh_l0"].shape[1]),) * 2] * layers
    logits = []
    for i in ids:
        x = tensors["embed.weight"][i]
        for k in range(layers):
            names = (f"weight_ih_l{k}", f"weight_hh_l{k}", f"bias_ih_l{k}", f"bias_hh_l{k}")
            state[k] = step(x, *state[k], *(tensors[f"rnn.{name}"] for name in names))
            x = state[k][0]
        logits.append(tensors["out.weight"] @ x + tensors["out.bias"])
    return np.array(logits)


@layers_of_every_cell
def test_the_equations_of_pytorch_give_the_same_logits(cell, layers):
    network = small_network(cell, layers)
    tensors = safetensors.load(to_torch(network))
    expected = read_logits(network, IDS)
    np.testing.assert_allclose(run_like_pytorch(cell, tensors, IDS), expected, rtol=0, atol=1e-5)


@layers_of_every_cell
def test_reading_returns_the_same_network(cell, layers):
    network = small_network(cell, layers)
    copy = from_torch(to_torch(network))
    np.testing.assert_array_equal(copy.flat, network.flat)
    assert copy.settings() == network.settings() | {"seed": 0}


def test_double_precision_and_missing_characters_are_kept():
    network = RNN(4, None, 2, 4, "gru", 2, dtype="float64")
    copy = from_torch(to_torch(network))
    assert copy.vocab is None
    assert copy.dtype == np.float64
    np.testing.assert_array_equal(copy.flat, network.flat)


def test_a_second_bias_is_added_to_the_first():
    tensors = torch_file.state_dict(small_network("lstm"))
    moved = tensors | {
        "rnn.bias_ih_l0": tensors["rnn.bias_ih_l0"] - 1,
        "rnn.bias_hh_l0": tensors["rnn.bias_hh_l0"] + 1,
    }
    copy = from_torch(safetensors.save(moved))
    np.testing.assert_allclose(copy.flat, small_network("lstm").flat, atol=1e-6)


def without(name):
    return lambda t: t.pop(name)


def changed(name, change):
    return lambda t: t.update({name: np.ascontiguousarray(change(t[name]))})


def with_nan(value):
    value = value.copy()
    value[1, 2] = np.nan
    return value


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (without("embed.weight"), "lacks the tensor embed.weight"),
        (without("rnn.bias_hh_l1"), "lacks the tensor rnn.bias_hh_l1"),
        (without("vocab"), "lacks the tensor vocab"),
        (changed("embed.weight", np.ravel), r"embed.weight has shape \(60,\); it must be a matrix"),
        (changed("rnn.weight_ih_l0", np.transpose), r"rnn.weight_ih_l0 .*\(5, 48\), transposed"),
        (changed("rnn.weight_hh_l0", np.transpose), "rnn.weight_hh_l0 has shape .* 3 times"),
        (changed("rnn.weight_hh_l1", with_nan), "rnn.weight_hh_l1 holds 1 values that are not"),
        (changed("rnn.bias_hh_l0", lambda b: b + 1), "rnn.bias_hh_l0 has a bias in its last 16"),
        (changed("out.bias", lambda b: b[1:]), r"out.bias has shape \(11,\); it must be \(12,\)"),
        (changed("out.weight", lambda w: w.astype(int)), "out.weight is of type int64"),
        (changed("vocab", lambda v: v * 0), "vocab holds .* twice"),
        (changed("vocab", lambda v: v[1:]), "vocab is int32"),
        (lambda t: t.update({"lm_head.weight": t["out.bias"]}), "the tensor 'lm_head.weight', wh"),
    ],
)
def test_the_message_names_the_wrong_tensor(damage, message):
    tensors = torch_file.state_dict(small_network("gru", 2))
    damage(tensors)
    with pytest.raises(FileFormatError, match=message) as error:
        from_torch(safetensors.save(tensors))
    assert str(error.value).count(". ") == 0


def test_another_order_of_gates_is_refused():
    tensors = torch_file.state_dict(small_network("lstm"))
    with pytest.raises(FileFormatError, match=r"rnn.weight_ih_l0 .* order 'i f o g'; PyTorch"):
        from_torch(safetensors.save(tensors, {"gates": "i f o g"}))
    from_torch(safetensors.save(tensors))  # PyTorch keeps no metadata


@pytest.mark.parametrize(
    "raw", [b"", b"\x80\x04.", b"\xff" * 100, b"\x08" + bytes(7) + b"{}      "]
)
def test_other_files_are_refused(raw):
    with pytest.raises(FileFormatError):
        from_torch(raw)


def test_a_type_that_numpy_lacks_is_refused():
    header = b'{"embed.weight":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}'
    with pytest.raises(FileFormatError, match=r"no \.safetensors file that NumPy can hold"):
        from_torch(len(header).to_bytes(8, "little") + header + bytes(2))


def test_the_zip_carries_the_module():
    with zipfile.ZipFile(io.BytesIO(torch_file.to_torch_zip(small_network("lstm")))) as archive:
        assert archive.namelist() == ["model.safetensors", "network.py"]
        assert archive.read("network.py") == (PROGRAMS / "network.py").read_bytes()


# ---- with PyTorch itself ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def module():
    pytest.importorskip("torch", reason="PyTorch is not installed (requirements-bench.txt)")
    spec = importlib.util.spec_from_file_location("network", PROGRAMS / "network.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@layers_of_every_cell
def test_pytorch_gives_the_same_logits(module, tmp_path, cell, layers):
    import torch

    network = small_network(cell, layers)
    (tmp_path / "model.safetensors").write_bytes(to_torch(network))
    opened = module.load(tmp_path / "model.safetensors")
    with torch.no_grad():
        logits = opened(torch.from_numpy(IDS)[None])[0][0].numpy()
    np.testing.assert_allclose(logits, read_logits(network, IDS), rtol=0, atol=1e-5)
    assert opened.write("te", 5).startswith("te")


@layers_of_every_cell
def test_training_continues_in_pytorch_and_back_here(module, tmp_path, cell, layers):
    """Plain gradient descent, on both sides from the same start, ends at the same parameters."""
    import torch
    from safetensors.torch import save_file

    path = tmp_path / "model.safetensors"
    network = small_network(cell, layers)
    inputs, targets = np.random.default_rng(1).integers(0, 12, (2, 3, 10))
    expected = network.copy()
    for _ in range(4):
        _, grads = expected.loss(inputs, targets)
        for name, grad in grads.items():
            expected.params[name][...] -= np.float32(0.1) * grad

    _, grads = network.loss(inputs, targets)  # the first step here, two there, the last here
    for name, grad in grads.items():
        network.params[name][...] -= np.float32(0.1) * grad
    path.write_bytes(to_torch(network))
    there = module.load(path)
    trained = [p for p in there.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        logits, _ = there(torch.from_numpy(inputs))
        torch.nn.functional.cross_entropy(
            logits.reshape(-1, 12), torch.from_numpy(targets.reshape(-1))
        ).backward()
        optimizer.step()
    save_file(there.state_dict(), path)
    back = from_torch(path.read_bytes())
    _, grads = back.loss(inputs, targets)
    for name, grad in grads.items():
        back.params[name][...] -= np.float32(0.1) * grad
    np.testing.assert_allclose(back.flat, expected.flat, rtol=0, atol=1e-5)
    assert back.vocab == network.vocab
