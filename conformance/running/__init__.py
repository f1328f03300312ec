"""The command `polykeras conformance`: the suite in worker processes, which may crash or hang, and its results."""
