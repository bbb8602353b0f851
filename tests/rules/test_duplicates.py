"""Of two records of one person an award of the same micro-credential counts once."""

from __future__ import annotations

from datetime import date
from typing import Any

from ledger.rules.completions import Award
from ledger.rules.duplicates import duplicates
from tests.rules.dossiers import OnFile, plain_rule, said
from tests.samples import ZONE, named

MAY, LATER = date(2024, 5, 1), date(2025, 5, 1)
OTHER = {"origin_id": named("other record")}


def award(name: str, position: int, day: date = MAY, **more: Any) -> Award:
    facts = {"credential_id": named("mc"), "expires_on": None, "zone": ZONE, **more}
    return Award(
        enrollment_id=named(name), position=position, awarded_on=day, tier="standard", **facts
    )


def test_of_a_pair_from_different_records_the_earlier_counts() -> None:
    """Whichever record it is in, and in whatever order they are read."""
    own, other = award("own", 2), award("other", 1, **OTHER)
    assert duplicates([own, other]) == duplicates([other, own]) == {named("own"): named("other")}
    again = award("again", 3, **OTHER)
    assert duplicates([own, again]) == {named("again"): named("own")}


def test_within_one_record_nothing_is_a_duplicate() -> None:
    assert duplicates([award("one", 1), award("two", 2)]) == {}
    assert duplicates([award("one", 1, **OTHER), award("two", 2, **OTHER)]) == {}


def test_another_micro_credential_is_no_duplicate() -> None:
    assert duplicates([award("one", 1), award("two", 2, credential_id=named("b"), **OTHER)]) == {}


def test_what_was_revoked_makes_no_duplicate_and_is_none() -> None:
    revoked = ((5, None),)
    assert duplicates([award("one", 1, revocations=revoked), award("two", 2, **OTHER)]) == {}
    assert duplicates([award("one", 1), award("two", 2, revocations=revoked, **OTHER)]) == {}


def test_what_had_expired_by_then_makes_no_duplicate() -> None:
    second = award("two", 2, LATER, **OTHER)
    assert duplicates([award("one", 1, expires_on=LATER), second]) == {}
    assert duplicates([award("one", 1, expires_on=date(2025, 5, 2)), second]) == {
        named("two"): named("one")
    }


def test_every_later_one_names_the_first_that_counts() -> None:
    line = [award("one", 1), award("two", 2, **OTHER), award("three", 3, **OTHER)]
    assert duplicates(line) == {named("two"): named("one"), named("three"): named("one")}


def test_a_duplicate_is_not_paid() -> None:
    file = OnFile().hired(date(2020, 8, 17)).award("mc", MAY)
    (held,) = file.dossier.awards
    file.add("awards", held._replace(duplicate_of=named("first")))
    assert said(file.findings(plain_rule()))[-1] == ("not_due", "duplicate", 0)
