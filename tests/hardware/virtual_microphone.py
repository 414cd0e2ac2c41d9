"""A microphone without hardware: a private PulseAudio server whose null sink PortAudio records from."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MICROPHONE: Final = "virtual_microphone"
"""The sink whose monitor is recorded."""
LOUDSPEAKER: Final = "virtual_loudspeaker"
"""The sink that replies go to, once there is one; `parec` records it as this name with .monitor behind it."""
_ALSA: Final = Path("/usr/share/alsa/alsa.conf")
_PATIENCE_S: Final = 10.0


def missing_parts() -> str:
    """What this machine lacks for a virtual microphone, empty if nothing."""
    lacking = [name for name in ("pulseaudio", "pactl", "paplay") if shutil.which(name) is None]
    if not _ALSA.exists():
        lacking.append(str(_ALSA))
    # PortAudio reaches PulseAudio through this plugin of ALSA.
    if not any(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")):
        lacking.append("libasound2-plugins")
    return ", ".join(lacking)


class VirtualMicrophone:
    """A running sound server of its own; what is played into it is what the default microphone hears."""

    def __init__(self, folder: Path) -> None:
        """Keep everything of the server in `folder`, whose path must be short (a socket's is, under 100)."""
        self._folder = folder
        self._server: subprocess.Popen[bytes] | None = None
        config = folder / "asound.conf"
        config.write_text("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
        self.env: dict[str, str] = {
            **os.environ,
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "PULSE_RUNTIME_PATH": str(folder / "pulse"),
            "PULSE_STATE_PATH": str(folder / "state"),
            "PULSE_SERVER": f"unix:{folder / 'native'}",
            "ALSA_CONFIG_PATH": f"{_ALSA}:{config}",
        }
        """The environment of a process that is to hear this microphone, to be set before PortAudio is loaded."""

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._server = subprocess.Popen(
            [
                "pulseaudio",
                "-n",
                "--daemonize=no",
                "--exit-idle-time=-1",
                "--use-pid-file=no",
                "--disable-shm=yes",
                "--log-level=error",
                "-L",
                f"module-native-protocol-unix socket={self._folder}/native auth-anonymous=1",
                "-L",
                f"module-null-sink sink_name={MICROPHONE} rate=16000 channels=1 format=s16le",
            ],
            env=self.env,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + _PATIENCE_S
        while self._control("info"):
            if self._server.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError("the private PulseAudio server did not start")
            time.sleep(0.02)

    def play(self, path: Path) -> None:
        """Play a sound file into the microphone; returns when it has been played."""
        subprocess.run(["paplay", f"--device={MICROPHONE}", str(path)], env=self.env, check=True, timeout=120)

    def wait_for_listener(self, *, timeout_s: float = 20.0) -> None:
        """Wait until somebody records; what is played before goes unheard."""
        deadline = time.monotonic() + timeout_s
        while not self.has_listener():
            if time.monotonic() > deadline:
                raise TimeoutError("nobody records from the virtual microphone")
            time.sleep(0.05)

    def kill(self) -> None:
        """Let the server die at once, as in a crash; `start` brings it back."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Stop the server without ending it: it hangs, its connections stay open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        self._signal(signal.SIGCONT)

    def suspend(self, *, on: bool) -> None:
        """Suspend the device (no sound, no end) or resume it."""
        if self._control("suspend-sink", MICROPHONE, "1" if on else "0"):
            raise RuntimeError("the virtual microphone cannot be suspended")

    def unplug(self) -> None:
        """Take the device away from a server that goes on."""
        if self._control("unload-module", "module-null-sink"):
            raise RuntimeError("the virtual microphone cannot be unplugged")

    def plug_in(self, *, name: str = MICROPHONE, rate: int = 16000) -> None:
        """Give the server a device again, or another one."""
        if self._control(
            "load-module", "module-null-sink", f"sink_name={name}", f"rate={rate}", "channels=1"
        ):
            raise RuntimeError("the virtual microphone cannot be plugged in")

    def loudspeaker(self) -> None:
        """Give the server a loudspeaker of its own; without it what is played is heard by the microphone."""
        for arguments in (
            ("load-module", "module-null-sink", f"sink_name={LOUDSPEAKER}", "rate=22050", "channels=1"),
            ("set-default-sink", LOUDSPEAKER),
            ("set-default-source", f"{MICROPHONE}.monitor"),
        ):
            if self._control(*arguments):
                raise RuntimeError("the virtual loudspeaker cannot be made")

    def mute(self, *, on: bool) -> None:
        """Mute what is recorded, or let it be heard again."""
        if self._control("set-source-mute", f"{MICROPHONE}.monitor", "1" if on else "0"):
            raise RuntimeError("the virtual microphone cannot be muted")

    def stop(self) -> None:
        """End the server if it runs."""
        if self._server is not None:
            self.thaw()
            self._end(signal.SIGTERM)

    def _control(self, *arguments: str) -> int:
        command = ["pactl", *arguments]
        return subprocess.run(command, env=self.env, capture_output=True, check=False, timeout=30).returncode

    def has_listener(self) -> bool:
        """Whether somebody records."""
        command = ["pactl", "list", "short", "source-outputs"]
        listed = subprocess.run(command, env=self.env, capture_output=True, check=True, timeout=30)
        return bool(listed.stdout.strip())

    def _signal(self, number: signal.Signals) -> None:
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        if self._server is None:
            return
        self._signal(number)
        try:
            self._server.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._server = None
        # A killed server leaves its socket, which the next one refuses to take over.
        (self._folder / "native").unlink(missing_ok=True)


@contextmanager
def virtual_microphone(folder: Path) -> Iterator[VirtualMicrophone]:
    """A virtual microphone that lives in `folder` (made if missing) as long as the `with` block."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    microphone = VirtualMicrophone(folder)
    microphone.start()
    try:
        yield microphone
    finally:
        microphone.stop()
