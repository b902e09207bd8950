"""Trainer: trains one solver in a thread of its own, for as long as it is granted.

The page never computes a training step: it grants time, reads where things stand and
draws. A grant outlasts many ticks of the page, so that a hidden tab, which ticks once
a minute, or a short loss of connection does not stop a run, while a page that is gone
for good does in the end.

The lock is held for one chunk of iterations at a time. Whoever needs the solver between
two chunks takes it: to change a rate, to save. The weights have a lock of their own, which
also goes round within a validation, when nothing changes them: to copy the model for a sample.
Nothing here knows of Streamlit.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from dashboard.server import error_messages
from dashboard.settings import TrainSettings
from dashboard.training import live_settings
from dashboard.training.live_settings import Change
from dashboard.training.scheduler import FairLock, Scheduler
from rnncore import RNN, Solver
from rnncore.errors import DivergedError

CHUNK_SECONDS = 0.1  # between two looks at whether to go on: Pause acts within this time
STEP_SECONDS = 2.0  # that a click on Step waits for its outcome
_NAP_SECONDS = 0.05
_RATE_SECONDS = 5.0  # speed is averaged over so long


class Phase(StrEnum):
    """Where a training stands."""

    READY = "ready"  # not begun
    RUNNING = "running"
    WAITING = "waiting"  # in the queue of a busy server
    PAUSED = "paused"
    ASLEEP = "asleep"  # its grant ran out while no page was open
    FINISHED = "finished"
    FAILED = "failed"  # diverged, or something unexpected


@dataclass(frozen=True)
class Status:
    """Where a training stands, in figures; losses in nats per character, NaN if unknown."""

    phase: Phase
    message: str
    place: int
    iteration: int
    num_iters: int
    epoch: float
    loss: float
    val_loss: float
    best_val: float
    chars_per_second: float
    elapsed: float
    remaining: float  # seconds, NaN while the speed is unknown
    too_fast: float | None  # the learning rate at which it diverged, if that ended it
    working: bool  # whether its thread is at it: after a pause, at the last chunk

    @property
    def active(self) -> bool:
        """Whether it trains, or will when its turn comes."""
        return self.phase in (Phase.RUNNING, Phase.WAITING)


# Called with the solver, under the lock.
Observer = Callable[[Solver], None]
# A sentence that says why training should end here, or None.
StopRule = Callable[[Solver], str | None]


class Trainer:
    """One solver, and the thread that trains it."""

    def __init__(self, solver: Solver, scheduler: Scheduler) -> None:
        self.solver = solver
        self.lock = FairLock()
        self._weights = FairLock()  # taken within the other, or alone
        self.observers: list[Observer] = []  # after each chunk
        self.at_rest: list[Observer] = []  # when training has come to a rest
        # The last good state, for when the loss is no longer a number; None: there is none.
        self.rescue: Callable[[], Solver | None] = lambda: None
        self.changes: list[Change] = []
        self.stop_rule: StopRule | None = None
        self._scheduler = scheduler
        self._turn_began = 0.0
        self._control = threading.Lock()  # guards the seven below
        self._thread: threading.Thread | None = None  # the one that began last
        self._working = False  # whether that one trains on; it may still be telling of the rest
        self._go = False
        self._end_at: int | None = None  # the iteration after which a single step is done
        self._granted_until = 0.0
        self._phase = Phase.FINISHED if solver.finished else Phase.READY
        if self._phase is Phase.READY and solver.iteration:
            self._phase = Phase.PAUSED
        self._message = ""
        self._too_fast: float | None = None
        self._marks: deque[tuple[float, int]] = deque()  # (clock, iteration) of late chunks

    # -- what a person can do -----------------------------------------------------------------

    def start(self, seconds: float) -> None:
        """Train for so long, or longer if ``grant`` is called in time. Twice is as good as once."""
        with self._control:
            self._end_at = None
            if not self._working:
                self._marks.clear()
            self._begin(seconds)

    def grant(self, seconds: float) -> None:
        """Let a running training go on for at least so long from now."""
        with self._control:
            self._granted_until = max(self._granted_until, time.monotonic() + seconds)

    def pause(self) -> None:
        """Stop after the iterations at hand; ``start`` goes on from there."""
        with self._control:
            self._go = False
            if self._phase in (Phase.RUNNING, Phase.WAITING):
                self._phase = Phase.PAUSED

    def step(self, seconds: float) -> None:
        """One iteration, in its turn and granted like any other; nothing while training goes on."""
        if self.status().active:
            return
        self.join(STEP_SECONDS)  # a pause may be waiting for its last chunk
        with self._control:
            if self._working:
                return
            self._end_at = self.solver.iteration + 1
            self._begin(seconds)
        self.join(STEP_SECONDS)

    def change(self, settings: TrainSettings) -> None:
        """Let these settings act from the next iteration on, and remember what changed."""
        with self.lock:
            solver = self.solver
            self.changes += live_settings.act(solver, settings)
        with self._control:
            # A new length may have ended a run at rest, or left some of it to do.
            if solver.finished and self._phase in (Phase.PAUSED, Phase.ASLEEP):
                self._phase = Phase.FINISHED
            elif self._phase is Phase.FINISHED and not solver.finished:
                self._phase = Phase.PAUSED

    def model(self) -> RNN:
        """A copy of the model as it is between two chunks, or within a validation; training goes
        on without it."""
        with self._weights:
            return self.solver.model.copy()

    def join(self, timeout: float = 10.0) -> None:
        """Wait until the thread has ended (after ``pause``)."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout)

    # -- where it stands ----------------------------------------------------------------------

    def status(self) -> Status:
        """Read without the lock: the page must not wait for a chunk to end."""
        solver, history = self.solver, self.solver.history
        iteration = solver.iteration
        _, val = history.validations()
        rate = self._rate()
        return Status(
            phase=self._phase,
            message=self._message,
            place=self._scheduler.place(self),
            iteration=iteration,
            num_iters=solver.num_iters,
            epoch=solver.epoch,
            loss=float(history["loss"][-50:].mean()) if len(history) else float("nan"),
            val_loss=float(val[-1]) if len(val) else float("nan"),
            best_val=float(val.min()) if len(val) else float("nan"),
            chars_per_second=rate * solver.batch_size * solver.seq_length,
            elapsed=solver.seconds,
            remaining=(solver.num_iters - iteration) / rate if rate else float("nan"),
            too_fast=self._too_fast,
            working=self._working,
        )

    def _rate(self) -> float:
        """Iterations a second by the clock, over the last seconds of training; 0 if unknown."""
        marks = list(self._marks)
        if len(marks) < 2 or marks[-1][0] - marks[0][0] < 0.2:
            return 0.0
        return (marks[-1][1] - marks[0][1]) / (marks[-1][0] - marks[0][0])

    # -- the thread ---------------------------------------------------------------------------

    def _begin(self, seconds: float) -> None:
        """See that the thread trains for so long; the caller holds the control."""
        self._granted_until = time.monotonic() + seconds
        self._go = True
        if self.solver.finished:
            self._phase = Phase.FINISHED
            return
        self._phase, self._message, self._too_fast = Phase.RUNNING, "", None
        if not self._working:
            self._thread = threading.Thread(target=self._work, name="trainer", daemon=True)
            self._thread.start()
            self._working = True

    def _work(self) -> None:
        self._scheduler.enter(self)
        # Of the last turn, in seconds of this thread: that the processor was busy with other things
        # is nobody's turn. What others compute of an iteration takes them no longer than this one.
        overrun = 0.0
        try:
            while self._may_go_on():
                self._sit_out(overrun)
                if self._scheduler.place(self):
                    self._show(Phase.WAITING)
                    time.sleep(0.1)
                    continue
                self._show(Phase.RUNNING)
                with self._scheduler.chunk, self.lock, self._weights:
                    self._turn_began = time.thread_time()
                    if self._go:
                        self._train()
                        self._tell(self.observers)
                    overrun = time.thread_time() - self._turn_began - CHUNK_SECONDS
            with self.lock:
                self._tell(self.at_rest)
        except Exception as error:
            self._fail(self._account(error))

    def _train(self) -> None:
        """A chunk of iterations, or the one that was asked for."""
        self.solver.between = self._give_way
        if self._end_at is not None:
            self.solver.step()
        else:
            self.solver.train_for(CHUNK_SECONDS)
            self._mark()

    def _give_way(self) -> None:
        """Within a validation: whoever wants the model, and after a turn's time the others.

        The lock is kept, for until its validation is there an iteration is not whole.
        """
        self._weights.give_way()
        if time.thread_time() - self._turn_began > CHUNK_SECONDS:
            began = time.monotonic()
            self._scheduler.chunk.give_way()
            self._turn_began = time.thread_time()
            self.solver.seconds -= time.monotonic() - began  # spent on other trainings

    def _sit_out(self, overrun: float) -> None:
        """Let each of the others have as much more than a turn as this one had: an iteration
        cannot be cut short."""
        while overrun > 0 and self._go and (others := self._scheduler.others(self)):
            slept = min(_NAP_SECONDS, overrun * others)
            time.sleep(slept)
            overrun -= slept / others

    def _tell(self, observers: list[Observer]) -> None:
        for observer in observers:
            observer(self.solver)

    def _show(self, phase: Phase) -> None:
        with self._control:
            if self._go:  # a pause meanwhile is what people should see
                self._phase = phase

    def _account(self, error: Exception) -> str:
        """What to say of an error that ended training; after a divergence, go back."""
        if not isinstance(error, DivergedError):
            return error_messages.for_training(error)
        self._too_fast = self.solver.lr
        try:
            good = self.rescue()
        except Exception as failure:
            return f"{error} {error_messages.for_training(failure)}"
        if good is None:
            return str(error)
        live_settings.carry_over(self.solver, good)  # the network goes back, not the plans
        with self.lock:
            self.solver = good
        return f"{error} The network is back where it stood at iteration {good.iteration:,}."

    def _may_go_on(self) -> bool:
        """Whether to train another chunk; if not, the thread is given up here."""
        solver, end = self.solver, self._end_at
        asked = self._go and end is None  # a single step is nobody's end but its own
        reason = self.stop_rule(solver) if self.stop_rule and asked else None
        with self._control:
            if solver.finished:
                self._give_up(Phase.FINISHED)
            elif not self._go or (end is not None and solver.iteration >= end):
                self._give_up(Phase.PAUSED)
            elif reason is not None:
                self._give_up(Phase.PAUSED, reason)
            elif time.monotonic() > self._granted_until:
                self._give_up(Phase.ASLEEP)
            return self._working

    def _fail(self, message: str) -> None:
        with self._control:
            # Whoever fails while it tells of the rest may have a successor, which goes on.
            if self._thread is threading.current_thread():
                self._give_up(Phase.FAILED, message)

    def _give_up(self, phase: Phase, message: str = "") -> None:
        """End the thread; the caller holds the control, so no second one can begin meanwhile."""
        self._phase, self._message = phase, message
        self._go = False
        self._scheduler.leave(self)
        self._working = False

    def _mark(self) -> None:
        now = time.monotonic()
        self._marks.append((now, self.solver.iteration))
        while now - self._marks[0][0] > _RATE_SECONDS:
            self._marks.popleft()
