"""Options that every command has, before or after its name, and the one for JSON."""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
import platformdirs
from click.core import ParameterSource
from rich.console import Console

from assistant.config import Config, load_config

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

F = TypeVar("F", bound="Callable[..., Any]")


@dataclass(kw_only=True)
class Settings:
    """What the global options came to; filled while click parses."""

    db: Path | None = None
    config: Path | None = None
    lang: str | None = None
    verbosity: int = 0

    @property
    def db_path(self) -> Path:
        """The log: --db, or PENNYWORTH_DB, or the user's own."""
        return self.db or data_dir() / "pennyworth.db"

    def load(self, profiles: Sequence[str] = ()) -> Config:
        """The configuration; the user's own file is read when there is one."""
        own = platformdirs.user_config_path("pennyworth") / "pennyworth.toml"
        return load_config(
            user_file=self.config or (own if own.exists() else None), profiles=profiles, language=self.lang
        )


no_adapt_option: Final = click.option(
    "--no-adapt", is_flag=True, help="PocketSphinx's model as it is, not as `adapt` adapted it."
)
json_option: Final = click.option(
    "--json", "as_json", is_flag=True, help="One JSON document on standard output."
)


def data_dir() -> Path:
    """The user's data folder: the log, and Vosk models under `models`."""
    return platformdirs.user_data_path("pennyworth")


def cache_dir() -> Path:
    """The user's cache folder: what can be made again."""
    return platformdirs.user_cache_path("pennyworth")


def console(*, stderr: bool = False) -> Console:
    """The terminal; as wide as it is, 100 columns when it is none."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else 100
    return Console(stderr=stderr, highlight=False, width=width)


def global_options(function: F) -> F:
    """Add --db, --config, --lang and -v; what they say is kept in the context's `Settings`."""
    path = click.Path(path_type=Path)
    for option in (
        click.option(
            "-v",
            "--verbose",
            "verbosity",
            count=True,
            expose_value=False,
            callback=_remember,
            help="Say more (-vv: all).",
        ),
        click.option(
            "--lang", expose_value=False, callback=_remember, help="Language of commands and replies."
        ),
        click.option(
            "--config",
            type=path,
            expose_value=False,
            callback=_remember,
            help="Configuration file of your own.",
        ),
        click.option(
            "--db",
            type=path,
            envvar="PENNYWORTH_DB",
            expose_value=False,
            callback=_remember,
            help="The log (default: in your data folder; or PENNYWORTH_DB).",
        ),
    ):
        function = option(function)
    return function


def _remember(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    settings = ctx.ensure_object(Settings)
    # The environment must not win over what was given before the command's name.
    from_environment = ctx.get_parameter_source(str(parameter.name)) is ParameterSource.ENVIRONMENT
    if value and not (from_environment and settings.db):
        setattr(settings, str(parameter.name), value)
    if parameter.name == "verbosity":
        _configure_logging(settings.verbosity)


def _configure_logging(verbosity: int) -> None:
    level = {0: logging.WARNING, 1: logging.INFO}.get(verbosity, logging.DEBUG)
    logging.basicConfig(level=level, format="pennyworth: %(message)s", force=True)
