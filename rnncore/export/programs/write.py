"""Let a network write. This program needs Python, NumPy and model.npz beside it, nothing else.

    python write.py --seed-text "The " --length 500 --temperature 0.7 --seed 1

The network reads one character at a time. Its layers, from the input to the output:

    x = W_embed[id]                                   a row of numbers for each character
    h = cell(x, h)                                    a recurrent layer, or several
    logits = h W_out + b_out                          one number for each character
    p = softmax(logits / temperature)                 its probability to come next

A recurrent layer has weights Wx, Wh and b (Wx2, Wh2 and b2 in the second layer, and so on). The
columns of its weights are the gates, side by side; @ is the product of matrices:

    lstm      i = σ(a_i)   f = σ(a_f)   o = σ(a_o)   g = tanh(a_g)      a = x Wx + h Wh + b
              c = f c + i g        h = o tanh(c)
    gru       r = σ(a_r)   z = σ(a_z)   n = tanh(x Wx_n + b_n + r (h Wh_n))
              h = (1 - z) n + z h
    vanilla   h = tanh(a)
"""

import argparse
from pathlib import Path

import numpy as np


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def lstm(x, state, Wx, Wh, b):
    """Return the new state (h, c) of an LSTM layer."""
    h, c = state
    i, f, o, g = np.split(x @ Wx + h @ Wh + b, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru(x, state, Wx, Wh, b):
    """Return the new state (h,) of a GRU layer."""
    (h,) = state
    xr, xz, xn = np.split(x @ Wx + b, 3)
    hr, hz, hn = np.split(h @ Wh, 3)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    n = np.tanh(xn + r * hn)
    return ((1 - z) * n + z * h,)


def vanilla(x, state, Wx, Wh, b):
    """Return the new state (h,) of a vanilla layer."""
    (h,) = state
    return (np.tanh(x @ Wx + h @ Wh + b),)


CELLS = {"lstm": (lstm, 2), "gru": (gru, 1), "vanilla": (vanilla, 1)}  # and parts of the state


class Network:
    def __init__(self, path):
        with np.load(path) as file:
            self.params = dict(file)
        self.chars = [chr(code) for code in self.params["vocab"]]
        self.cell, parts = CELLS[str(self.params["cell"])]
        layers = sum(name.startswith("Wx") for name in self.params)
        self.suffixes = ["", *map(str, range(2, layers + 1))]
        zeros = np.zeros(self.params["Wh"].shape[0], self.params["Wh"].dtype)
        self.state = [(zeros,) * parts for _ in range(layers)]

    def step(self, char_id):
        """Read one character; return the logits of the next one."""
        p = self.params
        x = p["W_embed"][char_id]
        for layer, n in enumerate(self.suffixes):
            weights = p["Wx" + n], p["Wh" + n], p["b" + n]
            self.state[layer] = self.cell(x, self.state[layer], *weights)
            x = self.state[layer][0]  # the output h, which is the input of the next layer
        return x @ p["W_out"] + p["b_out"]


def choose(logits, temperature, rng):
    """Draw an id with the probabilities softmax(logits / temperature).

    The largest of logits / temperature + Gumbel noise is such a draw (Gumbel, 1954).
    """
    uniform = np.maximum(rng.random(len(logits), dtype=np.float32), np.finfo(np.float32).tiny)
    gumbel = -np.log(-np.log(uniform))
    return int(np.argmax(logits + np.float32(temperature) * gumbel))


def write(network, seed_text, length, temperature, seed=None):
    """Yield the characters that continue the seed text."""
    rng = np.random.default_rng(seed)
    for char in seed_text:
        logits = network.step(network.chars.index(char))
    for _ in range(length):
        char_id = choose(logits, temperature, rng)
        yield network.chars[char_id]
        logits = network.step(char_id)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Let the network in model.npz write.")
    parser.add_argument("--seed-text", help="text to continue, in characters that it knows")
    parser.add_argument("--length", type=int, default=500, help="characters to write")
    parser.add_argument("--temperature", type=float, default=1.0, help="0: always the likeliest")
    parser.add_argument("--seed", type=int, help="the same number gives the same text")
    args = parser.parse_args()
    network = Network(Path(__file__).with_name("model.npz"))
    seed_text = args.seed_text or ("\n" if "\n" in network.chars else network.chars[0])
    if unknown := set(seed_text) - set(network.chars):
        parser.error(f"the network does not know {sorted(unknown)}")
    print(seed_text, end="")
    for char in write(network, seed_text, args.length, args.temperature, args.seed):
        print(char, end="", flush=True)
    print()
