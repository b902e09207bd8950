"""Solver: trains a model for a step, for some seconds or to the end of a run.

Except for the parameters, the solver owns everything that changes in training: the position
in the text, the carried state, the optimizer, the iteration and the history. Training can
stop after any iteration and continue later with the same result. However it stops, an
iteration has either happened completely or not at all.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore import checks, layer_figures, learning_rates, validation
from rnncore.batch_pass import Pass
from rnncore.batches import Batch, Batches, check_ids, split
from rnncore.best_weights import BestWeights, keep_best
from rnncore.errors import DivergedError
from rnncore.history import History
from rnncore.model import RNN
from rnncore.network import State, check_finite
from rnncore.optim import UPDATE_RULES, Vector, clip_by_global_norm, make_optimizer
from rnncore.plotting import loss_chart
from rnncore.training_loop import Stopped, TrainingLoop

Ids = NDArray[np.integer]

# NumPy's warnings are suppressed because ``step`` raises DivergedError after an overflow.
_ignore_overflow = np.errstate(over="ignore", invalid="ignore")


class Solver(TrainingLoop):
    """Minibatch training with truncated back-propagation through time.

    data: 1-D integer ids, each within ``0 .. model.vocab_dim - 1``.
    seq_length, batch_size: T and N, the steps and streams of a batch.
    lr: base learning rate; None takes ``learning_rates.default_rate`` for this network.
    update_rule: a name in ``rnncore.UPDATE_RULES``.
    num_iters: iterations of the whole run; the schedule spans them.
    val_fraction: fraction of the data, at its end, that is held out for validation.
    schedule: how the learning rate changes ("constant", "step", "cosine") after ``warmup``
        iterations, in which it rises to ``lr``.
    clip: largest global norm of the gradient, or None.
    eval_every: iterations between validations. None chooses an interval at which they take
        about 5 % of the time, with an early one on a long text; 0 means no validation. A
        validation in training reads up to 100,000 held-out characters, the last one all.
    seed: seed of the dropout masks.
    fresh_after: iterations after which a stream starts again from a zero state; 0 means
        never. The streams start again one after another. Samples start from a zero state, so
        training should include it: a network trained without may, after some hundred
        iterations, write only the rarest characters.
    """

    # Called after each chunk of a validation, so that other threads can run in between.
    on_validation_chunk: Callable[[], None] | None = None

    def __init__(
        self,
        data: Any,
        model: RNN,
        seq_length: int = 50,
        batch_size: int = 16,
        lr: float | None = None,
        update_rule: str = "adam",
        num_iters: int = 20_000,
        val_fraction: float = 0.1,
        schedule: str = "cosine",
        warmup: int = 0,
        clip: float | None = 5.0,
        eval_every: int | None = None,
        seed: int = 0,
        fresh_after: int = 256,
    ):
        self.model = model
        self.ids = check_ids(data, model.vocab_dim)
        check_finite(model)
        self.train_ids, self.val_ids = split(self.ids, val_fraction)
        self.val_fraction = val_fraction
        self.batches = Batches(self.train_ids, batch_size, seq_length)
        self.batch_size, self.seq_length = batch_size, seq_length
        lr = learning_rates.default_rate(update_rule, model, batch_size) if lr is None else lr
        super().__init__(lr, schedule, num_iters, warmup)
        self.clip = None if clip is None else checks.check_number("clip", clip, 0.0, open_low=True)
        self.eval_every = (
            self.choose_eval_every()
            if eval_every is None
            else checks.check_whole("eval_every", eval_every, 0)
        )
        self.seed = checks.check_whole("seed", seed, 0)
        self.fresh_after = checks.check_whole("fresh_after", fresh_after, 0)
        self.rng = np.random.default_rng(seed)
        self.optimizer = make_optimizer(update_rule, model.num_params, model.dtype)
        self.state: State = model.initial_state(batch_size)
        self.history = History()
        self.best: BestWeights | None = None  # after a validation
        self.iteration = 0
        self.seconds = 0.0
        self.notes: dict[str, Any] = {}  # plain values for JSON that ``save`` keeps with the run
        self._buffers: Pass | None = None
        self._validator = validation.Validator()
        self._gradient_norms: dict[str, float] = {}  # by layer, where a validation is due

    @property
    def update_rule(self) -> str:
        """Name of the update rule; a new name starts a new optimizer."""
        return self.optimizer.name

    @update_rule.setter
    def update_rule(self, name: str) -> None:
        checks.check_choice("update_rule", name, UPDATE_RULES)
        if name != self.optimizer.name:
            self.optimizer = make_optimizer(name, self.model.num_params, self.model.dtype)

    # -- progress -----------------------------------------------------------------------------

    @property
    def epoch(self) -> float:
        """Epochs (passes over the training text) so far."""
        return self.iteration / self.batches.per_epoch

    # -- training -----------------------------------------------------------------------------

    def step(self) -> float:
        """Train on one batch; return its loss in nats per character.

        DivergedError: the loss or the gradient is not finite. The model is not updated.
        """
        return self.run_uninterrupted(self._step)

    @_ignore_overflow
    def _step(self) -> float:
        self.validate_if_due()  # if the last validation was interrupted
        if self.validation_due:
            raise Stopped
        started = time.perf_counter()
        if self._buffers is None:
            self._buffers = self.model.new_pass(self.batch_size, self.seq_length)
        # The batch is computed with copies. The solver changes only after everything that can
        # fail, so an exception leaves it as it was.
        batch = self.batches.peek()
        state = self._state_before(batch)
        rng = copy.deepcopy(self.rng) if self.model.dropout else self.rng
        loss, _ = self.model.loss(
            batch.inputs, batch.targets, state, buffers=self._buffers, rng=rng
        )
        grads = self._buffers.flat_grads
        due = self._is_validated(self.iteration + 1)
        norms = layer_figures.layer_norms(self.model, grads) if due else {}
        norm = clip_by_global_norm(grads, self.clip)
        if not (np.isfinite(loss) and np.isfinite(norm)):
            if not all(np.isfinite(part).all() for part in self.state):
                self.state = self.model.initial_state(self.batch_size)
            raise DivergedError(
                f"Training diverged at iteration {self.iteration + 1}: the loss is {loss:g} and "
                f"the gradient's norm {norm:g}. Continue from a checkpoint with a learning rate "
                f"below {self.lr:g}, or clip the gradient."
            )
        lr = self.lr_at(self.iteration)
        self.history.reserve()
        self.optimizer.update(self.model.flat, grads, lr)
        self.batches.cursor += 1
        self.state, self.rng = state, rng
        self.iteration += 1
        self.seconds += time.perf_counter() - started
        self.history.append(
            iteration=self.iteration, chars=self.chars_seen, seconds=self.seconds,
            loss=loss, grad_norm=norm, lr=lr,
        )  # fmt: skip
        self._gradient_norms, self.validation_due = norms, due
        self.validate_if_due()
        return loss

    def evaluate(self, max_chars: int | None = None) -> float:
        """Return the validation loss in nats per character, or NaN without held-out text.

        max_chars: characters to read, spread over the held-out text; None means all.
        """
        return self.run_uninterrupted(partial(self._evaluate, max_chars))

    @_ignore_overflow
    def _evaluate(self, max_chars: int | None) -> float:
        return self._validator.evaluate(
            self.model, self.val_ids, max_chars, self._after_validation_chunk
        )

    def _after_validation_chunk(self) -> None:
        if self.on_validation_chunk is not None:
            self.on_validation_chunk()
        if self.stopping:
            raise Stopped

    def _is_validated(self, at: int) -> bool:
        return validation.is_due(at, self.num_iters, self.eval_every, self.choose_eval_every())

    def choose_eval_every(self) -> int:
        """Return the iterations between validations that take about 5 % of the time."""
        return validation.choose_interval(len(self.val_ids), self.batch_size * self.seq_length)

    def plot_loss(self) -> Any:
        """Return an Altair chart of training and validation loss (needs altair and pandas)."""
        return loss_chart(self.history)

    # -- saving and resuming ------------------------------------------------------------------

    def settings(self) -> dict[str, Any]:
        """Return the arguments, without data and model, that create an equal solver."""
        return {
            "seq_length": self.seq_length,
            "batch_size": self.batch_size,
            "lr": self.lr,
            "update_rule": self.update_rule,
            "num_iters": self.num_iters,
            "val_fraction": self.val_fraction,
            "schedule": self.schedule,
            "warmup": self.warmup,
            "clip": self.clip,
            "eval_every": self.eval_every,
            "seed": self.seed,
            "fresh_after": self.fresh_after,
        }

    def position(self) -> dict[str, Any]:
        """Return the values for ``resume`` that are not arrays."""
        return {
            "iteration": self.iteration,
            "seconds": self.seconds,
            "cursor": self.batches.cursor,
            "updates": self.optimizer.steps,
            "rng": self.rng.bit_generator.state,
            "validation_due": self.validation_due,
            "gradient_norms": self._gradient_norms if self.validation_due else {},
        }

    def resume(
        self,
        position: Mapping[str, Any],
        moments: Mapping[str, Vector],
        state: State,
        history: History,
    ) -> None:
        """Continue exactly from the position of another solver with equal settings and model.

        position: what the other solver's ``position`` returned.
        moments: the vectors (P,) of its ``optimizer.slots``; they are copied.
        state, history: its state and history; this solver uses and changes them.
        """
        self.iteration, self.seconds = position["iteration"], position["seconds"]
        self.batches.cursor = position["cursor"]
        self.rng.bit_generator.state = position["rng"]
        self.optimizer.steps = position["updates"]
        for name, slot in self.optimizer.slots.items():
            slot[...] = moments[name]
        self.state, self.history = state, history
        # Files of earlier versions lack this value: they were saved between two iterations.
        self.validation_due = position.get("validation_due", False) and len(history) > 0
        self._gradient_norms = dict(position.get("gradient_norms", {}))

    def _state_before(self, batch: Batch) -> State:
        """Return a copy of the carried state to start this batch with.

        It is zero where the text starts again. The streams also start again one after another,
        see ``fresh_after``.
        """
        if batch.wrapped:
            state = self.model.initial_state(self.batch_size)
        else:
            state = [part.copy() for part in self.state]
        if self.fresh_after:
            count, rest = divmod(self.iteration, max(1, self.fresh_after // self.batch_size))
            if rest == 0:
                for part in state:
                    part[:, count % self.batch_size] = 0
        return state

    def validate_if_due(self) -> None:
        """Measure the validation loss of the last iteration, if that is due."""
        if not self.validation_due:
            return
        started = time.perf_counter()
        limit = None if self.finished else validation.MAX_CHARS_IN_TRAINING
        try:
            loss = self.evaluate(limit)
        except Stopped:
            return
        figures = layer_figures.collect(self.model, self._gradient_norms, self._validator.gates)
        layers = self.history.layers.extended(self.iteration, figures)
        self.best = keep_best(self.best, self.history, loss, self.model, self.iteration)
        self.history.set_last("val_loss", loss)
        self.history.layers = layers
        self.validation_due = False
        self.seconds += time.perf_counter() - started

    def __repr__(self) -> str:
        return f"Solver(iteration {self.iteration:,} of {self.num_iters:,}, {self.model!r})"
