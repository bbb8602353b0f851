"""A teacher says that a record is wrong: who answers, by when, and her words beside the record."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO, StringIO
from typing import Any
from uuid import UUID, uuid4
from zipfile import ZipFile

import pytest

from api.carry.bundle import bundle
from api.carry.contents import VIEWS, gather
from api.carry.printed import printed as paper
from api.clock import wall
from api.status_lists import StatusLists
from tests.api.sharing import new_share
from tests.api.test_records import checked, issue, records_of
from tests.api.world import Story, World, story

TODAY = wall().date()


@pytest.fixture(scope="module")
def one(shared_world: World) -> Story:
    """A teacher with an award, who may dispute it as often as she likes."""
    return story(shared_world, token="Disputing").award()


def on(days: int) -> dict[str, str]:
    """What sets the clock of a request so many days on, at noon in Chicago."""
    return {"Ledger-Time": f"{(TODAY + timedelta(days=days)).isoformat()}T18:00:00Z"}


def disputed(one: Story, words: str = "My score is another's.", **changed: Any) -> str:
    body = {"about": "award", "subject_id": one.enrollment, "statement": words, **changed}
    path = f"/v1/people/{one.teacher}/disputes"
    return str(one.world.done(one.teacher, path, body, headers=on(0))["id"])


def answer(one: Story, dispute: str, who: UUID | None = None, **changed: Any) -> Any:
    body = {"outcome": "declined", "reason": "no-error", "words": "All is as scored.", **changed}
    return one.world.post(who or one.issuer.approver, f"/v1/disputes/{dispute}/answers", body)


def rebut(one: Story, dispute: str, words: str) -> Any:
    return one.world.post(one.teacher, f"/v1/disputes/{dispute}/rebuttals", {"rebuttal": words})


def withdraw(one: Story, dispute: str) -> None:
    one.world.done(one.teacher, f"/v1/disputes/{dispute}/withdrawals")


def queue(one: Story, who: UUID | None = None, **asked: Any) -> list[dict[str, Any]]:
    path = f"/v1/issuers/{one.issuer.id}/disputes"
    items: list[dict[str, Any]] = one.world.seen(who or one.issuer.approver, path, **asked)["items"]
    return items


def printed(one: Story, who: UUID, **asked: Any) -> list[dict[str, Any]]:
    """What a transcript line says of disputes."""
    lines = one.world.seen(who, f"/v1/people/{one.teacher}/transcript", **asked)["items"]
    [line] = [line for line in lines if line["enrollment_id"] == one.enrollment]
    return list(line["disputes"])


def test_an_office_sees_what_it_has_to_answer_and_by_when(one: Story) -> None:
    dispute = disputed(one, "My score is another's.")
    [waiting] = queue(one)
    assert waiting["dispute_id"] == dispute
    assert waiting["statement"] == "My score is another's."
    opened, due = (date.fromisoformat(waiting[name]) for name in ("opened_on", "due_on"))
    assert (opened, due) == (TODAY, TODAY + timedelta(days=30))
    assert not waiting["overdue"]
    withdraw(one, dispute)
    assert queue(one) == []
    [over] = [item for item in queue(one, state="all") if item["dispute_id"] == dispute]
    assert over["stage"] == "withdrawn"


@pytest.mark.parametrize(("days", "overdue"), [(30, [False]), (31, [True])])
def test_overdue_is_the_day_after_the_thirtieth_and_is_no_event(
    days: int, overdue: list[bool], one: Story
) -> None:
    dispute = disputed(one)
    before = one.world.edge.ledger.recorder.last_position()
    path = f"/v1/issuers/{one.issuer.id}/disputes"
    one.world.seen(one.issuer.approver, path)  # until it is visible
    found = one.world.ask(one.issuer.approver, "GET", path, headers=on(days)).json()["items"]
    assert [item["overdue"] for item in found] == overdue
    assert one.world.edge.ledger.recorder.last_position() == before
    late = one.world.post(
        one.issuer.approver,
        f"/v1/disputes/{dispute}/answers",
        {"outcome": "corrected", "reason": "scores-swapped"},
        headers=on(days),
    )
    assert late.status_code == 201, "late is better than never"


def test_the_queue_is_by_due_date_and_paged(one: Story) -> None:
    second = one.issuer.credential(1)
    others = [Story(one.world, one.issuer, one.teacher, second, one.assessors).enroll()]
    paths = f"/v1/people/{one.teacher}/disputes"
    earlier = {"about": "transcript_line", "subject_id": others[0].enrollment, "statement": "No."}
    first = one.world.done(one.teacher, paths, earlier, headers=on(-3))["id"]
    dispute = disputed(one)
    assert [item["dispute_id"] for item in queue(one)] == [first, dispute]
    path = f"/v1/issuers/{one.issuer.id}/disputes"
    page = one.world.seen(one.issuer.approver, path, limit=1)
    following = one.world.seen(one.issuer.approver, path, limit=1, cursor=page["next"])
    assert [item["dispute_id"] for item in following["items"]] == [dispute]
    for made in (first, dispute):
        withdraw(one, made)


def test_her_rebuttal_is_printed_with_the_record_in_every_form(one: Story) -> None:
    dispute, world = disputed(one), one.world
    assert printed(one, one.teacher)[0] == {
        "dispute_id": dispute,
        "stage": "open",
        "opened_on": TODAY.isoformat(),
        "due_on": (TODAY + timedelta(days=30)).isoformat(),
        "outcome": None,
        "reason": None,
        "answered_on": None,
        "rebuttal": None,
    }
    assert answer(one, dispute).status_code == 201
    before = world.position
    words = "I was scored for <b>another's</b> lesson."
    assert rebut(one, dispute, words).status_code == 201
    [held] = world.seen(one.teacher, f"/v1/people/{one.teacher}/employments")["items"]
    office = world.grant("district", held["district_id"])
    for who in (one.teacher, office, world.grant("auditor")):
        note = printed(one, who)[0]
        assert (note["stage"], note["outcome"], note["rebuttal"]) == ("answered", "declined", words)
    explained = world.seen(
        one.teacher, f"/v1/people/{one.teacher}/transcript/{one.enrollment}/explanation"
    )
    assert explained["line"]["disputes"][0]["rebuttal"] == words
    assert printed(one, one.teacher, as_of=before)[0]["rebuttal"] is None, "as it was known then"
    link = world.done(one.teacher, f"/v1/people/{one.teacher}/shares", new_share({"kind": "link"}))
    path = link["link"].removeprefix("https://ledger.example")
    [award] = world.ask(None, "GET", path).json()["awards"]
    assert award["disputes"][0]["rebuttal"] == words
    page = world.ask(None, "GET", path, headers={"Accept": "text/html"}).text
    assert "I was scored for &lt;b&gt;another" in page
    withdraw(one, dispute)
    assert dispute not in {one["dispute_id"] for one in printed(one, one.teacher)}
    world.done(one.teacher, f"/v1/shares/{link['id']}/revocations")


def test_her_rebuttal_goes_along_with_what_she_carries_away(one: Story) -> None:
    dispute, words = disputed(one), "=cmd: I was scored for another's lesson."
    answer(one, dispute)
    rebut(one, dispute, words)
    issue(one.world)
    edge = one.world.edge
    edge.visible(VIEWS, one.world.position)
    contents = gather(edge, one.teacher, wall(), StatusLists())
    [line] = [line for line in contents.lines if line.enrollment_id == UUID(one.enrollment)]
    assert line.disputes[0].rebuttal == words
    with ZipFile(BytesIO(bundle(contents))) as files:
        table = csv.DictReader(StringIO(files.read("transcript.csv").decode("utf-8-sig")))
        assert words in next(iter(table))["disputes"]
        assert words in json.loads(files.read("transcript.json"))["description"]
        assert words in files.read("README.md").decode()
    silent = replace(contents, lines=tuple(replace(line, disputes=[]) for line in contents.lines))
    assert paper(contents) != paper(silent)
    withdraw(one, dispute)


def test_her_rebuttal_stands_beside_her_award_for_whoever_checks_the_signed_file(
    one: Story,
) -> None:
    dispute, words = disputed(one), "I was scored for <b>another's</b> lesson."
    answer(one, dispute)
    rebut(one, dispute, words)
    issue(one.world)
    one.world.edge.visible(("disputes", "records"), one.world.position)
    before = seen_by_verifiers(one)
    [found] = records_of(one.world, one.teacher)
    document = one.world.get(one.teacher, f"/v1/records/{found['record_id']}").content
    [award] = checked(one.world, document).json()["awards"]
    assert award["finding"] == "in_force"
    rebuttals = {told["dispute_id"]: told["rebuttal"] for told in award["disputes"]}
    assert rebuttals[dispute] == words
    assert (
        "I was scored for &lt;b&gt;another" in checked(one.world, document, accept="text/html").text
    )
    assert len(seen_by_verifiers(one)) == len(before) + 2, "she sees that it was shown"
    assert seen_by_verifiers(one)[-1]["reader_id"] == found["record_id"]
    forged = checked(one.world, document.replace(b"MicroC", b"microC")).json()
    assert (forged["finding"], forged["awards"]) == ("refused", [])
    assert len(seen_by_verifiers(one)) == len(before) + 2, "of what nobody signed nothing is told"
    withdraw(one, dispute)
    one.world.edge.visible(("disputes",), one.world.position)
    [award] = checked(one.world, document).json()["awards"]
    assert dispute not in {told["dispute_id"] for told in award["disputes"]}


def seen_by_verifiers(one: Story) -> list[dict[str, Any]]:
    lines = one.world.seen(one.teacher, f"/v1/people/{one.teacher}/disclosures")["items"]
    return [line for line in lines if line["role"] == "verifier"]


def test_a_record_is_disputed_again_only_when_the_last_one_is_over(one: Story) -> None:
    dispute = disputed(one)
    body = {"about": "award", "subject_id": one.enrollment, "statement": "Again."}
    again = one.world.post(one.teacher, f"/v1/people/{one.teacher}/disputes", body)
    assert again.json()["type"] == "/problems/dispute-open"
    assert answer(one, dispute, outcome="corrected").status_code == 201
    assert answer(one, dispute).json()["type"] == "/problems/dispute-over"
    second = disputed(one)
    assert second != dispute
    for made in (dispute, second):
        withdraw(one, made)
    assert rebut(one, dispute, "Still wrong.").json()["type"] == "/problems/dispute-over"


def test_only_the_office_answers_and_only_she_disputes(one: Story) -> None:
    dispute, world = disputed(one), one.world
    other = world.issuer("Other Issuer")
    for who in (one.teacher, other.approver, one.assessors[0], world.operator, uuid4()):
        assert answer(one, dispute, who).status_code == 404
    body = {"about": "award", "subject_id": one.enrollment, "statement": "Not mine."}
    for who in (one.issuer.approver, world.operator):
        assert world.post(who, f"/v1/people/{one.teacher}/disputes", body).status_code == 404
        for path in ("rebuttals", "withdrawals"):
            said = {"rebuttal": "Hers."} if path == "rebuttals" else None
            assert world.post(who, f"/v1/disputes/{dispute}/{path}", said).status_code == 404
    withdraw(one, dispute)


@pytest.mark.parametrize(
    ("changed", "slug"),
    [
        ({"subject_id": str(uuid4())}, "not-found"),
        ({"about": "acceptance"}, "not-found"),
        ({"about": "salary"}, "invalid-request"),
        ({"statement": ""}, "invalid-request"),
        ({"statement": "x" * 4001}, "invalid-request"),
    ],
)
def test_a_bad_dispute_is_refused(changed: dict[str, Any], slug: str, one: Story) -> None:
    body = {"about": "award", "subject_id": one.enrollment, "statement": "No.", **changed}
    before = one.world.edge.ledger.recorder.last_position()
    refused = one.world.post(one.teacher, f"/v1/people/{one.teacher}/disputes", body)
    assert refused.json()["type"] == f"/problems/{slug}"
    assert one.world.edge.ledger.recorder.last_position() == before


def test_another_teachers_record_is_not_hers_to_dispute(one: Story) -> None:
    other = story(one.world, token="Another").enroll()
    for about in ("award", "transcript_line"):
        body = {"about": about, "subject_id": other.enrollment, "statement": "No."}
        refused = one.world.post(one.teacher, f"/v1/people/{one.teacher}/disputes", body)
        assert refused.status_code == 404


def test_no_word_of_a_dispute_is_in_the_log(one: Story) -> None:
    dispute = disputed(one, "qwordofhers")
    answer(one, dispute, words="qwordofoffice")
    rebut(one, dispute, "qlastword")
    rows = one.world.edge.ledger.recorder.read_stream(UUID(dispute))
    stored = b"".join(row.state for row in rows)
    assert len(rows) == 3
    assert not any(word in stored for word in (b"qword", b"qlastword"))
    withdraw(one, dispute)
