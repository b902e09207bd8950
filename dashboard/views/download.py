"""Download: take the trained network away."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboard.formatting import byte_size, escape_markdown
from dashboard.page import background, entry, messages, open_run, state
from dashboard.page.settings_link import SECTIONS
from dashboard.runs import exports
from dashboard.runs.run import Run, Saver
from dashboard.server import limits
from dashboard.views import lazy_expander


def show() -> None:
    """Draw the section."""
    run = state.run()
    with st.container(border=True, key="section_download"):
        st.subheader("5 · Download", anchor=False)
        if run is None:
            st.caption("When a network has been trained, it can be taken away here.")
        else:
            _take_away(run)
        lazy_expander.expander("A link to these settings", "link_open", _link)


def _link() -> None:
    hide = st.multiselect(
        "Leave out sections", SECTIONS, help="For a lesson that should show less at once."
    )
    st.code(entry.settings_url(hide), language=None, wrap_lines=True)
    text = state.text()
    own = text is not None and entry.linkable_text() is None
    st.caption(
        "It opens this page with everything that is chosen here. "
        + (f"Everybody uploads {escape_markdown(text.name)} themselves. " if own and text else "")
        + "The address at the top of the browser is another one: it opens this very run, "
        "and all who have it drive it together."
    )


def _take_away(run: Run) -> None:
    stem = exports.file_stem(run)
    if run.export_error:
        st.error(escape_markdown(run.export_error), icon=":material/error:")
    # What is made at a click Streamlit throws away at the second redraw of anything on this server,
    # which where many train comes sooner than the browser fetches it.
    ready = exports.ready_model_pickle(run)
    _button(run, "Download model", f"{stem}.pkl", lambda: exports.model_pickle(run), ready)
    st.caption(f"Opens in any Python that can import rnncore{_and_here(exports.model_bytes(run))}:")
    st.code(
        f"import pickle\nwith open({f'{stem}.pkl'!r}, 'rb') as f:\n"
        f"    print(pickle.load(f).sample({run.sample_log.seed_text[:1]!r}, T=500))",
        language=None,  # in colours it cannot be read by weak eyes in the dark
        wrap_lines=True,
    )
    with st.expander("More to take away"):
        _more(run, stem)
    if run.autosaver is not None:
        _kept(run, run.autosaver)


def _and_here(size: int) -> str:
    """Whether a file of this size can be uploaded here again, to go on a sentence."""
    most = limits.MAX_MODEL_BYTES
    return " and on this page" if size < most else f" (for this page it is above {byte_size(most)})"


def _kept(run: Run, autosaver: Saver) -> None:
    """What is kept of the run on the server, for whoever has its link; and the way to end that."""
    if messages.get("runs"):
        st.error(escape_markdown(messages.get("runs")), icon=":material/error:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"On the computer that runs this page the run takes {byte_size(autosaver.size())}.",
            width="stretch",
        )
        with st.popover("Delete this run"):
            st.markdown("It cannot be brought back, not by its link either.")
            st.button("Delete for good", on_click=open_run.delete_run, args=(run.id,))


def _more(run: Run, stem: str) -> None:
    _button(run, "Whole run (.npz)", f"{stem}.npz", lambda: exports.checkpoint_npz(run))
    st.caption(
        "Text, network, optimizer and place: training goes on from it exactly, in Python"
        f"{_and_here(exports.checkpoint_bytes(run))}."
    )
    levels = background.baselines(run)  # here: a download is made where there is no session
    _button(run, "Report", f"{stem}.html", lambda: exports.report_html(run, levels.result or []))
    st.caption("One page with data, settings, curve and samples, to keep or hand in.")
    _button(run, "History (CSV)", f"{stem}.csv", lambda: exports.history_csv(run))
    _button(run, "Samples over time", f"{stem}-samples.txt", lambda: exports.samples_text(run))


def _button(
    run: Run,
    label: str,
    file_name: str,
    data: Callable[[], str | bytes],
    ready: bytes | None = None,
) -> None:
    """A download that is made at the click, not at every redraw of the page, if it is not ready."""
    st.download_button(
        label,
        data=ready if ready is not None else lambda: exports.make_file(run, label, data),
        file_name=file_name,
        icon=":material/download:",
        on_click="ignore",
    )
