"""The systemd unit with which the assistant listens from the start of the machine, and what it was made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

UNIT: Final = "pennyworth.service"

WATCHDOG_S: Final = 90
"""Seconds without a sign of life after which it is started again: the longest utterance takes less to recognise."""

_OPTIONS: Final = "# options: "


@dataclass(frozen=True, kw_only=True)
class ServiceOptions:
    """What `listen` is started with."""

    profiles: tuple[str, ...] = ()
    engine: str | None = None
    lang: str | None = None
    config: str | None = None
    """Absolute path, or none for the user's own."""
    db: str | None = None
    """Likewise."""

    def arguments(self) -> list[str]:
        """The command line behind `pennyworth`."""
        pairs = [
            *(("--profile", profile) for profile in self.profiles),
            ("--engine", self.engine),
            ("--lang", self.lang),
            ("--config", self.config),
            ("--db", self.db),
        ]
        return ["listen", *(word for name, value in pairs if value is not None for word in (name, value))]


def unit_text(options: ServiceOptions, *, python: str, writable: Sequence[Path]) -> str:
    """The unit file. `python` is the interpreter; it may write to the folders `writable` alone, which must exist.

    What it prints, which is what was said, goes nowhere: it is in the log, and must not be in the journal when it is
    forgotten there. It may open no network connection. Sandboxing of a user's service needs user namespaces, which
    Debian and Raspberry Pi OS have switched on (systemd.exec(5)).
    """
    # By way of env, since systemd does not start a program in whose path there are quotes or dollars.
    words = ["/usr/bin/env", python, "-P", "-m", "assistant.cli", *options.arguments()]
    # Elsewhere a dollar stands for itself.
    command = " ".join(_quoted(word).replace("$", "$$") for word in words)
    folders = " ".join(_quoted(str(folder)) for folder in writable)
    return f"""\
# Written by `pennyworth service install`, which replaces it; changes belong into `systemctl --user edit pennyworth`.
{_OPTIONS}{msgspec.json.encode(options).decode()}

[Unit]
Description=Pennyworth, a voice assistant that keeps the books
After=pipewire.service pipewire-pulse.service wireplumber.service pulseaudio.service
# A microphone may be away for as long as it likes.
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={command}
# At its first start a small machine works for minutes on the recogniser's language.
TimeoutStartSec=600
TimeoutStopSec=20
WatchdogSec={WATCHDOG_S}
Restart=on-failure
RestartSec=5
# Settings that are wrong stay wrong.
RestartPreventExitStatus=2

StandardOutput=null
StandardError=journal
SyslogIdentifier=pennyworth

RuntimeDirectory=pennyworth
RuntimeDirectoryMode=0700
# Where the library of the pins keeps its pipes.
Environment=LG_WD=%t/pennyworth

MemoryHigh=60%
MemoryMax=75%
TasksMax=128
LimitNOFILE=1024
CPUWeight=200
UMask=0077

NoNewPrivileges=yes
PrivateUsers=yes
PrivateTmp=yes
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths={folders}
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectHostname=yes
ProtectProc=invisible
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
# Sockets of this machine alone: the sound server's, and systemd's. Nothing that is heard can leave it.
RestrictAddressFamilies=AF_UNIX
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=default.target
"""


def options_of(text: str) -> ServiceOptions | None:
    """What a unit file was made of; None where it is not one of ours."""
    line = next((line for line in text.splitlines() if line.startswith(_OPTIONS)), None)
    if line is None:
        return None
    try:
        return msgspec.json.decode(line.removeprefix(_OPTIONS), type=ServiceOptions)
    except msgspec.DecodeError:
        return None


UDEV_RULES: Final = """\
# Written by `pennyworth service udev`. Put it into /etc/udev/rules.d/70-pennyworth.rules, then
# `sudo udevadm control --reload && sudo udevadm trigger`.
# A microphone that is plugged in starts the service, should it not run.
SUBSYSTEM=="sound", ACTION=="add", KERNEL=="card*", TAG+="systemd", ENV{SYSTEMD_USER_WANTS}+="pennyworth.service"
# Lights and buttons for the groups gpio and spi, as Raspberry Pi OS has it already and plain Debian has not.
SUBSYSTEM=="gpio", KERNEL=="gpiochip*", GROUP="gpio", MODE="0660"
SUBSYSTEM=="spidev", KERNEL=="spidev*", GROUP="spi", MODE="0660"
"""


def _quoted(word: str) -> str:
    """A word as systemd reads it: `%` stands for itself, and blanks part nothing. systemd.syntax(7)."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return (
        f'"{escaped}"' if escaped != word or not word or any(c.isspace() or c in "';" for c in word) else word
    )
