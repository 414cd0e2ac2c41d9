"""The conversation: asking for what is missing, reading back, ordering only after a clear yes."""

from assistant.dialogue.pin import Pin, SpokenPin
from assistant.dialogue.respond import expire, respond
from assistant.dialogue.states import (
    Asking,
    Confirming,
    History,
    Idle,
    Limits,
    Moment,
    Offering,
    Pending,
    Proving,
    Setting,
    State,
    Turn,
)

__all__ = [
    "Asking",
    "Confirming",
    "History",
    "Idle",
    "Limits",
    "Moment",
    "Offering",
    "Pending",
    "Pin",
    "Proving",
    "Setting",
    "SpokenPin",
    "State",
    "Turn",
    "expire",
    "respond",
]
