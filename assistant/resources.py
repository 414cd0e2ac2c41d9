"""Where the files that travel with the program are: inside an installed wheel, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = _PACKAGE / "_data"


def configs_dir() -> Path:
    """The folder of the bundled configuration: pennyworth.toml, profiles, pricing, partners, replies."""
    installed = _INSTALLED / "configs"
    return installed if installed.is_dir() else _PACKAGE.parent / "configs"


def household_dir() -> Path:
    """The folder of the bundled week: cases.jsonl and its recordings."""
    installed = _INSTALLED / "household"
    return installed if installed.is_dir() else _PACKAGE.parent / "tests" / "audio" / "household"
