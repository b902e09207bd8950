"""Callbacks of the Sample section: generate a sample, or write a text together."""

from __future__ import annotations

from dashboard.page import current_run, error_boundary, messages, network_choice, state, widgets
from dashboard.runs.network_choice import copy_network
from dashboard.runs.run import default_seed_text
from dashboard.sampling import temperatures
from dashboard.sampling.co_writing import CoWriting
from dashboard.sampling.writer import Writer, filter_seed_text
from dashboard.server import limits
from rnncore import Sampler


def message(place: str) -> str:
    """Return the message at a place ("sample", "co_writing"), or "".

    An error of sampling disappears when the user changes a setting that can have caused it.
    """
    return messages.get(place, _settings_now())


def _settings_now() -> object:
    """Return all settings that can make sampling fail."""
    run = state.run()
    return (
        widgets.write_settings(""),
        widgets.model_settings(),
        state.text_signature(),
        None if run is None else run.id,
    )


@error_boundary.callback
def shorten_seed_text() -> None:
    """Keep the end of a seed text that is too long, and say so while it stays unchanged."""
    text, most = widgets.seed_text(), limits.MAX_SEED_CHARS
    messages.show("seed_text", "")
    if len(text) > most:
        widgets.set_seed_text(text[-most:])
        messages.show(
            "seed_text",
            f"The seed text had {len(text):,} characters. Its last {most:,} are kept: no network "
            "here remembers more.",
            about=widgets.seed_text(),
        )


@error_boundary.callback
def generate() -> None:
    """Start a sample from a copy of the chosen network."""
    with messages.errors_at("sample", _settings_now):
        run = current_run.get_or_create()
        cancel()
        settings = widgets.write_settings(default_seed_text(run.text))
        model, iteration = copy_network(run, network_choice.chosen(run, "sample"))
        writer = Writer(model, settings, iteration)
        writer.wait(0.15)  # most samples are complete by then and need no ticking
        state.set_writer(writer)


@error_boundary.callback
def compare_temperatures() -> None:
    """Write short samples of the chosen network at a low, a middle and a high temperature."""
    with messages.errors_at("sample", _settings_now):
        run = current_run.get_or_create()
        seed_text = widgets.write_settings(default_seed_text(run.text)).seed_text
        model, iteration = copy_network(run, network_choice.chosen(run, "sample"))
        state.set_comparison(temperatures.compare(model, run.text.vocab, seed_text, iteration))


@error_boundary.callback
def cancel() -> None:
    """Stop generating; keep what was generated."""
    if (writer := state.writer()) is not None:
        writer.cancel()


# -- write together ----------------------------------------------------------------------------


@error_boundary.callback
def start_co_writing() -> None:
    """Start a text with the seed text and a copy of the chosen network."""
    if (run := state.run()) is None:
        return
    with messages.errors_at("co_writing", _settings_now):
        settings = widgets.write_settings(default_seed_text(run.text))
        seed_text, note = filter_seed_text(settings.seed_text, run.text.vocab)
        model, iteration = copy_network(run, network_choice.chosen(run, "sample"))
        state.set_co_writing(CoWriting(Sampler(model), seed_text, iteration=iteration))
        messages.show("co_writing", note)


@error_boundary.callback
def write_char(char: str) -> None:
    """Append this character."""
    if (co_writing := state.co_writing()) is not None:
        state.set_co_writing(co_writing.write(char))


@error_boundary.callback
def write_until(ends: str) -> None:
    """Let the network write up to the first of the characters in ``ends``."""
    if (co_writing := state.co_writing()) is not None:
        state.set_co_writing(co_writing.write_until(ends, widgets.temperature()))


@error_boundary.callback
def undo_char() -> None:
    """Remove the last character."""
    if (co_writing := state.co_writing()) is not None:
        state.set_co_writing(co_writing.undo())
