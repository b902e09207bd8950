"""Solver: trains a model on ids, a step, some seconds or a whole run at a time.

The solver owns everything that changes in training apart from the parameters:
the place in the text, the state carried from batch to batch, the update rule's
moments, the iteration and the history. It can be left and taken up again at any
iteration.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore import checks
from rnncore.batch_pass import Pass
from rnncore.batches import VAL_STEPS, VAL_STREAMS, Batches, as_streams, check_ids, split
from rnncore.errors import DivergedError
from rnncore.history import History
from rnncore.model import RNN
from rnncore.network import State, check_finite
from rnncore.optim import UPDATE_RULES, Vector, clip_by_global_norm, make_optimizer
from rnncore.plotting import loss_chart
from rnncore.schedules import SCHEDULES, Schedule

Ids = NDArray[np.integer]

# A stream of a validation is so many characters long, or there are fewer streams: only a few
# characters at each stream's beginning lack their context.
_VAL_STREAM_LENGTH = 500
# While training goes on, so many characters from all over the held-out text tell enough, often
# and without a long stop. At the end all of it is read.
_VAL_CHARS = 100_000

# Overflow is said once, by DivergedError, and not by NumPy's warnings on the way.
_quietly = np.errstate(over="ignore", invalid="ignore")


class Solver:
    """Minibatch training with truncated back-propagation through time.

    data: 1-D integer ids, each within ``0 .. model.vocab_dim - 1``.
    lr: base learning rate, which ``schedule`` ("constant", "step", "cosine") scales after
        ``warmup`` iterations. The default suits Adam and networks of some 200 units; larger ones
        begin better with half of it.
    clip: largest global norm of the gradient, or None.
    val_fraction: share of the data, at its end, that is held out for ``evaluate``.
    eval_every: iterations between validations in training; None chooses so that they take
        about a twentieth of the time, 0 leaves them out. They read 100,000 held-out
        characters here and there, the one at the end of the run reads all.
    seed: of the dropout masks.
    fresh_after: iterations after which a stream starts from a zero state again, the streams
        taking turns; 0 never. A state that is only ever carried on is one that no sample begins
        with: started from zero, a network of some hundred iterations may write nothing but the
        text's rarest characters.
    """

    # Called after each piece of a validation, which may last: for whoever shares the processor.
    on_validation_chunk: Callable[[], None] | None = None

    def __init__(
        self,
        data: Any,
        model: RNN,
        seq_length: int = 50,
        batch_size: int = 16,
        lr: float = 8e-3,
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
        self._lr = checks.check_number("lr", lr, 0.0, 100.0, open_low=True)
        self._schedule = Schedule(schedule, num_iters, warmup)
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
        self.iteration = 0
        self.seconds = 0.0
        self._buffers: Pass | None = None
        self._val_buffers: Pass | None = None

    # -- settings that may change while training goes on --------------------------------------

    @property
    def lr(self) -> float:
        """Base learning rate; a new value acts on the next iteration."""
        return self._lr

    @lr.setter
    def lr(self, value: float) -> None:
        self._lr = checks.check_number("lr", value, 0.0, 100.0, open_low=True)

    @property
    def update_rule(self) -> str:
        """Name of the update rule; a new name starts it with fresh moments."""
        return self.optimizer.name

    @update_rule.setter
    def update_rule(self, name: str) -> None:
        checks.check_choice("update_rule", name, UPDATE_RULES)
        if name != self.optimizer.name:
            self.optimizer = make_optimizer(name, self.model.num_params, self.model.dtype)

    @property
    def num_iters(self) -> int:
        """Iterations of the whole run; the schedule spans them."""
        return self._schedule.num_iters

    @num_iters.setter
    def num_iters(self, value: int) -> None:
        self._schedule = Schedule(self._schedule.name, value, self._schedule.warmup)

    @property
    def schedule(self) -> str:
        """Name of the learning-rate schedule."""
        return self._schedule.name

    @schedule.setter
    def schedule(self, name: str) -> None:
        checks.check_choice("schedule", name, SCHEDULES)
        self._schedule = Schedule(name, self._schedule.num_iters, self._schedule.warmup)

    @property
    def warmup(self) -> int:
        """Iterations over which the rate rises to its base value."""
        return self._schedule.warmup

    @warmup.setter
    def warmup(self, value: int) -> None:
        self._schedule = Schedule(self._schedule.name, self._schedule.num_iters, value)

    # -- where the run stands -----------------------------------------------------------------

    @property
    def chars_seen(self) -> int:
        """Characters of training text read so far."""
        return self.iteration * self.batch_size * self.seq_length

    @property
    def epoch(self) -> float:
        """Passes over the training text so far."""
        return self.iteration / self.batches.per_epoch

    @property
    def finished(self) -> bool:
        """Whether ``num_iters`` iterations are done."""
        return self.iteration >= self.num_iters

    # -- training -----------------------------------------------------------------------------

    @_quietly
    def step(self) -> float:
        """One iteration; returns the batch's loss in nats per character.

        A loss or gradient that is not finite raises DivergedError before anything is updated.
        """
        started = time.perf_counter()
        if self._buffers is None:
            self._buffers = self.model.new_pass(self.batch_size, self.seq_length)
        batch = self.batches.next()
        if batch.wrapped:
            self.state = self.model.initial_state(self.batch_size)
        self._start_one_afresh()
        loss, _ = self.model.loss(
            batch.inputs, batch.targets, self.state, buffers=self._buffers, rng=self.rng
        )
        grads = self._buffers.flat_grads
        norm = clip_by_global_norm(grads, self.clip)
        if not (np.isfinite(loss) and np.isfinite(norm)):
            self.state = self.model.initial_state(self.batch_size)  # it may be spoilt as well
            raise DivergedError(
                f"Training diverged at iteration {self.iteration + 1}: the loss is {loss:g} and "
                f"the gradient's norm {norm:g}. Go on from a saved state with a learning rate "
                f"below {self.lr:g}, or clip the gradient."
            )
        lr = self._lr * self._schedule.factor(self.iteration)
        self.optimizer.update(self.model.flat, grads, lr)
        self.iteration += 1
        self.seconds += time.perf_counter() - started
        self.history.append(
            iteration=self.iteration, chars=self.chars_seen, seconds=self.seconds,
            loss=loss, grad_norm=norm, lr=lr,
        )  # fmt: skip
        self._validate_if_due()
        return loss

    def train_for(self, seconds: float) -> int:
        """Train until the time is up or the run is finished; returns the iterations done."""
        checks.check_number("seconds", seconds, 0.0)
        start, deadline = self.iteration, time.perf_counter() + seconds
        while not self.finished and time.perf_counter() < deadline:
            self.step()
        return self.iteration - start

    def train(self, progress: bool | None = None) -> History:
        """Train to the end of the run; ``progress`` shows a bar (None: only in a terminal).

        Ctrl-C leaves the solver as it is after the last whole iteration: call again to go on.
        """
        show = sys.stderr.isatty() if progress is None else progress
        try:
            while not self.finished:
                self.train_for(0.5)
                if show:
                    sys.stderr.write(f"\r{self._progress_line()}")
                    sys.stderr.flush()
        except KeyboardInterrupt:
            pass
        if show:
            sys.stderr.write("\n")
        return self.history

    @_quietly
    def evaluate(self, max_chars: int | None = None) -> float:
        """Validation loss in nats per character, the state carried through; NaN without data.

        ``max_chars`` bounds how much of the held-out text is read: the beginnings of streams
        that are spread over all of it.
        """
        ids = self.val_ids
        if len(ids) < 2:
            return float("nan")
        N = max(1, min(VAL_STREAMS, (len(ids) - 1) // _VAL_STREAM_LENGTH))
        read = None if max_chars is None else max(1, max_chars // N)
        inputs, targets = (streams[:, :read] for streams in as_streams(ids, N))
        if self._val_buffers is None or self._val_buffers.N != N:
            self._val_buffers = self.model.new_pass(N, VAL_STEPS)
        state, total = self.model.initial_state(N), 0.0
        for start in range(0, inputs.shape[1], VAL_STEPS):
            window = slice(start, start + VAL_STEPS)
            x = inputs[:, window]
            buffers = self._val_buffers if x.shape[1] == VAL_STEPS else None
            total += self.model.evaluate(x, targets[:, window], state, buffers)
            if self.on_validation_chunk is not None:
                self.on_validation_chunk()
        return total / inputs.size

    def choose_eval_every(self) -> int:
        """Iterations between validations that keep them to about 5 % of the training time.

        A forward pass costs about a third of a training step's characters. Counted, not timed,
        so that two equal runs validate at the same iterations.
        """
        if len(self.val_ids) < 2:
            return 0
        chars = min(len(self.val_ids), _VAL_CHARS)
        steps = chars / 3 / 0.05 / (self.batch_size * self.seq_length)
        return max(50, round(steps / 50) * 50)

    def plot_loss(self) -> Any:
        """An Altair chart of training and validation loss (needs altair and pandas)."""
        return loss_chart(self.history)

    # -- as plain values ----------------------------------------------------------------------

    def settings(self) -> dict[str, Any]:
        """The arguments, besides data and model, that make a solver like this one."""
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
        """Where the run stands: with parameters, moments, state and history all that is needed."""
        return {
            "iteration": self.iteration,
            "seconds": self.seconds,
            "cursor": self.batches.cursor,
            "updates": self.optimizer.steps,
            "rng": self.rng.bit_generator.state,
        }

    def resume(
        self,
        position: Mapping[str, Any],
        moments: Mapping[str, Vector],
        state: State,
        history: History,
    ) -> None:
        """Go on exactly from where another solver of these settings and this model stood.

        moments: the vectors (P,) of ``optimizer.slots``, which are copied. ``state`` and
        ``history`` become this solver's own.
        """
        self.iteration, self.seconds = position["iteration"], position["seconds"]
        self.batches.cursor = position["cursor"]
        self.rng.bit_generator.state = position["rng"]
        self.optimizer.steps = position["updates"]
        for name, slot in self.optimizer.slots.items():
            slot[...] = moments[name]
        self.state, self.history = state, history

    # -- inside -------------------------------------------------------------------------------

    def _start_one_afresh(self) -> None:
        if self.fresh_after == 0:
            return
        turn, rest = divmod(self.iteration, max(1, self.fresh_after // self.batch_size))
        if rest == 0:
            for part in self.state:
                part[:, turn % self.batch_size] = 0

    def _validate_if_due(self) -> None:
        last = self.finished and self.eval_every > 0
        if last or (self.eval_every > 0 and self.iteration % self.eval_every == 0):
            started = time.perf_counter()
            loss = self.evaluate(None if last else _VAL_CHARS)
            self.history.set_last("val_loss", loss)
            self.seconds += time.perf_counter() - started

    def _progress_line(self) -> str:
        done = self.iteration / self.num_iters
        bar = "#" * round(30 * done)
        speed = self.chars_seen / max(self.seconds, 1e-9)
        _, val = self.history.validations()
        validation = f"  val {val[-1]:.3f}" if len(val) else ""
        return (
            f"[{bar:<30}] {self.iteration:,}/{self.num_iters:,}  "
            f"loss {self.history.last('loss'):.3f}{validation}  {speed:,.0f} chars/s "
        )

    def __repr__(self) -> str:
        return f"Solver(iteration {self.iteration:,} of {self.num_iters:,}, {self.model!r})"
