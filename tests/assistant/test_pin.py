"""A PIN is heard in any usual way, kept as a hash, and never written down."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from assistant.dialogue.pin import Pin, may_hold_pin, pin_phrases, read_pin, spoken_digits, write_pin
from assistant.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "text",
    [
        *(
            "one two three four",
            "1234",
            "12 34",
            "1-2-3-4",
            "twelve thirty four",
            "My PIN is one two three four.",
        ),
        *("one twenty three four", "it's twelve thirty-four"),
    ],
)
def test_the_same_digits_in_many_ways(text: str) -> None:
    assert spoken_digits(text, "en") == "1234"


def test_zeros_and_doubles() -> None:
    assert spoken_digits("double oh seven three", "en") == "0073"
    assert spoken_digits("twelve hundred", "en") == "1200"
    assert spoken_digits("triple five zero", "en") == "5550"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yes",
        "make it two",
        "one two three four no",
        "not one two three four",
        "double",
        "hundred",
        "1234 pizzas",
    ],
)
def test_anything_else_said_with_them_is_no_pin(text: str) -> None:
    assert spoken_digits(text, "en") == ""


def test_a_pin_that_comes_at_the_wrong_moment_is_noticed() -> None:
    assert may_hold_pin("yes my pin is one two three four thank you", "en")
    assert may_hold_pin("4711", "en")
    assert not may_hold_pin("two large pizzas and one small one", "en")


def test_only_a_salted_hash_is_kept(tmp_path: Path) -> None:
    pin, path = Pin.of("4711"), tmp_path / "folder" / "pin"
    write_pin(pin, path)
    assert read_pin(path) == pin
    assert b"4711" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["pin"]
    assert pin.fits("4711")
    assert not pin.fits("4712")
    assert not pin.fits("")
    assert Pin.of("4711").digest != pin.digest


@pytest.mark.parametrize("digits", ["", "123", "1" * 13, "12a4", "١٢٣٤", "12 34"])
def test_what_is_no_pin_is_refused(digits: str) -> None:
    with pytest.raises(ConfigError, match="4 to 12 digits"):
        Pin.of(digits)


@pytest.mark.parametrize("text", ["", "scrypt", "scrypt 00 00", "plain 4711 4711", "scrypt zz zz", "\xff"])
def test_a_damaged_pin_is_never_taken_for_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pin"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ConfigError, match="pennyworth pin set"):
        read_pin(path)


def test_the_recogniser_is_told_of_every_digit() -> None:
    words = {word for phrase in pin_phrases("en") for word in phrase.split()}
    assert {"zero", "oh", "nine", "twelve", "thirty"} <= words
    assert all(spoken_digits(phrase, "en") for phrase in pin_phrases("en"))
