"""Speed of rnncore against PyTorch and a plain NumPy program: ``python -m benchmarks``."""
