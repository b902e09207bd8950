"""Model: choose the network, and see what it will cost."""

from __future__ import annotations

import streamlit as st

from dashboard import actions, limits, settings, state
from dashboard.settings import CELL_NAMES, PRESETS
from dashboard.texts import LoadedText
from rnncore import CELLS


def show() -> None:
    """Draw the section."""
    with st.container(border=True, key="section_model"):
        st.subheader("2 · Model", anchor=False)
        st.pills(
            "Preset",
            list(PRESETS),
            format_func=lambda name: PRESETS[name].title,
            key="preset",
            on_change=actions.apply_preset,
        )
        if preset := PRESETS.get(state.preset() or ""):
            st.caption(preset.purpose)
        st.segmented_control(
            "Cell",
            sorted(CELLS, key=list(CELL_NAMES).index),
            format_func=lambda name: CELL_NAMES.get(name, name),
            key=state.model_key("cell_type"),
            required=True,
            help="LSTM remembers longest; GRU is nearly as good with less to compute; "
            "a vanilla RNN forgets soon and shows why the other two were invented.",
        )
        st.select_slider(
            "Hidden size",
            settings.HIDDEN_SIZES,
            key=state.model_key("hidden_dim"),
            help="Numbers that the network can keep in mind. More learns more, and slower.",
        )
        st.segmented_control(
            "Layers", settings.LAYERS, key=state.model_key("num_layers"), required=True
        )
        with st.expander("More settings"):
            _more()
        if (text := state.text()) is not None:
            _cost(text)


def _more() -> None:
    st.select_slider(
        "Sequence length",
        settings.SEQ_LENGTHS,
        key=state.model_key("seq_length"),
        help="Characters over which an error is traced back. What came before still reaches "
        "the network: its state is carried on.",
    )
    st.select_slider(
        "Batch size",
        settings.BATCH_SIZES,
        key=state.model_key("batch_size"),
        help="Places of the text that are read side by side.",
    )
    st.select_slider(
        "Embedding size",
        settings.EMBEDDINGS,
        format_func=lambda n: str(n) if n else "a quarter of the vocabulary",
        key=state.model_key("input_dim"),
        help="Numbers that stand for one character on its way into the network.",
    )
    st.select_slider(
        "Dropout",
        settings.DROPOUTS,
        key=state.model_key("dropout"),
        help="Share of each layer's outputs that is left out at random in training: "
        "against learning a small text by heart.",
    )
    st.select_slider(
        "Held out for validation",
        settings.VAL_FRACTIONS,
        format_func=lambda share: f"{share:.0%}",
        key=state.model_key("val_fraction"),
        help="The end of the text, which the network never trains on: its loss there tells "
        "what was understood and not only learnt by heart.",
    )
    st.number_input("Random seed of the first weights", 0, 2**31 - 1, key=state.model_key("seed"))


def _cost(text: LoadedText) -> None:
    chosen, V = state.model_settings(), len(text.vocab)
    params = chosen.num_params(V)
    ratio = len(text) / params
    st.caption(
        f"**{params:,}** parameters · about {limits.size(chosen.memory(V))} of memory · "
        f"{_in_words(ratio)}"
    )


def _in_words(chars_per_parameter: float) -> str:
    """Characters of text for each parameter, as a plain phrase."""
    if chars_per_parameter < 1:
        return (
            f"{1 / chars_per_parameter:.1f} parameters for each character of the text: "
            "it can be learnt by heart, so watch validation"
        )
    return f"{chars_per_parameter:.1f} characters of text for each parameter"
