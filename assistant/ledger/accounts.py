"""The chart of accounts. Debits are positive and credits negative; every transaction sums to zero."""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from assistant.config import load_strict
from assistant.errors import ConfigError
from assistant.resources import configs_dir

CASH: Final = "Assets:Cash"
AFFILIATES_RECEIVABLE: Final = "Assets:Receivable:Affiliates"
ADVERTISING_RECEIVABLE: Final = "Assets:Receivable:Advertising"
DEPRECIATION: Final = "Assets:Machine:AccumulatedDepreciation"
ELECTRICITY: Final = "Liabilities:Payable:Electricity"
CLOUD: Final = "Liabilities:Payable:Cloud"
MESSAGING: Final = "Liabilities:Payable:Messaging"
FULFILMENT_PAYABLE: Final = "Liabilities:Payable:Fulfilment"
SUPPORT_PAYABLE: Final = "Liabilities:Payable:Support"
PAYMENT_PROVIDER: Final = "Liabilities:Payable:PaymentProvider"
CONVERSION: Final = "Equity:Conversion"
ADVERTISING: Final = "Income:Advertising"
SUBSCRIPTIONS: Final = "Income:Subscriptions"
DEVICE_SALES: Final = "Income:Devices"
LISTENING: Final = "Expenses:Compute:Listening"
RECOGNITION: Final = "Expenses:Compute:Recognition"
UNDERSTANDING: Final = "Expenses:Compute:Understanding"
ROUNDING: Final = "Expenses:Rounding"
DEVICE_PARTS: Final = "Expenses:Devices"
OVERHEAD: Final = "Expenses:Overhead"
IDLE_MACHINE: Final = "Expenses:IdleMachine"
DISPLAY: Final = "Income:Display"
HALO: Final = "Income:Halo"
PEOPLE: Final = "Expenses:People"
SEVERANCE: Final = "Expenses:Severance"

Text = Annotated[str, msgspec.Meta(min_length=1)]

_ROOTS: Final = {
    "asset": "Assets",
    "liability": "Liabilities",
    "equity": "Equity",
    "income": "Income",
    "expense": "Expenses",
}
# What ledger programs take for a part of a name.
_PART: Final = "[A-Z0-9][A-Za-z0-9-]*"


def notification(intent: str) -> str:
    """Telling partner and customer about an order: "Expenses:Notification:Pizza"."""
    return f"Expenses:Notification:{part(intent)}"


def fulfilment(intent: str) -> str:
    """Carrying out an order: "Expenses:Fulfilment:Pizza"."""
    return f"Expenses:Fulfilment:{part(intent)}"


def support(intent: str) -> str:
    """People who help with an order: "Expenses:Support:Pizza"."""
    return f"Expenses:Support:{part(intent)}"


def payment_fees(intent: str) -> str:
    """What is kept back when a partner pays: "Expenses:PaymentFees:Pizza"."""
    return f"Expenses:PaymentFees:{part(intent)}"


def refunds(intent: str) -> str:
    """Handling refunds: "Expenses:Refunds:Pizza"."""
    return f"Expenses:Refunds:{part(intent)}"


def chargebacks(intent: str) -> str:
    """Handling chargebacks: "Expenses:Chargebacks:Pizza"."""
    return f"Expenses:Chargebacks:{part(intent)}"


def rebate_income(intent: str) -> str:
    """What a partner grants on completed orders: "Income:Rebates:Pizza"."""
    return f"Income:Rebates:{part(intent)}"


def affiliate_income(intent: str) -> str:
    """Affiliate commission on completed orders: "Income:Affiliate:Pizza"."""
    return f"Income:Affiliate:{part(intent)}"


def receivable(intent: str) -> str:
    """Rebates earned and not yet paid: "Assets:Receivable:Pizza"."""
    return f"Assets:Receivable:{part(intent)}"


def part(intent: str) -> str:
    """An intent as a part of an account's name: "smart_home" is "Smart-Home"."""
    return "-".join(word.capitalize() for word in re.split(r"[^A-Za-z0-9]+", intent) if word)


@dataclass(frozen=True, kw_only=True)
class Account:
    """One line of the chart."""

    name: Text
    """The account, or a pattern in which a star stands for one part."""
    type: Literal["asset", "liability", "equity", "income", "expense"]
    """Kind of account; says how its name begins."""
    normal: Literal["debit", "credit"]
    """The side that usually has the larger sum."""
    booked: Literal["interaction", "order", "period"]
    """What brings it about; "period" stands in the fully loaded statement only."""
    purpose: Text
    """What it is for."""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """All the accounts there are."""

    accounts: tuple[Account, ...]
    """In the order of the file."""

    def find(self, name: str) -> Account | None:
        """The line that covers the account `name`, one that names it before a pattern; None when there is none."""
        exact = (account for account in self.accounts if account.name == name)
        pattern = (account for account in self.accounts if re.fullmatch(_expression(account.name), name))
        return next(exact, None) or next(pattern, None)


@lru_cache(maxsize=1)
def bundled_chart() -> Chart:
    """The chart of `configs/accounts.toml`."""
    return load_chart(configs_dir() / "accounts.toml")


def load_chart(path: Path) -> Chart:
    """A chart of accounts from a TOML file.

    Raises:
        ConfigError: a key is missing or unknown, a name does not begin as its type says, or stands there twice.
    """
    chart = load_strict(path, Chart)
    seen = set()
    for account in chart.accounts:
        root = _ROOTS[account.type]
        if not re.fullmatch(rf"{root}(:({_PART}|\*))+", account.name):
            raise ConfigError(
                f"{path}: the {account.type} account {account.name!r} is misnamed; expected {root}: and then "
                "parts that begin with a capital, or a star, with a colon between them"
            )
        if account.name in seen:
            raise ConfigError(f"{path}: the account {account.name!r} stands there twice; remove one")
        seen.add(account.name)
    return chart


@cache
def _expression(name: str) -> str:
    return re.escape(name).replace(r"\*", _PART)
