"""What the assistant says: templates in a language file, filled in; amounts and times as the language writes them."""

from __future__ import annotations

import string
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, format_timedelta
from babel.numbers import format_currency, get_currency_name

from assistant.config import named_file, nearest, read_toml
from assistant.errors import ConfigError
from assistant.money import MICROS_PER_UNIT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from assistant.money import Money

REFERENCE: Final = "en"
"""The language whose file says which replies there are and what each may name."""


@dataclass(frozen=True, kw_only=True)
class Replies:
    """The templates of one language, by dotted key: "pizza.ordered"."""

    templates: Mapping[str, str]
    """Key to template; a template names its values in braces."""
    language: str = REFERENCE
    """Code of the language, such as "en"; amounts and times are written as it writes them."""

    def say(self, *keys: str, **values: object) -> str:
        """The first of `keys` that the language has, filled in; ConfigError when it has none of them."""
        for key in keys:
            if key in self.templates:
                return self.templates[key].format_map(values)
        raise ConfigError(f"the replies have none of {', '.join(keys)}; add one to configs/replies")

    def money(self, amount: Money) -> str:
        """An amount as it is read out: to the smallest coin, where the books keep the millionths."""
        units = Decimal(amount.micros) / MICROS_PER_UNIT
        return _plain(format_currency(units, amount.currency, locale=self.language))

    def currency(self, code: str) -> str:
        """What a currency (ISO 4217) is called where there is more than one of it: "US dollars"."""
        return get_currency_name(code, count=2, locale=self.language)

    def time(self, when: datetime, now: datetime) -> str:
        """A local time as it is said on the local time `now`: "at 6:30 PM", "tomorrow at 8:00 AM"."""
        clock = _plain(format_time(when, "short", locale=self.language))
        days = (when.date() - now.date()).days
        if days == 0:
            return self.say("when.today", time=clock)
        if days == 1:
            return self.say("when.tomorrow", time=clock)
        day = format_date(when, "EEEE" if 1 < days < 7 else "long", locale=self.language)
        return self.say("when.later", day=_plain(day), time=clock)

    def ago(self, span: timedelta) -> str:
        """How long ago something was, to the minute: "just now", "1 minute ago"."""
        if span < timedelta(seconds=30):
            return self.say("when.just_now")
        return format_timedelta(-span, granularity="minute", add_direction=True, locale=self.language)

    def names(self, names: list[str]) -> str:
        """Names in a row: "mushrooms, ham and olives"."""
        if len(names) < 2:
            return "".join(names)
        return self.say("list.and", first=self.say("list.comma").join(names[:-1]), last=names[-1])


def load_replies(language: str, *, own: Path | None = None) -> Replies:
    """The replies of a language, under those of the file `own`, which needs only the keys that differ.

    Raises:
        ConfigError: there are none in that language; or a template does not parse, or its key or a value that it
            names is not known. The message names the file, the key and what is known.
    """
    path = named_file("replies", language, what="language with replies")
    reference_path = named_file("replies", REFERENCE, what="language with replies")
    reference = _read(reference_path)
    bundled = _read(path) if language != REFERENCE else reference
    _check(bundled, reference, path)
    missing = [key for key in reference if key not in bundled]
    if missing:
        raise ConfigError(f"{path} lacks {', '.join(missing)}; {reference_path} has them all")
    added = _read(own) if own else {}
    if own:
        _check(added, reference, own)
    try:
        Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        raise ConfigError(f"no rules for writing amounts and times in {language!r} are known") from None
    return Replies(templates={**bundled, **added}, language=language)


def placeholders(template: str) -> frozenset[str]:
    """The names in braces of a template; ValueError or KeyError when it does not parse."""
    names = set()
    for _, name, spec, conversion in string.Formatter().parse(template):
        if name is None:
            continue
        if not name.isidentifier() or spec or conversion:
            raise ValueError(f"{{{name}}} is no plain name in braces")
        names.add(name)
    return frozenset(names)


def _read(path: Path) -> dict[str, str]:
    templates: dict[str, str] = {}
    for group, entries in read_toml(path).items():
        if not isinstance(entries, dict):
            raise ConfigError(f"{path}: {group!r} stands in no group; expected a table such as [dialogue]")
        for key, template in entries.items():
            templates[f"{group}.{key}"] = _template(template, f"{path}: {group}.{key}")
    return templates


def _template(template: Any, place: str) -> str:
    if not isinstance(template, str):
        raise ConfigError(f"{place} is no template but {template!r}; expected text in quotes")
    try:
        placeholders(template)
    except ValueError as error:
        raise ConfigError(
            f"{place} is no template: {error}; write {{{{ and }}}} for braces that are said"
        ) from None
    return template


def _check(templates: Mapping[str, str], reference: Mapping[str, str], path: Path) -> None:
    for key, template in templates.items():
        group = key.partition(".")[0]
        if key not in reference:
            known = [name for name in reference if name.startswith(f"{group}.")] or sorted(
                {name.partition(".")[0] for name in reference}
            )
            raise ConfigError(
                f"{path}: unknown reply {key!r}{nearest(key, list(reference))}; known: {', '.join(known)}"
            )
        unknown = placeholders(template) - placeholders(reference[key])
        if unknown:
            names = ", ".join(f"{{{name}}}" for name in sorted(placeholders(reference[key]))) or "none"
            raise ConfigError(
                f"{path}: {key} names {{{min(unknown)}}}, which is not known there; known in it: {names}"
            )


def _plain(text: str) -> str:
    # CLDR parts "6:30 PM" by a narrow no-break space, which neither terminals nor voices care for.
    return text.replace("\u202f", " ").replace("\u00a0", " ")
