"""Set-up of all tests: command-line options, Hypothesis settings and shared fixtures.

Slow tests run only with ``--run-slow``. Browser tests need a Chromium.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from tests.support.visits import Visit

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # a bare `pytest` then finds the packages without installing them
# Pickles of the original program name its module, RNNs.
sys.path.append(str(ROOT / "tests" / "support" / "original_program"))

import rnncore  # noqa: E402, F401 (before NumPy, as in the program: it sets the BLAS threads)

# In CI each run tries the same examples, so that a failure can be repeated. The blob that is
# printed with a failing example repeats it on another machine (hypothesis.reproduce_failure).
hypothesis.settings.register_profile(
    "ci", derandomize=True, print_blob=True, deadline=None, database=None
)
# No deadline: other programs on the computer can delay any example.
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") == "true" else "local")

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def pytest_configure() -> None:
    """Let signals act in tests of them, also if the suite was started with some ignored.

    A shell ignores SIGINT for what it runs in the background, and nohup ignores SIGHUP.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    hangup = getattr(signal, "SIGHUP", None)  # Windows has none
    if hangup is not None and signal.getsignal(hangup) is signal.SIG_IGN:
        signal.signal(hangup, signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--run-slow", action="store_true", help="also run the tests marked slow")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Run the whole suite in two processes, and chosen files in this one."""
    return 0 if config.args_source is pytest.Config.ArgsSource.ARGS else 2


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    _deselect_slow(config, items)
    _group(items)


def _group(items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process; those that must run alone come last, in one.

    Browser tests are among these: beside other programs a page is too slow for some of them.
    """
    alone = [item for item in items if any(map(item.get_closest_marker, ("alone", "browser")))]
    apart = set(alone)
    items[:] = [item for item in items if item not in apart] + alone
    for item in items:
        item.add_marker(pytest.mark.xdist_group("alone" if item in apart else str(item.path)))


def _deselect_slow(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--run-slow"):
        return
    slow = [item for item in items if "slow" in item.keywords]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if "slow" not in item.keywords]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a browser test where no browser is installed; in CI fail it instead."""
    if item.get_closest_marker("browser") is None:
        return
    missing = "playwright" if importlib.util.find_spec("playwright") is None else None
    if missing is None and find_chromium() is None:
        missing = "Chromium"
    if missing is not None:
        reason = f"{missing} is not installed; browser tests need it."
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


def find_chromium() -> str | None:
    """Return the path of a Chromium: the system's, else Playwright's newest; None without one."""
    for name in _BROWSERS:
        if found := shutil.which(name):
            return found
    default = Path.home() / ".cache" / "ms-playwright"
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", default))
    own = sorted(folder.glob("chromium-*/chrome-linux*/chrome"))
    return str(own[-1]) if own else None


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of the Chromium that browser tests drive."""
    found = find_chromium()
    assert found is not None, "mark the test with `browser`, so that it is skipped here"
    return found


@pytest.fixture
def visit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Visit]]:
    """Yield the class of visits to this test's own page, without a browser."""
    from tests.support.visits import visitors  # imported late: most tests need no page

    with visitors(tmp_path / "runs", monkeypatch) as visit:
        yield visit


@pytest.fixture(scope="session")
def corpora() -> Path:
    """Return the folder of whole books beside the repository; skip the test without it."""
    folder = ROOT.parent / "shared" / "corpora"
    if not folder.is_dir():
        pytest.skip("needs the books in ../shared/corpora, which does not exist here")
    return folder
