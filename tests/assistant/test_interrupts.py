"""An interruption waits for what must not be torn apart, and is not forgotten."""

import signal
from collections.abc import Iterator

import pytest

from assistant.interrupts import held_off, install


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    install()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_waits_for_the_end_of_the_block(number: signal.Signals) -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), held_off():
        signal.raise_signal(number)
        with held_off():
            signal.raise_signal(number)
        done.append("all of it")
    assert done == ["all of it"]


def test_outside_it_comes_at_once_and_does_not_come_again() -> None:
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    with held_off():
        pass
