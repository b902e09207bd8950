"""Benchmarks: speed against PyTorch and plain NumPy (``python -m benchmarks``), and learning.

``products`` times the matrix products of a training step alone, and ``cores`` predicts a step on
more cores. ``minutes`` measures losses after given times of training, ``quality`` compares
training recipes, ``charrnn`` repeats char-rnn's setting, and ``pretrain`` makes the pretrained
model.
"""
