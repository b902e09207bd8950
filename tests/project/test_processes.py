"""The suite's two processes: the tests of a file stay in one, and some run alone."""

from __future__ import annotations

import pytest


def test_the_tests_of_a_file_are_a_group(request: pytest.FixtureRequest) -> None:
    """pytest-xdist distributes by the group at the end of a test's id."""
    if not hasattr(request.config, "workerinput"):
        pytest.skip("the suite does not run in several processes")
    assert request.node.nodeid.endswith(f"@{request.node.path}")
