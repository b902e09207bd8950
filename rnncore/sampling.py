"""Sampler: continue a seed text symbol by symbol with a network.

A sampler copies the parameters when it is created, so training and sampling do not affect
each other afterwards. Settings:

* ``temperature``: the logits are divided by it. Below 1, likely symbols become more likely;
  at 0, the most likely symbol is always chosen.
* ``top_k``: choose among the k most likely symbols only (Fan et al., 2018).
* ``top_p``: choose among the smallest set of most likely symbols whose probabilities sum to
  at least p (nucleus sampling, Holtzman et al., 2020).

A symbol is the argmax of logits / temperature + Gumbel noise, which has exactly the
softmax's distribution (Gumbel, 1954; Maddison et al., 2014). The noise is drawn in blocks,
so the loop needs no exponential and no sum.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from rnncore import batches, checks
from rnncore.cells import Cell, Stepper
from rnncore.cells.weight_pieces import make_product
from rnncore.errors import SettingError, VocabError
from rnncore.network import Array, Network

# Noise is drawn for so many symbols at once, but at most so many values, to bound memory.
_NOISE_BLOCK, _NOISE_VALUES = 256, 1 << 18


class Sampler:
    """A copy of a network's parameters, from which any number of samples can be drawn."""

    def __init__(self, network: Network):
        self.vocab, self.vocab_dim = network.vocab, network.vocab_dim
        self._cells = network.cells
        self._flat_weights = [W.copy() for W in network.weights(network.flat)]
        self._embed = network.params["W_embed"].copy()
        self._W_out = network.params["W_out"].copy()
        self._b_out = network.params["b_out"].copy()
        # Table (V, G H): the first layer's product with the embedding of each symbol.
        first = self._stack(None).first
        self._table = self._embed @ first.Wx + first.b

    def sample(
        self,
        seed_text: str | int | Sequence[int],
        T: int = 200,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
    ) -> Any:
        """Return T symbols after the seed: a str, or an id array (T,) without a vocabulary.

        seed_text: a str, an id or a sequence of ids; at least one symbol.
        seed: seed of the random numbers; None means different symbols at each call.
        """
        ids = self._ids(seed_text, T, temperature, top_k, top_p, seed)
        if self.vocab is None:
            return np.fromiter(ids, dtype=np.int64, count=T)
        chars = self.vocab.idx_to_char
        return "".join([chars[i] for i in ids])

    def stream(
        self,
        seed_text: str | int | Sequence[int],
        T: int = 200,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
    ) -> Iterator[Any]:
        """Yield the symbols of ``sample`` as they are drawn."""
        ids = self._ids(seed_text, T, temperature, top_k, top_p, seed)
        return ids if self.vocab is None else map(self.vocab.idx_to_char.__getitem__, ids)

    def sample_many(
        self,
        seed_text: str | int | Sequence[int],
        T: int,
        n: int,
        temperature: float = 1.0,
        seed: int | None = None,
    ) -> list[Any]:
        """Return ``n`` independent samples of T symbols, drawn together in one batch."""
        checks.check_whole("T", T, 0)
        checks.check_whole("n", n, 1)
        choose = _make_chooser(self._b_out, temperature, None, None, seed, n)
        ids = np.empty((T, n), dtype=np.int64)
        for t, row in enumerate(self._generate(self._seed_ids(seed_text), T, choose, n)):
            ids[t] = row
        rows = ids.T
        return [r if self.vocab is None else self.vocab.decode(r) for r in rows]

    def next_probabilities(self, seed_text: str | int | Sequence[int]) -> Array:
        """Return the probabilities (V,) of the symbol after the seed, float64."""
        h = self._stack(None).prime(self._table, self._seed_ids(seed_text))
        logits = (h @ self._W_out + self._b_out).astype(np.float64)
        p = np.exp(logits - logits.max())
        return p / p.sum()

    def _ids(
        self,
        seed_text: str | int | Sequence[int],
        T: int,
        temperature: float,
        top_k: int | None,
        top_p: float | None,
        seed: int | None,
    ) -> Iterator[int]:
        checks.check_whole("T", T, 0)
        choose = _make_chooser(self._b_out, temperature, top_k, top_p, seed, None)
        return self._generate(self._seed_ids(seed_text), T, choose, None)

    def _seed_ids(self, seed_text: str | int | Sequence[int]) -> list[int]:
        """Return the seed as ids.

        VocabError: the seed is empty or has characters that the vocabulary lacks.
        """
        if isinstance(seed_text, str):
            if self.vocab is None:
                raise SettingError("This model has no characters; the seed must be ids.")
            ids: Any = self.vocab.encode(seed_text)
        else:
            whole = isinstance(seed_text, (int, np.integer))
            ids = batches.check_ids([seed_text] if whole else seed_text, self.vocab_dim)
        if len(ids) == 0:
            raise VocabError("The seed is empty; give at least one symbol to continue.")
        return [int(i) for i in ids]

    def _generate(
        self, seed: list[int], T: int, choose: Callable[[Array], Any], n: int | None
    ) -> Iterator[Any]:
        """Process the seed, then yield T symbols: ints, or arrays (n,) of a batch."""
        stack, table = self._stack(n), self._table
        h = stack.prime(table, seed)
        logits = np.empty((*h.shape[:-1], self.vocab_dim), h.dtype)
        multiply_out = make_product(h, self._W_out, logits)
        for t in range(T):
            multiply_out()
            i = choose(logits)
            yield i
            if t + 1 < T:
                stack.advance(table[i])

    def _stack(self, n: int | None) -> _Stack:
        return _Stack(self._cells, self._flat_weights, n)


class _Stack:
    """All layers from a zero state, advanced together.

    n: sequences in a batch; None means one sequence, as vectors without a batch axis.
    """

    def __init__(self, cells: list[Cell], weights: list[Array], n: int | None):
        steps: list[Stepper] = []
        for cell, W in zip(cells, weights, strict=True):
            state = cell.initial_state(1 if n is None else n)
            steps.append(cell.new_stepper(W, state[:, 0] if n is None else state))
        self.first = steps[0]
        # For each further layer: a function that writes x Wx to ``pre``, then ``pre``, b, stepper.
        self.rest = []
        for below, step in pairwise(steps):
            pre = np.empty((*step.h.shape[:-1], step.Wx.shape[1]), step.h.dtype)
            self.rest.append((make_product(below.h, step.Wx, pre), pre, step.b, step))

    def advance(self, pre: Array) -> Array:
        """Advance one step from the first layer's ``pre``; return the last layer's h.

        It is the same array at each call.
        """
        h = self.first(pre)
        for multiply_x, pre, b, step in self.rest:
            multiply_x()
            np.add(pre, b, out=pre)
            h = step(pre)
        return h

    def prime(self, table: Array, seed: list[int]) -> Array:
        """Process the seed's ids; return the last layer's h after them."""
        for i in seed:
            h = self.advance(table[i])
        return h


def _make_chooser(
    b_out: Array,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    seed: int | None,
    n: int | None,
) -> Callable[[Array], Any]:
    """Return a function that draws ids from logits (V,) or (n, V) without their bias."""
    V, dtype = len(b_out), b_out.dtype
    temperature = checks.check_number("temperature", temperature, 0.0, 100.0)
    if top_k is not None:
        checks.check_whole("top_k", top_k, 1)
    if top_p is not None:
        checks.check_number("top_p", top_p, 0.0, 1.0, open_low=True)
    if seed is not None:
        checks.check_whole("seed", seed, 0)
    rng = np.random.default_rng(seed)
    shape = (V,) if n is None else (n, V)

    block = max(1, min(_NOISE_BLOCK, _NOISE_VALUES // math.prod(shape)))

    def noise() -> Iterator[Array]:
        # temperature * Gumbel noise + bias: added to the logits, it leaves only an argmax.
        while True:
            uniform = rng.random((block, *shape), dtype=np.float32)
            np.maximum(uniform, np.finfo(np.float32).tiny, out=uniform)
            gumbel = -np.log(-np.log(uniform))
            yield from (gumbel * np.float32(temperature) + b_out).astype(dtype)

    noise_at = noise()
    keep = _make_filter(temperature, top_k, top_p, V)
    noisy = np.empty(shape, dtype)

    def choose(logits: Array) -> Any:
        if keep is not None:
            logits = keep(logits + b_out) - b_out
        i = np.add(logits, next(noise_at), out=noisy).argmax(axis=-1)
        return i if n is not None else int(i)

    return choose


def _make_filter(
    temperature: float, top_k: int | None, top_p: float | None, V: int
) -> Callable[[Array], Array] | None:
    """Return a function that sets logits outside top-k and top-p to -inf, or None."""
    if (top_k is None or top_k >= V) and (top_p is None or top_p >= 1):
        return None

    def keep(logits: Array) -> Array:
        order = np.argsort(-logits, kind="stable")
        kept = V if top_k is None else min(top_k, V)
        if top_p is not None and temperature > 0:
            scaled = logits[order].astype(np.float64) / temperature
            p = np.exp(scaled - scaled[0])
            reached = np.cumsum(p) >= top_p * p.sum()
            kept = min(kept, int(np.argmax(reached)) + 1)
        out = np.full_like(logits, -np.inf)
        out[order[:kept]] = logits[order[:kept]]
        return out

    return keep
