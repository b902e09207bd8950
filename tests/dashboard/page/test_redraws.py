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
# Callbacks that change only what this fragment draws.
INSIDE_ONLY = {"stage_callbacks.follow_newest"}


def callbacks() -> list[str]:
    found = set()
    for view in IN_THE_FRAGMENT:
        for node in ast.walk(TREES[view]):
            if isinstance(node, ast.keyword) and node.arg in {"on_click", "on_change"}:
                found.add(ast.unparse(node.value))
    return sorted(found - INSIDE_ONLY)


def calls(module: str, name: str) -> set[str]:
    """Return what a function calls, also by way of functions of its own module."""
    functions = {f.name: f for f in TREES[f"page.{module}"].body if isinstance(f, ast.FunctionDef)}
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        for node in ast.walk(functions[waiting.pop()]):
            if isinstance(node, ast.Call) and (called := ast.unparse(node.func)) not in seen:
                seen.add(called)
                waiting += [called] if called in functions else []
    return seen


def test_there_are_such_callbacks():
    assert {"settings_callbacks.apply_advice", "open_run.open_pretrained"} <= set(callbacks())


@pytest.mark.parametrize("callback", callbacks())
def test_a_callback_that_changes_the_page_requests_a_redraw(callback):
    assert "state.request_redraw" in calls(*callback.split("."))
