"""Awards that count once: two records of one person may both hold the same micro-credential.

Within one record this cannot happen, for the ledger refuses a second enrollment; a renewal is the
next cycle of the same record. So only what came with another record is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from ledger.rules.completions import Award


def duplicates(awards: Iterable[Award]) -> dict[UUID, UUID]:
    """Each award that another one of the person makes a duplicate, with that other one.

    Of a pair from different records the one earlier in the log counts, for as long as it stands
    and had not expired when the later one was awarded.
    """
    line = list(awards)
    if not any(award.origin_id for award in line):
        return {}
    found: dict[UUID, UUID] = {}
    counted: dict[UUID, list[Award]] = {}
    for award in sorted(line, key=lambda award: award.position):
        if not award.stands:
            continue
        earlier = counted.setdefault(award.credential_id, [])
        first = next((one for one in earlier if _covers(one, award)), None)
        if first is None:
            earlier.append(award)
        else:
            found[award.enrollment_id] = first.enrollment_id
    return found


def _covers(earlier: Award, later: Award) -> bool:
    valid = earlier.expires_on is None or later.awarded_on < earlier.expires_on
    return valid and earlier.origin_id != later.origin_id
