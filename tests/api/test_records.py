"""An award becomes a signed file that anybody can check with what is served to everybody."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from api import issuing
from api.clock import wall
from api.dispute_notes import DisputeNote
from api.pages.verify import page
from api.record_verdicts import AwardVerdict, Result, Verdict
from ledger.records.awards import shows
from ledger.records.canonical import canonical
from ledger.records.documents import read_instant
from ledger.records.identities import identifies
from ledger.records.proofs import proven
from ledger.records.status import is_revoked
from ledger.records.tokens import from_token
from ledger.values import local_date
from tests.api.world import PNG, Answer, Story, World, story
from tests.records.samples import changed, signed

HOST = "https://ledger.example"


def issue(world: World) -> int:
    """Issue everything that is due in a world."""
    world.edge.visible(issuing.VIEWS, world.position)
    done = issuing.issue_due(world.edge, wall)
    while issuing.issue_due(world.edge, wall):
        pass
    world.position = world.edge.ledger.recorder.last_position()
    return done


def public(world: World, url: str, **headers: str) -> Answer:
    """What anybody gets at an address that a record names."""
    assert url.startswith(HOST), url
    return world.client.get(url.removeprefix(HOST), headers=headers)


def issuer_document(world: World, document: dict[str, Any]) -> dict[str, Any]:
    """The document behind the did:web name of a record's issuer."""
    name: str = (
        document["issuer"]["id"] if isinstance(document["issuer"], dict) else document["issuer"]
    )
    _, _, host, *path = name.split(":")
    assert host == "ledger.example"
    found: dict[str, Any] = public(world, f"{HOST}/{'/'.join(path)}/did.json").json()
    return found


def records_of(world: World, teacher: UUID) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = world.seen(teacher, f"/v1/people/{teacher}/records")["items"]
    return items


def record_of(world: World, teacher: UUID) -> dict[str, Any]:
    [found] = records_of(world, teacher)
    document: dict[str, Any] = world.seen(teacher, f"/v1/records/{found['record_id']}")
    return document


def status_of(world: World, document: dict[str, Any]) -> bool:
    """Whether a record is revoked, as a verifier finds out."""
    listed = public(world, document["credentialStatus"]["statusListCredential"]).json()
    proven(listed, issuer_document(world, listed))
    return is_revoked(document, listed)


@pytest.fixture
def one(shared_world: World) -> Story:
    """Somebody of this test's own who was awarded something, with a record of it."""
    awarded = story(shared_world, token=f"Sample {uuid4()}").award()
    issue(shared_world)
    return awarded


def test_an_award_becomes_a_record_that_the_served_keys_prove(
    shared_world: World, one: Story
) -> None:
    document = record_of(shared_world, one.teacher)
    found = proven(document, issuer_document(shared_world, document))

    assert found.issuer_id == f"did:web:ledger.example:issuers:{one.issuer.id}"
    assert document["credentialSubject"]["achievement"]["achievementType"] == "MicroCredential"
    assert not status_of(shared_world, document)


def test_what_a_version_is_aligned_to_is_in_records_signed_since_and_in_the_catalog(
    shared_world: World, one: Story
) -> None:
    statement = {
        "framework": "Standards for Professional Learning",
        "edition": "2011",
        "code": "5",
        "name": "Learning Designs",
        "url": "https://standards.example/2011/5",
        "target": "CFItem",
    }
    version = f"/v1/credentials/{one.credential}/versions/1"
    body, unsaid = {"alignments": [statement]}, shared_world.position
    shared_world.done(one.issuer.approver, f"{version}/alignments", body)
    refused = shared_world.post(one.teacher, f"{version}/alignments", {"alignments": []})
    assert refused.status_code == 403
    later = one.issuer.world.district().teacher("Bea", "Later")
    again = replace(one, teacher=later).award()
    issue(shared_world)

    before = record_of(shared_world, one.teacher)["credentialSubject"]["achievement"]
    assert "alignment" not in before, "what was signed before says what was known then"
    document = record_of(shared_world, again.teacher)
    proven(document, issuer_document(shared_world, document))
    achievement = document["credentialSubject"]["achievement"]
    [stated] = achievement["alignment"]
    assert stated["targetFramework"] == "Standards for Professional Learning (2011)"
    assert (stated["targetCode"], stated["targetUrl"]) == ("5", statement["url"])
    verified = checked(shared_world, json.dumps(document).encode()).json()["awards"][0]
    said = "Standards for Professional Learning (2011) 5: Learning Designs"
    assert verified["alignments"] == [said]
    shown_to = checked(shared_world, json.dumps(document).encode(), Accept="text/html").text
    assert f"<dt>What it is about</dt><dd>{said}</dd>" in shown_to
    assert public(shared_world, achievement["id"]).json() == achievement
    assert shared_world.seen(one.teacher, version)["alignments"] == [statement]
    shown = shared_world.client.get(f"/issuers/{one.issuer.id}/ctdl/{one.credential}").json()
    competencies = shown["ceterms:requires"][0]["ceterms:targetCompetency"]
    assert competencies[-1]["ceterms:targetNode"] == statement["url"]
    framework = "Standards for Professional Learning 2011"
    found = shared_world.seen(one.teacher, "/v1/credentials", framework=framework)["items"]
    assert [each["credential_id"] for each in found] == [one.credential]
    newer = framework.replace("2011", "2022")
    assert shared_world.seen(one.teacher, "/v1/credentials", framework=newer)["items"] == []
    path = f"/v1/issuers/{one.issuer.id}/alignment-coverage"
    asked = {"framework": statement["framework"]}
    for edition, coverage in (
        ("2011", {"coverage": "mapped", "codes": ["5"], "other_editions": []}),
        ("2022", {"coverage": "unmapped", "codes": [], "other_editions": ["2011"]}),
    ):
        [line] = shared_world.seen(one.teacher, path, **asked, edition=edition)["items"]
        assert (line["credential_id"], line["credential_version"]) == (one.credential, 1)
        assert {name: line[name] for name in coverage} == coverage
    [then] = shared_world.seen(one.teacher, path, **asked, edition="2011", as_of=unsaid)["items"]
    assert then["coverage"] == "unmapped", "nobody had said anything of it"
    [line] = shared_world.seen(one.teacher, path)["items"]
    assert line["codes"] == ["5"], "by whatever framework"


def checked(world: World, content: bytes, **headers: str) -> Answer:
    return world.client.post("/verify", content=content, headers=headers)


def file_of(world: World, teacher: UUID, accept: str = "application/json") -> bytes:
    [found] = records_of(world, teacher)
    answer = world.ask(
        teacher, "GET", f"/v1/records/{found['record_id']}", headers={"Accept": accept}
    )
    assert answer.status_code == 200, answer.text
    content: bytes = answer.content
    return content


@pytest.mark.parametrize("form", ["application/json", "text/plain", "image/png"])
def test_anybody_can_have_a_record_checked(shared_world: World, one: Story, form: str) -> None:
    content = file_of(shared_world, one.teacher, form)

    found = checked(shared_world, content).json()

    assert found["finding"] == "in_force", found
    [award] = found["awards"]
    assert award["issuer_name"].startswith("Issuer Sample ")
    assert (award["version"], award["replaced"]) == ("1", False)
    assert award["rubric_url"].endswith(f"/achievements/{one.credential}/1")
    assert public(shared_world, award["rubric_url"]).json()["name"] == award["title"]
    assert {result["level"] for result in award["results"]} == {"Demonstrated"}
    assert sum(award["evidence"].values()) == len(one.requirements())


def revoke(one: Story, effective_on: str = "2026-01-01") -> None:
    body = {"reason": "misconduct", "authority": "issuer", "effective_on": effective_on}
    one.world.done(one.issuer.approver, f"{one.path}/revocations", body)
    one.world.edge.visible(("records",), one.world.position)


def test_a_revoked_award_is_revoked_in_the_list_and_for_whoever_checks(
    shared_world: World, one: Story
) -> None:
    content = file_of(shared_world, one.teacher)
    document = json.loads(content)
    before = public(shared_world, document["credentialStatus"]["statusListCredential"])

    revoke(one, day_of(wall()))

    assert status_of(shared_world, document)
    assert checked(shared_world, content).json()["finding"] == "revoked"
    path = f"/records/{document['id'].rpartition('/')[2]}/status"
    assert shared_world.client.get(path).json()["status"] == "revoked"
    after = public(shared_world, document["credentialStatus"]["statusListCredential"])
    assert after.content != before.content
    assert revocations_of(shared_world, one) == [{"id": document["id"], "revoked": True}]

    body = {"reason": "appeal", "authority": "issuer"}
    shared_world.done(one.issuer.approver, f"{one.path}/reinstatements", body)
    shared_world.edge.visible(("records",), shared_world.position)
    assert not status_of(shared_world, document)
    assert revocations_of(shared_world, one) == []
    assert checked(shared_world, content).json()["finding"] == "in_force"


def revocations_of(world: World, one: Story) -> list[dict[str, Any]]:
    """As displayers read it that know no status lists; nothing in the record leads there."""
    url = f"{HOST}/issuers/{one.issuer.id}/revocations"
    listed = public(world, url).json()
    assert (listed["id"], listed["type"]) == (url, "1EdTechRevocationList")
    assert listed["issuer"] == f"did:web:ledger.example:issuers:{one.issuer.id}"
    found: list[dict[str, Any]] = listed["revokedCredential"]
    return found


def day_of(instant: datetime) -> str:
    """As the issuers of these tests read it off the wall."""
    return local_date(instant, "America/Chicago").isoformat()


def test_the_list_comes_as_a_token_too_and_is_signed_once(shared_world: World, one: Story) -> None:
    document = record_of(shared_world, one.teacher)
    url = document["credentialStatus"]["statusListCredential"]

    token = public(shared_world, url, Accept="text/plain")

    assert token.headers["content-type"].startswith("text/plain")
    listed = from_token(token.text, issuer_document(shared_world, document))
    assert not is_revoked(document, listed)
    assert read_instant(listed["validUntil"]) > wall()
    assert public(shared_world, url, Accept="text/plain").text == token.text


@pytest.mark.parametrize("change", ["name", "validFrom", "id"])
def test_whatever_is_changed_in_a_record_is_refused(
    shared_world: World, one: Story, change: str
) -> None:
    document = json.loads(file_of(shared_world, one.teacher))
    document[change] = {"name": "Another", "validFrom": "2020-01-01T00:00:00Z"}.get(
        change, f"{HOST}/records/{uuid4()}"
    )

    found = checked(shared_world, json.dumps(document).encode()).json()

    assert (found["finding"], found["awards"]) == ("refused", [])
    assert found["reason"] == "record-proof-refused"


def doubled(document: dict[str, Any], *path: str) -> dict[str, Any]:
    return changed(document, path, lambda parts: [*parts, *parts])


def in_a_list(document: dict[str, Any], *path: str) -> dict[str, Any]:
    return changed(document, path, lambda part: [part])


def told_twice(document: dict[str, Any]) -> dict[str, Any]:
    """A part as two parts of one name, each with some of its words: the same graph."""
    first, *others = document["evidence"]
    halves = [{**first, "genre": None}, {key: first[key] for key in ("id", "type", "genre")}]
    said = [{name: half[name] for name in half if half[name] is not None} for half in halves]
    return {**document, "evidence": [*said, *others]}


SUBJECT = "credentialSubject"
REWRITTEN: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "evidence twice": lambda one: doubled(one, "evidence"),
    "evidence in two halves": told_twice,
    "evidence the other way round": lambda one: changed(
        one, ("evidence",), lambda parts: parts[::-1]
    ),
    "results twice": lambda one: doubled(one, SUBJECT, "result"),
    "rubric twice": lambda one: doubled(one, SUBJECT, "achievement", "resultDescription"),
    "subject in a list": lambda one: in_a_list(one, SUBJECT),
    "achievement in a list": lambda one: in_a_list(one, SUBJECT, "achievement"),
    "criteria in a list": lambda one: in_a_list(one, SUBJECT, "achievement", "criteria"),
    "issuer in a list": lambda one: in_a_list(one, "issuer"),
    "status in a list": lambda one: in_a_list(one, "credentialStatus"),
    "name in a list": lambda one: in_a_list(one, "name"),
}


@pytest.mark.parametrize("name", REWRITTEN)
def test_what_says_the_same_in_other_words_is_told_the_same_or_refused(
    name: str, shared_world: World, one: Story
) -> None:
    document = record_of(shared_world, one.teacher)
    rewritten = REWRITTEN[name](document)
    unsigned, written_anew = (
        {part: each[part] for part in each if part != "proof"} for each in (document, rewritten)
    )
    assert canonical(written_anew) == canonical(unsigned), "no signature tells them apart"
    [as_signed] = checked(shared_world, json.dumps(document).encode()).json()["awards"]
    answer = checked(shared_world, json.dumps(rewritten).encode())
    assert answer.status_code == 200, answer.text
    found = answer.json()
    if found["finding"] == "refused":
        return
    [told] = found["awards"]
    for part in ("results", "evidence"):
        assert sorted(map(str, told[part])) == sorted(map(str, as_signed[part])), part
    assert told["evidence"] == as_signed["evidence"], "nothing counts twice"


@pytest.mark.parametrize(
    "sent",
    [
        [("text", (None, "{}")), ("text", (None, "[]"))],
        [("file", ("a", b"{}")), ("file", ("b", b"[]"))],
        [("file", ("a", b"{}")), ("flie", (None, "x"))],
    ],
    ids=["a text twice", "a second file", "a slip in a name"],
)
def test_a_form_with_a_record_says_each_thing_once_and_nothing_else(
    sent: Any, shared_world: World
) -> None:
    refused = shared_world.client.post("/verify", files=sent)
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (
        400,
        "malformed-request",
    )


@pytest.mark.parametrize("name", ["Content-Type", "Ledger-Time"])
def test_whoever_needs_no_token_says_each_thing_once_in_headers_too(
    name: str, shared_world: World
) -> None:
    good = {"Content-Type": "application/json", "Ledger-Time": wall().isoformat()}
    headers = [*good.items(), (name, good[name])]
    for method, path in (("POST", "/verify"), ("GET", "/verify"), ("GET", f"/share/{'a' * 43}")):
        refused = shared_world.client.request(method, path, headers=headers)
        assert refused.status_code == 400, (method, path, refused.text)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"{}", b"[1]", b"{" * 999, b"\xff\xfe", PNG])
def test_what_is_no_record_is_said_to_be_none(shared_world: World, content: bytes) -> None:
    found = checked(shared_world, content)
    assert (found.status_code, found.json()["finding"]) == (200, "refused")


def test_an_unsigned_copy_whose_subject_is_a_list_of_one_is_not_relied_on(
    shared_world: World, one: Story
) -> None:
    document = json.loads(file_of(shared_world, one.teacher))
    del document["proof"]
    document["credentialSubject"] = [document["credentialSubject"]]

    found = checked(shared_world, json.dumps(document).encode())

    assert (found.status_code, found.json()["finding"]) == (200, "not_ours")
    assert found.json()["awards"][0]["title"] == document["name"]


def test_parts_without_an_id_are_told_each_by_itself(shared_world: World, one: Story) -> None:
    document = record_of(shared_world, one.teacher)
    [named] = checked(shared_world, json.dumps(document).encode()).json()["awards"]
    assert len(named["results"]) > 1
    assert len(named["evidence"]) > 1
    del document["proof"]
    for part in (*document["evidence"], *document[SUBJECT]["result"]):
        del part["id"]

    [unnamed] = checked(shared_world, json.dumps(document).encode()).json()["awards"]

    assert unnamed["finding"] == "not_ours"
    for told in ("results", "evidence"):
        assert unnamed[told] == named[told], told


def test_a_record_of_others_is_not_judged(shared_world: World) -> None:
    found = checked(shared_world, json.dumps(signed()).encode()).json()
    assert (found["finding"], found["reason"]) == ("not_ours", None)


def test_a_file_that_is_too_large_is_not_read(shared_world: World) -> None:
    answer = checked(shared_world, b"PK\x03\x04" + b"x" * 2_000_000)
    assert (answer.status_code, answer.json()["detail"]) == (
        413,
        "at most 1114112 bytes are taken here; of a larger bundle send the record in it",
    )


def test_people_get_a_page_that_runs_nothing(shared_world: World, one: Story) -> None:
    content = file_of(shared_world, one.teacher)
    asked = shared_world.client.get("/verify")
    assert "<form" in asked.text

    sent = {"file": ("record.json", content)}
    answer = shared_world.client.post("/verify", files=sent, headers={"Accept": "text/html"})

    assert "This record holds" in answer.text
    assert "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    by_text = {"text": content.decode()}
    answer = shared_world.client.post("/verify", files={"file": ("", b"")}, data=by_text)
    assert answer.json()["finding"] == "in_force"


def test_words_of_a_stranger_do_no_harm_on_the_page() -> None:
    words = "<script>alert(1)</script>"
    award = AwardVerdict(
        record_id=words,
        finding="in_force",
        issuer_name=words,
        issuer_id=words,
        title=words,
        version=words,
        rubric_url=words,
        decided_at=wall(),
        valid_until=None,
        replaced=True,
        asked_for=words,
        results=[Result(words, words)],
        alignments=[words],
        evidence={words: 1},
        disputes=[
            DisputeNote(
                dispute_id=uuid4(),
                stage="open",
                opened_on=wall().date(),
                due_on=wall().date(),
                outcome=None,
                reason=None,
                answered_on=None,
                rebuttal=words,
            )
        ],
    )
    found = Verdict(finding="in_force", reason=None, explanation=words, awards=[award])
    text = bytes(page(found).body).decode()
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_a_record_commits_to_what_was_handed_in_and_names_her_by_digests(
    shared_world: World, one: Story
) -> None:
    text = file_of(shared_world, one.teacher).decode()
    document = json.loads(text)
    for entry in document["evidence"]:
        kind = entry["genre"].encode()
        assert shows(entry, PNG + kind)
        assert not shows(entry, PNG + kind + b" ")
    details = shared_world.seen(one.teacher, f"/v1/people/{one.teacher}")["details"]
    name = f"{details['given_name']} {details['family_name']}"
    [identity] = document["credentialSubject"]["identifier"]
    assert (identity["identityType"], identifies(identity, name)) == ("name", True)
    assert not identifies(identity, "Somebody Else")
    for secret in (name, str(one.teacher), one.enrollment):
        assert secret not in text


def test_two_records_of_one_person_do_not_show_that_they_are_hers(
    shared_world: World, one: Story
) -> None:
    second = Story(
        shared_world,
        shared_world.issuer(f"Another {uuid4()}"),
        one.teacher,
        "",
        one.assessors,
    )
    second.credential = second.issuer.credential()
    second.assessors = second.issuer.assessors(second.credential, shared_world.district(), 2)
    second.award()
    issue(shared_world)
    documents = [
        shared_world.seen(one.teacher, f"/v1/records/{found['record_id']}")
        for found in records_of(shared_world, one.teacher)
    ]
    subjects = [document["credentialSubject"] for document in documents]
    assert len({subject["id"] for subject in subjects}) == 2
    assert len({subject["identifier"][0]["identityHash"] for subject in subjects}) == 2


def test_her_history_says_that_a_record_was_issued(shared_world: World, one: Story) -> None:
    history = shared_world.seen(one.teacher, f"/v1/people/{one.teacher}/history")["items"]
    assert [made["topic"] for made in history][-2:] == ["enrollment.awarded.v1", "record.issued.v1"]
