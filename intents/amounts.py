"""Amounts of money as they are spoken, in the household's currency: "at most twenty dollars", "twelve fifty".

The definitions say which words may name an amount (`lists/budget.yaml`), so what arrives here is known to be one.
Spoken numbers come from the spell-out rules of ICU, through unicode-rbnf; what a currency is called, from CLDR, through
Babel.

How what is left open is read: without the name of a currency it is the household's; "twelve fifty" is twelve and fifty
hundredths, and so is "one fifty".
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from hassil.numbers import get_rbnf_engine

from intents.errors import IntentsError
from intents.normalise import normalise

if TYPE_CHECKING:
    from collections.abc import Mapping

    from intents.results import SlotValue

MICROS: Final = 1_000_000
"""Millionths of a unit of currency."""
LANGUAGES: Final = ("en",)
"""Languages whose spoken amounts are understood."""

_CENT: Final = MICROS // 100
_CENTS: Final = frozenset({"cent", "cents"})
# What people call them beside their names, singular and plural alike.
_ALSO: Final = {"dollar": ("buck", "bucks"), "pound": ("quid",), "krona": ("crown", "crowns")}
# Signs of money are no words, so that they would be lost.
_SIGNS: Final = {"$": "dollars", "€": "euros", "£": "pounds", "¥": "yen"}
_DIGIT = re.compile(r"\d")
_SIGN_FIRST = re.compile(r"([$€£¥])\s?(\d{1,3})(?:[.,](\d\d))?(?![\d.,]*\d)")
_SIGN_LAST = re.compile(r"(?<![\d.,])(\d{1,3})(?:[.,](\d\d))?\s?([$€£¥])")
_NAMED = re.compile(
    r"(?<![\d.,])(\d{1,3})(?:[.,](\d\d))?\s(dollars?|bucks?|euros?|pounds?|quid|yen|francs?|crowns?|rupees?|pesos?)\b",
    re.IGNORECASE,
)


class AmountError(IntentsError, ValueError):
    """Words that name no amount; the message quotes them."""


def spelt(text: str) -> str:
    """A text with its amounts in digits as they are spoken: "$12.50" is "twelve dollars fifty"."""
    if _DIGIT.search(text) is None:
        return text
    text = _SIGN_FIRST.sub(lambda match: _spelt(match[2], match[3], _SIGNS[match[1]]), text)
    text = _SIGN_LAST.sub(lambda match: _spelt(match[1], match[2], _SIGNS[match[3]]), text)
    return _NAMED.sub(lambda match: _spelt(match[1], match[2], match[3]), text)


def in_currency(text: str, currency: str) -> SlotValue:
    """Millionths of a unit of `currency` (ISO 4217) that `text` names; `text` itself if it names another currency.

    Raises `AmountError` where it names no amount.
    """
    micros, unit = amount(text)
    return micros if unit is None or unit in _names(currency) else text


def amount(text: str) -> tuple[int, str | None]:
    """Millionths and the word for the currency, if one is said, of an amount in words. Raises `AmountError`."""
    numbers = _number_words()
    whole = hundredths = 0
    unit = None
    found = False
    words = normalise(text).split()
    while words:
        taken = next((n for n in range(min(5, len(words)), 0, -1) if " ".join(words[:n]) in numbers), 0)
        if not taken:
            word = words.pop(0)
            if word in _CENTS:
                # "Fifty cents", without dollars before them.
                if not hundredths:
                    whole, hundredths = 0, whole
            elif word in _units():
                unit = word
            continue
        number = numbers[" ".join(words[:taken])]
        del words[:taken]
        if found:
            hundredths = number
        else:
            whole, found = number, True
    if not found:
        raise AmountError(f"{text!r} names no amount; say for instance 'at most twenty dollars'")
    return whole * MICROS + hundredths * _CENT, unit


def _spelt(whole: str, hundredths: str | None, unit: str) -> str:
    engine = get_rbnf_engine("en")
    said = engine.format_number(int(whole)).text.replace("-", " ")
    if not int(hundredths or 0):
        return f"{said} {unit}"
    cents = engine.format_number(int(hundredths or 0)).text.replace("-", " ")
    return f"{said} {unit} {cents} cents"


@lru_cache(maxsize=1)
def _number_words() -> Mapping[str, int]:
    """0 to 999 as they are said, with and without "and", and the hundredths below ten as "oh five"."""
    engine = get_rbnf_engine("en")
    words: dict[str, int] = {}
    for number in range(1000):
        said = engine.format_number(number).text.replace("-", " ")
        words[said] = number
        if number > 100 and number % 100:
            hundreds, _, rest = said.partition(" hundred ")
            words[f"{hundreds} hundred and {rest}"] = number
    words |= {
        f"a {said.removeprefix('one ')}": n for said, n in words.items() if said.startswith("one hundred")
    }
    return words | {f"oh {said}": n for said, n in words.items() if n < 10}


@lru_cache(maxsize=1)
def _units() -> frozenset[str]:
    """Every word that is the name of some currency in the definitions."""
    names = {each for name, also in _ALSO.items() for each in (name, f"{name}s", *also)}
    return frozenset({*names, "euro", "euros", "yen", "franc", "francs", "rupee", "rupees", "peso", "pesos"})


@lru_cache(maxsize=8)
def _names(currency: str) -> frozenset[str]:
    """What a currency is called, as it is compared: the last word of its name, and what people also call it."""
    # It reads the names of all currencies, and most sentences are about no money.
    from babel.numbers import get_currency_name

    names = {get_currency_name(currency, count=count, locale="en").lower().split()[-1] for count in (1, 2)}
    return frozenset(names.union(*(_ALSO.get(name, ()) for name in names)))
