"""Explanations of a report's terms, each in a sentence or two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

TERMS: Mapping[str, str] = {
    "Loss": "How surprised the network is by the next character of the text: the negative "
    "logarithm of the probability that it gave to it, on average. Lower is better.",
    "Nats per character": "The unit of the loss, with the natural logarithm. At 1.1 nats the "
    "right character has a probability of e to the power of −1.1, a third.",
    "Validation loss": "The loss on the last part of the text, which the network is not trained "
    "on. If it rises while the training loss falls, the network learns the text by heart.",
    "Epochs": "How many times the training has read its part of the text.",
    "Hidden size": "The number of units in each recurrent layer, which is the size of its memory.",
    "Embedding size": "The numbers that stand for a character at the network's input.",
    "Dropout": "The share of outputs that training leaves out at random, against learning the "
    "text by heart.",
    "Sequence length": "Characters through which gradients flow back.",
    "Batch size": "Places of the text that are read at the same time.",
    "Learning rate": "How far each iteration changes the weights.",
    "Update rule": "How an iteration turns the gradient into a change of the weights.",
    "Schedule": "How the learning rate falls during the run.",
    "Warm-up iterations": "Iterations at the start in which the learning rate rises.",
    "Gradient clipping": "The largest length of the gradient; a longer one is shortened to it.",
    "Iterations between memory resets": "Iterations after which the network's memory is cleared.",
}


def explain(names: Iterable[str]) -> dict[str, str]:
    """Return the explanations of those terms that the names contain, in the order above."""
    words = "\n".join(names).lower()
    return {term: text for term, text in TERMS.items() if term.lower() in words}
