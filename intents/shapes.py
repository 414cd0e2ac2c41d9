"""Values of a definition file as what they ought to be, or an error that names their place."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, Final

from intents.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

QUOTE: Final = "put it in quotes (unquoted, YAML reads yes, no, on and off as true and false)"
"""What to do about a word that YAML took for something else."""


def check_keys(mapping: Mapping[Any, Any], known: Sequence[str], place: str) -> None:
    """Raises `DefinitionError` where `mapping` has a key that is none of the `known`."""
    for key in mapping:
        if key not in known:
            raise DefinitionError(
                f"{place}: unknown key {key!r}{nearest(key, known)}; the keys are {', '.join(known)}"
            )


def nearest(word: object, known: Iterable[str]) -> str:
    """What to add to a message about an unknown `word`: the nearest of the `known`, or nothing."""
    near = difflib.get_close_matches(str(word), list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def as_mapping(value: Any, place: str) -> Mapping[str, Any]:
    """`value`, which has keys that are text, and values. Raises `DefinitionError`, as those below do."""
    if not isinstance(value, dict):
        raise DefinitionError(f"{place}: expected keys and values, found {shown(value)}")
    for key in value:
        if not isinstance(key, str) or not key:
            raise DefinitionError(f"{place}: the key {key!r} is not text; {QUOTE}")
    return value


def as_list(value: Any, place: str) -> list[Any]:
    """`value`, which is a list."""
    if not isinstance(value, list):
        raise DefinitionError(f"{place}: expected a list, found {shown(value)}")
    return value


def as_texts(value: Any, place: str) -> list[str]:
    """`value`, which is a list of texts."""
    return [as_text(item, f"{place}[{i}]") for i, item in enumerate(as_list(value, place))]


def as_text(value: Any, place: str) -> str:
    """`value`, which is text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise DefinitionError(f"{place}: expected text, found {shown(value)}; {QUOTE}")
    return value


def check_slot_value(value: Any, place: str) -> None:
    """Text and whole numbers may fill a slot."""
    if not isinstance(value, (str, int)) or isinstance(value, bool):
        raise DefinitionError(f"{place}: expected text or a whole number, found {shown(value)}; {QUOTE}")


def shown(value: Any) -> str:
    """`value` as a message quotes it."""
    return "nothing" if value is None else repr(value)[:60]
