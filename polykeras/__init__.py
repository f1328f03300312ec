"""Deep learning code, written once, with the same numbers on NumPy, PyTorch, JAX and TensorFlow."""
