"""The progress of a training as one line."""

from __future__ import annotations

import io
import math
from types import SimpleNamespace

import pytest

from rnncore.history import History
from rnncore.progress import LINE_SECONDS, ProgressLine, describe, describe_duration


def history_of(losses, val=None):
    history = History()
    for at, loss in enumerate(losses, 1):
        history.append(iteration=at, loss=loss)
    if val is not None:
        history.set_last("val_loss", val)
    return history


def training(iteration, seconds, num_iters, chars):
    """What a solver shows that reads so many characters in an iteration."""
    return SimpleNamespace(
        iteration=iteration, seconds=seconds, num_iters=num_iters,
        batch_size=1, seq_length=chars, history=history_of([2.0]),
    )  # fmt: skip


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_line_has_losses_speed_and_time_left():
    line = describe(1200, 2000, history_of([1.9] * 18 + [1.5, 1.7], 1.64), 9800.4, 80.0)
    assert line == (
        "1,200/2,000  loss 1.600  validation 1.640  9,800 characters/s  1 min 20 s left"
    )


def test_an_unknown_speed_is_left_out():
    assert describe(0, 10, History(), math.nan, math.nan) == "0/10"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.2, "1 min 0 s"), (61, "1 min 1 s"), (3905, "1 h 5 min"), (-1, "0 s")],
)
def test_durations_have_two_units(seconds, text):
    assert describe_duration(seconds) == text


def test_a_continued_run_counts_its_speed_from_where_it_continued():
    stream = io.StringIO()
    line = ProgressLine(training(1000, 5000.0, 1200, 40), stream)
    line.show(training(1100, 5010.0, 1200, 40))
    assert stream.getvalue() == "1,100/1,200  loss 2.000  400 characters/s  10 s left\n"


def test_a_terminal_shows_one_line_that_is_rewritten():
    stream = Terminal()
    line = ProgressLine(training(0, 0.0, 1000, 10), stream)
    line.show(training(900, 9.0, 1000, 10))
    line.show(training(1000, 10.0, 1000, 10))
    line.close()
    first, last = stream.getvalue().split("\r")[1:]
    assert last.endswith("\n")
    assert len(last.rstrip("\n")) >= len(first)  # nothing of the longer line is left


def test_a_log_file_gets_a_line_now_and_then_and_the_last_one(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("rnncore.progress.time.monotonic", lambda: now[0])
    stream = io.StringIO()
    line = ProgressLine(training(0, 0.0, 40, 10), stream)
    for second in range(1, 41):
        now[0] = 0.5 * second  # 20 seconds, two lines of the progress each second
        line.show(training(second, now[0], 40, 10))
    line.close()
    shown = [text.split("/")[0] for text in stream.getvalue().splitlines()]
    assert shown == ["1", "21", "40"]
    assert LINE_SECONDS == 10.0
