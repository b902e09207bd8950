"""What a click does where the network writes: a piece, or a text in turns with a person."""

from __future__ import annotations

from dashboard.page import error_boundary, state
from dashboard.page.callbacks import present, refusals
from dashboard.runs.run import default_seed_text
from dashboard.sampling.co_writing import CoWriting
from dashboard.sampling.writer import Writer, filter_seed_text
from rnncore import Sampler


def said(place: str) -> str:
    """The sentence at a place ("sample", "pen"), or ""; a refusal until what was asked changes."""
    return state.said(place, _asked())


def _asked() -> object:
    """All that a refusal to write can be about."""
    run = state.run()
    return (
        state.write_settings(""),
        state.model_settings(),
        state.text_signature(),
        None if run is None else run.id,
    )


@error_boundary.click
def generate() -> None:
    """Write a piece from a copy of the network as it is now."""
    with refusals("sample", _asked):
        run = present()
        cancel()
        settings = state.write_settings(default_seed_text(run.text))
        writer = Writer(run.trainer.model(), settings, run.solver.iteration)
        writer.wait(0.15)  # most pieces are done by then, and need no ticking
        state.set_writer(writer)


@error_boundary.click
def cancel() -> None:
    """Stop writing; what is there stays."""
    if (writer := state.writer()) is not None:
        writer.cancel()


# -- in turns ----------------------------------------------------------------------------------


@error_boundary.click
def start_co_writing() -> None:
    """Begin a text with the seed text and the network as it is now."""
    if (run := state.run()) is None:
        return
    with refusals("pen", _asked):
        settings = state.write_settings(default_seed_text(run.text))
        seed_text, note = filter_seed_text(settings.seed_text, run.text.vocab)
        sampler, iteration = Sampler(run.trainer.model()), run.solver.iteration
        state.set_co_writing(CoWriting(sampler, seed_text, iteration=iteration))
        state.say("pen", note)


@error_boundary.click
def write_char(char: str) -> None:
    """Go on with this character."""
    if (co_writing := state.co_writing()) is not None:
        state.set_co_writing(co_writing.write(char))


@error_boundary.click
def write_until(ends: str) -> None:
    """Let the network go on to the first of these characters."""
    if (co_writing := state.co_writing()) is not None:
        state.set_co_writing(co_writing.write_until(ends, state.temperature()))


@error_boundary.click
def unwrite() -> None:
    """Take the last character back."""
    if (co_writing := state.co_writing()) is not None:
        state.set_co_writing(co_writing.undo())
