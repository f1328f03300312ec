"""How a step grows with the batch: the perceptron of `mlp` on 1 to 4,096 samples."""

from __future__ import annotations

from ..matches import growing

SIZES = {
    f"batch of {batch}": {"batch_size": batch, "steps": max(2, min(64, 1024 // batch))} for batch in (1, 16, 256, 4096)
}

CONTESTS = growing("benchmarks.mlp", SIZES)
