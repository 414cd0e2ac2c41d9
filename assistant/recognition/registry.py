"""Published Vosk models: what there is to fetch, of which language, size and licence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec

from assistant.config import load_strict
from assistant.errors import ConfigError
from assistant.resources import configs_dir

Name = Annotated[str, msgspec.Meta(pattern=r"^vosk-model-[A-Za-z0-9._-]+$")]


@dataclass(frozen=True, kw_only=True)
class PublishedModel:
    """A model that can be fetched."""

    name: Name
    """Name of the archive without its ending, and of the folder in it."""
    language: Annotated[str, msgspec.Meta(pattern="^[a-z]{2}$")]
    """ISO 639-1."""
    megabytes: Annotated[int, msgspec.Meta(gt=0)]
    """Size of the archive as published, in units of 10^6 bytes, about."""
    licence: Annotated[str, msgspec.Meta(min_length=1)]
    """SPDX identifier."""
    sha256: Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{64})?$")]
    """Of the archive; empty where nobody is known to have published one."""
    source: str
    """Who published the SHA-256: a third party, since Alpha Cephei gives none."""
    about: str
    """What it is good for."""


@dataclass(frozen=True, kw_only=True)
class Registry:
    """Every model that is known, the default first."""

    base: str
    """Address that archives' names follow on."""
    models: list[PublishedModel]
    """At least one."""

    def find(self, name: str) -> PublishedModel:
        """A model by its name, or the first of a language; ConfigError naming all there are."""
        for model in self.models:
            if name in (model.name, model.language):
                return model
        known = ", ".join(model.name for model in self.models)
        raise ConfigError(
            f"there is no model {name!r} in the list; there are: {known}. "
            "Fetch another one by its address with --from"
        )

    def address(self, model: PublishedModel) -> str:
        """Where its archive is."""
        return f"{self.base}{model.name}.zip"


def load_registry() -> Registry:
    """The bundled list."""
    return load_strict(configs_dir() / "models.toml", Registry)
