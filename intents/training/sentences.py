"""Sentences of our own, drawn from templates written for training."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from hassil.intents import Intents

from intents.descent import Descent
from intents.normalise import normalise

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER = Path(__file__).parent


def read_classes(language: str) -> dict[str, tuple[str, ...]]:
    """Class name to its words and phrases, normalised, from `classes.yaml` of the language."""
    lines: Mapping[str, str] = _load(language, "classes.yaml")
    return {
        name: tuple(dict.fromkeys(normalise(phrase) for phrase in line.split(",")))
        for name, line in lines.items()
    }


def draw_sentences(language: str, *, limit: int, seed: int) -> list[tuple[str, str]]:
    """(sentence, label) drawn from `sentences.yaml` of the language: of each group at most `limit`, normalised.

    A group named `none_…` is of the label "none", and of it twice as many are drawn: it is the widest. The same
    for the same files, `limit` and `seed`.
    """
    data = _load(language, "sentences.yaml")
    lists = {
        name: {"values": [{"in": phrase, "out": phrase} for phrase in phrases]}
        for name, phrases in read_classes(language).items()
    }
    intents = Intents.from_dict(
        {
            "language": language,
            "intents": {
                group: {"data": [{"sentences": templates}]} for group, templates in data["labels"].items()
            },
            "lists": lists,
            "expansion_rules": data["rules"],
        }
    )
    drawn: list[tuple[str, str]] = []
    for group in data["labels"]:
        rng = random.Random(f"{seed}/{group}")  # noqa: S311 - a sample, not a secret
        descent = Descent(intents, group, rng=rng, spoken=False)
        texts: dict[str, None] = {}
        wanted = 2 * limit if group.startswith("none_") else limit
        for _ in range(3 * wanted):
            if len(texts) == wanted:
                break
            if (phrase := descent.draw()) is not None:
                texts[normalise(phrase.text)] = None
        drawn += [(text, group.partition("_")[0]) for text in texts]
    return drawn


def _load(language: str, name: str) -> Any:
    return yaml.safe_load((_FOLDER / language / name).read_text(encoding="utf-8"))
