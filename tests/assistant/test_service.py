"""The service: its unit as systemd judges it, what `pennyworth service` does, and what systemd is told by `listen`."""

from __future__ import annotations

import ctypes.util
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from assistant.audiotest.cases import load_cases
from assistant.cli.main import command
from assistant.cli.service import unit_path, write_unit
from assistant.config import bundled_names
from assistant.resources import household_dir
from assistant.service import UNIT, WATCHDOG_S, ServiceOptions, options_of, unit_text
from assistant.store.store import Store
from tests.hardware.virtual_microphone import missing_parts, virtual_microphone

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., subprocess.CompletedProcess[str]]

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")

_SYSTEMCTL = """#!/bin/sh
echo "$*" >>"$HOME/asked"
case "$*" in
  *show*) printf 'ActiveState=%s\\nSubState=running\\nNRestarts=2\\nMainPID=41\\nStatusText=listening\\n' "$STATE" ;;
  *daemon-reload*) [ -z "$REFUSES" ] || { echo "Failed to connect to bus: No medium found" >&2; exit 1; } ;;
esac
"""
"""Stands for systemctl, since no user's systemd runs where tests run: keeps what it is asked."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with a systemctl of its own."""
    script = tmp_path / "bin" / "systemctl"
    script.parent.mkdir()
    script.write_text(_SYSTEMCTL)
    script.chmod(0o755)
    return tmp_path


@pytest.fixture
def run(home: Path) -> Run:
    """The command line in that home."""

    def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("XDG_") and name != "PENNYWORTH_DB"
        }
        return subprocess.run(
            [sys.executable, "-m", "assistant.cli", *arguments],
            env={**kept, "HOME": str(home), "PATH": f"{home}/bin:/usr/bin:/bin", "STATE": "active", **env},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    return run


def asked(home: Path) -> list[str]:
    path = home / "asked"
    return path.read_text().splitlines() if path.exists() else []


def text(folder: Path, **options: object) -> str:
    writable = [folder / "data", folder / "cache"]
    return unit_text(ServiceOptions(**options), python=sys.executable, writable=writable)  # type: ignore[arg-type]


@needs_systemd
@pytest.mark.parametrize("odd", ["plain", "with blank", "100%", "$HOME", 'quote"d', "back\\slash"])
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path, odd: str) -> None:
    folder = tmp_path / odd
    (folder / "data").mkdir(parents=True)
    python = folder / "python"
    python.symlink_to(sys.executable)
    unit = tmp_path / UNIT
    unit.write_text(
        unit_text(
            ServiceOptions(
                profiles=("raspberry-pi-4", "respeaker-2-mic"), db=str(folder / "data" / "log.db")
            ),
            python=str(python),
            writable=[folder / "data"],
        )
    )
    done = subprocess.run(
        ["systemd-analyze", "verify", "--user", "--man=no", unit],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    about_us = [line for line in done.stderr.splitlines() if "pennyworth" in line.lower()]
    assert (done.returncode, about_us) == (0, []), done.stderr


@needs_systemd
def test_systemd_counts_the_unit_among_the_guarded(tmp_path: Path) -> None:
    unit = tmp_path / UNIT
    unit.write_text(text(tmp_path))
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", unit],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    found = re.search(r"Overall exposure level .*: ([0-9.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    # systemd's own scale: below 5 is MEDIUM, below 2.5 OK; it reckons with root, which a user's service never is.
    assert float(found[1]) < 5.0


def test_what_is_said_is_not_printed_into_the_journal_and_cannot_leave(tmp_path: Path) -> None:
    unit = text(tmp_path)
    assert "StandardOutput=null" in unit
    assert "RestrictAddressFamilies=AF_UNIX\n" in unit
    assert f"WatchdogSec={WATCHDOG_S}" in unit


@pytest.mark.parametrize(
    "options",
    [
        ServiceOptions(),
        ServiceOptions(profiles=("a", "b"), engine="vosk", lang="de", config="/x y.toml", db="/z"),
    ],
)
def test_a_unit_remembers_what_it_was_made_of(options: ServiceOptions) -> None:
    assert options_of(unit_text(options, python="/usr/bin/python3", writable=[])) == options
    assert options_of("[Service]\nExecStart=/bin/true\n") is None
    assert options_of("# options: {broken") is None


def test_install_status_and_uninstall(run: Run, home: Path) -> None:
    unit = home / ".config" / "systemd" / "user" / UNIT
    assert run("service", "status").returncode == 1
    log = home / "logs" / "log.db"
    done = run(
        "--db", str(log), "service", "install", "--profile", "raspberry-pi-4", "--engine", "pocketsphinx"
    )
    assert done.returncode == 0, done.stderr
    assert asked(home) == [
        "--user daemon-reload",
        f"--user enable {UNIT}",
        f"--user restart --no-block {UNIT}",
    ]
    assert "enable-linger" in done.stdout
    written = unit.read_text()
    assert f"listen --profile raspberry-pi-4 --engine pocketsphinx --db {log}\n" in written
    assert stat.S_IMODE(log.parent.stat().st_mode) == 0o700
    for folder in (log.parent, home / ".local/share/pennyworth", home / ".cache/pennyworth"):
        assert folder.is_dir()
        assert str(folder) in written
    shown = json.loads(run("service", "status", "--json").stdout)
    assert shown == {
        "installed": True,
        "unit": str(unit),
        "fits": True,
        "active": True,
        "state": "active (running)",
        "result": None,
        "restarts": 2,
        "pid": 41,
        "says": "listening",
    }
    assert run("service", "status", STATE="failed").returncode == 1
    assert run("service", "uninstall").returncode == 0
    assert not unit.exists()
    assert asked(home)[-2:] == [f"--user disable --now {UNIT}", "--user daemon-reload"]
    assert "No service" in run("service", "uninstall").stdout


def test_a_unit_is_replaced_whole_or_not_at_all(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    write_unit(ServiceOptions(profiles=("laptop",)))
    before = unit_path().read_text()

    def ends(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for owner, step in ((os, "fsync"), (Path, "replace")):
        with monkeypatch.context() as broken:
            broken.setattr(owner, step, ends)
            with pytest.raises(KeyboardInterrupt):
                write_unit(ServiceOptions())
        assert unit_path().read_text() == before
    assert [path.name for path in unit_path().parent.iterdir()] == [UNIT]


def test_nothing_is_written_when_it_is_only_printed_or_refused(run: Run, home: Path) -> None:
    assert "ExecStart=" in run("service", "install", "--print").stdout
    refused = run("service", "install", "--profile", "raspberry-pi-44")
    assert (refused.returncode, "did you mean 'raspberry-pi-4'" in refused.stderr) == (2, True)
    assert asked(home) == []
    assert not (home / ".config" / "systemd").exists()
    assert "SYSTEMD_USER_WANTS" in run("service", "udev").stdout


def test_a_systemd_that_refuses_or_is_not_there_is_told(run: Run, home: Path) -> None:
    refused = run("service", "install", REFUSES="1")
    assert (refused.returncode, "No medium found" in refused.stderr) == (3, True)
    none = run("service", "install", PATH=str(home / "empty"))
    assert (none.returncode, "there is no systemd" in none.stderr) == (3, True)


@pytest.mark.slow
def test_the_doctor_brings_a_service_of_another_installation_up_to_date(run: Run, home: Path) -> None:
    assert run("service", "install", "--profile", "laptop").returncode == 0
    unit = home / ".config" / "systemd" / "user" / UNIT
    written = unit.read_text()
    unit.write_text(written.replace(sys.executable, "/somewhere/else/python"))
    assert json.loads(run("service", "status", "--json").stdout)["fits"] is False
    document = json.loads(run("doctor", "--json", "--seconds", "0", "--fix").stdout)
    assert [finding["verdict"] for finding in document["findings"] if finding["name"] == "service"] == [
        "well"
    ]
    assert len(document["mended"]) == 1
    assert unit.read_text() == written


@pytest.mark.slow
@needs_systemd
@pytest.mark.skipif(ctypes.util.find_library("seccomp") is None, reason="needs libseccomp")
@pytest.mark.skipif(bool(missing_parts()), reason=f"needs {missing_parts()}")
def test_listen_needs_no_more_than_the_unit_grants(tmp_path: Path) -> None:
    unit = tmp_path / UNIT
    unit.write_text(text(tmp_path))
    guarded = [sys.executable, "-m", "tests.assistant.guarded", str(unit), sys.executable]
    # The filter bites, on what must not be.
    dial = "import socket; socket.socket(socket.AF_INET)"
    refused = subprocess.run([*guarded, "-c", dial], capture_output=True, text=True, check=False, timeout=60)
    assert "PermissionError" in refused.stderr
    music = household_dir() / next(c for c in load_cases(household_dir()) if c.intent == "music").audio
    log = tmp_path / "log.db"
    with (
        tempfile.TemporaryDirectory(prefix="mic") as folder,
        virtual_microphone(Path(folder)) as microphone,
        subprocess.Popen(
            [*guarded, "-m", "assistant.cli", "--db", str(log), "listen"],
            stdout=subprocess.PIPE,
            text=True,
            env=microphone.env,
        ) as process,
    ):
        try:
            assert process.stdout
            assert process.stdout.readline().startswith("Listening")
            microphone.wait_for_listener()
            microphone.play(music)
            assert any(line.startswith("#1 ") for line in process.stdout)
            # Recording is begun anew under the same filter, too.
            microphone.kill()
            microphone.start()
            microphone.wait_for_listener()
            process.terminate()
            assert process.wait(30) == 0
        finally:
            process.kill()
    with Store.open(log, mode="read") as store:
        assert [it.intent for it in store.interactions()] == ["music"]


@pytest.mark.parametrize("page", ["raspberry-pi.md", "doctor.md", "listening.md"])
def test_the_pages_name_commands_and_profiles_that_there_are(page: str) -> None:
    written = (Path(__file__).parents[2] / "docs" / page).read_text()
    known = command.list_commands(click.Context(command))
    assert set(re.findall(r"\bpennyworth ([a-z][a-z-]*)", written)) <= set(known)
    assert set(re.findall(r"--profile ([a-z0-9-]+)", written)) <= set(bundled_names("profiles"))
    if page == "raspberry-pi.md":
        assert set(re.findall(r"^\| [^|]+ \| `([a-z0-9-]+)`", written, flags=re.MULTILINE)) == set(
            bundled_names("profiles")
        )


@pytest.mark.skipif(bool(missing_parts()), reason=f"needs {missing_parts()}")
def test_listen_tells_systemd_that_it_hears_and_goes_on_and_ends(tmp_path: Path) -> None:
    address = tmp_path / "notify"
    with (
        tempfile.TemporaryDirectory(prefix="mic") as folder,
        virtual_microphone(Path(folder)) as microphone,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
    ):
        manager.bind(str(address))
        manager.settimeout(60)
        told = {"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "400000"}
        with subprocess.Popen(
            [sys.executable, "-m", "assistant.cli", "--db", str(tmp_path / "log.db"), "listen"],
            stdout=subprocess.DEVNULL,
            env={**microphone.env, **told},
        ) as process:
            try:
                assert manager.recv(4096).decode().splitlines()[0] == "READY=1"
                # Signs of life go on, and so they do while there is no microphone.
                assert [manager.recv(4096) for _ in range(3)] == [b"WATCHDOG=1"] * 3
                microphone.kill()
                assert [manager.recv(4096) for _ in range(5)] == [b"WATCHDOG=1"] * 5
                process.terminate()
                while (last := manager.recv(4096)) == b"WATCHDOG=1":
                    pass
                assert last == b"STOPPING=1"
                assert process.wait(30) == 0
            finally:
                process.kill()
