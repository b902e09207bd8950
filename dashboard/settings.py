"""Settings of the network and of training, the presets, and the options that the page offers.

A change of ``ModelSettings`` needs a new run; ``TrainSettings`` act from the next iteration on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

from rnncore import CELLS, RNN, Solver
from rnncore.memory_estimate import estimate_training_bytes
from rnncore.network import count_params, default_input_dim

HIDDEN_SIZES = (16, 32, 64, 100, 128, 160, 192, 200, 256, 384, 512, 768, 1024)
LAYERS = (1, 2, 3, 4)
EMBEDDINGS = (0, 4, 8, 16, 24, 32, 48, 64, 96, 128, 256)
DROPOUTS = (0.0, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5)
SEQ_LENGTHS = (10, 15, 25, 32, 35, 50, 64, 75, 100, 150, 200)
BATCH_SIZES = (1, 2, 4, 8, 16, 32, 50, 64, 100, 128)
VAL_FRACTIONS = (0.0, 0.05, 0.1, 0.2)
LEARNING_RATES = (
    1e-4, 2e-4, 3e-4, 5e-4, 1e-3, 2e-3, 3e-3, 4e-3, 6e-3, 8e-3, 1e-2, 1.2e-2, 1.5e-2, 2e-2, 5e-2,
    1e-1, 0.5, 1.0,
)  # fmt: skip
CLIPS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 50.0, math.inf)
WARMUPS = (0, 50, 100, 200, 500, 1_000, 2_000, 5_000)
EVAL_INTERVALS = (0, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, math.inf)
FRESH_STARTS = (32, 64, 128, 256, 512, 1_024, 2_048, 4_096, math.inf)
ITERATIONS = (
    500,
    1_000,
    2_000,
    2_500,
    3_000,
    5_000,
    10_000,
    15_000,
    20_000,
    50_000,
    100_000,
    200_000,
)
EPOCHS = (1, 2, 3, 5, 10, 20, 50, 100)
MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 240)
MAX_SEED = 2**31 - 1
MANY_EPOCHS = 30  # passes over a text after which a preset's network may overfit
PATIENCES = (2, 3, 5, 10, 20)
# The LSTM comes first, because it is the default.
CELL_NAMES = {
    name: cell.title
    for name, cell in sorted(CELLS.items(), key=lambda item: (item[0] != "lstm", item[1].title))
}

# Iterations whose history is counted as memory. It hardly grows beyond the first 65,536.
LONGEST_RUN = ITERATIONS[-1]


@dataclass(frozen=True)
class ModelSettings:
    """The network, and how the text is divided into batches.

    input_dim: D, the embedding size; 0 stands for the default: see ``default_input_dim``.
    val_fraction: share of the text held out for validation, at its end.
    """

    cell_type: str = "lstm"
    hidden_dim: int = 128
    num_layers: int = 1
    input_dim: int = 0
    dropout: float = 0.0
    seq_length: int = 50
    batch_size: int = 16
    val_fraction: float = 0.1
    seed: int = 0

    @classmethod
    def from_model(
        cls, model: RNN, seq_length: int, batch_size: int, val_fraction: float
    ) -> ModelSettings:
        """Return the settings of a model that is trained with such batches."""
        return cls(
            cell_type=model.cell_type,
            hidden_dim=model.hidden_dim,
            num_layers=model.num_layers,
            input_dim=model.input_dim,
            dropout=model.dropout,
            seq_length=seq_length,
            batch_size=batch_size,
            val_fraction=val_fraction,
            seed=min(model.seed, MAX_SEED),  # the largest number that the widget accepts
        )

    def embedding_dim(self, vocab_dim: int) -> int:
        """Return D, the embedding size, for this vocabulary size."""
        return self.input_dim or default_input_dim(vocab_dim)

    @property
    def chars_per_iteration(self) -> int:
        """Characters of the text that an iteration reads."""
        return self.batch_size * self.seq_length

    def iterations_per_epoch(self, length: int) -> int:
        """Return the iterations that read the training part of a text of this length once."""
        stream = (length - round(length * self.val_fraction) - 1) // self.batch_size
        return max(1, stream // self.seq_length)  # as ``rnncore.batches`` divides the text

    def num_params(self, vocab_dim: int) -> int:
        """Return the number of the network's parameters for this vocabulary size."""
        D = self.embedding_dim(vocab_dim)
        return count_params(vocab_dim, D, self.hidden_dim, self.cell_type, self.num_layers)

    def memory(self, vocab_dim: int, itemsize: int = 4) -> int:
        """Return the estimated bytes that training takes; ``itemsize``: bytes of a parameter."""
        D = self.embedding_dim(vocab_dim)
        return estimate_training_bytes(
            vocab_dim, D, self.hidden_dim, self.cell_type, self.num_layers,
            self.batch_size, self.seq_length, itemsize, validates=self.val_fraction > 0,
            iterations=LONGEST_RUN,
        )  # fmt: skip


def fit_to_length(settings: ModelSettings, length: int) -> ModelSettings | None:
    """Return settings with which a training part of this length fills a batch, or None.

    The batch size becomes the largest that its slider offers and that fits. If none does, the
    batch size becomes 1, and the sequence length the largest such.
    """
    smaller = [replace(settings, batch_size=N) for N in BATCH_SIZES if settings.batch_size > N][
        ::-1
    ] + [
        replace(settings, batch_size=1, seq_length=T)
        for T in SEQ_LENGTHS
        if settings.seq_length > T
    ][::-1]
    return next((s for s in smaller if s.batch_size * s.seq_length < length), None)


@dataclass(frozen=True)
class TrainSettings:
    """Live settings: they may change during training.

    clip: largest norm of the gradient; infinity for no clipping.
    num_iters: length of the run, over which the schedule lowers the learning rate.
    eval_every: iterations between validations; 0 lets the solver choose, infinity means never.
    fresh_after: iterations after which a stream restarts from a zero hidden state; infinity means
        never.

    Infinity is the last option of a slider. A Solver has None or 0 instead: see
    ``solver_arguments`` and ``from_solver``.
    """

    lr: float = 8e-3
    update_rule: str = "adam"
    schedule: str = "cosine"
    clip: float = 5.0
    num_iters: int = 3_000
    warmup: int = 0
    eval_every: float = 0
    fresh_after: float = 256

    def solver_arguments(self) -> dict[str, Any]:
        """Return the settings as keyword arguments of a Solver.

        ``eval_every`` is None if the solver is to choose it.
        """
        return {
            **vars(self),
            "clip": None if math.isinf(self.clip) else self.clip,
            "eval_every": _count(self.eval_every) if self.eval_every else None,
            "fresh_after": _count(self.fresh_after),
        }

    @classmethod
    def from_solver(cls, solver: Solver) -> TrainSettings:
        """Return the settings of a solver.

        If ``eval_every`` is what the solver would choose, it counts as the solver's choice.
        """
        own = {field.name: getattr(solver, field.name) for field in fields(cls)}
        affordable = solver.eval_every == solver.choose_eval_every()
        return cls(
            **own
            | {
                "clip": math.inf if solver.clip is None else solver.clip,
                "eval_every": 0 if affordable else solver.eval_every or math.inf,
                "fresh_after": solver.fresh_after or math.inf,
            }
        )


def _count(iterations: float) -> int:
    """Return an interval as a Solver takes it: 0 means never."""
    return 0 if math.isinf(iterations) else int(iterations)


@dataclass(frozen=True)
class Preset:
    """Settings for a purpose: its title on a button, and one sentence on what it is for.

    patience: validations without a new best after which training ends early on a small text.
    from_chars: the page recommends it for texts of so many characters; 0 for none.
    """

    title: str
    purpose: str
    model: ModelSettings
    train: TrainSettings
    patience: int = 10
    from_chars: int = 0

    def goal(self, chars: int, model: ModelSettings) -> Goal:
        """Return when training on ``chars`` characters ends.

        On a text that is read many times it also ends when validation stalls: before the network
        has learnt the text by heart, or soon after.
        """
        read = self.train.num_iters * model.batch_size * model.seq_length
        small = read > MANY_EPOCHS * max(1.0, chars * (1 - model.val_fraction))
        return Goal("iterations", self.train.num_iters, self.patience if small else 0)


PRESETS = {
    "taste": Preset(
        "Quick demo",
        "Words within seconds, first sentences after a minute.",
        ModelSettings(batch_size=32, seq_length=32),
        TrainSettings(lr=1.5e-2, num_iters=2_500),
        patience=5,
    ),
    "gru": Preset(
        "Quick GRU",
        "The lowest loss after a minute: a GRU instead of an LSTM.",
        ModelSettings("gru", hidden_dim=192, batch_size=32, seq_length=32),
        TrainSettings(lr=6e-3, num_iters=2_500),
        patience=5,
    ),
    "evening": Preset(
        "A good book",
        "For a whole novel: learns its sentences, names and style.",
        ModelSettings(hidden_dim=192, num_layers=2, dropout=0.1, batch_size=32, seq_length=32),
        TrainSettings(lr=8e-3, num_iters=15_000),
        from_chars=300_000,
    ),
    "overnight": Preset(
        "Overnight",
        "For a long text and a night: two layers. Ends when validation stalls.",
        ModelSettings(hidden_dim=256, num_layers=2, dropout=0.25, batch_size=32, seq_length=64),
        TrainSettings(lr=8e-3, num_iters=100_000),
    ),
    "original": Preset(
        "The original",
        "The student project that this grew from: one LSTM of 200, RMSprop at 0.01.",
        ModelSettings(hidden_dim=200),
        TrainSettings(lr=1e-2, update_rule="rmsprop", schedule="constant", num_iters=20_000),
    ),
    "min-char-rnn": Preset(
        "min-char-rnn",
        "Karpathy’s 112 lines: a vanilla RNN of 100, Adagrad at 0.1.",
        ModelSettings("vanilla", hidden_dim=100, seq_length=25, batch_size=1),
        TrainSettings(lr=0.1, update_rule="adagrad", schedule="constant", num_iters=50_000),
    ),
}

GOAL_TITLES = {
    "iterations": "Iterations",
    "epochs": "Epochs",
    "minutes": "Minutes",
    "plateau": "Validation stalls",
}


@dataclass(frozen=True)
class Goal:
    """When training ends.

    kind: a key of GOAL_TITLES.
    amount: iterations, epochs or minutes; for "plateau", validations in a row without a new best.
    patience: such validations that also end a number of iterations; 0 for none. Only presets set
        it.
    """

    kind: str
    amount: float
    patience: int = 0

    def iterations(self, per_epoch: int, per_second: float, otherwise: int) -> int:
        """Return the goal in iterations, or ``otherwise`` if it has no fixed number.

        per_epoch: iterations of an epoch.
        per_second: iterations in a second; 0 if unknown.
        """
        if self.kind == "iterations":
            return int(self.amount)
        if self.kind == "epochs":
            return max(1, round(self.amount * per_epoch))
        if self.kind == "minutes" and per_second:
            return max(1, round(self.amount * 60 * per_second))
        return otherwise
