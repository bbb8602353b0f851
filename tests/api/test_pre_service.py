"""A student earns before anybody employs her: guardians agree while she is a minor, nobody pays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.api.conftest import running
from tests.api.learning import planned
from tests.api.payroll import payday
from tests.api.sharing import new_share
from tests.api.test_merges import merge
from tests.api.world import Answer, District, Issuer, Story, World, stipend
from tests.database import Server
from tests.privacy.places import in_tables

WHILE_A_MINOR = "2017-03-01T15:00:00Z"
LAST_MINUTE = "2018-06-15T04:59:00Z"  # still the fourteenth in Chicago
OF_AGE = "2018-06-15T05:00:00Z"
HIRED = "2021-08-16T15:00:00Z"
EARNED = 5
MISSING = "guardian-consent-missing"


@dataclass
class Student:
    """A student of a high school whose district runs the program."""

    world: World
    district: District
    issuer: Issuer
    person: UUID
    stories: list[Story] = field(default_factory=list)

    @property
    def path(self) -> str:
        return f"/v1/districts/{self.district.id}/people/{self.person}"

    def record(self, **said: Any) -> Answer:
        body = {"program": "educators-rising", **said}
        return self.world.post(self.district.office, f"{self.path}/pre-service", body)

    def agree(self, consent: str, guardian: str | None = None) -> None:
        body = {"consent": consent, "form": "signed-form", "guardian": guardian}
        self.world.done(self.district.office, f"{self.path}/guardian-consents", body)

    def disagree(self, consent: str) -> None:
        body = {"consent": consent, "reason": "guardian-request"}
        self.world.done(self.district.office, f"{self.path}/guardian-consent-withdrawals", body)

    def shown(self, who: UUID | None = None) -> dict[str, Any]:
        path = f"/v1/people/{self.person}/pre-service"
        return dict(self.world.seen(who or self.person, path))

    def credential(self, number: int) -> str:
        title = f"Beginning to Teach {number}"
        return self.issuer.credential(0, title=title, competencies=[f"Skill {number} is shown."])

    def story(self, number: int) -> Story:
        credential = self.credential(number)
        assessors = self.issuer.assessors(credential, self.district, 2)
        return Story(self.world, self.issuer, self.person, credential, assessors)

    def tries_to_enroll(self, credential: str, at: str = WHILE_A_MINOR) -> Answer:
        body, clock = {"credential_id": credential}, {"Ledger-Time": at}
        return self.world.post(self.person, "/v1/enrollments", body, headers=clock)


def slug_of(answer: Answer) -> str:
    assert answer.status_code >= 400, answer.text
    return str(answer.json()["type"]).rpartition("/")[2]


@pytest.fixture(scope="module")
def world(database_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        database_server.database(database_server.template) as url,
        running(url, tmp_path_factory.mktemp("ledger")) as world,
    ):
        world.client.headers["Ledger-Time"] = WHILE_A_MINOR
        yield world


@pytest.fixture
def student(world: World) -> Student:
    """Sixteen, and seventeen when she enrolls; of age on 2018-06-15."""
    district = world.district("High Schools")
    student = Student(world, district, world.issuer(), district.person("Sam", "Student"))
    made = student.record(birth_date="2000-06-15")
    assert made.status_code == 201, made.text
    return student


def test_five_earned_as_a_student_are_shown_to_whoever_hires_her_and_pay_nothing(
    student: Student,
) -> None:
    world = student.world
    assert student.record(birth_date="2000-04-23").status_code == 201, "on a day of her own"
    student.agree("participation", guardian="Guardian Wren")
    student.stories = [student.story(number).award() for number in range(EARNED)]
    world.client.headers["Ledger-Time"] = HIRED
    try:
        day = payday(world, effective_from="2016-07-01")
        policy = stipend(effective_from="2016-07-01") | {"adopted_on": "2016-06-01"}
        world.done(day.district.office, f"{day.path}/policies", policy)
        hired = day.district.person("Samantha", "Student")
        day.district.employ(hired, "2021-08-02")
        merge(world, hired, student.person)
        lines = world.seen(hired, f"/v1/people/{hired}/transcript")["items"]
        unpaid = world.seen(day.district.office, f"{day.path}/unpaid", person_id=str(hired))
        batch = day.close("2021-09-15")
        kept = student.shown(student.district.office)
    finally:
        world.client.headers["Ledger-Time"] = WHILE_A_MINOR
    assert {one["enrollment_id"] for one in lines} == {one.enrollment for one in student.stories}
    assert [one["in_force"] for one in lines] == [True] * EARNED
    assert [one["payout"]["reason"] for one in unpaid["items"]] == [
        "not_employed_on_award_date"
    ] * EARNED
    assert day.lines(batch) == []
    assert (kept["person_id"], kept["minor"]) == (str(hired), False)
    assert [one["guardian"] for one in kept["consents"]] == ["Guardian Wren"]
    url = world.settings.database_url
    assert url is not None
    assert in_tables(url.get_secret_value(), ["2018-04-23", "2000-04-23", "Wren"]) == {}


def test_without_consent_nothing_is_begun_and_nothing_handed_in_until_she_is_of_age(
    student: Student,
) -> None:
    world, one = student.world, student.story(1)
    before = world.edge.ledger.recorder.last_position()
    assert slug_of(student.tries_to_enroll(one.credential)) == MISSING
    assert world.edge.ledger.recorder.last_position() == before
    assert student.shown()["refused"] == ["participation", "sharing"]
    student.agree("participation")
    one.enroll()
    kinds = [requirement["kind"] for requirement in one.requirements()]
    for kind in kinds[:-1]:
        assert one.upload(kind).status_code == 201
    student.disagree("participation")
    files = list(world.settings.evidence_files.rglob("*"))
    assert slug_of(one.upload(kinds[-1])) == MISSING
    assert list(world.settings.evidence_files.rglob("*")) == files, "no file is stored for it"
    student.agree("participation")
    assert one.upload(kinds[-1]).status_code == 201
    student.disagree("participation")
    attempt = {"integrity_attested": True}
    assert slug_of(world.post(student.person, f"{one.path}/submissions", attempt)) == MISSING
    other = student.credential(2)
    assert slug_of(student.tries_to_enroll(other, LAST_MINUTE)) == MISSING
    assert student.tries_to_enroll(other, OF_AGE).status_code == 201
    clock = {"Ledger-Time": OF_AGE}
    handed_in = world.post(student.person, f"{one.path}/submissions", attempt, headers=clock)
    assert handed_in.status_code == 201, handed_in.text


def test_of_a_minor_others_see_what_a_guardian_agrees_to_and_awards_alone(
    student: Student,
) -> None:
    world, person = student.world, student.person
    student.agree("participation")
    student.story(1).award()
    path, link = f"/v1/people/{person}/shares", {"kind": "link"}
    later = {"expires_on": "2018-02-01"}
    assert slug_of(world.post(person, path, new_share(link, **later))) == MISSING
    student.agree("sharing")
    to_any = {"district_id": None, **later}
    found = world.post(person, f"/v1/people/{person}/consents-to-be-found", to_any)
    assert slug_of(found) == "earner-is-minor", "whatever a guardian agrees to"
    wide = new_share(link, "awards", "scores", **later)
    assert slug_of(world.post(person, path, wide)) == "share-scope"
    shared = world.done(person, path, new_share(link, **later))["link"].partition("/share/")[2]
    office, mine = student.district.office, f"/v1/districts/{student.district.id}/shares"
    to_district = {"kind": "district", "district_id": student.district.id}
    world.done(person, path, new_share(to_district, **later))
    assert world.ask(None, "GET", f"/share/{shared}").status_code == 200
    assert [one["standing"] for one in world.seen(office, mine)["items"]] == ["active"]
    student.disagree("sharing")
    assert [one["standing"] for one in world.seen(office, mine)["items"]] == ["revoked"]
    assert {one["standing"] for one in world.seen(person, path)["items"]} == {"revoked"}
    nothing = world.ask(None, "GET", "/share/not-a-secret")
    ended = world.ask(None, "GET", f"/share/{shared}")
    assert (ended.status_code, ended.content) == (404, nothing.content)


def test_a_merge_makes_no_minor_of_age_whichever_record_is_kept(student: Student) -> None:
    """Begun under a record that nobody said it of: the other one's guardians have a say in it."""
    world, one = student.world, student.story(1)
    other = student.district.person("Sam", "Again")
    one.teacher = other
    one.enroll()
    merge(world, student.person, other)
    assert slug_of(one.upload("lesson_plan")) == MISSING
    attempt = {"integrity_attested": True}
    assert slug_of(world.post(other, f"{one.path}/submissions", attempt)) == MISSING
    third = student.district.person("Sam", "Thrice")
    merge(world, third, student.person)
    student.person = third
    assert slug_of(student.tries_to_enroll(student.credential(2))) == MISSING


@contextmanager
def a_day_later(world: World) -> Iterator[None]:
    """What is said on the day after all else."""
    world.client.headers["Ledger-Time"] = "2017-03-02T15:00:00Z"
    try:
        yield
    finally:
        world.client.headers["Ledger-Time"] = WHILE_A_MINOR


def test_a_merge_keeps_what_guardians_said_last_though_both_records_are_minors(
    student: Student,
) -> None:
    """The kept record was recorded too, with an earlier day: neither day nor word is lost."""
    world = student.world
    student.agree("participation", guardian="Guardian Wren")
    kept = Student(world, student.district, student.issuer, student.district.person("Sam", "Kept"))
    assert kept.record(minor_until="2017-04-01").status_code == 201
    kept.agree("sharing")
    with a_day_later(world):
        student.agree("sharing")
        student.disagree("sharing")
        merge(world, kept.person, student.person)
    shown = kept.shown()
    assert shown["minor_until"] == "2017-04-01", "she is a minor by either, so its own day stands"
    assert [(one["consent"], one["guardian"]) for one in shown["consents"]] == [
        ("participation", "Guardian Wren")
    ]
    assert shown["refused"] == ["sharing"], "the newest word on it was no"
    assert kept.tries_to_enroll(kept.credential(1)).status_code == 201


def test_a_merge_gives_back_nothing_that_a_guardian_took_back_later(student: Student) -> None:
    world = student.world
    kept = Student(world, student.district, student.issuer, student.district.person("Sam", "Kept"))
    assert kept.record(birth_date="2000-06-15").status_code == 201
    student.agree("participation")
    student.agree("sharing")
    with a_day_later(world):
        kept.agree("sharing")
        kept.disagree("sharing")
        merge(world, kept.person, student.person)
    assert [one["consent"] for one in kept.shown()["consents"]] == ["participation"]


def test_a_merge_with_a_record_of_age_makes_no_minor_of_age(student: Student) -> None:
    world = student.world
    kept = Student(world, student.district, student.issuer, student.district.person("Sam", "Kept"))
    assert kept.record().status_code == 201, "of age, somebody said"
    merge(world, kept.person, student.person)
    assert kept.shown()["minor_until"] == "2018-06-15"
    assert slug_of(kept.tries_to_enroll(kept.credential(1))) == MISSING


def test_a_day_that_the_vault_lost_is_carried_over_as_a_minor_of_whom_nobody_can_tell(
    student: Student,
) -> None:
    world, kept = student.world, student.district.person("Sam", "Kept")
    student.agree("sharing", guardian="Guardian Wren")
    url = world.settings.database_url
    assert url is not None
    with psycopg.connect(url.get_secret_value()) as connection:
        gone = "DELETE FROM ledger.vault_texts WHERE person_id = %s AND purpose IN (%s, %s)"
        lost = connection.execute(gone, (student.person, "minor-until", "guardian")).rowcount
    assert lost == 2
    merge(world, kept, student.person)
    student.person = kept
    shown = student.shown()
    assert (shown["minor"], shown["minor_until"]) == (True, None)
    assert [(one["consent"], one["guardian"]) for one in shown["consents"]] == [("sharing", None)]
    assert slug_of(student.tries_to_enroll(student.credential(1), OF_AGE)) == MISSING
    assert student.record(birth_date="2000-06-15").status_code == 201, "said again it is known"
    assert student.tries_to_enroll(student.credential(1), OF_AGE).status_code == 201


def test_a_team_is_joined_with_a_guardians_consent_and_a_plan_is_her_own(student: Student) -> None:
    """An aide of seventeen: what her team is shown leaves the program, what she plans does not."""
    world, person, district = student.world, student.person, student.district
    planned(world, person, "What I mean to earn")
    older = [district.person(name) for name in ("Ada", "Bea")]
    for one in (person, *older):
        district.employ(one, "2016-08-01", role="aide")
    world.edge.visible(["employments"], world.position)
    challenge = {
        "title": "Best",
        "credential_ids": [student.credential(1)],
        "deadline": {"day": "2017-05-01", "time": "12:00", "zone": "America/Chicago"},
        "prize": {"amount_cents": 100, "board_reference": "Minute 1", "fund": "general"},
    }
    made = world.done(district.office, f"/v1/districts/{district.id}/challenges", challenge)
    path = f"/v1/challenges/{made['id']}"
    world.done(older[0], f"{path}/teams")
    world.done(older[1], f"{path}/members", {"team": 1})
    for consent in ("participation", "sharing"):
        assert slug_of(world.post(person, f"{path}/members", {"team": 1})) == MISSING
        assert slug_of(world.post(person, f"{path}/teams")) == MISSING
        student.agree(consent)
    world.done(person, f"{path}/members", {"team": 1})
    student.disagree("sharing")
    named = {"member_ids": [str(one) for one in (person, older[1])]}
    assert slug_of(world.post(older[0], f"{path}/locks", named)) == MISSING
    student.agree("sharing")
    world.done(older[0], f"{path}/locks", named)

    def shown(who: UUID) -> set[str]:
        members = world.seen(who, f"{path}/leaderboard")["members"]
        return {one["person_id"] for one in members}

    everybody = {str(one) for one in (person, *older)}
    assert shown(older[0]) == everybody
    student.disagree("sharing")
    assert shown(older[0]) == everybody - {str(person)}, "no teammate is shown her any more"
    assert shown(person) == shown(district.office) == everybody


@pytest.mark.parametrize(
    ("said", "slug"),
    [
        ({"age_of_majority_years": 19}, "birth-date-missing"),
        ({"age_of_majority_years": 19, "minor_until": "2019-06-15"}, "birth-date-missing"),
        ({"birth_date": "2017-03-05"}, "minor-until"),
        ({"birth_date": "2000-06-15", "minor_until": "2018-06-15"}, "minor-until"),
        ({"minor_until": "2038-03-02"}, "minor-until"),
        ({"birth_date": "2000-06-15", "age_of_majority_years": 17}, "invalid-request"),
        ({"birth_date": "2000-06-15"}, "nothing-changes"),
    ],
)
def test_a_slip_of_the_pen_is_refused(said: dict[str, str], slug: str, student: Student) -> None:
    assert slug_of(student.record(**said)) == slug
    assert student.shown()["minor_until"] == "2018-06-15"


def test_a_guardian_agrees_for_those_before_service_alone(student: Student) -> None:
    teacher = student.district.teacher()
    body = {"consent": "participation", "form": "signed-form"}
    path = f"/v1/districts/{student.district.id}/people/{teacher}/guardian-consents"
    assert slug_of(student.world.post(student.district.office, path, body)) == "not-pre-service"
    assert student.record(minor_until="2019-06-15").status_code == 201, "another state, or a slip"
    assert student.shown()["minor_until"] == "2019-06-15"
    assert student.record(minor_until="2017-03-01").status_code == 201
    assert student.shown()["minor_until"] is None, "of a day that has come nothing is kept"
    assert student.shown()["refused"] == [], "she was of age after all"
