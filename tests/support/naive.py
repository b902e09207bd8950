"""The recurrent cells as their equations say, gate by gate and step by step, in float64.

Slow and plain on purpose: what the fast kernels of rnncore are compared with.
Each cell is a ``step`` and a ``step_backward``; ``forward`` and ``backward``
walk them through time. Weights are (D+H+1, G H): rows for the input, for the
previous output and for the constant 1; columns gate by gate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


@dataclass
class Gate:
    """One gate's share of the weights: Wx (D, H), Wh (H, H), b (H,)."""

    Wx: np.ndarray
    Wh: np.ndarray
    b: np.ndarray

    def __call__(self, x, h):
        return x @ self.Wx + h @ self.Wh + self.b

    def add_gradients(self, x, h, da):
        """Add the share of one step, whose pre-activations have the gradient ``da`` (N, H)."""
        self.Wx += x.T @ da
        self.Wh += h.T @ da
        self.b += da.sum(axis=0)


def gate(W, D, H, place):
    """The gate at this place of the columns, as views of ``W``."""
    columns = W[:, place * H : (place + 1) * H]
    return Gate(columns[:D], columns[D : D + H], columns[D + H])


class Vanilla:
    """h_t = tanh(a)    a = x_t Wx + h_{t-1} Wh + b"""

    gates = ("h",)
    state_parts = 1

    def __init__(self, W, D, H):
        self.gate = gate(W, D, H, 0)

    def step(self, x, state):
        (h_before,) = state
        h = np.tanh(self.gate(x, h_before))
        return [h], (x, h_before, h)

    def step_backward(self, dstate, kept, dW):
        """Gradients of x_t and of the state before it, from those of the state after it."""
        (dh,) = dstate
        x, h_before, h = kept
        da = dh * (1 - h**2)
        dW.gate.add_gradients(x, h_before, da)
        return da @ self.gate.Wx.T, [da @ self.gate.Wh.T]


class LSTM:
    """i = σ(a_i)  f = σ(a_f)  o = σ(a_o)  g = tanh(a_g)
    c_t = f c_{t-1} + i g
    h_t = o tanh(c_t)
    """

    gates = ("i", "f", "o", "g")
    state_parts = 2

    def __init__(self, W, D, H):
        self.i, self.f, self.o, self.g = (gate(W, D, H, place) for place in range(4))

    def step(self, x, state):
        h_before, c_before = state
        i = sigmoid(self.i(x, h_before))
        f = sigmoid(self.f(x, h_before))
        o = sigmoid(self.o(x, h_before))
        g = np.tanh(self.g(x, h_before))
        c = f * c_before + i * g
        h = o * np.tanh(c)
        return [h, c], (x, h_before, c_before, i, f, o, g, c)

    def step_backward(self, dstate, kept, dW):
        dh, dc = dstate
        x, h_before, c_before, i, f, o, g, c = kept
        do = dh * np.tanh(c)
        dc = dc + dh * o * (1 - np.tanh(c) ** 2)
        di, df, dg = dc * g, dc * c_before, dc * i
        das = {
            "i": di * i * (1 - i),
            "f": df * f * (1 - f),
            "o": do * o * (1 - o),
            "g": dg * (1 - g**2),
        }
        dx, dh_before = 0, 0
        for name, da in das.items():
            getattr(dW, name).add_gradients(x, h_before, da)
            dx = dx + da @ getattr(self, name).Wx.T
            dh_before = dh_before + da @ getattr(self, name).Wh.T
        return dx, [dh_before, dc * f]


class GRU:
    """r = σ(a_r)  z = σ(a_z)
    n = tanh(x_t Wx_n + b_n + r (h_{t-1} Wh_n))
    h_t = (1 - z) n + z h_{t-1}
    """

    gates = ("r", "z", "n")
    state_parts = 1

    def __init__(self, W, D, H):
        self.r, self.z, self.n = (gate(W, D, H, place) for place in range(3))

    def step(self, x, state):
        (h_before,) = state
        r = sigmoid(self.r(x, h_before))
        z = sigmoid(self.z(x, h_before))
        n = np.tanh(x @ self.n.Wx + self.n.b + r * (h_before @ self.n.Wh))
        h = (1 - z) * n + z * h_before
        return [h], (x, h_before, r, z, n)

    def step_backward(self, dstate, kept, dW):
        (dh,) = dstate
        x, h_before, r, z, n = kept
        dz, dn = dh * (h_before - n), dh * (1 - z)
        da_n = dn * (1 - n**2)
        dr, d_product = da_n * (h_before @ self.n.Wh), da_n * r
        da_r, da_z = dr * r * (1 - r), dz * z * (1 - z)
        dW.r.add_gradients(x, h_before, da_r)
        dW.z.add_gradients(x, h_before, da_z)
        dW.n.Wx += x.T @ da_n
        dW.n.Wh += h_before.T @ d_product
        dW.n.b += da_n.sum(axis=0)
        dx = da_r @ self.r.Wx.T + da_z @ self.z.Wx.T + da_n @ self.n.Wx.T
        dh_before = da_r @ self.r.Wh.T + da_z @ self.z.Wh.T + d_product @ self.n.Wh.T
        return dx, [dh_before + dh * z]


NAIVE = {"vanilla": Vanilla, "lstm": LSTM, "gru": GRU}


def forward(name, W, x, state):
    """Outputs (T, N, H), the state after the last step, and what ``backward`` needs.

    x: (T, N, D). state: (parts, N, H), the output h first.
    """
    H = state.shape[-1]
    cell = NAIVE[name](W, x.shape[-1], H)
    parts, outputs, kept = list(state), [], []
    for x_t in x:
        parts, kept_t = cell.step(x_t, parts)
        outputs.append(parts[0])
        kept.append(kept_t)
    return np.array(outputs), np.array(parts), kept


def backward(name, W, dh, kept):
    """Gradients of x, of the weights and of the first state, from those of the outputs."""
    T, N, H = dh.shape
    D = kept[0][0].shape[-1]
    cell, dW = NAIVE[name](W, D, H), np.zeros_like(W)
    collected = NAIVE[name](dW, D, H)
    dstate, dx = [np.zeros((N, H)) for _ in range(cell.state_parts)], np.zeros((T, N, D))
    for t in reversed(range(T)):
        dstate[0] = dstate[0] + dh[t]
        dx[t], dstate = cell.step_backward(dstate, kept[t], collected)
    return dx, dW, np.array(dstate)


# The first values that ``step`` keeps, in their order; the output h has a place of its own.
KEPT = {
    "vanilla": ("x", "h_before"),
    "lstm": ("x", "h_before", "c_before", "i", "f", "o", "g", "c"),
    "gru": ("x", "h_before", "r", "z", "n"),
}


def run_network(network, ids, fixed=None, x=None):
    """Run a network over ids (T,) step by step in float64, from a zero state.

    Return what each layer does, a dict from name to values (T, H), and the log probabilities
    (T, V) of the next character. fixed: {(layer, unit): value}, outputs set after each step.
    x: the embedded characters (T, D), if they are not those of ``ids``.
    """
    weights = [W.astype(np.float64) for W in network.weights(network.flat)]
    H = network.hidden_dim
    layers = [
        NAIVE[network.cell_type](W, cell.D, H)
        for W, cell in zip(weights, network.cells, strict=True)
    ]
    states = [[np.zeros((1, H)) for _ in range(layer.state_parts)] for layer in layers]
    names = KEPT[network.cell_type]
    values = [{name: [] for name in {*names, "h"}} for _ in layers]
    embedded = network.params["W_embed"][ids] if x is None else x
    log_p = []
    for x_t in embedded.astype(np.float64):
        below = x_t[None]
        for i, layer in enumerate(layers):
            states[i], kept = layer.step(below, states[i])
            for (at, unit), value in (fixed or {}).items():
                if at == i:
                    states[i][0][:, unit] = value
            below = states[i][0].copy()
            for name, value in (*zip(names, kept, strict=False), ("h", below)):
                values[i][name].append(value[0])
        logits = below[0] @ network.params["W_out"] + network.params["b_out"]
        log_p.append(logits - np.log(np.exp(logits).sum()))
    return [{n: np.array(v) for n, v in layer.items()} for layer in values], np.array(log_p)
