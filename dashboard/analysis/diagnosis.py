"""Diagnosis: what was found in a training curve, and the setting to change."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Diagnosis:
    """One problem or state of a run, as a sentence with advice.

    key: kind of diagnosis, such as "plateau". action: a setting and the value to try, or None.
    "lr", "clip" and "num_iters" change the run while it trains; "dropout" needs a new run. "best"
    starts a new run from the best weights, of this iteration.
    if_paused: advice instead, while the run does not train; "" for the same.
    """

    key: str
    sentence: str
    advice: str
    action: tuple[str, float] | None = None
    if_paused: str = ""

    def advise(self, active: bool) -> str:
        """Return the advice for a run that trains (``active``) or does not."""
        return self.advice if active else self.if_paused or self.advice

    @property
    def button(self) -> str:
        """Label of the button that takes the action, or "" if there is none."""
        if self.action is None:
            return ""
        name, value = self.action
        return _BUTTONS.get(self.key, _BUTTONS[name]).format(value)


# Labels by setting. A run that diverged has stopped, so its button also continues training.
_BUTTONS = {
    "lr": "Set the learning rate to {:g}",
    "clip": "Set clipping to {:g}",
    "num_iters": "Continue to iteration {:,.0f}",
    "best": "Continue from the best network",
    "dropout": "Start again with dropout {:g}",
    "diverged": "Lower the learning rate to {:g} and continue",
}
