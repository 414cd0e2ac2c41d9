"""The lights and the button that the configuration names, on gpiozero's mock of the pins."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory

from assistant.cli.device import lights, mute_button, talk_button
from assistant.config import Config, load_config
from assistant.errors import ConfigError
from hardware.errors import GpioError
from hardware.gate import Button

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def pins(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockFactory]:
    factory = MockFactory()
    monkeypatch.setattr(gpiozero.Device, "pin_factory", factory)
    yield factory
    factory.reset()


def configured(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return load_config(user_file=path)


LIGHTS = """
[indicator]
kind = "leds"
[indicator.pins]
hearing = 23
muted = 24
"""


def test_the_button_is_followed_by_the_light(
    pins: MockFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured(tmp_path, f"{LIGHTS}\n[button]\nmute = 17\n")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with lights(config) as status, mute_button(config) as switch:
        status.show("hearing")
        assert (pins.pin(23).state, pins.pin(24).state) == (1, 0)
        pins.pin(17).drive_low()
        assert switch.muted
        status.switched_off(switch.muted)
        assert (pins.pin(23).state, pins.pin(24).state) == (0, 1)
    assert pins.pin(24).function == "input"
    pins.pin(17).drive_high()
    pins.pin(17).drive_low()
    assert switch.muted
    # Begun anew, as after a crash.
    with mute_button(config) as switch:
        assert switch.muted
    # Without the button it could not be switched on again.
    with mute_button(load_config()) as switch:
        assert not switch.muted


def test_a_machine_without_pins_goes_on_without_lights_and_not_without_its_button(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "none-such")
    config = configured(tmp_path, f"{LIGHTS}\n[button]\nmute = 17\n")
    with lights(config) as status:
        status.show("hearing")
    assert "no lights" in caplog.text
    with pytest.raises(GpioError, match="must be a Raspberry Pi"), mute_button(config):
        pytest.fail("a button that is not there")


def test_lights_that_contradict_themselves_are_refused(tmp_path: Path) -> None:
    config = configured(tmp_path, '[indicator]\nkind = "leds"\n')
    with (
        pytest.raises(ConfigError, match="indicator: plain LEDs need the pin of at least one state"),
        lights(config),
    ):
        pytest.fail("no pin was named")
    with pytest.raises(ConfigError, match=r"indicator\.pins"):
        configured(tmp_path, "[indicator.pins]\nlistening = 3\n")


def test_a_button_that_is_pressed_to_be_heard(pins: MockFactory, tmp_path: Path) -> None:
    button = Button()
    with talk_button(configured(tmp_path, "[button]\ntalk = 22\npull = 'down'\n"), button.press):
        assert not button.taken()
        pins.pin(22).drive_high()
        assert button.taken()
    with talk_button(load_config(), button.press):
        assert not button.taken()


def test_without_a_button_no_pin_is_touched(pins: MockFactory) -> None:
    with mute_button(load_config()) as switch:
        assert pins.pins == {}
        assert not switch.muted


def test_listen_does_not_begin_without_the_button_it_is_to_have(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "assistant.cli", "listen", "--profile", "respeaker-2-mic"],
        env={**os.environ, "HOME": str(tmp_path), "GPIOZERO_PIN_FACTORY": "none-such"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 3
    assert "no lights: this machine's pins cannot be reached" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("pennyworth: this machine's pins cannot be reached")
