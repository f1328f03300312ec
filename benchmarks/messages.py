"""What processes tell each other: lines of JSON, in which arrays are their bytes."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np


def line_of(message: Any) -> str:
    """A message as one line of text."""
    return json.dumps(message, default=_described)


def message_of(line: str) -> Any:
    """The message that a line holds."""
    return json.loads(line, object_hook=_restored)


def _described(x: Any) -> dict[str, Any]:
    array = np.ascontiguousarray(x)
    return {"dtype": array.dtype.str, "shape": np.shape(x), "bytes": base64.b64encode(array.tobytes()).decode("ascii")}


def _restored(found: dict[str, Any]) -> Any:
    if found.keys() != {"dtype", "shape", "bytes"}:
        return found
    return np.frombuffer(base64.b64decode(found["bytes"]), found["dtype"]).reshape(found["shape"])
