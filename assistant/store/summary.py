"""The sums that statements are made of, kept up by the database itself as it is written.

A statement over a million interactions would have to join them with all their postings each time. So triggers add
every interaction, every transaction and every end of an order to a small table of sums, and statements read that.
The postings stay the truth: `ledger check` works the sums out again from them and compares.

A *cell* is a combination of all that interactions are grouped by; money belongs to the cell of the interaction that
it goes back to. Sums are kept by cell, currency and quarter of an hour (UTC): every time zone in use is a whole
number of those away from UTC, so local hours, days and weeks are sums of quarters. An interaction counts when it was
said; money and the ends of orders count when they were booked.
"""

from __future__ import annotations

from typing import Final

QUARTER_S: Final = 900
"""Seconds of a quarter of an hour."""

DIMENSIONS: Final = ("intent", "kind", "outcome", "source", "engine", "device", "partner", "plan")
"""What a cell is made of; intent "none" is no match. The partner is whom an interaction's order is with; "none" is
no order."""

QUARTERS_A_DAY: Final = 24 * 3600 // QUARTER_S

MEASURES: Final = (
    "interactions",
    "audio_us",
    "cpu_us",
    "orders_completed",
    "orders_returned",
    "revenue_micros",
    "cost_micros",
    "wear_micros",
)
"""What is summed. Counts and durations stand in the rows of no currency (""), money in those of its own."""

_COLUMNS: Final = ", ".join(f'"{name}"' for name in DIMENSIONS)
_SUMS: Final = ", ".join(MEASURES)
_UPSERT: Final = (
    f"ON CONFLICT DO UPDATE SET {', '.join(f'{name} = {name} + excluded.{name}' for name in MEASURES)}"
)
_ENDS: Final = "('completed', 'refunded', 'charged_back')"


def _cell(row: str) -> dict[str, str]:
    """The dimensions of the interaction `row`, a name in SQL: expressions over that row alone, so that they hold."""
    plain = {name: f'{row}."{name}"' for name in DIMENSIONS}
    partner = (
        f"CASE WHEN {row}.order_id IS NULL OR {row}.kind <> 'commerce' THEN 'none' ELSE {row}.intent END"
    )
    return plain | {"intent": f"coalesce({row}.intent, 'none')", "partner": f"coalesce({partner}, 'none')"}


def _is_of(row: str) -> str:
    """That the cell `c` is the one of the interaction `row`."""
    return " AND ".join(f'c."{name}" = {value}' for name, value in _cell(row).items())


def _new_cell(row: str) -> str:
    return f"INSERT OR IGNORE INTO statement_cells ({_COLUMNS}) SELECT {', '.join(_cell(row).values())}"


def _measures(**given: str) -> str:
    return ", ".join(given.get(name, "0") for name in MEASURES)


def _quarter(row: str) -> str:
    return f"CAST(strftime('%s', {row}.at) AS INTEGER) / {QUARTER_S}"


def _said(row: str) -> str:
    """What an interaction adds to its cell `c`: cell, currency, quarter and measures."""
    cpu = " + ".join(f"{row}.{stage}_cpu_us" for stage in ("listening", "recognition", "understanding"))
    return f"c.id, '', {_quarter(row)}, {_measures(interactions='1', audio_us=f'{row}.audio_us', cpu_us=cpu)}"


def _ended(row: str) -> str:
    """What an event that completes an order or gives it back adds."""
    completed, returned = f"{row}.state = 'completed'", f"{row}.state <> 'completed'"
    return f"c.id, '', {_quarter(row)}, {_measures(orders_completed=completed, orders_returned=returned)}"


def _booked(row: str) -> str:
    """What a transaction adds in one currency, summed over its postings `p`."""

    def sum_of(sign: str, account: str) -> str:
        return f"sum(CASE WHEN p.account GLOB '{account}' THEN {sign}p.amount_micros ELSE 0 END)"

    money = _measures(
        revenue_micros=sum_of("-", "Income:*"),
        cost_micros=sum_of("", "Expenses:*"),
        wear_micros=sum_of("-", "Assets:Machine:AccumulatedDepreciation"),
    )
    return f"c.id, p.currency, {_quarter(row)}, {money}"


# CROSS JOIN keeps SQLite to the order of the tables.
_EVERYTHING: Final = f"""
    WITH facts (cell, currency, quarter, {_SUMS}) AS (
        SELECT {_said("i")} FROM interactions AS i CROSS JOIN statement_cells AS c ON {_is_of("i")}
        UNION ALL
        SELECT {_ended("e")} FROM order_events AS e CROSS JOIN interactions AS i ON i.id = e.interaction_id
            CROSS JOIN statement_cells AS c ON {_is_of("i")} WHERE e.state IN {_ENDS}
        UNION ALL
        SELECT {_booked("t")} FROM transactions AS t CROSS JOIN postings AS p ON p.transaction_id = t.id
            CROSS JOIN interactions AS i ON i.id = t.interaction_id
            CROSS JOIN statement_cells AS c ON {_is_of("i")}
            GROUP BY t.number, p.currency
    )
    SELECT cell, currency, quarter, {", ".join(f"sum({name}) AS {name}" for name in MEASURES)}
    FROM facts GROUP BY cell, currency, quarter
"""
"""All the sums, worked out anew from the log and the books."""

FILL: Final = (
    f"{_new_cell('i')} FROM interactions AS i",
    f"INSERT INTO statement_totals (cell, currency, quarter, {_SUMS}) {_EVERYTHING}",
)
"""What fills the tables from a log that is there already."""

SETUP: Final = (
    f"""
    CREATE TABLE statement_cells (
        id INTEGER PRIMARY KEY,
        {", ".join(f'"{name}" TEXT NOT NULL' for name in DIMENSIONS)},
        UNIQUE ({_COLUMNS})
    ) STRICT
    """,
    f"""
    CREATE TABLE statement_totals (
        cell INTEGER NOT NULL REFERENCES statement_cells (id),
        currency TEXT NOT NULL,
        quarter INTEGER NOT NULL,
        {", ".join(f"{name} INTEGER NOT NULL" for name in MEASURES)},
        PRIMARY KEY (cell, currency, quarter)
    ) STRICT, WITHOUT ROWID
    """,
    *FILL,
    # WHERE keeps ON CONFLICT from being taken for the ON of a join.
    f"""
    CREATE TRIGGER interactions_summed AFTER INSERT ON interactions
    BEGIN
        {_new_cell("NEW")};
        INSERT INTO statement_totals SELECT {_said("NEW")} FROM statement_cells AS c WHERE {_is_of("NEW")} {_UPSERT};
    END
    """,
    f"""
    CREATE TRIGGER order_events_summed AFTER INSERT ON order_events WHEN NEW.state IN {_ENDS}
    BEGIN
        INSERT INTO statement_totals SELECT {_ended("NEW")}
        FROM interactions AS i CROSS JOIN statement_cells AS c ON {_is_of("i")}
        WHERE i.id = NEW.interaction_id {_UPSERT};
    END
    """,
    f"""
    CREATE TRIGGER transactions_summed AFTER INSERT ON transactions
    BEGIN
        INSERT INTO statement_totals SELECT {_booked("NEW")}
        FROM interactions AS i CROSS JOIN statement_cells AS c ON {_is_of("i")}
            CROSS JOIN postings AS p ON p.transaction_id = NEW.id
        WHERE i.id = NEW.interaction_id GROUP BY p.currency {_UPSERT};
    END
    """,
)
"""What makes the tables, fills them and keeps them up."""

DISAGREEMENTS: Final = f"""
    SELECT 'statement, intent ' || coalesce(c.intent, '?') || ', '
            || strftime('%Y-%m-%d %H:%M', d.quarter * {QUARTER_S}, 'unixepoch'),
        'is not the sum of what was logged and booked in that quarter of an hour'
    FROM (
        SELECT DISTINCT cell, quarter FROM (
            SELECT * FROM ({_EVERYTHING})
            UNION ALL SELECT cell, currency, quarter, {_SUMS} FROM statement_totals
        ) GROUP BY cell, currency, quarter, {_SUMS}
        HAVING count(*) <> 2
    ) AS d LEFT JOIN statement_cells AS c ON c.id = d.cell
"""
"""Sums that are not those of the log and the books: the place, and what is wrong there."""


# ---- whole days (UTC), so that a statement over a year need not add up all its quarters of an hour

DAYS_FILL: Final = f"""
    INSERT INTO statement_days (cell, currency, day, {_SUMS})
    SELECT cell, currency, quarter / {QUARTERS_A_DAY}, {", ".join(f"sum({name})" for name in MEASURES)}
    FROM statement_totals GROUP BY 1, 2, 3
"""
"""What fills the sums by day from those by quarter of an hour."""


def _day(*measures: str) -> str:
    """What puts measures to the day of the row NEW."""
    return f"""
        INSERT INTO statement_days (cell, currency, day, {_SUMS})
        SELECT NEW.cell, NEW.currency, NEW.quarter / {QUARTERS_A_DAY}, {", ".join(measures)} WHERE true {_UPSERT};
    """


DAYS_SETUP: Final = (
    f"""
    CREATE TABLE statement_days (
        cell INTEGER NOT NULL REFERENCES statement_cells (id),
        currency TEXT NOT NULL,
        day INTEGER NOT NULL,
        {", ".join(f"{name} INTEGER NOT NULL" for name in MEASURES)},
        PRIMARY KEY (cell, currency, day)
    ) STRICT, WITHOUT ROWID
    """,
    DAYS_FILL,
    # The sums by quarter are written by triggers, too, which add new ones and raise old ones, and never delete any.
    f"""
    CREATE TRIGGER statement_days_begun AFTER INSERT ON statement_totals
    BEGIN {_day(*(f"NEW.{name}" for name in MEASURES))} END
    """,
    f"""
    CREATE TRIGGER statement_days_raised AFTER UPDATE ON statement_totals
    BEGIN {_day(*(f"NEW.{name} - OLD.{name}" for name in MEASURES))} END
    """,
)
"""What makes the sums by day, fills them and keeps them up."""

DAY_DISAGREEMENTS: Final = f"""
    SELECT 'statement, intent ' || coalesce(c.intent, '?') || ', ' || strftime('%Y-%m-%d', d.day * 86400, 'unixepoch'),
        'is not the sum of the quarters of an hour of that day'
    FROM (
        SELECT DISTINCT cell, day FROM (
            SELECT cell, currency, quarter / {QUARTERS_A_DAY} AS day,
                {", ".join(f"sum({name}) AS {name}" for name in MEASURES)}
            FROM statement_totals GROUP BY 1, 2, 3
            UNION ALL SELECT cell, currency, day, {_SUMS} FROM statement_days
        ) GROUP BY cell, currency, day, {_SUMS}
        HAVING count(*) <> 2
    ) AS d LEFT JOIN statement_cells AS c ON c.id = d.cell
"""
"""Sums by day that are not those of its quarters: the place, and what is wrong there."""


# ---- pieces sold, so that a statement need not go through every order that was ever completed

_ENDED_ORDER: Final = "d.order_id = o.id AND d.state = 'completed'"


def _pieces(row: str, sum_: str = "") -> str:
    """What the event `row` of the order `o`, completed by the event `d`, adds to the pieces sold; once it is given
    back, as much is taken away from then on."""
    completed = f"{row}.state = 'completed'"
    pieces = "coalesce(CAST(json_extract(o.slots, '$.quantity') AS INTEGER), 1)"
    given_back = f"CASE WHEN {completed} THEN 0 ELSE {_quarter(row)} END"
    signed = f"{sum_}(CASE WHEN {completed} THEN {pieces} ELSE -{pieces} END)"
    return f"o.intent, {_quarter('d')} AS completed, {given_back} AS given_back, {signed} AS pieces"


_ALL_PIECES: Final = f"""
    SELECT {_pieces("e", "sum")}
    FROM order_events AS e CROSS JOIN orders AS o ON o.id = e.order_id
        CROSS JOIN order_events AS d ON {_ENDED_ORDER}
    WHERE e.state IN {_ENDS} GROUP BY 1, 2, 3
"""

PIECES_FILL: Final = f"INSERT INTO statement_pieces (intent, completed, given_back, pieces) {_ALL_PIECES}"
"""What fills the pieces sold from the orders."""

PIECES_SETUP: Final = (
    """
    CREATE TABLE statement_pieces (
        intent TEXT NOT NULL,
        completed INTEGER NOT NULL,
        given_back INTEGER NOT NULL,
        pieces INTEGER NOT NULL,
        PRIMARY KEY (intent, completed, given_back)
    ) STRICT, WITHOUT ROWID
    """,
    PIECES_FILL,
    f"""
    CREATE TRIGGER statement_pieces_sold AFTER INSERT ON order_events WHEN NEW.state IN {_ENDS}
    BEGIN
        INSERT INTO statement_pieces (intent, completed, given_back, pieces)
        SELECT {_pieces("NEW")} FROM orders AS o CROSS JOIN order_events AS d ON {_ENDED_ORDER}
        WHERE o.id = NEW.order_id ON CONFLICT DO UPDATE SET pieces = pieces + excluded.pieces;
    END
    """,
)
"""What makes the table of pieces sold, fills it and keeps it up. Both times are quarters of an hour; what was completed
then stands under 0 as given back, and what of it was given back later, less than nothing, under the time of that."""

PIECES_DISAGREEMENTS: Final = f"""
    SELECT 'statement, pieces sold of ' || intent || ', '
            || strftime('%Y-%m-%d %H:%M', completed * {QUARTER_S}, 'unixepoch'),
        'is not what the orders that were completed in that quarter of an hour say'
    FROM (
        SELECT DISTINCT intent, completed FROM (
            SELECT * FROM ({_ALL_PIECES})
            UNION ALL SELECT intent, completed, given_back, pieces FROM statement_pieces
        ) GROUP BY intent, completed, given_back, pieces
        HAVING count(*) <> 2
    )
"""
"""Pieces sold that are not those of the orders: the place, and what is wrong there."""
