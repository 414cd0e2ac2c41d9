"""From a transcript to an interaction with its transactions, written before it is answered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeGuard

import assistant
from assistant.clock import new_id
from assistant.dialogue import (
    Confirming,
    Idle,
    Moment,
    Offering,
    Proving,
    Setting,
    SpokenPin,
    expire,
    respond,
)
from assistant.dialogue.pin import REDACTED, may_hold_pin, redacted, spoken_digits
from assistant.interrupts import held_off
from assistant.ledger.rules import book_interaction, book_order_event
from assistant.records import Interaction, OrderEvent
from assistant.store.history import OrderHistory
from intents.results import Expected, IntentMatch, NoMatch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from assistant.clock import Clock
    from assistant.dialogue import State, Turn
    from assistant.ledger.transactions import Transaction
    from assistant.partners.protocol import Fulfilment
    from assistant.records import Heard, Order
    from assistant.store.store import Store
    from intents.endings import Endings
    from intents.match import Matcher


Ending: TypeAlias = Literal["closed", "open", "unfinished"]
"""A whole command that nothing can change any more; one that may go on and mean something else; anything else."""

ABANDONED_AFTER: Final = timedelta(minutes=10)
"""An order that waits for a yes so long belongs to a program that is gone; no conversation lasts that long."""


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What is shown for one interaction as soon as it is written."""

    interaction: Interaction
    """As it stands in the log, with its number."""
    transactions: tuple[Transaction, ...]
    """What was booked with it."""
    order: Order | None
    """The order that it is about, if any."""
    meanwhile: tuple[OrderEvent, ...] = ()
    """What had become of orders just before it."""
    offered: bool = False
    """Whether something near a command was heard, and was asked about: no order yet."""


class Pipeline:
    """Handles one utterance after another. Keeps the state of one conversation; not to be shared by threads."""

    def __init__(
        self,
        *,
        matcher: Matcher,
        setting: Setting,
        store: Store,
        clock: Clock,
        device: str,
        timeout: timedelta,
    ) -> None:
        self._matcher = matcher
        self._setting = setting
        self._store = store
        self._clock = clock
        self._device = device
        self._timeout_us = timeout // timedelta(microseconds=1)
        self.handled: list[str] = []
        """Ids of the interactions that this pipeline has written."""
        self._state: State = Idle()
        self._session = ""
        self._last_turn_us = clock.passed_us()
        self._last_id = ""
        self._last_reply = ""
        self._answered: IntentMatch | None = None
        self._history = OrderHistory(store, device)
        self._orders: dict[str, Order] = {}

    def handle(self, heard: Heard) -> Receipt:
        """Understand, answer and book what was heard; when this returns it is in the log for good.

        Raises:
            StoreError: it could not be written; nothing was, and no order was placed.
        """
        meanwhile = self.advance()
        self._notice_an_end()
        begun, cpu = self._clock.monotonic_us(), self._clock.cpu_us()
        expected = self._expected()
        understood, heard = self._understand(heard, expected)
        matching_us, matching_cpu_us = self._clock.monotonic_us() - begun, self._clock.cpu_us() - cpu
        # Whether an order may be placed is decided under the lock that places it: two programs do not both slip
        # under a limit. And a write and what follows from it are not torn apart: the conversation stands where the
        # log says it does.
        with held_off():
            with self._store.writing():
                self._notice_an_end()
                begun, cpu = self._clock.monotonic_us(), self._clock.cpu_us()
                now = self._clock.now()
                moment = Moment(
                    now=now, interaction_id=new_id(now), history=self._history, last_reply=self._last_reply
                )
                turn = respond(self._state, understood, self._setting, moment)
                effort = replace(
                    heard.effort,
                    understanding_cpu_us=matching_cpu_us + self._clock.cpu_us() - cpu,
                    understanding_us=matching_us + self._clock.monotonic_us() - begun,
                )
                orders = [turn.order] if turn.order else []
                known = self._orders | {order.id: order for order in (turn.order, turn.withdrawn) if order}
                session = self._session_of(turn, understood, now)
                asked = expected if self.in_conversation or _follows(understood) else None
                interaction = self._interaction(
                    replace(heard, effort=effort), understood, asked, turn, moment, session
                )
                transactions = (
                    *book_interaction(interaction, self._setting.plan),
                    *(t for event in turn.events for t in book_order_event(known[event.order_id], event)),
                )
                number = self._store.append(
                    interaction, orders=orders, events=turn.events, transactions=transactions
                )
            self.handled.append(interaction.id)
            self._state, self._orders, self._session = turn.state, known, session
            self._last_turn_us, self._last_id = self._clock.passed_us(), moment.interaction_id
            self._last_reply = turn.reply
            self._answered = self._may_be_followed(turn, understood)
        return Receipt(
            interaction=replace(interaction, number=number),
            transactions=transactions,
            order=known.get(turn.order_id or ""),
            meanwhile=tuple(meanwhile),
            offered=isinstance(turn.state, Offering),
        )

    def _may_be_followed(
        self, turn: Turn, understood: IntentMatch | NoMatch | SpokenPin
    ) -> IntentMatch | None:
        """The command that was carried out, if another may say only in what it differs; never an order."""
        if turn.outcome != "answered" or not isinstance(understood, IntentMatch):
            return None
        trivial = self._setting.catalogue.intents[understood.intent].kind == "trivial"
        return understood if trivial and understood.intent == turn.intent else None

    def _session_of(self, turn: Turn, understood: IntentMatch | NoMatch | SpokenPin, now: datetime) -> str:
        """The conversation that a turn is a part of: of one that calls an order off, that in which it was placed."""
        if self.in_conversation or _follows(understood):
            return self._session
        placed = self._store.interaction(turn.withdrawn.interaction_id) if turn.withdrawn else None
        return placed.session if placed else new_id(now)

    def _expected(self) -> Expected | None:
        """What the question that is open makes likely, or a command that was carried out just before; else None."""
        if not isinstance(self._state, Idle):
            return self._state.expected()
        if self._answered is None or self._clock.passed_us() - self._last_turn_us >= self._timeout_us:
            return None
        return Expected(intent=self._answered.intent, answered=True)

    def _understand(
        self, heard: Heard, expected: Expected | None
    ) -> tuple[IntentMatch | NoMatch | SpokenPin, Heard]:
        """What was said, and what of it may be written down."""
        state, pin, language = self._state, self._setting.pin, self._setting.catalogue.language
        text = heard.transcript.text
        digits = spoken_digits(text, language) if isinstance(state, Proving) and pin else ""
        understood = SpokenPin(right=pin.fits(digits)) if digits and pin else self._matched(text, expected)
        if self.in_conversation and (heard.truncated or heard.effort.lost_frames):
            # "Don't order it" must not become "order it" because its beginning was lost.
            understood = NoMatch(reason="incomplete")
        if heard.transcript.doubtful and isinstance(understood, IntentMatch):
            understood = self._doubted(understood)
        heard_no_command = isinstance(understood, NoMatch) and pin is not None
        texts = (text, *(each.text for each in heard.transcript.alternatives))
        # A PIN may come too early or too late, too.
        if isinstance(state, Proving) or (
            heard_no_command and any(may_hold_pin(each, language) for each in texts)
        ):
            heard = redacted(heard)
        return understood, heard

    def _doubted(self, understood: IntentMatch) -> IntentMatch:
        """What may be speech of another kind is asked about before it is an order; an answer was asked for."""
        kind = self._setting.catalogue.intents[understood.intent].kind
        orders = kind == "commerce" and understood.step != "answer"
        return replace(understood, certain=False) if orders else understood

    def ending(self, text: str, endings: Endings) -> Ending:
        """Whether an utterance is over with `text`, may go on, or is certainly not over, where the conversation stands.

        A yes that would place an order may always go on: "yes, but make it large" and "yes … no, wait" must not be cut
        short. Nobody knows how long a PIN is; and an answer where nothing was asked is rather the beginning of
        something.
        """
        understood = self._foreseen(text)
        if understood is None:
            return "unfinished"
        if self._setting.catalogue.intents[understood.intent].kind == "dialogue" and not self.in_conversation:
            return "unfinished"
        if isinstance(self._state, Confirming) and understood.intent == "confirm":
            return "open"
        expected = self._expected()
        now = self._clock.now()
        longer = endings.may_change(
            text, understood, expected=expected, match=lambda text: self._matched(text, expected, now)
        )
        return "open" if longer else "closed"

    def _matched(
        self, text: str, expected: Expected | None, now: datetime | None = None
    ) -> IntentMatch | NoMatch:
        """What `text` means where the conversation stands, `now` or at another time (UTC)."""
        local = (now or self._clock.now()).astimezone(self._setting.zone)
        understood = self._matcher.match(text, expected=expected, now=local)
        if not _follows(understood) or self._answered is None or understood.intent != self._answered.intent:
            return understood
        return replace(understood, slots={**self._answered.slots, **understood.slots})

    def _foreseen(self, text: str) -> IntentMatch | None:
        """What `text` certainly means if nothing more is said; None while a PIN is, which is no command."""
        if isinstance(self._state, Proving):
            return None
        understood = self._matched(text, self._expected())
        return understood if isinstance(understood, IntentMatch) and understood.certain else None

    def foresee(self, text: str) -> str:
        """What would be replied to `text` if nothing more were said; empty where that is not certain.

        Nothing is written, and the conversation stands where it stood.
        """
        understood = self._foreseen(text)
        if understood is None:
            return ""
        now = self._clock.now()
        moment = Moment(
            now=now, interaction_id=new_id(now), history=self._history, last_reply=self._last_reply
        )
        return respond(self._state, understood, self._setting, moment).reply

    def wait_from_now(self) -> None:
        """Give the speaker the whole time for an answer from now on: the question took a while to be spoken."""
        self._last_turn_us = self._clock.passed_us()

    @property
    def in_conversation(self) -> bool:
        """True while a question is open."""
        return not isinstance(self._state, Idle)

    def advance(self) -> list[OrderEvent]:
        """Let time pass: give up on an unanswered question, and let placed orders go on to their end."""
        given_up: list[OrderEvent] = []
        with held_off():
            if self.in_conversation and self._clock.passed_us() - self._last_turn_us >= self._timeout_us:
                given_up = self.hang_up()
            now = self._clock.now()
            return given_up + self._store.advance_orders(lambda order, life: self._due(order, life, now))

    def hang_up(self) -> list[OrderEvent]:
        """End the conversation: a question that is open orders nothing."""
        moment = Moment(now=self._clock.now(), interaction_id=self._last_id)
        events = {event.order_id: event for event in expire(self._state, moment)}

        def cancel(
            order: Order, life: list[OrderEvent]
        ) -> tuple[Sequence[OrderEvent], Sequence[Transaction]]:
            # What was confirmed in the meantime stays ordered.
            return ([events[order.id]] if order.id in events and life[-1].state == "quoted" else []), ()

        with held_off():
            cancelled = self._store.advance_orders(cancel) if events else []
            self._state = Idle()
        return cancelled

    def _notice_an_end(self) -> None:
        """Drop the question about an order that another program has ended in the meantime."""
        if isinstance(self._state, Confirming | Proving):
            _, life = self._store.order(self._state.order.id)
            if life[-1].state != "quoted":
                self._state = Idle()

    def fast_forward(self) -> list[OrderEvent]:
        """Let the orders of this conversation end at once: partners are simulated, so nobody has to wait."""

        def end_ours(
            order: Order, life: list[OrderEvent]
        ) -> tuple[Sequence[OrderEvent], Sequence[Transaction]]:
            if order.id not in self._orders or life[-1].state != "placed":
                return (), ()
            ending = self._setting.partners.sellers[order.intent].fulfil(order.id, order.slots, life[-1].at)
            return _conclude(order, life, replace(ending, at=self._clock.now()))

        return self._store.advance_orders(end_ours)

    def _due(
        self, order: Order, life: list[OrderEvent], now: datetime
    ) -> tuple[Sequence[OrderEvent], Sequence[Transaction]]:
        """What has happened to an unfinished order by `now`, whichever program took it."""
        last = life[-1]
        if last.state == "quoted" and not self._is_open(order) and now >= last.at + ABANDONED_AFTER:
            # Its program ended before anybody answered.
            return [OrderEvent(**_step(order, last), state="cancelled", at=now, reason="no answer")], ()
        seller = self._setting.partners.sellers.get(order.intent)
        if last.state != "placed" or seller is None:
            return (), ()
        ending = seller.fulfil(order.id, order.slots, last.at)
        return _conclude(order, life, ending) if ending.at <= now else ((), ())

    def _is_open(self, order: Order) -> bool:
        return self.in_conversation and order.id in self._orders

    def _interaction(
        self,
        heard: Heard,
        understood: IntentMatch | NoMatch | SpokenPin,
        expected: Expected | None,
        turn: Turn,
        moment: Moment,
        session: str,
    ) -> Interaction:
        definition = self._setting.catalogue.intents[turn.intent] if turn.intent else None
        slots: dict[str, str | int] = {}
        step: str
        score = runner_up_score = 0.0
        runner_up = None
        match understood:
            case SpokenPin():
                step = "pin"
            case IntentMatch():
                # A number said where a PIN is asked for may be a part of it.
                slots = {} if heard.transcript.text == REDACTED else dict(understood.slots)
                step, score = understood.step, understood.score
                runner_up, runner_up_score = understood.runner_up, understood.runner_up_score
            case NoMatch():
                step, score = understood.reason, understood.score
                runner_up, runner_up_score = understood.runner_up, understood.score
        return Interaction(
            id=moment.interaction_id,
            session=session,
            at=moment.now,
            device=self._device,
            source=heard.source,
            origin=heard.origin,
            engine=heard.transcript.engine,
            model=heard.transcript.model,
            transcript=heard.transcript.text,
            words=heard.transcript.words,
            alternatives=heard.transcript.alternatives,
            truncated=heard.truncated,
            intent=turn.intent,
            kind=definition.kind if definition else "none",
            slots=slots,
            step=step,
            score=score,
            runner_up=runner_up,
            runner_up_score=runner_up_score,
            outcome=turn.outcome,
            reply=turn.reply,
            order_id=turn.order_id,
            effort=heard.effort,
            catalogue=self._setting.catalogue.version,
            software=assistant.__version__,
            plan=self._setting.plan.name,
            expected=expected.to_log() if expected else {},
        )


def _follows(understood: IntentMatch | NoMatch | SpokenPin) -> TypeGuard[IntentMatch]:
    """Whether it says only in what it differs from the command before it."""
    return isinstance(understood, IntentMatch) and understood.follows


def _conclude(
    order: Order, life: Sequence[OrderEvent], ending: Fulfilment
) -> tuple[Sequence[OrderEvent], Sequence[Transaction]]:
    event = OrderEvent(**_step(order, life[-1]), state=ending.state, at=ending.at, reason=ending.reason)
    return [event], book_order_event(order, event, life)


def _step(order: Order, last: OrderEvent) -> dict[str, str]:
    return {"order_id": order.id, "interaction_id": last.interaction_id}
