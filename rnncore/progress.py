"""The progress of a training as one line: losses, speed and time left."""

from __future__ import annotations

import math
import sys
import time
from typing import Protocol, TextIO

from rnncore.history import History

LINE_SECONDS = 10.0  # between two lines where a line cannot be rewritten, as in a log file


class Training(Protocol):
    """What the line shows of a Solver."""

    iteration: int
    seconds: float
    batch_size: int
    seq_length: int
    history: History

    @property
    def num_iters(self) -> int:
        """Iterations of the whole run."""


class ProgressLine:
    """Show how far a training is. A terminal's line is rewritten; elsewhere lines are added.

    The speed is that since this object was made, so the time left of a continued run does not
    depend on the computer that trained it before.
    """

    def __init__(self, training: Training, stream: TextIO | None = None) -> None:
        """Count from the present iteration; ``stream`` is standard error by default."""
        self._began = training.iteration, training.seconds
        self._stream = sys.stderr if stream is None else stream
        self._rewrites = self._stream.isatty()
        self._width = 0  # of the line that the next one must cover
        self._due = time.monotonic()

    def show(self, training: Training) -> None:
        """Show the line; where lines are added, only every ``LINE_SECONDS`` and at the end."""
        iteration, total = training.iteration, training.num_iters
        if not self._rewrites and time.monotonic() < self._due and iteration < total:
            return
        self._due = time.monotonic() + LINE_SECONDS
        done, spent = iteration - self._began[0], training.seconds - self._began[1]
        speed = done / spent if done and spent > 0 else math.nan
        chars = speed * training.batch_size * training.seq_length
        text = describe(iteration, total, training.history, chars, (total - iteration) / speed)
        padded = text.ljust(self._width)
        self._width = len(text)
        self._stream.write(f"\r{padded}" if self._rewrites else f"{text}\n")
        self._stream.flush()

    def close(self) -> None:
        """End the line."""
        if self._rewrites and self._width:
            self._stream.write("\n")
            self._stream.flush()


def describe(
    iteration: int, total: int, history: History, chars_per_second: float, left: float
) -> str:
    """Return the line, such as "1,200/2,000  loss 1.612  validation 1.640  9,800 characters/s
    1 min 20 s left".

    left: seconds; NaN, like a speed of NaN, if it is not known yet.
    """
    _, val = history.validations()
    parts = [f"{iteration:,}/{total:,}"]
    if len(history):
        parts.append(f"loss {history.recent_loss():.3f}")
    if len(val):
        parts.append(f"validation {val[-1]:.3f}")
    if math.isfinite(chars_per_second):
        parts.append(f"{chars_per_second:,.0f} characters/s")
        parts.append(f"{describe_duration(left)} left" if iteration < total else "done")
    return "  ".join(parts)


def describe_duration(seconds: float) -> str:
    """Return a duration in its two largest units, such as "1 h 5 min"."""
    minutes, rest = divmod(max(0, math.ceil(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
