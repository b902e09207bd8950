"""A button that leads to another page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st
from streamlit.navigation.page import StreamlitPage as Page

from dashboard.page import page_request


def page_button(
    label: str,
    page: Page,
    *,
    key: str,
    query: Mapping[str, str] | None = None,
    on_click: Callable[..., object] | None = None,
    args: tuple[Any, ...] = (),
    **options: Any,
) -> None:
    """Draw a button that opens ``page`` with the address's parameters ``query``.

    A redraw that was due when it was clicked may end the page's run before the button is drawn:
    then ``st.button`` would return False, and the click would be lost. So the click is kept until
    the next run. on_click, args, options: as those of ``st.button``.
    """
    st.button(label, key=key, on_click=page_request.click, args=(key, on_click, args), **options)
    if page_request.take(key):
        st.switch_page(page, query_params=query)
