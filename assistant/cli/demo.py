"""`pennyworth demo`: one household's week through the real loop, and what it came to."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from assistant.audiotest.cases import ended_as_said, load_cases
from assistant.cli.exits import INTERRUPTED, NOT_SO
from assistant.cli.hear import with_engine
from assistant.cli.options import Settings, global_options
from assistant.cli.pnl import print_profit
from assistant.cli.session import open_session
from assistant.clock import SimulatedClock
from assistant.interrupts import held_off
from assistant.ledger.plan_file import load_plan
from assistant.reports.profit import Terms, make_profit
from assistant.resources import household_dir
from assistant.store.audit import audit
from hardware.audiofile import read_chunks

if TYPE_CHECKING:
    from assistant.audiotest.cases import Case
    from assistant.cli.session import Session

ENOUGH: Final = 0.95
"""Share of the recordings that should end as their case says."""

AFTERWARDS: Final = timedelta(hours=3)
"""Simulated time after the last command, so that the last order can end."""


@click.command(name="demo")
@global_options
@click.pass_obj
def command(settings: Settings, /) -> int:
    """Hear the bundled recordings of one household's week, print a receipt for each, then the statement.

    Writes to --db if it is given, else to a fresh database of its own; never into your log.
    """
    cases = load_cases(household_dir())
    clock = SimulatedClock(min(case.at for case in cases if case.at))
    db = settings.db or Path(tempfile.mkdtemp(prefix="pennyworth-demo-")) / "demo.db"
    # Its voices are nobody's of this house.
    config = with_engine(settings.load(), None, adapted=False)
    with open_session(config, db=db, clock=clock, quiet=False) as session:
        session.out.print(
            f"One household's week, {len(cases)} recordings of synthetic voices. "
            "Partners, orders and revenue are simulated; recognition and its cost are real.\n"
        )
        try:
            as_said = _week(session, clock, cases)
        except KeyboardInterrupt:
            with held_off():
                session.wind_up()
            session.out.print(f"\n{session.summary()}", markup=False, soft_wrap=True)
            return INTERRUPTED
        return _statement(session, as_said, len(cases))


def _week(session: Session, clock: SimulatedClock, cases: list[Case]) -> int:
    """Hear every recording at its time; returns how many ended as their case says."""
    listener = session.listener()
    as_said = 0
    for case in cases:
        if case.at and case.at > clock.now():
            clock.move_to(case.at)
        session.show_events(session.pipeline.advance())
        interactions = session.take(
            listener.listen(
                read_chunks(household_dir() / case.audio),
                source="file",
                origin=case.audio,
                passes=clock.advance,
            )
        )
        if not interactions:
            session.out.print(f"   {clock.now():%a %H:%M}  no speech in {case.audio}", style="dim")
        as_said += ended_as_said(case, interactions)
    session.show_events(session.pipeline.hang_up())
    clock.advance(AFTERWARDS)
    session.show_events(session.pipeline.advance())
    return as_said


def _statement(session: Session, as_said: int, cases: int) -> int:
    """Print what the week came to; 1 when the books do not balance or too little was understood."""
    out = session.out
    out.print()
    print_profit(out, make_profit(session.store, "intent", Terms(plan=load_plan(session.config.books.plan))))
    found = audit(session.store)
    for problem in found.problems:
        out.print(f"[red]✗[/red] {problem.where}: {problem.what}")
    books = f"{len(found.problems)} problem(s)" if found.problems else "balanced"
    out.print(f"\n{as_said} of {cases} recordings ended as they should; {found.postings} postings, {books}.")
    out.print(f"The log: {session.store.path}   (pennyworth --db {session.store.path} log)", soft_wrap=True)
    return NOT_SO if found.problems or as_said < ENOUGH * cases else 0
