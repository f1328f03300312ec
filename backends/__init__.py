"""The backends: kernels for the ops, and what each framework is asked for besides. Nothing here is shared."""
