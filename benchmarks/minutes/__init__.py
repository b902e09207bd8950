"""How well a network predicts text after a given time of training.

    python -m benchmarks.minutes --books BOOKS --out runs

Each figure is a training of its own, whose schedule ends when its time is used up. ``search`` looks
for good settings of a given time.
"""
