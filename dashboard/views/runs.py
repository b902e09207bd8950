"""Runs page: the runs saved on this computer, to find, compare, name, open or delete."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import streamlit as st
from streamlit.navigation.page import StreamlitPage as Page

from dashboard.comparison.loading import MOST
from dashboard.formatting import byte_size, counted, escape_markdown, strip_markdown
from dashboard.page import messages, open_run, run_list, state
from dashboard.reports.terms import TERMS
from dashboard.runs import summary
from dashboard.runs.labels import MAX_NAME, MAX_NOTE, describe_removal
from dashboard.runs.registry import get_registry
from dashboard.runs.run_row import RunRow
from dashboard.views import bar, browser_tab
from dashboard.views.page_button import page_button

_HEIGHT = 420  # pixels: ten rows and a half, so that one sees that there are more


def show(pages: Sequence[Page], workbench: Page, compare: Page) -> None:
    """Draw the page, with a bar of links to ``pages``; its buttons lead to the other two."""
    bar.show(pages)
    st.set_page_config(page_title=f"Runs · {browser_tab.NAME}")
    st.title("Runs", anchor=False)
    if messages.get("runs"):
        st.error(escape_markdown(messages.get("runs")), icon=":material/error:")
    listing = get_registry().index.list_rows()
    rows = [row for row in listing.rows if row.trained]
    if not rows and not listing.unread:
        st.markdown("No runs yet. Every run is saved automatically while it trains.")
        st.page_link(workbench, label="Train a network", icon=":material/play_arrow:")
        return
    total = byte_size(sum(row.size for row in rows))
    apart = len(run_list.set_apart(rows)) if run_list.leaves_out(rows) else 0
    hidden = f", {apart:,} of races and sweeps not listed" if apart else ""
    st.caption(
        f"{counted(len(rows), 'run')} on this computer, {total}{hidden}. Saved automatically; open "
        "one to continue it.",
    )
    _draw_removal(rows)
    _draw_filters(rows)
    shown = run_list.filtered(rows)
    with st.container(key="runs_area"):
        selected = run_list.selected(rows)
        _draw_actions(selected, workbench, compare)
        _draw_table(shown, run_list.leaves_out(rows))
        if len(selected) == 1:
            _draw_labels(selected[0])
    if listing.unread:
        st.caption(f"{counted(listing.unread, 'run')} more are being read …")
        st.rerun()


def _draw_removal(rows: Sequence[RunRow]) -> None:
    """Draw when runs will be removed to make room, if any will."""
    due = sorted(
        (row for row in rows if row.labels.remove_after), key=lambda row: row.labels.remove_after
    )
    if due:
        which = "One run is" if len(due) == 1 else f"{len(due):,} runs are"
        st.warning(
            f"{which} marked for removal; the table has the dates. "
            f"{escape_markdown(describe_removal(due[0].labels))} Star a run, name it, note "
            "something about it or open it to keep it.",
            icon=":material/auto_delete:",
        )


def _draw_filters(rows: Sequence[RunRow]) -> None:
    texts, cells = run_list.prepare_filters(rows)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Search", key=run_list.SEARCH, placeholder="Words of name, text or note", width=260
        )
        st.multiselect("Text", texts, key=run_list.TEXTS, placeholder="All texts", width=260)
        st.multiselect("Cell", cells, key=run_list.CELLS, placeholder="All cells", width=200)
        st.toggle("Starred only", key=run_list.STARRED)
        if apart := len(run_list.set_apart(rows)):
            st.toggle(
                "Show runs of races and sweeps",
                key=run_list.ALL,
                help=f"{counted(apart, 'run')} of races and sweeps. Those that you have open, or "
                "that have a name, a note or a star, are always shown.",
            )


def _draw_actions(selected: Sequence[RunRow], workbench: Page, compare: Page) -> None:
    """Draw what can be done with the selected runs."""
    ids = [row.id for row in selected]
    one = selected[0] if len(selected) == 1 else None
    with st.container(key="runs_actions", horizontal=True, vertical_alignment="center"):
        opens = one is not None and (one.has_network or not one.damaged)
        page_button(
            "Open",
            workbench,
            key="open_run",
            icon=":material/open_in_new:",
            disabled=not opens,
            on_click=open_run.open_past_run,
            args=(ids[0] if ids else "",),
            help="Show the selected run on the workbench, to go on training or to generate.",
        )
        page_button(
            f"Compare {len(ids)}" if len(ids) > 1 else "Compare",
            compare,
            key="compare_runs",
            query={"runs": ",".join(ids)},
            type="primary",
            icon=":material/stacked_line_chart:",
            disabled=not 2 <= len(ids) <= MOST,
            help=f"Select 2 to {MOST} rows to see their curves, settings and samples side by side.",
        )
        starred = bool(selected) and all(row.labels.starred for row in selected)
        st.button(
            "Remove star" if starred else "Star",
            key="star_runs",
            icon=":material/star:",
            disabled=not ids,
            on_click=run_list.star,
            args=(ids, not starred),
            help="Starred runs are never removed to make room for new ones.",
        )
        with st.popover("Delete", icon=":material/delete:", disabled=not ids):
            what = strip_markdown(one.title) if one else counted(len(ids), "run")
            st.markdown(f"Delete {escape_markdown(what)}? This can't be undone.")
            st.button("Delete for good", on_click=run_list.delete, args=(ids,))
        if len(ids) > 1:
            st.button("Select none", type="tertiary", on_click=run_list.clear_selection)
        st.caption(_describe_selection(selected), width="stretch")


def _describe_selection(selected: Sequence[RunRow]) -> str:
    if not selected:
        return "Select rows by the boxes at their left (keyboard: Shift and Space)."
    if len(selected) > 1:
        return f"{len(selected)} selected."
    row = selected[0]
    if row.damaged:
        return escape_markdown(row.damaged)
    began = f" · began as {row.began_as}" if row.began_as else ""
    network = "" if row.settings is None else summary.describe_network(row.settings)
    return escape_markdown(f"{network} · {row.progress}{began} · {byte_size(row.size)}")


def _draw_table(rows: Sequence[RunRow], apart: bool) -> None:
    """Draw the table. ``apart``: whether runs of races and sweeps are left out."""
    if not rows:
        st.markdown("No run matches these filters.")
        if apart:
            st.caption("Runs of races and sweeps are not shown: switch them on above.")
        return
    key, first = run_list.mark_shown(rows)
    st.dataframe(
        _columns(rows),
        key=key,
        height=_HEIGHT if len(rows) > 10 else "content",
        hide_index=True,
        row_height=36,
        on_select=lambda: run_list.select(key),
        selection_mode="multi-row",
        selection_default={"selection": {"rows": first}},
        column_config=_column_config(),
        placeholder="–",
        alt=f"Table of {counted(len(rows), 'run')}",
    )
    st.caption(
        "A click on a column's head sorts. Losses are in nats per character; lower is better.",
        help=f"{TERMS['Loss']} {TERMS['Nats per character']}",
    )


def _columns(rows: Sequence[RunRow]) -> dict[str, list[Any]]:
    """Return the table's columns."""
    now = state.run()
    here = "" if now is None else now.id

    def known(value: float) -> float | None:
        return None if math.isnan(value) else value

    made_by = [row.made_by for row in rows]
    columns: dict[str, list[Any]] = {
        "★": ["★" if row.labels.starred else "" for row in rows],
        "Name": [f"{row.title}{' (open)' * (row.id == here)}" for row in rows],
        **({"From": made_by} if any(made_by) else {}),
        "Text": [row.text_name for row in rows],
        "Cell": [run_list.cell_name(row) or "damaged" for row in rows],
        "Layers × size": [
            f"{row.settings.num_layers} × {row.settings.hidden_dim}" if row.settings else ""
            for row in rows
        ],
        "Parameters": [row.figures.params or None for row in rows],
        "Best validation": [known(row.best_val) for row in rows],
        "Loss": [list(row.figures.curve) for row in rows],
        "Iterations": [row.iteration for row in rows],
        "Seconds": [round(row.figures.seconds, 1) or None for row in rows],
        "Saved": [datetime.fromtimestamp(row.saved) for row in rows],
        "Bits": [known(row.best_val / math.log(2)) for row in rows],
        "Characters/s": [known(round(row.chars_per_second, 0)) for row in rows],
        "Note": [row.labels.note for row in rows],
    }
    if any(row.labels.remove_after for row in rows):
        columns["Removed after"] = [
            datetime.fromtimestamp(row.labels.remove_after) if row.labels.remove_after else None
            for row in rows
        ]
    return columns


def _column_config() -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "★": st.column_config.TextColumn(width=36, help="Starred"),
        "Name": st.column_config.TextColumn(
            # So that at a width of 1280 no part of a column shows, with "From" or without it.
            width=257,
            help="(open): the run that the workbench shows",
        ),
        "From": st.column_config.TextColumn(width=64, help="Whether a race or a sweep started it"),
        "Text": st.column_config.TextColumn(width=110),
        "Cell": st.column_config.TextColumn(width=76),
        "Layers × size": st.column_config.TextColumn(width=90),
        "Parameters": number(format="localized", width=88, help="Numbers that training adjusts"),
        "Best validation": number(
            format="%.3f", width=105, help="Lowest loss on the text kept out of training"
        ),
        "Bits": number(format="%.3f", width=64, help="Best validation, in bits per character"),
        "Loss": st.column_config.LineChartColumn(
            width=90, help="Training loss, from the first to the last iteration"
        ),
        "Iterations": number(format="localized", width=84),
        "Seconds": number(format="localized", width=76, help="Training time, without pauses"),
        "Characters/s": number(format="localized", width=105, help="Characters read per second"),
        "Saved": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", width=140),
        "Note": st.column_config.TextColumn(width=220),
        "Removed after": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", width=140),
    }


def _draw_labels(row: RunRow) -> None:
    """Draw the name and the note of the selected run, to be changed."""
    name, note = (run_list.label_key(kind, row.id) for kind in ("name", "note"))
    with st.container(horizontal=True, key="run_labels"):
        st.text_input(
            "Name",
            row.labels.name,
            key=name,
            max_chars=MAX_NAME,
            placeholder=row.title,
            on_change=run_list.rename,
            args=(row.id,),
            width=320,
            help="Empty: text and network.",
        )
        st.text_area(
            "Note",
            row.labels.note,
            key=note,
            max_chars=MAX_NOTE,
            height=68,
            placeholder="What did you try, and what came of it?",
            on_change=run_list.annotate,
            args=(row.id,),
        )
