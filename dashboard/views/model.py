"""Model section: choose the network, see its size and its training speed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.navigation.page import StreamlitPage as Page

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
from dashboard.reports.terms import TERMS
from dashboard.runs.speed_probe import Speed
from dashboard.settings import CELL_NAMES, PRESETS, Goal, Preset
from dashboard.text.loading import LoadedText
from dashboard.views import fit_button, teach
from dashboard.views.lazy_expander import lazy_expander
from rnncore.pretrained import PRETRAINED


def show(how: Page) -> None:
    """Draw the section, with a link to the page "How it works"."""
    text = state.text()
    own = background.page_speed()
    measuring = own is not None and own.running  # the presets are measured after it
    known = None if text is None or measuring else background.preset_speeds(text)
    speeds = {} if known is None else dict(known.result or {})
    if (chosen := widgets.preset()) and own is not None and own.result is not None:
        speeds[chosen] = own.result  # from a longer trial, as the line beside Train
    with st.container(key="section_model"):
        st.radio(
            "Preset",
            list(PRESETS),
            format_func=lambda name: PRESETS[name].title,
            captions=[
                _describe_preset(preset, speeds.get(name), 0 if text is None else len(text))
                for name, preset in PRESETS.items()
            ],
            key="preset",
            on_change=settings_callbacks.apply_preset,
            help="Network and training settings for a purpose. Each of them can be changed below.",
        )
        _draw_architecture()
        lazy_expander("More settings", "more_settings_open", _draw_more_settings)
        lazy_expander("Start from a trained model", "trained_open", _draw_trained_models)
        st.page_link(how, label="What a cell does", icon=":material/lightbulb:")
        if text is not None:
            _draw_size(text)
            tick = 0.5 if measuring or (known is not None and known.running) else None
            st.fragment(error_boundary.part(_draw_speed), run_every=tick)()


def _describe_preset(preset: Preset, speed: Speed | None, chars: int) -> str:
    """Return what a preset is for and, once it is measured, how long its training takes here."""
    parts = [preset.purpose]
    if preset.from_chars and chars >= preset.from_chars:
        parts += [f"**Suits this text of {chars:,} characters.**"]
    if speed is not None:
        parts += [f"About {duration(speed.seconds(preset.train.num_iters))} here."]
    return " ".join(parts)


def _draw_architecture() -> None:
    st.segmented_control(
        "Cell",
        list(CELL_NAMES),
        format_func=CELL_NAMES.__getitem__,
        key=widgets.model_key("cell_type"),
        required=True,
        help=TERMS["Cell"],
    )
    _draw_slider(
        "Hidden size",
        settings.HIDDEN_SIZES,
        "hidden_dim",
        f"{TERMS['Hidden size']} Larger learns more but trains slower: 128 suits a first try.",
    )
    st.segmented_control(
        "Layers",
        widgets.options(widgets.model_key("num_layers"), settings.LAYERS),
        key=widgets.model_key("num_layers"),
        required=True,
        help=f"{TERMS['Layers']} Try 2 for a long book; each layer adds about as much training "
        "time as the first.",
    )


def _draw_more_settings() -> None:
    _draw_slider(
        "Sequence length",
        settings.SEQ_LENGTHS,
        "seq_length",
        f"{TERMS['Sequence length']} 50 is usual. Earlier characters still count, because the "
        "network's memory is carried over.",
    )
    _draw_slider(
        "Batch size",
        settings.BATCH_SIZES,
        "batch_size",
        f"{TERMS['Batch size']} 16 is usual.",
    )
    _draw_slider(
        "Embedding size",
        settings.EMBEDDINGS,
        "input_dim",
        f"{TERMS['Embedding size']} Automatic is a quarter of the vocabulary, at most 128.",
        format_func=lambda n: str(n) if n else "automatic",
    )
    _draw_slider(
        "Dropout",
        settings.DROPOUTS,
        "dropout",
        f"{TERMS['Dropout']} Try 0.2 on a small text.",
        format_func=lambda share: f"{share:g}" if share else "none",
    )
    _draw_slider(
        "Validation share",
        settings.VAL_FRACTIONS,
        "val_fraction",
        f"{TERMS['Validation share']} 10 % is usual.",
        format_func=lambda share: f"{100 * share:g} %",
    )
    st.number_input(
        "Initialisation seed",
        0,
        settings.MAX_SEED,
        key=widgets.model_key("seed"),
        help="Number from which the random first weights are made: the same number gives the same "
        "weights. Try another, for example 1, to see how much depends on chance.",
    )


def _draw_slider(
    label: str, offered: Sequence[float], name: str, explanation: str, **more: Any
) -> None:
    key = widgets.model_key(name)
    st.select_slider(
        label,
        widgets.options(key, offered),
        key=key,
        help=explanation,
        persist_state="session",
        **more,
    )


def _draw_trained_models() -> None:
    st.file_uploader(
        "Upload model",
        key="model_upload",
        on_change=open_run.open_upload,
        help="A model (.pkl), run (.npz) or experiment (.zip) downloaded here, a network from "
        "PyTorch (.safetensors), or a pickle of the original program. A pickle is a file of "
        "Python objects; code in it is never run.",
    )
    for name, title in PRETRAINED.items():
        st.button(
            f"Use: {title}",
            key=f"pretrained_{name}",
            on_click=open_run.open_pretrained,
            args=(name,),
        )
    if (run := state.run()) is not None and run.solver.iteration:
        teach.draw_start(run)
    if messages.get("model"):
        st.error(escape_markdown(messages.get("model")), icon=":material/error:")
    st.caption("It can write immediately; Train continues on the text above.")


def _draw_size(text: LoadedText) -> None:
    model, V = widgets.model_settings(), len(text.vocab)
    params = model.num_params(V)
    st.caption(
        f"**{params:,}** parameters · about {byte_size(model.memory(V))} of memory · "
        f"{_describe_ratio(len(text) / params)}",
        help="Parameters are the numbers that training adjusts. A network with more parameters "
        "than the text has characters can memorise the text instead of learning its rules.",
    )
    if current_run.settings_error():
        st.warning(escape_markdown(current_run.settings_error()))
        fit_button.show("model")


def _describe_ratio(chars_per_parameter: float) -> str:
    """Return how many characters of text there are per parameter, or the reverse."""
    if chars_per_parameter < 1:
        return (
            f"{1 / chars_per_parameter:.1f} parameters per character of the text: "
            "large enough to memorise it, so watch validation"
        )
    return f"{chars_per_parameter:.1f} characters of text per parameter"


def _draw_speed() -> None:
    text, job = state.text(), background.page_speed()
    if text is None or job is None:
        return
    if job.running:
        st.caption("Measuring the speed …")
    elif job.result is None:
        st.caption("Speed is measured when no training is running.")
    else:
        st.caption(
            _describe_speed(job.result, widgets.goal()),
            help=f"{TERMS['Iterations']} {TERMS['Epochs']}",
        )
    if False in (
        state.flag_change("probing", job.running),
        state.flag_change("probing presets", job.running or background.preset_speeds(text).running),
    ):
        st.rerun()  # the whole page, so that this fragment stops ticking


def _describe_speed(speed: Speed, goal: Goal) -> str:
    """Return the speed, the time of an epoch and the time until the goal."""
    epoch = duration(speed.seconds(speed.per_epoch))
    parts = [
        f"**{speed.iterations_per_second:,.0f}** iterations/s on this computer",
        f"{epoch} per pass over the text (epoch, {speed.per_epoch:,} iterations)",
    ]
    length = goal.iterations(speed.per_epoch, speed.iterations_per_second, 0)
    if goal.kind == "minutes":
        parts.append(f"about {length:,} iterations in {goal.amount:g} min")
    elif length:
        parts.append(f"{duration(speed.seconds(length))} for {length:,} iterations")
    return " · ".join(parts)
