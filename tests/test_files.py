"""Files are there as a whole or not at all."""

from __future__ import annotations

import errno
import os
import random
import resource
import signal
import subprocess
import sys
import time

import pytest

from polykeras.errors import FileError
from polykeras.files import replacing, write

WRITER = """
import sys
from polykeras.files import replacing
print("ready", flush=True)
number = 0
while True:
    number = number % 250 + 1
    with replacing(sys.argv[1]) as place, open(place, "wb") as file:
        for _ in range(64):
            file.write(bytes([number]) * 4096)
"""


def test_a_writer_killed_at_any_moment_leaves_a_whole_file(tmp_path):
    target = tmp_path / "model.bin"
    moments = random.Random(0)
    for _ in range(8):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(target)], stdout=subprocess.PIPE) as process:
            assert process.stdout.readline() == b"ready\n"
            time.sleep(moments.uniform(0.005, 0.06))
            process.send_signal(signal.SIGKILL)
        if target.exists():
            content = target.read_bytes()
            assert len(content) == 64 * 4096
            assert len(set(content)) == 1
    assert target.exists()


def test_an_error_in_the_block_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "a.txt"
    write(target, "old")

    def fail(place):
        place.write_text("new")
        raise KeyError("x")

    with pytest.raises(KeyError), replacing(target) as place:
        fail(place)
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_link_stays_and_rights_stay(tmp_path):
    target, link = tmp_path / "a.txt", tmp_path / "link"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    write(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_full_disk_is_a_clear_error(tmp_path):
    target = tmp_path / "a.bin"
    write(target, b"old")
    with pytest.raises(FileError, match=r"disk is full.*unchanged"), replacing(target), open("/dev/full", "wb") as file:
        file.write(b"x" * 100_000)
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_a_folder_that_is_missing_or_a_file_is_a_clear_error(tmp_path):
    with pytest.raises(FileError, match=r"folder does not exist"):
        write(tmp_path / "none" / "a.txt", "x")
    write(tmp_path / "file", "x")
    with pytest.raises(FileError, match=r"is a file"):
        write(tmp_path / "file" / "a.txt", "x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileError, match=r"a folder of that name"):
        write(tmp_path / "folder", "x")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_a_clear_error(tmp_path):
    write(tmp_path / "a.txt", "old")
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(FileError, match=r"can only be read"):
            write(tmp_path / "a.txt", "new")
        assert (tmp_path / "a.txt").read_text() == "old"
    finally:
        tmp_path.chmod(0o700)


def test_a_limit_on_the_size_of_files_leaves_the_old_one(tmp_path):
    """The system itself refuses to write on, in a process of its own."""
    target = tmp_path / "a.bin"
    write(target, b"old")
    program = f"""
import resource, signal
from polykeras.files import write
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, {resource.RLIM_INFINITY}))
try:
    write({str(target)!r}, b"x" * 100_000)
except OSError as error:
    print(type(error).__name__)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "FileError\n"
    assert target.read_bytes() == b"old"


def test_a_read_only_disk_is_a_clear_error(tmp_path, monkeypatch):
    write(tmp_path / "a.txt", "old")

    def refuse(*_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(FileError, match=r"disk can only be read.*Choose another place"):
        write(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "old"
