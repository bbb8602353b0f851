"""Districts and schools."""

from __future__ import annotations

import pytest

from ledger.aggregates.organization import NotADistrictError, Organization, register_district
from ledger.errors import NothingChangesError
from ledger.events.organization import OrganizationRegistered, OrganizationRenamed
from tests.given import fact, given
from tests.samples import DISTRICT, ZONE, act, header, named

SCHOOL = named("school")

district = OrganizationRegistered(
    **header(DISTRICT), kind="district", name="Lake", district_id=DISTRICT, zone=ZONE
)
school = OrganizationRegistered(
    **header(SCHOOL), kind="school", name="Lake High", district_id=DISTRICT, zone=ZONE
)


def test_a_district_is_the_root_of_its_tree() -> None:
    outcome = given().when(lambda _: register_district(DISTRICT, act(), name="Lake", zone=ZONE))
    outcome.then(fact(OrganizationRegistered, kind="district", district_id=DISTRICT, zone=ZONE))


def test_a_school_takes_its_zone_from_its_district() -> None:
    state = Organization.fold(None, [district])
    assert state is not None
    [registered] = state.register_school(SCHOOL, act(), name="Lake High")
    assert registered == school


def test_a_school_has_no_schools() -> None:
    given(school).when(
        lambda one: one.register_school(named("annex"), act(), name="Annex")
    ).then_refused(NotADistrictError, "is a school")


def test_an_organization_may_take_another_name() -> None:
    organization = (
        given(district)
        .when(lambda one: one.rename(act(), name="Lake Union"))
        .then(fact(OrganizationRenamed, name="Lake Union"))
    )
    assert organization.name == "Lake Union"


def test_the_same_name_is_no_new_name() -> None:
    given(district).when(lambda one: one.rename(act(), name="Lake")).then_refused(
        NothingChangesError
    )


def test_a_stream_that_registers_twice_is_not_folded() -> None:
    renamed = OrganizationRenamed(**header(DISTRICT, 2), name="Lake Union")
    with pytest.raises(AssertionError, match="registered once"):
        Organization.fold(None, [district, district])
    with pytest.raises(AssertionError, match="begins registered"):
        Organization.fold(None, [renamed])
