"""The chart of accounts. Debits are positive and credits negative; every transaction sums to zero."""

from __future__ import annotations

from typing import Final

LISTENING: Final = "Expenses:Compute:Listening"
"""Energy and wear of finding utterances in the sound."""
RECOGNITION: Final = "Expenses:Compute:Recognition"
"""Energy and wear of turning speech into text."""
UNDERSTANDING: Final = "Expenses:Compute:Understanding"
"""Energy and wear of matching and dialogue."""
ELECTRICITY: Final = "Liabilities:Payable:Electricity"
"""Owed for the energy used."""
DEPRECIATION: Final = "Assets:Machine:AccumulatedDepreciation"
"""What use has taken off the value of the machine."""
MESSAGING: Final = "Liabilities:Payable:Messaging"
"""Owed for the notifications that go with an order."""


def notification(intent: str) -> str:
    """The cost of telling partner and customer about an order: "Expenses:Notification:Pizza"."""
    return f"Expenses:Notification:{intent.title()}"


def rebate_income(intent: str) -> str:
    """What a partner grants on completed orders: "Income:Rebates:Pizza"."""
    return f"Income:Rebates:{intent.title()}"


def receivable(intent: str) -> str:
    """Rebates earned and not yet paid: "Assets:Receivable:Pizza"."""
    return f"Assets:Receivable:{intent.title()}"
