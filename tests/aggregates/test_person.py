"""Persons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from ledger.aggregates.person import (
    GuardianConsent,
    NotPreServiceError,
    Person,
    PreService,
    is_minor,
    register,
)
from ledger.commands.pre_service import majority_of
from ledger.errors import NothingChangesError
from ledger.events import AnyPersonEvent
from ledger.events.person import (
    GuardianConsentGiven,
    GuardianConsentKind,
    GuardianConsentWithdrawn,
    IdentityLinked,
    PersonDetailsRecorded,
    PersonRegistered,
    PreServiceRecorded,
)
from tests.given import fact, given
from tests.samples import DAY, DISTRICT, EARNER, MONDAY, act, header, vault_text

ZONE = "America/Chicago"
HMAC = "hmac-sha256:" + "a" * 64
OTHER_DISTRICT = UUID(int=77)
OTHER_HMAC = "hmac-sha256:" + "b" * 64

registered = PersonRegistered(**header(EARNER))
recorded = PersonDetailsRecorded(
    **header(EARNER, 2), district_id=DISTRICT, details=vault_text("details")
)
linked = IdentityLinked(
    **header(EARNER, 2), source="oneroster", district_id=DISTRICT, identity_hmac=HMAC
)


def test_a_person_begins_by_being_registered() -> None:
    person = given().when(lambda _: register(EARNER, act())).then(PersonRegistered)
    assert person.details == {}


def test_details_are_recorded_as_a_place_in_the_vault() -> None:
    outcome = given(registered).when(
        lambda person: person.record_details(
            act(), district_id=DISTRICT, details=vault_text("details")
        )
    )
    said = fact(PersonDetailsRecorded, district_id=DISTRICT, details=vault_text("details"))
    assert outcome.then(said).details == {DISTRICT: vault_text("details")}


def test_another_district_may_record_equal_details_of_its_own() -> None:
    given(registered, recorded).when(
        lambda person: person.record_details(
            act(), district_id=OTHER_DISTRICT, details=vault_text("details")
        )
    ).then(PersonDetailsRecorded)


def test_the_same_details_are_not_recorded_twice() -> None:
    given(registered, recorded).when(
        lambda person: person.record_details(
            act(), district_id=DISTRICT, details=vault_text("details")
        )
    ).then_refused(NothingChangesError)


def test_a_number_leads_to_a_person_once() -> None:
    given(registered, linked).when(
        lambda person: person.link_identity(
            act(), source="oneroster", district_id=DISTRICT, identity_hmac=HMAC
        )
    ).then_refused(NothingChangesError)


def test_several_numbers_may_lead_to_one_person() -> None:
    outcome = given(registered, linked).when(
        lambda person: person.link_identity(
            act(), source="state", district_id=DISTRICT, identity_hmac=OTHER_HMAC
        )
    )
    person = outcome.then(fact(IdentityLinked, source="state", identity_hmac=OTHER_HMAC))
    assert person.identity_hmacs == {HMAC, OTHER_HMAC}


def test_a_stream_that_registers_twice_is_not_folded() -> None:
    with pytest.raises(AssertionError, match="registered once"):
        Person.fold(None, [registered, PersonRegistered(**header(EARNER, 2))])
    with pytest.raises(AssertionError, match="begins by being registered"):
        Person.fold(None, [recorded])


SOON = PreService(
    district_id=DISTRICT, program="educators-rising", zone=ZONE, minor_until=vault_text("day")
)
begun = PreServiceRecorded(
    **header(EARNER, 2),
    district_id=DISTRICT,
    program="educators-rising",
    zone=ZONE,
    minor_until=vault_text("day"),
)
agreed = GuardianConsentGiven(
    **header(EARNER, 3),
    district_id=DISTRICT,
    consent="participation",
    form="signed-form",
    guardian=None,
)


def agree(person: Person, consent: GuardianConsentKind) -> Sequence[AnyPersonEvent]:
    return person.give_guardian_consent(
        act(), district_id=DISTRICT, consent=consent, form="signed-form", guardian=None
    )


def test_she_is_recorded_before_service_and_again_where_something_is_corrected() -> None:
    def record(one: Person, known: PreService = SOON) -> Sequence[AnyPersonEvent]:
        return one.record_pre_service(act(), known)

    said: dict[str, Any] = {"program": "educators-rising", "minor_until": vault_text("day")}
    first = given(registered).when(record)
    where = fact(PreServiceRecorded, district_id=DISTRICT, zone=ZONE, **said)
    assert first.then(where).pre_service == SOON
    given(registered, begun).when(record).then_refused(NothingChangesError)
    adult = replace(SOON, minor_until=None)
    corrected = given(registered, begun).when(lambda one: record(one, adult))
    assert corrected.then(fact(PreServiceRecorded, minor_until=None)).pre_service == adult


def test_what_a_guardian_agreed_to_is_kept_as_the_district_has_it_on_file() -> None:
    outcome = given(registered, begun).when(
        lambda one: one.give_guardian_consent(
            act(at=MONDAY + DAY),
            district_id=OTHER_DISTRICT,
            consent="sharing",
            form="signed-form",
            guardian=vault_text("guardian"),
        )
    )
    kept: dict[str, Any] = {
        "district_id": OTHER_DISTRICT,
        "form": "signed-form",
        "guardian": vault_text("guardian"),
    }
    person = outcome.then(fact(GuardianConsentGiven, consent="sharing", **kept))
    assert person.guardian_consents == {"sharing": GuardianConsent(**kept, given_at=MONDAY + DAY)}


def test_a_guardian_agrees_to_one_thing_at_a_time_and_takes_it_back_once() -> None:
    given(registered).when(lambda one: agree(one, "sharing")).then_refused(NotPreServiceError)
    given(registered, begun, agreed).when(lambda one: agree(one, "participation")).then_refused(
        NothingChangesError
    )
    both = given(registered, begun, agreed).when(lambda one: agree(one, "sharing"))
    assert set(both.then(GuardianConsentGiven).guardian_consents) == {"participation", "sharing"}
    withdrawn: dict[str, Any] = {
        "district_id": DISTRICT,
        "consent": "participation",
        "reason": "asked",
    }
    ended = given(registered, begun, agreed).when(
        lambda one: one.withdraw_guardian_consent(act(), **withdrawn)
    )
    assert ended.then(fact(GuardianConsentWithdrawn, **withdrawn)).guardian_consents == {}
    given(registered, begun).when(
        lambda one: one.withdraw_guardian_consent(act(), **withdrawn)
    ).then_refused(NothingChangesError)


def test_what_a_guardian_took_back_is_forgotten_once_one_agrees_again() -> None:
    """A merge asks what was said last of each consent: an older no would undo the newer yes."""
    ended = GuardianConsentWithdrawn(
        **header(EARNER, 4), district_id=DISTRICT, consent="participation", reason="asked"
    )
    without = given(registered, begun, agreed, ended).when(lambda one: agree(one, "participation"))
    again = without.then(GuardianConsentGiven)
    assert set(again.guardian_consents) == {"participation"}
    assert again.guardian_withdrawals == {}
    other = given(registered, begun, agreed, ended).when(lambda one: agree(one, "sharing"))
    withdrawn = other.then(GuardianConsentGiven).guardian_withdrawals
    assert [(one.reason, one.district_id) for one in withdrawn.values()] == [("asked", DISTRICT)]


def test_whoever_is_recorded_without_a_day_is_no_minor_and_an_unknown_day_is_none() -> None:
    day, midnight = date(2018, 6, 15), datetime(2018, 6, 15, 5, tzinfo=UTC)  # in Chicago
    assert not is_minor(None, None, midnight)
    assert not is_minor(replace(SOON, minor_until=None), None, midnight)
    assert is_minor(SOON, None, midnight), "the vault has no such day"
    assert is_minor(SOON, day, midnight - timedelta(microseconds=1))
    assert not is_minor(SOON, day, midnight)


@pytest.mark.parametrize(
    ("born", "years", "of_age"),
    [
        ("2000-06-15", 18, "2018-06-15"),
        ("2000-02-29", 18, "2018-03-01"),
        ("2000-02-29", 20, "2020-02-29"),
    ],
)
def test_of_age_on_her_birthday(born: str, years: int, of_age: str) -> None:
    assert majority_of(date.fromisoformat(born), years) == date.fromisoformat(of_age)
