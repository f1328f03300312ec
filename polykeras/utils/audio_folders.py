"""Folders of sounds as data."""

from __future__ import annotations

import wave
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..training.pipeline import Pipeline
from .folders import Folder, in_batches


def audio_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Any = None,
    batch_size: int | None = 32,
    sampling_rate: int | None = None,
    output_sequence_length: int | None = None,
    ragged: bool = False,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    verbose: bool = True,
) -> Pipeline | tuple[Pipeline, Pipeline]:
    """The sounds in a folder, that has a folder for each class, in batches.

    Args:
        directory: The folder, of files in WAV format, 8, 16, 24 or 32 bits.
        labels: "inferred" for classes by the folders, a label for each file in the order of their names, or None.
        label_mode: "int", "binary" for 0.0 and 1.0, "categorical" for rows with a one, or None for no labels.
        class_names: The folders, in the order in which classes are numbered; None for all by name.
        batch_size: The size of a batch; None for single sounds.
        sampling_rate: Samples per second, to which sounds are converted; None for those of the files.
        output_sequence_length: How many samples of a sound are kept, with silence at the end of shorter ones; None for
            the number of the longest in the batch.
        ragged: Must be False: there are no ragged arrays here.
        shuffle: Whether each pass has a random order.
        seed: The seed of it.
        validation_split: The share of the files that is for validation.
        subset: "training", "validation" or "both", with `validation_split`.
        follow_links: Whether links to folders are followed.
        verbose: Whether to say what has been found.

    Returns:
        A data set with `class_names` and `file_paths`, or two for `subset="both"`: float32 of shape (batch, samples,
        channels), from -1 to 1.
    """
    if ragged:
        raise ArgumentError(
            "ragged=True: there are no ragged arrays here. Give output_sequence_length, or leave both out for silence "
            "up to the longest of a batch."
        )
    folder = Folder(directory, (".wav",), labels, label_mode, class_names, shuffle, seed, follow_links, verbose)

    def load(path: str) -> np.ndarray:
        sound, rate = read_wave(path)
        if output_sequence_length is not None:
            sound = _of_length(sound, output_sequence_length)
        if sampling_rate is not None and sampling_rate != rate:
            sound = resampled(sound, round(len(sound) * sampling_rate / rate))
        return sound

    found = folder.pipelines(load, validation_split, subset)
    return found if batch_size is None else in_batches(found, lambda samples: samples.padded_batch(batch_size))


def _of_length(sound: np.ndarray, length: int) -> np.ndarray:
    silence = np.zeros((max(length - len(sound), 0), sound.shape[1]), sound.dtype)
    return np.concatenate([sound[:length], silence])


def read_wave(path: str) -> tuple[np.ndarray, int]:
    """A sound out of a file.

    Args:
        path: The file.

    Returns:
        Numbers from -1 to 1 of shape (samples, channels), and how many samples there are in a second.
    """
    try:
        with wave.open(path, "rb") as file:
            width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            content = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise ArgumentError(f"{path} is no WAV file of whole numbers: {error}. Convert it.") from error
    if width == 1:
        numbers = np.frombuffer(content, "uint8").astype("int32") - 128
    elif width == 3:
        parts = np.frombuffer(content, "uint8").reshape(-1, 3).astype("int32")
        numbers = (parts[:, 0] << 8 | parts[:, 1] << 16 | parts[:, 2] << 24) >> 8
    else:
        numbers = np.frombuffer(content, f"<i{width}")
    return (numbers / 2 ** (8 * width - 1)).astype("float32").reshape(-1, channels), rate


def resampled(sound: np.ndarray, length: int) -> np.ndarray:
    """A sound with another number of samples in the same time: its spectrum, cut or with zeros.

    Args:
        sound: The sound, of shape (samples, channels).
        length: The number of samples.

    Returns:
        The sound.

    >>> resampled(np.ones((4, 1), "float32"), 2)
    array([[1.],
           [1.]], dtype=float32)
    """
    if not length or not len(sound):
        return np.zeros((length, sound.shape[1]), "float32")
    spectrum = np.fft.rfft(sound, axis=0)
    kept = min(length, len(sound)) // 2 + 1
    other = np.zeros((length // 2 + 1, sound.shape[1]), spectrum.dtype)
    other[:kept] = spectrum[:kept]
    if min(length, len(sound)) % 2 == 0:  # the highest frequency stands for two, of which one may have its own place
        other[kept - 1] *= 2 if length < len(sound) else 0.5 if length > len(sound) else 1
    return (np.fft.irfft(other, length, axis=0) * (length / len(sound))).astype("float32")
