"""`pennyworth models`: Vosk models to be had, fetched, verified and removed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from assistant.cli.exits import NOT_SO
from assistant.cli.options import Settings, console, data_dir, global_options, json_option
from assistant.errors import RecognitionError
from assistant.recognition.install import fetch, remove, verify
from assistant.recognition.models import SYSTEM_MODELS, find_vosk_model, is_model
from assistant.recognition.registry import load_registry

if TYPE_CHECKING:
    from assistant.config import Config


@click.group(name="models")
def command() -> None:
    """Vosk models: with one, you are understood better. PocketSphinx needs none."""


@command.command(name="list")
@json_option
@global_options
@click.pass_obj
def list_(settings: Settings, /, as_json: bool) -> None:
    """List the models that can be fetched, those that are here, and the one that is used."""
    used = used_model(settings.load())
    registry = load_registry()
    here = {path.name: path for path in _installed()}
    if used is not None:
        here[used.name] = used
    rows: list[dict[str, Any]] = [
        {
            "name": model.name,
            "language": model.language,
            "megabytes": model.megabytes,
            "licence": model.licence,
            "sha256": model.sha256 or None,
            "sha256_source": model.source or None,
            "about": model.about,
            "folder": str(here[model.name]) if model.name in here else None,
            "used": used is not None and used.name == model.name,
        }
        for model in registry.models
    ]
    known = {model.name for model in registry.models}
    rows += [
        {"name": name, "folder": str(path), "used": path == used, "about": "not of the list"}
        for name, path in sorted(here.items())
        if name not in known
    ]
    if as_json:
        click.echo(json.dumps({"models": rows, "folder": str(_folder())}, indent=2))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    table.add_column("model", min_width=28)
    for name in ("language", "MB", "licence", "SHA-256"):
        table.add_column(name, justify="right" if name == "MB" else "left", no_wrap=True)
    for row in rows:
        table.add_row(
            "used" if row["used"] else "here" if row["folder"] else "",
            f"{row['name']}\n[dim]{escape(row['about'])}[/dim]",
            row.get("language", ""),
            str(row.get("megabytes", "")),
            row.get("licence", ""),
            "a third party's" if row.get("sha256") else "not published",
        )
    out = console()
    out.print(table)
    pinned = "; ".join(
        f"that of {model.name} is from {model.source}" for model in registry.models if model.sha256
    )
    out.print(f"\nAlpha Cephei publishes no SHA-256; {pinned}.", soft_wrap=True)
    out.print(
        f"Models are kept in {_folder()}. `pennyworth models fetch` brings the first one.", soft_wrap=True
    )


@command.command(name="fetch")
@click.argument("name", required=False)
@click.option("--from", "source", help="Another address (https), or an archive on this machine.")
@click.option("--again", is_flag=True, help="Replace a model that is there.")
@global_options
@click.pass_obj
def fetch_(settings: Settings, /, name: str | None, source: str | None, again: bool) -> None:  # noqa: ARG001
    """Download the model NAME (or that of a language; default: small American English), check it and install it.

    An interrupted download is gone on with. This is the only command that opens a network connection.
    """
    registry = load_registry()
    model = None if source and name is None else registry.find(name or registry.models[0].name)
    address = source or registry.address(model or registry.models[0])
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console(stderr=True),
    )
    with bar:
        ticker = bar.add_task(Path(address).name, total=None)
        fetched = fetch(
            address,
            _folder(),
            model=model,
            again=again,
            progress=lambda done, total: bar.update(ticker, completed=done, total=total),
        )
    out = console()
    out.print(
        f"{fetched.folder} is installed, and is used from now on where the engine is auto.", soft_wrap=True
    )
    if fetched.checked and model:
        out.print(
            f"Its SHA-256 is the one from {model.source}; Alpha Cephei, who publishes the model, gives none.",
            soft_wrap=True,
        )
    else:
        out.print(
            f"No SHA-256 is published for it: only the archive's own checksums were compared. It is {fetched.sha256}.",
            soft_wrap=True,
        )


@command.command(name="verify")
@click.argument("names", nargs=-1)
@global_options
@click.pass_obj
def verify_(settings: Settings, /, names: tuple[str, ...]) -> int:
    """Compare every file of a model with what was installed, and load it once. Default: all models that are here."""
    used = used_model(settings.load())
    folders = [_folder() / name for name in names] or _installed()
    if not names and used is not None and used not in folders:
        folders.append(used)
    out = console()
    if not folders:
        out.print("There is no model here. `pennyworth models fetch` brings one.")
        return NOT_SO
    well = True
    for folder in folders:
        try:
            out.print(f"{folder}: well; {verify(folder, folder=_folder())}", markup=False, soft_wrap=True)
        except RecognitionError as error:
            well = False
            out.print(f"{folder}: {error}", markup=False, soft_wrap=True)
    return 0 if well else NOT_SO


@command.command(name="remove")
@click.argument("name")
@global_options
def remove_(name: str) -> None:
    """Remove the model NAME from this machine."""
    remove(name, _folder())
    console().print(f"{name} is removed.")


def _folder() -> Path:
    return data_dir() / "models"


def _installed() -> list[Path]:
    folder = _folder()
    return sorted(path for path in folder.glob("vosk-model-*") if is_model(path)) if folder.is_dir() else []


def used_model(config: Config) -> Path | None:
    """The model that the configuration comes to; None where there is none."""
    configured = config.recognition.vosk_model
    return find_vosk_model(
        Path(configured).expanduser() if configured else None,
        environ=os.environ,
        data_dir=data_dir(),
        home=Path.home(),
        system=Path(SYSTEM_MODELS),
        language=config.language,
    )
