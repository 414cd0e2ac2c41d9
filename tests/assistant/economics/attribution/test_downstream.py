"""Downstream impact counts the same sale several times, and says how many."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from hypothesis import given

from assistant.economics.attribution.history import NO_TOUCH
from assistant.economics.attribution.models import Parameters, attribute
from tests.assistant.economics.attribution.histories import PROPERTY, Slow, histories, history, purchase

if TYPE_CHECKING:
    from assistant.economics.attribution.history import History


@PROPERTY
@given(histories())
def test_every_kind_claims_the_whole_of_every_sale_it_precedes(given_: History) -> None:
    result = attribute(given_, "downstream", Parameters())
    claims = Slow(given_, 30.0).claims()
    assert {kind: money.micros for kind, money in result.by_kind.items() if kind != NO_TOUCH} == claims
    assert result.total.micros == sum(claims.values())


def test_it_prints_by_how_much() -> None:
    touches = [("h", 0.0, "music"), ("h", 1.0, "music"), ("h", 2.0, "weather"), ("h", 3.0, "pizza")]
    given_ = history(touches, [purchase("h", 3, "20"), purchase("x", 3, "5")])
    result = attribute(given_, "downstream", Parameters())
    assert result.multiple == Fraction(3)
    assert "60.000000 of 20.000000 USD" in result.note
    assert "3.00 times, 40.000000 more" in result.note
    assert str(result.by_kind[NO_TOUCH]) == "0.000000"


def test_without_a_sale_there_is_no_multiple() -> None:
    result = attribute(history([("h", 0.0, "music")], []), "downstream", Parameters())
    assert result.multiple is None
    assert "nothing" in result.note
