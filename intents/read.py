"""Where definitions come from: the ones in the package, or files of the user's."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files as resource_files
from typing import TYPE_CHECKING

from intents.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.resources.abc import Traversable
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Source:
    """One definition file."""

    name: str
    """What error messages call it: a path, or its place below the bundled language."""
    text: str
    """The whole file."""


def languages() -> list[str]:
    """Codes of the bundled languages, sorted."""
    return sorted(
        entry.name for entry in _root().iterdir() if entry.is_dir() and not entry.name.startswith((".", "_"))
    )


def bundled(language: str) -> list[Source]:
    """The bundled files of `language`, lists included, by name. Raises `DefinitionError` for an unknown language."""
    # Compared by name, never joined to a path: the code may come from a configuration file.
    if language not in languages():
        raise DefinitionError(
            f"language {language!r}: there are no definitions for it; the languages are {', '.join(languages())}. "
            "Choose one of them, or name definition files of your own"
        )
    return [
        _read(name, entry) for name, entry in sorted(_files(_root() / language, ""), key=lambda pair: pair[0])
    ]


def read_files(paths: Iterable[Path]) -> list[Source]:
    """The given files, in the given order. Raises `DefinitionError` for one that cannot be read."""
    return [_read(str(path), path) for path in paths]


def _root() -> Traversable:
    return resource_files("intents") / "definitions"


def _files(folder: Traversable, prefix: str) -> Iterable[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".yaml"):
            yield f"{prefix}{entry.name}", entry


def _read(name: str, entry: Traversable) -> Source:
    try:
        return Source(name=name, text=entry.read_text(encoding="utf-8"))
    except OSError as error:
        raise DefinitionError(
            f"{name}: cannot be read ({error.strerror}); name a YAML file that exists and that you may read"
        ) from error
    except UnicodeDecodeError as error:
        raise DefinitionError(f"{name}: is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
