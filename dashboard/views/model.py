"""Model: choose the network, and see what it will cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard import settings
from dashboard.formatting import byte_size, duration, escape_markdown
from dashboard.page import (
    background,
    current_run,
    error_boundary,
    messages,
    open_run,
    settings_callbacks,
    state,
    widgets,
)
from dashboard.runs.speed_probe import Speed
from dashboard.settings import CELL_NAMES, PRESETS, Goal
from dashboard.text.loading import LoadedText
from rnncore import CELLS
from rnncore.pretrained import PRETRAINED


def show() -> None:
    """Draw the section."""
    with st.container(border=True, key="section_model"):
        st.subheader("2 · Model", anchor=False)
        st.pills(
            "Preset",
            list(PRESETS),
            format_func=lambda name: PRESETS[name].title,
            key="preset",
            on_change=settings_callbacks.apply_preset,
        )
        with st.container():  # what comes and goes in it leaves open parts below open
            if preset := PRESETS.get(widgets.preset() or ""):
                st.caption(preset.purpose)
        st.segmented_control(
            "Cell",
            sorted(
                CELLS, key=lambda name: (name not in CELL_NAMES, [*CELL_NAMES, name].index(name))
            ),
            format_func=lambda name: CELL_NAMES.get(name, name),
            key=widgets.model_key("cell_type"),
            required=True,
            help="LSTM remembers longest; GRU is nearly as good with less to compute; "
            "a vanilla RNN forgets soon and shows why the other two were invented.",
        )
        _slider(
            "Hidden size",
            settings.HIDDEN_SIZES,
            "hidden_dim",
            "Numbers that the network can keep in mind. More learns more, and slower.",
        )
        st.segmented_control(
            "Layers",
            widgets.options(widgets.model_key("num_layers"), settings.LAYERS),
            key=widgets.model_key("num_layers"),
            required=True,
            help="Networks one above the other, each reading what the one below makes of the "
            "text. Two are worth a try on a long book; each takes about as much time again.",
        )
        with st.expander("More settings"):
            _more()
        with st.expander("Go on with a trained model"):
            _trained()
        if (text := state.text()) is not None:
            _cost(text)
            st.fragment(error_boundary.part(_speed), run_every=0.5 if _measuring(text) else None)()


def _slider(label: str, offered: Sequence[float], name: str, explanation: str, **more: Any) -> None:
    key = widgets.model_key(name)
    st.select_slider(label, widgets.options(key, offered), key=key, help=explanation, **more)


def _trained() -> None:
    st.file_uploader(
        "Upload model",
        key="model_upload",
        on_change=open_run.open_upload,
        help="A .pkl or .npz that was downloaded here, or a pickle of the original program.",
    )
    for name, title in PRETRAINED.items():
        st.button(
            f"Take this one: {title}",
            key=f"pretrained_{name}",
            on_click=open_run.open_pretrained,
            args=(name,),
        )
    if messages.get("model"):
        st.error(escape_markdown(messages.get("model")), icon=":material/error:")
    st.caption("It writes at once, and learns on from the text above.")


def _more() -> None:
    _slider(
        "Sequence length",
        settings.SEQ_LENGTHS,
        "seq_length",
        "Characters over which an error is traced back. What came before still reaches "
        "the network: its state is carried on.",
    )
    _slider(
        "Batch size",
        settings.BATCH_SIZES,
        "batch_size",
        "Places of the text that are read side by side.",
    )
    _slider(
        "Embedding size",
        settings.EMBEDDINGS,
        "input_dim",
        "Numbers that stand for one character on its way into the network.",
        format_func=lambda n: str(n) if n else "a quarter of the vocabulary",
    )
    _slider(
        "Dropout",
        settings.DROPOUTS,
        "dropout",
        "Share of each layer's outputs that is left out at random in training: "
        "against learning a small text by heart.",
        format_func=lambda share: f"{share:g}" if share else "none",
    )
    _slider(
        "Held out for validation",
        settings.VAL_FRACTIONS,
        "val_fraction",
        "The end of the text, which the network never trains on: its loss there tells "
        "what was understood and not only learnt by heart.",
        format_func=lambda share: f"{share:.0%}",
    )
    st.number_input(
        "Random seed of the first weights",
        0,
        settings.MAX_SEED,
        key=widgets.model_key("seed"),
        help="The same number begins with the same weights; try another to see what is chance.",
    )


def _cost(text: LoadedText) -> None:
    chosen, V = widgets.model_settings(), len(text.vocab)
    params = chosen.num_params(V)
    ratio = len(text) / params
    st.caption(
        f"**{params:,}** parameters · about {byte_size(chosen.memory(V))} of memory · "
        f"{_in_words(ratio)}"
    )
    if current_run.settings_error():
        st.warning(escape_markdown(current_run.settings_error()))


def _measuring(text: LoadedText) -> bool:
    """Whether a measurement is under way; none is begun of what cannot be trained."""
    return (
        not current_run.settings_error()
        and background.training_speed(text, widgets.model_settings()).running
    )


def _speed() -> None:
    text = state.text()
    if text is None or current_run.settings_error():
        return
    job = background.training_speed(text, widgets.model_settings())
    if job.running:
        st.caption("Measuring the speed …")
    elif job.result is None:
        st.caption("How fast it would train is measured when nothing trains.")
    else:
        st.caption(_speed_in_words(job.result, widgets.goal()))
    if state.flag_change("probing", job.running) is False:
        st.rerun()  # so that it ticks no longer


def _speed_in_words(speed: Speed, goal: Goal) -> str:
    """What training would be like, and how long until the goal that is chosen."""
    epoch = (
        f"{duration(speed.seconds(speed.per_epoch))} for an epoch ({speed.per_epoch:,} iterations)"
    )
    parts = [f"**{speed.iterations_per_second:,.0f}** iterations a second on this computer", epoch]
    length = goal.iterations(speed.per_epoch, speed.iterations_per_second, 0)
    if goal.kind == "minutes":
        parts.append(f"about {length:,} iterations in {goal.amount:g} min")
    elif length:
        parts.append(f"{duration(speed.seconds(length))} for {length:,} iterations")
    return " · ".join(parts)


def _in_words(chars_per_parameter: float) -> str:
    """Characters of text for each parameter, as a plain phrase."""
    if chars_per_parameter < 1:
        return (
            f"{1 / chars_per_parameter:.1f} parameters for each character of the text: "
            "it can be learnt by heart, so watch validation"
        )
    return f"{chars_per_parameter:.1f} characters of text for each parameter"
