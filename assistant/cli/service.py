"""`pennyworth service`: listen from the time the machine starts, as a service of the user's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import click
import platformdirs

from assistant.cli.exits import NOT_SO
from assistant.cli.hear import with_engine
from assistant.cli.options import Settings, cache_dir, console, global_options, json_option
from assistant.doctor.findings import Finding
from assistant.errors import PennyworthError
from assistant.files import write_whole
from assistant.service import UDEV_RULES, UNIT, ServiceOptions, options_of, unit_text

_MANAGER_S: Final = 60.0
"""Seconds that systemd may take for what it is told; it does not wait for the start."""
_SHOWN: Final = ("ActiveState", "SubState", "NRestarts", "MainPID", "StatusText", "Result")


class ServiceError(PennyworthError):
    """systemd is not there, or refuses."""

    exit_code = 3


@click.group(name="service")
def command() -> None:
    """Listen from the time the machine starts, as a systemd service of your own (no root needed)."""


@command.command(name="install")
@click.option("--profile", "profiles", multiple=True, help="As for `listen` (may be repeated).")
@click.option("--engine", type=click.Choice(["auto", "vosk", "pocketsphinx"]), help="As for `listen`.")
@click.option("--print", "prints", is_flag=True, help="Only print the unit; write and start nothing.")
@click.option(
    "--start/--no-start", "starts", default=True, help="Start it now, and at every log-in (default)."
)
@global_options
@click.pass_obj
def install(
    settings: Settings, /, profiles: tuple[str, ...], engine: str | None, prints: bool, starts: bool
) -> int:
    """Write the unit, and start it. To be done again after the program has moved.

    Global options such as --db and --config are those that it listens with.
    """
    # What `listen` would refuse is refused now.
    with_engine(settings.load(profiles), engine)
    options = ServiceOptions(
        profiles=profiles,
        engine=engine,
        lang=settings.lang,
        config=_absolute(settings.config),
        db=_absolute(settings.db),
    )
    if prints:
        click.echo(_unit(options), nl=False)
        return 0
    write_unit(options)
    out = console()
    out.print(f"{unit_path()} is written.", soft_wrap=True)
    _manage("daemon-reload")
    if starts:
        _manage("enable", UNIT)
        _manage("restart", "--no-block", UNIT)
        out.print(
            "It is starting; `pennyworth service status` says how it is, `journalctl --user -u pennyworth` more."
        )
    out.print(
        "To have it listen before anybody logs in: sudo loginctl enable-linger $USER\n"
        "To have a microphone that is plugged in start it: pennyworth service udev",
        soft_wrap=True,
    )
    return 0


@command.command(name="uninstall")
@global_options
def uninstall() -> int:
    """Stop it, and remove the unit. Log and configuration stay."""
    path = unit_path()
    if not path.exists():
        console().print("No service is installed.")
        return 0
    _manage("disable", "--now", UNIT)
    path.unlink()
    _manage("daemon-reload")
    console().print(f"{path} is removed.", soft_wrap=True)
    return 0


@command.command(name="status")
@json_option
@global_options
def status(as_json: bool) -> int:
    """Say whether it is installed, fits this program, and runs; exits with 1 when it does not run."""
    path = unit_path()
    shown: dict[str, Any] = {"installed": path.exists(), "unit": str(path), "fits": None, "active": False}
    if path.exists():
        shown["fits"] = fits(path.read_text(encoding="utf-8"))
        answer = _manage("show", UNIT, f"--property={','.join(_SHOWN)}")
        values = dict(line.partition("=")[::2] for line in answer.splitlines())
        shown["active"] = values.get("ActiveState") == "active"
        shown |= {
            "state": f"{values.get('ActiveState', '?')} ({values.get('SubState', '?')})",
            "result": values.get("Result"),
            "restarts": int(values.get("NRestarts") or 0),
            "pid": int(values.get("MainPID") or 0) or None,
            "says": values.get("StatusText") or None,
        }
    if as_json:
        click.echo(json.dumps(shown, indent=2))
    elif not shown["installed"]:
        click.echo("No service is installed: `pennyworth service install`.")
    else:
        says = f"; {shown['says']}" if shown["says"] else ""
        click.echo(f"{shown['state']}, started again {shown['restarts']} times{says}")
        if not shown["fits"]:
            click.echo(
                "It is of another installation of this program: `pennyworth service install` replaces it."
            )
        if not shown["active"]:
            click.echo("Why: journalctl --user -u pennyworth -n 20")
    return 0 if shown["active"] else NOT_SO


@command.command(name="udev")
@global_options
def udev() -> None:
    """Print rules that start the service when a microphone is plugged in, and open pins to their groups."""
    click.echo(UDEV_RULES, nl=False)


def unit_path() -> Path:
    """Where the unit is, or would be."""
    # Not platformdirs' folder of this program: systemd has a place of its own.
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "systemd" / "user" / UNIT


def fits(text: str) -> bool:
    """Whether a unit is what this program would write for the same options."""
    options = options_of(text)
    return options is not None and text == _unit(options)


def service_finding() -> Finding:
    """Whether the installed unit fits this program, for the doctor."""
    path = unit_path()
    if fits(path.read_text(encoding="utf-8")):
        return Finding(name="service", verdict="well", what=f"{path} fits this program")
    return Finding(
        name="service",
        verdict="wrong",
        what=f"{path} is of another installation of this program, or was changed by hand",
        advice="`pennyworth doctor --fix` or `pennyworth service install` writes it anew",
        mend="service",
    )


def mend_service() -> str:
    """Write the unit anew with the options it has; what was done."""
    path = unit_path()
    options = options_of(path.read_text(encoding="utf-8"))
    if options is None:
        return f"{path} does not say what it was made of: run `pennyworth service install` with your options"
    write_unit(options)
    try:
        _manage("daemon-reload")
    except ServiceError as error:
        return f"{path} is written anew, but: {error}"
    return f"{path} is written anew; `systemctl --user restart pennyworth` takes it up"


def write_unit(options: ServiceOptions) -> None:
    """Put the unit into its place, whole or not at all, and make the folders that it may write to."""
    for folder in _writable(options):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = unit_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, _unit(options).encode())


def _unit(options: ServiceOptions) -> str:
    return unit_text(options, python=sys.executable, writable=_writable(options))


def _writable(options: ServiceOptions) -> list[Path]:
    data = Path(options.db).parent if options.db else None
    own = platformdirs.user_data_path("pennyworth")
    return list(dict.fromkeys([own, cache_dir(), *([data] if data else [])]))


def _absolute(path: Path | None) -> str | None:
    return None if path is None else str(path.absolute())


def _manage(*words: str) -> str:
    """What systemd answers; ServiceError, with what it says, where it refuses or is not there."""
    try:
        done = subprocess.run(  # noqa: S603 — words of ours
            ["systemctl", "--user", *words],  # noqa: S607 — wherever the system has it
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_MANAGER_S,
        )
    except FileNotFoundError:
        raise ServiceError(
            "there is no systemd on this machine; let its service manager run `pennyworth listen`"
        ) from None
    except subprocess.TimeoutExpired:
        raise ServiceError(f"systemd did not answer `{words[0]}` within {_MANAGER_S:.0f} s") from None
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        raise ServiceError(
            f"systemd refuses `systemctl --user {' '.join(words)}`: {said}; do this as the user who is to be heard, "
            "logged in (not by `sudo` or `su`)"
        )
    return done.stdout
