"""How a step grows with the depth of a network: perceptrons of 2 to 200 layers, 64 wide, batches of 32."""

from __future__ import annotations

from ..matches import growing

WIDTH, BATCH, STEPS = 64, 32, 8

SIZES = {
    f"{depth} layers": {"sizes": (*(WIDTH,) * depth, 10), "batch_size": BATCH, "steps": STEPS}
    for depth in (2, 10, 50, 200)
}

CONTESTS = growing("benchmarks.mlp", SIZES)
