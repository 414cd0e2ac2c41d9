"""A user's own tables: what is read, and what is refused and where."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from assistant.economics.attribution.files import read_history
from assistant.economics.attribution.history import NO_TOUCH
from assistant.economics.attribution.models import Parameters, attribute, compare
from assistant.errors import AttributionError

if TYPE_CHECKING:
    from pathlib import Path

TOUCHES = """\
household,time,kind,id
b,2026-01-02T10:00:00Z,pizza,t2
a,2026-01-01 10:00,music,t0
a,2026-01-01T12:00:00+01:00,weather,t1
"""
PURCHASES = """\
id,household,time,value,currency,kind,touch,refund_of
p0,a,2026-01-03,12.50,EUR,pizza,t1,
p1,b,2026-01-03T00:00Z,0.000001,EUR,pizza,,
p2,a,2026-02-20,-2.500000000,EUR,,,p0
"""
HOUSEHOLDS = "household,holdout\na,false\nb,true\nc,TRUE\nd,0\n"


def write(folder: Path, **files: str) -> list[Path]:
    paths = []
    for name, text in files.items():
        path = folder / f"{name}.csv"
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def test_csv_unsorted_with_zones_and_refunds(tmp_path: Path) -> None:
    given = read_history(*write(tmp_path, touches=TOUCHES, purchases=PURCHASES, households=HOUSEHOLDS))
    assert given.kinds == ("music", "pizza", "weather")
    assert given.currency == "EUR"
    assert given.households == 4
    assert given.micros.tolist() == [12_500_000, 1, -2_500_000]
    assert given.source == "touches.csv and purchases.csv"
    assert not given.simulated
    # 10:00 UTC comes before 12:00 at +01:00.
    assert [given.kinds[kind] for kind in given.touch_kind[:2]] in (["music", "weather"], ["pizza", "music"])
    assert attribute(given, "first-touch", Parameters()).by_kind["music"].micros == 10_000_000
    assert attribute(given, "direct", Parameters()).by_kind["weather"].micros == 10_000_000
    assert attribute(given, "direct", Parameters()).by_kind[NO_TOUCH].micros == 1


def test_parquet_and_csv_of_the_same_rows_are_the_same_history(tmp_path: Path) -> None:
    touches = pa.table(
        {
            "household": pa.array(["b", "a", "a"]).dictionary_encode(),
            "time": pa.array(
                [
                    datetime(2026, 1, 2, 10, tzinfo=UTC),
                    datetime(2026, 1, 1, 10, tzinfo=UTC),
                    datetime(2026, 1, 1, 11, tzinfo=UTC),
                ],
                pa.timestamp("ns", "Europe/Berlin"),
            ),
            "channel": ["pizza", "music", "weather"],
            "id": ["t2", "t0", "t1"],
            "notes": [1, 2, 3],
        }
    )
    purchases = pa.table(
        {
            "id": ["p0", "p1", "p2"],
            "household": ["a", "b", "a"],
            "time": [date(2026, 1, 3), date(2026, 1, 3), date(2026, 2, 20)],
            "value": [Decimal("12.50"), Decimal("0.000001"), Decimal("-2.5")],
            "currency": ["EUR"] * 3,
            "kind": ["pizza", "pizza", None],
            "touch": ["t1", None, None],
            "refund_of": [None, None, "p0"],
        }
    )
    paths = [tmp_path / "touches.parquet", tmp_path / "purchases.parquet"]
    for table, path in zip((touches, purchases), paths, strict=True):
        pyarrow.parquet.write_table(table, path)
    one, other = read_history(*paths), read_history(*write(tmp_path, touches=TOUCHES, purchases=PURCHASES))
    for name in (
        "touch_household",
        "touch_us",
        "touch_kind",
        "household",
        "us",
        "micros",
        "made_by",
        "kind",
        "refund_of",
    ):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert compare(one, Parameters()).models == compare(other, Parameters()).models


@pytest.mark.parametrize(
    "value", [pa.array([12_500_000], pa.int64()), pa.array([Decimal(12_500_000)], pa.decimal128(18, 0))]
)
def test_whole_millionths_in_parquet(tmp_path: Path, value: pa.Array) -> None:
    assert one_purchase(tmp_path, value_micros=value).micros.tolist() == [12_500_000]


def test_whole_units_in_parquet(tmp_path: Path) -> None:
    assert one_purchase(tmp_path, value=pa.array([12])).micros.tolist() == [12_000_000]


def one_purchase(folder: Path, **columns: Any) -> Any:
    rest = {"id": ["p"], "household": ["a"], "time": ["2026-01-03"], "currency": ["EUR"]}
    path = folder / "purchases.parquet"
    pyarrow.parquet.write_table(pa.table({**rest, **columns}), path)
    (touches,) = write(folder, touches=TOUCHES)
    return read_history(touches, path)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"value": [12.5]}, "purchases.parquet: the column value is double, and a float is not exact"),
        (
            {"value": [Decimal("0.0000001")]},
            "purchases.parquet: a value is too large, or finer than a millionth",
        ),
        ({"value": ["1"], "value_micros": [1]}, "has the column value more than once"),
        ({"value": pa.array([None], pa.int64())}, "purchases.parquet, row 1: value is empty"),
        ({"value": [True]}, "the column value is bool; it must be text"),
        ({"value": ["1"], "time": pa.array([None], pa.timestamp("s"))}, "row 1: time is empty"),
    ],
)
def test_parquet_that_is_refused(tmp_path: Path, columns: dict[str, Any], message: str) -> None:
    with pytest.raises(AttributionError, match=message.replace("(", r"\(")):
        one_purchase(tmp_path, **columns)


def replaced(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "household,time,kind",
            "house,time,sort",
            "touches.csv lacks the columns household, kind; it has time, id",
        ),
        ("household,time", "household,household", "touches.csv lacks the column time"),
        (",kind,id", ",kind,kind", "the column kind more than once"),
        (
            "2026-01-01 10:00",
            "01/01/2026",
            "touches.csv, line 3: time '01/01/2026' cannot be read; expected ISO 8601",
        ),
        ("2026-01-01 10:00", "2026-02-30", "line 3: time '2026-02-30' cannot be read"),
        ("12:00:00+01:00", "25:00:00+01:00", "line 4: time '2026-01-01T25:00:00.01:00' cannot be read"),
        ("2026-01-01 10:00", "", "line 3: time is empty"),
        (",music,", ", ,", "line 3: kind is empty"),
        (",music,", f",{NO_TOUCH},", "line 3: kind .* that is the name of the row"),
        ("a,2026-01-01 10:00", ",2026-01-01 10:00", "line 3: household is empty"),
        (",t0", ",t2", "touches.csv, line 3: id 't2' stands in line 2 already"),
        (",music,t0", ",music,t0,more", "touches.csv cannot be read: .*Row #3: Expected 4 columns, got 5"),
        ("household", "\udcff", "touches.csv"),
    ],
)
def test_touches_that_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    paths = write(tmp_path, purchases=PURCHASES)
    path = tmp_path / "touches.csv"
    path.write_text(replaced(TOUCHES, old, new), encoding="utf-8", errors="surrogateescape")
    with pytest.raises(AttributionError, match=message):
        read_history(path, *paths)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "value,currency",
            "price,coin",
            "purchases.csv lacks the columns value, currency; .*needs id, household",
        ),
        ("12.50", "12,50", "purchases.csv cannot be read"),
        (
            "12.50",
            "1e3",
            "purchases.csv, line 2: value '1e3' cannot be read; expected an amount such as -12.50",
        ),
        ("12.50", "0.0000001", "line 2: value '0.0000001' cannot be read; .*millionth"),
        ("12.50", "nan", "line 2: value 'nan' cannot be read"),
        ("12.50", "", "line 2: value is empty"),
        ("12.50", "1234567890123", "line 2: value"),
        ("0.000001,EUR", "0.000001,USD", "line 3: currency 'USD', but 'EUR' before it; they cannot be added"),
        ("EUR", "euro", "currency"),
        ("p1,b", "p0,b", "purchases.csv, line 3: id 'p0' stands in line 2 already; each may stand once"),
        ("pizza,t1", "pizza,t9", "line 2: touch 't9' is not the id of a touch in touches.csv"),
        ("pizza,t1", "pizza,t2", "line 2: touch 't2' is of another household"),
        (",,p0", ",,p7", "line 4: refund_of 'p7' is not the id of a purchase in this table"),
        (",,p0", ",,p1", "line 4: refund_of 'p1' is of another household"),
        (",,p0", ",,p2", "line 4: refund_of 'p2', but that is a refund itself"),
        ("-2.500000000", "2.5", "line 4: refund_of 'p0', but its own value is not negative"),
        (PURCHASES, "", "purchases.csv is empty"),
    ],
)
def test_purchases_that_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    paths = write(tmp_path, touches=TOUCHES, purchases=replaced(PURCHASES, old, new))
    with pytest.raises(AttributionError, match=message):
        read_history(*paths)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("b,true\n", "", "household 'b' has touches or purchases and is not in households.csv"),
        (
            "TRUE",
            "perhaps",
            "households.csv, line 4: holdout 'perhaps' cannot be read; expected true or false",
        ),
        ("c,", "a,", "households.csv, line 4: household 'a' stands in line 2 already"),
        ("holdout", "group", "households.csv lacks the column holdout"),
    ],
)
def test_households_that_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    paths = write(tmp_path, touches=TOUCHES, purchases=PURCHASES, households=replaced(HOUSEHOLDS, old, new))
    with pytest.raises(AttributionError, match=message.lower()):
        read_history(*paths)


def test_files_that_cannot_be_had(tmp_path: Path) -> None:
    touches, purchases = write(tmp_path, touches=TOUCHES, purchases=PURCHASES)
    with pytest.raises(AttributionError, match="no-such.csv cannot be read: No such file"):
        read_history(tmp_path / "no-such.csv", purchases)
    sheet = tmp_path / "touches.xlsx"
    sheet.touch()
    with pytest.raises(AttributionError, match="neither .csv nor .parquet"):
        read_history(sheet, purchases)
    broken = tmp_path / "purchases.parquet"
    broken.write_bytes(b"PAR1 and then nothing")
    with pytest.raises(AttributionError, match="purchases.parquet cannot be read"):
        read_history(touches, broken)


def test_sums_too_large_to_add_are_refused(tmp_path: Path) -> None:
    rows = "".join(f"p{n},a,2026-01-03,999999999999.999999,EUR\n" for n in range(5))
    paths = write(tmp_path, touches=TOUCHES, purchases=f"id,household,time,value,currency\n{rows}")
    with pytest.raises(AttributionError, match="too much to add"):
        read_history(*paths)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_byte_order_mark_blanks_and_line_endings_do_not_matter(tmp_path: Path, ending: str) -> None:
    text = TOUCHES.replace(",music,", ", music ,").replace("\n", ending)
    touches, purchases = write(tmp_path, touches="", purchases=PURCHASES)
    touches.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert "music" in read_history(touches, purchases).kinds


def test_nothing_at_all_is_a_history_too(tmp_path: Path) -> None:
    paths = write(tmp_path, touches="household,time,kind\n", purchases="id,household,time,value,currency\n")
    comparison = compare(read_history(*paths), Parameters())
    assert comparison.sales.count == 0
    assert all(not any(model.by_kind.values()) for model in comparison.models)
