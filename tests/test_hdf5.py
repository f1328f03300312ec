"""Files of HDF5 as h5py writes them, in layouts old and new: what h5py reads, our reader reads, or says why not."""

from __future__ import annotations

import io
import itertools
import struct

import numpy as np
import pytest

import polykeras
from polykeras import Input, Sequential, layers
from polykeras.errors import UnsafeFileError
from polykeras.saving.hdf5_bytes import Reader
from polykeras.saving.hdf5_chunks import chunks_in
from polykeras.saving.hdf5_reader import open_hdf5
from polykeras.saving.sources import FileSource

h5py = pytest.importorskip("h5py")
VALUES = np.random.default_rng(0).normal(size=(37, 21))
CHUNKS = ((37, 21), (5, 4), (1, 1), True)
FILTERS = ({}, {"compression": "gzip"}, {"compression": "gzip", "shuffle": True, "fletcher32": True})


def opened(content):
    return open_hdf5(FileSource(io.BytesIO(content)))


def written(write, **options):
    file = io.BytesIO()
    with h5py.File(file, "w", **options) as root:
        write(root)
    return file.getvalue()


def assert_same(theirs, ours):
    for name in theirs.attrs:
        np.testing.assert_array_equal(np.asarray(ours.attrs[name]), np.asarray(theirs.attrs[name]))
    assert set(ours) == set(theirs)
    for name, member in theirs.items():
        if isinstance(member, h5py.Group):
            assert_same(member, ours[name])
        else:
            wanted = member.asstr()[()] if member.dtype == object else member[()]
            np.testing.assert_array_equal(ours[name].read(), wanted)


@pytest.mark.parametrize("libver", ["earliest", "latest", ("v108", "v108"), ("v112", "v112")])
@pytest.mark.parametrize("track_order", [False, True])
@pytest.mark.parametrize("count", [0, 1, 8, 9, 150])
def test_groups_and_attributes_in_messages_trees_and_heaps(libver, track_order, count):
    """From nine members and attributes on, newer files have heaps for them, and from some fifty on deeper trees."""

    def write(root):
        for number in range(count):
            group = root.create_group(f"a_layer_with_a_name_{number:04d}")
            group["kernel"] = np.full((2, number % 3), number, "float32")
            root.attrs[f"attribute_{number}"] = ["a", "b" * number] if number % 2 else np.arange(number)
        root["texts"], root["truth"] = ["x", "yy"], np.array([True, False])
        root["empty"], root["scalar"] = np.zeros((0, 3)), 3.0
        if libver != "earliest":
            root.attrs["large"] = np.arange(20_000)  # too large for a block of a heap

    content = written(write, libver=libver, track_order=track_order)
    assert_same(h5py.File(io.BytesIO(content)), opened(content))


def test_a_heap_with_tables_of_tables():
    def write(root):
        for number in range(8000):
            root[f"{number:06d}" + "x" * 70] = h5py.Empty("f")

    assert len(opened(written(write, libver="latest"))) == 8000


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("maxshape", [None, (60, 21), (None, None)])
def test_chunks_in_every_index_and_through_every_filter(libver, maxshape):
    def write(root):
        for number, (chunks, filters) in enumerate(itertools.product(CHUNKS, FILTERS)):
            root.create_dataset(f"d{number}", data=VALUES, chunks=chunks, maxshape=maxshape, **filters)
        root.create_dataset("pages", data=np.arange(5000.0), chunks=(1,), maxshape=(6000,))

    content = written(write, libver=libver)
    assert_same(h5py.File(io.BytesIO(content)), opened(content))


def test_weights_that_h5py_wrote_compressed_and_in_the_newest_layout_are_loaded(tmp_path):
    with polykeras.using("numpy"):
        model = Sequential([Input((3,)), layers.Dense(20), layers.Dense(2)])
        model.save_weights(tmp_path / "m.weights.h5")
        with (
            h5py.File(tmp_path / "m.weights.h5") as old,
            h5py.File(tmp_path / "n.weights.h5", "w", libver="latest") as new,
        ):

            def copy(name, found):
                if isinstance(found, h5py.Dataset):
                    new.create_dataset(name, data=found[()], compression="gzip", shuffle=True)
                else:
                    new.require_group(name).attrs.update(found.attrs)

            old.visititems(copy)
        wanted = model.get_weights()
        model.set_weights([np.zeros_like(w) for w in wanted])
        model.load_weights(tmp_path / "n.weights.h5")
        for a, b in zip(wanted, model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"compression": "lzf"}, r"compressed by lzf \(number 32000\).*compression='gzip'"),
        ({"scaleoffset": 2}, r"compressed by scaleoffset"),
        ({"maxshape": (None, 21)}, r"can grow along one axis"),
    ],
)
def test_what_is_not_read_is_told(options, message):
    content = written(lambda root: root.create_dataset("d", data=VALUES, chunks=(5, 4), **options), libver="latest")
    with pytest.raises(UnsafeFileError, match=message):
        opened(content)


def external(group):
    group["x"] = h5py.ExternalLink("/etc/passwd", "/x")


def soft(group):
    group["x"] = h5py.SoftLink("/members/kernel_0")


def storage(group):
    group.create_dataset("x", (3, 2), "float32", external=[("/etc/passwd", 0, 24)])


def virtual(group):
    layout = h5py.VirtualLayout((3, 2), "float32")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (3, 2))
    group.create_virtual_dataset("x", layout)


@pytest.mark.parametrize("attack", [external, soft, storage, virtual])
@pytest.mark.parametrize("count", [1, 20])
def test_ways_out_of_newer_files_are_refused(attack, count):
    """Links in messages, and links in heaps."""

    def write(root):
        group = root.create_group("members")
        for number in range(count):
            group[f"kernel_{number}"] = np.ones(2)
        attack(group)

    with pytest.raises(UnsafeFileError, match="never"):
        opened(written(write, libver="latest"))


@pytest.mark.parametrize(
    "options",
    [
        {"chunks": (2**10, 2**10)},
        {"chunks": (1, 1), "maxshape": (2**40, 2**10)},
        {"chunks": (2**10, 2**10), "maxshape": (None, None), "compression": "gzip"},
    ],
)
def test_shapes_larger_than_what_is_stored_are_refused(options):
    content = written(lambda root: root.create_dataset("x", (2**40, 2**10), "float32", **options), libver="latest")
    with pytest.raises(UnsafeFileError, match="declares shape"):
        opened(content)


def test_axes_without_elements_are_not_counted_along_the_others():
    form = "<BBBBB3IB4xQ"  # of version 4, chunks of one float32 each, one after the other from byte 0 on
    layout = struct.pack(form, 4, 2, 0, 3, 4, 1, 1, 4, 2, 0)
    reader = Reader(FileSource(io.BytesIO(b"some bytes")))
    assert chunks_in(reader, layout, "w", (0, 2**40), (0, 2**40), False) == []
