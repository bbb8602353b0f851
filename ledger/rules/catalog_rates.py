"""Which micro-credentials a state counts: what its rules say of each before anybody earned it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from ledger.events.equivalency import MICRO_CREDENTIAL
from ledger.rules.equivalencies import Rule


@dataclass(frozen=True, slots=True)
class Rate:
    """What one conversion says of some micro-credentials; of those that fit, the first holds.

    `counted` means that it gives units by itself. What a state leaves to its districts, or to
    somebody else, is not counted here: nobody knows yet what it will be worth.
    """

    jurisdiction: str
    place: int
    counted: bool
    credential_ids: tuple[UUID, ...] | None  # null: every micro-credential
    issuer_ids: tuple[UUID, ...] | None


def rates_on(rules: Iterable[Rule], day: date) -> list[Rate]:
    """What the rules of states that hold on a day say of micro-credentials, in their order.

    Conditions on a license or on the day of an award are left out, for there is neither yet.
    """
    newest: dict[str, Rule] = {}
    for rule in rules:
        state = rule.terms.jurisdiction
        if rule.district_id is None and rule.covers(day):
            newest[state] = max(newest.get(state, rule), rule, key=lambda one: one.rule_version)
    return [
        Rate(
            jurisdiction=state,
            place=place,
            counted=one.gives_hundredths > 0 and one.left_to is None,
            credential_ids=one.credential_ids,
            issuer_ids=one.issuer_ids,
        )
        for state, rule in sorted(newest.items())
        for place, one in enumerate(rule.terms.conversions)
        if one.kind == MICRO_CREDENTIAL
    ]
