"""Who may ask that somebody be forgotten, what stands in the way, and until when."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from api.forgetting import forgetting, run_retention
from ledger.aggregates.base import Act
from ledger.aggregates.retention import Retention, Stage, Subject
from ledger.commands import retention
from ledger.erasure.list import _SQL
from ledger.store import Role, connection_info
from tests.api.payroll import hire, payday
from tests.api.test_field import at
from tests.api.world import PNG, Answer, District, Story, World, stipend, story
from tests.privacy.life import DUE, NOBODY, STILL_KEPT, Life
from tests.privacy.test_drill import url_of
from tests.privacy.test_steps import erasures, topics

DUE_AT = datetime.fromisoformat(DUE["Ledger-Time"])
HOLD = {"reason": "litigation"}


def ends(district: District, employment: str, last_day: str = "2025-06-30") -> None:
    path = f"/v1/employments/{employment}/endings"
    district.world.done(district.office, path, {"last_day": last_day})


def erasure(world: World, who: UUID, person: UUID, **sent: Any) -> Answer:
    reason = {"reason": sent.pop("reason", "subject-request")}
    return world.post(who, f"/v1/people/{person}/erasures", reason, **sent)


def left(district: District) -> UUID:
    """Somebody who worked for the district until June 2025."""
    person = district.person()
    ends(district, district.employ(person))
    return person


def stage(world: World, person: UUID) -> Stage | None:
    return world.edge.ledger.get(Retention, Subject(person).stream).stage


def test_whoever_works_here_is_not_forgotten_and_no_day_is_known(shared_world: World) -> None:
    person = shared_world.district().teacher()
    made = erasure(shared_world, person, person).json()
    assert (made["status"], made["grounds"], made["allowed_from"]) == (
        *("deferred", ["employed"]),
        None,
    )
    again = erasure(shared_world, person, person)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/nothing-changes")


def test_payroll_keeps_her_until_a_day_and_then_retention_run_forgets_her(
    shared_world: World,
) -> None:
    world = shared_world
    person = left(world.district())
    made = erasure(world, person, person, headers=STILL_KEPT).json()
    assert (made["status"], made["allowed_from"]) == ("deferred", "2030-02-01")
    [listed] = [one for one in erasures(world) if one["person_id"] == str(person)]
    assert (listed["stage"], listed["grounds"]) == ("deferred", ["payroll-retention"])

    early = datetime.fromisoformat(STILL_KEPT["Ledger-Time"])
    assert str(person) in {str(one.person_id) for one in run_retention(world.edge, NOBODY, early)}
    assert stage(world, person) is Stage.DEFERRED
    list(run_retention(world.edge, NOBODY, DUE_AT))

    assert stage(world, person) is Stage.ERASED
    assert world.edge.vault.erased([person])


def test_what_she_is_paid_later_than_her_last_day_counts(shared_world: World) -> None:
    world = shared_world
    one = story(world, district := world.district())
    policy = {"waiting_days": 800, "employed_on": None}
    world.done(district.office, f"/v1/districts/{district.id}/policies", stipend(**policy))
    one.award()
    [held] = world.seen(one.teacher, f"/v1/people/{one.teacher}/employments")["items"]
    ends(district, held["employment_id"])
    [owed] = world.seen(one.teacher, f"/v1/people/{one.teacher}/payouts")["items"]
    made = erasure(world, one.teacher, one.teacher, headers=DUE).json()
    assert made["grounds"] == ["payroll-retention"]
    assert made["allowed_from"] == f"{int(owed['payable_on'][:4]) + 5}-02-01"


def test_a_hold_keeps_her_and_whoever_placed_it_lifts_it(shared_world: World) -> None:
    world, district = shared_world, shared_world.district()
    person = left(district)
    held = world.done(district.office, f"/v1/people/{person}/holds", HOLD)["hold_id"]
    made = erasure(world, person, person, headers=DUE).json()
    assert (made["status"], made["grounds"]) == ("deferred", ["legal-hold"])
    list(run_retention(world.edge, NOBODY, DUE_AT))
    assert stage(world, person) is Stage.DEFERRED

    lift = {"hold_id": held, "reason": "matter-closed"}
    stranger = world.district().office
    path = f"/v1/people/{person}/hold-lifts"
    assert world.post(stranger, path, lift).status_code == 404
    assert world.post(person, path, lift).status_code == 404
    world.done(district.office, path, lift)
    list(run_retention(world.edge, NOBODY, DUE_AT))

    assert stage(world, person) is Stage.ERASED
    late = world.post(district.office, f"/v1/people/{person}/holds", HOLD)
    assert (late.status_code, late.json()["type"]) == (409, "/problems/erasure-underway")


def test_a_hold_on_a_person_keeps_her_files_and_one_on_a_file_that_file(
    shared_world: World, tmp_path: Path
) -> None:
    world = shared_world
    life = Life(world, tmp_path / "rosters").is_hired().earns()
    first, second = (f"{life.path}/evidence/{one}" for one in life.evidence[:2])
    asked = {"reason": "student-data"}
    approver = life.issuer.approver
    held = world.done(approver, f"{first}/holds", HOLD)["hold_id"]
    assert world.done(life.teacher, f"{first}/redactions", asked)["grounds"] == ["legal-hold"]
    her_hold = world.done(life.district.office, f"/v1/people/{life.teacher}/holds", HOLD)
    assert world.done(life.teacher, f"{second}/redactions", asked)["grounds"] == ["legal-hold"]
    lift = {"reason": "placed-by-mistake"}
    world.done(approver, f"{first}/hold-lifts", {"hold_id": held, **lift})
    list(run_retention(world.edge, NOBODY, DUE_AT))
    assert world.get(life.teacher, first).status_code == 200
    path = f"/v1/people/{life.teacher}/hold-lifts"
    world.done(life.district.office, path, {"hold_id": her_hold["hold_id"], **lift})
    list(run_retention(world.edge, NOBODY, DUE_AT))
    assert [world.get(life.teacher, one).status_code for one in (first, second)] == [410, 410]


def test_a_hold_on_one_of_her_files_keeps_her(shared_world: World, tmp_path: Path) -> None:
    """Her key opens all of her files, so none of them outlives it."""
    world = shared_world
    life = Life(world, tmp_path / "rosters").whole()
    held_file = f"{life.path}/evidence/{life.evidence[0]}"
    approver = life.issuer.approver
    held = world.done(approver, f"{held_file}/holds", HOLD)["hold_id"]
    made = life.erased(DUE).json()
    assert (made["status"], made["grounds"]) == ("deferred", ["legal-hold"])
    list(run_retention(world.edge, NOBODY, DUE_AT))
    assert stage(world, life.teacher) is Stage.DEFERRED
    lift = {"hold_id": held, "reason": "matter-closed"}
    world.done(approver, f"{held_file}/hold-lifts", lift)
    list(run_retention(world.edge, NOBODY, DUE_AT))
    assert stage(world, life.teacher) is Stage.ERASED
    late = world.post(approver, f"{held_file}/holds", HOLD)
    assert (late.status_code, late.json()["type"]) == (409, "/problems/erasure-underway")


def test_a_file_waits_for_its_review_unless_students_are_in_it(shared_world: World) -> None:
    world = shared_world
    one = story(world).enroll().hand_in()
    files = [seen["evidence_id"] for seen in world.seen(one.teacher, one.path)["evidence"]]
    path = f"{one.path}/evidence/{{}}/redactions"
    wish = {"reason": "subject-request"}
    made = world.done(one.teacher, path.format(files[0]), wish)
    assert (made["status"], made["grounds"]) == ("deferred", ["under-review"])
    assert world.post(one.assessors[0], path.format(files[1]), wish).status_code == 404
    back = f"{one.path}/evidence/{files[0]}/redaction-withdrawals"
    world.done(one.teacher, back)
    seen = world.done(one.issuer.approver, path.format(files[0]), {"reason": "student-data"})
    assert seen["status"] == "erased"
    unknown = world.post(one.issuer.approver, path.format(uuid4()), wish)
    assert unknown.status_code == 404


def test_given_a_file_that_waits_when_students_are_seen_in_it_then_it_waits_no_more(
    shared_world: World,
) -> None:
    """Whoever asked before had a reason that waits for the review; the new one does not."""
    world = shared_world
    one = story(world).enroll().hand_in()
    file, *_ = [seen["evidence_id"] for seen in world.seen(one.teacher, one.path)["evidence"]]
    path = f"{one.path}/evidence/{file}"
    waits = world.done(one.teacher, f"{path}/redactions", {"reason": "subject-request"})
    assert (waits["status"], waits["grounds"]) == ("deferred", ["under-review"])
    hold = world.done(one.issuer.approver, f"{path}/holds", {"reason": "audit"})["hold_id"]
    said = {"reason": "student-data"}
    held = world.done(one.issuer.approver, f"{path}/redactions", said)
    assert (held["status"], held["grounds"]) == ("deferred", ["legal-hold"])
    lifted = {"hold_id": hold, "reason": "matter-closed"}
    world.done(one.issuer.approver, f"{path}/hold-lifts", lifted)

    answer = world.done(one.teacher, f"{path}/redactions", {"reason": "subject-request"})

    assert answer["status"] == "erased"
    gone = world.get(one.issuer.approver, path)
    assert (gone.status_code, gone.json()["type"]) == (410, "/problems/erased")


def test_a_stranger_learns_of_a_hold_no_more_than_that_there_is_none(
    shared_world: World, tmp_path: Path
) -> None:
    world = shared_world
    life = Life(world, tmp_path / "rosters").is_hired().earns()
    first, second = (f"{life.path}/evidence/{one}" for one in life.evidence[:2])
    hold = world.done(life.issuer.approver, f"{first}/holds", HOLD)["hold_id"]
    assert world.done(life.teacher, f"{second}/redactions", {"reason": "student-data"})["position"]
    lift = {"reason": "matter-closed", "hold_id": hold}
    stranger = uuid4()
    for path in (first, second, f"{life.path}/evidence/{uuid4()}"):
        assert world.post(stranger, f"{path}/hold-lifts", lift).status_code == 404
    elsewhere = first.replace(life.enrollment, str(uuid4()))
    assert world.post(life.issuer.approver, f"{elsewhere}/hold-lifts", lift).status_code == 404
    assert world.post(life.issuer.approver, f"{second}/hold-lifts", lift).status_code == 404
    world.done(life.issuer.approver, f"{first}/hold-lifts", lift)


def uploaded(world: World) -> tuple[Story, list[str]]:
    """A teacher who has uploaded whatever is asked for, and her files."""
    one = story(world).enroll()
    for requirement in one.requirements():
        answer = one.upload(requirement["kind"], PNG + requirement["kind"].encode())
        assert answer.status_code == 201, answer.text
    return one, [seen["evidence_id"] for seen in world.seen(one.teacher, one.path)["evidence"]]


def test_a_file_that_was_redacted_before_it_was_handed_in_does_not_count(
    shared_world: World,
) -> None:
    world = shared_world
    one, [gone, *others] = uploaded(world)
    path, wish = f"{one.path}/evidence/{gone}/redactions", {"reason": "subject-request"}
    assert world.done(one.teacher, path, wish)["status"] == "erased"
    body = {"integrity_attested": True}
    refused = world.post(one.teacher, f"{one.path}/submissions", body)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/evidence-missing")
    for requirement in one.requirements():
        one.upload(requirement["kind"], PNG + b"again" + requirement["kind"].encode())
    one.submit()
    position = world.position
    stored = world.edge.ledger.recorder.read_log(position - 1, 1)[0]
    assert others[0].encode() in bytes(stored[5])
    assert gone.encode() not in bytes(stored[5])


def test_a_file_that_is_redacted_while_it_is_handed_in_does_not_count(
    shared_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redacted after the submission was decided and before it was stored: it is decided anew."""
    world = shared_world
    one, [gone, *_] = uploaded(world)
    append = type(world.edge.ledger).append
    path, wish = f"{one.path}/evidence/{gone}/redactions", {"reason": "subject-request"}

    def redact_first(ledger: Any, call: Any, events: Any, reads: Any) -> Any:
        if events[0].TOPIC == "enrollment.submitted.v1":
            monkeypatch.undo()
            assert world.done(one.teacher, path, wish)["status"] == "erased"
        return append(ledger, call, events, reads)

    monkeypatch.setattr(type(world.edge.ledger), "append", redact_first)
    refused = world.post(one.teacher, f"{one.path}/submissions", {"integrity_attested": True})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/evidence-missing")


def test_a_district_has_nobody_forgotten_who_worked_elsewhere_as_well(shared_world: World) -> None:
    world = shared_world
    here, there = world.district(), world.district()
    person = left(here)
    assert erasure(world, there.office, person).status_code == 404
    assert erasure(world, here.office, person, headers=STILL_KEPT).status_code == 201
    ends(there, there.employ(person, "2024-09-01"))
    for district in (here, there):
        assert erasure(world, district.office, person, headers=DUE).status_code == 404
    assert erasure(world, world.operator, person, headers=DUE).json()["status"] == "erased"


def test_a_reason_is_a_code_and_never_words(shared_world: World) -> None:
    person = left(shared_world.district())
    for reason in ("because she asked", "student-data", "erased-before-restore", ""):
        answer = erasure(shared_world, person, person, reason=reason)
        assert answer.status_code == 422, reason


def test_of_somebody_who_is_forgotten_nothing_new_is_recorded(shared_world: World) -> None:
    world = shared_world
    one = story(world, district := world.district())
    person = left(district)
    assert erasure(world, person, person, headers=DUE).json()["status"] == "erased"
    details = {"details": {"given_name": "Ada"}}
    identity = {"source": "sis", "district_id": district.id, "source_id": "7"}
    hired = {"person_id": str(person), "position": "p", "role": "teacher"}
    for who, path, body in (
        (district.office, f"/v1/districts/{district.id}/people/{person}/details", details),
        (world.operator, f"/v1/people/{person}/identities", identity),
        (
            district.office,
            f"/v1/districts/{district.id}/employments",
            {**hired, "first_day": "2030-08-01"},
        ),
        (person, "/v1/enrollments", {"credential_id": one.credential}),
    ):
        answer = world.post(who, path, body)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/person-erased"), path


def test_whoever_is_hired_while_her_erasure_begins_is_kept(
    shared_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hired after the decision was made and before it was stored: seen once it is stored."""
    world, district = shared_world, shared_world.district()
    person = left(district)
    append = type(world.edge.ledger).append
    hired: list[str] = []

    def hire_first(ledger: Any, call: Any, events: Any, reads: Any) -> Any:
        if events[0].TOPIC == "retention.erasure-requested.v1" and not hired:
            hired.append("")
            hired[0] = district.employ(person, "2029-08-01")
        return append(ledger, call, events, reads)

    told = len(topics(world))
    monkeypatch.setattr(type(world.edge.ledger), "append", hire_first)
    answer = erasure(world, person, person, headers=DUE)
    assert answer.status_code == 201
    assert (answer.json()["status"], answer.json()["grounds"]) == ("deferred", ["employed"])
    assert topics(world)[told:] == [
        "erasure-requested.v1",
        "erasure-begun.v1",
        "erasure-deferred.v1",
    ]
    assert stage(world, person) is Stage.DEFERRED
    assert not world.edge.vault.erased([person])


def test_two_who_finish_the_same_erasure_come_to_one(
    shared_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = shared_world
    person = left(world.district())
    act, subject = Act(actor_id=NOBODY, at=DUE_AT), Subject(person)
    told = len(topics(world))
    destroy = type(world.edge.eraser).destroy_person

    def twice(eraser: Any, *known: Any) -> Any:
        monkeypatch.undo()
        with_ = forgetting(world.edge, person, DUE_AT)
        assert retention.carry_on(world.edge.ledger, with_, act, subject) is not None
        return destroy(eraser, *known)

    monkeypatch.setattr(type(world.edge.eraser), "destroy_person", twice)
    assert erasure(world, person, person, headers=DUE).json()["status"] == "erased"
    assert len(topics(world)) == told + 3


def test_the_list_of_erasures_is_found_by_an_index(shared_world: World) -> None:
    query = f"EXPLAIN {_SQL['retention_events']}"
    with psycopg.connect(connection_info(url_of(shared_world), Role.READ)) as connection:
        connection.execute("SET enable_seqscan = off")
        plan = str(connection.execute(query.encode(), {"after": 0}).fetchall())
    assert "ledger_events_retention" in plan


def test_the_day_on_which_a_batch_pays_her_counts(shared_world: World) -> None:
    with at(shared_world, "2025-01-15"):
        day = payday(shared_world)
        person, issuer = hire(day, "4711"), shared_world.issuer("Paid")
        credential = issuer.credential()
        day.policy(credential)
        day.award(person, credential, issuer)
        [held] = shared_world.seen(person, f"/v1/people/{person}/employments")["items"]
        day.close("2026-01-15")
        ends(day.district, held["employment_id"])
    made = erasure(shared_world, person, person, headers=DUE).json()
    assert (made["grounds"], made["allowed_from"]) == (["payroll-retention"], "2031-02-01")
