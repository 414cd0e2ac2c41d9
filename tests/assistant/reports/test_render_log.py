"""What a log holds reaches a terminal as text, wherever in it a control character stands."""

from __future__ import annotations

import io

from rich.console import Console

from assistant.pipeline import Receipt
from assistant.records import Alternative
from assistant.reports.render import order_event_text, receipt_text
from assistant.reports.render_log import interaction_receipt
from tests.assistant.examples import event, interaction, order

EVIL = "\x1b[31mred\x07 \u202eleft \x9b2J\ud800"
PLAIN = "\ufffd[31mred\ufffd \ufffdleft \ufffd2J?"


def shown(*parts: object) -> str:
    out = io.StringIO()
    console = Console(file=out, width=200, color_system=None)
    for part in parts:
        console.print(part)
    return out.getvalue()


def test_no_field_of_another_devices_log_is_a_command_to_the_terminal() -> None:
    it = interaction(
        transcript=EVIL,
        reply=EVIL,
        origin=EVIL,
        intent=EVIL,
        model=EVIL,
        device=EVIL,
        step=EVIL,
        runner_up=EVIL,
        plan=EVIL,
        slots={"genre": EVIL, EVIL: 1},
        alternatives=(Alternative(text=EVIL),),
        number=1,
    )
    bought = order(description=EVIL)
    called_off = event("cancelled", reason=EVIL)
    text = shown(
        receipt_text(Receipt(interaction=it, transactions=(), order=bought), "USD"),
        order_event_text(bought, called_off),
        *interaction_receipt(it, (), (bought, [called_off]), lambda *_: ""),
    )
    assert f"\n\nOrder — {PLAIN}, 19.980000 USD" in text
    assert not set(text) & set(EVIL) - set("[31mred left2J ")
    # In both receipts: heard, understood (twice), done, where from; and the rest once or more.
    assert text.count(PLAIN) >= 16
