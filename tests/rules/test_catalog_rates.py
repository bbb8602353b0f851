"""Which micro-credentials a state's rules count, before anybody has earned one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from ledger.events.equivalency import MICRO_CREDENTIAL, Conversion
from ledger.rules.catalog_rates import Rate, rates_on
from ledger.rules.equivalencies import Rule
from tests.rules.licensing import local, rules_of
from tests.samples import CREDENTIAL, ISSUER

DAY = date(2024, 6, 30)
(TENNESSEE,) = rules_of("us-tn")


def rule(*conversions: Conversion, version: int = 1, **terms: Any) -> Rule:
    changed = TENNESSEE.terms.model_copy(update={"conversions": conversions, **terms})
    return replace(TENNESSEE, rule_version=version, terms=changed)


def gives(hundredths: int, **more: Any) -> Conversion:
    return Conversion(kind=MICRO_CREDENTIAL, gives_hundredths=hundredths, **more)


def rate(place: int, *, counted: bool, **more: Any) -> Rate:
    of: dict[str, Any] = {"credential_ids": None, "issuer_ids": None, **more}
    return Rate(jurisdiction="us-tn", place=place, counted=counted, **of)


def test_each_conversion_of_micro_credentials_says_in_its_place_whether_it_gives_units() -> None:
    hour = Conversion(kind="hour", gives_hundredths=100)
    found = rates_on(
        [
            rule(
                gives(0, credential_ids=(CREDENTIAL,)),
                hour,
                gives(1, issuer_ids=(ISSUER,)),
                gives(100, left_to="district"),
            )
        ],
        DAY,
    )
    assert found == [
        rate(0, counted=False, credential_ids=(CREDENTIAL,)),
        rate(2, counted=True, issuer_ids=(ISSUER,)),
        rate(3, counted=False),
    ]


def test_the_newest_version_that_holds_on_the_day_speaks_and_no_district_does() -> None:
    old, new = rule(gives(600)), rule(gives(0), version=2)
    later = rule(gives(600), version=3, effective_from=date(2024, 7, 1))
    own = local("us-tn", "us-tn:PDP", gives(600))
    for rules in ([old, new, later, own], [own, later, new, old]):
        assert rates_on(rules, DAY) == [rate(0, counted=False)]
    assert rates_on([old, new, later], date(2024, 7, 1)) == [rate(0, counted=True)]
    assert rates_on([later, own], DAY) == []


def test_states_come_in_the_order_of_their_names() -> None:
    found = rates_on([*rules_of("us-wi"), *rules_of("us-tn")], DAY)
    assert [one.jurisdiction for one in found] == sorted(one.jurisdiction for one in found)
    assert {one.jurisdiction for one in found} == {"us-tn", "us-wi"}
