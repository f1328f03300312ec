"""What TensorBoard shows: numbers, weights, the model, embeddings."""

from __future__ import annotations

import os
import struct
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..optional import need
from ..settings import settings
from .callback import Callback, as_numbers


class TensorBoard(Callback):
    """Writes files for TensorBoard, with its own writer: `pip install 'polykeras[tensorboard]'`.

    Args:
        log_dir: The folder; below it one for training and one for validation.
        histogram_freq: After how many epochs histograms of the weights are written; 0 for never.
        write_graph: Whether the layers of the model are written.
        write_images: Whether weights are written as images too, along with histograms.
        write_steps_per_second: Whether the number of steps in a second is written.
        update_freq: "epoch", "batch", or after how many batches numbers are written.
        profile_batch: 0; profiles are made with the tools of the framework.
        embeddings_freq: After how many epochs the weights of embeddings are written; 0 for never.
        embeddings_metadata: The file with the names of the rows of embeddings, or a dictionary of such files by layer.

    >>> board = TensorBoard("logs/first", histogram_freq=1)
    """

    takes_arrays = True
    state_names = ("train_steps", "test_steps")

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ):
        super().__init__()
        if profile_batch:
            raise ArgumentError(
                f"TensorBoard: profile_batch={profile_batch!r} is not known to all frameworks. Leave it out, and call "
                "fit in torch.profiler.profile, jax.profiler.trace or tf.profiler.experimental.Profile."
            )
        if update_freq not in ("epoch", "batch") and (not isinstance(update_freq, int) or update_freq < 1):
            raise ArgumentError(
                f"TensorBoard: expected update_freq to be 'epoch', 'batch' or a number from 1; got {update_freq!r}."
            )
        self.log_dir = Path(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self._interval = 0 if self.update_freq == "epoch" else int(self.update_freq)
        self.embeddings_freq = embeddings_freq
        self.embeddings_metadata = embeddings_metadata
        self.train_steps = 0
        self.test_steps = 0
        self._writers: dict[str, _Writer] = {}
        if self.update_freq != "epoch":  # so that nothing is called after batches where there is nothing to do
            self.on_train_batch_end = self._after_train_batch
            self.on_test_batch_end = self._after_test_batch

    def _writer(self, name: str) -> _Writer:
        if name not in self._writers:
            self._writers[name] = _Writer(self.log_dir / name)
        return self._writers[name]

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin to count."""
        self.train_steps = self.test_steps = 0
        self._has_graph = not self.write_graph
        if self.embeddings_freq:
            self._describe_embeddings()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note the time."""
        self._started, self._steps_before = time.perf_counter(), self._iterations()

    def _after_train_batch(self, batch: int, logs: Any = None) -> None:
        self.train_steps += 1
        if self.train_steps % self._interval == 0:
            self._write("train", "batch_{}", logs, self.train_steps)

    def _after_test_batch(self, batch: int, logs: Any = None) -> None:
        self.test_steps += 1
        if self.test_steps % self._interval == 0:
            self._write("validation", "batch_{}", logs, self.test_steps)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Write the numbers of the epoch, and weights if it is time."""
        if not self._has_graph:
            self._writer("train").add_model(self.model)
            self._has_graph = True
        numbers = as_numbers(logs) or {}
        train = {name: value for name, value in numbers.items() if not name.startswith("val_")}
        if "learning_rate" not in train and hasattr(self.model.optimizer, "learning_rate"):
            train["learning_rate"] = float(self.model.optimizer.learning_rate)
        if self.write_steps_per_second:
            steps = self._iterations() - self._steps_before
            train["steps_per_second"] = steps / (time.perf_counter() - self._started)
        self._write("train", "epoch_{}", train, epoch)
        of_validation = {name[4:]: value for name, value in numbers.items() if name.startswith("val_")}
        if of_validation:
            self._write("validation", "epoch_{}", of_validation, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            for layer in self._embeddings():
                np.savetxt(self._table_of(layer), layer.weights[0].numpy(), "%.8g", "\t")
        for writer in self._writers.values():
            writer.flush()

    def on_test_end(self, logs: Any = None) -> None:
        """Write the numbers of the evaluation."""
        if logs:
            self._write("validation", "evaluation_{}_vs_iterations", logs, self._iterations())

    def on_train_end(self, logs: Any = None) -> None:
        """Close the files."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def _iterations(self) -> int:
        optimizer = self.model.optimizer
        return int(optimizer.iterations) if optimizer is not None and optimizer.built else 0

    def _write(self, where: str, name: str, logs: Mapping[str, Any], step: int) -> None:
        for key, value in as_numbers(logs).items():
            if isinstance(value, (int, float)):
                self._writer(where).add_number(name.format(key), value, step)

    def _write_weights(self, epoch: int) -> None:
        writer = self._writer("train")
        for layer in self.model.layers:
            for weight in layer.weights:
                array = weight.numpy()
                writer.add_histogram(f"{weight.path}/histogram", array, epoch)
                if self.write_images:
                    writer.add_images(f"{weight.path}/image", array, epoch)

    def _embeddings(self) -> list[Any]:
        return [layer for layer in self.model.layers if hasattr(layer, "embeddings")]

    def _table_of(self, layer: Any) -> Path:
        return self.log_dir / "train" / f"{layer.name}.tsv"

    def _describe_embeddings(self) -> None:
        """Tell the projector where the weights of embeddings will be, and the names of their rows."""
        given = self.embeddings_metadata
        names = {layer.name for layer in self._embeddings()}
        files: dict[str, Any] = (
            dict(given) if isinstance(given, Mapping) else {} if given is None else dict.fromkeys(names, given)
        )
        if files.keys() - names:
            raise ArgumentError(
                f"TensorBoard: expected the keys of embeddings_metadata to be names of embedding layers, of which "
                f"there are {', '.join(sorted(names)) or 'none'}; got {', '.join(sorted(files))}."
            )
        folder = self.log_dir / "train"
        folder.mkdir(parents=True, exist_ok=True)
        entries = []
        for layer in self._embeddings():
            fields = {"tensor_name": layer.name, "tensor_path": self._table_of(layer).name}
            if layer.name in files:
                fields["metadata_path"] = os.path.abspath(files[layer.name])
            entries.append("embeddings {\n" + "".join(f'  {key}: "{text}"\n' for key, text in fields.items()) + "}\n")
        (folder / "projector_config.pbtxt").write_text("".join(entries))


class _Writer:
    """A file of events.

    Args:
        folder: The folder that it is in.
    """

    def __init__(self, folder: Path):
        module = need("tensorboard.summary.writer.event_file_writer", "tensorboard")
        self._file = module.EventFileWriter(str(folder))

    def add_number(self, name: str, value: float, step: int) -> None:
        """Add a number."""
        self._add(need("tensorboard.plugins.scalar.summary_v2", "tensorboard").scalar_pb(name, value), step)

    def add_histogram(self, name: str, array: np.ndarray, step: int) -> None:
        """Add the distribution of the elements of an array."""
        summaries = need("tensorboard.plugins.histogram.summary_v2", "tensorboard")
        self._add(summaries.histogram_pb(name, array.astype("float64")), step)

    def add_images(self, name: str, array: np.ndarray, step: int) -> None:
        """Add an array as images, if its shape is one of images."""
        images = _as_images(np.squeeze(array))
        if images is None:
            return
        texts = [f"{images.shape[2]}".encode(), f"{images.shape[1]}".encode(), *map(_png, images)]
        self._add_texts(name, texts, "images", step)

    def add_model(self, model: Any) -> None:
        """Add the layers of a model, as TensorBoard's graphs show them."""
        self._add_texts("keras", [model.to_json().encode()], "graph_keras_model", 0, is_list=False)

    def _add_texts(self, name: str, texts: list[bytes], plugin: str, step: int, is_list: bool = True) -> None:
        protos = "tensorboard.compat.proto"
        summary = need(f"{protos}.summary_pb2", "tensorboard")
        tensor = need(f"{protos}.tensor_pb2", "tensorboard").TensorProto(dtype=7, string_val=texts)  # 7: strings
        if is_list:
            tensor.tensor_shape.dim.add(size=len(texts))
        metadata = summary.SummaryMetadata()
        metadata.plugin_data.plugin_name = plugin
        metadata.plugin_data.content = b"" if is_list else b"1"
        found = summary.Summary()
        found.value.add(tag=name, metadata=metadata, tensor=tensor)
        self._add(found, step)

    def _add(self, summary: Any, step: int) -> None:
        event = need("tensorboard.compat.proto.event_pb2", "tensorboard").Event
        self._file.add_event(event(wall_time=time.time(), step=step, summary=summary))

    def flush(self) -> None:
        """Have everything in the file."""
        self._file.flush()

    def close(self) -> None:
        """End the file."""
        self._file.close()


def _as_images(array: np.ndarray) -> np.ndarray | None:
    """A weight as gray images between 0 and 255, the filters of a convolution each by itself."""
    if array.ndim == 1:
        array = array[None, None]
    elif array.ndim == 2:
        array = (array.T if array.shape[0] > array.shape[1] else array)[None]
    elif array.ndim == 3 and settings.image_data_format == "channels_last":
        array = array.transpose(2, 0, 1)
    if array.ndim != 3 or not array.size:
        return None
    return np.clip(array.astype("float64") * 255, 0, 255).astype("uint8")


def _png(image: np.ndarray) -> bytes:
    """A gray image as a PNG file."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width = image.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    lines = b"".join(b"\0" + line.tobytes() for line in image)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
