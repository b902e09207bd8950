"""While training goes on, two kinds of advice on the curve do not alternate at each redraw."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from dashboard.analysis.diagnosis import Diagnosis
from dashboard.page.session import values

HOLD_SECONDS = 5.0
_KEY = "_steady_advice"


@dataclass(frozen=True)
class Shown:
    """A diagnosis that the page shows.

    situation: what it is about, such as the run; another situation has its diagnosis at once.
    since: seconds of the monotonic clock at which a diagnosis of this kind came. before: the kind
        that was shown until then.
    """

    found: Diagnosis
    situation: tuple[object, ...]
    since: float
    before: str = ""


def steady(found: Diagnosis, situation: tuple[object, ...]) -> Diagnosis:
    """Return the diagnosis to show on this page: see ``hold``."""
    shown = hold(values().get(_KEY), Shown(found, situation, time.monotonic()))
    values()[_KEY] = shown
    return shown.found


def hold(last: Shown | None, new: Shown) -> Shown:
    """Return what to show next: the kind before the last one waits for ``HOLD_SECONDS``."""
    if last is None or last.situation != new.situation:
        return new
    if last.found.key == new.found.key:
        return replace(new, since=last.since, before=last.before)
    if new.found.key == last.before and new.since - last.since < HOLD_SECONDS:
        return last
    return replace(new, before=last.found.key)
