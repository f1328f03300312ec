"""The loops around networks, as an expert writes them once for each framework."""

FRAMEWORKS = {"numpy": "NumPy", "torch": "PyTorch", "jax": "JAX", "tensorflow": "TensorFlow"}
"""The backends, and what the frameworks call themselves."""
