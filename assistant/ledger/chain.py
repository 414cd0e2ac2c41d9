"""The hash chain: each transaction's hash covers what it says and the hash before it.

Whoever changes, removes or inserts a transaction changes every hash after it, so one noted hash of the newest
transaction vouches for all of the books up to there. Anybody can work it out again with a JSON and a SHA-256.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

GENESIS: Final = hashlib.sha256(b"pennyworth ledger 1").hexdigest()
"""What stands before the first transaction; it names this way of making hashes."""

_FIELDS: Final = (
    "id",
    "at",
    "kind",
    "interaction_id",
    "order_id",
    "plan",
    "description",
    "reverses",
)
_LINE: Final = ("line", "account", "amount_micros", "currency")
_encode: Final = msgspec.json.Encoder().encode


def chained_hash(before: str, row: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]) -> str:
    """The hash of a transaction, 64 hexadecimal digits.

    Args:
        before: The hash of the transaction before it, or `GENESIS`.
        row: Its row of `transactions`.
        lines: Its rows of `postings`, in their order.

    Returns:
        SHA-256 of the UTF-8 JSON array, without spaces, of the hash before, the fields of the row in the order of
        the table, and an array of [line, account, amount in millionths, currency] for each posting.
    """
    return seal(
        before,
        tuple(row[name] for name in _FIELDS),
        [tuple(line[name] for name in _LINE) for line in lines],
    )


def seal(before: str, fields: tuple[Any, ...], lines: list[tuple[Any, ...]]) -> str:
    """As `chained_hash`, from values that stand in their order already: the way for millions of them."""
    return hashlib.sha256(_encode([before, *fields, lines])).hexdigest()
