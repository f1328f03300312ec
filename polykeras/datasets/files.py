"""The files of the data sets: where they are, and their checksums."""

from __future__ import annotations

from typing import Any

from ..utils.downloads import get_file

STORE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
TORONTO = "https://www.cs.toronto.edu/~kriz/"

FILES = {
    "boston_housing.npz": (STORE, "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5"),
    "california_housing.npz": (STORE, "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f"),
    "cifar-10-python.tar.gz": (TORONTO, "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"),
    "cifar-100-python.tar.gz": (TORONTO, "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7"),
    "imdb.npz": (STORE, "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"),
    "imdb_word_index.json": (STORE, "bfafd718b763782e994055a2d397834f"),
    "mnist.npz": (STORE, "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"),
    "reuters.npz": (STORE, "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"),
    "reuters_word_index.json": (STORE, "4d44cc38712099c9e383dc6e5f11a921"),
    "t10k-images-idx3-ubyte.gz": (STORE, None),
    "t10k-labels-idx1-ubyte.gz": (STORE, None),
    "train-images-idx3-ubyte.gz": (STORE, None),
    "train-labels-idx1-ubyte.gz": (STORE, None),
}
"""For each file the folder on the network, and the checksum, SHA-256 or MD5, where it is known."""


def fetched(name: str, path: str | None = None, **options: Any) -> str:
    """A file of a data set, downloaded if it is not there yet.

    Args:
        name: The file.
        path: The name under which it is kept; None for its own.
        **options: Further arguments of `get_file`.

    Returns:
        Its path.
    """
    folder, checksum = FILES[name]
    return get_file(path or name, folder + name, file_hash=checksum, **options)
