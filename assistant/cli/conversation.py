"""The conversation's part of the configuration: limits, the PIN, and the user's own wordings."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from assistant.dialogue import Limits
from assistant.dialogue.pin import read_pin
from assistant.errors import ConfigError
from assistant.money import Money

if TYPE_CHECKING:
    from assistant.config import Config
    from assistant.dialogue import Pin


def limits(config: Config, currency: str) -> Limits:
    """What holds an order back, `amount_per_day` in `currency`; ConfigError when that is no amount."""
    dialogue = config.dialogue
    try:
        amount = Money.of(dialogue.amount_per_day, currency)
    except ValueError as error:
        raise ConfigError(f"dialogue.amount_per_day: {error}") from None
    if amount.micros < 0:
        raise ConfigError(
            f"dialogue.amount_per_day is {dialogue.amount_per_day}; expected 0 (no limit) or more"
        )
    return Limits(
        orders_a_day=dialogue.orders_per_day or None,
        amount_a_day=amount or None,
        same_again=timedelta(seconds=dialogue.same_order_s),
        withdrawal=timedelta(seconds=dialogue.withdrawal_s),
    )


def pin_path(config: Config) -> Path:
    """Where the PIN's hash is kept."""
    if config.dialogue.pin_file:
        return Path(config.dialogue.pin_file).expanduser()
    return platformdirs.user_config_path("pennyworth") / "pin"


def pin(config: Config) -> Pin | None:
    """The PIN, if one is set; ConfigError when a file was named that is not there, or when it is damaged."""
    path = pin_path(config)
    if path.exists() or path.is_symlink():
        return read_pin(path)
    if config.dialogue.pin_file:
        raise ConfigError(
            f"dialogue.pin_file: there is no PIN in {path}; set one with `pennyworth pin set`, or empty the key"
        )
    return None


def own_replies(config: Config) -> Path | None:
    """The file with the user's own wordings, if one is named."""
    return Path(config.dialogue.replies).expanduser() if config.dialogue.replies else None
