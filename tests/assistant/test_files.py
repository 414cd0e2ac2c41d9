"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from assistant.files import whole_file, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_a_whole_file_replaces_what_was_there_and_leaves_nothing_beside(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_bytes(b"before")
    with whole_file(target) as file:
        file.write(b"af")
        assert target.read_bytes() == b"before"
        file.write(b"ter")
    assert target.read_bytes() == b"after"
    assert list(tmp_path.iterdir()) == [target]


def test_what_fails_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_bytes(b"before")
    with pytest.raises(ValueError, match="half"), whole_file(target) as file:
        file.write(b"after")
        raise ValueError("half")
    assert target.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [target]


def test_a_process_that_is_killed_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_bytes(b"before")
    program = (
        "import os, signal; from pathlib import Path; from assistant.files import whole_file\n"
        f"with whole_file(Path({str(target)!r})) as file:\n"
        "    file.write(b'after'); file.flush(); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == -signal.SIGKILL
    assert target.read_bytes() == b"before"
    # What it had begun is no name that anybody looks for.
    assert [each.suffix for each in tmp_path.iterdir() if each != target] == [".part"]
    write_whole(target, b"after")
    assert target.read_bytes() == b"after"


@pytest.mark.usefixtures("usual_umask")
def test_only_its_owner_reads_a_private_one(tmp_path: Path) -> None:
    for private, others in ((True, 0), (False, 0o044)):
        target = tmp_path / f"{private}"
        target.write_bytes(b"before")
        write_whole(target, b"after", private=private)
        assert target.stat().st_mode & 0o044 == others


def test_a_name_as_long_as_names_may_be_is_written(tmp_path: Path) -> None:
    for name in ("n" * 255, "\N{SLICE OF PIZZA}" * 63):
        write_whole(tmp_path / name, b"whole")
        assert (tmp_path / name).read_bytes() == b"whole"


def test_a_folder_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "none" / "report.json", b"")
