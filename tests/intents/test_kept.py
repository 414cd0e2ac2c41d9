"""What sampling comes to is kept on disk, and nothing that happens to the file changes an answer."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

from intents.catalogue import load_catalogue
from intents.kept import KEPT, kept
from intents.match import Matcher
from tests.intents.sentences import MISHEARD

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from intents.catalogue import Catalogue

VALUE = {"a": [1, 2], "b": [3]}


class Maker:
    """Counts how often it had to work."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> dict[str, list[int]]:
        self.made += 1
        return VALUE


def keep(
    folder: Path | None, make: Callable[[], dict[str, list[int]]], key: str = "key"
) -> dict[str, list[int]]:
    return kept(folder, "numbers", key, dict[str, list[int]], make)


def test_it_is_made_once_for_a_key(tmp_path: Path) -> None:
    make = Maker()
    assert [keep(tmp_path, make) for _ in range(3)] == [VALUE] * 3
    assert make.made == 1
    assert keep(tmp_path, make, "another") == VALUE
    assert make.made == 2
    assert keep(None, make) == VALUE
    assert make.made == 3


def test_a_damaged_file_is_known_and_made_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make = Maker()
    keep(tmp_path, make)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    damaged = [whole[:size] for size in range(len(whole))]
    # One digit for another is still JSON of the right type.
    damaged += [whole.replace(b"[1,2]", b"[1,7]"), whole + b" ", b"", b"\xff\xfe", b"null"]
    for number, body in enumerate(damaged, start=2):
        file.write_bytes(body)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert keep(tmp_path, make) == VALUE
        assert make.made == number
        assert "it is made anew" in caplog.text
        assert file.read_bytes() == whole


def test_a_folder_that_cannot_be_written_to_costs_time_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    make = Maker()
    with caplog.at_level(logging.WARNING):
        assert keep(tmp_path / "file" / "folder", make) == VALUE
    assert "starting will take longer each time" in caplog.text


def test_old_files_and_what_was_left_half_written_go(tmp_path: Path) -> None:
    make = Maker()
    for number in range(KEPT + 3):
        keep(tmp_path, make, str(number))
        for path in tmp_path.iterdir():
            os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 10))
    assert len(list(tmp_path.iterdir())) == KEPT
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    names = (
        f"numbers-1.{os.getppid()}-a",
        f"numbers-1.{os.getppid()}-b",
        f"numbers-1.{gone.pid}-c",
        "letters-1.json",
    )
    fresh, stale, dead, foreign = (tmp_path / name for name in names)
    for path in (fresh, stale, dead, foreign):
        path.write_text("half")
    os.utime(stale, (0, time.time() - 2 * 3600))
    keep(tmp_path, make, "one more")
    assert fresh.exists()
    assert foreign.exists()
    assert not stale.exists()
    assert not dead.exists()


_WRITER = """
import sys
from pathlib import Path
from intents.kept import kept
while True:
    for key in ("one", "two"):
        value = {key: list(range(20000))}
        assert kept(Path(sys.argv[1]), "numbers", key, dict[str, list[int]], lambda: value) == value
        for path in Path(sys.argv[1]).glob("*.json"):
            path.unlink(missing_ok=True)
    print("round", flush=True)
"""


def _numbers(key: str) -> dict[str, list[int]]:
    return {key: list(range(20000))}


def test_writers_that_race_and_are_killed_leave_nothing_that_is_read_as_whole(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _WRITER, str(tmp_path)]
    writers = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    try:
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"round\n", writer.stderr and writer.stderr.read()
        for key in ("one", "two") * 20:
            assert keep(tmp_path, partial(_numbers, key), key) == _numbers(key)
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()
    for key in ("one", "two"):
        assert keep(tmp_path, partial(_numbers, key), key) == _numbers(key)


def test_a_matcher_that_reads_what_was_kept_decides_the_same(catalogue: Catalogue, tmp_path: Path) -> None:
    texts = [text for text, _, _ in MISHEARD]
    expected = [Matcher(catalogue).match(text) for text in texts[:1]]
    first, second = (Matcher(catalogue, cache_dir=tmp_path) for _ in range(2))
    assert [file.name.split("-")[0] for file in tmp_path.iterdir()] == ["likeness"]
    assert [first.match(text) for text in texts[:1]] == expected
    assert [second.match(text) for text in texts] == [first.match(text) for text in texts]
    assert load_catalogue().version == catalogue.version
