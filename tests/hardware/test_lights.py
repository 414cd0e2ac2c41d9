"""Lights and buttons, on gpiozero's own mock of the pins: the real library down to the level of each wire."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory, MockSPIDevice

from hardware.button import Button
from hardware.errors import GpioError
from hardware.indicator import STATES, IndicatorSettings, NoIndicator, State, open_indicator
from hardware.indicator_gpio import PATTERNS, RHYTHMS, apa102_message
from hardware.microphone import MicrophoneNews
from hardware.mute import MuteSwitch
from hardware.status import Status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE_S = 10.0


@pytest.fixture
def pins(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockFactory]:
    """A Raspberry Pi whose pins are not connected to anything."""
    factory = MockFactory()
    monkeypatch.setattr(gpiozero.Device, "pin_factory", factory)
    yield factory
    factory.reset()


class Chain(MockSPIDevice):  # type: ignore[misc]
    """LEDs that take in what is clocked to them."""

    def __init__(self) -> None:
        super().__init__(clock_pin=11, mosi_pin=10, miso_pin=9, select_pin=7)
        self.shown: list[int] = []
        self._bits: list[int] = []

    def on_start(self) -> None:
        super().on_start()
        self._bits = []

    def on_bit(self) -> None:
        self._bits.append(int(self.rx_buf[-1]))
        if len(self._bits) % 8 == 0:
            self.shown = [
                int("".join(map(str, self._bits[at : at + 8])), 2) for at in range(0, len(self._bits), 8)
            ]


class Recorded:
    """An indicator that keeps what it was told."""

    def __init__(self) -> None:
        self.states: list[State] = []

    def show(self, state: State, /) -> None:
        self.states.append(state)

    def close(self) -> None:
        self.states.append("idle")


def changes(pin: Any, count: int) -> list[bool]:
    """The first states of a pin after it was last cleared; waits for them."""
    deadline = time.monotonic() + PATIENCE_S
    while len(pin.states) < count:
        assert time.monotonic() < deadline, f"the pin has only been {pin.states}"
        time.sleep(0.01)
    return [bool(each.state) for each in list(pin.states)[:count]]


def test_every_state_has_a_rhythm_and_a_pattern_of_its_own() -> None:
    assert set(RHYTHMS) == set(PATTERNS) == set(STATES)
    assert len(set(RHYTHMS.values())) == len(STATES)
    # Without the colours, too: which of the three are lit.
    lit = {state: tuple(any(colour) for colour in pattern) for state, pattern in PATTERNS.items()}
    assert len(set(lit.values())) == len(STATES)


def test_plain_leds_show_the_state_by_place_and_rhythm(pins: MockFactory) -> None:
    settings = IndicatorSettings(kind="leds", pins={"hearing": 23, "thinking": 23, "error": 24})
    indicator = open_indicator(settings)
    green, red = pins.pin(23), pins.pin(24)
    indicator.show("hearing")
    assert (green.state, red.state) == (1, 0)
    green.clear_states()
    indicator.show("thinking")
    assert changes(green, 4)[-3:] in ([True, False, True], [False, True, False])
    indicator.show("error")
    assert changes(red, 3)[-2:] == [True, False]
    assert green.state == 0
    indicator.show("idle")
    assert (green.state, red.state) == (0, 0)
    indicator.close()
    indicator.show("hearing")
    assert green.function == "input"


def test_a_chain_of_coloured_leds_gets_what_its_data_sheet_asks_for(pins: MockFactory) -> None:
    with Chain() as chain:
        indicator = open_indicator(IndicatorSettings(kind="apa102", pixels=3, brightness=0.1))
        for state in STATES:
            indicator.show(state)
            assert chain.shown == apa102_message(list(PATTERNS[state]), 0.1)
        indicator.close()
        assert chain.shown == apa102_message([(0, 0, 0)] * 3, 0.1)
    assert pins.pin(11).function == "input"


def test_the_message_of_a_chain() -> None:
    assert apa102_message([(1, 2, 3)], 1.0) == [0, 0, 0, 0, 0xFF, 3, 2, 1, 0, 0, 0, 0]
    assert apa102_message([(1, 2, 3)], 0.001)[4] == 0xE1
    # Half a bit for each LED has to follow.
    assert len(apa102_message([(0, 0, 0)] * 128, 1.0)) == 4 + 4 * 128 + 8


def test_lights_that_fail_later_are_complained_of_once(
    pins: MockFactory, caplog: pytest.LogCaptureFixture
) -> None:
    indicator = open_indicator(IndicatorSettings(kind="leds", pins={"hearing": 23}))
    pins.pin(23).function = "input"
    for state in ("hearing", "idle", "hearing"):
        indicator.show(state)
    assert [record.message for record in caplog.records] == [caplog.records[0].message]
    assert "the lights cannot be set" in caplog.records[0].message


def test_without_a_kind_there_are_no_lights_and_no_library() -> None:
    indicator = open_indicator(IndicatorSettings())
    assert isinstance(indicator, NoIndicator)
    indicator.show("hearing")
    indicator.close()


def test_no_library_and_no_pins_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "nothing-of-the-kind")
    with pytest.raises(GpioError, match="cannot be reached .*it must be a Raspberry Pi"):
        open_indicator(IndicatorSettings(kind="apa102"))
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    with pytest.raises(GpioError, match="need gpiozero"):
        Button(17)


def test_a_pin_that_is_taken_is_told(pins: MockFactory) -> None:  # noqa: ARG001
    with Button(17):
        with pytest.raises(GpioError, match="the button on pin 17 cannot be used"):
            Button(17)
        with pytest.raises(GpioError, match="the LED on pin 17 cannot be used"):
            open_indicator(IndicatorSettings(kind="leds", pins={"error": 23, "muted": 17}))
    # Nothing is kept of what failed.
    open_indicator(IndicatorSettings(kind="leds", pins={"error": 23, "muted": 17})).close()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"pixels": 0}, "pixels is 0"),
        ({"brightness": 0.0}, "brightness is 0"),
        ({"kind": "leds"}, "at least one state"),
        ({"pins": {"listening": 3}}, "the state 'listening'"),
        ({"pins": {"error": 40}}, "error is on 40"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        IndicatorSettings(**wrong)


@pytest.mark.parametrize(("pull", "pressed"), [("up", "drive_low"), ("down", "drive_high")])
def test_a_button_mutes_and_unmutes_and_can_be_held(pins: MockFactory, pull: Any, pressed: str) -> None:
    switch = MuteSwitch()
    released: list[bool] = []
    with Button(17, pressed=switch.toggle, released=lambda: released.append(True), pull=pull) as button:
        pin = pins.pin(17)
        press = getattr(pin, pressed)
        release = pin.drive_high if pressed == "drive_low" else pin.drive_low
        press()
        assert (button.held, switch.muted) == (True, True)
        assert not switch.wait_until_open(0)
        release()
        assert (button.held, switch.muted, released) == (False, True, [True])
        press()
        assert not switch.muted
        assert switch.wait_until_open(0)
        release()
    press()
    assert not switch.muted


def test_what_was_switched_off_stays_off_after_a_crash(tmp_path: Path) -> None:
    kept = tmp_path / "not" / "yet" / "muted"
    switch = MuteSwitch(kept=kept)
    assert not switch.muted
    switch.toggle()
    # Nothing is closed or told in between.
    again = MuteSwitch(kept=kept)
    assert again.muted
    again.toggle()
    assert not MuteSwitch(kept=kept).muted


def test_it_is_muted_where_that_cannot_be_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    switch = MuteSwitch(kept=tmp_path / "file" / "muted")
    switch.toggle()
    assert switch.muted
    assert "cannot be kept" in caplog.text


def test_what_matters_most_is_shown() -> None:
    shown = Recorded()
    status = Status(shown)
    status.show("hearing")
    status.microphone(MicrophoneNews(kind="lost", name="x"))
    status.show("idle")
    status.microphone(MicrophoneNews(kind="opened", name="x"))
    status.microphone(MicrophoneNews(kind="muted", name="x"))
    status.microphone(MicrophoneNews(kind="unmuted", name="x"))
    status.show("speaking")
    status.switched_off(True)
    status.show("thinking")
    status.switched_off(False)
    assert shown.states == [
        *("idle", "hearing", "error", "error", "idle", "muted", "idle"),
        *("speaking", "muted", "muted", "idle"),
    ]
