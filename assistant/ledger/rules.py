"""The rules: an interaction, or a step in the life of an order, into balanced transactions. Pure functions."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from assistant.errors import LedgerError
from assistant.ledger import accounts
from assistant.ledger.transactions import Posting, Transaction
from assistant.money import Money

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from assistant.ledger.exchange import Rates
    from assistant.ledger.plan import PricingPlan
    from assistant.ledger.transactions import TransactionKind
    from assistant.records import ChargeName, Interaction, Order, OrderEvent


def book_interaction(interaction: Interaction, plan: PricingPlan) -> tuple[Transaction, ...]:
    """What every interaction costs, understood or not, and what its place for an advert earns.

    What the machine does is rounded up to the millionth once, so that nothing which used the machine is booked
    as free and no interaction is overstated by a whole millionth; then it is split to the stages by processor
    time. What a cloud does is booked at its price, to the nearest millionth.
    """
    booked = (_compute(interaction, plan),)
    advert = _advert(interaction, plan)
    return (*booked, advert) if advert else booked


def _compute(interaction: Interaction, plan: PricingPlan) -> Transaction:
    effort = interaction.effort
    here = plan.recognition.method == "measured", plan.understanding.method == "measured"
    cpu_us = (
        effort.listening_cpu_us,
        effort.recognition_cpu_us * here[0],
        effort.understanding_cpu_us * here[1],
    )
    busy_us = effort.audio_us + effort.recognition_us * here[0] + effort.understanding_us * here[1]
    energy = plan.energy_cost(sum(cpu_us))
    wear = plan.wear_cost(busy_us)
    total = Money.rounded_up(energy + wear, plan.currency)
    stages = (accounts.LISTENING, accounts.RECOGNITION, accounts.UNDERSTANDING)
    weights = cpu_us if any(cpu_us) else (0, 0, 1)
    postings = [
        Posting(account=account, amount=amount)
        for account, amount in zip(stages, total.allocate(weights), strict=True)
        if amount
    ]
    # Integers in the ratio of two exact fractions.
    by_cause = (energy.numerator * wear.denominator, wear.numerator * energy.denominator)
    postings += [
        Posting(account=account, amount=-amount)
        for account, amount in zip(
            (accounts.ELECTRICITY, accounts.DEPRECIATION),
            total.allocate(by_cause if total else (0, 1)),
            strict=True,
        )
        if amount
    ]
    machine = plan.machine
    words = (
        f"{sum(cpu_us) / 1e6:.3f} s of processor at {machine.watts_per_busy_core} W and "
        f"{plan.energy.price_per_kwh} {plan.currency}/kWh; {busy_us / 1e6:.3f} s of a machine of "
        f"{machine.price} {plan.currency} over {machine.life_years} years"
    )
    for line, text in _bought(interaction, plan):
        postings += line
        words = f"{words}; {text}"
    if not postings:
        # A plan without rates books zeros, so that every interaction has its transaction.
        nothing = Money.zero(plan.currency)
        postings = [Posting(account=account, amount=nothing) for account in (*stages, accounts.ELECTRICITY)]
    return _transaction(interaction, plan, "compute", words, postings)


def _bought(interaction: Interaction, plan: PricingPlan) -> Iterator[tuple[list[Posting], str]]:
    """Recognition and understanding at the price of a cloud; one bill for each currency of prices."""
    heard = interaction.source != "typed"
    bills: dict[str, list[tuple[str, Fraction]]] = {}
    words: dict[str, list[str]] = {}
    for account, terms, price, unit in (
        (
            accounts.RECOGNITION,
            plan.recognition,
            plan.recognition_price(interaction.effort.audio_us) if heard else Fraction(0),
            f"{interaction.effort.audio_us / 1e6:.3f} s of speech"
            if plan.recognition.method == "per_minute"
            else "speech",
        ),
        (accounts.UNDERSTANDING, plan.understanding, plan.understanding_price(), "understanding"),
    ):
        if price:
            currency = terms.currency or plan.currency
            bills.setdefault(currency, []).append((account, price))
            words.setdefault(currency, []).append(
                f"{unit} at {terms.price} {currency} {terms.method.replace('_', ' ')}"
            )
    for currency, lines in bills.items():
        text = ", ".join(words[currency])
        exact = [price for _, price in lines]
        if currency == plan.currency:
            parts = tuple(Money.nearest(price, currency) for price in exact)
            whole, difference = sum(parts, Money.zero(currency)), Money.zero(currency)
        else:
            rates, on = plan.exchange_rates(), interaction.at.date()
            parts, whole, difference = rates.convert_parts(exact, currency, plan.currency, on)
            text = f"{text} ({rates.words(currency, plan.currency, on)})"
        postings = [
            Posting(account=account, amount=amount) for (account, _), amount in zip(lines, parts, strict=True)
        ]
        postings += [
            Posting(account=accounts.ROUNDING, amount=difference),
            Posting(account=accounts.CLOUD, amount=-whole),
        ]
        yield [posting for posting in postings if posting.amount], text


def _advert(interaction: Interaction, plan: PricingPlan) -> Transaction | None:
    """What the place for an advert after an answer earns on average."""
    terms = plan.advertising
    if terms is None or interaction.outcome != "answered" or interaction.intent not in terms.intents:
        return None
    currency, price = terms.currency or plan.currency, plan.advert_price()
    words = f"{terms.per_thousand} {currency} a thousand adverts, {terms.fill} of the places filled"
    if currency == plan.currency:
        amount = Money.nearest(price, currency)
    else:
        rates, on = plan.exchange_rates(), interaction.at.date()
        amount = Money.nearest(price * rates.rate(currency, plan.currency, on), plan.currency)
        words = f"{words} ({rates.words(currency, plan.currency, on)})"
    if not amount:
        return None
    return _transaction(
        interaction,
        plan,
        "advertising",
        f"{words} (simulated)",
        [
            Posting(account=accounts.ADVERTISING_RECEIVABLE, amount=amount),
            Posting(account=accounts.ADVERTISING, amount=-amount),
        ],
    )


def _transaction(
    interaction: Interaction,
    plan: PricingPlan,
    kind: TransactionKind,
    description: str,
    postings: Sequence[Posting],
) -> Transaction:
    return Transaction(
        id=f"{interaction.id}:{kind}",
        at=interaction.at,
        kind=kind,
        interaction_id=interaction.id,
        order_id=None,
        plan=plan.name,
        description=description,
        postings=tuple(postings),
    )


def book_order_event(
    order: Order, event: OrderEvent, life: Sequence[OrderEvent] = (), rates: Rates | None = None
) -> tuple[Transaction, ...]:
    """What a step in the life of an order books, by the terms that were set when it was quoted.

    Args:
        order: The order.
        event: The step.
        life: What happened to it before; a refund gives back cash if it was settled, and else the claim.
        rates: Needed where partners pay in another currency than the order's.

    Returns:
        placed: messages, support. completed: the accrual of what is earned; fulfilment. settled: cash for the claim,
        less the payment fee. refunded, charged_back: the accrual reversed; the handling; support. Else nothing.
    """
    settled = any(each.state == "settled" for each in life)
    intent = order.intent
    booked: list[Transaction | None] = []
    match event.state:
        case "placed":
            pair = accounts.notification(intent), accounts.MESSAGING
            words = f"messages about the {_named(order)}"
            booked = [
                _expense(order, event, "notification", order.notification, words, pair),
                _support(order, event, "support_placed"),
            ]
        case "completed":
            booked = [_accrual(order, event), _fulfilment(order, event)]
        case "settled":
            booked = [_settlement(order, event, rates)]
        case "refunded":
            booked = [
                _reversal(order, event, "refund", settled=settled, rates=rates),
                _handling(order, event, "refund", accounts.refunds(intent)),
                _support(order, event, "support_refunded"),
            ]
        case "charged_back":
            booked = [
                _reversal(order, event, "chargeback", settled=settled, rates=rates),
                _handling(order, event, "chargeback", accounts.chargebacks(intent)),
                _support(order, event, "support_charged_back"),
            ]
    return tuple(transaction for transaction in booked if transaction)


def reverse(transaction: Transaction, *, reason: str, at: datetime) -> Transaction:
    """The correction of a booking: the same postings with the other sign.

    Raises:
        LedgerError: there is no reason.
    """
    if not reason.strip():
        raise LedgerError(f"a correction of {transaction.id} needs a reason; say why it is reversed")
    return Transaction(
        id=f"{transaction.id}:reversed",
        at=at,
        kind="correction",
        interaction_id=transaction.interaction_id,
        order_id=transaction.order_id,
        plan=transaction.plan,
        description=f"reverses {transaction.id}: {reason.strip()}",
        reverses=transaction.id,
        postings=tuple(
            Posting(account=posting.account, amount=-posting.amount) for posting in transaction.postings
        ),
    )


def _named(order: Order) -> str:
    """The order in the words of a booking: the chain seals those for good, so they hold nothing that was said."""
    return f"{order.intent.replace('_', ' ')} order"


def _charge(order: Order, name: ChargeName) -> tuple[Money, str]:
    found = order.terms.charges.get(name)
    return (found.amount, found.words) if found else (Money.zero(order.total.currency), "")


def _claims(order: Order) -> list[tuple[str, str, Money]]:
    """What a completed order earns: the claim's account, the account of its income, the amount."""
    affiliate, _ = _charge(order, "affiliate")
    claims = [
        (accounts.receivable(order.intent), accounts.rebate_income(order.intent), order.rebate),
        (accounts.AFFILIATES_RECEIVABLE, accounts.affiliate_income(order.intent), affiliate),
    ]
    return [claim for claim in claims if claim[2]]


def _accrual(order: Order, event: OrderEvent) -> Transaction | None:
    claims = _claims(order)
    _, affiliate = _charge(order, "affiliate")
    words = f"rebate on the {_named(order)}: {order.rebate_terms}"
    return _step(
        order,
        event,
        "accrual",
        f"{words}; affiliate commission: {affiliate}" if affiliate else words,
        [
            *(Posting(account=claim, amount=amount) for claim, _, amount in claims),
            *(Posting(account=income, amount=-amount) for _, income, amount in claims),
        ],
    )


def _settlement(order: Order, event: OrderEvent, rates: Rates | None) -> Transaction | None:
    claims = _claims(order)
    if not claims:
        return None
    fee, fee_words = _charge(order, "payment_fee")
    paid = sum((amount for _, _, amount in claims), Money.zero(order.total.currency)) - fee
    cash, exchange_words = _cash(order, event, paid, rates)
    words = f"payment for the {_named(order)}"
    for more in (f"fee: {fee_words}" if fee else "", exchange_words):
        words += f"; {more}" if more else ""
    return _step(
        order,
        event,
        "settlement",
        words,
        [
            *cash,
            *([Posting(account=accounts.payment_fees(order.intent), amount=fee)] if fee else ()),
            *(Posting(account=claim, amount=-amount) for claim, _, amount in claims),
        ],
    )


def _reversal(
    order: Order, event: OrderEvent, kind: TransactionKind, *, settled: bool, rates: Rates | None
) -> Transaction | None:
    """The accrual the other way round: the income goes, and with it the claim, or the cash if it was paid."""
    claims = _claims(order)
    if not claims:
        return None
    back = [Posting(account=income, amount=amount) for _, income, amount in claims]
    words = f"{kind} of the {_named(order)}: {event.reason or 'no reason given'}"
    if not settled:
        return _step(
            order,
            event,
            kind,
            words,
            [*back, *(Posting(account=claim, amount=-amount) for claim, _, amount in claims)],
        )
    earned = sum((amount for _, _, amount in claims), Money.zero(order.total.currency))
    cash, exchange_words = _cash(order, event, -earned, rates)
    return _step(
        order, event, kind, f"{words}; {exchange_words}" if exchange_words else words, [*back, *cash]
    )


def _cash(order: Order, event: OrderEvent, paid: Money, rates: Rates | None) -> tuple[list[Posting], str]:
    """Cash of `paid`, in the currency that the partner pays in; an exchange balances in each currency by itself."""
    into = order.terms.settlement_currency or paid.currency
    if not paid:
        return [], ""
    if into == paid.currency:
        return [Posting(account=accounts.CASH, amount=paid)], ""
    if rates is None:
        raise LedgerError(
            f"order {order.id} is settled in {into} and there are no exchange rates; expected the table "
            f"{order.terms.rates!r}"
        )
    on = event.at.date()
    received = rates.convert(paid, into, on)
    return [
        Posting(account=accounts.CASH, amount=received),
        Posting(account=accounts.CONVERSION, amount=-received),
        Posting(account=accounts.CONVERSION, amount=paid),
    ], rates.words(paid.currency, into, on)


def _fulfilment(order: Order, event: OrderEvent) -> Transaction | None:
    amount, words = _charge(order, "fulfilment")
    pair = accounts.fulfilment(order.intent), accounts.FULFILMENT_PAYABLE
    return _expense(order, event, "fulfilment", amount, f"carrying out the {_named(order)}: {words}", pair)


def _support(order: Order, event: OrderEvent, name: ChargeName) -> Transaction | None:
    amount, words = _charge(order, name)
    pair = accounts.support(order.intent), accounts.SUPPORT_PAYABLE
    return _expense(
        order, event, "support", amount, f"support: {words}", pair, id_=f"{order.id}:support-{event.state}"
    )


def _handling(order: Order, event: OrderEvent, name: ChargeName, account: str) -> Transaction | None:
    amount, words = _charge(order, name)
    pair = account, accounts.PAYMENT_PROVIDER
    return _expense(
        order, event, "handling", amount, f"handling: {words}", pair, id_=f"{order.id}:handling-{event.state}"
    )


def _expense(
    order: Order,
    event: OrderEvent,
    kind: TransactionKind,
    amount: Money,
    description: str,
    pair: tuple[str, str],
    id_: str = "",
) -> Transaction | None:
    debit, credit = pair
    lines = [Posting(account=debit, amount=amount), Posting(account=credit, amount=-amount)] if amount else []
    return _step(order, event, kind, description, lines, id_)


def _step(
    order: Order,
    event: OrderEvent,
    kind: TransactionKind,
    description: str,
    postings: Sequence[Posting],
    id_: str = "",
) -> Transaction | None:
    if not postings:
        return None
    return Transaction(
        id=id_ or f"{order.id}:{kind}",
        at=event.at,
        kind=kind,
        interaction_id=event.interaction_id,
        order_id=order.id,
        plan=order.plan,
        description=f"{description} (simulated)",
        postings=tuple(postings),
    )
