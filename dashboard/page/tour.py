"""The tour of the workbench: its steps, the one that is shown, and whether it is offered.

It is offered before anything was trained, until it was taken or dismissed. The session remembers
that, and the browser with a cookie, which the companion's script sets.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from dashboard.page import entry, error_boundary, state, training_callbacks
from dashboard.page.session import values
from dashboard.server.access import TOUR_COOKIE


@dataclass(frozen=True)
class Step:
    """A step of the tour.

    name: the style sheet marks the control of the step by it. section: the section of the address
    which hides it. words: HTML, with the names of controls in bold. tab: the tab that it opens.
    """

    name: str
    section: str
    words: str
    tab: str = ""


STEPS = (
    Step(
        "text",
        "text",
        "Choose a book under <b>Text</b>: one of the samples, or a file of your own. The network "
        "learns to write like it.",
    ),
    Step(
        "train",
        "train",
        "Press <b>Train</b>. The network then reads the text and learns to predict each next "
        "character.",
    ),
    Step(
        "watch",
        "train",
        "The curve is the <b>loss</b>; a lower one means better predictions. Beside it is what the "
        "network writes: drag the <b>slider</b> to see what it wrote earlier.",
    ),
    Step(
        "write",
        "sample",
        "Under <b>Write</b>, enter a beginning as <b>Seed text</b> and press <b>Generate</b>. It "
        "works during training, too.",
        tab="Write",
    ),
    Step(
        "take",
        "download",
        "<b>Downloads</b> has your network as a file, for example a web page that writes without "
        "this program. <b>Download model</b> at the top is the one for Python.",
        tab="Downloads",
    ),
)


def steps(hidden: Container[str]) -> list[Step]:
    """Return the steps of a page without the sections ``hidden``."""
    return [step for step in STEPS if step.section not in hidden]


def is_offered() -> bool:
    """Return whether the page offers the tour: nothing was trained, and it was never seen."""
    return (
        state.run() is None
        and not was_seen()
        and not entry.saw_tour()
        and "train" not in entry.hidden_sections()
    )


def was_seen() -> bool:
    """Return whether the tour was taken or dismissed in this session."""
    return bool(values().get("_tour_seen"))


def cookie() -> str:
    """Return the cookie that the browser should keep, as name=value; "" for none."""
    return f"{TOUR_COOKIE}=seen" if was_seen() else ""


def current() -> tuple[Step, int, int] | None:
    """Return the step that is shown, its number from 1, and the number of steps; None without."""
    offered, number = steps(entry.hidden_sections()), values().get("_tour_step")
    if number is None:
        return None
    return offered[number - 1], number, len(offered)


@error_boundary.callback
def start() -> None:
    """Show the first step."""
    values()["_tour_seen"] = True
    _show(1)


@error_boundary.callback
def dismiss() -> None:
    """Show no step, and do not offer the tour again."""
    values()["_tour_seen"] = True
    values()["_tour_step"] = None


@error_boundary.callback
def go_to(number: int) -> None:
    """Show the step with this number, from 1; beyond the last, end the tour.

    It is a number because a second click on the same button should change nothing.
    """
    _show(number)


@error_boundary.callback
def train(then: int) -> None:
    """Do what Train does, and show the step ``then`` once the network trains."""
    training_callbacks.train()
    run = state.run()
    if run is not None and run.trainer.status().active:
        _show(then)


def _show(number: int) -> None:
    offered = steps(entry.hidden_sections())
    if not 1 <= number <= len(offered):
        values()["_tour_step"] = None
        return
    values()["_tour_step"] = number
    if tab := offered[number - 1].tab:
        values()["tabs"] = tab
