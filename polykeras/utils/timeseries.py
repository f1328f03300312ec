"""Windows of a time series as data."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..seeds import next_seed
from ..training.pipeline import Pipeline
from .folders import check_format


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str = "tf",
) -> Pipeline:
    """The windows of a time series, in batches.

    Args:
        data: The series, whose first axis is time.
        targets: The target of the window that begins at each place; None for no targets.
        sequence_length: How many points a window has.
        sequence_stride: How far apart windows begin.
        sampling_rate: How far apart the points of a window are.
        batch_size: The size of a batch; None for single windows.
        shuffle: Whether each pass has a random order.
        seed: The seed of it; None for one that `set_random_seed` determines.
        start_index: Where the part of the series that counts begins; None for its beginning.
        end_index: Where that part ends; None for the end.
        format: "tf", as Keras calls what here suits all backends.

    Returns:
        A data set of windows, or of windows and targets.

    >>> series = timeseries_dataset_from_array(np.arange(6), np.arange(6) * 10, sequence_length=3, sequence_stride=2)
    >>> [[x.tolist(), y.tolist()] for x, y in series]
    [[[[0, 1, 2], [2, 3, 4]], [0, 20]]]
    """
    check_format(format)
    data = np.asarray(data)
    start, end = start_index or 0, len(data) if end_index is None else end_index
    if not 0 <= start < end <= len(data):
        raise ArgumentError(
            f"expected start_index below end_index, in a series of {len(data)} points; got {start_index}, {end_index}."
        )
    for name, value in (("sampling_rate", sampling_rate), ("sequence_stride", sequence_stride)):
        if not 0 < value < max(len(data), 2):
            raise ArgumentError(f"expected {name} from 1 to below {len(data)}, the length of the series; got {value}.")
    if sequence_length < 1:
        raise ArgumentError(f"expected sequence_length to be from 1; got {sequence_length}.")
    data = data[start:end]
    count = len(data) - (sequence_length - 1) * sampling_rate
    if targets is not None:
        targets = np.asarray(targets)[start:]
        count = min(count, len(targets))
    places = np.arange(0, max(count, 0), sequence_stride)
    reach = sequence_length * sampling_rate

    def get(index: int) -> Any:
        place = places[index]
        window = data[place : place + reach : sampling_rate]
        return window if targets is None else (window, targets[place])

    windows = Pipeline(get, len(places))
    if shuffle:
        windows = windows.shuffle(seed=next_seed() if seed is None else seed)
    return windows if batch_size is None else windows.batch(batch_size)
