"""Background jobs of the tab Inside, with their progress; one of each kind at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from dashboard.page import background
from dashboard.page.session import values
from dashboard.server.background_job import Job, is_wanted
from rnncore import RnnCoreError

T = TypeVar("T")
Report = Callable[[int], None]


class CancelledError(Exception):
    """The job is not wanted any longer."""


@dataclass(eq=False)
class Analysis(Generic[T]):
    """A job, and how much of its work is done. problem: why it has no result, or ""."""

    job: Job[T]
    total: int
    done: int = 0
    problem: str = ""

    @property
    def share(self) -> float:
        """The share of the work that is done, 0 to 1."""
        return min(1.0, self.done / max(1, self.total))


def analyse(kind: str, about: object, total: int, work: Callable[[Report], T]) -> Analysis[T]:
    """Return this page's analysis of a kind, started if there is none about the same thing.

    total: the number that ``work`` reports at its end. An RnnCoreError of the work becomes the
    analysis's ``problem``.
    """
    running: dict[str, tuple[object, Analysis[T]]] = values().setdefault("_inside_jobs", {})
    if kind in running and running[kind][0] == about:
        return running[kind][1]
    holder: list[Analysis[T]] = []

    def report(done: int) -> None:
        if holder:
            holder[0].done = done
        if not is_wanted():
            raise CancelledError

    def run() -> T | None:
        try:
            return work(report)
        except CancelledError:
            return None
        except RnnCoreError as error:
            if holder:
                holder[0].problem = str(error)
            return None

    found: Analysis[T] = Analysis(background.job(f"inside_{kind}", about, run), total)  # type: ignore[arg-type]
    holder.append(found)
    running[kind] = (about, found)
    return found


def any_running() -> bool:
    """Return whether any analysis of this page is waiting or running."""
    running: dict[str, tuple[object, Analysis[object]]] = values().get("_inside_jobs") or {}
    return any(analysis.job.running for _, analysis in running.values())


def forget() -> None:
    """Cancel all analyses and drop their results, with the networks that they refer to."""
    running: dict[str, tuple[object, Analysis[object]]] = values().get("_inside_jobs") or {}
    for kind, (_, analysis) in running.items():
        analysis.job.cancel()
        background.forget(f"inside_{kind}")
    values()["_inside_jobs"] = {}
