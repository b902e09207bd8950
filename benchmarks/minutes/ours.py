"""A training by rnncore."""

from __future__ import annotations

from benchmarks.minutes import ideas
from benchmarks.minutes.recipe import Recipe
from rnncore import RNN, Solver, Vocab

UNKNOWN_LENGTH = 10**9


class Ours:
    """``Solver`` without validations in between; it satisfies ``budget.Trainee``."""

    def __init__(self, text: str, recipe: Recipe, seed: int):
        vocab = Vocab.from_text(text)
        self.model = RNN(
            len(vocab), vocab.idx_to_char, recipe.input_dim or None, recipe.hidden_dim,
            recipe.cell, recipe.num_layers, recipe.dropout, seed=seed,
        )  # fmt: skip
        self.solver = Solver(
            vocab.encode(text), self.model, recipe.seq_length, recipe.batch_size, recipe.lr,
            update_rule=recipe.update_rule, num_iters=UNKNOWN_LENGTH, val_fraction=0.1,
            schedule=recipe.schedule, warmup=recipe.warmup, clip=recipe.clip, eval_every=0,
            seed=seed, fresh_after=256,
        )  # fmt: skip
        if recipe.update_rule in ("adam", "adamw"):
            self.solver.optimizer.beta2 = recipe.beta2
        self.ideas = [ideas.IDEAS[name](self.solver) for name in recipe.ideas]
        self.num_params = self.model.num_params

    def step(self) -> None:
        """Train on one batch."""
        self.solver.step()
        for idea in self.ideas:
            idea.after_step()

    def set_length(self, iterations: int) -> None:
        """Spread the schedule over so many iterations."""
        self.solver.num_iters = iterations

    def finish(self) -> None:
        """Let the ideas change the trained network."""
        for idea in self.ideas:
            idea.finish()

    def evaluate(self) -> float:
        """Return the loss on all validation text, in nats per character."""
        return self.solver.evaluate()
