"""The numbers of each epoch, sent to a server."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from .callback import Callback

_PATIENCE = 10.0
"""Seconds to wait for the server."""


class RemoteMonitor(Callback):
    """Sends the numbers of each epoch to a server, by POST. Where that cannot be reached, it warns and goes on.

    Args:
        root: The address of the server.
        path: The path at the server.
        field: The name of the field of a form under which the numbers are sent, as JSON.
        headers: Headers of the request.
        send_as_json: Whether the numbers are sent as JSON, not as a form.

    >>> monitor = RemoteMonitor("http://localhost:9000", send_as_json=True)
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: Mapping[str, str] | None = None,
        send_as_json: bool = False,
    ):
        super().__init__()
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Send the numbers."""
        import http.client  # here, as they take long to import, which every training would wait for
        import urllib.error
        import urllib.parse
        import urllib.request

        text = json.dumps({"epoch": epoch, **{key: _plain(value) for key, value in (logs or {}).items()}})
        body, kind = text, "application/json"
        if not self.send_as_json:
            body, kind = urllib.parse.urlencode({self.field: text}), "application/x-www-form-urlencoded"
        headers = {"Content-Type": kind, **(self.headers or {})}
        request = urllib.request.Request(self.root + self.path, body.encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE):
                pass
        except urllib.error.HTTPError as error:
            warnings.warn(f"RemoteMonitor: {request.full_url} answers {error.code} {error.reason}.", stacklevel=2)
        except (OSError, http.client.HTTPException) as error:
            warnings.warn(f"RemoteMonitor: cannot reach {request.full_url}: {error}.", stacklevel=2)


def _plain(value: Any) -> Any:
    """A value as JSON can have it."""
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
