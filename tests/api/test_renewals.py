"""Licenses over HTTP: who records them, what they come to, and why."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ledger.codec import decode
from ledger.events.equivalency import EquivalencyAdopted
from tests import golden
from tests.api.test_cli import in_place
from tests.api.world import District, Story, World, credit_of, license_of, rules, stipend

FAR = {"effective_on": "2090-01-01"}


@dataclass
class Case:
    """A teacher with a micro-credential and a license in a state that counts both."""

    story: Story
    district: District
    license: str
    credit: str

    @property
    def world(self) -> World:
        return self.story.world

    def line(self, who: Any = None, **asked: Any) -> dict[str, Any]:
        path = f"/v1/people/{self.story.teacher}/renewals"
        items = self.world.seen(who or self.story.teacher, path, **(asked or FAR))["items"]
        (one,) = [one for one in items if one["license_id"] == self.license]
        found: dict[str, Any] = one
        return found

    def units(self, who: Any = None, **asked: Any) -> list[dict[str, Any]]:
        path = f"/v1/licenses/{self.license}/explanation"
        found = self.world.seen(who or self.story.teacher, path, **(asked or FAR))
        (line,) = found["lines"]
        units: list[dict[str, Any]] = line["units"]
        return units

    def write(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        path = f"/v1/districts/{self.district.id}/licenses/{self.license}/{what}"
        return self.world.done(self.district.office, path, body)


@pytest.fixture(scope="module")
def state(shared_world: World) -> World:
    """A world in which Tennessee counts by the sample rules, for licenses of today's making."""
    shared_world.done(shared_world.operator, "/v1/equivalencies", rules())
    return shared_world


def awarded(world: World, district: District) -> Story:
    """A teacher with an award that never expires, for the tests look far ahead."""
    issuer = world.issuer()
    credential = issuer.credential(valid_months=None)
    assessors = issuer.assessors(credential, district)
    return Story(world, issuer, district.teacher(), credential, assessors).award()


@pytest.fixture
def case(state: World) -> Case:
    """Awarded today in the clock of the tests: six points, and ten for the semester hour."""
    district = state.district()
    one = awarded(state, district)
    path = f"/v1/districts/{district.id}"
    body = license_of(one.teacher, valid_to="2099-06-30", number="TN-0042")
    license_ = state.done(district.office, f"{path}/licenses", body)["id"]
    body = credit_of(one.teacher, documents="Registrar, 12 June")
    credit = state.done(district.office, f"{path}/credits", body)["id"]
    return Case(one, district, license_, credit)


def test_a_teacher_sees_what_she_needs_has_and_misses_and_every_unit_of_it(case: Case) -> None:
    """6 for the micro-credential and 10 for the semester hour: 16 of 60, 44 are missing."""
    line = case.line(**FAR)
    assert line["unit"] == "us-tn:PDP"
    assert (line["needed_hundredths"], line["earned_hundredths"]) == (6_000, 1_600)
    assert (line["missing_hundredths"], line["state"], line["may_renew"]) == (
        4_400,
        "missing",
        False,
    )
    assert line["rule"]["authority_reference"] == "5.502"
    assert line["categories"] == [{"category": None, "earned_hundredths": 1_600}]
    by_kind = {unit["kind"]: unit for unit in case.units(**FAR)}
    award, credit = by_kind["micro_credential"], by_kind["semester_hour"]
    assert award["achievement_id"] == case.story.enrollment
    assert award["arithmetic"] == "1 micro credential: 6 for each 1 = 6 us-tn:PDP"
    assert (credit["achievement_id"], credit["units_hundredths"]) == (case.credit, 1_000)
    assert credit["rule_version"] == 1


def test_the_district_sees_the_same_line_by_name(case: Case) -> None:
    path = f"/v1/districts/{case.district.id}/renewals"
    (item,) = case.world.seen(case.district.office, path, **FAR)["items"]
    assert item["name"] == "Ada Sample"
    assert item["lines"] == [case.line(**FAR)]


def test_the_number_of_a_license_is_in_the_vault_and_not_in_the_log(case: Case) -> None:
    path = f"/v1/people/{case.story.teacher}/licenses"
    for who in (case.story.teacher, case.district.office):
        (held,) = case.world.seen(who, path)["items"]
        assert held["number"] == "TN-0042"
    states = b"".join(row[-1] for row in case.world.edge.ledger.recorder.read_log(0, 100_000))
    assert b"TN-0042" not in states
    assert b"Registrar" not in states


def test_a_day_before_it_was_earned_counts_nothing_of_it(case: Case) -> None:
    line = case.line(effective_on="2024-05-30")
    assert (line["earned_hundredths"], case.units(effective_on="2024-05-30")) == (0, [])


def test_as_of_a_position_it_is_what_was_known_then(case: Case) -> None:
    """The semester hour is withdrawn: known now, and not known before."""
    before = case.world.position
    body = {"reason": "mistake", "effective_on": "2024-06-01"}
    case.world.done(case.district.office, f"/v1/credits/{case.credit}/withdrawals", body)
    assert case.line(**FAR)["earned_hundredths"] == 600
    assert case.line(**FAR, as_of=str(before))["earned_hundredths"] == 1_600
    assert {unit["reason"] for unit in case.units(**FAR)} == {None, "withdrawn"}
    assert {unit["reason"] for unit in case.units(**FAR, as_of=str(before))} == {None}
    path = f"/v1/districts/{case.district.id}/renewals"
    known = case.world.seen(case.district.office, path, **FAR, as_of=str(before))["items"]
    assert known[0]["lines"][0]["earned_hundredths"] == 1_600


def test_licenses_and_credits_as_of_a_position_say_the_same_after_more_has_happened(
    case: Case,
) -> None:
    """Renewed, withdrawn, and another teacher's license: nothing of it was known before."""
    world, office, teacher = case.world, case.district.office, case.story.teacher
    district = f"/v1/districts/{case.district.id}"
    lists = [(teacher, f"/v1/people/{teacher}/{what}") for what in ("licenses", "credits")]
    lists += [(office, path) for _, path in lists] + [(office, f"{district}/renewals")]

    def told(**asked: Any) -> list[Any]:
        return [world.seen(who, path, **asked)["items"] for who, path in lists]

    begun, now = case.world.position, told()
    assert told(as_of=str(begun)) == now
    term = {"issued_on": "2099-07-01", "valid_to": "2104-06-30"}
    case.write("renewals", term)
    body = {"reason": "mistake", "effective_on": "2024-06-01"}
    world.done(office, f"/v1/credits/{case.credit}/withdrawals", body)
    later = case.district.teacher("Bea", "Later")
    world.seen(office, f"/v1/people/{later}/employments")  # the views know of her
    world.done(office, f"{district}/licenses", license_of(later, number="TN-0043"))
    assert told(as_of=str(begun)) == now
    assert all(before != after for before, after in zip(now, told(), strict=True))
    assert told(as_of="2001-01-01") == [[]] * 5


def test_a_revocation_takes_the_units_back(case: Case) -> None:
    body = {"reason": "plagiarism", "authority": "issuer"}
    case.world.done(case.story.issuer.approver, f"{case.story.path}/revocations", body)
    reasons = {unit["kind"]: unit["reason"] for unit in case.units(**FAR)}
    assert reasons == {"micro_credential": "revoked", "semester_hour": None}


def test_the_award_and_its_course_count_once_and_name_each_other(case: Case) -> None:
    body = credit_of(
        case.story.teacher,
        exchanged_enrollment_id=case.story.enrollment,
        course="edu-501",
    )
    path = f"/v1/districts/{case.district.id}/credits"
    course = case.world.done(case.district.office, path, body)["id"]
    units = {unit["achievement_id"]: unit for unit in case.units(**FAR)}
    assert units[case.story.enrollment]["reason"] == "exchanged"
    assert units[case.story.enrollment]["other_id"] == course
    assert units[course]["other_id"] == case.story.enrollment
    assert case.line(**FAR)["earned_hundredths"] == 2_000


def test_only_her_own_award_was_exchanged(case: Case, state: World) -> None:
    stranger = awarded(state, state.district())
    body = credit_of(case.story.teacher, exchanged_enrollment_id=stranger.enrollment)
    path = f"/v1/districts/{case.district.id}/credits"
    refused = case.world.post(case.district.office, path, body)
    assert (refused.status_code, refused.json()["type"].rsplit("/", 1)[-1]) == (
        422,
        "exchanged-elsewhere",
    )


def test_a_district_declines_and_accepts_in_part(case: Case) -> None:
    body = {
        "of": "award",
        "achievement_id": case.story.enrollment,
        "outcome": "declined",
        "reason": "unrelated",
    }
    case.write("rulings", body)
    assert {unit["reason"] for unit in case.units(**FAR)} == {None, "declined"}
    body |= {"outcome": "accepted", "units_hundredths": 300, "category": "literacy"}
    case.write("rulings", body)
    award = next(u for u in case.units(**FAR) if u["kind"] == "micro_credential")
    assert (award["units_hundredths"], award["category"]) == (300, "literacy")
    other = {**body, "of": "credit", "achievement_id": case.credit, "units_hundredths": 0}
    case.write("rulings", other)
    assert case.line(**FAR)["earned_hundredths"] == 300


def test_nothing_of_another_teacher_can_be_ruled_on(case: Case, state: World) -> None:
    stranger = awarded(state, state.district())
    path = f"/v1/districts/{case.district.id}/licenses/{case.license}/rulings"
    body = {
        "of": "award",
        "achievement_id": stranger.enrollment,
        "outcome": "declined",
        "reason": "unrelated",
    }
    assert case.world.post(case.district.office, path, body).status_code == 404


def test_a_renewal_begins_a_cycle_and_the_old_one_stays_to_be_asked_for(case: Case) -> None:
    body = {"issued_on": "2099-07-01", "valid_to": "2104-06-30"}
    case.write("renewals", body)
    line = case.line(effective_on="2099-07-01")
    assert (line["cycle"], line["earned_hundredths"]) == (2, 0)
    old = case.units(effective_on="2099-07-01", cycle=1)
    assert sum(unit["units_hundredths"] for unit in old) == 1_600
    lines = f"/v1/people/{case.story.teacher}/renewals"
    both = case.world.seen(case.story.teacher, lines, cycles="all", **FAR)["items"]
    assert [one["cycle"] for one in both] == [1, 2]
    path = f"/v1/licenses/{case.license}/explanation"
    assert case.world.get(case.story.teacher, path, cycle=3).status_code == 404


def test_a_district_tells_what_it_may_see_and_the_teacher_sees_all(case: Case) -> None:
    """Her new district keeps the documents, and was not there when she earned any of it."""
    world, teacher = case.world, case.story.teacher
    new = world.district("New District")
    new.employ(teacher, "2080-08-01")
    world.seen(new.office, f"/v1/people/{teacher}/employments")  # the views know of it
    path = f"/v1/districts/{new.id}/licenses/{case.license}/changes"
    world.done(new.office, path, {"role": "teacher", "effective_on": "2080-08-01"})
    assert case.line(new.office, **FAR)["earned_hundredths"] == 0
    assert case.line(teacher, **FAR)["earned_hundredths"] == 1_600
    assert case.line(case.district.office, **FAR)["earned_hundredths"] == 1_600
    (item,) = world.seen(case.district.office, f"/v1/districts/{case.district.id}/renewals")[
        "items"
    ]
    assert item["lines"] == []  # another district keeps the documents now
    stranger = world.district("Third District")
    assert world.get(stranger.office, f"/v1/people/{teacher}/renewals").status_code == 404


def test_a_district_decides_what_its_state_leaves_to_it(state: World) -> None:
    """North Carolina: nothing before the district adopts a unit, and one from then on."""
    district = state.district()
    one = awarded(state, district)
    left = {"conversions": [{"kind": "micro_credential", "left_to": "district"}]}
    carolina = {"jurisdiction": "us-nc", "unit": "us-nc:unit"}
    state.done(state.operator, "/v1/equivalencies", rules(**carolina, **left))
    body = license_of(one.teacher, jurisdiction="us-nc", valid_to="2099-06-30")
    path = f"/v1/districts/{district.id}"
    license_ = state.done(district.office, f"{path}/licenses", body)["id"]
    case = Case(one, district, license_, "")
    assert [u["reason"] for u in case.units(**FAR)] == ["left_to_district"]
    gives = {"conversions": [{"kind": "micro_credential", "gives_hundredths": 100}]}
    own = rules(**carolina, **gives, requirements=[])
    adopted = state.done(district.office, f"{path}/equivalencies", own)
    (unit,) = case.units(**FAR)
    assert (unit["units_hundredths"], unit["rule_id"]) == (100, adopted["id"])
    listed = state.seen(one.teacher, "/v1/equivalencies", jurisdiction="us-nc")["items"]
    assert [rule["district_id"] for rule in listed] == [None, district.id]
    end = {"authority_reference": "Minute 9", "last_day": "2020-01-01"}
    state.done(district.office, f"/v1/equivalencies/{adopted['id']}/retirements", end)
    assert [u["reason"] for u in case.units(**FAR)] == ["left_to_district"]
    before = state.position - 1
    assert [u["reason"] for u in case.units(**FAR, as_of=str(before))] == [None]


def test_a_line_of_the_transcript_says_what_it_counts_for_or_why_for_nothing(
    case: Case, state: World
) -> None:
    """Six points in one state; nothing in another, where no rule speaks of it."""
    body = license_of(case.story.teacher, jurisdiction="us-ut", valid_to="2099-06-30")
    state.done(
        state.operator,
        "/v1/equivalencies",
        rules(jurisdiction="us-ut", unit="us-ut:point", conversions=[]),
    )
    state.done(case.district.office, f"/v1/districts/{case.district.id}/licenses", body)
    path = f"/v1/people/{case.story.teacher}/transcript/{case.story.enrollment}/explanation"
    for who in (case.story.teacher, case.district.office):
        explained = state.seen(who, path, **FAR)
        assert explained["hours_sat"] == "n/a; credit by rule us-tn/5.502"  # practice 48
        found = explained["licenses"]
        assert [one["rule"] for one in found] == ["us-tn/5.502", "us-ut/5.502"]
        assert [
            (one["unit"], one["counted"]["units_hundredths"], one["counted"]["reason"])
            for one in found
        ] == [("us-tn:PDP", 600, None), ("us-ut:point", 0, "no_equivalency_rule")]
    before = str(state.position - 1)  # before the second license was on file
    then = state.seen(case.story.teacher, path, **FAR, as_of=before)["licenses"]
    assert [one["jurisdiction"] for one in then] == ["us-tn"]


def test_credits_are_listed_for_her_and_for_the_district_that_recorded_them(case: Case) -> None:
    path = f"/v1/people/{case.story.teacher}/credits"
    for who in (case.story.teacher, case.district.office):
        (credit,) = case.world.seen(who, path)["items"]
        assert (credit["credit_id"], credit["quantity_hundredths"]) == (case.credit, 100)
        assert credit["documents"] == "Registrar, 12 June"
    new = case.world.district("New District")
    new.employ(case.story.teacher, "2080-08-01")
    assert case.world.seen(new.office, path)["items"] == []


@pytest.mark.parametrize(
    "changed",
    [
        {"jurisdiction": "tennessee"},
        {"valid_to": "2020-01-01"},
        {"issued_on": "0001-01-01"},
        {"traits": ["Not A Code"]},
    ],
)
def test_a_license_that_cannot_be_is_refused(case: Case, changed: dict[str, Any]) -> None:
    body = license_of(case.story.teacher, license_type="other") | changed
    path = f"/v1/districts/{case.district.id}/licenses"
    assert case.world.post(case.district.office, path, body).status_code == 422


def test_of_two_awards_for_one_competency_one_counts_where_the_state_says_so(
    state: World,
) -> None:
    """6 PTSB credits and not 12, from the moment the district names the two as one competency.

    The district hands them in in January and February or in July and August.
    """
    world, district = state, state.district()
    windows = [{"first_month": 1, "last_month": 2}, {"first_month": 7, "last_month": 8}]
    theirs = {"jurisdiction": "us-wy", "unit": "us-wy:PTSB-credit", "upload_windows": windows}
    world.done(world.operator, "/v1/equivalencies", rules(**theirs, once_per_competency=True))
    one = awarded(world, district)
    issuer = world.issuer("Another issuer")
    credential = issuer.credential(valid_months=None)
    assessors = issuer.assessors(credential, district)
    two = Story(world, issuer, one.teacher, credential, assessors).award()
    path = f"/v1/districts/{district.id}"
    held = license_of(one.teacher, jurisdiction="us-wy", valid_to="2099-06-30")
    made = world.done(district.office, f"{path}/licenses", held)
    case = Case(one, district, made["id"], "")
    before = world.position
    assert case.line()["earned_hundredths"] == 1_200
    known = [one.credential, two.credential]
    fact = {"kind": "competency_class_set", "name": "data-literacy", "credential_ids": known}
    world.done(district.office, f"{path}/calendar", {"fact": fact})
    line = case.line()
    assert (line["earned_hundredths"], line["upload_from"]) == (600, "2090-01-01")
    first, second = case.units()
    assert (first["reason"], second["reason"]) == (None, "same_competency")
    assert second["other_id"] == first["achievement_id"] == one.enrollment
    assert first["upload_to"][5:] in {"02-28", "02-29", "08-31"}
    assert case.line(**FAR, as_of=before)["earned_hundredths"] == 1_200
    world.done(district.office, f"{path}/calendar", {"fact": {**fact, "credential_ids": known[:1]}})
    assert case.line()["earned_hundredths"] == 1_200  # it is no class any more


def test_rules_of_an_older_version_of_their_event_are_read_as_ever() -> None:
    """What the log holds from before is the same with no windows and no equal competencies."""
    [line] = [one for one in golden.lines() if one.topic == "equivalency.adopted.v1"]
    event = decode(*line.columns)
    assert event.TOPIC == "equivalency.adopted.v2"
    assert isinstance(event, EquivalencyAdopted)
    assert (event.terms.once_per_competency, event.terms.upload_windows) == (False, ())


def test_a_district_lists_what_it_hands_in_and_what_it_comes_to(case: Case) -> None:
    """6 PDP and 10 on one license; and a credit that was withdrawn, with why it is none."""
    world, office, path = case.world, case.district.office, f"/v1/districts/{case.district.id}"
    gone = credit_of(case.story.teacher, earned_on="2024-06-15")
    gone_id = world.done(office, f"{path}/credits", gone)["id"]
    withdrawn = {"reason": "mistake", "effective_on": "2024-07-01"}
    world.done(office, f"/v1/credits/{gone_id}/withdrawals", withdrawn)
    [item] = world.seen(office, f"{path}/license-units", **FAR)["items"]
    assert (item["person_id"], item["name"]) == (str(case.story.teacher), "Ada Sample")
    units = {one["counted"]["achievement_id"]: one for one in item["units"]}
    assert {one["number"] for one in units.values()} == {"TN-0042"}
    assert {one["license_id"] for one in units.values()} == {case.license}
    said = {id_: one["counted"] for id_, one in units.items()}
    assert {id_: (one["units_hundredths"], one["reason"]) for id_, one in said.items()} == {
        case.story.enrollment: (600, None),
        case.credit: (1_000, None),
        gone_id: (0, "withdrawn"),
    }
    totals = world.seen(office, f"{path}/license-unit-totals", **FAR)["items"]
    kinds = {(one["kind"], one["reason"]): one["units_hundredths"] for one in totals}
    assert kinds == {
        ("micro_credential", None): 600,
        ("semester_hour", None): 1_000,
        ("semester_hour", "withdrawn"): 0,
    }
    assert {one["rule_version"] for one in totals} == {1}
    assert sum(one["achievements"] for one in totals) == len(units)


def test_what_is_handed_in_is_asked_for_by_state_by_days_and_as_of_a_position(case: Case) -> None:
    world, office, path = case.world, case.district.office, f"/v1/districts/{case.district.id}"

    def ids(**asked: Any) -> set[str]:
        items = world.seen(office, f"{path}/license-units", **FAR, **asked)["items"]
        return {one["counted"]["achievement_id"] for item in items for one in item["units"]}

    before = world.position
    assert ids() == {case.story.enrollment, case.credit}
    assert ids(from_day="2024-05-31", to_day="2024-05-31") == {case.credit}
    assert ids(to_day="2024-05-30") == set()
    assert ids(jurisdiction="us-md") == set()
    world.done(office, f"{path}/credits", credit_of(case.story.teacher, course="edu-501"))
    assert len(ids()) == 3
    assert ids(as_of=before) == {case.story.enrollment, case.credit}
    other = world.district()
    assert world.get(other.office, f"{path}/license-units").status_code == 404
    assert world.seen(other.office, f"/v1/districts/{other.id}/license-units")["items"] == []


def test_what_counts_in_no_cycle_says_why_by_the_cycle_it_was_earned_in(state: World) -> None:
    """The second of three refuses it; the first had no rules, and it lies outside the third.

    What was earned in the year between the second and the third lies outside the second.
    """
    world, district = state, state.district()
    refused = [{"kind": "semester_hour", "gives_hundredths": 0}]
    indiana = {"jurisdiction": "us-in", "unit": "us-in:unit", "conversions": refused}
    world.done(world.operator, "/v1/equivalencies", rules(**indiana))
    teacher, path = awarded(world, district).teacher, f"/v1/districts/{district.id}"
    first = {"issued_on": "2015-07-01", "valid_to": "2019-06-30"}
    held = license_of(teacher, jurisdiction="us-in", **first)
    license_id = world.done(district.office, f"{path}/licenses", held)["id"]
    for begins, ends in ((2019, 2023), (2024, 2029)):
        span = {"issued_on": f"{begins}-06-30", "valid_from": f"{begins}-07-01"}
        renewed = span | {"valid_to": f"{ends}-06-30"}
        world.done(district.office, f"{path}/licenses/{license_id}/renewals", renewed)
    for earned_on in ("2016-03-01", "2020-03-01", "2023-09-01"):
        world.done(district.office, f"{path}/credits", credit_of(teacher, earned_on=earned_on))
    asked = {"to_day": "2024-12-31"}
    [item] = world.seen(district.office, f"{path}/license-units", **asked)["items"]
    assert [(one["cycle"], one["counted"]["reason"]) for one in item["units"]] == [
        (1, "no_equivalency_rule"),
        (2, "not_accepted"),
        (2, "outside_validity"),
    ]


def test_an_award_counts_where_a_committee_approved_of_it_before(state: World) -> None:
    """Ohio: nothing without an approval or with one of the same day, a unit with an earlier one."""
    world, district = state, state.district()
    asked = {"kind": "micro_credential", "gives_hundredths": 100, "approved_days_before": 1}
    ohio = {"jurisdiction": "us-oh", "unit": "us-oh:unit", "conversions": [asked]}
    world.done(world.operator, "/v1/equivalencies", rules(**ohio))
    one = awarded(world, district)
    path = f"/v1/districts/{district.id}"
    held = license_of(one.teacher, jurisdiction="us-oh", valid_to="2099-06-30")
    case = Case(one, district, world.done(district.office, f"{path}/licenses", held)["id"], "")
    earned_on = case.units()[0]["earned_on"]
    facts = f"{path}/people/{one.teacher}"

    def approve(subject: str, day: str, of: str) -> dict[str, Any]:
        fact = {"kind": "prior_approval_given", "subject_id": subject, "of": of, "approved_on": day}
        return world.done(district.office, f"{facts}/facts", {"fact": fact})

    def said(**more: Any) -> tuple[int, str | None]:
        [unit] = case.units(**FAR, **more)
        return unit["units_hundredths"], unit["reason"]

    refused = (0, "not_preapproved")
    assert said() == refused
    approve(one.enrollment, earned_on, "other")
    assert said() == refused
    before = world.position
    version = approve(one.credential, "2024-01-15", "credential")["version"]
    assert said() == (100, None)
    assert said(as_of=before) == refused
    between = world.position
    withdrawal = {"withdrawn_version": version}
    world.done(district.office, f"{facts}/fact-withdrawals", withdrawal)
    assert said() == refused
    assert said(as_of=between) == (100, None)


def test_the_command_writes_what_a_register_takes(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the license's number, without what was earned outside the span; that is written down."""
    assert case.world.settings.database_url is not None
    url = case.world.settings.database_url.get_secret_value()
    case.world.edge.visible(["renewals", "transcript"], case.world.position)
    run = in_place(url, case.world.settings.state_folder, monkeypatch)
    path = tmp_path / "units.csv"
    words = ("export", "license-units", str(path), "--district", case.district.id)
    said = run(*words, "--to-day", "2024-12-31").stdout
    assert said.startswith("1 rows")
    with path.open(newline="") as file:
        [row] = csv.DictReader(file)
    shown = ("license_number", "achievement_id", "kind", "quantity", "units", "unit", "reason")
    assert [row[name] for name in shown] == [
        "TN-0042",
        case.credit,
        "semester_hour",
        "1",
        "10",
        "us-tn:PDP",
        "",
    ]
    assert path.read_bytes().count(b"\r\n") == 2
    assert run(*words, "--jurisdiction", "us-md").stdout.startswith("0 rows")
    assert run(*words, "--as-of", "1").stdout.startswith("0 rows")
    seen = case.world.seen(case.story.teacher, f"/v1/people/{case.story.teacher}/disclosures")[
        "items"
    ]
    assert ("renewals", "operator") in {(one["record"], one["role"]) for one in seen}


def test_one_line_of_the_transcript_says_what_is_paid_and_that_it_renews_no_license(
    case: Case, state: World
) -> None:
    """Wisconsin: a district pays 400 dollars for what the state takes for no license."""
    district, teacher = case.district, case.story.teacher
    none = {"jurisdiction": "us-wi", "unit": "us-wi:credit"}
    kinds = [{"kind": "micro_credential"}]
    state.done(state.operator, "/v1/equivalencies", rules(**none, conversions=kinds))
    path = f"/v1/districts/{district.id}"
    held = license_of(teacher, jurisdiction="us-wi", valid_to="2099-06-30")
    state.done(district.office, f"{path}/licenses", held)
    pays = stipend(amount={"kind": "flat", "amount_cents": 40_000})
    state.done(district.office, f"{path}/policies", pays)
    line = f"/v1/people/{teacher}/transcript/{case.story.enrollment}/explanation"
    for who in (teacher, district.office):
        found = state.seen(who, line, **FAR)
        [paid] = found["payouts"]
        assert (paid["status"], paid["amount_cents"]) == ("due", 40_000)
        counted = {one["jurisdiction"]: one["counted"] for one in found["licenses"]}
        assert counted["us-wi"]["units_hundredths"] == 0
        assert counted["us-wi"]["reason"] == "not_accepted"
    other = state.district()
    other.employ(teacher)
    state.seen(other.office, f"/v1/districts/{other.id}/people")
    assert state.seen(other.office, line, **FAR)["payouts"] == []  # what another one pays
