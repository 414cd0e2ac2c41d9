"""One run of the assistant from its first utterance to its summary; what say, hear, listen and demo share."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from assistant.cli.options import cache_dir, console, data_dir
from assistant.dialogue import Setting
from assistant.ledger.plan import load_plan
from assistant.ledger.transactions import cost, revenue
from assistant.loop import Listener
from assistant.money import Money, total
from assistant.partners.board import load_partners
from assistant.pipeline import Pipeline
from assistant.recognition.choose import open_recogniser
from assistant.replies import load_replies
from assistant.reports.render import order_event_text, receipt_text
from assistant.store.store import Store
from hardware.activity import EnergyActivity, SileroActivity
from hardware.errors import HardwareError
from hardware.segmenter import EndpointSettings
from intents.catalogue import load_catalogue
from intents.match import Matcher, MatchSettings
from intents.sample import sample_phrases

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console

    from assistant.clock import Clock
    from assistant.config import Config
    from assistant.pipeline import Receipt
    from assistant.records import OrderEvent
    from intents.catalogue import Catalogue

PHRASES_PER_INTENT = 2000
"""Sampled phrases an intent that the recogniser's language is made of."""


@dataclass(kw_only=True)
class Session:
    """An open log, a pipeline that writes to it, and what has been said so far."""

    config: Config
    catalogue: Catalogue
    clock: Clock
    store: Store
    pipeline: Pipeline
    currency: str
    plan: str
    out: Console
    receipts: list[Receipt] = field(default_factory=list)

    def listener(self) -> Listener:
        """Ears for this session; loads a recogniser, which takes a moment."""
        hearing = self.config.hearing
        return Listener(
            activity=SileroActivity() if hearing.activity == "silero" else EnergyActivity(),
            endpointing=EndpointSettings(
                trailing_silence_s=hearing.trailing_silence_s, max_utterance_s=hearing.max_utterance_s
            ),
            recogniser=open_recogniser(
                self.config.recognition.engine,
                phrases=_phrases(self.catalogue, cache_dir()),
                vosk_model=_path(self.config.recognition.vosk_model),
                cache_dir=cache_dir(),
                data_dir=data_dir(),
                language=self.config.language,
            ),
            pipeline=self.pipeline,
            clock=self.clock,
        )

    def take(self, receipts: Iterable[Receipt]) -> None:
        """Run through `receipts`, printing each as it happens."""
        for receipt in receipts:
            self.receipts.append(receipt)
            self.out.print(receipt_text(receipt, self.currency))

    def show_events(self, events: Iterable[OrderEvent]) -> None:
        """Print what became of orders."""
        for event in events:
            self.out.print(order_event_text(self.store.order(event.order_id)[0], event), soft_wrap=True)

    def wind_up(self) -> None:
        """End the conversation and let its orders end."""
        self.pipeline.hang_up()
        self.show_events(self.pipeline.fast_forward())

    def summary(self) -> str:
        """What this run came to, in a line."""
        earned, spent = self._money()
        return (
            f"{len(self.receipts)} {'command' if len(self.receipts) == 1 else 'commands'}: "
            f"earned {earned}, cost {spent} {self.currency} (simulated, plan {self.plan}). Log: {self.store.path}"
        )

    def to_json(self) -> str:
        """The interactions of this run as they stand in the log now."""
        return json.dumps(
            {"interactions": [self._interaction(receipt) for receipt in self.receipts]}, indent=2
        )

    def _interaction(self, receipt: Receipt) -> dict[str, Any]:
        it = receipt.interaction
        booked = self.store.transactions([it.id])[it.id]
        order = None
        if it.order_id:
            found, life = self.store.order(it.order_id)
            order = {"id": found.id, "state": life[-1].state, "total": str(found.total)}
        return {
            "id": it.id,
            "number": it.number,
            "transcript": it.transcript,
            "intent": it.intent,
            "slots": dict(it.slots),
            "score": it.score,
            "outcome": it.outcome,
            "reply": it.reply,
            "revenue": str(revenue(booked, self.currency)),
            "cost": str(cost(booked, self.currency)),
            "order": order,
        }

    def _money(self) -> tuple[Money, Money]:
        booked = self.store.transactions(receipt.interaction.id for receipt in self.receipts)
        return (
            total((revenue(each, self.currency) for each in booked.values()), self.currency),
            total((cost(each, self.currency) for each in booked.values()), self.currency),
        )


@contextmanager
def open_session(config: Config, *, db: Path, clock: Clock, quiet: bool) -> Iterator[Session]:
    """Put the parts together over the log at `db`; `quiet` prints no receipts (they would spoil JSON)."""
    catalogue = load_catalogue(config.language)
    plan = load_plan(config.books.plan)
    with Store.open(db) as store:
        pipeline = Pipeline(
            matcher=Matcher(
                catalogue, MatchSettings(accept=config.understanding.accept, ask=config.understanding.ask)
            ),
            setting=Setting(
                catalogue=catalogue,
                partners=load_partners(plan.currency),
                replies=load_replies(config.language),
                plan=plan,
                max_misunderstood=config.dialogue.max_misunderstood,
            ),
            store=store,
            clock=clock,
            device=config.device,
            timeout=timedelta(seconds=config.dialogue.timeout_s),
        )
        out = console()
        out.quiet = quiet
        yield Session(
            config=config,
            catalogue=catalogue,
            clock=clock,
            store=store,
            pipeline=pipeline,
            currency=plan.currency,
            plan=plan.name,
            out=out,
        )


def conduct(session: Session, receipts: Iterable[Receipt], *, as_json: bool) -> bool:
    """Run `receipts` to the end or to Ctrl-C, then print the summary or the JSON; False when it was interrupted.

    What was acknowledged is in the log already, so an interruption loses nothing.

    Raises:
        HardwareError: the microphone went away; after the summary.
    """
    finished, failure = True, None
    try:
        session.take(receipts)
    except KeyboardInterrupt:
        finished = False
    except HardwareError as error:
        failure = error
    session.wind_up()
    if as_json:
        click.echo(session.to_json())
    else:
        session.out.print(f"\n{session.summary()}", markup=False, soft_wrap=True)
    if failure:
        raise failure
    return finished


def _phrases(catalogue: Catalogue, folder: Path) -> list[str]:
    """Sampled phrases of the catalogue; kept in `folder`, since sampling them takes seconds on a small machine."""
    path = folder / f"phrases-{catalogue.version}-{PHRASES_PER_INTENT}.json"
    try:
        kept: list[str] = msgspec.json.decode(path.read_bytes(), type=list[str])
    except (OSError, msgspec.DecodeError):
        kept = sample_phrases(catalogue, limit_per_intent=PHRASES_PER_INTENT, seed=0)
        folder.mkdir(parents=True, exist_ok=True)
        # Written aside and renamed, so that nobody reads half a file.
        aside = path.with_suffix(f".{os.getpid()}")
        aside.write_bytes(msgspec.json.encode(kept))
        aside.replace(path)
    return kept


def _path(text: str) -> Path | None:
    return Path(text).expanduser() if text else None
