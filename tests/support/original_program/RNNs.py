"""A stand-in for the original program's module of this name, to make pickles of its classes.

It has the same class names, attributes and array names, and computes the same output.
"""

from __future__ import annotations

import numpy as np


class RNN:
    """One recurrent layer. ``logits`` starts from zero; the original starts from ``h0``."""

    def __init__(self, vocab_dim, idx_to_char, input_dim=30, hidden_dim=25, cell_type="lstm"):
        self.input_dim, self.hidden_dim, self.vocab_dim = input_dim, hidden_dim, vocab_dim
        self.cell_type, self.idx_to_char = cell_type, idx_to_char
        self.dim_mul = 4 if cell_type == "lstm" else 1
        rng = np.random.default_rng(1)
        shapes = self.shapes(vocab_dim, input_dim, hidden_dim, self.dim_mul)
        self.params = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
        self.h0 = rng.standard_normal((1, hidden_dim))

    def shapes(self, V, D, H, G):
        return {
            "b": (G * H,), "Wx": (D, G * H), "Wh": (H, G * H),
            "b_out": (V,), "W_out": (H, V), "W_embed": (V, D),
        }  # fmt: skip

    def layers(self):
        p = self.params
        return [(p["Wx"], p["Wh"], p["b"])]

    def logits(self, ids):
        """Return the network's output after each id, (T, V)."""
        x = self.params["W_embed"][ids]
        for Wx, Wh, b in self.layers():
            h = c = np.zeros(len(Wh))
            outputs = []
            for x_t in x:
                a = x_t @ Wx + h @ Wh + b
                if self.cell_type == "lstm":
                    i, f, o = (1 / (1 + np.exp(-part)) for part in np.split(a, 4)[:3])
                    c = f * c + i * np.tanh(np.split(a, 4)[3])
                    h = o * np.tanh(c)
                else:
                    h = np.tanh(a)
                outputs.append(h)
            x = np.array(outputs)
        return x @ self.params["W_out"] + self.params["b_out"]


class TwoHiddenLayerRNN(RNN):
    """Two recurrent layers, the second with a hidden size of its own."""

    def __init__(
        self, vocab_dim, idx_to_char, input_dim=30, hidden_dim=25, H2=25, cell_type="lstm"
    ):
        self.H2 = H2
        super().__init__(vocab_dim, idx_to_char, input_dim, hidden_dim, cell_type)
        self.h1 = np.zeros((1, H2))

    def shapes(self, V, D, H, G):
        H2 = self.H2
        second = {"Wh2": (H2, G * H2), "b2": (G * H2,), "W2": (H, G * H2), "W_out": (H2, V)}
        return super().shapes(V, D, H, G) | second

    def layers(self):
        p = self.params
        return [*super().layers(), (p["W2"], p["Wh2"], p["b2"])]
