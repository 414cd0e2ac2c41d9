"""How simulated households behave: every number of it, from a TOML file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from assistant.config import load_strict, named_file
from assistant.errors import ConfigError
from assistant.money import Money

Text = Annotated[str, msgspec.Meta(min_length=1)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]

NOT_UNDERSTOOD: Final = "none"
"""The share of requests that is not understood; its intent is null, as in a log."""


@dataclass(frozen=True, kw_only=True)
class Talk:
    """What a household with a device says that is no order."""

    a_week: NotNegative
    """Mean requests of a household in its first week."""
    shape: Positive
    """Of the gamma distribution of that mean over households: 1 / shape is its squared coefficient of variation."""
    mix: dict[str, NotNegative]
    """Mean share of each intent; "none" is what is not understood. They sum to 1."""
    concentration: Positive
    """Of the Dirichlet distribution of a household's own mix around the mean: the larger, the more alike."""
    source: Text
    """Where these figures come from."""


@dataclass(frozen=True, kw_only=True)
class Habit:
    """How the use of a device wears off: to `floor` + (1 - `floor`) · 2^(-weeks / half-life)."""

    half_life_weeks: Positive
    """Median over households."""
    spread: NotNegative
    """Standard deviation of its logarithm over households."""
    floor: Share
    """What stays in the end, of the first week's use."""
    source: Text
    """Where these figures come from."""


@dataclass(frozen=True, kw_only=True)
class Price:
    """One size of an order."""

    total: Decimal
    """What the customer pays, currency units."""
    share: Positive
    """Of all orders of its kind; the shares of one kind sum to 1."""


@dataclass(frozen=True, kw_only=True)
class Good:
    """One thing that can be bought with a device or without; its name is a commerce intent."""

    a_week: NotNegative
    """Mean purchases of a household that would be made without a device, before repeats."""
    caused: NotNegative
    """Purchases that only a device brings about, for each of those, in the first week; with habit it wears off."""
    refunded: Share
    """Of purchases."""
    charged_back: Share
    """Of orders by voice."""
    prices: tuple[Price, ...]
    """Sizes of orders; everyone's are alike."""
    description: Text
    """As an order is read back."""
    said: Text
    """What the customer says."""


@dataclass(frozen=True, kw_only=True)
class Buying:
    """What households buy."""

    shape: Positive
    """Of the gamma distribution over households of how much they buy, mean 1."""
    tied_to_talk: Share
    """Weight of that in how much a household talks; the rest is drawn apart. Above 0, who talks more buys more."""
    by_voice: Share
    """Of what is bought anyway, in the first week of a device; with habit it wears off."""
    repeated: Annotated[float, msgspec.Meta(ge=0, lt=0.95)]
    """Chance that a purchase is followed by another of its kind, which may be followed itself."""
    repeated_after_days: Positive
    """Mean of the exponential time until then."""
    abandoned: Annotated[float, msgspec.Meta(ge=0, le=1)]
    """Orders by voice that were quoted and called off some time before, for each one that was placed."""
    completed_after_minutes: Positive
    """From the order until the partner has carried it out."""
    settled_after_days: Positive
    """From then until the partner pays, where the plan has it pay anything."""
    given_back_after_days: Positive
    """Mean of the exponential time from completion, or a purchase without a device, to its refund."""
    source: Text
    """Where these figures come from."""
    goods: dict[str, Good]
    """By intent."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What hearing and understanding an utterance takes."""

    speech_seconds: Positive
    """Median length of an utterance."""
    speech_spread: NotNegative
    """Standard deviation of its logarithm."""
    listening: NotNegative
    """Processor seconds for a second of speech."""
    recognition: NotNegative
    """Processor seconds for a second of speech; the machine is occupied as long."""
    understanding_ms: NotNegative
    """Mean processor time of matching and dialogue; it varies evenly from half to one and a half of it."""
    endpoint_ms: NotNegative
    """Latency from the end of speech to the endpoint."""
    source: Text
    """Where these figures come from."""


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """Households, what they say and what they buy. All of it is assumed, and everything made from it is simulated."""

    name: Text
    """As reports name it."""
    held_out: Share
    """Chance of a household to be kept without a device, by lot."""
    talk: Talk
    """What is said that is no order."""
    habit: Habit
    """How use wears off."""
    buying: Buying
    """What is bought, with a device and without."""
    work: Work
    """What an utterance takes."""

    def to_json(self) -> dict[str, Any]:
        """As a document; amounts as decimal strings in currency units."""
        document: dict[str, Any] = msgspec.to_builtins(self)
        return document


def load_behaviour(name_or_path: str) -> Behaviour:
    """A bundled behaviour by name, or one from a TOML file.

    Raises:
        ConfigError: there is none of that name, a key is missing or unknown, or a value makes no sense.
    """
    is_path = "/" in name_or_path or name_or_path.endswith(".toml")
    path = (
        Path(name_or_path) if is_path else named_file("fleet", name_or_path, what="behaviour of households")
    )
    behaviour = load_strict(path, Behaviour)
    _check(behaviour, path)
    return behaviour


def _check(behaviour: Behaviour, path: Path) -> None:
    for key, number in _numbers(behaviour):
        if not isfinite(number):
            raise ConfigError(f"{path}: {key} is {number}; expected a number")
    shares = {"talk.mix": behaviour.talk.mix.values()} | {
        f"buying.goods.{name}.prices": [price.share for price in good.prices]
        for name, good in behaviour.buying.goods.items()
    }
    for key, parts in shares.items():
        if abs(sum(parts) - 1) > 1e-9:
            raise ConfigError(f"{path}: the shares of {key} sum to {sum(parts):g}; expected 1")
    for name, good in behaviour.buying.goods.items():
        if name in behaviour.talk.mix:
            raise ConfigError(f"{path}: {name} is bought, so it cannot be in talk.mix too; remove it there")
        if good.refunded + good.charged_back > 1:
            raise ConfigError(f"{path}: buying.goods.{name}: more is given back than was bought")
        for price in good.prices:
            try:
                positive = Money.of(price.total, "XXX").micros > 0
            except ValueError:
                positive = False
            if not positive:
                raise ConfigError(
                    f"{path}: buying.goods.{name}.prices: {price.total} is no price; expected an amount above 0, "
                    "to the millionth at finest"
                )


def _numbers(table: object, prefix: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(table, Mapping):
        items: list[tuple[str, Any]] = [(str(name), value) for name, value in table.items()]
    elif isinstance(table, tuple):
        items = [(str(number), value) for number, value in enumerate(table)]
    elif is_dataclass(table):
        items = [(each.name, getattr(table, each.name)) for each in fields(table)]
    else:
        return
    for name, value in items:
        if isinstance(value, float | int | Decimal):
            yield f"{prefix}{name}", float(value)
        else:
            yield from _numbers(value, f"{prefix}{name}.")
