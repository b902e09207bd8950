"""Downloads: files of the run, a link to the page's settings, deletion of the run."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import cycle

import streamlit as st

from dashboard.formatting import byte_size, escape_markdown
from dashboard.page import background, entry, messages, open_run, places, state, widgets
from dashboard.page import network_choice as chosen_network
from dashboard.page.settings_link import SECTIONS
from dashboard.runs import exports, summary
from dashboard.runs.labels import MAX_NAME
from dashboard.runs.run import Run, Saver
from dashboard.server import limits
from dashboard.views import download_button, network_choice, portable_downloads


def show() -> None:
    """Draw the tab."""
    run = state.run()
    with st.container(key="section_download"):
        if run is None:
            st.caption("Train a network to download it.")
        else:
            _draw_downloads(run)


def draw_link() -> None:
    """Draw the link to the page's settings; the bar has it behind a button."""
    place = st.container(key="settings_link")
    text = state.text()
    own = text is not None and entry.linkable_text() is None
    upload = f"Others must upload {escape_markdown(text.name)} themselves. " if own and text else ""
    here = "It works on this computer only. " if entry.is_local_address() else ""
    st.caption(
        f"The link opens the workbench with these settings and no run. {here}{upload}The "
        "browser's address opens this run itself; anyone who has it can control it."
    )
    hide = st.multiselect(
        "Hide sections",
        SECTIONS,
        placeholder="none",
        help="Sections of the page that the link leaves out, for example download in a first "
        "lesson.",
    )
    with place:
        st.code(entry.settings_url(hide), language=None, wrap_lines=True)


def draw_name(run: Run) -> None:
    """Draw the run's name, which opens a box to change it; the bar has it."""
    name = summary.name_run(run)
    opener = st.popover(
        escape_markdown(name), icon=":material/edit:", key="run_name_open", type="tertiary"
    )
    with opener:
        st.text_input(
            "Run name",
            run.labels.name,
            max_chars=MAX_NAME,
            placeholder=name,
            key=widgets.run_name_key(run.id),
            on_change=open_run.rename_run,
            args=(run.id,),
            help="Shown in the list of runs and in reports; downloads are called so. "
            "A run with a name of its own is never removed to make room for new ones.",
        )
        if messages.get("rename"):
            st.error(escape_markdown(messages.get("rename")), icon=":material/error:")


def draw_model(run: Run) -> None:
    """Draw the button that downloads the model; the bar has it."""
    which = chosen_network.chosen(run, "download")
    ready = exports.ready_model_pickle(run, which)
    name = f"{exports.file_stem(run)}.pkl"
    make = partial(exports.model_pickle, which=which)
    download_button.draw(run, "Download model", name, make, ready, key="download_model")


def _draw_downloads(run: Run) -> None:
    stem = exports.file_stem(run)
    if run.export_error:
        st.error(escape_markdown(run.export_error), icon=":material/error:")
    which = network_choice.draw(run, "download")
    portable_downloads.draw_web_page(run, stem, which)
    st.caption(
        f"**Download model**, at the top right, opens in Python with rnncore"
        f"{_describe_upload(exports.model_bytes(run))}. "
        f"Python finds rnncore after this command. {places.install_hint()}",
        help="The model is a pickle (.pkl): a file of Python objects, here the network and its "
        "characters.",
    )
    st.code(places.install_command(), language=None, wrap_lines=True)
    st.code(
        f"import pickle\nwith open({f'{stem}.pkl'!r}, 'rb') as f:\n"
        f"    print(pickle.load(f).sample({run.sample_log.seed_text[:1]!r}, T=500))",
        language=None,  # syntax colours have too little contrast in dark mode
        wrap_lines=True,
    )
    portable_downloads.draw_programs(run, stem, which)
    _draw_more_downloads(run, stem)
    if run.autosaver is not None:
        _draw_saved_run(run, run.autosaver)


def _describe_upload(size: int) -> str:
    """Return whether a file of this size can be uploaded here again, as the end of a sentence."""
    most = limits.MAX_MODEL_BYTES
    return " and on this page" if size < most else f", not on this page (limit {byte_size(most)})"


def _draw_saved_run(run: Run, saver: Saver) -> None:
    """Draw how much disk space the saved run takes, and a button that deletes it."""
    if messages.get("runs"):
        st.error(escape_markdown(messages.get("runs")), icon=":material/error:")
    with st.container(horizontal=True, vertical_alignment="center"):
        place = escape_markdown(places.saved_at(run))
        st.caption(f"Saved {place} ({byte_size(saver.size())}).", width="stretch")
        with st.popover("Delete this run"):
            st.markdown("This can't be undone; its link stops working.")
            st.button("Delete for good", on_click=open_run.delete_run, args=(run.id,))


def _draw_more_downloads(run: Run, stem: str) -> None:
    baselines = background.baselines(run)  # here, because the click has no session state

    def make_by(download: exports.Download) -> Callable[[Run], str | bytes]:
        return lambda run: download.make(run, baselines.result or [])

    st.markdown("**This run**")
    portable_downloads.draw_experiment(run, stem, baselines)
    for place, download in zip(cycle(st.columns(2)), exports.MORE_DOWNLOADS, strict=False):
        with place:
            name = f"{stem}{download.suffix}"
            download_button.draw(run, download.label, name, make_by(download))
            if download.caption:
                upload = _describe_upload(download.size(run)) if download.size else ""
                st.caption(f"{download.caption}{upload}.", help=download.help)
