"""Kernels of layers: normalization, recurrent networks, attention, and losses over logits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F

from polykeras.settings import settings
from polykeras.spec import normalize_axes, normalize_axis

from .torch_gradients import fast_with_slow_graph
from .torch_table import body, kernel


@kernel
def normalize(x: Any, axis: Any, order: int, epsilon: float) -> Any:
    if axis is None or not x.ndim or not isinstance(order, int) or order < 1:
        return body("normalize", x, axis, order, epsilon)
    return F.normalize(x, order, axis, epsilon)


@kernel
def affine(x: Any, kernel: Any, bias: Any) -> Any:
    if kernel.ndim != 2 or bias.shape != kernel.shape[1:]:
        return body("affine", x, kernel, bias)
    return F.linear(x, kernel.mT, bias)


def _trailing(x: Any, axis: Any, *parameters: Any) -> Any:
    """The sizes of the normalized axes, if they are the last ones and the parameters have just them."""
    axes = sorted(normalize_axes(axis, x.ndim))
    sizes = x.shape[x.ndim - len(axes) :]
    fits = axes and axes[0] == x.ndim - len(axes) and all(p is None or p.shape == sizes for p in parameters)
    return sizes if fits else None


@kernel
def layer_normalization(x: Any, gamma: Any, beta: Any, axis: Any, epsilon: float) -> Any:
    sizes = _trailing(x, axis, gamma, beta)
    if sizes is None:
        return body("layer_normalization", x, gamma, beta, axis, epsilon)
    if gamma is None and beta is not None:  # together, the second gradient fails
        return F.layer_norm(x, sizes, eps=epsilon) + beta
    return F.layer_norm(x, sizes, gamma, beta, epsilon)


@kernel
def rms_normalization(x: Any, scale: Any, axis: Any, epsilon: float) -> Any:
    sizes = _trailing(x, axis, scale) if x.ndim else None
    if sizes is None:
        return body("rms_normalization", x, scale, axis, epsilon)
    return F.rms_norm(x, sizes, scale, epsilon)


@kernel
def batch_normalization(x: Any, mean: Any, variance: Any, axis: int, offset: Any, scale: Any, epsilon: float) -> Any:
    channels = x.shape[axis]
    learned = torch.is_grad_enabled() and (mean.requires_grad or variance.requires_grad)
    fits = all(p is None or p.shape == (channels,) for p in (mean, variance, offset, scale))
    if learned or not fits or x.ndim < 2:  # PyTorch takes the moments for constants
        return body("batch_normalization", x, mean, variance, axis, offset, scale, epsilon)
    moved = F.batch_norm(x.movedim(axis, 1), mean, variance, scale, offset, False, 0.0, epsilon)
    return moved.movedim(1, axis)


@kernel
def normalize_batch(x: Any, offset: Any, scale: Any, axis: int, epsilon: float) -> Any:
    axis = normalize_axis(axis, x.ndim)
    channels = x.shape[axis]
    count = x.numel() // channels if channels else 0
    fits = all(p is None or p.shape == (channels,) for p in (offset, scale))
    if x.ndim < 2 or count < 2 or epsilon <= 0 or not fits:
        return body("normalize_batch", x, offset, scale, axis, epsilon)
    wide = torch.float32 if x.dtype in (torch.bfloat16, torch.float16) else x.dtype
    mean, variance = torch.zeros((2, channels), dtype=wide, device=x.device)  # what it has counts zero times, even NaN
    offset, scale = (None if p is None else p.to(wide) for p in (offset, scale))
    # with this momentum, its running statistics are those of the batch; of the variance the unbiased estimate
    apart = scale is None and offset is not None  # then the second gradient fails
    moved = F.batch_norm(x.movedim(axis, 1), mean, variance, scale, None if apart else offset, True, 1.0, epsilon)
    if apart:
        moved = moved + _along_channels(offset, x)
    return moved.movedim(1, axis), mean, variance * ((count - 1) / count)


def _along_channels(parameter: Any, x: Any) -> Any:
    return parameter.reshape(-1, *(1,) * (x.ndim - 2))


@kernel
def group_normalization(x: Any, gamma: Any, beta: Any, groups: int, axis: int, epsilon: float) -> Any:
    axis = normalize_axis(axis, x.ndim)
    fits = x.ndim > 1 and axis and groups > 0 and x.shape[axis] % groups == 0 and x.numel()
    if not fits or any(p is not None and p.shape != (x.shape[axis],) for p in (gamma, beta)):
        return body("group_normalization", x, gamma, beta, groups, axis, epsilon)
    learns = any(p is not None and p.requires_grad for p in (gamma, beta))
    # without a gamma the second gradient fails; that of parameters alone, where channels come last, ends the process
    is_apart = gamma is None or (learns and not x.requires_grad)
    moved = F.group_norm(x.movedim(axis, 1), groups, *((None, None) if is_apart else (gamma, beta)), epsilon)
    if is_apart:
        moved = moved if gamma is None else moved * _along_channels(gamma, x)
        moved = moved if beta is None else moved + _along_channels(beta, x)
    return moved.movedim(1, axis)


# Recurrent networks ----------------------------------------------------------------------------------------


def _packed(x: Any, mask: Any) -> Any:
    """The steps that count as PyTorch packs them, if they are the first ones of each example, and at least one."""
    lengths = mask.sum(1)
    if not bool(lengths.all()) or not bool((mask.cumsum(1) == lengths[:, None].minimum(_counted(mask))).all()):
        return None
    return torch.nn.utils.rnn.pack_padded_sequence(x, lengths.cpu(), True, False)


def _counted(mask: Any) -> Any:
    return torch.arange(1, mask.shape[1] + 1, device=mask.device)


def _recurrent(run: Callable[..., Any], x: Any, states: Any, weights: list[Any], mask: Any) -> Any:
    """The results of one of PyTorch's recurrent networks of one layer, or None where it cannot heed the mask."""
    biased = len(weights) > 2
    if mask is None:
        return run(x, states, weights, biased, 1, 0.0, False, False, True)
    packed = _packed(x, mask)
    if packed is None:
        return None
    data, *last = run(packed.data, packed.batch_sizes, _sorted(states, packed), weights, biased, 1, 0.0, False, False)
    last = [torch.index_select(state, 1, packed.unsorted_indices) for state in last]
    rest = torch.nn.utils.rnn.PackedSequence(data, *packed[1:])
    outputs, _ = torch.nn.utils.rnn.pad_packed_sequence(rest, True, total_length=x.shape[1])
    return torch.where(mask[:, :, None], outputs, last[0][0][:, None]), *last


def _sorted(states: Any, packed: Any) -> Any:
    if isinstance(states, tuple):
        return tuple(torch.index_select(state, 1, packed.sorted_indices) for state in states)
    return torch.index_select(states, 1, packed.sorted_indices)


def _fits_recurrent(
    x: Any, states: Sequence[Any], gates: int, kernel: Any, recurrent: Any, bias: Any, mask: Any
) -> bool:
    """Whether shapes are such as PyTorch can take. The op's body knows what to say of the others."""
    if x.ndim != 3 or kernel.ndim != 2 or recurrent.ndim != 2 or 0 in x.shape:
        return False
    (batch, steps, features), (units, width) = x.shape, recurrent.shape
    return (
        width == gates * units
        and kernel.shape == (features, width)
        and all(state.shape == (batch, units) for state in states)
        and (bias is None or bias.shape == ((2, width) if gates == 3 else (width,)))
        and (mask is None or mask.shape == (batch, steps))
    )


def _weights(kernel: Any, recurrent_kernel: Any, bias: Any) -> list[Any]:
    """Weights as PyTorch has them, with a bias for either product."""
    return [kernel.mT, recurrent_kernel.mT, *(() if bias is None else (bias, torch.zeros_like(bias)))]


@kernel
def simple_rnn(x: Any, h: Any, kernel: Any, recurrent_kernel: Any, bias: Any, mask: Any, unroll: Any) -> Any:
    found = None
    if _fits_recurrent(x, (h,), 1, kernel, recurrent_kernel, bias, mask):
        found = _recurrent(torch.rnn_tanh, x, h[None], _weights(kernel, recurrent_kernel, bias), mask)
    if found is None:
        return body("simple_rnn", x, h, kernel, recurrent_kernel, bias, mask, unroll)
    return found[0], found[1][0]


@kernel
def lstm(x: Any, h: Any, c: Any, kernel: Any, recurrent_kernel: Any, bias: Any, mask: Any, unroll: Any) -> Any:
    found = None
    if _fits_recurrent(x, (h, c), 4, kernel, recurrent_kernel, bias, mask):
        found = _recurrent(torch.lstm, x, (h[None], c[None]), _weights(kernel, recurrent_kernel, bias), mask)
    if found is None:
        return body("lstm", x, h, c, kernel, recurrent_kernel, bias, mask, unroll)
    return found[0], found[1][0], found[2][0]


@kernel
def gru(
    x: Any, h: Any, kernel: Any, recurrent_kernel: Any, bias: Any, mask: Any, reset_after: bool, unroll: Any
) -> Any:
    found = None
    if reset_after and _fits_recurrent(x, (h,), 3, kernel, recurrent_kernel, bias, mask):
        weights = [_reset_first(w).mT for w in (kernel, recurrent_kernel)]
        weights += [] if bias is None else list(_reset_first(bias))
        found = _recurrent(torch.gru, x, h[None], weights, mask)
    if found is None:
        return body("gru", x, h, kernel, recurrent_kernel, bias, mask, reset_after, unroll)
    return found[0], found[1][0]


def _reset_first(weight: Any) -> Any:
    """Weights of the gates in PyTorch's order: that of resetting comes before that of updating."""
    update, reset, candidate = weight.chunk(3, -1)
    return torch.cat((reset, update, candidate), -1)


@kernel
def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool, axis: int) -> Any:
    axis = normalize_axis(axis, output.ndim)
    classes = target.squeeze(axis) if target.ndim == output.ndim and target.shape[axis] == 1 else target
    shapes_fit = classes.shape == output.shape[:axis] + output.shape[axis + 1 :] and output.shape[axis]
    if not from_logits or not shapes_fit:
        return body("sparse_categorical_crossentropy", target, output, from_logits, axis)
    classes = classes.long()
    classes = torch.where((classes >= 0) & (classes < output.shape[axis]), classes, -100)  # which PyTorch leaves out
    logits = output.movedim(axis, min(output.ndim - 1, 1))
    return F.cross_entropy(logits, classes, reduction="none")


def _attention_fits(query: Any, key: Any, value: Any, *added: Any) -> bool:
    """Whether shapes are such as PyTorch can take. The op's body knows what to say of the others."""
    (batch, queries, heads, size), (_, keys, shared, _) = query.shape, key.shape
    alike = key.shape == (batch, keys, shared, size) and value.shape[:-1] == key.shape[:-1]
    if not alike or 0 in (*query.shape, *key.shape) or heads % shared:
        return False
    fits = (keys, queries, heads, batch)
    return all(
        p is None or (2 <= p.ndim <= 4 and all(n in (1, m) for n, m in zip(reversed(p.shape), fits, strict=False)))
        for p in added
    )


@kernel
def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any,
    mask: Any,
    scale: Any,
    is_causal: bool,
    flash_attention: bool | None,
    attn_logits_soft_cap: float | None,
) -> Any:
    flash_attention = settings.flash_attention if flash_attention is None else flash_attention
    options = (is_causal, flash_attention, attn_logits_soft_cap)
    plain = attn_logits_soft_cap is None and flash_attention is not False and (scale is None or type(scale) is float)
    if not plain or not _attention_fits(query, key, value, bias, mask):
        return body("dot_product_attention", query, key, value, bias, mask, scale, *options)
    seen = mask
    if is_causal and (bias is not None or mask is not None):
        causal = torch.ones(query.shape[1], key.shape[1], dtype=torch.bool, device=query.device).tril()
        seen, is_causal = causal if mask is None else mask & causal, False
    tensors = [query, key, value] if bias is None else [query, key, value, bias]
    shared = key.shape[2] != query.shape[2]  # said without need, it costs the faster ways

    def fast(query: Any, key: Any, value: Any, added: Any = None) -> Any:
        if seen is not None:  # a query that may look at nothing looks at all keys alike, and no gradient flows there
            sighted = seen.any(-1, keepdim=True)
            lowest = torch.where(sighted, query.new_full((), 0.7 * torch.finfo(query.dtype).min), query.new_zeros(()))
            added = torch.where(seen, query.new_zeros(()) if added is None else added, lowest)
        query, key, value = (x.transpose(1, 2) for x in (query, key, value))
        query = query if seen is None else torch.where(sighted, query, query.new_zeros(()))
        out = F.scaled_dot_product_attention(query, key, value, added, 0.0, is_causal, scale=scale, enable_gqa=shared)
        return out.transpose(1, 2)

    def slow(query: Any, key: Any, value: Any, bias: Any = None) -> Any:
        return body("dot_product_attention", query, key, value, bias, mask, scale, *options)

    return fast_with_slow_graph(fast, slow, *tensors)


@kernel
def ctc_loss(target: Any, output: Any, target_length: Any, output_length: Any, mask_index: int) -> Any:
    output = output if output.dtype == torch.float64 else output.float()
    sizes = (target_length, output_length, mask_index)
    shapes_fit = target.ndim == 2 and target_length.shape == output_length.shape == output.shape[:1] == target.shape[:1]
    if not shapes_fit or output.ndim != 3 or 0 in (*target.shape, *output.shape):
        return body("ctc_loss", target, output, *sizes)
    steps, classes = output.shape[1:]
    inside = torch.arange(target.shape[1], device=target.device) < target_length[:, None]
    labels = torch.where(inside, target, mask_index).long()
    labels_fit = ((labels >= 0) & (labels < classes)).all()
    lengths_fit = (target_length <= target.shape[1]).all() & (output_length <= steps).all()
    if not bool(labels_fit & lengths_fit):  # of which PyTorch takes no notice, or has an error of its own
        return body("ctc_loss", target, output, *sizes)
    target_length, output_length = target_length.long(), output_length.long()

    def fast(output: Any) -> Any:
        logs = F.log_softmax(output, -1).transpose(0, 1)

        def losses(lengths: Any) -> Any:
            return F.ctc_loss(logs, labels, output_length, lengths, mask_index, "none")

        found = losses(target_length)
        possible = torch.isfinite(found.detach())
        if possible.all():
            return found
        return torch.where(possible, losses(torch.where(possible, target_length, 0)), torch.inf)

    return fast_with_slow_graph(fast, lambda output: body("ctc_loss", target, output, *sizes), output)
