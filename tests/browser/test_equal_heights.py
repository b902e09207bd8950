"""What stands side by side is equally high, and shows what it has."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import Visit
from tests.browser.steps import button

pytestmark = pytest.mark.browser


def test_the_buttons_of_the_ready_races_stand_at_one_height(visit: Visit) -> None:
    page = visit()
    page.get_by_role("link", name="Race").first.click()
    starts = page.get_by_role("button", name=re.compile("Start$"))
    starts.nth(2).wait_for()
    boxes = [starts.nth(n).bounding_box() for n in range(3)]
    tops = [box["y"] for box in boxes if box is not None]
    assert len(tops) == 3
    assert max(tops) - min(tops) < 1


def test_texts_at_several_temperatures_are_shown_as_a_whole(visit: Visit) -> None:
    page = visit()
    button(page, "Compare temperatures").click()
    texts = page.get_by_role("region", name=re.compile("^Temperature "))
    texts.nth(2).wait_for()
    heights = [
        texts.nth(n).evaluate("box => [box.clientHeight, box.scrollHeight]") for n in range(3)
    ]
    assert all(seen == whole for seen, whole in heights)
    assert len({seen for seen, _ in heights}) == 1
