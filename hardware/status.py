"""What the lights show when several things are so at once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hardware.indicator import Indicator, State
    from hardware.microphone import MicrophoneNews


class Status:
    """An indicator that shows what matters most: that it cannot hear, that it may not, and then what it is doing."""

    def __init__(self, indicator: Indicator) -> None:
        """Show it by `indicator`, beginning with "idle"."""
        self._indicator = indicator
        self._lock = threading.Lock()
        self._doing: State = "idle"
        self._lost = False
        self._muted = False
        self._switched_off = False
        self._update()

    def show(self, state: State, /) -> None:
        """What it is doing."""
        with self._lock:
            self._doing = state
            self._update()

    def microphone(self, news: MicrophoneNews) -> None:
        """What has become of the microphone."""
        with self._lock:
            if news.kind in ("opened", "lost"):
                self._lost = news.kind == "lost"
                self._muted = False
            else:
                self._muted = news.kind == "muted"
            self._update()

    def switched_off(self, off: bool, /) -> None:
        """Whether the user has switched the microphone off."""
        with self._lock:
            self._switched_off = off
            # Whatever was being said or heard is over, and another recording begins afterwards.
            self._doing, self._lost, self._muted = "idle", False, False
            self._update()

    def close(self) -> None:
        """All lights off."""
        self._indicator.close()

    def _update(self) -> None:
        self._indicator.show(
            "error" if self._lost else "muted" if self._muted or self._switched_off else self._doing
        )
