"""One run of the assistant from its first utterance to its summary; what say, hear, listen and demo share."""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import platformdirs

from assistant.cli.conversation import limits, own_replies, pin
from assistant.cli.options import cache_dir, console, data_dir
from assistant.dialogue import Setting
from assistant.dialogue.pin import LONGEST, pin_phrases, pin_words
from assistant.errors import ConfigError, StoreError
from assistant.interrupts import held_off
from assistant.ledger.plan_file import load_plan
from assistant.ledger.transactions import cost, revenue
from assistant.loop import Listener, Patience
from assistant.money import total
from assistant.partners.board import load_partners
from assistant.pipeline import Pipeline, Receipt
from assistant.recognition.choose import open_recogniser
from assistant.replies import load_replies
from assistant.reports.render import order_event_text, receipt_text
from assistant.store.audio import AudioShelf
from assistant.store.store import Store
from assistant.zone import time_zone
from hardware.activity import EnergyActivity, SileroActivity
from hardware.errors import HardwareError
from hardware.segmenter import EndpointSettings
from intents.catalogue import load_catalogue
from intents.endings import Endings
from intents.kept import kept
from intents.match import Matcher, MatchSettings
from intents.sample import sample_phrases
from intents.word_graph import Row, word_graph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from rich.console import Console

    from assistant.clock import Clock
    from assistant.config import Config
    from assistant.partners.board import Partners
    from assistant.recognition.protocol import Recogniser
    from assistant.records import Interaction, OrderEvent
    from hardware.activity import VoiceActivity
    from hardware.indicator import Indicator
    from intents.catalogue import Catalogue
    from intents.word_graph import WordGraph

logger = logging.getLogger(__name__)

PHRASES_PER_INTENT = 3000
"""Sampled phrases an intent that the recogniser's language is made of."""


@dataclass(kw_only=True)
class Session:
    """An open log, a pipeline that writes to it, and what has been said so far."""

    config: Config
    catalogue: Catalogue
    clock: Clock
    store: Store
    pipeline: Pipeline
    matcher: Matcher
    setting: Setting
    currency: str
    plan: str
    out: Console
    shown: int = 0

    def recogniser(self) -> Recogniser:
        """The engine that the configuration asks for, given the language of the catalogue; takes a moment."""
        return open_recogniser(
            self.config.recognition.engine,
            phrases=self._phrases,
            graph=self._graph(),
            # Also whether there is a PIN: a catalogue of the same version makes another language with it.
            key=f"{self.catalogue.version} {'pin' if self.setting.pin else ''}",
            vosk_model=_path(self.config.recognition.vosk_model),
            cache_dir=cache_dir(),
            data_dir=data_dir(),
            adapted=self.config.recognition.adapted,
            language=self.config.language,
        )

    def _phrases(self) -> list[str]:
        """What the recogniser listens for: commands and answers, and digits where a PIN may be asked for."""
        phrases = kept(
            cache_dir(),
            "phrases",
            f"{self.catalogue.version} {PHRASES_PER_INTENT}",
            list[str],
            lambda: sample_phrases(self.catalogue, limit_per_intent=PHRASES_PER_INTENT, seed=0),
        )
        return [*phrases, *pin_phrases(self.config.language)] if self.setting.pin else phrases

    def patience(self) -> Patience | None:
        """How long pauses may last by what was said, if the configuration goes by that."""
        hearing = self.config.hearing
        if hearing.endpoint == "silence":
            return None
        endings = Endings(self.catalogue)
        return Patience(
            ending=lambda text: self.pipeline.ending(text, endings),
            closed_s=hearing.closed_silence_s,
            open_s=hearing.open_silence_s,
            unfinished_s=hearing.unfinished_silence_s,
        )

    def _graph(self) -> Callable[[], WordGraph]:
        """What makes a graph of words of everything that may be said."""
        pin = self.setting.pin
        row = Row(phrases=pin_words(self.config.language), least=2, most=LONGEST) if pin else None
        return partial(word_graph, self.catalogue, row=row)

    def listener(
        self,
        recogniser: Recogniser | None = None,
        *,
        keep_audio: bool = False,
        patience: Patience | None = None,
        indicator: Indicator | None = None,
    ) -> Listener:
        """Ears for this session, with a recogniser of its own unless one is given; they may keep what they hear."""
        return Listener(
            patience=patience,
            indicator=indicator,
            activity=activity(self.config),
            endpointing=endpointing(self.config),
            recogniser=recogniser or self.recogniser(),
            pipeline=self.pipeline,
            clock=self.clock,
            on_events=self.show_events,
            on_sound=keeper(self) if keep_audio else None,
        )

    def take(self, receipts: Iterable[Receipt]) -> list[Interaction]:
        """Run through `receipts`, printing each as it happens; returns their interactions."""
        taken = []
        for receipt in receipts:
            with held_off():
                self.show_events(receipt.meanwhile)
                self.out.print(receipt_text(receipt, self.currency))
                self.shown += 1
            taken.append(receipt.interaction)
        return taken

    def interactions(self) -> Iterator[Interaction]:
        """What this run has written, as it stands in the log."""
        for id_ in self.pipeline.handled:
            interaction = self.store.interaction(id_)
            if interaction:
                yield interaction

    def show_events(self, events: Iterable[OrderEvent]) -> None:
        """Print what became of orders."""
        for event in events:
            self.out.print(order_event_text(self.store.order(event.order_id)[0], event), soft_wrap=True)

    def wind_up(self) -> None:
        """Show what an interruption kept from being shown, end the conversation and let its orders end."""
        for it in list(self.interactions())[self.shown :]:
            booked = tuple(self.store.transactions([it.id])[it.id])
            order = self.store.order(it.order_id)[0] if it.order_id else None
            self.out.print(
                receipt_text(Receipt(interaction=it, transactions=booked, order=order), self.currency)
            )
        self.shown = len(self.pipeline.handled)
        self.show_events(self.pipeline.hang_up())
        self.show_events(self.pipeline.fast_forward())

    def summary(self) -> str:
        """What this run came to, in a line."""
        said = len(self.pipeline.handled)
        booked = self.store.transactions(self.pipeline.handled)
        earned = total((revenue(each, self.currency) for each in booked.values()), self.currency)
        spent = total((cost(each, self.currency) for each in booked.values()), self.currency)
        return (
            f"{said} {'command' if said == 1 else 'commands'}: earned {earned}, cost {spent} {self.currency} "
            f"(simulated, plan {self.plan}). Log: {self.store.path}"
        )

    def to_json(self) -> str:
        """The interactions of this run as they stand in the log now."""
        return json.dumps({"interactions": [self._interaction(it) for it in self.interactions()]}, indent=2)

    def _interaction(self, it: Interaction) -> dict[str, Any]:
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


def keeper(session: Session) -> Callable[[Interaction, NDArray[np.int16]], None] | None:
    """What keeps the sound of utterances, if the configuration asks for it; what has been kept too long goes.

    Sound that cannot be kept is said so once, and nothing else is lost.
    """
    shelf, privacy = AudioShelf(session.store.path), session.config.privacy
    swept: date | None = None

    def sweep() -> None:
        nonlocal swept
        # By the machine's clock: what a file is heard as may be said at any time.
        now = datetime.now(UTC)
        if swept != now.date():
            shelf.remove_older(now, privacy.audio_days)
            swept = now.date()

    failed = False

    def keep(it: Interaction, samples: NDArray[np.int16]) -> None:
        nonlocal failed
        try:
            sweep()
            shelf.keep(it.id, samples)
        except (HardwareError, OSError) as error:
            if not failed:
                logger.warning("the sound of what is said cannot be kept: %s", error)
            failed = True

    try:
        sweep()
    except OSError as error:
        logger.warning("kept sound in %s cannot be deleted: %s", shelf.folder, error.strerror)
    return keep if privacy.keep_audio else None


def activity(config: Config) -> VoiceActivity:
    """The voice activity detector that the configuration asks for."""
    return SileroActivity() if config.hearing.activity == "silero" else EnergyActivity()


def endpointing(config: Config) -> EndpointSettings:
    """When an utterance ends, by the configuration."""
    hearing = config.hearing
    return EndpointSettings(
        trailing_silence_s=hearing.trailing_silence_s, max_utterance_s=hearing.max_utterance_s
    )


@contextmanager
def open_session(
    config: Config, *, db: Path, clock: Clock, quiet: bool, intents: Sequence[Path] = ()
) -> Iterator[Session]:
    """Put the parts together over the log at `db`; `quiet` prints no receipts (they would spoil JSON).

    `intents` are definition files that take the place of the bundled ones.
    """
    catalogue = read_catalogue(config, files=intents)
    plan = load_plan(config.books.plan)
    zone = time_zone(config.zone)
    with Store.open(db) as store:
        kept_in = store.currency()
        if kept_in not in (None, plan.currency):
            raise ConfigError(
                f"{db} is kept in {kept_in} and the plan {plan.name!r} is in {plan.currency}; "
                "give this plan a log of its own with --db"
            )
        matcher = Matcher(
            catalogue,
            MatchSettings(accept=config.understanding.accept, ask=config.understanding.ask),
            currency=plan.currency,
            cache_dir=cache_dir(),
        )
        partners = load_partners(plan.currency, zone=zone, intents=catalogue.intents)
        _refuse_unsold(catalogue, partners)
        setting = Setting(
            catalogue=catalogue,
            partners=partners,
            replies=load_replies(config.language, own=own_replies(config)),
            plan=plan,
            max_misunderstood=config.dialogue.max_misunderstood,
            limits=limits(config, plan.currency),
            pin=pin(config),
            pin_attempts=config.dialogue.pin_attempts,
            zone=zone,
        )
        pipeline = Pipeline(
            matcher=matcher,
            setting=setting,
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
            matcher=matcher,
            setting=setting,
            currency=plan.currency,
            plan=plan.name,
            out=out,
        )


def read_catalogue(config: Config, *, files: Sequence[Path] = (), more: Sequence[Path] = ()) -> Catalogue:
    """The bundled definitions (or `files` in their place), with those of the user's own laid over them, and `more`.

    Raises:
        DefinitionError: a file does not hold together.
        ConfigError: a file that the configuration names is not there.
    """
    own = [] if files else own_definitions(config)
    known = {path.resolve() for path in own}
    own += [path for path in more if path.resolve() not in known]
    return load_catalogue(config.language, files=files or None, extra=own)


def own_definitions(config: Config) -> list[Path]:
    """The definition files of the user's own: those in their folder, then those that the configuration names.

    Raises:
        ConfigError: a file that the configuration names is not there.
    """
    own = sorted((platformdirs.user_config_path("pennyworth") / "intents").glob("*.yaml"))
    for name in config.intents.files:
        path = Path(name).expanduser()
        if not path.exists():
            raise ConfigError(f"intents.files: there is no {path}; name a YAML file or a folder of them")
        own += sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    return list(dict.fromkeys(own))


def _refuse_unsold(catalogue: Catalogue, partners: Partners) -> None:
    for name, intent in catalogue.intents.items():
        if intent.kind == "commerce" and name not in partners.sellers:
            raise ConfigError(
                f"{intent.source}: the intent {name!r} is of kind commerce, and no partner sells it; there are "
                f"(simulated) partners for {', '.join(partners.sellers)} only. Make it `kind: trivial`, with replies"
            )


def conduct(session: Session, receipts: Iterable[Receipt], *, as_json: bool) -> bool:
    """Run `receipts` to the end or to Ctrl-C, then print the summary or the JSON; False when it was interrupted.

    What was acknowledged is in the log already, so an interruption loses nothing.

    Raises:
        HardwareError: the microphone went away; after the summary.
        StoreError: an utterance could not be written; after the summary, if the log can still be read.
    """
    finished = True
    failure: HardwareError | StoreError | None = None
    try:
        session.take(receipts)
    except KeyboardInterrupt:
        finished = False
    except (HardwareError, StoreError) as error:
        failure = error
    with held_off():
        try:
            session.wind_up()
            if as_json:
                click.echo(session.to_json())
            else:
                session.out.print(f"\n{session.summary()}", markup=False, soft_wrap=True)
        except StoreError as error:
            failure = failure or error
    if failure:
        raise failure
    return finished


def _path(text: str) -> Path | None:
    return Path(text).expanduser() if text else None
