"""What this visitor's page remembers, by name.

Two kinds of values live here. Widgets write to keys of their own, which ``choices`` names and
reads. Objects (the text that was read, the run, a piece being written) have accessors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from dashboard.charts.chart_options import ChartOptions
from dashboard.page import widget_values as chosen
from dashboard.page.session import values
from dashboard.runs.run import Run
from dashboard.sampling.co_writing import CoWriting
from dashboard.sampling.writer import Writer, WriteSettings
from dashboard.server.background_job import Job
from dashboard.settings import Goal, ModelSettings, TrainSettings
from dashboard.text.loading import DEFAULT_READ_OPTIONS, LoadedText, ReadOptions, Source

T = TypeVar("T")

NEWEST = "newest"  # of the samples over time, whichever that is by now
ADDRESS = "_address"  # key of the id of the run that the page's address should name, or None


def model_key(name: str) -> str:
    """Key of the widget of a field of ModelSettings."""
    return chosen.MODEL_KEYS[name]


def train_key(name: str) -> str:
    """Key of the widget of a field of TrainSettings."""
    return chosen.TRAIN_KEYS[name]


def choices(key: str, offered: Sequence[Any]) -> list[Any]:
    """What a slider offers, and its present value too if that came from elsewhere (a file)."""
    return sorted({*offered, values()[key]})


# -- what the widgets say ----------------------------------------------------------------------


def model_settings() -> ModelSettings:
    """The network as it is chosen on the page now."""
    return chosen.model_settings(values())


def train_settings() -> TrainSettings:
    """The training as it is chosen on the page now."""
    return chosen.train_settings(values())


def show_settings(model: ModelSettings | None, train: TrainSettings | None) -> None:
    """Put settings into the widgets (before they are drawn: in a callback or at the top)."""
    if model is not None:
        values().update(chosen.model_widgets(model))
    if train is not None:
        values().update(chosen.train_widgets(train))


def preset() -> str | None:
    """The preset that was chosen last."""
    return values()["preset"]


def goal() -> Goal:
    """When training should end."""
    return chosen.goal(values())


def show_goal(goal: Goal) -> None:
    """Put a goal into the widgets."""
    values().update(chosen.goal_widgets(goal))


def waiting() -> TrainSettings | None:
    """How a preset would train a new run, while an old one is still on the page."""
    return values().get("_waiting")


def set_waiting(settings: TrainSettings | None) -> None:
    """Keep it until there is a new run, or the old one goes on."""
    values()["_waiting"] = settings


def write_settings(fallback_seed: str) -> WriteSettings:
    """How to write, as chosen on the page."""
    return chosen.write_settings(values(), fallback_seed)


def cleanup_key(name: str) -> str:
    """Return the widget key of a clean-up rule's switch."""
    return chosen.CLEANUP_KEYS[name]


def read_options() -> ReadOptions:
    """How the text is to be read."""
    return chosen.read_options(values())


def forget_read_options() -> None:
    """Read the next text as it is: what was right for one is not for another."""
    values().update(chosen.read_option_widgets(DEFAULT_READ_OPTIONS))


def pasted() -> str:
    """What was typed or pasted into the text box."""
    return values()["pasted"]


def sample_choice() -> str | None:
    """The sample text whose pill is down."""
    return values()["sample"]


def chart_options() -> ChartOptions:
    """How the curve is to be drawn."""
    return chosen.chart_options(values())


def stage(iterations: Sequence[int]) -> int | None:
    """The stage that is looked at, of those there are samples of; None if there are none."""
    if not iterations:
        return None
    *earlier, newest = iterations
    chosen = values().setdefault("stage", NEWEST)
    if chosen == NEWEST or not earlier:
        return newest
    if chosen not in earlier:  # it is no longer kept, but its neighbour is
        chosen = values()["stage"] = min(earlier, key=lambda n: abs(n - chosen))
    return int(chosen)


def chart_more() -> bool:
    """Whether gradient norm and learning rate are drawn too."""
    return bool(values()["chart_more"])


def text_source() -> Source | None:
    """Where the text comes from: what was chosen last of upload, sample and paste."""
    return values().get("_source")


def choose_source(source: Source | None) -> None:
    """Take the text from here; a pill of another source is let go."""
    if source != text_source():
        forget_read_options()
    values()["_source"] = source
    if source is not None and source.kind != "sample":
        values()["sample"] = None


def uploaded() -> Any:
    """The file in the uploader, or None."""
    return values().get("upload")


# -- objects -----------------------------------------------------------------------------------


def text() -> LoadedText | None:
    """The text that was read, or None if there is none or it was refused."""
    return values().get("_text")


def set_text(text: LoadedText | None, signature: object, error: str = "") -> None:
    """Keep what reading a source gave."""
    values()["_text"] = text
    values()["_text_signature"] = signature
    values()["_text_error"] = error


def text_signature() -> object:
    """What the present text was read from, with its options."""
    return values().get("_text_signature")


def text_error() -> str:
    """Why the source that was chosen last could not be read, or ""."""
    return values().get("_text_error", "")


def run() -> Run | None:
    """The run that the page shows."""
    return values().get("_run")


def set_run(run: Run | None) -> None:
    """Show this run, and name it in the page's address; what another one wrote goes."""
    values()["_run"], values()["stage"] = run, NEWEST
    values()["_agreed"] = None
    values()[ADDRESS] = None if run is None else run.id
    set_writer(None)
    set_co_writing(None)


def agreed() -> tuple[TrainSettings, Goal] | None:
    """How the page said to train when it last agreed with its run; None if it never did."""
    return values().get("_agreed")


def agree() -> None:
    """The run trains as the page says now."""
    values()["_agreed"] = train_settings(), goal()


def before() -> str | None:
    """Id of the run that was on the page before and can be brought back."""
    return values().get("_before")


def set_before(run_id: str | None) -> None:
    """Remember it."""
    values()["_before"] = run_id


def uploaded_model() -> Any:
    """The file in the uploader for models, or None."""
    return values().get("model_upload")


def writer() -> Writer | None:
    """The piece that was generated last."""
    return values().get("_writer")


def set_writer(writer: Writer | None) -> None:
    """Show this piece."""
    values()["_writer"] = writer


def co_writing() -> CoWriting | None:
    """The text that is being written in turns."""
    return values().get("_pen")


def set_co_writing(co_writing: CoWriting | None) -> None:
    """Keep it."""
    values()["_pen"] = co_writing


def temperature() -> float:
    """The temperature on the page."""
    return values()["temperature"]


def job(kind: str, about: object, work: Callable[[], T]) -> Job[T]:
    """The job of this kind about this thing, begun if there is none; an older one is forgotten."""
    key = f"_job_{kind}"
    known = values().get(key)
    if known is None or known[0] != about:
        if known is not None:
            known[1].cancel()
        known = values()[key] = (about, Job(work))
    found: Job[T] = known[1]
    return found


def say(place: str, message: str, about: object = None) -> None:
    """Show a sentence at a place of the page ("train", "sample") until the next click there.

    about: what it is about, if it goes when that is otherwise.
    """
    values()[f"_said_{place}"] = message, about


def said(place: str, now: object = None) -> str:
    """The sentence at a place, or ""; none that is about something else than there is ``now``."""
    message, about = values().get(f"_said_{place}", ("", None))
    return message if about in (None, now) else ""


def turned(name: str, now: bool) -> bool | None:
    """``now``, if a yes or no of this name is not what it was at the last look; else None."""
    key = f"_was_{name}"
    before = values().get(key, False)
    values()[key] = now
    return now if now != before else None


def asking() -> bool:
    """Whether the page asks if a new run should begin."""
    return bool(values().get("_asking"))


def ask(value: bool) -> None:
    """Ask, or ask no longer, whether a new run should begin."""
    values()["_asking"] = value
