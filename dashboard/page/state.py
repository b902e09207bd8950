"""What one page remembers beside its widgets: its text, its run and what was generated.

Keys that begin with "_" belong to this package; all others are keys of widgets (``widgets``).
"""

from __future__ import annotations

from typing import TypeVar

from dashboard.page import widgets
from dashboard.page.session import values
from dashboard.runs.run import Run
from dashboard.sampling.co_writing import CoWriting
from dashboard.sampling.temperatures import Comparison
from dashboard.sampling.writer import Writer
from dashboard.settings import Goal, ModelSettings, TrainSettings
from dashboard.text.loading import LoadedText, Source

Flag = TypeVar("Flag", bool, float)

# Key of the id of the run that the page's address should name, or None. It is missing until the
# page has shown a run.
ADDRESS = "_address"

# -- text --------------------------------------------------------------------------------------


def text_source() -> Source | None:
    """Return the source that was chosen last: an upload, a sample text or a pasted text."""
    return values().get("_source")


def set_text_source(source: Source | None) -> None:
    """Choose a source; the selected sample text is deselected if the source is another."""
    if source != text_source():
        widgets.reset_read_options()
    values()["_source"] = source
    if source is not None and source.kind != "sample":
        widgets.select_sample(None)


def seen_uploads() -> set[str]:
    """Return the ids of the files that were in the uploader after the last upload."""
    return values().get("_seen_uploads", set())


def set_seen_uploads(ids: set[str]) -> None:
    """Remember the ids of the files in the uploader."""
    values()["_seen_uploads"] = ids


def text() -> LoadedText | None:
    """Return the text that was read last, or None."""
    return values().get("_text")


def set_text(text: LoadedText | None, signature: object, error: str = "") -> None:
    """Keep a text, what it was read from, and why reading failed ("" if it did not)."""
    values()["_text"] = text
    values()["_text_signature"] = signature
    values()["_text_error"] = error


def text_signature() -> object:
    """Return what the text was read from: its source and read options."""
    return values().get("_text_signature")


def text_error() -> str:
    """Return why the chosen source could not be read, or ""."""
    return values().get("_text_error", "")


# -- run ---------------------------------------------------------------------------------------


def run() -> Run | None:
    """Return the run that the page shows, or None."""
    return values().get("_run")


def set_run(run: Run | None) -> None:
    """Show a run and name it in the page's address; forget what another one generated."""
    values()["_run"] = run
    values()["_applied_settings"] = None
    values()[ADDRESS] = None if run is None else run.id
    widgets.select_newest_stage()
    set_writer(None)
    set_comparison(None)
    set_co_writing(None)


def previous_run_id() -> str | None:
    """Return the id of the run that was on the page before and can be restored, or None."""
    return values().get("_previous_run_id")


def set_previous_run_id(run_id: str | None) -> None:
    """Remember which run can be restored."""
    values()["_previous_run_id"] = run_id


def applied_settings() -> tuple[TrainSettings, Goal] | None:
    """Return the page's settings when they were last applied to its run, or None."""
    return values().get("_applied_settings")


def mark_settings_applied() -> None:
    """Remember that the run trains with the page's present settings."""
    values()["_applied_settings"] = widgets.train_settings(), widgets.goal()


def next_train_settings() -> TrainSettings | None:
    """Return the settings that a preset has for the next run, while an older run is shown."""
    return values().get("_next_train_settings")


def set_next_train_settings(settings: TrainSettings | None) -> None:
    """Keep settings for the next run."""
    values()["_next_train_settings"] = settings


def preset_rate() -> float:
    """Return the learning rate of the preset that was chosen last."""
    return values()["_preset_rate"]


def set_preset_rate(rate: float) -> None:
    """Remember the learning rate of the chosen preset: another was set by hand."""
    values()["_preset_rate"] = rate


def settings_error() -> tuple[LoadedText, ModelSettings, float, str] | None:
    """Return text and settings that were checked last, when, and what was wrong with them."""
    return values().get("_settings_error")


def set_settings_error(checked: tuple[LoadedText, ModelSettings, float, str]) -> None:
    """Keep the result of a check of text and settings."""
    values()["_settings_error"] = checked


def confirming_new_run() -> bool:
    """Return whether the page asks if a new run should start."""
    return bool(values().get("_confirming_new_run"))


def set_confirming_new_run(asks: bool) -> None:
    """Ask whether a new run should start, or stop asking."""
    values()["_confirming_new_run"] = asks


# -- samples -----------------------------------------------------------------------------------


def writer() -> Writer | None:
    """Return the writer of the sample that was generated last, or None."""
    return values().get("_writer")


def set_writer(writer: Writer | None) -> None:
    """Show the sample of this writer."""
    values()["_writer"] = writer


def comparison() -> Comparison | None:
    """Return the samples at several temperatures that were written last, or None."""
    return values().get("_comparison")


def set_comparison(comparison: Comparison | None) -> None:
    """Show these samples."""
    values()["_comparison"] = comparison


def co_writing() -> CoWriting | None:
    """Return the text that the user and the network write together, or None."""
    return values().get("_co_writing")


def set_co_writing(co_writing: CoWriting | None) -> None:
    """Show this text."""
    values()["_co_writing"] = co_writing


# -- reruns ------------------------------------------------------------------------------------


def flag_change(name: str, now: Flag) -> Flag | None:
    """Return ``now`` if it differs from the value of the last call with this name (at first:
    False), else None.

    A fragment compares with it what a full run of the page has drawn, and asks for a rerun.
    """
    key = f"_flag_{name}"
    before = values().get(key, False)
    values()[key] = now
    return now if now != before else None


def request_redraw() -> None:
    """Have the whole page redrawn: a callback of a fragment's widget changed what is outside it.

    The fragment may not draw that widget again, so ``st.rerun`` after the widget would not do.
    """
    values()["_redraw"] = True


def take_redraw_request() -> bool:
    """Return whether a redraw was requested since the last call."""
    requested = bool(values().get("_redraw"))
    values()["_redraw"] = False
    return requested
