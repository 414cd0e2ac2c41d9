"""What the assistant says: templates in a language file, filled in."""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.config import named_file, read_toml
from assistant.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Replies:
    """The templates of one language, by dotted key: "pizza.ordered"."""

    templates: Mapping[str, str]
    """Key to template; a template names its values in braces."""

    def say(self, *keys: str, **values: object) -> str:
        """The first of `keys` that the language has, filled in; ConfigError when it has none of them."""
        for key in keys:
            if key in self.templates:
                return self.templates[key].format_map(values)
        raise ConfigError(f"the replies have none of {', '.join(keys)}; add one to configs/replies")


def load_replies(language: str) -> Replies:
    """The replies of a language; ConfigError when there are none or a template does not parse."""
    path = named_file("replies", language, what="language with replies")
    templates: dict[str, str] = {}
    for group, entries in read_toml(path).items():
        for key, template in entries.items() if isinstance(entries, dict) else ():
            try:
                list(string.Formatter().parse(template))
            except (ValueError, TypeError) as error:
                raise ConfigError(f"{path}: {group}.{key} is no template: {error}") from None
            templates[f"{group}.{key}"] = template
    return Replies(templates=templates)
