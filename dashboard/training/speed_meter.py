"""The speed of a training over its last few seconds."""

from __future__ import annotations

import time
from collections import deque

WINDOW_SECONDS = 5.0  # the speed is an average over this time
_SHORTEST = 0.2  # seconds: over less than this, the average is too rough to show


class SpeedMeter:
    """Measures iterations per second of wall-clock time."""

    def __init__(self) -> None:
        self.marks: deque[tuple[float, int]] = deque()  # (clock, iteration) after recent chunks

    def add(self, iteration: int) -> None:
        """Record that training has reached this iteration now."""
        now = time.monotonic()
        self.marks.append((now, iteration))
        while now - self.marks[0][0] > WINDOW_SECONDS:
            self.marks.popleft()

    def clear(self) -> None:
        """Forget all marks, so that a pause does not count as slow training."""
        self.marks.clear()

    def rate(self) -> float:
        """Return iterations per second, or 0 if unknown. May be called from any thread."""
        marks = list(self.marks)
        if len(marks) < 2 or marks[-1][0] - marks[0][0] < _SHORTEST:
            return 0.0
        return (marks[-1][1] - marks[0][1]) / (marks[-1][0] - marks[0][0])
