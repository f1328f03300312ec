"""Training: steps, loops, and the data that goes through them."""

from .data import pack_x_y_sample_weight, unpack_x_y_sample_weight
from .trainer import Trainer

__all__ = ["Trainer", "pack_x_y_sample_weight", "unpack_x_y_sample_weight"]
