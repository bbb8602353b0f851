"""How far a learning plan has come. It measures what was earned, never what was looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

State = Literal[
    "planned",  # nothing was begun
    "enrolled",
    "in_review",
    "returned",
    "not_yet",
    "held",
    "withdrawn",
    "revoked",
    "expired",
    "earned",
]
STATES: tuple[State, ...] = get_args(State)


def percent_done(done: int, of: int) -> int:
    """Rounded down, so that 100 is said of what is done alone; of nothing it is 0."""
    return 100 * done // of if of else 0


def percent_earned(states: Sequence[State]) -> int:
    """How much of a plan is earned, by number of micro-credentials: 2 of 6 are 33."""
    return percent_done(states.count("earned"), len(states))
