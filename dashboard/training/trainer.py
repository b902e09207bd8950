"""The trainer: trains one solver in a background thread until its deadline.

The page never computes a training step. It starts training with a time limit, extends the limit
while it is open, and reads the status. The limit is much longer than the time between two reruns
of the page. A hidden tab, which reruns once a minute, or a short loss of connection therefore does
not stop a training, but a closed page stops it in the end.

``Trainer.lock`` is held for one chunk of iterations and released between chunks, so that
other threads can change settings or save. The weights have a second lock. It is also released
within a validation, which does not change them, so that a sample can copy the model.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from dashboard.server import error_messages
from dashboard.server.fair_lock import FairLock
from dashboard.settings import TrainSettings
from dashboard.training import live_settings
from dashboard.training.live_settings import Change
from dashboard.training.scheduler import Scheduler
from dashboard.training.speed_meter import SpeedMeter
from dashboard.training.status import Phase, Status
from rnncore import RNN, Solver
from rnncore.errors import DivergedError

CHUNK_SECONDS = 0.1  # length of a chunk: Pause takes effect within this time
STEP_SECONDS = 2.0  # how long a click on Step waits for its result
_NAP_SECONDS = 0.05
_QUEUE_SECONDS = 0.1  # between two looks at the queue
_ATTENDED_SECONDS = 90.0  # a page in a hidden tab extends the deadline once a minute
_STOPPED = (Phase.PAUSED, Phase.TIMED_OUT, Phase.INTERRUPTED)  # before the goal

Callback = Callable[[Solver], None]  # called while the trainer's lock is held
StopRule = Callable[[Solver], str | None]  # returns why training should stop now, or None


class Trainer:
    """One solver and the thread that trains it."""

    def __init__(self, solver: Solver, scheduler: Scheduler) -> None:
        self.solver = solver
        self.lock = FairLock()
        self.after_chunk: list[Callback] = []
        self.before_pause: list[Callback] = []  # by a person or the stop rule; it is still active
        self.after_stop: list[Callback] = []  # for every reason to stop but an exception
        self.after_end: list[Callable[[], None]] = []  # for every reason, without the lock
        # Called after a divergence; returns the last good state, or None if there is none.
        self.restore_last_good: Callable[[], Solver | None] = lambda: None
        self.changes: list[Change] = []
        self.stop_rule: StopRule | None = None
        self._weights = FairLock()  # acquired after ``lock``, or alone
        self._scheduler = scheduler
        self._speed = SpeedMeter()
        self._chunk_started = 0.0
        self._control = threading.Lock()  # guards the attributes below
        self._thread: threading.Thread | None = None  # the newest one
        self._active = False  # whether it trains; afterwards it may still run ``after_stop``
        self._go = False
        self._stop_at: int | None = None  # the iteration that a single step ends at
        self._deadline = 0.0
        self._last_watched = 0.0  # when a page last extended the deadline
        ready = Phase.PAUSED if solver.iteration else Phase.READY
        self._phase = Phase.FINISHED if solver.finished else ready
        self._message = ""
        self._stopped_at: float | None = None
        self._diverging_rate: float | None = None

    # -- called by the page -------------------------------------------------------------------

    def start(self, seconds: float) -> None:
        """Train for this long, or longer if ``extend`` is called in time.

        If training is already running, this only sets its deadline.
        """
        with self._control:
            self._stop_at = None
            if not self._active:
                self._speed.clear()
            self._begin(seconds)

    def extend(self, seconds: float) -> None:
        """Let a running training continue for at least this long from now."""
        with self._control:
            self._last_watched = time.monotonic()
            self._deadline = max(self._deadline, self._last_watched + seconds)

    def limit(self, seconds: float) -> None:
        """Let a running training continue for no longer than this from now."""
        with self._control:
            self._deadline = min(self._deadline, time.monotonic() + seconds)

    def restore_end(self, phase: Phase, message: str, stopped_at: float) -> None:
        """Show why and when training ended before this trainer was made."""
        with self._control:
            self._message, self._stopped_at = message, stopped_at
            if self._phase is Phase.PAUSED and phase is not Phase.READY:
                self._phase = phase

    def pause(self) -> None:
        """Stop after the current chunk; ``start`` continues from there."""
        with self._control:
            self._go = False
            if self._phase in (Phase.RUNNING, Phase.WAITING):
                self._phase = Phase.PAUSED

    def step(self, seconds: float) -> None:
        """Train one iteration, in the order of the scheduler; do nothing while training runs."""
        if self.status().active:
            return
        self.join(STEP_SECONDS)  # after a pause the last chunk may still be running
        with self._control:
            if self._active:
                return
            self._stop_at = self.solver.iteration + 1
            self._begin(seconds)
        self.join(STEP_SECONDS)

    def change(self, settings: TrainSettings) -> None:
        """Apply these settings from the next iteration on, and record what changed."""
        with self.lock:
            new = live_settings.apply_settings(solver := self.solver, settings)
            self.changes[:] = live_settings.merge(self.changes, new)
        with self._control:
            # The new length may be shorter than what is done, or longer than it was.
            if solver.finished and self._phase in _STOPPED:
                self._phase = Phase.FINISHED
            elif self._phase is Phase.FINISHED and not solver.finished:
                self._phase = Phase.PAUSED

    def model(self) -> RNN:
        """Return a copy of the model, made between two chunks or within a validation."""
        with self._weights:
            return self.solver.model.copy()

    def join(self, timeout: float = 10.0) -> None:
        """Wait up to ``timeout`` seconds for the thread to end (after ``pause``)."""
        if (thread := self._thread) is not None:
            thread.join(timeout)

    def status(self) -> Status:
        """Return phase and figures, without the lock: the page must not wait for a chunk."""
        solver, history = self.solver, self.solver.history
        iteration = solver.iteration
        _, val = history.validations()
        rate = self._speed.rate()
        return Status(
            phase=self._phase,
            message=self._message,
            queue_position=self._scheduler.queue_position(self),
            iteration=iteration,
            num_iters=solver.num_iters,
            epoch=solver.epoch,
            loss=history.recent_loss(),
            val_loss=float(val[-1]) if len(val) else float("nan"),
            best_val=float(val.min()) if len(val) else float("nan"),
            chars_per_second=rate * solver.batch_size * solver.seq_length,
            elapsed=solver.seconds,
            remaining=(solver.num_iters - iteration) / rate if rate else float("nan"),
            diverging_rate=self._diverging_rate,
            stopped_at=self._stopped_at,
            thread_active=self._active,
        )

    # -- the thread ---------------------------------------------------------------------------

    def _begin(self, seconds: float) -> None:
        """Set the deadline and make sure that a thread trains; the caller holds ``_control``."""
        self._last_watched = time.monotonic()
        self._deadline = self._last_watched + seconds
        self._go = True
        if self.solver.finished:
            self._phase = Phase.FINISHED
            return
        self._phase, self._message, self._diverging_rate = Phase.RUNNING, "", None
        if not self._active:
            self._thread = threading.Thread(target=self._work, name="trainer", daemon=True)
            self._thread.start()
            self._active = True

    def _work(self) -> None:
        self._scheduler.enter(self)
        # Seconds that the last chunk took beyond its share, in processor time of this thread: load
        # of other programs does not count, and worker processes take no longer than this thread.
        overrun = 0.0
        try:
            while self._may_continue():
                self._compensate(overrun)
                if self._scheduler.queue_position(self):
                    self._set_phase(Phase.WAITING)
                    time.sleep(_QUEUE_SECONDS)
                    continue
                self._set_phase(Phase.RUNNING)
                with self._scheduler.chunk_lock, self.lock, self._weights:
                    self._chunk_started = time.thread_time()
                    if self._go:
                        self._train_chunk()
                        self._call(self.after_chunk)
                    overrun = time.thread_time() - self._chunk_started - CHUNK_SECONDS
                watched = time.monotonic() - self._last_watched < _ATTENDED_SECONDS
                self._scheduler.hand_on_seat(self, attended=watched)
            with self.lock:
                self._call(self.after_stop)
        except Exception as error:
            self._fail(self._handle_error(error))
        finally:
            for callback in self.after_end:
                callback()

    def _train_chunk(self) -> None:
        """Train for ``CHUNK_SECONDS``, or one iteration after a click on Step."""
        self.solver.on_validation_chunk = self._let_others_in
        if self._stop_at is not None:
            self.solver.step()
        else:
            self.solver.train_for(CHUNK_SECONDS)
            self._speed.add(self.solver.iteration)

    def _let_others_in(self) -> None:
        """Within a validation, hand on the weights and, after a chunk's time, the processor.

        ``lock`` stays held: an iteration is incomplete until its validation is done.
        """
        self._weights.yield_to_waiters()
        if time.thread_time() - self._chunk_started > CHUNK_SECONDS:
            before = time.monotonic()
            self._scheduler.chunk_lock.yield_to_waiters()
            self._chunk_started = time.thread_time()
            self.solver.seconds -= time.monotonic() - before  # spent on other trainings

    def _compensate(self, overrun: float) -> None:
        """Sleep until the other trainings have had as much more time as this one.

        An iteration cannot be interrupted, so a large network exceeds its share.
        """
        while overrun > 0 and self._go and (others := self._scheduler.count_others(self)):
            slept = min(_NAP_SECONDS, overrun * others)
            time.sleep(slept)
            overrun -= slept / others

    def _call(self, callbacks: list[Callback]) -> None:
        for callback in callbacks:
            callback(self.solver)

    def _set_phase(self, phase: Phase) -> None:
        with self._control:
            if self._go:  # otherwise ``pause`` has set the phase meanwhile
                self._phase = phase

    def _handle_error(self, error: Exception) -> str:
        """Return a message about an error that ended training; undo a divergence if possible."""
        if not isinstance(error, DivergedError):
            return error_messages.for_training(error)
        self._diverging_rate = self.solver.lr
        try:
            good = self.restore_last_good()
        except Exception as failure:
            return f"{error} {error_messages.for_training(failure)}"
        if good is None:
            return str(error)
        live_settings.copy_settings(self.solver, good)  # restore the weights, not the settings
        with self.lock:
            self.solver = good
        return f"{error} The network was restored to its state at iteration {good.iteration:,}."

    def _may_continue(self) -> bool:
        """Return whether to train another chunk; if not, mark the thread as ended."""
        solver, stop_at = self.solver, self._stop_at
        asked = self._go and stop_at is None  # the stop rule does not apply to a single step
        reason = self.stop_rule(solver) if self.stop_rule and asked else None
        if reason is not None or not self._go:
            with self.lock:
                self._call(self.before_pause)
        with self._control:
            if solver.finished:
                self._end(Phase.FINISHED)
            elif not self._go or (stop_at is not None and solver.iteration >= stop_at):
                self._end(Phase.PAUSED)
            elif reason is not None:
                self._end(Phase.PAUSED, reason)
            elif time.monotonic() > self._deadline:
                self._end(Phase.TIMED_OUT)
            return self._active

    def _fail(self, message: str) -> None:
        with self._control:
            # If ``after_stop`` failed, a newer thread may be training: leave that one alone.
            if self._thread is threading.current_thread():
                self._end(Phase.FAILED, message)

    def _end(self, phase: Phase, message: str = "") -> None:
        """Mark the thread as ended; the caller holds ``_control``, so no second one can start."""
        self._phase, self._message = phase, message
        self._stopped_at = time.time()
        self._go = False
        self._scheduler.leave(self)
        self._active = False
