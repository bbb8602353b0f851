"""An award and the course that a university or a board gave for it: one of the two counts.

Wherever awards and courses are added up (license units, lane credits) the same work would count
twice. Who is left out, and for which other, is said here once for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple
from uuid import UUID


class Exchange(NamedTuple):
    """A course, and the award that it was given for."""

    award_id: UUID
    course_id: UUID


def left_out(exchanges: Iterable[Exchange], worth: Mapping[UUID, Fraction]) -> dict[UUID, UUID]:
    """What counts for nothing because the other of its pair counts, and which that is.

    The one that is worth more counts; of equals the course, for that is what the award became.
    Where one of a pair is worth nothing there is nothing to choose.

    Args:
        exchanges: In the order in which the courses were recorded.
        worth: What each award and course is worth by itself; nothing, where it is not named.
    """
    out: dict[UUID, UUID] = {}
    for award_id, course_id in exchanges:
        award = Fraction(0) if award_id in out else worth.get(award_id, Fraction(0))
        course = Fraction(0) if course_id in out else worth.get(course_id, Fraction(0))
        if award and course:
            lost, kept = (award_id, course_id) if course >= award else (course_id, award_id)
            out[lost] = kept
    return out
