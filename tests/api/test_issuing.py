"""Records are issued once, whoever is stopped and however many do it; keys are exchanged."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from api import issuing, record_signing
from api.clock import wall
from api.record_statements import IssuerNotShownError, statement
from ledger.aggregates.record import Issue, Record, StatusIndexTakenError
from ledger.aggregates.record_keys import CompromiseLaterError
from ledger.application import Call
from ledger.commands.record import issue_command, issue_record, record_stream
from ledger.errors import NotFoundError, NothingChangesError
from ledger.keys import VaultDamagedError
from ledger.record_vault import RecordVault
from ledger.records.issuers import RecordKeyError
from ledger.records.proofs import proven
from ledger.records.tokens import from_token
from ledger.rotation import Rotation
from ledger.sql import execute
from tests.api.test_records import (
    checked,
    file_of,
    issue,
    issuer_document,
    record_of,
    records_of,
)
from tests.api.world import Story, World, story


@pytest.fixture
def awarded(shared_world: World) -> Story:
    """Somebody of this test's own who was awarded something, without a record of it yet."""
    issue(shared_world)
    one = story(shared_world, token=f"Sample {uuid4()}").award()
    shared_world.edge.visible(issuing.VIEWS, shared_world.position)
    return one


def award_id(one: Story) -> UUID:
    return UUID(one.enrollment)


def test_many_workers_issue_an_award_once(shared_world: World, awarded: Story) -> None:
    before = shared_world.edge.ledger.recorder.last_position()

    with ThreadPoolExecutor(4) as workers:
        rounds = [workers.submit(issuing.issue_due, shared_world.edge, wall) for _ in range(4)]
        for one in rounds:
            one.result()

    position = shared_world.edge.ledger.recorder.last_position()
    assert position <= before + 3, "two first keys of a new issuer, and one record"
    shared_world.edge.visible(issuing.VIEWS, position)
    assert len(records_of(shared_world, awarded.teacher)) == 1
    assert kept_rows(shared_world, awarded) == 1


def kept_rows(world: World, one: Story) -> int:
    with world.edge.vault.connections.connection() as connection:
        found = connection.execute(
            "SELECT count(*) FROM vault_records WHERE person_id = %s", [one.teacher]
        ).fetchone()
    assert found is not None
    return int(found[0])


def test_whoever_was_stopped_goes_on_with_what_was_drawn(
    shared_world: World, awarded: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(issuing, "issue_record", stopped)
        with pytest.raises(KeyboardInterrupt):
            issuing.issue_due(shared_world.edge, wall)
    drawn = RecordVault(shared_world.edge.vault).drafted(issue_command(award_id(awarded)))
    assert drawn is not None

    issue(shared_world)

    [found] = records_of(shared_world, awarded.teacher)
    assert found["record_id"] == str(drawn.record_id)
    assert record_of(shared_world, awarded.teacher) == drawn.document
    assert kept_rows(shared_world, awarded) == 1


def test_a_place_that_somebody_else_has_is_drawn_anew(
    shared_world: World, awarded: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue(shared_world)
    taken = record_of(shared_world, awarded.teacher)["credentialStatus"]["statusListIndex"]
    second = another_award(shared_world, awarded)
    draws = iter([int(taken), int(taken), 7 if taken != "7" else 8])
    monkeypatch.setattr(issuing, "free_index", lambda *_: next(draws))

    issue(shared_world)

    places = {place_of(shared_world, one) for one in (awarded, second)}
    assert places == {int(taken), 7 if taken != "7" else 8}


def place_of(world: World, one: Story) -> int:
    document = record_of(world, one.teacher)
    return int(document["credentialStatus"]["statusListIndex"])


def another_award(world: World, one: Story) -> Story:
    """Somebody else's award of the same issuer, not yet issued."""
    district = world.district()
    second = Story(world, one.issuer, district.teacher(), one.credential, one.assessors).award()
    world.edge.visible(issuing.VIEWS, world.position)
    return second


def test_the_log_lets_nobody_have_a_place_that_is_taken(
    shared_world: World, awarded: Story
) -> None:
    issue(shared_world)
    document = record_of(shared_world, awarded.teacher)
    second = another_award(shared_world, awarded)
    call = Call(caller_id=uuid4(), command_id=uuid4(), body_hash=bytes(32), at=wall())

    with pytest.raises(StatusIndexTakenError):
        issue_record(
            shared_world.edge.ledger,
            call,
            enrollment_id=award_id(second),
            person_id=second.teacher,
            list_number=1,
            status_index=int(document["credentialStatus"]["statusListIndex"]),
            signed=Issue("key", "token-key", wall(), f"sha256:{'0' * 64}"),
        )
    issue(shared_world)


def test_an_award_that_cannot_be_issued_waits_and_the_others_go_on(
    shared_world: World, awarded: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = another_award(shared_world, awarded)
    vault = RecordVault(shared_world.edge.vault)

    def refused(edge: Any, award: Any, *others: Any) -> Any:
        if award.enrollment_id == award_id(awarded):
            raise NotFoundError("not there")
        return statement(edge, award, *others)

    with monkeypatch.context() as broken:
        broken.setattr("api.issuing.statement", refused)
        issue(shared_world)

    assert len(records_of(shared_world, second.teacher)) == 1
    [parked] = [one for one in vault.parked() if one.enrollment_id == award_id(awarded)]
    assert (parked.reason, parked.tries) == ("not-found", 1)
    issue(shared_world)
    assert records_of(shared_world, awarded.teacher) == [], "it is not its turn yet"

    later = wall() + timedelta(minutes=2)
    issuing.issue_due(shared_world.edge, lambda: later)

    assert len(records_of(shared_world, awarded.teacher)) == 1
    assert award_id(awarded) not in {one.enrollment_id for one in vault.parked()}


def test_what_a_moment_cures_keeps_one_award_waiting_and_no_other(
    shared_world: World, awarded: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = another_award(shared_world, awarded)
    vault = RecordVault(shared_world.edge.vault)

    def not_shown(edge: Any, award: Any, *others: Any) -> Any:
        if award.enrollment_id == award_id(awarded):
            raise IssuerNotShownError("the catalog lags")
        return statement(edge, award, *others)

    with monkeypatch.context() as broken:
        broken.setattr("api.issuing.statement", not_shown)
        issue(shared_world)
        assert len(records_of(shared_world, second.teacher)) == 1
        for hour in (1, 2, 3):
            later = wall() + timedelta(hours=hour)
            issuing.issue_due(shared_world.edge, lambda at=later: at)
        [parked] = [one for one in vault.parked() if one.enrollment_id == award_id(awarded)]
        assert (parked.reason, parked.tries) == ("issuer-not-shown", 4)
        assert parked.next_try_at == later + timedelta(minutes=1), "as soon as at first"
    issuing.issue_due(shared_world.edge, lambda: later + timedelta(minutes=2))
    assert len(records_of(shared_world, awarded.teacher)) == 1


def test_a_database_that_is_away_sets_nothing_aside(
    shared_world: World, awarded: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any) -> Any:
        raise psycopg.OperationalError("the connection is lost")

    shared_world.edge.visible(issuing.VIEWS, shared_world.position)
    with monkeypatch.context() as broken:
        broken.setattr("api.issuing.statement", gone)
        with pytest.raises(psycopg.OperationalError):
            issuing.issue_due(shared_world.edge, wall)
    parked = {one.enrollment_id for one in RecordVault(shared_world.edge.vault).parked()}
    assert award_id(awarded) not in parked
    issue(shared_world)
    assert len(records_of(shared_world, awarded.teacher)) == 1


def test_an_award_taken_back_before_it_was_issued_has_no_record(
    shared_world: World, awarded: Story
) -> None:
    day = awarded.world.seen(awarded.teacher, f"/v1/people/{awarded.teacher}/transcript")
    body = {
        "reason": "misconduct",
        "authority": "issuer",
        "effective_on": day["items"][0]["awarded_on"],
    }
    shared_world.done(awarded.issuer.approver, f"{awarded.path}/revocations", body)

    issue(shared_world)

    assert records_of(shared_world, awarded.teacher) == []
    parked = {one.enrollment_id for one in RecordVault(shared_world.edge.vault).parked()}
    assert award_id(awarded) not in parked


def test_a_key_that_was_replaced_goes_on_proving_what_it_signed(
    shared_world: World, awarded: Story
) -> None:
    issue(shared_world)
    issuer_id = UUID(awarded.issuer.id)
    document = record_of(shared_world, awarded.teacher)
    token = file_of(shared_world, awarded.teacher, "text/plain").decode()

    for algorithm in ("Ed25519", "ES256"):
        record_signing.rotate(shared_world.edge, issuer_id, algorithm, wall())

    served = issuer_document(shared_world, document)
    assert len(served["verificationMethod"]) == len(served["assertionMethod"]) == 4
    proven(document, served)
    assert from_token(token, served)
    second = another_award(shared_world, awarded)
    issue(shared_world)
    newer = record_of(shared_world, second.teacher)
    assert proven(newer, served).method != proven(document, served).method


def test_a_key_that_others_may_have_proves_nothing_until_its_records_are_issued_anew(
    shared_world: World, awarded: Story
) -> None:
    issue(shared_world)
    issuer_id = UUID(awarded.issuer.id)
    [listed] = records_of(shared_world, awarded.teacher)
    before = record_of(shared_world, awarded.teacher)
    key = before["proof"][0]["verificationMethod"].partition("#")[2]

    record_signing.compromise(shared_world.edge, issuer_id, key, wall(), wall())

    with pytest.raises(RecordKeyError):
        proven(before, issuer_document(shared_world, before))
    assert checked(shared_world, json.dumps(before).encode()).json()["reason"] == (
        "record-key-unusable"
    )
    assert issuing.reissue(shared_world.edge, issuer_id, wall) == 1
    assert issuing.reissue(shared_world.edge, issuer_id, wall) == 0
    shared_world.position = shared_world.edge.ledger.recorder.last_position()
    after = record_of(shared_world, awarded.teacher)
    proven(after, issuer_document(shared_world, after))
    assert from_token(
        file_of(shared_world, awarded.teacher, "text/plain").decode(),
        issuer_document(shared_world, after),
    )
    said_again = {**after, "validFrom": before["validFrom"], "proof": before["proof"]}
    assert said_again == before, "the same statement, with its id, its place and its salts"
    assert after["validFrom"] > before["validFrom"]
    [again] = records_of(shared_world, awarded.teacher)
    assert again["record_id"] == listed["record_id"]
    record = shared_world.edge.ledger.get(Record, UUID(listed["record_id"]))
    assert record.version == 2


def test_an_older_copy_is_said_to_be_replaced(shared_world: World, awarded: Story) -> None:
    issue(shared_world)
    before = file_of(shared_world, awarded.teacher)
    record_signing.rotate(shared_world.edge, UUID(awarded.issuer.id), "Ed25519", wall())
    issuing.reissue(shared_world.edge, UUID(awarded.issuer.id), wall)
    shared_world.position = shared_world.edge.ledger.recorder.last_position()
    after = file_of(shared_world, awarded.teacher)

    soon = {"Ledger-Time": (wall() + timedelta(seconds=5)).isoformat()}
    found = [checked(shared_world, content, **soon).json() for content in (before, after)]

    assert [one["awards"][0]["replaced"] for one in found] == [True, False]
    assert [one["finding"] for one in found] == ["in_force", "in_force"]


def test_a_key_is_not_compromised_twice_nor_in_the_future(
    shared_world: World, awarded: Story
) -> None:
    issue(shared_world)
    issuer_id, edge = UUID(awarded.issuer.id), shared_world.edge
    keys = record_signing.keys_of(edge, issuer_id)
    assert keys is not None
    key, since = keys.keys[0].key, datetime(2026, 1, 1, tzinfo=UTC)
    count = key_rows(shared_world)
    with pytest.raises(CompromiseLaterError):
        record_signing.compromise(edge, issuer_id, key, wall() + timedelta(days=1), wall())
    with pytest.raises(NotFoundError):
        record_signing.compromise(edge, issuer_id, "zUnknown", since, wall())
    assert key_rows(shared_world) == count, "what was drawn for nothing is taken back"

    record_signing.compromise(edge, issuer_id, key, since, wall())

    with pytest.raises(NothingChangesError):
        record_signing.compromise(edge, issuer_id, key, since, wall())
    assert key_rows(shared_world) == count + 1


def key_rows(world: World) -> int:
    with world.edge.vault.connections.connection() as connection:
        found = connection.execute("SELECT count(*) FROM vault_record_keys").fetchone()
    assert found is not None
    return int(found[0])


def test_exchanging_the_tenant_key_covers_what_signs_and_what_was_signed(
    shared_world: World, awarded: Story
) -> None:
    issue(shared_world)
    edge = shared_world.edge
    keeper: Any = edge.vault.keyring._provider
    rotation = Rotation(edge.vault.gate, edge.vault.keyring, keeper)
    drawn = rotation.add_tenant_key()
    rotation.rewrap_by_tenant()
    *before, _ = rotation.tenant_keys()
    for old in before:
        rotation.must_be_unused(old)
        rotation.destroy_tenant_key(old.key_id)
    assert before
    assert [one.key_id for one in rotation.tenant_keys()] == [drawn], "the old ones are gone"

    second = another_award(shared_world, awarded)
    issue(shared_world)

    for one in (awarded, second):
        document = record_of(shared_world, one.teacher)
        issuer = issuer_document(shared_world, document)
        assert proven(document, issuer).issuer_id == issuer["id"]


def test_a_document_that_was_swapped_is_not_given_out(shared_world: World, awarded: Story) -> None:
    issue(shared_world)
    [found] = records_of(shared_world, awarded.teacher)
    record = shared_world.edge.ledger.get(Record, UUID(found["record_id"]))
    with shared_world.edge.vault.connections.connection() as connection:
        execute(
            connection,
            "DELETE FROM vault_records WHERE record_id = %(record_id)s",
            record_id=record.id,
        )

    with pytest.raises(VaultDamagedError):
        RecordVault(shared_world.edge.vault).open(
            record.id, record.newest.ciphertext_sha256, person_id=awarded.teacher
        )
    assert shared_world.get(awarded.teacher, f"/v1/records/{record.id}").status_code == 500


def test_the_id_of_a_record_follows_from_its_place(shared_world: World, awarded: Story) -> None:
    issue(shared_world)
    [found] = records_of(shared_world, awarded.teacher)
    place = place_of(shared_world, awarded)
    assert found["record_id"] == str(record_stream(UUID(awarded.issuer.id), 1, place))
