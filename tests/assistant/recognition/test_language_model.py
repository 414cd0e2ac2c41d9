"""Building and keeping the n-gram."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from assistant.errors import RecognitionError
from assistant.recognition.language_model import LanguageFiles, arpa_text, language_files, weighted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DICTIONARY = "order AO R D ER\npizza P IY T S AH\nthe DH AH\nthe(2) DH IY\nyes Y EH S\nzebra Z IY B R AH\n"
PHRASES = ("order the pizza", "yes", "order calzone")


@pytest.fixture
def bundled(tmp_path: Path) -> Path:
    """A small dictionary in place of the library's."""
    path = tmp_path / "bundled.dict"
    path.write_text(DICTIONARY, encoding="utf-8")
    return path


def made(bundled: Path, phrases: Sequence[str] = PHRASES, version: str = "1") -> LanguageFiles:
    """The files in a folder beside the dictionary."""
    return language_files(phrases, bundled.parent / "cache", bundled_dictionary=bundled, version=version)


def test_the_dictionary_holds_every_pronunciation_of_the_words_used_and_no_other(bundled: Path) -> None:
    files = made(bundled)
    assert files.unknown == ("calzone",)
    assert files.dictionary.read_text(encoding="utf-8") == DICTIONARY.replace("zebra Z IY B R AH\n", "")
    assert "calzone" not in files.arpa.read_text(encoding="utf-8")


def test_a_second_time_nothing_is_built(bundled: Path) -> None:
    first = made(bundled)
    # Without the bundled dictionary nothing can be.
    bundled.unlink()
    assert made(bundled) == first


def test_other_phrases_their_order_and_another_version_are_kept_apart(bundled: Path) -> None:
    variants = [
        made(bundled),
        made(bundled, PHRASES[::-1]),
        made(bundled, ["yes"]),
        made(bundled, PHRASES, version="2"),
        made(bundled, ["order the", "pizza", "yes", "order calzone"]),
    ]
    assert len({files.arpa for files in variants}) == len(variants)


@pytest.mark.parametrize("damage", ["cut", "empty", "gone", "other"])
@pytest.mark.parametrize("suffix", [".arpa", ".dict", ".json"])
def test_a_damaged_cache_is_built_anew(bundled: Path, suffix: str, damage: str) -> None:
    files = made(bundled)
    whole = {path.name: path.read_bytes() for path in files.arpa.parent.iterdir()}
    path = files.arpa.with_suffix(suffix)
    data = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes({"cut": data[: len(data) // 2], "empty": b"", "other": b"\xff[1]"}[damage])
    assert made(bundled) == files
    assert {path.name: path.read_bytes() for path in files.arpa.parent.iterdir()} == whole


@pytest.mark.parametrize(
    "manifest", ["[]", "{}", "null", '{"sha256": 1, "unknown": []}', '{"sha256": {}, "unknown": 1}']
)
def test_a_manifest_of_another_shape_is_no_manifest(bundled: Path, manifest: str) -> None:
    files = made(bundled)
    path = files.arpa.with_suffix(".json")
    right = path.read_text(encoding="utf-8")
    path.write_text(manifest, encoding="utf-8")
    assert made(bundled) == files
    assert path.read_text(encoding="utf-8") == right


def test_many_at_once_leave_one_whole_set(bundled: Path) -> None:
    results: list[LanguageFiles] = []
    threads = [threading.Thread(target=lambda: results.append(made(bundled))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert len(set(results)) == 1
    assert len(list(results[0].arpa.parent.iterdir())) == 3


def test_a_folder_that_cannot_be_written_is_an_error(bundled: Path) -> None:
    (bundled.parent / "cache").write_text("a file", encoding="utf-8")
    with pytest.raises(RecognitionError, match=r"cannot be written to .*cache"):
        made(bundled)


def test_a_phrase_that_comes_often_weighs_more() -> None:
    def likelihood(phrases: list[str]) -> float:
        line = next(line for line in arpa_text(phrases).splitlines() if " <s> yes " in line)
        return float(line.split()[0])

    assert likelihood(["yes"] * 5 + ["order"]) > likelihood(["yes", "order"])


def test_brackets_in_a_phrase_are_words_that_nobody_knows(bundled: Path) -> None:
    # The library's reader would take the end of such a line for a file name and drop it.
    assert made(bundled, ["yes", "order (pizza)"]).unknown == ("(pizza)",)


def test_short_phrases_are_repeated_until_they_are_a_tenth_of_all() -> None:
    long = [f"order {number} large pizzas please" for number in range(95)]
    result = weighted([*long, "yes", "no", "turn it up", "turn it down", "stop the music"])
    assert result.count("yes") == result.count("no") == 5
    assert result.count("turn it up") == 4
    assert [phrase for phrase in result if phrase in long] == long
    assert weighted(["yes"]) == ["yes"]
    assert weighted([]) == []
