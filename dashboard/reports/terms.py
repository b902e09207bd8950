"""Explanations of technical terms, each in a sentence or two: for the page and for reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

TERMS: Mapping[str, str] = {
    "Loss": "How surprised the network is by the next character of the text: the negative "
    "logarithm of the probability that it gave to it, on average. Lower is better.",
    "Nats per character": "The unit of the loss, with the natural logarithm; a nat is 1.44 bits. "
    "At 1.1 nats the right character has a probability of e to the power of −1.1, a third.",
    "Bits per character": "The bits that store a character with the network's predictions, for "
    "example 2.1 where a plain text file takes 8.",
    "Perplexity": "The loss as a number of choices: at 8 the network is as unsure as if 8 "
    "characters were equally likely.",
    "Validation loss": "The loss on the last part of the text, which the network is not trained "
    "on. If it rises while the training loss falls, the network learns the text by heart.",
    "n-gram": "An n-gram model counts which character follows each few characters: a 5-gram looks "
    "at 4 characters and predicts the fifth.",
    "Iterations": "An iteration is one update of the network's weights, from one batch.",
    "Epochs": "An epoch is one pass over the part of the text that the network is trained on.",
    "Cell": "How the network updates its memory at each character. LSTM remembers longest; GRU is "
    "nearly as good and computes less; a vanilla RNN soon forgets.",
    "Hidden size": "The number of units in each recurrent layer, which is the size of its memory.",
    "Layers": "Recurrent layers on top of each other, each reading the one below.",
    "Embedding size": "The numbers that stand for a character at the network's input: together "
    "they are called an embedding, and training learns them.",
    "Dropout": "The share of outputs that training leaves out at random, against learning the "
    "text by heart.",
    "Validation share": "The share of the text, at its end, that is held out: the network is not "
    "trained on it, and the validation loss is measured there.",
    "Sequence length": "Characters through which gradients flow back.",
    "Batch size": "Places of the text that are read at the same time.",
    "Learning rate": "How far each iteration changes the weights.",
    "Update rule": "How an iteration turns the gradient into a change of the weights.",
    "Schedule": "How the learning rate falls during the run.",
    "Warm-up iterations": "Iterations at the start in which the learning rate rises.",
    "Gradient clipping": "The largest length of the gradient; a longer one is shortened to it.",
    "Iterations between memory resets": "Iterations after which the network's memory is cleared.",
    "Iterations between validations": "Iterations from one measurement of the validation loss to "
    "the next.",
    "Temperature": "How much the network dares when it draws a character: low is safe and "
    "repetitive, 1 is as learned, high is wild.",
    "Seed text": "The text that the network continues; it is not trained on it.",
}


def explain(names: Iterable[str]) -> dict[str, str]:
    """Return the explanations of those terms that the names contain, in the order above."""
    words = "\n".join(names).lower()
    return {term: text for term, text in TERMS.items() if term.lower() in words}
