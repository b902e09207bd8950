"""Training in a background thread: the trainer, the order of trainings, goals and live settings.

The mathematics of training is ``rnncore.solver``; saving belongs in ``runs``.
"""
