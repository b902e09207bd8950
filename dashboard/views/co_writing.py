"""Write together: the user and the network write a text in turns, character by character."""

from __future__ import annotations

import streamlit as st

from dashboard.charts import bars
from dashboard.formatting import counted, escape_markdown, training_stage
from dashboard.page import error_boundary, sampling_callbacks, state, widgets
from dashboard.runs.run import Run
from dashboard.text.codepoints import display_char
from dashboard.views import markup

CHOICES = 8  # characters to choose from
_MIN_TEMPERATURE = 0.05  # at 0 every character but one would have probability 0


def show() -> None:
    """Draw the tab."""
    run = state.run()
    if run is None:
        st.caption("Train a network, or try a trained one, to write together with it.")
        return
    st.fragment(error_boundary.part(_draw_desk))(run)


def _draw_desk(run: Run) -> None:
    """Draw the text so far, the next characters to choose from, and the buttons."""
    if message := sampling_callbacks.message("co_writing"):
        st.warning(escape_markdown(message))
    text = state.co_writing()
    if text is None:
        st.caption(
            "Write in turns with the network: see its probabilities for the next character and "
            "choose one."
        )
        st.button("Start with the seed text", on_click=sampling_callbacks.start_co_writing)
        return
    st.html(markup.text_box(text.seed_text, text.written, label="Text written together"))
    st.caption(
        f"{counted(len(text.written), 'character')} so far. Probabilities of the network "
        f"{training_stage(text.iteration)}:"
    )
    temperature = max(_MIN_TEMPERATURE, widgets.temperature())
    choices = text.choices(CHOICES, temperature)
    series = {"as learned": choices.probabilities, f"at {temperature:g}": choices.tempered}
    st.vega_lite_chart(
        bars.probability_rows(choices.chars, series),
        bars.probability_spec(),
        width="stretch",
        alt="Probabilities of the next character",
    )
    with st.container(horizontal=True):
        for char in choices.chars:
            st.button(
                escape_markdown(display_char(char)),
                key=f"next_{ord(char)}",
                on_click=sampling_callbacks.write_char,
                args=(char,),
            )
    with st.container(horizontal=True):
        st.button("Finish word", on_click=sampling_callbacks.write_until, args=(" \n",))
        st.button("Finish line", on_click=sampling_callbacks.write_until, args=("\n",))
        st.button("Undo", on_click=sampling_callbacks.undo_char)
        st.button("Restart", on_click=sampling_callbacks.start_co_writing)
