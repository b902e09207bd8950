"""The advice on the curve stands still long enough to be read, while training goes on."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from dashboard.analysis.diagnosis import Diagnosis
from dashboard.page.session import values

# Two kinds of advice can alternate at each redraw where a curve is near the limit between them.
HOLD_SECONDS = 5.0
_KEY = "_steady_advice"


@dataclass(frozen=True)
class Shown:
    """A diagnosis that the page shows.

    situation: what it is about, such as the run; another situation has its diagnosis at once.
    since: seconds of the monotonic clock at which a diagnosis of this kind came.
    """

    found: Diagnosis
    situation: tuple[object, ...]
    since: float


def steady(found: Diagnosis, situation: tuple[object, ...]) -> Diagnosis:
    """Return the diagnosis to show on this page: see ``hold``."""
    shown = hold(values().get(_KEY), Shown(found, situation, time.monotonic()))
    values()[_KEY] = shown
    return shown.found


def hold(before: Shown | None, new: Shown) -> Shown:
    """Return what to show next: another kind of diagnosis waits for ``HOLD_SECONDS``."""
    if before is None or before.situation != new.situation:
        return new
    if before.found.key == new.found.key:
        return replace(new, since=before.since)
    return before if new.since - before.since < HOLD_SECONDS else new
