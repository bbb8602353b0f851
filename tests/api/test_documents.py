"""What a teacher keeps for herself, and what no program can check: never more than her word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.api.conftest import PUBLIC_HOST
from tests.api.elsewhere import Issuer
from tests.api.test_external_records import MOVED, Case, arrived
from tests.api.world import World, stipend
from tests.records.host import Answers, answering
from tests.records.received import bundle, text

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\ncertificate of attendance\n%%EOF\n"
WORDS = {"title": "Reading workshop", "earned_on": "2025-06-12"}


@pytest.fixture
def case(shared_world: World) -> Case:
    return arrived(shared_world, shared_world.district())


@pytest.fixture
def elsewhere() -> Iterator[Issuer]:
    with answering() as (host, answers):
        issuer = Issuer(host, answers)
        issuer.publish()
        yield issuer


def send(case: Case, content: bytes, *, own: bool = False, **said: str) -> Any:
    """A file with what is said beside it, by the district's office or by the teacher herself."""
    return case.world.ask(
        case.teacher if own else case.district.office,
        "POST",
        f"/v1/people/{case.teacher}/external-records",
        files={"file": ("record.pdf", content)},
        data=said if own else {"district_id": case.district.id, **said},
        headers={"Ledger-Time": MOVED},
    )


def slug(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rsplit("/", 1)[-1]


def test_a_pdf_is_what_she_says_of_herself_and_no_pay_follows_from_it(case: Case) -> None:
    """Practice 57: a teacher documents what she learned; nobody else stands behind it."""
    path = f"/v1/districts/{case.district.id}/policies"
    case.world.done(case.district.office, path, stipend())
    answer = send(case, PDF, **WORDS)
    assert answer.status_code == 200, answer.text
    record = answer.json()["record"]
    assert (record["kind"], record["carrier"]) == ("document", "pdf")
    [item] = record["items"]
    assert (item["standing"], item["reason"]) == ("self_asserted", "proof-missing")
    assert (item["title"], item["earned_on"]) == ("Reading workshop", "2025-06-12")
    assert (item["trust"], item["status"], item["issuer_id"]) == ("untrusted", "unlisted", None)
    key = record["external_record_id"]
    case.decide(key, item["item_id"], "accepted", kind="hour", quantity_hundredths=600)
    payouts = f"/v1/people/{case.teacher}/payouts"
    assert case.world.seen(case.teacher, payouts)["items"] == []
    for who in (case.teacher, case.district.office):
        kept = case.world.get(who, f"/v1/external-records/{key}/document")
        assert kept.content == PDF
        assert kept.headers["Content-Type"] == "application/octet-stream"
        assert kept.headers["Content-Disposition"].startswith("attachment")
    asked = case.world.post(case.district.office, f"/v1/external-records/{key}/rechecks")
    assert slug(asked) == (409, "record-self-asserted"), "nobody signed it"
    again = send(case, PDF, **WORDS).json()
    assert (again["new"], again["record"]["external_record_id"]) == (False, key)


def texts(case: Case) -> int:
    """How many texts the vault has of her."""
    with case.world.edge.vault.connections.connection() as connection:
        counted = "SELECT count(*) FROM vault_texts WHERE person_id = %s"
        found = connection.execute(counted, [case.teacher]).fetchone()
    assert found is not None
    return int(found[0])


@pytest.mark.parametrize(
    ("content", "said", "expected"),
    [
        (PDF, {}, (422, "document-words")),
        (PDF, {"title": "Workshop"}, (422, "document-words")),
        (PDF, {**WORDS, "earned_on": "12 June"}, (422, "invalid-request")),
        (PDF, {**WORDS, "title": "x" * 5_000}, (422, "invalid-request")),
        (PDF, {**WORDS, "earned_on": "1025-06-12"}, (422, "far-day")),
        (b"%PDF-" + bytes(4 * 1024 * 1024), WORDS, (422, "record-too-large")),
        (b"no record", WORDS, (422, "document-words")),
    ],
)
def test_a_document_without_what_it_is_is_refused_and_leaves_nothing(
    content: bytes, said: dict[str, str], expected: tuple[int, str], case: Case
) -> None:
    before = texts(case)
    assert slug(send(case, content, **said)) == expected
    assert case.items() == []
    assert texts(case) == before, "not in the vault either"


def test_what_she_keeps_for_herself_is_there_for_her_alone(case: Case, elsewhere: Issuer) -> None:
    """Nobody is asked in her name, not even whom her district allowed."""
    case.trust(elsewhere)
    made = send(case, text(elsewhere.award(1)), own=True).json()
    [item] = made["record"]["items"]
    assert (item["standing"], item["reason"]) == ("self_asserted", "issuer-not-reachable")
    assert (made["record"]["district_id"], elsewhere.answers.asked) == (None, [])
    key = made["record"]["external_record_id"]
    assert case.items(case.district.office) == []
    assert case.world.get(case.district.office, f"/v1/external-records/{key}").status_code == 404
    assert case.world.get(case.teacher, f"/v1/external-records/{key}").status_code == 200

    body = {"item_id": item["item_id"], "outcome": "accepted", "reason": "x"}
    path = f"/v1/external-records/{key}/acceptances"
    assert case.world.post(case.district.office, path, body).status_code == 404
    assert slug(case.world.post(case.teacher, path, body)) == (409, "record-her-own")
    recheck = f"/v1/external-records/{key}/rechecks"
    assert slug(case.world.post(case.teacher, recheck)) == (409, "record-her-own")

    received = case.bring(text(elsewhere.award(1)))
    assert received["new"], "the district receives it for itself"
    assert received["record"]["items"][0]["standing"] == "external_verified"


def test_nobody_keeps_a_record_for_somebody_else(case: Case) -> None:
    other = case.district.teacher()
    for who in (other, case.district.office, case.world.operator):
        answer = case.world.ask(
            who,
            "POST",
            f"/v1/people/{case.teacher}/external-records",
            files={"file": ("record.pdf", PDF)},
            data=WORDS,
        )
        assert answer.status_code == 404


@pytest.mark.parametrize("issuer", [PUBLIC_HOST, f"{PUBLIC_HOST}:issuers:7"])
def test_an_award_of_this_ledger_is_not_received_a_second_time(case: Case, issuer: str) -> None:
    """It stands on her transcript, and a unit of it would count twice."""
    ours = Ours(PUBLIC_HOST, Answers, issuer)
    case.trust(ours, issuer_id=ours.id, hosts=[], keys=[ours.method])
    content = bundle(award__json=text(ours.award(1)), did__json=text(ours.document))
    record = case.bring(content)["record"]
    [item] = record["items"]
    assert (item["standing"], item["reason"]) == ("self_asserted", "issued-here")
    path = f"/v1/external-records/{record['external_record_id']}/acceptances"
    body = {"item_id": item["item_id"], "outcome": "accepted", "reason": "x"}
    answer = case.world.post(case.district.office, path, body)
    assert slug(answer) == (409, "item-issued-here")
    case.decide(record["external_record_id"], item["item_id"], "declined")


@dataclass
class Ours(Issuer):
    """An issuer of the very ledger that receives."""

    name: str

    @property
    def id(self) -> str:
        return f"did:web:{self.name}"
