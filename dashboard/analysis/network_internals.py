"""Measure what happens inside a network: gates, gradients and next characters.

Each function runs rnncore's own cells and sampler.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnncore import RNN, Sampler, Solver, Vocab, checks, inspect
from rnncore.batches import check_ids
from rnncore.cells import CELLS
from rnncore.errors import SettingError, TextError

Array = NDArray[np.floating]
Ids = NDArray[np.integer]

SEQUENCES = 16  # that gradients are averaged over
MIN_GRADIENT = 1e-60  # smaller gradient norms count as this one, so that ratios stay finite


@dataclass(frozen=True)
class Gates:
    """What the units of a layer do at each of T characters.

    chars: the T characters. values: each part of the cell by its name, (T, H): the output "h", and
    of an LSTM "c", "i", "f", "o" and "g", of a GRU "r", "z" and "n".
    """

    chars: tuple[str, ...]
    values: dict[str, Array]


@dataclass(frozen=True)
class Reach:
    """How much of a gradient is left after a number of steps back in time.

    steps: (K,), steps back from the last character, from 0. norm: (K,), norm of the gradient of
    the last character's loss with respect to the state there (h, and c if the cell has it),
    divided by the norm at step 0.
    """

    steps: NDArray[np.int64]
    norm: NDArray[np.float64]

    @property
    def half_life(self) -> int | None:
        """Steps after which less than half of the gradient is left; None if half of it stays."""
        less = np.flatnonzero(self.norm < 0.5)
        return int(self.steps[less[0]]) if len(less) else None

    def ratio_to(self, other: Reach) -> float:
        """Return the norm at the last step divided by that of ``other``."""
        return float(max(self.norm[-1], MIN_GRADIENT) / max(other.norm[-1], MIN_GRADIENT))


@dataclass(frozen=True)
class Temperatures:
    """The distribution over the next character at several temperatures.

    chars: the K likeliest characters, in order. temperatures: (M,). probabilities: (M, K), of
    those K. entropy: (M,), in nats, of the distributions over all characters.
    """

    chars: tuple[str, ...]
    temperatures: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    entropy: NDArray[np.float64]


def train_small_network(
    text: str,
    cell_type: str = "lstm",
    hidden_dim: int = 24,
    iterations: int = 300,
    seed: int = 0,
    *,
    recurrent_scale: float = 1.0,
    forget_bias: float | None = None,
) -> RNN:
    """Train a network of one layer on ``text`` and return it; 300 iterations take under a second.

    recurrent_scale: factor on the initial recurrent weights, which are orthogonal. Below 1
    gradients vanish sooner; well above 1 they can explode. forget_bias: initial bias of an
    LSTM's forget gates (None: rnncore's default, -1). At 5 the gates keep 99 % of the cell state
    at each step. The same arguments give the same network.
    """
    vocab = Vocab.from_text(text)
    model = RNN(len(vocab), vocab.idx_to_char, 12, hidden_dim, cell_type, seed=seed)
    H = model.hidden_dim
    model.params["Wh"][...] *= checks.check_number("recurrent_scale", recurrent_scale, 0.0, 100.0)
    if forget_bias is not None and cell_type == "lstm":
        bias = checks.check_number("forget_bias", forget_bias, -100.0, 100.0)
        model.params["b"][H : 2 * H] = bias
    if iterations:
        solver = Solver(
            vocab.encode(text),
            model,
            seq_length=25,
            batch_size=8,
            lr=1e-2,
            num_iters=checks.check_whole("iterations", iterations, 0),
            val_fraction=0,
        )
        for _ in range(iterations):
            solver.step()
    return model


def compute_gates(model: RNN, text: str, layer: int = 0) -> Gates:
    """Return what a layer of a model does while the model reads ``text`` from a zero state.

    An empty text, or a model without characters, is a TextError.
    """
    if model.vocab is None or not text:
        raise TextError("There is nothing to read: pass a model with characters, and a text.")
    layer = checks.check_whole("layer", layer, 0, model.num_layers - 1)
    parts = model.cells[layer].parts
    values = inspect.activations(model, model.vocab.encode(text), parts)[:, layer]
    return Gates(tuple(text), {name: values[:, k] for k, name in enumerate(parts)})


def matrix_shapes(model: RNN) -> dict[str, tuple[int, int]]:
    """Return the model's weight matrices by a name and their shapes.

    Those of a layer are one matrix (D + H + 1, G H): input, previous output and bias for G gates.
    """
    H, V = model.hidden_dim, model.vocab_dim
    layers = {
        f"Layer {number}": (cell.D + H + 1, cell.G * H)
        for number, cell in enumerate(model.cells, 1)
    }
    return {"Embedding": (V, model.input_dim), **layers, "Output": (H + 1, V)}


def measure_gradient_reach(model: RNN, ids: Ids, steps: int = 60) -> Reach:
    """Return how fast the gradient of a one-layer model vanishes back through time.

    ids: a text (n,) of at least ``steps`` + 2 symbols, from which 16 stretches are taken. The
    gradient is that of the loss at a stretch's last symbol, by the cell's own backward pass.
    The norm k steps back is the geometric mean over the stretches. A model with more layers is
    a SettingError, a text that is too short a TextError.
    """
    steps = checks.check_whole("steps", steps, 1, 1000)
    if model.num_layers != 1:
        raise SettingError(
            f"The model has {model.num_layers} layers; gradients are measured for one."
        )
    ids = check_ids(ids, model.vocab_dim)
    if len(ids) < steps + 2:
        raise TextError(f"The text has {len(ids)} symbols; {steps} steps back need {steps + 2}.")
    starts = np.linspace(0, len(ids) - steps - 2, SEQUENCES).astype(int)
    stretches = ids[starts[:, None] + np.arange(steps + 2)]  # (N, steps + 2)
    x = model.params["W_embed"][stretches[:, :-1].T]  # (steps + 1, N, D)
    # Float64, because gradients vanish below what float32 can hold.
    cell = CELLS[model.cell_type](model.input_dim, model.hidden_dim, np.float64)
    W = model.weights(model.flat)[0].astype(np.float64)

    states = [cell.initial_state(SEQUENCES)]  # before each step
    for t in range(steps + 1):
        state = states[-1].copy()
        cell.forward(W, x[t : t + 1], state, cell.new_buffers(SEQUENCES, 1))
        states.append(state)

    dh_last = _loss_gradient(model, states[-1][0], stretches[:, -1])
    norms = [np.linalg.norm(dh_last, axis=1)]
    dW = np.empty_like(W)
    for back in range(1, steps + 1):
        run = cell.new_buffers(SEQUENCES, back)
        cell.forward(W, x[-back:], states[-1 - back].copy(), run)
        dh = np.zeros((back, SEQUENCES, model.hidden_dim))
        dh[-1] = dh_last
        cell.backward(W, dh, run, dW)
        norms.append(np.sqrt(np.square(run.dstate).sum(axis=(0, 2))))
    tiny = np.finfo(np.float64).tiny
    logs = np.log(np.maximum(np.array(norms), tiny)).mean(axis=1)
    return Reach(np.arange(steps + 1), np.exp(logs - logs[0]))


def compare_temperatures(
    model: RNN,
    text: str,
    temperatures: Sequence[float] = (0.2, 0.5, 1.0, 1.5),
    top: int = 12,
) -> Temperatures:
    """Return the model's distribution over the character after ``text``, at each temperature.

    top: number of characters to return. A model without characters is a SettingError.
    """
    if model.vocab is None:
        raise SettingError("This model has no characters; its seed must be ids.")
    p = np.asarray(Sampler(model).next_probabilities(text), np.float64)
    rows = np.array([apply_temperature(p, temperature) for temperature in temperatures])
    order = np.argsort(-p, kind="stable")[: checks.check_whole("top", top, 1)]
    logs = np.log(rows, out=np.zeros_like(rows), where=rows > 0)
    chars = tuple(model.vocab.idx_to_char[i] for i in order)
    entropy = np.maximum(0.0, -(rows * logs).sum(axis=1))
    return Temperatures(chars, np.array(temperatures, np.float64), rows[:, order], entropy)


def apply_temperature(p: Array, temperature: float) -> NDArray[np.float64]:
    """Return softmax(logits / temperature), (V,), from the softmax p (V,) at temperature 1.

    At temperature 0 the likeliest character has probability 1.
    """
    temperature = checks.check_number("temperature", temperature, 0.0, 100.0)
    if temperature == 0:
        return (np.arange(len(p)) == np.argmax(p)).astype(np.float64)
    with np.errstate(divide="ignore"):  # a probability of 0 stays 0
        logits = np.log(np.asarray(p, np.float64))
    powers = np.exp((logits - logits.max()) / temperature)
    return powers / powers.sum()


def _loss_gradient(model: RNN, h: Array, targets: Ids) -> Array:
    """Return the gradient (N, H) of each sequence's own loss with respect to its last h (N, H)."""
    logits = h @ model.params["W_out"] + model.params["b_out"]
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(p)), targets] -= 1
    return p @ model.params["W_out"].T
