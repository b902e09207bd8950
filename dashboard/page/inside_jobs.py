"""Background jobs of the tab Inside, with their progress; one of each kind at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from dashboard.page import background
from dashboard.page.session import values
from dashboard.server.background_job import Job, is_wanted, let_others_run
from rnncore import RnnCoreError

T = TypeVar("T")
Report = Callable[[int], None]


class CancelledError(Exception):
    """The job is not wanted any longer."""


@dataclass(eq=False)
class Analysis(Generic[T]):
    """A job of a kind, and how much of its work is done.

    problem: why it has no result, or "".
    """

    kind: str
    total: int
    done: int = 0
    problem: str = ""
    job: Job[T] = field(init=False)

    @property
    def share(self) -> float:
        """The share of the work that is done, 0 to 1."""
        return min(1.0, self.done / max(1, self.total))

    @property
    def stopped(self) -> bool:
        """Whether the user has stopped it before it had a result."""
        return self.job.cancelled and self.job.result is None


def analyse(kind: str, about: object, total: int, work: Callable[[Report], T]) -> Analysis[T]:
    """Return this page's analysis of a kind, started if there is none about the same thing.

    total: the number that ``work`` reports at its end. An RnnCoreError of the work becomes the
    analysis's ``problem``.
    """
    running: dict[str, tuple[object, Analysis[T]]] = values().setdefault("_inside_jobs", {})
    if kind in running and running[kind][0] == about:
        return running[kind][1]
    found: Analysis[T] = Analysis(kind, total)

    def report(done: int) -> None:
        if not is_wanted():
            raise CancelledError
        found.done = done
        let_others_run()

    def run() -> T | None:
        try:
            return work(report)
        except CancelledError:
            return None
        except RnnCoreError as error:
            found.problem = str(error)
            return None

    found.job = background.job(f"inside_{kind}", about, run)  # type: ignore[arg-type]
    running[kind] = (about, found)
    return found


def any_running() -> bool:
    """Return whether any analysis of this page is waiting or running."""
    running: dict[str, tuple[object, Analysis[object]]] = values().get("_inside_jobs") or {}
    return any(analysis.job.running for _, analysis in running.values())


def set_waiting(waiting: bool) -> None:
    """Remember whether this drawing of the tab shows an analysis that has no result yet."""
    values()["_inside_waiting"] = waiting


def must_redraw() -> bool:
    """Return whether a result is to come, or came after its place on the page was drawn."""
    return any_running() or bool(values().get("_inside_waiting"))


def stop(kind: str) -> None:
    """Stop the analysis of a kind; it has no result then."""
    running: dict[str, tuple[object, Analysis[object]]] = values().get("_inside_jobs") or {}
    if kind in running:
        running[kind][1].job.cancel()


def start_again(kind: str) -> None:
    """Let a stopped analysis start again when it is next needed."""
    (values().get("_inside_jobs") or {}).pop(kind, None)
    background.forget(f"inside_{kind}")


def forget() -> None:
    """Cancel all analyses and drop their results, with the networks that they refer to."""
    running: dict[str, tuple[object, Analysis[object]]] = values().get("_inside_jobs") or {}
    for kind, (_, analysis) in running.items():
        analysis.job.cancel()
        background.forget(f"inside_{kind}")
    values()["_inside_jobs"] = {}
