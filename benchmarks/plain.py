"""A plain NumPy LSTM to compare with: float64, a dictionary of parameters, a cache for each step.

It is written for this benchmark in the style of typical NumPy programs: one-hot inputs, the
equations written out one by one, and gradients accumulated at every step. rnncore does not use it.
"""

from __future__ import annotations

import numpy as np

RHO, EPS, CLIP = 0.99, 1e-8, 5.0


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


class PlainLSTM:
    """Embedding, one LSTM layer and an output layer, trained by RMSprop on the softmax loss."""

    def __init__(self, V, D, H, N, lr):
        rng = np.random.default_rng(0)
        shapes = {
            "W_embed": (V, D), "Wx": (D, 4 * H), "Wh": (H, 4 * H), "b": (4 * H,),
            "W_out": (H, V), "b_out": (V,),
        }  # fmt: skip
        self.p = {k: rng.standard_normal(s) / np.sqrt(s[0]) for k, s in shapes.items()}
        self.squares = {k: np.zeros_like(v) for k, v in self.p.items()}
        self.V, self.H, self.lr = V, H, lr
        self.h, self.c = np.zeros((N, H)), np.zeros((N, H))

    def step(self, inputs, targets):
        """Train on inputs and targets (N, T) once and return the loss."""
        loss, grads = self.loss(inputs, targets)
        for k, g in grads.items():
            np.clip(g, -CLIP, CLIP, out=g)
            self.squares[k] = RHO * self.squares[k] + (1 - RHO) * g**2
            self.p[k] -= self.lr * g / (np.sqrt(self.squares[k]) + EPS)
        return loss

    def loss(self, inputs, targets):
        """Return the loss and the gradients, by backpropagation through time step by step."""
        p, H = self.p, self.H
        N, T = inputs.shape
        cache, loss = [], 0.0
        h, c = self.h, self.c
        for t in range(T):
            onehot = np.eye(self.V)[inputs[:, t]]
            x = onehot @ p["W_embed"]
            a = x @ p["Wx"] + h @ p["Wh"] + p["b"]
            i, f, o = (sigmoid(a[:, k * H : (k + 1) * H]) for k in range(3))
            g = np.tanh(a[:, 3 * H :])
            c_next = f * c + i * g
            tanh_c = np.tanh(c_next)
            h_next = o * tanh_c
            scores = h_next @ p["W_out"] + p["b_out"]
            probs = np.exp(scores - scores.max(axis=1, keepdims=True))
            probs /= probs.sum(axis=1, keepdims=True)
            loss -= np.log(probs[np.arange(N), targets[:, t]]).sum()
            cache.append((onehot, x, h, c, i, f, o, g, tanh_c, h_next, probs))
            h, c = h_next, c_next
        self.h, self.c = h, c

        grads = {k: np.zeros_like(v) for k, v in p.items()}
        dh_next, dc_next = np.zeros_like(h), np.zeros_like(c)
        for t in reversed(range(T)):
            onehot, x, h, c, i, f, o, g, tanh_c, h_next, probs = cache[t]
            dscores = probs.copy()
            dscores[np.arange(N), targets[:, t]] -= 1
            dscores /= N * T
            grads["W_out"] += h_next.T @ dscores
            grads["b_out"] += dscores.sum(axis=0)
            dh = dscores @ p["W_out"].T + dh_next
            dc = dc_next + dh * o * (1 - tanh_c**2)
            da = np.hstack(
                [
                    dc * g * i * (1 - i),
                    dc * c * f * (1 - f),
                    dh * tanh_c * o * (1 - o),
                    dc * i * (1 - g**2),
                ]
            )
            grads["Wx"] += x.T @ da
            grads["Wh"] += h.T @ da
            grads["b"] += da.sum(axis=0)
            grads["W_embed"] += onehot.T @ (da @ p["Wx"].T)
            dh_next, dc_next = da @ p["Wh"].T, dc * f
        return loss / (N * T), grads
