"""What is useful around a training: data out of arrays, files and folders, and small helpers by Keras's names."""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "Config": "utils.config",
    "CustomObjectScope": "registry",
    "FeatureSpace": "utils.feature_space",
    "Progbar": "callbacks.progbar",
    "PyDataset": "training.py_dataset",
    "Sequence": "training.py_dataset:PyDataset",
    "array_to_img": "utils.images",
    "audio_dataset_from_directory": "utils.audio_folders",
    "clear_session": "session",
    "custom_object_scope": "registry:CustomObjectScope",
    "deserialize_keras_object": "registry",
    "disable_interactive_logging": "config",
    "enable_interactive_logging": "config",
    "get_custom_objects": "registry",
    "get_file": "utils.downloads",
    "get_registered_name": "registry",
    "get_registered_object": "registry",
    "get_source_inputs": "utils.sources",
    "image_dataset_from_directory": "utils.image_folders",
    "img_to_array": "utils.images",
    "is_interactive_logging_enabled": "config",
    "is_keras_tensor": "spec",
    "load_img": "utils.images",
    "model_to_dot": "utils.plotting",
    "normalize": "utils.encoding",
    "pack_x_y_sample_weight": "training.data",
    "pad_sequences": "utils.sequences",
    "plot_model": "utils.plotting",
    "register_keras_serializable": "registry",
    "save_img": "utils.images",
    "serialize_keras_object": "registry",
    "set_random_seed": "random",
    "split_dataset": "utils.splitting",
    "standardize_dtype": "dtypes",
    "text_dataset_from_directory": "utils.text_folders",
    "timeseries_dataset_from_array": "utils.timeseries",
    "to_categorical": "utils.encoding",
    "unpack_x_y_sample_weight": "training.data",
}
"""The room of each name, and its name there where it is another one."""

_MODULES = {"bounding_boxes": "layers.preprocessing.bounding_boxes", "legacy": "utils.legacy"}
"""The room of each namespace."""

__all__ = [*_HOMES, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"polykeras.{_MODULES[name]}")
    if name in _HOMES:
        room, _, other = _HOMES[name].partition(":")
        found = getattr(importlib.import_module(f"polykeras.{room}"), other or name)
        globals()[name] = found
        return found
    raise AttributeError(f"module 'polykeras.utils' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
