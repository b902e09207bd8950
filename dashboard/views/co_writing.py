"""Write together: the odds of the next character, and a person's choice among them."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard.charts import bars
from dashboard.formatting import counted, escape_markdown, training_stage
from dashboard.page import error_boundary, sampling_callbacks, state, widgets
from dashboard.runs.run import Run
from dashboard.text.codepoints import display_char
from dashboard.views import lazy_expander, markup

CHOICES = 8  # characters to choose from
_LOWEST = 0.05  # temperature: at 0 all but one character would be nowhere


def show(run: Run) -> None:
    """Draw the part; it is closed until somebody wants it."""
    lazy_expander.expander(
        "Write together", "together_open", partial(st.fragment(error_boundary.part(_desk)), run)
    )


def _desk(run: Run) -> None:
    if sentence := sampling_callbacks.message("co_writing"):
        st.warning(escape_markdown(sentence))
    co_writing = state.co_writing()
    if co_writing is None:
        st.caption("Take turns with the network: see its odds for the next character, choose one.")
        st.button("Begin with the seed text", on_click=sampling_callbacks.start_co_writing)
        return
    st.html(
        markup.text_box(co_writing.seed_text, co_writing.written, label="Text written together")
    )
    st.caption(
        f"{counted(len(co_writing.written), 'character')} so far, with the odds of the network "
        f"{training_stage(co_writing.iteration)}."
    )
    temperature = max(_LOWEST, widgets.temperature())
    choices = co_writing.choices(CHOICES, temperature)
    at = {"as the network has it": choices.probabilities, f"at {temperature:g}": choices.tempered}
    st.vega_lite_chart(
        bars.probability_rows(choices.chars, at),
        bars.probability_spec(),
        width="stretch",
        alt="Odds of the next character",
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
        st.button("To the end of the word", on_click=sampling_callbacks.write_until, args=(" \n",))
        st.button("To the end of the line", on_click=sampling_callbacks.write_until, args=("\n",))
        st.button("Take one back", on_click=sampling_callbacks.undo_char)
        st.button("Begin again", on_click=sampling_callbacks.start_co_writing)
