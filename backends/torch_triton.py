"""The random stream on CUDA, in one kernel instead of some hundred launches."""

# Triton's compiler makes constants of plain numbers, which its type annotations do not say.
# pyright: reportArgumentType=false

from __future__ import annotations

import torch
import triton
import triton.language as tl

from polykeras import philox

BLOCKS = 256
"""How many blocks of four words a program computes."""


@triton.jit(do_not_specialize=["count", "start", "upper", "c2", "c3"])
def _write_words(key, words, count, start, upper, c2, c3, BLOCKS: tl.constexpr):
    number = tl.program_id(0).to(tl.int64) * BLOCKS + tl.arange(0, BLOCKS)
    counter = number + start
    low = counter.to(tl.uint32)
    high = ((counter >> 32) + upper).to(tl.uint32)
    zeros = tl.zeros_like(number)
    third, fourth = (zeros + c2).to(tl.uint32), (zeros + c3).to(tl.uint32)
    key0, key1 = tl.load(key).to(tl.uint32), tl.load(key + 1).to(tl.uint32)
    first, second, third, fourth = tl.philox_impl(low, high, third, fourth, key0, key1, 10)
    place = number * 4
    tl.store(words + place, first.to(tl.int64), mask=place < count)
    tl.store(words + place + 1, second.to(tl.int64), mask=place + 1 < count)
    tl.store(words + place + 2, third.to(tl.int64), mask=place + 2 < count)
    tl.store(words + place + 3, fourth.to(tl.int64), mask=place + 3 < count)


def words(key: torch.Tensor, counter: int, count: int) -> torch.Tensor:
    """The first words of the stream of a key from a counter on, in int64."""
    found = torch.empty(count, dtype=torch.int64, device=key.device)
    programs = triton.cdiv(count, 4 * BLOCKS)
    if programs:
        start, upper, c2, c3 = philox.counter_words(counter)
        with torch.cuda.device_of(key):  # Triton launches on the current one
            _write_words[(programs,)](key.to(torch.int64), found, count, start, upper, c2, c3, BLOCKS)
    return found
