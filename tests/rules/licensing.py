"""Licenses, achievements and rules for tests, each with what a test is likely to change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from itertools import count
from typing import Any
from uuid import UUID

from ledger.commands.equivalency import equivalency_stream, shipped
from ledger.events.equivalency import MICRO_CREDENTIAL, Conversion, EquivalencyTerms
from ledger.rules.equivalencies import Achievement, Rule
from ledger.rules.licenses import Facts, License, Ruling, Term
from ledger.rules.renewals import Progress, progress
from tests.samples import DISTRICT, ISSUER, ZONE, named

_numbers = count(1)


@cache
def rules_of(jurisdiction: str) -> tuple[Rule, ...]:
    """The shipped rules of a state, as if it had adopted each version."""
    return tuple(
        Rule(
            rule_id=equivalency_stream(None, jurisdiction),
            rule_version=one.rule_version,
            district_id=None,
            authority_reference="shipped",
            adopted_on=one.terms.effective_from,
            terms=one.terms,
        )
        for one in shipped([jurisdiction])
    )


def local(jurisdiction: str, unit: str, *conversions: Conversion, **more: Any) -> Rule:
    """Rules that the sample district adopted for itself."""
    terms = EquivalencyTerms(
        title="The district's own",
        jurisdiction=jurisdiction,
        unit=unit,
        effective_from=date(2000, 1, 1),
        conversions=conversions,
        **more,
    )
    return Rule(
        rule_id=named("local rules"),
        rule_version=1,
        district_id=DISTRICT,
        authority_reference="Minute 8",
        adopted_on=date(2020, 1, 1),
        terms=terms,
    )


def license_of(jurisdiction: str, first: str, last: str | None, **changes: Any) -> License:
    """A license whose one cycle runs from a day to a day."""
    begun = date.fromisoformat(first)
    term = Term(begun, begun, None if last is None else date.fromisoformat(last))
    facts = Facts(begun, changes.pop("role", "teacher"), tuple(changes.pop("traits", ())))
    fields: dict[str, Any] = {
        "license_id": named("license"),
        "person_id": named("teacher"),
        "district_id": DISTRICT,
        "jurisdiction": jurisdiction,
        "license_type": "professional",
        "zone": ZONE,
        "terms": (term,),
        "facts": (facts,),
        "positions": (1,),
    }
    return License(**fields | changes)


def earned(kind: str, quantity: str, on: str, **more: Any) -> Achievement:
    """So much of a kind: "1.5" is one and a half."""
    whole, _, rest = quantity.partition(".")
    number = next(_numbers)
    fields: dict[str, Any] = {
        "id": named(f"achievement {number}"),
        "position": number,
        "kind": kind,
        "quantity_hundredths": int(whole) * 100 + int(rest.ljust(2, "0") or 0),
        "earned_on": date.fromisoformat(on),
    }
    return Achievement(**fields | more)


def awards(number: int, on: str, **more: Any) -> list[Achievement]:
    """So many different micro-credentials, each of fifteen hours' effort, which counts nowhere."""
    return [
        earned(
            MICRO_CREDENTIAL,
            "1",
            on,
            **{"credential_id": named(f"credential {n}"), "issuer_id": ISSUER, **more},
        )
        for n in range(number)
    ]


def ruling(units: int | None = None, category: str | None = None, **changes: Any) -> Ruling:
    fields: dict[str, Any] = {
        "outcome": "accepted",
        "reason": "seen",
        "units_hundredths": units,
        "category": category,
        "district_id": DISTRICT,
        "position": 1,
    }
    return Ruling(**fields | changes)


def line(
    held: License,
    achievements: Sequence[Achievement],
    rules: Sequence[Rule],
    day: str,
    purpose: str | None = "renew",
) -> Progress:
    """The one line for a purpose on a day."""
    found = progress(held, achievements, rules, date.fromisoformat(day))
    (one,) = [one for one in found if one.purpose == purpose]
    return one


def reasons(found: Progress) -> list[str | None]:
    """Why each achievement counts for nothing or for less, in the order they were earned."""
    return [unit.reason for unit in found.units]


def units(found: Progress) -> list[int]:
    """What each achievement brings, in hundredths."""
    return [unit.units_hundredths for unit in found.units]


def needs(found: Progress) -> dict[str, tuple[int, int]]:
    """Earned and missing of each need of the chosen option, in hundredths."""
    (chosen,) = [option for option in found.options if option.option == found.option]
    return {need.need: (need.earned_hundredths, need.missing_hundredths) for need in chosen.needs}


def other(one: Progress, achievement: UUID) -> str | None:
    """The other of the pair that an achievement belongs to."""
    return next(u.other_id for u in one.units if u.achievement_id == str(achievement))
