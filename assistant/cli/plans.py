"""Pricing plans by the names that stand in a log."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from assistant.config import bundled_names
from assistant.ledger.plan_file import load_plan
from assistant.ledger.sources import source_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant.cli.options import Settings
    from assistant.ledger.plan import PricingPlan
    from assistant.ledger.transactions import Posting, Transaction


def basis(names: Sequence[str]) -> str:
    """What stands on every page: "simulated, plan home"."""
    return f"simulated, plan {', '.join(names) or 'none'}"


class PlanShelf:
    """The plans that are at hand: the configured one, and those that are bundled."""

    def __init__(self, settings: Settings) -> None:
        self._configured = load_plan(settings.load().books.plan)
        self._source = lru_cache(maxsize=None)(self._look_up)

    def plan(self, name: str) -> PricingPlan | None:
        """The plan of that name as it is now; None when it is not at hand."""
        if name == self._configured.name:
            return self._configured
        return load_plan(name) if name in bundled_names("pricing") else None

    def plan_of(self, names: Sequence[str]) -> PricingPlan | None:
        """The one plan of a log; the configured one for a log without any, None where there are several."""
        if not names:
            return self._configured
        return self.plan(names[0]) if len(names) == 1 else None

    def source(self, transaction: Transaction, posting: Posting) -> str:
        """Where the rate behind a posting comes from; empty where the account has none of its own."""
        return self._source(transaction.plan, posting.account)

    def _look_up(self, name: str, account: str) -> str:
        plan = self.plan(name)
        if plan is None:
            return f"the plan {name} is not at hand; name its file in the configuration ([books] plan)"
        return source_of(plan, account)
