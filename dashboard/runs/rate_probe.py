"""The learning rates that a network bears, measured in a trial training of some seconds."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.runs.run import SCHEDULER, Run, check_settings, new_solver
from dashboard.server import background_job
from dashboard.settings import ModelSettings, TrainSettings
from dashboard.text.loading import LoadedText
from rnncore import RNN, RnnCoreError
from rnncore.learning_rates import default_rate
from rnncore.range_test import SECONDS, RangeTest, run_range_test

TEST_SECONDS = SECONDS  # for the page, which names them


@dataclass(frozen=True)
class Candidate:
    """A network that is to be trained from its first weights, as far as its rate depends on it.

    model: the trained network that it starts from; None for an untrained one.
    """

    text: LoadedText
    settings: ModelSettings
    update_rule: str
    clip: float
    fresh_after: float
    model: RNN | None = None

    @classmethod
    def of_run(cls, run: Run) -> Candidate:
        """Return the network of a run, as it was at iteration 0."""
        train = run.train_settings
        return cls(
            run.text, run.model_settings, train.update_rule, train.clip, train.fresh_after,
            run.initial_model,
        )  # fmt: skip

    @classmethod
    def of_settings(
        cls, text: LoadedText, settings: ModelSettings, train: TrainSettings
    ) -> Candidate:
        """Return a new network with these settings."""
        return cls(text, settings, train.update_rule, train.clip, train.fresh_after)

    @property
    def suggested(self) -> float:
        """The learning rate that suits such a network, without a test."""
        return default_rate(self.update_rule, self.settings, self.settings.batch_size)


def check(candidate: Candidate) -> None:
    """Raise an RnnCoreError that explains why the network cannot be tested now, if so."""
    if len(SCHEDULER):
        raise RnnCoreError(
            "A training is running on this computer, and a test would slow it down. Test the rates "
            "when it has ended."
        )
    check_settings(candidate.text, candidate.settings)


def measure(candidate: Candidate, seconds: float = TEST_SECONDS) -> RangeTest | None:
    """Return the result of a range test of the network.

    None if a real training starts meanwhile, or if the result is no longer wanted.
    """
    train = TrainSettings(
        update_rule=candidate.update_rule, clip=candidate.clip, fresh_after=candidate.fresh_after
    )
    solver = new_solver(candidate.text, candidate.settings, train, candidate.model)
    return run_range_test(solver, seconds, wanted=_may_continue, report=background_job.report_share)


def _may_continue() -> bool:
    return len(SCHEDULER) == 0 and background_job.is_wanted()
