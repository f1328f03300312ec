"""The names by which older code makes plain data of objects, and objects of plain data."""

from __future__ import annotations

from ..registry import deserialize_keras_object, serialize_keras_object

__all__ = ["deserialize_keras_object", "serialize_keras_object"]
