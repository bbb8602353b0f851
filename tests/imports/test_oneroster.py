"""Imports of OneRoster rosters on a real PostgreSQL."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import date
from uuid import UUID

import psycopg
import pytest

from api.imports.flaws import FileRefusedError
from api.imports.oneroster import TooManyEndingsError, ZoneUnknownError
from api.imports.oneroster_district import DistrictUnnamedError, ZoneDiffersError
from ledger.aggregates.employment import Terms
from ledger.aggregates.imports import Import, ImportCounts
from ledger.aggregates.organization import NotADistrictError, Organization
from ledger.application import Call
from ledger.commands import organization
from ledger.errors import NotFoundError
from ledger.store import Role, connection_info
from ledger.values import stream_id
from tests.imports.office import DAY, NOON, TODAY, ZONE, Office
from tests.imports.rosters import (
    DISTRICT,
    GRAND_BEND,
    ORGS,
    Row,
    delta,
    org,
    people,
    role,
    user,
)
from tests.samples import OPERATOR, named

D1 = stream_id("organization", "oneroster", "D1")
USERS, ROLES = people(4)


def slugs(refused: pytest.ExceptionInfo[FileRefusedError]) -> set[tuple[str, str | None]]:
    return {(flaw.slug, flaw.column) for flaw in refused.value.flaws}


def school(source_id: str) -> UUID:
    return stream_id("organization", D1, source_id)


# A real district


def test_a_real_district_is_imported(office: Office) -> None:
    report = office.imports(GRAND_BEND)
    assert report.counts == ImportCounts(persons_registered=68, employments_started=69)
    assert office.topics() == {
        "organization.registered.v1": 4,
        "person.registered.v1": 68,
        "person.identity-linked.v1": 68,
        "person.details-recorded.v1": 68,
        "employment.started.v1": 69,
    }
    district = office.ledger.get(Organization, report.district_id)
    assert (district.name, district.kind, district.zone) == ("Grand Bend ISD", "district", ZONE)
    assert len(office.held(report.district_id)) == 69
    assert report.position == office.position


def test_the_same_file_again_adds_nothing(office: Office) -> None:
    office.imports(GRAND_BEND)
    before = office.position
    office.at += 30 * DAY
    again = office.imports(GRAND_BEND)
    assert office.position == before
    assert again.counts == ImportCounts(rows_unchanged=141)
    assert again.position is None


def test_nothing_of_a_person_is_in_the_log(office: Office) -> None:
    """Not a name, number, address or login of the file stands as a word in any event."""
    office.imports(GRAND_BEND)
    with zipfile.ZipFile(GRAND_BEND) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("users.csv").decode("utf-8-sig"))))
    personal = ("sourcedId", "username", "userIds", "givenName", "familyName", "email")
    words = {
        word.lower()
        for row in rows
        for column, value in row.items()
        if column in personal or column.startswith("preferred")
        for word in re.findall(r"\w+", value)
    }
    assert len(words) > 150
    told = {word.lower() for state in office.states() for word in re.findall(rb"\w+", state)}
    assert {word.encode() for word in words} & told == {b"state", b"org"} & told


def test_the_vault_knows_how_people_are_called(office: Office) -> None:
    report = office.imports(GRAND_BEND)
    found = office.people(report.district_id, ["207288", "207249"])
    assert found["207288"].name == "David Woodlock"
    assert found["207249"].email == "TamikaMcpherson@edfi.org"
    assert found["207249"].employee_number == "207249"


# A file after the other


def test_only_what_differs_is_added(office: Office) -> None:
    office.brings(USERS, ROLES)
    before = office.position
    users = [user("u0", "Ann", "Miller"), *USERS[1:], user("u4", "Eve")]
    roles = [
        *ROLES[:2],
        role("r2", "u2", orgSourcedId="S2"),
        role("r3", "u3", endDate="2025-06-30"),
        role("r4", "u4", role="siteAdministrator", orgSourcedId="D1"),
    ]
    orgs = [DISTRICT, org("S1", name="Lake Middle"), org("S2"), org("S3"), org("X", "department")]
    report = office.brings(users, roles, orgs=orgs)
    assert office.topics(before) == {
        "organization.renamed.v1": 1,
        "organization.registered.v1": 1,
        "person.details-recorded.v1": 2,
        "person.registered.v1": 1,
        "person.identity-linked.v1": 1,
        "employment.changed.v1": 1,
        "employment.ended.v1": 1,
        "employment.started.v1": 1,
    }
    assert report.counts == ImportCounts(
        persons_registered=1,
        employments_started=1,
        employments_changed=1,
        employments_ended=1,
        rows_unchanged=3 + 3 + 2,
    )
    assert office.people(D1, ["u0"])["u0"].family_name == "Miller"
    roles_held = {one.terms_on(TODAY).role for one in office.held(D1)}
    assert roles_held == {"teacher", "site-administrator"}
    assert {one.terms_on(TODAY).school_id for one in office.held(D1)} == {
        *(school("S1"), school("S2"), None)
    }


def test_the_share_of_a_position_comes_from_the_role_or_else_from_its_user(office: Office) -> None:
    users = [user("u0", **{"metadata.fte": "0.75", "metadata.exempt": "true"}), user("u1")]
    roles = [
        role("r0", "u0"),
        role("r1", "u0", **{"metadata.fte": "0.25", "metadata.exempt": "false"}),
        role("r2", "u1"),
    ]
    office.brings(users, roles)
    teacher = Terms(school_id=school("S1"), role="teacher")
    shares = {
        (one.terms_on(TODAY).fte_thousandths, one.terms_on(TODAY).exempt) for one in office.held(D1)
    }
    assert shares == {(750, True), (250, False), (None, None)}
    before = office.position
    office.brings([user("u0"), user("u1")], [role(f"r{n}", f"u{n // 2}") for n in range(3)])
    assert office.topics(before)["employment.changed.v1"] == 0, "a file that does not say it"
    assert {one.terms_on(TODAY).role for one in office.held(D1)} == {teacher.role}


def test_practice_31_a_number_with_the_state_stays_where_a_file_says_nothing_of_it(
    office: Office,
) -> None:
    office.brings([user("u0", **{"metadata.stateId": "AL-7"}), user("u1")], ROLES[:2])
    before = office.position
    office.brings([user("u0"), user("u1", "Eve")], ROLES[:2])
    assert office.topics(before) == {"person.details-recorded.v1": 1}
    found = office.people(D1, ["u0", "u1"])
    assert {name: one.state_id for name, one in found.items()} == {"u0": "AL-7", "u1": ""}
    office.brings([user("u0", **{"metadata.stateId": "AL-8"}), user("u1", "Eve")], ROLES[:2])
    assert office.people(D1, ["u0"])["u0"].state_id == "AL-8"


def test_what_a_bulk_file_leaves_out_was_over_by_yesterday(office: Office) -> None:
    users, roles = people(40)
    office.brings(users, roles)
    office.at += 10 * DAY
    office.brings(users[:38], roles[:38])
    ended = [one for one in office.employments(D1) if one.last_day is not None]
    assert [one.last_day for one in ended] == 2 * [office.at.date() - DAY]
    assert len(office.held(D1)) == 38


def test_a_day_ends_when_it_ends_in_the_district(office: Office) -> None:
    """At three in the morning in Greenwich it is still the day before in Chicago."""
    office.brings(USERS, ROLES)
    office.at = NOON.replace(hour=21)
    office.brings([], [], allow_endings=4)
    assert {one.last_day for one in office.employments(D1)} == {TODAY - DAY}


def test_a_file_that_ends_too_much_is_refused_and_may_be_allowed(office: Office) -> None:
    users, roles = people(40)
    office.brings(users, roles)
    before = office.position
    for allowed in (0, 2):
        with pytest.raises(TooManyEndingsError, match=r"3 of 40 .* allow 3") as refused:
            office.brings(users[3:], roles[3:], allow_endings=allowed)
        assert refused.value.operands == {"endings": 3, "employments": 40}
        assert office.position == before
    report = office.brings(users[3:], roles[3:], allow_endings=3)
    assert report.counts.employments_ended == 3


def test_an_end_in_the_future_is_no_ending_to_ask_about(office: Office) -> None:
    office.brings(USERS, ROLES)
    report = office.brings(USERS, [{**one, "endDate": "2025-06-30"} for one in ROLES])
    assert report.counts.employments_ended == 4


def test_new_numbers_for_all_roles_have_to_be_allowed(office: Office) -> None:
    office.brings(USERS, ROLES)
    renumbered = [role(f"x{n}", f"u{n}") for n in range(4)]
    with pytest.raises(TooManyEndingsError):
        office.brings(USERS, renumbered)
    next_year = [{**one, "beginDate": "2025-01-10"} for one in ROLES]
    assert office.brings(USERS, next_year).counts.employments_started == 4, "the same roles anew"


def test_a_file_that_comes_back_after_another_is_imported_again(office: Office) -> None:
    users, roles = people(40)
    first, second = (office.file(users=users[n:], roles=roles[n:]) for n in (0, 2))
    reports = [office.imports(one) for one in (first, second, first)]
    assert [one.counts.employments_ended for one in reports] == [0, 2, 0]
    assert reports[2].counts.employments_changed == 2, "they are held again"
    assert len(office.held(D1)) == 40
    assert office.ledger.get(Import, reports[0].import_id).runs == 2
    before = office.position
    office.imports(first)
    assert office.position == before


def test_a_position_that_goes_to_somebody_else_is_nobodys_twice(office: Office) -> None:
    users, roles = people(2)
    office.brings(users, roles)
    office.brings(users, [role("r0", "u1"), roles[1]], allow_endings=1)
    assert len(office.held(D1)) == 2
    assert len({one.person_id for one in office.held(D1)}) == 1
    changed = delta(role("r0", "u0"))
    office.brings([], changed, "delta", None, district_id=D1)
    assert len({one.person_id for one in office.held(D1)}) == 2


def test_nobody_but_staff_is_stored(office: Office, database_url: str) -> None:
    users = [
        user("u0"),
        user("k0", "Kid", "Small"),
        user("p0", "Par", "Ent"),
        user("x0", "Ex", "T"),
    ]
    roles = [
        role("r0", "u0"),
        role("r1", "k0", role="student"),
        role("r2", "k0", role="student"),
        role("r3", "p0", role="parent"),
        role("r4", "x0", role="ext:volunteer"),
    ]
    report = office.brings(users, roles)
    assert report.counts.persons_registered == 1
    assert report.skipped == {"student": 2, "parent": 1, "ext:volunteer": 1}
    with psycopg.connect(connection_info(database_url, Role.VAULT)) as connection:
        persons = connection.execute("SELECT count(*) FROM vault_person_keys").fetchone()
        texts = connection.execute("SELECT count(*) FROM vault_texts").fetchone()
    assert (persons, texts) == ((1,), (1,))


def test_who_is_staff_no_more_is_employed_no_more(office: Office) -> None:
    office.brings(USERS, ROLES)
    office.brings(USERS, [role("r0", "u0", role="student"), *ROLES[1:]], allow_endings=1)
    assert len(office.held(D1)) == 3


def test_one_person_with_two_roles_is_one_person(office: Office) -> None:
    users, roles = people(1)
    office.brings(users, [*roles, role("s0", "u0", roleType="secondary", role="counselor")])
    assert len({one.person_id for one in office.held(D1)}) == 1
    assert len(office.held(D1)) == 2


# Deltas


def test_a_delta_changes_what_it_names_and_nothing_else(office: Office) -> None:
    office.brings(USERS, ROLES)
    before = office.position
    gone = delta({"sourcedId": "r1"}, role("r2", "u2", endDate="2024-12-20"), status="tobedeleted")
    new = delta(role("r9", "u0", orgSourcedId="S9"), role("r3", "u3", role="principal"))
    renamed = delta(user("u3", "Dee", "Miller"), user("nobody"))
    report = office.brings(renamed, [*gone, *new], "delta", delta(DISTRICT, org("S9")))
    assert report.mode == "delta"
    assert office.topics(before) == {
        "organization.registered.v1": 1,
        "person.details-recorded.v1": 1,
        "employment.ended.v1": 2,
        "employment.started.v1": 1,
        "employment.changed.v1": 1,
    }
    last_days = {one.last_day for one in office.employments(D1)}
    assert last_days == {None, TODAY - DAY, date(2024, 12, 20)}
    assert office.people(D1, ["u3"])["u3"].name == "Dee Miller"
    assert "nobody" not in office.people(D1, ["nobody"])


def test_the_share_that_a_delta_says_of_a_user_is_that_of_her_one_position(office: Office) -> None:
    office.brings(USERS, [*ROLES, role("r9", "u3")])
    several = user("u3", "Given3", "Family3", **{"metadata.fte": "0.5"})
    said = [user("u0", "Eve", **{"metadata.fte": "0.5", "metadata.exempt": "false"}), several]
    path = office.file("delta", orgs=None, users=delta(*said), roles=None)
    before = office.position
    counts = office.imports(path, district_id=D1).counts
    assert (counts.employments_changed, counts.rows_unchanged) == (1, 1)
    topics = {"person.details-recorded.v1": 1, "employment.changed.v1": 1}
    assert office.topics(before) == topics
    [changed] = [one for one in office.held(D1) if one.terms_on(TODAY).fte_thousandths == 500]
    assert changed.person_id == office.vault.find_person("oneroster", D1, "u0")
    assert changed.terms_on(TODAY).exempt is False
    assert changed.terms_on(TODAY - DAY).fte_thousandths is None, "it was heard of today"
    office.imports(path, district_id=D1)
    assert office.topics(before) == topics
    row = delta(role("r0", "u0", **{"metadata.fte": "1"}))
    office.brings(delta(said[0]), row, "delta", None, district_id=D1)
    assert 500 not in {one.terms_on(TODAY).fte_thousandths for one in office.held(D1)}


def test_a_user_who_is_gone_is_employed_no_more(office: Office) -> None:
    office.brings(USERS, ROLES)
    gone = delta({"sourcedId": "u0"}, {"sourcedId": "never-heard-of"}, status="tobedeleted")
    kept = delta({"sourcedId": "u1"}, status="tobedeleted")
    moved = delta(role("r1", "u1", orgSourcedId="S2"))
    office.brings([*gone, *kept], moved, "delta", None, district_id=D1)
    assert len(office.held(D1)) == 3, "what a role of the same file says outweighs the user"


def test_the_day_a_role_gives_outweighs_that_its_user_is_gone(office: Office) -> None:
    office.brings(USERS, ROLES)
    gone = delta({"sourcedId": "u0"}, status="tobedeleted")
    june = delta({"sourcedId": "r0", "endDate": "2025-06-30"}, status="tobedeleted")
    report = office.brings(gone, june, "delta", None, district_id=D1)
    assert report.counts.employments_ended == 1
    assert {one.last_day for one in office.employments(D1)} == {None, date(2025, 6, 30)}


def test_the_same_delta_again_adds_nothing(office: Office) -> None:
    office.brings(USERS, ROLES)
    path = office.file(
        "delta", orgs=None, users=None, roles=delta({"sourcedId": "r1"}, status="tobedeleted")
    )
    office.imports(path, district_id=D1)
    before = office.position
    office.at += DAY
    assert office.imports(path, district_id=D1).position is None
    assert office.position == before


def test_a_delta_may_refer_to_what_earlier_files_brought(office: Office) -> None:
    office.brings(USERS, ROLES, orgs=[*ORGS, org("X", "department")])
    new = [role("r8", "u0", orgSourcedId="X"), role("r9", "u1", orgSourcedId="D1")]
    office.brings([], delta(*new), "delta", None, district_id=D1)
    assert [one.terms_on(TODAY).school_id for one in office.held(D1)].count(None) == 2


def test_a_delta_that_refers_to_nothing_is_refused(office: Office) -> None:
    office.brings(USERS, ROLES)
    before = office.position
    roles = delta(role("r9", "u9"), role("r8", "u0", orgSourcedId="S9"))
    with pytest.raises(FileRefusedError) as refused:
        office.brings([], roles, "delta", None, district_id=D1)
    assert slugs(refused) == {
        ("reference-unknown", "userSourcedId"),
        ("reference-unknown", "orgSourcedId"),
    }
    assert office.position == before


def test_a_delta_has_to_be_of_a_district(office: Office) -> None:
    rows = delta(*ROLES)
    with pytest.raises(DistrictUnnamedError):
        office.brings(delta(*USERS), rows, "delta", None)
    with pytest.raises(NotFoundError):
        office.brings(delta(*USERS), rows, "delta", None, district_id=named("nowhere"))


# Districts


def call() -> Call:
    return Call(caller_id=OPERATOR, command_id=named("call"), body_hash=bytes(32), at=NOON)


def test_a_file_may_be_imported_into_a_district_that_is_there(office: Office) -> None:
    registered = organization.register_district(office.ledger, call(), name="Lake", zone=ZONE)
    report = office.brings(USERS, ROLES, district_id=registered.stream)
    assert report.district_id == registered.stream
    assert office.ledger.get(Organization, registered.stream).name == "D1 name"
    moved = delta(role("r0", "u0", orgSourcedId="D1"))
    office.brings([], moved, "delta", None, district_id=registered.stream)
    assert None in {one.terms_on(TODAY).school_id for one in office.held(registered.stream)}


def test_two_districts_with_the_same_numbers_are_kept_apart(office: Office) -> None:
    registered = organization.register_district(office.ledger, call(), name="Hill", zone=ZONE)
    office.brings(USERS, ROLES)
    report = office.brings(USERS, ROLES, district_id=registered.stream)
    assert report.counts.persons_registered == 4
    persons = {one.person_id for place in (D1, registered.stream) for one in office.held(place)}
    assert len(persons) == 8


def test_the_zone_is_one_and_stays_the_same(office: Office) -> None:
    with pytest.raises(ZoneUnknownError):
        office.imports(GRAND_BEND, zone="America/Springfield")
    office.brings(USERS, ROLES)
    with pytest.raises(ZoneDiffersError, match="America/Chicago"):
        office.brings(USERS, ROLES, zone="America/New_York")


def test_a_school_is_no_place_to_import_into(office: Office) -> None:
    office.brings(USERS, ROLES)
    with pytest.raises(NotADistrictError):
        office.brings(USERS, ROLES, district_id=school("S1"))


TREES: dict[str, tuple[list[Row], str]] = {
    "two districts": ([DISTRICT, org("D2", "district", parent="")], "several-districts"),
    "no district": ([org("S1", parent=""), org("S2", parent="")], "no-district"),
    "a circle": (
        [DISTRICT, org("S1", parent="S2"), org("S2", parent="S1")],
        "organizations-in-a-circle",
    ),
    "its own parent": ([DISTRICT, org("S1", parent="S1")], "organizations-in-a-circle"),
}


@pytest.mark.parametrize("name", TREES)
def test_a_tree_without_one_root_is_refused(office: Office, name: str) -> None:
    orgs, slug = TREES[name]
    with pytest.raises(FileRefusedError) as refused:
        office.brings([], [], orgs=orgs)
    assert slug in {flaw.slug for flaw in refused.value.flaws}
    assert office.position == 0


def test_the_district_is_the_topmost_one_below_the_state(office: Office) -> None:
    orgs = [
        org("state", "state", parent=""),
        org("D1", "district", parent="state"),
        org("area", "district", parent="D1"),
        org("S1", parent="area"),
    ]
    users, roles = people(1)
    report = office.brings(users, roles, orgs=orgs)
    assert report.district_id == D1
    assert office.topics()["organization.registered.v1"] == 2


def test_a_school_of_its_own_is_its_own_district(office: Office) -> None:
    users, roles = people(1)
    report = office.brings(users, roles, orgs=[org("S1", parent="")])
    assert office.ledger.get(Organization, report.district_id).kind == "district"
    assert {one.terms_on(TODAY).school_id for one in office.held(report.district_id)} == {
        stream_id("organization", report.district_id, "S1")
    }
