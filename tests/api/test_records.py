"""An award becomes a signed file that anybody can check with what is served to everybody."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from api import issuing
from api.clock import wall
from ledger.records.proofs import proven
from ledger.records.status import is_revoked
from tests.api.world import Answer, Story, World, story

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
