"""Records from elsewhere over HTTP: received, shown, accepted, and in question when revoked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from ledger.errors import NotFoundError
from ledger.records.documents import RecordError
from tests.api.elsewhere import Issuer
from tests.api.world import District, World, license_of, rules
from tests.records.host import answering
from tests.records.received import award as unhosted_award
from tests.records.received import bundle, poison, text

MOVED, REVOKED, LATER = "2026-08-01T15:00:00Z", "2026-10-01T15:00:00Z", "2026-11-01"
EXPIRED = datetime(2026, 3, 14, 18, tzinfo=UTC)
FIRST = "0001-01-01T00:00:00Z"  # still the year before in America
UNSIGNED = {name: value for name, value in unhosted_award(1).items() if name != "proof"}


@pytest.fixture
def elsewhere() -> Iterator[Issuer]:
    with answering() as (host, answers):
        issuer = Issuer(host, answers)
        issuer.publish()
        yield issuer


@dataclass
class Case:
    """A teacher who has come to a district, and its office."""

    world: World
    district: District
    teacher: UUID

    def send(self, content: bytes, **headers: str) -> Any:
        return self.world.ask(
            self.district.office,
            "POST",
            f"/v1/people/{self.teacher}/external-records",
            files={"file": ("record", content)},
            data={"district_id": self.district.id},
            headers={"Ledger-Time": MOVED, **headers},
        )

    def bring(self, content: bytes) -> dict[str, Any]:
        answer = self.send(content)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def refused(self, content: bytes) -> tuple[int, str]:
        answer = self.send(content)
        return answer.status_code, answer.json()["type"].rsplit("/", 1)[-1]

    def trust(self, issuer: Issuer, **changes: Any) -> None:
        body = {
            "issuer_id": issuer.id,
            "hosts": [issuer.host],
            "effective_on": "2026-07-01",
            "authority_reference": "Minute 12",
            **changes,
        }
        path = f"/v1/districts/{self.district.id}/trusted-issuers"
        self.world.done(self.district.office, path, body)

    def decide(self, record: str, item: str, outcome: str, **more: Any) -> dict[str, Any]:
        body = {"item_id": item, "outcome": outcome, "reason": "same-competency", **more}
        return self.world.done(
            self.district.office, f"/v1/external-records/{record}/acceptances", body
        )

    def recheck(self, record: str) -> dict[str, Any]:
        answer = self.world.ask(
            self.district.office,
            "POST",
            f"/v1/external-records/{record}/rechecks",
            headers={"Ledger-Time": REVOKED},
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def items(self, who: UUID | None = None) -> list[dict[str, Any]]:
        path = f"/v1/people/{self.teacher}/external-records"
        found = self.world.seen(who or self.teacher, path)["items"]
        return [item for record in found for item in record["items"]]

    def events(self) -> list[str]:
        path = f"/v1/people/{self.teacher}/history"
        return [one["topic"] for one in self.world.seen(self.teacher, path)["items"]]


@pytest.fixture
def case(shared_world: World) -> Case:
    district = shared_world.district()
    return arrived(shared_world, district)


def arrived(world: World, district: District) -> Case:
    """Somebody new, once the district's office sees her."""
    teacher = district.teacher()
    world.seen(district.office, f"/v1/districts/{district.id}/people")
    return Case(world, district, teacher)


def test_a_record_of_a_trusted_issuer_is_valid_trusted_and_in_force(
    case: Case, elsewhere: Issuer
) -> None:
    case.trust(elsewhere)
    made = case.bring(text(elsewhere.award(1)))
    assert made["new"]
    assert {one["outcome"] for one in made["asked"]} == {"answered"}
    [item] = made["record"]["items"]
    assert (item["title"], item["issuer_name"]) == ("Wait time in discussions", "District Example")
    assert (item["standing"], item["reason"]) == ("external_verified", None)
    assert (item["trust"], item["status"]) == ("trusted", "active")
    assert (item["earned_on"], item["expires_on"]) == ("2025-03-14", None)
    assert item["acceptance"] is None


def test_valid_and_not_trusted_is_an_answer_of_its_own(case: Case, elsewhere: Issuer) -> None:
    """Another issuer's host is allowed; nobody has said that this one is to be believed."""
    case.trust(elsewhere, issuer_id="did:web:somebody.example")
    [item] = case.bring(text(elsewhere.award(1)))["record"]["items"]
    assert (item["standing"], item["trust"], item["status"]) == (
        "external_verified",
        "untrusted",
        "active",
    )


def test_nobody_is_asked_whom_the_district_does_not_know(case: Case, elsewhere: Issuer) -> None:
    made = case.bring(text(elsewhere.award(1)))
    assert {one["outcome"] for one in made["asked"]} == {"host-not-allowed"}
    [item] = made["record"]["items"]
    assert (item["standing"], item["reason"]) == ("self_asserted", "issuer-not-reachable")
    assert elsewhere.answers.asked == []


def test_a_bundle_is_proven_with_the_server_off_by_a_key_that_the_district_knows(
    case: Case, elsewhere: Issuer
) -> None:
    content = bundle(
        clr__json=elsewhere.transcript(elsewhere.award(1), elsewhere.award(2)),
        did__json=text(elsewhere.document),
        list__json=text(elsewhere.listed(2)),
    )
    case.trust(elsewhere, hosts=[], keys=[elsewhere.method])
    found = case.bring(content)["record"]["items"]
    assert [(one["standing"], one["trust"], one["status"]) for one in found] == [
        ("external_verified", "trusted", "active"),
        ("external_verified", "trusted", "revoked"),
    ]
    assert found[0]["status_reason"] == "list-came-along"
    assert elsewhere.answers.asked == []


def test_a_key_that_came_along_and_nobody_knows_proves_nothing(
    case: Case, elsewhere: Issuer
) -> None:
    """Whoever makes up a record can make up its issuer's document as well."""
    content = bundle(award__json=text(elsewhere.award(1)), did__json=text(elsewhere.document))
    case.trust(elsewhere, hosts=[], keys=[f"{elsewhere.id}#other"])
    [item] = case.bring(content)["record"]["items"]
    assert (item["standing"], item["reason"], item["trust"]) == (
        "self_asserted",
        "issuer-unconfirmed",
        "unconfirmed",
    )


def test_the_same_file_twice_is_one_record_and_adds_no_event(case: Case, elsewhere: Issuer) -> None:
    content = text(elsewhere.award(1))
    first = case.bring(content)
    again = case.bring(content)
    assert (again["new"], again["position"]) == (False, None)
    assert again["record"]["external_record_id"] == first["record"]["external_record_id"]
    assert case.events().count("external-record.imported.v2") == 1


def test_an_award_that_comes_in_two_files_is_one_and_accepted_once(
    case: Case, elsewhere: Issuer
) -> None:
    """A graph says nothing twice, so evidence that stands there twice is signed, and is one."""
    case.trust(elsewhere)
    award = elsewhere.award(1)
    doubled = {**award, "evidence": [*award["evidence"], *award["evidence"]]}
    files = [text(award), text(doubled), elsewhere.transcript(award)]
    records = [case.bring(content)["record"] for content in files]
    assert len({one["external_record_id"] for one in records}) == len(files)
    [item_id] = {item["item_id"] for one in records for item in one["items"]}
    first, *others = [one["external_record_id"] for one in records]
    case.decide(first, item_id, "accepted")
    for other in others:
        body = {"item_id": item_id, "outcome": "accepted", "reason": "same-competency"}
        path = f"/v1/external-records/{other}/acceptances"
        assert case.world.post(case.district.office, path, body).status_code == 409
    assert case.refused(elsewhere.transcript(award, award)) == (422, "record-ambiguous")


@pytest.mark.parametrize(
    ("content", "slug"),
    [
        (text(poison()), "record-term-undefined"),
        (text({**unhosted_award(1), "salary": 1}), "record-term-undefined"),
        (b"no record", "record-unreadable"),
        (b"", "record-unreadable"),
        (b"PK\x03\x04" + bytes(17 * 1024 * 1024), "record-too-large"),
        (text({**UNSIGNED, "awardedDate": FIRST, "validFrom": FIRST}), "record-unusable"),
    ],
    ids=["poison", "undefined", "words", "nothing", "long", "before the calendar"],
)
def test_a_record_that_is_refused_leaves_nothing(case: Case, content: bytes, slug: str) -> None:
    assert case.refused(content) == (422, slug)
    assert case.items() == []
    assert "external-record.imported.v2" not in case.events()


def test_an_award_that_holds_to_the_end_of_the_calendar_is_received_everywhere(
    shared_world: World, elsewhere: Issuer
) -> None:
    """In Guam that moment is in a year that no calendar has; many issuers write it for never."""
    body = {"name": "Far District", "zone": "Pacific/Guam"}
    made = shared_world.done(shared_world.operator, "/v1/districts", body)["id"]
    case = arrived(shared_world, District(shared_world, made, shared_world.grant("district", made)))
    never = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    [item] = case.bring(text(elsewhere.award(1, valid_until=never)))["record"]["items"]
    assert item["expires_on"] == "9999-12-31"


def test_a_forged_award_is_refused_whoever_signed_what_is_around_it(
    case: Case, elsewhere: Issuer
) -> None:
    case.trust(elsewhere)
    forged = {**elsewhere.award(2), "name": "Something else"}
    assert case.refused(elsewhere.transcript(elsewhere.award(1), forged)) == (
        422,
        "record-proof-refused",
    )


def test_the_bytes_are_kept_as_they_came(case: Case, elsewhere: Issuer) -> None:
    content = b" \n" + text(elsewhere.award(1)) + b"\n"
    record = case.bring(content)["record"]["external_record_id"]
    path = f"/v1/external-records/{record}/document"
    for who in (case.teacher, case.district.office):
        answer = case.world.get(who, path)
        assert (answer.status_code, answer.content) == (200, content)


def test_a_record_names_her_or_somebody_else_or_nobody(case: Case, elsewhere: Issuer) -> None:
    details = {"given_name": "Ada", "family_name": "Sample", "email": "ada@district.example"}
    path = f"/v1/districts/{case.district.id}/people/{case.teacher}/details"
    found = [case.bring(text(elsewhere.award(1)))["record"]["items"][0]["holder"]]
    case.world.done(case.district.office, path, {"details": details})
    found += [
        case.bring(text(award))["record"]["items"][0]["holder"]
        for award in (elsewhere.award(2), elsewhere.award(3, identities=()))
    ]
    assert found == ["unmatched", "matched", "unstated"]


def test_a_record_is_there_for_her_and_for_the_district_that_received_it(
    case: Case, elsewhere: Issuer
) -> None:
    record = case.bring(text(elsewhere.award(1)))["record"]["external_record_id"]
    path = f"/v1/external-records/{record}"
    other = case.world.district()
    other.employ(case.teacher)
    case.world.seen(other.office, f"/v1/districts/{other.id}/people")
    for who, status in ((case.teacher, 200), (case.district.office, 200), (other.office, 404)):
        assert case.world.get(who, path).status_code == status
    assert case.items(other.office) == []
    body = {"item_id": str(case.teacher), "outcome": "declined", "reason": "x"}
    for who in (other.office, case.teacher):
        assert case.world.post(who, f"{path}/acceptances", body).status_code == 404
        assert case.world.post(who, f"{path}/rechecks").status_code == 404


def test_an_award_of_another_record_cannot_be_accepted(case: Case, elsewhere: Issuer) -> None:
    one = case.bring(text(elsewhere.award(1)))["record"]
    two = case.bring(text(elsewhere.award(2)))["record"]
    body = {"item_id": two["items"][0]["item_id"], "outcome": "declined", "reason": "x"}
    path = f"/v1/external-records/{one['external_record_id']}/acceptances"
    assert case.world.post(case.district.office, path, body).status_code == 404


def test_trust_is_a_dated_decision_and_ends_by_another(case: Case, elsewhere: Issuer) -> None:
    case.trust(elsewhere, effective_on="2026-08-02")  # a day after the record came
    assert case.bring(text(elsewhere.award(1)))["record"]["items"][0]["trust"] == "untrusted"
    case.trust(elsewhere)
    path = f"/v1/districts/{case.district.id}"
    body = {"issuer_id": elsewhere.id, "reason": "closed", "effective_on": "2026-07-15"}
    case.world.done(case.district.office, f"{path}/trusted-issuer-withdrawals", body)
    listed = case.world.seen(case.district.office, f"{path}/trusted-issuers")["items"]
    assert [one["trusted"] for one in listed] == [True, False, True]
    asked = len(elsewhere.answers.asked)
    again = case.bring(text(elsewhere.award(2)))
    assert again["record"]["items"][0]["trust"] == "untrusted"
    assert len(elsewhere.answers.asked) == asked


def test_an_award_taken_back_cannot_be_accepted(case: Case, elsewhere: Issuer) -> None:
    case.trust(elsewhere)
    elsewhere.publish(1)
    record = case.bring(text(elsewhere.award(1)))["record"]
    path = f"/v1/external-records/{record['external_record_id']}/acceptances"
    body = {"item_id": record["items"][0]["item_id"], "outcome": "accepted", "reason": "x"}
    answer = case.world.post(case.district.office, path, body)
    assert answer.json()["type"].rsplit("/", 1)[-1] == "item-revoked"


def test_an_issuer_that_cannot_be_asked_any_more_takes_nothing_back(
    case: Case, elsewhere: Issuer
) -> None:
    case.trust(elsewhere)
    record = case.bring(text(elsewhere.award(1)))["record"]["external_record_id"]
    elsewhere.answers.pages = {}
    elsewhere.answers.pages["/.well-known/did.json"] = (503, {}, b"")
    elsewhere.answers.pages["/status/1"] = (503, {}, b"")
    found = case.recheck(record)
    assert (found["changed"], found["put_under_review"]) == (0, 0)
    assert {one["outcome"] for one in found["asked"]} == {"not-reachable"}
    assert case.items()[0]["standing"] == "external_verified"


def test_a_key_that_got_loose_puts_in_question_what_it_signed(
    case: Case, elsewhere: Issuer
) -> None:
    case.trust(elsewhere)
    record = case.bring(text(elsewhere.award(1)))["record"]
    key = record["external_record_id"]
    case.decide(key, record["items"][0]["item_id"], "accepted")
    document = {**elsewhere.document, "assertionMethod": []}
    elsewhere.answers.pages["/.well-known/did.json"] = (200, {}, text(document))
    found = case.recheck(key)
    assert (found["refused"], found["put_under_review"]) == ("record-key-unusable", 1)
    [item] = case.items()
    assert (item["standing"], item["acceptance"]["review_reason"]) == (
        "self_asserted",
        "proof-refused",
    )


def test_a_list_that_is_no_good_takes_nothing_back(case: Case, elsewhere: Issuer) -> None:
    case.trust(elsewhere)
    record = case.bring(text(elsewhere.award(1)))["record"]["external_record_id"]
    forged = {**elsewhere.listed(1), "validFrom": "2025-01-01T00:00:00Z"}
    elsewhere.answers.pages["/status/1"] = (200, {}, text(forged))
    found = case.recheck(record)
    assert (found["refused"], found["changed"]) == ("status-list-refused", 0)
    assert case.items()[0]["status"] == "active"


def test_a_newer_transcript_that_shows_it_revoked_puts_in_question_what_was_accepted(
    case: Case, elsewhere: Issuer
) -> None:
    case.trust(elsewhere)
    record = case.bring(text(elsewhere.award(1)))["record"]
    case.decide(record["external_record_id"], record["items"][0]["item_id"], "accepted")
    elsewhere.publish(1)
    newer = case.bring(elsewhere.transcript(elsewhere.award(1), elsewhere.award(2)))["record"]
    assert newer["items"][0]["item_id"] == record["items"][0]["item_id"]
    for item in (newer["items"][0], case.items()[0]):
        assert item["acceptance"]["review_reason"] == "revoked-by-issuer"


def test_erasing_her_forgets_what_she_brought(case: Case, elsewhere: Issuer) -> None:
    content = text(elsewhere.award(1))
    record = case.bring(content)["record"]["external_record_id"]
    case.world.edge.eraser.destroy_person(case.teacher, [])
    [item] = case.items(case.district.office)
    assert (item["title"], item["issuer_name"], item["issuer_id"]) == (None, None, None)
    path = f"/v1/external-records/{record}"
    assert case.world.get(case.district.office, f"{path}/document").status_code == 410
    assert case.world.post(case.district.office, f"{path}/rechecks").status_code == 410
    assert case.refused(text(elsewhere.award(2))) == (409, "person-erased")
    assert not case.bring(content)["new"]


CAROLINA = {
    "title": "Units",
    "jurisdiction": "us-nc",
    "unit": "us-nc:RC",
    "conversions": [{"kind": "micro_credential", "left_to": "district"}],
    "requirements": [
        {
            "purpose": "renew",
            "approver": "district",
            "options": [
                {"option": "units", "needs": [{"need": "total", "needed_hundredths": 800}]}
            ],
        }
    ],
}


def ruled_on(case: Case, elsewhere: Issuer) -> tuple[str, list[dict[str, Any]]]:
    """Fourteen awards that came, and what the district let each count for."""
    awards = [elsewhere.award(n) for n in range(1, 13)]
    awards += [elsewhere.award(13), elsewhere.award(14, valid_until=EXPIRED)]
    record = case.bring(elsewhere.transcript(*awards))["record"]
    key, items = record["external_record_id"], record["items"]
    assert [one["status"] for one in items] == ["active"] * 12 + ["revoked", "expired"]
    for number, item in enumerate(items):
        decision: dict[str, Any] = {"outcome": "accepted", "category": "subject"}
        if number >= 9:
            decision = {
                "outcome": "partly_accepted",
                "quantity_hundredths": 50,
                "category": "literacy",
                "reason": "half-the-hours",
            }
        if number >= 12:
            decision = {"outcome": "declined", "reason": "not-in-force"}
        case.decide(key, item["item_id"], **decision)
    return key, items


def line(case: Case, day: str) -> tuple[int, dict[str | None, int]]:
    """What her license has earned by a day, in hundredths: in all, and by category."""
    path = f"/v1/people/{case.teacher}/renewals"
    [one] = case.world.seen(case.teacher, path, effective_on=day)["items"]
    return one["earned_hundredths"], {
        each["category"]: each["earned_hundredths"] for each in one["categories"]
    }


def test_fourteen_awards_move_and_ten_and_a_half_units_count(world: World) -> None:
    """9 at one unit and 3 at half a one of 14, 2 declined: 10.5; one is revoked later: 9.5."""
    with answering() as (host, answers):
        elsewhere = Issuer(host, answers)
        elsewhere.publish(13)
        district = world.district("North")
        case = arrived(world, district)
        case.trust(elsewhere)
        world.done(world.operator, "/v1/equivalencies", rules(**CAROLINA))
        own = rules(
            **CAROLINA
            | {"conversions": [{"kind": "micro_credential", "gives_hundredths": 100}]}
            | {"requirements": []}
        )
        world.done(district.office, f"/v1/districts/{district.id}/equivalencies", own)
        body = license_of(case.teacher, jurisdiction="us-nc", valid_to="2029-06-30")
        license_ = world.done(district.office, f"/v1/districts/{district.id}/licenses", body)["id"]

        key, items = ruled_on(case, elsewhere)
        assert line(case, "2026-09-01") == (1050, {"subject": 900, "literacy": 150})

        elsewhere.publish(13, 1)
        found = case.recheck(key)
        assert (found["changed"], found["put_under_review"]) == (1, 1)
        assert line(case, LATER) == (950, {"subject": 800, "literacy": 150})
        assert line(case, "2026-09-01")[0] == 1050, "on that day nobody had taken it back"
        waiting = world.seen(
            district.office, f"/v1/districts/{district.id}/acceptances-under-review"
        )["items"]
        assert [(one["item_id"], one["review_reason"]) for one in waiting] == [
            (items[0]["item_id"], "revoked-by-issuer")
        ]
        [first, *_] = case.items()
        assert (first["status"], first["acceptance"]["outcome"]) == ("revoked", "accepted")
        assert first["acceptance"]["under_review_from"] == "2026-10-01"

        path = f"/v1/licenses/{license_}/explanation"
        [explained] = world.seen(case.teacher, path, effective_on=LATER)["lines"]
        units = sorted((u["reason"] or "", u["units_hundredths"]) for u in explained["units"])
        assert units == [("", 50)] * 3 + [("", 100)] * 8 + [("declined", 0)] * 2 + [
            ("under_review", 0)
        ]
        said = {unit["arithmetic"] for unit in explained["units"]}
        assert "0.5 micro credential: 1 for each 1 = 0.5 us-nc:RC; partly accepted by the" in (
            " ".join(sorted(said))
        )
        assert any("declined by the district: not-in-force" in one for one in said)
        assert case.recheck(key)["changed"] == 0

        case.decide(key, items[0]["item_id"], "accepted", reason="work-was-done")
        assert line(case, LATER)[0] == 1050


def test_the_command_line_receives_a_record_and_asks_again(
    case: Case, elsewhere: Issuer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = case.world.settings
    assert settings.database_url is not None
    monkeypatch.setenv("DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("MCLEDGER_ENVIRONMENT", "development")
    monkeypatch.setenv("MCLEDGER_STATE_FOLDER", str(settings.state_folder))
    case.trust(elsewhere, effective_on="2020-07-01")
    file = tmp_path / "award.json"
    file.write_bytes(text(elsewhere.award(1)))

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, words)

    words = ("--person", str(case.teacher), "--district", case.district.id)
    received = run("import", "record", str(file), *words)
    assert received.exit_code == 0, received.output
    assert "Wait time in discussions: external_verified, issuer trusted, status active" in (
        received.stdout
    )
    assert "was received before" in run("import", "record", str(file), *words).stdout
    [item] = case.items()
    [record] = case.world.seen(case.teacher, f"/v1/people/{case.teacher}/external-records")["items"]
    case.decide(record["external_record_id"], item["item_id"], "accepted")
    which = ("records", "recheck", "--record", record["external_record_id"])
    assert run(*which).exit_code == 0
    elsewhere.publish(1)
    again = run("records", "recheck", "--district", case.district.id)
    assert (again.exit_code, "1 put under review" in again.stdout) == (1, True), again.output
    case.world.position = case.world.edge.ledger.recorder.last_position()
    assert case.items()[0]["acceptance"]["review_reason"] == "revoked-by-issuer"

    file.write_bytes(b"%PDF-1.7 a certificate")
    said = ("--title", "Reading workshop", "--earned-on", "2025-06-12")
    told = "Reading workshop: self_asserted (proof-missing), issuer untrusted, status unlisted"
    assert told in run("import", "record", str(file), *words, *said).stdout
    assert run("import", "record", str(file), *words, *said[:2]).exit_code == 2
    file.write_bytes(b"no record")
    assert isinstance(run("import", "record", str(file), *words).exception, RecordError)
    stranger = case.world.district()
    elsewhere_ = ("--person", str(case.teacher), "--district", stranger.id)
    assert isinstance(run("import", "record", str(file), *elsewhere_).exception, NotFoundError)


def assert_told_as_a_change(case: Case, since: int, line: dict[str, Any]) -> None:
    """To her and to the district, with the events that made it so; what stands as it did is not."""
    for who, path in (
        (case.teacher, f"/v1/people/{case.teacher}"),
        (case.district.office, f"/v1/districts/{case.district.id}"),
    ):
        for kind in ("transcript", "award"):
            found = case.world.seen(who, f"{path}/changes", since=since, kind=kind)["items"]
            assert [one["id"] for one in found] == [line["enrollment_id"]], (kind, path)
            [one] = found
            assert (one["before"]["status"], one["after"]["status"]) == ("awarded", "revoked")
            topics = {event["topic"] for event in one["events"]}
            assert "external-record.rechecked.v1" in topics
        every = case.world.seen(who, f"{path}/changes", kind="transcript")["items"]
        assert len(every) == 2, "both were accepted since the beginning"
    other = case.world.district()
    assert case.world.seen(other.office, f"/v1/districts/{other.id}/changes")["items"] == []


def test_what_was_accepted_stands_on_her_transcript_as_what_it_is(
    case: Case, elsewhere: Issuer
) -> None:
    case.trust(elsewhere)
    brought = [case.bring(text(elsewhere.award(number)))["record"] for number in (1, 2, 3)]
    whole, half, none = ((one["external_record_id"], one["items"][0]) for one in brought)
    case.decide(whole[0], whole[1]["item_id"], "accepted", category="subject")
    case.decide(
        half[0], half[1]["item_id"], "partly_accepted", quantity_hundredths=50, reason="half"
    )
    case.decide(none[0], none[1]["item_id"], "declined", reason="no-fit")
    then = case.world.position
    path = f"/v1/people/{case.teacher}/transcript"
    for who in (case.teacher, case.district.office):
        lines = case.world.seen(who, path)["items"]
        assert [one["title"] for one in lines] == ["Wait time in discussions"] * 2
        assert [one["accepted"]["quantity_hundredths"] for one in lines] == [100, 50]
        assert {one["accepted"]["standing"] for one in lines} == {"external_verified"}
        assert {one["accepted"]["pay"] for one in lines} == {"never"}
        assert [one["reason"] for one in lines] == ["same-competency", "half"]
        assert {(one["credential_id"], one["origin"], one["status"]) for one in lines} == {
            (None, None, "awarded")
        }

    elsewhere.publish(1)
    case.recheck(whole[0])
    [taken_back, other] = case.world.seen(case.teacher, path)["items"]
    assert (taken_back["status"], taken_back["in_force"]) == ("revoked", False)
    assert taken_back["accepted"]["under_review_from"] == "2026-10-01"
    assert other["in_force"]
    [before, _] = case.world.seen(case.teacher, path, as_of=then)["items"]
    assert (before["status"], before["accepted"]["under_review_from"]) == ("awarded", None)

    assert_told_as_a_change(case, then, taken_back)

    body = {"about": "acceptance", "subject_id": other["enrollment_id"], "statement": "All of it."}
    dispute = case.world.done(case.teacher, f"/v1/people/{case.teacher}/disputes", body)["id"]
    rebuttal = {"rebuttal": "It took me a year."}
    case.world.done(case.teacher, f"/v1/disputes/{dispute}/rebuttals", rebuttal)
    [_, other] = case.world.seen(case.district.office, path)["items"]
    assert [one["rebuttal"] for one in other["disputes"]] == ["It took me a year."]

    [page] = case.world.seen(case.teacher, path, limit=1)["items"]
    assert page["enrollment_id"] == taken_back["enrollment_id"]
    found = case.world.seen(case.teacher, f"{path}/{other['enrollment_id']}/explanation")
    assert found["line"] == other
    assert [one["topic"] for one in found["events"]] == ["acceptance.decided.v1"]
    stranger = case.world.district()
    stranger.employ(case.teacher)
    case.world.seen(stranger.office, f"/v1/districts/{stranger.id}/people")
    assert case.world.seen(stranger.office, path)["items"] == []
