"""A run against an earlier one, case by case: what broke, what was mended, and whether that could be chance."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import comb
from typing import TYPE_CHECKING

from assistant.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from assistant.audiotest.results import CaseResult, Run


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One engine under one condition, before and now."""

    engine: str
    """Now."""
    condition: str
    """Label."""
    pairs: int
    """Cases that both runs heard."""
    unpaired: int
    """Cases of this run that the earlier one did not hear."""
    broke: tuple[CaseResult, ...]
    """Right before and wrong now, as they are now."""
    mended: tuple[CaseResult, ...]
    """Wrong before and right now."""
    p_value: float
    """McNemar's exact test, two-sided: how likely as much imbalance is if nothing changed but luck."""
    false_orders: int
    """False orders now, less those before."""

    @property
    def worse(self) -> bool:
        """More broke than was mended, or there are more false orders."""
        return len(self.broke) > len(self.mended) or self.false_orders > 0


def compare(now: Run, before: Run) -> list[Comparison]:
    """Pair the cases of two runs by engine, condition, recording and place in the corpus.

    Two runs of a single engine each are paired even if the engines differ. What has no pair is left out.
    """
    skipped = _skipped(now.engines, before)
    old = {it.key[skipped:]: it for it in before.results}
    found = []
    for engine in now.engines:
        for condition in now.conditions:
            pairs = []
            results = now.of(engine, condition)
            for it in results:
                was = old.get(it.key[skipped:])
                if was is not None:
                    pairs.append((was, it))
            if not pairs:
                continue
            broke = tuple(it for was, it in pairs if was.right and not it.right)
            mended = tuple(it for was, it in pairs if it.right and not was.right)
            found.append(
                Comparison(
                    engine=engine,
                    condition=condition,
                    pairs=len(pairs),
                    unpaired=len(results) - len(pairs),
                    broke=broke,
                    mended=mended,
                    p_value=mcnemar(len(broke), len(mended)),
                    false_orders=sum(it.false_order - was.false_order for was, it in pairs),
                )
            )
    return found


def differences(now: Run, before: Run) -> list[str]:
    """What keeps two runs from being compared as a whole: conditions that only one of them heard, and settings that
    make the sound or the way another one."""
    found = []
    for what, missing in (
        ("the baseline did not hear", [name for name in now.conditions if name not in before.conditions]),
        ("this run does not hear", [name for name in before.conditions if name not in now.conditions]),
    ):
        if missing:
            found.append(f"{what} {'; '.join(missing)}: nothing is said of that")
    if now.corpus != before.corpus:
        found.append(
            f"the baseline heard {before.corpus}, and this run {now.corpus}: files of a name are compared"
        )
    if now.seed != before.seed:
        found.append(
            f"the baseline has the seed {before.seed}, and this run {now.seed}: what is random is not the same"
        )
    if now.endpointing != before.endpointing:
        bare, whole = "of bare recordings", "of the whole way"
        ways = (whole, bare) if now.endpointing else (bare, whole)
        found.append(f"this run is {ways[0]}, and the baseline {ways[1]}")
    return found


def check_comparable(
    planned: Iterable[tuple[str, str, str, int]], engines: Sequence[str], before: Run
) -> None:
    """Raise `ConfigError` if none of the cases that are to be heard (by their keys) is in an earlier run."""
    skipped = _skipped(engines, before)
    if {key[skipped:] for key in planned}.isdisjoint(it.key[skipped:] for it in before.results):
        raise ConfigError(
            "the baseline has no case in common with this run; take one of the same corpus, conditions and engine"
        )


def _skipped(engines: Sequence[str], before: Run) -> int:
    """How much of a case's key does not count: the engine, where each run has one."""
    return 1 if len(engines) == len(before.engines) == 1 else 0


def mcnemar(broke: int, mended: int) -> float:
    """The exact two-sided p-value of McNemar's test: the discordant pairs as throws of a fair coin."""
    discordant = broke + mended
    if not discordant:
        return 1.0
    tail = sum(comb(discordant, count) for count in range(min(broke, mended) + 1))
    return float(min(Fraction(1), Fraction(2 * tail, 2**discordant)))
