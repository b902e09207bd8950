"""The state of a training, as the page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """What a training is doing."""

    READY = "ready"  # not started
    RUNNING = "running"
    WAITING = "waiting"  # in the queue of a busy server
    PAUSED = "paused"
    TIMED_OUT = "timed out"  # no page was open for too long
    INTERRUPTED = "interrupted"  # the server ended while it trained
    FINISHED = "finished"
    FAILED = "failed"  # diverged, or raised an unexpected exception


@dataclass(frozen=True)
class Status:
    """Phase and figures of a training. Losses are in nats per character, NaN if unknown."""

    phase: Phase
    message: str  # why training ended, or ""
    queue_position: int  # from 1; 0 if it may train
    iteration: int
    num_iters: int
    epoch: float
    loss: float  # ``History.recent_loss``
    val_loss: float  # the last validation
    best_val: float
    chars_per_second: float  # 0 if unknown
    elapsed: float  # seconds of training
    remaining: float  # seconds, NaN if unknown
    diverging_rate: float | None  # the learning rate at which training diverged, if it did
    stopped_at: float | None  # when training last ended, in seconds since 1970
    thread_active: bool  # also true after a pause, until the last chunk is done

    @property
    def active(self) -> bool:
        """Whether it trains or waits in the queue to train."""
        return self.phase in (Phase.RUNNING, Phase.WAITING)

    @property
    def ended(self) -> bool:
        """Whether it did all its iterations, or a stop rule ended it: then there is a message."""
        return self.phase is Phase.FINISHED or (self.phase is Phase.PAUSED and bool(self.message))
