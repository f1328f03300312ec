"""The conformance suite: does a backend give the numbers that every op promises?

Run it with `python -m pytest --pyargs polykeras.conformance --backend NAME`. Nothing in polykeras imports it.
"""
