"""A click in a part that redraws itself also redraws the page, if it changed anything outside.

Such a part (a fragment) alone is drawn after a click in it. AppTest always draws the whole page,
so it cannot show a missing redraw.
"""

from __future__ import annotations

import ast

import pytest

from tests.dashboard.test_imports import TREES

# The views that are drawn in the fragment beside the curve.
IN_THE_FRAGMENT = ("views.progress", "views.before", "views.stage", "views.ladder")
# The function that draws the Sweep page's fragment with the button that starts a sweep.
START = ("views.sweep", "_draw_start")
# Callbacks that change only what this fragment draws.
INSIDE_ONLY = {"stage_callbacks.follow_newest", "stage_callbacks.show_newest"}


def callbacks() -> list[str]:
    found = set()
    for tree in (*(TREES[view] for view in IN_THE_FRAGMENT), functions(START[0])[START[1]]):
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg in {"on_click", "on_change"}:
                found.add(ast.unparse(node.value))
    return sorted(found - INSIDE_ONLY)


def functions(module: str) -> dict[str, ast.FunctionDef]:
    return {f.name: f for f in TREES[module].body if isinstance(f, ast.FunctionDef)}


def calls(module: str, name: str) -> set[str]:
    """Return what a function calls, also by way of functions of its own module."""
    known = functions(module)
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        for node in ast.walk(known[waiting.pop()]):
            if isinstance(node, ast.Call) and (called := ast.unparse(node.func)) not in seen:
                seen.add(called)
                waiting += [called] if called in known else []
    return seen


def test_there_are_such_callbacks():
    some = {"settings_callbacks.apply_advice", "open_run.open_pretrained", "sweep_callbacks.start"}
    assert some <= set(callbacks())


@pytest.mark.parametrize("callback", callbacks())
def test_a_callback_that_changes_the_page_requests_a_redraw(callback):
    module, name = callback.split(".")
    assert "state.request_redraw" in calls(f"page.{module}", name)


def test_the_fragment_that_starts_a_sweep_takes_the_request():
    assert {"state.take_redraw_request", "st.rerun"} <= calls(*START)
