"""Persons."""

from __future__ import annotations

from uuid import UUID

import pytest

from ledger.aggregates.person import Person, register
from ledger.errors import NothingChangesError
from ledger.events.person import IdentityLinked, PersonDetailsRecorded, PersonRegistered
from tests.given import fact, given
from tests.samples import DISTRICT, EARNER, act, header, vault_text

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
