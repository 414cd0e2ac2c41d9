"""What a block of households says and buys, drawn: plain arrays, no files and no money yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator

    from assistant.economics.attribution.history import Booleans, Floats, Integers
    from assistant.economics.fleet.behaviour import Behaviour, Work

DAY_US: Final = 86_400_000_000
WEEK_US: Final = 7 * DAY_US

HOURS: Final = (1, 1, 1, 1, 1, 2, 5, 9, 9, 6, 5, 5, 7, 6, 5, 5, 7, 9, 11, 11, 9, 7, 4, 2)
"""Weights of the hours of a day (UTC) in which something is said or bought; days are alike."""

_SLOT_BITS: Final = 16
_TIME_BITS: Final = 40
_KIND_BITS: Final = 6
MOST_KINDS: Final = 1 << _KIND_BITS


@dataclass(frozen=True, kw_only=True, eq=False)
class Households:
    """A block of them, with what each is like. All are (households,) but for `mix`."""

    holdout: Booleans
    """Kept without a device."""
    buys: Floats
    """How much it buys, mean 1."""
    talks: Floats
    """How much it talks where it has a device, mean 1."""
    mix: Floats
    """(households, kinds) shares of what it says."""
    half_life: Floats
    """Weeks in which the use of the device wears off by half."""

    def habit(
        self, behaviour: Behaviour, weeks: Integers | int, of: Integers | slice = slice(None)
    ) -> Floats:
        """What is left of the first week's use after `weeks`, of the households `of`."""
        floor = behaviour.habit.floor
        left: Floats = floor + (1 - floor) * np.exp2(-weeks / self.half_life[of])
        return left


@dataclass(frozen=True, kw_only=True, eq=False)
class Purchases:
    """What a block buys in the whole time, in no order. All are (purchases,); times are microseconds from the start."""

    household: Integers
    """Index in the block."""
    good: Integers
    """Index in the behaviour's goods."""
    price: Integers
    """Index in the prices of that good."""
    at: Integers
    """When: by voice, when it is confirmed."""
    caused: Booleans
    """True where it would not have been made without the device, nor what it is a repeat of."""
    by_voice: Booleans
    """Ordered with the device."""
    abandoned: Booleans
    """One like it was quoted before, and called off."""
    back_at: Integers
    """When it is given back; -1 never."""
    disputed: Booleans
    """Given back by a chargeback, and not by a refund."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Worked:
    """What utterances took; all are (utterances,), in microseconds."""

    audio_us: Integers
    listening_cpu_us: Integers
    recognition_cpu_us: Integers
    understanding_cpu_us: Integers
    endpoint_us: Integers
    recognition_us: Integers
    understanding_us: Integers


def draw_households(random: Generator, behaviour: Behaviour, count: int) -> Households:
    """`count` households, and the lot that decides which of them are held out."""
    talk, buying = behaviour.talk, behaviour.buying
    buys = random.gamma(buying.shape, 1 / buying.shape, count)
    own = random.gamma(talk.shape, 1 / talk.shape, count)
    # A kind of no share must keep none; gamma takes no shape of 0.
    means = np.array(list(talk.mix.values()))
    mix = np.zeros((count, len(means)))
    some = means > 0
    mix[:, some] = random.gamma(talk.concentration * means[some], 1.0, (count, int(some.sum())))
    mix /= np.maximum(mix.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    return Households(
        holdout=random.random(count) < behaviour.held_out,
        buys=buys,
        talks=buying.tied_to_talk * buys + (1 - buying.tied_to_talk) * own,
        mix=mix,
        half_life=behaviour.habit.half_life_weeks
        * np.exp(behaviour.habit.spread * random.standard_normal(count)),
    )


def draw_said(
    random: Generator, behaviour: Behaviour, households: Households, week: int
) -> tuple[Integers, Integers, Integers]:
    """What households with a device say in a week that is no order, by household and time.

    Returns:
        (utterances,) the household's index, microseconds from the beginning of the week, the kind's index in the mix.
    """
    use = behaviour.talk.a_week * households.talks * households.habit(behaviour, week)
    use[households.holdout] = 0
    count = random.poisson(use[:, None] * households.mix)
    kinds = households.mix.shape[1]
    cell = (np.arange(len(use), dtype=np.int64)[:, None] << (_TIME_BITS + _KIND_BITS)) + np.arange(
        kinds, dtype=np.int64
    )
    # Household, time and kind in one integer: sorting plain integers takes a fraction of sorting by an order.
    packed = np.repeat(cell.ravel(), count.ravel())
    packed += _times_of_week(random, len(packed)) << _KIND_BITS
    packed.sort()
    return (
        packed >> (_TIME_BITS + _KIND_BITS),
        (packed >> _KIND_BITS) & ((1 << _TIME_BITS) - 1),
        packed & (MOST_KINDS - 1),
    )


def draw_purchases(random: Generator, behaviour: Behaviour, households: Households, weeks: int) -> Purchases:
    """All that households buy in `weeks`: what they would anyway, what only a device causes, and repeats of both."""
    buying = behaviour.buying
    end = weeks * WEEK_US
    parts: list[tuple[Integers, Integers, Integers, Booleans, Booleans]] = []
    for number, good in enumerate(buying.goods.values()):
        anyway = good.a_week * weeks * households.buys
        for caused in (False, True):
            rate = anyway * (good.caused * ~households.holdout if caused else 1.0)
            household = np.repeat(np.arange(len(rate)), random.poisson(rate))
            at = random.integers(0, weeks, len(household)) * WEEK_US + _times_of_week(random, len(household))
            if caused:
                kept = random.random(len(at)) < households.habit(behaviour, at // WEEK_US, household)
                household, at = household[kept], at[kept]
            original = np.ones(len(at), dtype=bool)
            while len(at):
                same = np.full(len(at), number)
                parts.append((household, same, at, np.full(len(at), caused), original))
                again = random.random(len(at)) < buying.repeated
                wait = random.exponential(buying.repeated_after_days * DAY_US, int(again.sum()))
                household, at = household[again], at[again] + wait.astype(np.int64) + 1
                household, at = household[at < end], at[at < end]
                original = np.zeros(len(at), dtype=bool)
    empty = (np.zeros(0, np.int64),) * 3 + (np.zeros(0, bool),) * 2
    household, good_, at, caused_, original_ = (
        np.concatenate(each) for each in zip(empty, *parts, strict=True)
    )
    count = len(at)
    habit = households.habit(behaviour, at // WEEK_US, household)
    by_voice = ~households.holdout[household] & (
        (caused_ & original_) | (random.random(count) < buying.by_voice * habit)
    )
    luck, size = random.random(count), random.random(count)
    later = random.exponential(buying.given_back_after_days * DAY_US, count).astype(np.int64)
    price = np.zeros(count, dtype=np.int64)
    back, disputed = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    for number, good in enumerate(buying.goods.values()):
        this = good_ == number
        bounds = np.cumsum([each.share for each in good.prices])[:-1]
        price[this] = np.searchsorted(bounds, size[this], side="right")
        # Given back as often with a device as without, so that the effect is of buying alone.
        back |= this & (luck < good.refunded + good.charged_back)
        disputed |= this & by_voice & (luck < good.charged_back)
    return Purchases(
        household=household,
        good=good_,
        price=price,
        at=at,
        caused=caused_,
        by_voice=by_voice,
        abandoned=by_voice & (random.random(count) < buying.abandoned),
        back_at=np.where(back, at + _completion_us(behaviour) + later, -1),
        disputed=disputed,
    )


def draw_work(random: Generator, work: Work, count: int) -> Worked:
    """What `count` utterances took."""
    normal = random.standard_normal(count, dtype=np.float32)
    audio = (np.float32(work.speech_seconds * 1e6) * np.exp(np.float32(work.speech_spread) * normal)).astype(
        np.int64
    )
    # Half to one and a half of the mean, to 1/65536.
    varied = random.integers(1 << 15, 3 << 15, count, dtype=np.uint32).astype(np.int64)
    understanding = (round(work.understanding_ms * 1000) * varied) >> 16
    recognition = (round(work.recognition * 65536) * audio) >> 16
    return Worked(
        audio_us=audio,
        listening_cpu_us=(round(work.listening * 65536) * audio) >> 16,
        recognition_cpu_us=recognition,
        understanding_cpu_us=understanding,
        endpoint_us=np.full(count, round(work.endpoint_ms * 1000), dtype=np.int64),
        recognition_us=recognition,
        understanding_us=understanding,
    )


def _completion_us(behaviour: Behaviour) -> int:
    return round(behaviour.buying.completed_after_minutes * 60_000_000)


def _times_of_week(random: Generator, count: int) -> Integers:
    """(count,) microseconds from the beginning of a week, by the weights of the hours."""
    drawn = random.integers(0, 1 << 32, count, dtype=np.uint32).astype(np.int64)
    slot = drawn >> _SLOT_BITS
    times: Integers = _START[slot] + ((_WIDTH[slot] * (drawn & ((1 << _SLOT_BITS) - 1))) >> _SLOT_BITS)
    return times


def _slots() -> tuple[Integers, Integers]:
    """Beginnings and lengths of 65,536 slots of a week that are equally likely."""
    weights = np.tile(np.array(HOURS, dtype=np.float64), 7)
    reached = np.concatenate([[0.0], np.cumsum(weights) / weights.sum()])
    edges = np.interp(np.arange((1 << _SLOT_BITS) + 1) / (1 << _SLOT_BITS), reached, np.arange(7 * 24 + 1))
    whole = np.rint(edges * 3_600_000_000).astype(np.int64)
    return whole[:-1], np.diff(whole)


_START, _WIDTH = _slots()
