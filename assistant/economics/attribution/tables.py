"""From plain tables to a history: every column checked, and what is wrong named by its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assistant.economics.attribution.history import NO_TOUCH, History
from assistant.errors import AttributionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant.economics.attribution.history import Booleans, Integers

TOUCHES: Final = (("household", "time", "kind"), ("id",))
"""Columns of a table of touches: required, and optional. `channel` may stand for `kind`."""
PURCHASES: Final = (("id", "household", "time", "value", "currency"), ("kind", "touch", "refund_of"))
"""Columns of a table of purchases. `value_micros`, in whole millionths, may stand for `value`."""
HOUSEHOLDS: Final = (("household", "holdout"), ())
"""Columns of a table of households: every one that was treated or held out, those that bought nothing too."""

ALIASES: Final = {"channel": "kind", "value_micros": "value"}

_MOST: Final = 2**62
_AMOUNT: Final = r"^[+-]?[0-9]{1,12}(\.[0-9]{1,6}0*)?$"
_TIME: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?$"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """A table and how to name a place in it."""

    data: pa.Table
    """The columns; more than are asked for do no harm."""
    name: str
    """As an error names it: the file."""
    lines: bool = False
    """True for a text file, whose first line is the header: places are lines, else rows from 1."""

    def where(self, row: int) -> str:
        """The place of a row that is counted from 0."""
        return f"{self.name}, line {row + 2}" if self.lines else f"{self.name}, row {row + 1}"


def make_history(
    touches: Table, purchases: Table, households: Table | None = None, *, source: str, simulated: bool
) -> History:
    """The history of these tables, whatever their order.

    Touches have `household`, `time` and `kind` (or `channel`), and may have an `id`. Purchases have `id`,
    `household`, `time`, `value` in currency units (text or decimal, never a float; or `value_micros`) and `currency`,
    and may have `kind`, `touch` (the id of the touch that made it) and `refund_of` (the id of the purchase that a
    negative one takes back). Households have `household` and `holdout`. A time without a zone is UTC.

    Raises:
        AttributionError: a column is missing or a value is no good; it is named with its place.
    """
    _check_columns(touches, *TOUCHES)
    _check_columns(purchases, *PURCHASES)
    kinds_text = _text(touches, "kind")
    touch_us, us = _times(touches), _times(purchases)
    micros = _micros(purchases)
    everyone = [_text(touches, "household"), _text(purchases, "household")]
    if households:
        _check_columns(households, *HOUSEHOLDS)
        everyone.append(_text(households, "household"))
    names, (touch_household, household, *rest) = _numbered(everyone)
    if (row := pc.index(kinds_text, NO_TOUCH).as_py()) >= 0:
        _refuse(touches, row, "kind", NO_TOUCH, "that is the name of the row for what no touch precedes")
    kinds = sorted(pc.unique(kinds_text).to_pylist())
    kind_of_touch = _indices(kinds_text, pa.array(kinds, pa.string()))
    # Stable: of touches at the same moment the one that stands first came first.
    order = np.lexsort((touch_us, touch_household))
    return History(
        source=source,
        simulated=simulated,
        currency=_currency(purchases),
        households=len(names),
        kinds=tuple(kinds),
        touch_household=touch_household[order],
        touch_us=touch_us[order],
        touch_kind=kind_of_touch[order],
        household=household,
        us=us,
        micros=micros,
        made_by=_made_by(touches, purchases, touch_household, household, order),
        kind=_bought(purchases, kinds),
        refund_of=_refunds(purchases, household, micros),
        holdout=_holdout(households, rest[0], names) if households else None,
    )


def _check_columns(table: Table, required: Sequence[str], optional: Sequence[str]) -> None:
    there = [ALIASES.get(name, name) for name in table.data.column_names]
    if missing := [name for name in required if name not in there]:
        raise AttributionError(
            f"{table.name} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; it has "
            f"{', '.join(table.data.column_names) or 'none'}, and needs {', '.join(required)}"
            + (f" (and may have {', '.join(optional)})" if optional else "")
        )
    for name in (*required, *optional):
        if there.count(name) > 1:
            raise AttributionError(
                f"{table.name} has the column {name} more than once (under that name or another); keep one"
            )


def _column(table: Table, name: str) -> tuple[str, pa.ChunkedArray]:
    """The name a column goes by in this table, and the column."""
    actual = next(each for each in table.data.column_names if ALIASES.get(each, each) == name)
    column = table.data.column(actual)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return actual, column


def _has(table: Table, name: str) -> bool:
    return name in table.data.column_names


def _refuse(table: Table, row: int, name: str, value: object, expected: str) -> NoReturn:
    shown = "is empty" if value is None or value == "" else f"{str(value)!r} cannot be read"
    raise AttributionError(f"{table.where(row)}: {name} {shown}; {expected}")


def _text(table: Table, name: str, *, optional: bool = False) -> pa.ChunkedArray:
    """A column as text without blanks around it; where it may be missing an empty one is null, else it is refused."""
    actual, column = _column(table, name)
    if (
        pa.types.is_integer(column.type)
        or pa.types.is_large_string(column.type)
        or pa.types.is_null(column.type)
    ):
        column = column.cast(pa.string())
    if not pa.types.is_string(column.type):
        raise AttributionError(f"{table.name}: the column {actual} is {column.type}; it must be text")
    column = pc.utf8_trim_whitespace(column)
    empty = pc.fill_null(pc.equal(column, ""), True)
    if optional:
        return pc.if_else(empty, pa.scalar(None, pa.string()), column)
    if (row := pc.index(empty, True).as_py()) >= 0:
        _refuse(table, row, actual, None, "every row needs one")
    return column


def _times(table: Table) -> Integers:
    actual, column = _column(table, "time")
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        if (row := pc.index(pc.is_null(column), True).as_py()) >= 0:
            _refuse(table, row, actual, None, "every row needs one")
        zone = column.type.tz if pa.types.is_timestamp(column.type) else None
        # Nanoseconds are cut to microseconds; nothing here is decided by less.
        return _integers(column.cast(pa.timestamp("us", zone), safe=False).cast(pa.int64()))
    expected = "expected ISO 8601 such as 2026-01-31T18:30:00+01:00 (UTC where there is no zone)"
    text = _text(table, "time")
    fits = pc.match_substring_regex(text, _TIME)
    if (row := pc.index(fits, False).as_py()) >= 0:
        _refuse(table, row, actual, text[row].as_py(), expected)
    # Nine decimals are read and cut to six.
    text = pc.replace_substring_regex(text, r"(\.[0-9]{6})[0-9]+", r"\1")
    zoned = pc.match_substring_regex(text, r":.*(Z|[+-][0-9:]+)$")
    try:
        with_zone = pc.if_else(zoned, text, "1970-01-01T00:00Z").cast(pa.timestamp("us", "UTC"))
        without = pc.if_else(zoned, "1970-01-01T00:00", text).cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        row = _first_bad_time(text)
        _refuse(table, row, actual, text[row].as_py(), expected)
    return _integers(pc.add(with_zone.cast(pa.int64()), without.cast(pa.int64())))


def _first_bad_time(text: pa.ChunkedArray) -> int:
    for row, value in enumerate(text):
        zoned = pc.match_substring_regex(pa.array([value.as_py()]), r":.*(Z|[+-][0-9:]+)$")[0].as_py()
        try:
            value.cast(pa.timestamp("us", "UTC" if zoned else None))
        except pa.ArrowInvalid:
            return row
    raise AssertionError("one of them was refused")


def _micros(table: Table) -> Integers:
    actual, column = _column(table, "value")
    kind = column.type
    whole = actual == "value_micros"
    if pa.types.is_floating(kind):
        raise AttributionError(
            f"{table.name}: the column {actual} is {kind}, and a float is not exact; store text, a decimal, or "
            f"whole millionths as value_micros"
        )
    expected = (
        "expected whole millionths"
        if whole
        else "expected an amount such as -12.50, to the millionth at finest"
    )
    if not (pa.types.is_integer(kind) or pa.types.is_decimal(kind)):
        text = _text(table, "value")
        fits = pc.match_substring_regex(text, r"^[+-]?[0-9]{1,18}$" if whole else _AMOUNT)
        if (row := pc.index(fits, False).as_py()) >= 0:
            _refuse(table, row, actual, text[row].as_py(), expected)
        column = pc.replace_substring_regex(text, r"(\.[0-9]{6})0+$", r"\1").cast(pa.decimal128(24, 6))
    if (row := pc.index(pc.is_null(column), True).as_py()) >= 0:
        _refuse(table, row, actual, None, "every row needs one")
    try:
        exact = column.cast(pa.decimal128(38, 6))
        if not whole:
            exact = pc.multiply(exact.cast(pa.decimal128(30, 6)), pa.scalar(1_000_000, pa.decimal128(7, 0)))
        micros = _integers(exact.cast(pa.int64()))
    except pa.ArrowInvalid as error:
        raise AttributionError(
            f"{table.name}: a {actual} is too large, or finer than a millionth: {error}"
        ) from error
    if np.abs(micros.astype(np.float64)).sum() >= _MOST:
        raise AttributionError(
            f"{table.name}: the values come to over 4.6 trillion, which is too much to add"
        )
    return micros


def _currency(purchases: Table) -> str:
    column = _text(purchases, "currency")
    if not len(column):
        return "XXX"
    first = column[0].as_py()
    if (row := pc.index(pc.equal(column, first), False).as_py()) >= 0:
        raise AttributionError(
            f"{purchases.where(row)}: currency {column[row].as_py()!r}, but {first!r} before it; they cannot be added: "
            f"convert, or keep one table a currency"
        )
    if not (len(first) == 3 and first.isascii() and first.isalpha() and first.isupper()):
        _refuse(purchases, 0, "currency", first, "expected an ISO 4217 code such as EUR")
    return str(first)


def _unique(table: Table, name: str) -> pa.ChunkedArray:
    """A column of ids, each given once."""
    column = _text(table, name)
    counts = pc.value_counts(column)
    twice = pc.greater(counts.field("counts"), 1)
    if (place := pc.index(twice, True).as_py()) >= 0:
        value = counts.field("values")[place]
        rows = np.flatnonzero(np.asarray(pc.equal(column, value)))[:2].tolist()
        raise AttributionError(
            f"{table.where(rows[1])}: {name} {value.as_py()!r} stands in "
            f"{table.where(rows[0]).removeprefix(f'{table.name}, ')} already; each may stand once"
        )
    return column


def _numbered(columns: Sequence[pa.ChunkedArray]) -> tuple[pa.Array, list[Integers]]:
    """The distinct values of all columns, and each column as indices into them."""
    chunks = [chunk for column in columns for chunk in column.chunks]
    encoded = pa.concat_arrays(chunks or [pa.array([], pa.string())]).dictionary_encode()
    codes = _integers(encoded.indices)
    return encoded.dictionary, np.split(codes, np.cumsum([len(column) for column in columns])[:-1])


def _indices(column: pa.ChunkedArray, values: pa.Array) -> Integers:
    """Where each value stands among `values`; -1 for null or elsewhere."""
    return _integers(pc.fill_null(pc.index_in(column, value_set=values, skip_nulls=True), -1))


def _integers(column: pa.Array | pa.ChunkedArray) -> Integers:
    return np.asarray(column).astype(np.int64)


def _made_by(
    touches: Table, purchases: Table, touch_household: Integers, household: Integers, order: Integers
) -> Integers | None:
    ids = _unique(touches, "id") if _has(touches, "id") else None
    if not _has(purchases, "touch"):
        return None
    named = _text(purchases, "touch", optional=True)
    if ids is None:
        if named.null_count == len(named):
            return None
        raise AttributionError(
            f"{purchases.name} names touches by id, and {touches.name} lacks the column id; add it, or leave out touch"
        )
    place = _indices(named, ids.combine_chunks())
    _check_references(
        purchases, named, place, household, touch_household, "touch", f"a touch in {touches.name}"
    )
    now_at = np.empty(len(order), dtype=np.int64)
    now_at[order] = np.arange(len(order))
    return np.where(place >= 0, now_at[place], -1) if len(order) else place


def _bought(purchases: Table, kinds: list[str]) -> Integers | None:
    if not any(ALIASES.get(name, name) == "kind" for name in purchases.data.column_names):
        return None
    return _indices(_text(purchases, "kind", optional=True), pa.array(kinds, pa.string()))


def _refunds(purchases: Table, household: Integers, micros: Integers) -> Integers:
    ids = _unique(purchases, "id")
    own = np.arange(len(ids))
    if not _has(purchases, "refund_of"):
        return own
    named = _text(purchases, "refund_of", optional=True)
    place = _indices(named, ids.combine_chunks())
    _check_references(purchases, named, place, household, household, "refund_of", "a purchase in this table")
    refund = place >= 0
    for wrong, why in (
        (refund & (micros > 0), "but its own value is not negative"),
        (refund & (micros[place] < 0), "but that is a refund itself"),
    ):
        if wrong.any():
            row = int(np.argmax(wrong))
            raise AttributionError(f"{purchases.where(row)}: refund_of {named[row].as_py()!r}, {why}")
    return np.where(refund, place, own)


def _check_references(
    table: Table,
    named: pa.ChunkedArray,
    place: Integers,
    household: Integers,
    owner: Integers,
    name: str,
    what: str,
) -> None:
    lost = np.asarray(pc.is_valid(named)) & (place < 0)
    if lost.any():
        row = int(np.argmax(lost))
        raise AttributionError(f"{table.where(row)}: {name} {named[row].as_py()!r} is not the id of {what}")
    found = np.flatnonzero(place >= 0)
    strange = found[owner[place[found]] != household[found]]
    if len(strange):
        row = int(strange[0])
        raise AttributionError(
            f"{table.where(row)}: {name} {named[row].as_py()!r} is of another household than the purchase"
        )


def _holdout(households: Table, codes: Integers, names: pa.Array) -> Booleans:
    _unique(households, "household")
    listed = np.zeros(len(names), dtype=bool)
    listed[codes] = True
    if not listed.all():
        raise AttributionError(
            f"household {names[int(np.argmin(listed))].as_py()!r} has touches or purchases and is not in "
            f"{households.name}; name every household there, or the means are of some only"
        )
    actual, column = _column(households, "holdout")
    if not pa.types.is_boolean(column.type):
        text = pc.utf8_lower(_text(households, "holdout"))
        yes, no = pa.array(["true", "1", "yes"]), pa.array(["false", "0", "no"])
        known = pc.or_(pc.is_in(text, value_set=yes), pc.is_in(text, value_set=no))
        if (row := pc.index(known, False).as_py()) >= 0:
            _refuse(households, row, actual, text[row].as_py(), "expected true or false")
        column = pc.is_in(text, value_set=yes)
    elif (row := pc.index(pc.is_null(column), True).as_py()) >= 0:
        _refuse(households, row, actual, None, "expected true or false")
    holdout = np.zeros(len(names), dtype=bool)
    holdout[codes] = np.asarray(column)
    return holdout
