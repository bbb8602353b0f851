"""How a process that goes on learns that it is to end."""

import signal
from threading import Event


def set_when_stopped(stop: Event) -> Event:
    """Set the event, which is given back, once somebody interrupts or ends this process."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    return stop


def end_as_interrupted() -> None:
    """From here on whoever ends this process interrupts it: what it has begun is cleared away."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
