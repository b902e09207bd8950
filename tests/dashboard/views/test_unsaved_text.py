"""A text that no run has saved is gone in a new session: the page says so and trains no other."""

from __future__ import annotations

import pytest

from tests.support.visits import OTHER, SMALL, STORY, Visit


def flag(page: Visit) -> list[str]:
    """Return the values of the address's parameter ``unsaved``."""
    value = page.app.query_params.get("unsaved", [])
    return [value] if isinstance(value, str) else value


def trained_text(page: Visit) -> str:
    """Return the line that tells which text Train trains on."""
    (line,) = [
        text for text in page.shown("caption") if "rains on " in text or "to train on" in text
    ]
    return line


@pytest.mark.parametrize(
    ("kind", "again"),
    [
        ("upload", "The file that was uploaded is gone"),
        ("paste", "The text that was pasted is gone"),
    ],
)
def test_a_new_session_says_that_the_text_is_gone_and_trains_nothing(visit, kind, again):
    page = visit(SMALL)
    if kind == "upload":
        page.upload("story.txt", STORY.encode())
    else:
        page.paste(STORY)
    page.look()
    assert flag(page) == [kind]
    page = visit(SMALL | {"unsaved": kind})  # the same address after a restart of the server
    (error,) = page.shown("error")
    assert error.startswith(again)
    assert trained_text(page) == "There is no text to train on."
    assert page.value("sample") is None
    for button in ("Train", "Step", "Generate"):
        page.press(button)
        assert not page.has_run
        assert any("no text to train on yet" in error for error in page.shown("error"))
    page.look()
    assert flag(page) == [kind]  # another reload says it again
    page.choose("sample", "verses.txt")
    assert page.shown("error") == []
    assert trained_text(page) == "Trains on verses.txt (15,511 characters)."
    assert flag(page) == []
    page.press("Step")
    assert page.run.text.name == "verses.txt"


def test_a_text_that_its_run_holds_is_not_unsaved(visit):
    page = visit(SMALL)
    page.upload("story.txt", STORY.encode())
    page.press("Step")
    assert flag(page) == []
    page.upload("other.txt", OTHER.encode())
    page.look()
    assert flag(page) == ["upload"]
    assert page.run.autosaver.save_now()
    again = visit({"run": page.run.id, "unsaved": "upload"})
    assert again.run.text.name == "story.txt"
    assert trained_text(again) == "Trains on story.txt (2,880 characters)."
    assert any(
        "uploaded is gone" in text and "its own text" in text for text in again.shown("info")
    )
    assert again.shown("error") == []


def test_without_the_run_of_the_address_no_other_text_is_trained(visit):
    page = visit(SMALL | {"run": "A" * 16})
    assert page.says("The run in this page's address is not here")
    assert page.says("The text of the run in this page's address is not here either.")
    page.press("Train")
    assert not page.has_run
    named = visit(SMALL | {"run": "A" * 16, "text": "verses"})  # this address names a text too
    assert trained_text(named).startswith("Trains on verses.txt")


def test_an_unknown_value_in_the_address_changes_nothing(visit):
    page = visit({"unsaved": "<b>everything</b>"})
    assert page.shown("error") == []
    assert trained_text(page).startswith("Trains on lighthouse.txt")
    page.look()
    assert flag(page) == []


def test_the_text_of_a_run_is_named_until_another_is_chosen(visit):
    page = visit(SMALL)
    page.paste(STORY)
    page.press("Step")
    assert trained_text(page) == "Trains on pasted text (2,880 characters)."
    page.choose("sample", "verses.txt")
    assert trained_text(page).startswith("Trains on verses.txt")
    page.press("Train")
    page.press("Continue this run")
    assert trained_text(page) == "Trains on pasted text (2,880 characters)."
    page.press("Pause")
