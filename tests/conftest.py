"""What all tests share: slow and browser tests on request, and the books of the corpora."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.visits import Visit

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # so that a bare `pytest` finds the packages, installed or not
# Pickles of the original program name its module, RNNs.
sys.path.append(str(ROOT / "tests" / "support" / "original_program"))

import rnncore  # noqa: E402, F401 (before NumPy, as in the program: it settles the BLAS)

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--run-slow", action="store_true", help="also run the tests marked slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--run-slow"):
        return
    slow = [item for item in items if "slow" in item.keywords]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if "slow" not in item.keywords]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A browser test without a browser is skipped at home and fails in CI, where it must run."""
    if item.get_closest_marker("browser") is None:
        return
    lacks = "playwright" if importlib.util.find_spec("playwright") is None else None
    if lacks is None and find_chromium() is None:
        lacks = "Chromium"
    if lacks is not None:
        reason = f"{lacks} is not installed; browser tests need it."
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


def find_chromium() -> str | None:
    """Path of a Chromium: the system's, else the newest of Playwright's own; None without one."""
    for name in _BROWSERS:
        if found := shutil.which(name):
            return found
    default = Path.home() / ".cache" / "ms-playwright"
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", default))
    own = sorted(folder.glob("chromium-*/chrome-linux*/chrome"))
    return str(own[-1]) if own else None


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the Chromium that browser tests drive."""
    found = find_chromium()
    assert found is not None, "mark the test with `browser`, which skips it here"
    return found


@pytest.fixture
def visit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Visit]]:
    """Visits to a server of the test's own, without a browser."""
    from tests.support.visits import visitors  # here: most tests need no page

    with visitors(tmp_path / "runs", monkeypatch) as visit:
        yield visit


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of whole books, which lies beside the repository where there is one."""
    folder = ROOT.parent / "shared" / "corpora"
    if not folder.is_dir():
        pytest.skip("needs the books in ../shared/corpora, which are not there")
    return folder
