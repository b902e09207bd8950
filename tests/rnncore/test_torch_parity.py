"""PyTorch computes the same loss and gradients from the same weights and batch."""

from __future__ import annotations

import numpy as np
import pytest

from rnncore import RNN

torch = pytest.importorskip("torch", reason="PyTorch is not installed (requirements-bench.txt)")

V, D, H, N, T = 11, 6, 9, 8, 7
LAYERS = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "vanilla": torch.nn.RNN}
# PyTorch's gate order, as indices into ours (i, f, o, g; r, z, n).
GATES = {"lstm": [0, 1, 3, 2], "gru": [0, 1, 2], "vanilla": [0]}


def to_torch(cell, array):
    """Return our columns, gate by gate, as rows in PyTorch's order."""
    G = len(GATES[cell])
    by_gate = array.reshape(-1, G, H)[:, GATES[cell]]
    return torch.from_numpy(by_gate.reshape(-1, G * H).T.copy().squeeze())


def from_torch(cell, tensor):
    G = len(GATES[cell])
    by_gate = tensor.numpy().T.reshape(-1, G, H)
    return by_gate[:, np.argsort(GATES[cell])].reshape(-1, G * H).squeeze()


def torch_loss_and_grads(model, inputs, targets, state):
    """Return PyTorch's loss and gradients.

    Its GRU applies the reset gate after the product, as ours does. Its second bias is zero.
    """
    cell, layers = model.cell_type, model.num_layers
    dtype = torch.float64 if model.dtype == np.float64 else torch.float32
    p = {name: torch.from_numpy(np.array(value)) for name, value in model.params.items()}
    embed = torch.nn.Parameter(p["W_embed"])
    out, bias = torch.nn.Parameter(p["W_out"]), torch.nn.Parameter(p["b_out"])
    recurrent = LAYERS[cell](D, H, layers).to(dtype)
    with torch.no_grad():
        for i in range(layers):
            n = "" if i == 0 else str(i + 1)
            getattr(recurrent, f"weight_ih_l{i}").copy_(to_torch(cell, model.params[f"Wx{n}"]))
            getattr(recurrent, f"weight_hh_l{i}").copy_(to_torch(cell, model.params[f"Wh{n}"]))
            getattr(recurrent, f"bias_ih_l{i}").copy_(to_torch(cell, model.params[f"b{n}"]))
            getattr(recurrent, f"bias_hh_l{i}").zero_()
    parts = [torch.from_numpy(np.stack([s[k] for s in state])) for k in range(len(state[0]))]
    start = tuple(parts) if cell == "lstm" else parts[0]
    h, _ = recurrent(embed[torch.from_numpy(inputs.T.copy())], start)
    loss = torch.nn.functional.cross_entropy(
        h.reshape(-1, H) @ out + bias, torch.from_numpy(targets.T.reshape(-1).copy())
    )
    loss.backward()
    grads = {"W_embed": embed.grad.numpy(), "W_out": out.grad.numpy(), "b_out": bias.grad.numpy()}
    for i in range(layers):
        n = "" if i == 0 else str(i + 1)
        for ours, theirs in (("Wx", "weight_ih"), ("Wh", "weight_hh"), ("b", "bias_ih")):
            grads[ours + n] = from_torch(cell, getattr(recurrent, f"{theirs}_l{i}").grad)
    return loss.item(), grads


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("cell", sorted(LAYERS))
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-9)])
def test_loss_and_gradients_agree_with_pytorch(cell, layers, dtype, tolerance):
    model = RNN(V, None, D, H, cell, layers, dtype=dtype, seed=3)
    rng = np.random.default_rng(4)
    model.flat += (0.2 * rng.standard_normal(model.flat.shape)).astype(dtype)
    inputs, targets = rng.integers(0, V, (2, N, T))
    state = [rng.standard_normal(p.shape).astype(dtype) / 2 for p in model.initial_state(N)]
    expected, expected_grads = torch_loss_and_grads(model, inputs, targets, state)
    loss, grads = model.loss(inputs, targets, [part.copy() for part in state])
    assert loss == pytest.approx(expected, rel=tolerance)
    assert set(grads) == set(expected_grads)
    for name, grad in grads.items():
        scale = np.abs(expected_grads[name]).max()
        np.testing.assert_allclose(
            grad, expected_grads[name], rtol=0, atol=tolerance * scale, err_msg=name
        )
