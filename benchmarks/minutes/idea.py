"""What an idea for learning better is."""

from __future__ import annotations

from rnncore import Solver


class Idea:
    """Changes a training. The constructor sees the solver before its first iteration."""

    def __init__(self, solver: Solver):
        self.solver = solver

    @property
    def progress(self) -> float:
        """Share of the training that is done, 0 to 1."""
        return self.solver.iteration / self.solver.num_iters

    def after_step(self) -> None:
        """Act after an iteration."""

    def finish(self) -> None:
        """Act after the last iteration."""
