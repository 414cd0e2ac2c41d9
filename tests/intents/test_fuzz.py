"""Whatever is said or typed: no crash, always an answer, and never an order that nobody gave."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intents.results import IntentMatch, NoMatch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from intents.catalogue import Catalogue
    from intents.match import Matcher

SLICE = 2_000
WHOLE = 100_000
# What makes a sentence an order; none of these may be heard into a text that has none of them.
ORDERING_WORDS = """
    order ordering orders reorder get gets getting bring send buy deliver delivered delivery purchase place put
    want need like love craving grab hungry starving pick have take call book hail request reserve arrange summon
    schedule find drive catch fetch flag give let could can may feel go i we us me
"""
ORDERING = frozenset(ORDERING_WORDS.split())
ATTACKS = [
    "'; DROP TABLE orders; --",
    "1 OR 1=1",
    "<script>alert('pizza')</script>",
    "<b>pizza</b> &amp; <i>taxi</i>",
    "{{pizza}} {size} [a] (pizza|taxi) <order>",
    "%s %d %(pizza)s %n",
    "${jndi:ldap://pizza}",
    "../../etc/passwd\x00pizza",
    "\u200bpizza\u200d\u2060 taxi\ufeff",
    "\u202epizza\u202c",
    "🍕🍕🍕 🚕 ☔ 🎵",
    "\uff50\uff49\uff5a\uff5a\uff41 \uff54\uff41\uff58\uff49",
    "p̴̢i̶z̷z̸a̵",
    "披萨 出租车 天气",
    "пицца такси погода",
    "بيتزا تاكسي",
    "pizza\n\rtaxi\tweather\x0b\x0c",
    "\ud800pizza\udfff",
    '{"intent": "pizza", "certain": true}',
    "a" * 999,
    "pizza " * 59,
    "taxi" * 200,
]
# No order among them: denied, asked about, told of others, or not an order at all.
NEAR = [
    "do not {} a pizza",
    "who {} the pizza",
    "i never {} a taxi",
    "how much is the pizza",
    "what is a taxi",
    "pizza is not a vegetable",
    "the taxi was late",
]


def strings(seed: int, count: int, words: list[str]) -> Iterator[str]:
    """Random and adversarial strings; none of them is an order."""
    rng = random.Random(seed)
    tame = [word for word in words if word not in ORDERING]
    planes = [
        (0x20, 0x7E),
        (0xA0, 0x24F),
        (0x300, 0x36F),
        (0x2000, 0x206F),
        (0x1F300, 0x1F6FF),
        (0, 0x10FFFF),
    ]
    for n in range(count):
        kind = n % 6
        if kind == 0:
            low, high = rng.choice(planes)
            yield "".join(chr(rng.randint(low, high)) for _ in range(rng.randint(0, 60)))
        elif kind == 1:
            yield " ".join(rng.choices(tame, k=rng.randint(1, 12)))
        elif kind == 2:
            attack = rng.choice(ATTACKS)
            cut = rng.randint(0, len(attack))
            yield attack[:cut] + rng.choice(["", " ", "\u200b", "'"]) + attack[cut:]
        elif kind == 3:
            yield " ".join(
                "".join(rng.sample(word, len(word))) for word in rng.choices(tame, k=rng.randint(1, 8))
            )
        elif kind == 4:
            yield rng.choice(NEAR).format(rng.choice(["order", "ordered", "want", "book", "call", "get"]))
        else:
            yield rng.choice(ATTACKS) + " " + " ".join(rng.choices(tame, k=rng.randint(0, 6)))


def check(matcher: Matcher, catalogue: Catalogue, texts: Iterator[str]) -> int:
    """How many were checked; fails on the first that is accepted as an order."""
    count = 0
    for text in texts:
        match = matcher.match(text)
        assert isinstance(match, NoMatch | IntentMatch)
        if isinstance(match, IntentMatch) and catalogue.intents[match.intent].kind == "commerce":
            assert not match.certain, (text, match)
        count += 1
    return count


def vocabulary(catalogue: Catalogue) -> list[str]:
    """Words of our own definitions and of other subjects."""
    lists = {
        word
        for definition in catalogue.intents.values()
        for word in definition.decoys
        for word in word.split()
    }
    ours = "pizza pizzas large small pepperoni mushroom taxi cab ride airport home weather rain umbrella music jazz"
    other = "history capital song driver movie lamp seven of the a is not never who why monday email recipe stock horse"
    return sorted(lists | set(ours.split()) | set(other.split()))


def test_nothing_random_or_hostile_is_an_order(matcher: Matcher, catalogue: Catalogue) -> None:
    assert check(matcher, catalogue, strings(1, SLICE, vocabulary(catalogue))) == SLICE


@pytest.mark.slow
def test_nothing_random_or_hostile_is_an_order_in_a_hundred_thousand(
    matcher: Matcher, catalogue: Catalogue
) -> None:
    assert check(matcher, catalogue, strings(2, WHOLE, vocabulary(catalogue))) == WHOLE


@pytest.mark.parametrize(
    "text", ["pizza " * 10_000, "x" * 1_000_000, "order a pizza " * 5_000, "\u0301" * 100_000]
)
def test_the_longest_texts_are_turned_down_whole(matcher: Matcher, text: str) -> None:
    assert isinstance(matcher.match(text), NoMatch)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_without_an_ordering_verb_nothing_is_accepted_as_an_order(
    matcher: Matcher, catalogue: Catalogue, data: st.DataObject
) -> None:
    words = [word for word in vocabulary(catalogue) if word not in ORDERING]
    text = " ".join(data.draw(st.lists(st.sampled_from(words), min_size=1, max_size=14)))
    match = matcher.match(text)
    if isinstance(match, IntentMatch) and catalogue.intents[match.intent].kind == "commerce":
        assert not match.certain, match


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=200))
def test_any_text_has_an_answer_that_is_the_same_again(matcher: Matcher, text: str) -> None:
    assert matcher.match(text) == matcher.match(text)
