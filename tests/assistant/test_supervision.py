"""What systemd is told, over a real socket."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from assistant.supervision import Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["file", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """The address that a service is given, and the socket behind it."""
    name = f"pennyworth-test-{os.getpid()}"
    address, bound = (
        (str(tmp_path / "s"), str(tmp_path / "s")) if request.param == "file" else (f"@{name}", f"\0{name}")
    )
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(bound)
        channel.settimeout(5)
        yield address, channel


def told(channel: socket.socket) -> list[str]:
    """Everything that has been told so far."""
    channel.setblocking(False)
    messages = []
    while True:
        try:
            messages.append(channel.recv(4096).decode())
        except BlockingIOError:
            return messages


def test_readiness_life_and_the_end_are_told(manager: tuple[str, socket.socket]) -> None:
    address, channel = manager
    supervisor = Supervisor(
        {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1", "WATCHDOG_PID": str(os.getpid())}
    )
    supervisor.ready("listening")
    assert list(supervisor.overseeing("ab")) == ["a", "b"]
    supervisor.stopping()
    assert told(channel) == [
        "READY=1\nSTATUS=listening\nWATCHDOG=1",
        "WATCHDOG=1",
        "WATCHDOG=1",
        "STOPPING=1",
    ]


def test_life_is_told_no_more_often_than_it_must(manager: tuple[str, socket.socket]) -> None:
    address, channel = manager
    supervisor = Supervisor({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": str(3_600_000_000)})
    assert list(supervisor.overseeing(range(1000)))
    assert told(channel) == ["WATCHDOG=1"]


def test_a_watchdog_for_another_process_is_not_ours(manager: tuple[str, socket.socket]) -> None:
    address, channel = manager
    supervisor = Supervisor({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"})
    supervisor.alive()
    assert told(channel) == []


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": "/nowhere/at/all", "WATCHDOG_USEC": "no number"}])
def test_without_a_manager_nothing_happens(environ: dict[str, str]) -> None:
    supervisor = Supervisor(environ)
    supervisor.ready("listening")
    assert list(supervisor.overseeing([1])) == [1]
    supervisor.stopping()
