"""The figures of the page that explains the network, measured on a small one as it is.

Nothing here is drawn from memory: each function runs rnncore's own cells and sampler, or
writes out the equations of ``rnncore.cells`` on the model's own parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnncore import RNN, Sampler, Solver, Vocab, checks
from rnncore.batches import check_ids
from rnncore.cells import CELLS
from rnncore.errors import SettingError, TextError

Array = NDArray[np.floating]
Ids = NDArray[np.integer]

SEQUENCES = 16  # over which gradients are averaged
MIN_GRADIENT = 1e-60  # of a gradient: less counts as this


@dataclass(frozen=True)
class Gates:
    """What the gates of the first layer do at each character of a text.

    chars: T characters. gates: name (i, f, o, g) to (T, H). cell, hidden: c and h after each
    character, (T, H).
    """

    chars: tuple[str, ...]
    gates: dict[str, Array]
    cell: Array
    hidden: Array


@dataclass(frozen=True)
class Reach:
    """How much of a gradient is left so many steps back.

    steps: (K,), 0 the last character. norm: (K,), norm of the gradient of the last character's
    loss with respect to the state there (h, and c where there is one), that at 0 being 1.
    """

    steps: NDArray[np.int64]
    norm: NDArray[np.float64]

    @property
    def half_life(self) -> int | None:
        """Steps after which less than half is left, or None if that is never."""
        less = np.flatnonzero(self.norm < 0.5)
        return int(self.steps[less[0]]) if len(less) else None

    def ratio_to(self, other: Reach) -> float:
        """How many times as much as the other has kept is left at the last step."""
        return float(max(self.norm[-1], MIN_GRADIENT) / max(other.norm[-1], MIN_GRADIENT))


@dataclass(frozen=True)
class Temperatures:
    """The distribution over the next character at several temperatures.

    chars: the K likeliest, in order. temperatures: (M,). probabilities: (M, K); the other
    characters have the rest. entropy: (M,), in nats, of the whole distributions.
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
    """A network of one layer after some iterations on ``text``; 300 take a few tenths of a second.

    recurrent_scale: factor on the initial recurrent weights, which are orthogonal: below 1
    gradients fade sooner, well above 1 they can explode. forget_bias: initial bias of an LSTM's
    forget gates (None: rnncore's own, 1); at 5 they keep 99 % of the cell at each step.
    The same arguments give the same network.
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


def compute_gates(model: RNN, text: str) -> Gates:
    """The gates of an LSTM's first layer while it reads ``text`` from a zero state."""
    if model.cell_type != "lstm":
        raise SettingError(f"The model's cell is {model.cell_type}; gates are shown of an lstm.")
    if model.vocab is None or not text:
        raise TextError("There is nothing to read: give a model with characters, and some text.")
    params, H = model.params, model.hidden_dim
    inputs = params["W_embed"][model.vocab.encode(text)] @ params["Wx"] + params["b"]
    h, c = np.zeros(H, model.dtype), np.zeros(H, model.dtype)
    rows: dict[str, list[Array]] = {name: [] for name in (*CELLS["lstm"].gates, "c", "h")}
    for a in inputs:
        a = a + h @ params["Wh"]
        i, f, o = _sigmoid(a[: 3 * H]).reshape(3, H)
        g = np.tanh(a[3 * H :])
        c = f * c + i * g
        h = o * np.tanh(c)
        for name, value in zip(rows, (i, f, o, g, c, h), strict=True):
            rows[name].append(value)
    arrays = {name: np.array(values) for name, values in rows.items()}
    return Gates(tuple(text), arrays, cell=arrays.pop("c"), hidden=arrays.pop("h"))


def measure_gradient_reach(model: RNN, ids: Ids, steps: int = 60) -> Reach:
    """How fast the gradient of a one-layer model fades on the way back through time.

    ids: a text of more than ``steps`` + 1 symbols, from which 16 stretches are taken. The
    gradient is that of the loss at a stretch's last symbol, by the cell's own backward pass;
    the figure for k steps back is the geometric mean over the stretches.
    """
    steps = checks.check_whole("steps", steps, 1, 1000)
    if model.num_layers != 1:
        raise SettingError(f"The model has {model.num_layers} layers; this is shown of one.")
    ids = check_ids(ids, model.vocab_dim)
    if len(ids) < steps + 2:
        raise TextError(f"The text has {len(ids)} symbols; {steps} steps back need {steps + 2}.")
    starts = np.linspace(0, len(ids) - steps - 2, SEQUENCES).astype(int)
    stretches = ids[starts[:, None] + np.arange(steps + 2)]  # (N, steps + 2)
    x = model.params["W_embed"][stretches[:, :-1].T]  # (steps + 1, N, D)
    # Gradients fade below what float32 can hold.
    cell = CELLS[model.cell_type](model.input_dim, model.hidden_dim, np.float64)
    W = model.weights(model.flat)[0].astype(np.float64)

    states = [cell.initial_state(SEQUENCES)]  # before each step
    for t in range(steps + 1):
        state = states[-1].copy()
        cell.forward(W, x[t : t + 1], state, cell.run(SEQUENCES, 1))
        states.append(state)

    dh_last = _loss_gradient(model, states[-1][0], stretches[:, -1])
    norms = [np.linalg.norm(dh_last, axis=1)]
    dW = np.empty_like(W)
    for back in range(1, steps + 1):
        run = cell.run(SEQUENCES, back)
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
    """What a model would write after ``text``, at several temperatures."""
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
    """Softmax of the logits divided by the temperature, from the softmax p (V,) at 1.

    At 0 all probability lies on the likeliest.
    """
    temperature = checks.check_number("temperature", temperature, 0.0, 100.0)
    if temperature == 0:
        return (np.arange(len(p)) == np.argmax(p)).astype(np.float64)
    with np.errstate(divide="ignore"):  # a probability of 0 stays one
        logits = np.log(np.asarray(p, np.float64))
    powers = np.exp((logits - logits.max()) / temperature)
    return powers / powers.sum()


def _sigmoid(a: Array) -> Array:
    return 0.5 * np.tanh(0.5 * a) + 0.5


def _loss_gradient(model: RNN, h: Array, targets: Ids) -> Array:
    """Gradient (N, H) of each sequence's own loss with respect to its last h (N, H)."""
    logits = h @ model.params["W_out"] + model.params["b_out"]
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(p)), targets] -= 1
    return p @ model.params["W_out"].T
