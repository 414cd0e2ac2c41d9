"""`pennyworth pin` from setting it to ordering with it: nothing of it is ever shown or written down."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from tests.assistant.test_cli import document, pennyworth

if TYPE_CHECKING:
    from pathlib import Path

# Twelve digits, which nothing else in a database or a hash holds by chance.
SPOKEN = "forty seven eleven oh eight fifteen ninety two sixty three"
ORDER = ("say", "--json", "order a large ham pizza", "yes")


def outcomes(folder: Path, *said: str) -> list[str]:
    run = pennyworth(folder, "--db", folder / "log.db", *ORDER, *said)
    return [it["outcome"] for it in document(run)["interactions"]]


def test_a_pin_is_set_asked_for_and_removed(tmp_path: Path) -> None:
    kept = tmp_path / "home" / ".config" / "pennyworth" / "pin"
    assert pennyworth(tmp_path, "pin", "status").stdout == "No PIN is asked for.\n"
    made = pennyworth(tmp_path, "pin", "set", input="471108159263\n")
    assert (made.returncode, made.stdout) == (0, "")
    assert str(kept) in made.stderr
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert pennyworth(tmp_path, "pin", "status").stdout == f"A PIN is asked for ({kept}).\n"
    assert outcomes(tmp_path) == ["asked", "asked"]
    assert outcomes(tmp_path, "471108159264", SPOKEN) == ["asked", "asked", "rejected", "ordered"]
    everything = made.stderr.encode() + b"".join(
        path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()
    )
    assert not [
        words for words in (b"471108159263", b"471108159264", b"eight fifteen") if words in everything
    ]
    assert "without a PIN" in pennyworth(tmp_path, "pin", "remove").stderr
    assert pennyworth(tmp_path, "pin", "remove").stderr == "There was no PIN.\n"
    # Another pizza, or it would be asked whether to order the same once more.
    run = pennyworth(tmp_path, "--db", tmp_path / "log.db", "say", "--json", "order a small ham pizza", "yes")
    assert [it["outcome"] for it in document(run)["interactions"]] == ["asked", "ordered"]


def test_what_is_no_pin_changes_nothing(tmp_path: Path) -> None:
    assert pennyworth(tmp_path, "pin", "set", input="471108159263\n").returncode == 0
    kept = tmp_path / "home" / ".config" / "pennyworth" / "pin"
    before = kept.read_bytes()
    for wrong in ("123\n", "pizza\n", "\n", "1234567890123\n"):
        run = pennyworth(tmp_path, "pin", "set", input=wrong)
        assert run.returncode == 2
        assert "4 to 12 digits" in run.stderr
        assert wrong == "\n" or wrong.strip() not in run.stderr
        assert kept.read_bytes() == before


def test_a_damaged_pin_orders_nothing(tmp_path: Path) -> None:
    assert pennyworth(tmp_path, "pin", "set", input="471108159263\n").returncode == 0
    (tmp_path / "home" / ".config" / "pennyworth" / "pin").write_text("scrypt\n", encoding="ascii")
    run = pennyworth(tmp_path, "--db", tmp_path / "log.db", *ORDER)
    assert run.returncode == 2
    assert "damaged" in run.stderr
    assert "pennyworth pin set" in run.stderr
