"""The progress bar that training shows in a terminal."""

from __future__ import annotations

from rnncore.history import History


def format_progress(
    iteration: int, num_iters: int, chars_per_second: float, history: History
) -> str:
    """Return one line: a bar of 30 characters, the iteration, the newest losses, the speed."""
    bar = "#" * round(30 * iteration / num_iters)
    _, val = history.validations()
    validation = f"  val {val[-1]:.3f}" if len(val) else ""
    return (
        f"[{bar:<30}] {iteration:,}/{num_iters:,}  "
        f"loss {history.last('loss'):.3f}{validation}  {chars_per_second:,.0f} chars/s "
    )
