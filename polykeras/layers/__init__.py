"""The layers."""

from .layer import Layer

__all__ = ["Layer"]
