"""Training: steps, loops, and the data that goes through them."""

from .data import pack_x_y_sample_weight, unpack_x_y_sample_weight
from .py_dataset import PyDataset
from .trainer import Trainer

__all__ = ["PyDataset", "Trainer", "pack_x_y_sample_weight", "unpack_x_y_sample_weight"]
