"""Convolutions and poolings on NumPy: products of matrices of patches, and views of what lies at each offset."""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .numpy_recording import Place, Recording, Slot, Step
from .numpy_table import BITS, kernel


@kernel
def pad_constant(x: Any, pairs: Any, value: Any) -> np.ndarray:
    out = np.full([size + low + high for size, (low, high) in zip(x.shape, pairs, strict=True)], value, x.dtype)
    out[tuple(slice(low, low + size) for size, (low, _) in zip(x.shape, pairs, strict=True))] = x
    return out


def _channels_last(x: Any, window: Any) -> Any:
    return x if window.channels_last else np.moveaxis(x, 1, -1)


def _as_given(x: Any, window: Any) -> Any:
    return x if window.channels_last else np.moveaxis(x, -1, 1)


def _padded(x: Any, pairs: Any, value: Any = 0) -> Any:
    """An array with channels last, padded on its spatial axes."""
    if all(pair == (0, 0) for pair in pairs):
        return x
    return pad_constant(x, ((0, 0), *pairs, (0, 0)), value)


def _patches(x: Any, window: Any) -> np.ndarray:
    """A view of shape (batch, *windows, *sizes, channels), of an array with channels last."""
    x = _padded(x, window.pairs(x.shape[1:-1]))
    return as_strided(x, *_patch_layout(window, x.shape, x.strides), writeable=False)


@functools.lru_cache(maxsize=512)
def _patch_layout(window: Any, shape: Any, strides: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shape and the strides of the patches of an array that is padded."""
    windows = [(n - e) // s + 1 for n, e, s in zip(shape[1:-1], window.extents, window.strides, strict=True)]
    by_window = [step * s for step, s in zip(strides[1:-1], window.strides, strict=True)]
    by_tap = [step * d for step, d in zip(strides[1:-1], window.dilation, strict=True)]
    return (shape[0], *windows, *window.sizes, shape[-1]), (strides[0], *by_window, *by_tap, strides[-1])


class _Workspace(threading.local):
    """Memory that a thread uses again for each matrix of patches: new memory costs more than the copy."""

    most = 1 << 25  # bytes; what is larger is not kept

    def __init__(self) -> None:
        self._memory = np.empty(0, np.uint8)

    def array(self, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """An array to write to and to be done with before the next one is asked for."""
        size = math.prod(shape) * dtype.itemsize
        if size > self.most:
            return np.empty(shape, dtype)
        if size > self._memory.size:
            self._memory = np.empty(size, np.uint8)
        return self._memory[:size].view(dtype).reshape(shape)


_workspace = _Workspace()
_FEW_CHANNELS = 4


def _is_tap_by_tap(channels: int, window: Any) -> bool:
    """Whether patches are copied tap by tap, because that is in longer runs than patch by patch."""
    return window.groups == 1 and channels <= _FEW_CHANNELS


def _copied_patches(x: Any, window: Any, memory: Callable[[tuple[int, ...], np.dtype], np.ndarray]) -> np.ndarray:
    """The patches side by side, in memory that is asked for: see `_rows_of`."""
    groups, taps = window.groups, math.prod(window.sizes)
    if _is_tap_by_tap(x.shape[-1], window):
        counts = window.outputs(x.shape[1:-1])
        columns = memory((taps, x.shape[-1], x.shape[0], *counts), x.dtype)
        moved = np.moveaxis(_padded(x, window.pairs(x.shape[1:-1])), -1, 0)
        for column, offset in zip(columns, _offsets(window, counts), strict=True):
            column[...] = moved[:, *offset]
        return columns
    patches = _patches(x, window)
    count = math.prod(patches.shape[: window.rank + 1])
    rows = memory((groups, count, taps * patches.shape[-1] // groups), x.dtype)
    apart = rows.reshape(groups, *patches.shape[:-1], patches.shape[-1] // groups)
    apart[...] = (
        np.moveaxis(patches.reshape(*patches.shape[:-1], groups, apart.shape[-1]), -2, 0) if groups > 1 else patches
    )
    return rows


def _rows_of(patches: np.ndarray) -> np.ndarray:
    """The patches of each group as the rows of a matrix: shape (groups, batch * windows, taps * channels).

    Those of images with few channels have more axes: the taps, the channels, the batch and the windows.
    """
    if patches.ndim == 3:
        return patches
    taps, channels, *others = patches.shape
    return patches.reshape(1, taps * channels, math.prod(others)).swapaxes(1, 2)


def _group_matrix(kernel: Any, groups: int) -> np.ndarray:
    """A convolution's kernel as a matrix for each group: shape (groups, taps * channels, filters)."""
    return kernel.reshape(math.prod(kernel.shape[:-1]), groups, kernel.shape[-1] // groups).swapaxes(0, 1)


def _group_rows(g: Any, groups: int) -> np.ndarray:
    """An array with channels last as a matrix for each group: shape (groups, batch * windows, filters)."""
    return g.reshape(math.prod(g.shape[:-1]), groups, g.shape[-1] // groups).swapaxes(0, 1)


@kernel
def convolve(inputs: Any, kernel: Any, window: Any, out: Any = None) -> np.ndarray:
    x = _channels_last(inputs, window)
    patches = _copied_patches(x, window, _workspace.array)
    return convolved_patches(patches, kernel, (x.shape[0], *window.outputs(x.shape[1:-1])), window, out)


def convolved_patches(patches: Any, kernel: Any, counts: tuple[int, ...], window: Any, out: Any = None) -> np.ndarray:
    """The convolution of arrays with these patches, so many examples and windows."""
    groups, filters = window.groups, kernel.shape[-1]
    if out is None:
        out = _as_given(np.empty((*counts, filters), patches.dtype), window)
    found = _channels_last(out, window).reshape(-1, groups, filters // groups, copy=False)
    _product(_rows_of(patches), _group_matrix(kernel, groups), found.swapaxes(0, 1))
    return out


def _product(one: np.ndarray, other: np.ndarray, out: Any = None) -> np.ndarray:
    """Products of stacked matrices; of single ones without the detour that NumPy takes for stacks."""
    if len(one) > 1:
        return np.matmul(one, other, out)
    return np.matmul(one[0], other[0], None if out is None else out[0])[None]


def _taps(x: Any, window: Any, counts: Any) -> list[np.ndarray]:
    """For each offset in a window a view of the elements there, of a padded array with channels last."""
    return [x[offset] for offset in _offsets(window, tuple(counts))]


@functools.lru_cache(maxsize=512)
def _offsets(window: Any, counts: tuple[int, ...]) -> list[tuple[slice, ...]]:
    """For each offset in a window the elements there of a padded array: of all examples, in so many windows."""
    found = []
    for offset in window.taps():
        ranges = zip(offset, counts, window.strides, strict=True)
        found.append((slice(None), *(slice(o, o + (n - 1) * s + 1, s) for o, n, s in ranges)))
    return found


@kernel
def convolve_input_gradient(g: Any, kernel: Any, sizes: Any, window: Any, out: Any = None) -> np.ndarray:
    g, groups, channels = _channels_last(g, window), window.groups, kernel.shape[-2]
    whole, inner = _whole(g, groups * channels, sizes, window, out)
    if not g.size:
        return inner
    views, rows = _taps(whole, window, g.shape[1:-1]), _group_rows(g, groups)
    if _is_tap_by_tap(channels, window):
        matrix = kernel.reshape(math.prod(kernel.shape[:-1]), kernel.shape[-1])
        shares = np.matmul(matrix, rows[0].T, out=_workspace.array((len(matrix), rows.shape[1]), g.dtype))
        for view, share in zip(views, shares.reshape(len(views), channels, *g.shape[:-1]), strict=True):
            view += np.moveaxis(share, 0, -1)
    else:
        per_tap = _group_matrix(kernel, groups).reshape(groups, len(views), channels, kernel.shape[-1] // groups)
        share = _workspace.array((groups, rows.shape[1], channels), g.dtype)
        for tap, view in enumerate(views):
            _product(rows, per_tap[:, tap].swapaxes(1, 2), share)
            view += np.moveaxis(share, 0, 1).reshape(view.shape)
    return inner


def _whole(g: Any, channels: int, sizes: Any, window: Any, out: Any) -> tuple[np.ndarray, np.ndarray]:
    """Zeros for the inputs and their margins, with channels last, and what there is for the inputs, as these are given.

    Args:
        g: The outputs' cotangent, with channels last.
        channels: How many channels the inputs have.
        sizes: The inputs' spatial sizes.
        window: The window.
        out: Memory for the inputs; it is used if they have no margins.
    """
    pairs = window.pairs(sizes)
    if any(pair != (0, 0) for pair in pairs):
        padded = (size + low + high for size, (low, high) in zip(sizes, pairs, strict=True))
        whole = np.zeros((g.shape[0], *padded, channels), g.dtype)
        inner = tuple(slice(low, low + size) for size, (low, _) in zip(sizes, pairs, strict=True))
        return whole, _as_given(whole[(slice(None), *inner)], window)
    if out is None:
        whole = np.zeros((g.shape[0], *sizes, channels), g.dtype)
        return whole, _as_given(whole, window)  # not a view of a part, which the tape would copy
    out.fill(0)
    return _channels_last(out, window), out


@kernel
def convolve_kernel_gradient(inputs: Any, g: Any, window: Any) -> np.ndarray:
    return gradient_from_patches(_copied_patches(_channels_last(inputs, window), window, _workspace.array), g, window)


def gradient_from_patches(patches: Any, g: Any, window: Any) -> np.ndarray:
    """The gradient of a convolution's kernel."""
    g = _channels_last(g, window)
    columns, rows = _rows_of(patches).swapaxes(1, 2), _group_rows(g, window.groups)
    shape = (*window.sizes, columns.shape[1] // math.prod(window.sizes), g.shape[-1])
    if window.groups > 1:
        return np.moveaxis(columns @ rows, 0, 1).reshape(shape)
    out = np.empty(shape, g.dtype)
    np.matmul(columns[0], rows[0], out=out.reshape(math.prod(shape[:-1]), shape[-1]))
    return out


def _lowest(dtype: np.dtype) -> Any:
    return np.iinfo(dtype).min if dtype.kind in "iu" else -np.inf


def _pooling_taps(x: Any, window: Any, outside: Any) -> list[np.ndarray]:
    sizes = x.shape[1:-1]
    return _taps(_padded(x, window.pairs(sizes), outside), window, window.outputs(sizes))


def _fold(combine: np.ufunc, x: Any, window: Any, outside: Any, out: Any = None) -> np.ndarray:
    return _folded(combine, _pooling_taps(_channels_last(x, window), window, outside), window, out)


def _folded(combine: np.ufunc, views: list[np.ndarray], window: Any, out: Any = None) -> np.ndarray:
    """What all offsets make together, as the inputs were given."""
    if out is None:
        out = _as_given(np.empty(views[0].shape, views[0].dtype), window)
    found = _channels_last(out, window)
    found[...] = views[0]
    for view in views[1:]:
        combine(found, view, out=found)
    return out


@kernel
def window_sum(x: Any, window: Any, out: Any = None) -> np.ndarray:
    return _fold(np.add, x, window, 0, out)


@kernel
def window_max(x: Any, window: Any, out: Any = None) -> np.ndarray:
    return _fold(np.maximum, x, window, _lowest(x.dtype), out)


@kernel
def window_sum_gradient(g: Any, sizes: Any, window: Any, out: Any = None) -> np.ndarray:
    g = _channels_last(g, window)
    whole, inner = _whole(g, g.shape[-1], sizes, window, out)
    for view in _taps(whole, window, g.shape[1:-1]):
        view += g
    return inner


@kernel
def window_max_gradient(g: Any, x: Any, window: Any, out: Any = None) -> np.ndarray:
    g, x = _channels_last(g, window), _channels_last(x, window)
    views = _pooling_taps(x, window, _lowest(x.dtype))
    whole, inner = _whole(g, g.shape[-1], x.shape[1:-1], window, out)
    greatest = _channels_last(_folded(np.maximum, views, window), window)
    free, hit = np.ones(g.shape, bool), np.empty(g.shape, bool)
    bits = BITS[g.dtype.itemsize]
    are_apart = all(stride >= extent for stride, extent in zip(window.strides, window.extents, strict=True))
    for view, share in zip(views, _taps(whole, window, g.shape[1:-1]), strict=True):
        np.equal(view, greatest, out=hit)
        hit &= free
        free ^= hit  # of equal elements only the first counts
        if are_apart:
            np.multiply(g.view(bits), hit, out=share.view(bits))
        else:
            share += np.multiply(g.view(bits), hit).view(g.dtype)
    return inner


# Within plans ----------------------------------------------------------------------------------------------

KEPT = 1 << 27
"""How many bytes of patches a plan keeps for gradients, as long as there is the plan."""


def window_patches(inputs: Any, window: Any, out: Any = None) -> np.ndarray:
    """The patches of an array, in memory that is theirs."""
    return _copied_patches(_channels_last(inputs, window), window, np.empty if out is None else lambda *_: out)


def keeping_patches(steps: Sequence[Step], recording: Recording) -> list[Step]:
    """The steps of a plan, where gradients of kernels take the patches that the convolution before them made.

    Args:
        steps: The steps.
        recording: What they are from; the patches get numbers in it.

    Returns:
        The steps, with convolutions that keep their patches as two of them.
    """
    makers, takers = _shared_patches(steps, recording)
    found: list[Step] = []
    for i, step in enumerate(steps):
        if i in makers:
            inputs, kernel, window = step.args
            counts = _counts(recording.slots[step.outs[0]], window)
            found.append(Step(window_patches, (inputs, window), (makers[i],), None))
            found.append(Step(convolved_patches, (Place(makers[i]), kernel, counts, window), step.outs, None))
        elif i in takers:
            found.append(Step(gradient_from_patches, (Place(takers[i]), *step.args[1:]), step.outs, None))
        else:
            found.append(step)
    return found


def _shared_patches(steps: Sequence[Step], recording: Recording) -> tuple[dict[int, int], dict[int, int]]:
    """The numbers of patches by the places of the convolutions that make them, and of the gradients that take them."""
    makers: dict[int, int] = {}
    takers: dict[int, int] = {}
    latest: dict[tuple[Place, Any], int] = {}
    room = KEPT
    for i, step in enumerate(steps):
        if step.kernel not in (convolve, convolve_kernel_gradient) or type(step.args[0]) is not Place:
            continue
        inputs, window = step.args[0], step.args[2]
        if step.kernel is convolve:
            latest[inputs, window] = i
            continue
        maker = latest.get((inputs, window))
        if maker is None or math.prod(window.sizes) == 1:  # patches of one element are the array itself
            continue
        if maker not in makers:
            images = recording.slots[inputs.number]
            shape = _patches_shape(images, _counts(recording.slots[steps[maker].outs[0]], window), window)
            size = math.prod(shape) * images.dtype.itemsize
            if size > room:
                continue
            room -= size
            makers[maker] = recording.expect(shape, images.dtype)
        takers[i] = makers[maker]
    return makers, takers


def _counts(outputs: Slot, window: Any) -> tuple[int, ...]:
    """How many examples and windows there are."""
    return outputs.shape[:-1] if window.channels_last else (outputs.shape[0], *outputs.shape[2:])


def _patches_shape(images: Slot, counts: tuple[int, ...], window: Any) -> tuple[int, ...]:
    """The shape in which patches are copied."""
    taps, channels = math.prod(window.sizes), images.shape[-1 if window.channels_last else 1]
    if _is_tap_by_tap(channels, window):
        return (taps, channels, *counts)
    return (window.groups, math.prod(counts), taps * channels // window.groups)


WRITING = [
    convolve,
    convolve_input_gradient,
    convolved_patches,
    window_max,
    window_max_gradient,
    window_patches,
    window_sum,
    window_sum_gradient,
]
"""The kernels that can write their result to memory that they are given."""
