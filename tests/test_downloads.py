"""Files from a server on this machine: kept, checked, unpacked; and the data sets that are made of them."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import io
import json
import pickle
import stat
import tarfile
import threading
import zipfile
from typing import ClassVar

import numpy as np
import pytest

import polykeras as keras
from polykeras import datasets
from polykeras.datasets import files
from polykeras.datasets.stored import read_npz
from polykeras.errors import ArgumentError, ChecksumError, DownloadError, UnsafeFileError
from polykeras.utils import get_file


class Quiet(http.server.SimpleHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self):
        self.asked.append(self.path)
        if self.path.startswith("/short"):
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"too little")
            return
        super().do_GET()

    def log_message(self, *args):
        pass


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A folder that a server shows, its address, and a cache of its own."""
    folder = tmp_path / "served"
    folder.mkdir()
    monkeypatch.setenv("POLYKERAS_HOME", str(tmp_path / "home"))
    Quiet.asked = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# get_file --------------------------------------------------------------------------------------------------


def test_a_file_is_downloaded_once_and_kept(served, tmp_path):
    folder, address = served
    (folder / "a b.txt").write_bytes(b"hello")
    for _ in range(2):
        path = get_file(origin=f"{address}a%20b.txt", file_hash=sha256(b"hello"))
        assert path == str(tmp_path / "home" / "datasets" / "a b.txt")
    assert Quiet.asked == ["/a%20b.txt"]
    assert get_file("named", f"{address}a%20b.txt", md5_hash=hashlib.md5(b"hello").hexdigest()).endswith("named")
    get_file("named", f"{address}a%20b.txt", force_download=True)
    assert len(Quiet.asked) == 3


def test_a_file_that_has_changed_is_downloaded_again(served):
    folder, address = served
    (folder / "a.txt").write_bytes(b"old")
    path = get_file(origin=f"{address}a.txt")
    (folder / "a.txt").write_bytes(b"new")
    get_file(origin=f"{address}a.txt", file_hash=sha256(b"new"))
    with open(path, "rb") as file:
        assert file.read() == b"new"


@pytest.mark.parametrize(
    ("address", "options", "error", "message"),
    [
        ("a.txt", {"file_hash": "0" * 64}, ChecksumError, "not the checksum 0000"),
        ("missing.txt", {}, DownloadError, "the server says 404"),
        ("short.txt", {}, DownloadError, "ended after 10 of 1000 bytes"),
        ("a.txt", {"extract": True}, UnsafeFileError, "archive of the format tar or zip; it is none"),
        ("a.txt", {"file_hash": "12"}, ArgumentError, "64 digits"),
        ("a.txt", {"fname": "../a"}, ArgumentError, "without folders; got '../a'"),
    ],
)
def test_what_is_not_as_it_should_be_is_told_and_leaves_nothing(served, tmp_path, address, options, error, message):
    folder, server = served
    (folder / "a.txt").write_bytes(b"hello")
    with pytest.raises(error, match=message):
        get_file(origin=server + address, **options)
    left = [path.name for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert left == (["a.txt_archive"] if error is UnsafeFileError else [])


def test_a_failed_download_leaves_the_old_file(served):
    folder, address = served
    (folder / "a.txt").write_bytes(b"hello")
    path = get_file(origin=f"{address}a.txt")
    with pytest.raises(ChecksumError):
        get_file(origin=f"{address}a.txt", file_hash="0" * 64)
    with open(path, "rb") as file:
        assert file.read() == b"hello"


def test_without_a_network_it_is_said_where_to_put_the_file(monkeypatch, tmp_path):
    monkeypatch.setenv("POLYKERAS_HOME", str(tmp_path))
    monkeypatch.setitem(files.FILES, "mnist.npz", ("http://127.0.0.1:9/", files.FILES["mnist.npz"][1]))
    with pytest.raises(DownloadError, match=r"Without a network, get the file elsewhere and put it at .*mnist\.npz"):
        datasets.mnist.load_data()


# Archives --------------------------------------------------------------------------------------------------


def tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return content.getvalue()


def file(name: str, data: bytes = b"data", **attributes) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    for key, value in attributes.items():
        setattr(info, key, value)
    return info, data


def zipped(**members: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return content.getvalue()


def zip_with_link() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return content.getvalue()


@pytest.mark.parametrize(
    "content", [tar(file("x/a.txt"), file("b.txt")), zipped(**{"x/a.txt": b"data", "b.txt": b""})], ids=["tar", "zip"]
)
def test_archives_are_unpacked_once(served, content):
    folder, address = served
    (folder / "files.tgz").write_bytes(content)
    for options in ({"origin": f"{address}files.tgz"}, {"fname": "some.tgz", "origin": f"{address}files.tgz"}):
        for _ in range(2):
            path = get_file(extract=True, file_hash=sha256(content), **options)
            with open(f"{path}/x/a.txt", "rb") as found:
                assert found.read() == b"data"
    assert path.endswith("some_extracted")
    assert len(Quiet.asked) == 2


LINK, HARD, DEVICE = tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE


LEADING_OUT = {
    "climbing": tar(file("../out")),
    "absolute": tar(file("/tmp/out")),
    "climbing-within": tar(file("a/../../out")),
    "backslashes": tar(file("a\\..\\..\\out")),
    "drive": tar(file("C:out")),
    "link-inside": tar(file("link", b"", type=LINK, linkname="inside")),
    "link-outside": tar(file("link", b"", type=LINK, linkname="/etc"), file("link/passwd")),
    "link-up": tar(file("x/link", b"", type=LINK, linkname=".."), file("x/link/out")),
    "hard-link": tar(file("hard", b"", type=HARD, linkname="/etc/passwd")),
    "device": tar(file("device", b"", type=DEVICE)),
    "zip-climbing": zipped(**{"../out": b""}),
    "zip-absolute": zipped(**{"/out": b""}),
    "zip-link": zip_with_link(),
}


@pytest.mark.parametrize("content", LEADING_OUT.values(), ids=LEADING_OUT)
def test_members_that_lead_out_of_the_folder_are_refused(served, tmp_path, content):
    folder, address = served
    (folder / "bad").write_bytes(content)
    before = set(tmp_path.rglob("*"))
    with pytest.raises(UnsafeFileError, match="has a member"):
        get_file(origin=f"{address}bad", extract=True)
    new = {path.name for path in set(tmp_path.rglob("*")) - before}
    assert new == {"home", "datasets", "bad_archive"}


def test_a_damaged_archive_leaves_no_folder(served, tmp_path):
    folder, address = served
    (folder / "bad.tgz").write_bytes(tar(file("a", np.random.default_rng(0).bytes(9999)), file("b"))[:5000])
    with pytest.raises(UnsafeFileError, match="damaged"):
        get_file(origin=f"{address}bad.tgz", extract=True)
    assert not [path for path in (tmp_path / "home" / "datasets").iterdir() if path.is_dir()]


# Data sets -------------------------------------------------------------------------------------------------


def npz(**arrays) -> bytes:
    content = io.BytesIO()
    np.savez(content, **{name: np.asarray(array) for name, array in arrays.items()}, allow_pickle=True)
    return content.getvalue()


def lists(*texts: list[int]) -> np.ndarray:
    found = np.empty(len(texts), object)
    found[:] = texts
    return found


def idx(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + np.asarray(array.shape, ">u4").tobytes()
    return gzip.compress(header + array.tobytes())


def batch(count: int, **labels) -> bytes:
    pictures = np.arange(count * 3072).reshape(count, 3072).astype("uint8")
    return pickle.dumps({b"data": pictures, **{key.encode(): value for key, value in labels.items()}}, 4)


CIFAR10 = tar(
    *(file(f"cifar-10-batches-py/data_batch_{i}", batch(2, labels=[i, 0])) for i in range(1, 6)),
    file("cifar-10-batches-py/test_batch", batch(3, labels=[1, 2, 3])),
)
CIFAR100 = tar(
    *(
        file(f"cifar-100-python/{name}", batch(2, fine_labels=[7, 8], coarse_labels=[1, 2]))
        for name in ("train", "test")
    )
)
TEXTS = lists([1, 5, 9], [2], [3, 4, 1, 1], [9, 8], [1], [2, 2])
SMALL = {
    "boston_housing.npz": npz(x=np.arange(20).reshape(10, 2), y=np.arange(10)),
    "california_housing.npz": npz(x=np.arange(1400).reshape(700, 2), y=np.arange(700)),
    "mnist.npz": npz(x_train=np.ones((3, 2, 2)), y_train=[1, 2, 3], x_test=np.zeros((1, 2, 2)), y_test=[4]),
    "imdb.npz": npz(x_train=TEXTS, y_train=[0, 1, 0, 1, 0, 1], x_test=TEXTS[:3], y_test=[1, 1, 0]),
    "reuters.npz": npz(x=TEXTS, y=range(6)),
    "imdb_word_index.json": json.dumps({"the": 1}).encode(),
    "reuters_word_index.json": json.dumps({"a": 2}).encode(),
    "cifar-10-python.tar.gz": CIFAR10,
    "cifar-100-python.tar.gz": CIFAR100,
    "train-images-idx3-ubyte.gz": idx(np.arange(18, dtype="uint8").reshape(2, 3, 3)),
    "train-labels-idx1-ubyte.gz": idx(np.array([4, 5], "uint8")),
    "t10k-images-idx3-ubyte.gz": idx(np.zeros((1, 3, 3), "uint8")),
    "t10k-labels-idx1-ubyte.gz": idx(np.array([6], "uint8")),
}


@pytest.fixture
def small(served, monkeypatch):
    """A server with small files in place of the data sets'."""
    folder, address = served
    for name, content in SMALL.items():
        (folder / name).write_bytes(content)
        monkeypatch.setitem(files.FILES, name, (address, sha256(content) if files.FILES[name][1] else None))
    return folder


def test_every_file_has_an_address_and_all_but_four_a_checksum():
    assert {address.partition(":")[0] for address, _ in files.FILES.values()} == {"https"}
    assert sorted(len(checksum or "") for _, checksum in files.FILES.values()) == [0] * 4 + [32] * 2 + [64] * 7


def test_tables_are_split_as_keras_splits_them(small):
    (x, y), (x_test, y_test) = datasets.boston_housing.load_data(test_split=0.3)
    assert (x.shape, x_test.shape) == ((7, 2), (3, 2))
    assert y.tolist() + y_test.tolist() == np.random.RandomState(113).permutation(10).tolist()
    np.testing.assert_array_equal(x[:, 0], 2 * y)
    (x, _), _ = datasets.california_housing.load_data("small")
    assert len(x) == 480
    assert len(datasets.california_housing.load_data(test_split=0)[0][0]) == 700
    with pytest.raises(ArgumentError, match="below 1; got 1"):
        datasets.boston_housing.load_data(test_split=1)


def test_pictures(small):
    (x, y), (x_test, _) = datasets.mnist.load_data()
    assert (x.shape, y.tolist(), x_test.shape) == ((3, 2, 2), [1, 2, 3], (1, 2, 2))
    (x, y), (x_test, y_test) = datasets.fashion_mnist.load_data()
    assert x[1].tolist() == [[9, 10, 11], [12, 13, 14], [15, 16, 17]]
    assert (y.tolist(), y_test.tolist(), x_test.shape) == ([4, 5], [6], (1, 3, 3))
    (x, y), (x_test, y_test) = datasets.cifar10.load_data()
    assert (x.shape, x.dtype, x_test.shape) == ((10, 32, 32, 3), "uint8", (3, 32, 32, 3))
    assert y.ravel().tolist() == [1, 0, 2, 0, 3, 0, 4, 0, 5, 0]
    assert x[0, 0, 1].tolist() == [1, (1024 + 1) % 256, (2048 + 1) % 256]
    (_, fine), _ = datasets.cifar100.load_data()
    (_, coarse), _ = datasets.cifar100.load_data("coarse")
    assert (fine.tolist(), coarse.tolist()) == ([[7], [8]], [[1], [2]])


def test_texts(small):
    (x, y), (x_test, _) = datasets.imdb.load_data(num_words=7, index_from=3)
    random = np.random.RandomState(113)
    order = random.permutation(6)
    expected = [[1] + [w + 3 if w + 3 < 7 else 2 for w in TEXTS[i]] for i in order]
    assert x.tolist() == expected
    assert y.tolist() == [i % 2 for i in order]
    assert len(x_test) == 3
    (x, _), _ = datasets.imdb.load_data(maxlen=3, oov_char=None, num_words=5)
    assert sorted(map(tuple, x)) == [(1,), (1, 4)]  # the word of the first is too rare
    (x, y), (x_test, y_test) = datasets.reuters.load_data(test_split=0.5)
    assert sorted([*y, *y_test]) == list(range(6))
    assert [len(text) for text in x] == [1 + len(TEXTS[i]) for i in y]
    assert datasets.imdb.get_word_index() == {"the": 1}
    assert datasets.reuters.get_word_index() == {"a": 2}
    assert len(datasets.reuters.get_label_names()) == 46
    with pytest.raises(ArgumentError, match="maxlen=1"):
        datasets.reuters.load_data(maxlen=1)


class Harmful:
    def __reduce__(self):
        return print, ("run",)


def test_files_of_arrays_run_nothing(tmp_path, capsys):
    path = tmp_path / "harmful.npz"
    path.write_bytes(npz(x=lists(Harmful(), 2)))
    with pytest.raises(UnsafeFileError, match=r"asks for builtins\.print"):
        read_npz(str(path))
    assert "run" not in capsys.readouterr().out


def test_damaged_files_are_told(small):
    name = "train-labels-idx1-ubyte.gz"
    (small / name).write_bytes(gzip.compress(b"\0\0\x08\1\0\0\0\5ab"))
    with pytest.raises(UnsafeFileError, match="no complete file"):
        datasets.fashion_mnist.load_data()
    assert keras.datasets is datasets
