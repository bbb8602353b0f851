"""Commands on persons, organizations and employments: the vault first, then the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from ledger.aggregates.employment import (
    Employment,
    EmploymentOverlapsError,
    OutsideEmploymentError,
    Terms,
)
from ledger.aggregates.organization import NotADistrictError, Organization
from ledger.aggregates.person import Person
from ledger.application import Call, Ledger, Receipt
from ledger.commands import employment, organization, person
from ledger.commands.employment import SchoolElsewhereError
from ledger.errors import CommandReusedError, NotFoundError, NothingChangesError
from ledger.identities import IdentityTakenError
from ledger.vault import PersonDetails, Vault
from tests.samples import DISTRICT, MONDAY, OPERATOR, ZONE
from tests.vaults import open_vault

ANN, ANNA = (PersonDetails(given_name=name, family_name="Smith") for name in ("Ann", "Anna"))
AUGUST, JUNE = date(2024, 8, 1), date(2025, 6, 30)
TEACHER = Terms(school_id=None, role="teacher", fte_thousandths=1000, exempt=True)


@pytest.fixture
def vault(database_url: str, tmp_path: Path) -> Iterator[Vault]:
    with open_vault(database_url, tmp_path) as opened:
        yield opened


def call(**changes: Any) -> Call:
    made = Call(caller_id=OPERATOR, command_id=uuid4(), body_hash=b"\x01" * 32, at=MONDAY)
    return replace(made, **changes)


@dataclass
class Town:
    """A district with one school and one person."""

    ledger: Ledger
    vault: Vault

    def __post_init__(self) -> None:
        run = organization.register_district
        self.district_id = run(self.ledger, call(), name="Lake", zone=ZONE).stream
        self.school_id = organization.register_school(
            self.ledger, call(), district_id=self.district_id, name="Lake High"
        ).stream
        self.person_id = person.register_person(
            self.ledger, self.vault, call(), district_id=self.district_id, details=ANN
        ).stream

    def starts(self, **changes: Any) -> Receipt:
        fields: dict[str, Any] = {
            "person_id": self.person_id,
            "district_id": self.district_id,
            "position": "P-17",
            "terms": TEACHER,
            "first_day": AUGUST,
        }
        return employment.start_employment(
            self.ledger, self.vault, changes.pop("call", call()), **fields | changes
        )

    def ends(self, employment_id: UUID, last_day: date) -> Receipt:
        return employment.end_employment(
            self.ledger, self.vault, call(), employment_id=employment_id, last_day=last_day
        )


@pytest.fixture
def town(ledger: Ledger, vault: Vault) -> Town:
    return Town(ledger, vault)


def positions(ledger: Ledger) -> int:
    return ledger.recorder.last_position()


# Persons


def test_a_person_is_registered_and_called_by_her_name(town: Town) -> None:
    assert town.vault.get_details([town.person_id], town.district_id) == {town.person_id: ANN}
    registered = town.ledger.get(Person, town.person_id)
    assert registered.details[town.district_id].text_id == town.vault.details_id(
        town.person_id, town.district_id, ANN
    )


def test_a_registration_sent_again_registers_nobody_else(ledger: Ledger, vault: Vault) -> None:
    once = call()
    first = person.register_person(ledger, vault, once, district_id=DISTRICT, details=ANN)
    again = person.register_person(ledger, vault, once, district_id=DISTRICT, details=ANN)
    assert (again, again.replayed) == (first, True)
    assert positions(ledger) == 2


def test_a_person_may_be_registered_without_details(ledger: Ledger, vault: Vault) -> None:
    registered = person.register_person(ledger, vault, call(), district_id=DISTRICT)
    assert vault.get_details([registered.stream], DISTRICT) == {}


def test_a_key_used_for_another_person_leaves_the_first_one_her_name(
    ledger: Ledger, vault: Vault
) -> None:
    once = call()
    first = person.register_person(ledger, vault, once, district_id=DISTRICT, details=ANN)
    other = replace(once, body_hash=b"\x02" * 32)
    with pytest.raises(CommandReusedError):
        person.register_person(ledger, vault, other, district_id=DISTRICT, details=ANNA)
    assert vault.get_details([first.stream], DISTRICT) == {first.stream: ANN}


def test_a_person_may_be_called_otherwise_and_back(town: Town) -> None:
    back = call()
    for details, made in ((ANNA, call()), (ANN, back), (ANNA, call())):
        person.record_person_details(
            town.ledger,
            town.vault,
            made,
            person_id=town.person_id,
            district_id=town.district_id,
            details=details,
        )
        shown = town.vault.get_details([town.person_id], town.district_id)
        assert shown == {town.person_id: details}
    person.record_person_details(
        town.ledger,
        town.vault,
        back,
        person_id=town.person_id,
        district_id=town.district_id,
        details=ANN,
    )
    assert town.vault.get_details([town.person_id], town.district_id) == {town.person_id: ANNA}, (
        "a mere resend"
    )


def test_the_name_she_has_is_no_new_one(town: Town) -> None:
    with pytest.raises(NothingChangesError):
        person.record_person_details(
            town.ledger,
            town.vault,
            call(),
            person_id=town.person_id,
            district_id=town.district_id,
            details=ANN,
        )


def test_a_number_is_linked_to_one_person(town: Town) -> None:
    number = {"source": "state", "district_id": town.district_id, "source_id": "S-1"}
    person.link_identity(town.ledger, town.vault, call(), person_id=town.person_id, **number)
    assert town.vault.find_person(**number) == town.person_id
    hmac = town.vault.identity_hmac(**number)
    assert town.ledger.get(Person, town.person_id).identity_hmacs == {hmac}
    other = person.register_person(
        town.ledger, town.vault, call(), district_id=town.district_id
    ).stream
    with pytest.raises(IdentityTakenError):
        person.link_identity(town.ledger, town.vault, call(), person_id=other, **number)
    with pytest.raises(NothingChangesError):
        person.link_identity(town.ledger, town.vault, call(), person_id=town.person_id, **number)


# Organizations


def test_a_school_is_of_its_district_and_may_be_renamed(town: Town) -> None:
    school = town.ledger.get(Organization, town.school_id)
    assert (school.kind, school.district_id, school.zone) == ("school", town.district_id, ZONE)
    organization.rename_organization(
        town.ledger, call(), organization_id=town.school_id, name="Lake Middle"
    )
    assert town.ledger.get(Organization, town.school_id).name == "Lake Middle"


# Employments


def test_a_position_is_taken_up_changed_ended_and_reopened(town: Town) -> None:
    stream = town.starts(terms=replace(TEACHER, school_id=town.school_id)).stream
    half = replace(TEACHER, fte_thousandths=500)
    employment.change_employment(
        town.ledger, call(), employment_id=stream, terms=half, effective_on=date(2025, 1, 1)
    )
    town.ends(stream, JUNE)
    held = town.ledger.get(Employment, stream)
    assert (held.first_day, held.last_day, held.terms_on(JUNE)) == (AUGUST, JUNE, half)
    employment.reopen_employment(town.ledger, town.vault, call(), employment_id=stream)
    assert town.ledger.get(Employment, stream).last_day is None


def test_who_leaves_and_comes_back_holds_the_position_twice(town: Town) -> None:
    first = town.starts(last_day=JUNE).stream
    second = town.starts(first_day=date(2026, 8, 1)).stream
    assert first != second
    assert town.ledger.get(Employment, first).last_day == JUNE


def test_nobody_holds_one_position_twice_on_one_day(town: Town) -> None:
    first = town.starts(last_day=JUNE).stream
    town.starts(first_day=date(2026, 8, 1))
    for refused in (
        lambda: town.starts(first_day=JUNE),
        lambda: town.ends(first, date(2026, 8, 1)),
        lambda: employment.reopen_employment(town.ledger, town.vault, call(), employment_id=first),
    ):
        before = positions(town.ledger)
        with pytest.raises(EmploymentOverlapsError):
            refused()
        assert positions(town.ledger) == before


def test_two_positions_may_be_held_at_once_and_one_by_two(town: Town) -> None:
    other = person.register_person(
        town.ledger, town.vault, call(), district_id=town.district_id
    ).stream
    streams = {
        town.starts().stream,
        town.starts(position="P-18").stream,
        town.starts(person_id=other).stream,
    }
    assert len(streams) == 3
    town.ends(town.starts(position="P-19").stream, JUNE)


def test_a_start_that_was_called_off_is_not_recorded_over(town: Town) -> None:
    stream = town.starts().stream
    town.ends(stream, date(2024, 7, 31))
    with pytest.raises(EmploymentOverlapsError, match="called off"):
        town.starts()
    town.starts(first_day=date(2024, 8, 2))


def test_a_position_sent_again_begins_once(town: Town) -> None:
    once = call()
    assert town.starts(call=once) == town.starts(call=once)


WRONG: dict[str, tuple[Callable[[Town], dict[str, Any]], type[Exception]]] = {
    "nobody": (lambda _: {"person_id": uuid4()}, NotFoundError),
    "nowhere": (lambda _: {"district_id": uuid4()}, NotFoundError),
    "school for district": (lambda town: {"district_id": town.school_id}, NotADistrictError),
    "no school": (lambda _: {"terms": replace(TEACHER, school_id=uuid4())}, NotFoundError),
    "district for school": (
        lambda town: {"terms": replace(TEACHER, school_id=town.district_id)},
        SchoolElsewhereError,
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_refused_start_leaves_nothing_behind(town: Town, wrong: str) -> None:
    changes, error = WRONG[wrong]
    before = positions(town.ledger)
    with pytest.raises(error):
        town.starts(**changes(town))
    assert positions(town.ledger) == before
    assert town.vault.positions_of_person(town.person_id, town.district_id) == []


def test_a_school_of_another_district_employs_nobody_here(town: Town) -> None:
    other = organization.register_district(town.ledger, call(), name="Hill", zone=ZONE).stream
    school = organization.register_school(
        town.ledger, call(), district_id=other, name="Hill High"
    ).stream
    stream = town.starts().stream
    with pytest.raises(SchoolElsewhereError):
        employment.change_employment(
            town.ledger,
            call(),
            employment_id=stream,
            terms=replace(TEACHER, school_id=school),
            effective_on=JUNE,
        )


def test_nothing_changes_on_a_day_outside_the_position(town: Town) -> None:
    stream = town.starts(last_day=JUNE).stream
    with pytest.raises(OutsideEmploymentError):
        employment.change_employment(
            town.ledger, call(), employment_id=stream, terms=TEACHER, effective_on=date(2026, 1, 1)
        )


def test_the_log_knows_neither_names_nor_numbers(town: Town) -> None:
    town.starts(position="P-0815-Smith")
    person.link_identity(
        town.ledger,
        town.vault,
        call(),
        person_id=town.person_id,
        source="state",
        district_id=town.district_id,
        source_id="S-0815",
    )
    for *_, state in town.ledger.recorder.read_log(0, 1000):
        assert not any(word in state for word in (b"Ann", b"Smith", b"0815"))
